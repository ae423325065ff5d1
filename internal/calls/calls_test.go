package calls_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cameronelliott/janus-go/internal/calls"
)

type (
	table = calls.Table[string]
	scope = calls.Scope[string]
	call  = calls.Call[string]
)

// conn is a connection that has room unless it is full.
type conn struct {
	mu    sync.Mutex
	full  chan struct{} // closed when there is room again; nil if there is
	bytes int           // claimed
}

func (c *conn) Claim(n int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full == nil {
		c.bytes += n
		return nil
	}
	return c.full
}

func (c *conn) Settle(int)               {}
func (c *conn) Write([]byte, bool) error { return nil }

func (c *conn) fill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.full = make(chan struct{})
}

func (c *conn) empty() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.full)
	c.full = nil
}

// fixture is a table with a connection, and scopes as a Gateway has them.
type fixture struct {
	*table
	conn              *conn
	root              scope
	session, other    scope
	handle, neighbour scope // both within session
}

func newFixture(t *testing.T, timeout time.Duration) *fixture {
	t.Helper()
	f := &fixture{table: calls.New[string](timeout), conn: new(conn)}
	f.session, f.other = f.root.Within(), f.root.Within()
	f.handle, f.neighbour = f.session.Within(), f.session.Within()
	if !f.Up(&f.root, f.conn) {
		t.Fatal("Up refused the connection")
	}
	return f
}

// begin enters a call of a scope.
func (f *fixture) begin(t *testing.T, s *scope) *call {
	t.Helper()
	c := f.NewCall()
	if _, _, err := f.Begin(t.Context(), c, s, 1); err != nil {
		t.Fatal(err)
	}
	return c
}

// wait returns what Wait returns, which must have something to return already.
func (f *fixture) wait(c *call) (replied bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return f.Wait(ctx, c)
}

func always(*call) bool { return true }

var (
	errEnd  = errors.New("the end")
	errHeld = errors.New("held")
)

// Every call has a number of its own, which is never 0 and never used again.
func TestNumbers(t *testing.T) {
	f := newFixture(t, 0)
	seen := map[uint64]bool{0: true}
	for range 100 {
		c := f.begin(t, &f.handle)
		if seen[c.Number()] {
			t.Fatalf("number %d again", c.Number())
		}
		seen[c.Number()] = true
		f.Finish(f.Take(c.Number(), always), nil)
		if _, err := f.wait(c); err != nil {
			t.Fatal(err)
		}
		f.Free(c)
	}
}

// A call that is used again remembers nothing of its former use.
func TestFreedCallIsZero(t *testing.T) {
	f := newFixture(t, 0)
	c := f.begin(t, &f.handle)
	c.Request, c.Keep, c.Outlives = "secret", true, true
	f.Finish(f.Take(c.Number(), always), nil)
	_, _ = f.wait(c)
	f.Free(c)
	if c.Request != "" || c.Keep || c.Outlives || c.Number() != 0 || c.Nobody() {
		t.Errorf("%+v is left", c)
	}
}

// A reply ends its call and no other. A reply that does not match ends none.
func TestReplyEndsItsCall(t *testing.T) {
	f := newFixture(t, 0)
	first, second := f.begin(t, &f.handle), f.begin(t, &f.handle)
	if c := f.Take(second.Number(), func(*call) bool { return false }); c != nil || f.Len() != 2 {
		t.Errorf("a reply that does not match took %v", c)
	}
	if c := f.Take(99, always); c != nil {
		t.Errorf("an unknown number took %v", c)
	}
	refused := errors.New("refused")
	f.Finish(f.Take(second.Number(), always), refused)
	if replied, err := f.wait(second); !replied || err != refused {
		t.Errorf("got %v, %v", replied, err)
	}
	if f.Take(second.Number(), always) != nil {
		t.Error("the second reply took the call again")
	}
	if f.Len() != 1 || f.Take(first.Number(), always) != first {
		t.Error("the other call is gone")
	}
}

