package main

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// Those who are in a room see who comes, what they do, and who leaves.
func TestPeople(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, func(s *settings) { s.STUN = []string{"stun.example:3478"} })
	ada := program.open(" Ada\n")
	ada.send(`{"type":"join","name":" Ada\n"}`)
	welcome := ada.await("welcome")
	if welcome.Name != "Ada" || welcome.Room != "4242" || welcome.Resumed || len(ada.people) != 1 ||
		len(welcome.ICEServers) != 1 || welcome.ICEServers[0].URLs[0] != "stun:stun.example:3478" {
		t.Errorf("Ada is welcomed with %s", welcome.Text)
	}
	bob := program.join("Bob")
	if len(bob.people) != 2 || bob.people[ada.id].Name != "Ada" || bob.people[bob.id].Name != "Bob" {
		t.Errorf("Bob sees %v", bob.people)
	}
	ada.awaitPerson("Bob", bob.id, func(who person) bool { return who.Name == "Bob" && !who.Camera })
	bob.publish()
	ada.awaitPerson("the camera", bob.id, func(who person) bool { return who.Camera && who.Microphone && !who.Screen })
	bob.send(`{"type":"state","microphone":false}`)
	ada.awaitPerson("a muted microphone", bob.id, func(who person) bool { return who.Camera && !who.Microphone })
	bob.send(`{"type":"state","microphone":true,"camera":false}`)
	ada.awaitPerson("a stopped camera", bob.id, func(who person) bool { return !who.Camera && who.Microphone })
	bob.send(`{"type":"state","camera":false}`) // as before
	bob.send(`{"type":"quality","poor":true}`)
	if m := ada.await("participant"); !m.Participant.Poor {
		t.Errorf("Ada is told what she knows: %s", m.Text)
	}

	bob.send(`{"type":"leave"}`)
	if m := bob.await("ended"); m.Reason != "left" {
		t.Errorf("Bob is told %s", m.Text)
	}
	if m := ada.awaitLeft(bob.id); m.Reason != "left" {
		t.Errorf("Ada is told %s", m.Text)
	}
	bob.joinRoom("")
	if who := bob.people[bob.id]; who.Camera || who.Poor {
		t.Errorf("what Bob did before he left is still there: %v", who)
	}
}

// A screen is added and taken away by renegotiation, and others learn what a stream is.
func TestScreen(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	bob.publish()
	offer := ada.await("offer")
	want := []receivedStream{
		{Mid: "0", Participant: offer.Streams[0].Participant, Kind: microphone},
		{Mid: "1", Participant: offer.Streams[0].Participant, Kind: camera},
	}
	if !slices.Equal(offer.Streams, want) || offer.Streams[0].Participant.String() != bob.id || !offer.Fresh {
		t.Errorf("the first offer is %s", offer.Text)
	}
	ada.answer(offer)

	message := publishMessage("aaaa", videoSection)
	message["offer"] = 7
	bob.send(message)
	if answer := bob.await("answer"); answer.Offer != 7 || !strings.Contains(answer.SDP, "a=mid:2") {
		t.Errorf("the answer is %s", answer.Text)
	}
	offer = ada.await("offer")
	ada.awaitPerson("the screen", bob.id, func(who person) bool { return who.Screen })
	if len(offer.Streams) != 3 || offer.Streams[2].Kind != screen || offer.Streams[2].Simulcast || offer.Fresh {
		t.Errorf("the offer with the screen is %s", offer.Text)
	}
	ada.answer(offer)

	bob.send(publishMessage("aaaa", inactive(videoSection)))
	if offer = ada.await("offer"); len(offer.Streams) != 2 {
		t.Errorf("the offer without the screen is %s", offer.Text)
	}
	ada.awaitPerson("no screen", bob.id, func(who person) bool { return !who.Screen })
	if n := len(requests(t, server, named("publish"))); n != 1 {
		t.Errorf("%d requests to publish, want one and then configure", n)
	}
}

