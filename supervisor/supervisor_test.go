//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package supervisor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/supervisor"
)

// Whatever ends a unit, the next one is up afterwards, and the reason is known.
func TestRecovers(t *testing.T) {
	type unit = *supervisor.Unit
	for name, test := range map[string]struct {
		end func(server *janustest.Server, u unit, h *janus.Handle)
		why error
	}{
		"restart of Janus":  {func(s *janustest.Server, _ unit, _ *janus.Handle) { s.Restart() }, janus.ErrClosed},
		"connection cut":    {func(s *janustest.Server, _ unit, _ *janus.Handle) { s.Cut() }, janus.ErrClosed},
		"closing handshake": {func(s *janustest.Server, _ unit, _ *janus.Handle) { s.Disconnect(1001, "") }, janus.ErrClosed},
		"session timed out": {func(s *janustest.Server, u unit, _ *janus.Handle) { s.Timeout(u.Session.ID) }, janus.ErrSessionEnded},
		"handle detached":   {func(s *janustest.Server, u unit, h *janus.Handle) { s.Detach(u.Session.ID, h.ID) }, janus.ErrHandleDetached},
		"handle detached twice": {func(s *janustest.Server, u unit, h *janus.Handle) {
			s.Detach(u.Session.ID, h.ID)
			<-h.Done()
			_, _ = h.Detach(context.Background(), "") // too late to be the reason
		}, janus.ErrHandleDetached},
		"session destroyed": {func(_ *janustest.Server, u unit, _ *janus.Handle) { _, _ = u.Session.Destroy(context.Background(), "") }, janus.ErrSessionEnded},
		"connection closed": {func(_ *janustest.Server, u unit, _ *janus.Handle) { _ = u.Gateway.Close(1000, "") }, janus.ErrClosed},
		"goroutine fails": {func(_ *janustest.Server, u unit, _ *janus.Handle) {
			u.Go(func(context.Context) error { return errOurs })
		}, errOurs},
		"goroutine panics": {func(_ *janustest.Server, u unit, _ *janus.Handle) { u.Go(func(context.Context) error { panic("x") }) }, nil},
		"goroutine ends": {func(_ *janustest.Server, u unit, _ *janus.Handle) {
			u.Go(func(context.Context) error { runtime.Goexit(); return nil })
		}, nil},
		"session unknown": {func(s *janustest.Server, u unit, h *janus.Handle) {
			s.Destroy(u.Session.ID) // silently, as an administrator does
			_ = say(context.Background(), h)
		}, janus.ErrSessionEnded},
	} {
		t.Run(name, func(t *testing.T) {
			server := testutil.NewServer(t, nil)
			var current atomic.Pointer[supervisor.Unit]
			r := run(t, func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
				current.Store(u)
				u.Go(func(ctx context.Context) error { <-ctx.Done(); return errors.New("too late to be the reason") })
				return attach(ctx, u)
			}, quick(server.URL))
			first := r.get()
			test.end(server, current.Load(), first)
			r.awaitUp(2)
			second := r.get()
			if err := r.Do(testutil.Context(t), say); err != nil {
				t.Error(err)
			}
			if second == first || second.Session() == first.Session() {
				t.Error("the handle is the old one")
			}
			if downs := r.downs(); len(downs) != 1 || test.why != nil && !errors.Is(downs[0], test.why) ||
				strings.Contains(downs[0].Error(), "too late") {
				t.Errorf("ended with %v, want %v", downs, test.why)
			}
			r.leavesNothing(server)
		})
	}
}

