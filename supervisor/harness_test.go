//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package supervisor_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/supervisor"
)

var errOurs = errors.New("an error of the application")

// quick are options with short delays.
func quick(urls ...string) *supervisor.Options {
	return &supervisor.Options{
		URLs:     urls,
		MinDelay: time.Millisecond,
		MaxDelay: 10 * time.Millisecond,
		Logger:   testutil.Quiet,
	}
}

// attach is an up that attaches to the EchoTest.
func attach(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
	return u.Attach(ctx, janus.AttachOptions{Plugin: testutil.EchoTest})
}

// whole is an up that returns the unit, after it has attached.
func whole(ctx context.Context, u *supervisor.Unit) (*supervisor.Unit, error) {
	_, err := attach(ctx, u)
	return u, err
}

// runner is a Supervisor that runs, and what has become of it.
type runner[T any] struct {
	*supervisor.Supervisor[T]
	t      *testing.T
	cancel context.CancelFunc
	done   chan struct{} // closed when Run has returned
	err    error         // of Run

	mu      sync.Mutex
	history []supervisor.Status
	news    chan struct{} // a value when history has grown
}

// run runs a Supervisor until the test ends, and checks that it leaves no goroutine.
func run[T any](t *testing.T, up func(context.Context, *supervisor.Unit) (T, error), opts *supervisor.Options) *runner[T] {
	t.Helper()
	r := &runner[T]{t: t, done: make(chan struct{}), news: make(chan struct{}, 1)}
	if opts.Changed == nil {
		opts.Changed = r.changed
	}
	r.Supervisor = supervisor.New(up, opts)
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(r.done)
		r.err = r.Run(ctx)
	}()
	t.Cleanup(func() {
		_ = r.stop()
		noGoroutines(t)
	})
	return r
}

// stop ends Run and returns its error.
func (r *runner[T]) stop() error {
	r.t.Helper()
	r.cancel()
	return r.wait()
}

// wait returns the error of Run.
func (r *runner[T]) wait() error {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(testutil.Patience):
		r.t.Fatalf("Run does not return:\n%s", stacks())
	}
	return r.err
}

func (r *runner[T]) changed(status supervisor.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, status)
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// statuses returns all statuses so far.
func (r *runner[T]) statuses() []supervisor.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.history)
}

// await waits for a status, past or future, and returns it. One goroutine at a time may
// wait.
func (r *runner[T]) await(what string, ok func(supervisor.Status) bool) supervisor.Status {
	r.t.Helper()
	timeout := time.After(testutil.Patience)
	for {
		for _, status := range r.statuses() {
			if ok(status) {
				return status
			}
		}
		select {
		case <-r.news:
		case <-timeout:
			r.t.Fatalf("no status: %s; got %+v", what, r.statuses())
		}
	}
}

// awaitUp waits until the n-th unit is up.
func (r *runner[T]) awaitUp(n int) supervisor.Status {
	r.t.Helper()
	return r.await("up", func(s supervisor.Status) bool { return s.State == supervisor.StateUp && s.Units == n })
}

// downs returns why units that were up have ended, in order.
func (r *runner[T]) downs() []error {
	var errs []error
	up := false
	for _, status := range r.statuses() {
		if status.State == supervisor.StateDown && up {
			errs = append(errs, status.Err)
		}
		up = status.State == supervisor.StateUp
	}
	return errs
}

// get returns what is up.
func (r *runner[T]) get() T {
	r.t.Helper()
	v, err := r.Get(testutil.Context(r.t))
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// noGoroutines fails if a Supervisor or a Gateway still has a goroutine.
func noGoroutines(t *testing.T) {
	t.Helper()
	var left string
	for deadline := time.Now().Add(testutil.Patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		left = ""
		for _, stack := range strings.Split(stacks(), "\n\n") {
			ours := strings.Contains(stack, "janus-go.(") || strings.Contains(stack, "janus-go/supervisor") ||
				strings.Contains(stack, "janus-go/internal/")
			other := strings.Contains(stack, "testing.tRunner(") || strings.Contains(stack, "internal/realjanus.") ||
				strings.Contains(stack, "testutil.ServeMemory")
			if ours && !other {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return
		}
	}
	t.Fatalf("goroutines left:\n%s", left)
}

// leavesNothing ends Run and checks that the servers have neither a session nor a
// connection any more.
func (r *runner[T]) leavesNothing(servers ...*janustest.Server) {
	r.t.Helper()
	if err := r.stop(); err != nil {
		r.t.Errorf("Run returned %v", err)
	}
	for _, server := range servers {
		testutil.Eventually(r.t, "the end of all connections", func() bool { return server.Connections() == 0 })
		if sessions := server.Sessions(); len(sessions) > 0 {
			r.t.Errorf("sessions left: %v", sessions)
		}
	}
}

// verbs returns what requests the server has received, without keepalives.
func verbs(server *janustest.Server) []string {
	var verbs []string
	for _, request := range server.Requests() {
		if verb := testutil.BaseOf(request).Type; verb != "keepalive" {
			verbs = append(verbs, verb)
		}
	}
	return verbs
}

// once has the server drop the first request of a verb. It returns a channel that is
// closed then.
func once(server *janustest.Server, verb string) <-chan struct{} {
	arrived := make(chan struct{})
	var first sync.Once
	server.Intercept(func(request json.RawMessage, _ func(any)) (drop bool) {
		if testutil.BaseOf(request).Type == verb {
			first.Do(func() { drop = true; close(arrived) })
		}
		return drop
	})
	return arrived
}

// say sends a message to the EchoTest.
func say(ctx context.Context, h *janus.Handle) error {
	_, err := h.Call(ctx, map[string]any{"audio": true}, nil)
	return err
}

// answer serves a connection in memory: it opens sessions and acknowledges the rest.
func answer(conn *websocket.Conn) { answerAll(conn, func(string) {}) }

// answerAll is like answer, and calls note with the verb of each request.
func answerAll(conn *websocket.Conn, note func(verb string)) {
	for {
		_, request, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		base := testutil.BaseOf(request)
		note(base.Type)
		frame := strings.ReplaceAll(testutil.Answers(base), "TX", base.ID)
		if conn.Write(context.Background(), websocket.MessageText, []byte(frame)) != nil {
			return
		}
	}
}
