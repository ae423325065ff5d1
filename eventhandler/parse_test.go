package eventhandler_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/strictevents"
)

// sample is an event of testdata/kinds.jsonl, which has every kind of event, with
// every value that tells events of a kind apart and with every member.
type sample struct {
	Kind   string // what Event.Kind should be
	Struct string // the body
	Event  json.RawMessage
}

func samples(t testing.TB) []sample {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "kinds.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	for line := range bytes.Lines(text) {
		var s sample
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, s)
	}
	return all
}

// parseOne parses an event that stands alone.
func parseOne(t testing.TB, text string) eventhandler.Event {
	t.Helper()
	events, err := eventhandler.Parse([]byte(text))
	if err != nil || len(events) != 1 {
		t.Fatalf("%s became %d events, %v", text, len(events), err)
	}
	return events[0]
}

func TestEveryKindHasAStruct(t *testing.T) {
	for _, s := range samples(t) {
		event := parseOne(t, string(s.Event))
		if got := fmt.Sprintf("%T", event.Body); got != "*eventhandler."+s.Struct {
			t.Errorf("%s has the body %s, want %s", s.Event, got, s.Struct)
		}
		if event.Kind() != s.Kind {
			t.Errorf("%s is of the kind %s, want %s", s.Event, event.Kind(), s.Kind)
		}
		if string(event.Raw) != string(s.Event) {
			t.Errorf("Raw of %s is %s", s.Event, event.Raw)
		}
		strictevents.Check(t, event)
	}
}

// Every body and every field of it are in a sample, so nothing is left untested.
func TestEveryFieldHasASample(t *testing.T) {
	set := map[string]bool{}
	for _, s := range samples(t) {
		recordSet(set, reflect.ValueOf(parseOne(t, string(s.Event)).Body))
	}
	for _, name := range declaredBodies(t) {
		if !set[name] && name != "Unknown" {
			t.Errorf("there is no sample of a %s", name)
		}
	}
	for name, isSet := range set {
		if !isSet {
			t.Errorf("no sample has %s", name)
		}
	}
}

// recordSet records the structs in v, and for each field whether it is not zero.
func recordSet(set map[string]bool, v reflect.Value) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != reflect.TypeFor[eventhandler.Event]().PkgPath() {
		return
	}
	set[v.Type().Name()] = true
	for i := range v.NumField() {
		name := v.Type().Name() + "." + v.Type().Field(i).Name
		set[name] = set[name] || !v.Field(i).IsZero() || v.Field(i).Kind() == reflect.Pointer && !v.Field(i).IsNil()
		recordSet(set, v.Field(i))
	}
}

// declaredBodies returns the names of the types with a method body.
func declaredBodies(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "body.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name == "body" {
			names = append(names, f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name)
		}
	}
	if len(names) < 19 {
		t.Fatalf("found only the bodies %v", names)
	}
	return names
}

func TestEnvelope(t *testing.T) {
	event := parseOne(t, ` { "emitter": "sfu-1", "type": 16, "subtype": 1, "timestamp": 1767225600123456,
		"session_id": 18446744073709551615, "handle_id": 9007199254740993, "opaque_id": "o", "eventtype": "WebRTC",
		"event": {"ice": "ready", "stream_id": 1, "component_id": 1}} `)
	want := eventhandler.Event{
		Emitter: "sfu-1", Type: eventhandler.TypeWebRTC, Subtype: eventhandler.SubtypeICE,
		Timestamp: time.Date(2026, 1, 1, 0, 0, 0, 123456000, time.UTC).Local(),
		Session:   1<<64 - 1, Handle: 1<<53 + 1, OpaqueID: "o",
		Body: &eventhandler.ICEState{
			State: eventhandler.ICEReady, Component: eventhandler.Component{StreamID: 1, ComponentID: 1},
		},
		Raw: event.Raw,
	}
	if !reflect.DeepEqual(event, want) {
		t.Errorf("got %+v, want %+v", event, want)
	}
}

