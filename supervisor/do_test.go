package supervisor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/supervisor"
)

// Get waits without polling: a waiting call sleeps until a unit is up, its ctx ends or
// Run does.
func TestGet(t *testing.T) {
	server := testutil.NewServer(t, nil)
	server.Refuse(503)
	r := run(t, attach, quick(server.URL))
	r.await("down", func(s supervisor.Status) bool { return s.State == supervisor.StateDown })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := r.Get(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "503") {
		t.Errorf("Get returned %v", err)
	}
	results := make(chan error, 100)
	for range cap(results) {
		go func() {
			h, err := r.Get(testutil.Context(t))
			if err == nil {
				err = h.Err()
			}
			results <- err
		}()
	}
	server.Refuse(0)
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if _, err := r.Get(t.Context()); !errors.Is(err, supervisor.ErrStopped) || !errors.Is(err, context.Canceled) {
		t.Errorf("after Run, Get returned %v", err)
	}
	if err := r.Do(t.Context(), say); !errors.Is(err, supervisor.ErrStopped) {
		t.Errorf("after Run, Do returned %v", err)
	}
}

// A Get that was waiting when Run ended returns why.
func TestGetWaitsForRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := supervisor.New(attach, &supervisor.Options{Logger: testutil.Quiet})
		result := make(chan error)
		go func() { _, err := s.Get(context.Background()); result <- err }()
		synctest.Wait() // it waits, although Run has not been called
		failed := s.Run(t.Context())
		if err := <-result; failed == nil || !errors.Is(err, failed) {
			t.Errorf("Get returned %v, Run %v", err, failed)
		}
	})
}

// A Get whose ctx ends returns the reason of the latest attempt, not that of the attempt
// before it was called.
func TestGetSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := quick("ws://memory/")
		var times []time.Time
		opts.Dial = &janus.DialOptions{HTTPClient: failingDial(&times)}
		s := supervisor.New(attach, opts)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() { _, err := s.Get(ctx); result <- err }()
		synctest.Wait()
		run, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(run) }()
		time.Sleep(time.Second)
		cancel()
		last := s.Status().Err
		if err := <-result; last == nil || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), last.Error()) {
			t.Errorf("Get returned %v; the last attempt ended with %v", err, last)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Get does not return a unit whose session has ended, even if it asks at that moment.
func TestGetIsCurrent(t *testing.T) {
	server := testutil.NewServer(t, nil)
	r := run(t, attach, quick(server.URL))
	for range 50 {
		h := r.get()
		if _, err := h.Session().Destroy(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if next := r.get(); next == h {
			t.Fatal("Get returned a unit that has ended")
		}
	}
}

// lose ends the session of a handle, so that the next request on it is not sent.
func lose(t *testing.T, h *janus.Handle) {
	t.Helper()
	if _, err := h.Session().Destroy(testutil.Context(t), ""); err != nil {
		t.Error(err)
	}
}

// What Do does after each kind of failure. The first call is the one that fails.
func TestRepeats(t *testing.T) {
	inFlight := func(lose func(*janustest.Server, *janus.Handle)) func(*testing.T, *janustest.Server, context.Context, *janus.Handle) error {
		return func(t *testing.T, server *janustest.Server, ctx context.Context, h *janus.Handle) error {
			arrived := once(server, "message")
			go func() { <-arrived; lose(server, h) }()
			return say(ctx, h)
		}
	}
	for name, test := range map[string]struct {
		first      func(t *testing.T, server *janustest.Server, ctx context.Context, h *janus.Handle) error
		do, idem   int // calls of f
		wantUnsent bool
	}{
		"not sent": {func(t *testing.T, _ *janustest.Server, ctx context.Context, h *janus.Handle) error {
			lose(t, h)
			return say(ctx, h)
		}, 2, 2, true},
		"handle gone": {func(t *testing.T, server *janustest.Server, ctx context.Context, h *janus.Handle) error {
			server.Detach(h.Session().ID, h.ID)
			<-h.Done()
			return say(ctx, h)
		}, 2, 2, true},
		"context ended with the unit": {func(t *testing.T, _ *janustest.Server, ctx context.Context, h *janus.Handle) error {
			lose(t, h)
			<-ctx.Done()
			return say(ctx, h)
		}, 2, 2, true},
		"connection lost in flight": {inFlight(func(s *janustest.Server, _ *janus.Handle) { s.Cut() }), 1, 2, false},
		"session lost in flight":    {inFlight(func(s *janustest.Server, h *janus.Handle) { s.Timeout(h.Session().ID) }), 1, 2, false},
		"error of ours":             {func(*testing.T, *janustest.Server, context.Context, *janus.Handle) error { return errOurs }, 1, 1, false},
		"answer of Janus": {func(_ *testing.T, _ *janustest.Server, ctx context.Context, h *janus.Handle) error {
			_, err := h.Session().Attach(ctx, "", "janus.plugin.none")
			return err
		}, 1, 1, false},
		// The error that ended the unit was not sent; the call on it was.
		"in flight, unit ended by an error that was not sent": {func(t *testing.T, server *janustest.Server, ctx context.Context, h *janus.Handle) error {
			arrived := once(server, "message")
			unitOf(ctx, h).Go(func(context.Context) error { <-arrived; return janus.ErrNotSent })
			return say(ctx, h)
		}, 1, 2, false},
		"not sent, and still up": {func(_ *testing.T, _ *janustest.Server, ctx context.Context, h *janus.Handle) error {
			_, err := h.Call(ctx, make(chan int), nil) // cannot be marshaled
			return err
		}, 2, 2, true},
	} {
		for _, idempotent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, %v", name, idempotent), func(t *testing.T) {
				server := testutil.NewServer(t, nil)
				r := run(t, attachKnown, quick(server.URL))
				do, want := r.Do, test.do
				if idempotent {
					do, want = r.DoIdempotent, test.idem
				}
				calls := 0
				var first error
				err := do(testutil.Context(t), func(ctx context.Context, h *janus.Handle) error {
					if calls++; calls == 1 {
						first = test.first(t, server, ctx, h)
						return first
					}
					return say(ctx, h)
				})
				if first == nil || errors.Is(first, janus.ErrNotSent) != test.wantUnsent {
					t.Errorf("the first call failed with %v", first)
				}
				if calls != want || (err == nil) != (want == 2) {
					t.Errorf("%d calls, want %d; the error is %v", calls, want, err)
				}
			})
		}
	}
}

