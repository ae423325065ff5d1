package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// numbered answers create requests with an id for each, and others by default.
func numbered() func(request) string {
	var id int
	return func(r request) string {
		if r.Janus != "create" {
			return ""
		}
		id++
		return fmt.Sprintf(`{"janus":"success","transaction":"TX","data":{"id":%d}}`, id)
	}
}

// Each session has a keepalive in each interval, the first within one, and not
// all at the same moment. One that has ended has none.
func TestScheduleOfKeepAlives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server, _, _ := defaults(t, func(o *janus.DialOptions) { o.KeepAlive = time.Minute })
		server.answer = numbered()
		var sessions []*janus.Session
		for range 100 {
			sessions = append(sessions, c.session(t))
		}
		time.Sleep(30 * time.Second)
		if n := server.count("keepalive"); n < 20 || n > 80 {
			t.Errorf("%d of 100 first keepalives in the first half of the interval", n)
		}
		time.Sleep(30*time.Second + time.Millisecond)
		if n := server.count("keepalive"); n < 100 || n > 110 {
			t.Errorf("%d keepalives in the first interval", n)
		}
		server.reset()
		time.Sleep(10 * time.Minute)
		if n := server.count("keepalive"); n != 1000 {
			t.Errorf("%d keepalives of 100 sessions in ten intervals", n)
		}
		for _, s := range sessions {
			if _, err := s.Destroy(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		server.reset()
		time.Sleep(10 * time.Minute)
		if n := server.count("keepalive"); n != 0 {
			t.Errorf("%d keepalives of sessions that have ended", n)
		}
		if n := gatewayField(c.Gateway, "upkeep").Elem().FieldByName("Keeper").Elem().FieldByName("due").FieldByName("entries").Len(); n != 0 {
			t.Errorf("%d sessions that have ended are remembered", n)
		}
	})
}

// A TokenSource that is slow delays the keepalives that need it. They do not
// pile up.
func TestKeepAlivesWaitForTheirToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		c, server, _, _ := defaults(t, func(o *janus.DialOptions) {
			o.KeepAlive = time.Second
			o.TokenSource = func(_ context.Context, session uint64) (string, error) {
				if session != 0 {
					asked.Add(1)
					time.Sleep(9500 * time.Millisecond)
				}
				return "token", nil
			}
		})
		s := c.session(t)
		time.Sleep(100 * time.Second)
		if n := server.count("keepalive"); n < 8 || n > 11 {
			t.Errorf("%d keepalives in 100 s with a token every 10 s", n)
		}
		if _, err := s.Destroy(t.Context(), "token"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		asked.Store(0)
		time.Sleep(time.Minute)
		if n := asked.Load(); n != 0 {
			t.Errorf("%d tokens were asked for after the session's end", n)
		}
	})
}

// A session that is not claimed again is not kept alive, since Janus would refuse
// it, but is claimed until it is answered.
func TestNoKeepAliveBeforeTheClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server, _, _ := defaults(t, func(o *janus.DialOptions) {
			o.KeepAlive = time.Second
			o.Reconnect = new(janus.ReconnectOptions)
		})
		c.session(t)
		var answer atomic.Bool
		server.answer = func(r request) string {
			if r.Janus == "claim" && !answer.Load() {
				return "nothing"
			}
			return ""
		}
		for range 5 { // each connection has its own claims
			server.cut()
			time.Sleep(30 * time.Second)
		}
		server.reset()
		time.Sleep(time.Minute)
		claims, keepalives := server.count("claim"), server.count("keepalive")
		if claims < 5 || claims > 7 || keepalives != 0 {
			t.Errorf("%d claims and %d keepalives in a minute without an answer", claims, keepalives)
		}
		answer.Store(true)
		time.Sleep(20 * time.Second)
		server.reset()
		time.Sleep(time.Minute)
		claims, keepalives = server.count("claim"), server.count("keepalive")
		if claims != 0 || keepalives != 60 {
			t.Errorf("%d claims and %d keepalives in a minute after the answer", claims, keepalives)
		}
	})
}

// Refused tokens count for one outage: a session survives any number of outages
// with a few, and ends after five in a row.
func TestRefusedClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refusals atomic.Int64
		records := newRecords()
		c, server, _, _ := defaults(t, func(o *janus.DialOptions) {
			o.Reconnect = new(janus.ReconnectOptions)
			o.Logger = records.logger()
			o.TokenSource = func(context.Context, uint64) (string, error) { return "token", nil }
		})
		s := c.session(t)
		server.answer = func(r request) string {
			if r.Janus == "claim" && refusals.Add(-1) >= 0 {
				return `{"janus":"error","transaction":"TX","session_id":SID,"error":{"code":403,"reason":"Unauthorized"}}`
			}
			return ""
		}
		for range 3 {
			refusals.Store(4)
			server.cut()
			time.Sleep(5 * time.Minute)
			if s.Err() != nil {
				t.Fatalf("the session ended after four refusals: %v", s.Err())
			}
			if _, err := s.KeepAlive(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		if n := records.count("session not claimed"); n != 12 {
			t.Errorf("%d of 12 refusals are logged", n)
		}
		refusals.Store(5)
		server.cut()
		time.Sleep(5 * time.Minute)
		if !errors.Is(s.Err(), janus.ErrSessionEnded) || !errors.Is(s.Err(), janus.ErrorUnauthorized) {
			t.Errorf("after five refusals: %v", s.Err())
		}
	})
}

