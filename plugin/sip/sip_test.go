package sip_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin/sip"
)

// requests has for each request its fields, as Janus knows them, and the result
// and the type of an answer.
var requests = map[string]struct{ fields, result, answer string }{
	"register": {
		"type send_register force_udp force_tcp sips rfc2543_cancel automatic_ringing username secret ha1_secret authuser " +
			"display_name user_agent headers contact_params master_id refresh incoming_header_prefixes register_ttl proxy outbound_proxy",
		`{"event":"registered"}`, "Registered",
	},
	"unregister":       {"", `{"event":"unregistering"}`, "Unregistering"},
	"subscribe":        {"to event accept subscribe_ttl call_id headers content content_type", `{"event":"subscribing"}`, "Subscribing"},
	"unsubscribe":      {"to event accept subscribe_ttl call_id headers content content_type", `{"event":"unsubscribing"}`, "Unsubscribing"},
	"call":             {"uri headers call_id srtp srtp_profile autoaccept_reinvites refer_id secret ha1_secret authuser", `{"event":"calling"}`, "Calling"},
	"accept":           {"srtp srtp_profile headers autoaccept_reinvites", `{"event":"accepted"}`, "Accepted"},
	"progress":         {"srtp srtp_profile headers autoaccept_reinvites", `{"event":"progressed"}`, "Progressed"},
	"update":           {"", `{"event":"updating"}`, "Updating"},
	"decline":          {"code headers refer_id", `{"event":"declining"}`, "Declining"},
	"transfer":         {"uri replace", `{"event":"transferring"}`, "Transferring"},
	"hold":             {"direction headers", `{"event":"holding"}`, "Holding"},
	"unhold":           {"headers", `{"event":"resuming"}`, "Resuming"},
	"hangup":           {"headers", `{"event":"hangingup"}`, "HangingUp"},
	"recording":        {"action audio video peer_audio peer_video send_peer_pli filename", `{"event":"recordingupdated"}`, "RecordingUpdated"},
	"info":             {"type content headers", `{"event":"infosent"}`, "InfoSent"},
	"message":          {"content_type content uri headers call_id", `{"event":"messagesent"}`, "MessageSent"},
	"dtmf_info":        {"digit duration headers", `{"event":"dtmfsent"}`, "DTMFSent"},
	"send_ringing":     {"", ``, "RingingSent"},
	"keyframe":         {"user peer", `{"event":"keyframesent"}`, "KeyframeSent"},
	"rtp_forward":      {"streams streams.type streams.host streams.host_family streams.port streams.ssrc streams.pt streams.srtp_suite streams.srtp_crypto", `{"event":"rtp_forward"}`, "RTPForwarding"},
	"stop_rtp_forward": {"stream_id", `{"event":"stop_rtp_forward"}`, "RTPForwardStopped"},
	"listforwarders":   {"", `{"event":"forwarders"}`, "Forwarders"},
	"reset":            {"", `{"event":"reset"}`, "Reset"},
}

// reply answers a request with a result.
func reply(r *janustest.Request, result string) {
	data := map[string]any{"sip": "event", "call_id": "c1"}
	if result != "" {
		data["result"] = json.RawMessage(result)
	}
	_ = r.Ack()
	_ = r.Event(data, nil)
}

// Every method sends a request with every field, and returns the answer.
func TestRequests(t *testing.T) {
	recorder := &plugtest.Recorder{Caller: plugtest.Attach(t, sip.Name, func(r *janustest.Request) {
		reply(r, requests[plugtest.RequestName(r)].result)
	})}
	client := reflect.ValueOf(sip.On(recorder))
	sent := map[string]map[string]bool{}
	for i := range client.NumMethod() {
		name := client.Type().Method(i).Name
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for n := 1; n < client.Method(i).Type().NumIn(); n++ {
			param := client.Method(i).Type().In(n)
			arg := reflect.New(param)
			if param.Kind() == reflect.Struct {
				plugtest.Fill(arg.Interface())
			} else {
				arg.Elem().Set(reflect.ValueOf(offer()))
			}
			args = append(args, arg.Elem())
		}
		results := client.Method(i).Call(args)
		if err := results[1].Interface(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if calling, ok := results[0].Interface().(*sip.Calling); ok && (calling.Early != nil || calling.Raw == nil) {
			t.Errorf("%s: the answer is %+v", name, calling)
		}
		call := recorder.Last(t)
		if got := typeName(results[0].Interface()); got != "*sip."+requests[call.Request].answer {
			t.Errorf("%s: the answer is a %s", name, got)
		}
		if sent[call.Request] == nil {
			sent[call.Request] = map[string]bool{}
		}
		maps.Copy(sent[call.Request], plugtest.Paths(call.Body))
	}
	for name, request := range requests {
		want := append(strings.Fields(request.fields), "request")
		if sent[name]["headers"] {
			want = append(want, "headers.text")
		}
		if sent[name]["contact_params"] {
			want = append(want, "contact_params.text")
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(sent[name])); !slices.Equal(got, want) {
			t.Errorf("%s: the fields sent are\n%v, want\n%v", name, got, want)
		}
	}
	if got, want := slices.Sorted(maps.Keys(sent)), plugtest.ReadCoverage(t).RequestNames(""); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the requests sent are %v, want %v", got, want)
	}
}

// What is beside the result is in the fields of the event.
func TestUniqueIDBesideResult(t *testing.T) {
	feed := plugtest.NewFeed(t, sip.Name)
	for _, kind := range []string{"registered", "unregistered"} {
		data := fmt.Sprintf(`{"sip":"event","unique_id":"u1","result":{"event":%q,"username":"alice"}}`, kind)
		event := parse(t, feed.Event(t, sip.Name, []byte(data)))
		if id := reflect.ValueOf(event).Elem().FieldByName("UniqueID").String(); id != "u1" {
			t.Errorf("%s: the unique id is %q", kind, id)
		}
	}
}

