package tokens

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const timeout = 10 * time.Second

type supply = func(ctx context.Context, session uint64) (string, error)

// inBubble runs f in a synctest bubble with a Source.
func inBubble(t *testing.T, call supply, f func(t *testing.T, s *Source)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, New(context.Background(), timeout, call))
		time.Sleep(2 * time.Hour) // functions that hang have returned then
	})
}

// Of many that need a token of one session, one asks, and all get the answer.
// Later ones ask again.
func TestOneCallForASession(t *testing.T) {
	var asked atomic.Int64
	slow := func(context.Context, uint64) (string, error) {
		asked.Add(1)
		time.Sleep(time.Second)
		return "token", nil
	}
	inBubble(t, slow, func(t *testing.T, s *Source) {
		for round := range int64(3) {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if token, err := s.Token(t.Context(), 1); token != "token" || err != nil {
						t.Errorf("got %q, %v", token, err)
					}
				})
			}
			wg.Wait()
			synctest.Wait()
			if n := asked.Load(); n != round+1 {
				t.Errorf("asked %d times after %d rounds", n, round+1)
			}
		}
	})
}

// A session does not wait for the token of another.
func TestSessionsAreIndependent(t *testing.T) {
	inBubble(t, func(ctx context.Context, session uint64) (string, error) {
		if session == 1 {
			<-ctx.Done()
			return "", ctx.Err()
		}
		return "token", nil
	}, func(t *testing.T, s *Source) {
		go func() { _, _ = s.Token(t.Context(), 1) }()
		synctest.Wait()
		start := time.Now()
		if _, err := s.Token(t.Context(), 2); err != nil || time.Since(start) != 0 {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// Errors and panics of the function, its delay and the end of the caller's
// context are errors, which name the session.
func TestFailures(t *testing.T) {
	failure := errors.New("no token today")
	hang := func(context.Context, uint64) (string, error) { time.Sleep(time.Hour); return "late", nil }
	tests := []struct {
		name    string
		call    supply
		session uint64
		cancel  time.Duration // of the caller
		after   time.Duration
		is      error
		text    string
	}{
		{"error", func(context.Context, uint64) (string, error) { return "", failure }, 7, 0, 0, failure, "token for session 7: no token today"},
		{"of no session", func(context.Context, uint64) (string, error) { return "", failure }, 0, 0, 0, failure, "token: no token today"},
		{"panic", func(context.Context, uint64) (string, error) { panic("a bug") }, 7, 0, 0, nil, "panic: a bug"},
		{"heeds its context", func(ctx context.Context, _ uint64) (string, error) { <-ctx.Done(); return "", ctx.Err() }, 7, 0, timeout, context.DeadlineExceeded, "session 7"},
		{"hangs", hang, 7, 0, timeout, context.DeadlineExceeded, "within 10s"},
		{"caller goes", hang, 7, time.Second, time.Second, context.Canceled, "session 7"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, test.call, func(t *testing.T, s *Source) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancel > 0 {
					time.AfterFunc(test.cancel, cancel)
				}
				start := time.Now()
				token, err := s.Token(ctx, test.session)
				if took := time.Since(start); token != "" || err == nil || took != test.after {
					t.Fatalf("got %q, %v after %v", token, err, took)
				}
				if test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.text) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A function that hangs is not called again for its session before it returns,
// so that it cannot pile up. Those that wait for it do not wait longer for that.
func TestHangingFunctionIsNotCalledAgain(t *testing.T) {
	var asked atomic.Int64
	inBubble(t, func(context.Context, uint64) (string, error) {
		if asked.Add(1) == 1 {
			time.Sleep(time.Hour)
		}
		return "token", nil
	}, func(t *testing.T, s *Source) {
		for range 5 {
			if _, err := s.Token(t.Context(), 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("called %d times at once", n)
		}
		time.Sleep(time.Hour)
		if token, err := s.Token(t.Context(), 1); token != "token" || err != nil {
			t.Errorf("afterwards: %q, %v", token, err)
		}
	})
}

// The function's context ends with the Source's, not with that of the caller
// that happened to ask first.
func TestContextOfTheFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, end := context.WithCancel(context.Background())
		s := New(life, timeout, func(ctx context.Context, _ uint64) (string, error) {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(time.Second):
				return "token", nil
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = s.Token(ctx, 1) }()
		synctest.Wait()
		cancel()
		if token, err := s.Token(t.Context(), 1); token != "token" || err != nil {
			t.Errorf("another caller's context ended the call: %q, %v", token, err)
		}
		synctest.Wait()
		end()
		if _, err := s.Token(t.Context(), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the Source: %v", err)
		}
	})
}

// Latest remembers the last token that is not empty, and allocates only for a
// new one.
func TestLatest(t *testing.T) {
	var l Latest
	if l.Get() != "" {
		t.Errorf("the zero value has %q", l.Get())
	}
	for _, test := range []struct{ set, want string }{{"", ""}, {"a", "a"}, {"", "a"}, {"b", "b"}} {
		if l.Set(test.set); l.Get() != test.want {
			t.Errorf("after %q: %q, want %q", test.set, l.Get(), test.want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { l.Set("b") }); n != 0 {
		t.Errorf("%v allocations for the same token", n)
	}
}

// Token says why there is no token: the end of its context with the cause, the end of
// the Source, or a function that did not return.
func TestWhyThereIsNoToken(t *testing.T) {
	hang := func(ctx context.Context, _ uint64) (string, error) {
		time.Sleep(time.Hour) // and not until ctx ends
		return "late", nil
	}
	cause := errors.New("the user has left")
	late := fmt.Errorf("the request took too long: %w", context.DeadlineExceeded)
	tests := map[string]struct {
		call supply
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		stop bool // ends the Source
		is   error
		says string
	}{
		"context canceled for a cause": {hang, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(cause)
			return ctx, func() { cancel(nil) }
		}, false, context.Canceled, "context canceled"},
		"deadline with a cause": {hang, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Second, late)
		}, false, context.DeadlineExceeded, "the request took too long"},
		"end of the Source": {hang, context.WithCancel, true, context.Canceled, "context canceled"},
		"function that ends its goroutine": {func(context.Context, uint64) (string, error) {
			runtime.Goexit()
			return "", nil
		}, context.WithCancel, false, errNoReturn, "did not return"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life, stop := context.WithCancel(context.Background())
				defer stop()
				s := New(life, 10*time.Minute, test.call)
				ctx, cancel := test.ctx(context.Background())
				defer cancel()
				if test.stop {
					time.AfterFunc(time.Second, stop)
				}
				start := time.Now()
				token, err := s.Token(ctx, 7)
				if token != "" || !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("got %q, %v", token, err)
				}
				if took := time.Since(start); took > time.Second {
					t.Errorf("after %v", took)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}
