package otel_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/otel"
	"github.com/cameronelliott/janus-go/trace"
)

// dial connects with instrumented options.
func (l *lab) dial(t *testing.T, srv *janustest.Server, opts *janus.DialOptions) *janus.Gateway {
	t.Helper()
	options := &otel.Options{
		MeterProvider: l.meters, TracerProvider: l.traces,
		Attributes: []attribute.KeyValue{attribute.String("team", "a")},
	}
	if err := otel.Instrument(opts, options); err != nil {
		t.Fatal(err)
	}
	g, _ := testutil.Dial(t, srv, opts)
	return g
}

// Requests are counted by verb, plugin and outcome.
func TestRequestMetrics(t *testing.T) {
	l := newLab(t)
	srv := testutil.NewServer(t, nil)
	g := l.dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet})
	ctx := testutil.Context(t)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	if _, err := session.Attach(ctx, "", "janus.plugin.none"); err == nil {
		t.Error("no error")
	}
	if _, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := handle.Message(ctx, "", map[string]any{"audio": 1}, nil); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := g.Ping(ended, ""); err == nil {
		t.Error("no error")
	}
	l.check(t, "rpc.client.call.duration", map[string]int64{
		"rpc.method=create": 1,
		"janus.plugin=janus.plugin.echotest,rpc.method=attach":                                                            1,
		"error.type=460,janus.plugin=janus.plugin.none,rpc.method=attach,rpc.response.status_code=460":                    1,
		"janus.plugin=janus.plugin.echotest,rpc.method=message":                                                           1,
		"error.type=plugin.413,janus.plugin=janus.plugin.echotest,rpc.method=message,rpc.response.status_code=plugin.413": 1,
		"error.type=canceled,rpc.method=ping":                                                                             1,
	})
	for attributes, n := range l.sums(t, "janus.client.active_requests") {
		if n != 0 {
			t.Errorf("%d requests of %s are in flight", n, attributes)
		}
	}
	bytes := l.sums(t, "janus.client.io")
	if bytes["network.io.direction=transmit,rpc.method=create"] < 40 || bytes["network.io.direction=receive,rpc.method=create"] < 40 {
		t.Errorf("bytes: %v", bytes)
	}
}

// A request is in flight until it is answered.
func TestActiveRequests(t *testing.T) {
	l := newLab(t)
	srv := testutil.NewServer(t, nil)
	g := l.dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet})
	testutil.Reply(srv, "ping", "")
	ctx, cancel := context.WithCancel(testutil.Context(t))
	result := make(chan error, 1)
	go func() { result <- g.Ping(ctx, "") }()
	testutil.Eventually(t, "a request is in flight", func() bool {
		return l.sums(t, "janus.client.active_requests")["rpc.method=ping"] == 1
	})
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	l.check(t, "janus.client.active_requests", map[string]int64{"rpc.method=ping": 0})
}

// Spans continue the caller's trace and tell of the request and its outcome.
func TestSpans(t *testing.T) {
	l := newLab(t)
	srv := testutil.NewServer(t, nil)
	ctx, parent := l.traces.Tracer("test").Start(testutil.Context(t), "parent")
	g := l.dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet})
	session := testutil.Create(t, g)
	handle, err := session.Attach(ctx, "", testutil.EchoTest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handle.Message(ctx, "", map[string]any{"audio": 1}, nil); err != nil {
		t.Fatal(err)
	}
	parent.End()
	spans := map[string]sdktrace.ReadOnlySpan{}
	for _, span := range l.spans.Ended() {
		spans[span.Name()] = span
	}
	for _, name := range []string{"attach janus.plugin.echotest", "message janus.plugin.echotest"} {
		span := spans[name]
		if span == nil {
			t.Fatalf("no span %q among %v", name, spans)
		}
		if span.Parent().SpanID() != parent.SpanContext().SpanID() || span.SpanKind() != oteltrace.SpanKindClient {
			t.Errorf("%s: the parent is %v, the kind %v", name, span.Parent(), span.SpanKind())
		}
	}
	failed := spans["message janus.plugin.echotest"]
	attrs := attribute.NewSet(failed.Attributes()...)
	for key, want := range map[attribute.Key]string{
		"rpc.system.name": "janus", "rpc.method": "message", "error.type": "plugin.413",
		"server.address": "127.0.0.1", "team": "a", "janus.handle.id": id(handle.ID),
	} {
		if got, _ := attrs.Value(key); got.String() != want {
			t.Errorf("%s is %q, want %q", key, got.String(), want)
		}
	}
	if failed.Status().Code != codes.Error || spans["attach janus.plugin.echotest"].Status().Code != codes.Unset {
		t.Errorf("the status is %v", failed.Status())
	}
	if spans["dial"] == nil || spans["create"] == nil || spans["create"].Parent().IsValid() {
		t.Errorf("spans: %v", spans)
	}
}

