// Package janus is a Golang implementation of the Janus API, used to interact
// with the Janus WebRTC Gateway (https://janus.conf.meetecho.com) over a
// websocket.
//
// Connect, or Dial with options, opens the connection, which is a Gateway. Its
// Create makes a Session, whose Attach makes a Handle to a plugin; the calls of
// a Handle talk to the plugin and set up its PeerConnection. Media is not the
// business of this package: SDP and candidates are passed through.
//
// # Calls
//
// Every call that talks to Janus takes a context and returns when it ends; the
// connection and other calls are not harmed by that. A context without a
// deadline gets DialOptions.RequestTimeout. An error of Janus is returned as an
// *ErrorMsg; an error within a plugin is no error of the call, see
// PluginData.Err.
//
// # Events
//
// What Janus sends of its own accord comes on the Events channel of the Handle
// or Session that it belongs to: every message, in the order in which it
// arrived, as a pointer to one of the message types of this package. A channel
// may be read late or not at all; messages wait for their reader, and where too
// many wait the oldest go and an *OverflowMsg tells how many. A channel closes
// behind its last message when its Handle, Session or Gateway ends.
//
// # Tokens and secrets
//
// A token that is not empty goes out with its request; it may be one that Janus
// stores, or one that package signedtoken makes. DialOptions.APISecret goes out
// with every request. Neither is shown in errors, logs or printed messages.
//
// # Ends
//
// The errgroup.Group that Connect returns reports why the connection ended.
// Calls then fail with an error that wraps ErrClosed and the cause. With
// DialOptions.Reconnect a lost connection is restored and its sessions are
// claimed again; Gateway.Claim and Session.Adopt take over those of an earlier
// process. A session needs traffic: DialOptions.KeepAlive sees to that.
//
// Package janustest has a server to test applications with.
//
// Everything may be used from several goroutines at once, except where a
// comment says otherwise.
package janus

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/queue"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/wire"
)

// DialOptions are the options of Dial. The zero value of each field, like a nil
// *DialOptions, stands for its default.
type DialOptions struct {
	// APISecret is sent with every request, for servers that ask for one
	// (api_secret). Default: none.
	APISecret string

	// HTTPClient performs the websocket handshake: its Transport brings TLS
	// roots, client certificates, proxies, unix sockets; its Timeout bounds the
	// handshake, and nothing else. Redirects are followed only if it has a
	// CheckRedirect. Default: http.DefaultClient.
	HTTPClient *http.Client

	// HTTPHeader is sent with the handshake. Default: none.
	HTTPHeader http.Header

	// Logger gets the messages and errors that nobody else is told, as
	// warnings, and every frame at level Debug, with secrets masked. It is
	// called from a goroutine of its own, so it may be slow.
	// Default: slog.Default().
	Logger *slog.Logger

	// PingInterval is the time between two websocket pings. Negative: none, and
	// a peer that vanishes without a word is not noticed. Default: 15 s.
	PingInterval time.Duration

	// PongTimeout is how long the answer to a ping may take before the
	// connection counts as lost. It is always bounded. Default: 10 s.
	PongTimeout time.Duration

	// WriteTimeout is how long the peer may leave unread what is written to it
	// before the connection counts as lost. It is always bounded. Default: 10 s.
	WriteTimeout time.Duration

	// RequestTimeout is how long a call waits whose context has no deadline, and
	// how long one dial of a reconnect may take. Negative: a call waits for ever.
	// Default: 10 s.
	RequestTimeout time.Duration

	// MaxMessageSize is how large an incoming message may be, in bytes; a
	// larger one ends the connection. Negative: no limit. Default: 16 MiB.
	MaxMessageSize int64

	// EventBacklog is how many messages may wait behind each Events channel
	// before the oldest are dropped, which an *OverflowMsg then tells.
	// Default, also for what is negative: 4096.
	EventBacklog int

	// KeepAlive, when positive, keeps every session of the Gateway alive with a
	// keepalive request in each such interval, all from one goroutine. It must
	// be shorter than the server's session_timeout, 60 s by default, and is at
	// least a millisecond. An error of Janus comes on Session.Events;
	// ErrorSessionNotFound ends the session. A token that cannot be had is
	// logged. Default: none, see Session.KeepAliveSender.
	KeepAlive time.Duration

	// TokenSource supplies the token for the requests that the Gateway makes by
	// itself: KeepAlive's, those of Session.KeepAliveSender, and claims after a
	// reconnect. It is for tokens that expire. It is called concurrently, from
	// goroutines of its own, and its answer is not waited for longer than
	// RequestTimeout. Default: the token sent last for the session.
	TokenSource func(ctx context.Context, sessionID uint64) (string, error)

	// Reconnect, if not nil, makes the Gateway restore a lost connection.
	// Default: nil, a lost connection is final.
	Reconnect *ReconnectOptions
}

