package faults

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

const echotest = "janus.plugin.echotest"

// realWaiters makes calls to a real Janus that it cannot answer just now.
func realWaiters(t *testing.T, c *client, n int) *calls {
	waiting := new(calls)
	for range n {
		waiting.start(func() error {
			_, err := c.Info(t.Context(), "")
			return err
		})
	}
	return waiting
}

// Janus killed: the same as a cut, and after its restart a new Gateway works.
func TestJanusKilled(t *testing.T) {
	noLeaks(t)
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"echotest"}})
	c := connect(t, server.URL, &janus.DialOptions{RequestTimeout: -1})
	session := c.session(t)
	handle := attachTo(t, session, echotest)
	if err := server.Stop(); err != nil { // so that the calls are waiting
		t.Fatal(err)
	}
	waiting := realWaiters(t, c, 20)
	server.Kill()
	cause := c.mustEnd(t)
	if !isCut(cause) {
		t.Errorf("the group reports %v", cause)
	}
	assertClosed(t, waiting.wait(t), nil)
	drain(t, "Session.Events", session.Events)
	drain(t, "Handle.Events", handle.Events)

	server.Restart(t)
	again := connect(t, server.URL, nil)
	attachTo(t, again.session(t), echotest)
}

// Janus stopped for longer than the limits is noticed by the pings.
func TestJanusStopped(t *testing.T) {
	noLeaks(t)
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"echotest"}})
	const limit = 500 * time.Millisecond
	c := connect(t, server.URL, &janus.DialOptions{PingInterval: limit / 2, PongTimeout: limit / 2, RequestTimeout: -1})
	session := c.session(t)
	handle := attachTo(t, session, echotest)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	waiting := realWaiters(t, c, 20)
	cause := c.mustEnd(t)
	took := time.Since(stopped)
	t.Logf("noticed after %v, limit %v", took, limit)
	if took > limit+slack || !strings.Contains(cause.Error(), "no pong within") {
		t.Errorf("after %v the group reports %v", took, cause)
	}
	assertClosed(t, waiting.wait(t), cause)
	drain(t, "Session.Events", session.Events)
	drain(t, "Handle.Events", handle.Events)
}

// Janus stopped for less than the limits and continued: nothing ends, and the
// calls that were waiting are answered.
func TestJanusStoppedAndContinued(t *testing.T) {
	noLeaks(t)
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"echotest"}})
	c := connect(t, server.URL, &janus.DialOptions{PingInterval: 100 * time.Millisecond, PongTimeout: patience})
	handle := attachTo(t, c.session(t), echotest)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	waiting := realWaiters(t, c, 20)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := c.Info(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call to a stopped server ended with %v, want its deadline", err)
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	for _, err := range waiting.wait(t) {
		if err != nil {
			t.Errorf("a call that waited failed: %v", err)
		}
	}
	if _, err := handle.Message(t.Context(), "", map[string]any{"audio": true}, nil); err != nil {
		t.Errorf("the handle does not answer: %v", err)
	}
}
