package tracetest

import (
	"context"
	"log/slog"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/trace"
)

// Hooks that panic are logged and harm nothing; nor do hooks that are nil, or
// that return no context.
func TestHooksHarmNothing(t *testing.T) {
	hasContext := func(ctx context.Context) {
		if ctx == nil {
			t.Error("RequestEnd has no context")
		}
	}
	panicking := &janus.Trace{
		RequestStart: func(context.Context, trace.Request) context.Context { panic("request start") },
		RequestEnd: func(ctx context.Context, _ trace.Request, _ trace.Result) {
			hasContext(ctx)
			panic("request end")
		},
		EventDelivered: func(trace.Event) { panic("delivered") },
		EventDropped:   func(trace.Drop) { panic("dropped") },
		DialStart:      func(context.Context, trace.Dial) context.Context { panic("dial start") },
		DialEnd:        func(context.Context, trace.Dial, trace.DialResult) { panic("dial end") },
		StateChanged:   func(trace.StateChange) { panic("state") },
	}
	nothing := &janus.Trace{
		RequestStart: func(context.Context, trace.Request) context.Context { return nil },
		RequestEnd:   func(ctx context.Context, _ trace.Request, _ trace.Result) { hasContext(ctx) },
		DialStart:    func(context.Context, trace.Dial) context.Context { return nil },
	}
	for name, hooks := range map[string]*janus.Trace{"panicking": panicking, "nil": {}, "nothing": nothing} {
		t.Run(name, func(t *testing.T) {
			log := testutil.NewLogs()
			work(t, &janus.DialOptions{Logger: log.Logger(slog.LevelWarn), Trace: hooks})
			if name != "panicking" {
				return
			}
			for _, hook := range []string{
				"RequestStart", "RequestEnd", "EventDelivered", "EventDropped", "DialStart", "DialEnd", "StateChanged",
			} {
				log.Await(t, "panic in Trace."+hook, 1)
			}
		})
	}
}

// work has every hook called and checks that all goes as without hooks.
func work(t *testing.T, opts *janus.DialOptions) {
	t.Helper()
	srv := testutil.NewServer(t, nil)
	g, group := testutil.Dial(t, srv, opts)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	if err := srv.Send(session.ID, `{"janus":"webrtcup","session_id":17,"sender":4}`); err != nil {
		t.Fatal(err)
	}
	if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": 1}, nil); err != nil {
		t.Fatal(err)
	}
	testutil.ReceiveAs[*janus.EventMsg](t, handle.Events)
	if _, err := handle.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
	testutil.Close(t, g)
	if err := testutil.Wait(t, group); err != nil {
		t.Error(err)
	}
}

// Dial copies the hooks.
func TestTraceIsCopied(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	hooks := r.trace()
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, Trace: hooks})
	*hooks = janus.Trace{}
	if err := g.Ping(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	if got := r.last(t); got.Verb != "ping" {
		t.Errorf("%+v", got)
	}
}

// Both of two joined Traces are called, in their order, and the context passes
// through both. A panic of the first keeps nothing from the second.
func TestJoin(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	first, second := new(record), new(record)
	hooks := first.trace()
	end, changed := hooks.RequestEnd, hooks.StateChanged
	hooks.RequestEnd = func(ctx context.Context, q trace.Request, result trace.Result) {
		end(ctx, q, result)
		panic("a bug")
	}
	hooks.StateChanged = func(c trace.StateChange) {
		changed(c)
		panic("a bug")
	}
	joined := trace.Join(hooks, second.trace())
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, Trace: joined})
	if err := g.Ping(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	if got := second.last(t); got.Verb != "ping" || got.start.Value(ofHook) == nil {
		t.Errorf("the second: %+v", got)
	}
	testutil.Close(t, g)
	for name, r := range map[string]*record{"first": first, "second": second} {
		if len(r.states) != 2 || len(r.dials) != 1 {
			t.Errorf("the %s: %+v %+v", name, r.states, r.dials)
		}
	}
}

// Joining with nothing returns the other, also for single hooks.
func TestJoinNil(t *testing.T) {
	one := new(janus.Trace)
	if trace.Join(nil, one) != one || trace.Join(one, nil) != one || trace.Join(nil, nil) != nil {
		t.Error("Join of nil is not the other")
	}
	calls := 0
	one.StateChanged = func(trace.StateChange) { calls++ }
	one.RequestStart = func(ctx context.Context, _ trace.Request) context.Context { calls++; return ctx }
	one.RequestEnd = func(context.Context, trace.Request, trace.Result) { calls++ }
	for _, joined := range []*janus.Trace{trace.Join(one, new(janus.Trace)), trace.Join(new(janus.Trace), one)} {
		joined.StateChanged(trace.StateChange{})
		joined.RequestStart(t.Context(), trace.Request{})
		joined.RequestEnd(t.Context(), trace.Request{}, trace.Result{})
		if joined.EventDelivered != nil {
			t.Error("a hook that neither has")
		}
	}
	if calls != 6 {
		t.Errorf("%d calls, want 6", calls)
	}
}
