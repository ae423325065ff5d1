package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/janustest"
)

// quickly are reconnects without long delays.
func quickly() *janus.ReconnectOptions {
	return &janus.ReconnectOptions{MinDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond}
}

// gaps reads Session.Events of a session that is cut: *DisconnectedMsg and
// *ReclaimedMsg must take turns.
type gaps struct {
	lost, back atomic.Int64
	changed    chan struct{}
	ended      chan struct{}
}

func watchGaps(t *testing.T, s *janus.Session) *gaps {
	g := &gaps{changed: make(chan struct{}, 1), ended: make(chan struct{})}
	go func() {
		defer close(g.ended)
		for msg := range s.Events {
			switch msg := msg.(type) {
			case *janus.DisconnectedMsg:
				if g.lost.Add(1) != g.back.Load()+1 || msg.Err == nil {
					t.Errorf("a second %T without a ReclaimedMsg, or no cause: %v", msg, msg.Err)
				}
			case *janus.ReclaimedMsg:
				if g.back.Add(1) != g.lost.Load() {
					t.Errorf("a %T without a DisconnectedMsg", msg)
				}
			case *janus.ErrorMsg:
			default:
				t.Errorf("Session.Events has %T", msg)
			}
			select {
			case g.changed <- struct{}{}:
			default:
			}
		}
	}()
	return g
}

// await waits until the session is back after its n-th loss or a later one.
func (g *gaps) await(t *testing.T, n int64) {
	t.Helper()
	for g.lost.Load() < n || g.back.Load() < g.lost.Load() {
		await(t, "a ReclaimedMsg", g.changed)
	}
}

// Cut at random moments under load from 50 sessions, the real Janus gives every
// session back: every call succeeds or fails with ErrDisconnected, handles answer
// afterwards, and nothing leaks.
func TestReconnectUnderLoad(t *testing.T) {
	noLeaks(t)
	server := realjanus.Start(t, realjanus.Options{
		Plugins: []string{"echotest"}, ReclaimSessionTimeout: time.Minute, EventLoops: 4,
	})
	p := newProxy(t, server.URL)
	c := connect(t, p.url, &janus.DialOptions{RequestTimeout: patience, Reconnect: quickly()})
	load := &load{t: t, stop: make(chan struct{})}
	for range 50 {
		session := c.session(t)
		load.watched = append(load.watched, watchGaps(t, session))
		load.handles = append(load.handles, attachTo(t, session, echotest))
	}
	heap := heapInUse()
	load.start()

	cuts := pick(5, 100)
	began := time.Now()
	for i := range cuts {
		// Some connections end during the handshake or the claims; then comes
		// one that lasts until the next random moment.
		p.cutNext(func() cut { return randomCut(4) })
		time.Sleep(rand.N(50 * time.Millisecond)) // the random moment
		p.cutAll(rand.N(2) == 0)
		for _, g := range load.watched {
			g.await(t, int64(i+1))
		}
	}
	took := time.Since(began)
	p.cutNext(never)
	close(load.stop)
	within(t, "the load", load.all.Wait)
	t.Logf("%d cuts in %v; %d calls succeeded, %d failed with ErrDisconnected; heap %s, then %s",
		cuts, took.Round(time.Millisecond), load.ok.Load(), load.cut.Load(), mib(heap), mib(heapInUse()))
	for i, h := range load.handles {
		if _, err := h.Message(t.Context(), "", map[string]any{"audio": true}, nil); err != nil {
			t.Errorf("handle %d does not answer: %v", i, err)
		}
		if n, back := load.watched[i].lost.Load(), load.watched[i].back.Load(); n != back || n < int64(cuts) {
			t.Errorf("session %d was lost %d times and reclaimed %d times, cut %d times", i, n, back, cuts)
		}
	}
	if n := callsLeft(c.Gateway); n != 0 {
		t.Errorf("%d calls are remembered", n)
	}
	c.end(t)
	for _, g := range load.watched {
		await(t, "the end of Session.Events", g.ended)
	}
	for _, h := range load.handles {
		drain(t, "Handle.Events", h.Events)
	}
}

// randomCut ends one in n connections early, anywhere in its first bytes.
func randomCut(n int) cut {
	if rand.N(n) != 0 {
		return never()
	}
	return cutAfter(rand.N(int64(4000)), direction(rand.N(2)), rand.N(2) == 0)
}