// Janus writes numbers of 64 bits as if they were signed.
func TestIDsAbove63Bits(t *testing.T) {
	for text, want := range map[string]uint64{
		"9223372036854775807": 1<<63 - 1, "9223372036854775808": 1 << 63, "-1": 1<<64 - 1, "null": 0,
	} {
		event := parseOne(t, `{"type":1,"session_id":`+text+`,"event":{"name":"created"}}`)
		if event.Session != want {
			t.Errorf("%s became %d, want %d", text, event.Session, want)
		}
	}
}

func TestUnits(t *testing.T) {
	const envelope = `{"type":%d,"subtype":%d,"event":%s}`
	stats := parseOne(t, fmt.Sprintf(envelope, 32, 3, `{"rtt":21,"jitter-local":3,"jitter-remote":5.5}`)).Body.(*eventhandler.MediaStats)
	if stats.RTT != 21*time.Millisecond || stats.JitterLocal != 3*time.Millisecond || stats.JitterRemote != 5500*time.Microsecond {
		t.Errorf("got %+v", stats)
	}
	state := parseOne(t, fmt.Sprintf(envelope, 32, 1, `{"seconds":5}`)).Body.(*eventhandler.MediaState)
	if state.Silence != 5*time.Second {
		t.Errorf("got %+v", state)
	}
	update := parseOne(t, fmt.Sprintf(envelope, 256, 1, `{"status":"update","info":{"stats-period":2}}`)).Body.(*eventhandler.ServerUpdate)
	if update.StatsPeriod != 2*time.Second {
		t.Errorf("got %+v", update)
	}
	for number, want := range map[string]time.Duration{
		"1e300": 1<<63 - 1, "-1e300": -1 << 63, "1e999": 1<<63 - 1, "9223372036854775808": 1<<63 - 1, "null": 0,
	} {
		stats := parseOne(t, fmt.Sprintf(envelope, 32, 3, `{"rtt":`+number+`}`)).Body.(*eventhandler.MediaStats)
		if stats.RTT != want {
			t.Errorf("a round-trip time of %s became %v, want %v", number, stats.RTT, want)
		}
	}
}

// Bodies can be marshaled to what Janus sent, with its units.
func TestBodiesMarshal(t *testing.T) {
	for body, want := range map[eventhandler.Body]string{
		&eventhandler.MediaState{Media: "audio", Mid: "0", Silence: 5 * time.Second}:      `{"media":"audio","mid":"0","receiving":false,"seconds":5}`,
		&eventhandler.ServerUpdate{Sessions: 1, Handles: 2, StatsPeriod: 2 * time.Second}: `{"sessions":1,"handles":2,"peerconnections":0,"stats-period":2}`,
	} {
		if got, err := json.Marshal(body); err != nil || string(got) != want {
			t.Errorf("%+v was marshaled to %s, %v; want %s", body, got, err, want)
		}
	}
	got, err := json.Marshal(eventhandler.MediaStats{RTT: 21 * time.Millisecond, JitterLocal: 1500 * time.Microsecond})
	if err != nil || !bytes.Contains(got, []byte(`"rtt":21,`)) || !bytes.Contains(got, []byte(`"jitter-local":1.5`)) {
		t.Errorf("the statistics were marshaled to %s, %v", got, err)
	}
}

func TestCombinedStatistics(t *testing.T) {
	const text = `[{"emitter":"e","type":32,"subtype":3,"timestamp":5,"session_id":1,"handle_id":2,"event":[
		{"mid":"0","media":"audio"},{"mid":"1","media":"video"},7]},
		{"type":32,"subtype":3,"event":[]},
		{"type":2,"event":{"name":"detached"}}]`
	events, err := eventhandler.Parse([]byte(text))
	if err != nil || len(events) != 4 {
		t.Fatalf("got %d events, %v", len(events), err)
	}
	for i, mid := range []string{"0", "1"} {
		stats, ok := events[i].Body.(*eventhandler.MediaStats)
		if !ok || stats.Mid != mid || events[i].Emitter != "e" || events[i].Session != 1 || events[i].Handle != 2 {
			t.Errorf("event %d is %+v", i, events[i])
		}
	}
	if unknown, ok := events[2].Body.(*eventhandler.Unknown); !ok || unknown.Err == nil {
		t.Errorf("statistics that are no object became %+v", events[2].Body)
	}
	if _, ok := events[3].Body.(*eventhandler.HandleEvent); !ok {
		t.Errorf("the last event is %+v", events[3])
	}
}

