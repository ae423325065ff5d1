package requesttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// Every session gets a keepalive in every interval, and they are spread.
func TestKeepAliveOption(t *testing.T) {
	const sessions, interval = 50, 20 * time.Second
	var mu sync.Mutex
	var created uint64
	kept := make(map[uint64][]time.Time)
	peer := func(base janus.BaseMsg) string {
		mu.Lock()
		defer mu.Unlock()
		switch base.Type {
		case "create":
			created++
			kept[created] = []time.Time{time.Now()}
			return fmt.Sprintf(`{"janus":"success","transaction":"TX","data":{"id":%d}}`, created)
		case "keepalive":
			kept[base.Session] = append(kept[base.Session], time.Now())
		}
		return testutil.Answers(base)
	}
	testutil.InBubble(t, janus.DialOptions{KeepAlive: interval, PingInterval: -1}, peer, func(t *testing.T, g *janus.Gateway) {
		for range sessions {
			testutil.Create(t, g)
		}
		ended := g.Sessions[sessions]
		time.Sleep(time.Minute)
		if _, err := ended.Destroy(context.Background(), ""); err != nil {
			t.Error(err)
		}
		time.Sleep(4 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		moments := make(map[time.Time]bool)
		for id, times := range kept {
			for i, at := range times[1:] {
				moments[at] = true
				if gap := at.Sub(times[i]); gap > interval {
					t.Errorf("session %d was left alone for %v", id, gap)
				}
			}
			if id == ended.ID {
				if len(times) > 5 {
					t.Errorf("a destroyed session was kept alive")
				}
			} else if n := len(times); n < 15 || n > 17 {
				t.Errorf("session %d: %d keepalives in 5 minutes", id, n)
			}
		}
		if len(moments) < sessions {
			t.Errorf("keepalives are not spread: %d moments", len(moments))
		}
	})
}

// A TokenSource that fails, panics or hangs costs its keepalive only.
func TestTokenSource(t *testing.T) {
	var mu sync.Mutex
	var tokens []string
	var calls int
	srv := testutil.NewServer(t, nil)
	opts := &janus.DialOptions{
		Logger:         testutil.Quiet,
		KeepAlive:      20 * time.Millisecond,
		RequestTimeout: 50 * time.Millisecond,
		TokenSource: func(ctx context.Context, sessionID uint64) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if sessionID == 0 {
				return "", nil
			}
			calls++
			n := calls
			switch n {
			case 1:
				return "", errors.New("no token today")
			case 2:
				panic("a bug in the caller's function")
			case 3:
				<-ctx.Done()
				return "", ctx.Err()
			}
			return fmt.Sprint("token", n), nil
		},
	}
	g, _ := testutil.Dial(t, srv, opts)
	testutil.Create(t, g)
	testutil.Eventually(t, "keepalives with tokens", func() bool {
		tokens = nil
		for _, request := range testutil.Sent(srv, "keepalive") {
			var r struct{ Token string }
			_ = json.Unmarshal(request, &r)
			tokens = append(tokens, r.Token)
		}
		return len(tokens) >= 3
	})
	for i, token := range tokens {
		if token != fmt.Sprint("token", i+4) {
			t.Errorf("keepalive %d went out with token %q", i, token)
		}
	}
}

// A claimed session is kept alive with the token of its claim.
func TestKeepAliveAfterClaim(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, KeepAlive: 10 * time.Millisecond})
	testutil.Reply(srv, "claim", `{"janus":"success","transaction":"TX","session_id":77}`)
	if _, err := g.Claim(testutil.Context(t), "token of the claim", 77); err != nil {
		t.Fatal(err)
	}
	testutil.Eventually(t, "a keepalive", func() bool { return len(testutil.Sent(srv, "keepalive")) > 0 })
	if request := testutil.Sent(srv, "keepalive")[0]; !strings.Contains(string(request), "token of the claim") {
		t.Errorf("sent %s", request)
	}
}

// tokenOf returns the token of the first request of a kind.
func tokenOf(t *testing.T, srv *janustest.Server, verb string) string {
	t.Helper()
	var r struct{ Token string }
	sent := testutil.Sent(srv, verb)
	if len(sent) == 0 {
		t.Fatalf("no %s was sent", verb)
	}
	if err := json.Unmarshal(sent[0], &r); err != nil {
		t.Fatal(err)
	}
	return r.Token
}

