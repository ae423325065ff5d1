package echotest_test

import (
	"context"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin/echotest"
	"nhooyr.io/websocket"
)

// An offer is answered, and the end of the PeerConnection reported.
func Example() {
	server := janustest.NewServer() // or a real Janus
	defer server.Close()

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
	handle, err := session.Attach(ctx, "", echotest.Name)
	if err != nil {
		log.Fatal(err)
	}

	audio, bitrate := true, 256_000
	offer := janus.JSEP{Type: "offer", SDP: offer} // made by a WebRTC library
	started, err := echotest.On(handle).Start(ctx, echotest.Start{Audio: &audio, Bitrate: &bitrate}, offer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(started.Result, started.JSEP.Type)

	if _, err := handle.Hangup(ctx, ""); err != nil {
		log.Fatal(err)
	}
	for msg := range handle.Events {
		event, ok := echotest.Parse(msg)
		if !ok {
			continue // not from the plugin
		}
		if _, ok := event.(*echotest.Done); ok {
			fmt.Println("done")
			break
		}
	}
	// Output:
	// ok answer
	// done
}