var units sync.Map // by handle

// attachKnown is attach; unitOf finds the unit of its handle.
func attachKnown(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
	h, err := attach(ctx, u)
	units.Store(h, u)
	return h, err
}

func unitOf(_ context.Context, h *janus.Handle) *supervisor.Unit {
	u, _ := units.Load(h)
	return u.(*supervisor.Unit)
}

// f is called twice at most, and the error of the second call is returned.
func TestRepeatedOnce(t *testing.T) {
	server := testutil.NewServer(t, nil)
	r := run(t, attach, quick(server.URL))
	for _, do := range []func(context.Context, func(context.Context, *janus.Handle) error) error{r.Do, r.DoIdempotent} {
		calls := 0
		err := do(testutil.Context(t), func(ctx context.Context, h *janus.Handle) error {
			calls++
			lose(t, h)
			return say(ctx, h)
		})
		if calls != 2 || !errors.Is(err, janus.ErrNotSent) {
			t.Errorf("%d calls, %v", calls, err)
		}
	}
}

// If no unit follows, the error says why the call failed and why it was not repeated.
func TestNotRepeated(t *testing.T) {
	server := testutil.NewServer(t, nil)
	r := run(t, attach, quick(server.URL))
	err := r.Do(testutil.Context(t), func(ctx context.Context, h *janus.Handle) error {
		server.Refuse(403)
		_ = h.Session().Gateway().Close(1000, "")
		return say(ctx, h)
	})
	if !errors.Is(err, janus.ErrNotSent) || !errors.Is(err, supervisor.ErrStopped) || !strings.Contains(err.Error(), "403") {
		t.Errorf("Do returned %v", err)
	}
}

