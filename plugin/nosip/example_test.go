package nosip_test

import (
	"context"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin/nosip"
	"nhooyr.io/websocket"
)

// A call with an endpoint that speaks RTP.
func Example() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle(nosip.Name, janustest.PluginFunc(translate))
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
	handle, err := session.Attach(ctx, "", nosip.Name)
	if err != nil {
		log.Fatal(err)
	}

	translator := nosip.On(handle)
	offer := janus.JSEP{Type: "offer", SDP: "v=0 (WebRTC)"} // of the PeerConnection
	generated, err := translator.Generate(ctx, nosip.Generate{}, offer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("to the endpoint:", generated.Type, generated.SDP)
	// The program sends it to the endpoint and gets an answer.
	processed, err := translator.Process(ctx, nosip.Process{Type: nosip.Answer, SDP: "v=0 (RTP)"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("to the PeerConnection:", processed.JSEP.Type, processed.JSEP.SDP)

	// Output:
	// to the endpoint: offer v=0 (RTP)
	// to the PeerConnection: answer v=0 (WebRTC)
}

// translate is a plugin that knows one call.
func translate(r *janustest.Request) {
	if plugtest.RequestName(r) == "generate" {
		reply(r, `{"event":"generated","type":"offer","sdp":"v=0 (RTP)"}`)
		return
	}
	_ = r.Ack()
	_ = r.Event(map[string]any{"nosip": "event", "result": map[string]any{"event": "processed"}}, janus.JSEP{Type: "answer", SDP: "v=0 (WebRTC)"})
}
