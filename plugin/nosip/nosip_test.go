package nosip_test

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
	"unicode/utf8"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/nosip"
	"nhooyr.io/websocket"
)

// requests has for each request its fields, as Janus knows them, and the result
// and the type of its answer.
var requests = map[string]struct{ fields, result, answer string }{
	"generate":         {"info srtp srtp_profile update", `{"event":"generated"}`, "Generated"},
	"process":          {"type sdp info srtp srtp_profile update", `{"event":"processed"}`, "Processed"},
	"hangup":           {"", `{"event":"hangingup"}`, "HangingUp"},
	"recording":        {"action audio video peer_audio peer_video filename", `{"event":"recordingupdated"}`, "RecordingUpdated"},
	"keyframe":         {"user peer", `{"event":"keyframesent"}`, "KeyframeSent"},
	"rtp_forward":      {"streams streams.type streams.host streams.host_family streams.port streams.ssrc streams.pt streams.srtp_suite streams.srtp_crypto", `{"event":"rtp_forward"}`, "RTPForwarding"},
	"stop_rtp_forward": {"stream_id", `{"event":"stop_rtp_forward"}`, "RTPForwardStopped"},
	"listforwarders":   {"", `{"event":"forwarders"}`, "Forwarders"},
}

// attach returns a handle at a stand-in server on which plugin answers.
func attach(t testing.TB, plugin func(r *janustest.Request)) *janus.Handle {
	t.Helper()
	server := janustest.NewServer()
	t.Cleanup(server.Close)
	server.Handle(nosip.Name, janustest.PluginFunc(plugin))
	gateway, group, err := janus.Connect(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = gateway.Close(websocket.StatusNormalClosure, "") // the server may have closed first
		_ = group.Wait()
	})
	session, err := gateway.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.Attach(t.Context(), "", nosip.Name)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

// reply answers a request with a result.
func reply(r *janustest.Request, result string) {
	_ = r.Ack()
	_ = r.Event(map[string]any{"nosip": "event", "result": json.RawMessage(result)}, nil)
}

func requestName(r *janustest.Request) string {
	var body struct{ Request string }
	_ = json.Unmarshal(r.Body, &body)
	return body.Request
}

// Every method sends a request with every field, and returns the answer.
func TestRequests(t *testing.T) {
	recorder := &plugtest.Recorder{Caller: attach(t, func(r *janustest.Request) {
		reply(r, requests[requestName(r)].result)
	})}
	client := reflect.ValueOf(nosip.On(recorder))
	sent := map[string]bool{}
	for i := range client.NumMethod() {
		name := client.Type().Method(i).Name
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for n := 1; n < client.Method(i).Type().NumIn(); n++ {
			arg := reflect.New(client.Method(i).Type().In(n))
			if arg.Elem().Kind() == reflect.Struct {
				plugtest.Fill(arg.Interface())
			} else {
				arg.Elem().Set(reflect.ValueOf(janus.JSEP{Type: "offer", SDP: "v=0"}))
			}
			args = append(args, arg.Elem())
		}
		results := client.Method(i).Call(args)
		if err := results[1].Interface(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		call := recorder.Last(t)
		if got := fmt.Sprintf("%T", results[0].Interface()); got != "*nosip."+requests[call.Request].answer {
			t.Errorf("%s: the answer is a %s", name, got)
		}
		sent[call.Request] = true
		want := slices.Sorted(slices.Values(append(strings.Fields(requests[call.Request].fields), "request")))
		if got := slices.Sorted(maps.Keys(plugtest.Paths(call.Body))); !slices.Equal(got, want) {
			t.Errorf("%s: the fields sent are\n%v, want\n%v", name, got, want)
		}
	}
	if got, want := slices.Sorted(maps.Keys(sent)), coverage(t).Requests; !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the requests sent are %v, want %v", got, want)
	}
}