// During an outage that the session survives, a repeated call waits for the same unit;
// if the session is gone, it is made on the next.
func TestRepeatsAfterOutage(t *testing.T) {
	for name, lose := range map[string]func(*janustest.Server){"claimed": (*janustest.Server).Cut, "refused": (*janustest.Server).Restart} {
		t.Run(name, func(t *testing.T) {
			server := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
			opts := quick(server.URL)
			opts.Dial = testutil.Reconnecting()
			r := run(t, attach, opts)
			var used []*janus.Session
			err := r.DoIdempotent(testutil.Context(t), func(ctx context.Context, h *janus.Handle) error {
				used = append(used, h.Session())
				if len(used) == 1 {
					arrived := once(server, "message")
					go func() { <-arrived; lose(server) }()
				}
				return say(ctx, h)
			})
			if err != nil || len(used) != 2 || (used[0] == used[1]) != (name == "claimed") {
				t.Errorf("%d calls, on the same session: %v; %v", len(used), used[0] == used[len(used)-1], err)
			}
		})
	}
}

// The context of f ends with the caller's, and has its values.
func TestContextOfDo(t *testing.T) {
	server := testutil.NewServer(t, nil)
	r := run(t, attach, quick(server.URL))
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "x"))
	calls := 0
	err := r.Do(ctx, func(ctx context.Context, h *janus.Handle) error {
		calls++
		cancel()
		<-ctx.Done()
		if ctx.Value(key{}) != "x" {
			t.Error("the context has no values")
		}
		return say(ctx, h)
	})
	if calls != 1 || !errors.Is(err, context.Canceled) || !errors.Is(err, janus.ErrNotSent) ||
		strings.Contains(err.Error(), "repeated") {
		t.Errorf("%d calls, %v", calls, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a panic of f does not reach the caller")
		}
	}()
	_ = r.Do(t.Context(), func(context.Context, *janus.Handle) error { panic("x") })
}