// What the library sends for a session carries a fresh token of the TokenSource, and
// without one the token that the session was used with.
func TestTokensOfTheLibrary(t *testing.T) {
	t.Run("TokenSource", func(t *testing.T) {
		srv := testutil.NewServer(t, nil)
		var calls atomic.Int64
		g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, TokenSource: func(context.Context, uint64) (string, error) {
			return fmt.Sprint("token", calls.Add(1)), nil
		}})
		testutil.Create(t, g)
		if err := g.Shutdown(testutil.Context(t)); err != nil {
			t.Fatal(err)
		}
		if first, second := tokenOf(t, srv, "create"), tokenOf(t, srv, "destroy"); first != "token1" || second != "token2" {
			t.Errorf("create has %q, destroy has %q", first, second)
		}
	})
	t.Run("KeepAliveSender", func(t *testing.T) {
		tokens := make(chan string, 10)
		synctest.Test(t, func(t *testing.T) {
			client := testutil.ServeMemory(t, func(conn *websocket.Conn) {
				for {
					_, request, err := conn.Read(context.Background())
					if err != nil {
						return
					}
					var r struct{ Janus, Transaction, Token string }
					if err := json.Unmarshal(request, &r); err != nil {
						t.Error(err)
					}
					if r.Janus == "keepalive" {
						tokens <- r.Token
					}
					answer := fmt.Sprintf(`{"janus":"success","transaction":%q,"data":{"id":1}}`, r.Transaction)
					_ = conn.Write(context.Background(), websocket.MessageText, []byte(answer))
				}
			})
			g, _, err := janus.Dial(context.Background(), "ws://memory/", &janus.DialOptions{HTTPClient: client, Logger: testutil.Quiet})
			if err != nil {
				t.Fatal(err)
			}
			session, err := g.Create(t.Context(), "of the session")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := session.KeepAliveSender(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("KeepAliveSender returned %v", err)
			}
			_ = g.Close(websocket.StatusNormalClosure, "")
			synctest.Wait()
		})
		if token := <-tokens; token != "of the session" {
			t.Errorf("the keepalive has the token %q", token)
		}
	})
}

// The TokenSource is not asked for a call that cannot be sent anyway.
func TestTokenSourceIsNotAskedInVain(t *testing.T) {
	var asked atomic.Int64
	opts := janus.DialOptions{TokenSource: func(context.Context, uint64) (string, error) {
		asked.Add(1)
		return "", nil
	}}
	testutil.InBubble(t, opts, testutil.Answers, func(t *testing.T, g *janus.Gateway) {
		session := testutil.Create(t, g)
		mustFail := func(name string, ctx context.Context) {
			t.Helper()
			before := asked.Load()
			_, err := session.KeepAlive(ctx, "")
			synctest.Wait()
			if err == nil || asked.Load() != before {
				t.Errorf("%s: %v, asked %d times", name, err, asked.Load()-before)
			}
		}
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		mustFail("a context that has ended", canceled)
		if _, err := session.Destroy(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		mustFail("a session that has ended", t.Context())
		_ = g.Close(websocket.StatusNormalClosure, "")
		mustFail("a Gateway that has ended", t.Context())
	})
}

// A call that RequestTimeout ends says so, with a TokenSource too.
func TestTimeoutWithATokenSource(t *testing.T) {
	opts := janus.DialOptions{
		RequestTimeout: 3 * time.Second,
		TokenSource:    func(context.Context, uint64) (string, error) { return "", nil },
	}
	answers := func(base janus.BaseMsg) string {
		if base.Type == "keepalive" {
			return ""
		}
		return testutil.Answers(base)
	}
	testutil.InBubble(t, opts, answers, func(t *testing.T, g *janus.Gateway) {
		_, err := testutil.Create(t, g).KeepAlive(context.Background(), "")
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "nothing within 3s") {
			t.Errorf("got %v", err)
		}
	})
}

// Shutdown destroys a session with its latest token if the TokenSource has none.
func TestShutdownWithoutAToken(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.Tokens = []string{"good"} })
	var fails atomic.Bool
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, TokenSource: func(context.Context, uint64) (string, error) {
		if fails.Load() {
			return "", errors.New("no token any more")
		}
		return "good", nil
	}})
	testutil.Create(t, g)
	fails.Store(true)
	if err := g.Shutdown(testutil.Context(t)); err != nil {
		t.Error(err)
	}
	if n := len(srv.Sessions()); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// A session that the application has claimed meanwhile is not destroyed because the
