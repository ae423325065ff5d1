package reconnecttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// Claim and Adopt take over the session and the handle of an earlier process.
func TestClaimAndAdoptAfterARestart(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = testutil.Patience })
	before, _, session, handle := testutil.Open(t, srv)
	testutil.Close(t, before)

	g, _ := testutil.Dial(t, srv, nil)
	if _, err := g.Claim(testutil.Context(t), "", 1); !errors.Is(err, janus.ErrorSessionNotFound) {
		t.Errorf("claim of an unknown session returned %v", err)
	}
	claimed, err := g.Claim(testutil.Context(t), "", session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := g.Claim(testutil.Context(t), "", session.ID); err != nil || again != claimed {
		t.Errorf("claimed again: %p, %v, want %p", again, err, claimed)
	}
	adopted := claimed.Adopt(handle.ID)
	if g.Sessions[session.ID] != claimed || claimed.Handles[handle.ID] != adopted {
		t.Error("the maps do not follow")
	}
	if _, err := adopted.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
	if err := srv.Notify(session.ID, handle.ID, map[string]any{"hello": "again"}, nil); err != nil {
		t.Fatal(err)
	}
	testutil.ReceiveAs[*janus.EventMsg](t, adopted.Events)
}

// Sessions and handles survive lost connections, unless the server has dropped
// them meanwhile.
func TestSessionsSurviveALostConnection(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = testutil.Patience })
	g, _ := testutil.Dial(t, srv, testutil.Reconnecting())
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	doomed := testutil.Create(t, g)
	doomedHandle := testutil.Attach(t, doomed, testutil.EchoTest)
	for range 5 {
		testutil.PendingOn(t, srv, handle, srv.Cut, janus.ErrDisconnected)
		if msg := testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events); msg.Err == nil {
			t.Error("no cause given")
		}
		if _, err := handle.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil); err != nil {
			t.Errorf("a call during the outage returned %v", err)
		}
		testutil.ReceiveAs[*janus.ReclaimedMsg](t, session.Events)
		if g.Sessions[session.ID] != session || session.Handles[handle.ID] != handle {
			t.Error("session and handle are not the same objects")
		}
		if err := srv.Notify(session.ID, handle.ID, map[string]any{}, nil); err != nil {
			t.Fatal(err)
		}
		testutil.ReceiveAs[*janus.EventMsg](t, handle.Events)
	}
	srv.Destroy(doomed.ID)
	srv.Cut()
	var last interface{}
	for _, msg := range testutil.Rest(t, doomed.Events) {
		last = msg
	}
	if msg, ok := last.(*janus.ErrorMsg); !ok || msg.Err.Code != 458 {
		t.Errorf("the lost session ended with %+v", last)
	}
	testutil.Rest(t, doomedHandle.Events)
	if _, err := doomed.KeepAlive(testutil.Context(t), ""); !errors.Is(err, janus.ErrSessionEnded) {
		t.Errorf("got %v", err)
	}
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Errorf("the other session is harmed: %v", err)
	}
	if _, err := session.Destroy(testutil.Context(t), ""); err != nil {
		t.Error(err)
	}
}

// Calls made during an outage wait for its end, or for that of their context.
func TestCallsDuringAnOutageWaitForTheConnectionOrTheirContext(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = testutil.Patience })
	g, _ := testutil.Dial(t, srv, testutil.Reconnecting())
	session := testutil.Create(t, g)
	srv.Refuse(http.StatusServiceUnavailable)
	srv.Cut()
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := session.KeepAlive(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	result := make(chan error)
	go func() { _, err := g.Info(testutil.Context(t), ""); result <- err }()
	srv.Refuse(0)
	if err := <-result; err != nil {
		t.Errorf("the call that waited returned %v", err)
	}
}

// After GiveUpAfter a loss is final, and the error names both causes.
func TestReconnectGivesUp(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	opts := testutil.Reconnecting()
	opts.Reconnect.GiveUpAfter = 50 * time.Millisecond
	g, group := testutil.Dial(t, srv, opts)
	session := testutil.Create(t, g)
	srv.Refuse(http.StatusServiceUnavailable)
	srv.Disconnect(websocket.StatusGoingAway, "bye")
	err := testutil.Wait(t, group)
	if err == nil || !strings.Contains(err.Error(), "not restored within 50ms") || websocket.CloseStatus(err) != websocket.StatusGoingAway || !strings.Contains(err.Error(), "503") {
		t.Errorf("the group reports %v", err)
	}
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
	testutil.Rest(t, session.Events)
	testutil.NoGoroutines(t)
}

