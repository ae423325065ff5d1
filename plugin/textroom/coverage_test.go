package textroom_test

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
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// coverage is testdata/coverage.json: everything that the plugin has.
type coverage struct {
	Requests     []string `json:"requests"`      // values of "request"
	DataRequests []string `json:"data_requests"` // values of "textroom" in requests on the data channel
	Events       []string `json:"events"`        // types of events on the data channel that answer no request
	DataAnswers  []string `json:"data_answers"`  // types of answers on the data channel
	Answers      []string `json:"answers"`       // types of answers
	Errors       []int    `json:"errors"`        // error codes
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

func TestCounts(t *testing.T) {
	c := readCoverage(t)
	got := []int{len(c.Requests), len(c.DataRequests), len(c.Events), len(c.Errors)}
	if want := []int{12, 12, 6, 14}; !slices.Equal(got, want) {
		t.Errorf("the numbers of requests, data requests, events and error codes are %v, want %v", got, want)
	}
}

// dataRequests are the requests that can be sent over the data channel.
var dataRequests = []textroom.DataRequest{
	textroom.Allowed{}, textroom.Announcement{}, textroom.Create{}, textroom.Destroy{}, textroom.Edit{}, textroom.Exists{},
	textroom.Join{}, textroom.Kick{}, textroom.Leave{}, textroom.List{}, textroom.ListParticipants{}, textroom.Message{},
}

// errRefused is the error of refuser.
var errRefused = errors.New("refused")

// refuser is a Caller whose calls fail. It keeps the jsep of the last one.
type refuser struct{ jsep any }

func (r *refuser) Call(_ context.Context, _, jsep any) (*janus.EventMsg, error) {
	r.jsep = jsep
	return nil, errRefused
}

// eachMethod calls f for each method of the Client, with its request struct or
// nil if it has none.
func eachMethod(f func(method reflect.Method, request reflect.Type)) {
	client := reflect.TypeFor[*textroom.Client]()
	for i := range client.NumMethod() {
		method, request := client.Method(i), reflect.Type(nil)
		if n := method.Type.NumIn(); method.Type.In(n-1).Kind() == reflect.Struct {
			request = method.Type.In(n - 1)
		}
		f(method, request)
	}
}

// send calls a method of the Client with the given arguments and returns the
// request that it sent.
func send(t *testing.T, method reflect.Method, args ...any) plugtest.Recorded {
	t.Helper()
	caller := new(refuser)
	recorder := &plugtest.Recorder{Caller: caller}
	in := []reflect.Value{reflect.ValueOf(textroom.On(recorder)), reflect.ValueOf(t.Context())}
	for _, arg := range args {
		in = append(in, reflect.ValueOf(arg))
	}
	results := method.Func.Call(in)
	err, _ := results[len(results)-1].Interface().(error)
	call := recorder.Last(t)
	if want := "textroom: " + call.Request + ": refused"; !errors.Is(err, errRefused) || err.Error() != want {
		t.Errorf("%s returned %v, want %s", method.Name, err, want)
	}
	if (caller.jsep != nil) != (method.Name == "Ack") {
		t.Errorf("%s sends the jsep %v", method.Name, caller.jsep)
	}
	return call
}

func TestEachMethodSendsItsRequest(t *testing.T) {
	var names []string
	eachMethod(func(method reflect.Method, request reflect.Type) {
		var args []any
		if request != nil {
			args = append(args, reflect.Zero(request).Interface())
		} else if method.Name == "Ack" {
			args = append(args, janus.JSEP{Type: "answer"})
		}
		call := send(t, method, args...)
		if call.Request != strings.ToLower(method.Name) || request != nil && request.Name() != method.Name {
			t.Errorf("%s sends %s, of a %v", method.Name, call.Request, request)
		}
		for name, value := range call.Body {
			if value == nil {
				t.Errorf("%s sends null as %s", method.Name, name)
			}
		}
		names = append(names, call.Request)
	})
	if want := readCoverage(t).Requests; !slices.Equal(names, want) {
		t.Errorf("the methods send %v, want %v", names, want)
	}
}

// hush is what plugtest.Fill sets strings to.
const hush = "text"

func TestRequestsSendAllTheirFields(t *testing.T) {
	eachMethod(func(method reflect.Method, request reflect.Type) {
		if request == nil {
			return
		}
		body := send(t, method, filled(request)).Body
		checkSent(t, request, body)
	})
}

func TestDataRequestsSendAllTheirFields(t *testing.T) {
	var names []string
	for _, q := range dataRequests {
		kind := reflect.TypeOf(q)
		text, err := textroom.MarshalData("t1", filled(kind).(textroom.DataRequest))
		var body map[string]any
		if err == nil {
			err = json.Unmarshal(text, &body)
		}
		if err != nil {
			t.Errorf("%T: %v", q, err)
			continue
		}
		checkSent(t, kind, body)
		if body["transaction"] != "t1" || body["textroom"] != strings.ToLower(kind.Name()) || body["request"] != nil {
			t.Errorf("%T sends %s", q, text)
		}
		names = append(names, fmt.Sprint(body["textroom"]))
	}
	if want := readCoverage(t).DataRequests; !slices.Equal(names, want) {
		t.Errorf("the data requests are %v, want %v", names, want)
	}
}

// filled returns a request with all its fields set.
func filled(request reflect.Type) any {
	q := reflect.New(request)
	plugtest.Fill(q.Interface())
	q.Elem().FieldByName("Extra").Set(reflect.ValueOf(map[string]any{"further": true}))
	return q.Elem().Interface()
}

// checkSent fails the test if a JSON object lacks a field of a request.
func checkSent(t *testing.T, request reflect.Type, body map[string]any) {
	t.Helper()
	for i := range request.NumField() {
		name, _, _ := strings.Cut(request.Field(i).Tag.Get("json"), ",")
		if name != "-" && body[name] == nil {
			t.Errorf("%v is sent without %s", request, name)
		}
	}
	if body["further"] != true {
		t.Errorf("%v is sent without Extra", request)
	}
}

// A field that zero does not leave out, or that zero leaves out although it has
// a meaning, changes the request silently.
func TestZeroFields(t *testing.T) {
	for _, test := range []struct {
		request textroom.DataRequest
		want    string
	}{
		{textroom.List{}, `{"textroom":"list","transaction":"t1"}`},
		{textroom.Create{}, `{"textroom":"create","transaction":"t1"}`},
		{textroom.Create{Allowed: []string{}}, `{"textroom":"create","transaction":"t1","allowed":[]}`},
		{textroom.Edit{NewIsPrivate: ptr(false)}, `{"textroom":"edit","transaction":"t1","room":0,"new_is_private":false}`},
		{textroom.Allowed{}, `{"textroom":"allowed","transaction":"t1","room":0,"action":""}`},
		{textroom.Kick{}, `{"textroom":"kick","transaction":"t1","room":0,"username":""}`},
		{textroom.Announcement{}, `{"textroom":"announcement","transaction":"t1","room":0,"text":""}`},
		{textroom.Join{Room: plugin.Str("a"), History: ptr(false)}, `{"textroom":"join","transaction":"t1","room":"a","username":"","history":false}`},
		{textroom.Leave{}, `{"textroom":"leave","transaction":"t1","room":0}`},
		{textroom.Message{Ack: ptr(false)}, `{"textroom":"message","transaction":"t1","room":0,"text":"","ack":false}`},
	} {
		if got, err := textroom.MarshalData("t1", test.request); err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v; want %s", test.request, got, err, test.want)
		}
	}
}

