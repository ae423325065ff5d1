//go:build linux

package browsertest

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/browsertest/internal/chromium"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// eventHandler lets Janus send events to nowhere, until the monitor tells it where
// to.
var eventHandler = map[string]string{"sampleevh": `general: {
	enabled = true
	events = "all"
	grouping = true
	backend = "http://127.0.0.1:9/"
}
`}

// monitor starts the monitor of a Janus, and opens its page.
func monitor(t *testing.T, server *realjanus.Server) *chromium.Page {
	t.Helper()
	program := start(t, monitorProgram, "-admin", server.AdminURL, "-secret", server.AdminSecret,
		"-url", server.URL, "-listen", "127.0.0.1:0", "-events", "127.0.0.1:0", "-tweak")
	page := chromium.Start(t, chromium.Options{}).Open(t, "monitor", program.URL)
	page.Resize(1440, 900, false)
	page.Await("connected", `document.body.dataset.connected === "true"`)
	page.Await("the server is up", has(`#servers [data-up=true]`))
	return page
}

// handleOf returns the ids of the handle of somebody, of a kind that the VideoRoom
// calls publisher or subscriber. A subscriber is found by whom it sees.
func handleOf(t *testing.T, server *realjanus.Server, kind string, is func(info map[string]any) bool) string {
	t.Helper()
	for _, session := range adminList(t, server, "sessions", map[string]any{"janus": "list_sessions"}) {
		for _, handle := range adminList(t, server, "handles", map[string]any{"janus": "list_handles", "session_id": session}) {
			reply, err := server.Admin(t.Context(), map[string]any{"janus": "handle_info", "session_id": session, "handle_id": handle})
			if err != nil {
				t.Fatal(err)
			}
			info, _ := reply["info"].(map[string]any)
			plugin, _ := info["plugin_specific"].(map[string]any)
			if plugin["type"] == kind && is(plugin) {
				id, _ := handle.(float64)
				return strconv.FormatFloat(id, 'f', -1, 64)
			}
		}
	}
	t.Fatalf("Janus has no such %s", kind)
	return ""
}

