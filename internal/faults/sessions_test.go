package faults

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/janustest"
)

// loss is how a session or a handle goes.
type loss struct {
	do       func(t *testing.T, server *stub, s *janus.Session, h *janus.Handle)
	session  bool   // the whole session goes
	message  string // the type that the channels get, if any
	endsWith error  // of calls that wait and of later ones
}

var losses = map[string]loss{
	"session timed out": {
		do:      func(_ *testing.T, server *stub, s *janus.Session, _ *janus.Handle) { server.Timeout(s.ID) },
		session: true, message: "*janus.TimeoutMsg", endsWith: janus.ErrSessionEnded,
	},
	"session destroyed by somebody else": {
		do: func(t *testing.T, server *stub, s *janus.Session, _ *janus.Handle) {
			server.Destroy(s.ID) // without a word: the next call learns of it
			if _, err := s.KeepAlive(t.Context(), ""); !errors.Is(err, janus.ErrorSessionNotFound) {
				t.Errorf("keepalive on a session that is gone: %v, want error 458", err)
			}
		},
		session: true, message: "*janus.ErrorMsg", endsWith: janus.ErrSessionEnded,
	},
	"session destroyed": {
		do: func(t *testing.T, _ *stub, s *janus.Session, _ *janus.Handle) {
			if _, err := s.Destroy(t.Context(), ""); err != nil {
				t.Error(err)
			}
		},
		session: true, endsWith: janus.ErrSessionEnded,
	},
	"handle detached by somebody else": {
		do:      func(_ *testing.T, server *stub, s *janus.Session, h *janus.Handle) { server.Detach(s.ID, h.ID) },
		message: "*janus.DetachedMsg", endsWith: janus.ErrHandleDetached,
	},
	"handle detached": {
		do: func(t *testing.T, _ *stub, _ *janus.Session, h *janus.Handle) {
			if _, err := h.Detach(t.Context(), ""); err != nil {
				t.Error(err)
			}
		},
		message: "*janus.DetachedMsg", endsWith: janus.ErrHandleDetached,
	},
}

// A session or a handle that goes takes its channels and calls with it, and
// nobody else's.
func TestSessionsAndHandlesGo(t *testing.T) {
	noLeaks(t)
	for _, version := range []string{"1.1.2", "1.4.2"} {
		server := newStub(t, func(s *janustest.Server) { s.Version = version })
		for name, loss := range losses {
			t.Run(version+"/"+name, func(t *testing.T) { loss.test(t, server) })
		}
	}
}

func (l loss) test(t *testing.T, server *stub) {
	c := connect(t, server.URL, &janus.DialOptions{RequestTimeout: -1})
	session, handle := c.open(t)
	sibling := attach(t, session)
	other, bystander := c.open(t)
	ofHandle := waiters(t, server, handle, 10)
	ofSibling := waiters(t, server, sibling, 10)
	ofBystander := waiters(t, server, bystander, 10)

	l.do(t, server, session, handle)
	l.assertEnded(t, "handle", handle, ofHandle)
	if l.session {
		l.assertEnded(t, "sibling", sibling, ofSibling)
		l.assertLast(t, "Session.Events", drain(t, "Session.Events", session.Events))
		if _, err := session.Attach(t.Context(), "", plugin); !errors.Is(err, l.endsWith) {
			t.Errorf("attach: %v, want %v", err, l.endsWith)
		}
		assertForgotten(t, c, session)
	} else {
		assertUntouched(t, session, sibling)
		eventually(t, "Session.Handles has lost the handle", session, func() bool {
			return session.Handles[handle.ID] == nil
		})
	}
	assertUntouched(t, other, bystander)

	c.end(t)
	assertClosed(t, ofBystander.wait(t), nil)
	drain(t, "Events of the bystander", bystander.Events)
	drain(t, "Session.Events of the bystander", other.Events)
	ofSibling.wait(t)
}

// assertEnded checks what a handle that is gone leaves.
func (l loss) assertEnded(t *testing.T, what string, h *janus.Handle, waiting *calls) {
	t.Helper()
	for _, err := range waiting.wait(t) {
		if !errors.Is(err, l.endsWith) {
			t.Errorf("%s: a waiting call failed with %v, want %v", what, err, l.endsWith)
		}
	}
	l.assertLast(t, what, drain(t, what, h.Events))
	if _, err := h.Message(t.Context(), "", order{Do: "now"}, nil); !errors.Is(err, l.endsWith) {
		t.Errorf("%s: a later call failed with %v, want %v", what, err, l.endsWith)
	}
}

