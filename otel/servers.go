package otel

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/cameronelliott/janus-go/eventhandler"
)

// server is what is known of a Janus server.
type server struct {
	attrs    []attribute.KeyValue
	sessions map[uint64]*session
	last     time.Time // of the latest event
	seen     time.Time // of the latest event or poll
	version  string
	update   *figures  // as the server reported them; nil if it did not
	updated  time.Time // of update
	polled   *figures  // as the Admin API reported them; connections is not set
	up       *int      // whether the Admin API answers; nil if it is not asked
}

// figures are the numbers of a server's sessions, handles and PeerConnections.
type figures struct{ sessions, handles, connections int }

// session is a session that began, or one whose handle has sent events.
type session struct {
	live    bool      // its beginning was seen and its end was not
	since   time.Time // when it was created, if that was seen
	ended   time.Time // zero if it has not
	handles map[uint64]*handle
}

// handle is a handle that began, or one that has sent events.
type handle struct {
	plugin  string // empty if it is not known
	live    bool   // as for a session
	seen    time.Time
	ended   time.Time
	up      bool      // there is a PeerConnection
	began   time.Time // when ICE did, by the clock of the server; zero if it did not
	fresh   bool      // streams whose first statistics arrive begin at 0
	streams map[streamKey]*stream
}

// streamKey identifies the statistics of a medium of a handle.
type streamKey struct{ mid, media string }

// server returns the server of an emitter, of which there is a sign now.
func (c *Collector) server(emitter string, now time.Time) *server {
	name := c.names.attr(attrEmitter, emitter)
	s := c.servers[name.Value.AsString()]
	if s == nil {
		s = &server{
			attrs:    append(slices.Clone(c.attributes), name),
			sessions: map[uint64]*session{},
		}
		c.servers[name.Value.AsString()] = s
	}
	s.seen = now
	return s
}

// with returns the attributes of the server's metrics, and more.
func (s *server) with(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributes(slices.Concat(s.attrs, more)...)
}

// find returns the handle of an event, or nil if it is not known.
func (s *server) find(e *eventhandler.Event) *handle {
	if owner := s.sessions[e.Session]; owner != nil {
		return owner.handles[e.Handle]
	}
	return nil
}

// room reports whether another session, handle or stream can be remembered, and
// counts it.
func (c *Collector) room(ctx context.Context, s *server) bool {
	if c.tracked >= c.max {
		c.metrics.untracked.Add(ctx, 1, s.with())
		return false
	}
	c.tracked++
	return true
}

// openSession returns a session, which is remembered from now on, or nil if there
// is no room.
func (c *Collector) openSession(ctx context.Context, s *server, id uint64) *session {
	if known := s.sessions[id]; known != nil {
		return known
	}
	if !c.room(ctx, s) {
		return nil
	}
	opened := &session{handles: map[uint64]*handle{}}
	s.sessions[id] = opened
	return opened
}

// openHandle returns the handle of an event, which is remembered from now on, or
// nil if there is no room.
func (c *Collector) openHandle(ctx context.Context, s *server, e *eventhandler.Event, now time.Time) *handle {
	if h := s.find(e); h != nil {
		h.seen = now
		return h
	}
	owner := c.openSession(ctx, s, e.Session)
	if owner == nil || !c.room(ctx, s) {
		return nil
	}
	h := &handle{seen: now, streams: map[streamKey]*stream{}}
	owner.handles[e.Handle] = h
	return h
}

// end ends a session with its handles.
func (o *session) end(now time.Time) {
	if o.ended.IsZero() {
		o.ended = now
	}
	o.live = false
	for _, h := range o.handles {
		h.end(now)
	}
}

// end ends a handle with its PeerConnection. Its streams are remembered for the
// last statistics.
func (h *handle) end(now time.Time) {
	if h.ended.IsZero() {
		h.ended = now
	}
	h.live, h.up = false, false
}

// forgetSession forgets a session with its handles.
func (c *Collector) forgetSession(s *server, id uint64) {
	owner := s.sessions[id]
	if owner == nil {
		return
	}
	for handle := range owner.handles {
		c.forgetHandle(s, id, handle)
	}
	delete(s.sessions, id)
	c.tracked--
}

// forgetHandle forgets a handle with its streams.
func (c *Collector) forgetHandle(s *server, session, id uint64) {
	owner := s.sessions[session]
	if owner == nil || owner.handles[id] == nil {
		return
	}
	c.forgetStreams(owner.handles[id])
	delete(owner.handles, id)
	c.tracked--
}

// forgetStreams forgets the streams of a handle.
func (c *Collector) forgetStreams(h *handle) {
	c.tracked -= len(h.streams)
	clear(h.streams)
}

// reset forgets everything about a server that begins or ends.
func (c *Collector) reset(s *server) {
	for id := range s.sessions {
		c.forgetSession(s, id)
	}
	s.update, s.polled = nil, nil
}

// forgetServer forgets a server and its name.
func (c *Collector) forgetServer(name string, s *server) {
	c.reset(s)
	delete(c.servers, name)
	delete(c.names[attrEmitter], name)
}

// gone reports whether a server has been silent for so long that it is forgotten.
func (s *server) gone(now time.Time) bool {
	limit := maxSilence
	if len(s.sessions) > 0 && s.update == nil {
		limit = maxSilentSessions
	}
	return s.up == nil && now.Sub(s.seen) >= limit
}

// sweep forgets what has ended a while ago, and streams and servers that are silent.
func (c *Collector) sweep(now time.Time) {
	if now.Sub(c.swept) < sweepEvery {
		return
	}
	c.swept = now
	for name, s := range c.servers {
		c.sweepSessions(s, now)
		if s.gone(now) {
			c.forgetServer(name, s)
		}
	}
}

func (c *Collector) sweepSessions(s *server, now time.Time) {
	for id, owner := range s.sessions {
		for handle := range owner.handles {
			c.sweepHandle(s, id, handle, now)
		}
		over := !owner.ended.IsZero() && now.Sub(owner.ended) >= lingerEnded
		if len(owner.handles) == 0 && (over || !owner.live && owner.ended.IsZero()) {
			c.forgetSession(s, id)
		}
	}
}

func (c *Collector) sweepHandle(s *server, session, id uint64, now time.Time) {
	h := s.sessions[session].handles[id]
	over := !h.ended.IsZero() && now.Sub(h.ended) >= lingerEnded
	if over || !h.live && h.ended.IsZero() && now.Sub(h.seen) >= maxIdle {
		c.forgetHandle(s, session, id)
		return
	}
	for key, st := range h.streams {
		if now.Sub(st.seen) >= maxIdle {
			delete(h.streams, key)
			c.tracked--
			h.fresh = false // what it has counted so far must not be counted again
		}
	}
}

// counted are figures with those of each plugin.
type counted struct {
	figures
	handlesOf, connectionsOf map[string]int
}

// count counts what lives on the server. What the server says itself is better
// than what follows from its events, unless it is old.
func (s *server) count(now time.Time) counted {
	n := counted{handlesOf: map[string]int{}, connectionsOf: map[string]int{}}
	for _, owner := range s.sessions {
		if owner.live {
			n.sessions++
		}
		for _, h := range owner.handles {
			if h.live {
				n.handles++
				n.handlesOf[h.plugin]++
			}
			if h.up {
				n.connections++
				n.connectionsOf[h.plugin]++
			}
		}
	}
	if s.update != nil && now.Sub(s.updated) < maxUpdateAge {
		n.figures = *s.update
	}
	if s.polled != nil {
		n.sessions, n.handles = s.polled.sessions, s.polled.handles
	}
	return n
}
