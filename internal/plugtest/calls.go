package plugtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// Answerer is a plugin.Caller that answers every request in the same way, after
// it has encoded it as a handle does.
type Answerer struct{ Answer *janus.EventMsg }

// Call implements plugin.Caller.
func (a Answerer) Call(_ context.Context, body, _ any) (*janus.EventMsg, error) {
	_, err := json.Marshal(body)
	return a.Answer, err
}

// CheckAllocations fails the test if typed makes more allocations than byHand,
// and more than the given number.
func CheckAllocations(t *testing.T, what string, more float64, typed, byHand func() error) {
	t.Helper()
	count := func(f func() error) float64 {
		return testing.AllocsPerRun(100, func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	got, base := count(typed), count(byHand)
	t.Logf("%s: %.0f allocations, by hand %.0f", what, got, base)
	if got > base+more {
		t.Errorf("%s: %.0f allocations, by hand %.0f; %.0f more are allowed", what, got, base, more)
	}
}

// CheckParseAllocations fails the test if the package's Parse makes more than 3
// allocations more than json.Unmarshal of the same data into target.
func CheckParseAllocations(t *testing.T, p Package, data string, target func() any) {
	t.Helper()
	msg := NewFeed(t, p.Name).Event(t, p.Name, []byte(data))
	CheckAllocations(t, "Parse", 3, func() error {
		event, ok := p.Parse(msg)
		if _, unknown := event.(*plugin.Unknown); !ok || unknown {
			return fmt.Errorf("%s became %T", data, event)
		}
		return nil
	}, func() error { return json.Unmarshal([]byte(data), target()) })
}

// CheckCallAllocations fails the test if typed, a call through caller, makes more
// than 25 allocations more than the same call by hand, with a map as the body and
// an answer that is decoded into target.
func CheckCallAllocations(t *testing.T, caller Answerer, body map[string]any, target func() any, typed func() error) {
	t.Helper()
	CheckAllocations(t, "a typed call", 25, typed, func() error {
		event, err := caller.Call(t.Context(), maps.Clone(body), nil)
		if err != nil {
			return err
		}
		return event.Plugindata.Decode(target())
	})
}
