// Package contest holds what all contenders of the benchmarks have in common:
// the work that they are given and the way in which a round of it is measured.
package contest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// The plugins that contenders attach to.
const (
	EchoTest  = "janus.plugin.echotest"
	VideoRoom = "janus.plugin.videoroom"
)

// The requests that make the scripted server send events.
const (
	Stream = "stream" // the reply, and then Events events to the first Handles handles, at random
	Burst  = "burst"  // one event to each handle in To, and then the reply
)

// Body is the body of a message that asks the scripted server for events.
type Body struct {
	Request string   `json:"request"`
	Events  int      `json:"events,omitempty"`
	Handles int      `json:"handles,omitempty"`
	To      []uint64 `json:"to,omitempty"`
}

// Message is the body of the small message that contenders send. Janus's
// EchoTest answers it with an event that says as little.
type Message struct {
	Audio bool `json:"audio"`
}

// ErrNoHandle is asking for events without a handle.
var ErrNoHandle = errors.New("no handle is attached")

// Client is a contender that is connected to a server and has a session there.
type Client interface {
	// KeepAlives makes n keepalive requests, inFlight at a time.
	KeepAlives(n, inFlight int) error

	// Messages sends n small messages, inFlight at a time, and waits for the
	// event that answers each.
	Messages(n, inFlight int) error

	// Attach attaches n more handles whose events are read as they come if read
	// is set, and are not read at all otherwise.
	Attach(n int, read bool) error

	// Stream has the server stream events to as many handles as given, and
	// returns when all events were read.
	Stream(events, handles int) error

	// Route has the server send events to handles chosen at random, whose events
	// are not read as they come, and reads them in bursts.
	Route(events int) error

	// Close ends the connection.
	Close() error
}

// Keeper is a contender that keeps sessions alive by itself.
type Keeper interface {
	// Keep makes n sessions more on a connection of its own, where all are kept
	// alive, and counts goroutines.
	Keep(url string, n int) (Kept, error)
}

// Creator is a contender that can have many sessions.
type Creator interface {
	// Create creates n more sessions, which stay until Close.
	Create(n int) error
}

// Kept is what keeping sessions alive takes.
type Kept struct {
	KeepAlives int `json:"keepAlives"` // that the server got
	Library    int `json:"library"`    // goroutines of the library
	Websocket  int `json:"websocket"`  // goroutines of nhooyr.io/websocket
	Others     int `json:"others"`     // more goroutines than without the connection
}

// Dial connects a contender: a websocket and a session over it.
type Dial func(ctx context.Context, url string) (Client, error)

// attachesAtOnce is how many handles are attached at the same time.
const attachesAtOnce = 64

// Attach calls attach n times, many at once. What is attached may also be
// sessions.
func Attach(n int, attach func() error) error { return Spread(n, attachesAtOnce, attach) }

// Shuffle puts handles into an order that has nothing to do with that in which
// they were attached, and so with where they are in memory.
func Shuffle[T any](handles []T) {
	rand.Shuffle(len(handles), func(i, j int) { handles[i], handles[j] = handles[j], handles[i] })
}

// Spread calls f n times from inFlight goroutines and returns the first error.
func Spread(n, inFlight int, f func() error) error {
	if inFlight == 1 {
		for range n {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	}
	var (
		wait sync.WaitGroup
		left atomic.Int64
		once sync.Once
		err  error
	)
	left.Store(int64(n))
	for range min(n, inFlight) {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				if e := f(); e != nil {
					once.Do(func() { err = e })
					return
				}
			}
		})
	}
	wait.Wait()
	return err
}

// burstSize is how many events one burst has: few enough for the channels of ten
// handles.
const burstSize = 80

// Bursts yields bursts of as many handles as there are to be events, by their
// index of n: one after the other, since clients shuffle their handles.
func Bursts(events, n int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		start := rand.IntN(n)
		burst := make([]int, 0, burstSize)
		for i := range events {
			burst = append(burst, (start+i)%n)
			if len(burst) == burstSize || i == events-1 {
				if !yield(burst) {
					return
				}
				burst = burst[:0]
			}
		}
	}
}

// streamTimeout is how long a stream of events may take.
const streamTimeout = time.Minute

// Countdown tells when all the events of a stream were read.
type Countdown struct {
	left atomic.Int64
	done chan struct{}
}

// NewCountdown returns a countdown that has ended.
func NewCountdown() *Countdown { return &Countdown{done: make(chan struct{}, 1)} }

// Start begins to count n events.
func (c *Countdown) Start(n int) { c.left.Store(int64(n)) }

// Read counts one event that was read.
func (c *Countdown) Read() {
	if c.left.Add(-1) == 0 {
		c.done <- struct{}{}
	}
}

// Wait returns when all events were read.
func (c *Countdown) Wait() error {
	select {
	case <-c.done:
		return nil
	case <-time.After(streamTimeout):
		return fmt.Errorf("%d events were not delivered within %v", c.left.Load(), streamTimeout)
	}
}
