package recordplay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
	"nhooyr.io/websocket"
)

// The first of the recordings is played to its end.
func Example() {
	server := janustest.NewServer() // or a real Janus
	defer server.Close()
	server.Handle(recordplay.Name, janustest.PluginFunc(serveRecordings))

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
	handle, err := session.Attach(ctx, "", recordplay.Name)
	if err != nil {
		log.Fatal(err)
	}

	player := recordplay.On(handle)
	recordings, err := player.List(ctx, recordplay.List{})
	if err != nil {
		log.Fatal(err)
	}
	recording := recordings.List[0]
	fmt.Println(recording.Name, "of", recording.Date)
	if _, err := player.Play(ctx, recordplay.Play{ID: 99}); errors.Is(err, recordplay.ErrorNotFound) {
		fmt.Println(err)
	}
	preparing, err := player.Play(ctx, recordplay.Play{ID: recording.ID})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Janus sends an", preparing.JSEP.Type)
	answer := janus.JSEP{Type: "answer", SDP: "v=0 …"} // made by a WebRTC library
	if _, err := player.Start(ctx, answer); err != nil {
		log.Fatal(err)
	}
	for msg := range handle.Events {
		event, ok := recordplay.Parse(msg)
		if !ok {
			continue // not from the plugin
		}
		if _, done := event.(*recordplay.Done); done {
			fmt.Println("the end")
			return
		}
	}
	// Output:
	// A song of 2026-01-02 03:04:05
	// recordplay: play: janus.plugin.recordplay: error 416: No such recording
	// Janus sends an offer
	// the end
}

// Requests are logged without their secrets.
func ExampleList_String() {
	fmt.Println(recordplay.List{AdminKey: "4711"})
	// Output: {"admin_key":"***"}
}

// serveRecordings plays the part of the plugin, with a recording 1.
func serveRecordings(r *janustest.Request) {
	type m = map[string]any
	var body struct {
		Request string
		ID      int
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		log.Print(err)
	}
	event := func(result m) m { return m{"recordplay": "event", "result": result} }
	check := func(err error) {
		if err != nil {
			log.Print(err)
		}
	}
	if body.Request == "list" {
		song := m{"id": 1, "name": "A song", "date": "2026-01-02 03:04:05", "audio": true, "audio_codec": "opus", "video": false, "data": false}
		check(r.Success(m{"recordplay": "list", "list": []m{song}}))
		return
	}
	check(r.Ack())
	switch {
	case body.Request == "start":
		check(r.Event(event(m{"status": "playing"}), nil))
		check(r.Notify(event(m{"status": "done", "id": 1, "is_private": 0}), nil))
	case body.ID == 1:
		check(r.Event(event(m{"status": "preparing", "id": 1}), m{"type": "offer", "sdp": "v=0 …"}))
	default:
		check(r.Event(m{"recordplay": "event", "error_code": 416, "error": "No such recording"}, nil))
	}
}
