package conntest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// A peer that does not answer pings counts as lost.
func TestHalfOpenConnectionIsNoticed(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, group := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, PingInterval: 10 * time.Millisecond, PongTimeout: 50 * time.Millisecond})
	session := testutil.Create(t, g)
	srv.Stall()
	defer srv.Resume()
	if err := testutil.Wait(t, group); err == nil || !strings.Contains(err.Error(), "no pong within 50ms") {
		t.Errorf("the group reports %v", err)
	}
	testutil.Rest(t, session.Events)
}

// A peer that reads nothing for WriteTimeout counts as lost.
func TestUnfinishedWriteEndsTheConnection(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, group := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, WriteTimeout: 50 * time.Millisecond, PingInterval: -1})
	handle := testutil.Attach(t, testutil.Create(t, g), testutil.EchoTest)
	srv.Stall()
	defer srv.Resume()
	body := map[string]any{"fill": strings.Repeat("x", 8<<20)}
	for {
		ctx, cancel := context.WithTimeout(testutil.Context(t), 200*time.Millisecond)
		_, err := handle.Message(ctx, "", body, nil)
		cancel()
		if errors.Is(err, janus.ErrClosed) {
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
	if err := testutil.Wait(t, group); err == nil || !strings.Contains(err.Error(), "write made no progress for 50ms") {
		t.Errorf("the group reports %v", err)
	}
}

// Close returns though the peer does not answer, and says so.
func TestCloseWithADeadPeer(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, group, _, _ := testutil.Open(t, srv)
	srv.Stall()
	defer srv.Resume()
	if err := g.Close(websocket.StatusNormalClosure, ""); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Errorf("close returned %v", err)
	}
	if err := testutil.Wait(t, group); err != nil {
		t.Errorf("the group reports %v", err)
	}
	testutil.NoGoroutines(t)
}

// A frame that is no JSON object ends the connection, and the error shows it.
func TestWhatIsNoJSONObjectEndsTheConnection(t *testing.T) {
	for _, frame := range []string{`{not json`, `[1,2]`, `"text"`, `null`, `{"janus":"ack"} trailing`, ``, strings.Repeat("x", 1000)} {
		srv := testutil.NewServer(t, nil)
		g, group := testutil.Dial(t, srv, nil)
		session := testutil.Create(t, g)
		if err := srv.Send(session.ID, frame); err != nil {
			t.Fatal(err)
		}
		err := testutil.Wait(t, group)
		if err == nil || !strings.Contains(err.Error(), "not a JSON object") || !strings.Contains(err.Error(), fmt.Sprintf("%q", frame[:min(len(frame), 10)])[:min(len(frame), 10)]) {
			t.Errorf("%.20q: the group reports %v", frame, err)
		}
		testutil.Rest(t, session.Events)
	}
}

// Messages of up to MaxMessageSize arrive; a larger one ends the connection.
func TestMessageSizes(t *testing.T) {
	const limit = 16 << 20
	srv := testutil.NewServer(t, nil)
	g, group, session, handle := testutil.Open(t, srv)
	frame := func(size int) string {
		head := fmt.Sprintf(`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"p","data":{"x":"`, session.ID, handle.ID)
		const tail = `"}}}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	for _, size := range []int{40_000, 1 << 20, limit} {
		if err := srv.Send(session.ID, frame(size)); err != nil {
			t.Fatal(err)
		}
		msg := testutil.ReceiveAs[*janus.EventMsg](t, handle.Events)
		if got := len(msg.Plugindata.Data["x"].(string)); got < size-200 {
			t.Errorf("%d of %d bytes arrived", got, size)
		}
	}
	if err := srv.Send(session.ID, frame(limit+1)); err != nil {
		t.Fatal(err)
	}
	if err := testutil.Wait(t, group); err == nil || !strings.Contains(err.Error(), fmt.Sprint(limit)) {
		t.Errorf("the group reports %v, want the limit", err)
	}
	if _, err := g.Info(testutil.Context(t), ""); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