// load keeps handles of a real Janus busy.
type load struct {
	t       *testing.T
	watched []*gaps
	handles []*janus.Handle
	stop    chan struct{}
	all     sync.WaitGroup
	ok, cut atomic.Int64
}

func (l *load) start() {
	for _, h := range l.handles {
		l.all.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				_, err := h.Message(l.t.Context(), "", map[string]any{"audio": true}, nil)
				switch {
				case err == nil:
					l.ok.Add(1)
				case errors.Is(err, janus.ErrDisconnected):
					l.cut.Add(1)
				default:
					l.t.Errorf("a call failed with %v", err)
				}
			}
		})
	}
}

// Janus killed and restarted: the sessions end, with the error that says so,
// and new ones work on the same Gateway.
func TestReconnectToARestartedJanus(t *testing.T) {
	noLeaks(t)
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"echotest"}, ReclaimSessionTimeout: time.Minute})
	c := connect(t, server.URL, &janus.DialOptions{Reconnect: quickly()})
	var sessions []*janus.Session
	var handles []*janus.Handle
	for range 10 {
		sessions = append(sessions, c.session(t))
		handles = append(handles, attachTo(t, sessions[len(sessions)-1], echotest))
	}
	server.Kill()
	for i, s := range sessions {
		if msg, ok := next(t, "Session.Events", s.Events).(*janus.DisconnectedMsg); !ok {
			t.Errorf("session %d: first came %T", i, msg)
		}
	}
	during := new(calls) // waits for the connection
	during.start(func() error { return of(c.Info(t.Context(), "")) })
	server.Restart(t)
	for i, s := range sessions {
		got := drain(t, "Session.Events", s.Events)
		if len(got) != 1 {
			t.Fatalf("then came %v", got)
		}
		if msg, ok := got[0].(*janus.ErrorMsg); !ok || !errors.Is(msg, janus.ErrorSessionNotFound) {
			t.Errorf("then came %v", got[0])
		}
		drain(t, "Handle.Events", handles[i].Events)
		if _, err := s.KeepAlive(t.Context(), ""); !errors.Is(err, janus.ErrSessionEnded) {
			t.Errorf("a call on an old session: %v, want ErrSessionEnded", err)
		}
		assertForgotten(t, c, s)
	}
	for _, err := range during.wait(t) {
		if err != nil {
			t.Errorf("a call made meanwhile failed: %v", err)
		}
	}
	fresh := attachTo(t, c.session(t), echotest)
	if _, err := fresh.Message(t.Context(), "", map[string]any{"audio": true}, nil); err != nil {
		t.Errorf("a new handle does not answer: %v", err)
	}
}

// Many sessions are kept alive by the KeepAlive option with as many goroutines
// as few.
func TestManySessionsKeptAlive(t *testing.T) {
	noLeaks(t)
	count := pick(500, 10_000)
	interval := pick(250*time.Millisecond, 2*time.Second)
	server := newStub(t, func(s *janustest.Server) { s.SessionTimeout = 8 * interval })
	var seen atomic.Int64
	progress := make(chan struct{}, 1)
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var r request
		if json.Unmarshal(frame, &r) == nil && r.Janus == "keepalive" {
			seen.Add(1)
			select {
			case progress <- struct{}{}:
			default:
			}
		}
		return false
	})
	c := connect(t, server.URL, &janus.DialOptions{KeepAlive: interval})
	c.session(t)
	before := runtime.NumGoroutine()
	s := &soak{t: t, c: c}
	s.share("sessions created", count-1, func() error { return of(c.Create(t.Context(), "")) })
	// Ten keepalives each take longer than the server's timeout.
	for want := seen.Load() + int64(10*count); seen.Load() < want; {
		await(t, "a keepalive", progress)
	}
	if n := len(server.Sessions()); n != count {
		t.Errorf("%d sessions are left of %d", n, count)
	}
	_, after := s.settled()
	t.Logf("%d sessions, %d keepalives; goroutines with one session %d, with all %d", count, seen.Load(), before, after)
	const passing = 3 // a ping and slow writes may be under way
	if after > before+passing {
		t.Errorf("%d goroutines for %d sessions, %d for one", after, count, before)
	}
}

// outage is a Gateway whose connection is away, at some stage of its return.
type outage struct {
	server   *stub
	proxy    *proxy
	dials    chan struct{} // one for each dial
	cancel   context.CancelFunc
	client   *client
	session  *janus.Session
	handle   *janus.Handle
	cut      *calls // that were waiting when the connection went
	waiting  *calls // made during the outage
	destroy  *calls // Destroy, if it was called then
	watching *gaps
}

