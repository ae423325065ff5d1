package main

import (
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// conversation is a conference on a real Janus, without media. Janus announces only
// publishers whose media it can receive, or that another server sends: remote ones.
type conversation struct {
	*testing.T
	server  *realjanus.Server
	program *program
	remotes *videoroom.Client // another program
}

func converse(t *testing.T) *conversation {
	t.Helper()
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"videoroom"}})
	c := &conversation{T: t, server: server, program: start(t, server.URL, func(s *settings) { s.Capacity = 3 })}
	session := plugtest.NewSession(testutil.Context(t), t, server.URL)
	c.remotes = videoroom.On(testutil.Attach(t, session, videoroom.Name))
	return c
}

// add adds a remote publisher with a microphone and a camera.
func (c *conversation) add(number uint64, name string) {
	c.Helper()
	_, err := c.remotes.AddRemotePublisher(c.Context(), videoroom.AddRemotePublisher{
		Room: c.program.Room, Secret: c.program.secret, ID: plugin.Num(number), Display: name,
		Streams: []videoroom.Stream{
			{Type: videoroom.Audio, Mid: "0", Mindex: 0, Codec: videoroom.Opus},
			{Type: videoroom.Video, Mid: "1", Mindex: 1, Codec: videoroom.VP8, Simulcast: videoroom.Simulcast{On: true}},
		},
	})
	if err != nil {
		c.Fatal(err)
	}
}

// remove removes a remote publisher.
func (c *conversation) remove(number uint64) {
	c.Helper()
	err := c.remotes.RemoveRemotePublisher(c.Context(), videoroom.RemoveRemotePublisher{
		Room: c.program.Room, Secret: c.program.secret, ID: plugin.Num(number),
	})
	if err != nil {
		c.Fatal(err)
	}
}

// attributes returns the values of the lines of an SDP with a prefix.
func attributes(sdp, prefix string) (values []string) {
	for line := range strings.Lines(sdp) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
			values = append(values, value)
		}
	}
	return values
}

// Janus accepts what a browser publishes, with a screen that comes and goes, and an
// ICE restart.
func TestRealPublish(t *testing.T) {
	c := converse(t)
	ada, bob := c.program.join("Ada"), c.program.join("Bob")
	ada.send(`{"type":"candidate","pc":"up","candidate":{"candidate":"candidate:1 1 udp 2122260223 127.0.0.1 9 typ host","sdpMid":"0","sdpMLineIndex":0}}`)
	ufrag := ""
	for _, step := range []struct {
		what, ufrag string
		third       []string
		direction   string // of the third section in the answer
		restarts    bool
	}{
		{"a camera", "aaaa", nil, "", true},
		{"a screen", "aaaa", videoSection, "a=recvonly", false},
		{"the same once more", "aaaa", videoSection, "a=recvonly", false},
		{"no screen", "aaaa", inactive(videoSection), "a=inactive", false},
		{"an ICE restart", "bbbb", inactive(videoSection), "a=inactive", true},
		{"a screen again", "bbbb", videoSection, "a=recvonly", false},
	} {
		ada.send(publishMessage(step.ufrag, step.third))
		answer := ada.await("answer")
		sections := strings.Split(answer.SDP, "\r\nm=")[1:]
		if step.third == nil && len(sections) != 2 || step.third != nil && !strings.Contains(sections[2], step.direction) {
			t.Errorf("%s: the answer is %s", step.what, answer.SDP)
		}
		if rids := attributes(sections[1], "a=rid:"); len(rids) != 3 {
			t.Errorf("%s: the layers of the camera are %v", step.what, rids)
		}
		got := attributes(answer.SDP, "a=ice-ufrag:")[0]
		if (got != ufrag) != step.restarts {
			t.Errorf("%s: ICE has %s after %s", step.what, got, ufrag)
		}
		ufrag = got
		screened := step.direction == "a=recvonly"
		bob.awaitPerson(step.what, ada.id, func(who person) bool {
			return who.Camera && who.Microphone && who.Screen == screened
		})
	}
	ada.send(`{"type":"publish","sdp":"nonsense","streams":[]}`)
	if m := ada.await("error"); m.Code != "janus" || m.Re != "publish" {
		t.Errorf("an offer that is none: %s", m.Text)
	}
}

