package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/eventhandler"
)

func TestStreamIsBounded(t *testing.T) {
	s := new(stream)
	for n := range 3 * maxEvents {
		e := event(int64(n), 1, uint64(n+1), &eventhandler.ICEState{State: eventhandler.ICEFailed})
		e.Raw = json.RawMessage(fmt.Sprintf(`{"event":{"n":%d,"x":%q}}`, n, strings.Repeat("x", n%2*maxBody)))
		s.add("S", e)
	}
	found, skipped, next := s.since(0, &filter{})
	if len(found) != maxBatch || skipped != maxEvents-maxBatch || next != 3*maxEvents {
		t.Errorf("%d events, %d skipped, the next is %d", len(found), skipped, next)
	}
	for i, e := range found {
		if e.ID != uint64(3*maxEvents-maxBatch+i) || e.Handle != fmt.Sprint(e.ID+1) {
			t.Errorf("event %d is %+v", i, e)
		}
		if (e.Event == nil) != (e.ID%2 == 1) {
			t.Errorf("the body of event %d is %s", i, e.Event)
		}
	}
	if found, skipped, next = s.since(next, &filter{}); len(found)+skipped != 0 || next != 3*maxEvents {
		t.Errorf("%d events, %d skipped, the next is %d", len(found), skipped, next)
	}
	if found, skipped, _ = s.since(next-2, &filter{}); len(found) != 2 || skipped != 0 {
		t.Errorf("%d events, %d skipped", len(found), skipped)
	}
}

// What is kept of an event is small, whatever it says.
func TestStreamKeepsNoLargeText(t *testing.T) {
	s := new(stream)
	before := heap()
	for range maxEvents {
		s.add("S", event(0, 1, 2, &eventhandler.HandleEvent{Change: eventhandler.Attached, OpaqueID: strings.Repeat("x", 100_000)}))
	}
	if used := heap() - before; used > 4<<20 {
		t.Errorf("%d events take %d bytes", maxEvents, used)
	}
	runtime.KeepAlive(s)
}

// bodies are events of each kind with what is said about them; "" for those that are
// left out.
var bodies = []struct {
	body eventhandler.Body
	text string
}{
	{&eventhandler.SessionEvent{Change: eventhandler.TimedOut}, "session timeout"},
	{&eventhandler.HandleEvent{Change: eventhandler.Attached, Plugin: "janus.plugin.sip", OpaqueID: "ada"}, "attached janus.plugin.sip ada"},
	{&eventhandler.CustomEvent{Schema: "mine"}, "custom event mine"},
	{&eventhandler.JSEPEvent{Owner: eventhandler.Local, JSEP: janus.JSEP{Type: "answer"}}, "local answer"},
	{&eventhandler.ICEState{State: eventhandler.ICEFailed}, "ICE failed"},
	{&eventhandler.LocalCandidate{Candidate: "1 1 udp"}, "local candidate 1 1 udp"},
	{&eventhandler.RemoteCandidate{Candidate: "1 1 tcp"}, "remote candidate 1 1 tcp"},
	{&eventhandler.SelectedPair{Pair: "a <-> b"}, "selected pair a <-> b"},
	{&eventhandler.DTLSState{State: eventhandler.DTLSTrying}, "DTLS trying"},
	{&eventhandler.PeerConnectionState{State: eventhandler.WebRTCUp}, "PeerConnection up"},
	{&eventhandler.PeerConnectionState{State: eventhandler.Hangup, Reason: "Close PC"}, "PeerConnection closed Close PC"},
	{&eventhandler.MediaState{Media: "video", Mid: "1", Receiving: true}, "receives video (mid 1)"},
	{&eventhandler.MediaState{Media: "video", Mid: "1"}, "receives no video (mid 1)"},
	{&eventhandler.SlowLink{Media: "video", Mid: "1", Lost: 7, Direction: eventhandler.Uplink}, "slow link: 7 packets of video lost in a second, uplink (mid 1)"},
	{&eventhandler.PluginEvent{Plugin: "janus.plugin.videoroom", Data: json.RawMessage(`{"event":"joined"}`)}, "videoroom joined"},
	{&eventhandler.PluginEvent{Plugin: "other", Data: json.RawMessage(`{"event":7}`)}, "other"},
	{&eventhandler.TransportEvent{Transport: "janus.transport.http", Data: eventhandler.TransportData{Event: "request", IP: "10.0.0.1"}}, "janus.transport.http request 10.0.0.1"},
	{&eventhandler.TransportEvent{Transport: "janus.transport.http", Data: eventhandler.TransportData{Event: "request", AdminAPI: true}}, ""},
	{&eventhandler.ServerStarted{Info: janus.InfoMsg{VersionString: "1.4.1"}}, "Janus 1.4.1 has started"},
	{&eventhandler.ServerShutdown{Signal: 15}, "Janus ends (signal 15)"},
	{&eventhandler.ServerUpdate{}, ""},
	{&eventhandler.MediaStats{}, ""},
	{&eventhandler.Unknown{}, "an event of an unknown kind"},
}

