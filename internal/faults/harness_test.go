package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

const (
	// patience is how long anything may take before a test says that it hangs.
	patience = 40 * time.Second

	// slack is what a busy machine may add to a deadline that is asserted.
	slack = 10 * time.Second
)

// The websocket's close statuses.
const (
	normalClosure = 1000
	goingAway     = 1001
)

// full is whether the long form was asked for.
var full = os.Getenv("JANUS_FAULTS") == "full"

// pick returns the value for the short or the long form of a test.
func pick[T any](short, long T) T {
	if full {
		return long
	}
	return short
}

// client is a Gateway and what became of its group.
type client struct {
	*janus.Gateway
	ended chan struct{} // closed when the group has ended
	err   error         // of the group
}

// connect dials and closes the Gateway when the test ends.
func connect(t testing.TB, url string, opts *janus.DialOptions) *client {
	t.Helper()
	gateway, group, err := janus.Dial(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	c := follow(gateway, group)
	t.Cleanup(func() { c.end(t) })
	return c
}

// follow waits for the group in the background.
func follow(gateway *janus.Gateway, group *errgroup.Group) *client {
	c := &client{Gateway: gateway, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		c.err = group.Wait()
	}()
	return c
}

// end closes the Gateway, which must return, end the group and leave no call.
func (c *client) end(t testing.TB) {
	t.Helper()
	within(t, "Close", func() { _ = c.Close(normalClosure, "") })
	await(t, "the group's end after Close", c.ended)
	c.assertEmpty(t)
}

// assertEmpty checks that an ended Gateway remembers nothing.
func (c *client) assertEmpty(t testing.TB) {
	t.Helper()
	if n := callsLeft(c.Gateway); n != 0 {
		t.Errorf("%d calls are remembered", n)
	}
	if n := gatewayField(c.Gateway, "sessions").FieldByName("routes").Len(); n != 0 {
		t.Errorf("%d sessions are remembered", n)
	}
	eventually(t, "Gateway.Sessions is empty", c.Gateway, func() bool { return len(c.Sessions) == 0 })
}

// eventually waits for what ok says under a lock. The maps that callers see
// follow the channels, since the client waits for nobody who holds their locks.
func eventually(t testing.TB, what string, lock sync.Locker, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		lock.Lock()
		done := ok()
		lock.Unlock()
		if done {
			return
		}
		if time.Now().After(end) {
			t.Errorf("it never comes true that %s", what)
			return
		}
	}
}

// assertHandlesGone waits until a session lists no handle.
func assertHandlesGone(t testing.TB, s *janus.Session) {
	t.Helper()
	eventually(t, "Session.Handles is empty", s, func() bool { return len(s.Handles) == 0 })
}

// mustEnd waits for the end of the group and returns its error, which must be
// one.
func (c *client) mustEnd(t testing.TB) error {
	t.Helper()
	await(t, "the end of the group", c.ended)
	if c.err == nil {
		t.Error("the group reports no error")
	}
	return c.err
}

// mustLive checks that the connection serves a call.
func (c *client) mustLive(t testing.TB) {
	t.Helper()
	if _, err := c.Info(t.Context(), ""); err != nil {
		t.Errorf("the connection should have lived: %v", err)
	}
}

