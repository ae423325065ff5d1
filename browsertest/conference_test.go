//go:build linux

package browsertest

import (
	"fmt"
	"testing"

	"github.com/cameronelliott/janus-go/browsertest/internal/chromium"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

func TestThreeSeeThree(t *testing.T) {
	c := newCall(t, realjanus.Options{})
	people := c.join("Ada", "Ben", "Cleo")
	awaitCall(people...)
	for _, p := range people {
		for _, other := range people {
			p.Await("the name in the list", says(fmt.Sprintf(`#people-list li[data-participant=%q]`, other.ID()), other.Name))
		}
		checkPolicy(t, p.Page)
	}
}

// Those who stay see who went, and each other.
func TestLeaving(t *testing.T) {
	tests := map[string]func(c *call, one person){
		"leaves":    func(_ *call, one person) { one.Click("#leave"); one.Await("it is over", state("ended")) },
		"is killed": func(_ *call, one person) { one.Kill() },
		"is kicked": func(c *call, one person) {
			operator, entry := c.operator(), fmt.Sprintf(`#participants li[data-participant=%q]`, one.ID())
			operator.Click(entry + ` button[data-action=kick]`)
			operator.Await("a question", has(`#kick-dialog[open]`))
			operator.Click("#kick-confirm")
			one.Await("it is over", state("ended"))
			one.Await("a sentence", says("#ended", "removed"))
			operator.Await("gone from the list", hasNot(entry))
		},
	}
	for name, leave := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCall(t, realjanus.Options{})
			people := c.join("Ada", "Ben", "Cleo")
			awaitCall(people...)
			gone := people[2].ID()
			leave(c, people[2])
			for _, p := range people[:2] {
				p.Await("the tile is gone", hasNot(tile(gone, "camera")))
				p.Await("gone from the list", hasNot(fmt.Sprintf(`#people-list li[data-participant=%q]`, gone)))
			}
			awaitCall(people[:2]...)
		})
	}
}

// state is true if the page is in a state.
func state(name string) string { return fmt.Sprintf("document.body.dataset.state === %q", name) }

func TestMuting(t *testing.T) {
	c := newCall(t, realjanus.Options{})
	ada := c.enter(chromium.Options{Talks: true}, "Ada", c.URL)
	ada.AwaitJoined()
	ben := c.join("Ben")[0]
	people := []person{ada, ben}
	awaitCall(people...)
	id := ada.ID()

	ben.Await("somebody talks", has(tile(id, "camera")+`[data-talking=true]`))
	ada.Click("#microphone")
	ada.Await("the button is up", has(`#microphone[aria-pressed=false]`))
	ben.Await("silence", hasNot(tile(id, "camera")+`[data-talking=true]`))
	ada.Click("#camera")
	ben.Await("no picture", has(tile(id, "camera")+`[data-video=false]`))
	ada.Press("v")
	ada.Press("m")
	ben.Await("a picture again", has(tile(id, "camera")+`[data-video=true]`))
	awaitCall(people...)

	operator := c.operator()
	mute := fmt.Sprintf(`#participants li[data-participant=%q] button[data-action=mute-microphone]`, id)
	operator.Click(mute)
	operator.Await("the button is down", has(mute+`[aria-pressed=true]`))
	ada.Await("a note that the operator muted", says("body", "operator"))
	ben.Await("no packets of sound", quiet)
	operator.Click(mute)
	operator.Await("the button is up", has(mute+`[aria-pressed=false]`))
	ben.Await("packets of sound", not(quiet))
}

// quiet is true if no sound arrives for half a second.
const quiet = `(async () => {
	const packets = async () => {
		let n = 0;
		for (const s of (await conference.down.getStats()).values())
			if (s.type === "inbound-rtp" && s.kind === "audio") n += s.packetsReceived;
		return n;
	};
	const before = await packets();
	await new Promise(resolve => setTimeout(resolve, 500));
	return await packets() === before;
})()`

func TestScreenSharing(t *testing.T) {
	c := newCall(t, realjanus.Options{})
	people := c.join("Ada", "Ben")
	awaitCall(people...)
	ada, ben := people[0], people[1]
	screen := tile(ada.ID(), "screen")
	for range 2 { // the second time, the same transceiver is used again
		ada.Click("#screen")
		ben.Await("the screen's tile", has(screen))
		ada.AwaitPictures(3)
		ben.AwaitPictures(3)
		ada.Click("#screen")
		ben.Await("no screen's tile", hasNot(screen))
		awaitCall(people...)
	}
}

