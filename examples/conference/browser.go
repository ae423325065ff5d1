package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"nhooyr.io/websocket"
)

const (
	// maxWaiting is how many bytes may wait for a browser. One that falls further
	// behind is cut; it can come back and resume.
	maxWaiting = 2 << 20

	// maxRate is how many messages of a browser are read in a second. Most of them
	// make the program send messages to everybody else in the room.
	maxRate = 100

	writeTimeout = 10 * time.Second
	closeTimeout = time.Second // to write what waits, and for the browser to close the socket
	pingInterval = 5 * time.Second
)

var errSlow = errors.New("the browser is too slow")

// browser is the websocket of a browser. Its methods may be called concurrently; only
// run waits for the network.
type browser struct {
	conn *websocket.Conn
	ctx  context.Context // of the socket
	cut  context.CancelCauseFunc

	mu      sync.Mutex
	ready   *sync.Cond // signaled when waiting changes, and when ctx ends
	waiting [][]byte   // messages to send
	size    int        // of them, in bytes
	closing bool       // close was called
}

func newBrowser(ctx context.Context, conn *websocket.Conn) *browser {
	b := &browser{conn: conn}
	b.ctx, b.cut = context.WithCancelCause(ctx)
	b.ready = sync.NewCond(&b.mu)
	conn.SetReadLimit(maxMessage)
	return b
}

// encode returns the JSON of a message.
func encode(message any) []byte {
	b, err := json.Marshal(message)
	if err != nil {
		panic(err) // all messages are structs of this package
	}
	return b
}

// send queues a message.
func (b *browser) send(message any) { b.sendEncoded(encode(message)) }

func (b *browser) sendEncoded(message []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing || b.ctx.Err() != nil {
		return
	}
	b.waiting = append(b.waiting, message)
	if b.size += len(message); b.size > maxWaiting {
		b.cut(errSlow)
	}
	b.ready.Signal()
}

// close ends the socket. The last message that waits is one after which the browser
// closes it. If it has not done so after closeTimeout, it is cut.
//
// A Close of this side would not do: the websocket library answers the browser's Close
// with another one then, which browsers report as an error.
func (b *browser) close(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closing = true
	time.AfterFunc(closeTimeout, func() { b.cut(errors.New(reason)) })
}

// wake lets next see that the context has ended.
func (b *browser) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready.Signal()
}

// run serves the socket until it ends. It calls receive for each message, one after
// the other.
func (b *browser) run(receive func(ctx context.Context, m message)) error {
	defer context.AfterFunc(b.ctx, b.wake)()
	var parts sync.WaitGroup
	for _, part := range []func() error{func() error { return b.read(receive) }, b.write, b.ping} {
		parts.Go(func() { b.cut(part()) }) // which ends the others
	}
	parts.Wait()
	_ = b.conn.CloseNow() // it may be closed
	return context.Cause(b.ctx)
}

func (b *browser) read(receive func(ctx context.Context, m message)) error {
	var limit rate
	for {
		kind, data, err := b.conn.Read(b.ctx)
		if err != nil {
			return err
		}
		if err := limit.wait(b.ctx); err != nil {
			return err
		}
		var m message
		if kind != websocket.MessageText || json.Unmarshal(data, &m) != nil || !m.loggable() {
			b.send(errBadMessage)
			continue
		}
		receive(b.ctx, m)
	}
}

// rate limits messages to maxRate in a second.
type rate struct {
	since time.Time
	count int // of the messages since then
}

// wait counts a message. It returns when that may be handled, or ctx ends.
func (r *rate) wait(ctx context.Context) error {
	if r.count++; r.count > maxRate {
		select {
		case <-time.After(time.Until(r.since.Add(time.Second))): // which may be over
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		r.count = 1
	}
	if r.count == 1 {
		r.since = time.Now()
	}
	return nil
}

func (b *browser) write() error {
	for message := b.next(); message != nil; message = b.next() {
		if err := b.writeOne(message); err != nil {
			return err
		}
	}
	return context.Cause(b.ctx)
}

// next waits for a message to send. It returns nil if ctx ends.
func (b *browser) next() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.waiting) == 0 && b.ctx.Err() == nil {
		b.ready.Wait()
	}
	if len(b.waiting) == 0 {
		return nil
	}
	message := b.waiting[0]
	b.waiting = b.waiting[1:]
	b.size -= len(message)
	return message
}

func (b *browser) writeOne(message []byte) error {
	ctx, cancel := context.WithTimeout(b.ctx, writeTimeout)
	defer cancel()
	return b.conn.Write(ctx, websocket.MessageText, message)
}

// ping ends the socket if the browser does not answer.
func (b *browser) ping() error {
	for {
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(pingInterval):
		}
		if err := b.pingOnce(); err != nil {
			return err
		}
	}
}

func (b *browser) pingOnce() error {
	ctx, cancel := context.WithTimeout(b.ctx, writeTimeout)
	defer cancel()
	return b.conn.Ping(ctx)
}
