package socket

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"nhooyr.io/websocket"
)

// The inbox takes small text messages out of the stream, without an allocation, and
// leaves everything else to the websocket library.
func TestInboxTakesSmallTexts(t *testing.T) {
	long := strings.Repeat("x", maxInbox)
	tests := map[string]struct {
		frame []byte
		taken bool
	}{
		"text":              {frame(true, opText, "small"), true},
		"empty text":        {frame(true, opText, ""), true},
		"text of 125 bytes": {frame(true, opText, long[:125]), true},
		"text of 126 bytes": {frame(true, opText, long[:126]), true},
		"largest text":      {frame(true, opText, long[:maxInbox-maxHeader]), true},
		"longer text":       {frame(true, opText, long[:maxInbox-maxHeader+1]), false},
		"64-bit length":     {append([]byte{wholeText, length64, 0, 0, 0, 0, 0, 0, 0, 1}, 'x'), true},
		"huge length":       {[]byte{wholeText, length64, 255, 255, 255, 255, 255, 255, 255, 255}, false},
		"masked text":       {[]byte{wholeText, maskBit | 1, 0, 0, 0, 0, 'x'}, false},
		"compressed text":   {[]byte{wholeText | 0x40, 1, 'x'}, false},
		"beginning of text": {frame(false, opText, "part"), false},
		"continuation":      {frame(true, opContinuation, "part"), false},
		"binary":            {frame(true, 2, "binary"), false},
		"ping":              {frame(true, opPing, "?"), false},
		"close":             {closeFrame(1000), false},
	}
	for name, test := range tests {
		for _, size := range []int{1, 10, 1 << 20} {
			in := newInbox(&tape{bytes: test.frame, size: size, err: io.EOF})
			in.max = maxInbox - maxHeader
			message := in.next()
			if (message != nil) != test.taken {
				t.Errorf("%s: taken is %v", name, message != nil)
			}
			if !test.taken {
				all, err := io.ReadAll(in)
				if err != nil || !bytes.Equal(all, test.frame) {
					t.Errorf("%s, %d bytes a read: the library gets %q, %v", name, size, all, err)
				}
			}
		}
	}
}

// The library never gets bytes of two frames at once, so that the inbox can go on
// behind each of them.
func TestInboxStopsBehindAFrame(t *testing.T) {
	ping, text := frame(true, opPing, "?"), frame(true, opText, "text")
	in := newInbox(&tape{bytes: slices.Concat(ping, text), size: 1 << 20, err: io.EOF})
	in.max = maxInbox
	if in.next() != nil {
		t.Fatal("a ping was taken")
	}
	p := make([]byte, 100)
	if n, err := in.Read(p); n != len(ping) || err != nil {
		t.Fatalf("the library got %q, %v", p[:n], err)
	}
	if message := in.next(); string(message) != "text" {
		t.Errorf("the message behind the ping is %q", message)
	}
}

// While the library has part of a frame, or of a message in several frames, the inbox
// takes nothing, whoever asks.
func TestInboxWaitsForTheLibrary(t *testing.T) {
	text := frame(true, opText, "text")
	like := frame(true, opText, "a"+string(text)) // its rest looks like a frame
	part := frame(false, opText, "part")
	ping := frame(true, opPing, "?")
	tests := map[string]struct {
		before []byte // read by the library
		frames []byte
	}{
		"within a frame":                  {like[:3], like},
		"within a message":                {part, nil},
		"within a message, behind a ping": {slices.Concat(part, ping), nil},
	}
	for name, test := range tests {
		frames := test.frames
		if frames == nil {
			frames = slices.Concat(test.before, text)
		}
		in := newInbox(&tape{bytes: slices.Concat(frames, text), size: 1 << 20, err: io.EOF})
		in.max = maxInbox
		if _, err := io.ReadFull(in, make([]byte, len(test.before))); err != nil {
			t.Fatal(err)
		}
		if message := in.next(); message != nil {
			t.Errorf("%s: took %q", name, message)
		}
	}
}

// A message stays as it is until next is called again, although Close of the library
// reads meanwhile.
func TestInboxKeepsTheMessageInUse(t *testing.T) {
	first, second := frame(true, opText, strings.Repeat("a", 100)), frame(true, opPing, strings.Repeat("b", 100))
	in := newInbox(&tape{bytes: slices.Concat(first, second, first), size: len(first), err: io.EOF})
	in.max = maxInbox
	message := in.next()
	if _, err := io.ReadFull(in, make([]byte, len(second))); err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("a", 100); string(message) != want {
		t.Errorf("the message has become %q", message)
	}
	if message := in.next(); string(message) != strings.Repeat("a", 100) {
		t.Errorf("the next message is %q", message)
	}
}

// A text that comes within a message in several frames is an error, which the
// library has to find.
func TestInboxLeavesTheRestOfAMessage(t *testing.T) {
	s := dialOn(t, &tape{bytes: slices.Concat(frame(false, opText, "part"), frame(true, opText, "whole")), size: 1 << 20, err: io.EOF}, Options{})
	defer s.CloseNow()
	if p, err := s.Read(t.Context()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %q, %v", p, err)
	}
}

