// Package calls holds the requests that wait for their replies. A Table numbers
// them, admits them when their connection, session and handle allow it, and ends
// them with a reply, with their context, or with the scope they belong to.
//
// It does not know what requests and replies look like. R is the type of the data
// that the user of a Table keeps for a call.
package calls

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cameronelliott/janus-go/internal/cause"
)

// A Table waits for forgetAfter, and up to sweepEvery longer, for a reply that
// nobody waits for.
const (
	forgetAfter = 10 * time.Minute
	sweepEvery  = time.Minute
)

// Conn is the connection that requests are written to.
type Conn interface {
	// Claim returns nil when a message of about n bytes may be written, or else
	// a channel that is closed when it is worth asking again. Settle must follow
	// a Claim that returned nil.
	Claim(n int) <-chan struct{}
	Settle(n int)
	// Write writes a message. crowd says that other messages are likely to be
	// written at the same moment.
	Write(message []byte, crowd bool) error
}

// Call is a request that waits for its reply.
type Call[R any] struct {
	Request R

	// Keep makes the Table accept the reply even after the caller has gone.
	Keep bool
	// Outlives lets the call go on waiting when its handle ends, because the call
	// itself may be the reason for that.
	Outlives bool

	number uint64
	size   int
	scope  *Scope[R]
	links  [2]link[R] // in the lists of the scope and of the one that it is in
	done   chan error // gets one value, once the call has left the table
	timer  *time.Timer

	nobody bool      // nobody waits for the reply
	forget time.Time // when to give up a reply that nobody waits for
}

// Number returns the number of the call, which is never 0.
func (c *Call[R]) Number() uint64 { return c.number }

// Nobody reports whether the caller has gone. Only the goroutine that has taken the
// call from its Table may use it.
func (c *Call[R]) Nobody() bool { return c.nobody }

// Table holds calls. All methods may be called concurrently.
type Table[R any] struct {
	timeout time.Duration // for calls without a deadline; none if not positive
	pool    sync.Pool     // of Calls; not global, so that timers stay within a synctest bubble

	mu      sync.Mutex
	conn    Conn // nil while there is none
	last    uint64
	calls   map[uint64]*Call[R]
	taken   int           // calls that nobody waits for, between Take and Finish
	removed chan struct{} // closed when a call leaves the table; nil unless Await waits
	sweep   *time.Timer   // forgets calls that nobody waits for; nil while there are none
}

// New returns an empty Table without a connection. timeout bounds calls whose
// context has no deadline, if it is positive.
func New[R any](timeout time.Duration) *Table[R] {
	return &Table[R]{timeout: timeout, calls: make(map[uint64]*Call[R])}
}

// NewCall returns a zero Call for use with Begin and Wait, or with Post.
func (t *Table[R]) NewCall() *Call[R] {
	if c, ok := t.pool.Get().(*Call[R]); ok {
		return c
	}
	c := &Call[R]{done: make(chan error, 1), timer: time.NewTimer(time.Hour)}
	c.timer.Stop()
	return c
}

// Free gives c back to the Table. Nobody else may hold it.
func (t *Table[R]) Free(c *Call[R]) {
	c.timer.Stop()
	*c = Call[R]{done: c.done, timer: c.timer}
	t.pool.Put(c)
}

// Len returns how many calls are in the table.
func (t *Table[R]) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.calls)
}

// errTimeout is the end of the time that a call without a deadline has.
type errTimeout struct{ after time.Duration }

func (e errTimeout) Error() string { return fmt.Sprintf("nothing within %v", e.after) }
func (e errTimeout) Unwrap() error { return context.DeadlineExceeded }

// Begin waits until a request of the scope may be written and enters it into the
// table. The caller then writes about size bytes to the connection returned,
// settles them and calls Wait. crowd reports whether other calls are waiting.
//
// If Begin fails, the request must not be written. The error is that of the
// scope's end, or of ctx, wrapped with the reason for which the call was waiting. c
// then still belongs to the caller.
func (t *Table[R]) Begin(ctx context.Context, c *Call[R], s *Scope[R], size int) (conn Conn, crowd bool, err error) {
	if ctx.Err() != nil {
		return nil, false, cause.Of(ctx)
	}
	if _, bounded := ctx.Deadline(); !bounded && t.timeout > 0 {
		c.timer.Reset(t.timeout)
	}
	c.scope, c.size = s, size
	for {
		conn, crowd, wait, err := t.enter(c)
		if wait.over == nil {
			return conn, crowd, err
		}
		ends := t.ends(s)
		select {
		case <-wait.over:
		case <-ends[0]:
		case <-ends[1]:
		case <-ends[2]:
		case <-ctx.Done():
			return nil, false, wait.wrap(cause.Of(ctx))
		case <-c.timer.C:
			return nil, false, wait.wrap(errTimeout{t.timeout})
		}
	}
}

// Post enters a request whose reply nobody waits for, if it may be written at
// once, and returns its number; otherwise conn is nil. It may be written although
// the session of the scope is held.
func (t *Table[R]) Post(c *Call[R], s *Scope[R], size int) (conn Conn, number uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil || s.end() != nil || t.conn.Claim(size) != nil {
		return nil, 0
	}
	c.scope, c.size = s, size
	t.add(c)
	t.orphaned(c)
	return t.conn, c.number
}

// errNoRoom is the reason for which a call waits if its connection is busy.
var errNoRoom = errors.New("the peer does not read")

