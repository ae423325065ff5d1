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
	"strings"
	"time"
	"unicode/utf8"

	"nhooyr.io/websocket"
)

const (
	// closeTimeout is how long Close waits for the peer's part of the closing
	// handshake.
	closeTimeout = time.Second

	// keepBuffer is how large a read buffer is kept for the next message.
	keepBuffer = 64 << 10
)

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
	buf  []byte // of the message read last
}

// Read returns the next message, which is valid until the next call. The end
// of ctx ends the connection. An error is final, and is the cause given to Fail
// where that came first.
func (s *Socket) Read(ctx context.Context) ([]byte, error) {
	typ, r, err := s.ws.Reader(ctx)
	if err != nil {
		return nil, s.readError(ctx, err)
	}
	if typ != websocket.MessageText {
		return nil, errors.New("a binary message where Janus sends text")
	}
	if cap(s.buf) > keepBuffer {
		s.buf = nil
	}
	s.buf, err = appendAll(s.buf[:0], r)
	if err == nil && s.body.ended.Load() {
		// The websocket library takes the end of the stream within a message
		// for the end of the message.
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		if s.max >= 0 && int64(len(s.buf)) > s.max {
			err = fmt.Errorf("a message larger than %d bytes", s.max)
		}
		return nil, s.readError(ctx, err)
	}
	if !utf8.Valid(s.buf) {
		return nil, errors.New("a text message that is not valid UTF-8") // RFC 6455, section 8.1
	}
	return s.buf, nil
}

// readError returns why a read failed: by the end of ctx, by Fail, or by err.
func (s *Socket) readError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if cause := s.out.cause(); cause != nil {
		return cause
	}
	return &libraryError{"failed to get reader: ", err}
}

// libraryError is the websocket library's error without what it puts in front
// of every one.
type libraryError struct {
	prefix string
	err    error
}

func (e *libraryError) Error() string { return strings.TrimPrefix(e.err.Error(), e.prefix) }
func (e *libraryError) Unwrap() error { return e.err }

// appendAll appends all of r to b.
func appendAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
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
	return s.ws.Write(context.Background(), websocket.MessageText, p)
}

// Ping sends a ping and waits for its pong, which Read must be running to see.
func (s *Socket) Ping(ctx context.Context) error { return s.ws.Ping(ctx) }

// Fail ends the connection for the given cause, which Read then returns.
func (s *Socket) Fail(cause error) { s.out.fail(cause) }

// Close performs the closing handshake, or gives it up after a second. What the
// peer sends meanwhile may or may not be returned by Read.
func (s *Socket) Close(code websocket.StatusCode, reason string) error {
	late := time.AfterFunc(closeTimeout, func() { s.out.fail(errNoClose) })
	err := s.ws.Close(code, reason)
	if !late.Stop() {
		return errNoClose
	}
	if errors.Is(err, io.EOF) {
		// Read has met the peer's close frame, and the websocket library looks
		// for another one behind it. Either way the peer has closed.
		return nil
	}
	return err
}

// CloseNow ends the connection without a handshake and frees what it holds. It
// may be called at any time, also after Close.
func (s *Socket) CloseNow() {
	s.out.fail(errClosed)
	_ = s.ws.CloseNow() // closed already is what is wanted
}
