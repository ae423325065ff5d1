package videocall_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin/videocall"
	"nhooyr.io/websocket"
)

// Alice calls Bob, who accepts and hangs up.
func Example() {
	server := janustest.NewServer() // or a real Janus
	defer server.Close()
	server.Handle(videocall.Name, janustest.PluginFunc(serveCalls))

	ctx := context.Background()
	gateway, group, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		_ = gateway.Close(websocket.StatusNormalClosure, "")
		_ = group.Wait()
	}()
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	handle, err := session.Attach(ctx, "", videocall.Name)
	if err != nil {
		log.Fatal(err)
	}

	phone := videocall.On(handle)
	if _, err := phone.Register(ctx, videocall.Register{Username: "alice"}); err != nil {
		log.Fatal(err)
	}
	offer := janus.JSEP{Type: "offer", SDP: "v=0\r\n…"} // of a PeerConnection
	if _, err := phone.Call(ctx, videocall.Call{Username: "zoe"}, offer); errors.Is(err, videocall.ErrorNoSuchUsername) {
		fmt.Println(err)
	}
	event, err := phone.Call(ctx, videocall.Call{Username: "bob"}, offer)
	if err != nil {
		log.Fatal(err)
	}
	if hungUp, ok := event.(*videocall.HungUp); ok {
		fmt.Println("no call:", hungUp.Reason)
		return
	}
	for msg := range handle.Events {
		event, ok := videocall.Parse(msg)
		if !ok {
			continue // not from the plugin
		}
		switch event := event.(type) {
		case *videocall.Accepted:
			fmt.Println(event.Username, "has accepted, with an", event.JSEP.Type)
		case *videocall.HungUp:
			fmt.Println(event.Username, "has ended the call:", event.Reason)
			return
		}
	}
	// Output:
	// videocall: call: janus.plugin.videocall: error 478: Username 'zoe' doesn't exist
	// bob has accepted, with an answer
	// bob has ended the call: dinner
}

// serveCalls plays the part of the plugin, and of Bob.
func serveCalls(r *janustest.Request) {
	type m = map[string]any
	var body struct{ Request, Username string }
	if err := json.Unmarshal(r.Body, &body); err != nil {
		log.Print(err)
	}
	errs := []error{r.Ack()}
	switch {
	case body.Request == "register":
		errs = append(errs, r.Event(m{"videocall": "event", "result": m{"event": "registered", "username": body.Username}}, nil))
	case body.Username != "bob":
		reason := fmt.Sprintf("Username '%s' doesn't exist", body.Username)
		errs = append(errs, r.Event(m{"videocall": "event", "error_code": 478, "error": reason}, nil))
	default:
		errs = append(errs,
			r.Event(m{"videocall": "event", "result": m{"event": "calling"}}, nil),
			r.Notify(m{"videocall": "event", "result": m{"event": "accepted", "username": "bob"}}, janus.JSEP{Type: "answer", SDP: "v=0\r\n…"}),
			r.Notify(m{"videocall": "event", "result": m{"event": "hangup", "username": "bob", "reason": "dinner"}}, nil),
		)
	}
	if err := errors.Join(errs...); err != nil {
		log.Print(err)
	}
}
