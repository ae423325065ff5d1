package janus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cameronelliott/janus-go/internal/queue"
	"github.com/cameronelliott/janus-go/internal/schedule"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/wire"
)

const (
	// keepAliveInterval is that of KeepAliveSender.
	keepAliveInterval = 20 * time.Second

	// eventsBuffer is the capacity of an Events channel. More messages wait in
	// the queue behind it.
	eventsBuffer = 4

	// linger is how long a handle that was detached, or whose session timed out,
	// may still get messages: Janus sends the last ones only after its answer.
	// After destroy it sends none, so lingerDestroyed is for those on their way.
	linger          = time.Second
	lingerDestroyed = 100 * time.Millisecond

	// claimsAtOnce is how many sessions are claimed at the same time.
	claimsAtOnce = 64
)

// Session represents a session instance on the Janus Gateway.
//
// All methods may be called concurrently. A session ends with Destroy, with
// its connection, or when the server times it out; its calls then fail with
// ErrSessionEnded or ErrClosed.
type Session struct {
	// ID is the session_id of this session
	ID uint64

	// Handles is a map of plugin handles within this session
	Handles map[uint64]*Handle

	// Events receives every message for the session, in the order in which they
	// arrived, and closes after the last one: *TimeoutMsg, *ErrorMsg for
	// failures that no call waits for, *DisconnectedMsg and *ReclaimedMsg, and
	// the messages of handles that are not attached here. It need not be read;
	// see DialOptions.EventBacklog for what then happens. What is unread at the
	// end is kept until nobody has read for a minute. It is receive only: do not
	// send on it, or close it.
	Events chan interface{}

	// Access to the Handles map should be synchronized with the Session.Lock()
	// and Session.Unlock() methods provided by the embedded sync.Mutex.
	sync.Mutex

	gateway *Gateway
	queue   queue.Queue
	token   atomic.Pointer[string] // the latest one sent
	asking  atomic.Bool            // TokenSource, for a keepalive
	gone    atomic.Bool            // not to be listed in Gateway.Sessions any more

	// Guarded by Gateway.mu.
	routes map[uint64]*Handle // that frames are routed to
	held   chan struct{}      // closed when the session is reclaimed or ends; nil while it is usable
	ended  error              // why calls fail; nil while the session lives
	timer  *time.Timer        // ends the lingering of the handles
}

// addSession registers a session that the server has made, or returns the one
// that is registered.
func (g *Gateway) addSession(id uint64, token string) *Session {
	s := &Session{
		ID:      id,
		Handles: make(map[uint64]*Handle),
		Events:  make(chan interface{}, eventsBuffer),
		gateway: g,
		routes:  make(map[uint64]*Handle),
	}
	s.queue.Init(s.Events, g.opts.EventBacklog, &g.hooks)
	s.sent(token)

	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.sessions[id]; old != nil && old.ended == nil {
		old.sent(token)
		return old
	}
	g.sessions[id] = s
	if g.opts.KeepAlive > 0 {
		g.unkept = append(g.unkept, s)
	}
	return s
}

// endSession ends a session that the server no longer has. Its channels get
// last, if that is not nil; those of its handles stay open for what may still
// come for them.
func (g *Gateway) endSession(s *Session, last interface{}) {
	g.mu.Lock()
	if s.ended != nil {
		g.mu.Unlock()
		return
	}
	s.ended = sessionEnded(s.ID, last)
	handles := s.listRoutes()
	calls := g.takeCalls(func(c *call) bool { return c.session == s })
	s.release()
	if len(handles) == 0 {
		g.unroute(s)
	} else {
		wait := lingerDestroyed
		if _, timedOut := last.(*TimeoutMsg); timedOut {
			wait = linger
		}
		s.timer = time.AfterFunc(wait, func() {
			for _, h := range handles {
				g.closeHandle(h)
			}
		})
	}
	g.mu.Unlock()

	failCalls(calls, s.ended)
	if last != nil {
		s.queue.Push(last)
		for _, h := range handles {
			h.queue.Push(last)
		}
	}
	s.queue.Close()
	g.unlist(s)
}

