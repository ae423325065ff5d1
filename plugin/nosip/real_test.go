package nosip_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin/nosip"
)

// side is a handle of the plugin.
type side struct {
	*nosip.Client
	*plugtest.Recorder
}

// Two handles of a Janus call each other. Every request is sent with every
// field, and nothing of what Janus sends is lost.
func TestReal(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"nosip"}})
	session := plugtest.NewSession(ctx, t, server.URL)
	attach := func() side {
		handle, err := session.Attach(ctx, "", nosip.Name)
		if err != nil {
			t.Fatal(err)
		}
		recorder := &plugtest.Recorder{Caller: handle}
		return side{nosip.On(recorder), recorder}
	}
	caller, callee := attach(), attach()

	offered := must(caller.Generate(ctx, nosip.Generate{
		Info: "the caller", SRTP: nosip.SDESOptional, SRTPProfile: nosip.AES128SHA1_32, Update: true,
	}, offer()))(t)
	if offered.Type != nosip.Offer || !strings.Contains(offered.SDP, "RTP/AVP") || (offered.UniqueID != "") != server.AtLeast(1, 4, 0) {
		t.Errorf("the offer is %+v", offered)
	}
	rung := must(callee.Process(ctx, nosip.Process{
		Type: offered.Type, SDP: offered.SDP, Info: "the callee", SRTP: nosip.SDESOptional, SRTPProfile: nosip.AES128SHA1_32, Extra: map[string]any{"new": 1},
	}))(t)
	if rung.SRTP != nosip.SDESOptional || rung.JSEP == nil || rung.JSEP.Type != "offer" {
		t.Errorf("the offer is processed: %+v", rung)
	}
	answered := must(callee.Generate(ctx, nosip.Generate{}, answer()))(t)
	if answered.Type != nosip.Answer || answered.Update {
		t.Errorf("the answer is %+v", answered)
	}
	connected := must(caller.Process(ctx, nosip.Process{Type: nosip.Answer, SDP: answered.SDP}))(t)
	if connected.JSEP == nil || connected.JSEP.Type != "answer" || connected.Update {
		t.Errorf("the answer is processed: %+v", connected)
	}

	updated := offer()
	updated.Update = true
	changed := must(caller.Generate(ctx, nosip.Generate{}, updated))(t)
	if !changed.Update {
		t.Errorf("the change is %+v", changed)
	}
	if processed := must(callee.Process(ctx, nosip.Process{Type: nosip.Offer, SDP: changed.SDP, Update: true}))(t); !processed.Update {
		t.Errorf("the change is processed: %+v", processed)
	}

	testRealMedia(ctx, t, server, caller)
	testRealErrors(ctx, t, attach())
	must(caller.Hangup(ctx))(t)
	check(t, server, caller, callee)
}

func testRealMedia(ctx context.Context, t *testing.T, server *realjanus.Server, caller side) {
	recording := nosip.Recording{Audio: true, Video: true, PeerAudio: true, PeerVideo: true, Filename: server.Dir() + "/recordings/call"}
	for _, recording.Action = range []nosip.RecordingAction{nosip.StartRecording, nosip.StopRecording} {
		must(caller.Recording(ctx, recording))(t)
	}
	if !server.AtLeast(1, 4, 0) {
		if _, err := caller.ListForwarders(ctx); !errors.Is(err, nosip.ErrorInvalidRequest) {
			t.Errorf("the error of a request that Janus does not know is %v", err)
		}
		return
	}
	must(caller.Keyframe(ctx, nosip.Keyframe{User: true, Peer: true}))(t)
	made := must(caller.RTPForward(ctx, nosip.RTPForward{Streams: []nosip.ForwardStream{
		{
			Type: nosip.Audio, Host: "127.0.0.1", Port: 9, HostFamily: nosip.IPv4, SSRC: 1 << 31, PT: 100,
			SRTPSuite: 32, SRTPCrypto: "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw",
		},
		{Type: nosip.PeerVideo, Host: "::1", Port: 9, HostFamily: nosip.IPv6},
	}}))(t)
	if len(made.Forwarders) != 2 || made.Forwarders[0] != (nosip.Forwarder{
		StreamID: made.Forwarders[0].StreamID, Type: nosip.Audio, Host: "127.0.0.1", Port: 9, Media: "audio", PT: 100, SSRC: 1 << 31, SRTP: true,
	}) {
		t.Fatalf("the forwarders are %+v", made.Forwarders)
	}
	if listed := must(caller.ListForwarders(ctx))(t); len(listed.Forwarders) != 2 {
		t.Errorf("the forwarders are %+v", listed.Forwarders)
	}
	id := made.Forwarders[1].StreamID
	if stopped := must(caller.StopRTPForward(ctx, nosip.StopRTPForward{StreamID: id}))(t); stopped.StreamID != id {
		t.Errorf("the forwarder that stopped is %d, want %d", stopped.StreamID, id)
	}
	if _, err := caller.StopRTPForward(ctx, nosip.StopRTPForward{StreamID: id}); !errors.Is(err, nosip.ErrorNoSuchStream) {
		t.Errorf("the error of a second stop is %v", err)
	}
}