// Create that made it was abandoned.
func TestClaimedSessionIsNotUndone(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	created := make(chan func(), 1)
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		answer := func() { reply(fmt.Sprintf(`{"janus":"success","transaction":%q,"data":{"id":77}}`, base.ID)) }
		if base.Type == "create" {
			created <- answer
		} else {
			answer()
		}
		return true
	})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { _, err := g.Create(ctx, ""); failed <- err }()
	answer := <-created
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	session, err := g.Claim(testutil.Context(t), "", 77)
	if err != nil {
		t.Fatal(err)
	}
	answer()
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil { // behind the answer
		t.Fatal(err)
	}
	if n := len(testutil.Sent(srv, "destroy")); n != 0 {
		t.Error("the session was destroyed")
	}
}

// Keepalives take no room for good from what may wait to be written.
func TestKeepAlivesLeaveRoom(t *testing.T) {
	token := strings.Repeat("x", 50_000) // so that few of them make a difference
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, KeepAlive: time.Millisecond})
	session, err := g.Create(testutil.Context(t), token)
	if err != nil {
		t.Fatal(err)
	}
	testutil.Eventually(t, "many keepalives", func() bool { return len(testutil.Sent(srv, "keepalive")) > 50 })
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Error(err)
	}
}

// While the peer does not read, keepalives do not pile up.
func TestKeepAlivesDoNotPileUp(t *testing.T) {
	token := strings.Repeat("x", 20_000)
	var heap [2]runtime.MemStats
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		client := testutil.ServeMemory(t, func(conn *websocket.Conn) {
			_, request, err := conn.Read(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			answer := fmt.Sprintf(`{"janus":"success","transaction":%q,"data":{"id":1}}`, testutil.BaseOf(request).ID)
			if err := conn.Write(context.Background(), websocket.MessageText, []byte(answer)); err != nil {
				t.Error(err)
			}
			<-release // reads nothing more
		})
		g, _, err := janus.Dial(context.Background(), "ws://memory/", &janus.DialOptions{
			HTTPClient: client, Logger: testutil.Quiet, KeepAlive: time.Second, PingInterval: -1, WriteTimeout: 24 * time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Create(context.Background(), token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		runtime.GC()
		runtime.ReadMemStats(&heap[0])
		time.Sleep(2000 * time.Second)
		runtime.GC()
		runtime.ReadMemStats(&heap[1])
		close(release)
		_ = g.Close(websocket.StatusNormalClosure, "")
		synctest.Wait()
	})
	if grown := int64(heap[1].HeapAlloc) - int64(heap[0].HeapAlloc); grown > 10<<20 {
		t.Errorf("%d bytes wait after 2,000 keepalives of %d", grown, len(token))
	}
}

// A TokenSource has as long as a request.
func TestTimeOfATokenSource(t *testing.T) {
	var left atomic.Int64
	opts := janus.DialOptions{RequestTimeout: 5 * time.Hour, TokenSource: func(ctx context.Context, _ uint64) (string, error) {
		if deadline, ok := ctx.Deadline(); ok {
			left.Store(int64(time.Until(deadline)))
		}
		return "", nil
	}}
	testutil.InBubble(t, opts, testutil.Answers, func(t *testing.T, g *janus.Gateway) {
		testutil.Create(t, g)
		if d := time.Duration(left.Load()); d != 5*time.Hour {
			t.Errorf("the TokenSource has %v", d)
		}
	})
}

// With a TokenSource too, RequestTimeout does not shorten a deadline.
func TestLongerDeadlineWithATokenSource(t *testing.T) {
	opts := janus.DialOptions{
		RequestTimeout: time.Second,
		TokenSource:    func(context.Context, uint64) (string, error) { return "", nil },
	}
	answers := func(base janus.BaseMsg) string {
		if base.Type == "keepalive" {
			return "WAIT 5s\n" + testutil.Answers(base)
		}
		return testutil.Answers(base)
	}
	testutil.InBubble(t, opts, answers, func(t *testing.T, g *janus.Gateway) {
		session := testutil.Create(t, g)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := session.KeepAlive(ctx, ""); err != nil {
			t.Error(err)
		}
	})
}
