package queue

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
	"weak"
)

type overflow int

// unread collects what a group reports as dropped.
type unread struct {
	mu    sync.Mutex
	total int
}

func (u *unread) add(n int) {
	if n <= 0 {
		panic("reported although nothing was dropped")
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.total += n
}

func (u *unread) get() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.total
}

// newGroup returns a group whose queues hold at most limit messages, and the
// number of messages that it reports as unread.
func newGroup(limit int) (*Group, *unread) {
	u := new(unread)
	return &Group{
		Limit:    limit,
		Overflow: func(n int) interface{} { return overflow(n) },
		Unread:   u.add,
	}, u
}

// capacity is that of the channels.
const capacity = 2

// open returns a queue of g.
func open(g *Group) *Queue {
	q := new(Queue)
	q.Init(make(chan interface{}, capacity), g, Tag{})
	return q
}

// openParked returns a queue of g with messages 0 to n, which is parked.
func openParked(t *testing.T, g *Group, n int) *Queue {
	t.Helper()
	q := open(g)
	push(t, q, 0, n)
	settle()
	return q
}

// settle lets all movers end whose readers are absent.
func settle() {
	time.Sleep(2 * readerPause)
	synctest.Wait()
}

// useProbes makes queues of g be parked as soon as their channels are full, until
// free is called.
func useProbes(g *Group) (free func()) {
	for g.startProbe() {
	}
	return func() {
		for range maxProbes {
			g.endProbe()
		}
	}
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

// read reads messages from to to of an open queue.
func read(t *testing.T, q *Queue, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if m := <-q.ch; m != i {
			t.Fatalf("got %v, want %d", m, i)
		}
	}
}

// assertIdle checks that nothing is left of the queues of g.
func assertIdle(t *testing.T, g *Group) {
	t.Helper()
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.parked != nil {
		t.Errorf("%d queues are parked", len(g.parked))
	}
	if g.probes != 0 {
		t.Errorf("%d probes have not ended", g.probes)
	}
	if g.timer != nil && g.timer.Stop() {
		t.Error("a timer runs although no queue is parked")
	}
}

func TestOrderForLateReader(t *testing.T) {
	g, _ := newGroup(1000)
	q := open(g)
	push(t, q, 0, 500)
	q.Close()
	if q.Push(500) {
		t.Error("push after close succeeded")
	}
	q.Close()
	wantRange(t, collect(q.ch), 0, 500)
}

func TestOrderForReaderOfAnySpeed(t *testing.T) {
	g, _ := newGroup(100_000)
	q := open(g)
	go func() {
		for i := range 50_000 {
			q.Push(i)
		}
		q.Close()
	}()
	wantRange(t, collect(q.ch), 0, 50_000)
}

func TestCloseOfIdleQueue(t *testing.T) {
	g, _ := newGroup(1)
	q := open(g)
	q.Close()
	if got := collect(q.ch); got != nil {
		t.Fatalf("got %v", got)
	}
}

// Many handles are idle, so their queues must be small.
func TestSize(t *testing.T) {
	if size := unsafe.Sizeof(Queue{}); unsafe.Sizeof(uintptr(0)) == 8 && size > 40 {
		t.Errorf("a Queue has %d bytes, want 40 at most", size)
	}
}

func TestNoAllocationWhileThereIsRoom(t *testing.T) {
	g, _ := newGroup(1)
	q := open(g)
	var m interface{} = "message"
	allocs := testing.AllocsPerRun(1000, func() {
		q.Push(m)
		<-q.ch
	})
	if allocs != 0 {
		t.Errorf("%v allocations a message", allocs)
	}
}

// The oldest messages are dropped, except those in the channel and the first
// one behind it, and an overflow message takes their place.
func TestOverflowInPlace(t *testing.T) {
	for name, wait := range map[string]func(){
		"while the mover waits": synctest.Wait,
		"while parked":          settle,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, _ := newGroup(10)
				q := open(g)
				push(t, q, 0, 3)
				wait()
				push(t, q, 3, 50)
				q.Close()
				got := collect(q.ch)
				wantRange(t, got[:3], 0, 3)
				if got[3] != overflow(50-3-10) {
					t.Fatalf("got %v in the place of the gap, want 37 lost", got[3])
				}
				wantRange(t, got[4:], 40, 50)
				assertIdle(t, g)
			})
		})
	}
}

