package videoroom_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// Parse makes an event of any data, which has all of the data, and Feeds takes
// any event.
func FuzzParse(f *testing.F) {
	for _, sample := range plugtest.Samples(f) {
		var frame struct {
			Plugindata struct{ Data json.RawMessage }
		}
		if err := json.Unmarshal(sample.Frame, &frame); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(frame.Plugindata.Data))
	}
	feed := plugtest.NewFeed(f, videoroom.Name)
	f.Fuzz(func(t *testing.T, data []byte) {
		var object map[string]any
		if !utf8.Valid(data) || json.Unmarshal(data, &object) != nil || object == nil {
			t.Skip("no JSON object, which Janus would not send")
		}
		msg := feed.Event(t, videoroom.Name, data)
		event, ok := videoroom.Parse(msg)
		if !ok || string(event.EventMeta().Raw) != string(msg.Plugindata.Raw()) {
			t.Fatalf("%s became %T %s", data, event, event.EventMeta().Raw)
		}
		var feeds videoroom.Feeds
		feeds.Apply(event)
		if switched, ok := event.(*videoroom.Switched); ok {
			feeds.Update(switched.Streams, nil)
			videoroom.RemoteStreams(switched.Streams)
		}
		if _, ok := event.(*plugin.Unknown); ok {
			return
		}
		if _, err := json.Marshal(event); err != nil {
			t.Errorf("%s became %T, which cannot be encoded: %v", data, event, err)
		}
	})
}
