package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/testutil"
)

// A browser that does not read is cut, and whoever sends to it is not delayed.
func TestSlowBrowser(t *testing.T) {
	ended := make(chan error, 1)
	client := testutil.ServeMemory(t, func(conn *websocket.Conn) {
		b := newBrowser(context.Background(), conn)
		go func() {
			for range maxWaiting + 2 { // one is with the writer
				b.send(noticeMessage{Type: strings.Repeat("x", 10_000)})
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
