package lifecycle

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
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

// A Create that waits for its token when Shutdown begins is carried out, and its
// session is destroyed.
func TestShutdownWhileATokenIsAwaited(t *testing.T) {
	server := start(t, nil)
	asked, release := make(chan struct{}, 100), make(chan struct{})
	g, _ := dial(t, server, &janus.DialOptions{Logger: testutil.Quiet, TokenSource: func(context.Context, uint64) (string, error) {
		asked <- struct{}{}
		<-release
		return "", nil
	}})
	created := make(chan error, 1)
	go func() { _, err := g.Create(t.Context(), ""); created <- err }()
	await(t, "the TokenSource", asked)
	shutDownDuring(t, g, created, release)
	if n := len(requests(server, "destroy")); n == 0 {
		t.Error("the session was not destroyed")
	}
}

// Shutdown destroys a bounded number of sessions at the same time.
func TestShutdownOfManySessions(t *testing.T) {
	const sessions, atOnce = 200, 64
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var waiting []string
		destroyed := 0
		made := 0
		var conn *websocket.Conn
		write := func(frame string) {
			if err := conn.Write(context.Background(), websocket.MessageText, []byte(frame)); err != nil {
				t.Error(err)
			}
		}
		client := testutil.ServeMemory(t, func(c *websocket.Conn) {
			conn = c
			for {
				_, request, err := conn.Read(context.Background())
				if err != nil {
					return
				}
				base := testutil.BaseOf(request)
				if base.Type == "create" {
					made++
					write(fmt.Sprintf(`{"janus":"success","transaction":%q,"data":{"id":%d}}`, base.ID, made))
					continue
				}
				mu.Lock()
				waiting = append(waiting, fmt.Sprintf(`{"janus":"success","transaction":%q,"session_id":%d}`, base.ID, base.Session))
				mu.Unlock()
			}
		})
		g, _, err := janus.Dial(context.Background(), "ws://memory/", &janus.DialOptions{HTTPClient: client, Logger: testutil.Quiet})
		if err != nil {
			t.Fatal(err)
		}
		for range sessions {
			testutil.Create(t, g)
		}
		down := make(chan error, 1)
		go func() { down <- g.Shutdown(context.Background()) }()
		for destroyed < sessions {
			synctest.Wait()
			mu.Lock()
			answers := waiting
			waiting = nil
			mu.Unlock()
			if want := min(atOnce, sessions-destroyed); len(answers) != want {
				t.Fatalf("%d sessions are being destroyed, want %d", len(answers), want)
			}
			destroyed += len(answers)
			for _, answer := range answers {
				write(answer)
			}
		}
		if err := <-down; err != nil {
			t.Error(err)
		}
	})
}
