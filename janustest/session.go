package janustest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

// A session is a Janus session. Its fields are guarded by Server.mu, except as
// noted.
type session struct {
	id       uint64
	owner    *conn // the connection that gets its events; nil is nobody
	handles  map[uint64]*handle
	last     atomic.Int64 // when the last request came, in nanoseconds; not guarded
	orphaned time.Time    // when it lost its owner
	timer    *time.Timer
	over     bool
}

// A handle is a Janus plugin handle. What is not a constant is noted.
type handle struct {
	id      uint64
	session *session
	plugin  string
	impl    Plugin
	opaque  string
	created time.Time

	negotiating atomic.Bool // there is a PeerConnection, as far as the API can tell
	state       any         // what a built-in plugin knows of it, guarded by the plugin
}

// A watcher is a built-in plugin that is told when its handles end. Its methods
// are called without Server.mu.
type watcher interface {
	// hangup is called when the PeerConnection of a handle ends, or would end if
	// there were one.
	hangup(s *Server, h *handle)
	// detach is called when a handle has gone.
	detach(s *Server, h *handle)
}

// newID returns an id as Janus makes them, random and of 53 bits.
func newID() uint64 { return rand.Uint64N(1<<53-1) + 1 }

// createSession makes a session owned by c. An id of 0 asks for a random one. It
// returns nil if the id is taken or the connection has gone.
func (s *Server) createSession(c *conn, id uint64) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.conns[c]; !open || id != 0 && s.sessions[id] != nil {
		return nil
	}
	for id == 0 || s.sessions[id] != nil {
		id = newID()
	}
	ss := &session{id: id, owner: c, handles: make(map[uint64]*handle)}
	ss.touch()
	s.sessions[id] = ss
	c.sessions[id] = ss
	if s.SessionTimeout > 0 {
		ss.timer = time.AfterFunc(s.SessionTimeout, func() { s.expire(ss) })
	}
	return ss
}

func (ss *session) touch() { ss.last.Store(time.Now().UnixNano()) }

// findSession returns the session, and counts as activity on it.
func (s *Server) findSession(id uint64) *session {
	s.mu.Lock()
	ss := s.sessions[id]
	s.mu.Unlock()
	if ss != nil {
		ss.touch()
	}
	return ss
}

// removeSession forgets a session and returns its handles. The caller holds s.mu
// and tells the plugins afterwards, with detached.
func (s *Server) removeSession(ss *session) []*handle {
	if ss.over {
		return nil
	}
	ss.over = true
	if ss.timer != nil {
		ss.timer.Stop()
	}
	delete(s.sessions, ss.id)
	if ss.owner != nil {
		delete(ss.owner.sessions, ss.id)
	}
	return ss.sorted()
}

// sorted returns the handles in the order of their ids, so that they always end in
// the same order. The caller holds Server.mu.
func (ss *session) sorted() []*handle {
	handles := make([]*handle, 0, len(ss.handles))
	for _, h := range ss.handles {
		handles = append(handles, h)
	}
	slices.SortFunc(handles, func(a, b *handle) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return handles
}

// findPlugin returns a plugin, or nil.
func (s *Server) findPlugin(name string) Plugin {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plugins[name]
}

// attach makes a handle.
func (s *Server) attach(ss *session, impl Plugin, plugin, opaque string) *handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := newID()
	for ss.handles[id] != nil {
		id = newID()
	}
	h := &handle{id: id, session: ss, plugin: plugin, impl: impl, opaque: opaque, created: time.Now()}
	ss.handles[id] = h
	return h
}

// findHandle returns a handle of a session, or nil.
func (s *Server) findHandle(ss *session, id uint64) *handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ss.handles[id]
}

// removeHandle forgets a handle. It reports false when that had been done.
func (s *Server) removeHandle(h *handle) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.session.handles[h.id] == nil {
		return false
	}
	delete(h.session.handles, h.id)
	return true
}

// detached tells the plugin that a handle has gone.
func (s *Server) detached(h *handle) {
	if w, ok := h.impl.(watcher); ok {
		w.detach(s, h)
	}
}

// claim makes c the owner of a session.
func (s *Server) claim(c *conn, ss *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.conns[c]; !open || ss.over {
		return
	}
	if ss.owner != nil {
		delete(ss.owner.sessions, ss.id)
	}
	ss.owner = c
	c.sessions[ss.id] = ss
	s.reschedule(ss)
}

// connGone forgets a connection, and ends or orphans its sessions.
func (s *Server) connGone(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	var gone []*handle
	for _, ss := range c.sessions {
		if s.ReclaimTimeout <= 0 {
			gone = append(gone, s.removeSession(ss)...)
			continue
		}
		ss.owner = nil
		ss.orphaned = time.Now()
		s.reschedule(ss)
	}
	clear(c.sessions)
	s.mu.Unlock()
	for _, h := range gone {
		s.detached(h)
	}
}

// deadline returns the time at which a session expires, if nothing happens until
// then. The caller holds s.mu.
func (s *Server) deadline(ss *session) (when time.Time, ok bool) {
	if s.SessionTimeout > 0 {
		when, ok = time.Unix(0, ss.last.Load()).Add(s.SessionTimeout), true
	}
	if ss.owner == nil {
		reclaim := ss.orphaned.Add(s.ReclaimTimeout)
		if !ok || reclaim.Before(when) {
			when, ok = reclaim, true
		}
	}
	return when, ok
}

