// Package queue implements the ordered, bounded queue behind an Events channel.
//
// A message is sent straight to the channel while the channel has room. Once it
// is full, messages wait in a backlog. The channel is the user's to read and a
// read cannot be observed, so a goroutine, the mover, blocks on the send of the
// next message. If nobody reads for readerPause, the mover ends and the queue is
// parked in its Group, which looks after all parked queues with a single timer.
// An idle queue and a queue that nobody reads therefore need no goroutine.
package queue

import (
	"sync"
	"time"
)

const (
	// readerPause is how long nobody may read before the mover ends. It may take
	// the mover twice as long to notice.
	readerPause = 20 * time.Millisecond

	// keepUnread is how long a closed queue keeps its messages while nobody
	// reads.
	keepUnread = time.Minute
)

// Queue delivers the messages pushed to it, in order, to one channel. Init must
// be called before any other method; the other methods may then be called
// concurrently.
type Queue struct {
	ch    chan interface{}
	group *Group

	// mu orders the messages, so non-blocking sends on ch are made under it. The
	// mover releases it before it blocks.
	mu      sync.Mutex
	backlog *backlog // nil if all messages have been sent
	closed  bool
	moving  bool // the mover is the only one to send

	place int32 // in group.parked; guarded by group.mu
}

// Init makes q deliver to ch, which must be buffered and must have no other
// sender. group provides the limit and the hooks. tag is passed to them.
func (q *Queue) Init(ch chan interface{}, group *Group, tag Tag) {
	q.ch, q.group = ch, group
	if group.Pushed != nil {
		group.tags.Store(q, tag)
	}
}

// Tag returns the tag of the queue, or the zero value if the queue is closed or
// its group has no use for tags.
func (q *Queue) Tag() Tag {
	tag, _ := q.group.tags.Load(q)
	known, _ := tag.(Tag)
	return known
}

// Push delivers m, which must not be nil, after all messages pushed before. It
// never blocks. It does nothing and reports false if the queue is closed.
func (q *Queue) Push(m interface{}) bool {
	if q.group.Pushed != nil {
		return q.pushTraced(m)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.push(m)
	return ok
}

// pushTraced is Push with a call of Pushed.
func (q *Queue) pushTraced(m interface{}) bool {
	q.mu.Lock()
	tag := q.Tag() // before Close removes it
	dropped, ok := q.push(m)
	depth := len(q.ch)
	if q.backlog != nil {
		depth += q.backlog.len() - q.backlog.lost
	}
	q.mu.Unlock()
	if ok {
		q.group.Pushed(tag, m, dropped, depth)
	}
	return ok
}

// push is Push. It returns the message that was dropped, if one was. q.mu is held.
func (q *Queue) push(m interface{}) (dropped interface{}, ok bool) {
	if q.closed {
		return nil, false
	}
	if q.backlog == nil {
		select {
		case q.ch <- m:
		default:
			q.stall(m)
		}
		return nil, true
	}
	dropped = q.backlog.add(m, q.group.Limit)
	if !q.moving && len(q.ch) < cap(q.ch) {
		q.resume()
	}
	return dropped, true
}

// Close closes the channel after the last message. It may be called repeatedly.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	q.group.tags.Delete(q)
	switch {
	case q.backlog == nil:
		close(q.ch)
	case !q.moving:
		q.group.expireLater(q)
	}
}

// stall begins a backlog with m because ch is full. q.mu is held.
func (q *Queue) stall(m interface{}) {
	q.backlog = &backlog{first: m}
	if q.group.startProbe() {
		q.moving = true
		go q.move(true)
		return
	}
	q.group.park(q, false)
}

// resume continues a parked queue whose channel has room. If the channel was
// empty, its reader may be waiting and gets a mover. Otherwise the reader has
// messages left, and the queue stays parked. q.mu is held.
func (q *Queue) resume() {
	empty := len(q.ch) == 0
	m, _ := q.fill()
	switch {
	case m == nil:
		q.group.unpark(q)
		q.finish()
	case empty:
		q.group.unpark(q)
		q.moving = true
		go q.move(false)
	case q.closed:
		q.group.expireLater(q)
	}
}