// Who cannot join is told why, and can try again.
func TestRefused(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, func(s *settings) { s.Capacity = 1 })
	page := program.open("Ada")
	for _, test := range []struct{ send, code, re string }{
		{`{"type":"publish"}`, "bad-message", "publish"},
		{`not JSON`, "bad-message", ""},
		{`{"type":"join","name":" "}`, "bad-name", "join"},
		{`{"type":"join","name":"` + strings.Repeat("ä", 65) + `"}`, "bad-name", "join"},
		{`{"type":"join","name":"a\u0007"}`, "bad-name", "join"},
		{`{"type":"join","name":"\u202eadA"}`, "bad-name", "join"}, // looks like Ada
		{`{"type":"` + strings.Repeat("x", 65) + `"}`, "bad-message", ""},
		{`{"type":"join","name":"Ada","room":"` + strings.Repeat("x", 65) + `"}`, "bad-message", ""},
		{`{"type":"join","name":"Ada","room":"77"}`, "no-room", "join"},
		{`{"type":"join","name":"Ada","room":77}`, "no-room", "join"},
	} {
		page.send(test.send)
		if m := page.await("error"); m.Code != test.code || m.Message == "" || m.Re != test.re {
			t.Errorf("%s: %s, want %s", test.send, m.Text, test.code)
		}
	}
	full := program.join(strings.Repeat("ä", 64))
	page.send(`{"type":"join","name":"Ada"}`)
	if m := page.await("error"); m.Code != "room-full" {
		t.Errorf("a full room: %s", m.Text)
	}
	full.send(`{"type":"leave"}`)
	full.await("ended")
	testutil.Eventually(t, "an empty room", func() bool { return program.reserve(program.Room) == nil })
	program.release(program.Room)
	page.joinRoom("")
	page.send(`{"type":"dance"}`)
	if m := page.await("error"); m.Code != "bad-message" || m.Re != "dance" {
		t.Errorf("an unknown message: %s", m.Text)
	}
}

// A participant outlives its socket: it can be resumed, and has missed nothing.
func TestResume(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	ada.publish()
	offer := bob.await("offer")
	bob.drop()
	ada.awaitPerson("a poor line", bob.id, func(who person) bool { return who.Poor })
	again := program.resume(bob)
	if m := again.await("welcome"); !m.Resumed || m.ID != bob.id || m.Token != bob.token || len(again.people) != 2 {
		t.Errorf("welcomed with %s", m.Text)
	}
	if m := again.await("offer"); m.Offer != offer.Offer || m.SDP != offer.SDP {
		t.Errorf("the offer that was not answered is %s", m.Text)
	}
	ada.awaitPerson("a good line", bob.id, func(who person) bool { return !who.Poor })

	// A socket that only seems to be there is replaced.
	third := program.resume(again)
	if m := third.await("welcome"); !m.Resumed {
		t.Errorf("welcomed with %s", m.Text)
	}
	for _, open := again.next(); open; _, open = again.next() {
	}
	third.send(map[string]any{"type": "join", "name": "Bob", "resume": third.token}) // on the same socket
	if m := third.await("welcome"); !m.Resumed || m.ID != bob.id {
		t.Errorf("welcomed with %s", m.Text)
	}
	third.answer(offer)
	testutil.Eventually(t, "the answer", func() bool { return len(requests(t, server, named("start"))) == 1 })
	if n := len(requests(t, server, func(r request) bool { return r.Body.PType == "publisher" })); n != 2 {
		t.Errorf("%d participants have joined on Janus, want 2", n)
	}
}

// A participant that does not come back is removed.
func TestNotResumed(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, func(s *settings) { s.ResumeFor = time.Millisecond })
	ada, bob := program.join("Ada"), program.join("Bob")
	bob.drop()
	if m := ada.awaitLeft(bob.id); m.Reason != "gone" {
		t.Errorf("Ada is told %s", m.Text)
	}
	again := program.resume(bob)
	if m := again.await("welcome"); m.Resumed || m.ID == bob.id || m.Token == bob.token {
		t.Errorf("welcomed with %s", m.Text)
	}
}

