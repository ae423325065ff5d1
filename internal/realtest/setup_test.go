// Package realtest checks the documented API on a real Janus. The tests are
// programs that know the documentation only; each names the promise it checks.
package realtest

import (
	"context"
	"errors"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"
)

const (
	echotest  = "janus.plugin.echotest"
	videoroom = "janus.plugin.videoroom"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// object is a JSON object.
type object = map[string]any

// testContext lives as long as a test may take, and as its cleaning up.
func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// connect connects to a server, and closes when the test ends.
func connect(ctx context.Context, t *testing.T, server *realjanus.Server) (*janus.Gateway, *errgroup.Group) {
	t.Helper()
	gateway, group, err := janus.Connect(ctx, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Where it matters how the connection ends, the test has looked already.
		_ = gateway.Close(websocket.StatusNormalClosure, "")
		_ = group.Wait()
	})
	return gateway, group
}

// create starts a server with options, connects to it and creates a session.
func create(ctx context.Context, t *testing.T, opts realjanus.Options) (*janus.Gateway, *janus.Session) {
	t.Helper()
	gateway, _ := connect(ctx, t, realjanus.Start(t, opts))
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	return gateway, session
}

// attach attaches to a plugin.
func attach(ctx context.Context, t *testing.T, session *janus.Session, plugin string) *janus.Handle {
	t.Helper()
	handle, err := session.Attach(ctx, "", plugin)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

// message sends a message that the plugin must not refuse.
func message(ctx context.Context, t *testing.T, handle *janus.Handle, body object) *janus.EventMsg {
	t.Helper()
	event, err := handle.Message(ctx, "", body, nil)
	if err != nil {
		t.Fatal(err)
	}
	if failure := event.Plugindata.Data["error"]; failure != nil {
		t.Fatalf("the plugin answered %v with %v", body, failure)
	}
	return event
}

// request sends a request that the plugin must not refuse.
func request(ctx context.Context, t *testing.T, handle *janus.Handle, body object) *janus.SuccessMsg {
	t.Helper()
	success, err := handle.Request(ctx, "", body)
	if err != nil {
		t.Fatal(err)
	}
	if failure := success.PluginData.Data["error"]; failure != nil {
		t.Fatalf("the plugin answered %v with %v", body, failure)
	}
	return success
}

// next waits for the next message on an Events channel, which must be an M.
func next[M any](ctx context.Context, t *testing.T, events <-chan any) M {
	t.Helper()
	select {
	case event, open := <-events:
		if !open {
			t.Fatalf("the channel was closed, want %T", *new(M))
		}
		message, ok := event.(M)
		if !ok {
			t.Fatalf("the channel brought %T %+v, want %T", event, event, *new(M))
		}
		return message
	case <-ctx.Done():
		t.Fatalf("waiting for %T: %v", *new(M), ctx.Err())
	}
	panic("unreachable")
}

// awaitClosed waits for the end of an Events channel, at which nothing more
// must come.
func awaitClosed(ctx context.Context, t *testing.T, events <-chan any) {
	t.Helper()
	select {
	case event, open := <-events:
		if open {
			t.Errorf("the channel brought %T %+v, want its end", event, event)
		}
	case <-ctx.Done():
		t.Errorf("waiting for the channel to be closed: %v", ctx.Err())
	}
}

// checkCode checks that an error is Janus's own with this code.
func checkCode(t *testing.T, err error, code int) {
	t.Helper()
	var failure *janus.ErrorMsg
	if !errors.As(err, &failure) {
		t.Errorf("the error is %v, want a *janus.ErrorMsg", err)
		return
	}
	if failure.Err.Code != code || failure.Err.Reason == "" {
		t.Errorf("the error is %+v, want the code %d and a reason", failure.Err, code)
	}
}

// sessions is the number of sessions that a gateway lists.
func sessions(gateway *janus.Gateway) int {
	gateway.Lock()
	defer gateway.Unlock()
	return len(gateway.Sessions)
}

// handles is the number of handles that a session lists.
func handles(session *janus.Session) int {
	session.Lock()
	defer session.Unlock()
	return len(session.Handles)
}

// drain waits for the end of an Events channel and returns what came before.
func drain(ctx context.Context, t *testing.T, events <-chan any) []any {
	t.Helper()
	var messages []any
	for {
		select {
		case message, open := <-events:
			if !open {
				return messages
			}
			messages = append(messages, message)
		case <-ctx.Done():
			t.Fatalf("waiting for the channel to be closed: %v", ctx.Err())
		}
	}
}
