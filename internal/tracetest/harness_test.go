package tracetest

import (
	"context"
	"slices"
	"sync"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/trace"
)

// request is what the hooks of one request were called with.
type request struct {
	trace.Request
	trace.Result
	start, end context.Context
}

// dialed is what the hooks of one dial were called with.
type dialed struct {
	trace.Dial
	trace.DialResult
	start, end context.Context
}

// record keeps what hooks are called with.
type record struct {
	mu        sync.Mutex
	open      int // requests without an end
	requests  []request
	delivered []trace.Event
	dropped   []trace.Drop
	dials     []dialed
	states    []trace.StateChange
}

type key int

const (
	ofCaller key = iota // the context value of a caller
	ofHook              // that of a hook
)

func (r *record) trace() *janus.Trace {
	return &janus.Trace{
		RequestStart: func(ctx context.Context, q trace.Request) context.Context {
			defer r.lock()()
			r.open++
			return context.WithValue(ctx, ofHook, request{Request: q, start: ctx})
		},
		RequestEnd: func(ctx context.Context, q trace.Request, result trace.Result) {
			defer r.lock()()
			r.open--
			started, _ := ctx.Value(ofHook).(request)
			started.Result, started.end = result, ctx
			if started.Request != q {
				started.Verb = "other arguments at the end"
			}
			r.requests = append(r.requests, started)
		},
		EventDelivered: func(e trace.Event) {
			defer r.lock()()
			r.delivered = append(r.delivered, e)
		},
		EventDropped: func(d trace.Drop) {
			defer r.lock()()
			r.dropped = append(r.dropped, d)
		},
		DialStart: func(ctx context.Context, d trace.Dial) context.Context {
			return context.WithValue(ctx, ofHook, dialed{Dial: d, start: ctx})
		},
		DialEnd: func(ctx context.Context, d trace.Dial, result trace.DialResult) {
			defer r.lock()()
			started, _ := ctx.Value(ofHook).(dialed)
			started.DialResult, started.end = result, ctx
			r.dials = append(r.dials, started)
		},
		StateChanged: func(c trace.StateChange) {
			defer r.lock()()
			r.states = append(r.states, c)
		},
	}
}

func (r *record) lock() (unlock func()) {
	r.mu.Lock()
	return r.mu.Unlock
}

// take returns what one of the record's lists has, and empties it.
func take[T any](r *record, list *[]T) []T {
	defer r.lock()()
	taken := *list
	*list = nil
	return taken
}

// await waits until one of the record's lists has n elements, and takes them.
func await[T any](t *testing.T, r *record, list *[]T, n int) []T {
	t.Helper()
	testutil.Eventually(t, "the hooks are called", func() bool {
		defer r.lock()()
		return len(*list) >= n
	})
	taken := take(r, list)
	if len(taken) != n {
		t.Fatalf("%d calls of a hook, want %d: %+v", len(taken), n, taken)
	}
	return taken
}

// last takes the only request there is.
func (r *record) last(t *testing.T) request {
	t.Helper()
	taken := take(r, &r.requests)
	if len(taken) != 1 || r.open != 0 {
		t.Fatalf("%d requests have ended and %d have not, want one that has: %+v", len(taken), r.open, taken)
	}
	return taken[0]
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