// Janus offers what there is to receive, one offer after the other.
func TestRealSubscribe(t *testing.T) {
	c := converse(t)
	ada := c.program.join("Ada")
	c.add(101, "one")
	ada.awaitPerson("one", "101", func(who person) bool { return who.Name == "one" && who.Camera && who.Microphone })
	offer := ada.await("offer")
	if s := offer.Streams; len(s) != 2 || !s[1].Simulcast || s[1].Kind != camera || s[0].Kind != microphone || !offer.Fresh {
		t.Errorf("the first offer is %s", offer.Text)
	}
	c.add(102, "two")
	c.add(103, "three")
	ada.awaitPerson("three", "103", func(person) bool { return true })
	ada.answer(offer)
	next := ada.await("offer")
	for len(next.Streams) < 6 { // Janus may not know the publishers at once that it has announced
		ada.answer(next)
		next = ada.await("offer")
	}
	ada.answer(next)

	ada.send(`{"type":"layer","mid":"1","substream":0}`)
	ada.send(`{"type":"restart","pc":"down"}`)
	restarted := ada.await("offer")
	before, after := attributes(next.SDP, "a=ice-ufrag:"), attributes(restarted.SDP, "a=ice-ufrag:")
	if len(restarted.Streams) != 6 || before[0] == after[0] {
		t.Errorf("the offer with an ICE restart is %s", restarted.Text)
	}

	c.remove(102) // while the offer is not answered
	ada.awaitLeft("102")
	ada.answer(restarted)
	for next = ada.await("offer"); len(next.Streams) != 4; next = ada.await("offer") {
		ada.answer(next)
	}
	for _, s := range next.Streams {
		if s.Participant.String() == "102" {
			t.Errorf("the offer without two is %s", next.Text)
		}
	}
	ada.answer(next)
	c.add(104, "four")
	for next = ada.await("offer"); len(next.Streams) != 6; next = ada.await("offer") {
		ada.answer(next)
	}
	if n := len(attributes(next.SDP, "m=")); n != 6 {
		t.Errorf("%d sections, of which two can be used again: %s", n, next.SDP)
	}
}

// The operator's requests, the limits of rooms, and a restart.
func TestRealRoom(t *testing.T) {
	c := converse(t)
	ada, bob, cyd := c.program.join("Ada"), c.program.join("Bob"), c.program.join("Cyd")
	dan := c.program.open("Dan")
	for room, code := range map[string]string{"": "room-full", "99": "no-room"} {
		dan.send(map[string]string{"type": "join", "name": "Dan", "room": room})
		if m := dan.await("error"); m.Code != code {
			t.Errorf("room %q: %s", room, m.Text)
		}
	}
	bob.publish()
	operator, _ := c.program.operator()
	operator.send(map[string]any{"type": "mute", "participant": bob.id, "kind": "microphone", "muted": true})
	for _, page := range []*page{ada, bob} {
		page.awaitPerson("Bob muted", bob.id, func(who person) bool { return len(who.Muted) == 1 })
	}
	operator.send(map[string]any{"type": "kick", "participant": cyd.id})
	if m := cyd.await("ended"); m.Reason != "kicked" {
		t.Errorf("Cyd is told %s", m.Text)
	}
	ada.awaitLeft(cyd.id)

	c.server.Kill()
	for _, page := range []*page{ada, bob} {
		page.await("waiting")
	}
	dan.send(`{"type":"join","name":"Dan"}`)
	dan.await("waiting")
	if err := c.server.Relaunch(testutil.Context(t)); err != nil {
		t.Fatal(err)
	}
	for _, page := range []*page{ada, bob} {
		page.await("restart")
		page.joinRoom("")
		page.publish()
	}
	dan.await("welcome")
	for _, other := range []*page{bob, dan} {
		ada.awaitPerson(other.name, other.id, func(person) bool { return true })
	}

	for _, page := range []*page{ada, bob, cyd, dan, operator} {
		page.drop() // they do not read while the program ends
	}
	c.program.stop()
	list, err := videoroom.On(testutil.Attach(t, plugtest.NewSession(testutil.Context(t), t, c.server.URL), videoroom.Name)).
		List(t.Context(), videoroom.List{})
	if err != nil || len(list.List) != 0 {
		t.Errorf("rooms are left: %v, %v", list, err)
	}
}
