package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"nhooyr.io/websocket"
)

const patience = 20 * time.Second

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// open returns a Socket to a peer that runs serve.
func open(t *testing.T, opts Options, serve func(*websocket.Conn)) *Socket {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"test"}})
		if err != nil {
			t.Error(err)
			return
		}
		conn.SetReadLimit(-1)
		defer func() { _ = conn.CloseNow() }()
		serve(conn)
	}))
	t.Cleanup(srv.Close)
	if opts.MaxMessageSize == 0 {
		opts.MaxMessageSize = 1 << 20
	}
	if opts.WriteTimeout == 0 {
		opts.WriteTimeout = patience
	}
	opts.Subprotocol = "test"
	s, err := Dial(testContext(t), "ws"+strings.TrimPrefix(srv.URL, "http"), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.CloseNow)
	return s
}

// echo sends back every message.
func echo(conn *websocket.Conn) {
	for {
		typ, p, err := conn.Read(context.Background())
		if err != nil || conn.Write(context.Background(), typ, p) != nil {
			return
		}
	}
}

func TestConcurrentWritesArriveWhole(t *testing.T) {
	s := open(t, Options{}, echo)
	const writers, each = 32, 100
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				message := fmt.Sprintf("%d/%d/%s", w, i, strings.Repeat("x", i*10))
				if err := s.Write([]byte(message), i%2 == 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	next := make(map[int]int)
	for range writers * each {
		p, err := s.Read(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		var w, i int
		if _, err := fmt.Sscanf(string(p), "%d/%d/", &w, &i); err != nil || next[w] != i || strings.Count(string(p), "x") != i*10 {
			t.Fatalf("got %.30q, want message %d of writer %d", p, next[w], w)
		}
		next[w]++
	}
	wg.Wait()
}

// countingConn counts the writes to the network.
type countingConn struct {
	net.Conn
	mu     sync.Mutex
	writes int
	gate   chan struct{} // each write waits for it
}

func (c *countingConn) Write(p []byte) (int, error) {
	if c.gate != nil {
		<-c.gate
	}
	c.mu.Lock()
	c.writes++
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *countingConn) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writes
}

// Messages that are written while another write is under way share the next.
func TestWaitingMessagesShareAWrite(t *testing.T) {
	var conn *countingConn
	dialer := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		conn = &countingConn{Conn: c}
		return conn, err
	}}
	s := open(t, Options{HTTPClient: &http.Client{Transport: dialer}}, echo)
	before := conn.count()
	gate := make(chan struct{})
	conn.gate = gate
	var first sync.WaitGroup
	first.Go(func() { _ = s.Write([]byte("first"), false) })
	for s.out.pending() != 0 || !s.out.busy() {
		time.Sleep(time.Millisecond) // until the first is at the gate
	}
	const more = 50
	for range more {
		if err := s.Write([]byte("more"), false); err != nil {
			t.Fatal(err)
		}
	}
	close(gate)
	first.Wait()
	for range 1 + more {
		if _, err := s.Read(testContext(t)); err != nil {
			t.Fatal(err)
		}
	}
	if n := conn.count() - before; n != 2 {
		t.Errorf("%d writes for %d messages, want 2", n, 1+more)
	}
}

func (g *gather) pending() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.buf)
}

func (g *gather) busy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.writing
}

// fill writes until there is no more room.
func fill(t *testing.T, s *Socket) {
	t.Helper()
	message := []byte(strings.Repeat("x", 256<<10))
	for range 1000 {
		if s.Claim(len(message)) != nil {
			return
		}
		err := s.Write(message, false)
		s.Settle(len(message))
		if err != nil {
			return // given up already
		}
	}
	t.Fatal("there is always room")
}

// deaf returns a peer that reads nothing until it is told to.
func deaf(t *testing.T) (serve func(*websocket.Conn), listen func()) {
	wake := make(chan struct{})
	listen = sync.OnceFunc(func() { close(wake) })
	t.Cleanup(listen)
	return func(conn *websocket.Conn) {
		<-wake
		for {
			if _, _, err := conn.Read(context.Background()); err != nil {
				return
			}
		}
	}, listen
}

func TestRoomComesBackWhenThePeerReads(t *testing.T) {
	serve, listen := deaf(t)
	s := open(t, Options{}, serve)
	fill(t, s)
	room := s.Claim(crowded)
	listen()
	select {
	case <-room:
	case <-time.After(patience):
		t.Fatal("no room although the peer reads")
	}
}

func TestWriteThatCannotFinishEndsTheConnection(t *testing.T) {
	serve, _ := deaf(t)
	s := open(t, Options{WriteTimeout: 50 * time.Millisecond}, serve)
	fill(t, s)
	room := s.Claim(crowded)
	_, err := s.Read(testContext(t))
	if err == nil || !strings.Contains(err.Error(), "no progress for 50ms") {
		t.Errorf("read returned %v", err)
	}
	if room != nil {
		<-room // whoever waits for room is woken
	}
	if err := s.Write([]byte("x"), false); err == nil {
		t.Error("a later write succeeded")
	}
}

