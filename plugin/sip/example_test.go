package sip_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin/sip"
	"nhooyr.io/websocket"
)

// A guest waits for a call and accepts it.
func Example() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle(sip.Name, janustest.PluginFunc(beCalled))
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
	handle, err := session.Attach(ctx, "", sip.Name)
	if err != nil {
		log.Fatal(err)
	}

	phone := sip.On(handle)
	if _, err := phone.Register(ctx, sip.Register{Username: "sip:bob@127.0.0.1", Type: sip.TypeGuest}); err != nil {
		log.Fatal(err)
	}
	for msg := range handle.Events {
		event, ok := sip.Parse(msg)
		if !ok {
			continue
		}
		switch event := event.(type) {
		case *sip.IncomingCall:
			fmt.Println(event.Username, "calls")
			answer := janus.JSEP{Type: "answer", SDP: "v=0"} // of the PeerConnection, for the offer event.JSEP
			if _, err := phone.Accept(ctx, sip.Accept{}, answer); err != nil {
				log.Fatal(err)
			}
		case *sip.HungUp:
			fmt.Println("the call has ended:", event.Code, event.Reason)
			return
		}
	}

	// Output:
	// sip:alice@127.0.0.1 calls
	// the call has ended: 200 to BYE
}

// beCalled is a plugin that calls those who register, and hangs up when they
// have accepted.
func beCalled(r *janustest.Request) {
	answer, event, jsep := "registered", `{"event":"incomingcall","username":"sip:alice@127.0.0.1"}`, any(janus.JSEP{Type: "offer", SDP: "v=0"})
	if plugtest.RequestName(r) == "accept" {
		answer, event, jsep = "accepted", `{"event":"hangup","code":200,"reason":"to BYE"}`, nil
	}
	reply(r, fmt.Sprintf(`{"event":%q}`, answer))
	_ = r.Notify(map[string]any{"sip": "event", "call_id": "c1", "result": json.RawMessage(event)}, jsep)
}
