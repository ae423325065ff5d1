package plugtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// CheckSamples parses testdata/events.jsonl. It fails the test if a sample
// becomes another event than the one it names, if the event or its Meta has lost
// anything, or if an event, an answer, a Failure or an Unknown has no sample.
// Messages of other plugins must not be parsed.
func CheckSamples(t *testing.T, p Package) {
	t.Helper()
	feed := NewFeed(t, p.Name)
	samples := Samples(t)
	for _, sample := range samples {
		event, ok := p.Parse(feed.Message(t, sample.Frame))
		if !ok || reflect.TypeOf(event).String() != sample.Event {
			t.Errorf("%s became %T, want %s", sample.Frame, event, sample.Event)
			continue
		}
		checkMeta(t, event, sample.Frame)
		if !strings.HasPrefix(sample.Event, "*plugin.") {
			p.Check(t, event)
		}
	}
	checkSampled(t, p, samples)
	for _, msg := range []any{
		nil, new(janus.HangupMsg), (*janus.EventMsg)(nil), new(janus.EventMsg),
		feed.Event(t, "janus.plugin.other", fmt.Appendf(nil, `{%q:"event"}`, p.short())),
	} {
		if event, ok := p.Parse(msg); ok {
			t.Errorf("%T %v became %T", msg, msg, event)
		}
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

// checkSampled fails the test if there is no sample of something, or if a sample
// is of something that testdata/coverage.json does not have.
func checkSampled(t *testing.T, p Package, samples []Sample) {
	t.Helper()
	c := ReadCoverage(t)
	sampled := map[string]bool{}
	for _, sample := range samples {
		name, _ := strings.CutPrefix(sample.Event, "*"+p.short()+".")
		sampled[name] = true
		if !slices.Contains(c.Structs(), name) && name != "*plugin.Failure" && name != "*plugin.Unknown" {
			t.Errorf("there is a sample of %s, which is not listed", name)
		}
	}
	for _, name := range []string{"*plugin.Failure", "*plugin.Unknown"} {
		if !sampled[name] {
			t.Errorf("there is no sample of a %s", name)
		}
	}
	for _, kind := range c.Events {
		if kind.Over == "" && !slices.ContainsFunc(samples, func(s Sample) bool { return s.pushed() && s.is(p, kind) }) {
			t.Errorf("there is no sample of the event %q that is a %s", kind.Name, kind.Struct)
		}
	}
	for _, kind := range c.Answers {
		if kind.Over == "" && !slices.ContainsFunc(samples, func(s Sample) bool { return s.is(p, kind) }) {
			t.Errorf("there is no sample of the answer %q that is a %s", kind.Name, kind.Struct)
		}
	}
}

// is reports whether the sample is of a kind: whether it becomes its struct, and
// has a member or a value of its name.
func (s Sample) is(p Package, kind Kind) bool {
	return s.Event == "*"+p.short()+"."+kind.Struct && (kind.Name == "" || strings.Contains(string(s.Frame), `"`+kind.Name+`"`))
}

// pushed reports whether the sample is no answer. The events of some plugins have
// the transaction of an older request.
func (s Sample) pushed() bool {
	var frame struct{ Janus, Transaction string }
	_ = json.Unmarshal(s.Frame, &frame) // Feed.Message has decoded it
	return frame.Janus == "event" && (frame.Transaction == "" || frame.Transaction == "old")
}

// AddSamples adds the data of the samples to the corpus of a fuzz test.
func AddSamples(f *testing.F) {
	f.Helper()
	for _, sample := range Samples(f) {
		var frame struct {
			Plugindata struct{ Data json.RawMessage }
		}
		if err := json.Unmarshal(sample.Frame, &frame); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(frame.Plugindata.Data))
	}
}

// FuzzParse parses any data that the client accepts. It fails the test if data
// is passed over or lost, or if an event cannot be marshaled again. check, if it
// is not nil, is called with each event.
func FuzzParse(f *testing.F, p Package, check func(t *testing.T, event plugin.Event)) {
	f.Helper()
	AddSamples(f)
	feed := NewFeed(f, p.Name)
	f.Fuzz(func(t *testing.T, data []byte) {
		var object map[string]json.RawMessage
		if len(data) > 4096 || !utf8.Valid(data) || json.Unmarshal(data, &object) != nil || object == nil {
			t.Skip("Janus sends objects only")
		}
		frame := fmt.Appendf(nil, `{"janus":"event","plugindata":{"plugin":%q,"data":%s}}`, p.Name, data)
		msg, ok := feed.Message(t, frame).(*janus.EventMsg)
		if !ok {
			t.Skip("the client rejects it: a number is out of range")
		}
		event, ok := p.Parse(msg)
		if !ok || string(event.EventMeta().Raw) != string(msg.Plugindata.Raw()) {
			t.Fatalf("%s became %T %+v", data, event, event)
		}
		if _, err := json.Marshal(event); err != nil {
			t.Errorf("%s became %T, which cannot be marshaled: %v", data, event, err)
		}
		if check != nil {
			check(t, event)
		}
	})
}

// CheckCorpus parses what the plugin sent in the recorded conversations with real
// Janus servers. It fails the test if a message is not known, or has lost
// anything, or if there are none.
func CheckCorpus(t *testing.T, p Package) {
	t.Helper()
	files, err := filepath.Glob("../../internal/wire/testdata/janus-*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no recorded conversations: %v", err)
	}
	feed := NewFeed(t, p.Name)
	for _, name := range files {
		frames := recorded(t, name, p.Name)
		if len(frames) == 0 {
			t.Errorf("%s has no message of the plugin", name)
		}
		for _, frame := range frames {
			event, ok := p.Parse(feed.Message(t, frame))
			if !ok {
				t.Errorf("%s was passed over", frame)
				continue
			}
			checkMeta(t, event, frame)
			if _, failed := event.(*plugin.Failure); !failed {
				p.Check(t, event)
			}
		}
	}
}

// recorded returns the frames of a recorded conversation that came from a plugin.
func recorded(t *testing.T, name, plugin string) []json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var frames []json.RawMessage
	for line := range bytes.Lines(text) {
		var recorded struct {
			Dir   string
			Frame json.RawMessage
		}
		var frame struct{ Plugindata struct{ Plugin string } }
		if json.Unmarshal(line, &recorded) != nil || recorded.Dir != "in" || json.Unmarshal(recorded.Frame, &frame) != nil {
			continue
		}
		if frame.Plugindata.Plugin == plugin {
			frames = append(frames, recorded.Frame)
		}
	}
	return frames
}
