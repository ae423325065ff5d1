//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"nhooyr.io/websocket"
)

const (
	subprotocol  = "janus-protocol"
	maxFrameSize = 16 << 20
	maxRequests  = 10_000
)

// A Server is a stand-in Janus server on the loopback interface.
//
// Set the exported fields between NewUnstartedServer and Start. They must not be
// changed afterwards, because the server reads them while it runs.
type Server struct {
	// URL is the address to dial, ws://127.0.0.1:port/ or wss://127.0.0.1:port/.
	// Start and StartTLS set it.
	URL string

	// Version is the Janus version that the server reports and behaves as. The
	// server knows the behavior of 1.1.2 and of 1.4.2; versions from 1.4.0 on
	// behave as 1.4.2, all others as 1.1.2. The default is "1.1.2".
	Version string

	// APISecret is the apisecret that requests must carry. If it is empty,
	// requests need none.
	APISecret string

	// Tokens are the stored tokens. Requests must carry one of them. If there
	// are none and no TokenAuthSecret, requests need no token. If there is an
	// APISecret as well, either of the two is enough, as in Janus. A stored
	// token allows all plugins, unless the Admin API changes that.
	Tokens []string

	// TokenAuthSecret is the secret that tokens must be signed with, Janus's
	// token_auth_secret. Package signedtoken signs them. The server checks their
	// signature, realm and expiry, when a handle is attached their plugins, and
	// in rooms with signed_tokens their room. If TokenAuthSecret is set, Tokens
	// is ignored, since Janus has one kind of tokens at a time.
	TokenAuthSecret string

	// StringIDs makes the ids of the VideoRoom's rooms and participants strings,
	// as string_ids does in the plugin's configuration. Numbers are then refused.
	StringIDs bool

	// SessionTimeout is how long a session lives without a request. The default
	// is 60 seconds. If it is 0 or negative, sessions do not time out.
	SessionTimeout time.Duration

	// ReclaimTimeout is how long a session can still be claimed after its
	// connection has ended. If it is 0, the default, a session ends with its
	// connection.
	ReclaimTimeout time.Duration

	// AdminSecret is the admin_secret that requests of the Admin API must carry. If
	// it is empty, requests need none. See AdminURL.
	AdminSecret string

	// OpaqueIDInAPI adds the opaque_id of a handle to its events.
	OpaqueIDInAPI bool

	gate      gate
	refuse    atomic.Int32
	dialed    atomic.Int64 // the websocket handshakes that were begun
	intercept atomic.Pointer[interceptor]
	log       requestLog

	listener  net.Listener
	http      *http.Server
	cert      *x509.Certificate
	transport *http.Transport
	serving   sync.WaitGroup // http.Serve and the connections net/http still holds
	running   sync.WaitGroup // the goroutines of the websocket connections

	mu       sync.Mutex // guards all below, and the fields of sessions and handles
	plugins  map[string]Plugin
	sessions map[uint64]*session
	conns    map[*conn]struct{}
	tokens   map[string][]string        // the stored tokens and their plugins, nil for all; nil without stored tokens
	settings map[string]json.RawMessage // what the Admin API has set, by request
	closed   bool
}

// NewServer starts and returns a server. The caller must call Close when it is
// done with it. NewServer panics if it cannot listen.
func NewServer() *Server {
	s := NewUnstartedServer()
	s.Start()
	return s
}

// NewTLSServer starts and returns a server that uses TLS. Server.Client returns
// an HTTP client that trusts its certificate. NewTLSServer panics if it cannot
// listen.
func NewTLSServer() *Server {
	s := NewUnstartedServer()
	s.StartTLS()
	return s
}

// NewUnstartedServer returns a server that does not listen yet, so that its
// fields can be set. Call Start or StartTLS to start it.
func NewUnstartedServer() *Server {
	s := &Server{
		Version:        "1.1.2",
		SessionTimeout: 60 * time.Second,
		plugins:        make(map[string]Plugin),
		sessions:       make(map[uint64]*session),
		conns:          make(map[*conn]struct{}),
	}
	s.plugins[echotestPackage] = echotest{}
	s.plugins[videoroomPackage] = newVideoroom(s)
	return s
}