func adminList(t *testing.T, server *realjanus.Server, member string, request map[string]any) []any {
	t.Helper()
	reply, err := server.Admin(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := reply[member].([]any)
	return list
}

// open opens a handle in the monitor.
func open(p *chromium.Page, handle string) {
	p.Type("#search", handle)
	row := fmt.Sprintf(`#tree [data-handle=%q]`, handle)
	p.Await("the handle's row", has(row))
	p.Click(row)
	p.Await("the handle is open", has(fmt.Sprintf(`#detail[data-handle=%q]`, handle)))
}

// total is an expression for the sum of a total of all media of a kind in the
// open handle, except for the lowest layers if there are several. The others have
// a number after the mid.
func total(kind, name string) string {
	return fmt.Sprintf(`(media => media
		.filter(m => !media.some(other => other.dataset.mid.startsWith(m.dataset.mid + "/")))
		.reduce((sum, m) => sum + Number(m.querySelector('[data-total=%s]').dataset.value), 0)
	)([...document.querySelectorAll('#detail .medium[data-kind=%s]')])`, name, kind)
}

// The numbers of a browser that Janus counts, too. Janus does not count packets that
// nobody asked to be sent again. Browsers use those to find out how much the line
// bears, and count them as packets of the lowest layer: see total.
var (
	sentBytes       = count("up", "outbound-rtp", "s.bytesSent + s.headerBytesSent - (s.retransmittedBytesSent ?? 0)")
	sentPackets     = count("up", "outbound-rtp", "s.packetsSent - (s.retransmittedPacketsSent ?? 0)")
	receivedBytes   = count("down", "inbound-rtp", "s.bytesReceived + s.headerBytesReceived")
	receivedPackets = count("down", "inbound-rtp", "s.packetsReceived")
)

// count returns a function that gives the expression for a sum over all streams
// of a kind, except for the lowest layers.
func count(pc, statistic, number string) func(kind string) string {
	return func(kind string) string {
		return fmt.Sprintf(`(async () => {
			let sum = 0;
			for (const s of (await conference.%s.getStats()).values())
				if (s.type === %q && s.kind === %q && s.rid !== "l") sum += `+number+`;
			return sum;
		})()`, pc, statistic, kind)
	}
}

// TestMonitorShowsTheCall compares the numbers of the monitor with those of the
// browsers.
func TestMonitorShowsTheCall(t *testing.T) {
	c := newCall(t, realjanus.Options{EventHandlers: eventHandler})
	page := monitor(t, c.janus)
	checkPolicy(t, page)
	people := c.join("Ada", "Ben")
	awaitCall(people...)
	ada := people[0]
	publisher := handleOf(t, c.janus, "publisher", func(info map[string]any) bool { return info["display"] == "Ada" })

	open(page, publisher)
	for _, fact := range []string{"videoroom", "connected", "opus", "vp8"} {
		page.Await(fact, says("#detail", fact))
	}
	page.Await("events", `document.querySelectorAll("#events li[data-type]").length > 0`)
	for _, kind := range []string{"audio", "video"} {
		agree(t, page, ada, kind, "packetsIn", sentPackets(kind))
		agree(t, page, ada, kind, "bytesIn", sentBytes(kind))
	}
	page.Await("a bitrate", `Number(document.querySelector('#detail [data-plot=bitrate] [data-direction=in][data-value]')?.dataset.value) > 0`)

	ben := people[1].ID()
	open(page, handleOf(t, c.janus, "subscriber", func(info map[string]any) bool { return sees(info, ben) }))
	for _, kind := range []string{"audio", "video"} {
		agree(t, page, ada, kind, "packetsOut", receivedPackets(kind))
		agree(t, page, ada, kind, "bytesOut", receivedBytes(kind))
	}
}

// sees reports whether a subscriber has a stream of a participant.
func sees(info map[string]any, participant string) bool {
	streams, _ := info["streams"].([]any)
	for _, stream := range streams {
		stream, _ := stream.(map[string]any)
		if id, ok := stream["feed_id"].(float64); ok && strconv.FormatFloat(id, 'f', -1, 64) == participant {
			return true
		}
	}
	return false
}

// tolerance is how far the monitor may be from a browser.
const tolerance = 0.10

// agree waits until a number of the monitor is within the tolerance of that of a
// browser, three times in a row. The monitor's is a second or two older, which
// matters less the longer a call lasts.
func agree(t *testing.T, page *chromium.Page, browser person, kind, name, expression string) {
	t.Helper()
	var here, there float64
	for deadline, good := time.Now().Add(2*chromium.Patience), 0; good < 3; {
		there = chromium.Get[float64](browser.Page, expression)
		here = chromium.Get[float64](page, total(kind, name))
		if there > 0 && here >= there*(1-tolerance) && here <= there*(1+tolerance) {
			good++
		} else {
			good = 0
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s of %s: the monitor shows %.0f, %s has %.0f", name, kind, here, browser.Name, there)
		}
		page.Await("another figure", fmt.Sprintf("%s !== %s", total(kind, name), strconv.FormatFloat(here, 'f', -1, 64)))
	}
	t.Logf("%s of %s: the monitor shows %.0f, %s has %.0f: %+.1f %%", name, kind, here, browser.Name, there, 100*(here/there-1))
}

// attach attaches many handles.
func attach(t *testing.T, server *realjanus.Server, count int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*chromium.Patience)
	defer cancel()
	gateway, group, err := janus.Connect(context.WithoutCancel(ctx), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = gateway.Close(websocket.StatusNormalClosure, "") // it only has to end
		_ = group.Wait()
	})
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	var attaching errgroup.Group
	attaching.SetLimit(64)
	for range count {
		attaching.Go(func() error {
			_, err := session.Attach(ctx, "", "janus.plugin.echotest")
			return err
		})
	}
	if err := attaching.Wait(); err != nil {
		t.Fatal(err)
	}
}

// manyHandles is how many handles the page has to show without becoming slow.
const manyHandles = 10_000

