package site

import (
	"bytes"
	"cmp"
	"embed"
	"html"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
)

var (
	//go:embed static
	static embed.FS
	//go:embed templates
	templateFiles embed.FS

	templates = parse()
)

// parse parses each page together with the layout and the parts that pages share.
func parse() map[string]*template.Template {
	shared := []string{"templates/layout.html", "templates/parts.html"}
	layout := template.Must(template.New("layout.html").Funcs(functions).ParseFS(templateFiles, shared...))
	all := make(map[string]*template.Template)
	names, _ := fs.Glob(templateFiles, "templates/*.html") // it fails only for an invalid pattern
	for _, name := range names {
		if page := strings.TrimSuffix(path.Base(name), ".html"); page != "layout" && page != "parts" {
			all[page] = template.Must(template.Must(layout.Clone()).ParseFS(templateFiles, name))
		}
	}
	return all
}

// functions are for templates.
var functions = template.FuncMap{
	"input":    newInput,
	"planName": planName,
	"day":      day,
	"birthday": func(d partnerapi.Date) string { return day(d.In(time.UTC)) },
	"yesNo":    yesNo,
	"text":     plainText,
	"percent":  percent,
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// yesNo returns "" for what the API does not tell.
func yesNo(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "Yes"
	}
	return "No"
}

var tag = regexp.MustCompile(`<[^>]*>`)

// plainText returns the text in the HTML of an API. The template escapes it as any other text.
func plainText(markup string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(markup, " "))), " ")
}

// page is what the layout shows.
type page struct {
	Title           string
	Notice, Warning string
	Parent, Fan     bool // whether somebody is logged in as such
	Operator        bool
	Section         string // the first part of the path
	Demo            bool
	Form            *form
	Data            any
}

// show renders a page. The form is that of showForm, or nil.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) error {
	return s.render(w, r, status, name, &page{Title: title, Data: data, Form: new(form)})
}

// showForm renders a page with a form: 200 if it is new, and 422 if it has errors.
func (s *site) showForm(w http.ResponseWriter, r *http.Request, name, title string, f *form, data any) error {
	status := http.StatusOK
	if f.Failed() {
		status, title = http.StatusUnprocessableEntity, "Error: "+title
	}
	return s.render(w, r, status, name, &page{Title: title, Data: data, Form: f})
}

// render renders into memory first, so that a failing template does not leave half a page.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, p *page) error {
	ctx := r.Context()
	p.Notice, p.Warning = s.sessions.PopString(ctx, noticeText), s.sessions.PopString(ctx, warningText)
	p.Parent, p.Fan, p.Operator = s.sessions.Exists(ctx, parentID), s.sessions.Exists(ctx, fanID), s.sessions.Exists(ctx, operatorID)
	p.Section, p.Demo = sectionOf(r.URL.Path), s.Fake != nil
	var body bytes.Buffer
	if err := templates[name].ExecuteTemplate(&body, "layout.html", p); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := body.WriteTo(w); err != nil {
		s.Logger.DebugContext(ctx, "the visitor has gone", "error", err)
	}
	return nil
}

// sectionOf returns the section that a path belongs to.
func sectionOf(path string) string {
	switch first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); first {
	case "parent", "fan", "operator", "demo":
		return first
	}
	return ""
}

// problem shows the page for a status.
func (s *site) problem(w http.ResponseWriter, r *http.Request, status int) {
	text, known := problems[status]
	if !known {
		text = problems[http.StatusInternalServerError]
	}
	if err := s.show(w, r, status, "problem", text.Title, text); err != nil {
		s.Logger.ErrorContext(r.Context(), "the page for a failure", "error", err)
		http.Error(w, http.StatusText(status), status)
	}
}

type problem struct{ Title, Text string }

var problems = map[int]problem{
	http.StatusBadRequest:          {"That did not work", "Please start again from this site, not from a link or a form on another one."},
	http.StatusForbidden:           {"You may not do that", "Your account does not have the access for it."},
	http.StatusNotFound:            {"There is no such page", "The address may be mistyped, or what it showed may be gone."},
	http.StatusMethodNotAllowed:    {"That is not how this page works", "Please go back and follow a link or press a button."},
	http.StatusUnprocessableEntity: {"That is not valid", "Please check the address or what you entered, then try again."},
	http.StatusConflict:            {"We are still checking", "Your last change is not settled yet. Please wait for it, then try again."},
	http.StatusTooManyRequests:     {"Too many attempts", "Please wait a minute, then try again."},
	http.StatusInternalServerError: {"Something went wrong on our side", "Please try again in a few minutes."},
	http.StatusBadGateway:          {"Our partner does not respond correctly", "Please try again in a few minutes."},
	http.StatusServiceUnavailable:  {"Our partner is not available", "Please try again in a few minutes."},
	http.StatusGatewayTimeout:      {"Our partner takes too long", "Please try again in a few minutes."},
}

// pages shows our own pages in place of the plain texts of package http: for an unknown path or method.
func (s *site) pages(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		plain := &plainError{ResponseWriter: w}
		mux.ServeHTTP(plain, r)
		s.problem(w, r, cmp.Or(plain.status, http.StatusNotFound))
	})
}

// plainError keeps the status and headers of a response, and drops its body.
type plainError struct {
	http.ResponseWriter
	status int
}

// WriteHeader keeps the status.
func (w *plainError) WriteHeader(status int) { w.status = status }

// Write drops the body.
func (w *plainError) Write(b []byte) (int, error) { return len(b), nil }

// within reports whether a path is home or below it, on this site.
func within(target, home string) bool {
	target, _, _ = strings.Cut(target, "?")
	return target == home || strings.HasPrefix(target, home+"/")
}
