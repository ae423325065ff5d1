package socket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"
)

// piped returns a Socket and the peer's end of its connection.
func piped(t *testing.T, opts Options) (*Socket, net.Conn, *bufio.Reader) {
	near, far := net.Pipe()
	return dialOn(t, near, opts), far, bufio.NewReader(far)
}

// Whatever the arguments of Close: the peer gets a close frame, the connection
// ends, and the error says what was wrong.
func TestCloseArguments(t *testing.T) {
	tests := []struct {
		code   int
		reason string
		wrong  string // "" if nothing is
	}{}
	add := func(wrong, reason string, codes ...int) {
		for _, code := range codes {
			tests = append(tests, struct {
				code   int
				reason string
				wrong  string
			}{code, reason, wrong})
		}
	}
	add("", "", 1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
	add("cannot be sent", "", 0, 1, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535, 66536, -1, math.MaxInt, math.MinInt)
	add("", strings.Repeat("x", 123), 1000, 4999)
	add("123", strings.Repeat("x", 124), 1000, 4999)
	add("", strings.Repeat("é", 61), 1000)
	add("UTF-8", "\xff", 1000)
	add("UTF-8", "é"[:1], 1000)
	add("no reason", "x", 1005)
	add("cannot be sent", "x", 0)
	for _, test := range tests {
		t.Run(fmt.Sprintf("%d %.10q", test.code, test.reason), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, far, r := piped(t, Options{})
				sent := make(chan string, 1)
				go func() {
					_, payload, err := readFrame(r)
					if err != nil {
						t.Error(err)
					}
					sent <- string(payload)
					_, _ = far.Write(frame(true, opClose, string(payload)))
				}()
				began := time.Now()
				err := s.Close(websocket.StatusCode(test.code), test.reason)
				if took := time.Since(began); took != 0 {
					t.Errorf("took %v", took)
				}
				want := ""
				switch {
				case test.wrong == "" && err != nil:
					t.Errorf("got %v", err)
				case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
					t.Errorf("got %v, want something about %q", err, test.wrong)
				case test.wrong == "" && test.code != 1005:
					want = string([]byte{byte(test.code >> 8), byte(test.code)}) + test.reason
				}
				if got := <-sent; got != want {
					t.Errorf("sent %q, want %q", got, want)
				}
				if _, err := far.Write([]byte{0}); err == nil {
					t.Error("the connection is open")
				}
				if _, err := s.Read(context.Background()); err == nil {
					t.Error("Read goes on")
				}
				// The limit of the handshake has been taken back.
				time.Sleep(2 * closeTimeout)
				if cause := s.out.cause(); cause == errNoClose {
					t.Errorf("ended later by %v", cause)
				}
			})
		})
	}
}

// The peer's status need not be ours, and it may close without a frame.
func TestPeersPartOfTheClose(t *testing.T) {
	for name, answer := range map[string][]byte{
		"another status": closeFrame(1001),
		"no status":      frame(true, opClose, ""),
		"messages first": append(frame(true, opText, "late"), closeFrame(4000)...),
		"no frame":       nil,
	} {
		for _, reading := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s, far, r := piped(t, Options{})
				read := make(chan error, 1)
				if reading {
					go func() { _, err := readUntilError(s); read <- err }()
				}
				go func() {
					_, _, _ = readFrame(r)
					_, _ = far.Write(answer)
					_ = far.Close()
				}()
				if err := s.Close(4000, ""); err != nil {
					t.Errorf("%s, reading %v: %v", name, reading, err)
				}
				s.CloseNow()
				if reading && <-read == nil {
					t.Error("no error")
				}
			})
		}
	}
}

// delayed is a connection whose writes take a moment.
type delayed struct{ net.Conn }

func (d delayed) Write(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return d.Conn.Write(p)
}

