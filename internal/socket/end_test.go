package socket

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"
)

// stream is what a server may send: messages in one frame and in several, empty
// ones, one beyond the buffers, and pings between.
func stream() (frames []byte, messages []string, ends []int) {
	add := func(message string, parts ...[]byte) {
		frames = append(frames, bytes.Join(parts, nil)...)
		messages = append(messages, message)
		ends = append(ends, len(frames))
	}
	long := strings.Repeat("0123456789", 900)
	add("first", frame(true, opText, "first"))
	add("", frame(true, opText, ""))
	add("in parts", frame(false, opText, "in "), frame(true, opPing, "?"), frame(true, opContinuation, "parts"))
	add("ended by nothing", frame(false, opText, "ended by nothing"), frame(true, opContinuation, ""))
	add(long, frame(true, opText, long))
	add("last", frame(true, opPing, ""), frame(true, opText, "last"))
	return frames, messages, ends
}

// tape is a connection that plays bytes, at most size a Read, and ends with err.
// If together is set, err comes with the last bytes.
type tape struct {
	bytes    []byte
	size     int
	err      error
	together bool
}

func (r *tape) Read(p []byte) (int, error) {
	n := copy(p[:min(len(p), r.size)], r.bytes)
	r.bytes = r.bytes[n:]
	if len(r.bytes) == 0 && (n == 0 || r.together) {
		return n, r.err
	}
	return n, nil
}

func (r *tape) Write(p []byte) (int, error) { return len(p), nil }
func (r *tape) Close() error                { return nil }

// readUntilError returns the messages of s and the error behind them.
func readUntilError(s *Socket) (messages []string, err error) {
	for {
		p, err := s.Read(context.Background())
		if err != nil {
			return messages, err
		}
		messages = append(messages, string(p))
	}
}

// Wherever a stream is cut, and however its reader reports the end: Read returns
// the messages that are complete and no other.
func TestCutAtEveryByte(t *testing.T) {
	frames, messages, ends := stream()
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, fmt.Errorf("tunnel: %w", io.EOF), net.ErrClosed} {
		for _, size := range []int{1, 7, 1 << 20} {
			for _, together := range []bool{false, true} {
				for k := 0; k <= len(frames); k++ {
					if k > 200 && k < len(frames)-200 && k%97 != 0 {
						continue // within the long message
					}
					if size == 1 && k%50 != 0 {
						continue
					}
					s := dialOn(t, &tape{slices.Clone(frames[:k]), size, end, together}, Options{})
					got, err := readUntilError(s)
					s.CloseNow()
					complete := 0
					for complete < len(ends) && ends[complete] <= k {
						complete++
					}
					if !slices.Equal(got, messages[:complete]) {
						t.Fatalf("%v, %d a read, together %v: cut after byte %d: %d messages, want %d", end, size, together, k, len(got), complete)
					}
					if err == nil {
						t.Fatal("no error")
					}
				}
			}
		}
	}
}

// A close frame that comes together with messages and the end of the stream is
// read behind them.
func TestCloseFrameWithTheEnd(t *testing.T) {
	frames, messages, _ := stream()
	s := dialOn(t, &tape{append(frames, closeFrame(1001)...), 1 << 20, io.EOF, true}, Options{})
	defer s.CloseNow()
	got, err := readUntilError(s)
	if !slices.Equal(got, messages) || websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("got %d messages and %v", len(got), err)
	}
}

// corked is a connection that collects writes until it is closed.
type corked struct {
	net.Conn
	held   []byte
	corked bool
}

func (c *corked) Write(p []byte) (int, error) {
	if !c.corked {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	return len(p), nil
}

func (c *corked) Close() error {
	_ = c.SetWriteDeadline(time.Time{}) // TLS has left one that has passed
	_, err := c.Conn.Write(c.held)
	return errors.Join(err, c.Conn.Close())
}

type corkedListener struct{ net.Listener }

func (l corkedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &corked{Conn: conn}, err
}

// A server that ends a TLS stream sends its last record and the alert that ends
// the stream at once. Version 1.2 then gives bytes and EOF together.
func TestEndOfTLS(t *testing.T) {
	frames, messages, ends := stream()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, sent := range []int{len(frames), len(frames) - 1, ends[2], ends[2] - 1, ends[0] + 1} {
			for _, closed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/close frame %v", tls.VersionName(version), sent, closed), func(t *testing.T) {
					srv := hijack(t, func(srv *httptest.Server) {
						srv.TLS = &tls.Config{MaxVersion: version}
						srv.Listener = corkedListener{srv.Listener}
					}, func(conn net.Conn, _ *bufio.Reader) {
						conn.(*tls.Conn).NetConn().(*corked).corked = true
						last := slices.Clone(frames[:sent])
						if closed {
							last = append(last, closeFrame(1001)...)
						}
						_, _ = conn.Write(last) // by the end of serve together with an alert
					})
					s := dialTo(t, srv, Options{})
					got, err := readUntilError(s)
					complete := 0
					for complete < len(ends) && ends[complete] <= sent {
						complete++
					}
					if !slices.Equal(got, messages[:complete]) {
						t.Errorf("got %d messages, want %d; %v", len(got), complete, err)
					}
					if closed && complete > 0 && ends[complete-1] == sent && websocket.CloseStatus(err) != websocket.StatusGoingAway {
						t.Errorf("ended with %v, want the close status", err)
					}
				})
			}
		}
	}
}