// Begin reports whether other calls wait for their replies.
func TestCrowd(t *testing.T) {
	f := newFixture(t, 0)
	for i := range 3 {
		if _, crowd, err := f.Begin(t.Context(), f.NewCall(), &f.root, 1); err != nil || crowd != (i > 0) {
			t.Errorf("call %d: crowd is %v, error %v", i, crowd, err)
		}
	}
}

// The end of its context ends a call, with the context's cause. The reply counts
// nevertheless if the call is kept.
func TestContextEndsACall(t *testing.T) {
	for _, keep := range []bool{false, true} {
		f := newFixture(t, 0)
		c := f.begin(t, &f.handle)
		c.Keep = keep
		number := c.Number()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errEnd)
		replied, err := f.Wait(ctx, c)
		if replied || !errors.Is(err, context.Canceled) || !errors.Is(err, errEnd) {
			t.Errorf("got %v, %v", replied, err)
		}
		late := f.Take(number, always)
		if (late != nil) != keep {
			t.Fatalf("keep %v: the late reply finds %v", keep, late)
		}
		if late != nil {
			if !late.Nobody() {
				t.Error("somebody is said to wait")
			}
			f.Finish(late, nil) // does not block
		}
		if _, _, err := f.Begin(ctx, f.NewCall(), &f.handle, 1); !errors.Is(err, context.Canceled) || f.Len() != 0 {
			t.Errorf("Begin with a context that has ended: %v", err)
		}
	}
}

// A reply that was found at the moment at which the context ends counts: the
// caller waits until it is accepted.
func TestReplyAtTheEndOfAContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 0)
		c := f.begin(t, &f.handle)
		taken := f.Take(c.Number(), always)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		time.AfterFunc(time.Second, func() { f.Finish(taken, errEnd) })
		if replied, err := f.Wait(ctx, c); !replied || err != errEnd {
			t.Errorf("got %v, %v", replied, err)
		}
	})
}

// The timeout of the table bounds calls whose context has no deadline, while
// they wait to be sent as well, and no others.
func TestTimeout(t *testing.T) {
	const timeout = 10 * time.Second
	tests := []struct {
		name              string
		timeout, deadline time.Duration
		hold              bool
		want              time.Duration
	}{
		{"no deadline", timeout, 0, false, timeout},
		{"no deadline, held", timeout, 0, true, timeout},
		{"longer deadline", timeout, time.Minute, false, time.Minute},
		{"longer deadline, held", timeout, time.Minute, true, time.Minute},
		{"no timeout", 0, time.Hour, false, time.Hour},
		{"negative timeout", -1, time.Hour, false, time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, test.timeout)
				if test.hold {
					f.Hold(&f.session, errHeld)
				}
				ctx := t.Context()
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				start := time.Now()
				c := f.NewCall()
				_, _, err := f.Begin(ctx, c, &f.handle, 1)
				if err == nil {
					_, err = f.Wait(ctx, c)
				}
				if took := time.Since(start); took != test.want || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v after %v", err, took)
				}
				if errors.Is(err, errHeld) != test.hold {
					t.Errorf("%v does not say what the call waited for", err)
				}
			})
		})
	}
}

// A call waits as long as its session or its connection is held, or the
// connection has no room, and not longer.
func TestBeginWaits(t *testing.T) {
	tests := map[string]struct{ hold, release func(*fixture) }{
		"session held": {
			func(f *fixture) { f.Hold(&f.session, errHeld) },
			func(f *fixture) { f.Release(&f.session) },
		},
		"no connection": {
			func(f *fixture) { f.Down(&f.root, errHeld) },
			func(f *fixture) { f.Up(&f.root, f.conn) },
		},
		"no room": {
			func(f *fixture) { f.conn.fill() },
			func(f *fixture) { f.conn.empty() },
		},
		"one after the other": {
			func(f *fixture) { f.Hold(&f.session, errHeld); f.Down(&f.root, errHeld) },
			func(f *fixture) { f.Up(&f.root, f.conn); synctest.Wait(); f.Release(&f.session) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, 0)
				test.hold(f)
				began := false
				go func() {
					conn, _, err := f.Begin(t.Context(), f.NewCall(), &f.handle, 7)
					if err != nil || conn != f.conn {
						t.Errorf("got %v, %v", conn, err)
					}
					began = true
				}()
				synctest.Wait()
				if began || f.Len() != 0 {
					t.Error("the call did not wait")
				}
				test.release(f)
				synctest.Wait()
				if !began || f.Len() != 1 || f.conn.bytes != 7 {
					t.Errorf("began %v, %d calls, %d bytes claimed", began, f.Len(), f.conn.bytes)
				}
			})
		})
	}
}