// counting is a transport that tells of each dial.
type counting struct {
	http.RoundTripper
	dials chan struct{}
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.dials <- struct{}{}
	return c.RoundTripper.RoundTrip(r)
}

// stages are where a reconnect can be when something else happens: enter takes
// it there, leave lets it go on.
var stages = map[string]struct {
	enter, leave func(t *testing.T, o *outage)
}{
	"backing off": {
		func(t *testing.T, o *outage) {
			o.server.Refuse(http.StatusServiceUnavailable)
			o.server.Cut()
			await(t, "a dial", o.dials)
			await(t, "a second dial", o.dials)
		},
		func(_ *testing.T, o *outage) { o.server.Refuse(0) },
	},
	"dialling": {
		func(t *testing.T, o *outage) {
			o.proxy.turn(hold, up, down)
			o.proxy.cutAll(true)
			await(t, "a dial", o.dials)
		},
		func(_ *testing.T, o *outage) { o.proxy.turn(pass, up, down) },
	},
	"claiming": {
		func(t *testing.T, o *outage) {
			claims := make(chan struct{}, 1<<10)
			forge(o.server, "claim", func(request, func(any)) { claims <- struct{}{} })
			o.server.Cut()
			await(t, "a claim", claims)
		},
		func(_ *testing.T, o *outage) {
			o.server.Intercept(nil)
			o.server.Cut() // the claims were swallowed
		},
	},
	"back": {
		func(t *testing.T, o *outage) {
			o.server.Cut()
			o.watching.await(t, 1)
		},
		func(*testing.T, *outage) {},
	},
}

// actions are what can happen meanwhile. ends says that the Gateway ends.
var actions = map[string]struct {
	do   func(t *testing.T, o *outage)
	ends bool
}{
	"nothing": {func(*testing.T, *outage) {}, false},
	"Close": {func(t *testing.T, o *outage) {
		within(t, "Close", func() { _ = o.client.Close(normalClosure, "") })
		await(t, "the group", o.client.ended)
		if o.client.err != nil {
			t.Errorf("the group reports %v after Close", o.client.err)
		}
	}, true},
	"end of Dial's context": {func(t *testing.T, o *outage) {
		o.cancel()
		if err := o.client.mustEnd(t); !errors.Is(err, context.Canceled) {
			t.Errorf("the group reports %v, want the context's error", err)
		}
	}, true},
	"Destroy": {func(t *testing.T, o *outage) {
		o.destroy = new(calls) // waits for the session's return
		o.destroy.start(func() error { return of(o.session.Destroy(t.Context(), "")) })
	}, false},
	"end of a call's context": {func(t *testing.T, o *outage) {
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := new(calls)
		for range 10 {
			cancelled.start(func() error {
				_, err := o.handle.Message(ctx, "", order{Do: "nothing"}, nil)
				return err
			})
			cancelled.start(func() error { return of(o.client.Create(ctx, "")) })
		}
		cancel()
		for _, err := range cancelled.wait(t) {
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("a call whose context ended failed with %v", err)
			}
		}
	}, false},
}

// Whatever happens at whatever stage of a reconnect, calls end as they should,
// the sessions come back unless the Gateway ends, and nothing is left.
func TestReconnectStages(t *testing.T) {
	for stage, at := range stages {
		for name, action := range actions {
			t.Run(stage+"/"+name, func(t *testing.T) {
				noLeaks(t)
				o := newOutage(t)
				at.enter(t, o)
				if stage != "back" {
					o.waiting.start(func() error { return of(o.handle.Request(t.Context(), "", order{Do: "now"})) })
					o.waiting.start(func() error { return of(o.client.Info(t.Context(), "")) })
				}
				for _, err := range o.cut.wait(t) {
					if !errors.Is(err, janus.ErrDisconnected) || errors.Is(err, janus.ErrClosed) || errors.Is(err, janus.ErrNotSent) {
						t.Errorf("a call that was waiting failed with %v, want ErrDisconnected alone", err)
					}
				}
				action.do(t, o)
				if action.ends {
					for _, err := range o.waiting.wait(t) {
						if err != nil && !errors.Is(err, janus.ErrClosed) && !errors.Is(err, janus.ErrDisconnected) {
							t.Errorf("a call made meanwhile failed with %v, want ErrClosed or ErrDisconnected", err)
						}
					}
					drain(t, "Handle.Events", o.handle.Events)
					await(t, "the end of Session.Events", o.watching.ended)
					at.leave(t, o)
					o.client.end(t)
					return
				}
				at.leave(t, o)
				o.mustReturn(t)
			})
		}
	}
}

