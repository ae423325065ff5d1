package main

import (
	"slices"
	"strings"
	"sync"
	"unique"

	"github.com/cameronelliott/janus-go/eventhandler"
)

const (
	// maxHandles and maxSessions are how many of a server are kept. Further ones
	// are counted, but not shown.
	maxHandles  = 200_000
	maxSessions = 200_000

	// maxMedia is of how many media of a server the statistics are kept, and
	// maxMediaOfHandle of how many of one handle.
	maxMedia         = 400_000
	maxMediaOfHandle = 256

	// maxText is how many bytes of a string of somebody else are kept.
	maxText = 128
)

// state is what is known about the sessions and handles of one server. Its methods
// may be called concurrently, unless a comment says otherwise.
type state struct {
	mu       sync.Mutex // guards everything below and what can be reached from it
	sessions map[uint64]*session
	handles  map[ids]*handle
	order    []*session // in the order in which they became known; nil where one has gone
	up       int        // how many handles have a PeerConnection that is up
	media    int        // how many media there are
	hidden   int        // how many handles of the sessions are not kept
	rings    *rings
	watched  map[ids]int32 // how many pages have a handle open, if any

	// A poll takes time, in which events arrive. Sessions and handles that became
	// known since the poll began are not missing in its answer, and those that have
	// gone since then are not new.
	poll uint64       // the number of the last poll that began
	gone map[ids]bool // during a poll; a session has no handle
}

// ids identify a session, or a handle in it.
type ids struct{ session, handle uint64 }

// session is a session of a server.
type session struct {
	id        uint64
	transport string
	since     int64 // Unix ms; 0 if it is not known
	handles   []*handle
	hidden    int    // how many further ones are not kept
	place     int    // in state.order
	born      uint64 // the poll during or after which it became known
	listed    int64  // when its handles were listed, in Unix ms; 0: never
}

// handle is a handle of a session.
type handle struct {
	id      uint64
	session *session
	plugin  string
	opaque  string
	ice     string
	dtls    string
	hangup  string // reason of the last one
	since   int64  // Unix ms; 0 if it is not known
	asked   int64  // when handle_info was read, in Unix ms; 0: never
	told    int64  // when an event last told of its PeerConnection, in Unix ms
	born    uint64 // as in session
	slow    int32
	up      bool
	media   []*medium
}

// medium is an m-line of a PeerConnection, or one layer of simulcast.
type medium struct {
	mid       string
	kind      string // "audio", "video" or "data"
	codec     string
	index     int16 // of the m-line
	layer     int8
	receiving int8 // 1, or -1 if Janus has said that it receives nothing; 0: not known
	fromPolls bool // the samples are of handle_info
	watched   bool // a page has the handle open
	slowIn    int32
	slowOut   int32
	lastEvent int64 // when the last statistics came as an event, in Unix ms
	lastPoint int64 // when the ring got its last point, in Unix ms
	meter     meter
	ring      *ring // nil if it has none
}

func newState() *state {
	return &state{
		sessions: make(map[uint64]*session),
		handles:  make(map[ids]*handle),
		rings:    newRings(maxRings),
		watched:  make(map[ids]int32),
	}
}

func (h *handle) ids() ids { return ids{h.session.id, h.id} }

// short returns a string that has at most maxText bytes and shares no memory with s.
func short(s string) string { return strings.Clone(cut(s, maxText)) }

// cut returns at most n bytes of s, without a part of a character at the end.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// intern is short for strings that many handles have.
func intern(s string) string {
	if s == "" {
		return ""
	}
	return unique.Make(short(s)).Value()
}

// addSession returns a session, which it adds unless it is known. It returns nil if
// there are too many. The caller holds mu.
func (s *state) addSession(id uint64) *session {
	if known := s.sessions[id]; known != nil {
		return known
	}
	if len(s.sessions) >= maxSessions {
		return nil
	}
	added := &session{id: id, place: len(s.order), born: s.poll}
	s.sessions[id] = added
	s.order = append(s.order, added)
	return added
}