// A member that cannot be decoded keeps what it has and does not affect others.
func TestMalformedMembers(t *testing.T) {
	for _, member := range []string{
		`5`, `"text"`, `true`, `[]`, `[{"type":1}]`,
		`{"type":"1","session_id":7}`,
		`{"type":1.5}`,
		`{"type":1e40}`,
		`{"type":1,"timestamp":99999999999999999999,"session_id":7}`,
		`{"type":1,"session_id":18446744073709551616}`,
		`{"type":1,"session_id":"seven"}`,
		`{"type":1,"handle_id":{}}`,
		`{"type":1,"event":null}`,
		`{"type":1,"event":[]}`,
		`{"type":1}`,
		`{"type":1,"event":{"name":5}}`,
		`{"type":2,"event":"attached"}`,
		`{"type":8,"event":{"jsep":"v=0"}}`,
		`{"type":32,"subtype":3,"event":{"lost":1e30}}`,
		`{"type":32,"subtype":3,"event":{"rtt":"fast"}}`,
		`{"type":32,"subtype":3,"event":5}`,
		`{"type":256,"subtype":1,"event":5}`,
		`{"type":256,"subtype":1,"event":{"status":5}}`,
		`{"type":256,"subtype":1,"event":{"status":"started"}}`,
		`{"type":256,"subtype":1,"event":{"status":"started","info":{"version":"new"}}}`,
		`{"type":256,"subtype":1,"event":{"status":"update","info":7}}`,
	} {
		const good = `{"type":4,"event":{"schema":"s","data":{}}}`
		events, err := eventhandler.Parse([]byte("[" + good + "," + member + "," + good + "]"))
		if err != nil || len(events) != 3 {
			t.Errorf("with %s: %d events, %v", member, len(events), err)
			continue
		}
		unknown, ok := events[1].Body.(*eventhandler.Unknown)
		if !ok || unknown.Err == nil || string(events[1].Raw) != member {
			t.Errorf("%s became %T %+v, Raw %s", member, events[1].Body, events[1].Body, events[1].Raw)
		}
		if strings.Contains(member, `"session_id":7`) && events[1].Session != 7 {
			t.Errorf("%s has lost its session", member)
		}
		for _, i := range []int{0, 2} {
			if _, ok := events[i].Body.(*eventhandler.CustomEvent); !ok {
				t.Errorf("with %s, event %d is %+v", member, i, events[i])
			}
		}
	}
}

func TestUnknownKinds(t *testing.T) {
	for text, kind := range map[string]string{
		`{"type":512,"event":{"x":1}}`:                        "Type(512)",
		`{"type":512,"subtype":4,"event":{"x":1}}`:            "Type(512)/4",
		`{"type":3,"event":{}}`:                               "Type(3)",
		`{"type":16,"subtype":7,"event":{}}`:                  "webrtc/7",
		`{"type":16,"event":{"ice":"ready"}}`:                 "webrtc",
		`{"type":1,"subtype":1,"event":{"name":"created"}}`:   "sessions/1",
		`{"type":256,"subtype":1,"event":{"status":"tired"}}`: "core/startup",
		`{"type":-1,"subtype":-2,"event":{}}`:                 "Type(-1)/-2",
		`{}`:                                                  "Type(0)",
	} {
		event := parseOne(t, text)
		if unknown, ok := event.Body.(*eventhandler.Unknown); !ok || unknown.Err != nil || string(event.Raw) != text {
			t.Errorf("%s became %T %+v", text, event.Body, event.Body)
		}
		if event.Kind() != kind {
			t.Errorf("%s is of the kind %s, want %s", text, event.Kind(), kind)
		}
	}
	if event := parseOne(t, `[null]`); event.Kind() != "Type(0)" {
		t.Errorf("null became %+v", event)
	}
}

