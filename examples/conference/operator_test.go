package main

import (
	"testing"

	"github.com/cameronelliott/janus-go/internal/testutil"
)

// operator opens a socket of the operator.
func (p *program) operator() (*page, said) {
	p.t.Helper()
	page := p.open("operator")
	page.send(map[string]any{"type": "operator", "password": password})
	return page, page.await("rooms")
}

// The operator sees who is in which room, removes and mutes.
func TestOperator(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	ada := program.join("Ada")
	operator, rooms := program.operator()
	if len(rooms.Rooms) != 1 || rooms.Rooms[0].Room.String() != "4242" || rooms.Rooms[0].Participants[0].ID.String() != ada.id {
		t.Errorf("the rooms are %s", rooms.Text)
	}
	bob := program.join("Bob")
	operator.awaitPerson("Bob", bob.id, func(person) bool { return true })

	mute := func(kind string, muted bool) {
		operator.send(map[string]any{"type": "mute", "room": "4242", "participant": bob.id, "kind": kind, "muted": muted})
	}
	mute("microphone", true)
	if m := operator.await("error"); m.Code != "not-allowed" || m.Re != "mute" {
		t.Errorf("muting what is not sent: %s", m.Text)
	}
	bob.publish()
	mute("microphone", true)
	mute("camera", true)
	for _, page := range []*page{ada, bob, operator} {
		page.awaitPerson("Bob muted", bob.id, func(who person) bool { return len(who.Muted) == 2 })
	}
	mute("microphone", false)
	ada.awaitPerson("Bob heard", bob.id, func(who person) bool { return len(who.Muted) == 1 && who.Muted[0] == camera })

	operator.send(map[string]any{"type": "kick", "participant": bob.id})
	if m := bob.await("ended"); m.Reason != "kicked" {
		t.Errorf("Bob is told %s", m.Text)
	}
	for _, page := range []*page{ada, operator} {
		if m := page.awaitLeft(bob.id); m.Reason != "kicked" || m.Room != "4242" {
			t.Errorf("%s is told %s", page.name, m.Text)
		}
	}
	operator.send(map[string]any{"type": "kick", "participant": bob.id}) // again
	operator.send(`{"type":"dance"}`)
	if m := operator.await("error"); m.Code != "bad-message" || m.Re != "dance" {
		t.Errorf("an unknown message: %s", m.Text)
	}
}

// Whatever a page says of its streams, the operator can mute them.
func TestMuteWhatIsSent(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	bob := program.join("Bob")
	operator, _ := program.operator()
	message := publishMessage("aaaa", nil)
	for _, streams := range [][]sentStream{nil, {{"0", camera}}} {
		message["streams"] = streams
		bob.send(message)
		bob.await("answer")
		for _, muted := range []bool{true, false} {
			operator.send(map[string]any{"type": "mute", "participant": bob.id, "kind": "microphone", "muted": muted})
			operator.awaitThat("Bob muted or not", func(m said) bool {
				if m.Type == "error" {
					t.Fatalf("the operator is told %s", m.Text)
				}
				who := m.Participant
				return m.Type == "participant" && who.Microphone && who.Camera && (len(who.Muted) == 1) == muted
			})
		}
	}
	message["sdp"] = sdpOffer("aaaa", microphoneSection, inactive(cameraSection), dataSection)
	bob.send(message)
	operator.awaitPerson("no camera", bob.id, func(who person) bool { return who.Microphone && !who.Camera })
}

// Nothing is wrong if somebody who is to be kicked has just left.
func TestKickTooLate(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	bob := program.join("Bob")
	operator, _ := program.operator()
	refused := refuse(t, server, 428, named("kick"))
	operator.send(map[string]any{"type": "kick", "participant": bob.id})
	operator.send(`{"type":"settle"}`)
	if m := operator.await("error"); m.Re != "settle" {
		t.Errorf("the operator is told %s", m.Text)
	}
	<-refused
}

// A kicked participant cannot come back by its token.
func TestKickedIsGone(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	bob := program.join("Bob")
	operator, _ := program.operator()
	operator.send(map[string]any{"type": "kick", "participant": bob.id})
	bob.await("ended")
	again := program.resume(bob)
	if m := again.await("welcome"); m.Resumed {
		t.Errorf("welcomed with %s", m.Text)
	}
}

// Nobody else can do that.
func TestNotOperator(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	ada := program.join("Ada")
	bob := program.join("Bob")
	bob.send(map[string]any{"type": "kick", "participant": ada.id})
	if m := bob.await("error"); m.Code != "bad-message" {
		t.Errorf("Bob is told %s", m.Text)
	}
	page := program.open("intruder")
	for range maxPasswords {
		page.send(`{"type":"operator","password":"guess"}`)
		if m := page.await("error"); m.Code != "not-allowed" {
			t.Errorf("a wrong password: %s", m.Text)
		}
	}
	page.send(map[string]any{"type": "operator", "password": password})
	if m, open := page.next(); open {
		t.Errorf("after %d wrong passwords: %s", maxPasswords, m.Text)
	}
	ada.send(`{"type":"leave"}`)
	if m := ada.await("ended"); m.Reason != "left" {
		t.Errorf("Ada was removed: %s", m.Text)
	}
}

// A room that belongs to another program is used, but not managed.
func TestForeignRoom(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	page := program.open("Ada")
	page.joinRoom("1234") // the stand-in has it
	operator, rooms := program.operator()
	if rooms.Rooms[0].Room.String() != "1234" {
		t.Errorf("the rooms are %s", rooms.Text)
	}
	operator.send(map[string]any{"type": "kick", "participant": page.id})
	if m := operator.await("error"); m.Code != "not-allowed" {
		t.Errorf("the operator is told %s", m.Text)
	}
}