// The owner may detach handles. Goroutines may return.
func TestGoesOn(t *testing.T) {
	server := testutil.NewServer(t, nil)
	r := run(t, whole, quick(server.URL))
	u := r.get()
	returned := make(chan struct{})
	u.Go(func(context.Context) error { defer close(returned); return nil })
	<-returned
	ours, err := attach(testutil.Context(t), u)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Detach(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	testutil.Rest(t, ours.Events)
	gone, err := attach(testutil.Context(t), u) // detached here and there at the same time
	if err != nil {
		t.Fatal(err)
	}
	testutil.Reply(server, "detach", `{"janus":"error","transaction":"TX","error":{"code":459,"reason":"No such handle"}}`)
	if _, err := gone.Detach(testutil.Context(t), ""); !errors.Is(err, janus.ErrHandleDetached) {
		t.Fatal(err)
	}
	server.Intercept(nil)
	direct, err := u.Session.Attach(testutil.Context(t), "", testutil.EchoTest) // not attached by the unit
	if err != nil {
		t.Fatal(err)
	}
	server.Detach(u.Session.ID, direct.ID)
	testutil.Rest(t, direct.Events)

	server.Timeout(u.Session.ID)
	r.awaitUp(2)
	if downs := r.downs(); len(downs) != 1 || !errors.Is(downs[0], janus.ErrSessionEnded) {
		t.Errorf("ended with %v, want only the timeout", downs)
	}
	r.leavesNothing(server)
}

// With Reconnect, a unit outlives its connection if the session is claimed.
func TestReconnect(t *testing.T) {
	server := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	opts := quick(server.URL)
	opts.Dial = testutil.Reconnecting()
	r := run(t, whole, opts)
	u := r.get()
	server.Cut()
	if _, ok := testutil.ReceiveAs[*janus.DisconnectedMsg](t, u.Session.Events), true; !ok {
		t.Fatal("not disconnected")
	}
	testutil.ReceiveAs[*janus.ReclaimedMsg](t, u.Session.Events)
	if now := r.get(); now != u {
		t.Error("the unit has ended with its connection")
	}
	server.Restart()
	r.awaitUp(2)
	if downs := r.downs(); len(downs) != 1 || !errors.Is(downs[0], janus.ErrSessionEnded) {
		t.Errorf("ended with %v", downs)
	}
	r.leavesNothing(server)
}

// The first dial is repeated, whatever is wrong with it but the credentials.
func TestFirstDial(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			server := testutil.NewServer(t, nil)
			server.Refuse(status)
			r := run(t, attach, quick(server.URL))
			failed := r.await("a third try", func(s supervisor.Status) bool { return s.State == supervisor.StateDown && s.Tries == 3 })
			if failed.Err == nil || !strings.Contains(failed.Err.Error(), fmt.Sprint(status)) {
				t.Errorf("Err is %v", failed.Err)
			}
			server.Refuse(0)
			if up := r.awaitUp(1); up.Tries < 4 || up.Tries != server.Handshakes() || up.URL != server.URL || up.Since.IsZero() {
				t.Errorf("%d handshakes, %+v", server.Handshakes(), up)
			}
			server.Refuse(status)
			server.Cut()
			r.await("a second try after the end", func(s supervisor.Status) bool {
				return s.State == supervisor.StateDown && s.Units == 1 && s.Tries == 2
			})
		})
	}
}