// A parked queue counts all losses in one gap together, also when the reader
// has come near to it.
func TestOneOverflowMessageForEachGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(5)
		q := openParked(t, g, 10) // 0, 1; 2; 2 lost; 5 to 9
		read(t, q, 0, 1)
		settle()           // 1, 2; 2 lost; 5 to 9
		push(t, q, 10, 13) // 1, 2; 5 lost; 8 to 12
		read(t, q, 1, 3)
		if m := <-q.ch; m != overflow(5) {
			t.Fatalf("got %v, want 5 lost", m)
		}
		read(t, q, 8, 13)
		q.Close()
		assertIdle(t, g)
	})
}

// Messages that are lost while an overflow message is being sent are reported
// by another one.
func TestOverflowWhileOverflowIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(5)
		q := open(g)
		push(t, q, 0, 10) // 0, 1; 2; 2 lost; 5 to 9
		synctest.Wait()
		read(t, q, 0, 1)
		synctest.Wait() // the mover blocks on the overflow message
		push(t, q, 10, 13)
		read(t, q, 1, 3)
		if m := <-q.ch; m != overflow(2) {
			t.Fatalf("got %v, want 2 lost", m)
		}
		if m := <-q.ch; m != overflow(3) {
			t.Fatalf("got %v, want 3 lost", m)
		}
		read(t, q, 8, 13)
		q.Close()
		assertIdle(t, g)
	})
}

// A mover whose reader stays away in front of an overflow message leaves it to
// be counted on.
func TestOverflowMessageThatCouldNotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(5)
		q := open(g)
		push(t, q, 0, 10) // 0, 1; 2; 2 lost; 5 to 9
		synctest.Wait()
		read(t, q, 0, 1)
		settle()
		push(t, q, 10, 13)
		read(t, q, 1, 3)
		if m := <-q.ch; m != overflow(5) {
			t.Fatalf("got %v, want 5 lost", m)
		}
		read(t, q, 8, 13)
	})
}

// Many unread queues hold no goroutine, open or closed, and few when they all
// fill up at once. Late readers get everything in order.
func TestUnreadQueuesHoldNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queues, messages = 10_000, 20
		g, lost := newGroup(messages)
		before := goroutines()
		var all []*Queue
		for range queues {
			all = append(all, open(g))
		}
		for _, q := range all {
			push(t, q, 0, messages)
		}
		if n := goroutines() - before; n != maxProbes {
			t.Errorf("%d goroutines for messages that come at once, want %d", n, maxProbes)
		}
		settle()
		assertGoroutines(t, before)
		for i := range all {
			if i%2 == 0 {
				all[i].Close()
			}
		}
		synctest.Wait()
		assertGoroutines(t, before)

		var readers sync.WaitGroup
		for _, i := range rand.Perm(queues) {
			readers.Go(func() { readToEnd(t, all[i], messages, func() {}) })
		}
		time.Sleep(time.Second)
		for i := range all {
			all[i].Close()
		}
		readers.Wait()
		assertIdle(t, g)
		assertGoroutines(t, before)
		if lost.get() != 0 {
			t.Errorf("%d messages dropped", lost.get())
		}
	})
}

// goroutines returns the number of goroutines of tests with synctest. Unlike
// runtime.NumGoroutine it does not count those that are just ending.
func goroutines() int {
	for buf := make([]byte, 1<<20); ; buf = make([]byte, 2*len(buf)) {
		if n := runtime.Stack(buf, true); n < len(buf) {
			return bytes.Count(buf[:n], []byte(", synctest bubble "))
		}
	}
}

func assertGoroutines(t *testing.T, want int) {
	t.Helper()
	if n := goroutines(); n != want {
		t.Errorf("%d goroutines, want %d", n, want)
	}
}

// Movers that have seen their reader read do not keep others from waiting for
// theirs.
func TestProbesEndWithTheFirstRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(100)
		var all []*Queue
		for range maxProbes {
			q := open(g)
			push(t, q, 0, 10)
			synctest.Wait() // the mover blocks
			read(t, q, 0, 1)
			all = append(all, q)
		}
		synctest.Wait()
		g.mu.Lock()
		if g.probes != 0 {
			t.Errorf("%d probes for readers that read", g.probes)
		}
		g.mu.Unlock()
		for _, q := range all {
			read(t, q, 1, 10)
		}
		assertIdle(t, g)
	})
}

// A reader that comes when the mover has just been started gets everything from
// it at once.
func TestMoverThatFindsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(100)
		q := open(g)
		push(t, q, 0, 2*capacity)
		read(t, q, 0, capacity) // the mover may not have run
		synctest.Wait()
		read(t, q, capacity, 2*capacity)
		assertIdle(t, g)
	})
}

