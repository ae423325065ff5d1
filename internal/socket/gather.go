package socket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// inlineWrite is how long a caller's own goroutine may spend writing. What
	// is unwritten by then goes on in the background, so that a peer that does
	// not read cannot hold a caller past its deadline.
	inlineWrite = 20 * time.Millisecond

	// gatherLimit is how many bytes may gather before they are written although
	// more writers are on their way.
	gatherLimit = 32 << 10

	// crowded is how many unwritten bytes make further writers wait for room.
	crowded = 1 << 20
)

// gather collects what is written at the same moment and writes it to dst at
// once. Bytes are written by the goroutine that brought them; only a write that
// takes longer than inlineWrite is finished by a goroutine of its own.
type gather struct {
	dst     io.WriteCloser
	inline  func(time.Time) error // sets dst's write deadline; nil where dst has none that it survives
	timeout time.Duration         // for one write to dst

	writers atomic.Int32 // messages on their way into buf
	until   time.Time    // dst's write deadline; whoever is writing has it

	mu      sync.Mutex
	buf     []byte // not yet given to dst
	spare   []byte
	writing bool          // somebody is writing to dst
	claimed int           // bytes that have been promised room and are not in buf yet
	room    chan struct{} // closed when there may be room again; nil when nobody waits
	err     error         // why nothing can be written any more
	failed  error         // why dst was closed
}

// Write takes p for writing, unless an earlier write has failed. It is what the
// websocket library writes its frames to, and writes alone what no message of
// ours is about to follow: pings, pongs and close frames.
func (g *gather) Write(p []byte) (int, error) {
	g.mu.Lock()
	if g.err != nil {
		g.mu.Unlock()
		return 0, g.err
	}
	g.buf = append(g.buf, p...)
	full := len(g.buf) >= gatherLimit
	g.mu.Unlock()
	if full || g.writers.Load() == 0 {
		g.flush(false)
	}
	return len(p), nil
}

// enter announces a message; leave, after the message was written, writes what
// has gathered unless another message is on its way and will.
func (g *gather) enter() { g.writers.Add(1) }

// leave ends what enter began. With crowd set, other goroutines that are ready
// to write are let in first.
func (g *gather) leave(crowd bool) {
	if g.writers.Add(-1) == 0 {
		g.flush(crowd)
	}
}

// flush writes what has gathered, unless somebody is writing already and will
// find it.
func (g *gather) flush(crowd bool) {
	g.mu.Lock()
	if g.writing || len(g.buf) == 0 || g.err != nil {
		g.mu.Unlock()
		return
	}
	g.writing = true
	g.mu.Unlock()
	if g.inline == nil {
		go g.drain(nil)
		return
	}
	if crowd {
		runtime.Gosched()
	}
	// A deadline serves for all writes in the first half of its time.
	if now := time.Now(); g.until.Sub(now) < inlineWrite/2 {
		g.until = now.Add(inlineWrite)
		_ = g.inline(g.until) // a dead connection fails the write as well
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

// drain writes rest and all that has gathered since, in the background. A write
// that is not done within the timeout ends the connection.
func (g *gather) drain(rest []byte) {
	if len(rest) == 0 {
		rest = g.take(nil)
	}
	for p := rest; p != nil; p = g.take(p) {
		expired := time.AfterFunc(g.timeout, func() {
			g.fail(fmt.Errorf("a write was not finished within %v", g.timeout))
		})
		if g.inline != nil {
			g.until = time.Time{}
			_ = g.inline(g.until)
		}
		_, err := g.dst.Write(p)
		expired.Stop()
		if err != nil {
			g.broken(err)
			return
		}
	}
}

// take returns what has gathered, for writing, and takes back the buffer that
// was written before. It returns nil, and the writing is over, when there is
// nothing.
func (g *gather) take(written []byte) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	if written != nil && cap(written) <= 2*gatherLimit {
		g.spare = written[:0]
	}
	if len(g.buf) == 0 || g.err != nil {
		g.writing = false
		return nil
	}
	p := g.buf
	g.buf, g.spare = g.spare, nil
	g.wake()
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
	if g.room == nil {
		g.room = make(chan struct{})
	}
	return g.room
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

// gatherConn is a dialled connection whose writes gather once the websocket
// handshake is over.
type gatherConn struct {
	net.Conn
	out atomic.Pointer[gather]
}

func (c *gatherConn) Write(p []byte) (int, error) {
	if out := c.out.Load(); out != nil {
		return out.Write(p)
	}
	return c.Conn.Write(p)
}

// begin makes writes gather from now on.
func (c *gatherConn) begin(timeout time.Duration) *gather {
	out := &gather{dst: c.Conn, inline: c.Conn.SetWriteDeadline, timeout: timeout}
	c.out.Store(out)
	return out
}

// body is the connection as the websocket library sees it, above TLS.
type body struct {
	io.ReadWriteCloser
	out   io.Writer   // nil: the connection itself gathers
	ended atomic.Bool // Read has reached the end of the stream
}

func (b *body) Write(p []byte) (int, error) {
	if b.out != nil {
		return b.out.Write(p)
	}
	return b.ReadWriteCloser.Write(p)
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadWriteCloser.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
	}
	return n, err
}