// newOutage connects, with calls waiting.
func newOutage(t *testing.T) *outage {
	t.Helper()
	o := &outage{dials: make(chan struct{}, 1<<16), waiting: new(calls)}
	o.server = newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	o.proxy = newProxy(t, o.server.URL)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	o.cancel = cancel
	gateway, group, err := janus.Dial(ctx, o.proxy.url, &janus.DialOptions{
		HTTPClient:     &http.Client{Transport: counting{http.DefaultTransport, o.dials}},
		RequestTimeout: -1,
		Reconnect:      quickly(),
	})
	if err != nil {
		t.Fatal(err)
	}
	<-o.dials
	o.client = follow(gateway, group)
	t.Cleanup(func() { o.client.end(t) })
	o.session, o.handle = o.client.open(t)
	o.watching = watchGaps(t, o.session)
	o.cut = waiters(t, o.server, o.handle, 5)
	return o
}

// mustReturn checks that the connection and the session come back.
func (o *outage) mustReturn(t *testing.T) {
	t.Helper()
	o.watching.await(t, 1)
	for _, err := range o.waiting.wait(t) {
		// The connection may have been cut a second time to let it go on, and
		// the session destroyed.
		if err != nil && !errors.Is(err, janus.ErrDisconnected) && !(o.destroy != nil && isEnded(err)) {
			t.Errorf("a call made meanwhile failed with %v", err)
		}
	}
	if o.destroy != nil {
		for _, err := range o.destroy.wait(t) {
			if err != nil {
				t.Errorf("a Destroy made meanwhile failed with %v", err)
			}
		}
		drain(t, "Handle.Events", o.handle.Events)
		await(t, "the end of Session.Events", o.watching.ended)
		return
	}
	if _, err := o.handle.Request(t.Context(), "", order{Do: "now"}); err != nil {
		t.Errorf("the handle does not answer: %v", err)
	}
	if _, err := o.session.Destroy(t.Context(), ""); err != nil {
		t.Errorf("destroy: %v", err)
	}
	drain(t, "Handle.Events", o.handle.Events)
	await(t, "the end of Session.Events", o.watching.ended)
}

