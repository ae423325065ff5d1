package faults

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// stubborn is a transport that ignores the context of its requests.
type stubborn struct{ release chan struct{} }

func (s stubborn) RoundTrip(*http.Request) (*http.Response, error) {
	<-s.release
	return nil, errors.New("released")
}

// A dial returns when its context ends, whatever holds it up, and says so.
func TestDialReturnsWithItsContext(t *testing.T) {
	noLeaks(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	silent := func(text string) func(*testing.T) (string, *http.Client) {
		return tcp("ws", func(c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, text)
			_, _ = io.Copy(io.Discard, c)
		})
	}
	waits := func(*http.Request) (*url.URL, error) { <-release; return nil, nil }
	tests := map[string]struct {
		start func(*testing.T) (string, *http.Client)
		early bool // it fails before, for another reason
	}{
		"silence":     {start: silent("")},
		"half a head": {start: silent("HTTP/1.1 101 Switching Protocols\r\n")},
		"wrong Sec-WebSocket-Accept": {
			start: silent("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"),
			early: true,
		},
		"endless answer":   {start: silent("HTTP/1.1 200 OK\r\n\r\nx"), early: true},
		"endless redirect": {start: silent("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 10\r\n\r\n"), early: true},
		"ignored context": {start: func(*testing.T) (string, *http.Client) {
			return "ws://peer", &http.Client{Transport: stubborn{release}}
		}},
		"proxy is unknown": {start: func(*testing.T) (string, *http.Client) {
			return "ws://peer", &http.Client{Transport: &http.Transport{Proxy: waits}}
		}},
		"TLS without end": {start: func(t *testing.T) (string, *http.Client) {
			u, c := silent("")(t)
			return "wss" + strings.TrimPrefix(u, "ws"), c
		}},
		"the client's time": {start: func(t *testing.T) (string, *http.Client) {
			u, _ := silent("")(t)
			return u, &http.Client{Timeout: 50 * time.Millisecond}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			target, client := test.start(t)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, _, err := janus.Dial(ctx, target, &janus.DialOptions{HTTPClient: client})
			t.Logf("%v: %v", time.Since(began), err)
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("returned after %v", took)
			}
			if err == nil || !test.early && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The connections of redirects that were followed do not stay, nor does that of
// a handshake that fails.
func TestRedirectsLeaveNoConnections(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	redirects := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/{n}", func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.PathValue("n"), &n)
		to := fmt.Sprintf("/%d", n-1)
		if n == 0 {
			to = "http" + strings.TrimPrefix(server.URL, "ws")
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	})
	redirector := httptest.NewServer(mux)
	t.Cleanup(redirector.Close)
	client := &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { redirects++; return nil },
	}
	target := "ws" + strings.TrimPrefix(redirector.URL, "http")
	c := connect(t, target+"/5", &janus.DialOptions{HTTPClient: client})
	c.mustLive(t)
	if redirects != 6 {
		t.Errorf("%d redirects", redirects)
	}
	if _, _, err := janus.Dial(t.Context(), target+"/not/there", &janus.DialOptions{HTTPClient: client}); err == nil {
		t.Error("no error")
	}
	assertNoConnections(t)
}

// No error says a part of a malformed URL that may be a password.
func TestSecretsOfMalformedURLs(t *testing.T) {
	said := new(output)
	for _, raw := range []string{
		"ws:/%s:%s@127.0.0.1", "ws:%s:%s@127.0.0.1", "wss:%s:%s", "%s:%s@127.0.0.1", "%s://%s@127.0.0.1",
		"ws://127.0.0.1:1/%s/%s@127.0.0.1", "ws://127.0.0.1:1?%s:%s@127.0.0.1", "ws://127.0.0.1:1#%s%s@127.0.0.1",
		"ws://127.0.0.1:1/;%s=%s", "ws://127.0.0.1:1/janus;token=%s/janus;%s", "ws://127.0.0.1:1/%%3Ftoken=%s%s",
		"ws://%s:%s", "ws://%s:%s/", "ws://[%s]%s", "ws://[::1%s%s", "ws://%s:\x01%s@127.0.0.1", "ws://%s: %s@127.0.0.1",
		"ws://127.0.0.1:1/%%zz%s%s", "ws://%s:%s%%@127.0.0.1", "ws://%s:%s@[::1]:1/", "ws://%s:%s@127.0.0.1:1", "\"ws://%s:%s@127.0.0.1",
	} {
		raw = fmt.Sprintf(raw, secretUser, secretPassword)
		if _, _, err := janus.Connect(t.Context(), raw); err == nil {
			t.Errorf("%q: no error", raw)
		} else {
			said.error("a bad URL", err)
		}
	}
	said.assertClean(t, "the given URL", "refused")
}
