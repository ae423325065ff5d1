package videocall_test

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
	"github.com/cameronelliott/janus-go/plugin/videocall"
)

// coverage is testdata/coverage.json: everything that the plugin has.
type coverage struct {
	Requests []string `json:"requests"` // values of "request"
	Events   []string `json:"events"`   // types of events that answer no request
	Answers  []string `json:"answers"`  // types of answers
	Errors   []int    `json:"errors"`   // error codes
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
	got := []int{len(c.Requests), len(c.Events), len(c.Answers), len(c.Errors)}
	if want := []int{6, 6, 6, 15}; !slices.Equal(got, want) {
		t.Errorf("the numbers of requests, events, answers and error codes are %v, want %v", got, want)
	}
}

// errRefused is the error of refuser.
var errRefused = errors.New("refused")

// refuser is a Caller whose calls fail. It keeps the jsep of the last one.
type refuser struct{ jsep any }

func (r *refuser) Call(_ context.Context, _, jsep any) (*janus.EventMsg, error) {
	r.jsep = jsep
	return nil, errRefused
}

// Every method sends its request, with every field and the jsep.
func TestRequests(t *testing.T) {
	var names []string
	client := reflect.TypeFor[*videocall.Client]()
	for i := range client.NumMethod() {
		method := client.Method(i)
		caller := new(refuser)
		recorder := &plugtest.Recorder{Caller: caller}
		args := []reflect.Value{reflect.ValueOf(videocall.On(recorder)), reflect.ValueOf(t.Context())}
		want := map[string]bool{"request": true}
		for n := len(args); n < method.Type.NumIn(); n++ {
			in := method.Type.In(n)
			if in.Kind() != reflect.Struct {
				args = append(args, reflect.ValueOf(offer()))
				continue
			}
			if in.Name() != method.Name {
				t.Errorf("%s sends a %v", method.Name, in)
			}
			args = append(args, filled(in, want))
		}
		results := method.Func.Call(args)
		call := recorder.Last(t)
		if err, _ := results[1].Interface().(error); !errors.Is(err, errRefused) || err.Error() != "videocall: "+call.Request+": refused" {
			t.Errorf("%s returned %v", method.Name, err)
		}
		if call.Request != strings.ToLower(method.Name) || !reflect.DeepEqual(plugtest.Paths(call.Body), want) {
			t.Errorf("%s sends %v, want %v", method.Name, call.Body, want)
		}
		if takes := method.Type.In(method.Type.NumIn()-1).Kind() == reflect.Interface && len(args) > 2; takes != (caller.jsep != nil) {
			t.Errorf("%s sends the jsep %v", method.Name, caller.jsep)
		}
		names = append(names, call.Request)
	}
	if want := readCoverage(t).Requests; !slices.Equal(names, want) {
		t.Errorf("the methods send %v, want %v", names, want)
	}
}

// filled returns a request with all its fields set, and adds their names.
func filled(request reflect.Type, names map[string]bool) reflect.Value {
	q := reflect.New(request)
	plugtest.Fill(q.Interface())
	q.Elem().FieldByName("Extra").Set(reflect.ValueOf(map[string]any{"further": true}))
	names["further"] = true
	for i := range request.NumField() {
		if name, _, _ := strings.Cut(request.Field(i).Tag.Get("json"), ","); name != "-" {
			names[name] = true
		}
	}
	return q.Elem()
}

// A field that zero does not leave out, or that zero leaves out although it has
// a meaning, changes the request silently.
func TestZeroFields(t *testing.T) {
	for _, test := range []struct {
		request any
		want    string
	}{
		{videocall.Register{}, `{"username":""}`},
		{videocall.Call{}, `{"username":""}`},
		{videocall.Hangup{}, `{}`},
		{videocall.Set{}, `{}`},
		{
			videocall.Set{Audio: ptr(false), Video: ptr(false), Bitrate: ptr(0), Record: ptr(false), Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0)},
			`{"audio":false,"video":false,"bitrate":0,"record":false,"substream":0,"temporal":0,"fallback":0}`,
		},
	} {
		if got, err := json.Marshal(test.request); err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v; want %s", test.request, got, err, test.want)
		}
	}
}

func TestErrorCodes(t *testing.T) {
	codes := []videocall.ErrorCode{
		videocall.ErrorNoMessage, videocall.ErrorInvalidJSON, videocall.ErrorInvalidRequest, videocall.ErrorRegisterFirst,
		videocall.ErrorInvalidElement, videocall.ErrorMissingElement, videocall.ErrorUsernameTaken,
		videocall.ErrorAlreadyRegistered, videocall.ErrorNoSuchUsername, videocall.ErrorUseEchoTest,
		videocall.ErrorAlreadyInCall, videocall.ErrorNoCall, videocall.ErrorMissingSDP, videocall.ErrorInvalidSDP,
		videocall.ErrorUnknownError,
	}
	var numbers []int
	for _, code := range codes {
		numbers = append(numbers, int(code))
		if err := error(&janus.PluginError{Plugin: videocall.Name, Code: int(code)}); !errors.Is(err, code) {
			t.Errorf("an error %d does not match its code", int(code))
		}
		if other := error(&janus.PluginError{Plugin: "janus.plugin.sip", Code: int(code)}); errors.Is(other, code) {
			t.Errorf("an error of another plugin matches %v", code)
		}
	}
	if want := readCoverage(t).Errors; !slices.Equal(numbers, want) {
		t.Errorf("the codes are %v, want %v", numbers, want)
	}
	if text := videocall.ErrorNoSuchUsername.Error(); text != "janus.plugin.videocall: error 478" {
		t.Errorf("the text is %s", text)
	}
}
