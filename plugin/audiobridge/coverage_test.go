package audiobridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// The numbers of the plugin.
const (
	requestCount = 33
	eventCount   = 13
	errorCount   = 16
)

// coverage is testdata/coverage.json: everything that the plugin has.
type coverage struct {
	Requests []string `json:"requests"` // values of "request"
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
}

// errRefused is the error of refuser.
var errRefused = errors.New("refused")

// refuser is a Caller whose calls fail.
type refuser struct{}

func (refuser) Call(context.Context, any, any) (*janus.EventMsg, error) { return nil, errRefused }

// send calls a method of the Client with the given request and a jsep, if it
// takes them, and returns the request that it sent.
func send(t *testing.T, method reflect.Method, q reflect.Value) plugtest.Recorded {
	t.Helper()
	recorder := &plugtest.Recorder{Caller: refuser{}}
	args := []reflect.Value{reflect.ValueOf(audiobridge.On(recorder)), reflect.ValueOf(t.Context())}
	for n := len(args); n < method.Type.NumIn(); n++ {
		if in := method.Type.In(n); in.Kind() == reflect.Struct {
			args = append(args, q)
		} else {
			args = append(args, reflect.Zero(in))
		}
	}
	results := method.Func.Call(args)
	err, _ := results[len(results)-1].Interface().(error)
	call := recorder.Last(t)
	if want := "audiobridge: " + call.Request + ": refused"; !errors.Is(err, errRefused) || err.Error() != want {
		t.Errorf("%s returned %v, want %s", method.Name, err, want)
	}
	return call
}

// methods calls f for each method of the Client, with its request struct or an
// empty struct if it has none.
func methods(f func(method reflect.Method, request reflect.Type)) {
	client := reflect.TypeFor[*audiobridge.Client]()
	for i := range client.NumMethod() {
		method := client.Method(i)
		request := reflect.TypeFor[struct{}]()
		for n := range method.Type.NumIn() {
			if in := method.Type.In(n); in.Kind() == reflect.Struct {
				request = in
			}
		}
		f(method, request)
	}
}

func TestEachMethodSendsItsRequest(t *testing.T) {
	var names []string
	methods(func(method reflect.Method, request reflect.Type) {
		if request.Name() != "" && request.Name() != method.Name {
			t.Errorf("%s sends a %v", method.Name, request)
		}
		call := send(t, method, reflect.Zero(request))
		if flat := strings.ReplaceAll(call.Request, "_", ""); flat != strings.ToLower(method.Name) {
			t.Errorf("%s sends %s", method.Name, call.Request)
		}
		for name, value := range call.Body {
			if value == nil {
				t.Errorf("%s sends null as %s", method.Name, name)
			}
		}
		names = append(names, call.Request)
	})
	slices.Sort(names)
	if want := readCoverage(t).Requests; !slices.Equal(names, want) {
		t.Errorf("the methods send %v, want %v", names, want)
	}
}

func TestRequestsSendAllTheirFields(t *testing.T) {
	methods(func(method reflect.Method, request reflect.Type) {
		q := reflect.New(request).Elem()
		if request.NumField() == 0 {
			return
		}
		fill(t, q)
		body := send(t, method, q).Body
		checkSent(t, request, body)
		if body["further"] != true {
			t.Errorf("%s does not send Extra", method.Name)
		}
	})
}

// checkSent fails the test if a JSON object lacks a field of a struct.
func checkSent(t *testing.T, fields reflect.Type, body map[string]any) {
	t.Helper()
	for i := range fields.NumField() {
		field := fields.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		value := body[name]
		if value == nil {
			t.Errorf("%v does not send %s as %s", fields, field.Name, name)
		}
		if object, ok := value.(map[string]any); ok {
			checkSent(t, field.Type.Elem(), object)
		}
	}
}

// hush is what fill sets strings to.
const hush = "hush"

// fill sets all fields of a struct.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[plugin.ID]() {
			v.Set(reflect.ValueOf(plugin.Num(7)))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{"further": true}))
	case reflect.String:
		v.SetString(hush)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(7)
	case reflect.Uint32:
		v.SetUint(7)
	default:
		t.Fatalf("cannot fill a %v", v.Type())
	}
}

// public are the string fields of requests that may be printed.
var public = []string{
	"Description", "NewDescription", "RecordFile", "RecordDir", "MJRsDir", "NewRecordDir", "NewMJRsDir", "Groups", "Group",
	"Action", "Display", "Codec", "Filename", "RTP", "Host", "HostFamily", "FileID",
}