// Whoever comes back while it is being removed has to join again.
func TestResumedTooLate(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, func(s *settings) { s.ResumeFor = time.Millisecond })
	bob := program.join("Bob")
	detaching := make(chan func(), 1)
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		r := decode(t, frame)
		if r.Janus != "detach" {
			return false
		}
		detaching <- func() {
			reply(object{"janus": "success", "session_id": r.Session, "sender": r.Handle, "transaction": r.Transaction})
		}
		return true
	})
	bob.drop()
	detach := <-detaching
	again := program.resume(bob)
	if m := again.await("welcome"); !m.Resumed {
		t.Errorf("welcomed with %s", m.Text)
	}
	server.Intercept(nil)
	detach()
	again.await("restart")
	again.joinRoom("")
	if again.id == bob.id {
		t.Errorf("Bob has the old id %s", again.id)
	}
}

// What a browser sends cannot look like another entry of the log.
func TestLog(t *testing.T) {
	logs := testutil.NewLogs()
	program := start(t, testutil.NewServer(t, nil).URL, func(s *settings) { s.Log = logs.Logger(slog.LevelInfo) })
	bob := program.join("Bob")
	bob.send(`{"type":"dance\n2026/01/02 03:04:05 INFO all is well"}`)
	logs.Await(t, `msg="a message has failed" room=4242 name=Bob type="dance\n2026`, 1)
	operator, _ := program.operator()
	operator.send(`{"type":"dance\nwell"}`)
	logs.Await(t, `msg="a message of the operator has failed" type="dance\nwell"`, 1)
	bob.send(`{"type":"operator","password":"guess"}`)
	logs.Await(t, "a wrong password", 1)
	if strings.Contains(logs.String(), "guess") {
		t.Errorf("the log has passwords: %s", logs)
	}
}

// A second join on a socket replaces the first.
func TestJoinTwice(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	old := bob.id
	bob.joinRoom("")
	ada.awaitLeft(old)
	ada.awaitPerson("Bob", bob.id, func(person) bool { return true })
}

// When Janus is restarted, all join again, and see and hear each other again.
func TestRestart(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	pages := []*page{program.join("Ada"), program.join("Bob"), program.join("Cyd")}
	server.Restart()
	for _, page := range pages {
		page.awaitThat("restart", func(m said) bool {
			if m.Type == "left" {
				t.Errorf("%s is told %s, who has to join again as well", page.name, m.Text)
			}
			return m.Type == "waiting"
		})
		page.await("restart")
		old := page.id
		page.joinRoom("")
		if page.id == old {
			t.Errorf("%s has its old id", page.name)
		}
	}
	ada := pages[0]
	for _, other := range pages[1:] {
		ada.awaitPerson(other.name, other.id, func(person) bool { return true })
	}
	if len(ada.people) != 3 {
		t.Errorf("Ada sees %v", ada.people)
	}
	pages[1].publish()
	if offer := ada.await("offer"); offer.Streams[0].Participant.String() != pages[1].id || !offer.Fresh {
		t.Errorf("the offer is %s", offer.Text)
	}
}

// Whoever comes while there is no Janus waits for it.
func TestWaiting(t *testing.T) {
	server := testutil.NewServer(t, nil)
	server.Refuse(503)
	program := start(t, server.URL, nil)
	ada := program.open("Ada")
	ada.send(`{"type":"join","name":"Ada"}`)
	ada.await("waiting")
	bob := program.open("Bob")
	bob.send(`{"type":"join","name":"Bob"}`)
	bob.await("waiting")
	bob.drop() // and so gives up
	testutil.Eventually(t, "one who waits", func() bool {
		program.mu.Lock()
		defer program.mu.Unlock()
		return program.seats[program.Room] == 1
	})
	server.Refuse(0)
	ada.await("welcome")
	if len(ada.people) != 1 {
		t.Errorf("Ada sees %v", ada.people)
	}
}

