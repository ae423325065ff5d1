package queue

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type overflow int

// newQueue returns a queue of the given limit and its channel, which holds two.
func newQueue(limit int, unread func(int)) (*Queue, chan interface{}) {
	ch := make(chan interface{}, 2)
	q := new(Queue)
	q.Init(ch, limit, &Hooks{
		Overflow: func(n int) interface{} { return overflow(n) },
		Unread:   unread,
	})
	return q, ch
}

func push(t *testing.T, q *Queue, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if !q.Push(i) {
			t.Fatalf("push %d: queue closed", i)
		}
	}
}

// collect reads ch to its end.
func collect(ch chan interface{}) []interface{} {
	var got []interface{}
	for m := range ch {
		got = append(got, m)
	}
	return got
}

func wantRange(t *testing.T, got []interface{}, from, to int) {
	t.Helper()
	if len(got) != to-from {
		t.Fatalf("%d messages, want %d", len(got), to-from)
	}
	for i, m := range got {
		if m != from+i {
			t.Fatalf("message %d is %v, want %d", i, m, from+i)
		}
	}
}

func TestOrderForLateReader(t *testing.T) {
	q, ch := newQueue(1000, nil)
	push(t, q, 0, 500)
	q.Close()
	if q.Push(500) {
		t.Error("push after close succeeded")
	}
	q.Close()
	wantRange(t, collect(ch), 0, 500)
}

func TestOrderForReaderOfAnySpeed(t *testing.T) {
	q, ch := newQueue(100_000, nil)
	go func() {
		for i := range 50_000 {
			q.Push(i)
		}
		q.Close()
	}()
	wantRange(t, collect(ch), 0, 50_000)
}

func TestCloseOfIdleQueue(t *testing.T) {
	q, ch := newQueue(1, nil)
	q.Close()
	if got := collect(ch); got != nil {
		t.Fatalf("got %v", got)
	}
}

// The oldest messages go, those in the channel and the one on its way into it
// excepted, and their number stands in their place.
func TestOverflowInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, ch := newQueue(10, nil)
		push(t, q, 0, 3)
		synctest.Wait() // two in the channel, one on its way
		push(t, q, 3, 50)
		q.Close()
		got := collect(ch)
		wantRange(t, got[:3], 0, 3)
		if got[3] != overflow(50-3-10) {
			t.Fatalf("got %v in the place of the gap, want 37 lost", got[3])
		}
		wantRange(t, got[4:], 40, 50)
	})
}

func TestNoGoroutineForUnreadMessagesAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, ch := newQueue(100, nil)
		push(t, q, 0, 50)
		q.Close()
		time.Sleep(2 * readerPause)
		synctest.Wait()
		q.mu.Lock()
		idle := q.backlog.idle
		q.mu.Unlock()
		if idle == 0 {
			t.Fatal("the mover still waits for the reader")
		}
		wantRange(t, collect(ch), 0, 50)
	})
}

func TestSlowReaderAfterCloseGetsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, ch := newQueue(100, func(n int) { t.Errorf("%d messages given up", n) })
		push(t, q, 0, 10)
		q.Close()
		var got []interface{}
		for m := range ch {
			got = append(got, m)
			time.Sleep(keepUnread / 2)
		}
		wantRange(t, got, 0, 10)
	})
}

func TestAbsentReaderIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unread := make(chan int, 1)
		q, ch := newQueue(100, func(n int) { unread <- n })
		push(t, q, 0, 50)
		q.Close()
		if n := <-unread; n != 48 {
			t.Errorf("%d messages reported as unread, want 48", n)
		}
		wantRange(t, collect(ch), 0, 2)
	})
}

// Several goroutines may push: the reader, and timers that end a handle.
func TestConcurrentPushAndClose(t *testing.T) {
	q, ch := newQueue(100_000, nil)
	var pushers sync.WaitGroup
	for range 4 {
		pushers.Go(func() {
			for i := range 5000 {
				q.Push(i)
			}
		})
	}
	go func() {
		pushers.Wait()
		q.Close()
	}()
	if got := collect(ch); len(got) != 20_000 {
		t.Fatalf("%d messages, want 20000", len(got))
	}
}
