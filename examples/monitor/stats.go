package main

import (
	"time"

	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/eventhandler"
)

// eventsRule is for how long after statistics came as an event, in milliseconds,
// those of handle_info are not used for the same medium.
const eventsRule = 10_000

// maxTime is the last time that JavaScript can represent, in Unix milliseconds.
const maxTime = 8_640_000_000_000_000

// unixMilli returns Unix milliseconds, or 0 for the zero time and for those that a page
// cannot show.
func unixMilli(t time.Time) int64 {
	if ms := t.UnixMilli(); ms >= 0 && ms <= maxTime {
		return ms
	}
	return 0
}

// milliseconds returns a duration that Janus gives, for which 0 means that it is not
// known.
func milliseconds(d time.Duration) number {
	if d == 0 {
		return unknown
	}
	return number(d.Milliseconds())
}

// applyStats takes statistics that came as an event. The caller holds mu.
func (s *state) applyStats(h *handle, body *eventhandler.MediaStats, e *eventhandler.Event, now int64) {
	if unixMilli(e.Timestamp) == 0 {
		return
	}
	kind, layer := body.Media, int8(0)
	switch kind {
	case "video-sim1":
		kind, layer = "video", 1
	case "video-sim2":
		kind, layer = "video", 2
	}
	m := s.medium(h, body.Mid, layer)
	if m == nil {
		return
	}
	m.kind, m.codec, m.index, m.lastEvent = intern(kind), intern(body.Codec), int16(body.MIndex), now
	if m.fromPolls {
		m.fromPolls = false
		m.meter.restart()
	}
	s.sample(m, now, sample{
		totals: totals{
			BytesIn: body.BytesReceived, BytesOut: body.BytesSent,
			PacketsIn: body.PacketsReceived, PacketsOut: body.PacketsSent,
			LostIn: body.Lost, LostOut: body.LostByRemote,
			NACKsIn: body.NACKsReceived, NACKsOut: body.NACKsSent,
			RetransmissionsIn: body.RetransmissionsReceived,
			Time:              e.Timestamp.UnixMilli(),
		},
		clock: e.Timestamp.UnixMicro(),
		rtt:   milliseconds(body.RTT),
		// A medium without RTP has no jitter.
		jitterIn:  jitter(body.Base, body.PacketsReceived, body.JitterLocal),
		jitterOut: jitter(body.Base, body.PacketsSent, body.JitterRemote),
	})
}

// jitter returns a jitter, unless nothing was sent or there is no RTP clock.
func jitter(base int, packets int64, d time.Duration) number {
	if base == 0 || packets == 0 {
		return unknown
	}
	return number(d.Milliseconds())
}

// sample takes a sample of a medium. The caller holds mu.
func (s *state) sample(m *medium, now int64, taken sample) {
	if m.meter.add(taken) {
		s.rings.add(m, now)
	}
}

// setInfo takes the answer to a handle_info that was sent at the time began, in Unix
// milliseconds as now. What events have told since then is newer. It reports whether the
// handle is known.
func (s *state) setInfo(id ids, info *admin.HandleInfo, began, now int64) (known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.handles[id]
	if h != nil {
		s.applyInfo(h, info, began, now)
	}
	return h != nil
}

// applyInfo is setInfo for a handle that is known. The caller holds mu.
func (s *state) applyInfo(h *handle, info *admin.HandleInfo, began, now int64) {
	h.asked = now
	h.plugin, h.opaque = intern(info.Plugin), short(info.OpaqueID)
	if h.since == 0 {
		h.since = now - info.Age.Milliseconds()
	}
	h.session.transport = intern(info.Transport)
	if h.told >= began {
		return
	}
	if info.WebRTC == nil {
		s.closePeerConnection(h)
		return
	}
	h.ice, h.dtls = intern(info.WebRTC.ICE.State), intern(info.WebRTC.DTLS.State)
	s.setUp(h, info.Flags.Ready && !info.Flags.Alert)
	for mid, described := range info.WebRTC.Media {
		if described != nil {
			s.setMedium(h, mid, described, info.Age, now)
		}
	}
	s.keepMedia(h, func(m *medium) bool { return info.WebRTC.Media[m.mid] != nil })
}

// setMedium takes the statistics of a medium and its layers. The caller holds mu.
func (s *state) setMedium(h *handle, mid string, described *admin.Medium, age time.Duration, now int64) {
	in := &described.Stats.In
	s.setLayer(h, mid, 0, described, described.RTCP.Main, in.MediaCount, age, now)
	if described.RTCP.Sim1 != nil && in.Simulcast1 != nil {
		s.setLayer(h, mid, 1, described, described.RTCP.Sim1, *in.Simulcast1, age, now)
	}
	if described.RTCP.Sim2 != nil && in.Simulcast2 != nil {
		s.setLayer(h, mid, 2, described, described.RTCP.Sim2, *in.Simulcast2, age, now)
	}
}

// setLayer takes the statistics of one layer. The caller holds mu.
func (s *state) setLayer(h *handle, mid string, layer int8, described *admin.Medium, rtcp *admin.RTCPStats, in admin.MediaCount, age time.Duration, now int64) {
	m := s.medium(h, mid, layer)
	if m == nil || now-m.lastEvent < eventsRule {
		return
	}
	m.kind, m.codec, m.index = intern(described.Type), intern(described.Codecs.Codec), int16(described.Index)
	if !m.fromPolls {
		m.fromPolls = true
		m.meter.restart()
	}
	taken := sample{
		totals: totals{BytesIn: in.Bytes, PacketsIn: in.Packets, NACKsIn: in.NACKs, Time: now},
		// The age is by the clock of Janus, so that it does not matter how long the
		// answer took. It is never 0 for something with media.
		clock: age.Microseconds(),
		rtt:   unknown, jitterIn: unknown, jitterOut: unknown,
	}
	if layer == 0 {
		out := &described.Stats.Out
		taken.BytesOut, taken.PacketsOut, taken.NACKsOut = out.Bytes, out.Packets, out.NACKs
		taken.RetransmissionsIn = described.Stats.In.Retransmissions
	}
	if rtcp != nil {
		taken.LostIn, taken.LostOut = rtcp.Lost, rtcp.LostByRemote
		taken.rtt = milliseconds(rtcp.RTT)
		taken.jitterIn = jitter(rtcp.Base, taken.PacketsIn, rtcp.JitterLocal)
		taken.jitterOut = jitter(rtcp.Base, taken.PacketsOut, rtcp.JitterRemote)
	}
	s.sample(m, now, taken)
}