// sessionEnded returns the error of calls on a session that ended with the
// message last, or was destroyed.
func sessionEnded(id uint64, last interface{}) error {
	why := "destroyed"
	switch last := last.(type) {
	case *TimeoutMsg:
		why = "timed out"
	case *ErrorMsg:
		why = last.Err.Reason
	}
	return &endedError{
		text: fmt.Sprintf("session %d ended: %s", id, why),
		answer: &ErrorMsg{
			Err:     ErrorData{Code: int(ErrorSessionNotFound), Reason: fmt.Sprintf("No such session %d", id)},
			Session: id,
		},
	}
}

// endedError is the end of a session or a handle, with the answer that Janus
// itself has for it.
type endedError struct {
	text   string
	answer *ErrorMsg
}

func (e *endedError) Error() string { return e.text }
func (e *endedError) Unwrap() error { return e.answer }

// dropSession ends a session at once, with its handles, because of err.
func (g *Gateway) dropSession(s *Session, err error) {
	g.mu.Lock()
	if s.ended == nil {
		s.ended = err
	}
	s.release()
	if s.timer != nil {
		s.timer.Stop()
	}
	handles := s.listRoutes()
	g.unroute(s)
	g.mu.Unlock()
	for _, h := range handles {
		g.closeHandle(h)
	}
	s.queue.Close()
	g.unlist(s)
}

// release lets the calls go on that wait for the session. Gateway.mu is held.
func (s *Session) release() {
	if s.held != nil {
		close(s.held)
		s.held = nil
	}
}

// listRoutes returns the handles that frames are routed to. Gateway.mu is held.
func (s *Session) listRoutes() []*Handle {
	list := make([]*Handle, 0, len(s.routes))
	for _, h := range s.routes {
		list = append(list, h)
	}
	return list
}

// unroute forgets a session. g.mu is held.
func (g *Gateway) unroute(s *Session) {
	if g.sessions[s.ID] == s {
		delete(g.sessions, s.ID)
	}
}

// unlist removes a session from Sessions, and its handles from Handles. The
// reader does not wait for a caller that holds their locks.
func (g *Gateway) unlist(s *Session) {
	s.gone.Store(true)
	whenLocked(&g.Mutex, func() {
		if g.Sessions[s.ID] == s {
			delete(g.Sessions, s.ID)
		}
	})
	whenLocked(&s.Mutex, func() { clear(s.Handles) })
}

// whenLocked runs f under mu, at once or else as soon as mu is free.
func whenLocked(mu *sync.Mutex, f func()) {
	locked := func() {
		defer mu.Unlock()
		f()
	}
	if mu.TryLock() {
		locked()
		return
	}
	go func() {
		mu.Lock()
		locked()
	}()
}

// sent remembers the token that a request for the session was sent with.
func (s *Session) sent(token string) {
	if token == "" {
		return
	}
	if last := s.token.Load(); last == nil || *last != token {
		latest := token // moved to the heap only here
		s.token.Store(&latest)
	}
}

// latestToken returns the token that was sent last.
func (s *Session) latestToken() string {
	if token := s.token.Load(); token != nil {
		return *token
	}
	return ""
}

// do sends a request of the session and returns its reply.
func (s *Session) do(ctx context.Context, c *call, r *wire.Request) (interface{}, error) {
	r.Session = s.ID
	s.sent(r.Token)
	return s.gateway.do(ctx, c, r)
}

// ack sends a request that is answered with an acknowledgement.
func (s *Session) ack(ctx context.Context, c *call, r *wire.Request) (*AckMsg, error) {
	reply, err := s.do(ctx, c, r)
	if err != nil {
		return nil, err
	}
	return reply.(*AckMsg), nil
}

// AttachOptions are the options of AttachWith.
type AttachOptions struct {
	// Plugin is the unique string of the plugin to attach to, such as
	// janus.plugin.videoroom.
	Plugin string

	// OpaqueID is a string of the application's own, which Janus shows to its
	// event handlers and, if so set up, in messages. Default: none.
	OpaqueID string

	// LoopIndex asks for one of the server's static event loops. Default: nil,
	// Janus chooses.
	LoopIndex *int
}

