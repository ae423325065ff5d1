package faults

import (
	"context"
	"testing"

	janus "github.com/cameronelliott/janus-go"
)

// A message for a handle belongs to the handle even if its transaction is that
// of a request of the Gateway.
func TestEventForGatewayCall(t *testing.T) {
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	session, handle := c.open(t)
	forge(server, "info", func(r request, reply func(any)) {
		reply(map[string]any{
			"janus": "event", "transaction": r.Transaction, "session_id": session.ID, "sender": handle.ID,
			"plugindata": map[string]any{"plugin": plugin, "data": map[string]any{"nonce": 5}},
		})
		reply(map[string]any{"janus": "server_info", "transaction": r.Transaction, "name": "stub"})
	})
	if _, err := c.Info(t.Context(), ""); err != nil {
		t.Fatalf("Info: %v", err)
	}
	if msg := next(t, "Handle.Events", handle.Events); nonce(msg) != 5 {
		t.Errorf("the handle got %v", msg)
	}
}

// The answer to a claim of one session is not that of another's.
func TestClaimAnsweredForOther(t *testing.T) {
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	session := c.session(t)
	forge(server, "claim", func(r request, reply func(any)) {
		reply(map[string]any{"janus": "success", "transaction": r.Transaction, "session_id": session.ID})
		reply(map[string]any{"janus": "error", "transaction": r.Transaction, "session_id": r.Session,
			"error": map[string]any{"code": 458, "reason": "No such session"}})
	})
	if _, err := c.Claim(t.Context(), "", session.ID+1); err == nil {
		t.Error("Claim takes the success of another session for its own")
	}
}

// No handle has the id 0: messages of the session are not its.
func TestAdoptZero(t *testing.T) {
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	session := c.session(t)
	session.Adopt(0)
	forge(server, "keepalive", func(r request, reply func(any)) {
		reply(map[string]any{"janus": "error", "session_id": session.ID, "error": map[string]any{"code": 490, "reason": "x"}})
		reply(map[string]any{"janus": "ack", "transaction": r.Transaction, "session_id": session.ID})
	})
	if _, err := session.KeepAlive(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	select {
	case msg := <-session.Events:
		if _, ok := msg.(*janus.ErrorMsg); !ok {
			t.Errorf("Session.Events got %T", msg)
		}
	default:
		t.Error("Session.Events got nothing: a handle that was adopted as 0 has its messages")
	}
}

// An abandoned Attach that the server answers with the id of a handle that is in
// use does not detach that one.
func TestAbandonedAttachWithUsedID(t *testing.T) {
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	session, handle := c.open(t)
	asked := make(chan struct{})
	abandoned := make(chan struct{})
	forge(server, "attach", func(r request, reply func(any)) {
		close(asked)
		<-abandoned
		reply(map[string]any{"janus": "success", "transaction": r.Transaction, "session_id": session.ID,
			"data": map[string]any{"id": handle.ID}})
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := session.Attach(ctx, "", plugin); err == nil {
		t.Fatal("an abandoned call succeeded")
	}
	close(abandoned)
	c.mustLive(t) // the answer has been handled by now
	if err := handle.Err(); err != nil {
		t.Errorf("the handle in use ended with %v", err)
	}
}
