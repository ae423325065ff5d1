package faults

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	janus "github.com/cameronelliott/janus-go"
)

// mute is a connection whose writes can be made to fail, while its peer lives.
type mute struct {
	net.Conn
	broken *atomic.Bool
}

func (c mute) Write(p []byte) (int, error) {
	if c.broken.Load() {
		return 0, errors.New("no route to host")
	}
	return c.Conn.Write(p)
}

// A request that the connection refuses, because an earlier write has failed, is
// surely not sent.
func TestRefusedWriteIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		server.answerWith(func(request) string { return "nothing" })
		client := server.client()
		transport := client.Transport.(*http.Transport)
		dial := transport.DialContext
		var broken atomic.Bool
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			return mute{conn, &broken}, err
		}
		gateway, _, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{HTTPClient: client, PingInterval: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = gateway.Close(normalClosure, "") }()
		broken.Store(true)
		first := make(chan error, 1)
		go func() { first <- gateway.Ping(t.Context(), "") }()
		synctest.Wait() // the write has failed
		if err := gateway.Ping(t.Context(), ""); !errors.Is(err, janus.ErrNotSent) {
			t.Errorf("a call after a failed write failed with %v, which is not ErrNotSent", err)
		}
		if err := <-first; err == nil {
			t.Error("a call whose write failed succeeded")
		}
	})
}

// thriftyServer answers keepalives without allocating anything.
func thriftyServer(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Protocol: janus-protocol\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
		head, mask, payload, out := make([]byte, 2), make([]byte, 4), make([]byte, 125), make([]byte, 0, 256)
		read := func(p []byte) bool { _, err := io.ReadFull(rw.Reader, p); return err == nil }
		for read(head) && head[1]&127 < 126 && read(mask) && read(payload[:head[1]&127]) {
			frame := payload[:head[1]&127]
			for i := range frame {
				frame[i] ^= mask[i%4]
			}
			if head[0]&15 == 8 {
				_, _ = conn.Write([]byte{0x88, 0})
				return
			}
			_, rest, _ := bytes.Cut(frame, []byte(`"transaction":"`))
			transaction, _, _ := bytes.Cut(rest, []byte(`"`))
			out = append(out[:0], 0x81, 0)
			out = append(out, `{"janus":"success","data":{"id":7},"transaction":"`...)
			if bytes.Contains(frame, []byte("keepalive")) {
				out = append(out[:2], `{"janus":"ack","session_id":7,"transaction":"`...)
			}
			out = append(append(out, transaction...), `"}`...)
			out[1] = byte(len(out) - 2)
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// A KeepAlive allocates nothing, its reply included.
func TestKeepAliveAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := connect(t, thriftyServer(t), nil)
	session := c.session(t)
	allocs := testing.AllocsPerRun(5000, func() {
		if _, err := session.KeepAlive(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("a KeepAlive makes %v allocations", allocs)
	}
}