// Attach sends an attach request to the Gateway within this session.
// plugin should be the unique string of the plugin to attach to.
// On success, a new Handle will be returned and error will be nil.
//
// A handle that is attached after ctx has ended is detached again.
func (session *Session) Attach(ctx context.Context, token, plugin string) (*Handle, error) {
	return session.AttachWith(ctx, token, AttachOptions{Plugin: plugin})
}

// AttachWith is Attach with options.
func (session *Session) AttachWith(ctx context.Context, token string, opts AttachOptions) (*Handle, error) {
	c := session.gateway.newCall(verbAttach, session, nil)
	c.token = token
	reply, err := session.do(ctx, c, &wire.Request{
		Janus: verbAttach, Token: token, Plugin: opts.Plugin, OpaqueID: opts.OpaqueID, LoopIndex: opts.LoopIndex,
	})
	if err != nil {
		return nil, err
	}
	handle := reply.(*Handle)
	session.list(handle)
	return handle, nil
}

// Adopt returns a Handle for one that exists on the server, after Claim. What
// comes for the handle from now on comes on its Events. If the server has no
// such handle, its calls fail with ErrorHandleNotFound.
func (session *Session) Adopt(handleID uint64) *Handle {
	handle := session.gateway.addHandle(session, handleID)
	session.list(handle)
	return handle
}

// list puts a handle into Handles.
func (s *Session) list(h *Handle) {
	s.Lock()
	defer s.Unlock()
	if !h.gone.Load() && !s.gone.Load() {
		s.Handles[h.ID] = h
	}
}

// KeepAlive sends a keep-alive request to the Gateway.
// On success, an AckMsg will be returned and error will be nil.
//
// Janus times a session out that has had no request for its session_timeout,
// 60 s by default.
func (session *Session) KeepAlive(ctx context.Context, token string) (*AckMsg, error) {
	return session.ack(ctx, session.gateway.newCall("keepalive", session, nil), &wire.Request{Janus: "keepalive", Token: token})
}

// KeepAliveSender will send keepalive messages every 20 seconds for the
// session, the first one after 20 seconds. It returns the error of ctx when that
// ends, or the first failure. It has no token parameter: it sends the token used
// last for the session, or DialOptions.TokenSource's.
//
// It finds out that the session has ended when it sends, so end ctx first; and
// where it runs in the group of Connect, do not return it the end of ctx as an
// error. DialOptions.KeepAlive needs no such care, and no goroutine for each
// session.
func (session *Session) KeepAliveSender(ctx context.Context) error {
	ticker := time.NewTicker(keepAliveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-session.gateway.done:
		}
		token, err := session.gateway.ownToken(ctx, session)
		if err == nil {
			_, err = session.KeepAlive(ctx, token)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// Destroy sends a destroy request to the Gateway to tear down this session.
// On success, the Session will be removed from the Gateway.Sessions map, an
// AckMsg will be returned and error will be nil. Events closes, and a moment
// later so do those of the session's handles.
func (session *Session) Destroy(ctx context.Context, token string) (*AckMsg, error) {
	ack, err := session.ack(ctx, session.gateway.newCall(verbDestroy, session, nil), &wire.Request{Janus: verbDestroy, Token: token})
	if err != nil {
		return nil, err
	}
	session.gateway.Lock()
	defer session.gateway.Unlock()
	if session.gateway.Sessions[session.ID] == session {
		delete(session.gateway.Sessions, session.ID)
	}
	return ack, nil
}

// ownToken returns the token for a request that the Gateway makes by itself. It
// waits for TokenSource no longer than for a reply.
func (g *Gateway) ownToken(ctx context.Context, s *Session) (string, error) {
	if g.opts.TokenSource == nil {
		return s.latestToken(), nil
	}
	if g.opts.RequestTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.opts.RequestTimeout)
		defer cancel()
	}
	type answer struct {
		token string
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("panic: %v", p)
			}
			answers <- a
		}()
		a.token, a.err = g.opts.TokenSource(ctx, s.ID)
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return "", fmt.Errorf("janus: token for session %d: %w", s.ID, a.err)
		}
		return a.token, nil
	case <-ctx.Done():
		return "", fmt.Errorf("janus: token for session %d: %w", s.ID, ctx.Err())
	}
}

