//lint:file-ignore SA1019 the client's API names this websocket module

package faults

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
)

// slowRelay starts a relay to target that reads steadily, but slowly, from
// clients.
func slowRelay(t *testing.T, target string) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		_ = client.(*net.TCPConn).SetReadBuffer(32 << 10)
		server, err := net.Dial("tcp", target)
		if err != nil {
			t.Error(err)
			return
		}
		running.Go(func() {
			_, _ = io.Copy(client, server)
			_ = client.Close() // whoever ends first, here and below
		})
		for buf := make([]byte, 32<<10); ; time.Sleep(9 * time.Millisecond) { // it is a slow peer
			n, err := client.Read(buf)
			if err != nil {
				break
			}
			_, _ = server.Write(buf[:n])
		}
		_ = server.Close()
	})
	t.Cleanup(func() {
		_ = listener.Close() // it was open
		within(t, "the relay", running.Wait)
	})
	return listener.Addr().String()
}

// A peer that reads steadily but slowly is not cut, although it takes much
// longer than WriteTimeout to read what is written.
func TestSlowPeerIsNotCut(t *testing.T) {
	noLeaks(t)
	const limit = time.Second
	for _, secure := range []bool{false, true} {
		for _, hidden := range []bool{false, true} {
			t.Run(fmt.Sprintf("tls=%v/opaque=%v", secure, hidden), func(t *testing.T) {
				t.Parallel()
				server := newServerFor(t, secure)
				scheme, target, _ := strings.Cut(server.URL, "://")
				target, _, _ = strings.Cut(target, "/")
				opts := &janus.DialOptions{WriteTimeout: limit, RequestTimeout: -1, PingInterval: -1, HTTPClient: smallBuffers()}
				transport := opts.HTTPClient.Transport.(*http.Transport)
				if secure {
					transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
				}
				if hidden {
					opts.HTTPClient.Transport = opaque{transport}
				}
				c := connect(t, scheme+"://"+slowRelay(t, target), opts)
				_, handle := c.open(t)
				began := time.Now()
				var all calls
				for range 4 * bulks {
					all.start(func() error {
						_, err := handle.Message(t.Context(), "", bulk(), nil)
						return err
					})
				}
				for _, err := range all.wait(t) {
					if err != nil {
						t.Fatalf("a call failed: %v", err)
					}
				}
				took := time.Since(began)
				t.Logf("%s took %v, limit %v", mib(4*bulks*(32<<10)), took, limit)
				if took < 2*limit {
					t.Error("that was not slow")
				}
				c.end(t)
			})
		}
	}
}

// TLS that the caller's own dial function adds survives a pause of the peer.
func TestPauseHarmsNoTLSOfTheCaller(t *testing.T) {
	noLeaks(t)
	server := newServerFor(t, true)
	p := newProxy(t, server.URL)
	config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "127.0.0.1"
	small := smallBuffers().Transport.(*http.Transport).DialContext
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := small(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return tls.Client(conn, config), nil
	}}
	c := connect(t, "ws"+strings.TrimPrefix(p.url, "wss"), &janus.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, PingInterval: -1, WriteTimeout: patience, RequestTimeout: patience,
	})
	_, handle := c.open(t)
	p.turn(hold, up)
	var all calls
	for range 2 * bulks {
		all.start(func() error {
			_, err := handle.Message(t.Context(), "", bulk(), nil)
			return err
		})
	}
	time.Sleep(300 * time.Millisecond) // the pause itself
	p.turn(pass, up)
	for _, err := range all.wait(t) {
		if err != nil {
			t.Fatalf("a call failed: %v", err)
		}
	}
	c.mustLive(t)
}

// A peer that sends pings and reads no pongs costs little memory, and is cut
// before WriteTimeout.
func TestFloodOfPings(t *testing.T) {
	noLeaks(t)
	ping := append([]byte{0x89, 125}, strings.Repeat("p", 125)...)
	for _, secure := range []bool{false, true} {
		var sent atomic.Uint64
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }() // the client may have closed it
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Protocol: janus-protocol\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
			for flood := bytes.Repeat(ping, 1000); ; {
				n, err := conn.Write(flood)
				sent.Add(uint64(n))
				if err != nil {
					return
				}
			}
		}))
		if secure {
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		client := smallBuffers()
		if secure {
			client.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		}
		before := heapInUse()
		c := connect(t, "ws"+strings.TrimPrefix(server.URL, "http"), &janus.DialOptions{WriteTimeout: patience, PingInterval: -1, HTTPClient: client})
		cause := c.mustEnd(t)
		after := heapInUse()
		t.Logf("TLS %v: heap %s, then %s, after %s of pings: %v", secure, mib(before), mib(after), mib(sent.Load()), cause)
		if !strings.Contains(cause.Error(), "more pings than it reads pongs") {
			t.Errorf("the group reports %v", cause)
		}
		if sent.Load() > 64<<20 {
			t.Errorf("%s of pings were answered", mib(sent.Load()))
		}
	}
}

// Close ends the connection whatever its arguments, and says what was wrong
// with them.
func TestCloseArguments(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	for code := range 5100 {
		if code > 1020 && code < 2999 || code > 3001 && code < 4998 || code > 1 && code < 998 {
			continue
		}
		closeWith(t, server, code, "", code >= 1000 && code <= 1014 && code != 1004 && code != 1006 || code >= 3000 && code <= 4999)
	}
	for _, code := range []int{-1, 1 << 16, 1<<16 + 1000} {
		closeWith(t, server, code, "", false)
	}
	closeWith(t, server, 1000, strings.Repeat("x", 123), true)
	closeWith(t, server, 1000, strings.Repeat("x", 124), false)
	closeWith(t, server, 1000, "\xff", false)
}

func closeWith(t *testing.T, server *stub, code int, reason string, valid bool) {
	t.Helper()
	c := connect(t, server.URL, nil)
	within(t, "Close", func() {
		if err := c.Close(websocket.StatusCode(code), reason); valid != (err == nil) {
			t.Errorf("Close(%d, %q) returned %v", code, reason, err)
		}
	})
	await(t, "the group", c.ended)
	if c.err != nil {
		t.Errorf("Close(%d, %q): the group reports %v", code, reason, c.err)
	}
}
