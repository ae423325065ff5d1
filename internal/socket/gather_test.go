package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sink is a connection whose peer reads as many bytes as it is told to.
type sink struct {
	mu       sync.Mutex
	room     int // bytes that the peer still takes
	got      []byte
	writes   int
	largest  int // write
	deadline time.Time
	err      error         // of every Write
	changed  chan struct{} // closed when anything changes
}

const everything = 1 << 30

func newSink(room int) *sink { return &sink{room: room, changed: make(chan struct{})} }

func (s *sink) Write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	s.largest = max(s.largest, len(p))
	for {
		late := !s.deadline.IsZero() && !time.Now().Before(s.deadline)
		switch {
		case s.err != nil:
			return n, s.err
		case late:
			return n, os.ErrDeadlineExceeded
		}
		take := min(len(p)-n, s.room)
		s.got = append(s.got, p[n:n+take]...)
		s.room -= take
		if n += take; n == len(p) {
			return n, nil
		}
		s.wait()
	}
}

// wait waits for a change or the deadline. s.mu is held before and after.
func (s *sink) wait() {
	changed, expired := s.changed, (<-chan time.Time)(nil)
	if !s.deadline.IsZero() {
		timer := time.NewTimer(time.Until(s.deadline))
		defer timer.Stop()
		expired = timer.C
	}
	s.mu.Unlock()
	select {
	case <-changed:
	case <-expired:
	}
	s.mu.Lock()
}

func (s *sink) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *sink) read(n int)      { s.change(func() { s.room += n }) }
func (s *sink) fail(err error)  { s.change(func() { s.err = err }) }
func (s *sink) Close() error    { s.fail(net.ErrClosed); return nil }
func (s *sink) received() int   { s.mu.Lock(); defer s.mu.Unlock(); return len(s.got) }
func (s *sink) all() []byte     { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.got) }
func (s *sink) closed() error   { s.mu.Lock(); defer s.mu.Unlock(); return s.err }
func (s *sink) writeCount() int { s.mu.Lock(); defer s.mu.Unlock(); return s.writes }

func (s *sink) SetWriteDeadline(t time.Time) error {
	s.change(func() { s.deadline = t })
	return nil
}

// gatherInto returns a gather to s, with or without deadlines.
func gatherInto(s *sink, deadlines bool, timeout time.Duration) *gather {
	g := &gather{dst: s, timeout: timeout}
	if deadlines {
		g.deadline = s.SetWriteDeadline
	}
	return g
}

// pattern returns n bytes that are not periodic in any power of two.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}

// message writes n bytes as a Socket writes a message.
func (g *gather) message(n int) error {
	g.enter()
	defer g.leave(false)
	_, err := g.Write(pattern(n))
	return err
}

func (g *gather) state() (pending, claimed int, writing bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.buf), g.claimed, g.writing
}

// With deadlines, small writes are done when Write returns, and the deadline is
// renewed in time.
func TestInlineWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink(everything)
		g := gatherInto(s, true, time.Minute)
		renewed, last := 0, time.Time{}
		for i := range 100 {
			if err := g.message(10); err != nil {
				t.Fatal(err)
			}
			if n := s.received(); n != 10*(i+1) {
				t.Fatalf("%d bytes were written at once, want %d", n, 10*(i+1))
			}
			left := time.Until(s.deadline)
			if left < inlineWrite/2 || left > inlineWrite {
				t.Fatalf("written with %v left", left)
			}
			if !s.deadline.Equal(last) {
				renewed, last = renewed+1, s.deadline
			}
			time.Sleep(time.Millisecond)
		}
		if renewed > 11 {
			t.Errorf("%d deadlines for 100 writes in 100 ms", renewed)
		}
	})
}

