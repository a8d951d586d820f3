package main

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
)

// server is an API on loopback that counts its requests and connections.
type server struct {
	*httptest.Server
	requests, connections atomic.Int64
}

// protocol is the protocol of a server.
type protocol struct {
	name       string
	tls, http2 bool
}

var (
	plainHTTP = protocol{"HTTP/1.1", false, false}
	protocols = []protocol{plainHTTP, {"TLS, HTTP/1.1", true, false}, {"TLS, HTTP/2", true, true}}
)

func serve(p protocol, handler http.Handler) *server {
	s := new(server)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		handler.ServeHTTP(w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = p.http2
	if p.tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	return s
}

// respond is a handler with a fixed response.
func respond(status int, body []byte) http.HandlerFunc {
	length := strconv.Itoa(len(body))
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a broken body affects only its own request
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", length)
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

// trustServers makes this process trust the servers of httptest, through an environment variable, so that every client
// can use its default transport. It must run before the first TLS connection: the roots are read once.
func trustServers(folder string) error {
	s := serve(protocols[1], respond(http.StatusOK, nil))
	defer s.Close()
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	file := filepath.Join(folder, "root.pem")
	if err := os.WriteFile(file, root, 0o600); err != nil {
		return err
	}
	if err := os.Setenv("SSL_CERT_FILE", file); err != nil {
		return err
	}
	return os.Setenv("SSL_CERT_DIR", folder)
}
