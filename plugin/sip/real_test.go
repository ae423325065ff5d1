package sip_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin/sip"
)

func typeName(v any) string { return reflect.TypeOf(v).String() }

// Two accounts of one Janus call each other without a registrar.
func TestRealCall(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l := newLab(ctx, t)
	alice, bob := l.phone(ctx), l.phone(ctx)
	alice.register(ctx, sip.Register{
		Username: "sip:alice@127.0.0.1", Type: sip.TypeGuest, DisplayName: "Alice", UserAgent: "test",
		IncomingHeaderPrefixes: []string{"X-"}, ForceUDP: true, Extra: map[string]any{"unheard_of": true},
	})
	registered := as[*sip.Registered](t, bob.register(ctx, sip.Register{
		Username: "sip:bob@127.0.0.1", Secret: "secret", SendRegister: new(bool), IncomingHeaderPrefixes: []string{"X-"},
	}))
	if registered.RegisterSent || registered.Username != "bob" || registered.MasterID == 0 {
		t.Errorf("registered as %+v", registered)
	}
	if (registered.UniqueID != "") != l.AtLeast(1, 4, 0) {
		t.Errorf("the unique id is %q on %s", registered.UniqueID, l.Version())
	}
	uri := fmt.Sprintf("sip:bob@127.0.0.1:%d", bob.port)

	calling := must(alice.Call(ctx, sip.Call{
		URI: uri, CallID: "our-call", Headers: sip.Headers{"X-Foo": "bar"}, SRTP: sip.SDESOptional, SRTPProfile: sip.AES128SHA1_32,
		AutoacceptReinvites: new(bool), Secret: "secret", AuthUser: "alice",
	}, offer()))(t)
	if calling.CallID != "our-call" {
		t.Errorf("the Call-ID is %q", calling.CallID)
	}
	incoming := await[sip.IncomingCall](ctx, bob)
	if incoming.CallID != "our-call" || incoming.Username != "sip:alice@127.0.0.1" || incoming.Callee != uri || incoming.DisplayName != `"Alice"` ||
		incoming.Headers["X-Foo"] != "bar" || incoming.SRTP != sip.SDESOptional || incoming.JSEP.Type != "offer" {
		t.Errorf("the incoming call is %+v", incoming)
	}
	ringing := await[sip.Ringing](ctx, alice)
	if ringing.Transaction != calling.Transaction {
		t.Errorf("the transaction of an event of the call is %q, want %q as of the request", ringing.Transaction, calling.Transaction)
	}
	if l.AtLeast(1, 3, 1) {
		progressed := must(bob.Progress(ctx, sip.Progress{
			SRTP: sip.SDESOptional, SRTPProfile: sip.AES128SHA1_80, Headers: sip.Headers{"X-P": "1"}, AutoacceptReinvites: new(bool),
		}, answer()))(t)
		as[*sip.Progressed](t, progressed)
		if progressing := await[sip.Progressing](ctx, alice); progressing.JSEP == nil || progressing.Headers["X-P"] != "1" {
			t.Errorf("the early media are %+v", progressing)
		}
	}
	accepted := must(bob.Accept(ctx, sip.Accept{
		SRTP: sip.SDESOptional, SRTPProfile: sip.AES128SHA1_80, Headers: sip.Headers{"X-A": "1"}, AutoacceptReinvites: new(bool),
	}, answer()))(t)
	as[*sip.Accepted](t, accepted)
	if peer := await[sip.Accepted](ctx, alice); peer.Username != uri || peer.Headers["X-A"] != "1" || (peer.JSEP == nil) != l.AtLeast(1, 3, 1) {
		t.Errorf("the callee has accepted: %+v", peer)
	}

	testRealMessages(ctx, t, alice, bob)
	testRealMedia(ctx, t, alice)
	testRealUpdates(ctx, t, alice, bob)
	testRealTransfers(ctx, t, alice, bob)

	must(alice.Hangup(ctx, sip.Hangup{Headers: sip.Headers{"X-Bye": "now"}}))(t)
	hungup := bob.ended(ctx, nil)
	if hungup.CallID != "our-call" || hungup.Code != 200 || (hungup.Headers["X-Bye"] != "") != l.AtLeast(1, 3, 3) {
		t.Errorf("the call has ended: %+v", hungup)
	}
	alice.ended(ctx, nil)
	must(alice.Reset(ctx))(t)

	testRealClosed(ctx, t, l)
	testRealDeclined(ctx, t, l)
	checkFields(t, l)
}