// The reader of a parked queue waits for one sweep, and from then on not at all,
// even if it is so slow that it loses its mover.
func TestReaderThatComesBack(t *testing.T) {
	for name, pace := range map[string]time.Duration{
		"fast": 0, "steady": time.Millisecond, "slow": readerPause - time.Millisecond, "slower": readerPause + 5*time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 500
				g, _ := newGroup(n)
				q := openParked(t, g, n)
				start := time.Now()
				for i := range n {
					time.Sleep(pace)
					read(t, q, i, i+1)
				}
				if late := time.Since(start) - n*pace; late > maxSweep {
					t.Errorf("the reader has waited for %v", late)
				}
				q.Close()
				assertIdle(t, g)
			})
		})
	}
}

// A reader that is slower than the sweeps is served by them, without a mover.
func TestNoMoverWhileTheReaderHasMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 100
		g, _ := newGroup(n)
		before := goroutines()
		q := openParked(t, g, n)
		for i := range n {
			if len(q.ch) == 0 {
				t.Fatal("the reader has to wait")
			}
			read(t, q, i, i+1)
			time.Sleep(2 * minSweep)
			synctest.Wait()
			assertGoroutines(t, before)
		}
		assertIdle(t, g)
	})
}

// Push does not leave a reader that is back to the next sweep.
func TestPushResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(100)
		q := openParked(t, g, 20)
		start := time.Now()
		read(t, q, 0, capacity)
		push(t, q, 20, 21)
		read(t, q, capacity, 21)
		if late := time.Since(start); late > 0 {
			t.Errorf("the reader has waited for %v", late)
		}
		assertIdle(t, g)
	})
}

// The time between sweeps grows with the number of parked queues.
func TestSweepsOfManyAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queues = 30_000
		want := queues * sweepPerQueue
		if want <= minSweep {
			t.Fatal("too few queues for the test")
		}
		g, _ := newGroup(100)
		var all []*Queue
		for range queues {
			all = append(all, open(g))
			push(t, all[len(all)-1], 0, capacity+1)
		}
		time.Sleep(time.Second)
		// Each read ends with a sweep.
		read(t, all[0], 0, capacity+1)
		start := time.Now()
		read(t, all[1], 0, capacity+1)
		if d := time.Since(start); d.Round(time.Millisecond) != want {
			t.Errorf("%v between two sweeps, want %v", d, want)
		}
		for _, q := range all[2:] {
			read(t, q, 0, 1)
		}
		time.Sleep(want)
		assertIdle(t, g)
	})
}

// Sweeps become rare while nobody reads, until another queue is parked.
func TestSweepsThatFindNobodyAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(100)
		q := openParked(t, g, 10)
		time.Sleep(time.Minute)
		synctest.Wait()
		g.mu.Lock()
		if g.pause != maxSweep {
			t.Errorf("%v between two sweeps, want %v", g.pause, maxSweep)
		}
		g.mu.Unlock()
		free := useProbes(g)
		other := open(g)
		push(t, other, 0, 10)
		start := time.Now()
		read(t, other, 0, 10)
		if late := time.Since(start); late > minSweep {
			t.Errorf("the reader has waited for %v", late)
		}
		free()
		start = time.Now()
		read(t, q, 0, 10)
		if late := time.Since(start); late > maxSweep {
			t.Errorf("the reader has waited for %v", late)
		}
		assertIdle(t, g)
	})
}

// Queues that are being parked do not put off the sweeps.
func TestParkingDelaysNoSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(100)
		free := useProbes(g)
		q := open(g)
		push(t, q, 0, 10)
		start := time.Now()
		go func() {
			for range 10 {
				time.Sleep(minSweep / 2)
				other := open(g)
				push(t, other, 0, 10)
				other.Close()
			}
		}()
		read(t, q, 0, 10)
		if late := time.Since(start); late > minSweep {
			t.Errorf("the reader has waited for %v", late)
		}
		time.Sleep(2 * keepUnread)
		free()
		assertIdle(t, g)
	})
}

// Nothing expires while a queue is open.
func TestUnreadMessagesOfOpenQueueAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, lost := newGroup(100)
		q := openParked(t, g, 50)
		time.Sleep(2 * keepUnread)
		q.Close()
		wantRange(t, collect(q.ch), 0, 50)
		assertIdle(t, g)
		if lost.get() != 0 {
			t.Errorf("%d messages dropped", lost.get())
		}
	})
}

