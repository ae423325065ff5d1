// Package janus is a Golang implementation of the Janus API, used to interact
// with the Janus WebRTC Gateway (https://janus.conf.meetecho.com) over a
// websocket.
//
// Connect, or Dial with options, opens the connection, which is a Gateway. Its
// Create makes a Session, whose Attach makes a Handle to a plugin. The methods of
// a Handle send requests to the plugin and set up its PeerConnection. The package
// does not handle media: it passes SDP and candidates through.
//
// # Calls
//
// Every method that sends a request takes a context and returns when it ends,
// without harm to the connection or to other calls. DialOptions.RequestTimeout
// bounds calls whose context has no deadline. Errors of Janus are returned as an
// *ErrorMsg. Handle.Call returns errors reported by plugins as a *PluginError.
//
// # Events
//
// Other messages from Janus are sent on the Events channel of the Handle or
// Session that they belong to, in the order in which they arrived, as pointers to
// the message types of this package. Reading a channel is optional. Unread
// messages are buffered; if the buffer is full, the oldest are dropped and an
// *OverflowMsg reports how many. A channel is closed after its last message when
// its Handle, Session or Gateway ends: use range, or the two-valued receive.
//
// # Tokens and secrets
//
// Tokens are stored by Janus or made with package signedtoken; an empty one is not
// sent. DialOptions.APISecret is sent with every request. Neither appears in errors,
// logs or printed messages.
//
// # Lifetime
//
// The errgroup.Group that Connect returns reports why the connection ended.
// Calls then fail with an error that wraps ErrClosed and the cause. With
// DialOptions.Reconnect a lost connection is restored and its sessions are
// claimed again; Gateway.Claim and Session.Adopt take over those of an earlier
// process. Janus ends sessions without traffic; DialOptions.KeepAlive prevents
// that.
//
// The packages below plugin have typed requests and events for Janus's plugins.
// Package janustest has a server for the tests of applications.
//
// Everything is safe for concurrent use, unless a comment says otherwise.
package janus

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/calls"
	"github.com/cameronelliott/janus-go/internal/framelog"
	"github.com/cameronelliott/janus-go/internal/keeper"
	"github.com/cameronelliott/janus-go/internal/link"
	"github.com/cameronelliott/janus-go/internal/notify"
	"github.com/cameronelliott/janus-go/internal/queue"
	"github.com/cameronelliott/janus-go/internal/routes"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/tokens"
	"github.com/cameronelliott/janus-go/internal/tracing"
	"github.com/cameronelliott/janus-go/internal/wire"
	"github.com/cameronelliott/janus-go/trace"
)

const (
	// flushLog is how long the end of a Gateway waits for its logger.
	flushLog = 200 * time.Millisecond
	// dialsAtOnce is how many dials may hang in a transport that ignores its
	// context.
	dialsAtOnce = 4
	// The verbs that the Gateway itself looks at.
	verbCreate  = "create"
	verbMessage = "message"
	verbClaim   = "claim"
)

// Gateway represents a connection to an instance of the Janus Gateway.
//
// All methods may be called concurrently. A Gateway lives until Close or
// Shutdown, until the context given to Connect ends, or until the connection is
// lost for good. Then every call that waits and every later one fails with
// ErrClosed, and all Events channels close after their last message.
type Gateway struct {
	// Sessions is a map of the currently active sessions to the gateway.
	Sessions map[uint64]*Session

	// Access to the Sessions map should be synchronized with the Gateway.Lock()
	// and Gateway.Unlock() methods provided by the embedded sync.Mutex. It guards
	// nothing else: holding it delays only calls that change the map.
	sync.Mutex

	// LogJsonMessages enables logging of json rx/tx messages to stdout, with
	// the values of tokens and secrets masked. Set it before the calls whose
	// messages are to be logged.
	LogJsonMessages bool

	url    string
	opts   DialOptions
	prefix string // of transactions

	ctx    context.Context // of the connection's life
	group  *errgroup.Group
	done   chan struct{}  // closed when all has ended
	others sync.WaitGroup // goroutines besides the reader

	dials  chan struct{} // has an element for each dial under way
	link   *link.Link
	calls  *calls.Table[request]
	scope  calls.Scope[request] // the connection's
	upkeep *keeper.Upkeep
	tokens *tokens.Source // nil without a TokenSource
	log    *safelog.Logger
	frames *framelog.Logger
	states *notify.Notifier[func()]
	queues queue.Group
	trace  *tracing.Tracer // nil without a Trace

	decoder wire.Decoder // of the reader
	in      wire.Frame   // of the reader

	sessions       routes.Table[*Session]
	sessionTimeout atomic.Int64 // of the server, in seconds; 0: not known

	mu      sync.Mutex     // guards the fields below
	leaving bool           // Shutdown has begun
	creates sync.WaitGroup // calls that make sessions; none begins once leaving is set
}

