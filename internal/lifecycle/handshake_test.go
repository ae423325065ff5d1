package lifecycle

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
)

// The handshake has the options' header and the cookies of the HTTP client, and
// follows redirects only if the HTTP client says so.
func TestHandshakeOptions(t *testing.T) {
	server := start(t, nil)
	headers := make(chan http.Header, 10)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header.Clone()
		http.Redirect(w, r, "http"+strings.TrimPrefix(server.URL, "ws"), http.StatusTemporaryRedirect)
	}))
	t.Cleanup(front.Close)
	address, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(address, []*http.Cookie{{Name: "biscuit", Value: "oats"}})
	opts := &janus.DialOptions{
		HTTPClient: &http.Client{Jar: jar},
		HTTPHeader: http.Header{"X-Room": {"1234"}},
	}
	target := "ws" + strings.TrimPrefix(front.URL, "http")
	if _, _, err := janus.Dial(t.Context(), target, opts); err == nil {
		t.Error("a redirect was followed")
	}
	got := await(t, "the handshake", headers)
	if got.Get("X-Room") != "1234" || got.Get("Cookie") != "biscuit=oats" {
		t.Errorf("the handshake has %v", got)
	}
	opts.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
	g, _, err := janus.Dial(t.Context(), target, opts)
	if err != nil {
		t.Fatalf("a redirect was not followed: %v", err)
	}
	if err := g.Close(1000, ""); err != nil {
		t.Error(err)
	}
}

// Shutdown destroys 64 sessions at the same time.
func TestShutdownDestroysManyAtOnce(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	for range 100 {
		if _, err := g.Create(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	held := hold(server, "destroy")
	down := make(chan error, 1)
	go func() { down <- g.Shutdown(t.Context()) }()
	for range 64 {
		await(t, "a request", held)
	}
	if err := g.Close(1000, ""); err != nil {
		t.Error(err)
	}
	if err := await(t, "Shutdown", down); err != nil {
		t.Error(err)
	}
}
