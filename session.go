package janus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/calls"
	"github.com/cameronelliott/janus-go/internal/keeper"
	"github.com/cameronelliott/janus-go/internal/queue"
	"github.com/cameronelliott/janus-go/internal/routes"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/wire"
)

const (
	// keepAliveInterval is that of KeepAliveSender.
	keepAliveInterval = 20 * time.Second

	// eventsBuffer is the capacity of an Events channel. More messages wait in
	// the queue behind it.
	eventsBuffer = 4

	// linger is how long a handle still receives messages after it was detached,
	// or after its session timed out: Janus sends the last ones after its answer.
	// It sends none after destroy, so lingerDestroyed covers only messages that
	// are on their way.
	linger          = time.Second
	lingerDestroyed = 100 * time.Millisecond

	// destroysAtOnce is how many sessions Shutdown destroys at the same time.
	destroysAtOnce = 64
)

// Session represents a session instance on the Janus Gateway.
//
// All methods may be called concurrently. A session ends with Destroy, with
// its connection, or when the server times it out. Its calls then fail with
// ErrSessionEnded or ErrClosed.
type Session struct {
	// ID is the session_id of this session
	ID uint64

	// Handles is a map of plugin handles within this session
	Handles map[uint64]*Handle

	// Events receives every message for the session, in the order in which they
	// arrived, and is closed after the last one. Messages are pointers:
	// *TimeoutMsg, *ErrorMsg for errors that no call was waiting for,
	// *DisconnectedMsg, *ReclaimedMsg and *OverflowMsg, and the messages of
	// handles that are not attached here. Reading it is optional; see
	// DialOptions.EventBacklog for what happens to unread messages. Messages
	// that are unread when the session ends stay readable until nobody has read
	// for a minute. Do not send on Events, and do not close it.
	Events chan interface{}

	// Access to the Handles map should be synchronized with the Session.Lock()
	// and Session.Unlock() methods provided by the embedded sync.Mutex.
	sync.Mutex

	gateway *Gateway
	queue   queue.Queue
	scope   calls.Scope[request]
	routes  routes.Table[*Handle]
	care    keeper.Care

	mu    sync.Mutex  // guards timer, and Handle.timer
	timer *time.Timer // ends the lingering of the handles
}

// Info sends an info request to the Gateway.
// On success, an InfoMsg will be returned and error will be nil.
func (g *Gateway) Info(ctx context.Context, token string) (*InfoMsg, error) {
	c := g.newCall(nil, nil, acceptInfo)
	if err := g.do(ctx, c, &wire.Request{Janus: "info", Token: token}); err != nil {
		return nil, err
	}
	info := &InfoMsg{Raw: c.Request.info}
	g.calls.Free(c)
	if err := json.Unmarshal(info.Raw, info); err != nil {
		return nil, fmt.Errorf("janus: info: reply not understood: %w", err)
	}
	g.sessionTimeout.Store(int64(info.SessionTimeout))
	return info, nil
}

func acceptInfo(_ *Gateway, c *call, f *wire.Frame, frame []byte) error {
	if f.Janus != "server_info" {
		return unexpected(f)
	}
	c.Request.info = bytes.Clone(frame)
	return nil
}

// CreateOptions are the options of CreateWith.
type CreateOptions struct {
	// ID is the id of the new session. If it is in use, Janus answers
	// ErrorSessionConflict. If 0, Janus chooses an id.
	ID uint64
}

// Create sends a create request to the Gateway.
// On success, a new Session will be returned and error will be nil.
//
// The server ends a session that has no traffic, see KeepAlive. If ctx ends first
// and Janus creates the session later, it is destroyed again.
func (g *Gateway) Create(ctx context.Context, token string) (*Session, error) {
	return g.CreateWith(ctx, token, CreateOptions{})
}

// CreateWith is Create with options.
func (g *Gateway) CreateWith(ctx context.Context, token string, opts CreateOptions) (*Session, error) {
	return g.open(ctx, g.newCall(nil, nil, acceptCreate), &wire.Request{Janus: verbCreate, Token: token, ID: opts.ID})
}

