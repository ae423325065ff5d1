package lifecycle

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// A second Close, made while the first waits for the peer, returns when the Gateway
// has ended.
func TestSecondCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		client := testutil.ServeMemory(t, func(*websocket.Conn) { <-release }) // answers no close frame
		gateway, _, err := janus.Dial(context.Background(), "ws://memory/", &janus.DialOptions{HTTPClient: client, Logger: testutil.Quiet})
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = gateway.Close(websocket.StatusNormalClosure, "") }()
		synctest.Wait() // the first Close waits for the peer
		if isClosed(gateway) {
			t.Fatal("the Gateway has ended already")
		}
		if err := gateway.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("the second Close returned %v", err)
		}
		if !isClosed(gateway) {
			t.Error("the second Close did not wait")
		}
		close(release)
		synctest.Wait()
	})
}

func isClosed(gateway *janus.Gateway) bool {
	select {
	case <-gateway.Done():
		return true
	default:
		return false
	}
}

// When Close returns, the goroutines of the Gateway have ended, those that have to do
// with keepalives as well.
func TestCloseWaitsForGoroutines(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // goroutines run late
	server := start(t, nil)
	stacks := make([]byte, 1<<20)
	for range 50 {
		gateway, _ := dial(t, server, nil)
		if err := gateway.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		left := string(stacks[:runtime.Stack(stacks, true)])
		for _, running := range []string{"(*Gateway).heartbeat", "(*Link).Run"} {
			if strings.Contains(left, running) {
				t.Fatalf("%s runs after Close", running)
			}
		}
	}
}

// An error of Close names the server without the credentials of its URL.
func TestErrorOfCloseHasNoCredentials(t *testing.T) {
	server := start(t, nil)
	url := strings.Replace(server.URL, "://", "://user:s3cret@", 1) + "?token=s3cret"
	gateway, _, err := janus.Dial(t.Context(), url, &janus.DialOptions{Logger: testutil.Quiet})
	if err != nil {
		t.Fatal(err)
	}
	if err := gateway.Close(99, ""); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}
