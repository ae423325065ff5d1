package textroom_test

import (
	"encoding/json"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// rooms is an answer to List, and message an event of the most frequent kind.
const (
	rooms   = `{"textroom":"success","list":[{"room":1234,"description":"Demo","pin_required":false,"num_participants":3,"history":5},{"room":1235,"description":"Another","pin_required":true,"num_participants":0,"history":0}]}`
	message = `{"textroom":"message","room":1234,"from":"alice","date":"2026-11-23T04:23:44+0000","text":"good morning, everybody"}`
)

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, rooms, func() any { return new(textroom.Rooms) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, textroom.Name).Event(t, textroom.Name, []byte(rooms))}
	client := textroom.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"request": "list", "admin_key": "key"}, func() any { return new(textroom.Rooms) }, func() error {
		_, err := client.List(t.Context(), textroom.List{AdminKey: "key"})
		return err
	})
}

// The same is true of the data channel.
func TestDataAllocations(t *testing.T) {
	plugtest.CheckAllocations(t, "ParseData", 3, func() error {
		_, err := textroom.ParseData([]byte(message))
		return err
	}, func() error { return json.Unmarshal([]byte(message), new(textroom.MessageReceived)) })
	plugtest.CheckAllocations(t, "MarshalData", 5, func() error {
		_, err := textroom.MarshalData("1", textroom.Message{Room: plugin.Num(1234), Text: "hello"})
		return err
	}, func() error {
		_, err := json.Marshal(map[string]any{"textroom": "message", "transaction": "1", "room": 1234, "text": "hello"})
		return err
	})
}
