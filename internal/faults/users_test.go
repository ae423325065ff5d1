package faults

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// handler is a slog.Handler that does what it should not.
type handler struct {
	enabled func()
	handle  func()
	calls   atomic.Int64
}

func (h *handler) Enabled(context.Context, slog.Level) bool {
	h.enabled()
	return true
}

func (h *handler) Handle(context.Context, slog.Record) error {
	h.calls.Add(1)
	h.handle()
	return errors.New("not written")
}

func (h *handler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *handler) WithGroup(string) slog.Handler      { return h }

func nop()    {}
func panics() { panic("a handler of the user's") }

// A logger that blocks, panics or fails stops neither the reader nor a call.
func TestLoggers(t *testing.T) {
	noLeaks(t)
	release := make(chan struct{})
	blocks := func() { <-release }
	for name, h := range map[string]*handler{
		"blocks":              {enabled: nop, handle: blocks},
		"panics":              {enabled: nop, handle: panics},
		"panics when enabled": {enabled: panics, handle: panics},
		"fails":               {enabled: nop, handle: nop},
	} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, nil)
			c := connect(t, server.URL, &janus.DialOptions{Logger: slog.New(h), PingInterval: 20 * time.Millisecond})
			_, handle := c.open(t)
			for range 1500 { // more than what waits for a slow logger
				server.Broadcast(`{"janus":"event","session_id":1,"sender":2}`)
			}
			if _, err := handle.Message(t.Context(), "", order{Do: "events", Count: 100}, nil); err != nil {
				t.Error(err)
			}
			for i := range 100 {
				if got := nonce(next(t, "Handle.Events", handle.Events)); got != i {
					t.Errorf("event %d is %d", i, got)
				}
			}
			c.end(t)
			if h.calls.Load() == 0 && !strings.Contains(name, "enabled") {
				t.Error("the logger was never called, so this shows nothing")
			}
		})
	}
	close(release)
}

// A caller that holds the locks of the maps stops neither the reader nor calls that do
// not need the locks.
func TestLocksHeld(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	session, handle := c.open(t)
	other, bystander := c.open(t)
	c.Lock()
	session.Lock()
	server.Detach(session.ID, handle.ID)
	server.Timeout(session.ID)
	drain(t, "Handle.Events", handle.Events)
	drain(t, "Session.Events", session.Events)
	if _, err := bystander.Request(t.Context(), "", order{Do: "now"}); err != nil {
		t.Error(err)
	}
	if _, err := other.KeepAlive(t.Context(), ""); err != nil {
		t.Error(err)
	}
	session.Unlock()
	c.Unlock()
}

// panicking panics when it is marshaled.
type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("a marshaler of the user's") }

// A marshaler that panics does so to its caller, and nobody else notices; one
// that is slow delays nobody.
func TestMarshalers(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	_, handle := c.open(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = handle.Message(t.Context(), "", panicking{}, nil)
	}()
	entered, release := make(chan struct{}), make(chan struct{})
	slow := new(calls)
	slow.start(func() error {
		return of(handle.Request(t.Context(), "", slowJSON(func() {
			close(entered)
			<-release
		})))
	})
	await(t, "the marshaler", entered)
	c.mustLive(t)
	if _, err := handle.Request(t.Context(), "", order{Do: "now"}); err != nil {
		t.Error(err)
	}
	close(release)
	for _, err := range slow.wait(t) {
		if err != nil {
			t.Error(err)
		}
	}
}

// slowJSON is marshaled when the function returns.
type slowJSON func()

func (f slowJSON) MarshalJSON() ([]byte, error) {
	f()
	return json.Marshal(order{Do: "now"})
}

// A token source that panics or fails stops nothing: the sessions stay, and the
// next answer is used.
func TestTokenSources(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.Tokens = []string{"good"} })
	var asked atomic.Int64
	c := connect(t, server.URL, &janus.DialOptions{
		KeepAlive: 50 * time.Millisecond,
		TokenSource: func(context.Context, uint64) (string, error) {
			switch asked.Add(1) {
			case 1:
				panic("a token source of the user's")
			case 2:
				return "", errors.New("no token today")
			}
			return "good", nil
		},
	})
	arrived := make(chan string, 1)
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var r struct{ Janus, Token string }
		if json.Unmarshal(frame, &r) == nil && r.Janus == "keepalive" {
			select {
			case arrived <- r.Token:
			default:
			}
		}
		return false
	})
	if _, err := c.Create(t.Context(), "good"); err != nil {
		t.Fatal(err)
	}
	if token := await(t, "a keepalive", arrived); token != "good" {
		t.Errorf("a keepalive has the token %q", token)
	}
}

// roundTripper is a transport that panics from its second use on.
type roundTripper struct {
	http.RoundTripper
	used    atomic.Int64
	panicks chan struct{}
}

func (r *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if n := r.used.Add(1); n == 2 {
		close(r.panicks)
		panic("a transport of the user's")
	}
	return r.RoundTripper.RoundTrip(req)
}

// A transport that panics while the connection is restored is a dial that
// failed: the next one succeeds.
func TestTransportPanics(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	transport := &roundTripper{RoundTripper: http.DefaultTransport, panicks: make(chan struct{})}
	c := connect(t, server.URL, &janus.DialOptions{
		HTTPClient: &http.Client{Transport: transport},
		Reconnect:  &janus.ReconnectOptions{MinDelay: time.Millisecond},
	})
	server.Cut()
	await(t, "the panic", transport.panicks)
	c.mustLive(t)
}
