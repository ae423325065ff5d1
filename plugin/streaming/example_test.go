package streaming_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/streaming"
	"nhooyr.io/websocket"
)

// A viewer watches a mountpoint until it ends.
func Example() {
	server := janustest.NewServer() // or a real Janus
	defer server.Close()
	server.Handle(streaming.Name, janustest.PluginFunc(serveCamera))

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
	handle, err := session.Attach(ctx, "", streaming.Name)
	if err != nil {
		log.Fatal(err)
	}

	viewer := streaming.On(handle)
	if _, err := viewer.Watch(ctx, streaming.Watch{ID: plugin.Num(5)}); errors.Is(err, streaming.ErrorNoSuchMountpoint) {
		fmt.Println(err)
	}
	preparing, err := viewer.Watch(ctx, streaming.Watch{ID: plugin.Num(1), PIN: "4711"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Janus sends an", preparing.JSEP.Type)
	answer := janus.JSEP{Type: "answer", SDP: "v=0 …"} // made by a WebRTC library
	if _, err := viewer.Start(ctx, answer); err != nil {
		log.Fatal(err)
	}
	for msg := range handle.Events {
		event, ok := streaming.Parse(msg)
		if !ok {
			continue // not from the plugin
		}
		switch event := event.(type) {
		case *streaming.Started:
			fmt.Println("the media flows")
		case *streaming.SubstreamChanged:
			fmt.Println("substream", event.Substream, "of", event.Mid)
		case *streaming.Stopped:
			fmt.Println("the mountpoint is gone")
			return
		}
	}
	// Output:
	// streaming: watch: janus.plugin.streaming: error 455: No such mountpoint/stream 5
	// Janus sends an offer
	// the media flows
	// substream 2 of v
	// the mountpoint is gone
}

// A mountpoint of RTP is disabled. StopRecording is false, as some versions of
// Janus crash otherwise.
func ExampleClient_Disable() {
	server := janustest.NewServer() // or a real Janus
	defer server.Close()
	server.Handle(streaming.Name, janustest.PluginFunc(func(r *janustest.Request) {
		fmt.Println(string(r.Body))
		if err := r.Success(map[string]any{"streaming": "ok"}); err != nil {
			log.Print(err)
		}
	}))

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
	handle, err := session.Attach(ctx, "", streaming.Name)
	if err != nil {
		log.Fatal(err)
	}

	keep := false
	if err := streaming.On(handle).Disable(ctx, streaming.Disable{ID: plugin.Str("camera"), StopRecording: &keep}); err != nil {
		log.Fatal(err)
	}
	// Output: {"request":"disable","id":"camera","stop_recording":false}
}

// Requests are logged without their secrets.
func ExampleWatch_String() {
	fmt.Println(streaming.Watch{ID: plugin.Str("camera"), PIN: "4711"})
	// Output: {"id":"camera","pin":"***"}
}

// serveCamera plays the part of the plugin, with a mountpoint 1.
func serveCamera(r *janustest.Request) {
	type m = map[string]any
	var body struct {
		Request string
		ID      int
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		log.Print(err)
	}
	event := func(result m) m { return m{"streaming": "event", "result": result} }
	check := func(err error) {
		if err != nil {
			log.Print(err)
		}
	}
	check(r.Ack())
	switch {
	case body.Request == "start":
		check(r.Event(event(m{"status": "starting"}), nil))
		check(r.Notify(event(m{"status": "started"}), nil))
		check(r.Notify(event(m{"mid": "v", "substream": 2}), nil))
		check(r.Notify(event(m{"status": "stopped"}), nil))
	case body.ID == 1:
		check(r.Event(event(m{"status": "preparing"}), m{"type": "offer", "sdp": "v=0 …"}))
	default:
		check(r.Event(m{"streaming": "event", "error_code": 455, "error": fmt.Sprintf("No such mountpoint/stream %d", body.ID)}, nil))
	}
}