// session creates a session.
func (c *client) session(t testing.TB) *janus.Session {
	t.Helper()
	s, err := c.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// attach attaches a handle to the scripted plugin.
func attach(t testing.TB, s *janus.Session) *janus.Handle {
	t.Helper()
	return attachTo(t, s, plugin)
}

func attachTo(t testing.TB, s *janus.Session, plugin string) *janus.Handle {
	t.Helper()
	h, err := s.Attach(t.Context(), "", plugin)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// open creates a session with a handle to the scripted plugin.
func (c *client) open(t testing.TB) (*janus.Session, *janus.Handle) {
	t.Helper()
	s := c.session(t)
	return s, attach(t, s)
}

// callsLeft returns how many calls a Gateway remembers.
func callsLeft(g *janus.Gateway) int {
	table := gatewayField(g, "calls")
	table = reflect.NewAt(table.Type(), table.Addr().UnsafePointer()).Elem() // so that its methods can be called
	return int(table.MethodByName("Len").Call(nil)[0].Int())
}

// gatewayField returns a field that is not exported.
func gatewayField(g *janus.Gateway, name string) reflect.Value {
	return reflect.ValueOf(g).Elem().FieldByName(name)
}

// within fails the test if f takes longer than patience.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	await(t, what, done)
}

// await waits for a channel to be closed, or for a value.
func await[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: hangs for %v\n%s", what, patience, stacks())
		panic("unreachable")
	}
}

// next returns the next message of an Events channel.
func next(t testing.TB, what string, events <-chan any) any {
	t.Helper()
	select {
	case msg, ok := <-events:
		if !ok {
			t.Fatalf("%s: closed", what)
		}
		return msg
	case <-time.After(patience):
		t.Fatalf("%s: nothing comes", what)
		return nil
	}
}

// drain returns what is left on an Events channel, which must be closed.
func drain(t testing.TB, what string, events <-chan any) []any {
	t.Helper()
	var all []any
	timeout := time.After(patience)
	for {
		select {
		case msg, ok := <-events:
			if !ok {
				return all
			}
			all = append(all, msg)
		case <-timeout:
			t.Fatalf("%s: not closed after %d messages\n%s", what, len(all), stacks())
		}
	}
}

// calls are calls that wait for their replies in the background.
type calls struct {
	wg   sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

// start makes a call in the background.
func (c *calls) start(call func() error) {
	c.wg.Go(func() {
		err := call()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.errs = append(c.errs, err)
	})
}

// wait returns the errors of the calls when all have returned.
func (c *calls) wait(t testing.TB) []error {
	t.Helper()
	within(t, "waiting calls", c.wg.Wait)
	return c.errs
}

// waiters makes n calls that the plugin does not answer and returns when the
// server has them.
func waiters(t testing.TB, server *stub, h *janus.Handle, n int) *calls {
	t.Helper()
	c := new(calls)
	for range n {
		c.start(func() error {
			_, err := h.Message(t.Context(), "", order{Do: "nothing"}, nil)
			return err
		})
	}
	for range n {
		await(t, "the arrival of a request", server.ignored)
	}
	return c
}

// assertClosed checks that each error is ErrClosed and wraps the cause.
func assertClosed(t testing.TB, errs []error, cause error) {
	t.Helper()
	for _, err := range errs {
		if !errors.Is(err, janus.ErrClosed) {
			t.Errorf("a waiting call failed with %v, want ErrClosed", err)
		}
		if root := rootOf(cause); root != nil && !errors.Is(err, root) {
			t.Errorf("a waiting call failed with %v, which does not wrap the cause %v", err, root)
		}
	}
}

// rootOf returns the innermost error.
func rootOf(err error) error {
	for err != nil {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
	return nil
}

// plugin is the name of the scripted plugin.
const plugin = "janus.plugin.faults"

// order is a request to the scripted plugin.
type order struct {
	Do    string `json:"do"`
	Nonce int    `json:"nonce"`
	Count int    `json:"count,omitempty"`
	Pad   string `json:"pad,omitempty"`
}

// stub is a janustest server with the scripted plugin.
type stub struct {
	*janustest.Server
	ignored chan struct{} // one for every request that is not answered
}

// newStub starts a server, whose sessions live for ever. configure, if not nil,
// sets its fields before.
func newStub(t testing.TB, configure func(*janustest.Server)) *stub {
	t.Helper()
	return startStub(t, configure, (*janustest.Server).Start)
}

// newServerFor starts a server with TLS or without.
func newServerFor(t testing.TB, tls bool) *stub {
	t.Helper()
	if tls {
		return startStub(t, nil, (*janustest.Server).StartTLS)
	}
	return newStub(t, nil)
}

func startStub(t testing.TB, configure, start func(*janustest.Server)) *stub {
	t.Helper()
	server := &stub{Server: janustest.NewUnstartedServer(), ignored: make(chan struct{}, 1<<16)}
	server.SessionTimeout = -1
	if configure != nil {
		configure(server.Server)
	}
	server.Handle(plugin, janustest.PluginFunc(server.serve))
	start(server.Server)
	t.Cleanup(server.Close)
	return server
}

// serve answers a request to the scripted plugin.
func (s *stub) serve(r *janustest.Request) {
	var o order
	_ = json.Unmarshal(r.Body, &o) // every test sends an order
	switch o.Do {
	case "nothing":
		s.ignored <- struct{}{}
	case "echo": // asynchronously
		_ = r.Ack() // the client may have gone, here and below
		_ = r.Event(o, nil)
	case "now":
		_ = r.Success(o)
	case "events":
		_ = r.Ack()
		for i := range o.Count {
			_ = r.Notify(order{Nonce: i}, nil)
		}
		_ = r.Event(o, nil)
	}
}

// nonce returns the number in a message of the scripted plugin, or -1.
func nonce(msg any) int {
	event, ok := msg.(*janus.EventMsg)
	if !ok {
		return -1
	}
	n, ok := event.Plugindata.Data["nonce"].(float64)
	if !ok {
		return -1
	}
	return int(n)
}

// assertSequence checks that messages are events numbered from zero.
func assertSequence(t testing.TB, what string, messages []any, n int) {
	t.Helper()
	if len(messages) != n {
		t.Errorf("%s: %d messages, want %d", what, len(messages), n)
	}
	for i, msg := range messages {
		if nonce(msg) != i {
			t.Errorf("%s: message %d is %T %v", what, i, msg, nonce(msg))
			return
		}
	}
}

// smallBuffers is an HTTP client whose sockets hold little.
func smallBuffers() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		tcp := conn.(*net.TCPConn)
		return conn, errors.Join(tcp.SetReadBuffer(64<<10), tcp.SetWriteBuffer(32<<10))
	}
	return &http.Client{Transport: transport}
}