// Whoever is away when Janus ends does not keep a seat until it is back.
func TestAwayWithoutJanus(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, func(s *settings) { s.Capacity = 2 })
	ada, bob := program.join("Ada"), program.join("Bob")
	bob.drop()
	ada.awaitPerson("a poor line", bob.id, func(who person) bool { return who.Poor })
	server.Refuse(503)
	server.Restart()
	ada.await("waiting")
	testutil.Eventually(t, "a free seat", func() bool {
		program.mu.Lock()
		defer program.mu.Unlock()
		return program.seats[program.Room] == 1
	})
	server.Refuse(0)
	ada.await("restart")
	ada.joinRoom("")
}

// Whose handle is detached by an administrator has to join again; nobody else has to.
func TestDetached(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	handle := publisherOf(t, server, "Bob")
	server.Detach(handle.Session, handle.Handle)
	bob.await("restart")
	if m := ada.awaitLeft(bob.id); m.Reason != "gone" {
		t.Errorf("Ada is told %s", m.Text)
	}
	bob.joinRoom("")
	ada.awaitThat("Bob", func(m said) bool {
		if m.Type == "restart" {
			t.Error("Ada has to join again")
		}
		return m.Type == "participant" && m.Participant.ID.String() == bob.id
	})
	if n := len(server.Sessions()); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// Everybody is told when the room is destroyed. The next who joins makes it again.
func TestRoomIsDestroyed(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada := program.join("Ada")
	_, err := videoroom.On(attach(t, server)).Destroy(t.Context(), videoroom.Destroy{Room: program.Room, Secret: program.secret})
	if err != nil {
		t.Fatal(err)
	}
	if m := ada.await("ended"); m.Reason != "room" {
		t.Errorf("Ada is told %s", m.Text)
	}
	ada.joinRoom("")
}

// Publishers that have not joined through the program are shown as well.
func TestGuest(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada := program.join("Ada")
	guest := videoroom.On(attach(t, server))
	joined, err := guest.JoinPublisher(t.Context(), videoroom.JoinPublisher{Room: program.Room, PIN: program.pin, Display: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	offer := object{"type": "offer", "sdp": sdpOffer("gggg", microphoneSection, dataSection)}
	if _, err := guest.Publish(t.Context(), videoroom.Publish{}, offer); err != nil {
		t.Fatal(err)
	}
	there := func(who person) bool { return who.Name == "phone" && who.Microphone && !who.Camera }
	ada.awaitPerson("the guest", joined.ID.String(), there)
	if m := ada.await("offer"); m.Streams[0].Participant.ID != joined.ID || m.Streams[0].Kind != microphone {
		t.Errorf("the offer is %s", m.Text)
	}
	bob := program.join("Bob")
	if !there(bob.people[joined.ID.String()]) {
		t.Errorf("Bob sees %v", bob.people)
	}
	if err := guest.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	ada.awaitLeft(joined.ID.String())
}

// A participant whose events were lost does not know the room any more. If they were
// those of its subscription, it makes another one.
func TestOverflow(t *testing.T) {
	lost := &janus.OverflowMsg{Dropped: 1}
	if why := new(participant).upEvent(t.Context(), lost); why != restart {
		t.Errorf("it goes on: %q", why)
	}
	d := downlink{asked: true, number: 7}
	if d.event(t.Context(), lost); d.asked || !d.changed || d.number != 7 {
		t.Errorf("the subscription goes on: %+v", d)
	}
}

// A line is poor for a while after Janus has said so.
func TestSlowLink(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	handle := publisherOf(t, server, "Bob")
	err := server.Send(handle.Session, object{
		"janus": "slowlink", "session_id": handle.Session, "sender": handle.Handle, "uplink": false, "lost": 20, "media": "video", "mid": "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	ada.awaitPerson("a poor line", bob.id, func(who person) bool { return who.Poor })
}

// Janus says who talks.
func TestTalking(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	settle(t, server, bob)
	ada.awaitPerson("Bob talks", bob.id, func(who person) bool { return who.Talking })
	settle(t, server, bob)
	ada.awaitPerson("Bob is silent", bob.id, func(who person) bool { return !who.Talking })
	if got := len(ada.people); got != 2 {
		t.Errorf("Ada sees %v", ada.people)
	}
}