// The page has elements for those rows only that are in sight, whatever the number
// of handles.
func TestMonitorOfManyHandles(t *testing.T) {
	chromium.Program(t)
	// With event loops, handles have no thread of their own: 10,000 are too many for some machines.
	server := realjanus.Start(t, realjanus.Options{EventHandlers: eventHandler, Plugins: []string{"echotest"}, EventLoops: 2})
	page := monitor(t, server)
	few := elements(page)
	chromium.Get[bool](page, `(window.longTasks = [],
		new PerformanceObserver(list => longTasks.push(...list.getEntries().map(e => e.duration))).observe({type: "longtask"}), true)`)
	attach(t, server, manyHandles)
	page.Await("all handles are counted", fmt.Sprintf(`[...document.querySelectorAll("#servers [data-handles]")]
		.some(e => Number(e.dataset.handles) >= %d)`, manyHandles))
	page.Await("a long list", `document.querySelector("#tree").scrollHeight > 10 * innerHeight`)

	// To the end and back.
	for _, part := range []string{"0.5", "1", "0"} {
		page.Await("rows at "+part, `(tree => {
			tree.scrollTop = `+part+` * tree.scrollHeight;
			const box = tree.getBoundingClientRect();
			const row = document.elementFromPoint(box.left + box.width / 3, box.bottom - 60)?.closest("[data-session]");
			return !!row?.innerText.trim();
		})(document.querySelector("#tree"))`)
	}
	if many := elements(page); many > few+100 {
		t.Errorf("the tree has %d elements with %d handles, and %d without", many, manyHandles, few)
	}
	handle := chromium.Get[string](page, `document.querySelector("#tree [data-handle]").dataset.handle`)
	page.Type("#search", handle)
	page.Await("the one that is looked for", fmt.Sprintf(`[...document.querySelectorAll("#tree [data-handle]")]
		.every(e => e.dataset.handle === %q) && !!document.querySelector('#tree [data-handle=%q]')`, handle, handle))
	// On a quiet machine there are none. How long they take says more about the machine
	// than about the page.
	t.Logf("long tasks of the page: %v ms", chromium.Get[[]float64](page, "longTasks"))
}

// elements is how many elements the tree of a page has.
func elements(p *chromium.Page) int {
	return chromium.Get[int](p, `document.querySelectorAll("#tree *").length`)
}

// The button asks first. After it, the participant's picture is gone until his page
// has published it again.
func TestMonitorHangsUp(t *testing.T) {
	c := newCall(t, realjanus.Options{EventHandlers: eventHandler})
	page := monitor(t, c.janus)
	people := c.join("Ada", "Ben")
	awaitCall(people...)
	publisher := handleOf(t, c.janus, "publisher", func(info map[string]any) bool { return info["display"] == "Ada" })
	open(page, publisher)
	connection := chromium.Get[bool](people[0].Page, `(window.before = conference.up, !!before)`)
	if !connection {
		t.Fatal("the page has no PeerConnection")
	}
	page.Click(`#detail [data-action=hangup]`)
	page.Await("a question", has("#confirm[open]"))
	page.Click("#confirm-no")
	page.Await("no question", hasNot("#confirm[open]"))
	page.Click(`#detail [data-action=hangup]`)
	page.Click("#confirm-yes")
	people[0].Await("another PeerConnection", `conference.up && conference.up !== before`)
	awaitCall(people...)
}

func TestMonitorAccess(t *testing.T) {
	c := newCall(t, realjanus.Options{EventHandlers: eventHandler})
	page := monitor(t, c.janus)
	people := c.join("Ada", "Ben")
	awaitCall(people...)
	page.Await("rows", has("#tree [data-handle]"))
	checkAccess(t, page, "tree")
	publisher := handleOf(t, c.janus, "publisher", func(info map[string]any) bool { return info["display"] == "Ada" })
	open(page, publisher)
	page.Type("#search", "videoroom")
	page.Await("media", `document.querySelectorAll("#detail .medium").length >= 2`)
	for _, dark := range []bool{false, true} {
		page.Dark(dark)
		checkAccess(t, page, "open handle")
	}
	page.Dark(false)
	if pictures() {
		const curve = `[...document.querySelectorAll("#events li[data-type]")].length >= 3 && performance.now() > 30_000`
		page.Await("curves in the plots", curve)
		// The name of a server of the tests is its temporary folder.
		chromium.Get[bool](page, `(names => {
			for (let node; node = names.nextNode();) node.data = node.data.replace(/\/\S+\/Test\S+/, "janus");
			return true;
		})(document.createTreeWalker(document.querySelector("#servers"), NodeFilter.SHOW_TEXT))`)
	}
	picture(t, page, "monitor/monitor.png")
	page.Click(`#detail [data-action=hangup]`)
	page.Await("a question", has("#confirm[open]"))
	checkAccess(t, page, "question")
	page.Click("#confirm-no")
	page.Resize(390, 844, true)
	page.Click(`#tabs [data-tab=detail]`)
	checkAccess(t, page, "phone, open handle")
	picture(t, page, "monitor/monitor-phone.png")
	for _, tab := range []string{"handles", "events"} {
		page.Click(fmt.Sprintf(`#tabs [data-tab=%s]`, tab))
		checkAccess(t, page, "phone, "+tab)
	}
}
