package otel

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/cameronelliott/janus-go/eventhandler"
)

const (
	// lingerEnded is how long something is remembered that has ended: Janus sends
	// the last statistics of a PeerConnection after that.
	lingerEnded = 30 * time.Second
	// maxIdle is how long statistics may pause, and how long a handle is
	// remembered whose beginning was not seen.
	maxIdle = 5 * time.Minute
	// maxUpdateAge is how long the numbers of a ServerUpdate are used. Janus sends
	// one every 15 seconds.
	maxUpdateAge = time.Minute
	// maxSilence is how long a server may be silent that has no sessions, or that
	// sends a ServerUpdate now and then, before it is forgotten.
	maxSilence = 5 * time.Minute
	// maxSilentSessions is the same for a server with sessions that sends none:
	// sessions without media may be silent for long.
	maxSilentSessions = time.Hour
	// sweepEvery is the time between two searches for what can be forgotten.
	sweepEvery = 10 * time.Second

	defaultMaxTracked = 100_000
)

// CollectorOptions are the options of NewCollector. A nil *CollectorOptions selects
// all defaults.
type CollectorOptions struct {
	// MeterProvider makes the metrics. Default: the global one at the time of
	// NewCollector.
	MeterProvider metric.MeterProvider

	// Attributes are added to all metrics. Default: none.
	Attributes []attribute.KeyValue

	// MaxTracked is how many sessions, handles and streams of media, of all
	// servers together, the Collector remembers. Each takes some 200 bytes. Events
	// of others are counted, but their sessions and handles are not, and the
	// cumulative figures of their statistics are left out; the metric
	// janus.collector.untracked counts these events. Default: 100,000.
	MaxTracked int
}

// Collector makes metrics of the events of Janus servers, and of figures of their
// Admin APIs. NewCollector makes one. All methods may be called concurrently.
//
// Each metric has the attribute janus.emitter, the server_name of the server.
type Collector struct {
	attributes []attribute.KeyValue
	max        int
	metrics    serverMetrics
	callback   metric.Registration

	mu      sync.Mutex         // guards the fields below
	servers map[string]*server // by emitter
	tracked int                // sessions, handles and streams
	swept   time.Time
	names   names
}

// NewCollector returns a Collector. opts may be nil. It returns an error if the
// MeterProvider refuses a metric.
func NewCollector(opts *CollectorOptions) (*Collector, error) {
	if opts == nil {
		opts = new(CollectorOptions)
	}
	c := &Collector{
		attributes: opts.Attributes,
		max:        opts.MaxTracked,
		servers:    map[string]*server{},
		names:      names{},
		swept:      time.Now(),
	}
	if c.max <= 0 {
		c.max = defaultMaxTracked
	}
	meter := meterOf(opts.MeterProvider)
	observed, err := c.metrics.build(meter)
	if err == nil {
		c.callback, err = meter.RegisterCallback(c.observe, observed...)
	}
	if err != nil {
		return nil, fmt.Errorf("otel: %w", err)
	}
	return c, nil
}

// Close ends the metrics that have current values, such as the number of sessions.
// Counters keep theirs. Closing again does nothing.
func (c *Collector) Close() error {
	if err := c.callback.Unregister(); err != nil {
		return fmt.Errorf("otel: %w", err)
	}
	return nil
}

// Take counts events. It has the signature that eventhandler.New wants, and can
// also be called by an application's own function. It does not wait for anything,
// does not keep events, and returns nil.
//
// Events of one server must come in their order, and each only once, as those of
// eventhandler.New do. If events are lost, the numbers of sessions, handles and
// PeerConnections may be wrong for a while: until the next report of a server since
// Janus 1.2.0, the next Poll, or the restart of the server.
//
// A server is forgotten five minutes after its last event, so that another can have
// its place among the values of janus.emitter. A server before Janus 1.2.0 that has
// sessions is remembered for an hour, because idle sessions cause no events, and one
// that Poll asks for as long as Poll runs.
func (c *Collector) Take(ctx context.Context, events []eventhandler.Event) error {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep(now)
	for i := range events {
		c.take(ctx, &events[i], now)
	}
	return nil
}

