package videoroom_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

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

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, `{"videoroom":"event","room":1234,"leaving":42}`, func() any { return new(videoroom.Left) })
	plugtest.CheckParseAllocations(t, pkg, string(joinedData(50)), func() any { return new(videoroom.Joined) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, videoroom.Name).Event(t, videoroom.Name, []byte(joinedData(3)))}
	client := videoroom.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"request": "join", "ptype": "publisher", "room": 1234, "display": "ada", "pin": "1234"}, func() any { return new(videoroom.Joined) }, func() error {
		_, err := client.JoinPublisher(t.Context(), videoroom.JoinPublisher{Room: plugin.Num(1234), Display: "ada", PIN: "1234"})
		return err
	})
}