// A write that the peer does not read goes on in the background. Afterwards the
// next one is inline again, and bounded again.
func TestSlowWriteLeavesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink(3)
		g := gatherInto(s, true, time.Minute)
		for range 3 {
			began := time.Now()
			if err := g.message(10); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != inlineWrite {
				t.Fatalf("the caller was held for %v, want %v", took, inlineWrite)
			}
			began = time.Now()
			_ = g.message(10) // in nobody's way
			if took := time.Since(began); took != 0 {
				t.Fatalf("the second caller was held for %v", took)
			}
			time.Sleep(10 * time.Second)
			s.read(17 + 7)
			synctest.Wait()
			if _, _, writing := g.state(); writing {
				t.Fatal("still writing")
			}
			before := s.received()
			_ = g.message(7) // these fit, at once
			if s.received() != before+7 {
				t.Fatal("not written at once")
			}
			s.change(func() { s.room = 3 })
		}
		if err := g.cause(); err != nil {
			t.Errorf("failed: %v", err)
		}
		once := slices.Concat(pattern(10), pattern(10), pattern(7))
		if want := slices.Repeat(once, 3); !bytes.Equal(s.all(), want) {
			t.Errorf("%d bytes came, want %d, in order", len(s.all()), len(want))
		}
	})
}

// Writing goes on while it makes progress, and ends the connection when it makes
// none for the timeout.
func TestProgress(t *testing.T) {
	const timeout = time.Second
	tests := map[string]struct {
		deadlines bool
		step      int // bytes that the peer reads each time
		most      time.Duration
	}{
		"deadlines": {true, 1, timeout + timeout/stallWindows + inlineWrite},
		"none":      {false, chunk, timeout},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSink(0)
				g := gatherInto(s, test.deadlines, timeout)
				began := time.Now()
				if err := g.message(60 * chunk); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); !test.deadlines && took != 0 {
					t.Fatalf("the caller was held for %v", took)
				}
				for i := range 30 {
					time.Sleep(timeout * 9 / 10)
					s.read(test.step)
					synctest.Wait()
					if err := g.cause(); err != nil {
						t.Fatalf("ended after %d steps: %v", i, err)
					}
				}
				if n := s.received(); n != 30*test.step || !bytes.Equal(s.all(), pattern(n)) {
					t.Fatalf("%d bytes came, want %d, in order", n, 30*test.step)
				}
				last := time.Now()
				for g.cause() == nil {
					time.Sleep(time.Millisecond)
				}
				if took := time.Since(last); took < timeout || took > test.most+time.Millisecond {
					t.Errorf("ended %v after the last byte, want %v to %v", took, timeout, test.most)
				}
				if err := g.cause(); !strings.Contains(err.Error(), "no progress for 1s") {
					t.Errorf("the cause is %v", err)
				}
				synctest.Wait()
				if err := g.message(1); err == nil {
					t.Error("a later write succeeded")
				}
			})
		})
	}
}

// Each write has the whole timeout, also one that begins behind another.
func TestTimeoutIsOfEachWrite(t *testing.T) {
	for _, deadlines := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSink(0)
			g := gatherInto(s, deadlines, time.Second)
			for range 5 {
				_ = g.message(100)
				time.Sleep(900 * time.Millisecond)
				s.read(100)
				synctest.Wait()
			}
			time.Sleep(time.Hour) // idle
			if err := g.cause(); err != nil || s.received() != 500 {
				t.Errorf("%d bytes came, %v", s.received(), err)
			}
		})
	}
}