// Close and the end of the context end an outage.
func TestCloseAndContextEndAnOutage(t *testing.T) {
	for _, end := range []string{"close", "context"} {
		srv := testutil.NewServer(t, nil)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		g, group, err := janus.Dial(ctx, srv.URL, testutil.Reconnecting())
		if err != nil {
			t.Fatal(err)
		}
		session := testutil.Create(t, g)
		srv.Refuse(http.StatusServiceUnavailable)
		srv.Cut()
		testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
		waiting := make(chan error)
		go func() { _, err := session.KeepAlive(testutil.Context(t), ""); waiting <- err }()
		if end == "close" {
			testutil.Close(t, g)
			if err := testutil.Wait(t, group); err != nil {
				t.Errorf("the group reports %v", err)
			}
		} else {
			cancel()
			if err := testutil.Wait(t, group); !errors.Is(err, context.Canceled) {
				t.Errorf("the group reports %v", err)
			}
		}
		if err := <-waiting; !errors.Is(err, janus.ErrClosed) {
			t.Errorf("%s: the waiting call returned %v", end, err)
		}
		testutil.Rest(t, session.Events)
		testutil.NoGoroutines(t)
	}
}

// A token that cannot be had holds up its own session only.
func TestTokenMissingForOneClaim(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = testutil.Patience })
	var lucky atomic.Uint64
	var failures atomic.Int64
	opts := testutil.Reconnecting()
	opts.TokenSource = func(_ context.Context, sessionID uint64) (string, error) {
		if sessionID != lucky.Load() && failures.Add(1) <= 3 {
			return "", errors.New("no token yet")
		}
		return "token", nil
	}
	g, _ := testutil.Dial(t, srv, opts)
	session, unlucky := testutil.Create(t, g), testutil.Create(t, g)
	lucky.Store(session.ID)
	srv.Cut()
	for _, s := range []*janus.Session{session, unlucky} {
		testutil.ReceiveAs[*janus.DisconnectedMsg](t, s.Events)
		testutil.ReceiveAs[*janus.ReclaimedMsg](t, s.Events)
	}
	if len(session.Events) != 0 {
		t.Errorf("the other session was disturbed: %T", <-session.Events)
	}
}

// A transport of the caller's that panics is a dial that failed.
func TestTransportCannotStopTheReader(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = testutil.Patience })
	var dials atomic.Int64
	opts := testutil.Reconnecting()
	opts.HTTPClient = &http.Client{Transport: testutil.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if dials.Add(1) == 2 {
			panic("a bug in the caller's transport")
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
	g, _ := testutil.Dial(t, srv, opts)
	session := testutil.Create(t, g)
	srv.Cut()
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
	testutil.ReceiveAs[*janus.ReclaimedMsg](t, session.Events)
}

// A peer that accepts connections and drops them at once is dialled less and
// less often.
func TestReconnectBacksOffFromAPeerThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var accepted atomic.Int64
		client := testutil.ServeMemory(t, func(*websocket.Conn) { accepted.Add(1) })
		g, _, err := janus.Dial(context.Background(), "ws://memory/", &janus.DialOptions{
			HTTPClient: client,
			Logger:     testutil.Quiet,
			Reconnect:  &janus.ReconnectOptions{},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		_ = g.Close(websocket.StatusNormalClosure, "") // there may be no connection
		synctest.Wait()
		if n := accepted.Load(); n < 20 || n > 400 {
			t.Errorf("%d dials in ten minutes, want about one in 7.5 s", n)
		}
	})
}

// A claim that is not answered means that the connection is of no use.
func TestUnansweredClaimIsAnotherLoss(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = testutil.Patience })
	opts := testutil.Reconnecting()
	opts.RequestTimeout = 50 * time.Millisecond
	g, _ := testutil.Dial(t, srv, opts)
	session := testutil.Create(t, g)
	var claims atomic.Int64
	srv.Intercept(func(request json.RawMessage, _ func(any)) bool {
		return testutil.BaseOf(request).Type == "claim" && claims.Add(1) == 1
	})
	srv.Cut()
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
	testutil.ReceiveAs[*janus.ReclaimedMsg](t, session.Events)
	if n := claims.Load(); n != 2 {
		t.Errorf("%d claims, want 2", n)
	}
}

// Calls that were waiting when the connection was lost say why it was.
func TestLostCallsHaveTheCause(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	g, _ := testutil.Dial(t, srv, testutil.Reconnecting())
	handle := testutil.Attach(t, testutil.Create(t, g), testutil.EchoTest)
	arrived := make(chan struct{}, 1)
	srv.Intercept(func(request json.RawMessage, _ func(any)) bool {
		if testutil.BaseOf(request).Type != "message" {
			return false
		}
		arrived <- struct{}{}
		return true
	})
	failed := make(chan error, 1)
	go func() {
		_, err := handle.Message(testutil.Context(t), "", map[string]any{}, nil)
		failed <- err
	}()
	<-arrived
	srv.Disconnect(websocket.StatusGoingAway, "maintenance")
	if err := <-failed; !errors.Is(err, janus.ErrDisconnected) || websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("got %v", err)
	}
}