// A dial that restores a connection is no part of the trace of the first one, but
// linked to it.
func TestRedialSpan(t *testing.T) {
	l := newLab(t)
	srv := testutil.NewServer(t, nil)
	opts := testutil.Reconnecting()
	if err := otel.Instrument(opts, &otel.Options{MeterProvider: l.meters, TracerProvider: l.traces}); err != nil {
		t.Fatal(err)
	}
	ctx, parent := l.traces.Tracer("test").Start(context.Background(), "parent")
	g, _, err := janus.Dial(ctx, srv.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer testutil.Close(t, g)
	srv.Cut()
	testutil.Eventually(t, "two dials have ended", func() bool { return len(l.spans.Ended()) == 2 })
	first, again := l.spans.Ended()[0], l.spans.Ended()[1]
	if first.Parent().SpanID() != parent.SpanContext().SpanID() {
		t.Errorf("the parent of the first dial is %v", first.Parent())
	}
	if again.Parent().IsValid() || len(again.Links()) != 1 || again.Links()[0].SpanContext.SpanID() != parent.SpanContext().SpanID() {
		t.Errorf("the parent of the second is %v, its links %v", again.Parent(), again.Links())
	}
}

// Events and drops are counted by plugin and kind.
func TestEventMetrics(t *testing.T) {
	l := newLab(t)
	srv := testutil.NewServer(t, nil)
	opts := &janus.DialOptions{Logger: testutil.Quiet, EventBacklog: 2}
	g := l.dial(t, srv, opts)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	for i := range 20 {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	const attributes = "janus.message.type=EventMsg,janus.plugin=janus.plugin.echotest"
	testutil.Eventually(t, "the events have arrived", func() bool {
		return l.sums(t, "janus.client.event.delivered")[attributes] == 20
	})
	dropped := l.sums(t, "janus.client.event.dropped")[attributes+",janus.reason=overflow"]
	if dropped == 0 || dropped > 18 {
		t.Errorf("%d are dropped", dropped)
	}
	opts.Trace.EventDropped(trace.Drop{Reason: trace.Unread, Count: 7})
	if got := l.sums(t, "janus.client.event.dropped")["janus.reason=unread"]; got != 7 {
		t.Errorf("%d are unread, want 7", got)
	}
	l.check(t, "janus.client.event.queue_depth", map[string]int64{"janus.plugin=janus.plugin.echotest": 20})
}

// Connections are counted by state, and so are losses and dials.
func TestConnectionMetrics(t *testing.T) {
	l := newLab(t)
	srv := testutil.NewServer(t, nil)
	g := l.dial(t, srv, testutil.Reconnecting())
	l.check(t, "janus.client.connections", map[string]int64{"janus.connection.state=connected": 1})
	srv.Cut()
	testutil.Eventually(t, "the connection is restored", func() bool {
		return l.sums(t, "janus.client.connection.restored")[""] == 1
	})
	l.check(t, "janus.client.connections", map[string]int64{
		"janus.connection.state=connected": 1, "janus.connection.state=reconnecting": 0,
	})
	l.check(t, "janus.client.connection.lost", map[string]int64{"": 1})
	l.check(t, "janus.client.dial.duration", map[string]int64{"janus.redial=false": 1, "janus.redial=true": 1})
	testutil.Close(t, g)
	l.check(t, "janus.client.connections", map[string]int64{
		"janus.connection.state=connected": 0, "janus.connection.state=reconnecting": 0,
	})
	l.check(t, "janus.client.connection.lost", map[string]int64{"": 1})
}

// Instrument keeps a Trace that is set. The counts stay right if it panics.
func TestInstrumentKeepsTrace(t *testing.T) {
	l := newLab(t)
	srv := testutil.NewServer(t, nil)
	verbs := make(chan string, 10)
	g := l.dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, Trace: &janus.Trace{
		RequestStart: func(ctx context.Context, r trace.Request) context.Context {
			verbs <- r.Verb
			panic("a bug")
		},
	}})
	if err := g.Ping(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	if verb := <-verbs; verb != "ping" {
		t.Errorf("the hook got %s", verb)
	}
	for attributes, n := range l.sums(t, "janus.client.active_requests") {
		if n != 0 {
			t.Errorf("%d requests of %s are in flight", n, attributes)
		}
	}
}

// Options may be instrumented twice, for two backends: each ends its own spans and
// counts its own requests.
func TestInstrumentTwice(t *testing.T) {
	labs := []*lab{newLab(t), newLab(t)}
	opts := new(janus.DialOptions)
	for _, l := range labs {
		if err := otel.Instrument(opts, &otel.Options{MeterProvider: l.meters, TracerProvider: l.traces}); err != nil {
			t.Fatal(err)
		}
	}
	d := trace.Dial{Server: "ws://server/"}
	opts.Trace.DialEnd(opts.Trace.DialStart(t.Context(), d), d, trace.DialResult{})
	r := trace.Request{Server: "ws://server/", Verb: "ping"}
	opts.Trace.RequestEnd(opts.Trace.RequestStart(t.Context(), r), r, trace.Result{})
	for i, l := range labs {
		var ended []string
		for _, span := range l.spans.Ended() {
			ended = append(ended, span.Name())
		}
		if want := []string{"dial", "ping"}; !slices.Equal(ended, want) {
			t.Errorf("backend %d: the spans %v have ended, want %v", i, ended, want)
		}
		l.check(t, "janus.client.active_requests", map[string]int64{"rpc.method=ping": 0})
	}
}

// Attributes that come again are not made again: an event costs no more than the
// arguments of its two metrics.
func TestAllocations(t *testing.T) {
	l := newLab(t)
	opts := new(janus.DialOptions)
	if err := otel.Instrument(opts, &otel.Options{MeterProvider: l.meters, TracerProvider: noop.NewTracerProvider()}); err != nil {
		t.Fatal(err)
	}
	ids := uint64(0) // which do not matter
	request := func() {
		ids++
		r := trace.Request{Server: "ws://server/", Verb: "message", Plugin: videoroom, Session: ids, Handle: ids}
		ctx := opts.Trace.RequestStart(t.Context(), r)
		opts.Trace.RequestEnd(ctx, r, trace.Result{Sent: 1, Received: 1})
	}
	event := func() {
		ids++
		opts.Trace.EventDelivered(trace.Event{Server: "ws://server/", Plugin: videoroom, Kind: "EventMsg", Handle: ids, Depth: int(ids)})
	}
	for name, test := range map[string]struct {
		f     func()
		limit float64
	}{"request": {request, 16}, "event": {event, 3}} {
		if got := testing.AllocsPerRun(100, test.f); got > test.limit {
			t.Errorf("%v allocations of a %s, more than %v", got, name, test.limit)
		}
	}
}
