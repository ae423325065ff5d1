package audiobridge_test

import (
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// updated is an event of the most frequent kind.
const updated = `{"audiobridge":"event","room":1234,"participants":[{"id":9007199254740993,"display":"Bob","setup":true,"muted":false,"spatial_position":50}]}`

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, updated, func() any { return new(audiobridge.ParticipantUpdated) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, audiobridge.Name).Event(t, audiobridge.Name, []byte(`{"audiobridge":"joined","room":1234,"id":5,"participants":[]}`))}
	client := audiobridge.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"request": "join", "room": 1234, "display": "Bob"}, func() any { return new(audiobridge.Joined) }, func() error {
		_, err := client.Join(t.Context(), audiobridge.Join{Room: plugin.Num(1234), Display: "Bob"}, nil)
		return err
	})
}
