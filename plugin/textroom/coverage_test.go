package textroom_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// pkg is the package, for the checks.
var pkg = plugtest.Package{
	Name:  textroom.Name,
	On:    func(c plugin.Caller) any { return textroom.On(c) },
	Parse: textroom.Parse,
	Error: func(code int) error { return textroom.ErrorCode(code) },
	Check: func(t testing.TB, event plugin.Event) { plugtest.CheckLossless(t, event, "textroom", "textbridge") },
}

func TestCoverage(t *testing.T) { plugtest.CheckCoverage(t, pkg) }

func TestMethods(t *testing.T) { plugtest.CheckRequests(t, pkg) }

func TestSamples(t *testing.T) { plugtest.CheckSamples(t, pkg) }

func TestRequestsHideTheirSecrets(t *testing.T) {
	plugtest.CheckSecrets(t, pkg,
		"Room", "Description", "NewDescription", "Post", "NewPost", "Action", "Username", "Text")
}

func FuzzParse(f *testing.F) { plugtest.FuzzParse(f, pkg, nil) }

// dataRequests are the requests that can be sent over the data channel.
var dataRequests = []textroom.DataRequest{
	textroom.Allowed{}, textroom.Announcement{}, textroom.Create{}, textroom.Destroy{}, textroom.Edit{}, textroom.Exists{},
	textroom.Join{}, textroom.Kick{}, textroom.Leave{}, textroom.List{}, textroom.ListParticipants{}, textroom.Message{},
}

func TestDataRequestsSendAllTheirFields(t *testing.T) {
	var names []string
	for _, q := range dataRequests {
		kind := reflect.TypeOf(q)
		text, err := textroom.MarshalData("t1", plugtest.Full(kind).Interface().(textroom.DataRequest))
		var body map[string]any
		if err == nil {
			err = json.Unmarshal(text, &body)
		}
		if err != nil {
			t.Errorf("%T: %v", q, err)
			continue
		}
		plugtest.CheckSent(t, kind, body)
		if body["transaction"] != "t1" || body["textroom"] != strings.ToLower(kind.Name()) || body["request"] != nil {
			t.Errorf("%T sends %s", q, text)
		}
		names = append(names, fmt.Sprint(body["textroom"]))
	}
	if want := plugtest.ReadCoverage(t).RequestNames("data"); !slices.Equal(names, want) {
		t.Errorf("the data requests are %v, want %v", names, want)
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
