package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/calls"
	"github.com/cameronelliott/janus-go/internal/cause"
	"github.com/cameronelliott/janus-go/internal/framelog"
	"github.com/cameronelliott/janus-go/internal/link"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/wire"
)

const (
	// dialsAtOnce is how many dials may hang in a transport that ignores its
	// context.
	dialsAtOnce = 4
	// attempts is how many connections a request is tried on. A connection may
	// be found to be lost when a request is about to be written to it.
	attempts = 2
	// envelope is about how many bytes a request has besides its fields.
	envelope = 200
)

// websocketTransport sends requests over a websocket. If it is lost, the next
// request dials again.
type websocketTransport struct {
	url     string
	opts    Options
	pong    time.Duration // how long the answer to a ping may take
	prefix  string        // of transactions
	log     *safelog.Logger
	frames  *framelog.Logger
	ctx     context.Context // of the transport's life
	cancel  context.CancelFunc
	dials   chan struct{}  // has an element for each dial under way
	running sync.WaitGroup // the goroutines of connections

	mu     sync.Mutex  // guards the fields below
	conn   *connection // nil while there is none
	closed bool
}

// connection is one websocket with the calls that wait for answers on it.
type connection struct {
	dialed chan struct{} // closed when link or err is set
	link   *link.Link
	err    error // why the dial failed

	calls   *calls.Table[waiting]
	scope   calls.Scope[waiting]
	decoder wire.Decoder // of the reader
}

// waiting is what the table keeps for a call.
type waiting struct {
	request *request
	answer  *answer
}

func newWebsocketTransport(url string, opts Options, log *safelog.Logger, frames *framelog.Logger) *websocketTransport {
	t := &websocketTransport{
		url:    url,
		opts:   opts,
		pong:   defaultPongTimeout,
		prefix: rand.Text()[:8] + ".",
		log:    log,
		frames: frames,
		dials:  make(chan struct{}, dialsAtOnce),
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// open implements transport.
func (t *websocketTransport) open(ctx context.Context) error {
	_, err := t.connect(ctx)
	return err
}

// send implements transport. A request that could not be written because the
// connection was lost is written to another one.
func (t *websocketTransport) send(ctx context.Context, r *request) (*answer, error) {
	for attempt := 1; ; attempt++ {
		conn, err := t.connect(ctx)
		if err != nil {
			return nil, notSent(err)
		}
		a, sent, err := t.do(ctx, conn, r)
		switch {
		case err == nil:
			return a, nil
		case sent:
			return nil, err
		case attempt == attempts || !errors.Is(err, janus.ErrDisconnected):
			return nil, notSent(err)
		}
		t.forget(conn)
	}
}

// connect returns the connection, after it has been dialed.
func (t *websocketTransport) connect(ctx context.Context) (*connection, error) {
	conn, err := t.current()
	if err != nil {
		return nil, err
	}
	select {
	case <-conn.dialed:
		return conn, conn.err
	case <-ctx.Done():
		return nil, cause.Of(ctx)
	}
}

// current returns the connection, which may still be dialing.
func (t *websocketTransport) current() (*connection, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, errClosed
	}
	if t.conn == nil {
		t.conn = &connection{dialed: make(chan struct{}), calls: calls.New[waiting](0)}
		conn := t.conn
		t.running.Go(func() { t.run(conn) })
	}
	return t.conn, nil
}

// run dials and serves a connection until it ends.
func (t *websocketTransport) run(conn *connection) {
	l, err := link.Open(t.ctx, link.Options{
		Dial:        t.dial,
		DialTimeout: dialTimeout,
		PongTimeout: t.pong,
		Up:          func(sock *socket.Socket) bool { return conn.calls.Up(&conn.scope, sock) },
		Frame:       func(message []byte) error { return t.receive(conn, message) },
		Log:         t.log,
	})
	if err != nil {
		t.forget(conn)
		if conn.err = err; t.ctx.Err() != nil {
			conn.err = errClosed
		}
		close(conn.dialed)
		return
	}
	conn.link = l
	close(conn.dialed)
	err = l.Run()
	t.forget(conn)
	conn.calls.End(&conn.scope, fmt.Errorf("%w: %w", janus.ErrDisconnected, err))
}

// forget makes the next request dial again.
func (t *websocketTransport) forget(conn *connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == conn {
		t.conn = nil
	}
}

// dial opens the websocket.
func (t *websocketTransport) dial(ctx context.Context) (*socket.Socket, error) {
	sock, err := socket.Dial(ctx, t.url, socket.Options{
		HTTPClient:     t.opts.HTTPClient,
		HTTPHeader:     t.opts.HTTPHeader,
		Subprotocol:    subprotocol,
		MaxMessageSize: t.opts.MaxMessageSize,
		WriteTimeout:   writeTimeout,
		Slots:          t.dials,
	})
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return nil, fmt.Errorf("%w: the server ended the handshake, as Janus does on the port of the Janus API", err)
	}
	if err == nil && sock.Subprotocol() != subprotocol {
		t.log.Log(slog.LevelWarn, "admin: the server did not choose "+subprotocol, "url", socket.Name(t.url))
	}
	return sock, err
}