// fill sends messages of the backlog until ch is full. It returns the message
// that did not fit and, if that is an overflow message, the number of lost
// messages it reports. It returns nil if the backlog is empty. q.mu is held.
func (q *Queue) fill() (m interface{}, lost int) {
	for {
		m, lost = q.backlog.next(q.group.Overflow)
		if m == nil {
			return nil, 0
		}
		select {
		case q.ch <- m:
			q.backlog.sent(lost)
		default:
			return m, lost
		}
	}
}

// finish ends a backlog. q.mu is held.
func (q *Queue) finish() {
	q.backlog, q.moving = nil, false
	if q.closed {
		close(q.ch)
	}
}

// move is the mover. It sends the backlog to ch until it is empty or nobody
// reads. probing means that it was started with startProbe.
func (q *Queue) move(probing bool) {
	timer := time.NewTimer(readerPause)
	defer timer.Stop()
	read := false // since the timer was set
	m, lost := q.proceed(nil, 0)
	for m != nil {
		select {
		case q.ch <- m:
			read = true
			if probing {
				q.group.endProbe()
				probing = false
			}
			m, lost = q.proceed(m, lost)
		case <-timer.C:
			if !read {
				q.stop()
				m = nil
				continue
			}
			read = false
			timer.Reset(readerPause)
		}
	}
	if probing {
		q.group.endProbe()
	}
}

// proceed records that the mover has sent m, unless it is nil, and returns the
// next message to block on. Without one the mover has finished.
func (q *Queue) proceed(m interface{}, lost int) (interface{}, int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m != nil {
		q.backlog.sent(lost)
	}
	m, lost = q.fill()
	if m == nil {
		q.finish()
	}
	return m, lost
}

// stop parks the queue because nobody reads. The message that the mover could
// not send is still in the backlog.
func (q *Queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.moving = false
	q.group.park(q, q.closed)
}

// revisit resumes a parked queue if its channel has room, and drops its messages
// if they have expired. It returns the number of messages dropped.
func (q *Queue) revisit(now time.Time) (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.backlog == nil || q.moving:
		// No longer parked.
	case len(q.ch) < cap(q.ch):
		q.resume()
	case q.group.expired(q, now):
		dropped = q.backlog.len()
		q.group.unpark(q)
		q.finish()
	}
	return dropped
}

// backlog holds the messages that wait for room in the channel: first, then the
// overflow message for lost ones, then waiting. It is guarded by Queue.mu.
type backlog struct {
	first   interface{} // never dropped, since the mover may be sending it; may be nil
	lost    int         // number of messages dropped before waiting[0]
	waiting []interface{}
}

// add appends m. If more than limit wait, it drops the oldest and returns it.
func (b *backlog) add(m interface{}, limit int) (dropped interface{}) {
	if len(b.waiting) >= limit {
		dropped = b.pop()
		b.lost++
	}
	b.waiting = append(b.waiting, m)
	return dropped
}

// pop removes the oldest waiting message.
func (b *backlog) pop() interface{} {
	m := b.waiting[0]
	b.waiting[0] = nil
	b.waiting = b.waiting[1:]
	return m
}

// next returns the message to send next, or nil if there is none. It stays in
// the backlog until sent is called. lost is the number of messages that an
// overflow message reports, and zero for all others.
func (b *backlog) next(overflow func(int) interface{}) (m interface{}, lost int) {
	if b.first == nil && b.lost > 0 {
		return overflow(b.lost), b.lost
	}
	if b.first == nil && len(b.waiting) > 0 {
		b.first = b.pop()
	}
	return b.first, 0
}

// sent removes the message returned by next. More messages may have been lost
// since.
func (b *backlog) sent(lost int) {
	if lost > 0 {
		b.lost -= lost
	} else {
		b.first = nil
	}
}

// len returns the number of messages that have not been sent, the lost ones
// included.
func (b *backlog) len() int {
	n := b.lost + len(b.waiting)
	if b.first != nil {
		n++
	}
	return n
}
