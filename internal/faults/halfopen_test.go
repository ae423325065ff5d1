package faults

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// Packets that vanish without a FIN, in either direction or both, are noticed
// within the ping interval plus the pong timeout, and the group reports it.
func TestHalfOpen(t *testing.T) {
	noLeaks(t)
	short := &janus.DialOptions{PingInterval: 150 * time.Millisecond, PongTimeout: 250 * time.Millisecond, RequestTimeout: -1}
	for name, lost := range map[string]struct {
		dirs []direction
		opts *janus.DialOptions
		want time.Duration
	}{
		"both directions": {[]direction{up, down}, short, 400 * time.Millisecond},
		"up":              {[]direction{up}, short, 400 * time.Millisecond},
		"down":            {[]direction{down}, short, 400 * time.Millisecond},
		"default limits":  {[]direction{up, down}, &janus.DialOptions{RequestTimeout: -1}, 25 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if lost.want > slack && !full {
				t.Skip("takes long: JANUS_FAULTS=full")
			}
			t.Parallel()
			server := newStub(t, nil)
			p := newProxy(t, server.URL)
			c := connect(t, p.url, lost.opts)
			session, handle := c.open(t)
			waiting := waiters(t, server, handle, 10)

			vanished := time.Now()
			p.turn(lose, lost.dirs...)
			cause := c.mustEnd(t)
			took := time.Since(vanished)
			t.Logf("noticed after %v, limit %v", took, lost.want)
			if took > lost.want+slack {
				t.Errorf("noticed after %v only, want %v", took, lost.want)
			}
			if !strings.Contains(cause.Error(), "no pong within") {
				t.Errorf("the group reports %v, want a missing pong", cause)
			}
			assertClosed(t, waiting.wait(t), cause)
			drain(t, "Session.Events", session.Events)
			drain(t, "Handle.Events", handle.Events)
		})
	}
}

// A token source that blocks does not keep the pings from noticing.
func TestHalfOpenWhileTokensAreAwaited(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	p := newProxy(t, server.URL)
	asked := make(chan struct{}, 1)
	c := connect(t, p.url, &janus.DialOptions{
		PingInterval:   150 * time.Millisecond,
		PongTimeout:    250 * time.Millisecond,
		RequestTimeout: patience / 2,
		KeepAlive:      100 * time.Millisecond,
		TokenSource: func(ctx context.Context, session uint64) (string, error) {
			if session == 0 {
				return "", nil
			}
			select {
			case asked <- struct{}{}:
			default:
			}
			<-ctx.Done()
			return "", ctx.Err()
		},
	})
	c.session(t)
	await(t, "a call of the token source", asked)
	vanished := time.Now()
	p.turn(lose, up, down)
	cause := c.mustEnd(t)
	if took := time.Since(vanished); took > 400*time.Millisecond+slack {
		t.Errorf("noticed after %v only: %v", took, cause)
	}
}

// A pause shorter than the limits ends nothing, and loses nothing.
func TestShortSilenceEndsNothing(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	p := newProxy(t, server.URL)
	c := connect(t, p.url, &janus.DialOptions{PingInterval: 50 * time.Millisecond, PongTimeout: patience})
	_, handle := c.open(t)
	p.turn(hold, up, down)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := handle.Message(ctx, "", order{Do: "events", Count: 10}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call during the silence ended with %v, want its deadline", err)
	}
	p.turn(pass, up, down)
	c.mustLive(t)
	for i := range 11 { // the last is the answer, whose caller has gone
		if msg := next(t, "Handle.Events", handle.Events); i < 10 && nonce(msg) != i {
			t.Errorf("event %d is %T %v", i, msg, nonce(msg))
		}
	}
}