// Whether bytes wait for a while in the middle of a write or not, they come in
// order.
func TestOrder(t *testing.T) {
	for _, deadlines := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSink(0)
			g := gatherInto(s, deadlines, time.Minute)
			if deadlines {
				g.timeout = 200 * time.Millisecond // parts of it pass within a write
			}
			var want []byte
			for i := range 200 {
				size := 1 + i*i%5000
				if i%10 == 5 {
					size += 3 * gatherLimit // whose buffer is not kept
				}
				p := bytes.Repeat([]byte{byte(i)}, size)
				want = append(want, p...)
				g.enter()
				if _, err := g.Write(p); err != nil {
					t.Fatal(err)
				}
				g.leave(i%2 == 0)
				time.Sleep(time.Duration(i%7) * 10 * time.Millisecond)
				s.read(i * i)
				if i%20 == 19 {
					s.read(len(want) - s.received() + 40_000) // some of the next are written at once
				}
			}
			s.read(everything)
			synctest.Wait()
			if !bytes.Equal(s.all(), want) {
				t.Errorf("%d bytes came, of %d; they differ", len(s.all()), len(want))
			}
		})
	}
}

// Bytes are held back while messages are on their way, up to a limit, and are
// written by the last.
func TestLastOneWrites(t *testing.T) {
	s := newSink(everything)
	g := gatherInto(s, true, time.Minute)
	g.enter()
	g.enter()
	g.enter()
	_, _ = g.Write(make([]byte, gatherLimit-1))
	g.leave(false)
	if s.received() != 0 {
		t.Fatal("written although another message is on its way")
	}
	_, _ = g.Write(make([]byte, 1))
	g.leave(false)
	if s.received() != gatherLimit || s.writeCount() != 1 {
		t.Fatalf("%d bytes at the limit, in %d writes", s.received(), s.writeCount())
	}
	_, _ = g.Write(make([]byte, 1))
	g.leave(true)
	if s.received() != gatherLimit+1 {
		t.Fatal("the last message was not written")
	}
	_, _ = g.Write(make([]byte, 1)) // of no message
	if s.received() != gatherLimit+2 {
		t.Fatal("a control frame was not written at once")
	}
	g.enter()
	g.enter()
	_, _ = g.Write(make([]byte, 1))
	g.leave(false)
	if s.received() != gatherLimit+2 {
		t.Fatal("behind a full buffer, a message is written alone")
	}
}

// A control frame that meets the last message on its way is written, whichever is
// first.
func TestControlFrameMeetsTheLastMessage(t *testing.T) {
	for range 100 {
		s := newSink(everything)
		g := gatherInto(s, true, time.Minute)
		g.enter()
		_, _ = g.Write(make([]byte, 1))
		written := make(chan struct{})
		g.mu.Lock()
		go func() {
			defer close(written)
			_, _ = g.Write(make([]byte, 1)) // of no message
		}()
		for range 20 {
			runtime.Gosched() // it probably waits for the lock then
		}
		g.mu.Unlock()
		g.leave(false)
		<-written
		if s.received() != 2 {
			t.Fatalf("%d bytes were written, of 2", s.received())
		}
	}
}

// A buffer that is being written is not the one that gathers, also behind a
// buffer that is too large to be kept.
func TestBuffersAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink(10)
		g := gatherInto(s, true, time.Minute)
		_ = g.message(10) // leaves a buffer
		large := pattern(3 * gatherLimit)
		_ = g.message(len(large))
		_, _ = g.Write([]byte("first"))
		s.read(len(large))
		synctest.Wait() // until the first is being written
		_, _ = g.Write([]byte("second"))
		s.read(everything)
		synctest.Wait()
		if rest := string(s.all()[10+len(large):]); rest != "firstsecond" {
			t.Errorf("got %q", rest)
		}
	})
}

// Goroutines that are ready to write are let in before a write.
func TestCrowdSharesAWrite(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const writers = 20
	for _, crowd := range []bool{true, false} {
		s := newSink(everything)
		g := gatherInto(s, true, time.Minute)
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				g.enter()
				_, _ = g.Write(pattern(10))
				g.leave(crowd)
			})
		}
		all.Wait()
		n := s.writeCount()
		if crowd && n > writers/2 {
			t.Errorf("%d writes for a crowd of %d", n, writers)
		}
		if s.received() != 10*writers {
			t.Errorf("%d bytes came", s.received())
		}
	}
}