// assertLast checks that the message that tells of the end has come.
func (l loss) assertLast(t *testing.T, what string, messages []any) {
	t.Helper()
	var types []string
	for _, msg := range messages {
		types = append(types, fmt.Sprintf("%T", msg))
	}
	if l.message != "" && !slices.Contains(types, l.message) {
		t.Errorf("%s: closed after %v, without %s", what, types, l.message)
	}
}

// assertForgotten checks that the maps have lost a session.
func assertForgotten(t *testing.T, c *client, s *janus.Session) {
	t.Helper()
	eventually(t, "Gateway.Sessions has lost the session", c, func() bool { return c.Sessions[s.ID] == nil })
	assertHandlesGone(t, s)
}

// assertUntouched checks that a handle answers and that its channels are open.
func assertUntouched(t *testing.T, s *janus.Session, h *janus.Handle) {
	t.Helper()
	if _, err := h.Request(t.Context(), "", order{Do: "now"}); err != nil {
		t.Errorf("a bystander's call failed: %v", err)
	}
	select {
	case msg, ok := <-h.Events:
		t.Errorf("a bystander's handle got %T, open %v", msg, ok)
	case msg, ok := <-s.Events:
		t.Errorf("a bystander's session got %T, open %v", msg, ok)
	default:
	}
}

// realLosses are requests to the Admin API. The real Janus says nothing of a
// session destroyed there: the next call learns of it.
var realLosses = map[string]struct {
	admin    string // none: a timeout
	session  bool
	silent   bool
	endsWith error
}{
	"timeout":         {"", true, false, janus.ErrSessionEnded},
	"destroy_session": {"destroy_session", true, true, janus.ErrSessionEnded},
	"detach_handle":   {"detach_handle", false, false, janus.ErrHandleDetached},
}

// The real Janus times sessions out, and its Admin API takes sessions and
// handles away; other sessions go on.
func TestRealSessionsAndHandlesGo(t *testing.T) {
	noLeaks(t)
	for name, row := range realLosses {
		t.Run(name, func(t *testing.T) {
			opts := realjanus.Options{Plugins: []string{"echotest"}}
			if row.admin == "" {
				if !full {
					t.Skip("takes long: JANUS_FAULTS=full")
				}
				opts.SessionTimeout = time.Second
			}
			server := realjanus.Start(t, opts)
			c := connect(t, server.URL, nil)
			session, other := c.session(t), c.session(t)
			handle, bystander := attachTo(t, session, echotest), attachTo(t, other, echotest)
			stop := keepAlive(t, other)
			if row.admin != "" {
				request := map[string]any{"janus": row.admin, "session_id": session.ID}
				if !row.session {
					request["handle_id"] = handle.ID
				}
				if _, err := server.Admin(t.Context(), request); err != nil {
					t.Fatal(err)
				}
			}
			audio := map[string]any{"audio": true}
			if row.silent {
				if _, err := handle.Message(t.Context(), "", audio, nil); !errors.Is(err, janus.ErrorSessionNotFound) {
					t.Errorf("the next call failed with %v, want error 458", err)
				}
			}
			drain(t, "Handle.Events", handle.Events)
			if row.session { // whose own message may come behind its handles'
				drain(t, "Session.Events", session.Events)
			}
			if _, err := handle.Message(t.Context(), "", audio, nil); !errors.Is(err, row.endsWith) {
				t.Errorf("a later call failed with %v, want %v", err, row.endsWith)
			}
			if row.session {
				assertForgotten(t, c, session)
			}
			stop()
			if _, err := bystander.Message(t.Context(), "", audio, nil); err != nil {
				t.Errorf("a bystander's call failed: %v", err)
			}
		})
	}
}

// keepAlive keeps a session alive until stop is called.
func keepAlive(t *testing.T, s *janus.Session) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if _, err := s.KeepAlive(t.Context(), ""); err != nil {
				t.Errorf("keepalive of a bystander: %v", err)
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
