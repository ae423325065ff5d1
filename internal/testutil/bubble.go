package testutil

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
)

// Memory is a listener and a dialer without a network, so that synctest can
// stop the clock. NewMemory makes one.
type Memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// NewMemory returns a Memory. If it is made in a synctest bubble, it may be used
// only there.
func NewMemory() *Memory { return &Memory{conns: make(chan net.Conn), done: make(chan struct{})} }

// Accept waits for the next Dial.
func (m *Memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

// Close makes Accept and Dial fail.
func (m *Memory) Close() error { m.once.Do(func() { close(m.done) }); return nil }

// Addr returns an address that says nothing.
func (m *Memory) Addr() net.Addr { return &net.TCPAddr{} }

// Dial connects to the listener, whatever the address.
func (m *Memory) Dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case m.conns <- there:
		return here, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

// ServeMemory returns a client whose every websocket is passed to serve at its
// other end, without a network. It may be used in a synctest bubble.
func ServeMemory(t testing.TB, serve func(conn *websocket.Conn)) *http.Client {
	network := NewMemory()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"janus-protocol"}})
		if err == nil {
			defer func() { _ = conn.CloseNow() }()
			serve(conn)
		}
	})}
	go func() { _ = srv.Serve(network) }()
	t.Cleanup(func() { _ = srv.Close() })
	return &http.Client{Transport: &http.Transport{DialContext: network.Dial}}
}

// InBubble runs f in a synctest bubble with a Gateway over an in-memory
// connection. answer returns what the peer says to a request: a line for each
// message, in which TX stands for the transaction, or for a pause, such as
// "WAIT 50ms"; "" is silence.
func InBubble(t *testing.T, opts janus.DialOptions, answer func(janus.BaseMsg) string, f func(*testing.T, *janus.Gateway)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts.HTTPClient = ServeMemory(t, func(conn *websocket.Conn) {
			for {
				_, request, err := conn.Read(context.Background())
				if err != nil {
					return
				}
				base := BaseOf(request)
				for frame := range strings.SplitSeq(strings.ReplaceAll(answer(base), "TX", base.ID), "\n") {
					if pause, ok := strings.CutPrefix(frame, "WAIT "); ok {
						d, err := time.ParseDuration(pause)
						if err != nil {
							panic(err)
						}
						time.Sleep(d)
						continue
					}
					if frame != "" && conn.Write(context.Background(), websocket.MessageText, []byte(frame)) != nil {
						return
					}
				}
			}
		})
		if opts.Logger == nil {
			opts.Logger = Quiet
		}
		g, _, err := janus.Dial(context.Background(), "ws://memory/", &opts)
		if err != nil {
			t.Fatal(err)
		}
		f(t, g)
		_ = g.Close(websocket.StatusNormalClosure, "") // some tests have ended it
		synctest.Wait()
	})
}

// Answers is a peer that opens sessions and acknowledges the rest.
func Answers(base janus.BaseMsg) string {
	switch base.Type {
	case "create":
		return `{"janus":"success","transaction":"TX","data":{"id":1}}`
	case "attach":
		return `{"janus":"success","transaction":"TX","session_id":1,"data":{"id":2}}`
	}
	return `{"janus":"ack","transaction":"TX"}`
}
