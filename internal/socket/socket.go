// Package socket is one websocket connection and its writing discipline: no
// caller's context reaches the connection, a write never holds its caller for
// long, messages written at the same moment share one write to the network, and
// the first cause of an end is the one that is reported.
package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sync"
	"time"
	"unicode/utf8"

	"nhooyr.io/websocket"
)

const (
	// closeTimeout is how long Close waits for the peer's part of the closing
	// handshake.
	closeTimeout = time.Second

	// firstBuffer is the size of the first buffer of a message.
	firstBuffer = 1 << 10

	// largeChunk is the largest part in which a long message is read.
	largeChunk = 1 << 20
)

// KeepBuffer is the largest size of a message, in bytes, whose buffer Read uses
// again. A larger message belongs to the caller of Read.
const KeepBuffer = 64 << 10

var (
	errClosed  = errors.New("closed")
	errNoClose = fmt.Errorf("the peer did not answer the close within %v", closeTimeout)
)

// Socket is a websocket connection. Read must be called by one goroutine at a
// time; everything else may be called concurrently. A Socket must be closed,
// with Close or CloseNow.
type Socket struct {
	ws   *websocket.Conn
	out  *gather
	body *body
	max  int64

	// Only Read uses these.
	buf     []byte          // for the next message that the library reads; at most KeepBuffer bytes
	reading context.Context // of the last Read

	mu   sync.Mutex
	free func() bool // frees the context whose end ends the connection; may be nil
}

// Read returns the next message. It is valid until the next call, or for ever
// if it is larger than KeepBuffer: the caller may then keep it. The end of ctx
// ends the connection. An error is final; it is the cause given to Fail if there
// was one before.
func (s *Socket) Read(ctx context.Context) ([]byte, error) {
	if ctx != s.reading {
		s.bind(ctx)
		s.reading = ctx
	}
	message := s.body.in.next()
	if message == nil {
		var err error
		if message, err = s.readLong(ctx); err != nil {
			return nil, err
		}
	}
	if !utf8.Valid(message) {
		return nil, errors.New("a text message that is not valid UTF-8") // RFC 6455, section 8.1
	}
	return message, nil
}

// readLong reads the next message through the websocket library.
func (s *Socket) readLong(ctx context.Context) ([]byte, error) {
	typ, r, err := s.ws.Reader(ctx)
	if err != nil {
		return nil, s.readError(ctx, err)
	}
	if typ != websocket.MessageText {
		return nil, errors.New("a binary message where Janus sends text")
	}
	message, err := readAll(s.buf, r)
	if err == nil && s.body.in.ended.Load() {
		// The websocket library takes the end of the stream within a message
		// for the end of the message.
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		if s.max >= 0 && int64(len(message)) > s.max {
			err = fmt.Errorf("a message larger than %d bytes", s.max)
		}
		return nil, s.readError(ctx, err)
	}
	if cap(message) <= KeepBuffer {
		s.buf = message
	}
	return message, nil
}

// bind makes the end of ctx end the connection.
func (s *Socket) bind(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.body.in.off.Load() {
		return
	}
	if s.free != nil {
		s.free()
	}
	s.free = context.AfterFunc(ctx, func() { s.Fail(ctx.Err()) })
}

// unbind ends what bind began.
func (s *Socket) unbind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free != nil {
		s.free()
		s.free = nil
	}
}

// readError returns why a read failed: by the end of ctx, by Fail, or by err.
func (s *Socket) readError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if cause := s.out.cause(); cause != nil {
		return cause
	}
	return plainReadError(err)
}

// readAll returns the bytes of r, in buf if its capacity suffices. Otherwise the
// bytes are read into parts of growing size and joined at the end, so that the
// garbage is about as large as the result.
func readAll(buf []byte, r io.Reader) ([]byte, error) {
	if cap(buf) == 0 {
		buf = make([]byte, 0, firstBuffer)
	}
	var parts [][]byte
	size := 0 // of parts
	for buf = buf[:0]; ; {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return join(parts, buf), nil
		}
		if err != nil {
			return join(parts, buf), err
		}
		if len(buf) == cap(buf) {
			parts = append(parts, buf)
			size += len(buf)
			buf = make([]byte, 0, min(size, largeChunk))
		}
	}
}

