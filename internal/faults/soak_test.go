package faults

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// After a million requests, a million events and ten thousand sessions the heap
// and the number of goroutines are what they were before.
func TestSoak(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	// 64 requests at once ask for more events than may wait by default.
	c := connect(t, server.URL, &janus.DialOptions{RequestTimeout: patience, EventBacklog: 1 << 20})
	s := &soak{t: t, c: c}
	session, handle := c.open(t)
	var events atomic.Int64
	consumed := make(chan struct{})
	go func() {
		defer close(consumed)
		for range handle.Events {
			events.Add(1)
		}
	}()

	// What is allocated once, in pools and in the server's log, is there after
	// a first turn. The log keeps 10,000 requests, which the long form fills.
	s.requests(handle, pick(1_000, 12_000))
	s.events(handle, &events, pick(1_000, 10_000))
	s.sessions(pick(20, 500))
	heap, routines := s.settled()

	s.requests(handle, pick(4_000, 1_000_000))
	s.events(handle, &events, pick(4_000, 1_000_000))
	s.sessions(pick(100, 10_000))
	after, left := s.settled()
	t.Logf("heap %s, then %s; goroutines %d, then %d", mib(heap), mib(after), routines, left)
	if after > heap+pick[uint64](8<<20, 4<<20) {
		t.Errorf("the heap grew from %s to %s", mib(heap), mib(after))
	}
	if left > routines {
		t.Errorf("%d goroutines where there were %d:\n%s", left, routines, stacks())
	}
	if n := callsLeft(c.Gateway); n != 0 {
		t.Errorf("%d calls are remembered", n)
	}
	if _, err := session.Destroy(t.Context(), ""); err != nil {
		t.Error(err)
	}
	await(t, "the end of the events", consumed)
}

// soak makes the load of TestSoak.
type soak struct {
	t *testing.T
	c *client
}

// share splits n turns of f among 64 goroutines, and prints how long they took.
func (s *soak) share(what string, n int, f func() error) {
	s.t.Helper()
	began := time.Now()
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if err := f(); err != nil {
					s.t.Errorf("%s: %v", what, err)
					return
				}
			}
		})
	}
	all.Wait() // each call is bounded by its own timeout
	took := time.Since(began)
	s.t.Logf("%d %s in %v, %.1f us each", n, what, took.Round(time.Millisecond), float64(took.Microseconds())/float64(n))
}

func (s *soak) requests(h *janus.Handle, n int) {
	s.share("requests", n, func() error { return of(h.Request(s.t.Context(), "", order{Do: "now"})) })
}

// events has the plugin send events, some hundred with each request.
func (s *soak) events(h *janus.Handle, seen *atomic.Int64, n int) {
	const each = 200
	want := seen.Load() + int64(n)
	s.share("requests for 200 events each", n/each, func() error {
		return of(h.Message(s.t.Context(), "", order{Do: "events", Count: each}, nil))
	})
	for deadline := time.Now().Add(patience); seen.Load() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%d events are missing", want-seen.Load())
		}
	}
}

// sessions opens and closes sessions with a handle each, half of them without
// detaching it.
func (s *soak) sessions(n int) {
	var count atomic.Int64
	s.share("sessions opened and closed", n, func() error {
		ctx := s.t.Context()
		session, err := s.c.Create(ctx, "")
		if err != nil {
			return err
		}
		handle, err := session.Attach(ctx, "", plugin)
		if err != nil {
			return err
		}
		if count.Add(1)%2 == 0 {
			if _, err := handle.Detach(ctx, ""); err != nil {
				return err
			}
		}
		if _, err := session.Destroy(ctx, ""); err != nil {
			return err
		}
		for range handle.Events { // until it closes
		}
		return nil
	})
}

// settled returns the heap and the number of goroutines once that is steady.
func (s *soak) settled() (heap uint64, routines int) {
	s.c.mustLive(s.t)
	routines = runtime.NumGoroutine()
	for steady := 0; steady < 50; steady++ {
		time.Sleep(time.Millisecond) // there is no event for a goroutine's end
		if n := runtime.NumGoroutine(); n != routines {
			routines, steady = n, 0
		}
	}
	return heapInUse(), routines
}
