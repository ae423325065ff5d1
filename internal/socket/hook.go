package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// hook is a RoundTripper that takes hold of the connection under a websocket,
// so that what is written to it can be gathered. It serves one handshake.
type hook struct {
	base    http.RoundTripper
	ours    bool // base is our copy of an http.Transport, which dials gatherConns
	timeout time.Duration
	body    *body // set by a successful handshake
}

// newHook returns a copy of client, without its Timeout, that dials through a
// hook.
// Connections that are not the websocket's are closed when ctx ends.
func newHook(ctx context.Context, client *http.Client, timeout time.Duration) (*hook, *http.Client) {
	c := *client
	h := &hook{base: c.Transport, timeout: timeout}
	if h.base == nil {
		h.base = http.DefaultTransport
	}
	if t, ok := h.base.(*http.Transport); ok {
		h.base, h.ours = gathering(ctx, t), true
	}
	c.Transport = h
	c.Timeout = 0
	if c.CheckRedirect == nil {
		// A server that redirects a websocket is not Janus, and must not make
		// the client send its credentials elsewhere.
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return h, &c
}

// gathering returns a copy of t that dials gatherConns and keeps no idle
// connections. When handshake ends, it also closes those that it is still
// dialing: an http.Transport would complete them for later requests.
func gathering(handshake context.Context, t *http.Transport) *http.Transport {
	t = t.Clone()
	t.MaxIdleConnsPerHost = -1
	t.Protocols = new(http.Protocols) // without HTTP/2, whose preparation takes a while
	t.Protocols.SetHTTP1(true)
	dial := t.DialContext
	//lint:ignore SA1019 a caller may still set the deprecated field
	if old := t.Dial; dial == nil && old != nil {
		dial = func(_ context.Context, network, addr string) (net.Conn, error) { return old(network, addr) }
	}
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(handshake, cancel)()
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c := &gatherConn{Conn: conn}
		context.AfterFunc(handshake, c.closeUnused)
		return c, nil
	}
	if proxy := t.Proxy; proxy != nil {
		t.Proxy = func(req *http.Request) (*url.URL, error) {
			u, err := proxy(req)
			if err != nil {
				return nil, errProxy
			}
			return u, nil
		}
	}
	return t
}

// errProxy replaces an error of the transport's Proxy function, which may quote
// the credentials of the proxy.
var errProxy = errors.New("the HTTP client's transport could not choose a proxy")

// RoundTrip performs the handshake. Afterwards the websocket writes to h.body.
func (h *hook) RoundTrip(req *http.Request) (*http.Response, error) {
	var conn net.Conn
	traced := req
	if h.ours {
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { conn = info.Conn }}
		traced = req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
	}
	resp, err := h.base.RoundTrip(traced)
	if err != nil || resp == nil {
		return resp, err // the HTTP client makes an error of no response
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		discard(req, resp)
		return resp, nil
	}
	rwc, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		discard(req, resp)
		return nil, errors.New("the HTTP client's transport does not give a writable body for a websocket")
	}
	for c, ok := conn.(*tls.Conn); ok; c, ok = conn.(*tls.Conn) {
		conn = c.NetConn() // twice behind a proxy with TLS
	}
	h.body = &body{ReadWriteCloser: rwc, in: newInbox(rwc)}
	if conn, ok := conn.(*gatherConn); ok {
		h.body.out, h.body.below = conn.begin(h.timeout), true
	} else {
		h.body.out = &gather{dst: rwc, timeout: h.timeout}
	}
	resp.Body = h.body
	return resp, nil
}

// discard closes the body of an answer that is not used, so that nothing waits
// for its end and its connection is closed. It removes a Location that the HTTP
// client would quote as invalid: servers may repeat the URL's query in it.
func discard(req *http.Request, resp *http.Response) {
	if resp.Body != nil {
		_ = resp.Body.Close() // it is not needed
	}
	resp.Body = http.NoBody
	if _, err := req.URL.Parse(resp.Header.Get("Location")); err != nil {
		resp.Header.Del("Location")
	}
}

// gatherConn is a dialed connection whose writes gather once the websocket
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

// closeUnused closes the connection unless a websocket uses it.
func (c *gatherConn) closeUnused() {
	if c.out.Load() == nil {
		_ = c.Close() // net/http may have closed it
	}
}

// begin makes writes gather from now on.
func (c *gatherConn) begin(timeout time.Duration) *gather {
	out := &gather{dst: c.Conn, timeout: timeout}
	// Other connections may have no deadlines, or break when one passes, as a
	// tls.Conn does.
	switch conn := c.Conn.(type) {
	case *net.TCPConn:
		out.deadline = conn.SetWriteDeadline
	case *net.UnixConn:
		out.deadline = conn.SetWriteDeadline
	}
	c.out.Store(out)
	return out
}

// body is the connection as the websocket library sees it, above TLS. Messages are
// written to it beside the library, which passes each frame to a goroutine of its
// own twice. The library writes control frames only, each with one call of Write.
type body struct {
	io.ReadWriteCloser
	in    *inbox
	out   *gather // where writes gather
	below bool    // the connection itself writes to out
	open  bool    // the handshake has succeeded

	mu     sync.Mutex
	frame  []byte // for the next message; at most KeepBuffer bytes
	closed bool   // a close frame has been sent, or is about to be
}

// Write writes a control frame. No message follows a close frame (RFC 6455, section
// 5.5.1), and no other close frame: the library answers also one that answers ours.
func (b *body) Write(p []byte) (int, error) {
	if len(p) > 0 && p[0]&opcodeBits == opClose {
		b.mu.Lock()
		again := b.closed
		b.closed = true
		b.mu.Unlock()
		if again {
			return len(p), nil
		}
	}
	return b.write(p)
}

// message writes a text message. It only takes as long as gathering the bytes.
func (b *body) message(p []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return net.ErrClosed
	}
	frame := appendText(b.frame[:0], p)
	if cap(frame) <= KeepBuffer {
		b.frame = frame
	}
	_, err := b.write(frame)
	return err
}

func (b *body) write(p []byte) (int, error) {
	if b.below {
		return b.ReadWriteCloser.Write(p)
	}
	return b.out.Write(p)
}

// Close closes the connection. What has gathered has a moment to be written: the
// library closes the connection right behind its answer to the peer's close frame.
func (b *body) Close() error {
	b.out.await(inlineWrite)
	return b.ReadWriteCloser.Close()
}

// Read reads from the inbox. During the handshake nothing is read: the library
// would wait for the body of an answer that it refuses.
func (b *body) Read(p []byte) (int, error) {
	if !b.open {
		return 0, io.EOF
	}
	return b.in.Read(p)
}
