// Package tracing calls the hooks of a trace.Trace.
package tracing

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/cameronelliott/janus-go/internal/queue"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/wire"
	"github.com/cameronelliott/janus-go/trace"
)

// Tracer calls the hooks of one Gateway. A nil Tracer calls none. All methods may
// be called concurrently, except for Changed.
type Tracer struct {
	hooks  trace.Trace
	server string
	log    *safelog.Logger
	state  trace.State // used by Changed and the dials, which follow each other
}

// New returns a Tracer for a Gateway of the server, or nil if there are no hooks.
func New(hooks *trace.Trace, server string, log *safelog.Logger) *Tracer {
	if hooks == nil {
		return nil
	}
	return &Tracer{hooks: *hooks, server: server, log: log}
}

// Request is a request that is traced.
type Request struct {
	tracer *Tracer
	info   trace.Request
	ctx    context.Context // for RequestEnd
	began  time.Time
}

// Start begins a request. plugin is what it attaches to or that of its handle, or
// empty.
func (t *Tracer) Start(ctx context.Context, r *wire.Request, plugin string) Request {
	info := trace.Request{
		Server: t.server, Verb: r.Janus, Plugin: plugin, Session: r.Session, Handle: r.Handle,
	}
	return Request{t, info, t.requestStart(ctx, info), time.Now()}
}

// End ends a request. The Duration of the result need not be set.
func (r *Request) End(result trace.Result) {
	if r.tracer.hooks.RequestEnd == nil {
		return
	}
	result.Duration = time.Since(r.began)
	defer r.tracer.log.Recover("janus: panic in Trace.RequestEnd")
	r.tracer.hooks.RequestEnd(r.ctx, r.info, result)
}

func (t *Tracer) requestStart(ctx context.Context, info trace.Request) (result context.Context) {
	if t.hooks.RequestStart == nil {
		return ctx
	}
	result = ctx // if the hook panics
	defer t.log.Recover("janus: panic in Trace.RequestStart")
	if own := t.hooks.RequestStart(ctx, info); own != nil {
		return own
	}
	return ctx
}

// Pushed returns a function for queue.Group, or nil if there are no hooks.
func (t *Tracer) Pushed() func(tag queue.Tag, m, dropped interface{}, depth int) {
	if t == nil {
		return nil
	}
	return func(tag queue.Tag, m, dropped interface{}, depth int) {
		event := trace.Event{
			Server: t.server, Session: tag.Session, Handle: tag.Handle, Plugin: tag.Plugin,
			Kind: kind(m), Depth: depth,
		}
		t.delivered(event)
		if dropped != nil {
			event.Kind = kind(dropped)
			t.dropped(trace.Drop{Event: event, Reason: trace.Overflow, Count: 1})
		}
	}
}

// Unread reports messages that nobody has read.
func (t *Tracer) Unread(n int) {
	if t != nil {
		t.dropped(trace.Drop{Event: trace.Event{Server: t.server}, Reason: trace.Unread, Count: n})
	}
}

// Unroutable reports a message, made of f, that belongs to no channel.
func (t *Tracer) Unroutable(f *wire.Frame, msg interface{}) {
	if t == nil {
		return
	}
	event := trace.Event{
		Server: t.server, Session: f.Session, Handle: f.Sender, Plugin: f.Plugindata.Plugin, Kind: kind(msg),
	}
	t.dropped(trace.Drop{Event: event, Reason: trace.Unroutable, Count: 1})
}

// kind returns the name of a message's type. m is a pointer.
func kind(m interface{}) string { return reflect.TypeOf(m).Elem().Name() }

func (t *Tracer) delivered(e trace.Event) {
	if t.hooks.EventDelivered != nil {
		defer t.log.Recover("janus: panic in Trace.EventDelivered")
		t.hooks.EventDelivered(e)
	}
}

func (t *Tracer) dropped(d trace.Drop) {
	if t.hooks.EventDropped != nil {
		defer t.log.Recover("janus: panic in Trace.EventDropped")
		t.hooks.EventDropped(d)
	}
}

// Changed reports a new state of the connection.
func (t *Tracer) Changed(to trace.State, cause error) {
	if t == nil {
		return
	}
	from := t.state
	t.state = to
	if t.hooks.StateChanged != nil {
		defer t.log.Recover("janus: panic in Trace.StateChanged")
		t.hooks.StateChanged(trace.StateChange{Server: t.server, From: from, To: to, Cause: cause})
	}
}

// Dial returns a function that traces each call of dial, or dial itself if there
// are no hooks.
func Dial[Conn any](t *Tracer, dial func(context.Context) (Conn, error)) func(context.Context) (Conn, error) {
	if t == nil {
		return dial
	}
	return func(ctx context.Context) (conn Conn, err error) {
		info := trace.Dial{Server: t.server, Redial: t.state != trace.None}
		ctx = t.dialStart(ctx, info)
		began := time.Now()
		err = errPanic // unless dial returns
		defer func() {
			t.dialEnd(ctx, info, trace.DialResult{Duration: time.Since(began), Err: err})
		}()
		return dial(ctx)
	}
}

// errPanic is the result of a dial that panics in the application's transport.
var errPanic = errors.New("panic while dialing")

func (t *Tracer) dialStart(ctx context.Context, info trace.Dial) (result context.Context) {
	if t.hooks.DialStart == nil {
		return ctx
	}
	result = ctx // if the hook panics
	defer t.log.Recover("janus: panic in Trace.DialStart")
	if own := t.hooks.DialStart(ctx, info); own != nil {
		return own
	}
	return ctx
}

func (t *Tracer) dialEnd(ctx context.Context, info trace.Dial, result trace.DialResult) {
	if t.hooks.DialEnd != nil {
		defer t.log.Recover("janus: panic in Trace.DialEnd")
		t.hooks.DialEnd(ctx, info, result)
	}
}
