package janustest_test

import (
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/janustest"
)

func TestScript(t *testing.T) {
	const plugin = "janus.plugin.audiobridge"
	s := newServer(t, nil)
	s.Handle(plugin, janustest.Script{
		"create": janustest.Success(m{"audiobridge": "created", "room": 5}),
		"join":   janustest.Event(m{"audiobridge": "joined"}, nil),
		"configure": janustest.Event(m{"audiobridge": "event", "result": "ok"},
			m{"type": "answer", "sdp": "v=0"}),
		"echo": func(r *janustest.Request) { _ = r.Success(r.Body) },
	})
	c := dial(t, s)
	session := c.session()
	handle := c.handle(session, plugin)
	ask := func(request string) message { return c.message(session, handle, m{"request": request}, nil) }

	if msg := c.expect(ask("create"), "success"); msg.Plugindata.Data["audiobridge"] != "created" {
		t.Errorf("got %s", msg.text)
	}
	if msg := c.expect(ask("join"), "event"); msg.Plugindata.Data["audiobridge"] != "joined" || msg.JSEP.Type != "" {
		t.Errorf("got %s", msg.text)
	}
	if msg := c.expect(ask("configure"), "event"); msg.JSEP.Type != "answer" {
		t.Errorf("got %s", msg.text)
	}
	if msg := c.expect(ask("echo"), "success"); msg.Plugindata.Data["request"] != "echo" {
		t.Errorf("got %s", msg.text)
	}
	c.expectError(ask("odd"), 462, `janustest: the script for janus.plugin.audiobridge has no answer to "odd"`)

	s.Handle(plugin, janustest.Script{"": janustest.Success(m{"audiobridge": "any"})})
	handle = c.handle(session, plugin)
	if msg := c.expect(ask("odd"), "success"); msg.Plugindata.Data["audiobridge"] != "any" {
		t.Errorf("got %s", msg.text)
	}
}

func TestScriptPanicsOnWhatIsNotJSON(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	janustest.Success(make(chan int))
}

// Whoever attaches to a plugin that needs a script is told so.
func TestPluginWithoutScript(t *testing.T) {
	c := dial(t, newServer(t, nil))
	session := c.session()
	attach := func(plugin string) message {
		return c.ask(m{"janus": "attach", "session_id": session, "plugin": plugin})
	}
	msg := attach("janus.plugin.streaming")
	if msg.Error.Code != 460 || !strings.HasPrefix(msg.Error.Reason, "No such plugin 'janus.plugin.streaming'") ||
		!strings.Contains(msg.Error.Reason, `Server.Handle("janus.plugin.streaming", script)`) {
		t.Errorf("got %s", msg.text)
	}
	c.expectError(attach("janus.plugin.mine"), 460, "No such plugin 'janus.plugin.mine'")
}
