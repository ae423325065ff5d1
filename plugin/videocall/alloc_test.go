package videocall_test

import (
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin/videocall"
)

// hungUp is an event.
const hungUp = `{"videocall":"event","result":{"event":"hangup","username":"alice","reason":"User busy"}}`

// result is the shape of hungUp.
type result struct {
	Result videocall.HungUp `json:"result"`
}

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, hungUp, func() any { return new(result) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, videocall.Name).Event(t, videocall.Name, []byte(hungUp))}
	client := videocall.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"request": "hangup", "reason": "dinner"}, func() any { return new(result) }, func() error {
		_, err := client.Hangup(t.Context(), videocall.Hangup{Reason: "dinner"})
		return err
	})
}
