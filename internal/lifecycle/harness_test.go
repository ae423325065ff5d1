package lifecycle

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// patience is how long anything may take before a test says that it hangs.
const patience = 40 * time.Second

const echotest = "janus.plugin.echotest"

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// start runs a server until the test ends. set, if not nil, sets its fields.
func start(t *testing.T, set func(*janustest.Server)) *janustest.Server {
	t.Helper()
	return testutil.NewServer(t, set)
}

// dial connects until the test ends.
func dial(t *testing.T, server *janustest.Server, opts *janus.DialOptions) (*janus.Gateway, *errgroup.Group) {
	t.Helper()
	gateway, group, err := janus.Dial(t.Context(), server.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Close(1000, "") })
	return gateway, group
}

// open makes a session with a handle to the EchoTest.
func open(t *testing.T, gateway *janus.Gateway) (*janus.Session, *janus.Handle) {
	t.Helper()
	session, err := gateway.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.Attach(t.Context(), "", echotest)
	if err != nil {
		t.Fatal(err)
	}
	return session, handle
}

// quickly reconnects without much of a delay.
func quickly() *janus.ReconnectOptions {
	return &janus.ReconnectOptions{MinDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond}
}

// await waits for a value, or for a channel to be closed.
func await[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: hangs", what)
		panic("unreachable")
	}
}

// isOpen reports that a channel of Done is not closed.
func isOpen(done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	default:
		return true
	}
}

// mustMatch checks an error against those that it must match and must not.
func mustMatch(t *testing.T, what string, err error, want, not []error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, target := range want {
		if !errors.Is(err, target) {
			t.Errorf("%s: %q does not match %q", what, err, target)
		}
	}
	for _, target := range not {
		if errors.Is(err, target) {
			t.Errorf("%s: %q matches %q", what, err, target)
		}
	}
}

// hold withholds requests of one kind from the server, and tells of each.
func hold(server *janustest.Server, verb string) <-chan janus.BaseMsg {
	held := make(chan janus.BaseMsg, 100)
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var base janus.BaseMsg
		if json.Unmarshal(frame, &base) != nil || base.Type != verb {
			return false
		}
		held <- base
		return true
	})
	return held
}

// requests returns the requests of one kind that the server has had.
func requests(server *janustest.Server, verb string) []map[string]any {
	var all []map[string]any
	for _, frame := range testutil.Sent(server, verb) {
		var request map[string]any
		_ = json.Unmarshal(frame, &request) // Sent has decoded it before
		all = append(all, request)
	}
	return all
}