// A unit keeps nothing for calls of Do that have returned.
func TestDoKeepsNothing(t *testing.T) {
	server := testutil.NewServer(t, nil)
	r := run(t, attach, quick(server.URL))
	heap := func() uint64 {
		for range 50_000 {
			_ = r.Do(t.Context(), func(context.Context, *janus.Handle) error { return errOurs })
		}
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	if before, after := heap(), heap(); after > before+2<<20 {
		t.Errorf("the heap grows from %d to %d bytes", before, after)
	}
}

// Changed is called in order, from one goroutine, with every status, although it is
// slow and panics.
func TestChanged(t *testing.T) {
	server := testutil.NewServer(t, nil)
	opts := quick(server.URL)
	var got []supervisor.Status
	var inside atomic.Int32
	release := make(chan struct{})
	opts.Changed = func(s supervisor.Status) {
		if inside.Add(1) != 1 {
			t.Error("called concurrently")
		}
		defer inside.Add(-1)
		<-release
		got = append(got, s)
		panic("in Changed")
	}
	r := run(t, attach, opts)
	lose(t, r.get()) // it does not wait for Changed
	for r.Status().Units != 2 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	var states []string
	for i, s := range got {
		states = append(states, s.State.String())
		if i > 0 && s.Since.Before(got[i-1].Since) {
			t.Errorf("status %d is older than the one before", i)
		}
		if up := s.State == supervisor.StateUp; up != (s.Session != 0) || up && s.Tries != 1 {
			t.Errorf("%+v", s)
		}
	}
	if text := strings.Join(states, " "); text != "starting up down starting up down stopped" {
		t.Errorf("got %s", text)
	}
	if last := r.Status(); last != got[len(got)-1] || last.State != supervisor.StateStopped || last.Units != 2 {
		t.Errorf("the last status is %+v", last)
	}
	if fresh := supervisor.New(attach, nil).Status(); fresh != (supervisor.Status{}) {
		t.Errorf("before Run: %+v", fresh)
	}
	if text := supervisor.State(9).String() + supervisor.StateIdle.String(); text != "State(9)idle" {
		t.Error(text)
	}
}

// A Changed that never returns delays the end of Run by StopTimeout only.
func TestChangedHangs(t *testing.T) {
	server := testutil.NewServer(t, nil)
	opts := quick(server.URL)
	opts.StopTimeout = 10 * time.Millisecond
	release := make(chan struct{})
	opts.Changed = func(supervisor.Status) { <-release }
	r := run(t, attach, opts)
	r.get()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	close(release)
}

// counter counts how often each numbered message arrives at servers.
type counter struct {
	mu   sync.Mutex
	seen map[int64]int
}

func (c *counter) count(server *janustest.Server) {
	server.Intercept(func(request json.RawMessage, _ func(any)) bool {
		var message struct{ Body struct{ Nonce int64 } }
		if json.Unmarshal(request, &message) == nil && message.Body.Nonce != 0 {
			c.mu.Lock()
			c.seen[message.Body.Nonce]++
			c.mu.Unlock()
		}
		return false
	})
}

// Fifty goroutines call Do while two servers are restarted, cut, silenced, and lose
// sessions and handles at random, and goroutines of the unit fail: no request arrives
// twice, calls that succeed have arrived, and in the end the unit is up and nothing is
// left.
func TestChaosUnderDo(t *testing.T) {
	c := &counter{seen: make(map[int64]int)}
	var servers []*janustest.Server
	var urls []string
	for range 2 {
		server := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = 200 * time.Millisecond })
		c.count(server)
		servers, urls = append(servers, server), append(urls, server.URL)
	}
	opts := quick(urls...)
	opts.Dial = &janus.DialOptions{
		DialTimeout: 100 * time.Millisecond, RequestTimeout: 200 * time.Millisecond,
		PingInterval: 20 * time.Millisecond, PongTimeout: 50 * time.Millisecond,
		Reconnect: &janus.ReconnectOptions{MinDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond, GiveUpAfter: 200 * time.Millisecond},
	}
	opts.StopTimeout = 200 * time.Millisecond
	var changes atomic.Int32
	opts.Changed = func(supervisor.Status) { changes.Add(1) }
	r := run(t, attachKnown, opts)

	stop := make(chan struct{})
	var all sync.WaitGroup
	var nonce, succeeded atomic.Int64
	for range 50 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := nonce.Add(1)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				err := r.Do(ctx, func(ctx context.Context, h *janus.Handle) error {
					_, err := h.Call(ctx, map[string]any{"audio": true, "nonce": n}, nil)
					return err
				})
				cancel()
				if c.mu.Lock(); err == nil && c.seen[n] != 1 {
					t.Errorf("call %d succeeded and arrived %d times", n, c.seen[n])
				}
				c.mu.Unlock()
				if err == nil {
					succeeded.Add(1)
				}
			}
		})
	}
	havoc(t, r, servers)
	close(stop)
	all.Wait()
	c.mu.Lock() // calls that have failed may still arrive
	for n, times := range c.seen {
		if times > 1 {
			t.Errorf("call %d arrived %d times", n, times)
		}
	}
	c.mu.Unlock()
	testutil.Eventually(t, "a call at the end", func() bool { return r.DoIdempotent(t.Context(), say) == nil })
	units := r.Status().Units
	t.Logf("%d calls, %d succeeded, %d units, %d changes", nonce.Load(), succeeded.Load(), units, changes.Load())
	if units < 10 || succeeded.Load() < 100 {
		t.Error("too little has happened")
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	for _, server := range servers {
		testutil.Eventually(t, "the end of all sessions", func() bool { return len(server.Sessions()) == 0 && server.Connections() == 0 })
	}
}

// havoc does harm to the servers for two seconds.
func havoc(t *testing.T, r *runner[*janus.Handle], servers []*janustest.Server) {
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		server := servers[rand.IntN(len(servers))]
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		h, err := r.Get(ctx)
		cancel()
		if err != nil {
			continue
		}
		switch session := h.Session().ID; rand.IntN(9) {
		case 0:
			server.Restart()
		case 1:
			server.Cut()
		case 2:
			server.Timeout(session)
		case 3:
			server.Destroy(session)
		case 4:
			server.Detach(session, h.ID)
		case 5:
			server.Stall()
			time.Sleep(100 * time.Millisecond)
			server.Resume()
		case 6:
			server.Refuse(503)
			server.Restart()
			time.Sleep(20 * time.Millisecond)
			server.Refuse(0)
		case 7:
			unitOf(ctx, h).Go(func(context.Context) error { return errOurs })
		case 8:
			server.Disconnect(1001, "")
		}
		time.Sleep(rand.N(20 * time.Millisecond))
	}
}