// A call that waits is told by its error what it waited for: the connection
// rather than the session, if both are held.
func TestBeginSaysWhatItWaitedFor(t *testing.T) {
	f := newFixture(t, 0)
	errLost := errors.New("lost")
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	f.Hold(&f.session, errHeld)
	f.Down(&f.root, errLost)
	if _, _, err := f.Begin(ctx, f.NewCall(), &f.handle, 1); !errors.Is(err, errLost) || errors.Is(err, errHeld) {
		t.Errorf("got %v", err)
	}
	f.Up(&f.root, f.conn)
	f.Release(&f.session)
	f.conn.fill()
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := f.Begin(ctx, f.NewCall(), &f.handle, 1); err == nil || !strings.Contains(err.Error(), "does not read") {
		t.Errorf("got %v", err)
	}
}

// The end of a scope wakes the calls that wait to be sent.
func TestEndWakesWaitingCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 0)
		f.Hold(&f.session, errHeld)
		var got error
		go func() { _, _, got = f.Begin(t.Context(), f.NewCall(), &f.handle, 1) }()
		synctest.Wait()
		f.End(&f.session, errEnd)
		synctest.Wait()
		if got != errEnd {
			t.Errorf("got %v", got)
		}
	})
}

// The end of a scope ends its own calls and those of the scopes within. A call
// that outlives its handle is not ended by the end of that.
func TestEndTakesItsOwnCalls(t *testing.T) {
	const handle, outliving, neighbour, session, other, root = "handle", "outliving", "neighbour", "session", "other", "root"
	tests := []struct {
		name  string
		end   func(*fixture) *scope
		takes []string
	}{
		{"handle", func(f *fixture) *scope { return &f.handle }, []string{handle}},
		{"neighbour", func(f *fixture) *scope { return &f.neighbour }, []string{neighbour}},
		{"session", func(f *fixture) *scope { return &f.session }, []string{handle, outliving, neighbour, session}},
		{"other", func(f *fixture) *scope { return &f.other }, []string{other}},
		{"root", func(f *fixture) *scope { return &f.root }, []string{handle, outliving, neighbour, session, other, root}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, 0)
			made := map[string]*call{
				handle: f.begin(t, &f.handle), outliving: f.begin(t, &f.handle), neighbour: f.begin(t, &f.neighbour),
				session: f.begin(t, &f.session), other: f.begin(t, &f.other), root: f.begin(t, &f.root),
			}
			made[outliving].Outlives = true
			if !f.End(test.end(f), errEnd) {
				t.Fatal("End did nothing")
			}
			for _, name := range test.takes {
				if replied, err := f.wait(made[name]); !replied || err != errEnd {
					t.Errorf("%s: got %v, %v", name, replied, err)
				}
				delete(made, name)
			}
			if f.Len() != len(made) {
				t.Errorf("%d calls are left, want %d", f.Len(), len(made))
			}
			for name, c := range made {
				if f.Take(c.Number(), always) != c {
					t.Errorf("%s has ended as well", name)
				}
			}
		})
	}
}