// Claim takes over a session that exists on the server, for instance after this
// program was restarted. The server keeps a session without a connection for its
// reclaim_session_timeout; after that, Janus answers ErrorSessionNotFound. Use
// Session.Adopt for the handles of the session. Until a handle is adopted, its
// messages are sent on Session.Events.
func (g *Gateway) Claim(ctx context.Context, token string, sessionID uint64) (*Session, error) {
	c := g.newCall(nil, nil, acceptClaim)
	c.Request.claimed = sessionID
	return g.open(ctx, c, &wire.Request{Janus: verbClaim, Token: token, Session: sessionID})
}

// open makes a session and puts it into Sessions.
func (g *Gateway) open(ctx context.Context, c *call, r *wire.Request) (*Session, error) {
	g.mu.Lock()
	if g.leaving {
		g.mu.Unlock()
		g.calls.Free(c)
		return nil, callError(r.Janus, errShutDown, false)
	}
	g.creates.Add(1)
	g.mu.Unlock()
	defer g.creates.Done()

	c.Keep = true
	if err := g.do(ctx, c, r); err != nil {
		return nil, err
	}
	s := c.Request.opened
	g.calls.Free(c)
	g.Lock()
	defer g.Unlock()
	if s.Err() == nil {
		g.Sessions[s.ID] = s
	}
	return s, nil
}

func acceptCreate(g *Gateway, c *call, f *wire.Frame, _ []byte) error {
	switch {
	case f.Janus != "success" || f.DataID == 0:
		return unexpected(f)
	case c.Nobody() && g.sessions.Get(f.DataID) == nil: // the session is of no use
		if conn := g.calls.Conn(); conn != nil {
			g.post(conn, &wire.Request{Janus: "destroy", Session: f.DataID, Token: c.Request.token})
		}
	default:
		c.Request.opened = g.addSession(f.DataID, c.Request.token)
	}
	return nil
}

func acceptClaim(g *Gateway, c *call, f *wire.Frame, _ []byte) error {
	if !acknowledged(f) {
		return unexpected(f)
	}
	if !c.Nobody() {
		s := g.addSession(c.Request.claimed, c.Request.token)
		g.reclaimed(s)
		c.Request.opened = s
	}
	return nil
}

// addSession registers a session that the server has made, or returns the one
// that is registered.
func (g *Gateway) addSession(id uint64, token string) *Session {
	s := g.sessions.Add(id, func(s *Session) bool { return s != nil && s.Err() == nil }, func() *Session {
		s := &Session{
			ID:      id,
			Handles: make(map[uint64]*Handle),
			Events:  make(chan interface{}, eventsBuffer),
			gateway: g,
			scope:   g.scope.Within(),
		}
		s.queue.Init(s.Events, &g.queues, queue.Tag{Session: id})
		if every := g.opts.KeepAlive; every > 0 {
			// At a random moment, so that many sessions are spread over the interval.
			g.upkeep.KeepAlive(kept{s}, rand.N(every))
		}
		return s
	})
	s.care.Latest.Set(token)
	return s
}

// Shutdown destroys all sessions of the Gateway, many at once, and then closes
// the connection, so that nothing is left on the server. Sessions cannot be made
// any more once it has begun. If ctx ends first, or RequestTimeout if ctx has no
// deadline, the connection is closed without destroying the rest. The error joins
// what failed.
func (g *Gateway) Shutdown(ctx context.Context) error {
	ctx, cancel := g.bounded(ctx)
	defer cancel()
	g.mu.Lock()
	g.leaving = true
	g.mu.Unlock()
	created := make(chan struct{})
	go func() {
		defer close(created)
		g.creates.Wait()
	}()
	select {
	case <-created:
	case <-ctx.Done():
	}
	// One that was abandoned is destroyed when its answer arrives.
	g.calls.Await(ctx, func(c *call) bool { return c.Request.verb == verbCreate })
	err := g.destroyAll(ctx)
	return errors.Join(err, g.Close(websocket.StatusNormalClosure, ""))
}

// bounded returns ctx with RequestTimeout, unless it has a deadline.
func (g *Gateway) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := g.opts.RequestTimeout
	if _, ok := ctx.Deadline(); ok || timeout < 0 {
		return ctx, func() {}
	}
	late := fmt.Errorf("nothing within %v: %w", timeout, context.DeadlineExceeded)
	return context.WithTimeoutCause(ctx, timeout, late)
}

