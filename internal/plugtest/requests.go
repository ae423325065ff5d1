package plugtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// Coverage is testdata/coverage.json: everything that a plugin has.
type Coverage struct {
	Requests []string `json:"requests"` // values of "request"
	Events   []string `json:"events"`   // types of events that answer no request
	Answers  []string `json:"answers"`  // types of answers
	Errors   []int    `json:"errors"`   // error codes
}

// ReadCoverage reads testdata/coverage.json.
func ReadCoverage(t testing.TB) Coverage {
	t.Helper()
	raw, err := os.ReadFile("testdata/coverage.json")
	if err != nil {
		t.Fatal(err)
	}
	var c Coverage
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// errRefused is the error of refuser.
var errRefused = errors.New("refused")

// refuser is a Caller whose calls fail. It remembers the last one.
type refuser struct {
	body map[string]any
	jsep any
}

func (r *refuser) Call(_ context.Context, body, jsep any) (*janus.EventMsg, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r.body, r.jsep = nil, jsep
	if err := json.Unmarshal(raw, &r.body); err != nil {
		return nil, err
	}
	return nil, errRefused
}

// method is a method of a client that sends a request.
type method struct {
	name    string
	value   reflect.Value
	request reflect.Type // nil if the method takes no request struct
	jsep    bool         // whether the method takes a jsep
}

// methodsOf returns the methods of a client.
func methodsOf(client any) []method {
	value := reflect.ValueOf(client)
	var methods []method
	for i := range value.NumMethod() {
		m := method{name: value.Type().Method(i).Name, value: value.Method(i)}
		for n := 1; n < m.value.Type().NumIn(); n++ {
			if in := m.value.Type().In(n); in.Kind() == reflect.Struct {
				m.request = in
			} else {
				m.jsep = true
			}
		}
		methods = append(methods, m)
	}
	return methods
}

// send calls the method with q, which may be a zero Value if the method takes no
// request struct, and a jsep.
func (m method) send(q reflect.Value, jsep any) error {
	args := []reflect.Value{reflect.ValueOf(context.Background())}
	if m.request != nil {
		args = append(args, q)
	}
	if m.jsep {
		args = append(args, reflect.ValueOf(&jsep).Elem())
	}
	results := m.value.Call(args)
	err, _ := results[len(results)-1].Interface().(error)
	return err
}

// CheckRequests calls all methods of the client that on returns. It fails the
// test if a method does not send its jsep, a field or the Extra of its request,
// if it sends null, if its error does not begin with the name of the plugin and
// of the request, if its request struct has another name, or if the requests
// that are sent are not the given ones.
func CheckRequests(t *testing.T, name string, on func(plugin.Caller) any, want []string) {
	t.Helper()
	caller := new(refuser)
	sent := map[string]bool{}
	for _, m := range methodsOf(on(caller)) {
		t.Run(m.name, func(t *testing.T) {
			if m.request != nil && m.request.Name() != m.name {
				t.Errorf("the method takes a %v", m.request)
			}
			checkEmpty(t, name, m, caller)
			checkFull(t, m, caller)
			request, _ := caller.body["request"].(string)
			sent[request] = true
		})
	}
	if got := slices.Sorted(maps.Keys(sent)); !slices.Equal(got, want) {
		t.Errorf("the methods send %q, want %q", got, want)
	}
}

// checkEmpty checks a request without fields.
func checkEmpty(t *testing.T, name string, m method, caller *refuser) {
	t.Helper()
	var q reflect.Value
	if m.request != nil {
		q = reflect.Zero(m.request)
	}
	err := m.send(q, nil)
	if prefix := fmt.Sprintf("%s: %v: ", name, caller.body["request"]); !errors.Is(err, errRefused) || !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("the error is %v, want %srefused", err, prefix)
	}
	if caller.jsep != nil {
		t.Errorf("a nil jsep became %v", caller.jsep)
	}
	for key, value := range caller.body {
		if value == nil {
			t.Errorf("%s is null", key)
		}
	}
}

// checkFull checks a request with all fields.
func checkFull(t *testing.T, m method, caller *refuser) {
	t.Helper()
	jsep := &janus.JSEP{Type: "offer"}
	var q reflect.Value
	if m.request != nil {
		q = reflect.New(m.request).Elem()
		setAll(q)
	}
	_ = m.send(q, jsep) // it is refused
	if m.jsep && caller.jsep != jsep {
		t.Errorf("the jsep became %v", caller.jsep)
	}
	if m.request == nil {
		return
	}
	checkSent(t, m.request, caller.body)
	if caller.body["further"] != true {
		t.Error("Extra is not sent")
	}
}

// checkSent fails the test if a JSON object lacks a field of a struct.
func checkSent(t *testing.T, fields reflect.Type, object map[string]any) {
	t.Helper()
	for i := range fields.NumField() {
		field := fields.Field(i)
		if field.Name == "Extra" {
			continue
		}
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		value := object[key]
		if value == nil {
			t.Errorf("%v: %s is not sent as %q", fields, field.Name, key)
		}
		if list, ok := value.([]any); ok && field.Type.Elem().Kind() == reflect.Struct {
			value = list[0]
		}
		if object, ok := value.(map[string]any); ok {
			checkSent(t, structOf(field.Type), object)
		}
	}
}

// structOf returns the struct that a slice or a pointer is of, or the struct
// itself.
func structOf(t reflect.Type) reflect.Type {
	if t.Kind() != reflect.Struct {
		t = t.Elem()
	}
	return t
}

// hush is what setAll sets strings to.
const hush = "hush"

// CheckSecrets fails the test if a request prints a string that is not in one of
// the public fields, which are named as in Go.
func CheckSecrets(t *testing.T, client any, public ...string) {
	t.Helper()
	for _, m := range methodsOf(client) {
		if m.request == nil {
			continue
		}
		q := reflect.New(m.request).Elem()
		for i := range q.NumField() {
			if name := m.request.Field(i).Name; name != "Extra" && !slices.Contains(public, name) {
				setAll(q.Field(i))
			}
		}
		for _, format := range []string{"%v", "%+v", "%s"} {
			if text := fmt.Sprintf(format, q.Interface()); strings.Contains(text, hush) {
				t.Errorf("%s of %v is %s", format, m.request, text)
			}
		}
	}
}

// setAll sets all fields of v, one element deep.
func setAll(v reflect.Value) {
	switch v.Interface().(type) {
	case plugin.ID:
		v.Set(reflect.ValueOf(plugin.Num(7)))
		return
	case map[string]any:
		v.Set(reflect.ValueOf(map[string]any{"further": true}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			setAll(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		setAll(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		setAll(v.Index(0))
	case reflect.String:
		v.SetString(hush)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	default:
		panic("plugtest: cannot set a " + v.Type().String())
	}
}
