package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/backoff"
	"github.com/cameronelliott/janus-go/internal/notify"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
)

// maxAbandoned is how many ended units may have goroutines that have not returned.
const maxAbandoned = 4

// Supervisor keeps a unit up while Run runs. New makes one. All methods may be called
// concurrently.
type Supervisor[T any] struct {
	up      func(ctx context.Context, u *Unit) (T, error)
	opts    Options
	log     *safelog.Logger
	changes *notify.Notifier[func()]

	leftovers *leftovers    // used only by Run
	abandoned chan struct{} // has an element for each unit that is abandoned

	mu      sync.Mutex
	running bool // Run has been called
	status  Status
	live    *live[T]      // the unit that is up, or nil
	change  chan struct{} // closed and replaced when a unit is up, and when Run ends
	stopped error         // matches ErrStopped once Run has ended
}

// live is a unit that is up, and what up has made of it.
type live[T any] struct {
	unit  *Unit
	value T
	since time.Time
}

// New returns a Supervisor whose units are made by up. It does nothing before Run is
// called.
//
// up uses the methods of u to attach handles and to set up what callers need. Get and Do
// pass on the value that it returns. up must not call Get or Do: they would wait for up.
// up is called for one unit after the other. ctx ends with the unit, and after Options.UpTimeout if up has
// not returned by then. If up returns an error or panics, the unit ends; a panic is
// logged with its stack.
func New[T any](up func(ctx context.Context, u *Unit) (T, error), opts *Options) *Supervisor[T] {
	if up == nil {
		panic("supervisor: New without a function")
	}
	s := &Supervisor[T]{
		up:      up,
		opts:    opts.withDefaults(),
		changes: notify.New(func(f func()) { f() }),
		change:  make(chan struct{}),

		abandoned: make(chan struct{}, maxAbandoned),
	}
	s.log = safelog.New(s.opts.Logger)
	s.leftovers = newLeftovers(s.opts, s.log)
	return s
}

var (
	errNoURL    = errors.New("supervisor: Options.URLs is empty")
	errRunTwice = errors.New("supervisor: Run has been called before")
)

// Run keeps a unit up until ctx ends, and then returns nil. It returns an error if no
// further attempt can succeed; see the package comment. Run may be called once.
//
// When Run returns, the unit is removed: its goroutines have returned, its handles are
// detached, its session is destroyed, and its connection is closed. Options.StopTimeout
// bounds how long that takes, if the server or a goroutine does not cooperate. If the
// connection to a server was lost, the session stays there until the server ends it, or
// until a Supervisor with the same Options.Adopt removes it.
func (s *Supervisor[T]) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return errRunTwice
	}
	s.running = true
	s.mu.Unlock()

	err := s.run(ctx)
	s.leftovers.close()
	s.stop(err)
	s.flushChanges()
	s.log.Flush(s.opts.StopTimeout)
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// errDone is why Run ends when its context has ended.
var errDone = errors.New("the context of Run has ended")

// run makes one unit after the other. It returns errDone, or a permanent error.
func (s *Supervisor[T]) run(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	delay := backoff.Backoff{Min: s.opts.MinDelay, Max: s.opts.MaxDelay}
	var before error
	for at := 0; ctx.Err() == nil; s.pause(ctx, delay.Next()) {
		end := s.attempt(ctx, s.opts.URLs[at])
		if ctx.Err() != nil {
			break
		}
		if isPermanent(end.err) {
			return end.err
		}
		s.report(end, before)
		before = end.err
		if end.lived >= s.opts.MaxDelay {
			delay.Reset()
		}
		if !end.stay {
			at = (at + 1) % len(s.opts.URLs)
		}
	}
	return fmt.Errorf("%w: %w", errDone, context.Cause(ctx))
}

// report logs why an attempt or a unit has ended; before is the reason for the one
// before.
func (s *Supervisor[T]) report(end ending, before error) {
	url := s.Status().URL
	switch {
	case end.lived > 0:
		s.log.Log(slog.LevelWarn, "supervisor: the unit has ended", "url", url, "lived", end.lived, "error", end.err)
	case before != nil && before.Error() == end.err.Error(): // so that the log is not filled with it
		s.log.Log(slog.LevelDebug, "supervisor: no unit again", "url", url, "error", end.err)
	default:
		s.log.Log(slog.LevelWarn, "supervisor: no unit", "url", url, "error", end.err)
	}
}

// check returns what is wrong with the options.
func (s *Supervisor[T]) check() error {
	if len(s.opts.URLs) == 0 {
		return errNoURL
	}
	return s.opts.Adopt.check()
}