// fillToken asks the TokenSource, unless the request cannot be sent anyway.
func (g *Gateway) fillToken(ctx context.Context, scope *calls.Scope[request], r *wire.Request) (err error) {
	if ended := g.calls.Err(scope); ended != nil || ctx.Err() != nil {
		return nil // Begin says so
	}
	r.Token, err = g.tokens.Token(ctx, r.Session)
	if ended := g.calls.Err(scope); ended != nil {
		return ended
	}
	return err
}

// destroyAll destroys the sessions and returns why it could not.
func (g *Gateway) destroyAll(ctx context.Context) error {
	var mu sync.Mutex
	var failed []error
	var destroys errgroup.Group
	destroys.SetLimit(destroysAtOnce)
	for _, s := range g.sessions.List() {
		destroys.Go(func() error {
			_, err := s.Destroy(ctx, g.ownToken(s))
			if errors.Is(err, ErrNotSent) && g.tokens != nil && ctx.Err() == nil {
				_, err = s.Destroy(ctx, s.care.Latest.Get()) // the TokenSource has none
			}
			if err == nil || errors.Is(err, ErrSessionEnded) || g.Err() != nil {
				return nil // it is gone
			}
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, fmt.Errorf("session %d: %w", s.ID, err))
			return nil
		})
	}
	_ = destroys.Wait() // never fails
	return errors.Join(failed...)
}

// Gateway returns the Gateway that the session belongs to.
func (s *Session) Gateway() *Gateway { return s.gateway }

// Done returns a channel that is closed when the session has ended. Err then
// returns why.
func (s *Session) Done() <-chan struct{} { return s.gateway.calls.Done(&s.scope) }

// Err returns nil while the session lives, and then the error that calls fail
// with: an *ErrorMsg that matches ErrSessionEnded, or an error that matches
// ErrClosed if the session ended with its connection.
func (s *Session) Err() error { return s.gateway.calls.Err(&s.scope) }

// sessionGone returns the error of a session that ended without an error of
// Janus.
func sessionGone(id uint64, how string) *ErrorMsg {
	return &ErrorMsg{
		Err:     ErrorData{Code: int(ErrorSessionNotFound), Reason: fmt.Sprintf("No such session %d (%s)", id, how)},
		Session: id,
	}
}

