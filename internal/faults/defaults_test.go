package faults

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
)

// deafConn is a connection whose peer falls silent, or ceases to read.
type deafConn struct {
	net.Conn
	mute, stuck *atomic.Bool
	closed      chan struct{}
	once        sync.Once
}

func (c *deafConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func (c *deafConn) Write(p []byte) (int, error) {
	switch {
	case c.stuck.Load():
		<-c.closed
		return 0, net.ErrClosed
	case c.mute.Load():
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// defaults dials with default options, but for those that change sets, in the
// bubble of the test.
func defaults(t *testing.T, change func(*janus.DialOptions)) (c *client, server *pipeServer, mute, stuck *atomic.Bool) {
	server = newPipeServer(t)
	mute, stuck = new(atomic.Bool), new(atomic.Bool)
	httpClient := server.client()
	transport := httpClient.Transport.(*http.Transport)
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &deafConn{Conn: conn, mute: mute, stuck: stuck, closed: make(chan struct{})}, nil
	}
	opts := &janus.DialOptions{HTTPClient: httpClient}
	if change != nil {
		change(opts)
	}
	gateway, group, err := janus.Dial(t.Context(), server.url, opts)
	if err != nil {
		t.Fatal(err)
	}
	c = follow(gateway, group)
	t.Cleanup(func() {
		_ = gateway.Close(normalClosure, "")
		<-c.ended
	})
	return c, server, mute, stuck
}

// mustEndBetween checks when a connection ends, from now on.
func (c *client) mustEndBetween(t *testing.T, early, late time.Duration, text string) {
	t.Helper()
	began := time.Now()
	<-c.ended
	if took := time.Since(began); took < early || took > late {
		t.Errorf("the connection ended after %v, want %v to %v", took, early, late)
	}
	if c.err == nil || !strings.Contains(c.err.Error(), text) {
		t.Errorf("the group reports %v, want %q", c.err, text)
	}
}

// The defaults that are times are those of the documentation.
func TestDefaultTimes(t *testing.T) {
	for name, test := range map[string]func(t *testing.T){
		"PingInterval and PongTimeout": func(t *testing.T) {
			c, _, mute, _ := defaults(t, nil)
			time.Sleep(time.Minute) // four pings are answered
			mute.Store(true)
			c.mustEndBetween(t, 10*time.Second, 25*time.Second, "no pong within 10s")
		},
		"PingInterval": func(t *testing.T) {
			c, _, mute, _ := defaults(t, nil)
			mute.Store(true)
			c.mustEndBetween(t, 25*time.Second, 26*time.Second, "no pong within 10s")
		},
		"PongTimeout, negative": func(t *testing.T) {
			c, _, mute, _ := defaults(t, func(o *janus.DialOptions) { o.PongTimeout = -1 })
			mute.Store(true)
			c.mustEndBetween(t, 25*time.Second, 26*time.Second, "no pong within 10s")
		},
		"WriteTimeout": func(t *testing.T) {
			c, _, _, stuck := defaults(t, func(o *janus.DialOptions) { o.PingInterval = -1 })
			stuck.Store(true)
			go func() { _, _ = c.Info(context.Background(), "") }()
			c.mustEndBetween(t, 10*time.Second, 11*time.Second, "no progress for 10s")
		},
		"WriteTimeout, negative": func(t *testing.T) {
			c, _, _, stuck := defaults(t, func(o *janus.DialOptions) { o.PingInterval, o.WriteTimeout = -1, -1 })
			stuck.Store(true)
			go func() { _, _ = c.Info(context.Background(), "") }()
			c.mustEndBetween(t, 10*time.Second, 11*time.Second, "no progress for 10s")
		},
		"RequestTimeout": func(t *testing.T) {
			c, server, _, _ := defaults(t, nil)
			server.answer = func(request) string { return "nothing" }
			began := time.Now()
			_, err := c.Info(context.Background(), "")
			if took := time.Since(began); took != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("after %v: %v", took, err)
			}
		},
		"DialTimeout": func(t *testing.T) {
			began := time.Now()
			_, _, err := janus.Dial(context.Background(), "ws://janus.test/", &janus.DialOptions{
				HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				})},
			})
			if took := time.Since(began); took != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("after %v: %v", took, err)
			}
		},
		"MinDelay": func(t *testing.T) {
			c, server, _, _ := defaults(t, func(o *janus.DialOptions) { o.Reconnect = new(janus.ReconnectOptions) })
			var longest time.Duration
			for range 30 {
				time.Sleep(15 * time.Second) // the connection is stable
				began := time.Now()
				server.cut()
				synctest.Wait()
				for c.State() != janus.StateConnected && time.Since(began) < time.Minute {
					time.Sleep(time.Millisecond)
				}
				longest = max(longest, time.Since(began))
			}
			if longest < 50*time.Millisecond || longest > 252*time.Millisecond {
				t.Errorf("the longest of 30 first delays is %v", longest)
			}
		},
		"MaxDelay": func(t *testing.T) {
			var dials atomic.Int64
			_, server, _, _ := defaults(t, func(o *janus.DialOptions) {
				o.Reconnect = new(janus.ReconnectOptions)
				transport := o.HTTPClient.Transport
				o.HTTPClient.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
					dials.Add(1)
					return transport.RoundTrip(r)
				})
			})
			server.refuse.Store(true)
			server.cut()
			time.Sleep(10 * time.Hour)
			if n := dials.Load(); n < 4000 || n > 6000 { // one in 7.5 s
				t.Errorf("%d dials in ten hours", n)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}

