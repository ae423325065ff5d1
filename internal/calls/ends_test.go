package calls

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// roomyConn is a connection that always has room.
type roomyConn struct{ settled int }

func (c *roomyConn) Claim(int) <-chan struct{} { return nil }
func (c *roomyConn) Settle(n int)              { c.settled += n }
func (c *roomyConn) Write([]byte, bool) error  { return nil }

// setup is a table with a connection, a session in it and two handles.
type setup struct {
	*Table[int]
	conn *roomyConn
	root Scope[int]

	session, handle, neighbor Scope[int]
	otherSession, otherHandle Scope[int]
}

func newSetup(t *testing.T, timeout time.Duration) *setup {
	t.Helper()
	f := &setup{Table: New[int](timeout), conn: new(roomyConn)}
	f.session, f.otherSession = f.root.Within(), f.root.Within()
	f.handle, f.neighbor = f.session.Within(), f.session.Within()
	f.otherHandle = f.otherSession.Within()
	if !f.Up(&f.root, f.conn) {
		t.Fatal("a new table takes no connection")
	}
	return f
}

// begin enters a call, which must succeed.
func (f *setup) begin(t *testing.T, ctx context.Context, s *Scope[int]) *Call[int] {
	t.Helper()
	c := f.NewCall()
	if _, _, err := f.Begin(ctx, c, s, 1); err != nil {
		t.Fatal(err)
	}
	return c
}

// answer ends a call as a reply does.
func (f *setup) answer(t *testing.T, c *Call[int], err error) {
	t.Helper()
	taken := f.Take(c.Number(), func(*Call[int]) bool { return true })
	if taken != c {
		t.Fatal("the call is not in the table")
	}
	f.Finish(taken, err)
}

// The error of a call names why its context ended, and matches the context's
// error and its cause, before the call is sent and after.
func TestCauseOfTheContext(t *testing.T) {
	errOwn := errors.New("the user hung up")
	errWrapped := fmt.Errorf("the shop closes: %w", context.Canceled)
	for name, test := range map[string]struct {
		cause error
		want  []error
		text  string
	}{
		"none":    {nil, []error{context.Canceled}, "context canceled"},
		"own":     {errOwn, []error{context.Canceled, errOwn}, "the user hung up"},
		"wrapped": {errWrapped, []error{context.Canceled, errWrapped}, "the shop closes"},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(what string, err error) {
				t.Helper()
				for _, want := range test.want {
					if !errors.Is(err, want) {
						t.Errorf("%s: %v does not match %v", what, err, want)
					}
				}
				if err != nil && !strings.Contains(err.Error(), test.text) {
					t.Errorf("%s: %v does not say %q", what, err, test.text)
				}
			}
			f := newSetup(t, 0)
			ctx, cancel := context.WithCancelCause(t.Context())
			sent := f.begin(t, ctx, &f.handle)
			cancel(test.cause)
			replied, err := f.Wait(ctx, sent)
			if replied {
				t.Error("a call that was not answered counts as replied")
			}
			check("sent", err)
			_, _, err = f.Begin(ctx, f.NewCall(), &f.handle, 1)
			check("not sent", err)
			if n := f.Len(); n != 0 {
				t.Errorf("%d calls are in the table", n)
			}
		})
	}
}

// The time of a call without a deadline does not end the next use of its memory.
func TestTimerOfAFreedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSetup(t, 10*time.Second)
		c := f.begin(t, t.Context(), &f.handle)
		f.answer(t, c, nil)
		if _, err := f.Wait(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		f.Free(c)
		*c = Call[int]{done: c.done, timer: c.timer} // as the pool may return it
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, _, err := f.Begin(ctx, c, &f.handle, 1); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := f.Wait(ctx, c)
		if took := time.Since(began); took != time.Hour || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the next call ended after %v: %v", took, err)
		}
	})
}

// A deadline of the context's own counts, also if it is later than the table's.
func TestOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSetup(t, 10*time.Second)
		for _, timeout := range []time.Duration{time.Second, time.Minute} {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			began := time.Now()
			if _, err := f.Wait(ctx, f.begin(t, ctx, &f.session)); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if took := time.Since(began); took != timeout {
				t.Errorf("a call with %v took %v", timeout, took)
			}
			cancel()
		}
	})
}

