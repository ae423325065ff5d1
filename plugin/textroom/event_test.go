package textroom_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// The samples of Success and Participants without textroom are from Janus 1.1.2,
// those with it from 1.4.1.
func TestParseSamples(t *testing.T) {
	feed := plugtest.NewFeed(t, textroom.Name)
	kinds := map[string]bool{}
	for _, sample := range plugtest.Samples(t) {
		event, ok := textroom.Parse(feed.Message(t, sample.Frame))
		if !ok || reflect.TypeOf(event).String() != sample.Event {
			t.Errorf("%s became %T, want %s", sample.Frame, event, sample.Event)
			continue
		}
		checkMeta(t, event, sample.Frame)
		if name, ours := strings.CutPrefix(sample.Event, "*textroom."); ours {
			kinds[name] = true
			plugtest.CheckLossless(t, event, "textroom", "textbridge")
		}
	}
	if got, want := slices.Sorted(maps.Keys(kinds)), readCoverage(t).Answers; !slices.Equal(got, want) {
		t.Errorf("there are samples of %v, want %v", got, want)
	}
}

// checkMeta fails the test if the Meta of an event is not that of its frame.
func checkMeta(t *testing.T, event plugin.Event, frame json.RawMessage) {
	t.Helper()
	var want struct {
		Transaction string
		JSEP        *janus.JSEP
		Plugindata  struct{ Data json.RawMessage }
	}
	if err := json.Unmarshal(frame, &want); err != nil {
		t.Fatal(err)
	}
	meta := event.EventMeta()
	if meta.Transaction != want.Transaction || !reflect.DeepEqual(meta.JSEP, want.JSEP) || string(meta.Raw) != string(want.Plugindata.Data) {
		t.Errorf("%s: the Meta is %+v", frame, meta)
	}
}

func TestParsePassesOverOtherMessages(t *testing.T) {
	feed := plugtest.NewFeed(t, textroom.Name)
	for _, msg := range []any{
		feed.Event(t, "janus.plugin.videoroom", []byte(`{"textroom":"success"}`)), new(janus.WebRTCUpMsg), nil,
	} {
		if event, ok := textroom.Parse(msg); ok {
			t.Errorf("%+v became %T", msg, event)
		}
	}
}

// FuzzParse parses any data. Nothing may be lost, whatever it is.
func FuzzParse(f *testing.F) {
	for _, sample := range plugtest.Samples(f) {
		var frame struct {
			Plugindata struct{ Data json.RawMessage }
		}
		if err := json.Unmarshal(sample.Frame, &frame); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(frame.Plugindata.Data))
	}
	feed := plugtest.NewFeed(f, textroom.Name)
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || !utf8.Valid(data) || data[0] != '{' {
			t.Skip("Janus sends objects only")
		}
		frame := fmt.Appendf(nil, `{"janus":"event","plugindata":{"plugin":%q,"data":%s}}`, textroom.Name, data)
		msg, ok := feed.Message(t, frame).(*janus.EventMsg)
		if !ok {
			t.Skip("a number is out of range")
		}
		event, ok := textroom.Parse(msg)
		if !ok {
			t.Fatalf("%s was passed over", data)
		}
		if raw := event.EventMeta().Raw; string(raw) != string(msg.Plugindata.Raw()) {
			t.Errorf("Raw is %s of %s", raw, data)
		}
	})
}