// noLeaks checks at the end of a test, when all has been closed that the test
// opened after this call, that no goroutine of it is left.
func noLeaks(t testing.TB) {
	t.Helper()
	before := goroutines()
	t.Cleanup(func() {
		t.Helper()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		var left []string
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			left = left[:0]
			for id, stack := range goroutines() {
				if _, old := before[id]; !old {
					left = append(left, stack)
				}
			}
			if len(left) == 0 {
				return
			}
			time.Sleep(time.Millisecond) // there is no event for a goroutine's end
		}
		t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
	})
}

// goroutines returns the stacks of all goroutines but the testing package's, by
// id.
func goroutines() map[string]string {
	all := make(map[string]string)
	for stack := range strings.SplitSeq(stacks(), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		if !slices.ContainsFunc(ignoredStacks, func(s string) bool { return strings.Contains(stack, s) }) {
			all[id] = stack
		}
	}
	return all
}

// ignoredStacks are of goroutines that are not a test's doing.
var ignoredStacks = []string{
	"testing.(*T).Run(", "testing.(*M).", "testing.runFuzz", "testing.tRunner.func", "runtime/pprof", "os/signal.",
	"faults.goroutines(",
}

func stacks() string {
	for buf := make([]byte, 1<<20); ; buf = make([]byte, 2*len(buf)) {
		if n := runtime.Stack(buf, true); n < len(buf) {
			return string(bytes.TrimSpace(buf[:n]))
		}
	}
}

// heapInUse returns the bytes that live on the heap.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools kept through the first
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// mib is for figures that are printed.
func mib(bytes uint64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the faults are no news
	os.Exit(m.Run())
}
