package streaming_test

import (
	"reflect"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/streaming"
)

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
