package videoroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// coverage is testdata/coverage.json: what the plugin has.
type coverage struct {
	Requests []string `json:"requests"`
	Events   []string `json:"events"` // that come without a request
	Errors   []int    `json:"errors"`
}

func readCoverage(t testing.TB) coverage {
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

// The numbers of the plugin.
const (
	requestCount = 31
	eventCount   = 18
	errorCount   = 19
)

// method is a method of the Client that sends a request.
type method struct {
	name    string
	call    reflect.Value
	request reflect.Type // the request struct, or nil
	jsep    bool
}

// methods returns the methods of the Client.
func methods() iter.Seq[method] {
	return func(yield func(method) bool) {
		client := reflect.TypeFor[*videoroom.Client]()
		for i := range client.NumMethod() {
			m := method{name: client.Method(i).Name, call: client.Method(i).Func}
			for in := 2; in < m.call.Type().NumIn(); in++ {
				if arg := m.call.Type().In(in); arg.Kind() == reflect.Struct {
					m.request = arg
				} else {
					m.jsep = true
				}
			}
			if !yield(m) {
				return
			}
		}
	}
}

// send calls the method on a Client. The request struct is filled by fill.
func (m method) send(c *videoroom.Client, fill func(reflect.Value)) error {
	args := []reflect.Value{reflect.ValueOf(c), reflect.ValueOf(context.Background())}
	if m.request != nil {
		q := reflect.New(m.request).Elem()
		fill(q)
		args = append(args, q)
	}
	if m.jsep {
		args = append(args, reflect.ValueOf(&janus.JSEP{Type: "offer"}))
	}
	results := m.call.Call(args)
	err, _ := results[len(results)-1].Interface().(error)
	return err
}

// errRefused is the answer of refuser.
var errRefused = errors.New("refused")

// refuser is a Caller whose calls fail.
type refuser struct{}

func (refuser) Call(context.Context, any, any) (*janus.EventMsg, error) { return nil, errRefused }

// fill sets all fields of v to values that are not zero, one element deep.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case plugin.ID:
		v.Set(reflect.ValueOf(plugin.Num(1)))
		return
	case json.RawMessage:
		v.SetBytes([]byte(`{"a":1}`))
		return
	case map[string]any:
		v.Set(reflect.ValueOf(map[string]any{"further": 1}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("s3cret")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Uint32:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

// zero leaves all fields unset.
func zero(reflect.Value) {}

// Every method sends one request of the plugin, and together they send all.
func TestEveryRequest(t *testing.T) {
	recorder := &plugtest.Recorder{Caller: refuser{}}
	client := videoroom.On(recorder)
	names := map[string]bool{}
	for m := range methods() {
		if err := m.send(client, zero); !errors.Is(err, errRefused) || !strings.HasPrefix(err.Error(), "videoroom: ") {
			t.Errorf("%s returned %v", m.name, err)
		}
		names[recorder.Last(t).Request] = true
	}
	want := readCoverage(t).Requests
	if got := slices.Sorted(maps.Keys(names)); !slices.Equal(got, want) || len(want) != requestCount {
		t.Errorf("the methods send %d requests %q, want %d %q", len(got), got, requestCount, want)
	}
}

// Every field of a request that is set is sent, those of Extra too, and no field
// that is not set is null.
func TestRequestFields(t *testing.T) {
	recorder := &plugtest.Recorder{Caller: refuser{}}
	client := videoroom.On(recorder)
	for m := range methods() {
		if m.request == nil {
			continue
		}
		_ = m.send(client, fill) // it is refused
		body := recorder.Last(t).Body
		checkBody(t, m.request, body)
		if body["further"] != 1.0 {
			t.Errorf("%s does not send Extra: %v", m.name, body)
		}
		if strings.HasPrefix(m.name, "Join") && body["ptype"] == nil {
			t.Errorf("%s does not send ptype: %v", m.name, body)
		}
		_ = m.send(client, zero) // it is refused
		for key, value := range recorder.Last(t).Body {
			if value == nil {
				t.Errorf("%s sends null as %s", m.name, key)
			}
		}
	}
}

// checkBody fails the test if a JSON object lacks a member of a struct.
func checkBody(t *testing.T, q reflect.Type, body map[string]any) {
	t.Helper()
	for i := range q.NumField() {
		field := q.Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if key == "-" {
			continue
		}
		value, ok := body[key]
		if !ok || value == nil {
			t.Errorf("%v: %s is not sent as %q", q, field.Name, key)
		}
		isStream := field.Type == reflect.TypeFor[[]videoroom.Stream]()
		if list, ok := value.([]any); ok && field.Type.Elem().Kind() == reflect.Struct && !isStream {
			checkBody(t, field.Type.Elem(), list[0].(map[string]any))
		}
	}
}

// secrets are the fields that must not be printed.
var secrets = []string{"Secret", "NewSecret", "PIN", "Token", "AdminKey", "SRTPCrypto", "Allowed"}

// Requests do not print their secrets.
func TestRequestsHideSecrets(t *testing.T) {
	structs := []reflect.Type{reflect.TypeFor[videoroom.RTPForwardStream]()}
	for m := range methods() {
		if m.request != nil {
			structs = append(structs, m.request)
		}
	}
	for _, q := range structs {
		v := reflect.New(q).Elem()
		for _, name := range secrets {
			if field := v.FieldByName(name); field.IsValid() {
				fill(field)
			}
		}
		for _, format := range []string{"%v", "%+v", "%s"} {
			if text := sprintf(format, v.Interface()); strings.Contains(text, "s3cret") {
				t.Errorf("%s of %v is %s", format, q, text)
			}
		}
	}
}
