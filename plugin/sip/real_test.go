package sip_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin/sip"
)

func typeName(v any) string { return reflect.TypeOf(v).String() }

// Every request is sent with every field, every kind of event comes, and nothing
// of what Janus sends is lost.
func TestReal(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l := newLab(ctx, t)
	testRealCall(ctx, t, l)
	testRealClosed(ctx, t, l)
	testRealDeclined(ctx, t, l)
	testRealRegistration(ctx, t, l)
	testRealErrors(ctx, t, l)
	l.checkRequests()
	l.checkEvents()
}

// Two accounts of one Janus call each other without a registrar.
func testRealCall(ctx context.Context, t *testing.T, l *lab) {
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
	bob.settled(ctx)
	ringing := await[sip.Ringing](ctx, alice)
	// Janus remembers the transaction only just after it has sent the INVITE.
	if ringing.Transaction != calling.Transaction && ringing.Transaction != "" {
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
	carol.settled(ctx)
	if carol.lab.AtLeast(1, 3, 3) {
		must(carol.SendRinging(ctx))(t)
	}
	await[sip.Ringing](ctx, helper)
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
	// The call may have ended before Janus answers, which then has no Call-ID.
	if declining.Code != 480 || declining.CallID != calling.CallID && declining.CallID != "" {
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
	callee.settled(ctx)
	return caller, callee, calling
}

// An account registers, subscribes and calls at a peer that is not a Janus.
func testRealRegistration(ctx context.Context, t *testing.T, l *lab) {
	peer, carol := newPeer(t), l.phone(ctx)
	account := sip.Register{
		Username: peer.uri("carol"), Secret: "secret", AuthUser: "caroline", UserAgent: "test", Proxy: "sip:" + peer.address(),
		OutboundProxy: "sip:" + peer.address(), RegisterTTL: 60, RFC2543Cancel: true, Headers: sip.Headers{"X-R": "1"},
		ContactParams: map[string]string{"x-p": "1"}, IncomingHeaderPrefixes: []string{"X-"},
	}
	as[*sip.Registering](t, carol.register(ctx, account))
	register := peer.await(ctx, "REGISTER")
	if register.header.Get("X-R") != "1" || register.header.Get("Expires") != "60" || !strings.Contains(register.header.Get("Contact"), "x-p=1") {
		t.Errorf("the REGISTER is %v", register)
	}
	peer.reply(register, "401 Unauthorized", fields{"WWW-Authenticate": `Digest realm="test", nonce="1", algorithm=MD5`}, "")
	if register = peer.confirm(ctx, "60"); !strings.Contains(register.header.Get("Authorization"), `username="caroline"`) {
		t.Errorf("the authentication is %v", register.header)
	}
	if registered := await[sip.Registered](ctx, carol); !registered.RegisterSent || registered.Headers["X-Reg"] != "1" || (registered.UniqueID != "") != l.AtLeast(1, 4, 0) {
		t.Errorf("registered: %+v", registered)
	}

	testRealSubscription(ctx, t, peer, carol)
	testRealEarlyMedia(ctx, t, peer, carol)

	account.Refresh, account.Secret, account.HA1Secret = true, "", "0123456789abcdef0123456789abcdef"
	must(carol.Register(ctx, account))(t)
	peer.confirm(ctx, "60")
	master, helper := await[sip.Registered](ctx, carol), l.phone(ctx)
	must(helper.RegisterHelper(ctx, sip.RegisterHelper{MasterID: master.MasterID}))(t)
	must(carol.Unregister(ctx))(t)
	peer.confirm(ctx, "0")
	if unregistered := await[sip.Unregistered](ctx, carol); unregistered.Username != "carol" {
		t.Errorf("unregistered: %+v", unregistered)
	}
	if _, ok := helper.receive(ctx).(*janus.DetachedMsg); !ok {
		t.Error("the helper was not detached with its account")
	}
	account.Refresh = false
	must(carol.Register(ctx, account))(t)
	peer.reply(peer.await(ctx, "REGISTER"), "403 Forbidden", fields{"X-Reg": "0"}, "")
	if failed := await[sip.RegistrationFailed](ctx, carol); failed.Code != 403 || failed.Reason != "Forbidden" || failed.Headers["X-Reg"] != "0" {
		t.Errorf("the registration failed: %+v", failed)
	}
}

func testRealSubscription(ctx context.Context, t *testing.T, peer *peer, carol *phone) {
	q := sip.Subscribe{
		Event: "presence", To: peer.uri("dave"), Accept: "text/x", SubscribeTTL: 100, CallID: "our-subscription",
		Headers: sip.Headers{"X-S": "1"}, ContentType: "text/x", Content: "hello",
	}
	if subscribing := must(carol.Subscribe(ctx, q))(t); subscribing.CallID != "our-subscription" {
		t.Errorf("subscribing: %+v", subscribing)
	}
	subscribe := peer.await(ctx, "SUBSCRIBE")
	if (subscribe.body == "hello") != carol.lab.AtLeast(1, 4, 0) || subscribe.header.Get("X-S") != "1" || subscribe.header.Get("Expires") != "100" {
		t.Errorf("the SUBSCRIBE is %v", subscribe)
	}
	peer.reply(subscribe, "202 Accepted", fields{"Expires": "100", "X-S": "2"}, "")
	if succeeded := await[sip.SubscribeSucceeded](ctx, carol); succeeded.Code != 202 || *succeeded.Expires != 100 || succeeded.Headers["X-S"] != "2" || succeeded.CallID != "our-subscription" {
		t.Errorf("subscribed: %+v", succeeded)
	}
	peer.request("NOTIFY", answered(subscribe), fields{"Event": "presence", "Subscription-State": "active;expires=100", "Content-Type": "text/x", "X-N": "1"}, "here")
	if notify := await[sip.Notify](ctx, carol); notify.Notify != "presence" || notify.Substate != "active" || notify.ContentType != "text/x" ||
		notify.Content != "here" || notify.Headers["X-N"] != "1" || notify.CallID != "our-subscription" {
		t.Errorf("the notification is %+v", notify)
	}
	must(carol.Unsubscribe(ctx, sip.Unsubscribe(q)))(t)
	peer.reply(peer.await(ctx, "SUBSCRIBE"), "200 OK", fields{"Expires": "0"}, "")
	if ended := await[sip.SubscribeSucceeded](ctx, carol); *ended.Expires != 0 {
		t.Errorf("unsubscribed: %+v", ended)
	}
	must(carol.Subscribe(ctx, sip.Subscribe{Event: "nonsense", To: peer.uri("dave")}))(t)
	peer.reply(peer.await(ctx, "SUBSCRIBE"), "489 Bad Event", fields{"X-S": "3"}, "")
	if failed := await[sip.SubscribeFailed](ctx, carol); failed.Code != 489 || failed.Headers["X-S"] != "3" {
		t.Errorf("the subscription failed: %+v", failed)
	}
}

func testRealEarlyMedia(ctx context.Context, t *testing.T, peer *peer, carol *phone) {
	calling := must(carol.Call(ctx, sip.Call{URI: peer.uri("dave")}, offer()))(t)
	invite := peer.await(ctx, "INVITE")
	media := fields{"Contact": "<" + peer.uri("dave") + ">;isfocus", "Content-Type": "application/sdp"}
	peer.reply(invite, "183 Session Progress", media, peer.sdp())
	if progressing := await[sip.Progressing](ctx, carol); progressing.JSEP == nil || !progressing.IsFocus || progressing.CallID != calling.CallID {
		t.Errorf("the early media are %+v", progressing)
	}
	peer.reply(invite, "200 OK", media, peer.sdp())
	if accepted := await[sip.Accepted](ctx, carol); accepted.JSEP != nil || !accepted.IsFocus || accepted.Username == "" {
		t.Errorf("accepted: %+v", accepted)
	}
	if carol.lab.AtLeast(1, 2, 1) {
		peer.dial(invite)
		if tone := await[sip.DTMF](ctx, carol); tone.Signal != "#" || tone.Duration != 1280 || tone.Sender != peer.uri("dave") {
			t.Errorf("the tone is %+v", tone)
		}
	}
	peer.request("BYE", answered(invite), fields{"Reason": `Q.850;cause=16;text="Normal call clearing"`}, "")
	hungup := carol.ended(ctx, nil)
	if hungup.ReasonHeader != "Normal call clearing" || hungup.ReasonHeaderProtocol != "Q.850" || hungup.ReasonHeaderCause != "16" {
		t.Errorf("the call has ended: %+v", hungup)
	}

	// A call without an offer, to another account so that it is not busy.
	guest := carol.lab.phone(ctx)
	guest.register(ctx, sip.Register{Username: "sip:guest@127.0.0.1", Type: sip.TypeGuest})
	call := dialog{
		to: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: guest.port}, target: fmt.Sprintf("sip:guest@127.0.0.1:%d", guest.port),
		local: "<" + peer.uri("dave") + ">;tag=peer", remote: "<sip:guest@127.0.0.1>", id: "no-offer", number: 1,
	}
	peer.request("INVITE", call, nil, "")
	if incoming := await[sip.IncomingCall](ctx, guest); incoming.JSEP != nil || incoming.CallID != "no-offer" {
		t.Errorf("the call is %+v", incoming)
	}
	peer.await(ctx, "SIP/2.0 180")
	guest.settled(ctx)
	as[*sip.Accepting](t, must(guest.Accept(ctx, sip.Accept{}, offer()))(t))
	ok := peer.await(ctx, "SIP/2.0 200")
	call.remote = ok.header.Get("To")
	peer.request("ACK", call, fields{"Content-Type": "application/sdp"}, peer.sdp())
	if accepted := await[sip.Accepted](ctx, guest); accepted.JSEP == nil || accepted.Username != peer.uri("dave") {
		t.Errorf("accepted: %+v", accepted)
	}

	// Another call meanwhile.
	call.id, call.remote = "another", "<sip:guest@127.0.0.1>"
	peer.request("INVITE", call, nil, "")
	if missed := await[sip.MissedCall](ctx, guest); missed.CallID != "another" || missed.Caller != peer.uri("dave") {
		t.Errorf("the call that was missed is %+v", missed)
	}
}

func testRealErrors(ctx context.Context, t *testing.T, l *lab) {
	alice := l.phone(ctx)
	guest := sip.Register{Username: "sip:alice@127.0.0.1", Type: sip.TypeGuest}
	for _, test := range []struct {
		want sip.ErrorCode
		ask  func() (sip.Event, error)
	}{
		{sip.ErrorWrongState, func() (sip.Event, error) { return alice.Call(ctx, sip.Call{URI: "sip:bob@127.0.0.1"}, offer()) }},
		{sip.ErrorWrongState, func() (sip.Event, error) { return alice.Unregister(ctx) }},
		{sip.ErrorWrongState, func() (sip.Event, error) { return alice.Accept(ctx, sip.Accept{}, answer()) }},
		{0, func() (sip.Event, error) { return alice.Transfer(ctx, sip.Transfer{URI: "sip:bob@127.0.0.1"}) }},
		{0, func() (sip.Event, error) { return alice.DTMFInfo(ctx, sip.DTMFInfo{Digit: "1"}) }},
		{0, func() (sip.Event, error) { return alice.Info(ctx, sip.Info{}) }},
		{0, func() (sip.Event, error) { return alice.Recording(ctx, sip.Recording{Action: sip.StopRecording}) }},
		{0, func() (sip.Event, error) { return alice.Message(ctx, sip.Message{}) }},
		{sip.ErrorMissingElement, func() (sip.Event, error) { return alice.Register(ctx, sip.Register{Username: guest.Username}) }},
		{sip.ErrorInvalidAddress, func() (sip.Event, error) {
			return alice.Register(ctx, sip.Register{Username: "nobody", Type: sip.TypeGuest})
		}},
		{sip.ErrorInvalidElement, func() (sip.Event, error) {
			return alice.Register(ctx, sip.Register{Username: guest.Username, Type: sip.TypeGuest, ForceUDP: true, ForceTCP: true, SIPS: true})
		}},
		{sip.ErrorHelperError, func() (sip.Event, error) { return alice.RegisterHelper(ctx, sip.RegisterHelper{MasterID: 1}) }},
	} {
		if event, err := test.ask(); !errors.Is(err, test.want) {
			t.Errorf("got %T and %v, want %v", event, err, test.want)
		}
	}
	guest.ForceTCP = true
	must(alice.Register(ctx, guest))(t)
	if _, err := alice.Call(ctx, sip.Call{URI: "sip:bob@127.0.0.1"}, nil); !errors.Is(err, sip.ErrorMissingSDP) {
		t.Errorf("the error of a call without an SDP is %v", err)
	}
	// Janus does not answer this one at all.
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := alice.Hangup(short, sip.Hangup{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hanging up without a call: %v", err)
	}
}

// checkRequests checks that every request was sent with every field, as far as
// this version of Janus knows the request.
func (l *lab) checkRequests() {
	sent := map[string]map[string]bool{}
	for _, phone := range l.phones {
		for _, call := range phone.recorder.Calls() {
			if sent[call.Request] == nil {
				sent[call.Request] = map[string]bool{}
			}
			maps.Copy(sent[call.Request], plugtest.Paths(call.Body))
		}
	}
	for name, request := range requests {
		if since := since[name]; !l.AtLeast(since[0], since[1], since[2]) {
			continue
		}
		if sent[name] == nil {
			l.t.Errorf("no %s was sent", name)
		}
		for _, field := range strings.Fields(request.fields) {
			if !sent[name][field] {
				l.t.Errorf("no %s was sent with %s", name, field)
			}
		}
	}
}

// since is the version from which on Janus knows a request, if it is a later one
// than 1.1.2.
var since = map[string][3]int{
	"progress": {1, 3, 1}, "keyframe": {1, 3, 1}, "send_ringing": {1, 3, 3},
	"rtp_forward": {1, 4, 0}, "stop_rtp_forward": {1, 4, 0}, "listforwarders": {1, 4, 0},
}

// checkEvents checks that every kind of event came.
func (l *lab) checkEvents() {
	came := map[string]bool{}
	for _, phone := range l.phones {
		maps.Copy(came, phone.kinds)
	}
	for _, kind := range plugtest.ReadCoverage(l.t).Events {
		if !came[kind.Name] && (kind.Name != "dtmf" || l.AtLeast(1, 2, 1)) {
			l.t.Errorf("no event %s came", kind.Name)
		}
	}
}
