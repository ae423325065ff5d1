package otel

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	otelapi "go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	oteltrace "go.opentelemetry.io/otel/trace"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/trace"
)

// scope is the name of the instrumentation scope.
const scope = "github.com/cameronelliott/janus-go/otel"

// Options are the options of Instrument. A nil *Options selects all defaults.
type Options struct {
	// MeterProvider makes the metrics. Default: the global one at the time of
	// Instrument.
	MeterProvider metric.MeterProvider

	// TracerProvider makes the spans. To have none, set that of package
	// go.opentelemetry.io/otel/trace/noop. Default: the global one at the time of
	// Instrument.
	TracerProvider oteltrace.TracerProvider

	// Attributes are added to all metrics and spans. Default: none.
	Attributes []attribute.KeyValue
}

// Instrument sets dial.Trace so that the Gateways dialed with these options make
// metrics and spans. A Trace that is set already is called as well, before: each call
// of Instrument adds metrics and spans, so that a second one with the same providers
// counts everything twice. dial must not be nil; opts may be. Instrument returns an error if the MeterProvider
// refuses a metric; dial is then unchanged.
func Instrument(dial *janus.DialOptions, opts *Options) error {
	if opts == nil {
		opts = new(Options)
	}
	metrics, err := newClientMetrics(meterOf(opts.MeterProvider))
	if err != nil {
		return fmt.Errorf("otel: %w", err)
	}
	tracers := opts.TracerProvider
	if tracers == nil {
		tracers = otelapi.GetTracerProvider()
	}
	c := &client{attributes: opts.Attributes, tracer: tracers.Tracer(scope), metrics: metrics}
	dial.Trace = trace.Join(dial.Trace, &janus.Trace{
		RequestStart:   c.requestStart,
		RequestEnd:     c.requestEnd,
		EventDelivered: c.eventDelivered,
		EventDropped:   c.eventDropped,
		DialStart:      c.dialStart,
		DialEnd:        c.dialEnd,
		StateChanged:   c.stateChanged,
	})
	return nil
}

// meterOf returns the meter of a provider, or of the global one.
func meterOf(provider metric.MeterProvider) metric.Meter {
	if provider == nil {
		provider = otelapi.GetMeterProvider()
	}
	return provider.Meter(scope)
}

// client makes metrics and spans of a Trace.
type client struct {
	attributes []attribute.KeyValue
	tracer     oteltrace.Tracer
	metrics    clientMetrics

	// Attributes that come again and again.
	servers  cache[string, []attribute.KeyValue]
	requests cache[trace.Request, *requestAttrs] // without ids
	events   cache[trace.Event, eventAttrs]      // without ids and depth
}

// clientMetrics are the metrics of a client.
type clientMetrics struct {
	duration     metric.Float64Histogram
	active       metric.Int64UpDownCounter
	io           metric.Int64Counter
	delivered    metric.Int64Counter
	dropped      metric.Int64Counter
	depth        metric.Float64Histogram
	dialDuration metric.Float64Histogram
	connections  metric.Int64UpDownCounter
	lost         metric.Int64Counter
	restored     metric.Int64Counter
}

// seconds are the bucket boundaries that the conventions for RPC demand.
var seconds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// depths are the bucket boundaries of the depths of queues.
var depths = []float64{1, 2, 4, 8, 16, 64, 256, 1024, 4096}

func newClientMetrics(meter metric.Meter) (clientMetrics, error) {
	b := builder{meter: meter}
	m := clientMetrics{
		duration: b.histogram("rpc.client.call.duration", "s",
			"Time from the beginning of a request to its answer or failure.", seconds),
		active: b.upDownCounter("janus.client.active_requests", "{request}",
			"Requests that wait for a token, a connection or an answer."),
		io: b.counter("janus.client.io", "By",
			"Size of requests and of their answers."),
		delivered: b.counter("janus.client.event.delivered", "{event}",
			"Messages put on Events channels."),
		dropped: b.counter("janus.client.event.dropped", "{event}",
			"Messages lost to the application."),
		depth: b.histogram("janus.client.event.queue_depth", "{event}",
			"Messages that wait on an Events channel after another was put there.", depths),
		dialDuration: b.histogram("janus.client.dial.duration", "s",
			"Time that it takes to connect, or to fail.", seconds),
		connections: b.upDownCounter("janus.client.connections", "{connection}",
			"Gateways, by the state of their connection."),
		lost: b.counter("janus.client.connection.lost", "{connection}",
			"Connections that were lost, not counting those that were closed."),
		restored: b.counter("janus.client.connection.restored", "{connection}",
			"Connections that were lost and restored."),
	}
	return m, b.err()
}