// Close, Destroy, the end of contexts and new calls at any moment of a
// reconnect that is cut again at any byte.
func TestReconnectRaces(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	p := newProxy(t, server.URL)
	for name, end := range map[string]func(*client, context.CancelFunc) error{
		"Close":   func(c *client, _ context.CancelFunc) error { return c.Close(normalClosure, "") },
		"context": func(_ *client, cancel context.CancelFunc) error { cancel(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			for range pick(30, 1000) {
				raceReconnect(t, p, end)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// raceReconnect lets everything happen at once, and ends the Gateway in the
// midst of it.
func raceReconnect(t *testing.T, p *proxy, end func(*client, context.CancelFunc) error) {
	p.cutNext(never)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	gateway, group, err := janus.Dial(ctx, p.url, &janus.DialOptions{
		RequestTimeout: -1,
		Reconnect:      &janus.ReconnectOptions{MinDelay: time.Microsecond, MaxDelay: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := follow(gateway, group)
	var sessions []*janus.Session
	var handles []*janus.Handle
	for range 3 {
		s, h := c.open(t)
		sessions, handles = append(sessions, s), append(handles, h)
	}
	p.cutNext(func() cut { return randomCut(2) })
	random := func() { time.Sleep(rand.N(3 * time.Millisecond)) } // any moment
	all := new(calls)
	for i, h := range handles {
		for range 3 {
			all.start(func() error {
				random()
				return of(h.Request(t.Context(), "", order{Do: "now"}))
			})
		}
		all.start(func() error {
			ctx, cancel := context.WithTimeout(t.Context(), rand.N(3*time.Millisecond))
			defer cancel()
			err := of(sessions[i].Attach(ctx, "", plugin))
			if errors.Is(err, context.DeadlineExceeded) {
				return nil
			}
			return err
		})
	}
	all.start(func() error { random(); return of(c.Create(t.Context(), "")) })
	all.start(func() error { random(); return of(sessions[0].Destroy(t.Context(), "")) })
	all.start(func() error { random(); return of(handles[1].Detach(t.Context(), "")) })
	all.start(func() error { p.cutAll(rand.N(2) == 0); random(); p.cutAll(true); return nil })
	all.start(func() error { random(); _ = end(c, cancel); return nil })
	for _, err := range all.wait(t) {
		if err != nil && !isEnded(err) {
			t.Errorf("a call failed with %v", err)
		}
	}
	c.end(t)
	for i := range sessions {
		drain(t, "Session.Events", sessions[i].Events)
		drain(t, "Handle.Events", handles[i].Events)
	}
}

// isEnded reports whether err says that what a call needed has ended.
func isEnded(err error) bool {
	for _, is := range []error{
		janus.ErrClosed, janus.ErrDisconnected, janus.ErrSessionEnded, janus.ErrHandleDetached,
		janus.ErrorSessionNotFound, janus.ErrorHandleNotFound,
	} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// A dial that is accepted but never answered is given up for another one.
func TestReconnectSurvivesAMuteServer(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	p := newProxy(t, server.URL)
	c := connect(t, p.url, &janus.DialOptions{
		PingInterval: 100 * time.Millisecond, PongTimeout: 100 * time.Millisecond,
		WriteTimeout: 100 * time.Millisecond, RequestTimeout: 100 * time.Millisecond,
		DialTimeout: time.Second,
		Reconnect:   quickly(),
	})
	watching := watchGaps(t, c.session(t))
	var dials atomic.Int64
	p.cutNext(func() cut {
		next := never()
		next.mute = dials.Add(1) == 1
		return next
	})
	p.cutAll(true)
	watching.await(t, 1)
	if n := dials.Load(); n < 2 {
		t.Errorf("the session is back after %d dials", n)
	}
}

// A half-open connection is noticed and replaced.
func TestReconnectAfterHalfOpen(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	p := newProxy(t, server.URL)
	c := connect(t, p.url, &janus.DialOptions{
		PingInterval: 50 * time.Millisecond, PongTimeout: 100 * time.Millisecond, Reconnect: quickly(), RequestTimeout: -1,
	})
	session, handle := c.open(t)
	waiting := waiters(t, server, handle, 3)
	p.turn(lose, up, down)
	for _, err := range waiting.wait(t) {
		if !errors.Is(err, janus.ErrDisconnected) {
			t.Errorf("a waiting call failed with %v, want ErrDisconnected", err)
		}
	}
	if msg, ok := next(t, "Session.Events", session.Events).(*janus.DisconnectedMsg); !ok {
		t.Errorf("Session.Events has %T", msg)
	}
	p.turn(pass, up, down)
	p.cutAll(true) // the connection that got no answer
	if msg, ok := next(t, "Session.Events", session.Events).(*janus.ReclaimedMsg); !ok {
		t.Errorf("Session.Events has %T", msg)
	}
	if _, err := handle.Request(t.Context(), "", order{Do: "now"}); err != nil {
		t.Error(err)
	}
}

// When the connection does not come back in time, its loss is final.
func TestReconnectGivesUp(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	options := quickly()
	options.GiveUpAfter = 200 * time.Millisecond
	c := connect(t, server.URL, &janus.DialOptions{Reconnect: options, RequestTimeout: -1})
	session, handle := c.open(t)
	server.Refuse(http.StatusServiceUnavailable)
	server.Cut()
	waiting := new(calls)
	waiting.start(func() error { return of(handle.Request(t.Context(), "", order{Do: "now"})) })
	cause := c.mustEnd(t)
	t.Logf("the group reports %v", cause)
	for _, err := range waiting.wait(t) { // sent before the loss was noticed, or not
		if !errors.Is(err, janus.ErrClosed) && !errors.Is(err, janus.ErrDisconnected) {
			t.Errorf("a call failed with %v, want ErrClosed or ErrDisconnected", err)
		}
	}
	if _, err := c.Info(t.Context(), ""); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("a later call failed with %v, want ErrClosed", err)
	}
	drain(t, "Session.Events", session.Events)
	drain(t, "Handle.Events", handle.Events)
}

// A token that has expired is replaced by the source's for claims.
func TestReconnectWithAnotherToken(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) {
		s.ReclaimTimeout = time.Minute
		s.Tokens = []string{"first", "claim"}
	})
	var asked atomic.Uint64
	c := connect(t, server.URL, &janus.DialOptions{
		Reconnect: quickly(),
		TokenSource: func(_ context.Context, id uint64) (string, error) {
			asked.Store(id)
			return "claim", nil
		},
	})
	session, err := c.Create(t.Context(), "first")
	if err != nil {
		t.Fatal(err)
	}
	watching := watchGaps(t, session)
	tokens := make(chan string, 16)
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var r struct{ Janus, Token string }
		if json.Unmarshal(frame, &r) == nil && r.Janus == "claim" {
			tokens <- r.Token
		}
		return false
	})
	server.Cut()
	watching.await(t, 1)
	if token := await(t, "a claim", tokens); token != "claim" || asked.Load() != session.ID {
		t.Errorf("claimed with the token %q, asked for session %d", token, asked.Load())
	}
}

// A claim that is refused for whatever reason ends its session, not the others.
func TestReconnectClaimRefused(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	c := connect(t, server.URL, &janus.DialOptions{Reconnect: quickly()})
	refused, handle := c.open(t)
	other, bystander := c.open(t)
	watching := watchGaps(t, other)
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var r request
		if json.Unmarshal(frame, &r) != nil || r.Janus != "claim" || r.Session != refused.ID {
			return false
		}
		reply(r.fill(`{"janus":"error","transaction":"TX","session_id":SID,"error":{"code":403,"reason":"no"}}`))
		return true
	})
	server.Cut()
	messages := drain(t, "Session.Events", refused.Events)
	if msg, ok := messages[len(messages)-1].(*janus.ErrorMsg); !ok || !errors.Is(msg, janus.ErrorUnauthorized) {
		t.Errorf("last on Session.Events: %v, want error 403", messages[len(messages)-1])
	}
	drain(t, "Handle.Events", handle.Events)
	if _, err := handle.Request(t.Context(), "", order{Do: "now"}); !errors.Is(err, janus.ErrSessionEnded) {
		t.Errorf("a later call: %v, want ErrSessionEnded", err)
	}
	watching.await(t, 1)
	if _, err := bystander.Request(t.Context(), "", order{Do: "now"}); err != nil {
		t.Errorf("a bystander's call failed: %v", err)
	}
}

// Sessions that the server still has come back, also many at once; the others
// end without them.
func TestReconnectSomeSessionsGone(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	c := connect(t, server.URL, &janus.DialOptions{Reconnect: quickly()})
	var all []*janus.Session
	for range pick(300, 3000) {
		all = append(all, c.session(t))
	}
	server.Refuse(http.StatusServiceUnavailable)
	server.Cut()
	for i, s := range all {
		if i%3 == 0 {
			server.Destroy(s.ID)
		}
	}
	server.Refuse(0)
	for i, s := range all {
		if msg, ok := next(t, "Session.Events", s.Events).(*janus.DisconnectedMsg); !ok {
			t.Fatalf("session %d: first came %T", i, msg)
		}
		second := fmt.Sprintf("%T", next(t, "Session.Events", s.Events))
		if want := map[bool]string{true: "*janus.ErrorMsg", false: "*janus.ReclaimedMsg"}[i%3 == 0]; second != want {
			t.Fatalf("session %d: then came %s, want %s", i, second, want)
		}
		_, err := s.KeepAlive(t.Context(), "")
		if gone := i%3 == 0; gone != errors.Is(err, janus.ErrSessionEnded) || !gone && err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
	}
}

// A token that cannot be had for one session delays that session only.
func TestReconnectTokenMissingForOne(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	var unlucky, asked atomic.Uint64
	c := connect(t, server.URL, &janus.DialOptions{
		Reconnect: quickly(),
		TokenSource: func(_ context.Context, id uint64) (string, error) {
			if id != 0 && id == unlucky.Load() && asked.Add(1) < 5 {
				return "", errors.New("no token today")
			}
			return "token", nil
		},
	})
	first, second := c.session(t), c.session(t)
	unlucky.Store(first.ID)
	delayed, untouched := watchGaps(t, first), watchGaps(t, second)
	server.Cut()
	untouched.await(t, 1)
	delayed.await(t, 1)
	if n := untouched.lost.Load(); n != 1 {
		t.Errorf("the other session was lost %d times", n)
	}
	if _, err := second.KeepAlive(t.Context(), ""); err != nil {
		t.Error(err)
	}
}
