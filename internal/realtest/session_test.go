package realtest

import (
	"context"
	"errors"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// Info: on success, an InfoMsg will be returned.
func TestInfoTellsOfTheServer(t *testing.T) {
	ctx := testContext(t)
	gateway, _ := connect(ctx, t, realjanus.Start(t, realjanus.Options{}))
	info, err := gateway.Info(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != "Janus WebRTC Server" || info.Version == 0 || info.VersionString == "" || info.Author == "" {
		t.Errorf("the server is %q %d %q by %q", info.Name, info.Version, info.VersionString, info.Author)
	}
	if info.LocalIP != "127.0.0.1" || !info.DataChannels || info.IPv6 || info.IceTCP {
		t.Errorf("local-ip %q, data_channels %t, ipv6 %t, ice-tcp %t",
			info.LocalIP, info.DataChannels, info.IPv6, info.IceTCP)
	}
	plugin := info.Plugins[echotest]
	if plugin.Name == "" || plugin.Author == "" || plugin.Description == "" || plugin.Version == 0 || plugin.VersionString == "" {
		t.Errorf("the EchoTest is %+v", plugin)
	}
	if len(info.Transports) != 1 {
		t.Errorf("the transports are %v, want one", info.Transports)
	}
}

// Create: on success, a new Session will be returned, which is in Sessions.
func TestCreatedSessionIsListed(t *testing.T) {
	ctx := testContext(t)
	gateway, session := create(ctx, t, realjanus.Options{})
	gateway.Lock()
	defer gateway.Unlock()
	if session.ID == 0 || gateway.Sessions[session.ID] != session {
		t.Errorf("session %d is not in Sessions: %v", session.ID, gateway.Sessions)
	}
}

// Attach: on success, a new Handle will be returned, which is in Handles.
func TestAttachedHandleIsListed(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, echotest)
	session.Lock()
	defer session.Unlock()
	if handle.ID == 0 || session.Handles[handle.ID] != handle {
		t.Errorf("handle %d is not in Handles: %v", handle.ID, session.Handles)
	}
}

// KeepAlive: on success, an AckMsg will be returned. It keeps a session alive
// that would time out without it. TimeoutMsg: comes on Session.Events, which
// then closes.
func TestSessionTimesOutUnlessKeptAlive(t *testing.T) {
	ctx := testContext(t)
	gateway, idle := create(ctx, t, realjanus.Options{SessionTimeout: 2 * time.Second})
	idleHandle := attach(ctx, t, idle, echotest)
	kept, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	timeout := keepAliveUntilTimeout(ctx, t, kept, idle)
	if timeout.Session != idle.ID {
		t.Errorf("the timeout is of session %d, want %d", timeout.Session, idle.ID)
	}
	awaitClosed(ctx, t, idle.Events)
	drain(ctx, t, idleHandle.Events)
	if n := sessions(gateway); n != 1 {
		t.Errorf("%d sessions are listed after the timeout, want the other one", n)
	}
	_, err = idle.KeepAlive(ctx, "")
	checkCode(t, err, 458)
}

// keepAliveUntilTimeout keeps one session alive until the other times out.
func keepAliveUntilTimeout(ctx context.Context, t *testing.T, kept, idle *janus.Session) *janus.TimeoutMsg {
	t.Helper()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if ack, err := kept.KeepAlive(ctx, ""); err != nil || ack == nil {
				t.Fatalf("KeepAlive returned %v, %v", ack, err)
			}
		case event := <-idle.Events:
			timeout, ok := event.(*janus.TimeoutMsg)
			if !ok {
				t.Fatalf("the session got %T, want *janus.TimeoutMsg", event)
			}
			return timeout
		case <-ctx.Done():
			t.Fatal("the session did not time out")
		}
	}
}

// The same for a timeout that is set while the server runs.
func TestSessionTimesOutWhenTheServerIsSetUpAnew(t *testing.T) {
	ctx := testContext(t)
	server := realjanus.Start(t, realjanus.Options{})
	gateway, _ := connect(ctx, t, server)
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Admin(ctx, object{"janus": "set_session_timeout", "timeout": 1}); err != nil {
		t.Fatal(err)
	}
	next[*janus.TimeoutMsg](ctx, t, session.Events)
	awaitClosed(ctx, t, session.Events)
}

// KeepAliveSender: propagates the error of its context.
func TestKeepAliveSenderEndsWithItsContext(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	sending, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- session.KeepAliveSender(sending) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("KeepAliveSender returned %v, want %v", err, context.Canceled)
	}
}

// Detach: on success, an AckMsg will be returned. The handle's last message is
// the DetachedMsg, and its channel closes. Before it, the EchoTest may report
// that it is done.
func TestDetachEndsTheHandle(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, echotest)
	ack, err := handle.Detach(ctx, "")
	if err != nil || ack == nil {
		t.Fatalf("Detach returned %v, %v", ack, err)
	}
	messages := drain(ctx, t, handle.Events)
	for len(messages) > 0 && isDone(messages[0]) {
		messages = messages[1:]
	}
	if len(messages) != 1 {
		t.Fatalf("the handle got %v, want one *janus.DetachedMsg", messages)
	}
	if _, ok := messages[0].(*janus.DetachedMsg); !ok {
		t.Errorf("the last message of the handle is %T, want *janus.DetachedMsg", messages[0])
	}
	if n := handles(session); n != 0 {
		t.Errorf("%d handles are listed after Detach", n)
	}
}

// isDone reports whether a message is the EchoTest's event that it is done.
func isDone(message any) bool {
	event, ok := message.(*janus.EventMsg)
	return ok && event.Plugindata.Data["result"] == "done"
}

// Destroy: on success, the Session will be removed from the Gateway.Sessions
// map, and an AckMsg will be returned. All its channels close.
func TestDestroyEndsTheSession(t *testing.T) {
	ctx := testContext(t)
	gateway, session := create(ctx, t, realjanus.Options{})
	first, second := attach(ctx, t, session, echotest), attach(ctx, t, session, videoroom)
	ack, err := session.Destroy(ctx, "")
	if err != nil || ack == nil {
		t.Fatalf("Destroy returned %v, %v", ack, err)
	}
	if n := sessions(gateway); n != 0 {
		t.Errorf("%d sessions are listed after Destroy", n)
	}
	awaitClosed(ctx, t, session.Events)
	// Whether Janus says that they are detached depends on what they did.
	drain(ctx, t, first.Events)
	drain(ctx, t, second.Events)
	if n := handles(session); n != 0 {
		t.Errorf("%d handles are listed after Destroy", n)
	}
}