// The layer that arrives follows the size of the tile.
func TestSimulcastLayers(t *testing.T) {
	c := newCall(t, realjanus.Options{})
	people := c.join("Ada", "Ben")
	awaitCall(people...)
	ben, camera := people[1], tile(people[0].ID(), "camera")
	ben.Resize(1600, 1200, false)
	ben.Await("a large picture in a large window", frameHeight(camera, ">= 360"))
	ben.Resize(700, 300, false)
	ben.Await("a small picture in a small window", frameHeight(camera, "<= 180"))
	ben.Resize(1600, 1200, false)
	ben.Await("a large picture again", frameHeight(camera, ">= 360"))
}

// frameHeight compares the height of the frames that arrive for a tile.
func frameHeight(selector, comparison string) string {
	return `(async () => {
		const track = document.querySelector(` + "`" + selector + "`" + `).querySelector("video").srcObject.getVideoTracks()[0];
		const receiver = conference.down.getReceivers().find(r => r.track === track);
		for (const s of (await receiver.getStats()).values())
			if (s.type === "inbound-rtp") return s.frameHeight ` + comparison + `;
		return false;
	})()`
}

func TestSentences(t *testing.T) {
	c := newCall(t, realjanus.Options{}, "-capacity", "2")

	lost := c.enter(chromium.Options{}, "Lost", c.inRoom("404"))
	lost.Await("there is no such room", says("#error", "no such room"))
	lost.Await("another try is possible", state("form"))
	lost.Kill()

	shy := c.enter(chromium.Options{DenyDevices: true}, "Shy", c.URL)
	shy.AwaitJoined()
	shy.Await("why there is no picture", says("#notice", "camera"))

	one := c.join("One")[0]
	shy.Await("the picture of the other", moving(tile(one.ID(), "camera"), 1))

	late := c.enter(chromium.Options{}, "Late", c.URL)
	late.Await("the room is full", says("#error", "full"))
	late.Await("another try is possible", state("form"))
	shy.Click("#leave")
	late.Click("#join")
	late.AwaitJoined()
	awaitCall(one, late)
}

// The pages have no fault of accessibility in their main states, in light and in
// dark, on a desktop and on a phone.
func TestConferenceAccess(t *testing.T) {
	c := newCall(t, realjanus.Options{})
	people := c.join("Ada", "Ben")
	form := chromium.Start(t, chromium.Options{}).Open(t, "Cleo", c.URL)
	form.Resize(1280, 800, false)
	form.Await("the form", state("form"))
	checkAccess(t, form, "form")
	form.Type("#name", "Cleo")
	form.Click("#join")
	cleo := person{form}
	cleo.AwaitJoined()
	people = append(people, cleo)
	awaitCall(people...)

	ada := people[0]
	for _, dark := range []bool{false, true} {
		ada.Dark(dark)
		checkAccess(t, ada.Page, "joined, desktop")
	}
	ada.Click("#people")
	ada.Await("the list", has(`#people[aria-expanded=true]`))
	checkAccess(t, ada.Page, "list of people")
	ada.Dark(false)
	if pictures() {
		ada.Await("no message over the pictures", hasNot("#events p"))
	}
	picture(t, ada.Page, "conference/conference.png")
	ada.Click("#people")
	ada.Resize(390, 844, true)
	ada.AwaitPictures(3)
	checkAccess(t, ada.Page, "joined, phone")
	picture(t, ada.Page, "conference/conference-phone.png")

	operator := c.operator()
	operator.Await("everybody", `document.querySelectorAll("#participants li[data-participant]").length === 3`)
	checkAccess(t, operator, "list")
	operator.Resize(900, 420, false)
	picture(t, operator, "conference/operator.png")
	operator.Click(`#participants li[data-participant] button[data-action=kick]`)
	operator.Await("a question", has(`#kick-dialog[open]`))
	checkAccess(t, operator, "question")
	operator.Click("#kick-cancel")

	ada.Click("#leave")
	ada.Await("it is over", state("ended"))
	checkAccess(t, ada.Page, "ended")
}