// What no further attempt can mend ends Run, which says why, as Get does.
func TestPermanent(t *testing.T) {
	refuse := func(status int) func(*janustest.Server) { return func(s *janustest.Server) { s.Refuse(status) } }
	for name, test := range map[string]struct {
		set  func(*janustest.Server)
		up   func(context.Context, *supervisor.Unit) (*janus.Handle, error)
		want error
		text string
	}{
		"handshake 401": {set: refuse(401), text: "401 Unauthorized"},
		"handshake 403": {set: refuse(403), text: "403 Forbidden"},
		"API secret":    {set: func(s *janustest.Server) { s.APISecret = "hush" }, want: janus.ErrorUnauthorized},
		"token":         {set: func(s *janustest.Server) { s.Tokens = []string{"guest"} }, want: janus.ErrorUnauthorized},
		"up, marked": {up: func(context.Context, *supervisor.Unit) (*janus.Handle, error) {
			return nil, fmt.Errorf("wrapped: %w", supervisor.Permanent(errOurs))
		}, want: errOurs, text: "wrapped: an error"},
		"up, 403 of Janus": {up: func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
			return nil, &janus.ErrorMsg{Err: janus.ErrorData{Code: 403}}
		}, want: janus.ErrorUnauthorized},
		"goroutine": {up: func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
			u.Go(func(context.Context) error { return supervisor.Permanent(errOurs) })
			return attach(ctx, u)
		}, want: errOurs},
	} {
		t.Run(name, func(t *testing.T) {
			server := testutil.NewServer(t, test.set)
			if test.up == nil {
				test.up = attach
			}
			r := run(t, test.up, quick(server.URL))
			err := r.wait()
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("Run returned %v, want %v", err, test.want)
			}
			if n := server.Handshakes(); n != 1 {
				t.Errorf("%d handshakes", n)
			}
			if _, got := r.Get(context.Background()); !errors.Is(got, supervisor.ErrStopped) || !errors.Is(got, err) {
				t.Errorf("Get returned %v", got)
			}
			if s := r.Status(); s.State != supervisor.StateStopped || !errors.Is(s.Err, err) {
				t.Errorf("the status is %+v", s)
			}
		})
	}
	if supervisor.Permanent(nil) != nil {
		t.Error("nil is permanent")
	}
}

// A server that fails is left for the next one. If it is not the server's fault, the
// unit stays.
func TestRotation(t *testing.T) {
	a, b, c := testutil.NewServer(t, nil), testutil.NewServer(t, nil), testutil.NewServer(t, nil)
	a.Refuse(503)
	var fail atomic.Bool
	r := run(t, func(ctx context.Context, u *supervisor.Unit) (*supervisor.Unit, error) {
		if fail.CompareAndSwap(true, false) {
			return nil, errOurs
		}
		return whole(ctx, u)
	}, quick(a.URL, b.URL, c.URL))
	check := func(n int, want *janustest.Server) {
		t.Helper()
		if up := r.awaitUp(n); up.URL != want.URL {
			t.Fatalf("unit %d is on %s, want %s", n, up.URL, want.URL)
		}
	}
	check(1, b)
	b.Timeout(r.get().Session.ID)
	check(2, b)
	b.Cut()
	check(3, c)
	c.Cut()
	check(4, b) // past a
	fail.Store(true)
	b.Timeout(r.get().Session.ID)
	check(5, c)
	r.leavesNothing(a, b, c)
}

// failingDial is an HTTP client that cannot reach anything and records when it was asked.
func failingDial(times *[]time.Time) *http.Client {
	return &http.Client{Transport: testutil.RoundTripper(func(*http.Request) (*http.Response, error) {
		*times = append(*times, time.Now())
		return nil, errors.New("no route")
	})}
}

// Delays grow from MinDelay to MaxDelay and are random. There is one dial in each.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials []time.Time
		opts := &supervisor.Options{URLs: []string{"ws://nowhere/"}, Logger: testutil.Quiet, Dial: &janus.DialOptions{HTTPClient: failingDial(&dials)}}
		s := supervisor.New(attach, opts)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
		if len(dials) < 200 || !dials[0].Equal(start) { // 7.5 s on average
			t.Fatalf("%d dials, the first after %v", len(dials), dials[0].Sub(start))
		}
		limit, distinct := 250*time.Millisecond, map[time.Duration]bool{}
		for i, at := range dials[1:] {
			delay := at.Sub(dials[i])
			if delay > limit {
				t.Errorf("delay %d is %v, more than %v", i, delay, limit)
			}
			distinct[delay] = true
			limit = min(2*limit, 15*time.Second)
		}
		if len(distinct) < 100 {
			t.Errorf("%d different delays", len(distinct))
		}
	})
}

