// Package link keeps one websocket connection up: it reads from it, pings the
// peer, and dials again when the connection is lost.
package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/backoff"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
)

// State is what a Link is doing.
type State int

const (
	Connected    State = iota // there is a connection
	Reconnecting              // the connection is lost and is being restored
	Closed                    // there will be no connection any more
)

// Options are the options of a Link.
//
// The functions are called on the goroutine of Run, except for the first call of Up,
// which is made by Open.
type Options struct {
	Dial        func(ctx context.Context) (*socket.Socket, error)
	DialTimeout time.Duration // of each dial; none if not positive
	PongTimeout time.Duration

	Reconnect bool // without it, a connection that is lost is not restored
	MinDelay  time.Duration
	MaxDelay  time.Duration
	GiveUp    time.Duration // how long it may take to restore a connection; no limit if not positive

	// Up is called with each new connection before anything is read from it. It
	// reports false if no connection is wanted any more.
	Up func(sock *socket.Socket) bool
	// Frame is called with each message, which is valid until it returns. An
	// error ends the connection.
	Frame func(frame []byte) error
	// Down is called when a connection is lost that is to be restored.
	Down func(cause error)
	// Changed is called at each change of the state, with its cause, but for the
	// last one, which the return of Run tells.
	Changed func(state State, cause error)

	Log *safelog.Logger
}

// Link is a connection that is restored when it is lost. Open makes one. Run must
// be called, once; everything else may be called concurrently.
type Link struct {
	opts   Options
	ctx    context.Context // of the Link's life
	cancel context.CancelFunc
	pings  sync.WaitGroup
	pinged atomic.Bool // a pong is being waited for

	// State of the outage, used only by the goroutine of Run.
	delay backoff.Backoff
	lost  time.Time // when the outage began; zero if the connection is stable
	dials int       // since then

	mu    sync.Mutex
	sock  *socket.Socket // nil while there is none
	state State          // what Run made it
	leave bool           // Close was called
}

// errGaveUp is the end of a Link whose connection could not be restored.
type errGaveUp struct {
	after time.Duration
	cause error // why the connection was lost
	last  error // why the latest attempt failed; may be nil
}

func (e *errGaveUp) Error() string {
	text := fmt.Sprintf("lost, and not restored within %v: %v", e.after, e.cause)
	if e.last != nil {
		text += fmt.Sprintf("; last attempt: %v", e.last)
	}
	return text
}

func (e *errGaveUp) Unwrap() []error {
	if e.last == nil {
		return []error{e.cause}
	}
	return []error{e.cause, e.last}
}

// errLate is why a dial was given up.
type errLate time.Duration // DialTimeout

func (e errLate) Error() string {
	return fmt.Sprintf("no handshake within %v: %v", time.Duration(e), context.DeadlineExceeded)
}
func (e errLate) Unwrap() error { return context.DeadlineExceeded }

// Open dials and returns a Link whose life is bounded by ctx. An attempt that
// fails is not repeated. Up is called before Open returns.
func Open(ctx context.Context, opts Options) (*Link, error) {
	l := &Link{opts: opts, delay: backoff.Backoff{Min: opts.MinDelay, Max: opts.MaxDelay}}
	l.ctx, l.cancel = context.WithCancel(ctx)
	sock, err := l.dial(l.ctx)
	if err != nil {
		l.cancel()
		return nil, err
	}
	l.sock = sock
	opts.Log.Ready() // by now it is
	opts.Up(sock)
	return l, nil
}

// Run receives until the connection is lost for good, and returns why.
func (l *Link) Run() error {
	sock := l.socket()
	for {
		began := time.Now()
		err := l.receive(sock)
		sock.CloseNow()
		l.judge(time.Since(began))
		if sock, err = l.restore(err); sock == nil {
			l.close()
			l.cancel()
			l.pings.Wait()
			return err
		}
	}
}

// receive passes messages on until the connection ends.
func (l *Link) receive(sock *socket.Socket) error {
	for {
		frame, err := sock.Read(l.ctx)
		if err != nil {
			return err
		}
		if err := l.opts.Frame(frame); err != nil {
			return err
		}
	}
}