// take counts an event. c.mu is held.
func (c *Collector) take(ctx context.Context, e *eventhandler.Event, now time.Time) {
	s := c.server(e.Emitter, now)
	s.last = now
	c.metrics.events.Add(ctx, 1, s.with(c.names.attr(attrEvent, e.Kind())))
	switch body := e.Body.(type) {
	case *eventhandler.SessionEvent:
		c.session(ctx, s, e, body, now)
	case *eventhandler.HandleEvent:
		c.handle(ctx, s, e, body, now)
	case *eventhandler.ICEState:
		c.ice(ctx, s, e, body, now)
	case *eventhandler.DTLSState:
		if body.State == eventhandler.DTLSFailed {
			c.metrics.dtlsFailed.Add(ctx, 1, s.with(c.pluginOf(s, e)...))
		}
	case *eventhandler.PeerConnectionState:
		c.connection(ctx, s, e, body, now)
	case *eventhandler.MediaState:
		if !body.Receiving {
			c.metrics.interrupted.Add(ctx, 1, s.with(c.mediaOf(s, e, body.Media)...))
		}
	case *eventhandler.SlowLink:
		direction := receive
		if body.Direction == eventhandler.Uplink {
			direction = transmit
		}
		c.metrics.slowLinks.Add(ctx, 1, s.with(append(c.mediaOf(s, e, body.Media), direction)...))
	case *eventhandler.MediaStats:
		c.stats(ctx, s, e, body, now)
	case *eventhandler.PluginEvent:
		if h := s.find(e); h != nil && h.plugin == "" {
			h.plugin = body.Plugin
		}
	case *eventhandler.ServerStarted:
		c.metrics.started.Add(ctx, 1, s.with())
		c.reset(s)
		s.version = body.Info.VersionString
	case *eventhandler.ServerUpdate:
		s.update, s.updated = &figures{body.Sessions, body.Handles, body.PeerConnections}, now
	case *eventhandler.ServerShutdown:
		c.reset(s)
	}
}

// session counts a session that begins or ends. c.mu is held, as in the following
// functions.
func (c *Collector) session(ctx context.Context, s *server, e *eventhandler.Event, body *eventhandler.SessionEvent, now time.Time) {
	if body.Change == eventhandler.Created {
		c.metrics.sessionsCreated.Add(ctx, 1, s.with())
		c.forgetSession(s, e.Session) // the id is used again
		if opened := c.openSession(ctx, s, e.Session); opened != nil {
			opened.live, opened.since = true, now
		}
		return
	}
	c.metrics.sessionsEnded.Add(ctx, 1, s.with(c.names.attr(attrReason, string(body.Change))))
	if ended := s.sessions[e.Session]; ended != nil {
		ended.end(now)
	}
}

// handle counts a handle that begins or ends.
func (c *Collector) handle(ctx context.Context, s *server, e *eventhandler.Event, body *eventhandler.HandleEvent, now time.Time) {
	plugin := c.names.attr(attrPlugin, body.Plugin)
	if body.Change == eventhandler.Attached {
		c.metrics.handlesAttached.Add(ctx, 1, s.with(plugin))
		c.forgetHandle(s, e.Session, e.Handle)
		if h := c.openHandle(ctx, s, e, now); h != nil {
			h.plugin, h.live, h.fresh = body.Plugin, true, true
		}
		return
	}
	c.metrics.handlesDetached.Add(ctx, 1, s.with(plugin))
	if h := s.find(e); h != nil {
		h.end(now)
	}
}