// The delay is reset by a unit that has lived long, and not by one that has not. After
// the end of a unit, the next is up after one delay and one dial.
func TestBackoffReset(t *testing.T) {
	for name, test := range map[string]struct {
		lives time.Duration
		limit time.Duration // of the longest delay
	}{
		"stable":   {15 * time.Second, 250 * time.Millisecond},
		"unstable": {10 * time.Millisecond, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const units = 60
				client := testutil.ServeMemory(t, answer)
				var began []time.Time
				var ended time.Time
				var longest time.Duration
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := supervisor.New(func(_ context.Context, u *supervisor.Unit) (bool, error) {
					began = append(began, time.Now())
					if !ended.IsZero() {
						longest = max(longest, time.Since(ended))
					}
					if len(began) == units {
						cancel()
					}
					u.Go(func(ctx context.Context) error {
						select {
						case <-time.After(test.lives):
						case <-ctx.Done():
						}
						ended = time.Now()
						return errOurs
					})
					return true, nil
				}, &supervisor.Options{URLs: []string{"ws://memory/"}, Logger: testutil.Quiet, Dial: &janus.DialOptions{HTTPClient: client}})
				if err := s.Run(ctx); err != nil {
					t.Error(err)
				}
				if longest > test.limit || longest < test.limit/3 {
					t.Errorf("the longest of %d delays was %v, want up to %v", units, longest, test.limit)
				}
			})
		})
	}
}

// An up that fails in any way is repeated, and its unit is removed.
func TestUpFails(t *testing.T) {
	for name, fail := range map[string]func(ctx context.Context) error{
		"error":         func(context.Context) error { return errOurs },
		"panic":         func(context.Context) error { panic("in up") },
		"Goexit":        func(context.Context) error { runtime.Goexit(); return nil },
		"hangs":         func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"context ended": func(ctx context.Context) error { <-ctx.Done(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			server := testutil.NewServer(t, nil)
			logs := testutil.NewLogs()
			opts := quick(server.URL)
			opts.UpTimeout = 50 * time.Millisecond
			opts.Logger = logs.Logger(slog.LevelInfo)
			var calls atomic.Int32
			r := run(t, func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
				h, err := attach(ctx, u)
				if err == nil && calls.Add(1) == 1 {
					err = fail(ctx)
				}
				return h, err
			}, opts)
			if up := r.awaitUp(1); up.Tries < 2 || up.Err == nil {
				t.Errorf("%+v", up)
			}
			if err := r.Do(testutil.Context(t), say); err != nil {
				t.Error(err)
			}
			if n := len(server.Sessions()); n != 1 {
				t.Errorf("%d sessions", n)
			}
			r.leavesNothing(server)
			if text := logs.String(); name == "panic" && !(strings.Contains(text, "in up") && strings.Contains(text, "supervisor_test.go")) {
				t.Errorf("the stack is not logged: %s", text)
			}
		})
	}
}

// UpTimeout does not end a unit that is up.
func TestUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := testutil.ServeMemory(t, answer)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s := supervisor.New(attach, &supervisor.Options{
			URLs: []string{"ws://memory/"}, Logger: testutil.Quiet, Dial: &janus.DialOptions{HTTPClient: client, PingInterval: -1},
		})
		if err := s.Run(ctx); err != nil || s.Status().Units != 1 {
			t.Errorf("%v, %+v", err, s.Status())
		}
	})
}

// The context of an up that is under way ends with its session.
func TestUpEndsWithSession(t *testing.T) {
	server := testutil.NewServer(t, nil)
	waiting := make(chan *supervisor.Unit, 1)
	var calls atomic.Int32
	r := run(t, func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
		if calls.Add(1) == 1 {
			waiting <- u
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return attach(ctx, u)
	}, quick(server.URL))
	server.Timeout((<-waiting).Session.ID)
	if up := r.awaitUp(1); !errors.Is(up.Err, janus.ErrSessionEnded) {
		t.Errorf("up was ended by %v", up.Err)
	}
	r.leavesNothing(server)
}