// pause waits for d, and until few enough units are abandoned.
func (s *Supervisor[T]) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return
	}
	if len(s.abandoned) == maxAbandoned {
		s.log.Log(slog.LevelError, "supervisor: too many units are abandoned, waiting for one of them", "units", maxAbandoned)
	}
	select {
	case s.abandoned <- struct{}{}: // there is room
		<-s.abandoned
	case <-ctx.Done():
	}
}

// abandon counts a unit until its goroutines return.
func (s *Supervisor[T]) abandon(u *Unit) {
	s.abandoned <- struct{}{} // pause has made room
	go func() {
		<-u.idle
		<-s.abandoned
	}()
}

// ending says how an attempt, or the unit that it made, has ended.
type ending struct {
	err   error
	lived time.Duration // how long the unit was up
	stay  bool          // the server is not the reason
}

// attempt makes a unit and waits until it has ended and is removed.
func (s *Supervisor[T]) attempt(ctx context.Context, url string) (end ending) {
	s.setStatus(func(status *Status) {
		status.State, status.URL, status.Session = StateStarting, socket.Name(url), 0
		status.Tries++
	})
	u, err := s.dial(ctx, url)
	if err != nil {
		end.err = err
		s.down(end)
		return end
	}
	if up := s.raise(u, url); up != nil {
		s.setUp(up)
		s.await(u)
		end.lived = time.Since(up.since)
		end.stay = u.Gateway.Err() == nil
	}
	end.err = u.reason()
	s.down(end)
	if !u.close(s.opts.StopTimeout, ctx.Err() != nil || isPermanent(end.err)) {
		s.abandon(u)
	}
	s.leftovers.ended(u)
	return end
}

// dial opens the connection of a unit. It outlives ctx, so that the unit can be removed
// from the server.
func (s *Supervisor[T]) dial(ctx context.Context, url string) (*Unit, error) {
	if err := s.leftovers.open(ctx); err != nil {
		return nil, err
	}
	life, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, hangUp)
	g, _, err := janus.Dial(life, url, s.opts.Dial)
	if err != nil {
		stop()
		return nil, judgeDial(err)
	}
	if !stop() { // ctx has ended
		<-g.Done()
	}
	return newUnit(ctx, g, s.opts.Token, s.log), nil
}

// raise creates the session of a unit and calls up. It returns nil if the unit has
// ended.
func (s *Supervisor[T]) raise(u *Unit, url string) *live[T] {
	if d := s.opts.UpTimeout; d > 0 {
		timer := time.AfterFunc(d, func() { u.fail(fmt.Errorf("not up within %v", d)) })
		defer timer.Stop()
	}
	if err := s.leftovers.begin(u, socket.Name(url)); err != nil {
		u.fail(judge(err))
		return nil
	}
	up := &live[T]{unit: u}
	done := make(chan struct{})
	u.start("up", func(ctx context.Context) (err error) {
		if up.value, err = s.up(ctx, u); err != nil {
			return fmt.Errorf("up: %w", err)
		}
		close(done)
		return nil
	})
	select {
	case <-done:
	case <-u.ctx.Done():
	case <-u.Session.Done():
	}
	if u.ending() {
		s.await(u)
		return nil
	}
	return up
}

// await waits until the unit has ended.
func (s *Supervisor[T]) await(u *Unit) {
	select {
	case <-u.ctx.Done():
	case <-u.Session.Done():
		err := u.Session.Err()
		if !errors.Is(err, janus.ErrClosed) {
			err = fmt.Errorf("session %d has ended: %w", u.Session.ID, err)
		}
		u.fail(err)
	}
}

// setUp lets callers use a unit.
func (s *Supervisor[T]) setUp(up *live[T]) {
	up.since = time.Now()
	s.setStatus(func(status *Status) {
		s.live = up
		s.broadcast()
		status.State, status.Session = StateUp, up.unit.Session.ID
		status.Units++
	})
	now := s.Status()
	s.log.Log(slog.LevelInfo, "supervisor: a unit is up", "url", now.URL, "session", now.Session, "tries", now.Tries)
}

// down has callers wait for the next unit.
func (s *Supervisor[T]) down(end ending) {
	s.setStatus(func(status *Status) {
		status.State, status.Session, status.Err = StateDown, 0, end.err
		if s.live != nil {
			status.Tries = 0
		}
		s.live = nil
	})
}

// stop makes Get and Do fail because of err.
func (s *Supervisor[T]) stop(err error) {
	s.setStatus(func(status *Status) {
		s.stopped = fmt.Errorf("%w: %w", ErrStopped, err)
		s.broadcast()
		status.State, status.Err = StateStopped, err
	})
}

// broadcast wakes all callers that wait for a unit. s.mu is held.
func (s *Supervisor[T]) broadcast() {
	close(s.change)
	s.change = make(chan struct{})
}
