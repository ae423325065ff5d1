package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/cameronelliott/janus-go/internal/testutil"
)

func TestTreeFromPolls(t *testing.T) {
	srv := newJanus(t)
	gateway, _ := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, gateway)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	p := start(t, config{admins: []string{srv.AdminURL()}})
	page := p.connect(t, nil)
	page.look()
	tree := await(page, "tree", "a session and a handle", func(m treeOfRows) bool {
		return m.Total == 2 && len(m.Rows) == 2 && m.Rows[1].Plugin != ""
	})
	if r := tree.Rows[0]; r.Kind != "session" || r.Session != fmt.Sprint(session.ID) || r.Handles != 1 || !r.Expanded {
		t.Errorf("%+v", r)
	}
	if r := tree.Rows[1]; r.Kind != "handle" || r.Handle != fmt.Sprint(handle.ID) || r.Plugin != testutil.EchoTest {
		t.Errorf("%+v", r)
	}
	open := fmt.Sprintf(`{"server":%q,"session":"%d","handle":"%d"}`, p.servers[0].name, session.ID, handle.ID)
	page.look(`"open":` + open)
	await(page, "handle", "handle_info", func(m handleMessage) bool { return m.Info != nil && m.Summary.Plugin == testutil.EchoTest })
	if status, body := p.post(t, "detach", open, nil); status != http.StatusNoContent {
		t.Errorf("%d %s", status, body)
	}
	await(page, "handle", "the end of the handle", func(m handleMessage) bool { return m.Gone })
	await(page, "tree", "the session only", func(m treeOfRows) bool { return m.Total == 1 })
}