// A function that ignores its context delays the end of Run by StopTimeout only.
func TestAbandoned(t *testing.T) {
	for _, hang := range []string{"up", "goroutine"} {
		t.Run(hang, func(t *testing.T) {
			server := testutil.NewServer(t, nil)
			opts := quick(server.URL)
			opts.StopTimeout = 10 * time.Millisecond
			hanging, release := make(chan struct{}), make(chan struct{})
			defer close(release)
			r := run(t, func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
				hangs := func(context.Context) error { close(hanging); <-release; return nil }
				if hang == "up" {
					return nil, hangs(ctx)
				}
				u.Go(hangs)
				return attach(ctx, u)
			}, opts)
			<-hanging
			r.leavesNothing(server)
		})
	}
}

// A function that ignores its context delays the next unit by StopTimeout. No more than
// four units are abandoned like that; then the next one waits.
func TestTooManyAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		logs := testutil.NewLogs()
		var calls atomic.Int32
		release := make(chan struct{})
		s := supervisor.New(func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
			if calls.Add(1) <= 5 {
				<-release
			}
			return attach(ctx, u)
		}, &supervisor.Options{
			URLs: []string{"ws://memory/"}, Logger: logs.Logger(slog.LevelInfo),
			Dial: &janus.DialOptions{HTTPClient: testutil.ServeMemory(t, answer)},
		})
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		time.Sleep(time.Hour)
		if n := calls.Load(); n != 4 || strings.Count(logs.String(), "too many units are abandoned") != 1 {
			t.Errorf("up was called %d times; %s", n, logs)
		}
		release <- struct{}{}
		time.Sleep(time.Hour)
		if n := calls.Load(); n != 5 {
			t.Errorf("after one has returned, up was called %d times", n)
		}
		close(release)
		if _, err := s.Get(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A unit is removed in order: its context ends, its goroutines return, its handles are
// detached, its session is destroyed.
func TestTeardown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string // verbs that the server has got, but for keepalives
		verbs := func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(got)
		}
		serve := func(conn *websocket.Conn) {
			answerAll(conn, func(verb string) {
				mu.Lock()
				defer mu.Unlock()
				if verb != "keepalive" { // the first one comes at a random time
					got = append(got, verb)
				}
			})
		}
		opts := quick("ws://memory/")
		opts.Dial = &janus.DialOptions{HTTPClient: testutil.ServeMemory(t, serve)}
		var atEnd []string
		var started bool
		s := supervisor.New(func(ctx context.Context, u *supervisor.Unit) (*supervisor.Unit, error) {
			u.Go(func(ctx context.Context) error {
				<-ctx.Done()
				if _, err := attach(context.Background(), u); !errors.Is(err, janus.ErrNotSent) {
					t.Errorf("at the end of the unit, Attach returned %v", err)
				}
				time.Sleep(99 * time.Millisecond)
				atEnd = verbs()
				u.Go(func(context.Context) error { started = true; return nil })
				return errOurs // after the end: it does not matter
			})
			_, err := attach(ctx, u)
			return u, err
		}, opts)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		late, err := s.Get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want := []string{"create", "attach"}
		if !slices.Equal(atEnd, want) {
			t.Errorf("when the goroutine returned, the server had got %v", atEnd)
		}
		if got := verbs(); !slices.Equal(got, append(want, "detach", "destroy")) {
			t.Errorf("the server got %v", got)
		}
		if _, err := attach(context.Background(), late); !errors.Is(err, janus.ErrNotSent) {
			t.Errorf("Attach returned %v", err)
		}
		late.Go(func(context.Context) error { started = true; return nil })
		if started {
			t.Error("a goroutine was started after the end")
		}
	})
}