func TestTypesHaveNames(t *testing.T) {
	for number, name := range map[int]string{
		1: "sessions", 2: "handles", 4: "external", 8: "jsep", 16: "webrtc", 32: "media",
		64: "plugins", 128: "transports", 256: "core", 0: "Type(0)", 1024: "Type(1024)",
	} {
		if got := eventhandler.Type(number).String(); got != name {
			t.Errorf("type %d is %q, want %q", number, got, name)
		}
	}
}

// A member of another type does not affect those behind it.
func TestMembersAfterAMalformedOne(t *testing.T) {
	const rest = `,"emitter":"e","type":16,"subtype":1,"opaque_id":"o","event":{"ice":"ready"}}`
	for start, want := range map[string][2]uint64{
		`{"session_id":"12","handle_id":5`:                  {0, 5},
		`{"session_id":1e3,"handle_id":5`:                   {0, 5},
		`{"session_id":{"a":1},"handle_id":5`:               {0, 5},
		`{"handle_id":[5],"session_id":12`:                  {12, 0},
		`{"handle_id":99999999999999999999,"session_id":12`: {12, 0},
		`{"timestamp":"7","session_id":12,"handle_id":5`:    {12, 5},
	} {
		event := parseOne(t, start+rest)
		if unknown, ok := event.Body.(*eventhandler.Unknown); !ok || unknown.Err == nil {
			t.Errorf("%s became %+v", start, event.Body)
		}
		if got := [2]uint64{event.Session, event.Handle}; got != want {
			t.Errorf("%s: session and handle are %d, want %d", start, got, want)
		}
		if event.Emitter != "e" || event.Type != eventhandler.TypeWebRTC || event.Subtype != eventhandler.SubtypeICE || event.OpaqueID != "o" {
			t.Errorf("%s: the rest is %+v", start, event)
		}
	}
}

// A body has at most 100,000 events, however they are combined.
func TestEventsAreBounded(t *testing.T) {
	const limit = 100_000
	array := func(n int) string { return "[" + strings.Repeat("0,", n-1) + "0]" }
	stats := func(n int) string { return `{"type":32,"subtype":3,"event":` + array(n) + `}` }
	for name, test := range map[string]struct {
		body string
		want int // -1: an error
	}{
		"combined":        {"[" + stats(limit/2) + "," + stats(limit/2) + "]", limit},
		"one more":        {"[" + stats(limit/2) + "," + stats(limit/2+1) + "]", -1},
		"too many in one": {"[" + stats(limit+1) + ",0]", 2}, // an Unknown
	} {
		events, err := eventhandler.Parse([]byte(test.body))
		if test.want < 0 && (err == nil || events != nil) || test.want >= 0 && (err != nil || len(events) != test.want) {
			t.Errorf("%s: %d events, %v", name, len(events), err)
		}
	}
}

func TestBodiesThatAreNoEvents(t *testing.T) {
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for _, body := range []string{
		"", " ", "5", `"text"`, "null", "true", "{", "[", "[{}", `[{"type":1},]`, `{"type":1} {"type":2}`, "<html>",
		"\xff", deep, `[{"event":` + deep + `}]`,
	} {
		events, err := eventhandler.Parse([]byte(body))
		if err == nil || events != nil {
			t.Errorf("%.40q became %d events, %v", body, len(events), err)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("%.40q: the error has %d bytes", body, len(err.Error()))
		}
	}
	if events, err := eventhandler.Parse([]byte(" [ ] ")); err != nil || len(events) != 0 {
		t.Errorf("an empty array became %d events, %v", len(events), err)
	}
}

