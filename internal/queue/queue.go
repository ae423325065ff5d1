// Package queue is the ordered, bounded queue behind an Events channel.
//
// A message goes straight into the channel while there is room. Once the
// channel is full, messages wait in a backlog that a goroutine moves into the
// channel; the goroutine is there only while there is a backlog, so an idle
// queue costs none. A full backlog loses its oldest messages and says so in
// their place.
package queue

import (
	"sync"
	"time"
)

// After Close nobody may be left to read. What is still undelivered then waits
// without a goroutine: a timer looks every pollInterval whether there is room,
// for as long as the reader makes progress at least once in keepUnread.
const (
	readerPause  = 20 * time.Millisecond
	pollInterval = 50 * time.Millisecond
	keepUnread   = time.Minute
)

// Queue delivers what is pushed, in order, into one channel. Init must be
// called before anything else; every other method may then be called
// concurrently.
type Queue struct {
	ch    chan interface{}
	hooks *Hooks

	mu      sync.Mutex
	limit   int32
	moving  bool // a goroutine, Push or a timer is moving messages into ch
	closed  bool
	backlog *backlog // nil while nothing waits
}

// Hooks are what a queue needs from its owner; one value serves many queues.
type Hooks struct {
	// Overflow makes the message that tells the reader of n lost messages.
	Overflow func(n int) interface{}
	// Unread is told how many messages nobody came to read after Close.
	Unread func(n int)
}

// backlog holds what waits behind the channel. Its fields are guarded by
// Queue.mu.
type backlog struct {
	waiting []interface{}
	dropped int           // lost right before waiting[0]
	closing chan struct{} // closed by Close: a blocked mover looks up
	idle    time.Duration // how long nobody has read since Close
}

// Init makes q deliver into ch and lets at most limit messages wait behind it.
func (q *Queue) Init(ch chan interface{}, limit int, hooks *Hooks) {
	q.ch, q.limit, q.hooks = ch, int32(limit), hooks
}

// Push delivers m after everything pushed before it. It never blocks. It
// reports false, and does nothing, once the queue is closed.
func (q *Queue) Push(m interface{}) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	if q.moving {
		q.wait(m)
		q.mu.Unlock()
		return true
	}
	q.moving = true
	q.mu.Unlock()

	select {
	case q.ch <- m:
		q.settle()
	default:
		go q.move(m)
	}
	return true
}

// Close closes the channel behind its last message. It may be called twice.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	if !q.moving {
		close(q.ch)
	} else if q.backlog != nil {
		close(q.backlog.closing)
	}
}

// wait puts m behind everything else that waits. q.mu is held.
func (q *Queue) wait(m interface{}) {
	b := q.needBacklog()
	if len(b.waiting) >= int(q.limit) {
		b.waiting[0] = nil
		b.waiting = b.waiting[1:]
		b.dropped++
	}
	b.waiting = append(b.waiting, m)
}

// needBacklog returns the backlog, made on first use. q.mu is held.
func (q *Queue) needBacklog() *backlog {
	if q.backlog == nil {
		q.backlog = &backlog{closing: make(chan struct{})}
		if q.closed {
			close(q.backlog.closing)
		}
	}
	return q.backlog
}

// settle ends a move that found room for its message, or goes on with what has
// come to wait meanwhile.
func (q *Queue) settle() {
	for m, more := q.next(); more; m, more = q.next() {
		select {
		case q.ch <- m:
		default:
			go q.move(m)
			return
		}
	}
}

// next takes the message to be moved next. Without one, the move is over.
func (q *Queue) next() (interface{}, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.backlog
	switch {
	case b != nil && b.dropped > 0:
		n := b.dropped
		b.dropped = 0
		return q.hooks.Overflow(n), true
	case b != nil && len(b.waiting) > 0:
		m := b.waiting[0]
		b.waiting[0] = nil
		b.waiting = b.waiting[1:]
		return m, true
	}
	q.moving = false
	q.backlog = nil
	if q.closed {
		close(q.ch)
	}
	return nil, false
}

// move puts m and all that waits behind it into the channel as its reader
// makes room.
func (q *Queue) move(m interface{}) {
	q.mu.Lock()
	closing := q.needBacklog().closing
	q.mu.Unlock()
	for more := true; more; m, more = q.next() {
		select {
		case q.ch <- m:
			continue
		case <-closing:
		}
		if !q.offer(m, readerPause) {
			q.pause(m)
			return
		}
	}
}

// offer waits no longer than d for the reader to make room for m.
func (q *Queue) offer(m interface{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case q.ch <- m:
		return true
	case <-timer.C:
		return false
	}
}

// pause keeps a closed queue's undelivered messages, m first, without a
// goroutine until the reader is back or has stayed away for keepUnread.
func (q *Queue) pause(m interface{}) {
	q.mu.Lock()
	b := q.backlog
	b.idle += pollInterval
	if b.idle >= keepUnread {
		n := 1 + len(b.waiting) + b.dropped
		q.backlog, q.moving = nil, false
		close(q.ch)
		q.mu.Unlock()
		q.hooks.Unread(n)
		return
	}
	q.mu.Unlock()

	time.AfterFunc(pollInterval, func() {
		select {
		case q.ch <- m:
		default:
			q.pause(m)
			return
		}
		q.mu.Lock()
		b.idle = 0
		q.mu.Unlock()
		if m, more := q.next(); more {
			q.move(m)
		}
	})
}
