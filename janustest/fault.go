//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest

import (
	"fmt"

	"nhooyr.io/websocket"
)

// Cut ends every connection with a TCP reset. When it returns, their sessions
// have ended or, with a ReclaimTimeout, wait to be claimed. The server accepts
// new connections as before.
func (s *Server) Cut() {
	for _, c := range s.lockedConnections() {
		c.raw.reset()
		c.drop()
	}
}

// CutSession is like Cut, but ends only the connection that owns the session. It
// returns an error if there is no such session or no connection owns it.
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

// Restart has the same effect on clients as a restart of Janus. It closes every
// connection without a closing handshake and forgets every session and handle.
// The rooms of the VideoRoom, the tokens and the settings are those that the
// server had at its start. The URL stays the same, and so do plugins registered
// with Handle, the Intercept function, and what Stall and Refuse have set. The
// server accepts connections all the time; to keep clients away for a while, call
// Refuse first.
func (s *Server) Restart() {
	s.mu.Lock()
	conns := s.connections()
	clear(s.conns) // from here on they can make no session
	for _, ss := range s.sessions {
		s.removeSession(ss)
	}
	s.resetVideoroom()
	s.storeTokens()
	s.settings = nil
	s.mu.Unlock()
	for _, c := range conns {
		c.drop()
	}
}

// Disconnect sends a websocket close frame on every connection, after the frames
// that are queued. It does not wait for the closing handshakes. A connection and
// its sessions end when the client has answered.
func (s *Server) Disconnect(code websocket.StatusCode, reason string) {
	for _, c := range s.lockedConnections() {
		c.enqueue(outgoing{close: &websocket.CloseError{Code: code, Reason: reason}})
	}
}

// Stall makes the server stop reading from and writing to its connections, as if
// its process were suspended. Connections stay open, but pings are not answered,
// handshakes hang, and the data that clients write fills the buffers between.
// Frames that are queued, for example by Send, are sent after Resume. Sessions
// still time out.
func (s *Server) Stall() { s.gate.shut() }

// Resume undoes Stall.
func (s *Server) Resume() { s.gate.open() }

// Corrupt writes data to the TCP stream of every connection, after the frames
// that are queued. The data bypasses the websocket framing and TLS.
func (s *Server) Corrupt(data []byte) {
	data = append([]byte{}, data...)
	for _, c := range s.lockedConnections() {
		c.enqueue(outgoing{raw: data})
	}
}

// Refuse makes the server answer websocket handshakes with an HTTP status, until
// Refuse is called with 0. Open connections are not affected.
func (s *Server) Refuse(status int) { s.refuse.Store(int32(status)) }
