package plug_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
)

const name = "janus.plugin.test"

// fields are those of a request.
type fields struct {
	Room   plugin.ID `json:"room,omitzero"`
	Secret string    `json:"secret,omitempty"`
}

// answer is an event.
type answer struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

func TestBody(t *testing.T) {
	for what, test := range map[string]struct {
		request plug.Request
		want    string
	}{
		"fields":           {plug.Request{Name: "create", Fields: fields{Room: plugin.Num(1<<53 + 1)}}, `{"request":"create","room":9007199254740993}`},
		"no field is set":  {plug.Request{Name: "create", Fields: fields{}}, `{"request":"create"}`},
		"no fields":        {plug.Request{Name: "leave"}, `{"request":"leave"}`},
		"no name":          {plug.Request{Fields: fields{Secret: "s"}}, `{"secret":"s"}`},
		"neither":          {plug.Request{}, `{}`},
		"extra":            {plug.Request{Name: "create", Fields: fields{Secret: "s"}, Extra: map[string]any{"new": true}}, `{"request":"create","new":true,"secret":"s"}`},
		"extra alone":      {plug.Request{Name: "leave", Extra: map[string]any{"new": 1}}, `{"request":"leave","new":1}`},
		"extra replaces":   {plug.Request{Name: "create", Fields: fields{Room: plugin.Num(1), Secret: "s"}, Extra: map[string]any{"room": "a"}}, `{"request":"create","room":"a","secret":"s"}`},
		"extra keeps ids":  {plug.Request{Name: "create", Fields: fields{Room: plugin.Num(1<<63 - 1)}, Extra: map[string]any{"a": nil}}, `{"request":"create","a":null,"room":9223372036854775807}`},
		"extra is empty":   {plug.Request{Name: "create", Extra: map[string]any{}}, `{"request":"create"}`},
		"special contents": {plug.Request{Name: "create", Fields: fields{Secret: `"<>`}}, `{"request":"create","secret":"\"\u003c\u003e"}`},
	} {
		body, err := test.request.Body()
		if err != nil || string(body) != test.want {
			t.Errorf("%s: got %s, %v; want %s", what, body, err, test.want)
		}
	}
}

func TestBodyThatCannotBeMarshalled(t *testing.T) {
	unsupported := new(json.UnsupportedValueError)
	for what, request := range map[string]plug.Request{
		"fields":               {Fields: map[string]any{"x": math.NaN()}},
		"extra":                {Fields: fields{}, Extra: map[string]any{"x": math.NaN()}},
		"extra without fields": {Extra: map[string]any{"x": math.NaN()}},
	} {
		if body, err := request.Body(); !errors.As(err, &unsupported) {
			t.Errorf("%s: got %s, %v", what, body, err)
		}
	}
	request := plug.Request{Plugin: "test", Name: "create", Fields: func() {}}
	err := plug.Send(t.Context(), caller{}, &request)
	if err == nil || err.Error() != "test: create: marshal request: json: unsupported type: func()" {
		t.Errorf("got %v", err)
	}
}

func TestErrorOfARequestWithoutAName(t *testing.T) {
	err := plug.Send(t.Context(), caller{err: errors.New("refused")}, &plug.Request{Plugin: "test"})
	if err == nil || err.Error() != "test: refused" {
		t.Errorf("got %v", err)
	}
}

// caller answers every request in the same way.
type caller struct {
	answer *janus.EventMsg
	err    error
}

func (c caller) Call(context.Context, any, any) (*janus.EventMsg, error) { return c.answer, c.err }

func TestRequestIsPassedToTheCaller(t *testing.T) {
	recorder := &plugtest.Recorder{Caller: caller{answer: new(janus.EventMsg)}}
	jsep := &janus.JSEP{Type: "offer"}
	seen := &jsepCaller{Caller: recorder}
	request := plug.Request{Name: "join", Fields: fields{Room: plugin.Str("a")}, JSEP: jsep}
	if err := plug.Send(t.Context(), seen, &request); err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"request": "join", "room": "a"}; !reflect.DeepEqual(recorder.Last(t).Body, want) {
		t.Errorf("sent %v, want %v", recorder.Last(t).Body, want)
	}
	if seen.jsep != any(jsep) {
		t.Errorf("the jsep is %v", seen.jsep)
	}
}

// jsepCaller remembers the jsep of the last call.
type jsepCaller struct {
	plugin.Caller
	jsep any
}

func (c *jsepCaller) Call(ctx context.Context, body, jsep any) (*janus.EventMsg, error) {
	c.jsep = jsep
	return c.Caller.Call(ctx, body, jsep)
}

func TestErrorOfACall(t *testing.T) {
	refused := &janus.PluginError{Plugin: name, Code: 485, Reason: "No such room"}
	calls := caller{err: refused}
	request := &plug.Request{Plugin: "test", Name: "exists"}
	_, doErr := plug.Do[answer](t.Context(), calls, request)
	_, askErr := plug.Ask(t.Context(), calls, request, parse)
	for what, err := range map[string]error{"Do": doErr, "Ask": askErr, "Send": plug.Send(t.Context(), calls, request)} {
		got := new(janus.PluginError)
		if !errors.As(err, &got) || got != refused {
			t.Errorf("%s: the error %v does not wrap that of the call", what, err)
		}
		if want := "test: exists: janus.plugin.test: error 485: No such room"; err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", what, err, want)
		}
	}
}

func parse(msg any) (plugin.Event, bool) {
	return plug.Parse(msg, name, func(msg *janus.EventMsg) plugin.Event {
		if plug.Text(msg, "test") == "answer" {
			return new(answer)
		}
		return nil
	})
}