// judge decides whether a connection that has ended was stable. If not, the outage
// before it continues. Otherwise a server that accepts connections and closes them
// would be dialed without a pause, forever.
func (l *Link) judge(lived time.Duration) {
	stable := l.opts.MaxDelay
	if l.opts.GiveUp > 0 {
		stable = min(stable, l.opts.GiveUp)
	}
	if l.lost.IsZero() || lived >= stable {
		l.delay.Reset()
		l.lost, l.dials = time.Now(), 0
	}
}

// restore restores the connection that was lost because of cause. It returns nil
// and the reason if the loss is final.
func (l *Link) restore(cause error) (*socket.Socket, error) {
	if l.ctx.Err() != nil {
		return nil, l.ctx.Err()
	}
	if !l.opts.Reconnect || l.leaving() {
		return nil, cause
	}
	l.change(Reconnecting, nil, cause)
	l.opts.Down(cause)
	l.opts.Log.Log(slog.LevelWarn, "janus: connection lost, dialing again", "error", cause)
	ctx := l.ctx
	if l.opts.GiveUp > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, l.lost.Add(l.opts.GiveUp))
		defer cancel()
	}
	sock, last := l.redial(ctx)
	switch {
	case sock != nil:
		return sock, nil
	case l.ctx.Err() != nil:
		return nil, l.ctx.Err()
	}
	return nil, &errGaveUp{l.opts.GiveUp, cause, last}
}

// redial dials until it succeeds, or ctx ends; last is the latest failure then.
func (l *Link) redial(ctx context.Context) (sock *socket.Socket, last error) {
	level := slog.LevelWarn
	for {
		timer := time.NewTimer(l.delay.Next())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, last
		}
		l.dials++
		sock, err := l.dial(ctx)
		switch {
		case err == nil && l.connected(sock):
			return sock, nil
		case err == nil:
			sock.CloseNow()
			return nil, last
		case ctx.Err() == nil: // otherwise the failure before it says more
			last = err
			l.opts.Log.Log(level, "janus: dial failed", "error", err)
			level = slog.LevelDebug // so that the log is not filled with this
		}
	}
}

// connected makes sock the connection. It reports false if no connection is wanted.
func (l *Link) connected(sock *socket.Socket) bool {
	if l.ctx.Err() != nil {
		return false
	}
	l.change(Connected, sock, nil)
	if !l.opts.Up(sock) {
		return false
	}
	l.opts.Log.Log(slog.LevelInfo, "janus: connection restored",
		"away", time.Since(l.lost).Round(time.Millisecond), "dials", l.dials)
	return true
}

// change sets the state and its connection.
func (l *Link) change(state State, sock *socket.Socket, cause error) {
	l.mu.Lock()
	changed := l.state != state
	l.state, l.sock = state, sock
	l.mu.Unlock()
	if changed {
		l.opts.Changed(state, cause)
	}
}

// close makes the state Closed. Its owner tells of it, when all has ended.
func (l *Link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.sock = Closed, nil
}

// State returns what the Link is doing.
func (l *Link) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

func (l *Link) socket() *socket.Socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sock
}

func (l *Link) leaving() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leave
}

// dial opens one connection.
func (l *Link) dial(ctx context.Context) (sock *socket.Socket, err error) {
	timeout := l.opts.DialTimeout
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errLate(timeout))
		defer cancel()
	}
	defer func() {
		if p := recover(); p != nil { // in the application's transport
			l.opts.Log.Log(slog.LevelWarn, "janus: panic while dialing", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return l.opts.Dial(ctx)
}

// Ping starts a check of whether the peer answers, unless one is under way. If no pong
// arrives in time, the connection ends.
func (l *Link) Ping() {
	l.mu.Lock()
	defer l.mu.Unlock()
	sock := l.sock
	if sock == nil || !l.pinged.CompareAndSwap(false, true) {
		return
	}
	l.pings.Go(func() { // with the lock held, so that Run waits for it
		defer l.pinged.Store(false)
		ctx, cancel := context.WithTimeout(l.ctx, l.opts.PongTimeout)
		defer cancel()
		if err := sock.Ping(ctx); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				err = fmt.Errorf("no pong within %v", l.opts.PongTimeout)
			}
			sock.Fail(err)
		}
	})
}

// Close ends the connection with a closing handshake, or without one if there is
// no connection, and makes Run return.
func (l *Link) Close(code websocket.StatusCode, reason string) error {
	defer l.cancel()
	l.mu.Lock()
	l.leave = true
	sock := l.sock
	l.mu.Unlock()
	if sock == nil {
		return nil
	}
	return sock.Close(code, reason)
}