// coverage is what the documentation says that the package covers.
func coverage(t *testing.T) (c struct {
	Requests, Events, Answers []string
	Errors                    []int
}) {
	t.Helper()
	text, err := os.ReadFile("testdata/coverage.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCounts(t *testing.T) {
	c := coverage(t)
	if len(c.Requests) != 8 || len(c.Events) != 0 || len(c.Answers) != 8 || len(c.Errors) != 13 {
		t.Errorf("there are %d requests, %d events, %d answers and %d errors", len(c.Requests), len(c.Events), len(c.Answers), len(c.Errors))
	}
}

// Each kind of answer has a sample that is decoded into the struct for it, and
// nothing is lost.
func TestParse(t *testing.T) {
	feed := plugtest.NewFeed(t, nosip.Name)
	kinds := map[string]bool{}
	for _, sample := range plugtest.Samples(t) {
		msg := feed.Message(t, sample.Frame)
		event, ok := nosip.Parse(msg)
		if !ok || fmt.Sprintf("%T", event) != sample.Event {
			t.Errorf("%s became %T, want %s", sample.Frame, event, sample.Event)
			continue
		}
		message := msg.(*janus.EventMsg)
		meta := event.EventMeta()
		if string(meta.Raw) != string(message.Plugindata.Raw()) || meta.Transaction != message.Transaction || (meta.JSEP == nil) != (message.Jsep == nil) {
			t.Errorf("the Meta of %s is %+v", sample.Frame, meta)
		}
		switch event.(type) {
		case *plugin.Unknown, *plugin.Failure:
			continue
		}
		checkLossless(t, event)
		kinds[message.Plugindata.Data["result"].(map[string]any)["event"].(string)] = true
	}
	if got, want := slices.Sorted(maps.Keys(kinds)), coverage(t).Answers; !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("there are samples of\n%v, want\n%v", got, want)
	}
	for _, msg := range []any{nil, &janus.HangupMsg{}, (*janus.EventMsg)(nil), &janus.EventMsg{Plugindata: janus.PluginData{Plugin: "janus.plugin.sip"}}} {
		if event, ok := nosip.Parse(msg); ok {
			t.Errorf("%T became %T", msg, event)
		}
	}
}

// whole is an answer with what is beside its result, as Janus sends it.
type whole struct {
	*plugin.Meta
	event nosip.Event
}

func (w whole) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"nosip": "event", "result": w.event})
}

// checkLossless fails the test if event does not hold all that Janus sent.
func checkLossless(t testing.TB, event nosip.Event) {
	t.Helper()
	var data struct{ Result struct{ Event string } }
	_ = json.Unmarshal(event.EventMeta().Raw, &data)
	for _, path := range plugtest.Lost(whole{event.EventMeta(), event}) {
		if path != ".result.event = "+data.Result.Event {
			t.Errorf("%T does not hold %s of %s", event, path, event.EventMeta().Raw)
		}
	}
}

func TestErrors(t *testing.T) {
	var code int
	handle := attach(t, func(r *janustest.Request) {
		_ = r.Ack()
		_ = r.Event(map[string]any{"nosip": "event", "error_code": code, "error": "no"}, nil)
	})
	var numbers []int
	for _, want := range []nosip.ErrorCode{
		nosip.ErrorNoMessage, nosip.ErrorInvalidJSON, nosip.ErrorInvalidRequest, nosip.ErrorMissingElement, nosip.ErrorInvalidElement,
		nosip.ErrorWrongState, nosip.ErrorMissingSDP, nosip.ErrorInvalidSDP, nosip.ErrorIOError, nosip.ErrorRecordingError,
		nosip.ErrorTooStrict, nosip.ErrorNoSuchStream, nosip.ErrorUnknownError,
	} {
		numbers = append(numbers, int(want))
		code = int(want)
		_, err := nosip.On(handle).Hangup(t.Context())
		var failure *janus.PluginError
		if !errors.Is(err, want) || !errors.As(err, &failure) || failure.Reason != "no" || errors.Is(err, nosip.ErrorCode(1)) {
			t.Errorf("the error of code %d is %v", code, err)
		}
		if want.Error() != fmt.Sprintf("janus.plugin.nosip: error %d", code) {
			t.Errorf("the text of the code is %s", want)
		}
	}
	if want := coverage(t).Errors; !slices.Equal(numbers, want) {
		t.Errorf("the codes are %v, want %v", numbers, want)
	}
}