// A transport whose connection cannot be had is written to in the background.
func TestForeignTransport(t *testing.T) {
	foreign := roundTripper(func(r *http.Request) (*http.Response, error) { return http.DefaultTransport.RoundTrip(r) })
	s := open(t, Options{HTTPClient: &http.Client{Transport: foreign}}, echo)
	for i := range 100 {
		if err := s.Write(fmt.Append(nil, i), false); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Read(testContext(t)); err != nil || string(p) != fmt.Sprint(i) {
			t.Fatalf("got %q, %v", p, err)
		}
	}
	s.Fail(errors.New("enough"))
	if _, err := s.Read(testContext(t)); err == nil || err.Error() != "enough" {
		t.Errorf("got %v", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFirstCauseIsReported(t *testing.T) {
	s := open(t, Options{}, echo)
	s.Fail(errors.New("first"))
	s.Fail(errors.New("second"))
	s.CloseNow()
	if _, err := s.Read(testContext(t)); err == nil || err.Error() != "first" {
		t.Errorf("got %v", err)
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	s := open(t, Options{}, echo)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := s.Read(ctx); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	t.Run("close frame", func(t *testing.T) {
		s := open(t, Options{}, func(conn *websocket.Conn) { _ = conn.Close(4321, "why not") })
		_, err := s.Read(testContext(t))
		if websocket.CloseStatus(err) != 4321 || !strings.HasPrefix(err.Error(), "received close frame") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("binary", func(t *testing.T) {
		s := open(t, Options{}, func(conn *websocket.Conn) {
			_ = conn.Write(context.Background(), websocket.MessageBinary, []byte("{}"))
		})
		if _, err := s.Read(testContext(t)); err == nil || !strings.Contains(err.Error(), "binary") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("invalid UTF-8", func(t *testing.T) {
		s := open(t, Options{}, func(conn *websocket.Conn) {
			_ = conn.Write(context.Background(), websocket.MessageText, []byte("{\"a\":\"\xff\"}"))
		})
		if _, err := s.Read(testContext(t)); err == nil || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too large", func(t *testing.T) {
		const limit = 100_000
		s := open(t, Options{MaxMessageSize: limit}, func(conn *websocket.Conn) {
			for _, size := range []int{limit, limit + 1} {
				_ = conn.Write(context.Background(), websocket.MessageText, []byte(strings.Repeat("x", size)))
			}
			echo(conn)
		})
		if p, err := s.Read(testContext(t)); err != nil || len(p) != limit {
			t.Fatalf("at the limit: %d bytes, %v", len(p), err)
		}
		if _, err := s.Read(testContext(t)); err == nil || !strings.Contains(err.Error(), "larger than 100000 bytes") {
			t.Errorf("above the limit: %v", err)
		}
	})
}

func TestCloseHandshake(t *testing.T) {
	statuses := make(chan websocket.StatusCode, 1)
	s := open(t, Options{}, func(conn *websocket.Conn) {
		_, _, err := conn.Read(context.Background())
		statuses <- websocket.CloseStatus(err)
	})
	read := make(chan error, 1)
	go func() { _, err := s.Read(context.Background()); read <- err }()
	if err := s.Close(4000, "done"); err != nil {
		t.Errorf("close returned %v", err)
	}
	if status := <-statuses; status != 4000 {
		t.Errorf("the peer got status %v", status)
	}
	if err := <-read; err == nil {
		t.Error("Read goes on")
	}
	s.CloseNow()
}

func TestCloseWithADeadPeer(t *testing.T) {
	serve, _ := deaf(t)
	s := open(t, Options{}, serve)
	if err := s.Close(websocket.StatusNormalClosure, ""); err != errNoClose {
		t.Errorf("got %v", err)
	}
}

// A stream that ends within a message has not ended the message.
func TestTruncatedMessage(t *testing.T) {
	for _, sent := range []int{0, 1, 512, 4096, 99_999} {
		s := open(t, Options{}, func(conn *websocket.Conn) {
			// A writer flushes what does not fit its buffer.
			w, err := conn.Writer(context.Background(), websocket.MessageText)
			if err == nil {
				_, err = w.Write([]byte(strings.Repeat("x", sent)))
			}
			if err != nil {
				t.Error(err)
			}
		})
		if p, err := s.Read(testContext(t)); err == nil {
			t.Errorf("%d bytes came as a message of %d", sent, len(p))
		}
	}
}

// brokenConn fails every write once it is told to.
type brokenConn struct {
	net.Conn
	broken chan struct{}
}

func (c *brokenConn) Write(p []byte) (int, error) {
	select {
	case <-c.broken:
		return 0, os.ErrPermission
	default:
		return c.Conn.Write(p)
	}
}

// breaking dials connections whose writes fail once broken is closed.
func breaking(broken chan struct{}) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &brokenConn{c, broken}, err
	}}}
}

func TestFailedWriteEndsTheConnection(t *testing.T) {
	broken := make(chan struct{})
	s := open(t, Options{HTTPClient: breaking(broken)}, echo)
	close(broken)
	_ = s.Write([]byte("x"), false) // fails here or at the reader
	if _, err := s.Read(testContext(t)); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

// What the peer sent before it went is read although writing has failed, and
// the peer's reason comes before ours.
func TestFailedWriteLeavesTheRestToBeRead(t *testing.T) {
	broken := make(chan struct{})
	s := open(t, Options{HTTPClient: breaking(broken)}, func(conn *websocket.Conn) {
		<-broken
		_ = conn.Write(context.Background(), websocket.MessageText, []byte("last words"))
		_ = conn.Close(4321, "gone")
	})
	close(broken)
	_ = s.Write([]byte("x"), false)
	if p, err := s.Read(testContext(t)); err != nil || string(p) != "last words" {
		t.Fatalf("got %q, %v", p, err)
	}
	if _, err := s.Read(testContext(t)); websocket.CloseStatus(err) != 4321 {
		t.Errorf("got %v", err)
	}
}