// attrs returns the attributes of the options, those of a server, and more.
func (c *client) attrs(server string, more ...attribute.KeyValue) []attribute.KeyValue {
	return slices.Concat(c.attributes, c.servers.get(server, serverAttrs), more)
}

// serverAttrs returns the attributes for a server's URL.
func serverAttrs(server string) []attribute.KeyValue {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	all := []attribute.KeyValue{attribute.String(attrServerAddress, u.Hostname())}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "http": "80", "wss": "443", "https": "443"}[u.Scheme]
	}
	if n, err := strconv.Atoi(port); err == nil {
		all = append(all, attribute.Int(attrServerPort, n))
	}
	return all
}

func withPlugin(all []attribute.KeyValue, plugin string) []attribute.KeyValue {
	if plugin == "" {
		return all
	}
	return append(all, attribute.String(attrPlugin, plugin))
}

// requestAttrs are the attributes of a request, which have no ids.
type requestAttrs struct {
	name           string // of the span
	all            []attribute.KeyValue
	set            metric.MeasurementOption // of all
	sent, received metric.MeasurementOption // of all and the direction
}

// newRequestAttrs makes the attributes of a request without ids.
func (c *client) newRequestAttrs(r trace.Request) *requestAttrs {
	all := c.attrs(r.Server, attribute.String(attrRPCSystem, "janus"), attribute.String(attrRPCMethod, r.Verb))
	all = withPlugin(all, r.Plugin)
	made := &requestAttrs{
		name:     r.Verb,
		all:      all,
		set:      setOf(all),
		sent:     setOf(all, transmit),
		received: setOf(all, receive),
	}
	if r.Plugin != "" {
		made.name += " " + r.Plugin
	}
	return made
}

// setOf makes a set of attributes, for use again and again.
func setOf(all []attribute.KeyValue, more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(slices.Concat(all, more)...))
}

// call is what is kept of a request or a dial until its end.
type call struct {
	span  oteltrace.Span
	attrs *requestAttrs // nil for a dial
}

// callKey is the key of a call in a context. Each client has its own: options may be
// instrumented more than once.
type callKey struct{ *client }

func (c *client) requestStart(ctx context.Context, r trace.Request) context.Context {
	common := r
	common.Session, common.Handle = 0, 0
	attrs := c.requests.get(common, c.newRequestAttrs)
	c.metrics.active.Add(ctx, 1, attrs.set)
	ctx, span := c.tracer.Start(ctx, attrs.name,
		oteltrace.WithSpanKind(oteltrace.SpanKindClient), oteltrace.WithAttributes(attrs.all...))
	if span.IsRecording() {
		span.SetAttributes(ids(r)...)
	}
	return context.WithValue(ctx, callKey{c}, &call{span, attrs})
}

// ids returns the attributes that only spans have, since their values grow with the
// number of users.
func ids(r trace.Request) []attribute.KeyValue {
	var all []attribute.KeyValue
	if r.Session != 0 {
		all = append(all, attribute.String(attrSession, strconv.FormatUint(r.Session, 10)))
	}
	if r.Handle != 0 {
		all = append(all, attribute.String(attrHandle, strconv.FormatUint(r.Handle, 10)))
	}
	return all
}

func (c *client) requestEnd(ctx context.Context, _ trace.Request, result trace.Result) {
	started, ok := ctx.Value(callKey{c}).(*call)
	if !ok {
		return // another hook has lost the context
	}
	attrs := started.attrs
	c.metrics.active.Add(ctx, -1, attrs.set)
	if result.Sent > 0 {
		c.metrics.io.Add(ctx, int64(result.Sent), attrs.sent)
	}
	if result.Received > 0 {
		c.metrics.io.Add(ctx, int64(result.Received), attrs.received)
	}
	set, outcome := attrs.set, outcome(result.Err)
	if outcome != nil {
		set = setOf(attrs.all, outcome...)
	}
	c.metrics.duration.Record(ctx, result.Duration.Seconds(), set)
	if started.span.IsRecording() {
		started.span.SetAttributes(outcome...)
		started.span.SetAttributes(attribute.Int(attrSent, result.Sent), attribute.Int(attrReceived, result.Received))
		if result.Err != nil {
			started.span.SetStatus(codes.Error, result.Err.Error())
		}
	}
	started.span.End()
}