// After Close nothing expires as long as somebody reads once in keepUnread, be
// it with a mover or without.
func TestSlowReaderAfterCloseGetsEverything(t *testing.T) {
	for name, batch := range map[string]int{"one by one": 1, "all at once": capacity} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, lost := newGroup(100)
				q := openParked(t, g, 20)
				q.Close()
				for i := 0; i < 20; i += batch {
					read(t, q, i, i+batch)
					time.Sleep(keepUnread - time.Second)
				}
				if got := collect(q.ch); got != nil {
					t.Errorf("then came %v", got)
				}
				assertIdle(t, g)
				if lost.get() != 0 {
					t.Errorf("%d messages dropped", lost.get())
				}
			})
		})
	}
}

// keepUnread after Close the messages of an absent reader are dropped and
// counted, the lost ones included.
func TestAbsentReaderIsGivenUp(t *testing.T) {
	for name, closeQueue := range map[string]func(t *testing.T, q *Queue){
		"closed while the mover waits": func(t *testing.T, q *Queue) { q.Close() },
		"closed while parked":          func(t *testing.T, q *Queue) { settle(); q.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, lost := newGroup(30)
				q := open(g)
				push(t, q, 0, 50)
				closeQueue(t, q)
				time.Sleep(keepUnread - time.Second)
				if lost.get() != 0 {
					t.Fatal("dropped too early")
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if n := lost.get(); n != 50-capacity {
					t.Errorf("%d messages reported as unread, want %d", n, 50-capacity)
				}
				assertIdle(t, g)
				wantRange(t, collect(q.ch), 0, capacity)
			})
		})
	}
}

// The count is exact for many queues, and readers that are there lose nothing.
func TestUnreadCountOfManyQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, lost := newGroup(10)
		want := 0
		present := make(map[*Queue]int) // to its number of messages
		for i := range 1000 {
			q := open(g)
			n := i % 20
			push(t, q, 0, n)
			q.Close()
			if i%5 == 0 && n <= 10 {
				present[q] = n
			} else {
				want += max(0, n-capacity)
			}
		}
		time.Sleep(keepUnread / 2)
		for q, n := range present {
			wantRange(t, collect(q.ch), 0, n)
		}
		time.Sleep(keepUnread)
		synctest.Wait()
		if n := lost.get(); n != want {
			t.Errorf("%d messages reported as unread, want %d", n, want)
		}
		assertIdle(t, g)
	})
}

// A sweep may find that a queue is no longer parked.
func TestRevisitOfQueueThatIsNotParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(100)
		late := time.Now().Add(time.Hour)
		q := openParked(t, g, 2*capacity)
		other := openParked(t, g, 2*capacity)
		read(t, q, 0, capacity)
		push(t, q, 2*capacity, 3*capacity) // starts a mover
		synctest.Wait()
		q.revisit(late)
		read(t, q, capacity, 3*capacity)
		synctest.Wait()
		q.revisit(late)
		read(t, other, 0, 2*capacity)
		assertIdle(t, g)
	})
}

// A sweep may come after a Push that has used the room.
func TestRevisitOfQueueThatIsFullAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, lost := newGroup(100)
		q := openParked(t, g, 10)
		q.revisit(time.Now())
		read(t, q, 0, 1)
		push(t, q, 10, 11)
		q.revisit(time.Now())
		read(t, q, 1, 11)
		assertIdle(t, g)
		if lost.get() != 0 {
			t.Errorf("%d messages dropped", lost.get())
		}
	})
}

// A sweep does not lock queues that need nothing.
func TestSweepVisitsOnlyWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(100)
		back, closed := openParked(t, g, 10), openParked(t, g, 10)
		openParked(t, g, 10)
		closed.Close()
		now := time.Now()
		if due := g.due(now); due != nil {
			t.Errorf("%d queues are due, want none", len(due))
		}
		read(t, back, 0, 1)
		if due := g.due(now); len(due) != 1 || due[0] != back {
			t.Errorf("%d queues are due, want the one that is read", len(due))
		}
		if due := g.due(now.Add(keepUnread)); len(due) != 2 {
			t.Errorf("%d queues are due, want the one that is read and the closed one", len(due))
		}
	})
}