// addHandle returns a handle, which it adds, with its session, unless it is known. If
// there are too many, it counts the handle and returns nil. The caller holds mu.
func (s *state) addHandle(id ids) *handle {
	if known := s.handles[id]; known != nil {
		return known
	}
	owner := s.addSession(id.session)
	if owner == nil {
		return nil
	}
	if len(s.handles) >= maxHandles {
		s.hide(owner, owner.hidden+1)
		return nil
	}
	added := &handle{id: id.handle, session: owner, born: s.poll}
	s.handles[id] = added
	owner.handles = append(owner.handles, added)
	return added
}

// hide notes how many handles of a session are not kept. The caller holds mu.
func (s *state) hide(owner *session, n int) {
	s.hidden += n - owner.hidden
	owner.hidden = n
}

// removeSession removes a session with its handles. The caller holds mu.
func (s *state) removeSession(id uint64) {
	if s.gone != nil {
		s.gone[ids{session: id}] = true
	}
	known := s.sessions[id]
	if known == nil {
		return
	}
	for _, h := range known.handles {
		s.forget(h)
	}
	s.hide(known, 0)
	delete(s.sessions, id)
	s.order[known.place] = nil
	if len(s.order) > 2*len(s.sessions)+16 {
		s.compact()
	}
}

// compact removes the empty places of order.
func (s *state) compact() {
	s.order = slices.DeleteFunc(s.order, func(kept *session) bool { return kept == nil })
	for i, kept := range s.order {
		kept.place = i
	}
	s.order = slices.Clip(s.order)
}

// removeHandle removes a handle. The caller holds mu.
func (s *state) removeHandle(id ids) {
	if s.gone != nil {
		s.gone[id] = true
	}
	h := s.handles[id]
	if h == nil {
		if owner := s.sessions[id.session]; owner != nil && owner.hidden > 0 {
			s.hide(owner, owner.hidden-1)
		}
		return
	}
	s.forget(h)
	owner := h.session
	if i := slices.Index(owner.handles, h); i >= 0 {
		owner.handles = slices.Delete(owner.handles, i, i+1)
	}
}

// forget is removeHandle for a session that is removed with all its handles, of which
// there may be many. The caller holds mu.
func (s *state) forget(h *handle) {
	s.closePeerConnection(h)
	delete(s.handles, h.ids())
}

// setUp notes whether the PeerConnection of a handle is up. The caller holds mu.
func (s *state) setUp(h *handle, up bool) {
	if up == h.up {
		return
	}
	h.up = up
	if up {
		s.up++
	} else {
		s.up--
	}
}

// closePeerConnection forgets the PeerConnection of a handle. The caller holds mu.
func (s *state) closePeerConnection(h *handle) {
	s.setUp(h, false)
	h.ice, h.dtls = "", ""
	s.keepMedia(h, func(*medium) bool { return false })
}

// keepMedia forgets the media of a handle for which keep returns false. The caller
// holds mu.
func (s *state) keepMedia(h *handle, keep func(*medium) bool) {
	h.media = slices.DeleteFunc(h.media, func(m *medium) bool {
		if keep(m) {
			return false
		}
		s.rings.release(m)
		s.media--
		return true
	})
	if len(h.media) == 0 {
		h.media = nil
	}
}

// medium returns a medium of a handle, which it adds if it is new, or nil if there
// are too many. The caller holds mu.
func (s *state) medium(h *handle, mid string, layer int8) *medium {
	for _, m := range h.media {
		if m.mid == mid && m.layer == layer {
			return m
		}
	}
	if len(h.media) >= maxMediaOfHandle || s.media >= maxMedia {
		return nil
	}
	added := &medium{mid: intern(mid), layer: layer, watched: s.watched[h.ids()] > 0, meter: meter{now: noValues}}
	h.media = append(h.media, added)
	s.media++
	return added
}

// clear forgets everything: Janus has ended. The caller holds mu.
func (s *state) clear() {
	for _, known := range slices.Clone(s.order) {
		if known != nil {
			s.removeSession(known.id)
		}
	}
}

// beginPoll notes that a poll begins. Only one may be running.
func (s *state) beginPoll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.poll++
	s.gone = make(map[ids]bool)
}

// endPoll notes that a poll has failed, or that its answer has been applied.
func (s *state) endPoll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = nil
}