// request is what the Gateway keeps for a call.
type request struct {
	verb    string
	session *Session // nil: a request of the Gateway
	handle  *Handle  // nil: a request of the session
	claimed uint64   // by Gateway.Claim
	plugin  string   // of an attach; with a Trace, of the handle
	token   string

	// accept handles the reply, unless it is an error. The reader calls it, so
	// that new sessions and handles are registered before the next frame.
	accept func(g *Gateway, c *call, f *wire.Frame, frame []byte) error

	// The results.
	info     json.RawMessage
	opened   *Session
	handled  *Handle
	event    *EventMsg
	success  *SuccessMsg
	received int // bytes of the reply
}

type call = calls.Call[request]

// Connect initiates a websocket connection with the Janus Gateway, with the
// default options of Dial.
//
// It will also spawn two goroutines to maintain the connection. One is for
// sending websocket ping messages periodically, the other is for reading
// messages and passing them to the right channel.
//
// These two goroutines are added to an errgroup.Group which you can ignore if
// you like:
//
//	gateway, _, err := janus.Connect(ctx, url)
//
// or, even better, you can use its Wait method to wait for these goroutines and
// catch the error that ended them: an error with the peer's close status (see
// websocket.CloseStatus), the error of ctx, or nil after Close.
//
// Goroutines of the application may join the group. If one of them returns an
// error, the group is canceled, which ends the connection. A goroutine that serves
// something else as well, such as HTTP, can wait for Gateway.Done.
//
// ctx bounds the life of the connection. DialOptions.DialTimeout bounds the
// dial. Errors name the URL without its credentials.
func Connect(ctx context.Context, wsURL string) (*Gateway, *errgroup.Group, error) {
	return Dial(ctx, wsURL, nil)
}

// Dial is Connect with options; nil means the defaults. It does not retry a
// failed attempt, even if DialOptions.Reconnect is set.
func Dial(ctx context.Context, wsURL string, opts *DialOptions) (*Gateway, *errgroup.Group, error) {
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	g := newGateway(ctx, group, wsURL, opts.withDefaults())
	l, err := link.Open(ctx, g.linkOptions())
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("janus: %w", err)
	}
	g.link = l
	g.trace.Changed(trace.Connected, nil)
	group.Go(func() error {
		defer cancel()
		return g.end(g.link.Run())
	})
	g.goGroup(g.heartbeat)
	return g, group, nil
}

func newGateway(ctx context.Context, group *errgroup.Group, url string, opts DialOptions) *Gateway {
	g := &Gateway{
		Sessions: make(map[uint64]*Session),
		url:      url,
		opts:     opts,
		prefix:   rand.Text()[:8] + ".",
		ctx:      ctx,
		group:    group,
		done:     make(chan struct{}),
		dials:    make(chan struct{}, dialsAtOnce),
		calls:    calls.New[request](opts.RequestTimeout),
		log:      safelog.Start(opts.Logger),
	}
	g.trace = tracing.New(opts.Trace, socket.Name(url), g.log)
	g.frames = framelog.New(g.log)
	g.frames.Lost = g.trace.Unroutable
	g.queues = queue.Group{
		Limit:    g.opts.EventBacklog,
		Overflow: func(n int) interface{} { return &OverflowMsg{Dropped: n} },
		Pushed:   g.trace.Pushed(),
		Unread: func(n int) {
			g.log.Log(slog.LevelWarn, "janus: messages dropped, nobody read them", "messages", n)
			g.trace.Unread(n)
		},
	}
	if opts.TokenSource != nil {
		g.tokens = tokens.New(ctx, orDefault(opts.RequestTimeout, defaultRequestTimeout), opts.TokenSource)
	}
	g.upkeep = keeper.NewUpkeep(g.upkeepOptions())
	if opts.StateChanged != nil {
		g.states = notify.New(func(call func()) { call() })
	}
	return g
}

