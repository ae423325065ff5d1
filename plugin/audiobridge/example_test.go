package audiobridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
	"nhooyr.io/websocket"
)

// A participant joins a room without media and learns who else is there.
func Example() {
	server := janustest.NewServer() // or a real Janus
	defer server.Close()
	server.Handle(audiobridge.Name, janustest.PluginFunc(serveRoom))

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
	handle, err := session.Attach(ctx, "", audiobridge.Name)
	if err != nil {
		log.Fatal(err)
	}

	bridge := audiobridge.On(handle)
	if _, err := bridge.Join(ctx, audiobridge.Join{Room: plugin.Num(5)}, nil); errors.Is(err, audiobridge.ErrorNoSuchRoom) {
		fmt.Println(err)
	}
	joined, err := bridge.Join(ctx, audiobridge.Join{Room: plugin.Num(1234), PIN: "4711", Display: "Alice"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("joined as", joined.ID)
	for _, p := range joined.Participants {
		fmt.Println(p.Display, "is here")
	}
	for msg := range handle.Events {
		event, ok := audiobridge.Parse(msg)
		if !ok {
			continue // not from the plugin
		}
		switch event := event.(type) {
		case *audiobridge.Talking:
			fmt.Println(event.ID, "is talking")
		case *audiobridge.RoomDestroyed:
			fmt.Println("the room is gone")
			return
		}
	}
	// Output:
	// audiobridge: join: janus.plugin.audiobridge: error 485: No such room (5)
	// joined as 42
	// Bob is here
	// 7 is talking
	// the room is gone
}

// Requests are logged without their secrets.
func ExampleJoin_String() {
	fmt.Println(audiobridge.Join{Room: plugin.Str("lobby"), PIN: "4711", Display: "Alice"})
	// Output: {"room":"lobby","pin":"***","display":"Alice"}
}

// serveRoom plays the part of the plugin: a room 1234 with Bob in it.
func serveRoom(r *janustest.Request) {
	type m = map[string]any
	var body struct{ Room int }
	if err := json.Unmarshal(r.Body, &body); err != nil {
		log.Print(err)
	}
	events := []m{
		{"audiobridge": "joined", "room": 1234, "id": 42, "participants": []m{{"id": 7, "display": "Bob", "setup": true, "muted": false}}},
		{"audiobridge": "talking", "room": 1234, "id": 7},
		{"audiobridge": "destroyed", "room": 1234},
	}
	if body.Room != 1234 {
		events = []m{{"audiobridge": "event", "error_code": 485, "error": fmt.Sprintf("No such room (%d)", body.Room)}}
	}
	if err := r.Ack(); err != nil {
		log.Print(err)
	}
	for i, data := range events {
		send := r.Notify
		if i == 0 {
			send = r.Event
		}
		if err := send(data, nil); err != nil {
			log.Print(err)
		}
	}
}