// The end of a session finds the calls that are left, in whatever order others
// have been replied to.
func TestEndTakesWhatIsLeft(t *testing.T) {
	for order := range 4 * 4 * 4 {
		taken := [3]int{order % 4, order / 4 % 4, order / 16}
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, 0)
			var made [4]*call
			want := [4]error{errEnd, errEnd, errEnd, errEnd}
			for i := range made {
				made[i] = f.begin(t, &f.handle)
			}
			for _, i := range taken {
				if f.Take(made[i].Number(), always) != nil {
					want[i] = nil
				}
			}
			f.End(&f.session, errEnd)
			for i, c := range made {
				if want[i] == nil {
					f.Finish(c, nil) // blocks if the session has ended it as well
				}
				if _, err := f.wait(c); err != want[i] {
					t.Errorf("after the replies to %v call %d ended with %v", taken, i, err)
				}
			}
		})
	}
}

// A scope ends once. What is within it has ended then, with the same error
// unless it had ended before.
func TestScopeEndsOnce(t *testing.T) {
	f := newFixture(t, 0)
	before := f.Done(&f.session)
	if f.Err(&f.session) != nil {
		t.Error("the session has an error before its end")
	}
	errHandle := errors.New("detached")
	if !f.End(&f.handle, errHandle) || !f.End(&f.session, errEnd) || f.End(&f.session, errHeld) {
		t.Error("End reports the wrong thing")
	}
	for name, done := range map[string]<-chan struct{}{
		"before the end": before, "before and after": f.Done(&f.session), "after the end": f.Done(&f.handle),
	} {
		select {
		case <-done:
		default:
			t.Errorf("Done, asked for %s, is open", name)
		}
	}
	for s, want := range map[*scope]error{&f.session: errEnd, &f.handle: errHandle, &f.neighbour: errEnd, &f.other: nil, &f.root: nil} {
		if got := f.Err(s); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		_, _, err := f.Begin(t.Context(), f.NewCall(), s, 1)
		if err != want {
			t.Errorf("Begin returned %v, want %v", err, want)
		}
	}
	if f.Hold(&f.session, errHeld) || f.Held(&f.session) {
		t.Error("a session that has ended can be held")
	}
}

// A lost connection fails the calls in the table. Up lets the others go on,
// unless all has ended.
func TestDown(t *testing.T) {
	f := newFixture(t, 0)
	c := f.begin(t, &f.handle)
	posted := f.NewCall()
	if conn, _ := f.Post(posted, &f.session, 1); conn == nil {
		t.Fatal("not posted")
	}
	f.Down(&f.root, errHeld)
	if replied, err := f.wait(c); !replied || err != errHeld {
		t.Errorf("got %v, %v", replied, err)
	}
	if f.Len() != 0 || f.Conn() != nil || f.ConnFor(&f.session) != nil {
		t.Error("something of the connection is left")
	}
	next := new(conn)
	if !f.Up(&f.root, next) || f.Conn() != calls.Conn(next) {
		t.Error("the next connection is not used")
	}
	f.Down(&f.root, errHeld)
	f.End(&f.root, errEnd)
	if f.Up(&f.root, next) {
		t.Error("Up after the end")
	}
}

// Hold holds once; Release ends it.
func TestHold(t *testing.T) {
	f := newFixture(t, 0)
	if !f.Hold(&f.session, errHeld) || f.Hold(&f.session, errHeld) || !f.Held(&f.session) || f.Held(&f.other) {
		t.Error("the session is not held once")
	}
	if f.ConnFor(&f.handle) != nil || f.ConnFor(&f.other) == nil {
		t.Error("ConnFor does not heed the hold")
	}
	f.Release(&f.session)
	f.Release(&f.session) // does nothing
	if f.Held(&f.session) || f.ConnFor(&f.handle) == nil {
		t.Error("the session is held still")
	}
}

