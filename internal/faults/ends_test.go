package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// holdReplies withholds the answers to requests of one kind until release is
// called.
func holdReplies(server *stub, verb, frame string) (held <-chan struct{}, release func()) {
	arrived := make(chan struct{}, 1000)
	var mu sync.Mutex
	var replies []func()
	forge(server, verb, func(r request, reply func(any)) {
		mu.Lock()
		defer mu.Unlock()
		replies = append(replies, func() { reply(r.fill(frame)) })
		arrived <- struct{}{}
	})
	return arrived, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, reply := range replies {
			reply()
		}
	}
}

// A destroy or detach whose caller has gone, and that Janus carries out later,
// ends the session or the handle here as well.
func TestAbandonedEndsTakeEffect(t *testing.T) {
	noLeaks(t)
	for verb, call := range map[string]func(context.Context, *janus.Session, *janus.Handle) error{
		"destroy": func(ctx context.Context, s *janus.Session, _ *janus.Handle) error { return of(s.Destroy(ctx, "")) },
		"detach":  func(ctx context.Context, _ *janus.Session, h *janus.Handle) error { return of(h.Detach(ctx, "")) },
	} {
		t.Run(verb, func(t *testing.T) {
			server := newStub(t, nil)
			c := connect(t, server.URL, nil)
			s, h := c.open(t)
			held, release := holdReplies(server, verb, `{"janus":"success","transaction":"TX","session_id":SID}`)
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- call(ctx, s, h) }()
			await(t, "the request", held)
			cancel()
			if err := await(t, "the call", result); !errors.Is(err, context.Canceled) || errors.Is(err, janus.ErrNotSent) {
				t.Errorf("the call returned %v", err)
			}
			release()
			drain(t, "Handle.Events", h.Events)
			assertHandlesGone(t, s)
			if err := h.Err(); err == nil {
				t.Error("the handle has not ended")
			}
			if verb == "detach" {
				return
			}
			drain(t, "Session.Events", s.Events)
			eventually(t, "Gateway.Sessions is empty", c.Gateway, func() bool { return len(c.Sessions) == 0 })
		})
	}
}

// Closed Gateways are freed, also those whose abandoned calls were never
// answered.
func TestClosedGatewaysAreFreed(t *testing.T) {
	server := newStub(t, nil)
	held, _ := holdReplies(server, "create", "")
	var gateways []weak.Pointer[janus.Gateway]
	for range 20 {
		gateway, group, err := janus.Connect(context.Background(), server.URL)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		result := make(chan error, 1)
		go func() { result <- of(gateway.Create(ctx, "")) }()
		await(t, "the request", held)
		cancel()
		if err := await(t, "the call", result); !errors.Is(err, context.Canceled) {
			t.Errorf("the call returned %v", err)
		}
		_ = gateway.Close(normalClosure, "")
		_ = group.Wait()
		gateways = append(gateways, weak.Make(gateway))
	}
	var nobody sync.Mutex
	eventually(t, "all are freed", &nobody, func() bool {
		runtime.GC()
		for _, gateway := range gateways {
			if gateway.Value() != nil {
				return false
			}
		}
		return true
	})
}

// The reply that an abandoned call still waits for is given up after ten
// minutes.
func TestAbandonedCallsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		gateway, group, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{HTTPClient: server.client()})
		if err != nil {
			t.Fatal(err)
		}
		c := follow(gateway, group)
		server.answerWith(func(r request) string {
			if r.Janus == "create" {
				return "nothing"
			}
			return ""
		})
		abandon := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, _ = gateway.Create(ctx, "")
		}
		abandon()
		time.Sleep(5 * time.Minute)
		abandon()
		synctest.Wait()
		if n := callsLeft(gateway); n != 2 {
			t.Errorf("%d calls are remembered, want 2", n)
		}
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if n := callsLeft(gateway); n != 1 {
			t.Errorf("%d calls are remembered after 11 minutes, want 1", n)
		}
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if n := callsLeft(gateway); n != 0 {
			t.Errorf("%d calls are remembered after 17 minutes", n)
		}
		_ = gateway.Close(normalClosure, "")
		<-c.ended
	})
}

