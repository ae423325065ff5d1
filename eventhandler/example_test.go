package eventhandler_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/janustest"
)

// A receiver that prints what happens to sessions. Here, janustest posts the
// events that Janus would post.
func Example() {
	handler := eventhandler.New(func(_ context.Context, events []eventhandler.Event) error {
		for _, event := range events {
			if body, ok := event.Body.(*eventhandler.SessionEvent); ok {
				fmt.Printf("%s: session %d %s\n", event.Emitter, event.Session, body.Change)
			}
		}
		return nil
	}, &eventhandler.Options{User: "janus", Password: "SECRET"})
	server := httptest.NewServer(handler)
	defer server.Close()

	poster := janustest.EventPoster{URL: server.URL, User: "janus", Password: "SECRET"}
	err := poster.Post(context.Background(),
		`{"emitter":"sfu-1","type":1,"timestamp":1767225600000000,"session_id":4711,"event":{"name":"created"}}`,
		`{"emitter":"sfu-1","type":1,"timestamp":1767225660000000,"session_id":4711,"event":{"name":"timeout"}}`,
	)
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// sfu-1: session 4711 created
	// sfu-1: session 4711 timeout
}

// Events that arrive in another way, such as over RabbitMQ, can be decoded with
// Parse.
func ExampleParse() {
	events, err := eventhandler.Parse([]byte(`[
		{"type": 16, "subtype": 1, "timestamp": 1767225600000000, "session_id": 1, "handle_id": 2,
			"event": {"ice": "connected", "stream_id": 1, "component_id": 1}},
		{"type": 32, "subtype": 3, "timestamp": 1767225601000000, "session_id": 1, "handle_id": 2,
			"event": {"mid": "0", "mindex": 0, "media": "audio", "codec": "opus", "base": 48000, "rtt": 21, "lost": 3,
			"packets-received": 50, "packets-sent": 50, "bytes-received": 4000, "bytes-sent": 4000}}
	]`))
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range events {
		switch body := event.Body.(type) {
		case *eventhandler.ICEState:
			fmt.Println(event.Kind(), "handle", event.Handle, "is", body.State)
		case *eventhandler.MediaStats:
			fmt.Println(event.Kind(), body.Codec, "round trip", body.RTT, "lost", body.Lost)
		case *eventhandler.Unknown:
			fmt.Println(event.Kind(), string(event.Raw), body.Err)
		}
	}
	// Output:
	// webrtc/ice handle 2 is connected
	// media/stats opus round trip 21ms lost 3
}

// A server ends without losing events: the Handler refuses new batches, which
// Janus repeats later, and waits for those that are being taken.
func ExampleHandler_Shutdown() {
	handler := eventhandler.New(func(context.Context, []eventhandler.Event) error { return nil }, nil)
	server := httptest.NewServer(handler)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := handler.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	if err := server.Config.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("done")
	// Output: done
}
