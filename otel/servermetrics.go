package otel

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// serverMetrics are the metrics of a Collector.
type serverMetrics struct {
	// Current values.
	sessions, handles, connections   metric.Int64ObservableGauge
	pluginHandles, pluginConnections metric.Int64ObservableGauge
	up, info, lastEvent, tracked     metric.Int64ObservableGauge

	events, started, untracked       metric.Int64Counter
	sessionsCreated, sessionsEnded   metric.Int64Counter
	handlesAttached, handlesDetached metric.Int64Counter
	connectionsUp, connectionsClosed metric.Int64Counter
	iceFailed, dtlsFailed            metric.Int64Counter
	slowLinks, interrupted           metric.Int64Counter
	setup                            metric.Float64Histogram

	// Of statistics.
	rtt, jitter, bitrate   metric.Float64Histogram
	bytes, packets, lost   metric.Int64Counter
	nacks, retransmissions metric.Int64Counter
}

// The bucket boundaries of network times, in seconds, and of bitrates.
var (
	networkSeconds = []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2}
	bitrates       = []float64{16e3, 32e3, 64e3, 128e3, 256e3, 512e3, 1e6, 2e6, 4e6, 8e6, 16e6}
)

// build makes the metrics, and returns those that a callback reports.
func (m *serverMetrics) build(meter metric.Meter) (observed []metric.Observable, err error) {
	b := &builder{meter: meter}
	m.buildGauges(b)
	m.events = b.counter("janus.server.event.received", "{event}", "Events received.")
	m.started = b.counter("janus.server.started", "{start}", "Starts of the server.")
	m.untracked = b.counter("janus.collector.untracked", "{event}",
		"Events of sessions, handles and streams for which there was no room.")
	m.sessionsCreated = b.counter("janus.server.session.created", "{session}", "Sessions created.")
	m.sessionsEnded = b.counter("janus.server.session.ended", "{session}", "Sessions destroyed or timed out.")
	m.handlesAttached = b.counter("janus.server.handle.attached", "{handle}", "Handles attached.")
	m.handlesDetached = b.counter("janus.server.handle.detached", "{handle}", "Handles detached.")
	m.connectionsUp = b.counter("janus.server.peerconnection.established", "{peerconnection}", "PeerConnections that came up.")
	m.connectionsClosed = b.counter("janus.server.peerconnection.closed", "{peerconnection}", "PeerConnections closed.")
	m.setup = b.histogram("janus.server.peerconnection.setup.duration", "s",
		"Time from the beginning of ICE until the PeerConnection is up.", seconds)
	m.iceFailed = b.counter("janus.server.ice.failed", "{failure}", "Failures of ICE.")
	m.dtlsFailed = b.counter("janus.server.dtls.failed", "{failure}", "Failures of DTLS.")
	m.slowLinks = b.counter("janus.server.slow_links", "{event}", "Reports of many lost packets.")
	m.interrupted = b.counter("janus.server.media.interrupted", "{event}", "Media that stopped arriving.")
	m.buildStats(b)
	return b.observed, b.err()
}

func (m *serverMetrics) buildGauges(b *builder) {
	m.sessions = b.gauge("janus.server.sessions", "{session}", "Sessions.")
	m.handles = b.gauge("janus.server.handles", "{handle}", "Handles.")
	m.connections = b.gauge("janus.server.peerconnections", "{peerconnection}", "PeerConnections that are up.")
	m.pluginHandles = b.gauge("janus.server.plugin.handles", "{handle}", "Handles, by plugin.")
	m.pluginConnections = b.gauge("janus.server.plugin.peerconnections", "{peerconnection}",
		"PeerConnections that are up, by plugin.")
	m.up = b.gauge("janus.server.up", "{server}", "Whether the Admin API answers.")
	m.info = b.gauge("janus.server.info", "{server}", "Always 1, with the version of the server.")
	m.lastEvent = b.gauge("janus.server.event.time", "s", "When the last event arrived, in seconds since 1970.")
	m.tracked = b.gauge("janus.collector.tracked", "{entry}", "Sessions, handles and streams that are remembered.")
}

func (m *serverMetrics) buildStats(b *builder) {
	m.rtt = b.histogram("janus.server.media.rtt", "s", "Round-trip times between Janus and peers.", networkSeconds)
	m.jitter = b.histogram("janus.server.media.jitter", "s", "Jitter of media that flows.", networkSeconds)
	m.bitrate = b.histogram("janus.server.media.bitrate", "bit/s", "Bitrates of media that flows.", bitrates)
	m.bytes = b.counter("janus.server.media.io", "By", "Bytes of media.")
	m.packets = b.counter("janus.server.media.packets", "{packet}", "Packets of media.")
	m.lost = b.counter("janus.server.media.lost", "{packet}", "Packets of media that were lost.")
	m.nacks = b.counter("janus.server.media.nacks", "{nack}", "Requests for packets that were lost.")
	m.retransmissions = b.counter("janus.server.media.retransmissions", "{packet}", "Packets that arrived on request.")
}

// maxNames is how many values an attribute may have at a time. Names that Janus sends are
// few, but nothing guarantees it.
const maxNames = 100

// otherName stands for values beyond maxNames.
const otherName = "_OTHER"

// names are the values that attributes had, by the key of the attribute.
type names map[string]map[string]bool

// attr returns an attribute, whose value is otherName if it had too many already.
func (n names) attr(key, value string) attribute.KeyValue {
	had := n[key]
	if had == nil {
		had = map[string]bool{}
		n[key] = had
	}
	switch {
	case had[value]:
	case len(had) < maxNames:
		had[value] = true
	default:
		value = otherName
	}
	return attribute.String(key, value)
}
