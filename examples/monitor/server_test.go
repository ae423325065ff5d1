package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// Without events the Admin API is enough for the tree and for the handle that is open.
func TestTreeFromPolls(t *testing.T) {
	srv := newJanus(t)
	gateway, _, session, handle := testutil.Open(t, srv)
	p := start(t, config{admins: []string{srv.AdminURL()}})
	page := p.connect(t, nil)
	page.look()
	tree := await(page, "tree", "a session and a handle", func(m treeOfRows) bool {
		return m.Total == 2 && len(m.Rows) == 2 && m.Rows[1].Plugin != "" && m.Rows[0].Transport != ""
	})
	if r := tree.Rows[0]; r.Kind != "session" || r.Session != fmt.Sprint(session.ID) || r.Handles != 1 || !r.Expanded {
		t.Errorf("%+v", r)
	}
	if r := tree.Rows[1]; r.Kind != "handle" || r.Handle != fmt.Sprint(handle.ID) || r.Plugin != testutil.EchoTest {
		t.Errorf("%+v", r)
	}
	open := fmt.Sprintf(`{"server":%q,"session":"%d","handle":"%d"}`, p.servers[0].name, session.ID, handle.ID)
	page.look(`"open":` + open)
	await(page, "handle", "handle_info", func(m handleMessage) bool {
		return strings.Contains(string(m.Info), "session_id") && m.Summary.Plugin == testutil.EchoTest && m.Updated != nil
	})
	if _, err := handle.Detach(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	await(page, "handle", "the end of the handle", func(m handleMessage) bool { return m.Gone && m.Error == "" && len(m.Info) > 10 })
	await(page, "tree", "the session only", func(m treeOfRows) bool { return m.Total == 1 })
	testutil.Attach(t, session, testutil.EchoTest)
	await(page, "tree", "another handle", func(m treeOfRows) bool { return m.Total == 2 })
	testutil.Create(t, gateway)
	await(page, "tree", "another session", func(m treeOfRows) bool { return m.Total == 3 })
	if _, err := session.Destroy(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	await(page, "tree", "the other session", func(m treeOfRows) bool { return m.Total == 1 })
}

// When Janus is away the page says so, and when it is back the tree is that of the new
// sessions.
func TestJanusGoesAndComesBack(t *testing.T) {
	srv := testutil.NewServer(t, func(srv *janustest.Server) {
		srv.AdminSecret = secret
		srv.ReclaimTimeout = time.Hour // the session outlives its connection
	})
	testutil.Open(t, srv)
	p := start(t, config{admins: []string{srv.AdminURL(), nowhere}, urls: []string{srv.URL}})
	page := p.connect(t, nil)
	page.look()
	before := await(page, "tree", "a handle", func(m treeOfRows) bool { return m.Total == 2 })
	await(page, "servers", "the first is up", func(m serversMessage) bool {
		s := m.Servers
		return s[0].Up && s[0].Error == "" && s[0].Version != "" && s[0].API != nil && s[0].API.Up && s[0].API.RTT.known() && !s[1].Up && s[1].Error != ""
	})
	page.look(fmt.Sprintf(`"open":{"server":%q,"session":%q,"handle":%q}`, p.servers[0].name, before.Rows[1].Session, before.Rows[1].Handle))
	await(page, "handle", "the handle", func(m handleMessage) bool { return m.Updated != nil })

	id, err := strconv.ParseUint(before.Rows[0].Session, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	p.servers[0].tell(t, id, 1, &eventhandler.ICEState{})
	await(page, "servers", "events", func(m serversMessage) bool { return m.Servers[0].Events })
	srv.Refuse(http.StatusServiceUnavailable)
	srv.Cut()
	await(page, "servers", "the first is away", func(m serversMessage) bool {
		s := m.Servers[0]
		return !s.Up && s.Error != "" && !s.API.Up && !s.Events && s.EventCount == 1
	})
	await(page, "handle", "the error", func(m handleMessage) bool { return m.Error != "" && m.Updated != nil })
	page.mu.Lock()
	if tree := string(page.newest["tree"]); !strings.Contains(tree, before.Rows[1].Handle) {
		t.Errorf("the tree of the server that is away is %s", tree)
	}
	page.mu.Unlock()
	asked := len(srv.Requests())
	srv.Refuse(0)
	srv.Restart()
	_, _, session, _ := testutil.Open(t, srv)
	await(page, "servers", "the first is back", func(m serversMessage) bool { return m.Servers[0].Up && m.Servers[0].Error == "" && m.Servers[0].API.Up })
	await(page, "handle", "the old handle has gone", func(m handleMessage) bool { return m.Gone })
	await(page, "tree", "the new session", func(m treeOfRows) bool { return m.Total == 2 && m.Rows[0].Session == fmt.Sprint(session.ID) })
	for _, request := range srv.Requests()[asked:] {
		if kind := testutil.BaseOf(request).Type; strings.Contains(string(request), secret) && (kind == "ping" || kind == "list_sessions") {
			if kind == "ping" {
				t.Error("the sessions of the Janus that is back were not asked for at once")
			}
			break
		}
	}
}

// Events say what they are of by their path; those of strangers are refused.
func TestReceivers(t *testing.T) {
	p := start(t, config{admins: []string{nowhere, nowhere}})
	created := func(id int) string {
		return fmt.Sprintf(`{"emitter":"same","type":1,"timestamp":1700000000000000,"session_id":%d,"event":{"name":"created","transport":{"transport":"janus.transport.http","id":"1"}}}`, id)
	}
	for i, s := range p.servers {
		if err := p.poster(s).Post(testutil.Context(t), created(7+i)); err != nil {
			t.Fatal(err)
		}
	}
	stranger := p.poster(p.servers[0])
	stranger.Password = p.servers[1].password
	if err := stranger.Post(testutil.Context(t), created(666)); err != nil {
		t.Fatal(err)
	}
	socket := &janustest.EventSocket{URL: "ws" + strings.TrimPrefix(p.events.URL, "http") + p.servers[1].path + "?token=" + p.servers[1].password}
	if err := socket.Send(testutil.Context(t), created(9)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	page := p.connect(t, nil)
	page.look()
	tree := await(page, "tree", "three sessions", func(m treeOfRows) bool { return m.Total == 3 })
	for i, want := range [][2]string{{p.servers[0].name, "7"}, {p.servers[1].name, "8"}, {p.servers[1].name, "9"}} {
		if r := tree.Rows[i]; r.Server != want[0] || r.Session != want[1] || r.Transport != "janus.transport.http" {
			t.Errorf("row %d is %+v", i, r)
		}
	}
	await(page, "servers", "that there are events", func(m serversMessage) bool {
		return m.Servers[0].EventCount == 1 && m.Servers[1].EventCount == 2 && m.Servers[0].LastEvent != nil && m.Servers[1].Events
	})
	if a, b := p.servers[0], p.servers[1]; a.path == b.path || a.password == b.password || len(a.password) < 20 {
		t.Errorf("the receivers are %s and %s, with %s and %s", a.path, b.path, a.password, b.password)
	}
}

// A monitor that is started again on the same address with the same password accepts
// the same events.
func TestPasswordOfEventsCanBeFixed(t *testing.T) {
	for range 2 {
		m := newMonitor(t.Context(), config{admins: []string{nowhere, nowhere}, eventsPassword: "fixed"}, testutil.Quiet)
		if s := m.servers[1]; s.password != "fixed" || s.path != "/events/2" {
			t.Errorf("%q with the password %q", s.path, s.password)
		}
	}
}

// The token with which a handle was attached is not in its handle_info.
func TestTokenOfOpenHandle(t *testing.T) {
	srv := newJanus(t)
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		if base.Type != "handle_info" {
			return false
		}
		reply(fmt.Sprintf(`{"janus":"success","transaction":%q,"info":{"handle_id":2,"token":"of a person","plugin":"p"}}`, base.ID))
		return true
	})
	p := start(t, config{admins: []string{srv.AdminURL()}})
	page := p.connect(t, nil)
	page.look(fmt.Sprintf(`"open":{"server":%q,"session":"1","handle":"2"}`, p.servers[0].name))
	m := await(page, "handle", "handle_info", func(m handleMessage) bool { return strings.Contains(string(m.Info), "handle_id") })
	if strings.Contains(string(m.Info), "person") {
		t.Errorf("%s", m.Info)
	}

	page.look() // closes it
	testutil.Eventually(t, "that it is closed", func() bool {
		s := p.servers[0]
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.watches) == 0
	})
	count := func(verb string) int { return len(testutil.Sent(srv, verb)) }
	asked, pings := count("handle_info"), count("ping")
	testutil.Eventually(t, "many rounds", func() bool { return count("ping") > pings+20 })
	if n := count("handle_info") - asked; n > 1 { // one may have been on its way
		t.Errorf("Janus was asked %d times for a handle that is closed", n)
	}
}

// What handle_info says has gone is not in the tree any more, whatever the last list says.
func TestOpenHandleHasGone(t *testing.T) {
	srv := newJanus(t)
	s := newMonitor(t.Context(), config{admins: []string{srv.AdminURL()}, secret: secret}, testutil.Quiet).servers[0]
	defer s.close()
	if _, err := s.connected(testutil.Context(t)); err != nil {
		t.Fatal(err)
	}
	s.tell(t, 1, 2, begin("")...)
	w := &watch{id: ids{1, 2}}
	if !w.ask(t.Context(), s) || !w.gone || w.failure != "" || s.state.handle(w.id) != nil {
		t.Errorf("%+v", w)
	}
}

// answers makes a server answer query_eventhandler, and returns the requests.
func answers(srv *janustest.Server, answer string) (requests func() []string) {
	var mu sync.Mutex
	var all []string
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		if base.Type != "query_eventhandler" {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, string(request))
		reply(fmt.Sprintf(`{"janus":"success","transaction":%q,"response":%s}`, base.ID, answer))
		return true
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), all...)
	}
}