// endSession ends a session that the server no longer has. Its calls fail with
// err. If last is not nil, it is sent on the session's channels. Those of its
// handles stay open for messages that are on their way.
func (g *Gateway) endSession(s *Session, err *ErrorMsg, last interface{}) {
	end := *err
	end.ended = true
	if !g.calls.End(&s.scope, &end) {
		return
	}
	_, timedOut := last.(*TimeoutMsg)
	if timedOut && g.opts.KeepAlive > 0 {
		figures := []any{"session", s.ID, "KeepAlive", g.opts.KeepAlive}
		if known := g.sessionTimeout.Load(); known > 0 {
			figures = append(figures, "session_timeout", time.Duration(known)*time.Second)
		}
		g.log.Log(slog.LevelWarn, "janus: session timed out although it is kept alive", figures...)
	}
	handles := s.routes.List()
	if last != nil {
		s.queue.Push(last)
		for _, h := range handles {
			h.queue.Push(last)
		}
	}
	s.queue.Close()
	g.unlist(s)
	if len(handles) == 0 {
		g.sessions.Remove(s.ID, s)
		return
	}
	wait := lingerDestroyed
	if timedOut {
		wait = linger
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(wait, func() {
		g.closeHandles(s)
		g.sessions.Remove(s.ID, s)
	})
}

// dropSession ends a session at once, with its handles, because of err.
func (g *Gateway) dropSession(s *Session, err error) {
	g.calls.End(&s.scope, err)
	s.mu.Lock()
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	g.closeHandles(s)
	g.sessions.Remove(s.ID, s)
	s.queue.Close()
	routes.WhenLocked(&s.Mutex, func() { clear(s.Handles) })
}

// closeHandles ends the handles of a session that has ended.
func (g *Gateway) closeHandles(s *Session) {
	for _, h := range s.routes.List() {
		s.routes.Remove(h.ID, h)
		h.end(nil)
	}
}

// unlist removes a session from Sessions, and its handles from Handles.
func (g *Gateway) unlist(s *Session) {
	routes.WhenLocked(&g.Mutex, func() {
		if g.Sessions[s.ID] == s {
			delete(g.Sessions, s.ID)
		}
	})
	routes.WhenLocked(&s.Mutex, func() { clear(s.Handles) })
}

// ownToken returns the token for a call without a token parameter: the latest of
// the session, or none if there is a TokenSource.
func (g *Gateway) ownToken(s *Session) string {
	if g.tokens != nil {
		return ""
	}
	return s.care.Latest.Get()
}

// ack sends a request that is answered with an acknowledgement.
func (g *Gateway) ack(ctx context.Context, c *call, r *wire.Request) (*AckMsg, error) {
	if err := g.do(ctx, c, r); err != nil {
		return nil, err
	}
	g.calls.Free(c)
	return &AckMsg{}, nil
}

// KeepAlive sends a keep-alive request to the Gateway.
// On success, an AckMsg will be returned and error will be nil.
//
// Janus times out a session that has had no request for its session_timeout,
// 60 s by default.
func (s *Session) KeepAlive(ctx context.Context, token string) (*AckMsg, error) {
	return s.gateway.ack(ctx, s.gateway.newCall(s, nil, acceptAck), &wire.Request{Janus: "keepalive", Session: s.ID, Token: token})
}

// KeepAliveSender will send keepalive messages every 20 seconds for the
// session, the first one after 20 seconds. It returns when ctx or the session
// ends, or when a keepalive fails, with the error. While a lost connection is
// being restored, it sends nothing and does not fail. It sends the token of
// DialOptions.TokenSource, or else the latest token of the session.
//
// A goroutine of the group of Connect that returns this error ends the connection,
// and all other sessions with it. DialOptions.KeepAlive avoids that, and needs no
// goroutine for each session.
func (s *Session) KeepAliveSender(ctx context.Context) error {
	ticker := time.NewTicker(keepAliveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Done():
			return s.Err()
		}
		_, err := s.KeepAlive(ctx, s.gateway.ownToken(s))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !errors.Is(err, ErrDisconnected):
			return err
		}
	}
}

// Destroy sends a destroy request to the Gateway to tear down this session.
// On success, the Session will be removed from the Gateway.Sessions map, an
// AckMsg will be returned and error will be nil. Events is closed, and a moment
// later so are those of the session's handles. If ctx ends first and Janus
// destroys the session later, the same happens then.
func (s *Session) Destroy(ctx context.Context, token string) (*AckMsg, error) {
	c := s.gateway.newCall(s, nil, acceptDestroy)
	c.Keep = true
	ack, err := s.gateway.ack(ctx, c, &wire.Request{Janus: "destroy", Session: s.ID, Token: token})
	if err != nil {
		return nil, err
	}
	s.gateway.Lock()
	defer s.gateway.Unlock()
	if s.gateway.Sessions[s.ID] == s {
		delete(s.gateway.Sessions, s.ID)
	}
	return ack, nil
}

func acceptDestroy(g *Gateway, c *call, f *wire.Frame, _ []byte) error {
	if !acknowledged(f) {
		return unexpected(f)
	}
	s := c.Request.session
	g.endSession(s, sessionGone(s.ID, "destroyed"), nil)
	return nil
}

// heartbeat begins pings and sees to the sessions that are due, until the end.
func (g *Gateway) heartbeat() {
	var pings <-chan time.Time
	if g.opts.PingInterval > 0 {
		ticker := time.NewTicker(g.opts.PingInterval)
		defer ticker.Stop()
		pings = ticker.C
	}
	defer g.upkeep.Stop()
	for {
		select {
		case <-g.done:
			return
		case <-pings:
			g.link.Ping()
			g.log.Refresh()
		case <-g.upkeep.C():
			g.upkeep.Run()
		}
	}
}

