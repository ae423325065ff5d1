package echotest_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin/echotest"
)

// answerer is a Caller that answers every request in the same way, after it has
// encoded it as a handle does.
type answerer struct {
	answer *janus.EventMsg
	err    error
}

func (a answerer) Call(_ context.Context, body, _ any) (*janus.EventMsg, error) {
	_, err := json.Marshal(body)
	return a.answer, errors.Join(err, a.err)
}

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

// A typed call and an event may cost a few allocations more than the same by
// hand.
func TestAllocations(t *testing.T) {
	msg := plugtest.NewFeed(t, echotest.Name).Event(t, echotest.Name, []byte(`{"echotest":"event","result":"ok"}`))
	parse := testing.AllocsPerRun(100, func() {
		if _, ok := echotest.Parse(msg); !ok {
			t.Error("not parsed")
		}
	})
	decode := testing.AllocsPerRun(100, func() {
		if err := json.Unmarshal(msg.Plugindata.Raw(), new(echotest.Started)); err != nil {
			t.Error(err)
		}
	})
	if parse > decode+2 {
		t.Errorf("Parse makes %v allocations, json.Unmarshal %v", parse, decode)
	}
	caller := answerer{answer: msg}
	typed := testing.AllocsPerRun(100, func() {
		if _, err := echotest.On(caller).Start(t.Context(), echotest.Start{Audio: ptr(true)}, nil); err != nil {
			t.Error(err)
		}
	})
	byHand := testing.AllocsPerRun(100, func() {
		event, err := caller.Call(t.Context(), map[string]any{"audio": true}, nil)
		if err == nil {
			err = event.Plugindata.Decode(new(echotest.Started))
		}
		if err != nil {
			t.Error(err)
		}
	})
	if typed > byHand+25 {
		t.Errorf("a typed call makes %v allocations, one by hand %v", typed, byHand)
	}
}

// BenchmarkParse should take no more than 1.3 times as long as
// BenchmarkUnmarshal.
func BenchmarkParse(b *testing.B) {
	msg := plugtest.NewFeed(b, echotest.Name).Event(b, echotest.Name, []byte(layers))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := echotest.Parse(msg); !ok {
			b.Fatal("not parsed")
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal([]byte(layers), new(echotest.SimulcastLayers)); err != nil {
			b.Fatal(err)
		}
	}
}

const layers = `{"echotest":"event","videocodec":"vp8","substream":2,"temporal":1,"tot_temporal_layers":3}`
