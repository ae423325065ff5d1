package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// printed returns the configuration of sampleevh that the program prints.
func (p *program) printed(t testing.TB, s *server) string {
	t.Helper()
	var out strings.Builder
	s.printSetup(&out, p.events.URL)
	block := regexp.MustCompile(`(?s)general: \{\n.*\n\}\n`).FindString(out.String())
	if block == "" {
		t.Fatalf("the program prints %s", &out)
	}
	return block
}

// join attaches to the VideoRoom of a real Janus.
func join(t testing.TB, server *realjanus.Server, opaque string) (*janus.Session, *janus.Handle) {
	t.Helper()
	gateway, _, err := janus.Connect(testutil.Context(t), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Close(1000, "") })
	session := testutil.Create(t, gateway)
	handle, err := session.AttachWith(testutil.Context(t), "", janus.AttachOptions{Plugin: videoroom.Name, OpaqueID: opaque})
	if err != nil {
		t.Fatal(err)
	}
	return session, handle
}

// With the lines that the program prints, a real Janus sends its events, and the actions
// of a page work on it.
func TestRealJanusWithThePrintedLines(t *testing.T) {
	var server *realjanus.Server
	// A password that has to be escaped.
	p := startWith(t, config{admins: []string{nowhere}, eventsPassword: `say "friend\" and enter`}, func(p *program) {
		s := p.servers[0]
		server = realjanus.Start(t, realjanus.Options{
			Plugins: []string{"videoroom"}, EventHandlers: map[string]string{"sampleevh": p.printed(t, s)},
		})
		s.adminURL, s.secret, s.apiURL = server.AdminURL, server.AdminSecret, server.URL
	})
	page := p.connect(t, nil)
	page.look(`"events":{}`)
	await(page, "servers", "Janus", func(m serversMessage) bool {
		return m.Servers[0].Up && m.Servers[0].Version == server.Version() && m.Servers[0].Events && m.Servers[0].API != nil && m.Servers[0].API.Up
	})
	session, handle := join(t, server, "ada")
	page.awaitEvent("attached " + videoroom.Name + " ada")
	tree := await(page, "tree", "the handle", func(m treeOfRows) bool { return m.Total == 2 && m.Rows[1].Opaque == "ada" })
	if tree.Rows[0].Session != fmt.Sprint(session.ID) || tree.Rows[1].Handle != fmt.Sprint(handle.ID) || tree.Rows[0].Transport != "janus.transport.websockets" {
		t.Errorf("%+v", tree)
	}
	at := fmt.Sprintf(`{"server":%q,"session":"%d","handle":"%d"}`, p.servers[0].name, session.ID, handle.ID)
	page.look(`"events":{},"open":` + at)
	await(page, "handle", "handle_info", func(m handleMessage) bool {
		return strings.Contains(string(m.Info), `"plugin_specific"`) && m.Summary.Opaque == "ada" && !m.Summary.Up
	})
	if status, body := p.post(t, "hangup", at, nil); status != http.StatusNoContent {
		t.Errorf("hangup: %d %s", status, body)
	}
	if status, body := p.post(t, "detach", at, nil); status != http.StatusNoContent {
		t.Errorf("detach: %d %s", status, body)
	}
	await(page, "handle", "that it has gone", func(m handleMessage) bool { return m.Gone })
	await(page, "tree", "the session", func(m treeOfRows) bool { return m.Total == 1 })
	if status, body := p.post(t, "destroy", at, nil); status != http.StatusNoContent {
		t.Errorf("destroy: %d %s", status, body)
	}
	page.awaitEvent("session destroyed")
	await(page, "tree", "nothing", func(m treeOfRows) bool { return m.Total == 0 })
}

// With -tweak a real Janus sends its events here, also after it has been killed and
// started again, and the tree is that of the Janus that runs.
func TestRealJanusWithTweak(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{
		Plugins:       []string{"videoroom"},
		EventHandlers: map[string]string{"sampleevh": "general: { enabled = true\n events = \"none\"\n backend = \"http://127.0.0.1:1/\"\n max_retransmissions = 0 }\n"},
	})
	p := start(t, config{admins: []string{server.AdminURL}, secret: server.AdminSecret, tweak: true})
	page := p.connect(t, nil)
	page.look(`"events":{}`)
	for _, when := range []string{"at first", "after the restart"} {
		await(page, "servers", "Janus "+when, func(m serversMessage) bool { return m.Servers[0].Up && m.Servers[0].Version == server.Version() })
		session, _ := join(t, server, when)
		page.awaitEvent("attached " + videoroom.Name + " " + when)
		await(page, "tree", "the handle "+when, func(m treeOfRows) bool { return m.Total == 2 && m.Rows[0].Session == fmt.Sprint(session.ID) })
		if when == "at first" {
			server.Kill()
			await(page, "servers", "that Janus is away", func(m serversMessage) bool { return !m.Servers[0].Up && m.Servers[0].Error != "" })
			server.Restart(t)
		}
	}
}
