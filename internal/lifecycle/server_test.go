package lifecycle

import (
	"errors"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// A server that never sends detached cannot keep the channel open.
func TestDetachClosesEventsWithoutAWord(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, _, handle := testutil.Open(t, srv)
	testutil.Reply(srv, "detach", `{"janus":"success","transaction":"TX"}`)
	if _, err := handle.Detach(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	if got := testutil.Rest(t, handle.Events); got != nil {
		t.Errorf("got %v", got)
	}
}

// A handle that the server detaches ends, with its calls and its Events.
func TestDetachBySomebodyElse(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	pending := make(chan *janustest.Request, 1)
	srv.Handle("janus.plugin.slow", janustest.PluginFunc(func(r *janustest.Request) { pending <- r }))
	g, _ := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, g)
	handle, other := testutil.Attach(t, session, "janus.plugin.slow"), testutil.Attach(t, session, testutil.EchoTest)
	result := make(chan error)
	go func() { _, err := handle.Message(testutil.Context(t), "", map[string]any{}, nil); result <- err }()
	<-pending
	srv.Detach(session.ID, handle.ID)
	if err := <-result; !errors.Is(err, janus.ErrHandleDetached) {
		t.Errorf("the waiting call returned %v", err)
	}
	if got := testutil.Rest(t, handle.Events); len(got) != 1 {
		t.Errorf("got %v, want DetachedMsg", got)
	}
	testutil.Eventually(t, "the map follows", func() bool {
		session.Lock()
		defer session.Unlock()
		return len(session.Handles) == 1
	})
	if _, err := other.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Errorf("another handle is harmed: %v", err)
	}
}

// A session that times out says so on its Events and on those of its handles.
func TestSessionTimeoutIsToldOnAllItsChannels(t *testing.T) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		srv := testutil.NewServer(t, func(s *janustest.Server) { s.Version = version })
		g, _, session, handle := testutil.Open(t, srv)
		survivor := testutil.Create(t, g)
		testutil.PendingOn(t, srv, handle, func() { srv.Timeout(session.ID) }, janus.ErrSessionEnded)
		for _, events := range []chan interface{}{session.Events, handle.Events} {
			if msg := testutil.ReceiveAs[*janus.TimeoutMsg](t, events); msg.Session != session.ID {
				t.Errorf("got %+v", msg)
			}
			for _, msg := range testutil.Rest(t, events) {
				if _, ok := msg.(*janus.DetachedMsg); !ok {
					t.Errorf("after the timeout came %T", msg)
				}
			}
		}
		if _, err := session.KeepAlive(testutil.Context(t), ""); !errors.Is(err, janus.ErrSessionEnded) || !strings.Contains(err.Error(), "timed out") {
			t.Errorf("got %v", err)
		}
		if _, err := survivor.KeepAlive(testutil.Context(t), ""); err != nil {
			t.Errorf("another session is harmed: %v", err)
		}
	}
}

// Janus does not tell of a session that the Admin API destroys: the next
// request finds out.
func TestSessionDestroyedBySomebodyElse(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	srv.Destroy(session.ID)
	if _, err := session.KeepAlive(testutil.Context(t), ""); !errors.Is(err, janus.ErrorSessionNotFound) || !errors.Is(err, janus.ErrSessionEnded) {
		t.Errorf("got %v", err)
	}
	for _, events := range []chan interface{}{session.Events, handle.Events} {
		if msg := testutil.ReceiveAs[*janus.ErrorMsg](t, events); msg.Err.Code != 458 {
			t.Errorf("got %+v", msg)
		}
		testutil.Rest(t, events)
	}
}

// KeepAlive finds a session that was destroyed by somebody else.
func TestSessionDestroyedBySomebodyElseIsFoundByKeepAliveOption(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{KeepAlive: 10 * time.Millisecond, Logger: testutil.Quiet})
	session := testutil.Create(t, g)
	srv.Destroy(session.ID)
	_ = testutil.ReceiveAs[*janus.ErrorMsg](t, session.Events)
	testutil.Rest(t, session.Events)
}

// A handle that the server does not know ends with its first call.
func TestHandleUnknownToTheServer(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, g)
	handle := session.Adopt(12345)
	if handle != session.Adopt(12345) {
		t.Error("adopted twice, the handle is not the same")
	}
	if _, err := handle.Message(testutil.Context(t), "", map[string]any{}, nil); !errors.Is(err, janus.ErrorHandleNotFound) {
		t.Errorf("got %v", err)
	}
	_ = testutil.ReceiveAs[*janus.ErrorMsg](t, handle.Events)
	testutil.Rest(t, handle.Events)
}

// Unread events need no goroutine after Close, and can still be read.
func TestCloseLeavesNoGoroutineForUnreadEvents(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _, session, handle := testutil.Open(t, srv)
	for i := range 100 {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	testutil.Close(t, g)
	testutil.NoGoroutines(t)
	if got := testutil.Rest(t, handle.Events); len(got) != 100 {
		t.Errorf("%d events were kept for the late reader, want 100", len(got))
	}
}

// A caller that keeps the maps locked holds up nobody else.
func TestLockedMapsHoldUpNobody(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _, session, handle := testutil.Open(t, srv)
	survivor := testutil.Create(t, g)
	g.Lock()
	session.Lock()
	srv.Timeout(session.ID)
	testutil.Rest(t, session.Events)
	testutil.Rest(t, handle.Events)
	if _, err := survivor.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Error(err)
	}
	session.Unlock()
	g.Unlock()
	testutil.Eventually(t, "the maps follow", func() bool {
		g.Lock()
		defer g.Unlock()
		session.Lock()
		defer session.Unlock()
		return len(g.Sessions) == 1 && len(session.Handles) == 0
	})
}