func testRealErrors(ctx context.Context, t *testing.T, s side) {
	plain := lines("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "c=IN IP4 127.0.0.1", "m=audio 9 RTP/AVP 0")
	// In this order: what Janus says of an SDP depends on those before it.
	for _, row := range []struct {
		want nosip.ErrorCode
		ask  func() (nosip.Event, error)
	}{
		{nosip.ErrorMissingSDP, func() (nosip.Event, error) { return s.Generate(ctx, nosip.Generate{}, nil) }},
		{nosip.ErrorInvalidSDP, func() (nosip.Event, error) {
			return s.Process(ctx, nosip.Process{Type: nosip.Offer, SDP: strings.Replace(plain, "audio 9", "audio 0", 1)})
		}},
		{nosip.ErrorTooStrict, func() (nosip.Event, error) {
			return s.Process(ctx, nosip.Process{Type: nosip.Offer, SDP: plain, SRTP: nosip.SDESMandatory})
		}},
		{nosip.ErrorRecordingError, func() (nosip.Event, error) {
			return s.Recording(ctx, nosip.Recording{Action: nosip.StopRecording})
		}},
		{nosip.ErrorInvalidElement, func() (nosip.Event, error) { return s.Recording(ctx, nosip.Recording{Action: "pause"}) }},
	} {
		if event, err := row.ask(); !errors.Is(err, row.want) {
			t.Errorf("got %v and %v, want %v", event, err, row.want)
		}
	}
}

// check checks that every request was sent with every field, as far as this
// version of Janus knows the request, and the answers.
func check(t *testing.T, server *realjanus.Server, sides ...side) {
	sent := map[string]map[string]bool{}
	for _, side := range sides {
		for _, call := range side.Calls() {
			if sent[call.Request] == nil {
				sent[call.Request] = map[string]bool{}
			}
			maps.Copy(sent[call.Request], plugtest.Paths(call.Body))
			if call.Err != nil {
				continue
			}
			event, _ := nosip.Parse(call.Answer)
			checkLossless(t, event)
		}
	}
	for name, request := range requests {
		if since := since[name]; !server.AtLeast(since[0], since[1], since[2]) {
			continue
		}
		if sent[name] == nil {
			t.Errorf("no %s was sent", name)
		}
		for _, field := range strings.Fields(request.fields) {
			if !sent[name][field] {
				t.Errorf("no %s was sent with %s", name, field)
			}
		}
	}
}

// since is the version from which on Janus knows a request, if it is a later one
// than 1.1.2.
var since = map[string][3]int{
	"keyframe": {1, 3, 1}, "rtp_forward": {1, 4, 0}, "stop_rtp_forward": {1, 4, 0}, "listforwarders": {1, 4, 0},
}

// must returns a function that returns v, or ends the test if err is not nil.
func must[V any](v V, err error) func(t *testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// offer and answer are SDPs of a WebRTC peer that will not be connected.
func offer() janus.JSEP  { return janus.JSEP{Type: "offer", SDP: webrtc("actpass")} }
func answer() janus.JSEP { return janus.JSEP{Type: "answer", SDP: webrtc("active")} }

func webrtc(setup string) string {
	transport := func(mid string) string {
		return strings.TrimSuffix(lines("c=IN IP4 0.0.0.0", "a=mid:"+mid, "a=sendrecv", "a=rtcp-mux", "a=setup:"+setup,
			"a=ice-ufrag:ufrag", "a=ice-pwd:passwordpasswordpassword",
			"a=fingerprint:sha-256 "+strings.TrimSuffix(strings.Repeat("AB:", 32), ":")), "\r\n")
	}
	return lines("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE a v",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111", transport("a"), "a=rtpmap:111 opus/48000/2",
		"m=video 9 UDP/TLS/RTP/SAVPF 96", transport("v"), "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack pli")
}

func lines(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n" }
