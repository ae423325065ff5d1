//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/janustest"
	"nhooyr.io/websocket"
)

func TestCut(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.session()
	s.Cut()
	if s.Connections() != 0 || len(s.Sessions()) != 0 {
		t.Errorf("%d connections, sessions %v", s.Connections(), s.Sessions())
	}
	if _, err := c.read(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
	dial(t, s).session()
}

func TestDisconnect(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	session := c.session()
	if err := s.Send(session, m{"janus": "last"}); err != nil {
		t.Fatal(err)
	}
	s.Disconnect(websocket.StatusGoingAway, "bye")
	c.expect(c.next(), "last")
	_, err := c.read()
	var closed websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != websocket.StatusGoingAway || closed.Reason != "bye" {
		t.Errorf("got %v", err)
	}
	waitFor(t, "the connection to go", func() bool { return s.Connections() == 0 && len(s.Sessions()) == 0 })
}

func TestStall(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	session := c.session()
	s.Stall()
	if err := s.Send(session, m{"janus": "held"}); err != nil {
		t.Fatal(err)
	}
	// The frames held and the requests not read: writing must come to a halt.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	large := make([]byte, 1<<20)
	for i := range large {
		large[i] = ' '
	}
	copy(large, `{"janus":"ping","transaction":"large"}`)
	wrote := make(chan int)
	go func() {
		n := 0
		for c.ws.Write(ctx, websocket.MessageText, large) == nil && n < 64 {
			n++
			select {
			case wrote <- n:
			case <-ctx.Done():
			}
		}
		close(wrote)
	}()
	frames := 0
	for halted := false; !halted; {
		select {
		case n, ok := <-wrote:
			if !ok || n == 64 {
				t.Fatal("64 MB went to a server that does not read")
			}
			frames = n
		case <-time.After(500 * time.Millisecond):
			halted = true
		}
	}
	if s.Connections() != 1 {
		t.Errorf("%d connections", s.Connections())
	}
	if n := len(s.Requests()); n > 2 {
		t.Errorf("%d requests read", n)
	}
	go func() {
		for range wrote {
		}
	}()
	s.Resume()
	c.expect(c.next(), "held")
	for range frames {
		c.expect(c.next(), "pong")
	}
}

func TestStallHoldsPings(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.ws.CloseRead(ctx) // reads the pong
	if err := c.ws.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	s.Stall()
	pong := make(chan error, 1)
	go func() { pong <- c.ws.Ping(ctx) }()
	select {
	case err := <-pong:
		t.Fatalf("a stalled server answered a ping: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	s.Resume()
	if err := <-pong; err != nil {
		t.Errorf("no pong after Resume: %v", err)
	}
}

func TestCutWhileStalled(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	s.Stall()
	s.Cut()
	if _, err := c.read(); err == nil {
		t.Error("the connection survived")
	}
	s.Resume()
	dial(t, s).session()
}

func TestCorrupt(t *testing.T) {
	for name, start := range map[string]func() *janustest.Server{
		"plain": janustest.NewServer, "TLS": janustest.NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			s := start()
			defer s.Close()
			c := dial(t, s)
			s.Broadcast(m{"janus": "before"})
			s.Corrupt(bytes.Repeat([]byte{0xff}, 64))
			c.expect(c.next(), "before")
			if msg, err := c.read(); err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %s, %v", msg.text, err)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	s.Refuse(http.StatusServiceUnavailable)
	_, resp, err := tryDial(t, s.URL, s.Client())
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %v, %v", resp, err)
	}
	c.expect(c.ask(m{"janus": "ping"}), "pong")
	s.Refuse(0)
	dial(t, s).session()
}

// Dial returns when the server counts the connection, and not before.
func TestDialled(t *testing.T) {
	s := newServer(t, nil)
	for n := 1; n <= 50; n++ {
		c := dial(t, s)
		if got := s.Connections(); got != n {
			t.Fatalf("%d connections, want %d", got, n)
		}
		s.Broadcast(m{"janus": "hello"})
		c.expect(c.next(), "hello")
	}
}

// A client that does not read must not hold up the others.
func TestSlowClient(t *testing.T) {
	s := newServer(t, nil)
	slow, quick := dial(t, s), dial(t, s)
	slow.session()
	session := quick.session()
	large := strings.Repeat("x", 1<<20)
	for range 16 { // more than the buffers between take
		s.Broadcast(m{"janus": "large", "text": large})
		quick.expect(quick.next(), "large")
	}
	quick.expect(quick.ask(m{"janus": "keepalive", "session_id": session}), "ack")
}
