package echotest_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin/echotest"
)

// The numbers of the plugin.
const (
	requestCount = 1
	eventCount   = 4
	errorCount   = 4
)

// coverage is testdata/coverage.json: everything that the plugin has.
type coverage struct {
	Requests []string `json:"requests"` // the only request has no name
	Events   []string `json:"events"`   // types of events that answer no request
	Answers  []string `json:"answers"`  // types of answers
	Errors   []int    `json:"errors"`   // error codes
}

func readCoverage(t *testing.T) coverage {
	t.Helper()
	raw, err := os.ReadFile("testdata/coverage.json")
	if err != nil {
		t.Fatal(err)
	}
	var c coverage
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCounts(t *testing.T) {
	c := readCoverage(t)
	if len(c.Requests) != requestCount || len(c.Events) != eventCount || len(c.Errors) != errorCount {
		t.Errorf("there are %d requests, %d events and %d error codes, want %d, %d and %d",
			len(c.Requests), len(c.Events), len(c.Errors), requestCount, eventCount, errorCount)
	}
	if methods := reflect.TypeFor[*echotest.Client]().NumMethod(); methods != requestCount {
		t.Errorf("the Client has %d methods, want %d", methods, requestCount)
	}
}

// answerer is a Caller that answers every request in the same way, after it has
// encoded it as a handle does.
type answerer struct {
	answer *janus.EventMsg
	err    error
}

func (a answerer) Call(_ context.Context, body, _ any) (*janus.EventMsg, error) {
	_, err := json.Marshal(body)
	return a.answer, errors.Join(err, a.err)
}

// everything is a request with all of its fields.
var everything = echotest.Start{
	Audio: ptr(false), Video: ptr(false), Bitrate: ptr(0), Record: ptr(false), Filename: "recording",
	Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0), SVC: ptr(false), SpatialLayer: ptr(0), TemporalLayer: ptr(0),
	AudioCodec: "opus", VideoCodec: "vp8", VideoProfile: "42e01f", OpusRED: ptr(false), MinDelay: ptr(0), MaxDelay: ptr(-1),
	Extra: map[string]any{"further": true},
}

func ptr[T any](v T) *T { return &v }

func TestStartSendsAllItsFields(t *testing.T) {
	recorder := &plugtest.Recorder{Caller: answerer{err: errors.New("refused")}}
	_, err := echotest.On(recorder).Start(t.Context(), everything, nil)
	if err == nil || err.Error() != "echotest: refused" {
		t.Errorf("got %v", err)
	}
	body, fields := recorder.Last(t).Body, reflect.ValueOf(everything)
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Type().Field(i).Tag.Get("json"), ",")
		if name == "-" {
			name = "further"
		}
		if fields.Field(i).IsZero() {
			t.Errorf("the test does not set %s", name)
		}
		if body[name] == nil {
			t.Errorf("%s is not sent", name)
		}
	}
	if len(body) != fields.NumField() {
		t.Errorf("%d members are sent, want %d: %v", len(body), fields.NumField(), body)
	}
}

func TestStartLeavesOutZeroFields(t *testing.T) {
	if got, err := json.Marshal(echotest.Start{}); err != nil || string(got) != "{}" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestErrorCodes(t *testing.T) {
	var numbers []int
	for _, code := range []echotest.ErrorCode{
		echotest.ErrorNoMessage, echotest.ErrorInvalidJSON, echotest.ErrorInvalidElement, echotest.ErrorInvalidSDP,
	} {
		numbers = append(numbers, int(code))
		if err := error(&janus.PluginError{Plugin: echotest.Name, Code: int(code)}); !errors.Is(err, code) {
			t.Errorf("an error %d does not match its code", int(code))
		}
		if err := error(&janus.PluginError{Plugin: "janus.plugin.sip", Code: int(code)}); errors.Is(err, code) {
			t.Errorf("an error of another plugin matches %v", code)
		}
	}
	if want := readCoverage(t).Errors; !slices.Equal(numbers, want) {
		t.Errorf("the codes are %v, want %v", numbers, want)
	}
	if text := echotest.ErrorInvalidSDP.Error(); text != "janus.plugin.echotest: error 414" {
		t.Errorf("the text is %s", text)
	}
}

// A typed call and an event may cost a few allocations more than the same by
// hand.
func TestAllocations(t *testing.T) {
	msg := plugtest.NewFeed(t, echotest.Name).Event(t, echotest.Name, []byte(`{"echotest":"event","result":"ok"}`))
	parse := testing.AllocsPerRun(100, func() {
		if _, ok := echotest.Parse(msg); !ok {
			t.Error("not parsed")
		}
	})
	decode := testing.AllocsPerRun(100, func() {
		if err := json.Unmarshal(msg.Plugindata.Raw(), new(echotest.Started)); err != nil {
			t.Error(err)
		}
	})
	if parse > decode+2 {
		t.Errorf("Parse makes %v allocations, json.Unmarshal %v", parse, decode)
	}
	caller := answerer{answer: msg}
	typed := testing.AllocsPerRun(100, func() {
		if _, err := echotest.On(caller).Start(t.Context(), echotest.Start{Audio: ptr(true)}, nil); err != nil {
			t.Error(err)
		}
	})
	byHand := testing.AllocsPerRun(100, func() {
		event, err := caller.Call(t.Context(), map[string]any{"audio": true}, nil)
		if err == nil {
			err = event.Plugindata.Decode(new(echotest.Started))
		}
		if err != nil {
			t.Error(err)
		}
	})
	if typed > byHand+25 {
		t.Errorf("a typed call makes %v allocations, one by hand %v", typed, byHand)
	}
}

// BenchmarkParse should take no more than 1.3 times as long as
// BenchmarkUnmarshal.
func BenchmarkParse(b *testing.B) {
	msg := plugtest.NewFeed(b, echotest.Name).Event(b, echotest.Name, []byte(layers))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := echotest.Parse(msg); !ok {
			b.Fatal("not parsed")
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal([]byte(layers), new(echotest.SimulcastLayers)); err != nil {
			b.Fatal(err)
		}
	}
}

const layers = `{"echotest":"event","videocodec":"vp8","substream":2,"temporal":1,"tot_temporal_layers":3}`
