package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
)

//go:embed page
var pageFiles embed.FS

// policy is the content security policy: everything comes from this program.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// cookieName is the name of the cookie that says that the password was given. Not all
// browsers send the password with the handshake of a websocket.
const cookieName = "janus-monitor"

// guard decides who may use the page.
type guard struct {
	password string // empty: nobody is asked, but only names of this machine are served
	cookie   string
}

func newGuard(password string) *guard { return &guard{password: password, cookie: rand.Text()} }

// handler serves the page and what it needs.
func (m *monitor) handler(g *guard) http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // page is no valid path
	}
	inside := http.NewServeMux()
	inside.Handle("/", http.FileServerFS(files))
	inside.HandleFunc("GET /ws", m.serveSocket)
	inside.Handle("/api/", m.actions())
	mux := http.NewServeMux()
	mux.Handle("/", g.protect(inside))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n")) // the client may have gone
	})
	return secureHeaders(mux)
}

// secureHeaders adds the headers that keep a browser from doing what the page does not
// need.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// protect lets requests pass that have the password. Without a password, it lets those
// pass whose address is one of this machine: a site whose name has been made to lead
// here, to use the browser of a person who is allowed, has another one.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case g.password == "" && !isLoopback(r.Host):
			http.Error(w, "use an address of this machine, such as 127.0.0.1", http.StatusForbidden)
		case g.password != "" && !g.allows(w, r):
			w.Header().Set("WWW-Authenticate", `Basic realm="Janus monitor", charset="UTF-8"`)
			http.Error(w, "a password is needed", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// allows reports whether a request has the password, or the cookie that it sets then.
func (g *guard) allows(w http.ResponseWriter, r *http.Request) bool {
	if cookie, err := r.Cookie(cookieName); err == nil && same(cookie.Value, g.cookie) {
		return true
	}
	_, password, _ := r.BasicAuth()
	if !same(password, g.password) {
		return false
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: g.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
	return true
}

// same compares secrets in a time that does not depend on where they differ, nor on
// their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// isLoopback reports whether an address, with or without a port, is one of the loopback
// interface.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if host == "localhost" {
		return true
	}
	if len(host) > 2 && host[0] == '[' {
		host = host[1 : len(host)-1]
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
