// Package plugtest has checks for the tests of the typed plugin packages.
//
// The test of each package describes it by a Package and calls CheckCoverage,
// CheckRequests, CheckSamples and FuzzParse. Tests with a real Janus send their
// requests through a Recorder, check the requests by CheckAllSet and the answers
// by CheckAnswer or ParseAnswer, wait for events by Next, and check both answers
// and events by CheckLossless or CheckResultLossless. In the end, CheckComplete
// finds the requests that they left out.
package plugtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// Lost returns the paths of the members of event's Raw that its struct does not
// hold: those that are missing or differ when the struct is marshaled again. A
// member whose value is zero (0, false, "", null, [] or {}) may be missing.
// Members at the top level whose names are in ignore are passed over; they tell
// the kinds apart.
func Lost(event plugin.Event, ignore ...string) []string {
	back, err := json.Marshal(event)
	if err != nil {
		return []string{err.Error()}
	}
	want, have := number(event.EventMeta().Raw), number(back)
	if object, ok := want.(map[string]any); ok {
		for _, key := range ignore {
			delete(object, key)
		}
	}
	var lost []string
	compare("", want, have, &lost)
	sort.Strings(lost)
	return lost
}

// number decodes JSON and keeps every digit.
func number(raw []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return err.Error()
	}
	return v
}

func compare(path string, want, have any, lost *[]string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := have.(map[string]any)
		if !ok && !zero(want) {
			*lost = append(*lost, fmt.Sprintf("%s: %v became %v", path, want, have))
			return
		}
		for key, value := range want {
			if got, ok := object[key]; ok {
				compare(path+"."+key, value, got, lost)
			} else if !zero(value) {
				*lost = append(*lost, fmt.Sprintf("%s.%s = %v", path, key, value))
			}
		}
	case []any:
		array, ok := have.([]any)
		if !ok && len(want) == 0 {
			return
		}
		if len(array) != len(want) {
			*lost = append(*lost, fmt.Sprintf("%s: %d elements became %d", path, len(want), len(array)))
			return
		}
		for i := range want {
			compare(fmt.Sprintf("%s[%d]", path, i), want[i], array[i], lost)
		}
	default:
		if want != have && !sameNumber(want, have) && !(zero(want) && have == nil) {
			*lost = append(*lost, fmt.Sprintf("%s: %v became %v", path, want, have))
		}
	}
}

// sameNumber compares numbers that are written differently, such as 1.0 and 1.
func sameNumber(a, b any) bool {
	x, ok := a.(json.Number)
	y, ok2 := b.(json.Number)
	if !ok || !ok2 {
		return false
	}
	f, err := x.Float64()
	g, err2 := y.Float64()
	return err == nil && err2 == nil && f == g
}

// zero reports whether a value may be left out.
func zero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		f, err := v.Float64()
		return err == nil && f == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// Recorder is a plugin.Caller that remembers what went through another one.
type Recorder struct {
	Caller plugin.Caller

	mu    sync.Mutex
	calls []Recorded
}

// Recorded is a request and its answer.
type Recorded struct {
	Request string         // the value of "request"
	Body    map[string]any // the whole request
	JSEP    any            // as it was passed
	Answer  *janus.EventMsg
	Err     error
}

// Call implements plugin.Caller.
func (r *Recorder) Call(ctx context.Context, body, jsep any) (*janus.EventMsg, error) {
	answer, err := r.Caller.Call(ctx, body, jsep)
	raw, _ := json.Marshal(body) // Call has marshaled it already
	call := Recorded{JSEP: jsep, Answer: answer, Err: err}
	_ = json.Unmarshal(raw, &call.Body)
	call.Request, _ = call.Body["request"].(string)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
	return answer, err
}

// Calls returns what went through so far.
func (r *Recorder) Calls() []Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Recorded(nil), r.calls...)
}

// Last returns the newest call.
func (r *Recorder) Last(t testing.TB) Recorded {
	t.Helper()
	calls := r.Calls()
	if len(calls) == 0 {
		t.Fatal("nothing was called")
	}
	return calls[len(calls)-1]
}

// CheckLossless fails the test if the struct of event has lost a member of what
// Janus sent, or if the kind of the event was not known.
func CheckLossless(t testing.TB, event plugin.Event, ignore ...string) {
	t.Helper()
	if unknown, ok := event.(*plugin.Unknown); ok {
		t.Errorf("unknown event %s: %v", unknown.Raw, unknown.Err)
		return
	}
	if failure, ok := event.(*plugin.Failure); ok {
		t.Errorf("unexpected failure: %v", failure.Err)
		return
	}
	for _, path := range Lost(event, ignore...) {
		t.Errorf("%T does not hold %s of %s", event, path, event.EventMeta().Raw)
	}
}

// inResult is an event in the member "result" of a message.
type inResult struct {
	*plugin.Meta
	event plugin.Event
}

// MarshalJSON implements json.Marshaler.
func (e inResult) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"result": e.event})
}

// CheckResultLossless is CheckLossless for events that are in the member "result"
// of their message, if that is an object. ignored are the paths of members that
// are passed over, such as ".result.event", or a path with what happens to it, as
// Lost returns it.
func CheckResultLossless(t testing.TB, event plugin.Event, ignored ...string) {
	t.Helper()
	switch event := event.(type) {
	case *plugin.Unknown, *plugin.Failure:
		t.Errorf("%T %s", event, event.EventMeta().Raw)
		return
	}
	var data map[string]any
	if err := json.Unmarshal(event.EventMeta().Raw, &data); err != nil {
		t.Fatal(err)
	}
	whole := event
	if _, ok := data["result"].(map[string]any); ok {
		whole = inResult{event.EventMeta(), event}
	}
	for _, path := range Lost(whole) {
		name, _, _ := strings.Cut(path, " = ")
		if !slices.Contains(ignored, name) && !slices.Contains(ignored, path) {
			t.Errorf("%T does not hold %s of %s", event, path, event.EventMeta().Raw)
		}
	}
}