// A server that answers neither detach nor destroy delays the end of Run by StopTimeout
// only.
func TestStopIsBounded(t *testing.T) {
	server := testutil.NewServer(t, nil)
	opts := quick(server.URL)
	opts.StopTimeout = 100 * time.Millisecond
	opts.Dial = &janus.DialOptions{RequestTimeout: -1}
	r := run(t, attach, opts)
	r.get()
	server.Intercept(func(request json.RawMessage, _ func(any)) bool {
		verb := testutil.BaseOf(request).Type
		return verb == "detach" || verb == "destroy"
	})
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if got := verbs(server); !slices.Equal(got, []string{"create", "attach", "detach", "destroy"}) {
		t.Errorf("the server got %v", got)
	}
}

// At the end of Run, a connection that is being restored is waited for, so that the
// session can be destroyed.
func TestStopDuringOutage(t *testing.T) {
	server := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	opts := quick(server.URL)
	opts.Dial = testutil.Reconnecting()
	opts.StopTimeout = testutil.Patience
	stopping := make(chan struct{})
	r := run(t, func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
		u.Go(func(ctx context.Context) error { <-ctx.Done(); close(stopping); return nil })
		return attach(ctx, u)
	}, opts)
	h := r.get()
	server.Refuse(503)
	server.Cut()
	testutil.ReceiveAs[*janus.DisconnectedMsg](t, h.Session().Events)
	r.cancel()
	<-stopping
	before := server.Handshakes()
	testutil.Eventually(t, "more dials", func() bool {
		select {
		case <-r.done:
			t.Fatal("Run did not wait")
		default:
		}
		return server.Handshakes() > before+5
	})
	server.Refuse(0)
	r.leavesNothing(server)
}

// A unit keeps nothing for handles that it has detached.
func TestHandlesAreForgotten(t *testing.T) {
	server := testutil.NewServer(t, nil)
	r := run(t, whole, quick(server.URL))
	u := r.get()
	for range 10 {
		h, err := attach(testutil.Context(t), u)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Detach(testutil.Context(t), ""); err != nil {
			t.Fatal(err)
		}
	}
	testutil.Eventually(t, "one handle", func() bool { return supervisor.Handles(u) == 1 })
}

// A goroutine that reads Events to their end returns, since its handle is detached.
func TestReaderReturns(t *testing.T) {
	server := testutil.NewServer(t, nil)
	var returned atomic.Bool
	r := run(t, func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
		h, err := attach(ctx, u)
		if err == nil {
			u.Go(func(context.Context) error {
				for range h.Events {
				}
				returned.Store(true)
				return h.Err()
			})
		}
		return h, err
	}, quick(server.URL))
	r.get()
	r.leavesNothing(server)
	if !returned.Load() {
		t.Error("Run did not wait for the goroutine")
	}
}