// do sends a request and waits for its answer. sent is false if the request was
// certainly not sent.
func (t *websocketTransport) do(ctx context.Context, conn *connection, r *request) (a *answer, sent bool, err error) {
	c := conn.calls.NewCall()
	c.Request.request = r
	size := envelope + len(r.fields)
	sock, crowd, err := conn.calls.Begin(ctx, c, &conn.scope, size)
	if err != nil {
		conn.calls.Free(c)
		return nil, false, err
	}
	// A write that fails ends the connection, and the call with it.
	sent = t.write(sock, r, c.Number(), crowd) == nil
	sock.Settle(size)
	replied, err := conn.calls.Wait(ctx, c)
	if !replied {
		conn.link.Ping() // ends the connection if the peer is gone
		return nil, sent, err
	}
	a = c.Request.answer
	conn.calls.Free(c)
	return a, sent, err
}

// write writes a request.
func (t *websocketTransport) write(sock calls.Conn, r *request, number uint64, crowd bool) error {
	message := r.encode(wire.Transaction{Prefix: t.prefix, Number: number}.String())
	t.frames.Frame("sent", message)
	return sock.Write(message, crowd)
}

// receive passes an answer to the call that waits for it.
func (t *websocketTransport) receive(conn *connection, message []byte) error {
	var f wire.Frame
	if err := decodeFrame(&conn.decoder, message, &f); err != nil {
		return malformed(message, t.opts.Secret)
	}
	number, ours := wire.ParseTransaction(f.Transaction, t.prefix)
	if c := conn.calls.Take(number, func(*calls.Call[waiting]) bool { return true }); c != nil {
		c.Request.request.logAnswer(t.frames, message)
		c.Request.answer = newAnswer(&f, bytes.Clone(message)) // the buffer is used again
		conn.calls.Finish(c, nil)
		return nil
	}
	f.Janus = string(mask([]byte(f.Janus), t.opts.Secret))
	if ours {
		t.log.Log(slog.LevelDebug, "admin: answer after its caller has gone", "type", f.Janus)
		return nil
	}
	t.frames.Undelivered(slog.LevelWarn, &f, mask(message, t.opts.Secret))
	return nil
}

// close implements transport.
func (t *websocketTransport) close() error {
	t.mu.Lock()
	conn := t.conn
	t.conn, t.closed = nil, true
	t.mu.Unlock()
	defer t.running.Wait()
	defer t.cancel()
	if conn == nil {
		return nil
	}
	select {
	case <-conn.dialed:
	default:
		t.cancel()
		<-conn.dialed
	}
	if conn.link == nil {
		return nil
	}
	conn.calls.End(&conn.scope, errClosed)
	return conn.link.Close(websocket.StatusNormalClosure, "")
}