func TestRequestsHideTheirSecrets(t *testing.T) {
	methods(func(_ reflect.Method, request reflect.Type) {
		q := reflect.New(request).Elem()
		for i := range request.NumField() {
			if name := request.Field(i).Name; !slices.Contains(public, name) && name != "Extra" {
				fill(t, q.Field(i))
			}
		}
		for _, format := range []string{"%v", "%+v", "%s"} {
			if text := fmt.Sprintf(format, q.Interface()); strings.Contains(text, hush) {
				t.Errorf("%s of %v is %s", format, request, text)
			}
		}
	})
}

// A field that zero does not leave out, or that zero leaves out although it has
// a meaning, changes the request silently.
func TestZeroFields(t *testing.T) {
	for _, test := range []struct {
		request any
		want    string
	}{
		{audiobridge.Create{}, `{}`},
		{audiobridge.Create{Allowed: []string{}}, `{"allowed":[]}`},
		{audiobridge.Create{AudioLevelExt: ptr(false), DefaultPrebuffering: ptr(0)}, `{"audiolevel_ext":false,"default_prebuffering":0}`},
		{audiobridge.Edit{}, `{"room":0}`},
		{audiobridge.Edit{NewPIN: ptr(""), NewIsPrivate: ptr(false)}, `{"room":0,"new_pin":"","new_is_private":false}`},
		{audiobridge.EnableRecording{}, `{"room":0,"record":false}`},
		{audiobridge.EnableMJRs{}, `{"room":0,"mjrs":false}`},
		{audiobridge.Join{Room: plugin.Str("a")}, `{"room":"a"}`},
		{
			audiobridge.Join{ExpectedLoss: ptr(0), Volume: ptr(0), SpatialPosition: ptr(0), Prebuffer: ptr(0), Denoise: ptr(false), RTP: &audiobridge.RTP{}},
			`{"room":0,"expected_loss":0,"volume":0,"spatial_position":0,"prebuffer":0,"denoise":false,"rtp":{}}`,
		},
		{audiobridge.Configure{}, `{}`},
		{
			audiobridge.Configure{Display: ptr(""), Muted: ptr(false), Bitrate: ptr(0), ExpectedLoss: ptr(0), Volume: ptr(0), SpatialPosition: ptr(0), Prebuffer: ptr(0), Denoise: ptr(false), Record: ptr(false)},
			`{"display":"","muted":false,"bitrate":0,"expected_loss":0,"volume":0,"spatial_position":0,"prebuffer":0,"denoise":false,"record":false}`,
		},
		{audiobridge.RTPForward{}, `{"room":0,"host":"","port":0}`},
		{audiobridge.StopRTPForward{}, `{"room":0,"stream_id":0}`},
		{audiobridge.Mute{}, `{"room":0,"id":0}`},
	} {
		if got, err := json.Marshal(test.request); err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v; want %s", test.request, got, err, test.want)
		}
	}
}

func TestErrorCodes(t *testing.T) {
	codes := []audiobridge.ErrorCode{
		audiobridge.ErrorNoMessage, audiobridge.ErrorInvalidJSON, audiobridge.ErrorInvalidRequest,
		audiobridge.ErrorMissingElement, audiobridge.ErrorInvalidElement, audiobridge.ErrorNoSuchRoom,
		audiobridge.ErrorRoomExists, audiobridge.ErrorNotJoined, audiobridge.ErrorLibopusError,
		audiobridge.ErrorUnauthorized, audiobridge.ErrorIDExists, audiobridge.ErrorAlreadyJoined,
		audiobridge.ErrorNoSuchUser, audiobridge.ErrorInvalidSDP, audiobridge.ErrorNoSuchGroup,
		audiobridge.ErrorUnknownError,
	}
	var numbers []int
	for _, code := range codes {
		numbers = append(numbers, int(code))
		err := error(&janus.PluginError{Plugin: audiobridge.Name, Code: int(code)})
		if !errors.Is(err, code) {
			t.Errorf("an error %d does not match its code", int(code))
		}
		other := error(&janus.PluginError{Plugin: "janus.plugin.videoroom", Code: int(code)})
		if errors.Is(other, code) {
			t.Errorf("an error of another plugin matches %v", code)
		}
	}
	if want := readCoverage(t).Errors; !slices.Equal(numbers, want) {
		t.Errorf("the codes are %v, want %v", numbers, want)
	}
	if text := audiobridge.ErrorNoSuchRoom.Error(); text != "janus.plugin.audiobridge: error 485" {
		t.Errorf("the text is %s", text)
	}
}
