package main

import (
	"testing"

	"github.com/cameronelliott/janus-go/internal/testutil"
)

// Those who are in a room see who comes, what they do, and who leaves.
func TestPeople(t *testing.T) {
	janus := testutil.NewServer(t, nil)
	program := start(t, janus.URL, nil)
	ada := program.join("Ada")
	bob := program.join("Bob")
	if len(bob.people) != 2 || bob.people[ada.id].Name != "Ada" || bob.people[bob.id].Name != "Bob" {
		t.Errorf("Bob sees %v", bob.people)
	}
	ada.awaitPerson("Bob", bob.id, func(who person) bool { return who.Name == "Bob" })
	bob.send(`{"type":"leave"}`)
	if m := bob.await("ended"); m.Reason != "left" {
		t.Errorf("Bob is told %s", m.Text)
	}
	if m := ada.awaitLeft(bob.id); m.Reason != "left" {
		t.Errorf("Ada is told %s", m.Text)
	}
	bob.joinRoom("")
}
