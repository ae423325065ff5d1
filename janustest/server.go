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
// The exported fields are read while the server runs: set them between
// NewUnstartedServer and Start, and not afterwards.
type Server struct {
	// URL is the address to dial, ws://127.0.0.1:port/ or wss://127.0.0.1:port/.
	// Start and StartTLS set it.
	URL string

	// Version is the Janus version to stand in for, "1.1.2" or "1.4.2". It
	// decides what info answers and whether detached follows a session's
	// timeout. Any other value behaves like the nearest of the two. The default
	// is "1.1.2".
	Version string

	// APISecret is the apisecret that requests must carry. Empty means none.
	APISecret string

	// Tokens are the stored tokens, one of which requests must carry. None means
	// that there is no token authentication. When there is an APISecret as well,
	// either of the two is enough, as in Janus.
	Tokens []string

	// TokenAuthSecret makes requests carry a token signed with it, as those of
	// package signedtoken are. It stands for Janus's token_auth_secret. Empty
	// means none. If it is set, Tokens are ignored, as Janus has one kind of
	// tokens only.
	TokenAuthSecret string

	// StringIDs makes the ids of the VideoRoom's rooms and participants strings,
	// as string_ids does in the plugin's configuration. Numbers are then refused.
	StringIDs bool

	// SessionTimeout is how long a session lives without a request. The default
	// is 60 s; 0 or less means for ever.
	SessionTimeout time.Duration

	// ReclaimTimeout is how long a session whose connection went can still be
	// claimed. 0, the default, means that a session ends with its connection.
	ReclaimTimeout time.Duration

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
	closed   bool
}

// NewServer starts a server. The caller must Close it. It panics if it cannot
// listen.
func NewServer() *Server {
	s := NewUnstartedServer()
	s.Start()
	return s
}

// NewTLSServer starts a server that speaks TLS. Client gives an HTTP client that
// trusts its certificate.
func NewTLSServer() *Server {
	s := NewUnstartedServer()
	s.StartTLS()
	return s
}

// NewUnstartedServer returns a server that does not listen yet, so that its
// fields can be set. Start or StartTLS starts it.
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

// Start starts a server made by NewUnstartedServer.
func (s *Server) Start() { s.start(nil) }

// StartTLS starts a server made by NewUnstartedServer, with TLS.
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

// Certificate returns the certificate of a server started with TLS, and nil
// otherwise.
func (s *Server) Certificate() *x509.Certificate { return s.cert }

// Client returns an HTTP client to dial the server with. It trusts the server's
// certificate, if there is one. It is for use between Start and Close.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.transport} }

// Close stops the server: it drops every connection without a closing handshake,
// forgets every session, and returns when the server's goroutines have ended. It
// must not be called from a Plugin or an Intercept function, whose return it
// waits for. It may be called more than once.
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
	s.dialed.Add(1)
	if status := s.refuse.Load(); status != 0 {
		http.Error(w, http.StatusText(int(status)), int(status))
		return
	}
	// The connection counts from here on, so that a client that has just been
	// told that it is connected finds it so.
	c := newConn(s, r.Context().Value(connKey{}).(*rawConn))
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.conns[c] = struct{}{}
	s.running.Add(2)
	s.mu.Unlock()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
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

// Connections returns the number of websocket connections.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Handshakes returns the number of websocket handshakes that have arrived, those
// that Refuse turned down included.
func (s *Server) Handshakes() int { return int(s.dialed.Load()) }

// Handle registers a scripted plugin under its package name, such as
// "janus.plugin.mine", in the place of any plugin of that name. Handles that
// are attached already keep the plugin they have.
func (s *Server) Handle(plugin string, p Plugin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plugins[plugin] = p
}

// An interceptor is a function given to Intercept.
type interceptor func(frame json.RawMessage, reply func(frame any)) bool

// Intercept has f called for each frame that arrives, before the server handles
// it, on the goroutine that reads the connection. When f returns true the server
// does nothing more with the frame. reply sends a frame to the connection that
// the request came from, encoded as Send does it, and may be kept and called
// later. A nil f removes the function.
func (s *Server) Intercept(f func(frame json.RawMessage, reply func(frame any)) bool) {
	if f == nil {
		s.intercept.Store(nil)
		return
	}
	i := interceptor(f)
	s.intercept.Store(&i)
}

// Requests returns the frames that have arrived on any connection, oldest first,
// whether they were valid JSON or not. It keeps the newest 10,000.
func (s *Server) Requests() []json.RawMessage { return s.log.all() }

// Send sends a frame to the connection that owns the session. A []byte, a string
// and a json.RawMessage go out as they are; anything else is encoded as JSON. It
// fails when there is no such session or no connection owns it, and when frame
// cannot be encoded. A nil error means that the frame is queued: it goes out in
// order, after those before it.
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

// Broadcast sends a frame, encoded as Send does it, to every connection. It
// panics when frame cannot be encoded.
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