// A claim that is answered with something else is not taken for accepted, and is
// repeated.
func TestClaimAnsweredWithSomethingElse(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	opts := testutil.Reconnecting()
	opts.RequestTimeout = 200 * time.Millisecond
	g, _ := testutil.Dial(t, srv, opts)
	session := testutil.Create(t, g)
	var claims atomic.Int64
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		if base.Type != "claim" || claims.Add(1) > 1 {
			return false
		}
		reply(fmt.Sprintf(`{"janus":"surprise","session_id":%d,"transaction":%q}`, session.ID, base.ID))
		return true
	})
	srv.Cut()
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
	testutil.ReceiveAs[*janus.ReclaimedMsg](t, session.Events)
	if n := claims.Load(); n != 2 {
		t.Errorf("the session is back after %d claims", n)
	}
}

// The token of an accepted claim is the session's latest: Shutdown uses it when the
// TokenSource has none.
func TestTokenOfAClaim(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	var calls atomic.Int64
	var fails atomic.Bool
	opts := testutil.Reconnecting()
	opts.TokenSource = func(context.Context, uint64) (string, error) {
		if fails.Load() {
			return "", errors.New("no token any more")
		}
		return fmt.Sprint("token", calls.Add(1)), nil
	}
	g, _ := testutil.Dial(t, srv, opts)
	session := testutil.Create(t, g)
	srv.Cut()
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
	testutil.ReceiveAs[*janus.ReclaimedMsg](t, session.Events)
	fails.Store(true)
	if err := g.Shutdown(testutil.Context(t)); err != nil {
		t.Fatal(err)
	}
	token := func(verb string) string {
		var r struct{ Token string }
		sent := testutil.Sent(srv, verb)
		if err := json.Unmarshal(sent[len(sent)-1], &r); err != nil {
			t.Fatal(err)
		}
		return r.Token
	}
	if claim, destroy := token("claim"), token("destroy"); destroy != claim || claim == token("create") {
		t.Errorf("create has %q, the claim %q, destroy %q", token("create"), claim, destroy)
	}
}

// A session that was claimed while the token for another claim was waited for is not
// claimed again.
func TestNoClaimTooMany(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	var claiming atomic.Bool
	asked, release := make(chan int64, 100), make(chan struct{})
	var calls atomic.Int64
	opts := testutil.Reconnecting()
	opts.RequestTimeout = 200 * time.Millisecond
	opts.TokenSource = func(_ context.Context, session uint64) (string, error) {
		if !claiming.Load() || session == 0 {
			return "", nil
		}
		n := calls.Add(1)
		asked <- n
		if n == 2 {
			<-release
		}
		return fmt.Sprint("token", n), nil
	}
	g, _ := testutil.Dial(t, srv, opts)
	session := testutil.Create(t, g)
	first := make(chan func(), 1)
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		if base.Type != "claim" || strings.Contains(string(request), "token2") {
			return false
		}
		first <- func() {
			reply(fmt.Sprintf(`{"janus":"success","session_id":%d,"transaction":%q}`, session.ID, base.ID))
		}
		return true
	})
	claiming.Store(true)
	srv.Cut()
	answer := <-first
	for n := range asked {
		if n == 2 {
			break
		}
	}
	answer()
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, session.Events)
	testutil.ReceiveAs[*janus.ReclaimedMsg](t, session.Events)
	claiming.Store(false)
	close(release)
	// The token is used before this call is sent: both wait for the same answer.
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	for _, claim := range testutil.Sent(srv, "claim") {
		if strings.Contains(string(claim), "token2") {
			t.Errorf("claimed again: %s", claim)
		}
	}
}

// Claims that are not answered take no room for good from what may wait to be written.
func TestClaimsLeaveRoom(t *testing.T) {
	token := strings.Repeat("x", 20_000) // so that few of them make a difference
	synctest.Test(t, func(t *testing.T) {
		var served, claims atomic.Int64
		client := testutil.ServeMemory(t, func(conn *websocket.Conn) {
			first := served.Add(1) == 1
			for {
				_, request, err := conn.Read(context.Background())
				if err != nil {
					return
				}
				base := testutil.BaseOf(request)
				if base.Type == "claim" {
					claims.Add(1)
					continue
				}
				answer := fmt.Sprintf(`{"janus":%q,"transaction":%q,"data":{"id":1}}`, map[string]string{"create": "success", "ping": "pong"}[base.Type], base.ID)
				if err := conn.Write(context.Background(), websocket.MessageText, []byte(answer)); err != nil || first {
					return
				}
			}
		})
		g, _, err := janus.Dial(context.Background(), "ws://memory/", &janus.DialOptions{
			HTTPClient: client, Logger: testutil.Quiet, RequestTimeout: time.Second, Reconnect: &janus.ReconnectOptions{MinDelay: 1},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Create(context.Background(), token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Second)
		if n := claims.Load(); n < 150 {
			t.Errorf("%d claims in 200 s", n)
		}
		if err := g.Ping(context.Background(), ""); err != nil {
			t.Errorf("after %d claims: %v", claims.Load(), err)
		}
		_ = g.Close(websocket.StatusNormalClosure, "")
		synctest.Wait()
	})
}
