package nosip_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/nosip"
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

// reply answers a request with a result.
func reply(r *janustest.Request, result string) {
	_ = r.Ack()
	_ = r.Event(map[string]any{"nosip": "event", "result": json.RawMessage(result)}, nil)
}

// Every method sends a request with every field, and returns the answer.
func TestRequests(t *testing.T) {
	recorder := &plugtest.Recorder{Caller: plugtest.Attach(t, nosip.Name, func(r *janustest.Request) {
		reply(r, requests[plugtest.RequestName(r)].result)
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
	if got, want := slices.Sorted(maps.Keys(sent)), plugtest.ReadCoverage(t).RequestNames(""); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the requests sent are %v, want %v", got, want)
	}
}

// checkLossless fails the test if event does not hold all that Janus sent.
func checkLossless(t testing.TB, event plugin.Event) {
	t.Helper()
	plugtest.CheckResultLossless(t, event, ".nosip", ".result.event")
}

func TestUnexpectedAnswer(t *testing.T) {
	handle := plugtest.Attach(t, nosip.Name, func(r *janustest.Request) { reply(r, `{"event":"processed"}`) })
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
	handle := plugtest.Attach(t, nosip.Name, func(r *janustest.Request) {
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

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, generated, func() any { return new(struct{ Result nosip.Generated }) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, nosip.Name).Event(t, nosip.Name, []byte(generated))}
	client := nosip.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"request": "generate", "info": "hello"}, func() any { return new(struct{ Result nosip.Generated }) }, func() error {
		_, err := client.Generate(t.Context(), nosip.Generate{Info: "hello"}, nil)
		return err
	})
}
