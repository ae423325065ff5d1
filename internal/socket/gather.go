package socket

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// inlineWrite is how long a caller's own goroutine may spend writing. The
	// rest is written in the background, so that a peer that does not read
	// cannot hold a caller past its deadline.
	inlineWrite = 20 * time.Millisecond

	// gatherLimit is how many bytes may gather before they are written although
	// more writers are on their way.
	gatherLimit = 32 << 10

	// crowded is how many unwritten bytes make further writers wait for room.
	crowded = 1 << 20

	// maxUnasked is how many bytes that belong to no message may wait: pongs,
	// and the answers of TLS to key updates. A peer that makes more of them
	// without reading any is not served.
	maxUnasked = 256 << 10

	// stallWindows is how many parts the timeout has. A write is stalled if no
	// byte is written in as many consecutive parts.
	stallWindows = 4

	// chunk is how much is given at once to a connection without deadlines, and
	// must be written within the timeout.
	chunk = 16 << 10
)

var errUnread = fmt.Errorf("the peer has sent more pings than it reads pongs: %d bytes wait for it", maxUnasked)

// gather collects the bytes written at the same moment and writes them to dst
// at once. Where dst has deadlines, bytes are written by the goroutine that
// brought them, and only a write that takes longer than inlineWrite is finished
// by a goroutine of its own. Elsewhere that goroutine writes everything.
type gather struct {
	dst      io.WriteCloser
	deadline func(time.Time) error // sets dst's write deadline; nil if dst may not survive one
	timeout  time.Duration         // how long writing may make no progress

	writers atomic.Int32 // messages on their way into buf
	full    atomic.Bool  // buf has reached gatherLimit
	until   time.Time    // dst's write deadline for inline writes; belongs to the goroutine that is writing

	mu      sync.Mutex
	buf     []byte // not yet given to dst
	unasked int    // bytes of buf that belong to no message
	spare   []byte
	writing bool          // a goroutine is writing to dst
	claimed int           // bytes that have been promised room and are not in buf yet
	room    chan struct{} // closed when there may be room again; nil if nobody waits
	err     error         // why nothing can be written any more
	failed  error         // why dst was closed
}

// Write takes p for writing, unless an earlier write has failed. Bytes that belong
// to no message of ours, such as pings and pongs, are written at once; messages are
// written by leave.
func (g *gather) Write(p []byte) (int, error) {
	g.mu.Lock()
	// With the lock held, a writer that is seen here writes p as well: it looks for
	// what has gathered after it has left.
	alone := g.writers.Load() == 0
	if g.err != nil {
		g.mu.Unlock()
		return 0, g.err
	}
	if alone {
		g.unasked += len(p)
	}
	if g.unasked > maxUnasked {
		g.mu.Unlock()
		g.fail(errUnread)
		return 0, errUnread
	}
	g.buf = append(g.buf, p...)
	if len(g.buf) >= gatherLimit {
		g.full.Store(true)
	}
	g.mu.Unlock()
	if alone {
		g.flush(false)
	}
	return len(p), nil
}

// enter announces a message; leave, after the message was given to Write, writes
// what has gathered unless another message is on its way and will.
func (g *gather) enter() { g.writers.Add(1) }

// leave ends what enter began. With crowd set, other goroutines that are ready
// to write are let in first.
func (g *gather) leave(crowd bool) {
	last := g.writers.Add(-1) == 0
	if last || g.full.Load() {
		g.flush(crowd && last)
	}
}

// flush writes the bytes that have gathered, unless another goroutine is
// writing already and will find them.
func (g *gather) flush(crowd bool) {
	g.mu.Lock()
	if g.writing || len(g.buf) == 0 || g.err != nil {
		g.mu.Unlock()
		return
	}
	g.writing = true
	g.mu.Unlock()
	if g.deadline == nil {
		go g.drain(nil)
		return
	}
	if crowd {
		runtime.Gosched()
	}
	// A deadline serves for all writes in the first half of its time.
	if now := time.Now(); g.until.Sub(now) < inlineWrite/2 {
		g.until = now.Add(inlineWrite)
		_ = g.deadline(g.until) // on a dead connection the write fails as well
	}
	for p := g.take(nil); p != nil; p = g.take(p) {
		n, err := g.dst.Write(p)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			go g.drain(p[n:])
			return
		}
		if err != nil {
			g.broken(err)
			return
		}
	}
}