// join returns the parts and the last one in one slice, whose capacity is
// larger if it is to be used again.
func join(parts [][]byte, last []byte) []byte {
	if len(parts) == 0 {
		return last
	}
	size := len(last)
	for _, part := range parts {
		size += len(part)
	}
	room := size
	if size < KeepBuffer {
		room = 1 << bits.Len(uint(size))
	}
	whole := make([]byte, 0, room)
	for _, part := range parts {
		whole = append(whole, part...)
	}
	return append(whole, last...)
}

// Subprotocol returns the subprotocol that the peer has chosen, or "".
func (s *Socket) Subprotocol() string { return s.ws.Subprotocol() }

// Claim returns nil when a message of about n bytes can be written, or else a
// channel that is closed when the peer has read some of what waits for it.
// Where it returned nil, Settle must follow, behind Write.
func (s *Socket) Claim(n int) <-chan struct{} { return s.out.claim(n) }

// Settle ends a claim.
func (s *Socket) Settle(n int) { s.out.settle(n) }

// Write sends one text message. It returns at once, or after a few
// milliseconds where the peer reads slowly: the rest is then sent in the
// background. crowd says that other messages are likely to be written now; they
// are waited for, not longer than their goroutines take to run.
func (s *Socket) Write(p []byte, crowd bool) error {
	s.out.enter()
	defer s.out.leave(crowd)
	return s.body.message(p)
}

// Ping sends a ping and waits for its pong, which Read must be running to see.
func (s *Socket) Ping(ctx context.Context) error { return s.ws.Ping(ctx) }

// Fail ends the connection for the given cause, which Read then returns.
func (s *Socket) Fail(cause error) {
	s.out.fail(cause)
	s.body.in.off.Store(true)
}

// Close performs the closing handshake, and gives it up after a second. The
// connection is closed in any case. Messages that the peer sends meanwhile may
// or may not be returned by Read.
//
// The status may be 1000 to 1003, 1007 to 1014, 3000 to 4999, or 1005 without a
// reason, for a close frame without a status. The reason may have up to 123
// bytes of valid UTF-8. If they are anything else, a close frame without a
// status is sent, and Close returns what was wrong with them. Otherwise its
// error is nil if the peer has closed too, with whatever status.
func (s *Socket) Close(code websocket.StatusCode, reason string) error {
	invalid := checkClose(code, reason)
	if invalid != nil {
		code, reason = websocket.StatusNoStatusRcvd, ""
	}
	defer s.unbind()
	s.body.in.off.Store(true) // or else Read would return some of the messages behind those that ws.Close drops
	late := time.AfterFunc(closeTimeout, func() { s.out.fail(errNoClose) })
	err := s.ws.Close(code, reason)
	expired := !late.Stop()
	switch {
	case invalid != nil:
		return invalid
	case expired:
		return errNoClose
	case websocket.CloseStatus(err) != -1, errors.Is(err, io.EOF):
		// EOF: Read has met the peer's close frame, and the websocket library
		// looks for another one behind it. Either way the peer has closed.
		return nil
	}
	return err
}

// maxReason is the largest size of the reason in a close frame.
const maxReason = 123

// checkClose returns what is wrong with a status and a reason, as RFC 6455,
// sections 5.5 and 7.4, has them.
func checkClose(code websocket.StatusCode, reason string) error {
	switch {
	case code == websocket.StatusNoStatusRcvd && reason != "":
		return errors.New("a close frame without a status has no reason")
	case code >= 1000 && code <= 1014 && code != 1004 && code != 1006, code >= 3000 && code <= 4999:
	default:
		return fmt.Errorf("status %d cannot be sent in a close frame", code)
	}
	if len(reason) > maxReason {
		return fmt.Errorf("a reason of %d bytes does not fit a close frame, which has %d", len(reason), maxReason)
	}
	if !utf8.ValidString(reason) {
		return errors.New("the reason of a close frame must be valid UTF-8")
	}
	return nil
}

// CloseNow ends the connection without a handshake and frees what it holds. It
// may be called at any time, also after Close.
func (s *Socket) CloseNow() {
	s.Fail(errClosed)
	s.unbind()
	_ = s.ws.CloseNow() // closed already is what is wanted
}