// A message that is no longer in the queue is not referenced by it.
func TestMessagesCanBeCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type message struct{ text string }
		g, _ := newGroup(10)
		q := open(g)
		var gone []weak.Pointer[message]
		for i := range 20 { // 0, 1; 2; 7 lost; 10 to 19
			m := &message{"text"}
			q.Push(m)
			if i < 15 {
				gone = append(gone, weak.Make(m))
			}
		}
		settle()
		for range 9 { // 14 is the last, one is the overflow message
			<-q.ch
			settle()
		}
		runtime.GC()
		for i, p := range gone {
			if p.Value() != nil {
				t.Errorf("message %d is still referenced", i)
			}
		}
		q.Close()
		if got := collect(q.ch); len(got) != 5 {
			t.Errorf("%d messages were left, want 5", len(got))
		}
	})
}

// A group keeps no queue that is not parked, even if others are.
func TestDrainedQueuesCanBeCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGroup(100)
		var drained []weak.Pointer[Queue]
		drain := func(q *Queue) {
			q.Close()
			collect(q.ch)
			synctest.Wait()
			drained = append(drained, weak.Make(q))
		}
		before, between := openParked(t, g, 10), openParked(t, g, 10)
		after := openParked(t, g, 10)
		drain(after)
		drain(before)
		before, after = nil, nil
		runtime.GC()
		for i, p := range drained {
			if p.Value() != nil {
				t.Errorf("queue %d is still referenced", i)
			}
		}
		read(t, between, 0, 10)
		assertIdle(t, g)
	})
}

// Several goroutines may push: the reader, and timers that end a handle.
func TestConcurrentPushAndClose(t *testing.T) {
	g, _ := newGroup(100_000)
	q := open(g)
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
	if got := collect(q.ch); len(got) != 20_000 {
		t.Fatalf("%d messages, want 20000", len(got))
	}
}

// Queues of one group with readers of all kinds deliver every message in order
// or count it as lost.
func TestReadersOfAllKinds(t *testing.T) {
	const queues, messages = 200, 2000
	g, _ := newGroup(messages / 4)
	pauses := []func(){
		func() {},
		runtime.Gosched,
		func() { time.Sleep(rand.N(50 * time.Microsecond)) },
		func() {
			if rand.N(200) == 0 {
				time.Sleep(rand.N(3 * readerPause))
			}
		},
	}
	var all sync.WaitGroup
	for i := range queues {
		q := open(g)
		all.Go(func() {
			for n := range messages {
				q.Push(n)
				if rand.N(100) == 0 {
					time.Sleep(rand.N(time.Millisecond))
				}
			}
			q.Close()
		})
		all.Go(func() {
			if i%5 == 4 {
				time.Sleep(rand.N(20 * readerPause)) // late
			}
			readToEnd(t, q, messages, pauses[i%len(pauses)])
		})
	}
	all.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.parked) != 0 {
		t.Errorf("%d queues are parked", len(g.parked))
	}
}

// readToEnd checks that the messages of a closed queue are complete.
func readToEnd(t *testing.T, q *Queue, messages int, pause func()) {
	next := 0
	for m := range q.ch {
		if n, ok := m.(overflow); ok {
			next += int(n)
		} else if m == next {
			next++
		} else {
			t.Errorf("got %v, want %d", m, next)
			return
		}
		pause()
	}
	if next != messages {
		t.Errorf("the channel has ended after %d messages of %d", next, messages)
	}
}

func BenchmarkPush(b *testing.B) {
	g, _ := newGroup(1)
	q := open(g)
	var m interface{} = "message"
	b.ReportAllocs()
	for b.Loop() {
		q.Push(m)
		<-q.ch
	}
}

// BenchmarkFlood pushes to a reader that is never waited for.
func BenchmarkFlood(b *testing.B) {
	g, _ := newGroup(b.N + 1)
	q := open(g)
	var m interface{} = "message"
	b.ReportAllocs()
	go func() {
		for range b.N {
			q.Push(m)
		}
		q.Close()
	}()
	n := 0
	for range q.ch {
		n++
	}
	if n != b.N {
		b.Fatalf("%d of %d messages", n, b.N)
	}
}

// BenchmarkSweep looks at 100,000 parked queues.
func BenchmarkSweep(b *testing.B) {
	g, _ := newGroup(1)
	for range 100_000 {
		q := open(g)
		for range capacity + 1 {
			q.Push(0)
		}
	}
	time.Sleep(2 * readerPause)
	g.timer.Stop()
	for b.Loop() {
		if due := g.due(time.Now()); due != nil {
			b.Fatal("a reader has come")
		}
	}
}
