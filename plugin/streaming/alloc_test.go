package streaming_test

import (
	"testing"

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

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, layer, func() any { return new(struct{ Result streaming.SubstreamChanged }) })
	plugtest.CheckParseAllocations(t, pkg, list, func() any { return new(streaming.Mountpoints) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, streaming.Name).Event(t, streaming.Name, []byte(preparing))}
	client := streaming.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"request": "watch", "id": 1, "pin": "1234"}, func() any { return new(struct{ Result streaming.Preparing }) }, func() error {
		_, err := client.Watch(t.Context(), streaming.Watch{ID: plugin.Num(1), PIN: "1234"})
		return err
	})
}