// drain writes rest and the bytes that have gathered since, in the background,
// for as long as the peer takes them.
func (g *gather) drain(rest []byte) {
	finish := g.finish
	if g.deadline == nil {
		finish = g.finishChunks
	}
	if len(rest) == 0 {
		rest = g.take(nil)
	}
	for p := rest; p != nil; p = g.take(p) {
		if err := finish(p); err != nil {
			g.broken(err)
			return
		}
	}
}

// finish writes p. The connection is closed when nothing has been written for
// the timeout, or up to a quarter longer. The deadline for inline writes, which
// has passed, is replaced; the next flush sets a new one.
func (g *gather) finish(p []byte) error {
	for idle := 0; ; {
		_ = g.deadline(time.Now().Add(g.timeout / stallWindows))
		n, err := g.dst.Write(p)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		p = p[n:]
		if idle++; n > 0 {
			idle = 0
		}
		if idle == stallWindows {
			g.stalled()
			return err
		}
	}
}

// finishChunks is finish without deadlines. The connection is closed when a
// chunk takes longer than the timeout.
func (g *gather) finishChunks(p []byte) error {
	late := time.AfterFunc(g.timeout, g.stalled)
	defer late.Stop()
	for {
		size := min(len(p), chunk)
		n, err := g.dst.Write(p[:size])
		if err == nil && n != size {
			err = io.ErrShortWrite
		}
		if p = p[size:]; err != nil || len(p) == 0 {
			return err
		}
		late.Reset(g.timeout)
	}
}

// stalled closes dst because the peer does not read.
func (g *gather) stalled() {
	g.fail(fmt.Errorf("a write made no progress for %v", g.timeout))
}

// take returns the bytes that have gathered, for writing, and takes back the
// buffer that was written before. If there are none, it ends the writing and
// returns nil.
func (g *gather) take(written []byte) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	if written != nil && cap(written) <= 2*gatherLimit {
		g.spare = written[:0]
	}
	g.wake()
	if len(g.buf) == 0 || g.err != nil {
		g.writing = false
		return nil
	}
	p := g.buf
	g.buf, g.spare, g.unasked = g.spare, nil, 0
	g.full.Store(false)
	return p
}

// claim promises room for n bytes and returns nil, or else a channel that is
// closed when there may be room.
func (g *gather) claim(n int) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if waiting := len(g.buf) + g.claimed; waiting == 0 || waiting+n <= crowded || g.err != nil {
		g.claimed += n
		return nil
	}
	return g.taken()
}

// taken returns a channel that is closed when bytes are taken for writing, when all
// have been written, and when nothing can be written any more. g.mu is held.
func (g *gather) taken() <-chan struct{} {
	if g.room == nil {
		g.room = make(chan struct{})
	}
	return g.room
}

// await waits until everything has been written or cannot be, but not much longer
// than limit.
func (g *gather) await(limit time.Duration) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		g.flush(false)
		g.mu.Lock()
		if g.err != nil || !g.writing && len(g.buf) == 0 {
			g.mu.Unlock()
			return
		}
		taken := g.taken()
		g.mu.Unlock()
		select {
		case <-taken:
		case <-late.C:
			return
		}
	}
}

// settle ends a claim: its bytes have been written.
func (g *gather) settle(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.claimed -= n
	if len(g.buf)+g.claimed < crowded {
		g.wake()
	}
}

// wake lets those who wait for room look again. g.mu is held.
func (g *gather) wake() {
	if g.room != nil {
		close(g.room)
		g.room = nil
	}
}

// fail closes dst. The first cause stays.
func (g *gather) fail(cause error) {
	g.mu.Lock()
	if g.failed != nil {
		g.mu.Unlock()
		return
	}
	g.failed = cause
	g.refuse(cause)
	g.mu.Unlock()
	_ = g.dst.Close() // the cause says more than its failure would
}

// broken ends writing after a write has failed. dst stays open: the peer's last
// messages, and why it went, may still be there to be read. The reader finds
// the end behind them; should it not, dst is closed a little later.
func (g *gather) broken(err error) {
	g.mu.Lock()
	g.refuse(err)
	g.mu.Unlock()
	time.AfterFunc(closeTimeout, func() { g.fail(fmt.Errorf("write: %w", err)) })
}

// refuse makes writes fail from now on. g.mu is held.
func (g *gather) refuse(err error) {
	if g.err == nil {
		g.err = err
	}
	g.wake()
}

// cause returns what fail was told, or nil.
func (g *gather) cause() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failed
}
