package videocall_test

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videocall"
)

// patience bounds a test on a real Janus.
const patience = 30 * time.Second

func ptr[T any](v T) *T { return &v }

// checkLossless fails the test if event does not hold everything that Janus sent.
func checkLossless(t testing.TB, event plugin.Event) {
	t.Helper()
	plugtest.CheckResultLossless(t, event, ".videocall", ".result.event")
}

// exchange is a test on a real Janus.
type exchange struct {
	*testing.T
	ctx       context.Context
	session   *janus.Session
	recorders []*plugtest.Recorder  // of all users
	full      map[reflect.Type]bool // request structs that were sent with every field
	kinds     map[string]bool       // events that were received
}

// user is a handle of an exchange.
type user struct {
	*videocall.Client
	*exchange
	handle   *janus.Handle
	recorder *plugtest.Recorder
}

func startExchange(t *testing.T) *exchange {
	t.Helper()
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"videocall"}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return &exchange{T: t, ctx: ctx, session: plugtest.NewSession(ctx, t, server.URL), full: map[reflect.Type]bool{}, kinds: map[string]bool{}}
}

// user attaches a handle.
func (x *exchange) user() *user {
	x.Helper()
	handle, err := x.session.Attach(x.ctx, "", videocall.Name)
	if err != nil {
		x.Fatal(err)
	}
	recorder := &plugtest.Recorder{Caller: handle}
	x.recorders = append(x.recorders, recorder)
	return &user{videocall.On(recorder), x, handle, recorder}
}

// full fails the test if a field of a request is not set, and returns the
// request.
func full[Q any](x *exchange, q Q) Q {
	x.Helper()
	plugtest.CheckAllSet(x, q)
	x.full[reflect.TypeFor[Q]()] = true
	return q
}

// answer is what a method of the Client returned.
type answer[E plugin.Event] struct {
	event E
	err   error
}

func got[E plugin.Event](event E, err error) answer[E] { return answer[E]{event, err} }

// by fails the test if the user's last request failed, or if the answer does not
// hold everything that Janus sent. Parse must understand the answer in the same
// way.
func (a answer[E]) by(u *user) E {
	u.Helper()
	plugtest.CheckAnswer(u, pkg, u.recorder, a.event, a.err)
	checkLossless(u, a.event)
	return a.event
}

// next returns the user's next event, which must be an E, and checks that it
// holds everything that Janus sent.
func next[E plugin.Event](u *user) E {
	u.Helper()
	event := plugtest.Next(u.ctx, u, pkg, u.handle)
	checkLossless(u, event)
	wanted := plugtest.As[E](u, event)
	if event.EventMeta().Transaction != "" {
		u.Errorf("%T has the transaction of a request", event)
	}
	u.kinds[reflect.TypeOf(event).Elem().Name()] = true
	return wanted
}

// refused fails the test if err is not an error of the given code.
func (x *exchange) refused(err error, code videocall.ErrorCode) {
	x.Helper()
	var failure *janus.PluginError
	if !errors.Is(err, code) || !errors.As(err, &failure) || failure.Reason == "" {
		x.Errorf("got %v, want %v", err, code)
	}
}

// Two users register, call each other, renegotiate and hang up. The peers behind
// them are never connected. Simulcast layers and slow links need media.
func TestRealCall(t *testing.T) {
	x := startExchange(t)
	alice, bob := x.user(), x.user()
	x.register(alice, bob)
	x.call(alice, bob)
	x.busy(x.registered("carol"))
	x.set(alice, bob)
	x.hangUp(alice, bob)
	x.decline(x.registered("dave"), x.registered("erin"))
	x.mistake(x.registered("frank"))

	plugtest.CheckComplete(t, pkg, x.full, x.recorders)
	want := slices.DeleteFunc(plugtest.ReadCoverage(t).EventStructs(), func(kind string) bool {
		return kind == "SimulcastLayers" || kind == "SlowLink"
	})
	if kinds := slices.Sorted(maps.Keys(x.kinds)); !slices.Equal(kinds, want) {
		t.Errorf("the events are %v, want %v", kinds, want)
	}
}

// register registers the users.
func (x *exchange) register(alice, bob *user) {
	if users := got(alice.List(x.ctx)).by(alice); users.Usernames == nil || len(users.Usernames) != 0 {
		x.Errorf("the users are %#v", users.Usernames)
	}
	_, err := alice.Call(x.ctx, videocall.Call{Username: "bob"}, nil)
	x.refused(err, videocall.ErrorRegisterFirst)
	for name, u := range map[string]*user{"alice": alice, "bob": bob} {
		if registered := got(u.Register(x.ctx, full(x, videocall.Register{Username: name}))).by(u); registered.Username != name {
			x.Errorf("registered %+v", registered)
		}
	}
	users := got(alice.List(x.ctx)).by(alice)
	if slices.Sort(users.Usernames); !slices.Equal(users.Usernames, []string{"alice", "bob"}) {
		x.Errorf("the users are %v", users.Usernames)
	}
	_, err = alice.Register(x.ctx, videocall.Register{Username: "zoe"})
	x.refused(err, videocall.ErrorAlreadyRegistered)
	_, err = x.user().Register(x.ctx, videocall.Register{Username: "bob"})
	x.refused(err, videocall.ErrorUsernameTaken)
}

// registered returns a new user.
func (x *exchange) registered(name string) *user {
	x.Helper()
	u := x.user()
	got(u.Register(x.ctx, videocall.Register{Username: name})).by(u)
	return u
}

