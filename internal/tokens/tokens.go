// Package tokens gets tokens from a function of the application, which may be slow,
// hang or panic.
package tokens

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Source supplies tokens. At most one call of its function is under way for a
// session: whoever needs a token meanwhile gets the same answer. It ends with its
// context.
type Source struct {
	ctx     context.Context
	timeout time.Duration
	supply  func(ctx context.Context, session uint64) (string, error)

	mu      sync.Mutex
	pending map[uint64]*answer // by session
}

type answer struct {
	done  chan struct{} // closed when the fields below are set
	token string
	err   error
}

// errNoReturn is the answer of a function that ended its goroutine.
var errNoReturn = errors.New("the function did not return")

// New returns a Source that calls supply. The calls' context is ctx, limited to
// timeout.
func New(ctx context.Context, timeout time.Duration, supply func(ctx context.Context, session uint64) (string, error)) *Source {
	return &Source{ctx: ctx, timeout: timeout, supply: supply, pending: make(map[uint64]*answer)}
}

// Token returns a token for a session, or for requests without a session if that is
// 0. It waits until ctx ends, or for the timeout of the Source.
func (s *Source) Token(ctx context.Context, session uint64) (string, error) {
	a := s.ask(session)
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	var err error
	select {
	case <-a.done:
		if err = a.err; err == nil {
			return a.token, nil
		}
	case <-ctx.Done():
		err = ctx.Err()
		if cause := context.Cause(ctx); errors.Is(cause, err) {
			err = cause
		}
	case <-s.ctx.Done():
		err = s.ctx.Err()
	case <-timer.C:
		err = fmt.Errorf("no answer within %v: %w", s.timeout, context.DeadlineExceeded)
	}
	if session == 0 {
		return "", fmt.Errorf("token: %w", err)
	}
	return "", fmt.Errorf("token for session %d: %w", session, err)
}

// ask returns the answer that is under way for a session, or begins one.
func (s *Source) ask(session uint64) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.pending[session]; a != nil {
		return a
	}
	a := &answer{done: make(chan struct{}), err: errNoReturn}
	s.pending[session] = a
	go func() {
		defer func() { // also after runtime.Goexit
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.pending, session)
			close(a.done)
		}()
		a.token, a.err = s.call(session)
	}()
	return a
}

func (s *Source) call(session uint64) (token string, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.supply(ctx, session)
}

// Latest is the token that was accepted last. The zero value has no token. All
// methods may be called concurrently.
type Latest struct{ token atomic.Pointer[string] }

// Set remembers a token, unless it is empty.
func (l *Latest) Set(token string) {
	if token == "" {
		return
	}
	if last := l.token.Load(); last == nil || *last != token {
		latest := token // moved to the heap only here
		l.token.Store(&latest)
	}
}

// Get returns the token, or "".
func (l *Latest) Get() string {
	if token := l.token.Load(); token != nil {
		return *token
	}
	return ""
}
