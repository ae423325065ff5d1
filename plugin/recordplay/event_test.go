package recordplay_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
)

// The samples are from Janus 1.1.2 and 1.4.1. Those of SlowLink, of rare fields
// and of what is unknown are written after the plugin's source.
func TestParseSamples(t *testing.T) {
	feed := plugtest.NewFeed(t, recordplay.Name)
	kinds, pushed := map[string]bool{}, map[string]bool{}
	for _, sample := range plugtest.Samples(t) {
		event, ok := recordplay.Parse(feed.Message(t, sample.Frame))
		if !ok || reflect.TypeOf(event).String() != sample.Event {
			t.Errorf("%s became %T, want %s", sample.Frame, event, sample.Event)
			continue
		}
		checkMeta(t, event, sample.Frame)
		kind, ours := strings.CutPrefix(sample.Event, "*recordplay.")
		if !ours {
			continue
		}
		kinds[kind] = true
		if event.EventMeta().Transaction == "" {
			pushed[kind] = true
		}
		checkLossless(t, event)
	}
	c := plugtest.ReadCoverage(t)
	if got := slices.Sorted(maps.Keys(pushed)); !slices.Equal(got, c.Events) {
		t.Errorf("there are samples without a transaction of %v, want %v", got, c.Events)
	}
	all := slices.Concat(c.Events, c.Answers)
	slices.Sort(all)
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, slices.Compact(all)) {
		t.Errorf("there are samples of %v, want %v", got, all)
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

// The fields of a result are those of the event.
func TestParseFields(t *testing.T) {
	feed := plugtest.NewFeed(t, recordplay.Name)
	for data, want := range map[string]recordplay.Event{
		`{"recordplay":"event","result":"done"}`:                                                    &recordplay.Done{},
		`{"recordplay":"event","result":{"status":"done","id":7,"is_private":1}}`:                   &recordplay.Done{ID: 7, IsPrivate: true},
		`{"recordplay":"event","result":{"status":"done","id":7,"is_private":0}}`:                   &recordplay.Done{ID: 7},
		`{"recordplay":"event","result":{"status":"stopped","id":7,"is_private":true}}`:             &recordplay.Stopped{ID: 7, IsPrivate: true},
		`{"recordplay":"event","result":{"status":"recording","id":9007199254740993}}`:              &recordplay.Recording{ID: 1<<53 + 1},
		`{"recordplay":"event","result":{"status":"slow_link","media":"audio","uplink":1}}`:         &recordplay.SlowLink{Media: "audio", Uplink: true},
		`{"recordplay":"event","result":{"status":"slow_link","current-bitrate":0,"uplink":false}}`: &recordplay.SlowLink{CurrentBitrate: ptr(0)},
		`{"recordplay":"event","result":{"status":"stopped","is_private":null}}`:                    &recordplay.Stopped{},
	} {
		event, _ := recordplay.Parse(feed.Event(t, recordplay.Name, []byte(data)))
		if string(event.EventMeta().Raw) != data {
			t.Errorf("Raw is %s, want %s", event.EventMeta().Raw, data)
		}
		*event.EventMeta() = plugin.Meta{}
		if !reflect.DeepEqual(event, want) {
			t.Errorf("%s became %+v, want %+v", data, event, want)
		}
	}
}

func TestParsePassesOverOtherMessages(t *testing.T) {
	feed := plugtest.NewFeed(t, recordplay.Name)
	for _, msg := range []any{
		feed.Event(t, "janus.plugin.videoroom", []byte(`{"recordplay":"ok"}`)), new(janus.WebRTCUpMsg), nil,
	} {
		if event, ok := recordplay.Parse(msg); ok {
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
	feed := plugtest.NewFeed(f, recordplay.Name)
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || !utf8.Valid(data) || data[0] != '{' {
			t.Skip("Janus sends objects only")
		}
		msg := feed.Event(t, recordplay.Name, data)
		event, ok := recordplay.Parse(msg)
		if !ok {
			t.Fatalf("%s was passed over", data)
		}
		if raw := event.EventMeta().Raw; string(raw) != string(msg.Plugindata.Raw()) {
			t.Errorf("Raw is %s of %s", raw, data)
		}
	})
}
