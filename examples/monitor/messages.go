package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/cameronelliott/janus-go/admin"
)

// hello is the first message that a page gets.
type hello struct {
	Type      string `json:"type"` // "hello"
	Points    int    `json:"points"`
	Events    int    `json:"events"`
	Now       int64  `json:"now"`       // Unix ms
	Heartbeat int64  `json:"heartbeat"` // ms
}

// serversMessage says how the servers are.
type serversMessage struct {
	Type    string         `json:"type"` // "servers"
	Servers []serverStatus `json:"servers"`
}

type serverStatus struct {
	Name            string     `json:"name"`
	Title           string     `json:"title"`
	Version         string     `json:"version"`
	Up              bool       `json:"up"`
	Error           string     `json:"error"`
	API             *apiStatus `json:"api"`
	Sessions        int        `json:"sessions"`
	Handles         int        `json:"handles"`
	PeerConnections int        `json:"peerConnections"`
	Hidden          int        `json:"hidden"`
	Events          bool       `json:"events"`
	EventCount      uint64     `json:"eventCount"`
	LastEvent       *int64     `json:"lastEvent"`
	BitrateIn       number     `json:"bitrateIn"`
	BitrateOut      number     `json:"bitrateOut"`
}

// status says how the server is. To count takes long if there are many handles, so pages
// share the counts for some time.
func (s *server) status(now time.Time, share time.Duration) serverStatus {
	status := s.counts(now, share)
	s.mu.Lock()
	defer s.mu.Unlock()
	status.Name, status.Title, status.Version = s.name, s.title, s.version
	status.Up, status.Error, status.API = s.up, s.failure, s.api
	status.Events, status.EventCount, status.LastEvent = s.eventsOfRun > 0, s.eventCount, known(s.lastEvent)
	return status
}

// counts returns the counts as they were at a time that is less than share ago.
func (s *server) counts(now time.Time, share time.Duration) serverStatus {
	s.counting.Lock()
	defer s.counting.Unlock()
	if s.counted.IsZero() || now.Sub(s.counted) >= share {
		s.count, s.counted = s.state.status(), now
	}
	return s.count
}

// status returns the counts.
func (s *state) status() serverStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := serverStatus{
		Sessions: len(s.sessions), Handles: len(s.handles) + s.hidden, PeerConnections: s.up, Hidden: s.hidden,
		BitrateIn: unknown, BitrateOut: unknown,
	}
	for _, h := range s.handles {
		for _, m := range h.media {
			status.BitrateIn = sum(status.BitrateIn, m.meter.now.In)
			status.BitrateOut = sum(status.BitrateOut, m.meter.now.Out)
		}
	}
	return status
}

// treeMessage is the window of the tree that a page has asked for.
type treeMessage struct {
	Type   string `json:"type"` // "tree"
	Total  int    `json:"total"`
	Offset int    `json:"offset"`
	Rows   []row  `json:"rows"`
}

// eventsMessage has events.
type eventsMessage struct {
	Type    string  `json:"type"` // "events"
	Replace bool    `json:"replace"`
	Skipped int     `json:"skipped"`
	Events  []entry `json:"events"`
}

// errorMessage says that a message of the page was not understood.
type errorMessage struct {
	Type    string `json:"type"` // "error"
	Message string `json:"message"`
}

// handleMessage says everything about the handle that is open.
type handleMessage struct {
	Type    string          `json:"type"` // "handle"
	Server  string          `json:"server"`
	Session string          `json:"session"`
	Handle  string          `json:"handle"`
	Gone    bool            `json:"gone"`
	Error   string          `json:"error"`
	Updated *int64          `json:"updated"`
	Info    json.RawMessage `json:"info"`
	Summary summary         `json:"summary"`
	Append  bool            `json:"append"`
	Media   []mediumMessage `json:"media"`
}

// summary is what a person wants to know about a handle.
type summary struct {
	Plugin          string   `json:"plugin"`
	Opaque          string   `json:"opaque"`
	Transport       string   `json:"transport"`
	Since           *int64   `json:"since"`
	Up              bool     `json:"up"`
	Hangup          string   `json:"hangup"`
	ICE             string   `json:"ice"`
	ICERole         string   `json:"iceRole"`
	ICEMode         string   `json:"iceMode"`
	Pair            string   `json:"pair"`
	DTLS            string   `json:"dtls"`
	DTLSRole        string   `json:"dtlsRole"`
	SRTP            string   `json:"srtp"`
	Retransmissions int      `json:"handshakeRetransmissions"`
	Codecs          []string `json:"codecs"`
	Slow            int32    `json:"slow"`
	Queued          int      `json:"queued"`
	SDPLocal        string   `json:"sdpLocal"`
	SDPRemote       string   `json:"sdpRemote"`
	Local           []string `json:"local"`
	Remote          []string `json:"remote"`
}

