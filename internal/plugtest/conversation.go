package plugtest

import (
	"context"
	"reflect"
	"slices"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// CheckAllSet fails the test if a field of a request is not set, or one of a
// struct in it; of slices, it looks at the first element. Extra may be unset, and
// so may the fields and the fields of types, such as "videoroom.Stream", whose
// names are in except.
func CheckAllSet(t testing.TB, request any, except ...string) {
	t.Helper()
	checkAllSet(t, reflect.ValueOf(request), append(except, "Extra"))
}

func checkAllSet(t testing.TB, q reflect.Value, except []string) {
	t.Helper()
	for i := range q.NumField() {
		field, name := q.Field(i), q.Type().Field(i).Name
		isSlice := field.Kind() == reflect.Slice
		switch {
		case slices.Contains(except, name):
		case field.IsZero() || isSlice && field.Len() == 0:
			t.Errorf("%v: %s is not set", q.Type(), name)
		case !hasFields(field.Type()) || slices.Contains(except, elem(field.Type()).String()):
		case isSlice:
			checkAllSet(t, field.Index(0), except)
		default:
			checkAllSet(t, reflect.Indirect(field), except)
		}
	}
}

// CheckAnswer fails the test if the last call through r failed, or if Parse does
// not make the same of its answer. answer and err are what the method of the
// Client returned.
func CheckAnswer(t testing.TB, p Package, r *Recorder, answer plugin.Event, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if parsed, _ := p.Parse(r.Last(t).Answer); !reflect.DeepEqual(parsed, answer) {
		t.Errorf("Parse makes %T %+v of the answer %T %s", parsed, parsed, answer, answer.EventMeta().Raw)
	}
}

// ParseAnswer returns what Parse makes of the answer to the last call through r,
// by a method that returned only err. It ends the test if that is no E, or if
// the call failed.
func ParseAnswer[E plugin.Event](t testing.TB, p Package, r *Recorder, err error) E {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	parsed, ok := p.Parse(r.Last(t).Answer)
	if !ok {
		t.Fatal("Parse passes over the answer")
	}
	return As[E](t, parsed)
}

// As returns event as an E, or ends the test.
func As[E plugin.Event](t testing.TB, event plugin.Event) E {
	t.Helper()
	wanted, ok := event.(E)
	if !ok {
		t.Fatalf("got %T %s, want %T", event, event.EventMeta().Raw, *new(E))
	}
	return wanted
}

// Next waits for the next event of the plugin on a handle, and passes over other
// messages, which are about the PeerConnection. It ends the test if the handle
// has ended, or when ctx ends.
func Next(ctx context.Context, t testing.TB, p Package, handle *janus.Handle) plugin.Event {
	t.Helper()
	for {
		select {
		case msg, open := <-handle.Events:
			if !open {
				t.Fatal("the handle has ended")
			}
			if event, ok := p.Parse(msg); ok {
				return event
			}
		case <-ctx.Done():
			t.Fatalf("waiting for an event: %v", ctx.Err())
		}
	}
}

// CheckComplete fails the test if the requests that went through the recorders
// are not those of testdata/coverage.json, except those that the server does not
// know, or if a request struct of the package is not in full: those that were sent
// with every field.
func CheckComplete(t testing.TB, p Package, full map[reflect.Type]bool, recorders []*Recorder, unknown ...string) {
	t.Helper()
	var sent []string
	for _, r := range recorders {
		for _, call := range r.Calls() {
			sent = append(sent, call.Request)
		}
	}
	slices.Sort(sent)
	sent = slices.Compact(sent)
	want := slices.DeleteFunc(ReadCoverage(t).RequestNames(""), func(name string) bool { return slices.Contains(unknown, name) })
	if slices.Sort(want); !slices.Equal(sent, want) {
		t.Errorf("the requests sent are\n%q, want\n%q", sent, want)
	}
	for _, q := range p.RequestStructs() {
		if !full[q] {
			t.Errorf("%v was not sent with every field", q)
		}
	}
}
