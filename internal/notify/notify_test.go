package notify

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Values arrive in their order, one after the other, although the function is
// slow. Send does not wait for it.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		busy := false
		n := New(func(v int) {
			if busy {
				t.Error("called twice at once")
			}
			busy = true
			time.Sleep(time.Second)
			got = append(got, v)
			busy = false
		})
		start := time.Now()
		for i := range 100 {
			n.Send(i)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("Send waited for %v", took)
		}
		time.Sleep(101 * time.Second)
		n.Send(100) // after a pause, in a new goroutine
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(got) != 101 {
			t.Fatalf("%d values, want 101", len(got))
		}
		for i, v := range got {
			if v != i {
				t.Fatalf("value %d is %d", i, v)
			}
		}
	})
}

// There is no goroutine while nothing waits: the bubble could not end otherwise,
// and memory of what has been sent is released.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(func(int) {})
		for range 3 {
			n.Send(1)
			synctest.Wait()
			if n.calling || n.waiting != nil {
				t.Errorf("calling %v, %d waiting", n.calling, cap(n.waiting))
			}
		}
	})
}

// If the function does not return, the oldest values are dropped beyond the
// limit, and the latest are kept.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var got []int
		n := New(func(v int) {
			<-release
			got = append(got, v)
		})
		n.Send(0)
		synctest.Wait() // the function has it
		for i := 1; i <= limit+10; i++ {
			n.Send(i)
		}
		close(release)
		synctest.Wait()
		if len(got) != limit+1 || got[0] != 0 || got[1] != 11 || got[limit] != limit+10 {
			t.Errorf("%d values: %d, %d … %d", len(got), got[0], got[1], got[len(got)-1])
		}
	})
}

// The function may send, and several goroutines may.
func TestConcurrentSend(t *testing.T) {
	const senders, each = 8, 100 // below the limit
	var n *Notifier[bool]
	count, all := 0, make(chan struct{})
	n = New(func(first bool) {
		if count++; count == 2*senders*each {
			close(all)
		}
		if first {
			n.Send(false)
		}
	})
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for range each / 2 {
				n.Send(true)
				n.Send(true)
			}
		})
	}
	wg.Wait()
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		t.Fatal("not all values have arrived")
	}
}