// While the TokenSource has no token for a claim, it is asked less and less
// often, and its failures are logged.
func TestClaimsWithoutATokenAreSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failing atomic.Bool
		var asked atomic.Int64
		records := newRecords()
		c, server, _, _ := defaults(t, func(o *janus.DialOptions) {
			o.Reconnect = new(janus.ReconnectOptions)
			o.Logger = records.logger()
			o.TokenSource = func(context.Context, uint64) (string, error) {
				asked.Add(1)
				if failing.Load() {
					return "", errors.New("no token today")
				}
				return "token", nil
			}
		})
		s := c.session(t)
		failing.Store(true)
		server.cut()
		asked.Store(0)
		time.Sleep(time.Hour)
		if n := asked.Load(); n < 300 || n > 700 { // one in 7.5 s
			t.Errorf("%d tokens were asked for in an hour", n)
		}
		if logged := records.count("no token today"); int64(logged) != asked.Load() {
			t.Errorf("%d of %d failures are logged", logged, asked.Load())
		}
		failing.Store(false)
		time.Sleep(time.Minute)
		if _, err := s.KeepAlive(t.Context(), ""); err != nil {
			t.Error(err)
		}
	})
}

// KeepAliveSender sends one keepalive in 20 s, the first after 20 s, and returns
// at once when the session or its context ends.
func TestKeepAliveSenderReturnsBeforeItsTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server, _, _ := defaults(t, nil)
		s := c.session(t)
		ctx, cancel := context.WithCancel(t.Context())
		run := func() <-chan error {
			result := make(chan error, 1)
			go func() { result <- s.KeepAliveSender(ctx) }()
			return result
		}
		result := run()
		time.Sleep(19 * time.Second)
		first := server.count("keepalive")
		time.Sleep(186 * time.Second)
		if n := server.count("keepalive"); first != 0 || n != 10 {
			t.Errorf("%d keepalives in 19 s, %d in 205 s", first, n)
		}
		cancel()
		synctest.Wait()
		select {
		case err := <-result:
			if err != context.Canceled {
				t.Errorf("with an ended context it returned %v", err)
			}
		default:
			t.Error("it does not return when its context ends")
		}
		ctx, cancel = context.WithCancel(t.Context())
		server.answer = func(r request) string {
			if r.Janus == "keepalive" {
				return "nothing"
			}
			return ""
		}
		result = run()
		time.Sleep(21 * time.Second) // a keepalive is under way
		cancel()
		if err := <-result; err != context.Canceled {
			t.Errorf("with an ended context during a keepalive it returned %v", err)
		}
		ctx = t.Context()
		result = run()
		time.Sleep(5 * time.Second)
		if _, err := s.Destroy(ctx, ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case err := <-result:
			if !errors.Is(err, janus.ErrSessionEnded) {
				t.Errorf("with an ended session it returned %v", err)
			}
		default:
			t.Error("it does not return when its session ends")
		}
	})
}

// With a TokenSource too, a session that the server no longer has ends at the
// first answer to its claim.
func TestUnknownSessionIsClaimedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server, _, _ := defaults(t, func(o *janus.DialOptions) {
			o.Reconnect = new(janus.ReconnectOptions)
			o.TokenSource = func(context.Context, uint64) (string, error) { return "token", nil }
		})
		s := c.session(t)
		server.answer = func(r request) string {
			if r.Janus == "claim" {
				return `{"janus":"error","transaction":"TX","session_id":SID,"error":{"code":458,"reason":"No such session"}}`
			}
			return ""
		}
		server.cut()
		time.Sleep(time.Minute)
		if n := server.count("claim"); n != 1 || !errors.Is(s.Err(), janus.ErrSessionEnded) {
			t.Errorf("after %d claims: %v", n, s.Err())
		}
	})
}

// A TokenSource that hangs is waited for no longer than the default of
// RequestTimeout, also if calls have no limit.
func TestTokensHaveALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _, _ := defaults(t, func(o *janus.DialOptions) {
			o.RequestTimeout = -1
			o.TokenSource = func(ctx context.Context, _ uint64) (string, error) {
				<-ctx.Done()
				return "", ctx.Err()
			}
		})
		began := time.Now()
		_, err := c.Info(context.Background(), "")
		if took := time.Since(began); took != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// The end of a Gateway that gives up names why the connection was lost and why
// the latest attempt failed.
func TestGivingUpNamesTheLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, server, _, _ := defaults(t, func(o *janus.DialOptions) {
			o.Reconnect = &janus.ReconnectOptions{GiveUpAfter: time.Minute}
		})
		server.refuse.Store(true)
		server.cut()
		c.mustEndBetween(t, time.Minute, time.Minute, "not restored within 1m0s")
		if !strings.Contains(c.err.Error(), "last attempt: ") || !strings.Contains(c.err.Error(), "connection refused") {
			t.Errorf("the group reports %v", c.err)
		}
	})
}

// A call whose context ends while the TokenSource hangs is not sent, and says so.
func TestContextEndsBeforeTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _, _ := defaults(t, func(o *janus.DialOptions) {
			o.TokenSource = func(ctx context.Context, _ uint64) (string, error) {
				<-ctx.Done()
				return "", ctx.Err()
			}
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errors.New("the user hung up")) })
		_, err := c.Info(ctx, "")
		if !errors.Is(err, context.Canceled) || !errors.Is(err, janus.ErrNotSent) {
			t.Errorf("the error is %v", err)
		}
	})
}