func TestEventsInWords(t *testing.T) {
	s := new(stream)
	var want []string
	for _, b := range bodies {
		s.add("S", event(0, 0, 0, b.body))
		if b.text != "" {
			want = append(want, b.text)
		}
	}
	found, _, _ := s.since(0, &filter{})
	if len(found) != len(want) {
		t.Fatalf("there are %d events, want %d", len(found), len(want))
	}
	for i, e := range found {
		if strings.TrimSpace(e.Text) != want[i] || e.Session != "" || e.Handle != "" || e.Time != epoch.UnixMilli() {
			t.Errorf("%+v, want %q", e, want[i])
		}
	}
}

func TestFilter(t *testing.T) {
	s := new(stream)
	for i, kind := range []eventhandler.Type{eventhandler.TypeSession, eventhandler.TypeHandle, eventhandler.TypeHandle} {
		e := event(0, 7, uint64(i), &eventhandler.HandleEvent{Change: eventhandler.Attached, OpaqueID: fmt.Sprint("Ada", i)})
		e.Type = kind
		s.add([]string{"A", "B", "A"}[i], e)
	}
	for _, test := range []struct {
		filter filter
		want   string
	}{
		{filter{}, "012"},
		{filter{server: "all"}, "012"},
		{filter{server: "A"}, "02"},
		{filter{server: "C"}, ""},
		{filter{types: []string{}}, ""},
		{filter{types: []string{"handle", "jsep"}}, "12"},
		{filter{search: words{"ada1"}}, "1"},
		{filter{search: words{"ada", "7"}}, "012"},
		{filter{search: words{"ada", "8"}}, ""},
		{filter{server: "A", types: []string{"handle"}, search: words{"ATTACHED"}}, "2"},
	} {
		found, _, _ := s.since(0, &test.filter)
		got := ""
		for _, e := range found {
			got += fmt.Sprint(e.ID)
		}
		if got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// The token with which a handle was attached does not leave the program.
func TestTokensAreRemoved(t *testing.T) {
	for text, want := range map[string]string{
		`{"plugin":"p","token":"secret"}`: `{"plugin":"p"}`,
		`{"plugin":"p"}`:                  `{"plugin":"p"}`,
		`["token"]`:                       ``,
		``:                                ``,
	} {
		if got := withoutTokens(json.RawMessage(text)); string(got) != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	e := event(0, 1, 2, &eventhandler.HandleEvent{Token: "secret"})
	e.Raw = json.RawMessage(`{"event":{"name":"attached","token":"secret"}}`)
	s := new(stream)
	s.add("S", e)
	found, _, _ := s.since(0, &filter{})
	if text, err := json.Marshal(found); err != nil || strings.Contains(string(text), "secret") || !strings.Contains(string(text), "attached") {
		t.Errorf("%s, %v", text, err)
	}
}
