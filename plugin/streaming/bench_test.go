package streaming_test

import (
	"context"
	"encoding/json"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/streaming"
)

// Data of an event and of answers.
const (
	layer     = `{"streaming":"event","result":{"mid":"v","substream":1}}`
	preparing = `{"streaming":"event","result":{"status":"preparing"}}`
	list      = `{"streaming":"list","list":[{"id":9007199254740993,"type":"live","description":"a camera","enabled":true,"media":[` +
		`{"mid":"a","type":"audio","label":"audio","age_ms":12},{"mid":"v","type":"video","label":"video","age_ms":12}]}]}`
)

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
	feed := plugtest.NewFeed(t, streaming.Name)
	for data, target := range map[string]func() any{
		layer: func() any { return &struct{ Result streaming.SubstreamChanged }{} },
		list:  func() any { return new(streaming.Mountpoints) },
	} {
		msg := feed.Event(t, streaming.Name, []byte(data))
		parse := testing.AllocsPerRun(100, func() {
			if _, ok := streaming.Parse(msg); !ok {
				t.Error("not parsed")
			}
		})
		decode := testing.AllocsPerRun(100, func() {
			if err := json.Unmarshal(msg.Plugindata.Raw(), target()); err != nil {
				t.Error(err)
			}
		})
		if parse > decode+3 {
			t.Errorf("Parse makes %v allocations, json.Unmarshal %v, of %s", parse, decode, data)
		}
		t.Logf("Parse makes %v allocations, json.Unmarshal %v", parse, decode)
	}

	caller := answerer{feed.Event(t, streaming.Name, []byte(preparing))}
	client := streaming.On(caller)
	typed := testing.AllocsPerRun(100, func() {
		if _, err := client.Watch(t.Context(), streaming.Watch{ID: plugin.Num(1), PIN: "1234"}); err != nil {
			t.Error(err)
		}
	})
	byHand := testing.AllocsPerRun(100, func() {
		event, err := caller.Call(t.Context(), map[string]any{"request": "watch", "id": 1, "pin": "1234"}, nil)
		if err == nil {
			err = event.Plugindata.Decode(&struct{ Result struct{ Status string } }{})
		}
		if err != nil {
			t.Error(err)
		}
	})
	if typed > byHand+25 {
		t.Errorf("a typed call makes %v allocations, one by hand %v", typed, byHand)
	}
	t.Logf("a typed call makes %v allocations, one by hand %v", typed, byHand)
}

// BenchmarkParse should take no more than 1.3 times as long as
// BenchmarkUnmarshal.
func BenchmarkParse(b *testing.B) {
	feed := plugtest.NewFeed(b, streaming.Name)
	for name, data := range map[string]string{"Layer": layer, "List": list} {
		b.Run(name, func(b *testing.B) {
			msg := feed.Event(b, streaming.Name, []byte(data))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := streaming.Parse(msg); !ok {
					b.Fatal("not parsed")
				}
			}
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	b.Run("Layer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal([]byte(layer), &struct{ Result streaming.SubstreamChanged }{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("List", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal([]byte(list), new(streaming.Mountpoints)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWatch(b *testing.B) {
	client := streaming.On(answerer{plugtest.NewFeed(b, streaming.Name).Event(b, streaming.Name, []byte(preparing))})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Watch(b.Context(), streaming.Watch{ID: plugin.Num(1), PIN: "1234"}); err != nil {
			b.Fatal(err)
		}
	}
}