// A goroutine that reads Events to their end delays the next unit by 100 ms.
func TestReaderDelaysTheNextUnit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		opts := quick("ws://memory/")
		opts.Dial = &janus.DialOptions{HTTPClient: testutil.ServeMemory(t, answer)}
		ups := make(chan time.Time, 2)
		s := supervisor.New(func(ctx context.Context, u *supervisor.Unit) (*supervisor.Unit, error) {
			ups <- time.Now()
			h, err := attach(ctx, u)
			if err == nil {
				u.Go(func(context.Context) error {
					for range h.Events {
					}
					return nil
				})
			}
			return u, err
		}, opts)
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		u, err := s.Get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		<-ups
		ended := time.Now()
		u.Go(func(context.Context) error { return errOurs })
		if d := (<-ups).Sub(ended); d < 100*time.Millisecond || d > 100*time.Millisecond+opts.MaxDelay {
			t.Errorf("the next unit is made after %v", d)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A server that accepts connections and then says nothing costs a timeout, whatever it
// does not answer.
func TestSilence(t *testing.T) {
	for _, verb := range []string{"", "create", "attach"} {
		t.Run(verb, func(t *testing.T) {
			server := testutil.NewServer(t, nil)
			opts := quick(server.URL)
			opts.StopTimeout = time.Hour // is not needed: nothing can be removed
			opts.Dial = &janus.DialOptions{DialTimeout: 50 * time.Millisecond, RequestTimeout: 50 * time.Millisecond}
			if verb == "" {
				server.Stall()
			} else {
				once(server, verb)
			}
			r := run(t, attach, opts)
			failed := r.await("down", func(s supervisor.Status) bool { return s.State == supervisor.StateDown })
			if !errors.Is(failed.Err, context.DeadlineExceeded) {
				t.Errorf("failed with %v", failed.Err)
			}
			server.Resume()
			opts.Dial.DialTimeout = time.Minute // a copy is in use
			r.awaitUp(1)
			if n := len(server.Sessions()); n != 1 {
				t.Errorf("%d sessions", n)
			}
			r.leavesNothing(server)
		})
	}
}

// A connection on which nothing is answered any more is noticed, and its unit ends.
func TestSilenceLater(t *testing.T) {
	server := testutil.NewServer(t, nil)
	opts := quick(server.URL)
	opts.Dial = &janus.DialOptions{PingInterval: 20 * time.Millisecond, PongTimeout: 100 * time.Millisecond, DialTimeout: 200 * time.Millisecond}
	r := run(t, attach, opts)
	r.awaitUp(1)
	server.Stall()
	r.await("down", func(s supervisor.Status) bool { return s.State == supervisor.StateDown && s.Units == 1 })
	server.Resume()
	r.awaitUp(2)
	r.leavesNothing(server)
}

// Each reason is logged as a warning once, and again after a unit was up.
func TestLog(t *testing.T) {
	server := testutil.NewServer(t, nil)
	logs := testutil.NewLogs()
	opts := quick(server.URL)
	opts.Logger = logs.Logger(slog.LevelInfo)
	tries := func(n int, text string) func(supervisor.Status) bool {
		return func(s supervisor.Status) bool {
			return s.State == supervisor.StateDown && s.Tries >= n && strings.Contains(s.Err.Error(), text)
		}
	}
	server.Refuse(503)
	r := run(t, attach, opts)
	r.await("three tries", tries(3, "503"))
	server.Refuse(404)
	r.await("further tries", tries(5, "404"))
	server.Refuse(0)
	r.awaitUp(1)
	server.Cut()
	r.awaitUp(2)
	r.leavesNothing(server)
	for text, want := range map[string]int{"503 Service": 1, "404 Not": 1, "a unit is up": 2, "the unit has ended": 1} {
		if n := strings.Count(logs.String(), text); n != want {
			t.Errorf("%q is logged %d times, want %d:\n%s", text, n, want, logs)
		}
	}
}

// Run can be called once, and not without a server.
func TestRunMisused(t *testing.T) {
	server := testutil.NewServer(t, nil)
	r := run(t, attach, quick(server.URL))
	r.get()
	if err := r.Run(context.Background()); err == nil {
		t.Error("Run can be called twice")
	}
	if err := r.Do(testutil.Context(t), say); err != nil {
		t.Errorf("the second Run has ended the first: %v", err)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if err := r.Run(context.Background()); err == nil {
		t.Error("Run can be called again")
	}
	for _, opts := range []*supervisor.Options{nil, {}, {URLs: []string{server.URL}, Adopt: &supervisor.Adopt{}}} {
		if err := supervisor.New(attach, opts).Run(context.Background()); err == nil {
			t.Errorf("Run accepts %+v", opts)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	before := server.Handshakes()
	if err := supervisor.New(attach, quick(server.URL)).Run(ctx); err != nil || server.Handshakes() != before {
		t.Errorf("with an ended context: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("New(nil) does not panic")
		}
	}()
	supervisor.New[int](nil, nil)
}

// The end of Run's context ends a dial that hangs.
func TestStopWhileDialing(t *testing.T) {
	server := testutil.NewServer(t, nil)
	server.Stall()
	opts := quick(server.URL)
	opts.Dial = &janus.DialOptions{DialTimeout: -1}
	r := run(t, attach, opts)
	r.await("starting", func(s supervisor.Status) bool { return s.State == supervisor.StateStarting })
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	server.Resume()
}