// Of members that occur twice, the last one counts.
func TestDuplicateNames(t *testing.T) {
	event := parseOne(t, `{"type":1,"type":2,"event":{"name":"attached","name":"detached"}}`)
	if body, ok := event.Body.(*eventhandler.HandleEvent); !ok || body.Change != eventhandler.Detached {
		t.Errorf("got %+v", event.Body)
	}
}

// What Parse returns does not change with the memory of body.
func TestEventsAreCopies(t *testing.T) {
	for _, text := range []string{
		`{"type":4,"event":{"schema":"s","data":{"key":"value"}}}`,
		`[{"type":4,"event":{"schema":"s","data":{"key":"value"}}}]`,
	} {
		body := []byte(text)
		events, err := eventhandler.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		clear(body)
		custom := events[0].Body.(*eventhandler.CustomEvent)
		if string(custom.Data) != `{"key":"value"}` || !bytes.Contains(events[0].Raw, []byte("value")) {
			t.Errorf("the event has become %s", events[0].Raw)
		}
	}
}

// FuzzParse checks that nothing makes Parse panic or lose an event.
func FuzzParse(f *testing.F) {
	for _, s := range samples(f) {
		f.Add([]byte(s.Event))
	}
	for _, batch := range recordedBatches(f) {
		f.Add(batch)
	}
	f.Add([]byte(`[{"type":32,"subtype":3,"event":[{"rtt":1e999},{"lost":-1},null]},null,{"type":1,"type":"x"}]`))
	f.Add([]byte(`{"session_id":18446744073709551615,"timestamp":-9223372036854775808}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := eventhandler.Parse(body)
		if err != nil {
			if len(events) != 0 {
				t.Errorf("an error with %d events", len(events))
			}
			return
		}
		if want := countEvents(body); len(events) != want {
			t.Errorf("got %d events, want %d", len(events), want)
		}
		for i, event := range events {
			if event.Body == nil || len(event.Raw) == 0 || event.Kind() == "" {
				t.Fatalf("event %d is %+v", i, event)
			}
			if _, err := json.Marshal(event.Body); err != nil && !isUnknown(event) {
				t.Errorf("%T of %s cannot be marshaled: %v", event.Body, event.Raw, err)
			}
		}
	})
}

func isUnknown(event eventhandler.Event) bool {
	_, ok := event.Body.(*eventhandler.Unknown)
	return ok
}

// countEvents returns how many events are in a body that is valid.
func countEvents(body []byte) int {
	var members []json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		members = []json.RawMessage{body}
	}
	count := 0
	for _, member := range members {
		combined := -1
		if event, err := eventhandler.Parse(member); err == nil && len(event) != 1 {
			combined = len(event)
		}
		var envelope struct{ Event []json.RawMessage }
		if combined >= 0 && json.Unmarshal(member, &envelope) == nil {
			count += len(envelope.Event)
			continue
		}
		count++
	}
	return count
}

// recordedBatches returns the batches in testdata that real servers have sent.
func recordedBatches(t testing.TB) [][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "janus-*.jsonl"))
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no recorded batches: %v", err)
	}
	var batches [][]byte
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			batches = append(batches, bytes.TrimSpace(line))
		}
	}
	return batches
}

func TestRecordedBatches(t *testing.T) {
	kinds := map[string]int{}
	for _, batch := range recordedBatches(t) {
		events, err := eventhandler.Parse(batch)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			strictevents.Check(t, event)
			kinds[event.Kind()]++
		}
	}
	for _, kind := range []string{
		"sessions", "handles", "external", "jsep", "webrtc/ice", "webrtc/local-candidate", "webrtc/remote-candidate",
		"webrtc/selected-pair", "webrtc/dtls", "webrtc/peerconnection", "media/state", "media/stats",
		"plugins", "transports", "core/startup", "core/shutdown",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no recorded event is of the kind %s", kind)
		}
	}
}
