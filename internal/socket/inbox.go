package socket

import (
	"io"
	"math"
	"runtime"
	"sync/atomic"
)

const (
	// firstInbox and maxInbox are the sizes of an inbox's buffer, which doubles when
	// it is full: when a message does not fit or when much arrives at once.
	firstInbox = 4 << 10
	maxInbox   = 32 << 10

	// atOnce is how many messages an inbox returns before it lets others run.
	atOnce = 8
)

// inbox is the receiving side of a websocket below the websocket library. It takes
// small text messages that came in one frame out of the stream: the library passes
// each frame to a goroutine of its own four times, which takes longer than
// everything else that is done with most messages. The library gets all other
// frames, byte for byte, and so sees control frames, messages in several frames,
// large ones and whatever is wrong.
type inbox struct {
	// turn is held, by filling it, by who reads from src: not only Read does, but
	// also Close of the library. It guards the fields below.
	turn chan struct{}
	src  io.Reader
	max  int // the size of the largest message that next may return

	buf        []byte // buf[r:w] has been received and not been passed on
	r, w       int
	grow       bool  // the buffer was too small for what had arrived
	lent       bool  // a message in buf belongs to the caller of next
	returned   int   // messages since other goroutines were let run
	pass       int64 // bytes up to the end of the frame that the library is reading
	incomplete bool  // the library has seen the beginning of a message, and not its end
	err        error // of src

	ended atomic.Bool // the library has asked for bytes that never came
	off   atomic.Bool // next takes no more messages: the connection is being closed
}

func newInbox(src io.Reader) *inbox { return &inbox{turn: make(chan struct{}, 1), src: src} }

// next returns the next message if it is a small text message in one frame, and
// nil if the library has to read on. It waits for a frame. The message is valid
// until the next call.
func (b *inbox) next() []byte {
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	b.lent = false
	for b.pass == 0 && !b.incomplete && b.err == nil && !b.off.Load() {
		header, payload := parseHeader(b.buf[b.r:b.w])
		switch {
		case header == 0:
		case b.buf[b.r] != wholeText || b.buf[b.r+1]&maskBit != 0 || payload > int64(b.max):
			return nil
		case int64(b.w-b.r-header) >= payload:
			b.r += header
			message := b.buf[b.r : b.r+int(payload) : b.r+int(payload)]
			b.r += int(payload)
			b.lent = true
			b.yield()
			return message
		}
		b.fill()
	}
	return nil
}

// yield lets those who wait for the messages returned so far run, now and then.
// Otherwise a peer that sends without a pause keeps a single processor busy, and
// messages pile up.
func (b *inbox) yield() {
	if b.returned++; b.returned == atOnce {
		b.returned = 0
		runtime.Gosched()
	}
}

// Read passes bytes to the websocket library, never beyond the end of a frame, so
// that next can go on behind the frame.
func (b *inbox) Read(p []byte) (int, error) {
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	if len(p) == 0 {
		return 0, nil
	}
	for b.pass == 0 {
		if header, payload := parseHeader(b.buf[b.r:b.w]); header > 0 {
			b.begin(header, payload)
			break
		}
		if b.err != nil { // within a header, or before one
			b.pass = math.MaxInt64
			break
		}
		b.fill()
	}
	p = p[:min(int64(len(p)), b.pass)]
	n := copy(p, b.buf[b.r:b.w])
	b.r += n
	if n == 0 && b.err == nil {
		n, b.err = b.src.Read(p)
	}
	b.pass -= int64(n)
	if n == 0 && b.err != nil {
		b.ended.Store(true)
		return 0, b.err
	}
	return n, nil
}

// begin starts to pass on the frame that is next.
func (b *inbox) begin(header int, payload int64) {
	first := b.buf[b.r]
	b.pass = math.MaxInt64
	if payload <= math.MaxInt64-int64(header) {
		b.pass = int64(header) + payload
	}
	if first&controlBit == 0 {
		b.incomplete = first&finBit == 0
	}
}

// fill receives more.
func (b *inbox) fill() {
	if b.buf == nil || b.grow || b.lent {
		// Close of the library fills the buffer while a message is still in use.
		size := max(len(b.buf), firstInbox)
		if b.grow {
			size *= 2
		}
		other := make([]byte, size)
		b.w = copy(other, b.buf[b.r:b.w])
		b.r, b.buf, b.lent = 0, other, false
	} else if b.r > 0 {
		b.w = copy(b.buf, b.buf[b.r:b.w])
		b.r = 0
	}
	n, err := readSome(b.src, b.buf[b.w:])
	b.w += n
	b.err = err
	b.grow = b.w == len(b.buf) && len(b.buf) < maxInbox
}

// readSome is r.Read, but returns at least one byte or an error.
func readSome(r io.Reader, p []byte) (n int, err error) {
	const tries = 100 // as in package bufio
	for range tries {
		if n, err = r.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}