// outcome returns the attributes for the error of a request or a dial.
func outcome(err error) []attribute.KeyValue {
	var refused *janus.ErrorMsg
	var plugin *janus.PluginError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return status(strconv.Itoa(refused.Err.Code))
	case errors.As(err, &plugin):
		return status("plugin." + strconv.Itoa(plugin.Code))
	}
	return []attribute.KeyValue{attribute.String(attrErrorType, errorType(err))}
}

// status returns the attributes for a code with which the server has answered.
func status(code string) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String(attrErrorType, code), attribute.String(attrStatusCode, code)}
}

// errorType returns the name of an error that is not an answer of the server.
func errorType(err error) string {
	switch {
	case errors.Is(err, janus.ErrDisconnected):
		return "disconnected"
	case errors.Is(err, janus.ErrClosed):
		return "closed"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return "_OTHER"
}

// eventAttrs are the attributes of an event.
type eventAttrs struct{ plugin, all metric.MeasurementOption }

// newEventAttrs makes the attributes of an event without ids and depth.
func (c *client) newEventAttrs(e trace.Event) eventAttrs {
	plugin := withPlugin(c.attrs(e.Server), e.Plugin)
	return eventAttrs{plugin: setOf(plugin), all: setOf(plugin, attribute.String(attrMessage, e.Kind))}
}

func (c *client) eventDelivered(e trace.Event) {
	common := e
	common.Session, common.Handle, common.Depth = 0, 0, 0
	attrs := c.events.get(common, c.newEventAttrs)
	c.metrics.depth.Record(context.Background(), float64(e.Depth), attrs.plugin)
	c.metrics.delivered.Add(context.Background(), 1, attrs.all)
}

func (c *client) eventDropped(d trace.Drop) {
	attrs := withPlugin(c.attrs(d.Server, attribute.String(attrReason, string(d.Reason))), d.Plugin)
	if d.Kind != "" {
		attrs = append(attrs, attribute.String(attrMessage, d.Kind))
	}
	c.metrics.dropped.Add(context.Background(), int64(d.Count), metric.WithAttributes(attrs...))
}

func (c *client) dialStart(ctx context.Context, d trace.Dial) context.Context {
	opts := []oteltrace.SpanStartOption{
		oteltrace.WithSpanKind(oteltrace.SpanKindClient), oteltrace.WithAttributes(c.dialAttrs(d)...),
	}
	if d.Redial { // long after the caller's span has ended
		opts = append(opts, oteltrace.WithNewRoot(), oteltrace.WithLinks(oteltrace.LinkFromContext(ctx)))
	}
	ctx, span := c.tracer.Start(ctx, "dial", opts...)
	return context.WithValue(ctx, callKey{c}, &call{span: span})
}

func (c *client) dialAttrs(d trace.Dial) []attribute.KeyValue {
	return c.attrs(d.Server, attribute.Bool(attrRedial, d.Redial))
}

func (c *client) dialEnd(ctx context.Context, d trace.Dial, result trace.DialResult) {
	outcome := outcome(result.Err)
	attrs := append(c.dialAttrs(d), outcome...)
	c.metrics.dialDuration.Record(ctx, result.Duration.Seconds(), metric.WithAttributes(attrs...))
	started, ok := ctx.Value(callKey{c}).(*call)
	if !ok {
		return // another hook has lost the context
	}
	if result.Err != nil {
		started.span.SetAttributes(outcome...)
		started.span.SetStatus(codes.Error, result.Err.Error())
	}
	started.span.End()
}

func (c *client) stateChanged(change trace.StateChange) {
	ctx, attrs := context.Background(), c.attrs(change.Server)
	c.count(ctx, attrs, change.From, -1)
	c.count(ctx, attrs, change.To, 1)
	if change.From == trace.Connected && change.Cause != nil {
		c.metrics.lost.Add(ctx, 1, metric.WithAttributes(attrs...))
	}
	if change.From == trace.Reconnecting && change.To == trace.Connected {
		c.metrics.restored.Add(ctx, 1, metric.WithAttributes(attrs...))
	}
}

// count changes the number of connections in a state, except in those that last
// forever.
func (c *client) count(ctx context.Context, attrs []attribute.KeyValue, state trace.State, by int64) {
	if state == trace.Connected || state == trace.Reconnecting {
		attrs = append(attrs, attribute.String(attrState, string(state)))
		c.metrics.connections.Add(ctx, by, metric.WithAttributes(attrs...))
	}
}
