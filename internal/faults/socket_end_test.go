//lint:file-ignore SA1019 the client's API names this websocket module

package faults

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// terminator is a proxy that speaks TLS to the client and none to the server. Of
// a connection that ends it sends the last bytes in one record, and together
// with the alert that ends the stream.
type terminator struct {
	net.Listener
	target string
	config *tls.Config

	mu   sync.Mutex
	last []byte // which completes the last record of a connection; nil for none
}

// newTerminator starts a proxy in front of server, with TLS up to a version.
// client trusts it.
func newTerminator(t *testing.T, server *stub, version uint16) (p *terminator, client *http.Client) {
	secure := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(secure.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p = &terminator{Listener: listener, target: strings.TrimPrefix(server.URL, "ws://"), config: secure.TLS.Clone()}
	p.target, _, _ = strings.Cut(p.target, "/")
	p.config.MaxVersion = version
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(t, conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close() // it was open
		within(t, "the proxy", running.Wait)
	})
	return p, secure.Client()
}

// hold makes the bytes for clients wait until last has come.
func (p *terminator) hold(last []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = last
}

func (p *terminator) serve(t *testing.T, conn net.Conn) {
	cork := &corked{Conn: conn}
	client := tls.Server(cork, p.config)
	defer func() { _ = conn.Close() }() // in whatever state it is
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = server.Close() }()
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	r := bufio.NewReader(server)
	var held []byte
	for buf := make([]byte, 4<<10); ; {
		n, err := r.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		last := p.last
		p.mu.Unlock()
		if held = append(held, buf[:n]...); last == nil {
			_, _ = client.Write(held) // the client may have gone, here and below
			held = held[:0]
			continue
		}
		if bytes.HasSuffix(held, last) {
			cork.hold()
			_, _ = client.Write(held)
			_ = client.CloseWrite()
			cork.release()
			_, _ = io.Copy(io.Discard, conn) // until the client closes
			return
		}
	}
}

// corked is a connection that can collect writes.
type corked struct {
	net.Conn
	mu      sync.Mutex
	held    []byte
	holding bool
}

func (c *corked) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holding = true
}

func (c *corked) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.SetWriteDeadline(time.Time{}) // TLS has left one that has passed
	_, _ = c.Conn.Write(c.held)         // the client may have gone
}

func (c *corked) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holding {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// A reply, events and the close frame that come in one TLS record with the end
// of the stream behind it are all delivered.
func TestLastRecordOfTLSIsDelivered(t *testing.T) {
	noLeaks(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			const last = "janus.plugin.last"
			served := make(chan struct{})
			server := newStub(t, func(s *janustest.Server) {
				s.Handle(last, janustest.PluginFunc(func(r *janustest.Request) {
					_ = r.Ack() // the client waits, here and below
					for i := range 3 {
						_ = r.Notify(order{Nonce: i}, nil)
					}
					_ = r.Event(order{}, nil)
					served <- struct{}{}
				}))
			})
			p, client := newTerminator(t, server, version)
			for range pick(5, 100) {
				c := connect(t, "wss://"+p.Addr().String(), &janus.DialOptions{PingInterval: -1, HTTPClient: client})
				handle := attachTo(t, c.session(t), last)
				p.hold(append([]byte{0x88, 5, goingAway >> 8, goingAway & 0xff}, "bye"...))
				var call calls
				call.start(func() error {
					_, err := handle.Message(t.Context(), "", order{}, nil)
					return err
				})
				await(t, "the message", served)
				server.Disconnect(goingAway, "bye")
				if err := call.wait(t)[0]; err != nil {
					t.Errorf("the call failed: %v", err)
				}
				if err := c.mustEnd(t); websocket.CloseStatus(err) != goingAway {
					t.Errorf("the group reports %v", err)
				}
				assertSequence(t, "events", drain(t, "Handle.Events", handle.Events), 3)
				p.hold(nil)
			}
		})
	}
}
