package echotest_test

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
	"github.com/cameronelliott/janus-go/plugin/echotest"
)

// The samples of Started, Done and Failure are from Janus 1.1.2 and 1.4.2; the
// others are written after the plugin's source, since they need media.
func TestParseSamples(t *testing.T) {
	feed := plugtest.NewFeed(t, echotest.Name)
	kinds := map[string]bool{}
	for _, sample := range plugtest.Samples(t) {
		msg := feed.Message(t, sample.Frame)
		event, ok := echotest.Parse(msg)
		if !ok || reflect.TypeOf(event).String() != sample.Event {
			t.Errorf("%s became %T, want %s", sample.Frame, event, sample.Event)
			continue
		}
		kinds[strings.TrimPrefix(sample.Event, "*")] = true
		if raw := event.EventMeta().Raw; string(raw) != string(msg.(*janus.EventMsg).Plugindata.Raw()) {
			t.Errorf("%s: Raw is %s", sample.Frame, raw)
		}
		switch {
		case sample.Event == "*echotest.SlowLink":
			plugtest.CheckLossless(t, event, "echotest", "event")
		case strings.HasPrefix(sample.Event, "*echotest."):
			plugtest.CheckLossless(t, event, "echotest")
		}
	}
	c := readCoverage(t)
	want := []string{"plugin.Failure", "plugin.Unknown"}
	for _, kind := range slices.Concat(c.Events, c.Answers) {
		want = append(want, "echotest."+kind)
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
		t.Errorf("there are samples of %v, want %v", got, want)
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
	feed := plugtest.NewFeed(f, echotest.Name)
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || !utf8.Valid(data) || data[0] != '{' {
			t.Skip("Janus sends objects only")
		}
		frame := fmt.Appendf(nil, `{"janus":"event","plugindata":{"plugin":%q,"data":%s}}`, echotest.Name, data)
		msg, ok := feed.Message(t, frame).(*janus.EventMsg)
		if !ok {
			t.Skip("a number is out of range")
		}
		event, ok := echotest.Parse(msg)
		if !ok {
			t.Fatalf("%s was passed over", data)
		}
		if raw := event.EventMeta().Raw; string(raw) != string(msg.Plugindata.Raw()) {
			t.Errorf("Raw is %s of %s", raw, data)
		}
	})
}
