package textroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
	"nhooyr.io/websocket"
)

// Rooms are managed without a data channel.
func Example() {
	server := janustest.NewServer() // or a real Janus
	defer server.Close()
	server.Handle(textroom.Name, janustest.PluginFunc(serveRooms))

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
	handle, err := session.Attach(ctx, "", textroom.Name)
	if err != nil {
		log.Fatal(err)
	}

	client := textroom.On(handle)
	created, err := client.Create(ctx, textroom.Create{Room: plugin.Num(1234), Description: "Lobby", PIN: "4711", History: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("created room", created.Room)
	err = client.Announcement(ctx, textroom.Announcement{Room: plugin.Num(5), Text: "closing time"})
	if errors.Is(err, textroom.ErrorNoSuchRoom) {
		fmt.Println(err)
	}
	// Output:
	// created room 1234
	// textroom: announcement: janus.plugin.textroom: error 417: No such room (5)
}

// A participant joins a room and sends a message. The data channel is one of Pion
// in practice: see examples/media/textroom.
func ExampleDataClient() {
	received := make(chan []byte, 10)
	send := func(text []byte) error { return serveData(text, received) } // channel.SendText(string(text))

	data := textroom.OverData(send)
	done := make(chan struct{})
	go func() { // channel.OnMessage
		defer close(done)
		for text := range received {
			event, err := data.Receive(text)
			if err != nil {
				log.Print(err)
			}
			switch event := event.(type) {
			case nil: // an answer
			case *textroom.ParticipantJoined:
				fmt.Println(event.Username, "has joined")
			case *textroom.MessageReceived:
				fmt.Println(event.From, "says", event.Text)
			}
		}
	}()

	ctx := context.Background() // should end when the channel is closed
	if _, err := data.Call(ctx, textroom.Join{Room: plugin.Num(1234), Username: "alice"}); err != nil {
		log.Fatal(err)
	}
	if _, err := data.Call(ctx, textroom.Message{Room: plugin.Num(1234), Text: "good morning"}); err != nil {
		log.Fatal(err)
	}
	close(received)
	<-done
	// Output:
	// alice has joined
	// alice says good morning
}

func ExampleMarshalData() {
	text, err := textroom.MarshalData("t1", textroom.Message{Room: plugin.Num(1234), Text: "psst", To: "bob"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", text)
	// Output: {"textroom":"message","transaction":"t1","room":1234,"text":"psst","to":"bob"}
}

func ExampleParseData() {
	text := []byte(`{"textroom":"message","room":1234,"from":"bob","date":"2026-01-31T12:00:00+0100","text":"psst","whisper":true}`)
	event, err := textroom.ParseData(text)
	if err != nil {
		log.Fatal(err)
	}
	if message, ok := event.(*textroom.MessageReceived); ok && message.Whisper {
		fmt.Println(message.From, "whispers", message.Text)
	}
	// Output: bob whispers psst
}

// Requests are logged without their secrets.
func ExampleJoin_String() {
	fmt.Println(textroom.Join{Room: plugin.Str("lobby"), Username: "alice", PIN: "4711"})
	// Output: {"room":"lobby","username":"alice","pin":"***"}
}

// serveRooms plays the part of the plugin on the Janus API.
func serveRooms(r *janustest.Request) {
	var body struct {
		Request string
		Room    int
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		log.Print(err)
	}
	answer := map[string]any{"textroom": "created", "room": body.Room, "permanent": false}
	if body.Request != "create" {
		answer = map[string]any{"textroom": "error", "error_code": 417, "error": fmt.Sprintf("No such room (%d)", body.Room)}
	}
	if err := r.Success(answer); err != nil {
		log.Print(err)
	}
}

// serveData plays the part of the plugin on the data channel.
func serveData(text []byte, received chan<- []byte) error {
	var r struct {
		TextRoom, Transaction, Username, Text string
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	event := fmt.Sprintf(`{"textroom":"join","room":1234,"username":%q}`, r.Username)
	if r.TextRoom == "message" {
		event = fmt.Sprintf(`{"textroom":"message","room":1234,"from":"alice","date":"2026-01-31T12:00:00+0100","text":%q}`, r.Text)
	}
	received <- []byte(event)
	received <- fmt.Appendf(nil, `{"textroom":"success","transaction":%q}`, r.Transaction)
	return nil
}