// Start starts a server that NewUnstartedServer returned. It panics if it cannot
// listen or if the server has been started.
func (s *Server) Start() { s.start(nil) }

// StartTLS is like Start, but the server uses TLS.
func (s *Server) StartTLS() {
	cert, config := newCertificate()
	s.cert = cert
	s.start(config)
}

func (s *Server) start(config *tls.Config) {
	if s.URL != "" {
		panic("janustest: Server already started")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("janustest: failed to listen on the loopback interface: %v", err))
	}
	scheme := "ws"
	s.listener = listener{l, &s.gate}
	s.transport = &http.Transport{}
	if config != nil {
		scheme = "wss"
		s.listener = tls.NewListener(s.listener, config)
		pool := x509.NewCertPool()
		pool.AddCert(s.cert)
		s.transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	s.resetVideoroom() // its configuration is known only now
	s.storeTokens()
	s.URL = scheme + "://" + l.Addr().String() + "/"
	s.http = &http.Server{
		Handler:     http.HandlerFunc(s.accept),
		ConnContext: withConn,
		ConnState:   s.connState,
		ErrorLog:    discardLog,
	}
	s.serving.Add(1)
	go func() {
		defer s.serving.Done()
		_ = s.http.Serve(s.listener) // ends with Close
	}()
}

// resetVideoroom gives the VideoRoom the rooms of its configuration, unless a
// script has replaced it. The caller holds s.mu or is the only one to know s.
func (s *Server) resetVideoroom() {
	if _, ok := s.plugins[videoroomPackage].(*videoroom); ok {
		s.plugins[videoroomPackage] = newVideoroom(s)
	}
}

// Certificate returns the certificate of a server that uses TLS, and nil for any
// other.
func (s *Server) Certificate() *x509.Certificate { return s.cert }

// Client returns an HTTP client that trusts the server's certificate, if it has
// one. Call it after Start, and do not use the client after Close.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.transport} }

// Close stops the server. It drops every connection without a closing handshake,
// forgets every session, and waits for the server's goroutines. Since it waits
// for Plugins and Intercept functions too, they must not call it. Calls after the
// first do nothing.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	conns := s.connections()
	for _, ss := range s.sessions {
		s.removeSession(ss)
	}
	s.mu.Unlock()
	if s.http == nil {
		return
	}
	_ = s.http.Close() // its connections are being thrown away
	for _, c := range conns {
		c.drop()
	}
	s.serving.Wait()
	s.running.Wait()
	s.transport.CloseIdleConnections()
}

// connState counts the connections that net/http holds, so that Close can wait
// for them.
func (s *Server) connState(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.serving.Add(1)
	case http.StateHijacked, http.StateClosed:
		s.serving.Done()
	}
}

// accept upgrades one request to a websocket connection.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) {
	protocol := subprotocol
	if isAdmin(r) {
		protocol = adminSubprotocol
	}
	if protocol == subprotocol || isUpgrade(r) {
		s.dialed.Add(1)
	}
	if status := s.refuse.Load(); status != 0 {
		http.Error(w, http.StatusText(int(status)), int(status))
		return
	}
	if protocol == adminSubprotocol && !isUpgrade(r) {
		s.serveAdminHTTP(w, r)
		return
	}
	// The connection counts from here on, so that a client that has just been
	// told that it is connected finds it so.
	c := newConn(s, r.Context().Value(connKey{}).(*rawConn))
	c.admin = protocol == adminSubprotocol
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.conns[c] = struct{}{}
	s.running.Add(2)
	s.mu.Unlock()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{protocol},
		InsecureSkipVerify: true, // Janus takes any origin
	})
	if err != nil { // and Accept has answered
		s.connGone(c)
		s.running.Add(-2)
		return
	}
	ws.SetReadLimit(maxFrameSize)
	c.opened(ws)
	go c.readLoop()
	go c.writeLoop()
}