func (g *Gateway) upkeepOptions() keeper.Options {
	opts := keeper.Options{
		Interval:     g.opts.KeepAlive,
		ClaimTimeout: orDefault(g.opts.RequestTimeout, defaultRequestTimeout),
		Tokens:       g.tokens,
		Go:           g.goGroup,
		Log:          g.log,
	}
	if r := g.opts.Reconnect; r != nil {
		opts.MinDelay, opts.MaxDelay = r.MinDelay, r.MaxDelay
	}
	return opts
}

// kept is a session as its Upkeep sees it.
type kept struct{ s *Session }

func (k kept) Care() *keeper.Care   { return &k.s.care }
func (k kept) Key() uint64          { return k.s.ID }
func (k kept) Ended() bool          { return k.s.Err() != nil }
func (k kept) Forget(number uint64) { k.s.gateway.calls.Forget(number) }

func (k kept) Awaits(conn any) bool {
	return any(k.s.gateway.calls.Conn()) == conn && k.s.gateway.calls.Held(&k.s.scope)
}

// KeepAlive sends a keepalive whose reply says nothing unless it is an error,
// which is delivered on Session.Events.
func (k kept) KeepAlive(token string) {
	r := &wire.Request{Janus: "keepalive", Session: k.s.ID, Token: token}
	conn, size := k.s.gateway.calls.ConnFor(&k.s.scope), r.Size()
	if conn != nil && conn.Claim(size) == nil { // otherwise the peer reads too slowly
		k.s.gateway.post(conn, r)
		conn.Settle(size)
	}
}

// Claim begins a claim, whose answer the reader takes.
func (k kept) Claim(token string) (number uint64, conn any, write func()) {
	g := k.s.gateway
	if !g.calls.Held(&k.s.scope) {
		return 0, nil, nil // claimed while the token was waited for
	}
	r := &wire.Request{Janus: verbClaim, Session: k.s.ID, Token: token}
	c, size := g.newCall(k.s, nil, acceptReclaim), r.Size()
	c.Request.verb, c.Request.token = verbClaim, token
	to, number := g.calls.Post(c, &k.s.scope, size)
	if to == nil {
		g.calls.Free(c)
		return 0, nil, nil
	}
	return number, to, func() { _ = g.send(to, r, number, false); to.Settle(size) }
}

// down makes sessions, and their calls, wait for the next connection.
func (g *Gateway) down(cause error) {
	why := fmt.Errorf("%w and being restored: %w", ErrDisconnected, cause)
	var cut []*Session
	for _, s := range g.sessions.List() {
		if g.calls.Hold(&s.scope, why) {
			cut = append(cut, s)
		}
	}
	g.calls.Down(&g.scope, why)
	for _, s := range cut {
		s.queue.Push(&DisconnectedMsg{Err: cause})
	}
}

// up sends calls over a new connection, and claims the sessions of the previous
// one.
func (g *Gateway) up(sock *socket.Socket) bool {
	if !g.calls.Up(&g.scope, sock) {
		return false
	}
	for _, s := range g.sessions.List() {
		if g.calls.Held(&s.scope) {
			g.upkeep.Claim(kept{s}, calls.Conn(sock))
		}
	}
	return true
}

func acceptReclaim(g *Gateway, c *call, f *wire.Frame, _ []byte) error {
	if !acknowledged(f) {
		return unexpected(f)
	}
	g.reclaimed(c.Request.session)
	return nil
}

// reclaimed makes a session usable again.
func (g *Gateway) reclaimed(s *Session) {
	if !g.calls.Held(&s.scope) {
		return
	}
	g.upkeep.Claimed(kept{s})
	g.calls.Release(&s.scope) // first, so that nobody who reads the message finds the session held
	s.queue.Push(&ReclaimedMsg{})
}

// claimRefused ends a session whose claim Janus refuses. If it refuses the token,
// the claim is repeated with the next one of the TokenSource.
func (g *Gateway) claimRefused(s *Session, msg *ErrorMsg) {
	if !g.calls.Held(&s.scope) {
		return // another claim has been answered
	}
	if !g.upkeep.Refused(kept{s}, ErrorCode(msg.Err.Code) == ErrorUnauthorized) {
		g.log.Log(slog.LevelWarn, "janus: session not claimed", "session", s.ID, "error", msg)
		return
	}
	g.endSession(s, msg, msg)
}
