package streaming_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/streaming"
)

// The samples are from Janus 1.1.2 and 1.4.1, but for one Created and one
// MountpointInfo, which show fields that are rare, and for what is unknown.
func TestParseSamples(t *testing.T) {
	feed := plugtest.NewFeed(t, streaming.Name)
	kinds, pushed := map[string]bool{}, map[string]bool{}
	for _, sample := range plugtest.Samples(t) {
		event, ok := streaming.Parse(feed.Message(t, sample.Frame))
		if !ok || reflect.TypeOf(event).String() != sample.Event {
			t.Errorf("%s became %T, want %s", sample.Frame, event, sample.Event)
			continue
		}
		checkMeta(t, event, sample.Frame)
		kind, ours := strings.CutPrefix(sample.Event, "*streaming.")
		if !ours {
			continue
		}
		kinds[kind] = true
		if event.EventMeta().Transaction == "" {
			pushed[kind] = true
		}
		checkLossless(t, event)
	}
	c := plugtest.ReadCoverage(t)
	if got := slices.Sorted(maps.Keys(pushed)); !slices.Equal(got, c.Events) {
		t.Errorf("there are samples without a transaction of %v, want %v", got, c.Events)
	}
	all := slices.Concat(c.Events, c.Answers)
	slices.Sort(all)
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, slices.Compact(all)) {
		t.Errorf("there are samples of %v, want %v", got, all)
	}
}

// checkMeta fails the test if the Meta of an event is not that of its frame.
func checkMeta(t *testing.T, event plugin.Event, frame json.RawMessage) {
	t.Helper()
	var want struct {
		Transaction string
		JSEP        *janus.JSEP
		Plugindata  struct{ Data json.RawMessage }
	}
	if err := json.Unmarshal(frame, &want); err != nil {
		t.Fatal(err)
	}
	meta := event.EventMeta()
	if meta.Transaction != want.Transaction || !reflect.DeepEqual(meta.JSEP, want.JSEP) || string(meta.Raw) != string(want.Plugindata.Data) {
		t.Errorf("%s: the Meta is %+v", frame, meta)
	}
}

// The fields of a result are those of the event.
func TestParseFields(t *testing.T) {
	feed := plugtest.NewFeed(t, streaming.Name)
	for data, want := range map[string]streaming.Event{
		`{"streaming":"event","result":{"mid":"v","spatial_layer":2,"temporal_layer":0}}`: &streaming.SpatialLayerChanged{Mid: "v", SpatialLayer: 2, TemporalLayer: ptr(0)},
		`{"streaming":"event","result":{"spatial_layer":1}}`:                              &streaming.SpatialLayerChanged{SpatialLayer: 1},
		`{"streaming":"event","result":{"mid":"v","temporal_layer":1}}`:                   &streaming.TemporalLayerChanged{Mid: "v", TemporalLayer: 1},
		`{"streaming":"event","result":{"mid":"v","substream":2}}`:                        &streaming.SubstreamChanged{Mid: "v", Substream: 2},
		`{"streaming":"event","result":{"mid":"v","temporal":2}}`:                         &streaming.TemporalChanged{Mid: "v", Temporal: 2},
		`{"streaming":"event","result":{"switched":"ok","id":9007199254740993}}`:          &streaming.Switched{ID: plugin.Num(1<<53 + 1)},
		`{"streaming":"destroyed","destroyed":"the one"}`:                                 &streaming.Destroyed{ID: plugin.Str("the one")},
		`{"event":"edited","id":5,"metadata":"news"}`:                                     &streaming.MountpointEdited{ID: plugin.Num(5), Metadata: "news"},
	} {
		event, _ := streaming.Parse(feed.Event(t, streaming.Name, []byte(data)))
		if string(event.EventMeta().Raw) != data {
			t.Errorf("Raw is %s, want %s", event.EventMeta().Raw, data)
		}
		*event.EventMeta() = plugin.Meta{}
		if !reflect.DeepEqual(event, want) {
			t.Errorf("%s became %+v, want %+v", data, event, want)
		}
	}
}

func TestParsePassesOverOtherMessages(t *testing.T) {
	feed := plugtest.NewFeed(t, streaming.Name)
	for _, msg := range []any{
		feed.Event(t, "janus.plugin.videoroom", []byte(`{"streaming":"ok"}`)), new(janus.WebRTCUpMsg), nil,
	} {
		if event, ok := streaming.Parse(msg); ok {
			t.Errorf("%+v became %T", msg, event)
		}
	}
}

// FuzzParse parses any data. Nothing may be lost, whatever it is.
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
	feed := plugtest.NewFeed(f, streaming.Name)
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || !utf8.Valid(data) || data[0] != '{' {
			t.Skip("Janus sends objects only")
		}
		msg := feed.Event(t, streaming.Name, data)
		event, ok := streaming.Parse(msg)
		if !ok {
			t.Fatalf("%s was passed over", data)
		}
		if raw := event.EventMeta().Raw; string(raw) != string(msg.Plugindata.Raw()) {
			t.Errorf("Raw is %s of %s", raw, data)
		}
	})
}
