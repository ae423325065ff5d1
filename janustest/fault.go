//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest

import (
	"fmt"

	"nhooyr.io/websocket"
)

// Cut ends every connection with a TCP reset, as when the server's machine goes.
// The sessions end, or wait to be claimed, before Cut returns. New connections
// are accepted as before.
func (s *Server) Cut() {
	for _, c := range s.lockedConnections() {
		c.raw.reset()
		c.drop()
	}
}

// CutSession ends the connection that owns a session with a TCP reset, as Cut
// does for all of them. It fails if there is no such session or no connection
// owns it.
func (s *Server) CutSession(session uint64) error {
	s.mu.Lock()
	ss := s.sessions[session]
	var owner *conn
	if ss != nil {
		owner = ss.owner
	}
	s.mu.Unlock()
	switch {
	case ss == nil:
		return fmt.Errorf("janustest: no such session %d", session)
	case owner == nil:
		return errNotOwned
	}
	owner.raw.reset()
	owner.drop()
	return nil
}

// Restart does to clients what a restart of Janus does: it closes every
// connection and forgets every session, handle and room. The rooms that the
// server had at its start are back, empty. The URL, the fields of Server, what
// was registered with Handle and Intercept, and Requests stay as they are. New
// connections are accepted when Restart returns, so a test that wants the server
// to be away for a while calls Refuse before and after.
func (s *Server) Restart() {
	s.mu.Lock()
	conns := s.connections()
	clear(s.conns) // from here on they can make no session
	for _, ss := range s.sessions {
		s.removeSession(ss)
	}
	s.resetVideoroom()
	s.mu.Unlock()
	for _, c := range conns {
		c.drop()
	}
}

// Disconnect ends every connection with a websocket close frame, behind the
// frames that are queued for it. It does not wait for the closing handshakes: a
// connection and its sessions go when the client has answered.
func (s *Server) Disconnect(code websocket.StatusCode, reason string) {
	for _, c := range s.lockedConnections() {
		c.enqueue(outgoing{close: &websocket.CloseError{Code: code, Reason: reason}})
	}
}

// Stall has the server stop reading from its connections and writing to them, as
// if its process were stopped: pings are not answered, handshakes hang, and what
// clients write fills the buffers between. Connections stay up. What Notify,
// Send and the like queue is held until Resume. Sessions still time out.
func (s *Server) Stall() { s.gate.shut() }

// Resume ends a Stall.
func (s *Server) Resume() { s.gate.open() }

// Corrupt writes data into the TCP stream of every connection as it is, below
// the websocket framing, and below TLS if there is TLS. It goes out behind the
// frames that are queued.
func (s *Server) Corrupt(data []byte) {
	data = append([]byte{}, data...)
	for _, c := range s.lockedConnections() {
		c.enqueue(outgoing{raw: data})
	}
}

// Refuse has new websocket handshakes answered with the HTTP status, until it is
// called with 0. Connections that are up stay up.
func (s *Server) Refuse(status int) { s.refuse.Store(int32(status)) }
