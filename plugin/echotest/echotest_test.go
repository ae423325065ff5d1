package echotest_test

import (
	"encoding/json"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin/echotest"
)

// everything is a request with all of its fields.
var everything = echotest.Start{
	Audio: ptr(false), Video: ptr(false), Bitrate: ptr(0), Record: ptr(false), Filename: "recording",
	Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0), SVC: ptr(false), SpatialLayer: ptr(0), TemporalLayer: ptr(0),
	AudioCodec: "opus", VideoCodec: "vp8", VideoProfile: "42e01f", OpusRED: ptr(false), MinDelay: ptr(0), MaxDelay: ptr(-1),
	Extra: map[string]any{"further": true},
}

func ptr[T any](v T) *T { return &v }

func TestStartLeavesOutZeroFields(t *testing.T) {
	if got, err := json.Marshal(echotest.Start{}); err != nil || string(got) != "{}" {
		t.Errorf("got %s, %v", got, err)
	}
}

const layers = `{"echotest":"event","videocodec":"vp8","substream":2,"temporal":1,"tot_temporal_layers":3}`

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, layers, func() any { return new(echotest.SimulcastLayers) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, echotest.Name).Event(t, echotest.Name, []byte(`{"echotest":"event","result":"ok"}`))}
	client := echotest.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"audio": true}, func() any { return new(echotest.Started) }, func() error {
		_, err := client.Start(t.Context(), echotest.Start{Audio: ptr(true)}, nil)
		return err
	})
}
