package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"nhooyr.io/websocket"
)

// Options say how to dial and how the connection behaves.
type Options struct {
	HTTPClient     *http.Client // nil: http.DefaultClient
	HTTPHeader     http.Header
	Subprotocol    string
	MaxMessageSize int64         // bytes of one incoming message
	WriteTimeout   time.Duration // for one write to the peer
}

// Dial opens a websocket. ctx bounds the dial and the handshake only. The
// error names the URL without its credentials.
func Dial(ctx context.Context, rawURL string, opts Options) (*Socket, error) {
	if err := checkScheme(rawURL); err != nil {
		return nil, fmt.Errorf("dial %s: %w", Name(rawURL), err)
	}
	hook, client := newHook(opts)
	ws, resp, err := websocket.Dial(ctx, rawURL, &websocket.DialOptions{
		HTTPClient:   client,
		HTTPHeader:   opts.HTTPHeader,
		Subprotocols: []string{opts.Subprotocol},
	})
	if err != nil {
		hook.closeIdle()
		return nil, fmt.Errorf("dial %s: %w", Name(rawURL), dialError(ctx, rawURL, resp, err))
	}
	ws.SetReadLimit(opts.MaxMessageSize)
	return &Socket{ws: ws, out: hook.out, body: hook.body, max: opts.MaxMessageSize}, nil
}

// Name returns rawURL without what may be secret: user information, query and
// fragment.
func Name(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err == nil && u.Opaque == "" {
		return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
	}
	scheme, rest, found := strings.Cut(rawURL, "://")
	if !found {
		scheme, rest = "", rawURL
	} else {
		scheme += "://"
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	if query := strings.IndexAny(rest, "?#"); query >= 0 {
		rest = rest[:query]
	}
	return strconv.Quote(scheme + rest)
}

// checkScheme says what is wrong with a URL whose scheme is that of another
// protocol, without quoting it: it may be the user's name.
func checkScheme(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil // which dialling will find
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
		return nil
	}
	return errors.New("the URL's scheme is not ws or wss")
}

// dialError strips from err whatever repeats the URL.
func dialError(ctx context.Context, rawURL string, resp *http.Response, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the server is not a websocket: it answered %s", resp.Status)
	}
	u := (*url.Error)(nil)
	if !errors.As(err, &u) {
		return &libraryError{"failed to WebSocket dial: ", err}
	}
	if u.Op == "parse" && strings.ContainsRune(rawURL, '@') {
		// The parser quotes what it stumbled over, which may be a password.
		return errors.New("not a valid URL")
	}
	if strings.HasPrefix(u.Err.Error(), "readLoopPeekFailLocked") { // net/http says no more
		return errors.New("the server does not answer in HTTP")
	}
	return u.Err
}

// hook is a RoundTripper that gets hold of the connection under a websocket, to
// gather what is written to it.
type hook struct {
	base    http.RoundTripper
	timeout time.Duration
	out     *gather // set by a successful handshake, as is body
	body    *body
}

// newHook returns a copy of the client of opts that dials through a hook.
func newHook(opts Options) (*hook, *http.Client) {
	client := http.Client{}
	if opts.HTTPClient != nil {
		client = *opts.HTTPClient
	}
	h := &hook{base: client.Transport, timeout: opts.WriteTimeout}
	if h.base == nil {
		h.base = http.DefaultTransport
	}
	if t, ok := h.base.(*http.Transport); ok {
		h.base = gathering(t)
	}
	client.Transport = h
	if client.CheckRedirect == nil {
		// A websocket endpoint does not redirect; what does is not Janus, and
		// must not be sent the caller's credentials.
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return h, &client
}

// gathering returns a copy of t that dials gatherConns.
func gathering(t *http.Transport) *http.Transport {
	t = t.Clone()
	dial := t.DialContext
	//lint:ignore SA1019 a caller may still set the deprecated field
	if old := t.Dial; dial == nil && old != nil {
		dial = func(_ context.Context, network, addr string) (net.Conn, error) { return old(network, addr) }
	}
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &gatherConn{Conn: conn}, nil
	}
	return t
}

// RoundTrip performs the handshake. Afterwards h.out is where the websocket
// writes to.
func (h *hook) RoundTrip(req *http.Request) (*http.Response, error) {
	var conn net.Conn
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { conn = info.Conn }}
	resp, err := h.base.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return resp, err
	}
	rwc, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		return nil, errors.New("the HTTP client's transport does not give a writable body for a websocket")
	}
	h.body = &body{ReadWriteCloser: rwc}
	resp.Body = h.body
	if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = tls.NetConn()
	}
	if conn, ok := conn.(*gatherConn); ok {
		h.out = conn.begin(h.timeout)
	} else {
		h.out = &gather{dst: rwc, timeout: h.timeout}
		h.body.out = h.out
	}
	return resp, nil
}

// closeIdle drops what a failed handshake leaves behind in the transport, which
// is ours where it could be copied.
func (h *hook) closeIdle() {
	if t, ok := h.base.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}