// ReconnectOptions say how a lost connection is restored. The server keeps the
// sessions meanwhile if its reclaim_session_timeout allows.
//
// While the connection is away, calls wait for it, up to their deadline. Calls
// that were waiting for a reply when it went fail with ErrClosed: they may or
// may not have been carried out, and are never repeated. Session.Events tells
// of both ends of the gap, with *DisconnectedMsg and *ReclaimedMsg; what Janus
// would have sent between them is lost. A session that the server no longer
// has ends, with its *ErrorMsg on Session.Events.
type ReconnectOptions struct {
	// MinDelay and MaxDelay bound the delay before a dial: it is random between
	// zero and a limit that begins at MinDelay and doubles with every failure up
	// to MaxDelay. Defaults: 250 ms and 15 s.
	MinDelay, MaxDelay time.Duration

	// GiveUpAfter is how long a connection may be away before its loss is final.
	// Default: as long as the context of Dial lives.
	GiveUpAfter time.Duration
}

const (
	subprotocol = "janus-protocol"

	defaultPingInterval   = 15 * time.Second
	defaultPongTimeout    = 10 * time.Second
	defaultWriteTimeout   = 10 * time.Second
	defaultRequestTimeout = 10 * time.Second
	defaultMaxMessageSize = 16 << 20
	defaultEventBacklog   = 4096
	defaultMinDelay       = 250 * time.Millisecond
	defaultMaxDelay       = 15 * time.Second

	// undoWithin is how long the answer to a create or attach whose caller has
	// gone is waited for.
	undoWithin = 10 * time.Minute

	// flushLog is how long the end of a Gateway waits for its logger.
	flushLog = 200 * time.Millisecond
)

// withDefaults returns a copy of o that has no zero where zero means a default.
func (o *DialOptions) withDefaults() DialOptions {
	var opts DialOptions
	if o != nil {
		opts = *o
	}
	if opts.PingInterval == 0 {
		opts.PingInterval = defaultPingInterval
	}
	if opts.RequestTimeout == 0 {
		opts.RequestTimeout = defaultRequestTimeout
	}
	if opts.MaxMessageSize == 0 {
		opts.MaxMessageSize = defaultMaxMessageSize
	}
	if opts.EventBacklog <= 0 || opts.EventBacklog > math.MaxInt32 {
		opts.EventBacklog = defaultEventBacklog
	}
	if opts.KeepAlive > 0 {
		opts.KeepAlive = max(opts.KeepAlive, time.Millisecond)
	}
	setPositive(&opts.PongTimeout, defaultPongTimeout)
	setPositive(&opts.WriteTimeout, defaultWriteTimeout)
	if opts.Reconnect != nil {
		reconnect := *opts.Reconnect
		setPositive(&reconnect.MinDelay, defaultMinDelay)
		setPositive(&reconnect.MaxDelay, defaultMaxDelay)
		reconnect.MaxDelay = max(reconnect.MinDelay, reconnect.MaxDelay)
		opts.Reconnect = &reconnect
	}
	return opts
}

// setPositive sets what is not positive to its default.
func setPositive(field *time.Duration, value time.Duration) {
	if *field <= 0 {
		*field = value
	}
}