// An event of the call may have the transaction of the request and arrive before
// the answer. It is not taken for the answer, and not lost.
func TestEventOvertakesAnswer(t *testing.T) {
	tests := []struct {
		name, early, answer string
	}{
		{"proceeding", `{"event":"proceeding","code":100}`, "*sip.Proceeding"},
		{"hangup", `{"event":"hangup","code":486,"reason":"Busy Here"}`, "*sip.HungUp"},
		{"of a new kind", `{"event":"brand_new"}`, "*plugin.Unknown"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handle := plugtest.Attach(t, sip.Name, func(r *janustest.Request) {
				reply(r, test.early)
				reply(r, `{"event":"calling","call_id":"c1"}`)
			})
			calling, err := sip.On(handle).Call(t.Context(), sip.Call{URI: "sip:bob@example.com"}, offer())
			if err != nil {
				t.Fatal(err)
			}
			if typeName(calling.Early) != test.answer || calling.CallID != "c1" || calling.Raw != nil {
				t.Errorf("the call is %+v with %T", calling, calling.Early)
			}
			if late := as[*sip.Calling](t, parse(t, <-handle.Events)); late.CallID != "c1" || late.Transaction != calling.Transaction || late.Early != nil {
				t.Errorf("the answer is %+v", late)
			}
		})
	}
}

func TestEventOvertakesAccepting(t *testing.T) {
	handle := plugtest.Attach(t, sip.Name, func(r *janustest.Request) {
		reply(r, `{"event":"accepted","username":"sip:bob@example.com"}`)
		reply(r, `{"event":"accepting"}`)
	})
	event, err := sip.On(handle).Accept(t.Context(), sip.Accept{}, offer())
	if err != nil {
		t.Fatal(err)
	}
	if accepted := as[*sip.Accepted](t, event); accepted.Username == "" {
		t.Errorf("accepted: %+v", accepted)
	}
	as[*sip.Accepting](t, parse(t, <-handle.Events))
}

func TestUnexpectedAnswer(t *testing.T) {
	for result, want := range map[string]string{
		`{"event":"ringing"}`:                     "sip: decline: answer not understood: it is a *sip.Ringing",
		`{"event":"declining","code":"unlikely"}`: "sip: decline: answer not understood: json: cannot unmarshal",
	} {
		handle := plugtest.Attach(t, sip.Name, func(r *janustest.Request) { reply(r, result) })
		answer, err := sip.On(handle).Decline(t.Context(), sip.Decline{})
		if answer != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v and %v, want %s", result, answer, err, want)
		}
	}
}

func TestStringHidesSecrets(t *testing.T) {
	for _, q := range []any{
		sip.Register{Username: "sip:alice@example.com", Secret: "hush", HA1Secret: "hush"},
		sip.Call{URI: "sip:bob@example.com", Secret: "hush", HA1Secret: "hush"},
		sip.RTPForward{Streams: []sip.ForwardStream{{Host: "example.com", SRTPCrypto: "hush"}}},
	} {
		for _, format := range []string{"%v", "%+v", "%s"} {
			if text := fmt.Sprintf(format, q); strings.Contains(text, "hush") || !strings.Contains(text, "example.com") {
				t.Errorf("%T with %s: %s", q, format, text)
			}
		}
	}
}

func TestExtra(t *testing.T) {
	var body map[string]any
	handle := plugtest.Attach(t, sip.Name, func(r *janustest.Request) {
		_ = json.Unmarshal(r.Body, &body)
		reply(r, `{"event":"infosent"}`)
	})
	_, err := sip.On(handle).Info(t.Context(), sip.Info{Type: "text/plain", Extra: map[string]any{"new": 1, "content": "replaced"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"request": "info", "type": "text/plain", "content": "replaced", "new": 1.0}
	if !reflect.DeepEqual(body, want) {
		t.Errorf("the request is %v, want %v", body, want)
	}
}

func TestNoStreamsAreNotNull(t *testing.T) {
	var body string
	handle := plugtest.Attach(t, sip.Name, func(r *janustest.Request) {
		body = string(r.Body)
		reply(r, `{"event":"rtp_forward"}`)
	})
	if _, err := sip.On(handle).RTPForward(t.Context(), sip.RTPForward{}); err != nil {
		t.Fatal(err)
	}
	if want := `{"request":"rtp_forward","streams":[]}`; body != want {
		t.Errorf("the request is %s, want %s", body, want)
	}
}

const incoming = `{"sip":"event","result":{"event":"incomingcall","username":"sip:alice@example.com","call_id":"c1","displayname":"Alice",` +
	`"callee":"sip:bob@example.com","headers":{"X-Foo":"bar"},"srtp":"sdes_optional"},"call_id":"c1"}`

// Parse costs little more than decoding the data, and a typed call little more
// than the same call by hand.
func TestAllocations(t *testing.T) {
	plugtest.CheckParseAllocations(t, pkg, incoming, func() any { return new(struct{ Result sip.IncomingCall }) })
	caller := plugtest.Answerer{Answer: plugtest.NewFeed(t, sip.Name).Event(t, sip.Name, []byte(`{"sip":"event","result":{"event":"infosent"}}`))}
	client := sip.On(caller)
	plugtest.CheckCallAllocations(t, caller, map[string]any{"request": "info", "type": "text/plain", "content": "hello"}, func() any { return new(struct{ Result sip.InfoSent }) }, func() error {
		_, err := client.Info(t.Context(), sip.Info{Type: "text/plain", Content: "hello"})
		return err
	})
}
