package supervisor

import (
	"context"
	"errors"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
)

// Get waits until a unit is up and returns what up has made. It returns an error if ctx
// ends first, and one that matches ErrStopped if Run has ended. It also waits for
// the first unit, even if Run has not been called yet.
//
// The unit may end at any time. Then calls on the value fail, and Get returns the next
// one.
func (s *Supervisor[T]) Get(ctx context.Context) (T, error) {
	up, err := s.next(ctx, nil)
	if err != nil {
		var none T
		return none, err
	}
	return up.value, nil
}

// Do waits for a unit, as Get does, and calls f with what up has made. The ctx of f ends
// with the unit, and with the ctx of Do. Do returns the error of f.
//
// If that matches janus.ErrNotSent, f is called once more, with the next unit, or with
// the same one if that is still usable. f should therefore send a single request, or
// check what its first call has done. If ctx or Run ends first, the error also says so.
func (s *Supervisor[T]) Do(ctx context.Context, f func(ctx context.Context, v T) error) error {
	return s.do(ctx, f, func(_ *Unit, err error) bool { return errors.Is(err, janus.ErrNotSent) })
}

// DoIdempotent is like Do, but also calls f again if the first call failed because the
// unit or the connection has ended, with an error that matches janus.ErrDisconnected or
// janus.ErrClosed, for example. Janus may have carried out the request of the first
// call, so its effect must be the same if it is carried out twice.
func (s *Supervisor[T]) DoIdempotent(ctx context.Context, f func(ctx context.Context, v T) error) error {
	return s.do(ctx, f, func(u *Unit, err error) bool {
		for _, lost := range []error{
			janus.ErrNotSent, janus.ErrDisconnected, janus.ErrClosed, janus.ErrSessionEnded, janus.ErrHandleDetached,
		} {
			if errors.Is(err, lost) {
				return true
			}
		}
		return u.ctx.Err() != nil && errors.Is(err, context.Canceled)
	})
}

// do calls f, and again if its error may be repeated.
func (s *Supervisor[T]) do(ctx context.Context, f func(context.Context, T) error, again func(*Unit, error) bool) error {
	up, err := s.next(ctx, nil)
	if err != nil {
		return err
	}
	err = up.call(ctx, f)
	if err == nil || ctx.Err() != nil || !again(up.unit, err) {
		return err
	}
	up, failed := s.after(ctx, up)
	if failed != nil {
		return fmt.Errorf("%w; not repeated: %w", err, failed)
	}
	return up.call(ctx, f)
}

// call calls f with a ctx that ends with the unit.
func (l *live[T]) call(ctx context.Context, f func(context.Context, T) error) error {
	ctx, cancel := l.unit.within(ctx)
	defer cancel()
	return f(ctx, l.value)
}

// within returns a ctx that ends with the unit too.
func (u *Unit) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(u.ctx, func() { cancel(context.Cause(u.ctx)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// after returns the unit that follows one on which a call has failed. That is the same
// one if it can be used again.
func (s *Supervisor[T]) after(ctx context.Context, failed *live[T]) (*live[T], error) {
	u := failed.unit
	within, cancel := u.within(ctx)
	defer cancel()
	for !u.ending() && ctx.Err() == nil {
		// If the connection is being restored, the answer shows whether the session is.
		_, err := u.Session.KeepAlive(within, u.token)
		if !errors.Is(err, janus.ErrDisconnected) && !errors.Is(err, context.DeadlineExceeded) && !u.ending() {
			return failed, nil
		}
	}
	return s.next(ctx, failed)
}

// next waits for a unit that is up and is not the given one.
func (s *Supervisor[T]) next(ctx context.Context, not *live[T]) (*live[T], error) {
	for {
		s.mu.Lock()
		up, change, stopped := s.live, s.change, s.stopped
		s.mu.Unlock()
		switch {
		case stopped != nil:
			return nil, stopped
		case up != nil && up != not && !up.unit.over():
			return up, nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			err := fmt.Errorf("supervisor: no unit is up: %w", ctx.Err())
			if last := s.Status().Err; last != nil {
				err = fmt.Errorf("%w; the last attempt: %v", err, last)
			}
			return nil, err
		}
	}
}