// Two small buffers are used in turn, and large ones are not kept.
func TestBuffersAreUsedAgain(t *testing.T) {
	s := newSink(everything)
	s.got = make([]byte, 0, 1<<20)
	g := gatherInto(s, true, time.Minute)
	p := make([]byte, 100)
	write := func() {
		g.enter()
		_, _ = g.Write(p)
		g.leave(false)
	}
	s.changed = nil
	g.deadline = func(time.Time) error { return nil }
	if n := testing.AllocsPerRun(1000, write); n != 0 {
		t.Errorf("%v allocations a write", n)
	}
	_ = g.message(4 * gatherLimit)
	write()
	write()
	for _, b := range [][]byte{g.buf, g.spare} {
		if cap(b) > 2*gatherLimit {
			t.Errorf("a buffer of %d bytes is kept", cap(b))
		}
	}
	if cap(g.buf) == 0 && cap(g.spare) == 0 {
		t.Error("no buffer is kept")
	}
}

// The promises of room, step by step.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink(0)
		g := gatherInto(s, true, time.Minute)
		open := func(room <-chan struct{}) bool {
			select {
			case <-room:
				return true
			default:
				return false
			}
		}
		if g.claim(2*crowded) != nil {
			t.Fatal("no room for a large message although nothing waits")
		}
		first := g.claim(1)
		if first == nil || open(first) {
			t.Fatal("room next to a large message")
		}
		if g.claim(1) != first {
			t.Error("two that wait have two channels")
		}
		g.settle(2 * crowded) // it was not written after all
		if !open(first) {
			t.Fatal("nobody is told of the room")
		}
		if g.claim(crowded-1) != nil || g.claim(1) != nil {
			t.Fatal("no room for what fits exactly")
		}
		second := g.claim(1)
		if second == nil {
			t.Fatal("room for one byte too many")
		}
		_ = g.message(crowded - 1) // taken for writing, and not read
		if !open(second) {
			t.Fatal("nobody is told that the bytes are being written")
		}
		third := g.claim(1)
		if third == nil {
			t.Fatal("room before the claim is settled")
		}
		g.settle(crowded - 1)
		if !open(third) {
			t.Fatal("nobody is told of the settled claim")
		}
		_ = g.message(1)
		g.settle(1)
		if pending, claimed, _ := g.state(); pending != 1 || claimed != 0 {
			t.Errorf("%d bytes pending, %d claimed", pending, claimed)
		}
		if g.claim(crowded-1) != nil {
			t.Fatal("no room behind one byte")
		}
		_ = g.message(crowded - 1)
		fourth := g.claim(1)
		g.settle(crowded - 1)
		if open(fourth) {
			t.Fatal("room although everything is full")
		}
		s.read(everything)
		synctest.Wait()
		if !open(fourth) {
			t.Fatal("nobody is told that the peer reads")
		}
		_ = g.claim(crowded)
		last := g.claim(1)
		g.fail(io.EOF)
		if !open(last) || g.claim(crowded) != nil {
			t.Error("somebody waits for room on a closed connection")
		}
	})
}

// await returns when the last byte has been written, or cannot be, and does not wait
// for a peer that does not read.
func TestAwait(t *testing.T) {
	const limit, moment = time.Second, 100 * time.Millisecond
	for _, deadlines := range []bool{false, true} {
		for name, test := range map[string]struct {
			meanwhile func(s *sink, g *gather)
			took      time.Duration
		}{
			"nothing":        {func(*sink, *gather) {}, limit},
			"all is read":    {func(s *sink, _ *gather) { s.read(everything) }, moment},
			"a part is read": {func(s *sink, _ *gather) { s.read(1) }, limit},
			"a failure":      {func(_ *sink, g *gather) { g.fail(net.ErrClosed) }, moment},
		} {
			synctest.Test(t, func(t *testing.T) {
				s := newSink(0)
				g := gatherInto(s, deadlines, time.Hour)
				g.await(limit)
				_ = g.message(100)
				g.enter() // a message that never comes
				_, _ = g.Write(make([]byte, 1))
				began := time.Now()
				time.AfterFunc(moment, func() { test.meanwhile(s, g) })
				g.await(limit)
				if took := time.Since(began); took != test.took {
					t.Errorf("%s, deadlines %v: took %v, want %v", name, deadlines, took, test.took)
				}
				g.fail(net.ErrClosed)
			})
		}
		synctest.Test(t, func(t *testing.T) {
			s := newSink(everything)
			g := gatherInto(s, deadlines, time.Hour)
			g.enter() // a message that is late
			_, _ = g.Write(make([]byte, 1))
			if g.await(limit); s.received() != 1 {
				t.Errorf("deadlines %v: what had gathered was not written", deadlines)
			}
		})
	}
}