// With -tweak the event handler is set when Janus is there, and again when it is back.
func TestTweak(t *testing.T) {
	srv := newJanus(t)
	requests := answers(srv, `{"result":200}`)
	p := start(t, config{admins: []string{srv.AdminURL()}, tweak: true})
	testutil.Eventually(t, "the tweak", func() bool { return len(requests()) > 0 })
	var sent struct {
		Handler string
		Request map[string]any
	}
	if err := json.Unmarshal([]byte(requests()[0]), &sent); err != nil {
		t.Fatal(err)
	}
	s := p.servers[0]
	for name, want := range map[string]any{
		"request": "tweak", "events": "all", "grouping": true, "compress": false,
		"backend": p.events.URL + s.path, "backend_user": eventUser, "backend_pwd": s.password,
	} {
		if got := sent.Request[name]; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if sent.Handler != "janus.eventhandler.sampleevh" {
		t.Errorf("the handler is %s", sent.Handler)
	}
	before := len(requests())
	srv.Restart()
	testutil.Eventually(t, "the tweak of the Janus that is back", func() bool { return len(requests()) > before })
}

// Janus keeps no events for a monitor that has ended, and sends none.
func TestTweakEnds(t *testing.T) {
	srv := newJanus(t)
	requests := answers(srv, `{"result":200}`)
	t.Run("while it runs", func(t *testing.T) {
		start(t, config{admins: []string{srv.AdminURL()}, tweak: true})
		testutil.Eventually(t, "the tweak", func() bool { return len(requests()) > 0 })
		if first := requests()[0]; !strings.Contains(first, `"max_retransmissions":0`) {
			t.Errorf("%s", first)
		}
	})
	all := requests()
	if last := all[len(all)-1]; !strings.Contains(last, `"events":"none"`) || strings.Contains(last, "backend") {
		t.Errorf("the last request is %s", last)
	}
}

// The page of a handle that has not been listed yet, such as one of a link just after the
// monitor has started, does not say that it has gone.
func TestOpenHandleIsNotListedYet(t *testing.T) {
	srv := newJanus(t)
	_, _, session, handle := testutil.Open(t, srv)
	s := newMonitor(t.Context(), config{admins: []string{srv.AdminURL()}, secret: secret}, testutil.Quiet).servers[0]
	defer s.close()
	if _, err := s.connected(testutil.Context(t)); err != nil {
		t.Fatal(err)
	}
	w := &watch{id: ids{session.ID, handle.ID}}
	for _, listed := range []bool{false, true} {
		if listed {
			s.state.setSessions([]uint64{session.ID})
			s.state.setHandles(session.ID, []uint64{handle.ID}, 1)
		}
		if w.ask(t.Context(), s) {
			t.Fatal("it has gone")
		}
		if m, _ := w.message(s, nil); m.Gone || m.Updated == nil || m.Summary.Plugin == "" {
			t.Errorf("it has gone: %t, %+v", m.Gone, m.Summary)
		}
	}
	s.tell(t, session.ID, handle.ID, &eventhandler.HandleEvent{Change: eventhandler.Detached})
	if m, _ := w.message(s, nil); !m.Gone {
		t.Error("it is said to exist after it has gone")
	}
}

// A Janus that is back may have sessions of the same ids: their handles are listed again.
func TestHandlesAreListedAgain(t *testing.T) {
	srv := newJanus(t)
	s := newMonitor(t.Context(), config{admins: []string{srv.AdminURL()}, secret: secret}, testutil.Quiet).servers[0]
	defer s.close()
	_, _, session, handle := testutil.Open(t, srv)
	now := time.Now().UnixMilli()
	s.state.setSessions([]uint64{session.ID})
	s.state.setHandles(session.ID, []uint64{7}, now) // of the Janus before
	if err := s.round(testutil.Context(t), 0); err != nil {
		t.Fatal(err)
	}
	if s.state.handle(ids{session.ID, handle.ID}) == nil || s.state.handle(ids{session.ID, 7}) != nil {
		t.Error("the handles are those of the Janus before")
	}
}

// A request about one handle that Janus refuses does not make the server count as away,
// and is not repeated in each round.
func TestHandleThatIsRefused(t *testing.T) {
	srv := newJanus(t)
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		if base.Type != "handle_info" {
			return false
		}
		reply(fmt.Sprintf(`{"janus":"error","transaction":%q,"error":{"code":490,"reason":"by the test"}}`, base.ID))
		return true
	})
	s := newMonitor(t.Context(), config{admins: []string{srv.AdminURL()}, secret: secret}, testutil.Quiet).servers[0]
	defer s.close()
	testutil.Open(t, srv)
	for n := range 3 {
		if err := s.round(testutil.Context(t), n); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(testutil.Sent(srv, "handle_info")); n != 1 {
		t.Errorf("Janus was asked %d times", n)
	}
	s.state.check(t, 1, 1, 0)
}