// heartbeat sends the pings that tell a vanished peer, and keeps the sessions
// alive if asked to.
func (g *Gateway) heartbeat() {
	pings := never
	if g.opts.PingInterval > 0 {
		ticker := time.NewTicker(g.opts.PingInterval)
		defer ticker.Stop()
		pings = ticker.C
	}
	keeper := keeper{gateway: g, timer: time.NewTimer(g.opts.KeepAlive / 10)}
	defer keeper.timer.Stop()
	if g.opts.KeepAlive <= 0 {
		keeper.timer.Stop()
	}
	for {
		select {
		case <-g.done:
			return
		case <-g.ctx.Done():
			return
		case <-pings:
			g.pingSocket()
		case now := <-keeper.timer.C:
			keeper.run(now)
		}
	}
}

// never is a channel for what does not happen.
var never <-chan time.Time

// pingSocket ends a connection whose peer does not answer.
func (g *Gateway) pingSocket() {
	g.mu.Lock()
	sock := g.socket
	g.mu.Unlock()
	if sock == nil {
		return
	}
	ctx, cancel := context.WithTimeout(g.ctx, g.opts.PongTimeout)
	defer cancel()
	if err := sock.Ping(ctx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no pong within %v", g.opts.PongTimeout)
		}
		sock.Fail(err)
	}
}

// keeper keeps sessions alive: each gets a request once in every interval, at
// its own time, so that many sessions are spread over the interval.
type keeper struct {
	gateway *Gateway
	timer   *time.Timer
	due     schedule.Schedule[*Session]
}

// run sends what is due and sets the timer for what is due next. New sessions
// are seen at least ten times in an interval.
func (k *keeper) run(now time.Time) {
	g := k.gateway
	interval := g.opts.KeepAlive
	g.mu.Lock()
	fresh := g.unkept
	g.unkept = nil
	g.mu.Unlock()
	for _, s := range fresh {
		k.due.Add(now.Add(rand.N(interval*9/10)), s)
	}
	next := now.Add(interval / 10)
	for g.ctx.Err() == nil {
		at, s, ok := k.due.First()
		if !ok {
			break
		}
		if at.After(now) {
			next = earlier(next, at)
			break
		}
		if s.gone.Load() {
			k.due.Remove()
			continue
		}
		g.keepAlive(s)
		if at = at.Add(interval); at.Before(now) { // it was held up
			at = now.Add(interval)
		}
		k.due.Postpone(at)
	}
	k.timer.Reset(time.Until(next))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// keepAlive sends a keepalive whose reply says nothing unless it is an error,
// which is delivered on Session.Events.
func (g *Gateway) keepAlive(s *Session) {
	g.mu.Lock()
	sock := g.socket
	if s.held != nil || s.ended != nil {
		sock = nil
	}
	g.mu.Unlock()
	if sock == nil {
		return
	}
	keep := func(token string) {
		g.post(sock, &wire.Request{Janus: "keepalive", Session: s.ID, Token: token})
	}
	if g.opts.TokenSource == nil {
		keep(s.latestToken())
		return
	}
	// A slow source must delay neither the pings nor another session.
	if !s.asking.CompareAndSwap(false, true) {
		return
	}
	g.goGroup(func() {
		defer s.asking.Store(false)
		token, err := g.ownToken(g.ctx, s)
		if err != nil {
			g.log.Log(slog.LevelWarn, "janus: no keepalive sent", "error", err)
			return
		}
		keep(token)
	})
}

// redial restores the connection that was lost because of cause. It returns
// nil and the reason where the loss is final. limit is that of delay.
func (g *Gateway) redial(cause error, limit *time.Duration) (*socket.Socket, error) {
	opts := g.opts.Reconnect
	if opts == nil || !g.hold(cause) {
		return nil, cause
	}
	ctx := g.ctx
	if opts.GiveUpAfter > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opts.GiveUpAfter)
		defer cancel()
	}
	g.log.Log(slog.LevelWarn, "janus: connection lost, dialling again", "url", g.name, "error", cause)
	var failure error
	for {
		select {
		case <-time.After(opts.delay(limit)):
		case <-ctx.Done():
			if g.ctx.Err() != nil {
				return nil, g.ctx.Err()
			}
			return nil, fmt.Errorf("lost, and not restored within %v: %w", opts.GiveUpAfter, errors.Join(cause, failure))
		}
		sock, err := g.dialSafely(ctx)
		if err != nil {
			if ctx.Err() == nil { // whose end says less than the failure before it
				failure = err
				g.log.Log(slog.LevelWarn, "janus: dial failed", "error", err)
			}
			continue
		}
		if !g.connected(sock) {
			sock.CloseNow()
			return nil, cause
		}
		g.goGroup(func() { g.reclaim(sock) })
		return sock, nil
	}
}