// What belongs to no message is bounded, while messages are not.
func TestUnaskedBytesAreBounded(t *testing.T) {
	for _, deadlines := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSink(0)
			g := gatherInto(s, deadlines, time.Hour)
			_ = g.message(1)
			time.Sleep(time.Second)
			for range 3 { // each is read, slowly
				for range maxUnasked / 128 {
					if _, err := g.Write(make([]byte, 128)); err != nil {
						t.Fatal(err)
					}
				}
				_ = g.message(2 * maxUnasked)
				s.read(1)
				synctest.Wait()
				pending, _, _ := g.state()
				if pending != 0 {
					t.Fatalf("%d bytes wait although the write before was done", pending)
				}
				s.read(3*maxUnasked - 1) // all but one
				synctest.Wait()
			}
			var err error
			for n := 0; err == nil; n += 128 {
				if _, err = g.Write(make([]byte, 128)); n > maxUnasked {
					t.Fatal("no limit")
				}
			}
			if err != errUnread || g.cause() != errUnread {
				t.Errorf("got %v, the cause is %v", err, g.cause())
			}
			synctest.Wait()
		})
	}
}

// After a write has failed, the connection stays open for a while, so that what
// the peer sent can be read.
func TestBrokenWrite(t *testing.T) {
	for _, deadlines := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSink(0)
			s.fail(os.ErrPermission)
			g := gatherInto(s, deadlines, time.Hour)
			_ = g.claim(crowded)
			room := g.claim(1)
			_ = g.message(1)
			synctest.Wait()
			if err := g.message(1); err != os.ErrPermission {
				t.Errorf("a later write returned %v", err)
			}
			select {
			case <-room:
			default:
				t.Error("somebody waits for room still")
			}
			time.Sleep(closeTimeout - 1)
			if g.cause() != nil {
				t.Fatal("closed too early")
			}
			time.Sleep(2 * time.Nanosecond)
			if err := g.message(1); err != os.ErrPermission {
				t.Errorf("a write after the end returned %v", err)
			}
			synctest.Wait() // for the end of Close
			if err := g.cause(); !errors.Is(err, os.ErrPermission) || s.closed() != net.ErrClosed {
				t.Errorf("closed because of %v", err)
			}
		})
	}
}

// A writer that writes less than it is given, without an error, ends the
// connection rather than lose bytes.
func TestShortWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gather{dst: shortWriter{}, timeout: time.Minute}
		_ = g.message(10)
		time.Sleep(2 * closeTimeout)
		if err := g.cause(); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("the cause is %v", err)
		}
	})
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }
func (shortWriter) Close() error                { return nil }

// The limits of time do not overflow.
func TestLongestTimeout(t *testing.T) {
	for _, deadlines := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSink(0)
			g := gatherInto(s, deadlines, 1<<63-1)
			_ = g.message(10)
			time.Sleep(24 * time.Hour)
			s.read(everything)
			synctest.Wait()
			if s.received() != 10 || g.cause() != nil {
				t.Errorf("%d bytes came, %v", s.received(), g.cause())
			}
		})
	}
}
