package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/testutil"
)

// A browser that does not read is cut, and whoever sends to it is not delayed.
func TestSlowBrowser(t *testing.T) {
	ended := make(chan error, 1)
	client := testutil.ServeMemory(t, func(conn *websocket.Conn) {
		b := newBrowser(context.Background(), conn)
		go func() {
			message := noticeMessage{Type: strings.Repeat("x", maxWaiting/4)}
			for range 5 { // one is with the writer
				b.send(message)
			}
		}()
		ended <- b.run(func(context.Context, message) {})
	})
	conn, _, err := websocket.Dial(testutil.Context(t), "ws://memory/", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	select {
	case err := <-ended:
		if !errors.Is(err, errSlow) {
			t.Errorf("the socket ended with %v", err)
		}
	case <-testutil.Context(t).Done():
		t.Fatal("the socket does not end")
	}
}

// A browser that does not read cannot delay the end of its socket.
func TestCloseSlowBrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		client := testutil.ServeMemory(t, func(conn *websocket.Conn) {
			b := newBrowser(t.Context(), conn)
			b.send(errTooMany)
			b.close("too many")
			ended <- b.run(func(context.Context, message) {})
		})
		begin := time.Now()
		conn, _, err := websocket.Dial(t.Context(), "ws://memory/", &websocket.DialOptions{HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		if err := <-ended; err.Error() != "too many" || time.Since(begin) != closeTimeout {
			t.Errorf("the socket ended with %v after %v", err, time.Since(begin))
		}
	})
}

// A browser that sends without end is read slowly, because others get what it changes.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		received := 0
		client := testutil.ServeMemory(t, func(conn *websocket.Conn) {
			_ = newBrowser(t.Context(), conn).run(func(context.Context, message) { received++ })
		})
		conn, _, err := websocket.Dial(t.Context(), "ws://memory/", &websocket.DialOptions{HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		go func() {
			for range 4 * maxRate {
				_ = conn.Write(t.Context(), websocket.MessageText, []byte("{}")) // the test may be over
			}
		}()
		time.Sleep(2*time.Second + time.Millisecond)
		synctest.Wait()
		if received != 3*maxRate {
			t.Errorf("%d messages in two seconds, want %d", received, 3*maxRate)
		}
	})
}