// With events, the event handler is not set again; without, it is after a while.
func TestTweakIsRepeatedWithoutEvents(t *testing.T) {
	srv := newJanus(t)
	requests := answers(srv, `{"result":200}`)
	s := newMonitor(t.Context(), config{admins: []string{srv.AdminURL()}, secret: secret}, testutil.Quiet).servers[0]
	defer s.close()
	s.interval = time.Hour // no time passes in this test
	s.tweak = s.tweaker(io.Discard, "http://127.0.0.1:1")
	rounds := func(from int, want int) {
		t.Helper()
		for n := from; n < from+tweakAfter; n++ {
			if err := s.round(testutil.Context(t), n); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(requests()); n != want {
			t.Errorf("until round %d the event handler was set %d times, want %d", from+tweakAfter, n, want)
		}
	}
	rounds(0, 1)
	rounds(tweakAfter, 2)
	s.tell(t, 1, 0, begin("")[0])
	rounds(2*tweakAfter, 2)
}

// Janus reaches the receiver by the URL that it is told, if there is one.
func TestURLOfEvents(t *testing.T) {
	for configured, want := range map[string]string{"": "http://127.0.0.1:7/events/1", "https://events.example/": "https://events.example/events/1"} {
		c := config{admins: []string{nowhere}, eventsURL: configured}
		var out strings.Builder
		newMonitor(t.Context(), c, testutil.Quiet).setUp(c, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7}, &out)
		if !strings.Contains(out.String(), `backend = "`+want+`"`) {
			t.Errorf("%q: %s", configured, out.String())
		}
	}
}

