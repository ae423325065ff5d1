package plugtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// Coverage is testdata/coverage.json: everything that a plugin has, with the
// names that Janus and the package use. The parts that Janus 1.1.2 does not have
// say since which version they exist.
type Coverage struct {
	Requests []Request `json:"requests"`
	Events   []Kind    `json:"events"` // sent without a request
	Answers  []Kind    `json:"answers"`
	Errors   []Code    `json:"errors"`
}

// Request is a request of a plugin.
type Request struct {
	Name    string   `json:"request"`           // empty if it has none
	Over    string   `json:"over,omitempty"`    // "data" if it is sent over a data channel
	Methods []string `json:"methods"`           // of Client; over a data channel, the request struct
	Answers []string `json:"answers,omitempty"` // structs; none if the methods return only an error
	Since   string   `json:"since,omitempty"`
}

// Kind is an event or an answer of a plugin.
type Kind struct {
	Name   string `json:"kind"` // the value or the member that tells it apart; empty if there is none
	Over   string `json:"over,omitempty"`
	Struct string `json:"struct"`
	Since  string `json:"since,omitempty"`
}

// Code is an error code of a plugin.
type Code struct {
	Code  int    `json:"code"`
	Name  string `json:"name"` // of the constant
	Since string `json:"since,omitempty"`
}

// ReadCoverage reads testdata/coverage.json.
func ReadCoverage(t testing.TB) Coverage {
	t.Helper()
	return ReadCoverageOf(t, ".")
}