// call lets Alice call Bob, who accepts.
func (x *exchange) call(alice, bob *user) {
	event := got(alice.Call(x.ctx, full(x, videocall.Call{Username: "bob"}), offer())).by(alice)
	if _, ok := event.(*videocall.Calling); !ok {
		x.Fatalf("the answer is %T", event)
	}
	incoming := next[*videocall.IncomingCall](bob)
	if incoming.Username != "alice" || incoming.JSEP == nil || incoming.JSEP.Type != "offer" {
		x.Errorf("incoming call %+v", incoming)
	}
	if accepted := got(bob.Accept(x.ctx, answerTo(incoming.JSEP))).by(bob); accepted.Username != "" {
		x.Errorf("accepted %+v", accepted)
	}
	accepted := next[*videocall.Accepted](alice)
	if accepted.Username != "bob" || accepted.JSEP == nil || accepted.JSEP.Type != "answer" {
		x.Errorf("accepted %+v", accepted)
	}
}

// busy lets Carol call Bob, who is busy.
func (x *exchange) busy(carol *user) {
	event := got(carol.Call(x.ctx, videocall.Call{Username: "bob"}, offer())).by(carol)
	hungUp, ok := event.(*videocall.HungUp)
	if !ok || hungUp.Username != "carol" || hungUp.Reason != "User busy" {
		x.Errorf("the answer is %T %+v", event, event)
	}
}

// set changes settings and renegotiates.
func (x *exchange) set(alice, bob *user) {
	all := full(x, videocall.Set{
		Audio: ptr(true), Video: ptr(false), Bitrate: ptr(128_000), Record: ptr(true), Filename: "recording", Restart: true,
		Substream: ptr(1), Temporal: ptr(2), Fallback: ptr(500_000),
	})
	if set := got(alice.Set(x.ctx, all, nil)).by(alice); set.JSEP != nil {
		x.Errorf("settings were answered with %+v", set.JSEP)
	}
	got(alice.Set(x.ctx, videocall.Set{Record: ptr(false)}, nil)).by(alice)
	renewed := offer()
	renewed.Update, renewed.SDP = true, strings.Replace(renewed.SDP, "o=- 1 1 ", "o=- 1 2 ", 1)
	got(alice.Set(x.ctx, videocall.Set{}, renewed)).by(alice)
	updated := next[*videocall.Updated](bob)
	if updated.JSEP == nil || updated.JSEP.Type != "offer" {
		x.Errorf("updated %+v", updated)
	}
	got(bob.Set(x.ctx, videocall.Set{}, answerTo(updated.JSEP))).by(bob)
	if updated := next[*videocall.Updated](alice); updated.JSEP == nil || updated.JSEP.Type != "answer" {
		x.Errorf("updated %+v", updated)
	}
}

// hangUp ends the call. Bob may also be told that Alice's PeerConnection is gone.
func (x *exchange) hangUp(alice, bob *user) {
	own := got(alice.Hangup(x.ctx, full(x, videocall.Hangup{Reason: "dinner"}))).by(alice)
	if own.Username != "alice" || own.Reason != "Explicit hangup" {
		x.Errorf("hung up %+v", own)
	}
	for {
		hungUp := next[*videocall.HungUp](bob)
		if hungUp.Username != "alice" || hungUp.Reason == "" {
			x.Errorf("hung up %+v", hungUp)
		}
		if hungUp.Reason == "dinner" {
			return
		}
	}
}

// decline lets Erin decline a call of Dave.
func (x *exchange) decline(dave, erin *user) {
	got(dave.Call(x.ctx, videocall.Call{Username: "erin"}, offer())).by(dave)
	next[*videocall.IncomingCall](erin)
	got(erin.Hangup(x.ctx, videocall.Hangup{})).by(erin)
	if hungUp := next[*videocall.HungUp](dave); hungUp.Username != "erin" || hungUp.Reason == "" {
		x.Errorf("hung up %+v", hungUp)
	}
}

// mistake makes Janus report errors.
func (x *exchange) mistake(frank *user) {
	_, err := frank.Call(x.ctx, videocall.Call{Username: "zoe"}, nil)
	x.refused(err, videocall.ErrorNoSuchUsername)
	_, err = frank.Call(x.ctx, videocall.Call{Username: "frank"}, nil)
	x.refused(err, videocall.ErrorUseEchoTest)
	x.registered("grace")
	_, err = frank.Call(x.ctx, videocall.Call{Username: "grace"}, nil)
	x.refused(err, videocall.ErrorMissingSDP)
	_, err = frank.Call(x.ctx, videocall.Call{Extra: map[string]any{"username": 5}}, nil)
	x.refused(err, videocall.ErrorInvalidElement)
	_, err = frank.Accept(x.ctx, nil)
	x.refused(err, videocall.ErrorNoCall)
}

// offer returns an offer of audio and video by a peer that will never be
// connected.
func offer() janus.JSEP {
	transport := []string{
		"c=IN IP4 0.0.0.0", "a=sendrecv", "a=rtcp-mux", "a=setup:actpass", "a=ice-ufrag:ufrag",
		"a=ice-pwd:passwordpasswordpassword", "a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"),
	}
	lines := slices.Concat(
		[]string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE a v"},
		[]string{"m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:a", "a=rtpmap:111 opus/48000/2"}, transport,
		[]string{"m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:v", "a=rtpmap:96 VP8/90000"}, transport,
	)
	return janus.JSEP{Type: "offer", SDP: strings.Join(lines, "\r\n") + "\r\n"}
}

// answerTo returns an answer that accepts all of an offer.
func answerTo(offer *janus.JSEP) janus.JSEP {
	return janus.JSEP{Type: "answer", Update: offer.Update, SDP: strings.ReplaceAll(offer.SDP, "a=setup:actpass", "a=setup:active")}
}
