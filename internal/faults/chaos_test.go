package faults

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// chaos is what the goroutines share.
type chaos struct {
	t        *testing.T
	url      string
	gateways []*chaoticGateway
	nonces   atomic.Int64
	done     [ops]atomic.Int64 // calls that succeeded, by kind
	failed   atomic.Int64
}

// The kinds of calls.
const (
	opCreate = iota
	opAttach
	opMessage
	opCancel
	opDetach
	opDestroy
	opClose
	ops
)

// odds are how often each kind is chosen, out of a hundred; and closeOdds how
// rarely a Gateway is closed.
var odds = [ops]int{opCreate: 5, opAttach: 20, opMessage: 50, opCancel: 15, opDetach: 8, opDestroy: 6, opClose: 1}

// chaoticGateway is a Gateway and what was made on it. Closing it makes place
// for the next.
type chaoticGateway struct {
	mu       sync.Mutex
	client   *client
	sessions []*janus.Session
	handles  []*janus.Handle
}

// A thousand goroutines that create, attach, send, cancel, detach, destroy and
// close at random: no deadlock, no leak, no reply lost or given to another
// call, and nothing is remembered or left on the server at the end.
func TestChaos(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	c := &chaos{t: t, url: server.URL}
	for range 10 {
		g := &chaoticGateway{client: connect(t, server.URL, &janus.DialOptions{RequestTimeout: -1})}
		c.gateways = append(c.gateways, g)
	}
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			for range pick(7, 200) {
				c.act()
			}
		})
	}
	finished := make(chan struct{})
	go func() { defer close(finished); all.Wait() }()
	select {
	case <-finished:
	case <-time.After(pick[time.Duration](4, 20) * patience):
		t.Fatalf("deadlock:\n%s", stacks())
	}
	for _, g := range c.gateways {
		g.assertEmpty(t)
	}
	for op, name := range []string{"create", "attach", "message", "cancelled", "detach", "destroy", "close"} {
		t.Logf("%-9s %d", name, c.done[op].Load())
	}
	t.Logf("failed because of another's detach, destroy or close: %d", c.failed.Load())
	for _, g := range c.gateways {
		g.client.end(t)
	}
	for len(server.Sessions()) > 0 && server.Connections() > 0 {
		time.Sleep(time.Millisecond) // until the server has noticed
	}
	if left := server.Sessions(); len(left) != 0 {
		t.Errorf("%d sessions are left on the server", len(left))
	}
}

// act does one thing on one Gateway.
func (c *chaos) act() {
	g := c.gateways[rand.N(len(c.gateways))]
	g.mu.Lock()
	gateway, session, handle := g.client, random(g.sessions), random(g.handles)
	g.mu.Unlock()
	op := choose()
	switch {
	case session == nil:
		op = opCreate
	case handle == nil:
		op = opAttach
	}
	err := c.do(op, g, gateway, session, handle)
	c.settle(op, err)
	if err != nil {
		g.forget(err, session, handle)
	}
}

// forget keeps others from using what has ended.
func (g *chaoticGateway) forget(err error, session *janus.Session, handle *janus.Handle) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if errors.Is(err, janus.ErrSessionEnded) || errors.Is(err, janus.ErrorSessionNotFound) {
		g.sessions = slices.DeleteFunc(g.sessions, func(s *janus.Session) bool { return s == session })
	}
	g.handles = slices.DeleteFunc(g.handles, func(h *janus.Handle) bool { return h == handle })
}

const closeOdds = 500

// choose returns a kind of call by the odds.
func choose() int {
	if rand.N(closeOdds) == 0 {
		return opClose
	}
	n := rand.N(100)
	for op, odd := range odds {
		if n -= odd; n < 0 {
			return op
		}
	}
	return opMessage
}

func random[T any](list []*T) *T {
	if len(list) == 0 {
		return nil
	}
	return list[rand.N(len(list))]
}

