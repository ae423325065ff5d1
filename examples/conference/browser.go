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
	// maxWaiting is how many messages may wait for a browser. One that falls further
	// behind is cut; it can come back and resume.
	maxWaiting = 1024

	writeTimeout = 10 * time.Second
	closeTimeout = time.Second // for the browser to close the socket
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
	ready   *sync.Cond // signaled when waiting or last changes, and when ctx ends
	waiting [][]byte   // messages to send
	last    string     // the reason of a normal end, after the messages that wait
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
	if b.last != "" || b.ctx.Err() != nil {
		return
	}
	b.waiting = append(b.waiting, message)
	if len(b.waiting) > maxWaiting {
		b.cut(errSlow)
	}
	b.ready.Signal()
}

// close ends the socket after the messages that wait. The last of them is one after
// which the browser closes it.
func (b *browser) close(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = reason
	b.ready.Signal()
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
	for {
		kind, data, err := b.conn.Read(b.ctx)
		if err != nil {
			return err
		}
		var m message
		if kind != websocket.MessageText || json.Unmarshal(data, &m) != nil {
			b.send(errBadMessage)
			continue
		}
		receive(b.ctx, m)
	}
}

func (b *browser) write() error {
	for {
		message, last := b.next()
		var err error
		switch {
		case message != nil:
			err = b.writeOne(message)
		case last != "":
			err = b.finish(last)
		default:
			err = context.Cause(b.ctx)
		}
		if err != nil {
			return err
		}
	}
}

// finish gives the browser some time to close the socket, and returns the reason.
// A Close of this side would not do: the websocket library answers the browser's Close
// with another one then, which browsers report as an error.
func (b *browser) finish(reason string) error {
	select {
	case <-b.ctx.Done():
	case <-time.After(closeTimeout):
	}
	return errors.New(reason)
}

// next waits for a message to send, the reason of a normal end or the end of ctx.
func (b *browser) next() (message []byte, last string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.waiting) == 0 && b.last == "" && b.ctx.Err() == nil {
		b.ready.Wait()
	}
	if len(b.waiting) == 0 {
		return nil, b.last
	}
	message, b.waiting = b.waiting[0], b.waiting[1:]
	return message, ""
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
