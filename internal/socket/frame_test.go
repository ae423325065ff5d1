package socket

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"nhooyr.io/websocket"
)

// A message arrives as it was given to Write, whatever its size: in one frame, masked
// with a key that is never the same for long, and with the shortest header.
func TestFramesOfMessages(t *testing.T) {
	keys := make(map[string]bool)
	for _, size := range []int{0, 1, 3, 4, 7, 8, 9, 125, 126, 127, 65535, 65536, 100_000} {
		message := pattern(size)
		before := bytes.Clone(message)
		b := appendText([]byte("before"), message)
		if !bytes.Equal(message, before) {
			t.Errorf("%d bytes: the message was changed", size)
		}
		b, found := bytes.CutPrefix(b, []byte("before"))
		header, payload := parseHeader(b)
		if !found || int64(size) != payload || len(b) != header+size {
			t.Fatalf("%d bytes: the header of %d bytes has a length of %d, and the frame %d bytes", size, header, payload, len(b))
		}
		r := bufio.NewReader(bytes.NewReader(b))
		opcode, got, err := readFrame(r)
		if opcode != opText || !bytes.Equal(got, message) || err != nil || r.Buffered() != 0 {
			t.Errorf("%d bytes: a frame of %d bytes, opcode %d, err %v", size, len(got), opcode, err)
		}
		shortest := len(frame(true, opText, string(message))) + maskSize
		if len(b) != shortest || b[0]&finBit == 0 || b[1]&maskBit == 0 {
			t.Errorf("%d bytes: the frame begins with %x and has %d bytes, want %d", size, b[:2], len(b), shortest)
		}
		keys[string(b[header-maskSize:header])] = true
	}
	if len(keys) < 10 {
		t.Errorf("%d keys", len(keys))
	}
}

// A server that knows nothing of this package reads what is sent, with and without
// TLS, from many goroutines at once, with pings in between.
func TestMessagesAndPingsTakeTurns(t *testing.T) {
	const writers, each = 8, 50
	for name, start := range map[string]func(http.Handler) *httptest.Server{
		"plain": httptest.NewServer, "TLS": httptest.NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, writers*each)
			srv := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, err := websocket.Accept(w, r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				conn.SetReadLimit(-1)
				for {
					_, message, err := conn.Read(context.Background())
					if err != nil {
						close(got)
						return
					}
					got <- string(message)
				}
			}))
			defer srv.Close()
			s := dialTo(t, srv, Options{})
			go func() { _, _ = readUntilError(s) }() // the pongs
			var wait sync.WaitGroup
			for w := range writers {
				wait.Go(func() {
					for i := range each {
						text := fmt.Sprintf("%d %d %s", w, i, strings.Repeat("x", i*i*w))
						if err := s.Write([]byte(text), i%2 == 0); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for range 20 {
				if err := s.Ping(t.Context()); err != nil {
					t.Error(err)
				}
			}
			wait.Wait()
			if err := s.Close(1000, ""); err != nil {
				t.Error(err)
			}
			next := make([]int, writers)
			count := 0
			for text := range got {
				var w, i int
				if _, err := fmt.Sscan(text, &w, &i); err != nil || next[w] != i || strings.Count(text, "x") != i*i*w {
					t.Fatalf("%.20q came, want message %d", text, next[w])
				}
				next[w]++
				count++
			}
			if count != writers*each {
				t.Errorf("%d messages came, of %d", count, writers*each)
			}
		})
	}
}

// No message follows a close frame, neither ours nor the answer to the peer's (RFC
// 6455, section 5.5.1), or CloseNow. A message that is refused fails, so
// that its sender knows.
func TestNoMessageBehindTheEnd(t *testing.T) {
	for name, end := range map[string]func(s *Socket, far net.Conn){
		"our close":   func(s *Socket, _ net.Conn) { _ = s.Close(1000, "") },
		"their close": func(_ *Socket, far net.Conn) { _, _ = far.Write(closeFrame(1000)) },
		"no close":    func(s *Socket, _ net.Conn) { s.CloseNow() },
	} {
		synctest.Test(t, func(t *testing.T) {
			s, far, r := piped(t, Options{})
			go func() { _, _ = readUntilError(s) }()
			go end(s, far)
			synctest.Wait() // a close frame waits to be read
			for range 3 {
				if err := s.Write([]byte("late"), false); err == nil {
					t.Errorf("%s: a message was taken", name)
				}
			}
			go func() { _, _ = far.Write(closeFrame(1000)) }()
			for {
				opcode, _, err := readFrame(r)
				if err != nil {
					break
				}
				if opcode == opText {
					t.Errorf("%s: a message was sent", name)
				}
			}
			s.CloseNow()
			_ = far.Close()
		})
	}
}

// A large message does not leave its buffer behind.
func TestLargeFramesAreNotKept(t *testing.T) {
	s := dialOn(t, goingOn{}, Options{})
	defer s.CloseNow()
	for _, size := range []int{100, 4 * KeepBuffer} {
		if err := s.Write(make([]byte, size), false); err != nil {
			t.Fatal(err)
		}
		if kept := cap(s.body.frame); kept < 100 || kept > KeepBuffer {
			t.Errorf("after a message of %d bytes, a buffer of %d is kept", size, kept)
		}
	}
}
