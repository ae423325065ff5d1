package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// stateLog remembers what StateChanged was called with.
type stateLog struct {
	mu     sync.Mutex
	states []janus.State
	causes []error
}

func (l *stateLog) changed(s janus.State, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.states, l.causes = append(l.states, s), append(l.causes, cause)
}

func (l *stateLog) list() []janus.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]janus.State(nil), l.states...)
}

// Close of a Gateway that could reconnect is no outage: StateChanged reports
// StateClosed only, and the log does not say that the connection was lost. The
// reader finds the end before Close has returned in a few of a hundred runs.
func TestCloseIsNoOutage(t *testing.T) {
	server := newStub(t, nil)
	for range 500 {
		var states stateLog
		log := newRecords()
		gateway, _, err := janus.Dial(t.Context(), server.URL, &janus.DialOptions{
			Reconnect: &janus.ReconnectOptions{}, StateChanged: states.changed, Logger: log.logger(),
		})
		if err != nil {
			t.Fatal(err)
		}
		_ = gateway.Close(normalClosure, "") // the server may hang up without an answer
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if l := states.list(); len(l) > 0 && l[len(l)-1] == janus.StateClosed {
				break
			}
		}
		if got := states.list(); len(got) != 1 || got[0] != janus.StateClosed {
			t.Fatalf("StateChanged was called with %v, want [closed]", got)
		}
		if log.count("connection lost") != 0 {
			t.Fatal("the log says that the connection was lost")
		}
	}
}

// With a TokenSource, calls of a closed Gateway fail with ErrClosed, like all
// others, and at once; those that wait for a token too.
func TestTokenSourceAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		hang := make(chan struct{})
		defer close(hang)
		gateway, _, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
			HTTPClient: server.client(),
			TokenSource: func(context.Context, uint64) (string, error) {
				<-hang
				return "", errors.New("too late")
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- gateway.Ping(t.Context(), "") }()
		synctest.Wait()
		began := time.Now()
		_ = gateway.Close(normalClosure, "")
		if err := <-ended; !errors.Is(err, janus.ErrClosed) || time.Since(began) > 2*time.Second {
			t.Errorf("%v after Close, a call that waited for a token failed with %v, want ErrClosed at once", time.Since(began), err)
		}
		began = time.Now()
		if err := gateway.Ping(t.Context(), ""); !errors.Is(err, janus.ErrClosed) || !errors.Is(err, janus.ErrNotSent) || time.Since(began) > time.Second {
			t.Errorf("after %v, a later call failed with %v, want ErrClosed and ErrNotSent at once", time.Since(began), err)
		}
	})
}

// With a TokenSource that fails, calls of a session that has ended still fail
// with the *ErrorMsg that says so.
func TestTokenSourceAfterSessionEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		var broken bool
		var mu sync.Mutex
		gateway, _, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
			HTTPClient: server.client(),
			TokenSource: func(context.Context, uint64) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				if broken {
					return "", errors.New("no such session in the database")
				}
				return "good", nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = gateway.Close(normalClosure, "") }()
		session, err := gateway.Create(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := session.Destroy(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		broken = true
		mu.Unlock()
		_, err = session.KeepAlive(t.Context(), "")
		if _, ok := err.(*janus.ErrorMsg); !ok || !errors.Is(err, janus.ErrSessionEnded) {
			t.Errorf("a call on a destroyed session failed with %v (%T), want an *ErrorMsg that is ErrSessionEnded", err, err)
		}
	})
}

// RequestTimeout bounds the whole call, the wait for its token included.
func TestRequestTimeoutBoundsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		server.answerWith(func(request) string { return "nothing" })
		gateway, _, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
			HTTPClient: server.client(), PingInterval: -1, RequestTimeout: 10 * time.Second,
			TokenSource: func(context.Context, uint64) (string, error) {
				time.Sleep(9 * time.Second)
				return "good", nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = gateway.Close(normalClosure, "") }()
		began := time.Now()
		if err := gateway.Ping(t.Context(), ""); err == nil {
			t.Error("a call that is not answered succeeded")
		}
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("a call without a deadline took %v, RequestTimeout is 10s", took)
		}
	})
}

// A TokenSource that ends its goroutine, as testing.T.FailNow does, is asked
// again for the next request.
func TestTokenSourceGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		server.answerWith(func(request) string { return `{"janus":"pong","transaction":"TX"}` })
		asked := 0
		gateway, _, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
			HTTPClient: server.client(),
			TokenSource: func(context.Context, uint64) (string, error) {
				if asked++; asked == 1 {
					exit()
				}
				return "good", nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = gateway.Close(normalClosure, "") }()
		if err := gateway.Ping(t.Context(), ""); err == nil {
			t.Error("a request went out although its TokenSource gave nothing")
		}
		for range 3 {
			_ = gateway.Ping(t.Context(), "")
		}
		synctest.Wait()
		if asked < 2 {
			t.Errorf("TokenSource was asked %d times in 4 requests: its first answer, none, serves for ever", asked)
		}
	})
}

// A StateChanged function that ends its goroutine, as testing.T.FailNow does,
// hears of the next change.
func TestStateChangedGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		var states stateLog
		gateway, _, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
			HTTPClient: server.client(), Reconnect: &janus.ReconnectOptions{},
			StateChanged: func(s janus.State, cause error) {
				states.changed(s, cause)
				exit()
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		server.cut()
		time.Sleep(time.Minute)
		_ = gateway.Close(normalClosure, "")
		synctest.Wait()
		if n := len(states.list()); n < 3 {
			t.Errorf("StateChanged was called for %v only", states.list())
		}
	})
}

// RequestTimeout bounds Shutdown, whose context has no deadline, however many
// sessions there are.
func TestShutdownIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		id := 0
		server.answerWith(func(r request) string {
			if r.Janus != "create" {
				return ""
			}
			id++
			return fmt.Sprintf(`{"janus":"success","transaction":"TX","data":{"id":%d}}`, id)
		})
		gateway, _, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
			HTTPClient: server.client(), Reconnect: &janus.ReconnectOptions{}, RequestTimeout: 10 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 640 {
			if _, err := gateway.Create(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		server.refuse.Store(true)
		server.cut()
		synctest.Wait()
		began := time.Now()
		_ = gateway.Shutdown(t.Context())
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("Shutdown of 640 sessions took %v while Janus was away; RequestTimeout is 10s", took)
		}
	})
}

// When StateChanged reports the end, Err and the errors of calls know it too.
// The pings make it likely that one is under way at the end, for which the end
// waits.
func TestClosedStateHasErr(t *testing.T) {
	server := newStub(t, nil)
	const n = 300
	early := 0
	for range n {
		seen := make(chan error, 1)
		var dialed atomic.Pointer[janus.Gateway]
		gateway, _, err := janus.Dial(t.Context(), server.URL, &janus.DialOptions{
			PingInterval: time.Microsecond,
			StateChanged: func(s janus.State, _ error) {
				if s == janus.StateClosed {
					seen <- dialed.Load().Err()
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		dialed.Store(gateway)
		server.Cut()
		if await(t, "StateClosed", seen) == nil {
			early++
		}
		_ = gateway.Close(normalClosure, "")
	}
	if early > 0 {
		t.Errorf("%d of %d times Err was nil when StateChanged reported StateClosed", early, n)
	}
}
