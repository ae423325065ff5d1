package realtest

import (
	"context"
	"errors"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"nhooyr.io/websocket"
)

// Connect to nobody returns an error, and neither a Gateway nor a group.
func TestConnectReportsARefusal(t *testing.T) {
	ctx := testContext(t)
	server := realjanus.Start(t, realjanus.Options{})
	server.Kill()
	gateway, group, err := janus.Connect(ctx, server.URL)
	if err == nil || gateway != nil || group != nil {
		t.Errorf("Connect returned %v, %v, %v", gateway, group, err)
	}
}

// Close: closes the connection. The group's Wait then returns nil.
func TestCloseEndsEverythingWithoutAnError(t *testing.T) {
	ctx := testContext(t)
	gateway, group := connect(ctx, t, realjanus.Start(t, realjanus.Options{}))
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	handle := attach(ctx, t, session, echotest)
	if err := gateway.Close(websocket.StatusNormalClosure, "done"); err != nil {
		t.Error(err)
	}
	if err := janus.WaitForGroup(group); err != nil {
		t.Errorf("Wait returned %v after Close", err)
	}
	checkEnded(ctx, t, gateway, session, handle)
}

// The end of the server is an error: Wait returns it, and every call that waits
// for an answer fails with ErrClosed.
func TestKilledServerEndsEverythingWithAnError(t *testing.T) {
	const waiting = 10
	ctx := testContext(t)
	server := realjanus.Start(t, realjanus.Options{})
	gateway, group := connect(ctx, t, server)
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	handle := attach(ctx, t, session, echotest)
	if err := server.Stop(); err != nil { // so that no call is answered
		t.Fatal(err)
	}
	failures := make(chan error)
	for range waiting {
		go func() {
			_, err := handle.Message(ctx, "", object{"audio": true}, nil)
			failures <- err
		}()
	}
	server.Kill()
	for range waiting {
		if err := <-failures; !errors.Is(err, janus.ErrClosed) {
			t.Errorf("a waiting call returned %v, want ErrClosed", err)
		}
	}
	if err := group.Wait(); err == nil {
		t.Error("Wait returned nil though the server was killed")
	}
	checkEnded(ctx, t, gateway, session, handle)
}

// The context of Connect bounds the life of the connection.
func TestContextOfConnectEndsTheConnection(t *testing.T) {
	ctx := testContext(t)
	server := realjanus.Start(t, realjanus.Options{})
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	gateway, group := connect(life, t, server)
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	handle := attach(ctx, t, session, echotest)
	cancel()
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait returned %v, want %v", err, context.Canceled)
	}
	checkEnded(ctx, t, gateway, session, handle)
}

// checkEnded checks that channels are closed, maps are empty and calls fail.
func checkEnded(ctx context.Context, t *testing.T, gateway *janus.Gateway, session *janus.Session, handle *janus.Handle) {
	t.Helper()
	awaitClosed(ctx, t, session.Events)
	awaitClosed(ctx, t, handle.Events)
	if s, h := sessions(gateway), handles(session); s != 0 || h != 0 {
		t.Errorf("%d sessions and %d handles are still listed", s, h)
	}
	if _, err := gateway.Info(ctx, ""); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("a later call returned %v, want ErrClosed", err)
	}
	if _, err := handle.Message(ctx, "", object{}, nil); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("a later message returned %v, want ErrClosed", err)
	}
}