func (g *Gateway) linkOptions() link.Options {
	opts := link.Options{
		Dial:        tracing.Dial(g.trace, g.dial),
		DialTimeout: g.opts.DialTimeout,
		PongTimeout: g.opts.PongTimeout,
		Up:          g.up,
		Frame:       g.receive,
		Down:        g.down,
		Changed:     g.changed,
		Log:         g.log,
	}
	if r := g.opts.Reconnect; r != nil {
		opts.Reconnect, opts.MinDelay, opts.MaxDelay, opts.GiveUp = true, r.MinDelay, r.MaxDelay, r.GiveUpAfter
	}
	return opts
}

// dial opens the websocket.
func (g *Gateway) dial(ctx context.Context) (*socket.Socket, error) {
	sock, err := socket.Dial(ctx, g.url, socket.Options{
		HTTPClient:     g.opts.HTTPClient,
		HTTPHeader:     g.opts.HTTPHeader,
		Subprotocol:    subprotocol,
		MaxMessageSize: g.opts.MaxMessageSize,
		WriteTimeout:   g.opts.WriteTimeout,
		Slots:          g.dials,
	})
	if err == nil && sock.Subprotocol() != subprotocol {
		g.log.Log(slog.LevelWarn, "janus: the server did not choose "+subprotocol, "url", socket.Name(g.url))
	}
	return sock, err
}

// changed passes a new state of the connection to StateChanged.
func (g *Gateway) changed(state link.State, cause error) {
	g.trace.Changed(trace.State(State(state).String()), cause)
	if g.states != nil {
		g.states.Send(func() {
			defer g.log.Recover("janus: panic in StateChanged")
			g.opts.StateChanged(State(state), cause)
		})
	}
}

// goGroup runs f as a goroutine of the group that Close waits for.
func (g *Gateway) goGroup(f func()) {
	g.others.Add(1)
	g.group.Go(func() error {
		defer g.others.Done()
		f()
		return nil
	})
}

// WaitForGroup is an example of wait and catch errors from the Connect()
// function: it waits for the group, reports its error, if any, to stderr and
// returns it.
func WaitForGroup(g *errgroup.Group) error {
	err := g.Wait()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return err
}

// State returns the state of the connection.
func (g *Gateway) State() State { return State(g.link.State()) }

// Done returns a channel that is closed when the Gateway has ended. Err then
// returns why.
func (g *Gateway) Done() <-chan struct{} { return g.done }

// Err returns nil until the Gateway ends, and then the error that calls fail with.
// It matches ErrClosed and wraps the cause, unless that is Close or Shutdown.
func (g *Gateway) Err() error { return g.calls.Err(&g.scope) }

var (
	errClosedByCaller = fmt.Errorf("%w by the caller", ErrClosed)
	errShutDown       = fmt.Errorf("%w: the gateway is being shut down", ErrClosed)
)

// Close closes the underlying connection to the Gateway. It sends a websocket
// close frame with code and reason, which may have 123 bytes, and waits up to a
// second for the peer's answer. It returns an error if the frame cannot be sent or
// is not answered; the connection is closed in any case. Messages that arrive
// during Close may not be delivered. When Close returns, the goroutines of the
// Gateway have ended. Closing again does nothing.
//
// Close does not destroy sessions: the server keeps them, visible to others, for
// its reclaim_session_timeout. See Shutdown.
func (g *Gateway) Close(code websocket.StatusCode, reason string) error {
	if !g.calls.End(&g.scope, errClosedByCaller) {
		<-g.done
		g.others.Wait()
		return nil
	}
	err := g.link.Close(code, reason)
	<-g.done
	g.others.Wait()
	if err != nil {
		return fmt.Errorf("janus: close connection to %s: %w", socket.Name(g.url), err)
	}
	return nil
}

// end ends everything that depends on the connection, which was ended by err. It
// returns the error for the group.
func (g *Gateway) end(err error) error {
	cause := fmt.Errorf("%w: %w", ErrClosed, err)
	if !g.calls.End(&g.scope, cause) { // by Close
		cause, err = errClosedByCaller, nil
	}
	for _, s := range g.sessions.List() {
		g.dropSession(s, cause)
	}
	routes.WhenLocked(&g.Mutex, func() { clear(g.Sessions) })
	g.changed(link.Closed, err)
	g.log.Flush(flushLog)
	close(g.done)
	if err != nil {
		return fmt.Errorf("janus: connection to %s: %w", socket.Name(g.url), err)
	}
	return nil
}