func TestMarshalDataErrors(t *testing.T) {
	text, err := textroom.MarshalData("t1", textroom.Leave{Extra: map[string]any{"further": func() {}}})
	if err == nil {
		t.Errorf("a function became %s", text)
	}
	if text, err := textroom.MarshalData(`"`, textroom.List{}); string(text) != `{"textroom":"list","transaction":"\""}` {
		t.Errorf("a quote as the transaction: %s, %v", text, err)
	}
}

// public are the string fields of requests that may be printed.
var public = []string{
	"Room", "Description", "NewDescription", "Post", "NewPost", "Action", "Username", "Text", "Display", "To", "Tos", "Extra",
}

func TestRequestsHideTheirSecrets(t *testing.T) {
	for _, zero := range dataRequests {
		q := reflect.New(reflect.TypeOf(zero))
		plugtest.Fill(q.Interface())
		for _, name := range public {
			if field := q.Elem().FieldByName(name); field.IsValid() {
				field.SetZero()
			}
		}
		for _, format := range []string{"%v", "%+v", "%s"} {
			text := fmt.Sprintf(format, q.Elem().Interface())
			if strings.Contains(strings.ReplaceAll(text, `"text":`, ""), hush) {
				t.Errorf("%s of %T is %s", format, zero, text)
			}
		}
	}
}

func TestErrorCodes(t *testing.T) {
	codes := []textroom.ErrorCode{
		textroom.ErrorNoMessage, textroom.ErrorInvalidJSON, textroom.ErrorMissingElement, textroom.ErrorInvalidElement,
		textroom.ErrorInvalidRequest, textroom.ErrorAlreadySetup, textroom.ErrorNoSuchRoom, textroom.ErrorRoomExists,
		textroom.ErrorUnauthorized, textroom.ErrorUsernameExists, textroom.ErrorAlreadyInRoom, textroom.ErrorNotInRoom,
		textroom.ErrorNoSuchUser, textroom.ErrorUnknownError,
	}
	var numbers []int
	for _, code := range codes {
		numbers = append(numbers, int(code))
		if err := error(&janus.PluginError{Plugin: textroom.Name, Code: int(code)}); !errors.Is(err, code) {
			t.Errorf("an error %d does not match its code", int(code))
		}
		if other := error(&janus.PluginError{Plugin: "janus.plugin.echotest", Code: int(code)}); errors.Is(other, code) {
			t.Errorf("an error of another plugin matches %v", code)
		}
	}
	if want := readCoverage(t).Errors; !slices.Equal(numbers, want) {
		t.Errorf("the codes are %v, want %v", numbers, want)
	}
	if text := textroom.ErrorNoSuchRoom.Error(); text != "janus.plugin.textroom: error 417" {
		t.Errorf("the text is %s", text)
	}
}
