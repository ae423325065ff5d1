package socket

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"net"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// bytesOf returns how many bytes a function allocates that prepare returns. If they
// are more than most, others are tried: the goroutines of earlier tests, which may
// still be ending, count as well.
func bytesOf(most uint64, prepare func() func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 5 {
		f := prepare()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if least = min(least, after.TotalAlloc-before.TotalAlloc); least <= most {
			break
		}
	}
	return least
}

// A long message costs its own size and about as much in garbage.
func TestLongMessagesCostLittle(t *testing.T) {
	for _, size := range []int{100 << 10, 1 << 20, 15 << 20, 16<<20 + 1} {
		message := frame(true, opText, strings.Repeat("x", size))
		most := uint64(2*size + largeChunk + 64<<10)
		var p []byte
		n := bytesOf(most, func() func() {
			s := dialOn(t, &tape{bytes: message, size: 1 << 20, err: io.EOF}, Options{})
			t.Cleanup(s.CloseNow)
			return func() {
				var err error
				if p, err = s.Read(t.Context()); err != nil || len(p) != size {
					t.Fatalf("got %d bytes, %v", len(p), err)
				}
			}
		})
		t.Logf("%d bytes for a message of %d", n, size)
		if n > most {
			t.Errorf("%d bytes were allocated for a message of %d", n, size)
		}
		if cap(p) > size+size/4 { // make rounds up
			t.Errorf("a message of %d bytes is kept in %d", size, cap(p))
		}
	}
}

// Small messages share a buffer; those beyond KeepBuffer are the caller's, and
// the socket keeps nothing of them.
func TestOwnershipOfMessages(t *testing.T) {
	sizes := []int{10, KeepBuffer + 1, 20, 5 << 20, KeepBuffer, 1000, KeepBuffer + 1, KeepBuffer - 1, 0, 1024, 1 << 20, 5}
	var sent []byte
	for i, size := range sizes {
		sent = append(sent, frame(true, opText, strings.Repeat(string(rune('a'+i)), size))...)
	}
	s := dialOn(t, &tape{bytes: sent, size: 5000, err: io.EOF}, Options{})
	defer s.CloseNow()
	kept := make(map[int][]byte)
	for i, size := range sizes {
		p, err := s.Read(t.Context())
		if err != nil || !bytes.Equal(p, bytes.Repeat([]byte{byte('a' + i)}, size)) {
			t.Fatalf("message %d: %d bytes, %v", i, len(p), err)
		}
		if size > KeepBuffer {
			kept[i] = p
		} else if size > maxInbox && cap(s.buf) < size {
			t.Errorf("no buffer is kept behind message %d", i)
		}
		if cap(s.buf) > KeepBuffer {
			t.Errorf("a buffer of %d bytes is kept behind message %d", cap(s.buf), i)
		}
	}
	for i, p := range kept {
		if !bytes.Equal(p, bytes.Repeat([]byte{byte('a' + i)}, sizes[i])) {
			t.Errorf("message %d was overwritten", i)
		}
	}
}

// Messages of up to KeepBuffer bytes cost no memory of ours once there was one
// of that size.
func TestSmallMessagesShareABuffer(t *testing.T) {
	for _, size := range []int{1, 100, 1023, 1024, 5000, 60_000, KeepBuffer - 1} {
		one := strings.Repeat("x", size)
		buf, err := readAll(nil, strings.NewReader(one))
		if err != nil || string(buf) != one {
			t.Fatal(err)
		}
		r := strings.NewReader("")
		n := testing.AllocsPerRun(100, func() {
			r.Reset(one)
			buf, _ = readAll(buf, r)
		})
		if n != 0 || string(buf) != one {
			t.Errorf("%v allocations for %d bytes", n, size)
		}
	}
}

// What comes before an error is returned with it.
func TestReadAllReturnsWhatCameBeforeAnError(t *testing.T) {
	for _, size := range []int{0, 1, 1 << 10, 100_000} {
		p, err := readAll(nil, io.MultiReader(strings.NewReader(strings.Repeat("x", size)), &tape{err: net.ErrClosed}))
		if err != net.ErrClosed || len(p) != size {
			t.Errorf("%d bytes, %v; want %d", len(p), err, size)
		}
	}
}

// A small write allocates nothing, and is one write to the network, without TLS
// and with.
func TestSmallWritesAreCheap(t *testing.T) {
	for _, version := range []uint16{0, 0x0303, 0x0304} {
		srv := hijack(t, func(srv *httptest.Server) {
			if version != 0 {
				withTLS(version)(srv)
			}
		}, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
		s := dialTo(t, srv, Options{})
		if s.out.deadline == nil {
			t.Fatal("writes are not inline")
		}
		p := slices.Repeat([]byte("x"), 100)
		n := testing.AllocsPerRun(2000, func() {
			if err := s.Write(p, false); err != nil {
				t.Fatal(err)
			}
			if pending, _, writing := s.out.state(); pending != 0 || writing {
				t.Fatal("not written at once")
			}
		})
		if n != 0 && !raceEnabled { // with it, a sync.Pool of crypto/tls forgets at random
			t.Errorf("TLS %x: %v allocations a write", version, n)
		}
	}
}