// newCall returns a call for a request of the session or the handle, which may
// be nil.
func (g *Gateway) newCall(s *Session, h *Handle, accept func(*Gateway, *call, *wire.Frame, []byte) error) *call {
	c := g.calls.NewCall()
	c.Request.session, c.Request.handle, c.Request.accept = s, h, accept
	return c
}

// scopeOf returns the scope that a call belongs to.
func (g *Gateway) scopeOf(c *call) *calls.Scope[request] {
	switch {
	case c.Request.handle != nil:
		return &c.Request.handle.scope
	case c.Request.session != nil:
		return &c.Request.session.scope
	}
	return &g.scope
}

// do sends a request and waits for its reply. It returns promptly when ctx ends,
// whatever the connection does. If it succeeds, the caller takes the results
// from c and frees it; otherwise the caller must not use c again.
func (g *Gateway) do(ctx context.Context, c *call, r *wire.Request) error {
	if g.trace == nil {
		_, _, err := g.exchange(ctx, c, r)
		return err
	}
	if h := c.Request.handle; h != nil {
		c.Request.plugin = h.queue.Tag().Plugin
	}
	traced := g.trace.Start(ctx, r, c.Request.plugin)
	sent, received, err := g.exchange(ctx, c, r)
	result := trace.Result{Sent: sent, Received: received, Err: err}
	switch {
	case err != nil:
	case c.Request.event != nil:
		result.Err = c.Request.event.Plugindata.Err()
	case c.Request.success != nil:
		result.Err = c.Request.success.PluginData.Err()
	}
	traced.End(result)
	return err
}

// exchange is do without the Trace. It returns the sizes of the request and the
// reply.
func (g *Gateway) exchange(ctx context.Context, c *call, r *wire.Request) (sent, received int, err error) {
	scope := g.scopeOf(c)
	if g.tokens != nil && r.Token == "" {
		var cancel context.CancelFunc
		ctx, cancel = g.bounded(ctx)
		defer cancel()
		if err := g.fillToken(ctx, scope, r); err != nil {
			g.calls.Free(c)
			return 0, 0, callError(r.Janus, err, false)
		}
	}
	g.frames.SetPrint(g.LogJsonMessages)
	c.Request.verb, c.Request.token = r.Janus, r.Token
	size := r.Size()
	conn, crowd, err := g.calls.Begin(ctx, c, scope, size)
	if err != nil {
		g.calls.Free(c)
		return 0, 0, callError(r.Janus, err, false)
	}
	// A write that fails ends the connection, and the call with it.
	sent = g.send(conn, r, c.Number(), crowd)
	conn.Settle(size)
	replied, err := g.calls.Wait(ctx, c)
	if err == nil {
		return sent, c.Request.received, nil
	}
	if replied {
		received = c.Request.received
		g.calls.Free(c)
	}
	return sent, received, callError(r.Janus, err, sent > 0)
}

// callError returns the error of a call that failed with err.
func callError(verb string, err error, sent bool) error {
	if msg, ok := err.(*ErrorMsg); ok { // returned as it is, as documented
		own := *msg
		own.Request, own.notSent = verb, !sent
		return &own
	}
	if !sent {
		return fmt.Errorf("janus: %s: %w: %w", verb, ErrNotSent, err)
	}
	return fmt.Errorf("janus: %s: %w", verb, err)
}

// send writes a request and returns its size. It returns 0 if the request has not
// been sent in full; the reader then finds that the connection has ended.
func (g *Gateway) send(conn calls.Conn, r *wire.Request, number uint64, crowd bool) (size int) {
	r.APISecret = g.opts.APISecret
	buf := wire.Buffer()
	frame := r.Append((*buf)[:0], wire.Transaction{Prefix: g.prefix, Number: number})
	g.frames.Frame("sent", frame)
	if conn.Write(frame, crowd) == nil {
		size = len(frame)
	}
	wire.Reuse(buf, frame)
	return size
}