// Post enters nothing into a scope that has ended, or without a connection, and
// what it enters is forgotten.
func TestPostedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSetup(t, 0)
		f.Hold(&f.session, errors.New("held"))
		if conn, _ := f.Post(f.NewCall(), &f.session, 1); conn == nil || f.Len() != 1 {
			t.Errorf("Post to a held scope: %v, %d calls", conn, f.Len())
		}
		time.Sleep(forgetAfter + sweepEvery)
		synctest.Wait()
		if n := f.Len(); n != 0 {
			t.Errorf("%d posted calls are never forgotten", n)
		}
		f.End(&f.session, errors.New("ended"))
		if conn, _ := f.Post(f.NewCall(), &f.session, 1); conn != nil || f.Len() != 0 {
			t.Errorf("Post to an ended scope: %v, %d calls", conn, f.Len())
		}
		f.Down(&f.root, errors.New("down"))
		if conn, _ := f.Post(f.NewCall(), &f.otherSession, 1); conn != nil || f.Len() != 0 {
			t.Errorf("Post without a connection: %v, %d calls", conn, f.Len())
		}
	})
}

// An abandoned call is kept, is not waited for by anybody, and its reply can be
// finished without a reader. The end of the table forgets it.
func TestAbandonedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSetup(t, 0)
		abandon := func(s *Scope[int]) *Call[int] {
			ctx, cancel := context.WithCancel(t.Context())
			c := f.NewCall()
			c.Keep = true
			if _, _, err := f.Begin(ctx, c, s, 1); err != nil {
				t.Fatal(err)
			}
			cancel()
			_, _ = f.Wait(ctx, c)
			return c
		}
		c := abandon(&f.session)
		if !c.Nobody() || f.Len() != 1 {
			t.Errorf("nobody waits: %t; %d calls", c.Nobody(), f.Len())
		}
		f.answer(t, c, nil)
		select {
		case err := <-c.done:
			t.Errorf("an abandoned call is told %v", err)
		default:
		}

		first := abandon(&f.session)
		abandon(&f.handle)
		waiting := f.begin(t, t.Context(), &f.handle)
		end := errors.New("ended")
		f.End(&f.session, end)
		if _, err := f.Wait(t.Context(), waiting); err != end {
			t.Errorf("a waiting call got %v", err)
		}
		if f.Len() != 0 || len(first.done) != 0 {
			t.Errorf("%d calls are left; an abandoned one was told %d values", f.Len(), len(first.done))
		}

		last := abandon(&f.otherSession)
		f.End(&f.root, end)
		if f.Len() != 0 || len(last.done) != 0 || f.sweep != nil {
			t.Errorf("after the end: %d calls, %d values, a sweep: %t", f.Len(), len(last.done), f.sweep != nil)
		}
		time.Sleep(2 * forgetAfter) // a sweep that was not stopped would be met here
	})
}

// A sweep leaves alone what somebody waits for and what is not due, and comes
// back for it.
func TestSweepLeavesOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSetup(t, 0)
		waiting := f.begin(t, t.Context(), &f.handle)
		post := func() {
			if conn, _ := f.Post(f.NewCall(), &f.session, 1); conn == nil {
				t.Fatal("not posted")
			}
		}
		post()
		time.Sleep(forgetAfter / 2)
		post()
		time.Sleep(forgetAfter/2 + time.Second)
		if n := f.Len(); n != 2 {
			t.Errorf("%d calls after the first sweep, want the one that waits and the younger one", n)
		}
		time.Sleep(forgetAfter/2 + sweepEvery)
		if n := f.Len(); n != 1 || f.sweep != nil {
			t.Errorf("%d calls after all sweeps; another is set: %t", n, f.sweep != nil)
		}
		f.answer(t, waiting, nil)
	})
}

