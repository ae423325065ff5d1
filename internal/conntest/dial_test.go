package conntest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// An error of Connect names the URL without its credentials and leaves no
// goroutine.
func TestConnectErrorsNameTheURLWithoutCredentials(t *testing.T) {
	answering := func(status int) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String()
	}
	secure := janustest.NewTLSServer()
	t.Cleanup(secure.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	const user = "ws://alice:s3cret@"
	tests := []struct{ name, url, names, says string }{
		{"refused", user + nobody + "/path?token=s3cret", "ws://" + nobody + "/path", "refused"},
		{"not found", user + answering(404), "ws://", "404"},
		{"plain HTTP", user + answering(200), "ws://", "200"},
		{"redirect", user + answering(301), "ws://", "301"},
		{"unknown issuer", strings.Replace(secure.URL, "wss://", "wss://alice:s3cret@", 1), secure.URL, "certificate"},
		{"unparsable", "ws://alice:s3cret@[::1/", "the given URL", "not a valid URL: missing ']' in host"},
		{"bad escape", "ws://alice:s3%zzcret@host/", "the given URL", "not a valid URL"},
		{"no scheme", "some%zzwhere?token=s3cret", "the given URL", "invalid URL escape"},
		{"wrong scheme", "ftp://alice:s3cret@host/", "the given URL", "scheme"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g, group, err := janus.Connect(testutil.Context(t), test.url)
			if err == nil || g != nil || group != nil {
				t.Fatalf("got %v, %v, %v, want only an error", g, group, err)
			}
			text := err.Error()
			if !strings.Contains(text, test.names) || !strings.Contains(text, test.says) {
				t.Errorf("error %q does not contain %q and %q", text, test.names, test.says)
			}
			if strings.Contains(text, "s3cret") || strings.Contains(text, "alice") {
				t.Errorf("error %q shows credentials", text)
			}
			testutil.NoGoroutines(t)
		})
	}
}

// The context of Connect bounds the dial.
func TestConnectContextBoundsTheDial(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	srv.Stall()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, _, err := janus.Connect(ctx, srv.URL)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	srv.Resume()
	testutil.NoGoroutines(t)
}

// DialOptions.HTTPClient may have any transport whose body can be written to.
func TestOwnTransport(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	transports := map[string]http.RoundTripper{
		"dialer": &http.Transport{DialContext: new(net.Dialer).DialContext},
		"round tripper": testutil.RoundTripper(func(r *http.Request) (*http.Response, error) {
			return http.DefaultTransport.RoundTrip(r)
		}),
		//lint:ignore SA1019 callers may still use it
		"deprecated dialer": &http.Transport{Dial: net.Dial},
	}
	for name, transport := range transports {
		t.Run(name, func(t *testing.T) {
			g, _ := testutil.Dial(t, srv, &janus.DialOptions{HTTPClient: &http.Client{Transport: transport}})
			session := testutil.Create(t, g)
			for range 20 {
				if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	t.Run("unwritable", func(t *testing.T) {
		transport := testutil.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err == nil {
				body := resp.Body
				t.Cleanup(func() { _ = body.Close() })
				resp.Body = io.NopCloser(body)
			}
			return resp, err
		})
		_, _, err := janus.Dial(testutil.Context(t), srv.URL, &janus.DialOptions{HTTPClient: &http.Client{Transport: transport}})
		if err == nil || !strings.Contains(err.Error(), "writable body") {
			t.Errorf("got %v", err)
		}
	})
}

// DialOptions.HTTPClient decides about TLS roots.
func TestTLSWithOwnRoots(t *testing.T) {
	srv := janustest.NewTLSServer()
	defer srv.Close()
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{HTTPClient: srv.Client(), HTTPHeader: http.Header{"X-Test": {"1"}}})
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	if _, err := handle.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
}

// Options that make no sense do not break anything later.
func TestOddOptions(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = testutil.Patience })
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{
		Logger: testutil.Quiet, EventBacklog: -1, KeepAlive: 1, PongTimeout: -1, WriteTimeout: -1, MaxMessageSize: -1,
		Reconnect: &janus.ReconnectOptions{MinDelay: -1, MaxDelay: time.Millisecond},
	})
	session := testutil.Create(t, g)
	for range 100 {
		if err := srv.Send(session.ID, fmt.Sprintf(`{"janus":"webrtcup","session_id":%d,"sender":9}`, session.ID)); err != nil {
			t.Fatal(err)
		}
	}
	testutil.Eventually(t, "keepalives", func() bool { return len(testutil.Sent(srv, "keepalive")) > 3 })
	srv.Cut()
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil && !errors.Is(err, janus.ErrDisconnected) {
		t.Error(err)
	}
}
