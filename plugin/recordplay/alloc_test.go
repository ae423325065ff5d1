package recordplay_test

import (
	"testing"

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

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, done, func() any { return new(struct{ Result recordplay.Done }) })
	plugtest.CheckParseAllocations(t, pkg, recorded, func() any { return new(recordplay.Recordings) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, recordplay.Name).Event(t, recordplay.Name, []byte(preparing))}
	client := recordplay.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"request": "play", "id": 1}, func() any { return new(struct{ Result recordplay.Preparing }) }, func() error {
		_, err := client.Play(t.Context(), recordplay.Play{ID: 1})
		return err
	})
}