func TestWhatTweakSays(t *testing.T) {
	for answer, want := range map[string]string{
		`{"result":200}`: "sampleevh sends all events here",
		`{"error_code":411,"error":"no such thing"}`: "could not be set up",
	} {
		srv := newJanus(t)
		answers(srv, answer)
		m := newMonitor(t.Context(), config{admins: []string{srv.AdminURL()}, secret: secret}, testutil.Quiet)
		s := m.servers[0]
		client, err := s.connected(testutil.Context(t))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		tweak := s.tweaker(&out, "http://127.0.0.1:1")
		for range 2 { // it is said once
			tweak(testutil.Context(t), client)
		}
		s.close()
		if strings.Count(out.String(), want) != 1 || strings.Contains(out.String(), s.password) {
			t.Errorf("%s: %s", answer, out.String())
		}
	}
}

// What a round asks for is limited, whatever the number of sessions and handles, and all
// are asked in the end.
func TestRoundsAreLimited(t *testing.T) {
	s := newState()
	var sessions []uint64
	for id := uint64(1); id <= 3000; id++ {
		sessions = append(sessions, id)
	}
	s.setSessions(sessions)
	listed := make(map[uint64]bool)
	for now := int64(1); len(listed) < len(sessions) && now < 20; now++ {
		asked := s.toList(0, listsARound)
		if len(asked) > listsARound {
			t.Fatalf("%d sessions are listed in a round", len(asked))
		}
		for _, id := range asked {
			listed[id.session] = true
			s.setHandles(id.session, []uint64{id.session}, now)
		}
	}
	s.check(t, 3000, 3000, 0)
	if again := s.toList(2, listsARound); len(again) == 0 {
		t.Error("no session is listed again")
	}
	s.setSessions(append(sessions, 4001, 4002))
	if mixed := s.toList(2, listsARound); len(mixed) != listsARound || mixed[0].session != 4001 || mixed[1].session != 4002 {
		t.Errorf("%d sessions are listed, the first are %v", len(mixed), mixed[:2])
	}
	var many []ids
	for id := range uint64(2 * infosARound) {
		many = append(many, ids{1 + id, 1 + id})
	}
	if all := s.toAsk(many, 1, 0, infosARound); len(all) != infosARound {
		t.Errorf("%d handles that are shown are asked for", len(all))
	}
	asked := make(map[ids]bool)
	shown := []ids{{2999, 2999}, {2999, 2999}, {1, 2}}
	for now := int64(1); len(asked) < 3000 && now < 100; now++ {
		round := s.toAsk(shown, now, 0, infosARound)
		if len(round) > infosARound || round[0] != shown[0] && now == 1 {
			t.Fatalf("%d handles are asked for in a round, the first is %v", len(round), round[0])
		}
		for _, id := range round {
			asked[id] = true
			s.setInfo(id, info(time.Second, "0", 0), now, now)
		}
	}
	if len(asked) != 3000 {
		t.Errorf("%d handles were asked for", len(asked))
	}
	if again := s.toAsk(nil, 0, 0, infosARound); len(again) != 0 {
		t.Errorf("%d handles that are known are asked for", len(again))
	}
	if again := s.toAsk(nil, 0, 10, infosARound); len(again) != infosARound {
		t.Errorf("%d handles are asked for again", len(again))
	}
	s.tell(0, 2999, 2999, stats("0", "audio", 0))
	s.mu.Lock()
	s.handles[shown[0]].media[0].lastEvent = 500
	s.mu.Unlock()
	if again := s.toAsk(shown, 400, 0, infosARound); len(again) != 0 {
		t.Errorf("%v is asked for although there are events", again)
	}
	if again := s.toAsk(shown, 501, 0, infosARound); len(again) != 1 {
		t.Errorf("%v is asked for without events", again)
	}
}