// Each side sends one close frame, whoever begins: the peer gets an answer to its own,
// and none to its answer.
func TestOneCloseFrame(t *testing.T) {
	for _, ours := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			r := bufio.NewReader(far)
			s := dialOn(t, delayed{near}, Options{})
			go func() { _, _ = readUntilError(s) }()
			if ours {
				go func() { _ = s.Close(1000, "") }()
				if opcode, _, err := readFrame(r); opcode != opClose || err != nil {
					t.Fatalf("got opcode %d, %v", opcode, err)
				}
			}
			go func() { _, _ = far.Write(closeFrame(1000)) }()
			frames := 0
			for {
				opcode, _, err := readFrame(r)
				if err != nil {
					break
				}
				if opcode == opClose {
					frames++
				}
			}
			if ours && frames != 0 || !ours && frames != 1 {
				t.Errorf("ours %v: %d close frames in answer", ours, frames)
			}
			s.CloseNow()
			_ = far.Close()
		})
	}
}

// Close gives up after a second, whatever its arguments.
func TestCloseWithASilentPeer(t *testing.T) {
	for _, code := range []websocket.StatusCode{1000, 0} {
		synctest.Test(t, func(t *testing.T) {
			s, far, r := piped(t, Options{})
			go func() {
				for {
					if _, _, err := readFrame(r); err != nil {
						return
					}
				}
			}()
			began := time.Now()
			err := s.Close(code, "")
			if took := time.Since(began); took != closeTimeout {
				t.Errorf("took %v", took)
			}
			if code == 1000 && !errors.Is(err, errNoClose) || code == 0 && !strings.Contains(err.Error(), "status 0") {
				t.Errorf("got %v", err)
			}
			if s.out.cause() != errNoClose {
				t.Errorf("the cause is %v", s.out.cause())
			}
			_ = far.Close()
		})
	}
}

// The limit of a message at both of its ends.
func TestMaxMessageSize(t *testing.T) {
	const most = math.MaxInt64
	tests := []struct {
		limit int64
		size  int
		fits  bool
	}{
		{-1, 1 << 20, true},
		{math.MinInt64, 1 << 20, true},
		{most, 1 << 20, true},
		{most - 1, 1 << 20, true},
		{0, 0, true},
		{0, 1, false},
		{1, 0, true},
		{1, 1, true},
		{1, 2, false},
		{1 << 20, 1 << 20, true},
		{1 << 20, 1<<20 + 1, false},
		{125, 1 << 21, false},
	}
	for _, test := range tests {
		for _, parts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d of %d, in parts %v", test.size, test.limit, parts), func(t *testing.T) {
				sent := frame(true, opText, strings.Repeat("x", test.size))
				if parts {
					sent = append(frame(false, opText, ""), sent...)
					sent[2] &^= 0xf // a continuation
				}
				tape := &tape{bytes: sent, size: 1 << 20, err: net.ErrClosed}
				s, err := Dial(t.Context(), "ws://peer", Options{HTTPClient: on(tape), MaxMessageSize: test.limit})
				if err != nil {
					t.Fatal(err)
				}
				defer s.CloseNow()
				p, err := s.Read(t.Context())
				if test.fits && (err != nil || len(p) != test.size) {
					t.Errorf("got %d bytes, %v", len(p), err)
				}
				if !test.fits && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("larger than %d bytes", test.limit))) {
					t.Errorf("got %d bytes, %v", len(p), err)
				}
			})
		}
	}
}

// A frame that claims to be huge costs nothing before its bytes come.
func TestHugeFrame(t *testing.T) {
	head := []byte{0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	const most = 64 << 10
	n := bytesOf(most, func() func() {
		s := dialOn(t, &tape{bytes: head, size: 1 << 20, err: net.ErrClosed}, Options{})
		t.Cleanup(s.CloseNow)
		return func() {
			if _, err := s.Read(t.Context()); err == nil {
				t.Error("no error")
			}
		}
	})
	if n > most {
		t.Errorf("%d bytes were allocated", n)
	}
}

// A tiny WriteTimeout does not end a connection that works.
func TestTinyWriteTimeout(t *testing.T) {
	for _, timeout := range []time.Duration{-1, 0, 1, time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			s, err := Dial(t.Context(), "ws://peer", Options{HTTPClient: on(near), WriteTimeout: timeout})
			if err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(far)
			for range 10 {
				if err := s.Write([]byte("x"), false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(inlineWrite / 2)
				if _, p, err := readFrame(r); string(p) != "x" {
					t.Fatalf("got %q, %v", p, err)
				}
				synctest.Wait()
			}
			s.CloseNow()
			_ = far.Close()
		})
	}
}
