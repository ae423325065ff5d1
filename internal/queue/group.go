package queue

import (
	"sync"
	"time"
)

const (
	// minSweep and maxSweep are the least and the greatest time between two sweeps
	// over a few parked queues. It doubles with every sweep that finds no reader.
	minSweep = 10 * time.Millisecond
	maxSweep = 100 * time.Millisecond

	// sweepPerQueue is the least time between two sweeps for each parked queue.
	// Looking at one takes about 15 ns, so that sweeps over many cost less than
	// one percent of a core.
	sweepPerQueue = 2 * time.Microsecond

	// maxProbes is how many movers of a group may at the same time wait for
	// readers that have not been seen to read. It bounds the goroutines when a
	// message to each of many unread queues arrives at once.
	maxProbes = 64
)

// Group holds what many queues have in common. Its exported fields must be set
// before the first queue is used. It must not be copied.
type Group struct {
	// Limit is how many messages may wait behind a full channel. It must be
	// positive.
	Limit int
	// Overflow returns the message that reports n lost messages. It must not use
	// the queue.
	Overflow func(n int) interface{}
	// Pushed, if not nil, is called after each Push that reports true, with the
	// depth of the queue and with the message that was dropped, which is nil if
	// none was. It may be called concurrently.
	Pushed func(tag Tag, m, dropped interface{}, depth int)
	// Unread is called with the number of messages that were dropped because
	// nobody has read them for keepUnread after Close.
	Unread func(n int)

	mu     sync.Mutex // may be acquired while Queue.mu is held, not the reverse
	parked []parked
	timer  *time.Timer   // starts the next sweep; runs only while queues are parked
	next   time.Time     // time of the next sweep
	pause  time.Duration // between minSweep and maxSweep
	probes int

	tags sync.Map // from the *Queues that are open to their Tags; empty without Pushed
}

// Tag says whose queue it is.
type Tag struct {
	Session, Handle uint64
	Plugin          string
}

// parked is a queue with a backlog that has no mover.
type parked struct {
	q       *Queue
	ch      chan interface{} // q.ch, so that a sweep need not load q
	expires time.Time        // zero until the queue is closed
}

// park adds q, whose place is then valid until unpark.
func (g *Group) park(q *Queue, closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	q.place = int32(len(g.parked))
	g.parked = append(g.parked, parked{q: q, ch: q.ch})
	if closed {
		g.parked[q.place].expires = now.Add(keepUnread)
	}
	// Its reader may be back soon.
	g.pause = minSweep
	if at := now.Add(g.interval()); len(g.parked) == 1 || at.Before(g.next) {
		g.schedule(at)
	}
}

// unpark removes q.
func (g *Group) unpark(q *Queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	last := len(g.parked) - 1
	moved := g.parked[last]
	g.parked[q.place] = moved
	moved.q.place = q.place
	g.parked[last] = parked{}
	g.parked = g.parked[:last]
	if last == 0 {
		g.parked = nil
		g.timer.Stop()
	}
}

// expireLater gives the reader of q, which is parked and closed, another
// keepUnread.
func (g *Group) expireLater(q *Queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.parked[q.place].expires = time.Now().Add(keepUnread)
}

// expired reports whether the messages of q, which is parked, have expired.
func (g *Group) expired(q *Queue, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.parked[q.place].expired(now)
}

func (p *parked) expired(now time.Time) bool {
	return !p.expires.IsZero() && !now.Before(p.expires)
}

// interval returns the time between two sweeps. g.mu is held.
func (g *Group) interval() time.Duration {
	return max(g.pause, time.Duration(len(g.parked))*sweepPerQueue)
}

// schedule sets the time of the next sweep. g.mu is held.
func (g *Group) schedule(at time.Time) {
	g.next = at
	if g.timer == nil {
		g.timer = time.AfterFunc(time.Until(at), g.sweep)
	} else {
		g.timer.Reset(time.Until(at))
	}
}

// sweep revisits the parked queues whose readers are back or whose messages
// have expired.
func (g *Group) sweep() {
	now := time.Now()
	due := g.due(now)
	dropped := 0
	for _, q := range due {
		dropped += q.revisit(now)
	}
	if dropped > 0 {
		g.Unread(dropped)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pause = min(2*g.pause, maxSweep)
	if len(due) > 0 {
		g.pause = minSweep
	}
	if len(g.parked) > 0 {
		g.schedule(time.Now().Add(g.interval()))
	}
}

// due returns the parked queues that need a visit.
func (g *Group) due(now time.Time) []*Queue {
	g.mu.Lock()
	defer g.mu.Unlock()
	var due []*Queue
	for i := range g.parked {
		p := &g.parked[i]
		if len(p.ch) < cap(p.ch) || p.expired(now) {
			due = append(due, p.q)
		}
	}
	return due
}

// startProbe reports whether a mover may wait for a reader that has not been
// seen to read. If so, endProbe must follow.
func (g *Group) startProbe() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.probes == maxProbes {
		return false
	}
	g.probes++
	return true
}

// endProbe is called when the reader has read or the mover ends.
func (g *Group) endProbe() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probes--
}