// do makes one call.
func (c *chaos) do(op int, g *chaoticGateway, gateway *client, session *janus.Session, handle *janus.Handle) error {
	ctx := c.t.Context()
	switch op {
	case opCreate:
		s, err := gateway.Create(ctx, "")
		if err == nil {
			g.keep(gateway, s, nil)
		}
		return err
	case opAttach:
		h, err := session.Attach(ctx, "", plugin)
		if err == nil {
			g.keep(gateway, nil, h)
		}
		return err
	case opMessage:
		return c.message(ctx, handle)
	case opCancel:
		return c.cancelled(gateway, session, handle)
	case opDetach:
		return of(handle.Detach(ctx, ""))
	case opDestroy:
		return of(session.Destroy(ctx, ""))
	}
	return c.replace(g, gateway)
}

// keep lets others use what was made.
func (g *chaoticGateway) keep(gateway *client, s *janus.Session, h *janus.Handle) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.client != gateway: // closed meanwhile
	case s != nil:
		g.sessions = append(g.sessions, s)
	default:
		g.handles = append(g.handles, h)
	}
}

// message sends a number and expects the very same back.
func (c *chaos) message(ctx context.Context, handle *janus.Handle) error {
	want := int(c.nonces.Add(1))
	got := 0
	if rand.N(2) == 0 {
		reply, err := handle.Message(ctx, "", order{Do: "echo", Nonce: want}, nil)
		if err != nil {
			return err
		}
		got = nonce(reply)
	} else {
		reply, err := handle.Request(ctx, "", order{Do: "now", Nonce: want})
		if err != nil {
			return err
		}
		got = nonce(&janus.EventMsg{Plugindata: reply.PluginData})
	}
	if got != want {
		c.t.Errorf("request %d was answered with %d", want, got)
	}
	return nil
}

// cancelled makes a call whose context ends at any moment.
func (c *chaos) cancelled(gateway *client, session *janus.Session, handle *janus.Handle) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), rand.N(2*time.Millisecond))
	defer cancel()
	var err error
	switch rand.N(3) {
	case 0:
		err = of(gateway.Create(ctx, ""))
	case 1:
		err = of(session.Attach(ctx, "", plugin))
	default:
		err = c.message(ctx, handle)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// replace closes a Gateway and puts another into its place.
func (c *chaos) replace(g *chaoticGateway, gateway *client) error {
	gateway.end(c.t)
	next, group, err := janus.Dial(c.t.Context(), c.url, &janus.DialOptions{RequestTimeout: -1})
	if err != nil {
		c.t.Errorf("dial: %v", err)
		return err
	}
	fresh := follow(next, group)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.client != gateway { // replaced by another goroutine
		return fresh.Close(normalClosure, "")
	}
	g.client, g.sessions, g.handles = fresh, nil, nil
	return nil
}

// settle counts an outcome. What fails must have lost what it needed.
func (c *chaos) settle(op int, err error) {
	if err == nil {
		c.done[op].Add(1)
		return
	}
	c.failed.Add(1)
	if isEnded(err) {
		return
	}
	c.t.Errorf("a call failed with %v", err)
}

// assertEmpty destroys what is left and checks that a live Gateway then
// remembers no call, session or handle.
func (g *chaoticGateway) assertEmpty(t *testing.T) {
	t.Helper()
	g.client.Lock()
	var left []*janus.Session
	for _, s := range g.client.Sessions {
		left = append(left, s)
	}
	g.client.Unlock()
	for _, s := range left {
		if _, err := s.Destroy(t.Context(), ""); err != nil {
			t.Errorf("destroy: %v", err)
		}
	}
	for _, s := range g.sessions {
		drain(t, "Session.Events", s.Events)
	}
	for _, h := range g.handles {
		drain(t, "Handle.Events", h.Events)
	}
	g.client.mustLive(t) // what its calls changed is seen by this goroutine after it
	if n := callsLeft(g.client.Gateway); n != 0 {
		t.Errorf("%d calls are remembered", n)
	}
	eventually(t, "Gateway.Sessions is empty", g.client, func() bool { return len(g.client.Sessions) == 0 })
	for _, s := range g.sessions {
		assertHandlesGone(t, s)
	}
}