// Gateway represents a connection to an instance of the Janus Gateway.
//
// All methods may be called concurrently. A Gateway lives until Close, until
// the context given to Connect ends or until the connection is lost for good;
// then every call that waits and every later one fails with ErrClosed, and all
// Events channels close behind their last message.
type Gateway struct {
	// Sessions is a map of the currently active sessions to the gateway.
	Sessions map[uint64]*Session

	// Access to the Sessions map should be synchronized with the Gateway.Lock()
	// and Gateway.Unlock() methods provided by the embedded sync.Mutex. It guards
	// nothing else: holding it delays only the calls that change the map.
	sync.Mutex

	// LogJsonMessages enables logging of json rx/tx messages to stdout, with
	// the values of tokens and secrets masked. Set it before the calls whose
	// messages are to be seen.
	LogJsonMessages bool

	url   string
	name  string // url without its credentials
	opts  DialOptions
	log   *safelog.Logger
	hooks queue.Hooks

	group  *errgroup.Group
	ctx    context.Context // of the connection's life
	cancel context.CancelFunc
	done   chan struct{}  // closed when all has ended
	others sync.WaitGroup // goroutines besides the reader

	prefix    string      // of transactions
	pool      sync.Pool   // of calls
	printJSON atomic.Bool // LogJsonMessages as the latest caller saw it

	mu       sync.Mutex          // guards the fields below, and the routes of sessions
	socket   *socket.Socket      // nil while the connection is away
	up       chan struct{}       // closed when socket is set, or never will be
	ended    error               // why there will be no socket any more
	closed   bool                // by Close: the end is not an error
	calls    map[uint64]*call    // that wait for a reply, by number of transaction
	lastCall uint64              // the newest number
	sessions map[uint64]*Session // that frames are routed to
	unkept   []*Session          // not yet seen by the keeper of sessions
}

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
// catch the error that ended them: the peer's close status, for
// websocket.CloseStatus, the error of ctx, or nil after Close.
//
// Goroutines of the application may join the group; as in any errgroup, one that
// returns an error ends the rest, which here is the connection.
//
// ctx bounds the dial and the life of the connection; for the dial alone see
// DialOptions.HTTPClient. An error names the URL without its credentials.
func Connect(ctx context.Context, wsURL string) (*Gateway, *errgroup.Group, error) {
	return Dial(ctx, wsURL, nil)
}