// reschedule sets the timer of a session. The caller holds s.mu.
func (s *Server) reschedule(ss *session) {
	if ss.timer != nil {
		ss.timer.Stop()
	}
	if when, ok := s.deadline(ss); ok {
		ss.timer = time.AfterFunc(time.Until(when), func() { s.expire(ss) })
	}
}

// expire ends a session whose time is up. Requests do not touch the timer, so it
// may turn out that there is time left.
func (s *Server) expire(ss *session) {
	s.mu.Lock()
	when, ok := s.deadline(ss)
	if ss.over || !ok {
		s.mu.Unlock()
		return
	}
	if time.Now().Before(when) {
		s.reschedule(ss)
		s.mu.Unlock()
		return
	}
	s.timeout(ss)
}

// timeout ends a session and says so. The caller holds s.mu, and timeout
// releases it.
func (s *Server) timeout(ss *session) {
	handles, owner := s.removeSession(ss), ss.owner
	s.mu.Unlock()
	if owner != nil {
		owner.send(appendHeader("timeout", ss.id, nil).end())
	}
	for _, h := range handles {
		s.detached(h)
		if owner != nil && !s.modern() {
			owner.send(h.message("detached", s, nil).end())
		}
	}
}

// modern reports whether the server stands in for Janus 1.4 or later, rather
// than for 1.1.
func (s *Server) modern() bool { return versionNumber(s.Version) >= 1400 }

// Timeout ends a session as if it had not been used for SessionTimeout. It sends
// timeout to the connection that owns the session and, if the server behaves as
// 1.1.2, detached for each handle. It does nothing if there is no such session.
func (s *Server) Timeout(session uint64) {
	s.mu.Lock()
	ss := s.sessions[session]
	if ss == nil {
		s.mu.Unlock()
		return
	}
	s.timeout(ss)
}

// Destroy ends a session as Janus's Admin API does. The client is not told; the
// server answers its next request on the session with error 458. Destroy does
// nothing if there is no such session.
func (s *Server) Destroy(session uint64) {
	s.mu.Lock()
	ss := s.sessions[session]
	var handles []*handle
	if ss != nil {
		handles = s.removeSession(ss)
	}
	s.mu.Unlock()
	for _, h := range handles {
		s.detached(h)
	}
}

// Detach detaches a handle as Janus's Admin API does. It sends detached to the
// connection that owns the session. It does nothing if there is no such handle.
func (s *Server) Detach(session, handle uint64) {
	if h, err := s.lookup(session, handle); err == nil {
		s.detachHandle(h)
	}
}

// detachHandle removes a handle and sends detached.
func (s *Server) detachHandle(h *handle) {
	if !s.removeHandle(h) {
		return
	}
	s.detached(h)
	_ = s.sendToOwner(h.session, h.message("detached", s, nil).end()) // lost without an owner
}

// Notify queues an event of a handle's plugin that does not answer a request,
// with data as its plugindata.data. jsep may be nil. Both are encoded as JSON.
// Notify returns an error if there is no such session or handle, if no connection
// owns the session, or if data or jsep cannot be encoded.
func (s *Server) Notify(session, handle uint64, data, jsep any) error {
	h, err := s.lookup(session, handle)
	if err != nil {
		return err
	}
	return s.push(h, nil, data, jsep)
}

// push sends an event of a plugin, with the transaction if there is one.
func (s *Server) push(h *handle, transaction json.RawMessage, data, jsep any) error {
	f, err := h.message("event", s, transaction).plugindata(h.plugin, data)
	if err != nil {
		return err
	}
	if !isNil(jsep) {
		h.negotiating.Store(true)
		if f, err = f.value("jsep", jsep); err != nil {
			return err
		}
	}
	return s.sendToOwner(h.session, f.end())
}

func (s *Server) lookup(session, handle uint64) (*handle, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ss := s.sessions[session]
	if ss == nil {
		return nil, fmt.Errorf("janustest: no such session %d", session)
	}
	h := ss.handles[handle]
	if h == nil {
		return nil, fmt.Errorf("janustest: no such handle %d in session %d", handle, session)
	}
	return h, nil
}

// hangup ends the PeerConnection of a handle, if there is one, for a reason.
func (s *Server) hangup(h *handle, reason string) {
	if !h.negotiating.Swap(false) {
		return
	}
	f := h.message("hangup", s, nil).str("reason", reason)
	_ = s.sendToOwner(h.session, f.end()) // lost without an owner
}

// Sessions returns the ids of the sessions, in ascending order.
func (s *Server) Sessions() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]uint64, 0, len(s.sessions))
	for id := range s.sessions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Handles returns the ids of a session's handles, in ascending order. It returns
// nil if there is no such session.
func (s *Server) Handles(session uint64) []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ss := s.sessions[session]
	if ss == nil {
		return nil
	}
	ids := make([]uint64, 0, len(ss.handles))
	for id := range ss.handles {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
