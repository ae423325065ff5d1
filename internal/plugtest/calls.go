package plugtest

import (
	"context"
	"encoding/json"
	"testing"

	janus "github.com/cameronelliott/janus-go"
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