// A stream of small messages costs no memory but the buffer.
func TestSmallMessagesCostNoMemory(t *testing.T) {
	const messages = 10_000
	const most = 8 * maxInbox
	sent := bytes.Repeat(frame(true, opText, strings.Repeat("x", 400)), messages)
	n := bytesOf(most, func() func() {
		s := dialOn(t, &tape{bytes: sent, size: 1 << 20, err: io.EOF}, Options{})
		t.Cleanup(s.CloseNow)
		return func() {
			for range messages {
				if _, err := s.Read(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	if n > most {
		t.Errorf("%d bytes were allocated for %d messages", n, messages)
	}
}

// The buffer grows to maxInbox when much arrives at once, so that it is read with
// fewer system calls, and not beyond.
func TestInboxGrows(t *testing.T) {
	src := &tape{bytes: bytes.Repeat(frame(true, opText, strings.Repeat("x", 400)), 1000), size: 1 << 20, err: io.EOF}
	in := newInbox(src)
	in.max = maxInbox - maxHeader
	sizes := []int{}
	for in.next() != nil {
		if n := len(sizes); n == 0 || sizes[n-1] != len(in.buf) {
			sizes = append(sizes, len(in.buf))
		}
	}
	if want := []int{firstInbox, 2 * firstInbox, 4 * firstInbox, maxInbox}; !slices.Equal(sizes, want) {
		t.Errorf("the sizes were %v, want %v", sizes, want)
	}
}

// A source that never returns anything is an error, not an endless loop.
func TestInboxWithoutProgress(t *testing.T) {
	in := newInbox(&tape{bytes: []byte("x")})
	in.max = maxInbox
	if in.next() != nil {
		t.Fatal("a message")
	}
	if _, err := io.ReadAll(in); err != io.ErrNoProgress {
		t.Errorf("got %v", err)
	}
}

// However a stream is made up and cut, the inbox changes neither the messages nor
// whether they end with an error of the peer.
func TestInboxChangesNothing(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	read := func(stream []byte, size, largest int) ([]string, error) {
		s := dialOn(t, &tape{bytes: slices.Clone(stream), size: size, err: io.EOF}, Options{})
		defer s.CloseNow()
		s.body.in.max = min(s.body.in.max, largest)
		return readUntilError(s)
	}
	for range 500 {
		stream := randomStream(random)
		size := 1 + random.IntN(200)
		want, wantErr := read(stream, size, -1)
		got, err := read(stream, size, 1000)
		if !slices.Equal(got, want) || err.Error() != wantErr.Error() {
			t.Fatalf("seed %d, %d bytes a read: %q\ngot  %q, %v\nwant %q, %v", seed, size, stream, got, err, want, wantErr)
		}
	}
}

// randomStream returns frames of all kinds, some of which are not valid.
func randomStream(random *rand.Rand) []byte {
	var stream []byte
	for range random.IntN(20) {
		text := strings.Repeat("x", []int{0, 1, 125, 126, 999, 1001, 5000}[random.IntN(7)])
		switch random.IntN(12) {
		case 0:
			stream = append(stream, frame(true, opPing, "?")...)
		case 1:
			stream = append(stream, frame(false, opText, text)...)
			stream = append(stream, frame(true, opPing, "?")...)
			stream = append(stream, frame(true, opContinuation, text)...)
		case 2:
			if random.IntN(5) == 0 { // an error if the message before has ended, or has not
				stream = append(stream, frame(random.IntN(2) == 0, byte(random.IntN(3)), text)...)
			}
		case 3:
			if random.IntN(5) == 0 {
				stream = append(stream, closeFrame(4000)...)
			}
		case 4:
			if random.IntN(5) == 0 && len(stream) > 0 {
				stream[random.IntN(len(stream))]++
			}
		default:
			stream = append(stream, frame(true, opText, text)...)
		}
	}
	if len(stream) > 0 && random.IntN(3) == 0 {
		stream = stream[:random.IntN(len(stream))]
	}
	return stream
}

// A Read that waits for the first byte of a message ends with its context. The end
// of the context of an earlier Read does not matter any more.
func TestReadOfNothingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := io.Pipe()
		s := dialOn(t, struct {
			io.Reader
			io.Writer
			io.Closer
		}{near, io.Discard, near}, Options{})
		defer s.CloseNow()
		send := func(text string) { go func() { _, _ = far.Write(frame(true, opText, text)) }() }
		first, cancelFirst := context.WithCancel(context.Background())
		send("first")
		if _, err := s.Read(first); err != nil {
			t.Fatal(err)
		}
		second, cancel := context.WithCancel(context.Background())
		send("second")
		if _, err := s.Read(second); err != nil {
			t.Fatal(err)
		}
		cancelFirst()
		synctest.Wait()
		send("third")
		if _, err := s.Read(second); err != nil {
			t.Errorf("after the end of an earlier context: %v", err)
		}
		time.AfterFunc(time.Second, cancel)
		if _, err := s.Read(second); err != context.Canceled {
			t.Errorf("got %v", err)
		}
	})
}

// A socket that was closed is not kept by the context of its Read.
func TestClosedSocketIsFreed(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	another, cancel := context.WithCancel(context.Background())
	defer cancel()
	closed := func() weak.Pointer[Socket] {
		s := dialOn(t, &tape{bytes: frame(true, opText, "x"), size: 10, err: io.EOF}, Options{})
		for range 2 { // the second finds the end
			_, _ = s.Read(ctx)
		}
		s.CloseNow()
		_, _ = s.Read(another)
		return weak.Make(s)
	}()
	for range 100 {
		if runtime.GC(); closed.Value() == nil {
			return
		}
		time.Sleep(time.Millisecond) // a finalizer of the websocket library may have to run first
	}
	t.Error("the socket is still reachable")
}

// A peer that sends without a pause does not keep a single processor busy: others run
// between its messages, such as those who wait for them.
func TestOthersRunBetweenMessages(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const messages = 200_000
	s := dialOn(t, &tape{bytes: bytes.Repeat(frame(true, opText, "x"), messages), size: 1 << 20, err: io.EOF}, Options{})
	defer s.CloseNow()
	var read atomic.Int64
	var largest int64 // number of messages while the other goroutine did not run
	stop := make(chan struct{})
	var other sync.WaitGroup
	other.Go(func() {
		for last := int64(0); ; {
			now := read.Load()
			largest, last = max(largest, now-last), now
			select {
			case <-stop:
				return
			default:
				runtime.Gosched()
			}
		}
	})
	for range messages {
		if _, err := s.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		read.Add(1)
	}
	close(stop)
	other.Wait()
	if largest > 2*atOnce {
		t.Errorf("nobody else ran during %d messages", largest)
	}
}

// Close has the library drop what the peer still sends. Read then returns no message
// behind one that was dropped.
func TestCloseLeavesNoHoles(t *testing.T) {
	for range 20 {
		srv := hijack(t, nil, func(conn net.Conn, r *bufio.Reader) {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			for n := 0; ; n++ {
				if _, err := conn.Write(frame(true, opText, strconv.Itoa(n))); err != nil {
					return
				}
			}
		})
		s := dialTo(t, srv, Options{})
		closing := make(chan struct{})
		go func() {
			<-closing
			_ = s.Close(websocket.StatusNormalClosure, "") // the peer does not answer
		}()
		for want := 0; ; want++ {
			p, err := s.Read(t.Context())
			if err != nil {
				break
			}
			if string(p) != strconv.Itoa(want) {
				t.Fatalf("message %s behind message %d", p, want-1)
			}
			if want == 100 {
				close(closing)
			}
			if want == 100_000 {
				s.CloseNow()
			}
		}
		s.CloseNow()
	}
}

// goingOn is a connection whose Close does not end its Read.
type goingOn struct{}

func (goingOn) Read(p []byte) (int, error)  { return copy(p, frame(true, opText, "on and on")), nil }
func (goingOn) Write(p []byte) (int, error) { return len(p), nil }
func (goingOn) Close() error                { return nil }

// Read ends although the connection goes on after its Close.
func TestReadEndsWithTheSocket(t *testing.T) {
	ends := map[string]func(s *Socket, cancel func()){
		"CloseNow": func(s *Socket, _ func()) { s.CloseNow() },
		"Fail":     func(s *Socket, _ func()) { s.Fail(errClosed); s.CloseNow() },
		"context":  func(_ *Socket, cancel func()) { cancel() },
	}
	for name, end := range ends {
		s := dialOn(t, goingOn{}, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		read := make(chan struct{}, 1)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				if _, err := s.Read(ctx); err != nil {
					return
				}
				select {
				case read <- struct{}{}:
				default:
				}
			}
		}()
		<-read
		end(s, cancel)
		select {
		case <-ended:
		case <-time.After(patience):
			t.Errorf("%s: Read goes on", name)
		}
		cancel()
		s.CloseNow()
	}
}

// Close alone frees what the context of Read holds.
func TestCloseAloneFrees(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := open(t, Options{}, echo)
	if err := s.Write([]byte("x"), false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(ctx); err != nil {
		t.Fatal(err)
	}
	_ = s.Close(websocket.StatusNormalClosure, "")
	_, _ = s.Read(ctx)
	if s.free != nil {
		t.Error("the context still holds the socket")
	}
	s.CloseNow()
}

// A limit beyond the range of an int is one.
func TestHugeLimit(t *testing.T) {
	s := dialOn(t, &tape{bytes: frame(true, opText, "x"), size: 10, err: io.EOF}, Options{MaxMessageSize: 3 << 30})
	defer s.CloseNow()
	if s.body.in.max != maxInbox-maxHeader {
		t.Errorf("messages of up to %d bytes are taken", s.body.in.max)
	}
}