// The backlog of an Events channel is that of the documentation, also if the
// option is negative.
func TestDefaultBacklog(t *testing.T) {
	for name, backlog := range map[string]int{"zero": 0, "negative": -1} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, nil)
			c := connect(t, server.URL, &janus.DialOptions{EventBacklog: backlog})
			s, h := c.open(t)
			const sent = 10_000
			if _, err := h.Message(t.Context(), "", order{Do: "events", Count: sent}, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Destroy(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			events, dropped := 0, 0
			for _, msg := range drain(t, "the handle's events", h.Events) {
				if overflow, ok := msg.(*janus.OverflowMsg); ok {
					dropped += overflow.Dropped
				} else if nonce(msg) >= 0 {
					events++
				}
			}
			// A few more are in the channel.
			if events < 4096 || events > 4096+10 || events+dropped != sent {
				t.Errorf("%d of %d events came, %d are reported as dropped", events, sent, dropped)
			}
		})
	}
}

// A message may have 16 MiB by default.
func TestDefaultMaxMessageSize(t *testing.T) {
	const limit = 16 << 20
	sizes := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"janus-protocol"}})
		if err != nil {
			return
		}
		for {
			_, frame, err := ws.Read(context.Background())
			if err != nil {
				return
			}
			var q request
			_ = json.Unmarshal(frame, &q) // the client sends JSON
			answer := q.fill(`{"janus":"pong","transaction":"TX"}`)
			_ = ws.Write(context.Background(), websocket.MessageText, []byte(answer+strings.Repeat(" ", <-sizes-len(answer))))
		}
	}))
	t.Cleanup(server.Close)
	c := connect(t, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	sizes <- limit
	if err := c.Ping(t.Context(), ""); err != nil {
		t.Errorf("a message of the largest size: %v", err)
	}
	sizes <- limit + 1
	if err := c.Ping(t.Context(), ""); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("a larger message: %v", err)
	}
}

// The Timeout of the HTTP client bounds the handshake and nothing else.
func TestTimeoutOfTheHTTPClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _, _ := defaults(t, func(o *janus.DialOptions) { o.HTTPClient.Timeout = time.Second })
		time.Sleep(time.Minute)
		c.session(t)
		began := time.Now()
		_, _, err := janus.Dial(t.Context(), "ws://janus.test/", &janus.DialOptions{HTTPClient: &http.Client{
			Timeout: time.Second,
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}),
		}})
		if took := time.Since(began); took != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
