package socket

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"runtime/debug"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/cause"
)

// Options configure Dial and the connection it returns.
type Options struct {
	// HTTPClient performs the handshake. Its Timeout bounds the handshake
	// only. Redirects are followed only if it has a CheckRedirect. A Transport
	// that is an *http.Transport is copied. Default: http.DefaultClient.
	HTTPClient *http.Client

	// HTTPHeader is sent with the handshake.
	HTTPHeader http.Header

	// Slots, if not nil, limits how many dials are under way: each holds a
	// place in its buffer until the transport has returned, which may be long
	// after Dial has.
	Slots chan struct{}

	// Subprotocol is offered to the peer unless it is empty.
	Subprotocol string

	// MaxMessageSize is the largest size of an incoming message, in bytes. If
	// negative, there is no limit.
	MaxMessageSize int64

	// WriteTimeout is how long writing may make no progress before the
	// connection is closed. Values below 20 ms count as 20 ms. On TCP and unix
	// sockets, also below the TLS of the http package, each byte that the
	// kernel accepts is progress. On any other connection, progress is the end
	// of a Write of up to 16 KiB, which for a *tls.Conn is one record or a few.
	WriteTimeout time.Duration
}

// Dial opens a websocket. ctx and the Timeout of the HTTP client bound the dial
// and the handshake only. When either ends, Dial returns at once, even if the
// client's transport ignores its context: whatever the transport returns later
// is closed. The error then matches the error of ctx, or
// context.DeadlineExceeded for the Timeout. A panic of the transport is passed
// on to the caller. Errors name the URL as Name does.
func Dial(ctx context.Context, rawURL string, opts Options) (*Socket, error) {
	s, err := dial(ctx, rawURL, opts)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", Name(rawURL), err)
	}
	return s, nil
}

func dial(ctx context.Context, rawURL string, opts Options) (*Socket, error) {
	if err := checkURL(rawURL); err != nil {
		return nil, err
	}
	if opts.HTTPClient == nil {
		opts.HTTPClient = http.DefaultClient
	}
	if timeout := opts.HTTPClient.Timeout; timeout > 0 {
		late := fmt.Errorf("the HTTP client's timeout of %v: %w", timeout, context.DeadlineExceeded)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, late)
		defer cancel()
	}
	if ctx.Err() != nil {
		return nil, cause.Of(ctx)
	}
	if opts.Slots != nil {
		select {
		case opts.Slots <- struct{}{}:
		case <-ctx.Done():
			return nil, cause.Of(ctx)
		}
	}
	free := func() {
		if opts.Slots != nil {
			<-opts.Slots
		}
	}
	if prompt(ctx, opts.HTTPClient) {
		defer free()
		return handshake(ctx, rawURL, opts)
	}
	results := make(chan result)
	gone := make(chan struct{})
	defer close(gone)
	go func() {
		defer free()
		attempt(ctx, rawURL, opts, results, gone)
	}()
	select {
	case r := <-results:
		if r.panicked != nil {
			panic(r.panicked)
		}
		return r.socket, r.err
	case <-ctx.Done():
		return nil, cause.Of(ctx)
	}
}

// prompt reports whether a handshake is sure to return when ctx ends, because it calls
// only functions of the standard library: then it needs no goroutine of its own.
func prompt(ctx context.Context, c *http.Client) bool {
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	t, ok := transport.(*http.Transport)
	//lint:ignore SA1019 a caller may still set the deprecated fields
	return ok && t != nil && t.Dial == nil && t.DialTLS == nil && t.DialTLSContext == nil &&
		(t.DialContext == nil || sameCode(t.DialContext, new(net.Dialer).DialContext)) &&
		(t.Proxy == nil || sameCode(t.Proxy, http.ProxyFromEnvironment)) &&
		c.Jar == nil && c.CheckRedirect == nil && httptrace.ContextClientTrace(ctx) == nil
}

// sameCode reports whether two functions have the same code. So do a method of any two
// values of a type.
func sameCode(f, g any) bool { return reflect.ValueOf(f).Pointer() == reflect.ValueOf(g).Pointer() }

// result is the outcome of an attempt.
type result struct {
	socket   *Socket
	err      error
	panicked any
}

// attempt sends the result of a handshake to results. If gone is closed first,
// it closes the socket.
func attempt(ctx context.Context, rawURL string, opts Options, results chan<- result, gone <-chan struct{}) {
	r := result{err: errors.New("the HTTP client's transport ended its goroutine")}
	defer func() { // also after runtime.Goexit
		if p := recover(); p != nil {
			r = result{panicked: fmt.Sprintf("%v\n\n%s", p, debug.Stack())}
		}
		select {
		case results <- r:
		case <-gone:
			if r.socket != nil {
				r.socket.CloseNow()
			}
		}
	}()
	r.socket, r.err = handshake(ctx, rawURL, opts)
}

// handshake opens a websocket, for as long as the HTTP client takes.
func handshake(ctx context.Context, rawURL string, opts Options) (*Socket, error) {
	handshake, end := context.WithCancel(ctx)
	defer end()
	h, client := newHook(handshake, opts.HTTPClient, max(opts.WriteTimeout, inlineWrite))
	dialOptions := &websocket.DialOptions{HTTPClient: client, HTTPHeader: opts.HTTPHeader}
	if opts.Subprotocol != "" {
		dialOptions.Subprotocols = []string{opts.Subprotocol}
	}
	ws, resp, err := websocket.Dial(ctx, rawURL, dialOptions)
	if err != nil {
		return nil, dialError(ctx, resp, err)
	}
	h.body.open = true
	limit := opts.MaxMessageSize
	if limit == math.MaxInt64 {
		limit = -1 // the websocket library adds one
	}
	ws.SetReadLimit(limit)
	h.body.in.max = maxInbox - maxHeader
	if limit >= 0 {
		h.body.in.max = int(min(int64(h.body.in.max), limit))
	}
	return &Socket{ws: ws, out: h.body.out, body: h.body, max: limit}, nil
}

// StatusError is the error of a handshake to which the server gave another answer
// than a websocket.
type StatusError struct {
	Code   int    // of HTTP
	Status string // such as "403 Forbidden"
}

func (e *StatusError) Error() string {
	return "the server is not a websocket: it answered " + e.Status
}

// dialError returns the cause of err without the URL.
func dialError(ctx context.Context, resp *http.Response, err error) error {
	if ctx.Err() != nil {
		return cause.Of(ctx)
	}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return &StatusError{Code: resp.StatusCode, Status: resp.Status}
	}
	for u := (*url.Error)(nil); errors.As(err, &u); {
		if u.Op == "parse" { // the cause may quote the URL
			return errors.New("a URL is not valid")
		}
		err = u.Err
	}
	return plainDialError(err)
}
