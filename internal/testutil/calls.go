package testutil

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// Reply makes the server answer every request of a verb with frame, in which
// TX stands for the transaction.
func Reply(srv *janustest.Server, verb, frame string) {
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := BaseOf(request)
		if base.Type != verb {
			return false
		}
		if frame != "" {
			reply(strings.ReplaceAll(frame, "TX", base.ID))
		}
		return true
	})
}

// BaseOf returns what every request begins with.
func BaseOf(request json.RawMessage) janus.BaseMsg {
	var base janus.BaseMsg
	_ = json.Unmarshal(request, &base) // the library's own requests are valid
	return base
}

// Sent returns the requests of a verb that the server has received.
func Sent(srv *janustest.Server, verb string) []json.RawMessage {
	var found []json.RawMessage
	for _, request := range srv.Requests() {
		if BaseOf(request).Type == verb {
			found = append(found, request)
		}
	}
	return found
}

// Calls returns all calls that wait for a reply, by name. VerbOf returns the verb
// that each sends.
func Calls(g *janus.Gateway, session *janus.Session, handle *janus.Handle) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"info":   func(ctx context.Context) error { _, err := g.Info(ctx, ""); return err },
		"ping":   func(ctx context.Context) error { return g.Ping(ctx, "") },
		"create": func(ctx context.Context) error { _, err := g.Create(ctx, ""); return err },
		"claim":  func(ctx context.Context) error { _, err := g.Claim(ctx, "", 77); return err },
		"attach": func(ctx context.Context) error { _, err := session.Attach(ctx, "", EchoTest); return err },
		"keepalive": func(ctx context.Context) error {
			ack, err := session.KeepAlive(ctx, "")
			return MustAck(ack, err)
		},
		"message": func(ctx context.Context) error {
			_, err := handle.Message(ctx, "", map[string]any{}, nil)
			return err
		},
		"request": func(ctx context.Context) error {
			_, err := handle.Request(ctx, "", map[string]any{})
			return err
		},
		"trickle": func(ctx context.Context) error {
			ack, err := handle.Trickle(ctx, "", map[string]any{"completed": true})
			return MustAck(ack, err)
		},
		"trickle many": func(ctx context.Context) error {
			ack, err := handle.TrickleMany(ctx, "", []janus.ICECandidate{{Candidate: "candidate:1"}})
			return MustAck(ack, err)
		},
		"hangup": func(ctx context.Context) error {
			ack, err := handle.Hangup(ctx, "")
			return MustAck(ack, err)
		},
		"detach": func(ctx context.Context) error {
			ack, err := handle.Detach(ctx, "")
			return MustAck(ack, err)
		},
		"destroy": func(ctx context.Context) error {
			ack, err := session.Destroy(ctx, "")
			return MustAck(ack, err)
		},
	}
}

// MustAck returns an error if there is neither an AckMsg nor an error.
func MustAck(ack *janus.AckMsg, err error) error {
	if (ack == nil) == (err == nil) {
		return fmt.Errorf("both are nil, or neither: %v, %w", ack, err)
	}
	return err
}

// VerbOf returns the verb that one of Calls sends.
func VerbOf(call string) string {
	switch call {
	case "request":
		return "message"
	case "trickle many":
		return "trickle"
	}
	return call
}

// PendingOn checks that a message that waits for its answer fails with want
// when end is called.
func PendingOn(t *testing.T, srv *janustest.Server, handle *janus.Handle, end func(), want error) {
	t.Helper()
	arrived := make(chan struct{}, 1)
	srv.Intercept(func(request json.RawMessage, _ func(any)) bool {
		if BaseOf(request).Type != "message" {
			return false
		}
		arrived <- struct{}{}
		return true
	})
	defer srv.Intercept(nil)
	result := make(chan error)
	go func() { _, err := handle.Message(Context(t), "", map[string]any{}, nil); result <- err }()
	<-arrived
	end()
	if err := <-result; !errors.Is(err, want) {
		t.Errorf("the waiting call returned %v, want %v", err, want)
	}
}
