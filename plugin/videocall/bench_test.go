package videocall_test

import (
	"context"
	"encoding/json"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin/videocall"
)

// hungUp is an event.
const hungUp = `{"videocall":"event","result":{"event":"hangup","username":"alice","reason":"User busy"}}`

// result is the shape of hungUp.
type result struct {
	Result videocall.HungUp `json:"result"`
}

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
	msg := plugtest.NewFeed(t, videocall.Name).Event(t, videocall.Name, []byte(hungUp))
	caller := answerer{msg}
	phone := videocall.On(caller)
	count := func(f func() error) float64 {
		return testing.AllocsPerRun(100, func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	parse := count(func() error {
		_, _ = videocall.Parse(msg)
		return nil
	})
	decode := count(func() error { return json.Unmarshal([]byte(hungUp), new(result)) })
	if parse > decode+3 {
		t.Errorf("Parse makes %v allocations, json.Unmarshal %v", parse, decode)
	}
	typed := count(func() error {
		_, err := phone.Hangup(t.Context(), videocall.Hangup{Reason: "dinner"})
		return err
	})
	byHand := count(func() error {
		event, err := caller.Call(t.Context(), map[string]any{"request": "hangup", "reason": "dinner"}, nil)
		if err != nil {
			return err
		}
		return event.Plugindata.Decode(new(result))
	})
	if typed > byHand+25 {
		t.Errorf("a typed call makes %v allocations, one by hand %v", typed, byHand)
	}
	t.Logf("Parse %v, json.Unmarshal %v; typed call %v, by hand %v", parse, decode, typed, byHand)
}

// BenchmarkParse should take no more than 1.3 times as long as
// BenchmarkUnmarshal.
func BenchmarkParse(b *testing.B) {
	msg := plugtest.NewFeed(b, videocall.Name).Event(b, videocall.Name, []byte(hungUp))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := videocall.Parse(msg); !ok {
			b.Fatal("not parsed")
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal([]byte(hungUp), new(result)); err != nil {
			b.Fatal(err)
		}
	}
}