// Post enters a call without waiting, in a session that is held too, and not
// without a connection with room.
func TestPost(t *testing.T) {
	f := newFixture(t, 0)
	post := func() bool { conn, _ := f.Post(f.NewCall(), &f.session, 1); return conn != nil }
	f.Hold(&f.session, errHeld)
	if !post() || f.Len() != 1 {
		t.Error("not posted in a session that is held")
	}
	if c := f.Take(1, always); c == nil || !c.Nobody() {
		t.Error("somebody is said to wait")
	}
	f.conn.fill()
	if post() {
		t.Error("posted without room")
	}
	f.conn.empty()
	f.Down(&f.root, errHeld)
	if post() {
		t.Error("posted without a connection")
	}
	f.Up(&f.root, f.conn)
	f.End(&f.session, errEnd)
	if post() || f.Len() != 0 {
		t.Error("posted in a session that has ended")
	}
}

// A call that nobody waits for is forgotten after ten to eleven minutes; one
// that somebody waits for is not.
func TestForgetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 0)
		giveUp := func() {
			c := f.begin(t, &f.session)
			c.Keep = true
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _ = f.Wait(ctx, c)
		}
		patient := f.begin(t, &f.handle)
		giveUp()
		time.Sleep(5 * time.Minute)
		giveUp()
		for _, test := range []struct {
			after time.Duration
			left  int
		}{{4*time.Minute + 59*time.Second, 3}, {time.Minute + time.Second, 2}, {3*time.Minute + 58*time.Second, 2}, {2 * time.Minute, 1}, {time.Hour, 1}} {
			time.Sleep(test.after)
			synctest.Wait()
			if f.Len() != test.left {
				t.Errorf("%d calls are left, want %d", f.Len(), test.left)
			}
		}
		giveUp() // the sweep begins again
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if f.Len() != 1 || f.Take(patient.Number(), always) != patient {
			t.Errorf("%d calls are left, want the one that is waited for", f.Len())
		}
	})
}

// Nothing is left to be forgotten of a table that was emptied.
func TestEndStopsForgetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 0)
		if conn, _ := f.Post(f.NewCall(), &f.session, 1); conn == nil {
			t.Fatal("not posted")
		}
		f.Down(&f.root, errHeld)
		f.Up(&f.root, f.conn)
		time.Sleep(5 * time.Minute)
		if conn, _ := f.Post(f.NewCall(), &f.session, 1); conn == nil {
			t.Fatal("not posted")
		}
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		if f.Len() != 1 {
			t.Error("forgotten too early: the sweep of the call before went on")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if f.Len() != 0 {
			t.Error("not forgotten")
		}
	})
}

// Replies, contexts, outages and ends may come at the same moment: every call
// returns once, with its own reply or an error, and nothing is left.
func TestRace(t *testing.T) {
	f := newFixture(t, 0)
	numbers := make(chan uint64, 1000)
	var callers, peers sync.WaitGroup
	peers.Go(func() { // replies to what it is told, and to what does not exist
		for n := range numbers {
			if c := f.Take(n, always); c != nil {
				c.Request += " answered"
				f.Finish(c, nil)
			}
			f.Take(n+1_000_000, always)
		}
	})
	stop := make(chan struct{})
	peers.Go(func() { // loses the connection and restores it, ends sessions
		for {
			select {
			case <-stop:
				return
			default:
				f.Down(&f.root, errHeld)
				f.Up(&f.root, f.conn)
				passing := f.root.Within()
				f.End(&passing, errEnd)
			}
		}
	})
	for range 16 {
		callers.Go(func() {
			for i := range 300 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%7)*50*time.Microsecond+time.Microsecond)
				c := f.NewCall()
				c.Request, c.Keep = "mine", i%2 == 0
				if _, _, err := f.Begin(ctx, c, &f.handle, 1); err != nil {
					f.Free(c)
				} else {
					numbers <- c.Number()
					replied, err := f.Wait(ctx, c)
					if replied && err == nil && c.Request != "mine answered" {
						t.Errorf("got the reply to %q", c.Request)
					}
					if replied {
						f.Free(c)
					}
				}
				cancel()
			}
		})
	}
	callers.Wait()
	close(numbers)
	close(stop)
	peers.Wait()
	f.End(&f.root, errEnd)
	if f.Len() != 0 {
		t.Errorf("%d calls are left", f.Len())
	}
}