// A transport that ignores its context hangs neither Close nor GiveUpAfter.
func TestTransportThatHangs(t *testing.T) {
	for name, opts := range map[string]struct {
		giveUp time.Duration
		end    func(*client)
	}{
		"Close":       {0, func(c *client) { _ = c.Close(normalClosure, "") }},
		"GiveUpAfter": {300 * time.Millisecond, func(*client) {}},
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			server := newStub(t, nil)
			release := make(chan struct{})
			defer close(release)
			var dials atomic.Int64
			hanging := make(chan struct{}, 100)
			logs := testutil.NewLogs()
			transport := http.DefaultTransport.(*http.Transport).Clone()
			c := connect(t, server.URL, &janus.DialOptions{
				HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if dials.Add(1) > 1 {
						hanging <- struct{}{}
						<-release // and not r.Context().Done()
						return nil, errors.New("too late")
					}
					return transport.RoundTrip(r)
				})},
				DialTimeout: 50 * time.Millisecond,
				Reconnect:   &janus.ReconnectOptions{MinDelay: 1, MaxDelay: time.Millisecond, GiveUpAfter: opts.giveUp},
				Logger:      logs.Logger(slog.LevelDebug),
			})
			server.Cut()
			await(t, "a dial that hangs", hanging)
			if opts.giveUp == 0 {
				logs.Await(t, "dial failed", 12) // far more than may hang
			}
			within(t, name, func() { opts.end(c) })
			await(t, "the end of the group", c.ended)
			if n := dials.Load() - 1; n > 4 {
				t.Errorf("%d dials hang", n)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A server that accepts and hangs up, at once or after a claim, is dialed less
// and less often, and given up in the end.
func TestFlappingServer(t *testing.T) {
	for _, stage := range []string{"accepts", "claims", "sends a large message"} {
		for _, giveUp := range []time.Duration{0, time.Minute} {
			t.Run(fmt.Sprint(stage, " GiveUpAfter ", giveUp), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { flap(t, stage, giveUp) })
			})
		}
	}
}

func flap(t *testing.T, stage string, giveUp time.Duration) {
	server := newPipeServer(t)
	var dials atomic.Int64
	client := server.client()
	transport := client.Transport
	client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		dials.Add(1)
		response, err := transport.RoundTrip(r)
		if stage == "accepts" && dials.Load() > 1 {
			server.cut()
		}
		return response, err
	})
	gateway, group, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
		HTTPClient: client, MaxMessageSize: 1000, Reconnect: &janus.ReconnectOptions{GiveUpAfter: giveUp},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := follow(gateway, group)
	c.session(t)
	server.answerWith(func(r request) string {
		switch {
		case r.Janus != "claim":
		case stage == "claims":
			go server.cut()
		case stage == "sends a large message":
			return `{"janus":"` + strings.Repeat("x", 2000) + `"}`
		}
		return ""
	})
	server.cut()
	time.Sleep(2 * time.Minute)
	if giveUp == 0 {
		// Delays of 1/8, 1/4 … 4, 7.5, 7.5 … s on average.
		if n := dials.Load(); n > 60 {
			t.Errorf("%d dials in 2 minutes", n)
		}
		_ = gateway.Close(normalClosure, "")
	}
	<-c.ended
	if giveUp > 0 && (c.err == nil || !strings.Contains(c.err.Error(), "not restored within 1m0s")) {
		t.Errorf("the group reports %v", c.err)
	}
}

// Once a connection has lasted, an outage begins anew: the delay is short again,
// and GiveUpAfter counts from its beginning.
func TestBackoffIsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		var dials atomic.Int64
		client := server.client()
		transport := client.Transport
		client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			dials.Add(1)
			return transport.RoundTrip(r)
		})
		gateway, group, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
			HTTPClient: client,
			Reconnect:  &janus.ReconnectOptions{MinDelay: time.Millisecond, MaxDelay: time.Hour, GiveUpAfter: 4 * time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
		c := follow(gateway, group)
		for range 3 {
			server.refuse.Store(true)
			server.cut()
			time.Sleep(time.Hour + 30*time.Minute)
			server.refuse.Store(false)
			time.Sleep(time.Hour) // at most until the next dial
			if s := gateway.State(); s != janus.StateConnected {
				t.Fatalf("the state is %v after an outage that was shorter than GiveUpAfter", s)
			}
			time.Sleep(time.Hour)
			before := dials.Load()
			server.cut()
			time.Sleep(50 * time.Millisecond)
			if gateway.State() != janus.StateConnected || dials.Load() == before {
				t.Fatalf("after a long life of the connection the state is %v", gateway.State())
			}
			time.Sleep(4 * time.Hour)
		}
		_ = gateway.Close(normalClosure, "")
		<-c.ended
	})
}

