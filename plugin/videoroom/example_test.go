package videoroom_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"nhooyr.io/websocket"
)

// Ada publishes, and Bob receives what she publishes. A real program gets its
// offers and answers from a WebRTC library.
func Example() {
	server := janustest.NewServer()
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
	attach := func() *janus.Handle {
		handle, err := session.Attach(ctx, "", videoroom.Name)
		if err != nil {
			log.Fatal(err)
		}
		return handle
	}

	adaHandle, bobHandle, viewer := attach(), attach(), videoroom.On(attach())
	ada, bob := videoroom.On(adaHandle), videoroom.On(bobHandle)
	created, err := ada.Create(ctx, videoroom.Create{Description: "demo", Publishers: ptr(2)})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ada.JoinPublisher(ctx, videoroom.JoinPublisher{Room: created.Room, Display: "ada"}); err != nil {
		log.Fatal(err)
	}
	var feeds videoroom.Feeds
	joined, err := bob.JoinPublisher(ctx, videoroom.JoinPublisher{Room: created.Room, Display: "bob"})
	if err != nil {
		log.Fatal(err)
	}
	feeds.Apply(joined)

	configured, err := ada.Publish(ctx, videoroom.Publish{}, offer(audioSection, videoSection))
	if err != nil {
		log.Fatal(err)
	}
	for _, stream := range configured.Streams {
		fmt.Println("ada publishes", stream.Type, stream.Codec)
	}

	for msg := range bobHandle.Events {
		event, ok := videoroom.Parse(msg)
		if !ok || !feeds.Apply(event) {
			continue
		}
		fmt.Printf("bob is told of %s\n", feeds.List()[0].Display)
		break
	}
	update, _ := feeds.Update(nil, nil)
	attached, err := viewer.JoinSubscriber(ctx, videoroom.JoinSubscriber{Room: created.Room, Streams: update.Subscribe})
	if err != nil {
		log.Fatal(err)
	}
	if err := viewer.Start(ctx, answerTo(attached.JSEP)); err != nil {
		log.Fatal(err)
	}
	fmt.Println("bob receives", len(attached.Streams), "streams")

	_, err = bob.Exists(ctx, videoroom.Exists{Room: plugin.Str("demo")})
	fmt.Println(errors.Is(err, videoroom.ErrorInvalidElement))
	// Output:
	// ada publishes audio opus
	// ada publishes video vp8
	// bob is told of ada
	// bob receives 2 streams
	// true
}
