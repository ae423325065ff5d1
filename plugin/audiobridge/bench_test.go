package audiobridge_test

import (
	"context"
	"encoding/json"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// updated is an event of the most frequent kind.
const updated = `{"audiobridge":"event","room":1234,"participants":[{"id":9007199254740993,"display":"Bob","setup":true,"muted":false,"spatial_position":50}]}`

// answerer is a Caller that answers every request in the same way, after it has
// encoded it as a handle does.
type answerer struct{ answer *janus.EventMsg }

func (a answerer) Call(_ context.Context, body, _ any) (*janus.EventMsg, error) {
	_, err := json.Marshal(body)
	return a.answer, err
}

// A typed call and an event may cost a few allocations more than the same by
// hand.
func TestAllocations(t *testing.T) {
	feed := plugtest.NewFeed(t, audiobridge.Name)
	msg := feed.Event(t, audiobridge.Name, []byte(updated))
	parse := testing.AllocsPerRun(100, func() {
		if _, ok := audiobridge.Parse(msg); !ok {
			t.Error("not parsed")
		}
	})
	decode := testing.AllocsPerRun(100, func() {
		if err := json.Unmarshal(msg.Plugindata.Raw(), new(audiobridge.ParticipantUpdated)); err != nil {
			t.Error(err)
		}
	})
	if parse > decode+2 {
		t.Errorf("Parse makes %v allocations, json.Unmarshal %v", parse, decode)
	}

	answer := feed.Event(t, audiobridge.Name, []byte(`{"audiobridge":"joined","room":1234,"id":5,"participants":[]}`))
	caller := answerer{answer}
	bridge := audiobridge.On(caller)
	request := audiobridge.Join{Room: plugin.Num(1234), Display: "Bob"}
	typed := testing.AllocsPerRun(100, func() {
		if _, err := bridge.Join(t.Context(), request, nil); err != nil {
			t.Error(err)
		}
	})
	byHand := testing.AllocsPerRun(100, func() {
		event, err := caller.Call(t.Context(), map[string]any{"request": "join", "room": 1234, "display": "Bob"}, nil)
		if err == nil {
			err = event.Plugindata.Decode(new(audiobridge.Joined))
		}
		if err != nil {
			t.Error(err)
		}
	})
	if typed > byHand+25 {
		t.Errorf("a typed call makes %v allocations, one by hand %v", typed, byHand)
	}
	t.Logf("Parse %v, json.Unmarshal %v; typed call %v, by hand %v", parse, decode, typed, byHand)
}

// BenchmarkParse should take no more than 1.3 times as long as
// BenchmarkUnmarshal.
func BenchmarkParse(b *testing.B) {
	msg := plugtest.NewFeed(b, audiobridge.Name).Event(b, audiobridge.Name, []byte(updated))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := audiobridge.Parse(msg); !ok {
			b.Fatal("not parsed")
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal([]byte(updated), new(audiobridge.ParticipantUpdated)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJoin(b *testing.B) {
	answer := plugtest.NewFeed(b, audiobridge.Name).Event(b, audiobridge.Name, []byte(`{"audiobridge":"joined","room":1234,"id":5,"participants":[]}`))
	bridge := audiobridge.On(answerer{answer})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bridge.Join(b.Context(), audiobridge.Join{Room: plugin.Num(1234), Display: "Bob"}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
