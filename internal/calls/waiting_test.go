package calls_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A call that waits for room ends with its handle, its session and its connection.
func TestEndOfAnyScopeWakesAWaitingCall(t *testing.T) {
	for name, which := range map[string]func(*fixture) *scope{
		"handle":     func(f *fixture) *scope { return &f.handle },
		"session":    func(f *fixture) *scope { return &f.session },
		"connection": func(f *fixture) *scope { return &f.root },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, 0)
				f.conn.fill()
				ended := make(chan error, 1)
				go func() {
					_, _, err := f.Begin(t.Context(), f.NewCall(), &f.handle, 1)
					ended <- err
				}()
				synctest.Wait()
				f.End(which(f), errEnd)
				synctest.Wait()
				select {
				case err := <-ended:
					if err != errEnd {
						t.Errorf("it ended with %v", err)
					}
				default:
					t.Error("it still waits")
					f.conn.empty()
				}
			})
		})
	}
}

// A scope that has ended is not held any more.
func TestEndReleases(t *testing.T) {
	f := newFixture(t, 0)
	f.Hold(&f.session, errHeld)
	f.End(&f.session, errEnd)
	if f.Held(&f.session) {
		t.Error("still held")
	}
}

// Forget removes a posted call, and no call that somebody waits for.
func TestForget(t *testing.T) {
	f := newFixture(t, 0)
	if f.Forget(5); f.Len() != 0 {
		t.Error("an unknown number")
	}
	_, number := f.Post(f.NewCall(), &f.session, 1)
	if number == 0 || f.Len() != 1 {
		t.Fatalf("number %d, %d calls", number, f.Len())
	}
	if f.Forget(number); f.Len() != 0 {
		t.Error("the posted call is still there")
	}
	c := f.begin(t, &f.handle)
	if f.Forget(c.Number()); f.Len() != 1 {
		t.Error("a call that somebody waits for was forgotten")
	}
}

// Await returns when the last call that matches has left the table, however it left,
// or when its context ends.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 0)
		first, second := f.begin(t, &f.handle), f.begin(t, &f.handle)
		other := f.begin(t, &f.other)
		mine := func(c *call) bool { return c != other }

		returned := false
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		f.Await(ctx, mine)
		if took := time.Since(start); took != time.Second {
			t.Errorf("Await returned after %v, its context ended after a second", took)
		}

		go func() { f.Await(t.Context(), mine); returned = true }()
		synctest.Wait()
		f.Finish(f.Take(first.Number(), always), nil)
		if synctest.Wait(); returned {
			t.Error("Await returned although a call waits")
		}
		f.End(&f.handle, errEnd)
		if synctest.Wait(); !returned {
			t.Error("Await did not return")
		}
		_, _ = f.wait(second)
		f.Await(t.Context(), mine) // returns at once
	})
}

// A call may wait for longer than the hour that its timer is made with.
func TestLongWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 0)
		c := f.begin(t, &f.handle)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		start := time.Now()
		if _, err := f.Wait(ctx, c); err == nil || time.Since(start) != 3*time.Hour {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