// Options at their ends neither panic nor hang.
func TestExtremeOptions(t *testing.T) {
	noLeaks(t)
	for _, d := range []time.Duration{math.MinInt64, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64} {
		for _, n := range []int64{math.MinInt64, -1, math.MaxInt64 - 1, math.MaxInt64} {
			t.Run(fmt.Sprint(int64(d), " ", n), func(t *testing.T) {
				server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
				opts := &janus.DialOptions{
					PingInterval: d, PongTimeout: d, WriteTimeout: d, RequestTimeout: d, DialTimeout: d, KeepAlive: d,
					MaxMessageSize: n, EventBacklog: int(n),
					Reconnect: &janus.ReconnectOptions{MinDelay: min(d, 2), MaxDelay: d, GiveUpAfter: d},
				}
				if d == 1 { // a nanosecond is too short for anything to succeed, but must end cleanly
					gateway, _, err := janus.Dial(t.Context(), server.URL, opts)
					if err == nil {
						_ = gateway.Close(normalClosure, "")
					}
					return
				}
				c := connect(t, server.URL, opts)
				s, h := c.open(t)
				if _, err := h.Message(t.Context(), "", order{Do: "events", Count: 10}, nil); err != nil {
					t.Error(err)
				}
				watched := watchGaps(t, s)
				server.Cut()
				watched.await(t, 1)
				c.mustLive(t)
			})
		}
	}
	t.Run("KeepAlive of a nanosecond", func(t *testing.T) {
		c := connect(t, newStub(t, nil).URL, &janus.DialOptions{KeepAlive: 1})
		if d := time.Duration(gatewayField(c.Gateway, "opts").FieldByName("KeepAlive").Int()); d != time.Millisecond {
			t.Errorf("a session is kept alive every %v", d)
		}
	})
	t.Run("MaxDelay below MinDelay", func(t *testing.T) {
		c := connect(t, newStub(t, nil).URL, &janus.DialOptions{
			Reconnect: &janus.ReconnectOptions{MinDelay: time.Hour, MaxDelay: time.Second},
		})
		opts := gatewayField(c.Gateway, "opts").FieldByName("Reconnect").Elem()
		if d := time.Duration(opts.FieldByName("MaxDelay").Int()); d != time.Hour {
			t.Errorf("the longest delay is %v", d)
		}
	})
	t.Run("MinDelay", func(t *testing.T) {
		server := newStub(t, nil)
		changed := make(chan janus.State, 10)
		c := connect(t, server.URL, &janus.DialOptions{
			Reconnect:    &janus.ReconnectOptions{MinDelay: math.MaxInt64, MaxDelay: math.MaxInt64},
			StateChanged: func(s janus.State, _ error) { changed <- s },
		})
		server.Cut()
		if s := await(t, "a change of the state", changed); s != janus.StateReconnecting {
			t.Errorf("the state is %v", s)
		}
		c.end(t)
	})
}

// The end of a session fails the calls of all its handles, and a handle's end
// only its own, whatever the number of handles.
func TestManyHandlesEnd(t *testing.T) {
	noLeaks(t)
	n := pick(2000, 80_000)
	server := newStub(t, nil)
	c := connect(t, server.URL, &janus.DialOptions{RequestTimeout: -1})
	s := c.session(t)
	_, bystander := c.open(t)
	untouched := waiters(t, server, bystander, 3)
	handles := make([]*janus.Handle, n)
	for i := range handles {
		handles[i] = s.Adopt(uint64(i + 1_000_000))
	}
	var waiting calls
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var r request
		if json.Unmarshal(frame, &r) != nil || r.Janus != "message" || r.Session != s.ID {
			return false
		}
		server.ignored <- struct{}{}
		return true
	})
	for _, h := range handles[:100] {
		waiting.start(func() error { return of(h.Message(t.Context(), "", order{}, nil)) })
	}
	for range 100 {
		await(t, "the arrival of a request", server.ignored)
	}
	if err := server.Send(s.ID, fmt.Sprintf(`{"janus":"detached","session_id":%d,"sender":%d}`, s.ID, handles[0].ID)); err != nil {
		t.Fatal(err)
	}
	drain(t, "Handle.Events", handles[0].Events)
	if err := server.Send(s.ID, fmt.Sprintf(`{"janus":"timeout","session_id":%d}`, s.ID)); err != nil {
		t.Fatal(err)
	}
	ended := map[bool]int{}
	for _, err := range waiting.wait(t) {
		var msg *janus.ErrorMsg
		if !errors.As(err, &msg) || errors.Is(err, janus.ErrNotSent) {
			t.Fatalf("a waiting call returned %v", err)
		}
		ended[errors.Is(err, janus.ErrHandleDetached)]++
	}
	if ended[true] != 1 || ended[false] != 99 {
		t.Errorf("%d calls failed with their handle, %d with their session", ended[true], ended[false])
	}
	for _, h := range handles {
		drain(t, "Handle.Events", h.Events)
	}
	c.mustLive(t)
	c.end(t)
	assertClosed(t, untouched.wait(t), nil)
}

// Connect to a listener that stays silent fails after DialTimeout, and says so.
func TestDialTimeout(t *testing.T) {
	noLeaks(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, _, err = janus.Dial(t.Context(), "ws://"+listener.Addr().String(), &janus.DialOptions{DialTimeout: 20 * time.Millisecond})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(err), "no handshake within 20ms") {
		t.Errorf("Dial returned %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err = janus.Dial(ctx, "ws://"+listener.Addr().String(), &janus.DialOptions{DialTimeout: -1})
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(fmt.Sprint(err), "handshake within") {
		t.Errorf("with a context's deadline, Dial returned %v", err)
	}
}

// The defaults are those that the documentation states.
func TestDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		began := time.Now()
		silent := &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
		}}
		if _, _, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{HTTPClient: silent}); err == nil {
			t.Error("Dial succeeded")
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("DialTimeout is %v", took)
		}

		gateway, group, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{HTTPClient: server.client()})
		if err != nil {
			t.Fatal(err)
		}
		c := follow(gateway, group)
		server.answerWith(func(request) string { return "nothing" })
		began = time.Now()
		if _, err := gateway.Info(t.Context(), ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("RequestTimeout is %v", took)
		}
		_ = gateway.Close(normalClosure, "")
		<-c.ended
	})
}