// Dial is Connect with options; nil stands for the defaults. A dial that fails is
// not repeated, also with DialOptions.Reconnect.
func Dial(ctx context.Context, wsURL string, opts *DialOptions) (*Gateway, *errgroup.Group, error) {
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	g := &Gateway{
		Sessions: make(map[uint64]*Session),
		url:      wsURL,
		name:     socket.Name(wsURL),
		opts:     opts.withDefaults(),
		group:    group,
		ctx:      ctx,
		cancel:   cancel,
		done:     make(chan struct{}),
		prefix:   rand.Text()[:8] + ".",
		up:       make(chan struct{}),
		calls:    make(map[uint64]*call),
		sessions: make(map[uint64]*Session),
	}
	g.log = safelog.New(g.opts.Logger)
	g.hooks = queue.Hooks{
		Overflow: func(n int) interface{} { return &OverflowMsg{Dropped: n} },
		Unread: func(n int) {
			g.log.Log(slog.LevelWarn, "janus: messages dropped, nobody read them", "messages", n)
		},
	}
	sock, err := g.dial(g.ctx)
	if err != nil {
		g.cancel()
		return nil, nil, fmt.Errorf("janus: %w", err)
	}
	if sock.Subprotocol() != subprotocol {
		g.log.Log(slog.LevelWarn, "janus: the server did not choose "+subprotocol, "url", g.name)
	}
	g.connected(sock)
	group.Go(func() error { return g.run(sock) })
	g.goGroup(g.heartbeat)
	return g, group, nil
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

// dial opens the websocket.
func (g *Gateway) dial(ctx context.Context) (*socket.Socket, error) {
	return socket.Dial(ctx, g.url, socket.Options{
		HTTPClient:     g.opts.HTTPClient,
		HTTPHeader:     g.opts.HTTPHeader,
		Subprotocol:    subprotocol,
		MaxMessageSize: g.opts.MaxMessageSize,
		WriteTimeout:   g.opts.WriteTimeout,
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

// Close closes the underlying connection to the Gateway, with a websocket close
// frame of this status and reason, of up to 123 bytes. It gives the peer one second to answer, and
// returns an error if it does not, or if the frame cannot be sent; the connection is
// closed all the same. What
// the peer sends meanwhile may not be delivered any more. When Close returns,
// the goroutines of the Gateway have ended. Closing again does nothing.
func (gateway *Gateway) Close(code websocket.StatusCode, reason string) error {
	g := gateway
	g.mu.Lock()
	if g.closed || g.ended != nil {
		g.mu.Unlock()
		<-g.done
		g.others.Wait()
		return nil
	}
	g.closed = true
	sock := g.socket
	calls := g.takeCalls(func(*call) bool { return true })
	g.mu.Unlock()

	failCalls(calls, errClosedByCaller)
	var err error
	if sock != nil {
		err = sock.Close(code, reason)
	}
	g.cancel()
	<-g.done
	g.others.Wait()
	if err != nil {
		return fmt.Errorf("janus: close connection to %s: %w", g.name, err)
	}
	return nil
}

var errClosedByCaller = fmt.Errorf("%w by the caller", ErrClosed)

// run is the reader goroutine: it receives until the connection is lost for
// good, and then ends everything that depends on it.
func (g *Gateway) run(sock *socket.Socket) error {
	var limit time.Duration // of the delay before a dial
	for {
		heard, err := g.receive(sock)
		sock.CloseNow()
		if heard {
			limit = 0 // it was more than a handshake
		}
		if sock, err = g.redial(err, &limit); sock == nil {
			return g.end(err)
		}
	}
}

// receive reads and routes frames until the connection ends. It reports whether
// there was any.
func (g *Gateway) receive(sock *socket.Socket) (heard bool, err error) {
	var decoder wire.Decoder
	var f wire.Frame
	for {
		frame, err := sock.Read(g.ctx)
		if err != nil {
			return heard, err
		}
		heard = true
		g.trace("received", frame)
		f = wire.Frame{}
		if err = decoder.Decode(frame, &f); err != nil && !isMalformed(err) {
			return heard, err
		}
		g.route(&f, frame, err)
	}
}

// isMalformed reports whether err leaves a frame that can be routed.
func isMalformed(err error) bool {
	var malformed *wire.FieldError
	return errors.As(err, &malformed)
}

// route passes a frame to the call that waits for it or else to an Events
// channel. malformed is what was wrong with a field of it, if anything.
func (g *Gateway) route(f *wire.Frame, frame []byte, malformed error) {
	c, more := g.answeredCall(f, malformed)
	switch {
	case c == nil:
		g.deliver(f, frame, malformed != nil)
		return
	case more:
		return
	}
	result, err := g.result(c, f, frame, malformed)
	if !c.abandoned {
		c.done <- outcome{result, err}
	} else if err == nil {
		c.undo(g, result)
	}
}

// answeredCall returns the call that f answers, if there is one, which is then
// no longer registered; or else reports that f only acknowledges it, and that
// more will come.
func (g *Gateway) answeredCall(f *wire.Frame, malformed error) (c *call, more bool) {
	number, ok := wire.ParseTransaction(f.Transaction, g.prefix)
	if !ok {
		return nil, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c = g.calls[number]
	if c == nil {
		return nil, false
	}
	if malformed == nil && f.Janus == "ack" && c.verb == verbMessage {
		return c, true
	}
	delete(g.calls, number)
	return c, false
}

// deliver passes a frame that answers no call to the Events channel it belongs
// to: its handle's, else its session's. An error that names no session may
// concern any, so all are told.
func (g *Gateway) deliver(f *wire.Frame, frame []byte, malformed bool) {
	msg := newEvent(f, frame, malformed)
	if msg == nil {
		if g.log.Enabled(slog.LevelDebug) {
			g.log.Log(slog.LevelDebug, "janus: answer for nobody", "type", f.Janus, "transaction", string(f.Transaction))
		}
		return
	}
	g.mu.Lock()
	session := g.sessions[f.Session]
	var handle *Handle
	if session != nil {
		handle = session.routes[f.Sender]
	}
	g.mu.Unlock()

	if session != nil && !malformed && endsSession(msg) {
		g.endSession(session, msg)
		return
	}
	told := false
	switch {
	case handle != nil:
		told = handle.queue.Push(msg)
	case session != nil:
		told = session.queue.Push(msg)
	case f.Janus == "error" && f.Session == 0:
		for _, session := range g.listSessions() {
			told = session.queue.Push(msg) || told
		}
	}
	if !told {
		level := slog.LevelWarn
		if handle != nil {
			level = slog.LevelDebug // it was detached, which Janus may not have known yet
		}
		g.log.Log(level, "janus: message for nobody",
			"type", f.Janus, "session", f.Session, "handle", f.Sender, "frame", string(wire.Mask(frame)))
	}
	if _, detached := msg.(*DetachedMsg); detached && handle != nil {
		g.closeHandle(handle)
	}
}

// endsSession reports whether msg says that its session is gone.
func endsSession(msg interface{}) bool {
	switch msg := msg.(type) {
	case *TimeoutMsg:
		return true
	case *ErrorMsg:
		return msg.Err.Code == int(ErrorSessionNotFound)
	}
	return false
}

// end ends the Gateway because of err and returns what the group is to report.
func (g *Gateway) end(err error) error {
	g.mu.Lock()
	cause := fmt.Errorf("%w: %w", ErrClosed, err)
	if g.closed {
		cause, err = errClosedByCaller, nil
	}
	g.ended = cause
	if g.socket == nil {
		close(g.up)
	}
	g.socket = nil
	calls := g.takeCalls(func(*call) bool { return true })
	g.mu.Unlock()

	failCalls(calls, cause)
	for _, session := range g.listSessions() {
		g.dropSession(session, cause)
	}
	g.cancel()
	g.log.Flush(flushLog)
	close(g.done)
	if err != nil {
		return fmt.Errorf("janus: connection to %s: %w", g.name, err)
	}
	return nil
}

// listSessions returns the sessions that frames are routed to.
func (g *Gateway) listSessions() []*Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]*Session, 0, len(g.sessions))
	for _, session := range g.sessions {
		list = append(list, session)
	}
	return list
}

// connected makes sock the connection that calls are sent over, unless the
// Gateway has been closed.
func (g *Gateway) connected(sock *socket.Socket) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.socket = sock
	close(g.up)
	return true
}

// trace shows a frame to whoever wants to see it: stdout for LogJsonMessages,
// the logger at level Debug.
func (g *Gateway) trace(direction string, frame []byte) {
	print, debug := g.printJSON.Load(), g.log.Enabled(slog.LevelDebug)
	if !print && !debug {
		return
	}
	masked := wire.Mask(frame)
	if debug {
		g.log.Log(slog.LevelDebug, "janus: "+direction, "frame", string(masked))
	}
	if print {
		var out bytes.Buffer
		out.WriteString(direction + " ")
		if json.Indent(&out, masked, "", "  ") != nil {
			out.Write(masked)
		}
		out.WriteByte('\n')
		_, _ = out.WriteTo(os.Stdout) // a debugging aid: nobody to tell
	}
}

// The verbs of requests whose answers differ from the rest.
const (
	verbInfo    = "info"
	verbPing    = "ping"
	verbCreate  = "create"
	verbAttach  = "attach"
	verbMessage = "message"
	verbDetach  = "detach"
	verbDestroy = "destroy"
	verbClaim   = "claim"
)

// call is a request that waits for its reply.
type call struct {
	verb    string
	number  uint64
	session *Session // nil: a request of the Gateway
	handle  *Handle  // nil: a request of the session
	claimed uint64   // by Gateway.Claim
	sync    bool     // Handle.Request: the result is a SuccessMsg
	reclaim bool     // made by the Gateway while the session is held
	size    int      // about, in bytes

	token     string
	abandoned bool // the caller has gone; guarded by Gateway.mu while registered

	done  chan outcome // gets one value, once the call has left Gateway.calls
	timer *time.Timer
}

// outcome is what a call returns.
type outcome struct {
	msg interface{}
	err error
}

// newCall returns a call from the pool, which is the Gateway's own so that its
// channels and timers do not get from one synctest bubble into another.
func (g *Gateway) newCall(verb string, session *Session, handle *Handle) *call {
	c, ok := g.pool.Get().(*call)
	if !ok {
		c = &call{done: make(chan outcome, 1), timer: time.NewTimer(time.Hour)}
		c.timer.Stop()
	}
	c.verb, c.session, c.handle = verb, session, handle
	return c
}

// free gives c back for another request. Nobody else may hold it.
func (g *Gateway) free(c *call) {
	c.timer.Stop()
	*c = call{done: c.done, timer: c.timer}
	g.pool.Put(c)
}

// keepFrame is how large a buffer is kept for another request, in bytes.
const keepFrame = 16 << 10

// frames holds buffers for requests on their way to the socket.
var frames = sync.Pool{New: func() any { return new([]byte) }}

// do sends a request and returns what answers it. It returns promptly when ctx
// ends, whatever the connection does.
func (g *Gateway) do(ctx context.Context, c *call, r *wire.Request) (interface{}, error) {
	if err := ctx.Err(); err != nil {
		defer g.free(c)
		return nil, fmt.Errorf("janus: %s: %w", c.verb, err)
	}
	if !c.reclaim && g.LogJsonMessages != g.printJSON.Load() {
		g.printJSON.Store(g.LogJsonMessages)
	}
	var expired <-chan time.Time
	if _, bounded := ctx.Deadline(); !bounded && g.opts.RequestTimeout > 0 {
		c.timer.Reset(g.opts.RequestTimeout)
		expired = c.timer.C
	}
	c.size = r.Size()
	sock, crowd, err := g.admit(ctx, c, expired)
	if err != nil {
		defer g.free(c)
		return nil, fmt.Errorf("janus: %s: %w", c.verb, err)
	}
	size := c.size
	g.send(sock, r, c.number, crowd)
	sock.Settle(size)

	var late error
	select {
	case o := <-c.done:
		return g.finish(c, o)
	case <-ctx.Done():
		late = context.Cause(ctx)
		if !errors.Is(late, ctx.Err()) {
			late = fmt.Errorf("%w: %w", ctx.Err(), late)
		}
	case <-expired:
		late = fmt.Errorf("no reply within %v: %w", g.opts.RequestTimeout, context.DeadlineExceeded)
	}
	verb := c.verb
	if !g.abandon(c) {
		return g.finish(c, <-c.done) // the reply has come at the same moment
	}
	return nil, fmt.Errorf("janus: %s: %w", verb, late)
}

// finish returns the outcome of a call, which is then over.
func (g *Gateway) finish(c *call, o outcome) (interface{}, error) {
	verb := c.verb
	g.free(c)
	if o.err == nil {
		return o.msg, nil
	}
	if msg, ok := o.err.(*ErrorMsg); ok {
		return nil, msg // as documented, not wrapped
	}
	return nil, fmt.Errorf("janus: %s: %w", verb, o.err)
}

// admit waits until c may be sent, registers it as waiting for its reply and
// returns the connection to send it over.
func (g *Gateway) admit(ctx context.Context, c *call, expired <-chan time.Time) (*socket.Socket, bool, error) {
	for {
		sock, crowd, wait, err := g.tryAdmit(c)
		if wait == nil {
			return sock, crowd, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-expired:
			return nil, false, fmt.Errorf("not sent within %v: %w", g.opts.RequestTimeout, context.DeadlineExceeded)
		}
	}
}

// tryAdmit registers c, or says what must be waited for first: the connection,
// the session, or room for writing.
func (g *Gateway) tryAdmit(c *call) (sock *socket.Socket, crowd bool, wait <-chan struct{}, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.ended != nil:
		return nil, false, nil, g.ended
	case g.closed:
		return nil, false, nil, errClosedByCaller
	case c.session != nil && c.session.ended != nil:
		return nil, false, nil, c.session.ended
	case c.handle != nil && c.handle.ended != nil:
		return nil, false, nil, c.handle.ended
	case g.socket == nil:
		return nil, false, g.up, nil
	case c.session != nil && c.session.held != nil && !c.reclaim:
		return nil, false, c.session.held, nil
	}
	if room := g.socket.Claim(c.size); room != nil {
		return nil, false, room, nil
	}
	crowd = len(g.calls) > 0
	g.lastCall++
	c.number = g.lastCall
	g.calls[c.number] = c
	return g.socket, crowd, nil, nil
}

