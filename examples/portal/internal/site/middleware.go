package site

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// info is what the log says of a request.
type info struct{ id, pattern string }

type infoKey struct{}

func infoOf(ctx context.Context) *info {
	if i, ok := ctx.Value(infoKey{}).(*info); ok {
		return i
	}
	return new(info)
}

// LogHandler adds the id of the request to each log line: those of the site, and those of the SDK.
type LogHandler struct{ slog.Handler }

// Handle handles a record.
func (h LogHandler) Handle(ctx context.Context, record slog.Record) error {
	if id := infoOf(ctx).id; id != "" {
		record.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs returns a handler with attributes.
func (h LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return LogHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns a handler with a group.
func (h LogHandler) WithGroup(name string) slog.Handler { return LogHandler{h.Handler.WithGroup(name)} }

// logged gives each request an id and a line in the log. The line has the pattern, not the path or the query, which may hold secrets.
func (s *site) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := &info{id: rand.Text()}
		ctx := context.WithValue(r.Context(), infoKey{}, i)
		w.Header().Set("X-Request-Id", i.id)
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		start := time.Now()
		defer func() {
			if v := recover(); v != nil {
				s.Logger.ErrorContext(ctx, "a handler panicked", "panic", v)
				rec.WriteHeader(http.StatusInternalServerError)
			}
			s.Logger.InfoContext(ctx, "request", "method", r.Method, "pattern", i.pattern, "status", rec.status,
				"duration", time.Since(start))
		}()
		next.ServeHTTP(rec, r.WithContext(ctx))
	})
}

// recorder records the status of a response.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader records and sends the status, unless one is sent.
func (w *recorder) WriteHeader(status int) {
	if w.wrote {
		return
	}
	w.status, w.wrote = status, true
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (w *recorder) Write(b []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(b)
}

// headers are the headers of every response.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; " +
		"frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Referrer-Policy":            "no-referrer",
	"X-Content-Type-Options":     "nosniff",
}

func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		w.Header().Set("Cache-Control", "no-store")
		if strings.HasPrefix(r.URL.Path, "/static/") {
			w.Header().Set("Cache-Control", "max-age=3600")
		}
		next.ServeHTTP(w, r)
	})
}

// maxForm is the size of the largest form, in bytes.
const maxForm = 64 << 10

// protect refuses forms that were sent from pages of other sites, and large ones.
func (s *site) protect(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNotClicked) }))
	return protection.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	}))
}

// limits are the limiters of the addresses that were seen last.
type limits struct {
	limit rate.Limit
	burst int
	seen  *lru.Cache[netip.Prefix, *rate.Limiter]
}

// maxAddresses bounds the memory of limits.
const maxAddresses = 10_000

func newLimits(limit rate.Limit, burst int) *limits {
	seen, _ := lru.New[netip.Prefix, *rate.Limiter](maxAddresses) // it fails only for a size that is not positive
	return &limits{limit, burst, seen}
}

// wait takes a turn of an address. It returns the wait until the next turn if there is none now.
func (l *limits) wait(remote string) time.Duration {
	limiter := rate.NewLimiter(l.limit, l.burst)
	if before, known, _ := l.seen.PeekOrAdd(network(remote), limiter); known {
		limiter = before
	}
	l.seen.Get(network(remote)) // marks it as used
	turn := limiter.Reserve()
	wait := turn.Delay()
	if wait > 0 {
		turn.Cancel()
	}
	return wait
}

// network returns the addresses that one visitor may have: a single one, or a /64 of IPv6.
func network(remote string) netip.Prefix {
	addr, _ := netip.ParseAddrPort(remote)
	bits := 32
	if ip := addr.Addr().Unmap(); ip.Is6() {
		bits = 64
	}
	prefix, _ := addr.Addr().Unmap().WithZone("").Prefix(bits)
	return prefix
}

// limited limits how often one address may call a handler.
func (s *site) limited(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		wait := s.limits.wait(r.RemoteAddr)
		if wait <= 0 {
			return next(w, r)
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		s.Logger.WarnContext(r.Context(), "too many logins from one address")
		s.problem(w, r, http.StatusTooManyRequests)
		return nil
	}
}
