package textroom_test

import (
	"context"
	"encoding/json"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// rooms is an answer to List, and message an event of the most frequent kind.
const (
	rooms   = `{"textroom":"success","list":[{"room":1234,"description":"Demo","pin_required":false,"num_participants":3,"history":5},{"room":1235,"description":"Another","pin_required":true,"num_participants":0,"history":0}]}`
	message = `{"textroom":"message","room":1234,"from":"alice","date":"2026-11-23T04:23:44+0000","text":"good morning, everybody"}`
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
	msg := plugtest.NewFeed(t, textroom.Name).Event(t, textroom.Name, []byte(rooms))
	caller := answerer{msg}
	client := textroom.On(caller)
	for _, test := range []struct {
		name          string
		typed, byHand func() error
		more          float64
	}{
		{"Parse", func() error {
			_, _ = textroom.Parse(msg)
			return nil
		}, func() error { return json.Unmarshal([]byte(rooms), new(textroom.Rooms)) }, 3},
		{"ParseData", func() error {
			_, err := textroom.ParseData([]byte(message))
			return err
		}, func() error { return json.Unmarshal([]byte(message), new(textroom.MessageReceived)) }, 3},
		{"call", func() error {
			_, err := client.List(t.Context(), textroom.List{AdminKey: "key"})
			return err
		}, func() error {
			event, err := caller.Call(t.Context(), map[string]any{"request": "list", "admin_key": "key"}, nil)
			if err != nil {
				return err
			}
			return event.Plugindata.Decode(new(textroom.Rooms))
		}, 25},
		{"MarshalData", func() error {
			_, err := textroom.MarshalData("1", textroom.Message{Room: plugin.Num(1234), Text: "hello"})
			return err
		}, func() error {
			_, err := json.Marshal(map[string]any{"textroom": "message", "transaction": "1", "room": 1234, "text": "hello"})
			return err
		}, 5},
	} {
		count := func(f func() error) float64 {
			return testing.AllocsPerRun(100, func() {
				if err := f(); err != nil {
					t.Error(err)
				}
			})
		}
		typed, byHand := count(test.typed), count(test.byHand)
		if typed > byHand+test.more {
			t.Errorf("%s: %v allocations, by hand %v", test.name, typed, byHand)
		}
		t.Logf("%s: %v allocations, by hand %v", test.name, typed, byHand)
	}
}

// BenchmarkParse should take no more than 1.3 times as long as
// BenchmarkUnmarshal, and BenchmarkParseData as BenchmarkUnmarshalData.
func BenchmarkParse(b *testing.B) {
	msg := plugtest.NewFeed(b, textroom.Name).Event(b, textroom.Name, []byte(rooms))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := textroom.Parse(msg); !ok {
			b.Fatal("not parsed")
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal([]byte(rooms), new(textroom.Rooms)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseData(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := textroom.ParseData([]byte(message)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshalData(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal([]byte(message), new(textroom.MessageReceived)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarshalData(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := textroom.MarshalData("1", textroom.Message{Room: plugin.Num(1234), Text: "hello"}); err != nil {
			b.Fatal(err)
		}
	}
}
