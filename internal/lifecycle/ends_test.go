package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// alive is a Gateway, a Session or a Handle.
type alive interface {
	Done() <-chan struct{}
	Err() error
}

// mustLive checks that something has not ended.
func mustLive(t *testing.T, what string, a alive) {
	t.Helper()
	if err := a.Err(); err != nil || !isOpen(a.Done()) {
		t.Errorf("%s: Err is %v, Done is open: %t", what, err, isOpen(a.Done()))
	}
}

// mustEnd waits for the end of something and checks its error.
func mustEnd(t *testing.T, what string, a alive, want, not []error) {
	t.Helper()
	await(t, "Done of "+what, a.Done())
	mustMatch(t, "Err of "+what, a.Err(), want, not)
}

// At each kind of end, and not before, Done is closed and Err returns the reason.
func TestDoneAndErr(t *testing.T) {
	var (
		session = []error{janus.ErrSessionEnded, janus.ErrorSessionNotFound}
		handle  = []error{janus.ErrHandleDetached, janus.ErrorHandleNotFound}
		closed  = []error{janus.ErrClosed}
	)
	for name, test := range map[string]struct {
		end                      func(t *testing.T, server *janustest.Server, g *janus.Gateway, s *janus.Session, h *janus.Handle)
		gateway, session, handle []error // nil: it lives on
	}{
		"Detach": {
			func(t *testing.T, _ *janustest.Server, _ *janus.Gateway, _ *janus.Session, h *janus.Handle) {
				if _, err := h.Detach(t.Context(), ""); err != nil {
					t.Error(err)
				}
			}, nil, nil, handle,
		},
		"detached by the server": {
			func(t *testing.T, server *janustest.Server, _ *janus.Gateway, s *janus.Session, h *janus.Handle) {
				frame := fmt.Sprintf(`{"janus":"detached","session_id":%d,"sender":%d}`, s.ID, h.ID)
				if err := server.Send(s.ID, frame); err != nil {
					t.Error(err)
				}
			}, nil, nil, handle,
		},
		"Destroy": {
			func(t *testing.T, _ *janustest.Server, _ *janus.Gateway, s *janus.Session, _ *janus.Handle) {
				if _, err := s.Destroy(t.Context(), ""); err != nil {
					t.Error(err)
				}
			}, nil, session, session,
		},
		"timeout": {
			func(t *testing.T, server *janustest.Server, _ *janus.Gateway, s *janus.Session, _ *janus.Handle) {
				if err := server.Send(s.ID, fmt.Sprintf(`{"janus":"timeout","session_id":%d}`, s.ID)); err != nil {
					t.Error(err)
				}
			}, nil, session, session,
		},
		"Close": {
			func(t *testing.T, _ *janustest.Server, g *janus.Gateway, _ *janus.Session, _ *janus.Handle) {
				if err := g.Close(1000, ""); err != nil {
					t.Error(err)
				}
			}, closed, closed, closed,
		},
		"lost": {
			func(_ *testing.T, server *janustest.Server, _ *janus.Gateway, _ *janus.Session, _ *janus.Handle) {
				server.Disconnect(1001, "")
			}, closed, closed, closed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, nil)
			g, _ := dial(t, server, nil)
			s, h := open(t, g)
			mustLive(t, "gateway", g)
			mustLive(t, "session", s)
			mustLive(t, "handle", h)
			asked := h.Done() // before the end, as well as after it
			test.end(t, server, g, s, h)
			if test.handle != nil {
				await(t, "Done of the handle", asked)
			}
			for _, row := range []struct {
				what string
				alive
				want []error
			}{{"handle", h, test.handle}, {"session", s, test.session}, {"gateway", g, test.gateway}} {
				if row.want == nil {
					mustLive(t, row.what, row.alive)
				} else {
					mustEnd(t, row.what, row.alive, row.want, nil)
				}
			}
			if name == "lost" && websocket.CloseStatus(h.Err()) != 1001 {
				t.Errorf("Err of the handle does not wrap the cause: %v", h.Err())
			}
		})
	}
}

