package textroom_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// dataSample is a line of testdata/data.jsonl: a text of the data channel and the
// type of the event that it is.
type dataSample struct {
	Event string          `json:"event"`
	Text  json.RawMessage `json:"text"`
}

func dataSamples(t testing.TB) []dataSample {
	t.Helper()
	raw, err := os.ReadFile("testdata/data.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var samples []dataSample
	for line := range bytes.Lines(raw) {
		var sample dataSample
		if err := json.Unmarshal(line, &sample); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		samples = append(samples, sample)
	}
	return samples
}

// The answers without textroom are from Janus 1.1.2.
func TestParseDataSamples(t *testing.T) {
	kinds := map[string]bool{}
	for _, sample := range dataSamples(t) {
		event, err := textroom.ParseData(sample.Text)
		if err != nil || reflect.TypeOf(event).String() != sample.Event {
			t.Errorf("%s became %T, %v; want %s", sample.Text, event, err, sample.Event)
			continue
		}
		var want struct {
			Transaction string
			Code        int `json:"error_code"`
			Error       string
		}
		_ = json.Unmarshal(sample.Text, &want) // some samples have a wrong type
		meta := event.EventMeta()
		if meta.Transaction != want.Transaction || string(meta.Raw) != string(sample.Text) || meta.JSEP != nil {
			t.Errorf("%s: the Meta is %+v", sample.Text, meta)
		}
		if failure, ok := event.(*plugin.Failure); ok {
			if !errors.Is(failure.Err, textroom.ErrorCode(want.Code)) || failure.Err.Reason != want.Error {
				t.Errorf("%s: the error is %v", sample.Text, failure.Err)
			}
		}
		if name, ours := strings.CutPrefix(sample.Event, "*textroom."); ours {
			kinds[name] = true
			plugtest.CheckLossless(t, event, "textroom", "textbridge", "transaction")
		}
	}
	want := plugtest.ReadCoverage(t).StructsOver("data")
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
		t.Errorf("there are samples of %v, want %v", got, want)
	}
}

// The reason is there only if the kind is known.
func TestUnknownData(t *testing.T) {
	for text, wantErr := range map[string]bool{
		`{"textroom":"brand-new"}`:         false,
		`{}`:                               false,
		`{"textroom":5}`:                   true,
		`{"textroom":"message","room":-1}`: true,
		`{"textroom":"error","error_code":"417"}`:                   true,
		`{"textroom":"leave","username":{},"transaction":"here"}`:   true,
		`{"textroom":"leave","room":{},"transaction":"here"}`:       true,
		`{"textroom":"leave","username":"","transaction":["here"]}`: true,
	} {
		event, err := textroom.ParseData([]byte(text))
		unknown, ok := event.(*plugin.Unknown)
		if err != nil || !ok || (unknown.Err != nil) != wantErr {
			t.Errorf("%s became %T %+v, %v", text, event, event, err)
			continue
		}
		if unknown.Transaction == "here" != strings.Contains(text, `"here"}`) {
			t.Errorf("the transaction of %s is %q", text, unknown.Transaction)
		}
	}
}

func TestDataThatIsNotAnObject(t *testing.T) {
	for _, text := range []string{``, `null`, `5`, `"text"`, `[]`, `{`, `{"textroom":"message"`, `{"textroom":"message"} more`, "\x00"} {
		if event, err := textroom.ParseData([]byte(text)); err == nil || event != nil {
			t.Errorf("%q became %T, %v", text, event, err)
		}
	}
	_, err := textroom.ParseData([]byte(strings.Repeat("long", 1000)))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("the error of a long text is %v", err)
	}
}

func TestDate(t *testing.T) {
	want := time.Date(2026, 1, 31, 11, 0, 0, 0, time.UTC)
	if got, err := textroom.Date("2026-01-31T12:00:00+0100").Time(); err != nil || !got.Equal(want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if got, err := textroom.Date("yesterday").Time(); err == nil {
		t.Errorf("yesterday is %v", got)
	}
}

// FuzzParseData parses any text. Nothing may be lost, whatever it is.
func FuzzParseData(f *testing.F) {
	for _, sample := range dataSamples(f) {
		f.Add([]byte(sample.Text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		event, err := textroom.ParseData(text)
		object := map[string]any(nil)
		isObject := json.Unmarshal(text, &object) == nil && object != nil
		if isObject != (err == nil) || isObject != (event != nil) {
			// A number out of range is an error for an interface only.
			if err != nil || !json.Valid(text) {
				t.Fatalf("%q became %T, %v", text, event, err)
			}
			return
		}
		if event != nil && string(event.EventMeta().Raw) != string(text) {
			t.Errorf("Raw is %s of %s", event.EventMeta().Raw, text)
		}
	})
}
