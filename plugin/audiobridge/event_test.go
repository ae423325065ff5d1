package audiobridge_test

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
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// The samples are from Janus 1.1.2 and 1.4.1; those that show all fields of a
// participant or a room are written after the plugin's source.
func TestParseSamples(t *testing.T) {
	feed := plugtest.NewFeed(t, audiobridge.Name)
	kinds := map[string]bool{}
	for _, sample := range plugtest.Samples(t) {
		msg := feed.Message(t, sample.Frame)
		event, ok := audiobridge.Parse(msg)
		if !ok {
			t.Errorf("%s is not from the plugin", sample.Frame)
			continue
		}
		if kind := reflect.TypeOf(event).String(); kind != sample.Event {
			t.Errorf("%s became %s, want %s", sample.Frame, kind, sample.Event)
			continue
		}
		kinds[strings.TrimPrefix(sample.Event, "*")] = true
		checkMeta(t, event, sample.Frame)
		if strings.HasPrefix(sample.Event, "*audiobridge.") {
			plugtest.CheckLossless(t, event, "audiobridge")
		}
	}
	c := readCoverage(t)
	want := []string{"plugin.Failure", "plugin.Unknown"}
	for _, kind := range slices.Concat(c.Events, c.Answers) {
		want = append(want, "audiobridge."+kind)
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
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

// Absent is not the same as zero in the fields that are pointers.
func TestParticipantFields(t *testing.T) {
	feed := plugtest.NewFeed(t, audiobridge.Name)
	for data, want := range map[string]audiobridge.Participant{
		`{"id":1,"setup":false,"muted":false}`: {ID: plugin.Num(1)},
		`{"id":"a","display":"A","setup":true,"muted":true,"talking":false,"spatial_position":0,"suspended":true}`: {
			ID: plugin.Str("a"), Display: "A", Setup: true, Muted: true, Talking: ptr(false), SpatialPosition: ptr(0), Suspended: true,
		},
	} {
		event, _ := audiobridge.Parse(feed.Event(t, audiobridge.Name, []byte(`{"audiobridge":"event","room":1,"participants":[`+data+`]}`)))
		updated, ok := event.(*audiobridge.ParticipantUpdated)
		if !ok || len(updated.Participants) != 1 || !reflect.DeepEqual(updated.Participants[0], want) {
			t.Errorf("%s became %+v", data, event)
		}
	}
}

func TestParsePassesOverOtherMessages(t *testing.T) {
	feed := plugtest.NewFeed(t, audiobridge.Name)
	for _, msg := range []any{
		feed.Event(t, "janus.plugin.videoroom", []byte(`{"audiobridge":"destroyed","room":1}`)), new(janus.WebRTCUpMsg), nil,
	} {
		if event, ok := audiobridge.Parse(msg); ok {
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
	feed := plugtest.NewFeed(f, audiobridge.Name)
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || !utf8.Valid(data) || data[0] != '{' {
			t.Skip("Janus sends objects only")
		}
		frame := fmt.Appendf(nil, `{"janus":"event","plugindata":{"plugin":%q,"data":%s}}`, audiobridge.Name, data)
		msg, ok := feed.Message(t, frame).(*janus.EventMsg)
		if !ok {
			t.Skip("a number is out of range")
		}
		event, ok := audiobridge.Parse(msg)
		if !ok {
			t.Fatalf("%s was passed over", data)
		}
		if raw := event.EventMeta().Raw; string(raw) != string(msg.Plugindata.Raw()) {
			t.Errorf("Raw is %s of %s", raw, data)
		}
	})
}