// post sends a request whose reply nobody waits for. Its transaction is one that
// no call has, so an error is delivered as an event.
func (g *Gateway) post(conn calls.Conn, r *wire.Request) { _ = g.send(conn, r, 0, false) }

// receive decodes a frame and routes it.
func (g *Gateway) receive(frame []byte) error {
	g.frames.Frame("received", frame)
	g.in = wire.Frame{}
	err := g.decoder.Decode(frame, &g.in)
	if err != nil && !wire.IsFieldError(err) {
		return err
	}
	g.route(&g.in, frame, err)
	return nil
}

// route passes a frame to the call that waits for it, or else to an Events
// channel. malformed is the error of one of the frame's fields, or nil.
func (g *Gateway) route(f *wire.Frame, frame []byte, malformed error) {
	c, more := g.answered(f, malformed)
	switch {
	case c != nil:
		g.calls.Finish(c, g.accept(c, f, frame, malformed))
	case !more:
		g.deliver(f, frame, malformed != nil)
	}
}

// answered returns the call that f answers, if there is one. more reports that f
// only acknowledges a call whose answer is still to come.
func (g *Gateway) answered(f *wire.Frame, malformed error) (c *call, more bool) {
	number, ok := wire.ParseTransaction(f.Transaction, g.prefix)
	if !ok {
		return nil, false
	}
	c = g.calls.Take(number, func(c *call) bool {
		if !c.Request.concerns(f) {
			return false
		}
		more = malformed == nil && f.Janus == "ack" && c.Request.verb == verbMessage
		return !more
	})
	return c, more
}

// concerns reports whether f may answer the request: it is not for another
// session or handle. An error may name the session that a create is about.
func (r *request) concerns(f *wire.Frame) bool {
	session, handle := r.claimed, uint64(0)
	if r.session != nil {
		session = r.session.ID
	}
	if r.handle != nil {
		handle = r.handle.ID
	}
	return (f.Sender == 0 || f.Sender == handle) &&
		(f.Session == 0 || f.Session == session || session == 0 && f.Janus == "error")
}

// accept handles the reply to a call and returns the call's error.
func (g *Gateway) accept(c *call, f *wire.Frame, frame []byte, malformed error) error {
	r := &c.Request
	r.received = len(frame)
	switch {
	case malformed != nil:
		return fmt.Errorf("reply %q not understood: %w", f.Janus, malformed)
	case f.Janus == "error":
		return g.refused(r, newErrorMsg(f))
	}
	if r.session != nil {
		r.session.care.Latest.Set(r.token)
	}
	return r.accept(g, c, f, frame)
}

// refused handles an error that answers a request, and returns it. If the session or
// the handle does not exist on the server, it ends.
func (g *Gateway) refused(r *request, msg *ErrorMsg) error {
	code := ErrorCode(msg.Err.Code)
	if r.session != nil && code != ErrorUnauthorized {
		r.session.care.Latest.Set(r.token)
	}
	switch {
	case r.session != nil && r.verb == verbClaim:
		g.claimRefused(r.session, msg)
	case r.session != nil && code == ErrorSessionNotFound:
		g.endSession(r.session, msg, msg)
	case r.handle != nil && code == ErrorHandleNotFound:
		r.handle.queue.Push(msg)
		g.closeHandle(r.handle, msg)
	}
	return msg
}

// unexpected returns the error of a call whose reply is of the wrong kind.
func unexpected(f *wire.Frame) error { return fmt.Errorf("unexpected reply %q", f.Janus) }

// acceptAck handles the reply to a request without a result.
func acceptAck(_ *Gateway, _ *call, f *wire.Frame, _ []byte) error {
	if !acknowledged(f) {
		return unexpected(f)
	}
	return nil
}

func acknowledged(f *wire.Frame) bool { return f.Janus == "success" || f.Janus == "ack" }

// Ping asks whether Janus itself answers. The websocket pings in the background
// only check the connection.
func (g *Gateway) Ping(ctx context.Context, token string) error {
	c := g.newCall(nil, nil, acceptPong)
	err := g.do(ctx, c, &wire.Request{Janus: "ping", Token: token})
	if err == nil {
		g.calls.Free(c)
	}
	return err
}

func acceptPong(_ *Gateway, _ *call, f *wire.Frame, _ []byte) error {
	if f.Janus != "pong" {
		return unexpected(f)
	}
	return nil
}
