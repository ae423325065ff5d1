package sip_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/sip"
)

// lab is a real Janus with phones.
type lab struct {
	*realjanus.Server
	t       *testing.T
	session *janus.Session
	phones  []*phone
}

// phone is a handle of the plugin. Everything that it gets is checked to be
// known and decoded without loss.
type phone struct {
	*sip.Client
	lab      *lab
	handle   *janus.Handle
	recorder *plugtest.Recorder
	port     int             // of its SIP stack
	kinds    map[string]bool // events that came
}

// newLab starts a Janus, and checks at the end of the test the answers that the
// phones got.
func newLab(ctx context.Context, t *testing.T) *lab {
	t.Helper()
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"sip"}})
	l := &lab{Server: server, t: t}
	t.Cleanup(func() { // when the connection has ended
		for _, phone := range l.phones {
			phone.drain()
		}
	})
	l.session = plugtest.NewSession(ctx, t, server.URL)
	return l
}

// phone attaches a handle.
func (l *lab) phone(ctx context.Context) *phone {
	l.t.Helper()
	handle, err := l.session.Attach(ctx, "", sip.Name)
	if err != nil {
		l.t.Fatal(err)
	}
	recorder := &plugtest.Recorder{Caller: handle}
	p := &phone{Client: sip.On(recorder), lab: l, handle: handle, recorder: recorder, kinds: map[string]bool{}}
	l.phones = append(l.phones, p)
	return p
}

// register registers a phone and learns its port.
func (p *phone) register(ctx context.Context, q sip.Register) sip.Event {
	p.lab.t.Helper()
	before := must(p.lab.UDPPorts())(p.lab.t)
	event := must(p.Register(ctx, q))(p.lab.t)
	after := must(p.lab.UDPPorts())(p.lab.t)
	added := slices.DeleteFunc(after, func(port int) bool { return slices.Contains(before, port) })
	if len(added) == 1 {
		p.port = added[0]
	}
	return event
}

// drain checks the answers and the events that nobody awaited.
func (p *phone) drain() {
	for _, call := range p.recorder.Calls() {
		if call.Err == nil {
			parse(p.lab.t, call.Answer)
		}
	}
	for msg := range p.handle.Events {
		if event, ok := sip.Parse(msg); ok {
			p.note(event)
		}
	}
}

func (p *phone) note(event sip.Event) {
	p.lab.t.Helper()
	checkLossless(p.lab.t, event)
	var data struct{ Result struct{ Event string } }
	_ = json.Unmarshal(event.EventMeta().Raw, &data)
	p.kinds[data.Result.Event] = true
}

// receive returns the next message of a phone.
func (p *phone) receive(ctx context.Context) any {
	p.lab.t.Helper()
	select {
	case msg, open := <-p.handle.Events:
		if !open {
			p.lab.t.Fatal("the handle has ended")
		}
		return msg
	case <-ctx.Done():
		p.lab.t.Fatalf("waiting for a message: %v", ctx.Err())
		return nil
	}
}

// next returns the next event of a phone.
func (p *phone) next(ctx context.Context) sip.Event {
	p.lab.t.Helper()
	for {
		if event, ok := sip.Parse(p.receive(ctx)); ok {
			p.note(event)
			return event
		}
	}
}

// await returns the next event of a phone that is an E, and skips others.
func await[E any, P interface {
	*E
	plugin.Event
}](ctx context.Context, p *phone) P {
	p.lab.t.Helper()
	for {
		if event, ok := p.next(ctx).(P); ok {
			return event
		}
	}
}

// ended waits for the end of a call and of its PeerConnection, in either order.
// early is Calling.Early.
func (p *phone) ended(ctx context.Context, early sip.Event) *sip.HungUp {
	p.lab.t.Helper()
	hungup, _ := early.(*sip.HungUp)
	for closed := false; hungup == nil || !closed; {
		msg := p.receive(ctx)
		if _, ok := msg.(*janus.HangupMsg); ok {
			closed = true
		}
		if event, ok := sip.Parse(msg); ok {
			p.note(event)
			if event, ok := event.(*sip.HungUp); ok {
				hungup = event
			}
		}
	}
	return hungup
}

// settled waits until a phone that has got a call can answer it. Janus loses
// an answer that comes before its SIP thread is done with the call, after which
// it gets what the phone sends to itself.
func (p *phone) settled(ctx context.Context) {
	p.lab.t.Helper()
	must(p.Message(ctx, sip.Message{URI: fmt.Sprintf("sip:self@127.0.0.1:%d", p.port), Content: "done?"}))(p.lab.t)
	await[sip.MessageReceived](ctx, p)
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

// as returns event as a P, or ends the test.
func as[P plugin.Event](t *testing.T, event sip.Event) P {
	t.Helper()
	return plugtest.As[P](t, event)
}

// again repeats a request that Janus ignores while a change of the call is under
// way.
func again[V any](ctx context.Context, t *testing.T, ask func(context.Context) (V, error)) V {
	t.Helper()
	for {
		try, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		v, err := ask(try)
		cancel()
		if err == nil {
			return v
		}
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// offer and answer are SDPs of a WebRTC peer that will not be connected.
func offer() janus.JSEP  { return janus.JSEP{Type: "offer", SDP: webrtc("actpass")} }
func answer() janus.JSEP { return janus.JSEP{Type: "answer", SDP: webrtc("active")} }

// update is a change of a call.
func update(jsep janus.JSEP) janus.JSEP {
	jsep.Update = true
	return jsep
}

func webrtc(setup string) string {
	transport := func(mid string) string {
		return strings.TrimSuffix(lines("c=IN IP4 0.0.0.0", "a=mid:"+mid, "a=sendrecv", "a=rtcp-mux", "a=setup:"+setup,
			"a=ice-ufrag:ufrag", "a=ice-pwd:passwordpasswordpassword",
			"a=fingerprint:sha-256 "+strings.TrimSuffix(strings.Repeat("AB:", 32), ":")), "\r\n")
	}
	return lines("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE a v",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111 101", transport("a"), "a=rtpmap:111 opus/48000/2", "a=rtpmap:101 telephone-event/8000",
		"m=video 9 UDP/TLS/RTP/SAVPF 96", transport("v"), "a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack pli")
}
