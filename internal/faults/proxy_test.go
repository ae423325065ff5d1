package faults

import (
	"errors"
	"io"
	"math"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// direction is a way through the proxy.
type direction int

const (
	up   direction = iota // from the client to the server
	down                  // from the server to the client
)

func (d direction) String() string { return [...]string{"up", "down"}[d] }

// mode is what becomes of the bytes in a direction.
type mode int

const (
	pass mode = iota
	hold      // nothing is read: buffers fill up to the sender
	lose      // everything is read and vanishes
	drip      // a byte is read and passed on every dripInterval
)

const dripInterval = time.Second

// cut is how and when a connection ends.
type cut struct {
	after [2]int64 // so many bytes in a direction; math.MaxInt64 is never
	reset bool     // by a TCP reset instead of a FIN
	mute  bool     // nothing is ever passed on
}

// never is the cut that does not come.
func never() cut { return cut{after: [2]int64{math.MaxInt64, math.MaxInt64}} }

// cutAfter cuts when n bytes have gone in the direction.
func cutAfter(n int64, dir direction, reset bool) cut {
	c := never()
	c.after[dir], c.reset = n, reset
	return c
}

// proxy is a TCP proxy whose connections can be made to fail.
type proxy struct {
	url      string
	scheme   string
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	next   func() cut // of each connection to come
	modes  [2]mode
	turned chan struct{} // closed when modes change
	links  map[*link]struct{}
	last   *link
}

// newProxy starts a proxy in front of the server at rawURL.
func newProxy(t testing.TB, rawURL string) *proxy {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		target:   u.Host,
		scheme:   u.Scheme,
		listener: listener,
		next:     never,
		turned:   make(chan struct{}),
		links:    make(map[*link]struct{}),
	}
	u.Host = listener.Addr().String()
	p.url = u.String()
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // by close
		}
		p.running.Go(func() { p.connect(conn.(*net.TCPConn)) })
	}
}

// connect joins a client to the server.
func (p *proxy) connect(client *net.TCPConn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.SetLinger(0) // as a server that is not there would
		_ = client.Close()
		return
	}
	// Small buffers fill soon when nobody reads.
	_ = client.SetReadBuffer(32 << 10)
	_ = server.(*net.TCPConn).SetReadBuffer(32 << 10)

	p.mu.Lock()
	l := &link{
		proxy: p, client: client, server: server.(*net.TCPConn),
		cut: p.next(), dead: make(chan struct{}),
	}
	if p.closed {
		p.mu.Unlock()
		l.end(true)
		return
	}
	p.links[l] = struct{}{}
	p.last = l
	p.mu.Unlock()

	var both sync.WaitGroup
	both.Go(func() { l.pump(up, l.client, l.server) })
	both.Go(func() { l.pump(down, l.server, l.client) })
	both.Wait()
	l.end(l.cut.reset)
	// To close a socket with unread bytes would reset it: what the client still
	// sends after a FIN is read until it closes too.
	_, _ = io.Copy(io.Discard, client)
	_ = client.Close()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// cutNext sets how the connections to come end: next is called for each.
func (p *proxy) cutNext(next func() cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
}

// turn sets what becomes of the bytes in the directions, from now on.
func (p *proxy) turn(m mode, dirs ...direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, dir := range dirs {
		p.modes[dir] = m
	}
	close(p.turned)
	p.turned = make(chan struct{})
}

// cutAll ends the connections that are there.
func (p *proxy) cutAll(reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.end(reset)
	}
}

// lastLink is the connection made last.
func (p *proxy) lastLink() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	for l := range p.links {
		l.end(true)
		_ = l.client.Close() // which end leaves open after a FIN
	}
	p.mu.Unlock()
	_ = p.listener.Close() // it was open
	p.running.Wait()
}

// link is one connection through the proxy.
type link struct {
	proxy          *proxy
	client, server *net.TCPConn
	cut            cut
	once           sync.Once
	dead           chan struct{} // closed by end

	mu     [2]sync.Mutex // of a direction, held while bytes are passed on
	passed [2][]byte     // the beginning of what was passed on, up to keepPassed
}

// keepPassed is more than a conversation of the tests that look at it.
const keepPassed = 64 << 10

// bytes returns what was passed on in a direction.
func (l *link) bytes(dir direction) []byte {
	l.mu[dir].Lock()
	defer l.mu[dir].Unlock()
	return l.passed[dir]
}

// await returns the mode of a direction as soon as that is not hold. It is
// false when the link is dead.
func (l *link) await(dir direction) (mode, bool) {
	for {
		l.proxy.mu.Lock()
		m, turned := l.proxy.modes[dir], l.proxy.turned
		l.proxy.mu.Unlock()
		if l.cut.mute {
			m = hold
		}
		switch m {
		case hold:
		case drip:
			select {
			case <-time.After(dripInterval):
				return m, true
			case <-turned:
				continue
			case <-l.dead:
				return m, false
			}
		default:
			select {
			case <-l.dead:
				return m, false
			default:
				return m, true
			}
		}
		select {
		case <-turned:
		case <-l.dead:
			return m, false
		}
	}
}

// pump passes bytes on in one direction until the link ends.
func (l *link) pump(dir direction, from, to *net.TCPConn) {
	buf := make([]byte, 32<<10)
	for left := l.cut.after[dir]; ; {
		if left <= 0 {
			l.end(l.cut.reset)
		}
		m, alive := l.await(dir)
		if !alive {
			return
		}
		room := min(left, int64(len(buf)))
		if m == drip {
			room = 1
		}
		n, err := from.Read(buf[:room])
		if m != drip { // the mode may have changed while nothing came
			m, _ = l.await(dir)
		}
		if n > 0 && m != lose {
			if err := l.forward(dir, to, buf[:n]); err != nil {
				l.end(true)
				return
			}
		}
		left -= int64(n)
		switch {
		case errors.Is(err, io.EOF):
			if m != lose { // a FIN vanishes like everything else
				_ = to.CloseWrite() // it may have gone too
			}
			return
		case err != nil:
			l.end(true)
			return
		}
	}
}

// forward writes bytes and keeps what was written.
func (l *link) forward(dir direction, to *net.TCPConn, b []byte) error {
	l.mu[dir].Lock()
	defer l.mu[dir].Unlock()
	n, err := to.Write(b)
	if len(l.passed[dir])+n <= keepPassed {
		l.passed[dir] = append(l.passed[dir], b[:n]...)
	}
	return err
}

// end cuts the connection. After a FIN the client's side is still read.
func (l *link) end(reset bool) {
	l.once.Do(func() {
		close(l.dead)
		_ = l.server.SetLinger(0)
		_ = l.server.Close()
		if reset {
			_ = l.client.SetLinger(0)
			_ = l.client.Close()
			return
		}
		_ = l.client.CloseWrite()
	})
}
