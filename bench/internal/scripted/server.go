// Package scripted is a server that answers the few requests of the benchmarks
// as Janus does, as fast as it can, so that what is measured is the client.
package scripted

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// bufferSize is that of a connection's buffers: many frames share a system call.
const bufferSize = 64 << 10

// protocolGUID is what the websocket handshake mixes into the client's key.
const protocolGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// Serve answers the clients that connect to l, until l is closed.
func Serve(l net.Listener) error {
	err := http.Serve(l, http.HandlerFunc(upgrade))
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// upgrade performs the websocket handshake and serves the connection. A client
// that goes away is no error.
func upgrade(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	accept := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + protocolGUID))
	c := &client{
		in:  bufio.NewReaderSize(buffered, bufferSize),
		out: bufio.NewWriterSize(conn, bufferSize),
	}
	_, _ = fmt.Fprintf(c.out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Protocol: janus-protocol\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(accept[:])) // Flush tells of a failure
	if err := c.out.Flush(); err != nil {
		return
	}
	if err := c.serve(); errors.Is(err, errClosing) {
		// The client closes: a connection with something unread would be reset.
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.Copy(io.Discard, c.in)
	}
}

// errClosing says that the closing handshake is over.
var errClosing = errors.New("closing")

// serve answers requests until the client closes. Answers to requests that came
// together leave together.
func (c *client) serve() error {
	var payload []byte
	for {
		op, p, err := readFrame(c.in, payload)
		if err != nil {
			return err
		}
		payload = p
		switch op {
		case opText:
			err = c.answer(payload)
		case opPing:
			err = c.send(opPong, payload)
		case opClose:
			if err := c.send(opClose, payload); err != nil {
				return err
			}
			return errors.Join(c.out.Flush(), errClosing)
		}
		if err != nil {
			return err
		}
		if c.in.Buffered() == 0 {
			if err := c.out.Flush(); err != nil {
				return err
			}
		}
	}
}

// send writes a frame into the buffer.
func (c *client) send(op byte, payload []byte) error {
	c.frame = appendFrame(c.frame[:0], op, payload)
	_, err := c.out.Write(c.frame)
	return err
}
