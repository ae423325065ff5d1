//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"nhooyr.io/websocket"
)

// A conn is a websocket connection. One goroutine reads and handles its requests.
// Another writes the frames that are queued for it, so that a client that does not
// read blocks no other.
type conn struct {
	srv *Server
	raw *rawConn
	ws  *websocket.Conn // nil during the handshake

	admin bool // it is one of the Admin API

	sessions map[uint64]*session // those it owns; guarded by srv.mu

	mu     sync.Mutex
	filled *sync.Cond
	queue  []outgoing
	closed bool
}

// An outgoing is one of: a text frame, raw bytes, a close frame.
type outgoing struct {
	text  []byte
	raw   []byte
	close *websocket.CloseError
}

func newConn(s *Server, raw *rawConn) *conn {
	c := &conn{srv: s, raw: raw, sessions: make(map[uint64]*session)}
	c.filled = sync.NewCond(&c.mu)
	return c
}

// opened ends the handshake.
func (c *conn) opened(ws *websocket.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ws = ws
}

func (c *conn) readLoop() {
	defer c.srv.running.Done()
	defer c.drop()
	for {
		_, frame, err := c.ws.Read(context.Background())
		if err != nil {
			return
		}
		c.srv.receive(c, frame)
	}
}

// send queues a text frame.
func (c *conn) send(text []byte) { c.trySend(text) }

// trySend queues a text frame, and reports false when the connection has ended.
func (c *conn) trySend(text []byte) bool { return c.enqueue(outgoing{text: text}) }

func (c *conn) enqueue(o outgoing) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.queue = append(c.queue, o)
	c.filled.Signal()
	return true
}

// take waits until there is something to write and returns the queue. The memory
// of batch becomes the new queue. take returns nil if the connection has ended.
func (c *conn) take(batch []outgoing) []outgoing {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) == 0 && !c.closed {
		c.filled.Wait()
	}
	if c.closed {
		return nil
	}
	clear(batch)
	taken := c.queue
	c.queue = batch[:0]
	return taken
}

func (c *conn) writeLoop() {
	defer c.srv.running.Done()
	defer c.drop()
	var batch []outgoing
	for {
		batch = c.take(batch)
		if batch == nil || c.writeAll(batch) != nil {
			return
		}
	}
}

// writeAll writes a batch with as few system calls as possible.
func (c *conn) writeAll(batch []outgoing) error {
	c.raw.cork()
	for _, o := range batch {
		if err := c.write(o); err != nil {
			return err
		}
	}
	return c.raw.uncork()
}

func (c *conn) write(o outgoing) error {
	switch {
	case o.text != nil:
		return c.ws.Write(context.Background(), websocket.MessageText, o.text)
	case o.raw != nil:
		_, err := c.raw.Write(o.raw)
		return err
	default:
		if err := c.raw.uncork(); err != nil {
			return err
		}
		_ = c.ws.Close(o.close.Code, o.close.Reason) // it is over either way
		return net.ErrClosed
	}
}

// drop ends the connection, and ends or orphans its sessions. It may be called
// more than once.
func (c *conn) drop() {
	c.mu.Lock()
	c.closed = true
	c.queue = nil
	c.filled.Signal()
	ws := c.ws
	c.mu.Unlock()
	_ = c.raw.Close() // nothing more is wanted of it
	if ws != nil {
		_ = ws.CloseNow()
	}
	c.srv.connGone(c)
}

// A listener hands out rawConns.
type listener struct {
	net.Listener
	gate *gate
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &rawConn{Conn: c, gate: l.gate, done: make(chan struct{})}, nil
}

// A rawConn is the TCP connection of a client. It neither reads nor writes while
// the gate is shut, and can gather several writes into one.
type rawConn struct {
	net.Conn
	gate *gate
	done chan struct{}
	once sync.Once

	mu     sync.Mutex
	corked bool
	held   []byte
}

func (r *rawConn) Read(p []byte) (int, error) {
	r.gate.wait(r.done)
	n, err := r.Conn.Read(p)
	r.gate.wait(r.done) // it may have been shut while Read was waiting
	return n, err
}

func (r *rawConn) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.corked {
		r.held = append(r.held, p...)
		return len(p), nil
	}
	r.gate.wait(r.done)
	return r.Conn.Write(p)
}

// cork holds back all writes until uncork.
func (r *rawConn) cork() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.corked = true
}

func (r *rawConn) uncork() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.corked = false
	if len(r.held) == 0 {
		return nil
	}
	r.gate.wait(r.done)
	_, err := r.Conn.Write(r.held)
	r.held = r.held[:0]
	return err
}

func (r *rawConn) Close() error {
	r.once.Do(func() { close(r.done) })
	return r.Conn.Close()
}

// reset ends the connection with a TCP reset.
func (r *rawConn) reset() {
	if tcp, ok := r.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it fails only on a connection that has ended
	}
	_ = r.Close()
}

// A gate is open unless it has been shut.
type gate struct {
	opened atomic.Pointer[chan struct{}] // nil when open
}

func (g *gate) shut() {
	ch := make(chan struct{})
	g.opened.CompareAndSwap(nil, &ch)
}

func (g *gate) open() {
	if ch := g.opened.Swap(nil); ch != nil {
		close(*ch)
	}
}

// wait returns when the gate is open, or done is closed.
func (g *gate) wait(done <-chan struct{}) {
	for {
		ch := g.opened.Load()
		if ch == nil {
			return
		}
		select {
		case <-*ch:
		case <-done:
			return
		}
	}
}
