package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// A session that Janus ends twice ends once: its last message comes once.
func TestSessionEndsOnce(t *testing.T) {
	server := start(t, nil)
	gateway, _ := dial(t, server, nil)
	session, handle := open(t, gateway)
	for range 2 {
		if err := server.Send(session.ID, fmt.Sprintf(`{"janus":"timeout","session_id":%d}`, session.ID)); err != nil {
			t.Fatal(err)
		}
	}
	for name, events := range map[string]<-chan interface{}{"session": session.Events, "handle": handle.Events} {
		if msgs := testutil.Rest(t, events); len(msgs) != 1 {
			t.Errorf("the %s got %d messages, want one: %v", name, len(msgs), msgs)
		}
	}
}

// Only a timeout of a session that is kept alive is logged as one.
func TestOtherEndsAreNotLoggedAsTimeouts(t *testing.T) {
	tests := map[string]struct {
		keepAlive time.Duration
		end       string
	}{
		"not kept alive": {0, `{"janus":"timeout","session_id":%d}`},
		"kept alive":     {time.Hour, `{"janus":"error","session_id":%d,"error":{"code":458,"reason":"No such session"}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := start(t, nil)
			log := testutil.NewLogs()
			gateway, _ := dial(t, server, &janus.DialOptions{KeepAlive: test.keepAlive, Logger: log.Logger(slog.LevelWarn)})
			session, _ := open(t, gateway)
			if err := server.Send(session.ID, fmt.Sprintf(test.end, session.ID)); err != nil {
				t.Fatal(err)
			}
			await(t, "the end of the session", session.Done())
			if err := server.Send(0, `{"janus":"webrtcup","session_id":1,"sender":2}`); err != nil {
				server.Broadcast(`{"janus":"webrtcup","session_id":1,"sender":2}`)
			}
			log.Await(t, "message for nobody", 1) // behind the end
			if strings.Contains(log.String(), "timed out") {
				t.Errorf("the log is %s", log)
			}
		})
	}
}

// Messages of a handle that come within a second of the timeout of its session are
// delivered.
func TestMessagesBehindATimeout(t *testing.T) {
	answers := func(base janus.BaseMsg) string {
		if base.Type == "keepalive" {
			return testutil.Answers(base) + "\n" + `{"janus":"timeout","session_id":1}` +
				"\nWAIT 900ms\n" + `{"janus":"hangup","session_id":1,"sender":2,"reason":"late"}`
		}
		return testutil.Answers(base)
	}
	testutil.InBubble(t, janus.DialOptions{}, answers, func(t *testing.T, g *janus.Gateway) {
		session := testutil.Create(t, g)
		handle := testutil.Attach(t, session, "p")
		if _, err := session.KeepAlive(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if msg, ok := (<-handle.Events).(*janus.TimeoutMsg); !ok {
			t.Errorf("got %+v, want the timeout", msg)
		}
		if msg, ok := (<-handle.Events).(*janus.HangupMsg); !ok {
			t.Errorf("got %+v, want what came behind it", msg)
		}
	})
}

// Shutdown destroys each session with the token that the session was used with.
func TestShutdownUsesTheTokens(t *testing.T) {
	server := start(t, func(s *janustest.Server) { s.Tokens = []string{"of the session"} })
	gateway, _ := dial(t, server, nil)
	if _, err := gateway.Create(t.Context(), "of the session"); err != nil {
		t.Fatal(err)
	}
	if err := gateway.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if sessions := server.Sessions(); len(sessions) != 0 {
		t.Errorf("%d sessions are left", len(sessions))
	}
}

// Shutdown returns when its context ends, although a Create still waits for a token.
func TestShutdownDoesNotWaitForAHangingToken(t *testing.T) {
	server := start(t, nil)
	asked, release := make(chan struct{}, 10), make(chan struct{})
	defer close(release)
	gateway, _ := dial(t, server, &janus.DialOptions{Logger: testutil.Quiet, RequestTimeout: -1,
		TokenSource: func(context.Context, uint64) (string, error) {
			asked <- struct{}{}
			<-release
			return "", nil
		}})
	created := make(chan error, 1)
	go func() { _, err := gateway.Create(t.Context(), ""); created <- err }()
	await(t, "the TokenSource", asked)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	down := make(chan error, 1)
	go func() { down <- gateway.Shutdown(ctx) }()
	_ = await(t, "Shutdown", down) // with or without an error
	if err := await(t, "Create", created); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("Create returned %v", err)
	}
}

// A session that waits to be claimed is back when the application claims it.
func TestClaimOfAWaitingSession(t *testing.T) {
	server := start(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	gateway, _ := dial(t, server, &janus.DialOptions{Logger: testutil.Quiet, Reconnect: quickly()})
	session, _ := open(t, gateway)
	claims := make(chan struct{}, 100)
	var own atomic.Bool // the claim of the application was passed on
	server.Intercept(func(request json.RawMessage, _ func(any)) bool {
		var r struct{ Janus, Token string }
		if err := json.Unmarshal(request, &r); err != nil || r.Janus != "claim" || r.Token == "own" && own.CompareAndSwap(false, true) {
			return false
		}
		claims <- struct{}{} // and no answer
		return true
	})
	server.Cut()
	await(t, "the claim of the library", claims)
	if claimed, err := gateway.Claim(t.Context(), "own", session.ID); err != nil || claimed != session {
		t.Fatalf("got %v, %v", claimed, err)
	}
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Error(err)
	}
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
	testutil.ReceiveAs[*janus.ReclaimedMsg](t, session.Events)
}
