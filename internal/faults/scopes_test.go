package faults

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

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
func TestEndOfRootEndsHeldCalls(t *testing.T) {
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
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
	})
}

// The end of a session ends calls of it that wait for a peer that does not read.
func TestEndOfSessionEndsCallsWithoutRoom(t *testing.T) {
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
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
	})
}

// BenchmarkDetaches measures the detach of many handles of one session at once.
// The time for each should not depend on their number.
func BenchmarkDetaches(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 40_000} {
		b.Run(fmt.Sprintf("handles=%d", n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
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
						b.Fatal(err)
					}
					detaches[i] = c
				}
				b.StartTimer()
				for i, c := range detaches {
					taken := table.Take(c.Number(), func(*waiting.Call[int]) bool { return true })
					table.End(&handles[i], errEnd)
					table.Finish(taken, nil)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/handle")
		})
	}
}
