package rtc

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy passes TCP connections on to a server, and can cut them.
type proxy struct {
	url    string
	target string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// newProxy returns a proxy for a websocket URL, which lives until the test ends.
func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	parsed, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{url: "ws://" + listener.Addr().String() + "/", target: parsed.Host}
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			passing.Go(func() { p.pass(client) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		p.Cut()
		passing.Wait()
	})
	return p
}

// Cut closes all connections, and every new one until Mend.
func (p *proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for _, conn := range p.conns {
		closeConn(conn)
	}
	p.conns = nil
}

// Mend ends a Cut.
func (p *proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

// pass copies in both directions until one end closes.
func (p *proxy) pass(client net.Conn) {
	defer closeConn(client)
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer closeConn(server)
	if !p.keep(client, server) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		defer closeConn(client)
		copyUntilClosed(client, server)
	})
	copyUntilClosed(server, client)
	closeConn(server)
	back.Wait()
}

// keep remembers connections for Cut, unless they are cut already.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return false
	}
	p.conns = append(p.conns, conns...)
	return true
}

// copyUntilClosed copies; that a connection ends, however it does, is expected.
func copyUntilClosed(to, from net.Conn) { _, _ = io.Copy(to, from) }

// closeConn closes what may be closed already.
func closeConn(conn net.Conn) {
	if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		panic(err)
	}
}