func TestAnswers(t *testing.T) {
	feed := plugtest.NewFeed(t, name)
	msg, ok := feed.Message(t, []byte(`{"janus":"event","transaction":"tx","plugindata":{"plugin":"janus.plugin.test",`+
		`"data":{"test":"answer","room":9007199254740993}},"jsep":{"type":"answer","sdp":"v=0"}}`)).(*janus.EventMsg)
	if !ok {
		t.Fatal("no event")
	}
	request := &plug.Request{Plugin: "test", Name: "join"}
	done, err := plug.Do[answer](t.Context(), caller{answer: msg}, request)
	if err != nil {
		t.Fatal(err)
	}
	event, err := plug.Ask(t.Context(), caller{answer: msg}, request, parse)
	if err != nil {
		t.Fatal(err)
	}
	asked, ok := event.(*answer)
	if !ok {
		t.Fatalf("Ask returned %T", event)
	}
	for what, got := range map[string]*answer{"Do": done, "Ask": asked} {
		if got.Room != plugin.Num(1<<53+1) {
			t.Errorf("%s: the room is %v", what, got.Room)
		}
		if got.Transaction != "tx" || got.JSEP == nil || got.JSEP.SDP != "v=0" ||
			string(got.Raw) != `{"test":"answer","room":9007199254740993}` {
			t.Errorf("%s: the Meta is %+v", what, got.Meta)
		}
	}
}

func TestAnswersThatAreNotUnderstood(t *testing.T) {
	feed := plugtest.NewFeed(t, name)
	request := &plug.Request{Plugin: "test", Name: "join"}
	_, err := plug.Do[answer](t.Context(), caller{answer: feed.Event(t, name, []byte(`{"room":true}`))}, request)
	if err == nil || err.Error() != "test: join: answer not understood: plugin: id true is neither an unsigned integer nor a string" {
		t.Errorf("Do returned %v", err)
	}
	_, err = plug.Do[answer](t.Context(), caller{answer: new(janus.EventMsg)}, request)
	if err == nil || err.Error() != "test: join: answer not understood: no data" {
		t.Errorf("Do returned %v", err)
	}
	_, err = plug.Ask(t.Context(), caller{answer: feed.Event(t, "janus.plugin.other", []byte(`{}`))}, request, parse)
	if err == nil || err.Error() != `test: join: the answer is of plugin "janus.plugin.other"` {
		t.Errorf("Ask returned %v", err)
	}
}

func TestParse(t *testing.T) {
	feed := plugtest.NewFeed(t, name)
	for data, want := range map[string]plugin.Event{
		`{"test":"answer","room":1}`:  new(answer),
		`{"test":"answer"}`:           new(answer),
		`{"test":"news"}`:             new(plugin.Unknown),
		`{"test":1}`:                  new(plugin.Unknown),
		`{}`:                          new(plugin.Unknown),
		`{"test":"answer","room":-1}`: new(plugin.Unknown),
		`{"test":"answer","error_code":7,"error":"no"}`: new(plugin.Failure),
	} {
		event, ok := parse(feed.Event(t, name, []byte(data)))
		if !ok || reflect.TypeOf(event) != reflect.TypeOf(want) {
			t.Errorf("%s became %T, %v; want %T", data, event, ok, want)
			continue
		}
		if string(event.EventMeta().Raw) != data {
			t.Errorf("%s: Raw is %s", data, event.EventMeta().Raw)
		}
	}
}

func TestParseSaysWhyDecodingFailed(t *testing.T) {
	feed := plugtest.NewFeed(t, name)
	event, _ := parse(feed.Event(t, name, []byte(`{"test":"answer","room":-1}`)))
	if unknown, ok := event.(*plugin.Unknown); !ok || unknown.Err == nil {
		t.Errorf("got %+v, want an error", event)
	}
	event, _ = parse(feed.Event(t, name, []byte(`{"test":"news"}`)))
	if unknown, ok := event.(*plugin.Unknown); !ok || unknown.Err != nil {
		t.Errorf("got %+v, want no error", event)
	}
	event, _ = parse(feed.Event(t, name, []byte(`{"error_code":7,"error":"no"}`)))
	if failure, ok := event.(*plugin.Failure); !ok || *failure.Err != (janus.PluginError{Plugin: name, Code: 7, Reason: "no"}) {
		t.Errorf("got %+v", event)
	}
}

func TestParsePassesOverOtherMessages(t *testing.T) {
	for _, msg := range []any{
		nil, "text", new(janus.WebRTCUpMsg), (*janus.EventMsg)(nil), new(janus.EventMsg),
		&janus.EventMsg{Plugindata: janus.PluginData{Plugin: "janus.plugin.other"}},
	} {
		if event, ok := parse(msg); ok || event != nil {
			t.Errorf("%T became %T", msg, event)
		}
	}
}

func TestHasAndText(t *testing.T) {
	msg := &janus.EventMsg{Plugindata: janus.PluginData{Data: map[string]any{"a": "b", "n": 1.0, "null": nil}}}
	if !plug.Has(msg, "a") || !plug.Has(msg, "null") || plug.Has(msg, "b") || plug.Has(new(janus.EventMsg), "a") {
		t.Error("Has is wrong")
	}
	if plug.Text(msg, "a") != "b" || plug.Text(msg, "n") != "" || plug.Text(msg, "b") != "" {
		t.Error("Text is wrong")
	}
}

func TestStringMasksSecrets(t *testing.T) {
	got := plug.String(fields{Room: plugin.Num(5), Secret: "hush"})
	if want := `{"room":5,"secret":"***"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := plug.String(math.NaN()); got != "(json: unsupported value: NaN)" {
		t.Errorf("got %s", got)
	}
}
