//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// nowhere is the address of an Admin API that does not answer.
const nowhere = "ws://127.0.0.1:1/"

// tell makes a server take events.
func (s *server) tell(t testing.TB, session, handle uint64, bodies ...eventhandler.Body) {
	t.Helper()
	now := time.Now()
	var events []eventhandler.Event
	for _, body := range bodies {
		e := event(0, session, handle, body)
		e.Timestamp = now
		events = append(events, *e)
	}
	if err := s.take(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

// A page gets what it looks at, and only that.
func TestPageGetsWhatItLooksAt(t *testing.T) {
	p := start(t, config{admins: []string{nowhere, nowhere}})
	a, b := p.servers[0], p.servers[1]
	if a.name != "127.0.0.1:1" || b.name != "127.0.0.1:1 #2" {
		t.Errorf("the servers are %q and %q", a.name, b.name)
	}
	a.tell(t, 1, 11, begin("ada")...)
	b.tell(t, 2, 21, begin("bob")...)
	page := p.connect(t, nil)
	await(page, "hello", "hello", func(m hello) bool { return m.Points == points && m.Now > 0 && m.Heartbeat > 0 })
	await(page, "servers", "both servers", func(m serversMessage) bool {
		return len(m.Servers) == 2 && m.Servers[0].Handles == 1 && m.Servers[1].PeerConnections == 1 && !m.Servers[0].Up && m.Servers[0].Error != ""
	})
	page.awaitCount("servers", 3) // nothing has changed
	page.mu.Lock()
	if page.newest["tree"] != nil || page.newest["events"] != nil || page.newest["handle"] != nil {
		t.Errorf("the page got what it has not asked for: %s", page.newest)
	}
	page.mu.Unlock()

	page.look()
	await(page, "tree", "everything", func(m treeOfRows) bool { return m.Total == 4 && len(m.Rows) == 4 })
	page.look(`"server":"127.0.0.1:1 #2"`)
	await(page, "tree", "one server", func(m treeOfRows) bool { return m.Total == 2 && m.Rows[1].Opaque == "bob" })
	page.look(`"search":"ada"`)
	await(page, "tree", "what is found", func(m treeOfRows) bool { return m.Total == 2 && m.Rows[1].Opaque == "ada" })
	page.look(`"offset":3,"limit":1`)
	await(page, "tree", "the last row", func(m treeOfRows) bool {
		return m.Total == 4 && m.Offset == 3 && len(m.Rows) == 1 && m.Rows[0].Handle == "21"
	})
	page.look(`"offset":9`)
	await(page, "tree", "no row", func(m treeOfRows) bool { return m.Total == 4 && m.Rows != nil && len(m.Rows) == 0 })
	page.look(`"offset":-5,"limit":-5`)
	await(page, "tree", "no row of a negative window", func(m treeOfRows) bool { return m.Total == 4 && m.Offset == 0 && len(m.Rows) == 0 })
	page.look(`"collapsed":[{"server":"127.0.0.1:1 #2","session":"2"}]`)
	await(page, "tree", "one session collapsed", func(m treeOfRows) bool {
		return m.Total == 3 && m.Rows[0].Expanded && !m.Rows[2].Expanded && m.Rows[2].Handles == 1
	})
}

func TestPageIsToldOfItsErrors(t *testing.T) {
	p := start(t, config{admins: []string{nowhere}})
	page := p.connect(t, nil)
	collapsed := strings.Repeat(`{"server":"a","session":"1"},`, maxCollapsed) + `{"server":"a","session":"1"}`
	for text, want := range map[string]string{
		`{`:                "not a look",
		`{"type":"other"}`: "not a look",
		`{"type":"look","open":{"server":"b","session":"1","handle":"2"}}`:               "no server",
		`{"type":"look","open":{"server":"127.0.0.1:1","session":"x"}}`:                  "not the id of a session",
		`{"type":"look","open":{"server":"127.0.0.1:1","session":"1","handle":"x"}}`:     "not the id of a handle",
		`{"type":"look","open":{"server":"127.0.0.1:1","session":"1"}}`:                  "the handle is missing",
		`{"type":"look","events":{"types":[""` + strings.Repeat(`,""`, maxTypes) + `]}}`: "types of events",
		`{"type":"look","collapsed":[{"server":"a","session":"0"}]}`:                     "not the id of a session",
		`{"type":"look","collapsed":[` + collapsed + `]}`:                                "more than",
	} {
		page.write(text)
		await(page, "error", want, func(m errorMessage) bool { return strings.Contains(m.Message, want) })
	}
	page.look()
	await(page, "tree", "a tree after all", func(m treeOfRows) bool { return m.Total == 0 })
}

func TestPageGetsEvents(t *testing.T) {
	p := start(t, config{admins: []string{nowhere}})
	s := p.servers[0]
	s.tell(t, 1, 11, begin("ada")...)
	page := p.connect(t, nil)
	page.look(`"events":{"server":"all","types":null,"search":""}`)
	if e := page.awaitEvent("ICE ready"); e.Session != "1" || e.Handle != "11" || e.Kind == "" {
		t.Errorf("%+v", e)
	}
	s.tell(t, 1, 11, &eventhandler.SlowLink{Mid: "0", Media: "audio", Direction: eventhandler.Uplink})
	page.awaitEvent("slow link")
	if len(page.events) != len(begin(""))+1 {
		t.Errorf("the page has %+v", page.events)
	}
	page.look(`"events":{"server":"all","types":null,"search":"dtls"}`)
	await(page, "events", "those that match", func(m eventsMessage) bool {
		return m.Replace && len(m.Events) == 1 && m.Events[0].Text == "DTLS connected"
	})
	page.look(`"events":{"server":"all","types":[],"search":"dtls"}`)
	await(page, "events", "none", func(m eventsMessage) bool { return m.Replace && m.Events != nil && len(m.Events) == 0 })
	page.look(`"events":null`)
	page.look(`"events":{"server":"all","types":null,"search":"slow"}`)
	await(page, "events", "all again after a pause", func(m eventsMessage) bool { return m.Replace && len(m.Events) == 1 })
}

// The points of a handle come once.
func TestPageGetsPointsOnce(t *testing.T) {
	p := start(t, config{admins: []string{nowhere}})
	s := p.servers[0]
	s.tell(t, 1, 11, begin("ada")...)
	at := epoch
	more := func(n int) {
		for range n {
			at = at.Add(time.Second)
			e := event(0, 1, 11, stats("0", "audio", at.Unix()-epoch.Unix()))
			e.Timestamp = at
			if err := s.take(t.Context(), []eventhandler.Event{*e}); err != nil {
				t.Fatal(err)
			}
		}
	}
	more(3)
	page := p.connect(t, nil)
	page.look(`"open":{"server":"127.0.0.1:1","session":"1","handle":"11"}`)
	first := await(page, "handle", "three points", func(m handleMessage) bool { return len(m.Media) == 1 && len(m.Media[0].Series.T) == 3 })
	if first.Append || first.Gone || first.Summary.Opaque != "ada" || !first.Summary.Up || string(first.Info) != "null" || len(first.Summary.Codecs) != 1 {
		t.Errorf("%+v", first)
	}
	more(2)
	await(page, "handle", "two points more", func(m handleMessage) bool { return m.Append && len(m.Media[0].Series.T) == 2 })
	await(page, "handle", "no further ones", func(m handleMessage) bool { return m.Append && len(m.Media[0].Series.T) == 0 })
	s.tell(t, 1, 11, stats("1", "video", 0))
	await(page, "handle", "everything, because there is a new medium", func(m handleMessage) bool {
		return !m.Append && len(m.Media) == 2 && len(m.Media[0].Series.T) == 5
	})
	s.tell(t, 1, 11, &eventhandler.HandleEvent{Change: eventhandler.Detached})
	await(page, "handle", "the last values of the handle that has gone", func(m handleMessage) bool {
		return m.Gone && m.Append && len(m.Media) == 2 && m.Media[0].Now.In == 8 && len(m.Media[0].Series.T) == 0 &&
			m.Summary.Opaque == "ada" && !m.Summary.Up
	})
	page.look()
	page.look(`"open":{"server":"127.0.0.1:1","session":"1","handle":"11"}`)
	s.state.mu.Lock()
	watched := len(s.state.watched)
	s.state.mu.Unlock()
	if watched > 1 {
		t.Errorf("%d handles are watched", watched)
	}
	_ = page.conn.CloseNow()
	testutil.Eventually(t, "nothing is watched", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.state.mu.Lock()
		defer s.state.mu.Unlock()
		return len(s.watches)+len(s.state.watched)+len(s.shown) == 0
	})
}

// A tree that has not changed is not sent again, and no page gets more rows than
// maxRows.
func TestTreeIsSentWhenItChanges(t *testing.T) {
	p := start(t, config{admins: []string{nowhere}})
	s := p.servers[0]
	for id := uint64(1); id <= maxRows; id++ {
		s.tell(t, id, id, begin("")[:2]...)
	}
	page := p.connect(t, nil)
	page.look(`"limit":100000`)
	await(page, "tree", "the most rows", func(m treeOfRows) bool { return m.Total == 2*maxRows && len(m.Rows) == maxRows })
	page.awaitCount("servers", 3) // many periods of the tree
	page.mu.Lock()
	defer page.mu.Unlock()
	if page.count["tree"] != 1 {
		t.Errorf("the same tree was sent %d times", page.count["tree"])
	}
}

// A page that reads nothing keeps nobody waiting, and is cut.
func TestPageThatReadsNothing(t *testing.T) {
	p := startWith(t, config{admins: []string{nowhere}}, func(p *program) { p.patience = 300 * time.Millisecond })
	s := p.servers[0]
	opaque := strings.Repeat("x", maxText)
	for id := uint64(1); id <= 300; id++ {
		s.tell(t, id, id, begin(opaque)[:2]...)
	}
	address := strings.TrimPrefix(p.page.URL, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dialOnly(conn)}}
	slow, _, err := websocket.Dial(testutil.Context(t), p.page.URL+"/ws", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	// Looks are read only when there is room for what they ask for, so that writing
	// them fails in the end.
	look := []byte(`{"type":"look","server":"all","offset":0,"limit":200,"search":"` + strings.Repeat("x ", 16) + `"}`)
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		for slow.Write(t.Context(), websocket.MessageText, look) == nil {
			continue
		}
	}()
	page := p.connect(t, nil)
	page.look(`"limit":1`)
	for n := range 3 {
		id := uint64(1000 + n)
		s.tell(t, id, id, begin("")...)
		await(page, "tree", "a tree in time", func(m treeOfRows) bool { return m.Total == 600+2*(n+1) })
	}
	select {
	case <-cut:
	case <-time.After(testutil.Patience):
		t.Error("the page is not cut")
	}
}