// setSessions applies a list of all sessions that was asked for after beginPoll.
func (s *state) setSessions(list []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed := make(map[uint64]bool, len(list))
	for _, id := range list {
		listed[id] = true
		if !s.gone[ids{session: id}] {
			s.addSession(id)
		}
	}
	for _, known := range slices.Clone(s.order) {
		if known != nil && !listed[known.id] && known.born < s.poll {
			s.removeSession(known.id)
		}
	}
}

// setHandles applies a list of all handles of a session that was asked for after
// beginPoll. now is the time in Unix milliseconds.
func (s *state) setHandles(id uint64, list []uint64, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.sessions[id]
	if known == nil {
		return
	}
	known.listed = now
	s.hide(known, 0)
	listed := make(map[uint64]bool, len(list))
	for _, handle := range list {
		listed[handle] = true
		if id := (ids{id, handle}); !s.gone[id] {
			s.addHandle(id)
		}
	}
	for _, h := range slices.Clone(known.handles) {
		if h.born < s.poll && !listed[h.id] {
			s.removeHandle(h.ids())
		}
	}
}

// apply takes an event. now is the time in Unix milliseconds.
func (s *state) apply(e *eventhandler.Event, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch body := e.Body.(type) {
	case *eventhandler.SessionEvent:
		s.applySession(e, body)
	case *eventhandler.HandleEvent:
		s.applyHandle(e, body)
	case *eventhandler.ServerStarted, *eventhandler.ServerShutdown:
		s.clear()
	default:
		if h := s.handles[ids{e.Session, e.Handle}]; h != nil {
			s.applyToHandle(h, e, now)
		}
	}
}

// applySession takes an event of a session. The caller holds mu.
func (s *state) applySession(e *eventhandler.Event, body *eventhandler.SessionEvent) {
	if body.Change != eventhandler.Created {
		s.removeSession(e.Session)
		return
	}
	if added := s.addSession(e.Session); added != nil {
		added.since = unixMilli(e.Timestamp)
		added.listed = added.since // events say everything about it
		if body.Transport != nil {
			added.transport = intern(body.Transport.Transport)
		}
	}
}

// applyHandle takes an event of a handle. The caller holds mu.
func (s *state) applyHandle(e *eventhandler.Event, body *eventhandler.HandleEvent) {
	id := ids{e.Session, e.Handle}
	if body.Change != eventhandler.Attached {
		s.removeHandle(id)
		return
	}
	if h := s.addHandle(id); h != nil {
		h.since, h.plugin, h.opaque = unixMilli(e.Timestamp), intern(body.Plugin), short(body.OpaqueID)
	}
}

// applyToHandle takes an event of a handle that is known. Statistics that arrive
// after the handle has gone do not bring it back. The caller holds mu.
func (s *state) applyToHandle(h *handle, e *eventhandler.Event, now int64) {
	if e.Type == eventhandler.TypeWebRTC {
		h.told = now
	}
	switch body := e.Body.(type) {
	case *eventhandler.ICEState:
		h.ice = intern(string(body.State))
	case *eventhandler.DTLSState:
		h.dtls = intern(string(body.State))
	case *eventhandler.PeerConnectionState:
		if body.State == eventhandler.WebRTCUp {
			s.setUp(h, true)
			return
		}
		s.closePeerConnection(h)
		h.hangup = short(body.Reason)
	case *eventhandler.SlowLink:
		h.slow++
		if m := s.medium(h, body.Mid, 0); m != nil && body.Direction == eventhandler.Uplink {
			m.slowOut++
		} else if m != nil {
			m.slowIn++
		}
	case *eventhandler.MediaState:
		s.applyMediaState(h, body)
	case *eventhandler.MediaStats:
		s.applyStats(h, body, e, now)
	}
}

// applyMediaState takes that Janus receives a medium, or no longer. The caller holds
// mu.
func (s *state) applyMediaState(h *handle, body *eventhandler.MediaState) {
	layer := int8(0)
	if body.Substream != nil && *body.Substream > 0 && *body.Substream < 3 {
		layer = int8(*body.Substream)
	}
	m := s.medium(h, body.Mid, layer)
	if m == nil {
		return
	}
	m.receiving = -1
	if body.Receiving {
		m.receiving = 1
	}
}
