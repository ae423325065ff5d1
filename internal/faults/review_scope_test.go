package faults

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	waiting "github.com/cameronelliott/janus-go/internal/calls"
)

// fullConn has room for nothing while room is not nil.
type fullConn struct{ room chan struct{} }

func (c *fullConn) Claim(int) <-chan struct{} {
	if c.room == nil {
		return nil
	}
	return c.room
}
func (c *fullConn) Settle(int)               {}
func (c *fullConn) Write([]byte, bool) error { return nil }

// begin begins a call of a scope in the background.
func begin(table *waiting.Table[int], scope *waiting.Scope[int]) <-chan error {
	failed := make(chan error, 1)
	go func() {
		_, _, err := table.Begin(context.Background(), table.NewCall(), scope, 1)
		failed <- err
	}()
	return failed
}

var errEnd = errors.New("the end")

// The end of the connection's scope ends calls that wait for their session to be
// claimed.
func TestReviewEndOfRootEndsHeldCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := waiting.New[int](0)
		var root waiting.Scope[int]
		session := root.Within()
		table.Up(&root, &fullConn{})
		table.Hold(&session, errors.New("not claimed"))
		failed := begin(table, &session)
		synctest.Wait()
		table.End(&root, errEnd)
		synctest.Wait()
		select {
		case err := <-failed:
			if !errors.Is(err, errEnd) {
				t.Error(err)
			}
		default:
			t.Error("a call waits on after the end of the connection")
			table.Release(&session) // so that the bubble ends
			<-failed
		}
	})
}

// The end of a session ends calls of it that wait for a peer that does not read.
func TestReviewEndOfSessionEndsCallsWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := waiting.New[int](0)
		var root waiting.Scope[int]
		session := root.Within()
		conn := &fullConn{room: make(chan struct{})}
		table.Up(&root, conn)
		failed := begin(table, &session)
		synctest.Wait()
		table.End(&session, errEnd)
		synctest.Wait()
		select {
		case err := <-failed:
			if !errors.Is(err, errEnd) {
				t.Error(err)
			}
		default:
			t.Error("a call waits on after the end of its session")
			close(conn.room)
			<-failed
		}
	})
}

// Many handles of one session that are detached at the same time do not cost the
// square of their number: each End must not search the calls of all others. The
// bound is on a ratio, which is about 4 for a cost in proportion and 16 or more
// for a square.
func TestReviewDetachesAreNotQuadratic(t *testing.T) {
	took := func(n int) time.Duration {
		table := waiting.New[int](0)
		var root waiting.Scope[int]
		table.Up(&root, &fullConn{})
		session := root.Within()
		handles := make([]waiting.Scope[int], n)
		detaches := make([]*waiting.Call[int], n)
		for i := range n {
			handles[i] = session.Within()
			c := table.NewCall()
			c.Keep, c.Outlives = true, true
			if _, _, err := table.Begin(context.Background(), c, &handles[i], 1); err != nil {
				t.Fatal(err)
			}
			detaches[i] = c
		}
		began := time.Now()
		for i, c := range detaches {
			taken := table.Take(c.Number(), func(*waiting.Call[int]) bool { return true })
			table.End(&handles[i], errEnd)
			table.Finish(taken, nil)
		}
		return time.Since(began)
	}
	const n = 5000
	few := min(took(n), took(n), took(n))
	many := took(4 * n)
	t.Logf("%d detaches: %v; %d: %v", n, few, 4*n, many)
	if many > 12*few {
		t.Errorf("%d detaches at once take %v, and four times as many %v", n, few, many)
	}
}