// mediumMessage is one medium of a handle.
type mediumMessage struct {
	ID        string `json:"id"`
	Mid       string `json:"mid"`
	Layer     int8   `json:"layer"`
	Kind      string `json:"kind"`
	Codec     string `json:"codec"`
	Source    string `json:"source"` // "events" or "polls"
	Receiving *bool  `json:"receiving"`
	Slow      int32  `json:"slow"`
	SlowIn    int32  `json:"slowIn"`
	SlowOut   int32  `json:"slowOut"`
	Now       values `json:"now"`
	Totals    totals `json:"totals"`
	Series    series `json:"series"`
}

// sent is up to where a page has the points of the handle that it has open.
type sent map[*ring]uint64

// message says everything about the handle that a page has open. before is what the
// page has already, or nil; what it has then is returned.
func (w *watch) message(s *server, before sent) (handleMessage, sent) {
	m := handleMessage{
		Type: "handle", Server: s.name, Session: idText(w.id.session), Handle: idText(w.id.handle), Media: []mediumMessage{},
	}
	w.mu.Lock()
	info, seen := w.info, w.seen || before != nil
	m.Gone, m.Error, m.Updated, m.Info = w.gone, w.failure, known(w.updated), w.raw
	w.mu.Unlock()
	m.Summary = describeInfo(info)
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	h := s.state.handles[w.id]
	if h == nil {
		m.Gone = m.Gone || seen // or it is not listed yet
		return m, before
	}
	h.summarize(&m.Summary)
	m.Append = h.isContinued(before)
	now := make(sent)
	for _, medium := range h.media {
		var n uint64
		if m.Append {
			n = before[medium.ring]
		}
		m.Media = append(m.Media, medium.message(n))
		if medium.ring != nil {
			now[medium.ring] = medium.ring.count
		}
	}
	return m, now
}

// keep takes what was last said about a handle that has gone since, so that a person can
// still read it.
func (m *handleMessage) keep(last *handleMessage) {
	m.Summary, m.Media, m.Append = last.Summary, last.Media, true
	m.Summary.Up = false
	var none *ring
	for i := range m.Media {
		m.Media[i].Series = none.since(0)
	}
}

// isContinued reports whether a page has points of exactly the media of the handle. The
// caller holds state.mu.
func (h *handle) isContinued(before sent) bool {
	for _, medium := range h.media {
		if _, has := before[medium.ring]; !has {
			return false
		}
	}
	return len(before) == len(h.media)
}

// message says everything about the medium, with the points after the first n.
func (m *medium) message(n uint64) mediumMessage {
	message := mediumMessage{
		ID: m.mid, Mid: m.mid, Layer: m.layer, Kind: m.kind, Codec: m.codec, Source: "events",
		Slow: m.slowIn + m.slowOut, SlowIn: m.slowIn, SlowOut: m.slowOut,
		Now: m.meter.now, Totals: m.meter.last.totals, Series: m.ring.since(n),
	}
	if m.layer > 0 {
		message.ID += "/" + string('0'+rune(m.layer))
	}
	if m.fromPolls {
		message.Source = "polls"
	}
	if m.receiving != 0 {
		receiving := m.receiving > 0
		message.Receiving = &receiving
	}
	return message
}

// summarize fills in what events have said, and puts the media in the order of their
// m-lines. The caller holds state.mu.
func (h *handle) summarize(s *summary) {
	slices.SortStableFunc(h.media, func(a, b *medium) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.layer, b.layer))
	})
	for _, medium := range h.media {
		if medium.codec != "" && !slices.Contains(s.Codecs, medium.codec) {
			s.Codecs = append(s.Codecs, medium.codec)
		}
	}
	s.Plugin, s.Opaque, s.Transport, s.Since = h.plugin, h.opaque, h.session.transport, known(h.since)
	s.Up, s.Hangup, s.ICE, s.DTLS, s.Slow = h.up, h.hangup, h.ice, h.dtls, h.slow
}

// describeInfo fills in what handle_info says. info may be nil.
func describeInfo(info *admin.HandleInfo) summary {
	s := summary{Codecs: []string{}, Local: []string{}, Remote: []string{}}
	if info == nil {
		return s
	}
	s.Plugin, s.Opaque, s.Transport = info.Plugin, info.OpaqueID, info.Transport
	s.ICERole, s.ICEMode, s.Queued = info.ICERole, info.ICEMode, info.QueuedPackets
	s.SDPLocal, s.SDPRemote = info.SDPs.Local, info.SDPs.Remote
	pc := info.WebRTC
	if pc == nil {
		return s
	}
	s.ICE, s.Pair, s.DTLS, s.DTLSRole = pc.ICE.State, pc.ICE.SelectedPair, pc.DTLS.State, pc.DTLS.Role
	s.SRTP, s.Retransmissions = pc.DTLS.SRTPProfile, pc.DTLS.Retransmissions
	s.Local = trimmed(pc.ICE.LocalCandidates)
	s.Remote = trimmed(pc.ICE.RemoteCandidates)
	return s
}

// trimmed returns candidates without the ends of lines that Janus leaves in some.
func trimmed(candidates []string) []string {
	lines := make([]string, len(candidates))
	for i, candidate := range candidates {
		lines[i] = strings.TrimSpace(candidate)
	}
	return lines
}