// enter adds c to the table, or returns why it must wait.
func (t *Table[R]) enter(c *Call[R]) (conn Conn, crowd bool, wait wait, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := c.scope.end(); err != nil {
		return nil, false, wait, err
	}
	if wait = c.scope.held(); wait.over != nil {
		return nil, false, wait, nil
	}
	if room := t.conn.Claim(c.size); room != nil {
		wait.over, wait.why = room, errNoRoom
		return nil, false, wait, nil
	}
	crowd = len(t.calls) > 0
	t.add(c)
	return t.conn, crowd, wait, nil
}

// add numbers c and enters it. t.mu is held.
func (t *Table[R]) add(c *Call[R]) {
	t.last++
	c.number = t.last
	t.calls[c.number] = c
	c.list()
}

// remove takes c out of the table. t.mu is held.
func (t *Table[R]) remove(c *Call[R]) {
	delete(t.calls, c.number)
	c.unlist()
	t.notify()
}

// Wait waits for the end of a call that Begin has entered and returns its error: the
// argument of Finish, or the error of its scope, or that of ctx. The call
// belongs to the caller again only if replied is true.
func (t *Table[R]) Wait(ctx context.Context, c *Call[R]) (replied bool, err error) {
	var late error
	select {
	case err := <-c.done:
		return true, err
	case <-ctx.Done():
		late = cause.Of(ctx)
	case <-c.timer.C:
		late = fmt.Errorf("no reply: %w", errTimeout{t.timeout})
	}
	if !t.leave(c) {
		return true, <-c.done // the reply was found at the same moment
	}
	return false, late
}

// leave ends the waiting of a caller. It reports false if the call has left the
// table already.
func (t *Table[R]) leave(c *Call[R]) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls[c.number] != c {
		return false
	}
	if c.Keep {
		t.orphaned(c)
		return true
	}
	t.remove(c)
	t.Free(c)
	return true
}

// orphaned records that nobody waits for c, and makes sure that c is forgotten
// eventually. t.mu is held.
func (t *Table[R]) orphaned(c *Call[R]) {
	c.nobody = true
	c.forget = time.Now().Add(forgetAfter)
	if t.sweep == nil {
		t.sweep = time.AfterFunc(forgetAfter, t.forget)
	}
}

// forget removes calls that nobody waits for and whose time has passed.
func (t *Table[R]) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sweep == nil {
		return // stopped meanwhile
	}
	t.sweep = nil
	now := time.Now()
	for _, c := range t.calls {
		switch {
		case !c.nobody:
		case !c.forget.After(now):
			t.remove(c)
		case t.sweep == nil:
			t.sweep = time.AfterFunc(sweepEvery, t.forget)
		}
	}
}

// Take takes the call with this number out of the table if match accepts it, and
// otherwise returns nil. match is called with the table locked. Finish must
// follow.
func (t *Table[R]) Take(number uint64, match func(*Call[R]) bool) *Call[R] {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.calls[number]
	if c == nil || !match(c) {
		return nil
	}
	t.remove(c)
	if c.nobody {
		t.taken++
	}
	return c
}

// Finish ends a call that Take has returned: Wait returns err.
func (t *Table[R]) Finish(c *Call[R], err error) {
	if !c.nobody {
		c.done <- err
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken--
	t.notify()
}

// notify lets Await look again. t.mu is held.
func (t *Table[R]) notify() {
	if t.removed != nil {
		close(t.removed)
		t.removed = nil
	}
}

// Forget removes a call that was entered by Post, if it is still in the table.
func (t *Table[R]) Forget(number uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.calls[number]; c != nil && c.nobody {
		t.remove(c)
	}
}

// Await waits until no call that match accepts is in the table, and none that
// nobody waits for is between Take and Finish, or until ctx ends. match is called
// with the table locked.
func (t *Table[R]) Await(ctx context.Context, match func(*Call[R]) bool) {
	for {
		removed := t.pending(match)
		if removed == nil {
			return
		}
		select {
		case <-removed:
		case <-ctx.Done():
			return
		}
	}
}

// pending returns nil if no call that match accepts is in the table, or else a
// channel that is closed when a call leaves it.
func (t *Table[R]) pending(match func(*Call[R]) bool) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	pending := t.taken > 0
	for _, c := range t.calls {
		pending = pending || match(c)
	}
	if !pending {
		return nil
	}
	if t.removed == nil {
		t.removed = make(chan struct{})
	}
	return t.removed
}

// Conn returns the connection, or nil while there is none.
func (t *Table[R]) Conn() Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conn
}

// ConnFor returns the connection if a request of the scope could be written to
// it now, and nil otherwise.
func (t *Table[R]) ConnFor(s *Scope[R]) Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.end() != nil || s.held().over != nil {
		return nil
	}
	return t.conn
}

// Up makes conn the connection, and lets the calls go on that wait for one. It
// reports false, and does nothing, if the scope has ended.
func (t *Table[R]) Up(root *Scope[R], conn Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if root.end() != nil {
		return false
	}
	t.conn = conn
	root.release()
	return true
}

// Down removes the connection because of err. Calls in the table fail with it,
// and later ones wait for the next connection.
func (t *Table[R]) Down(root *Scope[R], err error) {
	t.mu.Lock()
	t.conn = nil
	if root.end() == nil {
		root.hold(err)
	}
	taken := t.takeAll()
	t.mu.Unlock()
	fail(taken, err)
}

// takeAll empties the table and returns the calls that somebody waits for. t.mu
// is held.
func (t *Table[R]) takeAll() []*Call[R] {
	taken := make([]*Call[R], 0, len(t.calls))
	for _, c := range t.calls {
		t.remove(c)
		if !c.nobody {
			taken = append(taken, c)
		}
	}
	if t.sweep != nil {
		t.sweep.Stop()
		t.sweep = nil
	}
	return taken
}

// fail ends calls that have left the table.
func fail[R any](taken []*Call[R], err error) {
	for _, c := range taken {
		c.done <- err
	}
}
