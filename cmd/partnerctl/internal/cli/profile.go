package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/zalando/go-keyring"
)

// profile is a set of credentials, by their names. They are in the file of profiles, or in the system's keyring.
type profile struct {
	Server  string            `json:"server,omitzero"`
	Keyring bool              `json:"keyring,omitzero"`
	Secrets map[string]string `json:"secrets,omitzero"`

	name string
}

const keyringService = "partnerctl"

func (p *profile) key(name string) string { return p.name + "/" + name }

// secret returns a secret, or an empty text.
func (p *profile) secret(name string) (string, error) {
	if !p.Keyring {
		return p.Secrets[name], nil
	}
	secret, err := keyring.Get(keyringService, p.key(name))
	if errors.Is(err, keyring.ErrNotFound) {
		return "", nil
	}
	return secret, wrapKeyring(err)
}

// set stores a secret. An empty one is removed.
func (p *profile) set(name, secret string) error {
	switch {
	case p.Keyring && secret == "":
		if err := keyring.Delete(keyringService, p.key(name)); !errors.Is(err, keyring.ErrNotFound) {
			return wrapKeyring(err)
		}
	case p.Keyring:
		return wrapKeyring(keyring.Set(keyringService, p.key(name), secret))
	case secret == "":
		delete(p.Secrets, name)
	default:
		if p.Secrets == nil {
			p.Secrets = make(map[string]string)
		}
		p.Secrets[name] = secret
	}
	return nil
}

func wrapKeyring(err error) error {
	if err != nil {
		return fmt.Errorf("the system's keyring: %w", err)
	}
	return nil
}

func (p *profile) setAll(secrets map[string]string) error {
	for name, secret := range secrets {
		if err := p.set(name, secret); err != nil {
			return err
		}
	}
	return nil
}

// intoKeyring moves the secrets of the file into the keyring.
func (p *profile) intoKeyring() error {
	secrets := p.Secrets
	p.Keyring, p.Secrets = true, nil
	return p.setAll(secrets)
}

func (a *app) profilesFile() string { return filepath.Join(a.dir, "profiles.json") }

// profiles reads the file of profiles, if there is one.
func (a *app) profiles() (map[string]*profile, error) {
	all := make(map[string]*profile)
	if a.dir == "" {
		return all, nil
	}
	path := a.profilesFile()
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 { // Windows has no such bits
		return nil, fmt.Errorf("%s: others can read it: chmod 600, and replace the credentials in it", path)
	}
	content, err := os.ReadFile(path) //nolint:gosec // it is the user's
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(content, &all) != nil {
		return nil, fmt.Errorf("%s: not a file of profiles", path) // the error may quote a secret
	}
	return all, nil
}

// profile returns the chosen profile.
func (a *app) profile() (*profile, error) {
	all, err := a.profiles()
	if err != nil {
		return nil, err
	}
	return a.chosen(all), nil
}

func (a *app) chosen(all map[string]*profile) *profile {
	p := all[a.profileName]
	if p == nil {
		p = &profile{}
	}
	p.name = a.profileName
	return p
}

// change changes the chosen profile. The file is replaced as a whole, so that it is never half written.
func (a *app) change(change func(*profile) error) error {
	all, err := a.profiles()
	if err != nil {
		return err
	}
	p := a.chosen(all)
	if err := change(p); err != nil {
		return err
	}
	if a.dir == "" {
		return errors.New("there is no directory for profiles: set HOME")
	}
	all[a.profileName] = p
	content, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return err
	}
	return replaceFile(a.profilesFile(), append(content, '\n'))
}

// replaceFile writes a file that only its owner can read, and renames it over the old one.
func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // it is gone after the rename
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// keep stores a secret in the profile.
func (a *app) keep(name, secret string) error {
	a.warn(name)
	return a.change(func(p *profile) error { return p.set(name, secret) })
}

// warn says that what is kept is not what is used.
func (a *app) warn(name string) {
	for _, of := range withCredential {
		if of.name == name && os.Getenv(of.variable) != "" {
			a.note("%s is set and wins over the profile", of.variable)
		}
	}
}