func TestRequestsAtOnce(t *testing.T) {
	var running, most atomic.Int32
	failed := errors.New("by the test")
	err := each(t.Context(), make([]ids, 100), func(context.Context, ids) error {
		n := running.Add(1)
		defer running.Add(-1)
		for {
			if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		runtime.Gosched()
		return nil
	})
	if n := most.Load(); err != nil || n > atOnce {
		t.Errorf("%v, %d at once", err, n)
	}
	var calls atomic.Int32
	err = each(t.Context(), make([]ids, 100), func(context.Context, ids) error { calls.Add(1); return failed })
	if n := calls.Load(); !errors.Is(err, failed) || n > 2*atOnce {
		t.Errorf("%v after %d calls", err, n)
	}
}

// When the program ends nothing of the library keeps running, although Janus does.
func TestNothingIsLeft(t *testing.T) {
	srv := newJanus(t)
	t.Run("while it runs", func(t *testing.T) {
		_, _, session, handle := testutil.Open(t, srv)
		p := start(t, config{admins: []string{srv.AdminURL()}, urls: []string{srv.URL}})
		page := p.connect(t, nil)
		page.look(fmt.Sprintf(`"open":{"server":%q,"session":"%d","handle":"%d"}`, p.servers[0].name, session.ID, handle.ID))
		await(page, "handle", "handle_info", func(m handleMessage) bool { return m.Updated != nil })
		await(page, "servers", "the Janus API", func(m serversMessage) bool { return m.Servers[0].API != nil && m.Servers[0].API.Up })
	})
	testutil.NoGoroutines(t)
}

// The page of a handle without a session of the tree, such as one of a link, says so.
func TestHandleThatDoesNotExist(t *testing.T) {
	srv := newJanus(t)
	p := start(t, config{admins: []string{srv.AdminURL()}})
	page := p.connect(t, nil)
	page.look(fmt.Sprintf(`"open":{"server":%q,"session":"1","handle":"2"}`, p.servers[0].name))
	await(page, "handle", "that it does not exist", func(m handleMessage) bool { return m.Gone })
	if status, _ := p.post(t, "hangup", fmt.Sprintf(`{"server":%q,"session":"1","handle":"2"}`, p.servers[0].name), nil); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}

// BenchmarkTake measures what 100 statistics cost that arrive as a batch, without HTTP.
func BenchmarkTake(b *testing.B) {
	m := newMonitor(b.Context(), config{admins: []string{nowhere}}, testutil.Quiet)
	s := m.servers[0]
	s.state.fill(10_000)
	var batch strings.Builder
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		batch.Reset()
		for i := range 100 {
			fmt.Fprintf(&batch, `%c{"emitter":"e","type":32,"subtype":3,"timestamp":%d,"session_id":%d,"handle_id":%[3]d,"event":{"mid":"0","mindex":0,"media":"audio","codec":"opus","base":48000,"rtt":3,"lost":0,"lost-by-remote":0,"jitter-local":1,"jitter-remote":2,"in-link-quality":100,"in-media-link-quality":100,"out-link-quality":100,"out-media-link-quality":100,"packets-received":%[4]d,"packets-sent":%[4]d,"bytes-received":%[4]d,"bytes-sent":%[4]d,"bytes-received-lastsec":1,"bytes-sent-lastsec":1,"nacks-received":0,"nacks-sent":0,"retransmissions-received":0}}`,
				"[,"[min(i, 1)], 1_800_000_000_000_000+n*1_000_000, 1+(n*100+i)%10_000, n)
		}
		batch.WriteByte(']')
		events, err := eventhandler.Parse([]byte(batch.String()))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.take(b.Context(), events); err != nil {
			b.Fatal(err)
		}
	}
}
