//go:build linux

package browsertest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/browsertest/internal/chromium"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// room is the room of the tests.
const room = "5150"

// call is a conference program with its Janus.
type call struct {
	*program
	t     *testing.T
	janus *realjanus.Server
}

// newCall starts a Janus and the program. Options of the program are added to
// those that a call needs.
func newCall(t *testing.T, opts realjanus.Options, args ...string) *call {
	t.Helper()
	chromium.Program(t) // nothing else is needed without
	media := realjanus.MediaAddress(t)
	if opts.ICEEnforceList != "" {
		media += "," + opts.ICEEnforceList
	}
	opts.ICEEnforceList = media
	opts.Plugins = []string{"videoroom"}
	server := realjanus.Start(t, opts)
	args = append([]string{"-url", server.URL, "-listen", "127.0.0.1:0", "-room", room}, args...)
	return &call{program: start(t, conferenceProgram, args...), t: t, janus: server}
}

// person is a participant's page, in a browser of its own.
type person struct{ *chromium.Page }

// join starts browsers that join the room, one after the other.
func (c *call) join(names ...string) []person {
	c.t.Helper()
	var people []person
	for _, name := range names {
		people = append(people, c.enter(chromium.Options{}, name, c.URL))
		people[len(people)-1].AwaitJoined()
	}
	return people
}

// enter opens the page and asks to join.
func (c *call) enter(opts chromium.Options, name, address string) person {
	c.t.Helper()
	p := person{chromium.Start(c.t, opts).Open(c.t, name, address)}
	p.Resize(1280, 800, false)
	p.Type("#name", name)
	p.Click("#join")
	return p
}

// AwaitJoined waits until the page is in the room.
func (p person) AwaitJoined() { p.Await("joined", `document.body.dataset.state === "joined"`) }

// ID is the participant's id.
func (p person) ID() string {
	return chromium.Get[string](p.Page, `document.querySelector("#tiles > .tile[data-own]").dataset.participant`)
}

// tileFrames is an expression for a function that returns how many frames of
// a tile's picture have been decoded, or shown if it is one's own.
const tileFrames = `(async tile => {
	const video = tile.querySelector("video");
	if (tile.hasAttribute("data-own")) return video.getVideoPlaybackQuality().totalVideoFrames;
	const track = video.srcObject?.getVideoTracks()[0];
	const receiver = conference.down?.getReceivers().find(r => r.track === track);
	if (!receiver || video.paused) return 0;
	for (const s of (await receiver.getStats()).values())
		if (s.type === "inbound-rtp") return s.framesDecoded ?? 0;
	return 0;
})`

// moving is true if a selector finds exactly n tiles, and the pictures of all of
// them move.
func moving(selector string, n int) string {
	return fmt.Sprintf(`(async () => {
		const frames = %s;
		const all = () => [...document.querySelectorAll(%q)];
		const tiles = all();
		if (tiles.length !== %d) return false;
		const before = await Promise.all(tiles.map(frames));
		for (let i = 0; i < 100; i++) {
			await new Promise(resolve => setTimeout(resolve, 50));
			const now = all();
			if (now.length !== tiles.length || now.some((tile, i) => tile !== tiles[i])) return false;
			const after = await Promise.all(tiles.map(frames));
			if (after.every((count, i) => count >= before[i] + 3)) return true;
		}
		return false;
	})()`, tileFrames, selector, n)
}

// heard is true if the page plays sound of exactly n others.
func heard(n int) string {
	return fmt.Sprintf(`(async () => {
		let loud = 0;
		for (const s of (await conference.down.getStats()).values())
			if (s.type === "inbound-rtp" && s.kind === "audio" && s.totalAudioEnergy > 0) loud++;
		return loud === %d;
	})()`, n)
}

// AwaitPictures waits until the page shows n tiles whose pictures move.
func (p person) AwaitPictures(n int) {
	p.Await(fmt.Sprintf("%d pictures that move", n), moving("#tiles > .tile", n))
}

// awaitCall waits until everybody sees and hears everybody.
func awaitCall(people ...person) {
	for _, p := range people {
		p.AwaitPictures(len(people))
		p.Await("everybody is heard", heard(len(people)-1))
	}
}

// tile is a CSS selector of somebody's tile.
func tile(id, kind string) string {
	return fmt.Sprintf(`#tiles > .tile[data-participant=%q][data-kind=%q]`, id, kind)
}

// has is true if the page has an element that a selector finds.
func has(selector string) string { return "!!document.querySelector(`" + selector + "`)" }

// hasNot is true if it has none.
func hasNot(selector string) string { return "!document.querySelector(`" + selector + "`)" }

// not is true if a condition, or its promise, is not.
func not(condition string) string { return "(async () => !(await (" + condition + ")))()" }

// says is true if the text of an element contains all parts, in any case.
func says(selector string, parts ...string) string {
	conditions := make([]string, 0, len(parts))
	for _, part := range parts {
		conditions = append(conditions, fmt.Sprintf("text.includes(%q)", strings.ToLower(part)))
	}
	return "(text => " + strings.Join(conditions, " && ") + ")((document.querySelector(`" + selector + "`)?.innerText ?? '').toLowerCase())"
}

// inRoom is the address of the page for another room.
func (c *call) inRoom(room string) string { return c.URL + "?room=" + url.QueryEscape(room) }

// operator opens the operator's page.
func (c *call) operator() *chromium.Page {
	c.t.Helper()
	p := chromium.Start(c.t, chromium.Options{}).Open(c.t, "operator", c.Operator)
	p.Resize(1280, 800, false)
	return p
}