// abandon gives up waiting for a reply. It reports false if the reply has come.
// A create or attach stays registered for a while, so that its success can be
// undone.
func (g *Gateway) abandon(c *call) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls[c.number] != c {
		return false
	}
	if c.verb == verbCreate || c.verb == verbAttach {
		c.abandoned = true
		time.AfterFunc(undoWithin, func() { g.forget(c) })
		return true
	}
	delete(g.calls, c.number)
	defer g.free(c)
	return true
}

// forget gives up the reply of an abandoned call.
func (g *Gateway) forget(c *call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls[c.number] == c {
		delete(g.calls, c.number)
	}
}

// takeCalls removes the calls that are chosen and returns them. g.mu is held.
func (g *Gateway) takeCalls(chosen func(*call) bool) []*call {
	var taken []*call
	for number, c := range g.calls {
		if chosen(c) {
			delete(g.calls, number)
			if !c.abandoned {
				taken = append(taken, c)
			}
		}
	}
	return taken
}

// failCalls ends calls that were taken.
func failCalls(calls []*call, err error) {
	for _, c := range calls {
		c.done <- outcome{err: err}
	}
}

// send writes a request.
func (g *Gateway) send(sock *socket.Socket, r *wire.Request, number uint64, crowd bool) {
	r.APISecret = g.opts.APISecret
	buf := frames.Get().(*[]byte)
	frame := r.Append((*buf)[:0], wire.Transaction{Prefix: g.prefix, Number: number})
	g.trace("sent", frame)
	_ = sock.Write(frame, crowd) // a failure is the end of the connection, which the reader finds
	if cap(frame) <= keepFrame {
		*buf = frame
		frames.Put(buf)
	}
}