// ice counts failures, and remembers when a PeerConnection has begun.
func (c *Collector) ice(ctx context.Context, s *server, e *eventhandler.Event, body *eventhandler.ICEState, now time.Time) {
	if body.State == eventhandler.ICEFailed {
		c.metrics.iceFailed.Add(ctx, 1, s.with(c.pluginOf(s, e)...))
	}
	if h := c.openHandle(ctx, s, e, now); h != nil && h.began.IsZero() {
		h.began = e.Timestamp
	}
}

// connection counts a PeerConnection that is up or closed.
func (c *Collector) connection(ctx context.Context, s *server, e *eventhandler.Event, body *eventhandler.PeerConnectionState, now time.Time) {
	h := c.openHandle(ctx, s, e, now)
	attrs := c.pluginOf(s, e)
	if body.State != eventhandler.WebRTCUp {
		reason := c.names.attr(attrReason, body.Reason)
		c.metrics.connectionsClosed.Add(ctx, 1, s.with(append(attrs, reason)...))
		if h != nil {
			h.up, h.began = false, time.Time{}
		}
		return
	}
	c.metrics.connectionsUp.Add(ctx, 1, s.with(attrs...))
	if h == nil {
		return
	}
	if took := e.Timestamp.Sub(h.began); !h.began.IsZero() && took >= 0 {
		c.metrics.setup.Record(ctx, took.Seconds(), s.with(attrs...))
	}
	c.forgetStreams(h) // those of the PeerConnection before
	h.up, h.fresh, h.began = h.ended.IsZero(), true, time.Time{}
}

// pluginOf returns the attribute for the plugin of an event's handle, if it is
// known.
func (c *Collector) pluginOf(s *server, e *eventhandler.Event) []attribute.KeyValue {
	if h := s.find(e); h != nil && h.plugin != "" {
		return []attribute.KeyValue{c.names.attr(attrPlugin, h.plugin)}
	}
	return nil
}

// mediaOf returns the attributes for a medium of an event's handle.
func (c *Collector) mediaOf(s *server, e *eventhandler.Event, media string) []attribute.KeyValue {
	return append(c.pluginOf(s, e), c.names.attr(attrMedia, media))
}

// observe reports current values.
func (c *Collector) observe(_ context.Context, o metric.Observer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.sweep(now)
	o.ObserveInt64(c.metrics.tracked, int64(c.tracked), metric.WithAttributes(c.attributes...))
	for _, s := range c.servers {
		c.observeServer(o, s, now)
	}
	return nil
}

func (c *Collector) observeServer(o metric.Observer, s *server, now time.Time) {
	if !s.last.IsZero() {
		o.ObserveInt64(c.metrics.lastEvent, s.last.Unix(), s.with())
	}
	if s.version != "" {
		o.ObserveInt64(c.metrics.info, 1, s.with(c.names.attr(attrVersion, s.version)))
	}
	if s.up != nil {
		o.ObserveInt64(c.metrics.up, int64(*s.up), s.with())
	}
	if s.up == nil || *s.up == 1 { // otherwise nothing is known about them
		c.observeCounts(o, s, s.count(now))
	}
}

// observeCounts reports the numbers of sessions, handles and PeerConnections.
func (c *Collector) observeCounts(o metric.Observer, s *server, counted counted) {
	for _, figure := range []struct {
		gauge metric.Int64Observable
		value int
	}{
		{c.metrics.sessions, counted.sessions},
		{c.metrics.handles, counted.handles},
		{c.metrics.connections, counted.connections},
	} {
		o.ObserveInt64(figure.gauge, int64(figure.value), s.with())
	}
	for plugin, n := range counted.handlesOf {
		o.ObserveInt64(c.metrics.pluginHandles, int64(n), s.with(c.names.attr(attrPlugin, plugin)))
	}
	for plugin, n := range counted.connectionsOf {
		o.ObserveInt64(c.metrics.pluginConnections, int64(n), s.with(c.names.attr(attrPlugin, plugin)))
	}
}
