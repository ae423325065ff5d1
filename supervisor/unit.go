package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/safelog"
)

const (
	// grace is how long goroutines have to return before their handles are detached.
	// Many wait for handle.Events to be closed, so all of it is added to an outage.
	grace = 100 * time.Millisecond

	// normalClosure is the websocket status of an end without an error.
	normalClosure = 1000

	// detachesAtOnce is how many handles are detached at the same time.
	detachesAtOnce = 16
)

// Unit is a connection, a session, and what hangs on it. All methods may be called
// concurrently, also after up has returned.
type Unit struct {
	// Gateway is the connection. If it is closed, the unit ends. Other sessions that
	// are made on it are destroyed with the unit.
	Gateway *janus.Gateway

	// Session is the session. If it ends, so does the unit.
	Session *janus.Session

	// Claimed reports that Session is that of the last run; see Adopt.Keep. Unit.Adopt
	// takes over its handles.
	Claimed bool

	ctx    context.Context // of the unit's life
	cancel context.CancelCauseFunc
	token  string
	log    *safelog.Logger

	mu      sync.Mutex
	err     error // why the unit has ended, or is about to
	closing bool  // no goroutine is started any more
	running int   // goroutines
	idle    chan struct{}
	handles map[*janus.Handle]struct{} // those that have not ended
}

func newUnit(ctx context.Context, g *janus.Gateway, token string, log *safelog.Logger) *Unit {
	u := &Unit{
		Gateway: g,
		token:   token,
		log:     log,
		idle:    make(chan struct{}),
		handles: make(map[*janus.Handle]struct{}),
	}
	u.ctx, u.cancel = context.WithCancelCause(ctx)
	return u
}

// Attach attaches a handle to a plugin, as Session.AttachWith does. The unit ends when
// the handle is detached by anyone but Handle.Detach. Handles that are attached by
// other means may end without consequences.
//
// The error matches janus.ErrNotSent if the unit has ended before.
func (u *Unit) Attach(ctx context.Context, opts janus.AttachOptions) (*janus.Handle, error) {
	if u.ctx.Err() != nil {
		return nil, fmt.Errorf("supervisor: attach: %w: %w", janus.ErrNotSent, context.Cause(u.ctx))
	}
	h, err := u.Session.AttachWith(ctx, u.token, opts)
	if err != nil {
		return nil, err
	}
	if !u.watch(h, opts.Plugin) { // the session, and so the handle, is being destroyed
		return nil, fmt.Errorf("supervisor: attach: %w", context.Cause(u.ctx))
	}
	return h, nil
}

// Adopt returns a Handle for one that the session has had since the last run, as
// Session.Adopt does; see Claimed. The unit ends with it as with those of Attach.
func (u *Unit) Adopt(handleID uint64) *janus.Handle {
	h := u.Session.Adopt(handleID)
	u.watch(h, "adopted")
	return h
}

// Go runs f as a goroutine of the unit. The unit ends if f returns an error or panics;
// if it returns nil, nothing happens. ctx ends with the unit; f must then return. The
// handles of the unit are detached 100 ms later, even if f has not returned. If the unit
// has ended already, f is not called.
func (u *Unit) Go(f func(ctx context.Context) error) { u.start("a goroutine", f) }

// start runs f as a goroutine, and reports false if the unit has ended.
func (u *Unit) start(what string, f func(ctx context.Context) error) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closing || u.ctx.Err() != nil {
		return false
	}
	u.running++
	go func() {
		err := fmt.Errorf("%s called runtime.Goexit", what)
		defer func() { u.returned(err) }() // also after Goexit
		err = guard(u.log, what, func() error { return f(u.ctx) })
	}()
	return true
}

// returned counts a goroutine that has returned.
func (u *Unit) returned(err error) {
	if err != nil {
		u.fail(judge(err))
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.running--
	if u.closing && u.running == 0 {
		close(u.idle)
	}
}

// fail ends the unit because of err, unless it has ended.
func (u *Unit) fail(err error) {
	u.mu.Lock()
	if u.err == nil && u.ctx.Err() == nil {
		u.err = err
	}
	u.mu.Unlock()
	u.cancel(ended(err))
}

// reason returns why the unit has ended.
func (u *Unit) reason() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.err != nil {
		return u.err
	}
	return context.Cause(u.ctx) // that of Run's context
}

// watch ends the unit when a handle is detached by somebody else. It reports false if
// the unit has ended.
func (u *Unit) watch(h *janus.Handle, plugin string) bool {
	u.mu.Lock()
	u.handles[h] = struct{}{}
	u.mu.Unlock()
	return u.start("the watch of a handle", func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return nil
		case <-h.Done():
		}
		if lost(h) && u.Session.Err() == nil {
			return fmt.Errorf("handle %d (%s) was detached: %w", h.ID, plugin, h.Err())
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.handles, h)
		return nil
	})
}

// lost reports whether a handle has been detached by somebody else.
func lost(h *janus.Handle) bool { return h.Err() != nil && !h.DetachCalled() }

// over reports whether the unit or its session has ended.
func (u *Unit) over() bool { return u.ctx.Err() != nil || u.Session.Err() != nil }

// ending reports whether the unit has ended, or will as soon as that is noticed.
func (u *Unit) ending() bool {
	if u.over() {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for h := range u.handles {
		if lost(h) {
			return true
		}
	}
	return false
}

// close removes the unit, whose context has ended, from the server. It takes no longer
// than grace and twice timeout, and the closing of the connection. If the connection is
// being restored, that is waited for only if the unit is the last one. close reports
// whether the goroutines have returned.
func (u *Unit) close(timeout time.Duration, last bool) bool {
	u.mu.Lock()
	u.closing = true
	if u.running == 0 {
		close(u.idle)
	}
	u.mu.Unlock()
	waitFor(u.idle, min(grace, timeout))
	u.remove(timeout, last)
	if waitFor(u.idle, timeout) {
		return true
	}
	u.mu.Lock()
	running := u.running
	u.mu.Unlock()
	u.log.Log(slog.LevelError, "supervisor: goroutines of a unit do not return, abandoning them", "goroutines", running)
	return false
}

// remove detaches the handles, destroys the session and closes the connection.
func (u *Unit) remove(timeout time.Duration, last bool) {
	lost := u.Gateway.Err() != nil
	var err error
	if u.Session == nil || u.Gateway.State() != janus.StateConnected && !last {
		err = u.Gateway.Close(normalClosure, "")
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		u.detachAll(ctx, timeout/2)
		err = u.Gateway.Shutdown(ctx)
	}
	if err != nil && !lost {
		u.log.Log(slog.LevelWarn, "supervisor: a unit is not removed from the server", "error", err)
	}
}

// detachAll detaches the handles. Those that remain are detached with the session.
func (u *Unit) detachAll(ctx context.Context, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	u.mu.Lock()
	handles := slices.Collect(maps.Keys(u.handles))
	u.mu.Unlock()
	var detaches errgroup.Group
	detaches.SetLimit(detachesAtOnce)
	for _, h := range handles {
		detaches.Go(func() error {
			_, err := h.Detach(ctx, u.token)
			return err
		})
	}
	if err := detaches.Wait(); err != nil && !errors.Is(err, janus.ErrNotSent) {
		u.log.Log(slog.LevelDebug, "supervisor: handle not detached", "error", err)
	}
}