// post sends a request to whose reply nobody listens. Its transaction is the
// one that no call has, so a failure is delivered as an event.
func (g *Gateway) post(sock *socket.Socket, r *wire.Request) { g.send(sock, r, 0, false) }

// result returns what the call is to return for its reply. New sessions and
// handles are registered here, by the reader goroutine, so that the very next
// frame finds them.
func (g *Gateway) result(c *call, f *wire.Frame, frame []byte, malformed error) (interface{}, error) {
	if malformed != nil {
		return nil, fmt.Errorf("reply %q not understood: %w", f.Janus, malformed)
	}
	if f.Janus == "error" {
		return nil, g.refused(c, newErrorMsg(f))
	}
	acknowledged := f.Janus == "success" || f.Janus == "ack"
	switch {
	case c.verb == verbInfo && f.Janus == "server_info":
		return json.RawMessage(bytes.Clone(frame)), nil
	case c.verb == verbPing && f.Janus == "pong":
		return nil, nil
	case c.verb == verbCreate && f.Janus == "success" && f.DataID != 0:
		return g.addSession(f.DataID, c.token), nil
	case c.verb == verbAttach && f.Janus == "success" && f.DataID != 0:
		return g.addHandle(c.session, f.DataID), nil
	case c.verb == verbMessage && (f.Janus == "event" || f.Janus == "success"):
		if c.sync {
			return newSuccessMsg(f), nil
		}
		return newEventMsg(f), nil
	case c.verb == verbClaim && acknowledged:
		if c.reclaim {
			g.reclaimed(c.session)
			return nil, nil
		}
		return g.addSession(c.claimed, c.token), nil
	case c.verb == verbDetach && acknowledged:
		g.lingerHandle(c.handle)
		return &AckMsg{}, nil
	case c.verb == verbDestroy && acknowledged:
		g.endSession(c.session, nil)
		return &AckMsg{}, nil
	case acknowledged && c.takesAck():
		return &AckMsg{}, nil
	}
	return nil, fmt.Errorf("unexpected reply %q", f.Janus)
}