// A goroutine of the group can leave it when the Gateway has ended.
func TestGroupEndsWithDone(t *testing.T) {
	server := start(t, nil)
	g, group := dial(t, server, nil)
	group.Go(func() error {
		<-g.Done()
		return nil
	})
	if err := g.Close(1000, ""); err != nil {
		t.Error(err)
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// A call on a session or handle that has ended returns Janus's own answer: an
// *ErrorMsg itself, not wrapped, that was not sent.
func TestEndIsJanussOwnAnswer(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	s, h := open(t, g)
	if _, err := h.Detach(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	_, err := h.Message(t.Context(), "", map[string]any{}, nil)
	msg, ok := err.(*janus.ErrorMsg)
	if !ok || msg.Err.Code != 459 || msg.Session != s.ID || msg.Request != "message" {
		t.Errorf("a call on a detached handle returned %#v", err)
	}
	mustMatch(t, "detached", err, []error{janus.ErrHandleDetached, janus.ErrNotSent}, []error{janus.ErrSessionEnded, janus.ErrClosed})
	if want := fmt.Sprintf("janus: message: error 459: No such handle %d in session %d", h.ID, s.ID); err.Error() != want {
		t.Errorf("the text is %q, want %q", err, want)
	}
	if _, err := s.Destroy(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	_, err = s.Attach(t.Context(), "", echotest)
	msg, ok = err.(*janus.ErrorMsg)
	if !ok || msg.Err.Code != 458 || msg.Request != "attach" || !strings.Contains(err.Error(), "destroyed") {
		t.Errorf("a call on a destroyed session returned %#v", err)
	}
	mustMatch(t, "destroyed", err, []error{janus.ErrSessionEnded, janus.ErrNotSent}, []error{janus.ErrHandleDetached, janus.ErrClosed})
	if s.Err().(*janus.ErrorMsg).Request != "" {
		t.Error("the errors of calls are one object")
	}

	// What Janus says is returned as it is.
	unknown, err := g.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	ghost := unknown.Adopt(12345)
	_, err = ghost.Message(t.Context(), "", map[string]any{}, nil)
	mustMatch(t, "unknown handle", err, []error{janus.ErrHandleDetached}, []error{janus.ErrNotSent})
	if msg, ok := err.(*janus.ErrorMsg); !ok || msg.Request != "message" {
		t.Errorf("a refusal is %#v", err)
	}
}

// ErrNotSent matches whenever a request surely never went out, and never
// otherwise. ErrClosed is final, ErrDisconnected is not.
func TestNotSent(t *testing.T) {
	all := []error{janus.ErrClosed, janus.ErrDisconnected, janus.ErrNotSent, janus.ErrSessionEnded, context.Canceled, context.DeadlineExceeded}
	check := func(what string, err error, want ...error) {
		t.Helper()
		var not []error
		for _, target := range all {
			if !containsError(want, target) {
				not = append(not, target)
			}
		}
		mustMatch(t, what, err, want, not)
	}
	server := start(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	g, _ := dial(t, server, &janus.DialOptions{Reconnect: &janus.ReconnectOptions{MinDelay: time.Hour, MaxDelay: time.Hour}})
	s, h := open(t, g)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := g.Info(ended, "")
	check("ended context", err, janus.ErrNotSent, context.Canceled)
	_, err = h.Message(t.Context(), "", func() {}, nil)
	check("not marshaled", err, janus.ErrNotSent)

	held := hold(server, "keepalive")
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	call := func(ctx context.Context) { _, err := s.KeepAlive(ctx, ""); result <- err }
	go call(ctx)
	await(t, "the request", held)
	cancel()
	check("context ended while it waited", <-result, context.Canceled)

	go call(t.Context())
	await(t, "the request", held)
	server.Cut()
	check("connection lost while it waited", <-result, janus.ErrDisconnected)

	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = s.KeepAlive(ctx, "")
	check("during the outage", err, janus.ErrNotSent, janus.ErrDisconnected, context.DeadlineExceeded)
	if !strings.Contains(err.Error(), "connection lost and being restored: ") {
		t.Errorf("the text does not name the outage: %v", err)
	}

	go call(t.Context())
	if err := g.Close(1000, ""); err != nil {
		t.Error(err)
	}
	check("closed during the outage", <-result, janus.ErrNotSent, janus.ErrClosed)
	_, err = s.KeepAlive(t.Context(), "")
	check("closed", err, janus.ErrNotSent, janus.ErrClosed)
}

func containsError(list []error, target error) bool {
	for _, err := range list {
		if err == target {
			return true
		}
	}
	return false
}

// State and StateChanged report each change in order, even if the function is slow,
// and the log says when a connection is restored.
func TestStates(t *testing.T) {
	server := start(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	type change struct {
		state janus.State
		cause error
	}
	changes := make(chan change) // so that the function blocks
	log := testutil.NewLogs()
	g, group := dial(t, server, &janus.DialOptions{
		Reconnect:    quickly(),
		Logger:       log.Logger(slog.LevelInfo),
		StateChanged: func(s janus.State, cause error) { changes <- change{s, cause} },
	})
	if s := g.State(); s != janus.StateConnected {
		t.Errorf("the state is %v at first", s)
	}
	for i := range 3 {
		server.Cut()
		log.Await(t, "connection restored", i+1)
	}
	if s := g.State(); s != janus.StateConnected {
		t.Errorf("the state is %v", s)
	}
	if err := g.Close(1000, ""); err != nil {
		t.Error(err)
	}
	if s := g.State(); s != janus.StateClosed {
		t.Errorf("the state is %v after Close", s)
	}
	lost := 0
	for {
		c := await(t, "a change of the state", changes)
		if c.state == janus.StateClosed {
			if c.cause != nil {
				t.Errorf("closed by Close because of %v", c.cause)
			}
			break
		}
		want := janus.StateReconnecting
		if lost%2 == 1 {
			want = janus.StateConnected
		}
		if c.state != want || (c.cause == nil) != (want == janus.StateConnected) {
			t.Errorf("change %d is %v because of %v", lost, c.state, c.cause)
		}
		lost++
	}
	if lost < 2 {
		t.Errorf("%d changes before the end", lost)
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"connection lost, dialing again", "level=INFO msg=\"janus: connection restored\" away=", "dials="} {
		if !strings.Contains(log.String(), text) {
			t.Errorf("the log does not have %q:\n%s", text, log)
		}
	}
	for s, want := range map[janus.State]string{
		janus.StateConnected: "connected", janus.StateReconnecting: "reconnecting", janus.StateClosed: "closed", 9: "State(9)",
	} {
		if s.String() != want {
			t.Errorf("State %d is %q", int(s), s)
		}
	}
}

// The log does not repeat each dial that fails.
func TestFailedDialsAreLoggedOnce(t *testing.T) {
	server := start(t, nil)
	log := testutil.NewLogs()
	g, _ := dial(t, server, &janus.DialOptions{
		Reconnect: &janus.ReconnectOptions{MinDelay: 1, MaxDelay: time.Millisecond, GiveUpAfter: 300 * time.Millisecond},
		Logger:    log.Logger(slog.LevelInfo),
	})
	server.Close()
	await(t, "the end", g.Done())
	if n := strings.Count(log.String(), "dial failed"); n != 1 {
		t.Errorf("%d failed dials were logged:\n%s", n, log)
	}
	mustMatch(t, "Err", g.Err(), []error{janus.ErrClosed}, nil)
}

// Shutdown leaves nothing on the server, and no new session is made meanwhile.
func TestShutdown(t *testing.T) {
	server := start(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	g, group := dial(t, server, nil)
	const sessions = 200
	var ids []uint64
	for range sessions {
		s, _ := open(t, g)
		ids = append(ids, s.ID)
	}
	if err := g.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if n := len(requests(server, "destroy")); n != sessions {
		t.Errorf("%d sessions were destroyed", n)
	}
	_, err := g.Create(t.Context(), "")
	mustMatch(t, "Create after Shutdown", err, []error{janus.ErrClosed, janus.ErrNotSent}, nil)
	if err := g.Shutdown(t.Context()); err != nil {
		t.Errorf("a second Shutdown returned %v", err)
	}

	again, _ := dial(t, server, nil)
	for _, id := range ids {
		if _, err := again.Claim(t.Context(), "", id); !errors.Is(err, janus.ErrorSessionNotFound) {
			t.Fatalf("session %d was left: %v", id, err)
		}
	}
}

// Shutdown waits for a session that is being made, and destroys it.
func TestShutdownWhileASessionIsMade(t *testing.T) {
	server := start(t, nil)
	g, _ := dial(t, server, nil)
	arrived, release := make(chan struct{}), make(chan struct{})
	server.Intercept(delay("create", arrived, release))
	created := make(chan error, 1)
	go func() { _, err := g.Create(t.Context(), ""); created <- err }()
	await(t, "the request", arrived)
	shutDownDuring(t, g, created, release)
	if created, destroyed := len(requests(server, "create")), len(requests(server, "destroy")); destroyed < 1 || destroyed > created {
		t.Errorf("%d sessions were created, %d destroyed", created, destroyed)
	}
}

// shutDownDuring calls Shutdown while a Create waits for release, which it closes
// once Shutdown has begun. Both must succeed.
func shutDownDuring(t *testing.T, g *janus.Gateway, created <-chan error, release chan struct{}) {
	t.Helper()
	down := make(chan error, 1)
	go func() { down <- g.Shutdown(t.Context()) }()
	for { // until Shutdown has begun
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := g.Create(ctx, "")
		cancel()
		if errors.Is(err, janus.ErrClosed) {
			break
		}
	}
	close(release)
	if err := await(t, "Shutdown", down); err != nil {
		t.Error(err)
	}
	if err := await(t, "Create", created); err != nil {
		t.Errorf("the session was not made: %v", err)
	}
}

// Shutdown returns soon after its context ends, with the error of what it could
// not do, and closes the connection all the same.
func TestShutdownGivesUp(t *testing.T) {
	server := start(t, nil)
	g, group := dial(t, server, nil)
	open(t, g)
	hold(server, "destroy")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	mustMatch(t, "Shutdown", g.Shutdown(ctx), []error{context.DeadlineExceeded}, nil)
	if g.State() != janus.StateClosed {
		t.Error("the connection is open")
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// A session that times out although it is kept alive is logged with both
// figures.
func TestTimeoutWithKeepAliveIsLogged(t *testing.T) {
	for _, known := range []bool{true, false} {
		server := start(t, nil)
		log := testutil.NewLogs()
		g, _ := dial(t, server, &janus.DialOptions{KeepAlive: time.Minute, Logger: log.Logger(slog.LevelWarn)})
		if known {
			if _, err := g.Info(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		s, _ := open(t, g)
		if err := server.Send(s.ID, fmt.Sprintf(`{"janus":"timeout","session_id":%d}`, s.ID)); err != nil {
			t.Fatal(err)
		}
		log.Await(t, "timed out although it is kept alive", 1)
		if !strings.Contains(log.String(), "KeepAlive=1m0s") || strings.Contains(log.String(), "session_timeout=1m0s") != known ||
			strings.Contains(log.String(), "session_timeout") != known {
			t.Errorf("session_timeout known: %v; the log is %s", known, log)
		}
	}
}

// DetachCalled tells a handle that the program has detached from one that somebody
// else has.
func TestDetachCalled(t *testing.T) {
	server := start(t, nil)
	gateway, _ := dial(t, server, nil)
	session, own := open(t, gateway)
	other := testutil.Attach(t, session, testutil.EchoTest)
	server.Detach(session.ID, other.ID)
	await(t, "the end of the handle", other.Done())
	if other.DetachCalled() || own.DetachCalled() {
		t.Errorf("nobody has called Detach, but DetachCalled returns %v, %v", other.DetachCalled(), own.DetachCalled())
	}
	if _, err := own.Detach(t.Context(), ""); err != nil || !own.DetachCalled() {
		t.Errorf("Detach returned %v, DetachCalled %v", err, own.DetachCalled())
	}
	if _, err := other.Detach(t.Context(), ""); err == nil || other.DetachCalled() {
		t.Errorf("after the end, Detach returned %v, DetachCalled %v", err, other.DetachCalled())
	}
}
