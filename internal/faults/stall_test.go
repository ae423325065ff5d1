package faults

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// opaque is a transport whose connections cannot be had: all that the client
// sees of them is the response's body.
type opaque struct{ http.RoundTripper }

func (o opaque) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.RoundTripper.RoundTrip(r)
	if err == nil {
		if body, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = &opaqueBody{body}
		}
	}
	return resp, err
}

type opaqueBody struct{ io.ReadWriteCloser }

// stalled is a way in which a peer does not read, over some transport.
type stalled struct {
	tls    bool
	opaque bool
	mode   mode
}

var stalls = map[string]stalled{
	"does not read":                      {mode: hold},
	"reads a byte a second":              {mode: drip},
	"does not read, TLS":                 {mode: hold, tls: true},
	"does not read, opaque transport":    {mode: hold, opaque: true},
	"reads a byte a second, TLS, opaque": {mode: drip, tls: true, opaque: true},
}

// dial connects through a proxy that can stall.
func (s stalled) dial(t *testing.T, opts janus.DialOptions) (*proxy, *client, *janus.Handle) {
	server := newServerFor(t, s.tls)
	p := newProxy(t, server.URL)
	opts.HTTPClient = smallBuffers()
	transport := opts.HTTPClient.Transport.(*http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	if s.tls {
		transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	}
	if s.opaque {
		opts.HTTPClient.Transport = opaque{transport}
	}
	opts.PingInterval = -1 // it would end the connection first
	c := connect(t, p.url, &opts)
	_, handle := c.open(t)
	return p, c, handle
}

// bulk is a request of which bulks fill all buffers between client and server,
// and the client's own.
const bulks = 64

func bulk() order { return order{Do: "now", Pad: strings.Repeat("x", 32<<10)} }

// While the peer does not read, the deadlines of callers hold, and nobody's
// deadline harms the connection: it serves again when the peer reads.
func TestDeadlinesHoldWhileThePeerDoesNotRead(t *testing.T) {
	noLeaks(t)
	for name, stall := range stalls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, c, handle := stall.dial(t, janus.DialOptions{WriteTimeout: patience})
			p.turn(stall.mode, up)
			worst := deadlines(t, handle, pick(bulks, 10*bulks), 300*time.Millisecond)
			t.Logf("latest return: %v after the deadline", worst)
			if worst > slack {
				t.Errorf("a call returned %v after its deadline", worst)
			}
			p.turn(pass, up)
			c.mustLive(t)
		})
	}
}

// deadlines makes n large calls at once and returns how much later than their
// deadline the last one returned.
func deadlines(t *testing.T, handle *janus.Handle, n int, limit time.Duration) (worst time.Duration) {
	var mu sync.Mutex
	var all calls
	for range n {
		all.start(func() error {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			deadline, _ := ctx.Deadline()
			_, err := handle.Message(ctx, "", bulk(), nil)
			mu.Lock()
			defer mu.Unlock()
			worst = max(worst, time.Since(deadline))
			return err
		})
	}
	for _, err := range all.wait(t) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call ended with %v, want its deadline", err)
		}
	}
	return worst
}

// A write that makes no progress ends the connection after WriteTimeout.
func TestUnfinishedWriteEndsTheConnection(t *testing.T) {
	noLeaks(t)
	const limit = 400 * time.Millisecond
	for name, stall := range stalls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, c, handle := stall.dial(t, janus.DialOptions{WriteTimeout: limit, RequestTimeout: -1})
			p.turn(stall.mode, up)
			began := time.Now()
			var all calls
			for range bulks {
				all.start(func() error {
					_, err := handle.Message(t.Context(), "", bulk(), nil)
					return err
				})
			}
			cause := c.mustEnd(t)
			took := time.Since(began)
			t.Logf("ended after %v, limit %v", took, limit)
			if took < limit || took > limit+2*slack {
				t.Errorf("ended after %v, want %v", took, limit)
			}
			if !strings.Contains(cause.Error(), "write made no progress for") {
				t.Errorf("the group reports %v", cause)
			}
			assertClosed(t, all.wait(t), cause)
			drain(t, "Handle.Events", handle.Events)
		})
	}
}

// Close returns, with an error, although the peer does not read; once, twice
// and concurrently.
func TestCloseWhileThePeerDoesNotRead(t *testing.T) {
	noLeaks(t)
	for name, stall := range stalls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, c, handle := stall.dial(t, janus.DialOptions{WriteTimeout: patience, RequestTimeout: -1})
			p.turn(stall.mode, up, down)
			var all calls
			for range bulks {
				all.start(func() error {
					_, err := handle.Message(t.Context(), "", bulk(), nil)
					return err
				})
			}
			began := time.Now()
			var closes calls
			for range 3 {
				closes.start(func() error { return c.Close(normalClosure, "bye") })
			}
			closes.wait(t)
			t.Logf("Close took %v", time.Since(began))
			if took := time.Since(began); took > time.Second+2*slack {
				t.Errorf("Close took %v, want about a second", took)
			}
			await(t, "the group", c.ended)
			if c.err != nil {
				t.Errorf("the group reports %v after Close", c.err)
			}
			assertClosed(t, all.wait(t), nil)
			drain(t, "Handle.Events", handle.Events)
		})
	}
}

// What callers have given up is not kept while the peer does not read: what
// waits to be written is bounded.
func TestStalledWritesAreBounded(t *testing.T) {
	noLeaks(t)
	p, c, handle := stalled{mode: hold}.dial(t, janus.DialOptions{WriteTimeout: patience})
	before := heapInUse()
	p.turn(hold, up)
	const asked = 10 * bulks
	deadlines(t, handle, asked, 200*time.Millisecond)
	after := heapInUse()
	t.Logf("heap %s, then %s; %s were to be sent", mib(before), mib(after), mib(asked*(32<<10)))
	if after > before+8<<20 {
		t.Errorf("the heap grew from %s to %s", mib(before), mib(after))
	}
	p.turn(pass, up)
	c.mustLive(t)
}