// takesAck reports whether c asks for nothing but an acknowledgement.
func (c *call) takesAck() bool {
	switch c.verb {
	case verbInfo, verbPing, verbCreate, verbAttach, verbMessage:
		return false
	}
	return true
}

// refused returns the error that answers c. An error that the session or the
// handle does not exist ends it here as well.
func (g *Gateway) refused(c *call, msg *ErrorMsg) error {
	switch {
	case c.session != nil && msg.Err.Code == int(ErrorSessionNotFound):
		g.endSession(c.session, msg)
	case c.handle != nil && msg.Err.Code == int(ErrorHandleNotFound):
		c.handle.queue.Push(msg)
		g.closeHandle(c.handle)
	}
	return msg
}

// undo takes back what c has made on the server after its caller had gone.
func (c *call) undo(g *Gateway, made interface{}) {
	g.mu.Lock()
	sock := g.socket
	g.mu.Unlock()
	if sock == nil {
		return // the connection is gone, and with it the session
	}
	switch made := made.(type) {
	case *Session:
		g.post(sock, &wire.Request{Janus: verbDestroy, Session: made.ID, Token: c.token})
		g.dropSession(made, errAbandoned)
	case *Handle:
		g.post(sock, &wire.Request{Janus: verbDetach, Session: made.session.ID, Handle: made.ID, Token: c.token})
		made.queue.Close()
		g.lingerHandle(made)
	}
}