// Pages share the counts of a server, which take long if there are many handles.
func TestCountsAreShared(t *testing.T) {
	s := newMonitor(t.Context(), config{admins: []string{nowhere}}, testutil.Quiet).servers[0]
	for _, test := range []struct {
		after    time.Duration
		sessions int
	}{{0, 1}, {time.Second - 1, 1}, {time.Second, 3}, {2 * time.Second, 4}} {
		s.tell(t, uint64(1+test.after), 0, begin("")[0])
		if got := s.status(epoch.Add(test.after), time.Second); got.Sessions != test.sessions || got.Name != s.name {
			t.Errorf("after %v: %+v", test.after, got)
		}
	}
}

func TestTooManyPages(t *testing.T) {
	p := start(t, config{admins: []string{nowhere}})
	for range maxPages {
		p.pages <- struct{}{}
	}
	_, response, err := websocket.Dial(testutil.Context(t), p.page.URL+"/ws", nil)
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%v, %+v", err, response)
	}
	<-p.pages
	page := p.connect(t, nil)
	await(page, "hello", "a page when there is room", func(hello) bool { return true })
}

// The admin secret and the passwords do not reach the page.
func TestSecretsStay(t *testing.T) {
	srv := newJanus(t)
	p := start(t, config{admins: []string{srv.AdminURL(), nowhere}, urls: []string{srv.URL}})
	_, _, session, handle := testutil.Open(t, srv)
	page := p.connect(t, nil)
	page.look(fmt.Sprintf(`"events":{},"open":{"server":%q,"session":"%d","handle":"%d"}`, p.servers[0].name, session.ID, handle.ID))
	await(page, "handle", "handle_info", func(m handleMessage) bool { return m.Info != nil })
	await(page, "servers", "the Janus API", func(m serversMessage) bool {
		return m.Servers[0].Up && m.Servers[0].Version != "" && m.Servers[0].API != nil && m.Servers[0].API.Up && m.Servers[1].API == nil
	})
	page.mu.Lock()
	defer page.mu.Unlock()
	text, err := json.Marshal(page.newest)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.servers {
		for _, hidden := range []string{secret, s.password, s.path} {
			if strings.Contains(string(text), hidden) {
				t.Errorf("%q is in %s", hidden, text)
			}
		}
	}
}