func TestUnexpectedAnswer(t *testing.T) {
	handle := attach(t, func(r *janustest.Request) { reply(r, `{"event":"processed"}`) })
	answer, err := nosip.On(handle).Hangup(t.Context())
	if answer != nil || err == nil || err.Error() != "nosip: hangup: answer not understood: it is a *nosip.Processed" {
		t.Errorf("got %v and %v", answer, err)
	}
}

func TestStringHidesSecrets(t *testing.T) {
	q := nosip.RTPForward{Streams: []nosip.ForwardStream{{Host: "example.com", SRTPCrypto: "hush"}}}
	if text := fmt.Sprintf("%v %+v", q, q); strings.Contains(text, "hush") || !strings.Contains(text, "example.com") {
		t.Error(text)
	}
}

func TestExtra(t *testing.T) {
	var body string
	handle := attach(t, func(r *janustest.Request) {
		body = string(r.Body)
		reply(r, `{"event":"rtp_forward"}`)
	})
	if _, err := nosip.On(handle).RTPForward(t.Context(), nosip.RTPForward{Extra: map[string]any{"new": 1}}); err != nil {
		t.Fatal(err)
	}
	if want := `{"request":"rtp_forward","new":1,"streams":[]}`; body != want {
		t.Errorf("the request is %s, want %s", body, want)
	}
}

const generated = `{"nosip":"event","result":{"event":"generated","type":"offer","sdp":"v=0\r\n","update":true,"unique_id":"u1"}}`

func BenchmarkParse(b *testing.B) {
	msg := plugtest.NewFeed(b, nosip.Name).Event(b, nosip.Name, []byte(generated))
	b.ReportAllocs()
	for b.Loop() {
		nosip.Parse(msg)
	}
}

// BenchmarkUnmarshal is what BenchmarkParse is measured against.
func BenchmarkUnmarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal([]byte(generated), &struct{ Result nosip.Generated }{}); err != nil {
			b.Fatal(err)
		}
	}
}

// A typed request costs little more than the same one by hand.
func TestAllocations(t *testing.T) {
	handle := attach(t, func(r *janustest.Request) { reply(r, `{"event":"generated"}`) })
	ctx, jsep := context.Background(), janus.JSEP{Type: "offer", SDP: "v=0"}
	byHand := testing.AllocsPerRun(100, func() {
		if _, err := handle.Call(ctx, map[string]any{"request": "generate", "info": "hello"}, jsep); err != nil {
			t.Fatal(err)
		}
	})
	gateway := nosip.On(handle)
	typed := testing.AllocsPerRun(100, func() {
		if _, err := gateway.Generate(ctx, nosip.Generate{Info: "hello"}, jsep); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%.0f allocations by hand, %.0f typed", byHand, typed)
	if typed > byHand+25 {
		t.Errorf("a typed call costs %.0f allocations, by hand %.0f", typed, byHand)
	}
}

func FuzzParse(f *testing.F) {
	for _, sample := range plugtest.Samples(f) {
		var frame struct {
			Plugindata struct{ Data json.RawMessage }
		}
		if err := json.Unmarshal(sample.Frame, &frame); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(frame.Plugindata.Data))
	}
	feed := plugtest.NewFeed(f, nosip.Name)
	f.Fuzz(func(t *testing.T, data []byte) {
		var object map[string]json.RawMessage
		if !utf8.Valid(data) || json.Unmarshal(data, &object) != nil || object == nil {
			t.Skip("Janus sends objects only")
		}
		if len(data) > 4096 {
			t.Skip("too deep, perhaps")
		}
		frame := fmt.Appendf(nil, `{"janus":"event","plugindata":{"plugin":%q,"data":%s}}`, nosip.Name, data)
		msg, ok := feed.Message(t, frame).(*janus.EventMsg)
		if !ok {
			t.Skip("a number is out of range")
		}
		event, ok := nosip.Parse(msg)
		if !ok {
			t.Fatalf("%s is not an event of the plugin", data)
		}
		if meta := event.EventMeta(); string(meta.Raw) != string(msg.Plugindata.Raw()) {
			t.Errorf("Raw is %s, want %s", meta.Raw, msg.Plugindata.Raw())
		}
	})
}