// delay returns how long to wait before the next attempt: a random part of a
// limit that grows with every attempt.
func (o *ReconnectOptions) delay(limit *time.Duration) time.Duration {
	*limit = min(max(2**limit, o.MinDelay), o.MaxDelay)
	return rand.N(*limit + 1)
}

// dialSafely is dial for the reader, whom neither a caller's transport nor a
// silent server can stop.
func (g *Gateway) dialSafely(ctx context.Context) (sock *socket.Socket, err error) {
	timeout := g.opts.RequestTimeout
	if timeout < 0 {
		timeout = defaultRequestTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return g.dial(ctx)
}

// hold makes calls wait for the next connection, unless the Gateway is to end.
func (g *Gateway) hold(cause error) bool {
	g.mu.Lock()
	if g.closed || g.ctx.Err() != nil {
		g.mu.Unlock()
		return false
	}
	g.socket = nil
	g.up = make(chan struct{})
	calls := g.takeCalls(func(*call) bool { return true })
	var cut []*Session
	for _, s := range g.sessions {
		if s.held == nil && s.ended == nil {
			s.held = make(chan struct{})
			cut = append(cut, s)
		}
	}
	g.mu.Unlock()

	failCalls(calls, fmt.Errorf("%w: %w", ErrClosed, cause))
	for _, s := range cut {
		s.queue.Push(&DisconnectedMsg{Err: cause})
	}
	return true
}

// reclaim claims the sessions that are held, many at once. Those whose token
// cannot be had are tried again later.
func (g *Gateway) reclaim(sock *socket.Socket) {
	var limit time.Duration
	for held := g.listSessions(); len(held) > 0; {
		var claims errgroup.Group
		claims.SetLimit(claimsAtOnce)
		var mu sync.Mutex
		var later []*Session
		for _, s := range held {
			claims.Go(func() error {
				if !g.reclaimSession(sock, s) {
					mu.Lock()
					defer mu.Unlock()
					later = append(later, s)
				}
				return nil
			})
		}
		_ = claims.Wait() // each claim deals with its own failure
		if held = later; len(held) > 0 {
			select {
			case <-time.After(g.opts.Reconnect.delay(&limit)):
			case <-g.ctx.Done():
				return
			}
		}
	}
}

// reclaimSession claims one session over sock. The reader marks it as usable
// when it sees the answer. An answer that does not come means that the
// connection is of no use; false, that there is no token yet.
func (g *Gateway) reclaimSession(sock *socket.Socket, s *Session) bool {
	g.mu.Lock()
	held := s.held != nil && g.socket == sock
	g.mu.Unlock()
	if !held {
		return true
	}
	token, err := g.ownToken(g.ctx, s)
	if err != nil {
		g.log.Log(slog.LevelWarn, "janus: session not claimed", "error", err)
		return false
	}
	c := g.newCall(verbClaim, s, nil)
	c.reclaim = true
	_, err = g.do(g.ctx, c, &wire.Request{Janus: verbClaim, Session: s.ID, Token: token})
	refusal := (*ErrorMsg)(nil)
	switch {
	case err == nil, errors.Is(err, ErrClosed), g.ctx.Err() != nil:
	case errors.As(err, &refusal):
		g.endSession(s, refusal)
	default:
		sock.Fail(fmt.Errorf("session %d not claimed: %w", s.ID, err))
	}
	return true
}

// reclaimed makes a session usable again.
func (g *Gateway) reclaimed(s *Session) {
	g.mu.Lock()
	held := s.held != nil
	g.mu.Unlock()
	if !held {
		return
	}
	s.queue.Push(&ReclaimedMsg{})
	g.mu.Lock()
	s.release()
	g.mu.Unlock()
}