// The end of a scope ends its own calls and no others, and a call that outlives
// its handle ends with the session.
func TestEndOfAScope(t *testing.T) {
	f := newSetup(t, 0)
	mine := f.begin(t, t.Context(), &f.handle)
	outliving := f.NewCall()
	outliving.Outlives = true
	if _, _, err := f.Begin(t.Context(), outliving, &f.handle, 1); err != nil {
		t.Fatal(err)
	}
	neighbor := f.begin(t, t.Context(), &f.neighbor)
	own := f.begin(t, t.Context(), &f.session)
	other := f.begin(t, t.Context(), &f.otherHandle)
	ended := func(c *Call[int], want error) {
		t.Helper()
		select {
		case err := <-c.done:
			if err != want {
				t.Errorf("a call ended with %v, want %v", err, want)
			}
		default:
			if want != nil {
				t.Errorf("a call did not end")
			}
		}
	}
	first, second := errors.New("first"), errors.New("second")
	done, again := f.Done(&f.handle), f.Done(&f.handle)
	if !f.End(&f.handle, first) || f.End(&f.handle, second) {
		t.Error("a scope ends once")
	}
	<-done
	<-again
	<-f.Done(&f.handle) // now that it has ended
	ended(mine, first)
	ended(outliving, nil)
	ended(neighbor, nil)
	ended(own, nil)
	ended(other, nil)
	if !f.End(&f.session, second) {
		t.Error("the session had ended")
	}
	ended(outliving, second)
	ended(neighbor, second)
	ended(own, second)
	ended(other, nil)
	if err := f.Err(&f.handle); err != first {
		t.Errorf("the handle's error is %v", err)
	}
	if err := f.Err(&f.neighbor); err != second {
		t.Errorf("the neighbor's error is %v", err)
	}
	f.answer(t, other, nil)
	if n := f.Len(); n != 0 || f.session.first != nil || f.otherSession.first != nil {
		t.Errorf("%d calls are left", n)
	}
}

// Calls of a session that is held wait for its release, for its end or for the
// end of all; those of others do not wait.
func TestHeldScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSetup(t, 0)
		why, end := errors.New("held"), errors.New("ended")
		if !f.Hold(&f.session, why) || f.Hold(&f.session, why) {
			t.Error("a scope is held once")
		}
		if !f.Held(&f.session) || f.Held(&f.handle) || f.Held(&f.otherSession) {
			t.Error("Held is wrong")
		}
		f.Down(&f.root, why)
		waits := make(chan error, 1)
		go func() {
			_, _, err := f.Begin(t.Context(), f.NewCall(), &f.otherSession, 1)
			waits <- err
		}()
		synctest.Wait()
		f.Down(&f.root, why) // again, without a connection in between
		if f.Held(&f.otherSession) || !f.Up(&f.root, f.conn) {
			t.Error("a session is held with the root, or the root takes no connection")
		}
		if err := <-waits; err != nil {
			t.Error(err)
		}
		if f.ConnFor(&f.handle) != nil || f.ConnFor(&f.otherSession) == nil {
			t.Error("ConnFor is wrong")
		}
		f.begin(t, t.Context(), &f.otherHandle)
		begin := func(s *Scope[int]) chan error {
			result := make(chan error, 1)
			go func() {
				_, _, err := f.Begin(t.Context(), f.NewCall(), s, 1)
				result <- err
			}()
			synctest.Wait()
			return result
		}
		waits = begin(&f.handle)
		select {
		case err := <-waits:
			t.Fatalf("a call of a held scope did not wait: %v", err)
		default:
		}
		f.Release(&f.session)
		if err := <-waits; err != nil {
			t.Error(err)
		}
		if f.Held(&f.session) || !f.Hold(&f.session, why) {
			t.Error("a scope that was released cannot be held again")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := f.Begin(ctx, f.NewCall(), &f.session, 1)
		if !errors.Is(err, why) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		waits = begin(&f.handle)
		f.End(&f.session, end)
		if err := <-waits; err != end {
			t.Errorf("the end of a held session released its call with %v", err)
		}
		if f.Hold(&f.session, why) || f.ConnFor(&f.session) != nil {
			t.Error("a session that has ended is held, or served")
		}
		f.Down(&f.root, why)
		waits = begin(&f.otherHandle)
		f.End(&f.root, end)
		if err := <-waits; err != end {
			t.Errorf("the end of all released a call with %v", err)
		}
		if f.Up(&f.root, f.conn) {
			t.Error("a table that has ended takes a connection")
		}
	})
}