func testRealMessages(ctx context.Context, t *testing.T, alice, bob *phone) {
	must(alice.Info(ctx, sip.Info{Type: "text/x", Content: "hello", Headers: sip.Headers{"X-I": "1"}}))(t)
	if info := await[sip.InfoReceived](ctx, bob); info.Type != "text/x" || info.Content != "hello" || info.Headers["X-I"] != "1" {
		t.Errorf("the INFO is %+v", info)
	}
	must(alice.DTMFInfo(ctx, sip.DTMFInfo{Digit: "#", Duration: 200, Headers: sip.Headers{"X-D": "1"}}))(t)
	if info := await[sip.InfoReceived](ctx, bob); info.Content != "Signal=#\r\nDuration=200" {
		t.Errorf("the tone is %+v", info)
	}
	sent := must(alice.Message(ctx, sip.Message{Content: "hello", ContentType: "text/x", Headers: sip.Headers{"X-M": "1"}}))(t)
	if message := await[sip.MessageReceived](ctx, bob); message.Content != "hello" || message.ContentType != "text/x" || message.Headers["X-M"] != "1" {
		t.Errorf("the MESSAGE is %+v", message)
	}
	if delivery := await[sip.MessageDelivery](ctx, alice); delivery.Code != 200 || delivery.CallID != sent.CallID {
		t.Errorf("the delivery is %+v", delivery)
	}

	// Outside the call, while there is one.
	sent = must(alice.Message(ctx, sip.Message{Content: "aside", URI: fmt.Sprintf("sip:bob@127.0.0.1:%d", bob.port), CallID: "our-message"}))(t)
	if sent.CallID != "our-message" {
		t.Errorf("the Call-ID of the message is %q", sent.CallID)
	}
	if delivery := await[sip.MessageDelivery](ctx, alice); delivery.CallID != "our-message" {
		t.Errorf("the delivery is %+v", delivery)
	}
}

func testRealMedia(ctx context.Context, t *testing.T, alice *phone) {
	recording := sip.Recording{Audio: true, Video: true, PeerAudio: true, PeerVideo: true, SendPeerPLI: true, Filename: alice.lab.Dir() + "/recordings/call"}
	for _, recording.Action = range []sip.RecordingAction{sip.StartRecording, sip.PauseRecording, sip.ResumeRecording, sip.StopRecording} {
		must(alice.Recording(ctx, recording))(t)
	}
	if !alice.lab.AtLeast(1, 4, 0) {
		_, err := alice.ListForwarders(ctx)
		if !errors.Is(err, sip.ErrorInvalidRequest) {
			t.Errorf("the error of a request that Janus does not know is %v", err)
		}
		return
	}
	must(alice.Keyframe(ctx, sip.Keyframe{User: true, Peer: true}))(t)
	made := must(alice.RTPForward(ctx, sip.RTPForward{Streams: []sip.ForwardStream{
		{
			Type: sip.Audio, Host: "127.0.0.1", Port: 9, HostFamily: sip.IPv4, SSRC: 1 << 31, PT: 100,
			SRTPSuite: 32, SRTPCrypto: "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw",
		},
		{Type: sip.PeerVideo, Host: "::1", Port: 9, HostFamily: sip.IPv6},
	}}))(t)
	if len(made.Forwarders) != 2 || made.Forwarders[0] != (sip.Forwarder{
		StreamID: made.Forwarders[0].StreamID, Type: sip.Audio, Host: "127.0.0.1", Port: 9, Media: "audio", PT: 100, SSRC: 1 << 31, SRTP: true,
	}) {
		t.Fatalf("the forwarders are %+v", made.Forwarders)
	}
	if listed := must(alice.ListForwarders(ctx))(t); len(listed.Forwarders) != 2 {
		t.Errorf("the forwarders are %+v", listed.Forwarders)
	}
	id := made.Forwarders[1].StreamID
	if stopped := must(alice.StopRTPForward(ctx, sip.StopRTPForward{StreamID: id}))(t); stopped.StreamID != id {
		t.Errorf("the forwarder that stopped is %d, want %d", stopped.StreamID, id)
	}
	if _, err := alice.StopRTPForward(ctx, sip.StopRTPForward{StreamID: id}); !errors.Is(err, sip.ErrorNoSuchStream) {
		t.Errorf("the error of a second stop is %v", err)
	}
	if _, err := alice.RTPForward(ctx, sip.RTPForward{}); !errors.Is(err, sip.ErrorMissingElement) {
		t.Errorf("the error of no streams is %v", err)
	}
}

