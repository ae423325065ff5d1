package videoroom_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// echo is a Caller with one answer, which encodes the body as a handle does.
type echo struct{ answer *janus.EventMsg }

func (e echo) Call(_ context.Context, body, _ any) (*janus.EventMsg, error) {
	_, err := json.Marshal(body)
	return e.answer, err
}

// joinedData returns the data of a Joined with a number of publishers.
func joinedData(publishers int) []byte {
	var list []string
	for i := range publishers {
		list = append(list, fmt.Sprintf(`{"id":%d,"display":"participant %d","audio_codec":"opus","video_codec":"vp8","streams":[`+
			`{"type":"audio","mindex":0,"mid":"0","codec":"opus","fec":true,"talking":false},`+
			`{"type":"video","mindex":1,"mid":"1","description":"camera","codec":"vp8","simulcast":true}]}`, i+1, i+1))
	}
	return []byte(`{"videoroom":"joined","room":1234,"description":"Demo Room","id":99,"private_id":4242,"publishers":[` + strings.Join(list, ",") + `]}`)
}

// A typed call costs few allocations more than the same call without types.
func TestCallAllocations(t *testing.T) {
	caller := echo{plugtest.NewFeed(t, videoroom.Name).Event(t, videoroom.Name, joinedData(3))}
	room, ctx := videoroom.On(caller), t.Context()
	typed := testing.AllocsPerRun(100, func() {
		q := videoroom.JoinPublisher{Room: plugin.Num(1234), Display: "ada", PIN: "1234"}
		if _, err := room.JoinPublisher(ctx, q); err != nil {
			t.Error(err)
		}
	})
	byHand := testing.AllocsPerRun(100, func() {
		body := map[string]any{"request": "join", "ptype": "publisher", "room": 1234, "display": "ada", "pin": "1234"}
		answer, err := caller.Call(ctx, body, nil)
		var joined videoroom.Joined
		if err != nil || answer.Plugindata.Decode(&joined) != nil {
			t.Error("the answer was not decoded")
		}
	})
	t.Logf("%.0f allocations, %.0f by hand", typed, byHand)
	if typed > byHand+25 {
		t.Errorf("a typed call makes %.0f allocations, %.0f by hand", typed, byHand)
	}
}

// Parse costs little more than decoding the data.
func TestParseAllocations(t *testing.T) {
	msg := plugtest.NewFeed(t, videoroom.Name).Event(t, videoroom.Name, joinedData(3))
	parsed := testing.AllocsPerRun(100, func() { videoroom.Parse(msg) })
	raw := msg.Plugindata.Raw()
	decoded := testing.AllocsPerRun(100, func() {
		if err := json.Unmarshal(raw, new(videoroom.Joined)); err != nil {
			t.Error(err)
		}
	})
	if parsed > decoded+2 {
		t.Errorf("Parse makes %.0f allocations, json.Unmarshal %.0f", parsed, decoded)
	}
}

func BenchmarkParse(b *testing.B) {
	feed := plugtest.NewFeed(b, videoroom.Name)
	for name, data := range map[string][]byte{
		"small": []byte(`{"videoroom":"event","room":1234,"leaving":42}`),
		"large": joinedData(50),
	} {
		msg := feed.Event(b, videoroom.Name, data)
		b.Run(name+"/Parse", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if event, _ := videoroom.Parse(msg); event == nil {
					b.Fatal("no event")
				}
			}
		})
		b.Run(name+"/Unmarshal", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				var event plugin.Event = new(videoroom.Joined)
				if name == "small" {
					event = new(videoroom.Left)
				}
				if err := json.Unmarshal(data, event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
