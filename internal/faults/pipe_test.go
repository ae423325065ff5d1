package faults

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"nhooyr.io/websocket"
)

// pipeServer answers the requests of a client over connections in memory, so
// that a test within a synctest bubble can let hours pass.
type pipeServer struct {
	url    string
	refuse atomic.Bool // dials fail

	listener *pipeListener
	mu       sync.Mutex
	conns    []net.Conn
	verbs    map[string]int
	answer   func(r request) string // see answerWith
}

// pipeListener accepts the server's ends of pipes.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// newPipeServer starts a server for the bubble of the test.
func newPipeServer(t *testing.T) *pipeServer {
	s := &pipeServer{
		url:      "ws://janus.test/",
		listener: &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})},
		verbs:    map[string]int{},
	}
	server := &http.Server{Handler: http.HandlerFunc(s.serve)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(s.listener)
	}()
	t.Cleanup(func() {
		s.cut()
		_ = server.Close()
		<-served
	})
	return s
}

// client returns an HTTP client that reaches the server.
func (s *pipeServer) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if s.refuse.Load() {
				return nil, errors.New("connection refused")
			}
			near, far := net.Pipe()
			s.mu.Lock()
			s.conns = append(s.conns, far)
			s.mu.Unlock()
			select {
			case s.listener.conns <- far:
				return near, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}}
}

func (s *pipeServer) serve(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"janus-protocol"}})
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	for {
		_, frame, err := ws.Read(context.Background())
		if err != nil {
			return
		}
		var q request
		_ = json.Unmarshal(frame, &q) // the client sends JSON
		s.mu.Lock()
		s.verbs[q.Janus]++
		answer := ""
		if s.answer != nil {
			answer = s.answer(q)
		}
		s.mu.Unlock()
		switch {
		case answer != "":
		case q.Janus == "create", q.Janus == "attach":
			answer = `{"janus":"success","transaction":"TX","session_id":SID,"data":{"id":7}}`
		default:
			answer = `{"janus":"success","transaction":"TX","session_id":SID}`
		}
		if answer == "nothing" {
			continue
		}
		if err := ws.Write(context.Background(), websocket.MessageText, []byte(q.fill(answer))); err != nil {
			return
		}
	}
}

// answerWith makes f decide about answers. "nothing" is none, "" the usual one.
func (s *pipeServer) answerWith(f func(r request) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// cut ends all connections.
func (s *pipeServer) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.conns = nil
}

// count returns how many requests of one kind came since the last reset.
func (s *pipeServer) count(verb string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verbs[verb]
}

func (s *pipeServer) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.verbs)
}

// records are what a client has logged.
type records struct {
	mu   sync.Mutex
	text strings.Builder
}

func newRecords() *records { return new(records) }

func (r *records) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// count returns how many records contain a text.
func (r *records) count(text string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Count(r.text.String(), text)
}