func testRealUpdates(ctx context.Context, t *testing.T, alice, bob *phone) {
	respond := func() {
		t.Helper()
		if updating := await[sip.UpdatingCall](ctx, bob); updating.JSEP == nil || updating.CallID != "our-call" {
			t.Errorf("the call is changed: %+v", updating)
		}
		as[*sip.Updated](t, must(bob.Update(ctx, update(answer())))(t))
	}
	again(ctx, t, func(ctx context.Context) (*sip.Holding, error) {
		return alice.Hold(ctx, sip.Hold{Direction: sip.Inactive, Headers: sip.Headers{"X-H": "1"}})
	})
	respond()
	again(ctx, t, func(ctx context.Context) (*sip.Resuming, error) {
		return alice.Unhold(ctx, sip.Unhold{Headers: sip.Headers{"X-H": "0"}})
	})
	respond()
	updating := againWrong(ctx, t, func() (sip.Event, error) { return alice.Update(ctx, update(offer())) })
	as[*sip.Updating](t, updating)
	respond()
	if accepted := await[sip.Accepted](ctx, alice); accepted.JSEP == nil {
		t.Errorf("the change is accepted: %+v", accepted)
	}
}

// againWrong repeats a request that Janus refuses while a change of the call is
// under way.
func againWrong(ctx context.Context, t *testing.T, ask func() (sip.Event, error)) sip.Event {
	t.Helper()
	for {
		event, err := ask()
		if err == nil {
			return event
		}
		if !errors.Is(err, sip.ErrorWrongState) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// The one who is asked to call another has a helper for that call.
func testRealTransfers(ctx context.Context, t *testing.T, alice, bob *phone) {
	carol, helper := alice.lab.phone(ctx), alice.lab.phone(ctx)
	carol.register(ctx, sip.Register{Username: "sip:carol@127.0.0.1", Type: sip.TypeGuest, AutomaticRinging: new(bool)})
	master := as[*sip.Registered](t, parse(t, bob.recorder.Calls()[0].Answer))
	registered := must(helper.RegisterHelper(ctx, sip.RegisterHelper{MasterID: master.MasterID, Username: "sip:bob@127.0.0.1", IncomingHeaderPrefixes: []string{"X-"}}))(t)
	if !registered.Helper || registered.MasterID != master.MasterID {
		t.Errorf("registered as %+v", registered)
	}
	target := fmt.Sprintf("sip:carol@127.0.0.1:%d", carol.port)
	must(alice.Transfer(ctx, sip.Transfer{URI: target}))(t)
	asked := await[sip.TransferRequested](ctx, bob)
	if asked.ReferTo != target || !strings.Contains(asked.ReferredBy, "sip:alice@") {
		t.Errorf("the transfer is %+v", asked)
	}
	declining := must(bob.Decline(ctx, sip.Decline{Code: 404, ReferID: asked.ReferID, Headers: sip.Headers{"X-D": "1"}}))(t)
	if declining.Code != 404 || declining.ReferID != asked.ReferID {
		t.Errorf("declined: %+v", declining)
	}
	for {
		notify := await[sip.Notify](ctx, alice)
		if strings.Contains(notify.Content, "404") && notify.Notify == "refer" && notify.ContentType == "message/sipfrag" && notify.Substate == "terminated" {
			break
		}
	}

	must(alice.Transfer(ctx, sip.Transfer{URI: target, Replace: "our-call"}))(t)
	asked = await[sip.TransferRequested](ctx, bob)
	if asked.Replaces != "our-call" {
		t.Errorf("the transfer replaces %q", asked.Replaces)
	}
	calling := must(helper.Call(ctx, sip.Call{URI: asked.ReferTo, ReferID: asked.ReferID, HA1Secret: "0123456789abcdef0123456789abcdef"}, offer()))(t)
	if incoming := await[sip.IncomingCall](ctx, carol); incoming.CallID != calling.CallID || incoming.Replaces != "our-call" || incoming.ReferredBy == "" {
		t.Errorf("the call of the transfer is %+v", incoming)
	}
	carol.ring(ctx, helper)
	must(carol.Decline(ctx, sip.Decline{}))(t)
	helper.ended(ctx, nil)
	must(helper.Unregister(ctx))(t)

	_, err := alice.Transfer(ctx, sip.Transfer{URI: target, Replace: "no call"})
	if !errors.Is(err, sip.ErrorNoSuchCallID) {
		t.Errorf("the error of a transfer to no call is %v", err)
	}
}

// The end of the PeerConnection ends the call.
func testRealClosed(ctx context.Context, t *testing.T, l *lab) {
	alice, bob, _ := ring(ctx, l)
	must(bob.Accept(ctx, sip.Accept{}, answer()))(t)
	await[sip.Accepted](ctx, alice)
	must(bob.handle.Hangup(ctx, ""))(t)
	if hanging := await[sip.HangingUp](ctx, bob); hanging.Transaction != "" {
		t.Errorf("an event that nobody asked for has the transaction %q", hanging.Transaction)
	}
	alice.ended(ctx, nil)
}

func testRealDeclined(ctx context.Context, t *testing.T, l *lab) {
	alice, bob, calling := ring(ctx, l)
	declining := must(bob.Decline(ctx, sip.Decline{Code: 480, Headers: sip.Headers{"X-No": "1"}}))(t)
	if declining.Code != 480 || declining.CallID != calling.CallID {
		t.Errorf("declined: %+v", declining)
	}
	if hungup := alice.ended(ctx, nil); hungup.Code != 480 || hungup.CallID != calling.CallID {
		t.Errorf("the call has ended: %+v", hungup)
	}
}

// ring returns a new phone whose call makes another new phone ring.
func ring(ctx context.Context, l *lab) (caller, callee *phone, calling *sip.Calling) {
	l.t.Helper()
	caller, callee = l.phone(ctx), l.phone(ctx)
	for _, p := range []*phone{caller, callee} {
		p.register(ctx, sip.Register{Username: "sip:guest@127.0.0.1", Type: sip.TypeGuest})
	}
	calling = must(caller.Call(ctx, sip.Call{URI: fmt.Sprintf("sip:guest@127.0.0.1:%d", callee.port)}, offer()))(l.t)
	await[sip.IncomingCall](ctx, callee)
	await[sip.Ringing](ctx, caller) // Janus loses an answer that comes before it
	return caller, callee, calling
}

// ring makes the phone of a caller ring. Janus does nothing if it is asked to
// just after the call has come in.
func (p *phone) ring(ctx context.Context, caller *phone) {
	p.lab.t.Helper()
	if !p.lab.AtLeast(1, 3, 3) {
		await[sip.Ringing](ctx, caller)
		return
	}
	ringing := make(chan struct{})
	go func() {
		defer close(ringing)
		await[sip.Ringing](ctx, caller)
	}()
	for {
		must(p.SendRinging(ctx))(p.lab.t)
		select {
		case <-ringing:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var _ = net.IPv4
var _ = janus.Dial

func checkFields(t *testing.T, l *lab) {}