var errAbandoned = errors.New("abandoned by its caller")

// Info sends an info request to the Gateway.
// On success, an InfoMsg will be returned and error will be nil.
func (gateway *Gateway) Info(ctx context.Context, token string) (*InfoMsg, error) {
	reply, err := gateway.do(ctx, gateway.newCall(verbInfo, nil, nil), &wire.Request{Janus: verbInfo, Token: token})
	if err != nil {
		return nil, err
	}
	raw := reply.(json.RawMessage)
	info := &InfoMsg{Raw: raw}
	if err := json.Unmarshal(raw, info); err != nil {
		return nil, fmt.Errorf("janus: info: reply not understood: %w", err)
	}
	return info, nil
}

// Ping asks whether Janus itself answers, which the websocket pings in the
// background do not tell.
func (gateway *Gateway) Ping(ctx context.Context, token string) error {
	_, err := gateway.do(ctx, gateway.newCall(verbPing, nil, nil), &wire.Request{Janus: verbPing, Token: token})
	return err
}

// CreateOptions are the options of CreateWith.
type CreateOptions struct {
	// ID is the id that the session is to have; ErrorSessionConflict tells that
	// it is in use. Default: Janus chooses one.
	ID uint64
}

// Create sends a create request to the Gateway.
// On success, a new Session will be returned and error will be nil.
//
// A session needs traffic, see KeepAlive. One that is created after ctx has
// ended is destroyed again.
func (gateway *Gateway) Create(ctx context.Context, token string) (*Session, error) {
	return gateway.CreateWith(ctx, token, CreateOptions{})
}

// CreateWith is Create with options.
func (gateway *Gateway) CreateWith(ctx context.Context, token string, opts CreateOptions) (*Session, error) {
	c := gateway.newCall(verbCreate, nil, nil)
	c.token = token
	return gateway.open(ctx, c, &wire.Request{Janus: verbCreate, Token: token, ID: opts.ID})
}

// Claim takes over a session that exists on the server, for instance after this
// program was restarted. The server must not have given it up yet: see
// reclaim_session_timeout. An unknown session is ErrorSessionNotFound. For the
// handles of the session see Session.Adopt; until then their messages come on
// Session.Events.
func (gateway *Gateway) Claim(ctx context.Context, token string, sessionID uint64) (*Session, error) {
	c := gateway.newCall(verbClaim, nil, nil)
	c.token, c.claimed = token, sessionID
	return gateway.open(ctx, c, &wire.Request{Janus: verbClaim, Token: token, Session: sessionID})
}

// open makes a session and puts it into Sessions.
func (gateway *Gateway) open(ctx context.Context, c *call, r *wire.Request) (*Session, error) {
	reply, err := gateway.do(ctx, c, r)
	if err != nil {
		return nil, err
	}
	session := reply.(*Session)
	gateway.Lock()
	defer gateway.Unlock()
	if !session.gone.Load() {
		gateway.Sessions[session.ID] = session
	}
	return session, nil
}