// ReadCoverageOf reads testdata/coverage.json of the package in dir.
func ReadCoverageOf(t testing.TB, dir string) Coverage {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "testdata", "coverage.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c Coverage
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// RequestNames returns the names of the requests that are sent over the Janus
// API, or, if over is "data", over a data channel.
func (c Coverage) RequestNames(over string) []string {
	var names []string
	for _, request := range c.Requests {
		if request.Over == over {
			names = append(names, request.Name)
		}
	}
	return names
}

// EventStructs returns the structs of the events.
func (c Coverage) EventStructs() []string { return structs(c.Events) }

// Structs returns the structs of all events and answers.
func (c Coverage) Structs() []string { return structs(slices.Concat(c.Events, c.Answers)) }

// StructsOver returns the structs of the events and answers that are sent over
// the Janus API, or, if over is "data", over a data channel.
func (c Coverage) StructsOver(over string) []string {
	return structs(slices.DeleteFunc(slices.Concat(c.Events, c.Answers), func(k Kind) bool { return k.Over != over }))
}

func structs(kinds []Kind) []string {
	set := map[string]bool{}
	for _, kind := range kinds {
		set[kind.Struct] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// Package is a typed plugin package, for checks.
type Package struct {
	Name  string                                 // of the plugin
	On    func(c plugin.Caller) any              // returns a Client
	Parse func(msg any) (plugin.Event, bool)     //
	Error func(code int) error                   // returns an ErrorCode
	Check func(t testing.TB, event plugin.Event) // fails the test if the struct of event has lost anything
}

// short returns the name of the plugin without what all plugins have.
func (p Package) short() string { return strings.TrimPrefix(p.Name, "janus.plugin.") }

// RequestStructs returns the request structs of the Client's methods.
func (p Package) RequestStructs() []reflect.Type {
	var requests []reflect.Type
	for _, m := range methodsOf(p.On(nil)) {
		if m.request != nil {
			requests = append(requests, m.request)
		}
	}
	return requests
}

// CheckCoverage fails the test if testdata/coverage.json and the package differ:
// if one has a method, an event, an answer or an error code that the other does
// not have, if a method sends another request or returns other answers, or if
// the comments say something else about the version of Janus.
func CheckCoverage(t *testing.T, p Package) {
	c, source := ReadCoverage(t), readSource(t)
	checkRequests(t, p, c, source)
	checkKinds(t, c, source)
	checkCodes(t, p, c, source)
}

// checkRequests compares the requests with the methods of the Client.
func checkRequests(t *testing.T, p Package, c Coverage, source *source) {
	t.Helper()
	listed := map[string]Request{}
	for _, request := range c.Requests {
		if request.Over == "" {
			for _, name := range request.Methods {
				listed[name] = request
			}
			checkSince(t, request, source)
		}
	}
	caller := NewStandIn(t, p.Name)
	for _, m := range methodsOf(p.On(caller)) {
		request, ok := listed[m.name]
		delete(listed, m.name)
		_ = m.send(m.empty(), nil) // the stand-in refuses it
		if sent := caller.Last(t).Request; !ok || sent != request.Name {
			t.Errorf("the method %s sends %q, listed is %+v", m.name, sent, request)
		}
		if answer := m.answer(); answer != "" && !slices.Contains(request.Answers, answer) || (answer == "") != (len(request.Answers) == 0) && !m.returnsEvent() {
			t.Errorf("the method %s returns a %q, listed is %q", m.name, answer, request.Answers)
		}
	}
	for name := range listed {
		t.Errorf("there is no method %s", name)
	}
	for _, request := range c.Requests {
		for _, answer := range request.Answers {
			if !slices.Contains(c.Structs(), answer) {
				t.Errorf("the answer %s of %q is not listed", answer, request.Name)
			}
		}
	}
}

// checkSince compares the version that a request exists since with the comments
// of its methods.
func checkSince(t *testing.T, request Request, source *source) {
	t.Helper()
	oldest := ""
	for i, name := range request.Methods {
		if since := source.methods[name]; i == 0 || since == "" {
			oldest = since
		}
	}
	if oldest != request.Since {
		t.Errorf("%q exists since %q, but the comments of %q say %q", request.Name, request.Since, request.Methods, oldest)
	}
}

// checkKinds compares the events and answers with the structs that embed
// plugin.Meta.
func checkKinds(t *testing.T, c Coverage, source *source) {
	t.Helper()
	if got, want := slices.Sorted(maps.Keys(source.events)), c.Structs(); !slices.Equal(got, want) {
		t.Errorf("the package has the events and answers\n%q, listed are\n%q", got, want)
	}
	for _, kind := range slices.Concat(c.Events, c.Answers) {
		if since := source.events[kind.Struct]; since != kind.Since {
			t.Errorf("%s exists since %q, but its comment says %q", kind.Struct, kind.Since, since)
		}
	}
}

// checkCodes compares the error codes with the constants.
func checkCodes(t *testing.T, p Package, c Coverage, source *source) {
	t.Helper()
	if !slices.Equal(c.Errors, source.codes) {
		t.Errorf("the package has the error codes\n%v, listed are\n%v", source.codes, c.Errors)
	}
	for _, code := range c.Errors {
		want := p.Error(code.Code)
		if text := fmt.Sprintf("%s: error %d", p.Name, code.Code); want.Error() != text {
			t.Errorf("the text of %s is %q, want %q", code.Name, want, text)
		}
		if err := error(&janus.PluginError{Plugin: p.Name, Code: code.Code}); !errors.Is(err, want) {
			t.Errorf("an error %d is not %s", code.Code, code.Name)
		}
		if err := error(&janus.PluginError{Plugin: p.Name, Code: code.Code + 1}); errors.Is(err, want) {
			t.Errorf("an error %d is %s", code.Code+1, code.Name)
		}
		if err := error(&janus.PluginError{Plugin: "janus.plugin.other", Code: code.Code}); errors.Is(err, want) {
			t.Errorf("an error of another plugin is %s", code.Name)
		}
	}
}

// answer returns the name of the struct that the method returns, or "".
func (m method) answer() string {
	if out := m.value.Type().Out(0); out.Kind() == reflect.Pointer {
		return out.Elem().Name()
	}
	return ""
}

// returnsEvent reports whether the method returns an Event of any kind.
func (m method) returnsEvent() bool { return m.value.Type().Out(0) == reflect.TypeFor[plugin.Event]() }
