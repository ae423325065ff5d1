package plugtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
)

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

// empty returns the method's request struct without any field set.
func (m method) empty() reflect.Value {
	if m.request == nil {
		return reflect.Value{}
	}
	return reflect.Zero(m.request)
}

// full returns the method's request struct with all fields set.
func (m method) full() reflect.Value {
	if m.request == nil {
		return reflect.Value{}
	}
	return Full(m.request)
}

// Full returns a request struct with all fields set, and with a member "further"
// in Extra.
func Full(request reflect.Type) reflect.Value {
	q := reflect.New(request)
	Fill(q.Interface())
	q.Elem().FieldByName("Extra").Set(reflect.ValueOf(map[string]any{"further": true}))
	return q.Elem()
}

// CheckRequests calls all methods of the Client, on a stand-in that refuses the
// requests. It fails the test if a method does not send its jsep, a field or the
// Extra of its request, if it sends null, if its error does not begin with the
// name of the plugin and of the request, or if its request struct has another
// name.
func CheckRequests(t *testing.T, p Package) {
	t.Helper()
	caller := NewStandIn(t, p.Name)
	for _, m := range methodsOf(p.On(caller)) {
		t.Run(m.name, func(t *testing.T) {
			if m.request != nil && m.request.Name() != m.name {
				t.Errorf("the method takes a %v", m.request)
			}
			checkEmpty(t, p, m, caller)
			checkFull(t, m, caller)
		})
	}
}

// checkEmpty checks a request without fields.
func checkEmpty(t *testing.T, p Package, m method, caller *Recorder) {
	t.Helper()
	err := m.send(m.empty(), nil)
	call := caller.Last(t)
	prefix := p.short() + ": "
	if call.Request != "" {
		prefix += call.Request + ": "
	}
	if !errors.Is(err, p.Error(refusal)) || !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("the error is %v, want %sthat of the stand-in", err, prefix)
	}
	if call.JSEP != nil {
		t.Errorf("a nil jsep became %v", call.JSEP)
	}
	for key, value := range call.Body {
		if value == nil {
			t.Errorf("%s is null", key)
		}
	}
}

// checkFull checks a request with all fields.
func checkFull(t *testing.T, m method, caller *Recorder) {
	t.Helper()
	jsep := &janus.JSEP{Type: "offer"}
	_ = m.send(m.full(), jsep) // it is refused
	call := caller.Last(t)
	if m.jsep && call.JSEP != jsep {
		t.Errorf("the jsep became %v", call.JSEP)
	}
	if m.request == nil {
		return
	}
	CheckSent(t, m.request, call.Body)
}

// CheckSent fails the test if the JSON object of a request lacks a field of its
// struct, or the Extra that Full gives it.
func CheckSent(t *testing.T, request reflect.Type, body map[string]any) {
	t.Helper()
	checkSent(t, request, body)
	if body["further"] != true {
		t.Errorf("%v: Extra is not sent", request)
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
			continue
		}
		if list, ok := value.([]any); ok {
			value = list[0]
		}
		if object, ok := value.(map[string]any); ok && hasFields(field.Type) {
			checkSent(t, elem(field.Type), object)
		}
	}
}

// elem returns what a slice or a pointer is of, or t itself.
func elem(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// hasFields reports whether t is a struct, or a slice or a pointer of one, whose
// JSON has the fields that its tags name.
func hasFields(t reflect.Type) bool {
	t = elem(t)
	return t.Kind() == reflect.Struct && !t.Implements(reflect.TypeFor[json.Marshaler]())
}

// CheckSecrets fails the test if a request of the package prints a string that is
// not in one of the public fields, which are named as in Go.
func CheckSecrets(t *testing.T, p Package, public ...string) {
	t.Helper()
	for _, m := range methodsOf(p.On(nil)) {
		if m.request != nil {
			CheckSecretsOf(t, reflect.Zero(m.request).Interface(), public...)
		}
	}
}

// CheckSecretsOf is CheckSecrets for one struct.
func CheckSecretsOf(t *testing.T, request any, public ...string) {
	t.Helper()
	q := reflect.New(reflect.TypeOf(request)).Elem()
	fill(q)
	clearFields(q, public)
	for _, format := range []string{"%v", "%+v", "%s"} {
		text := fmt.Sprintf(format, q.Interface())
		if strings.Contains(strings.ReplaceAll(text, `"`+filler+`":`, ""), filler) {
			t.Errorf("%s of %T is %s", format, request, text)
		}
	}
}

// clearFields makes the named fields of v zero, and those of structs in it.
func clearFields(v reflect.Value, names []string) {
	for i := range v.NumField() {
		field := v.Field(i)
		switch {
		case slices.Contains(names, v.Type().Field(i).Name):
			field.SetZero()
		case field.Kind() == reflect.Slice && hasFields(field.Type()):
			clearFields(field.Index(0), names)
		case field.Kind() == reflect.Pointer && hasFields(field.Type()):
			clearFields(field.Elem(), names)
		}
	}
}