// connections returns the connections. The caller holds s.mu.
func (s *Server) connections() []*conn {
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}

// lockedConnections is connections for callers that do not hold s.mu.
func (s *Server) lockedConnections() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections()
}

// Connections returns the number of open websocket connections.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Handshakes returns the number of websocket handshakes that have been attempted
// since the start of the server, including those that failed or were refused.
func (s *Server) Handshakes() int { return int(s.dialed.Load()) }

// Handle registers a plugin under its package name, such as "janus.plugin.mine".
// It replaces any plugin of that name, also the built-in ones. Handles that have
// been attached keep the plugin that they have.
func (s *Server) Handle(plugin string, p Plugin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plugins[plugin] = p
}

// An interceptor is a function given to Intercept.
type interceptor func(frame json.RawMessage, reply func(frame any)) bool

// Intercept sets a function that the server calls with each frame that arrives,
// before it handles the frame. If f returns true, the server ignores the frame.
// reply sends a frame, encoded as by Send, to the connection that the request
// came from. It may be called at any time, also after f has returned, and panics
// if the frame cannot be encoded. The server calls f on the goroutine that reads
// the connection: for one connection one call at a time, for several
// concurrently. A nil f removes the function.
func (s *Server) Intercept(f func(frame json.RawMessage, reply func(frame any)) bool) {
	if f == nil {
		s.intercept.Store(nil)
		return
	}
	i := interceptor(f)
	s.intercept.Store(&i)
}

// Requests returns the frames that have arrived on all connections, oldest first,
// including those that are not valid JSON. The server keeps the latest 10,000.
func (s *Server) Requests() []json.RawMessage { return s.log.all() }

// Send queues a frame for the connection that owns the session. It sends a
// []byte, string or json.RawMessage as it is and encodes any other value as JSON.
// It returns an error if there is no such session, if no connection owns it, or
// if the frame cannot be encoded. Frames are sent in the order in which they were
// queued.
func (s *Server) Send(session uint64, frame any) error {
	text, err := encodeFrame(frame)
	if err != nil {
		return err
	}
	s.mu.Lock()
	ss := s.sessions[session]
	s.mu.Unlock()
	if ss == nil {
		return fmt.Errorf("janustest: no such session %d", session)
	}
	return s.sendToOwner(ss, text)
}

// Broadcast queues a frame, encoded as by Send, for every connection. It panics
// if the frame cannot be encoded.
func (s *Server) Broadcast(frame any) {
	text, err := encodeFrame(frame)
	if err != nil {
		panic(err)
	}
	for _, c := range s.lockedConnections() {
		c.send(text)
	}
}

var errNotOwned = errors.New("janustest: no connection owns the session")

// sendToOwner queues a frame for the connection that owns the session. Without
// one the frame is lost, as it is in Janus.
func (s *Server) sendToOwner(ss *session, text []byte) error {
	s.mu.Lock()
	owner := ss.owner
	s.mu.Unlock()
	if owner == nil {
		return errNotOwned
	}
	owner.send(text)
	return nil
}

// A requestLog keeps the newest frames that arrived.
type requestLog struct {
	mu     sync.Mutex
	frames []json.RawMessage
	oldest int
}

func (l *requestLog) add(frame json.RawMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.frames) < maxRequests {
		l.frames = append(l.frames, frame)
		return
	}
	l.frames[l.oldest] = frame
	l.oldest = (l.oldest + 1) % maxRequests
}

func (l *requestLog) all() []json.RawMessage {
	l.mu.Lock()
	defer l.mu.Unlock()
	frames := make([]json.RawMessage, 0, len(l.frames))
	frames = append(frames, l.frames[l.oldest:]...)
	return append(frames, l.frames[:l.oldest]...)
}

type connKey struct{}

// withConn makes the TCP connection known to accept, under TLS too.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}
