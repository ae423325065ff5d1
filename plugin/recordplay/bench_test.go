package recordplay_test

import (
	"context"
	"encoding/json"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
)

// Data of an event and of answers.
const (
	done      = `{"recordplay":"event","result":{"status":"done","id":9007199254740993,"is_private":1}}`
	preparing = `{"recordplay":"event","result":{"status":"preparing","id":1}}`
	recorded  = `{"recordplay":"list","list":[{"id":9007199254740993,"is_private":false,"name":"mine","date":"2026-01-02 03:04:05",` +
		`"audio":true,"audio_codec":"opus","video":true,"video_codec":"vp8","data":false}]}`
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
	feed := plugtest.NewFeed(t, recordplay.Name)
	for data, target := range map[string]func() any{
		done:     func() any { return &struct{ Result recordplay.Done }{} },
		recorded: func() any { return new(recordplay.Recordings) },
	} {
		msg := feed.Event(t, recordplay.Name, []byte(data))
		parse := testing.AllocsPerRun(100, func() {
			if _, ok := recordplay.Parse(msg); !ok {
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

	caller := answerer{feed.Event(t, recordplay.Name, []byte(preparing))}
	client := recordplay.On(caller)
	typed := testing.AllocsPerRun(100, func() {
		if _, err := client.Play(t.Context(), recordplay.Play{ID: 1}); err != nil {
			t.Error(err)
		}
	})
	byHand := testing.AllocsPerRun(100, func() {
		event, err := caller.Call(t.Context(), map[string]any{"request": "play", "id": 1}, nil)
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
	feed := plugtest.NewFeed(b, recordplay.Name)
	for name, data := range map[string]string{"Done": done, "List": recorded} {
		b.Run(name, func(b *testing.B) {
			msg := feed.Event(b, recordplay.Name, []byte(data))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := recordplay.Parse(msg); !ok {
					b.Fatal("not parsed")
				}
			}
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	b.Run("Done", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal([]byte(done), &struct{ Result recordplay.Done }{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("List", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal([]byte(recorded), new(recordplay.Recordings)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPlay(b *testing.B) {
	client := recordplay.On(answerer{plugtest.NewFeed(b, recordplay.Name).Event(b, recordplay.Name, []byte(preparing))})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Play(b.Context(), recordplay.Play{ID: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
