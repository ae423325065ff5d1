package otel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/cameronelliott/janus-go/eventhandler"
)

// stream is a medium of a PeerConnection, or a layer of simulcast.
type stream struct {
	seen     time.Time
	received flow
	sent     flow
}

// counters are the cumulative figures of a stream in one direction.
type counters struct{ bytes, packets, lost, nacks, retransmissions int64 }

// flow follows the counters of a stream in one direction.
type flow struct {
	last counters
	most int64 // the most packets lost so far; last.lost may be less, and negative
}

// advance returns by how much the counters have grown. If they are less than
// before, they belong to another PeerConnection and have begun at 0 again. Lost
// packets may turn up later, so their number may shrink: only what exceeds the
// most so far is new.
func (f *flow) advance(now counters) counters {
	if now.bytes < f.last.bytes || now.packets < f.last.packets {
		*f = flow{}
	}
	grown := counters{
		bytes:           now.bytes - f.last.bytes,
		packets:         now.packets - f.last.packets,
		lost:            max(0, now.lost-f.most),
		nacks:           max(0, now.nacks-f.last.nacks),
		retransmissions: max(0, now.retransmissions-f.last.retransmissions),
	}
	f.last, f.most = now, max(f.most, now.lost)
	return grown
}

// stats counts statistics.
func (c *Collector) stats(ctx context.Context, s *server, e *eventhandler.Event, m *eventhandler.MediaStats, now time.Time) {
	h := c.openHandle(ctx, s, e, now)
	attrs := c.mediaOf(s, e, m.Media)
	if m.RTT > 0 {
		c.metrics.rtt.Record(ctx, m.RTT.Seconds(), s.with(attrs...))
	}
	received, sent := c.growth(ctx, s, h, m, now)
	c.measure(ctx, s, append(attrs, receive), measured{received, m.BytesReceivedLastSecond, m.JitterLocal, true})
	reported := m.RTT > 0 // by the peer, with the jitter
	c.measure(ctx, s, append(attrs, transmit), measured{sent, m.BytesSentLastSecond, m.JitterRemote, reported})
}

// growth returns by how much the counters of a stream have grown. It is zero for
// the first statistics, unless the beginning of the stream was seen.
func (c *Collector) growth(ctx context.Context, s *server, h *handle, m *eventhandler.MediaStats, now time.Time) (received, sent counters) {
	if h == nil {
		return
	}
	key := streamKey{m.Mid, m.Media}
	st, known := h.streams[key]
	if !known {
		if !c.room(ctx, s) {
			return
		}
		st = new(stream)
		h.streams[key] = st
	}
	st.seen = now
	received = st.received.advance(counters{m.BytesReceived, m.PacketsReceived, m.Lost, m.NACKsSent, m.RetransmissionsReceived})
	sent = st.sent.advance(counters{m.BytesSent, m.PacketsSent, m.LostByRemote, m.NACKsReceived, 0})
	if !known && !h.fresh {
		return counters{}, counters{}
	}
	return received, sent
}

// measured is what statistics say about one direction.
type measured struct {
	counters            // by how much they have grown
	lastSecond    int64 // bytes
	jitter        time.Duration
	jitterIsKnown bool
}

func (c *Collector) measure(ctx context.Context, s *server, attrs []attribute.KeyValue, m measured) {
	with := s.with(attrs...)
	for _, counter := range []struct {
		counter metric.Int64Counter
		by      int64
	}{
		{c.metrics.bytes, m.bytes},
		{c.metrics.packets, m.packets},
		{c.metrics.nacks, m.nacks},
		{c.metrics.retransmissions, m.retransmissions},
	} {
		if counter.by > 0 {
			counter.counter.Add(ctx, counter.by, with)
		}
	}
	if m.packets > 0 || m.lost > 0 {
		c.metrics.lost.Add(ctx, m.lost, with) // also 0, so that there is a ratio to packets
	}
	if m.lastSecond > 0 {
		c.metrics.bitrate.Record(ctx, float64(m.lastSecond*8), with)
		if m.jitterIsKnown {
			c.metrics.jitter.Record(ctx, m.jitter.Seconds(), with)
		}
	}
}
