// Package testutil is what tests of the client share: a server to talk to,
// sessions and handles on it, and ways to await what must happen. Each function
// ends the test if it fails.
package testutil

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// Patience is how long a test waits for what must happen. It is never used up
// by a test that passes.
const Patience = 20 * time.Second

// EchoTest is the plugin that most tests attach to.
const EchoTest = "janus.plugin.echotest"

// Context returns a context that ends with the test, or when its patience does.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// NewServer starts a server until the test ends. set, if not nil, sets its
// fields before.
func NewServer(t testing.TB, set func(*janustest.Server)) *janustest.Server {
	t.Helper()
	srv := janustest.NewUnstartedServer()
	if set != nil {
		set(srv)
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

// Quiet is a logger for tests in which warnings are expected.
var Quiet = slog.New(slog.DiscardHandler)

// Dial connects until the test ends. Without options nothing is logged.
func Dial(t testing.TB, srv *janustest.Server, opts *janus.DialOptions) (*janus.Gateway, *errgroup.Group) {
	t.Helper()
	if opts == nil {
		opts = &janus.DialOptions{Logger: Quiet}
	}
	g, group, err := janus.Dial(context.Background(), srv.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Close(t, g) })
	return g, group
}

// Close closes a Gateway. An error is no failure: the test may have ended it.
func Close(t testing.TB, g *janus.Gateway) {
	t.Helper()
	if err := g.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Logf("close: %v", err)
	}
}

// Create creates a session.
func Create(t testing.TB, g *janus.Gateway) *janus.Session {
	t.Helper()
	session, err := g.Create(Context(t), "")
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// Attach attaches a handle.
func Attach(t testing.TB, session *janus.Session, plugin string) *janus.Handle {
	t.Helper()
	handle, err := session.Attach(Context(t), "", plugin)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

// Open returns a gateway with a session and a handle of the echotest.
func Open(t testing.TB, srv *janustest.Server) (*janus.Gateway, *errgroup.Group, *janus.Session, *janus.Handle) {
	t.Helper()
	g, group := Dial(t, srv, nil)
	session := Create(t, g)
	return g, group, session, Attach(t, session, EchoTest)
}

// Receive returns the next message of an Events channel.
func Receive(t testing.TB, events <-chan interface{}) interface{} {
	t.Helper()
	select {
	case msg, ok := <-events:
		if !ok {
			t.Fatal("Events is closed")
		}
		return msg
	case <-time.After(Patience):
		t.Fatal("no event")
	}
	return nil
}

// ReceiveAs returns the next message of an Events channel, which must be a T.
func ReceiveAs[T any](t testing.TB, events <-chan interface{}) T {
	t.Helper()
	msg, ok := Receive(t, events).(T)
	if !ok {
		t.Fatalf("got %T, want %T", msg, *new(T))
	}
	return msg
}

// Rest reads an Events channel to its end.
func Rest(t testing.TB, events <-chan interface{}) []interface{} {
	t.Helper()
	var got []interface{}
	timeout := time.After(Patience)
	for {
		select {
		case msg, ok := <-events:
			if !ok {
				return got
			}
			got = append(got, msg)
		case <-timeout:
			t.Fatalf("Events is still open after %d messages", len(got))
		}
	}
}

// Eventually waits until ok returns true.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// Wait waits for the end of a group and returns its error.
func Wait(t testing.TB, group *errgroup.Group) error {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- group.Wait() }()
	select {
	case err := <-result:
		return err
	case <-time.After(Patience):
		t.Fatal("the group does not end")
	}
	return nil
}

// NoGoroutines fails if the library still runs a goroutine.
func NoGoroutines(t testing.TB) {
	t.Helper()
	var left string
	deadline := time.Now().Add(Patience)
	for time.Now().Before(deadline) {
		buf := make([]byte, 1<<20)
		left = ""
		for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			ours := strings.Contains(stack, "janus-go.(") || strings.Contains(stack, "janus-go/internal/")
			if ours && !strings.Contains(stack, "testing.tRunner(") { // a test, which waits
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("goroutines left:\n%s", left)
}

// RoundTripper is a function that is an http.RoundTripper.
type RoundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Reconnecting are options that restore a connection at once.
func Reconnecting() *janus.DialOptions {
	return &janus.DialOptions{
		Logger:    Quiet,
		Reconnect: &janus.ReconnectOptions{MinDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond},
	}
}
