package faults

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// replyLimit is how long events at full speed may delay a reply.
const replyLimit = 100 * time.Millisecond

// flood is a thousand handles that get events at full speed.
type flood struct {
	server  *stub
	client  *client
	handles []*janus.Handle
	frames  []string // the events, without their number and what follows
	owners  []uint64 // the session of each handle
	rounds  int
	read    atomic.Int64  // bursts that the readers of the first of each chunk have seen
	seen    chan struct{} // when read has changed
}

// Events at full speed to a thousand handles, whose readers are fast, slow,
// late and absent: each handle's are in order and complete, and neither
// replies nor pings are held up.
func TestFlood(t *testing.T) {
	noLeaks(t)
	f := &flood{server: newStub(t, nil), rounds: pick(30, 1000), seen: make(chan struct{}, 1)}
	f.client = connect(t, f.server.URL, &janus.DialOptions{
		PingInterval: 20 * time.Millisecond, PongTimeout: replyLimit + slack,
	})
	for range 10 {
		session := f.client.session(t)
		for range 100 {
			h := attach(t, session)
			f.handles = append(f.handles, h)
			f.owners = append(f.owners, session.ID)
			f.frames = append(f.frames, fmt.Sprintf(
				`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"p","data":{"nonce":`, session.ID, h.ID))
		}
	}
	var readers sync.WaitGroup
	late := make(chan struct{})
	for i, h := range f.handles {
		switch i % 4 {
		case 0: // fast
			readers.Go(func() { f.readAll(t, i, h, 0) })
		case 1: // slow
			readers.Go(func() { f.readAll(t, i, h, 100*time.Microsecond) })
		case 2: // late
			readers.Go(func() {
				<-late
				f.readAll(t, i, h, 0)
			})
		}
	}
	f.whileAsking(t, "while events come", 99, func() {
		began := time.Now()
		f.send(t)
		events := f.rounds * len(f.handles)
		t.Logf("%d events in %v: %.0f a second", events, time.Since(began), float64(events)/time.Since(began).Seconds())
	})
	// Now hundreds of goroutines of the readers' want the processor.
	f.whileAsking(t, "while late readers catch up", 50, func() {
		close(late)
		within(t, "the readers", readers.Wait)
	})
	f.client.mustLive(t)

	// Those that nobody has read so far are there after Close too.
	f.client.end(t)
	var absent sync.WaitGroup
	for i := 3; i < len(f.handles); i += 4 {
		absent.Go(func() { f.readAll(t, i, f.handles[i], 0) })
	}
	within(t, "the readers that were absent", absent.Wait)
	for _, h := range f.handles {
		if left := drain(t, "Handle.Events", h.Events); len(left) != 0 {
			t.Fatalf("%d messages too many", len(left))
		}
	}
}

// A handle gets burst events at a time, and chunk handles get theirs before a
// look at what has been read: the delay of replies is to be measured, not the
// length of the socket.
const (
	burst = 5
	chunk = 20
)

// send sends events round by round. No more than two chunks are on their way.
func (f *flood) send(t *testing.T) {
	chunks := 0
	for round := 0; round < f.rounds; round += burst {
		for i := range f.handles {
			for n := range burst {
				if err := f.server.Send(f.owners[i], fmt.Sprintf("%s%d}}}", f.frames[i], round+n)); err != nil {
					t.Fatal(err)
				}
			}
			if i%chunk != 0 {
				continue
			}
			for chunks++; f.read.Load() < int64(chunks-2); {
				await(t, "a fast reader", f.seen)
			}
		}
	}
}

// readAll reads a handle's events, pausing after each.
func (f *flood) readAll(t *testing.T, i int, h *janus.Handle, pause time.Duration) {
	for want := range f.rounds {
		select {
		case msg := <-h.Events:
			if nonce(msg) != want {
				t.Errorf("event %d of handle %d is %T %d", want, i, msg, nonce(msg))
				return
			}
		case <-time.After(patience):
			t.Errorf("event %d of handle %d does not come", want, i)
			return
		}
		if pause > 0 {
			time.Sleep(pause) // it is a slow reader
		}
		if i%chunk == 0 && want%burst == burst-1 {
			f.read.Add(1)
			select {
			case f.seen <- struct{}{}:
			default:
			}
		}
	}
}

// whileAsking makes calls while it runs do, and checks how long that share of
// their replies takes, in percent.
func (f *flood) whileAsking(t *testing.T, when string, share int, do func()) {
	stop := make(chan struct{})
	var asking sync.WaitGroup
	defer asking.Wait()
	defer close(stop)
	asking.Go(func() { f.ask(t, when, share, stop) })
	do()
}

// ask makes calls until it is stopped. The slowest replies may have waited for
// a processor rather than for the client: they are printed only.
func (f *flood) ask(t *testing.T, when string, share int, stop <-chan struct{}) {
	var took []time.Duration
	for {
		select {
		case <-stop:
			if len(took) == 0 {
				t.Error("no reply came meanwhile")
				return
			}
			slices.Sort(took)
			most := took[len(took)*share/100]
			t.Logf("%d replies %s: half took up to %v, 99 %% up to %v, the last %v",
				len(took), when, took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
			if most > replyLimit+slack {
				t.Errorf("replies took %v, want no more than %v", most, replyLimit)
			}
			return
		default:
		}
		began := time.Now()
		if _, err := f.client.Info(t.Context(), ""); err != nil {
			t.Errorf("info: %v", err)
			return
		}
		took = append(took, time.Since(began))
	}
}
