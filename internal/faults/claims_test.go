package faults

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// exit ends the goroutine.
func exit() { runtime.Goexit() }

// dialPipe connects within a bubble.
func dialPipe(t *testing.T, server *pipeServer, opts janus.DialOptions) *janus.Gateway {
	t.Helper()
	opts.HTTPClient = server.client()
	if opts.Reconnect == nil {
		opts.Reconnect = &janus.ReconnectOptions{MinDelay: time.Millisecond, MaxDelay: time.Second}
	}
	gateway, _, err := janus.Dial(t.Context(), server.url, &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Close(normalClosure, "") })
	return gateway
}

// A claim that is not answered is repeated, but not without a pause.
func TestClaimFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		server.answerWith(func(r request) string {
			if r.Janus == "claim" {
				return "nothing"
			}
			return ""
		})
		gateway := dialPipe(t, server, janus.DialOptions{RequestTimeout: time.Millisecond})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := gateway.Create(ctx, ""); err != nil {
			t.Fatal(err)
		}
		server.cut()
		time.Sleep(12 * time.Second)
		synctest.Wait()
		if n := server.count("claim"); n == 0 || n > 100 {
			t.Errorf("%d claims of one session in about 10 s", n)
		}
		synctest.Wait()
		if n := callsLeft(gateway); n > 100 {
			t.Errorf("%d calls are remembered for one session", n)
		}
	})
}

// A claim that is repeated because its answer is slow may be answered twice. A
// refusal of the second, when the first has given the session back, does not end
// it.
func TestLateRefusalOfRepeatedClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		claims := 0
		server.answerWith(func(r request) string {
			if r.Janus != "claim" {
				return ""
			}
			if claims++; claims == 1 {
				time.Sleep(1500 * time.Millisecond) // the second is sent meanwhile
				return ""
			}
			return `{"janus":"error","transaction":"TX","session_id":SID,"error":{"code":403,"reason":"Unauthorized"}}`
		})
		gateway := dialPipe(t, server, janus.DialOptions{RequestTimeout: time.Second})
		session, err := gateway.Create(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		server.cut()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if claims < 2 {
			t.Fatalf("%d claims, want two", claims)
		}
		if err := session.Err(); err != nil {
			t.Errorf("the session was reclaimed, and then ended with %v", err)
		}
	})
}

// What is left of the claims of earlier connections does not add up.
func TestStaleClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		gateway := dialPipe(t, server, janus.DialOptions{RequestTimeout: time.Hour})
		if _, err := gateway.Create(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		const n = 50
		for range n {
			server.cut()
			time.Sleep(5 * time.Second)
		}
		if claims := server.count("claim"); claims < n-5 {
			t.Fatalf("%d claims in %d reconnects", claims, n)
		}
		synctest.Wait()
		synctest.Wait()
		held := reflect.ValueOf(gateway).Elem().FieldByName("upkeep").Elem().FieldByName("Keeper").Elem().FieldByName("due").FieldByName("entries").Len()
		if held > 5 {
			t.Errorf("%d claims, each with the socket of an earlier connection, are kept for one session after %d reconnects", held, n)
		}
	})
}

// Sessions that have ended are not kept until the next keepalive is due.
func TestEndedSessionsAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		gateway := dialPipe(t, server, janus.DialOptions{KeepAlive: 24 * time.Hour})
		for range 100 {
			session, err := gateway.Create(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := session.Destroy(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		synctest.Wait()
		held := reflect.ValueOf(gateway).Elem().FieldByName("upkeep").Elem().FieldByName("Keeper").Elem().FieldByName("due").FieldByName("entries").Len()
		if held > 10 {
			t.Errorf("%d sessions are kept, of 100 that were destroyed a minute ago", held)
		}
	})
}

// A lost claim is repeated within a time that does not depend on a long
// RequestTimeout.
func TestLostClaimWithLongRequestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		claims := 0
		server.answerWith(func(r request) string {
			if r.Janus == "claim" {
				if claims++; claims == 1 {
					return "nothing"
				}
			}
			return ""
		})
		gateway := dialPipe(t, server, janus.DialOptions{RequestTimeout: 24 * time.Hour})
		session, err := gateway.Create(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		server.cut()
		time.Sleep(5 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := session.KeepAlive(ctx, ""); err != nil {
			t.Errorf("a minute after one claim was lost, a call of the session fails: %v", err)
		}
	})
}

// An abandoned Create that Janus carries out during Shutdown is undone, as
// Shutdown leaves nothing on the server.
func TestShutdownWaitsForAbandonedCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		server.answerWith(func(r request) string {
			if r.Janus == "create" {
				time.Sleep(500 * time.Millisecond)
			}
			return ""
		})
		gateway := dialPipe(t, server, janus.DialOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := gateway.Create(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if err := gateway.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if created, destroyed := server.count("create"), server.count("destroy"); destroyed != created {
			t.Errorf("%d sessions were created and %d destroyed", created, destroyed)
		}
	})
}

// Claims are not repeated faster than their answers can come: Janus would count
// refusals of a token that has been replaced since.
func TestClaimsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		server.answerWith(func(r request) string {
			if r.Janus != "claim" {
				return ""
			}
			return "nothing"
		})
		gateway := dialPipe(t, server, janus.DialOptions{
			PingInterval: -1, RequestTimeout: 10 * time.Second,
			Reconnect:   &janus.ReconnectOptions{MinDelay: 10 * time.Millisecond, MaxDelay: 100 * time.Millisecond},
			TokenSource: func(context.Context, uint64) (string, error) { return "good", nil },
		})
		if _, err := gateway.Create(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		server.cut()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		synctest.Wait()
		if n := callsLeft(gateway); n > 2 {
			t.Errorf("%d claims of one session wait for their answers after 5 s", n)
		}
	})
}

// Claims that were not answered are forgotten when a later one is.
func TestUnansweredClaimsAreForgotten(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	c := connect(t, server.URL, &janus.DialOptions{Reconnect: quickly(), RequestTimeout: 200 * time.Millisecond})
	session := c.session(t)
	var claims atomic.Int64
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var r request
		return json.Unmarshal(frame, &r) == nil && r.Janus == "claim" && claims.Add(1) < 4
	})
	watching := watchGaps(t, session)
	server.Cut()
	watching.await(t, 1)
	if n := callsLeft(c.Gateway); n != 0 {
		t.Errorf("%d calls are remembered after %d claims", n, claims.Load())
	}
}
