package tracing

import (
	"context"
	"testing"

	"github.com/cameronelliott/janus-go/internal/queue"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/wire"
	"github.com/cameronelliott/janus-go/trace"
)

// Hooks are called without an allocation, so what they cost is their own.
func TestAllocations(t *testing.T) {
	calls := 0
	tracer := New(&trace.Trace{
		RequestStart:   func(ctx context.Context, _ trace.Request) context.Context { calls++; return ctx },
		RequestEnd:     func(context.Context, trace.Request, trace.Result) { calls++ },
		EventDelivered: func(trace.Event) { calls++ },
		EventDropped:   func(trace.Drop) { calls++ },
	}, "ws://server/", safelog.New(nil))
	pushed, msg := tracer.Pushed(), new(wire.Frame)
	allocs := testing.AllocsPerRun(100, func() {
		calls = 0
		r := tracer.Start(t.Context(), &wire.Request{Janus: "keepalive", Session: 1}, "")
		r.End(trace.Result{})
		pushed(queue.Tag{Session: 1}, msg, msg, 1)
		tracer.Unroutable(msg, msg)
	})
	if calls != 5 || allocs != 0 {
		t.Errorf("%d calls, want 5, with %v allocations", calls, allocs)
	}
}

// Without hooks there is no Tracer, and one that is nil does nothing.
func TestNil(t *testing.T) {
	tracer := New(nil, "ws://server/", nil)
	if tracer != nil || tracer.Pushed() != nil {
		t.Fatal("a Tracer without hooks")
	}
	tracer.Unread(1)
	tracer.Unroutable(new(wire.Frame), new(wire.Frame))
	tracer.Changed(trace.Connected, nil)
	dialed := false
	_, _ = Dial(tracer, func(context.Context) (int, error) { dialed = true; return 0, nil })(t.Context())
	if !dialed {
		t.Error("nothing is dialed")
	}
}
