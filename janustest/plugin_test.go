package janustest_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/cameronelliott/janus-go/janustest"
)

// scripted starts a server with a plugin, and attaches a handle to it.
func scripted(t *testing.T, f func(r *janustest.Request)) (c *client, session, handle uint64) {
	t.Helper()
	s := newServer(t, nil)
	s.Handle("janus.plugin.mine", janustest.PluginFunc(f))
	c = dial(t, s)
	session = c.session()
	return c, session, c.handle(session, "janus.plugin.mine")
}

func TestRequestFields(t *testing.T) {
	got := make(chan janustest.Request, 1)
	s := newServer(t, nil)
	s.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) { got <- *r }))
	c := dial(t, s)
	session := c.session()
	handle := c.ask(m{"janus": "attach", "session_id": session, "plugin": "janus.plugin.mine", "opaque_id": "o"}).Data.ID
	transaction := c.send(m{
		"janus": "message", "session_id": session, "handle_id": handle, "token": "k",
		"body": m{"a": 1}, "jsep": m{"type": "offer", "sdp": "v=0"},
	})
	r := <-got
	if r.Session != session || r.Handle != handle || r.Plugin != "janus.plugin.mine" || r.OpaqueID != "o" ||
		r.Transaction != transaction || r.Token != "k" || string(r.Body) != `{"a":1}` ||
		string(r.JSEP) != `{"sdp":"v=0","type":"offer"}` {
		t.Errorf("got %+v", r)
	}
}

func TestPluginAnswers(t *testing.T) {
	c, session, handle := scripted(t, func(r *janustest.Request) {
		var body struct{ Request string }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			t.Error(err)
		}
		for _, err := range map[string]func() []error{
			"success": func() []error { return []error{r.Success(m{"a": 1})} },
			"error":   func() []error { return []error{r.Error(460, "no <such>")} },
			"raw":     func() []error { return []error{r.Raw(`{"janus":"raw"}`)} },
			"events": func() []error {
				return []error{
					r.Event(m{"n": 1}, nil), r.Ack(), r.Event(m{"n": 2}, json.RawMessage(`{"type":"answer","sdp":"s"}`)),
					r.Notify(m{"n": 3}, nil),
				}
			},
		}[body.Request]() {
			if err != nil {
				t.Error(err)
			}
		}
	})
	head := func(janus, transaction string) string {
		return fmt.Sprintf(`{"janus":%q,"session_id":%d,"transaction":%q`, janus, session, transaction)
	}
	tail := fmt.Sprintf(`,"sender":%d,"plugindata":{"plugin":"janus.plugin.mine","data":`, handle)
	ask := func(request string) string {
		return c.send(m{"janus": "message", "session_id": session, "handle_id": handle, "body": m{"request": request}})
	}
	check := func(want string) {
		t.Helper()
		if got := string(c.next().text); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	x := ask("success")
	check(head("success", x) + tail + `{"a":1}}}`)
	x = ask("error")
	check(head("error", x) + `,"error":{"code":460,"reason":"no <such>"}}`)
	ask("raw")
	check(`{"janus":"raw"}`)
	x = ask("events")
	check(head("event", x) + tail + `{"n":1}}}`)
	check(head("ack", x) + `}`)
	check(head("event", x) + tail + `{"n":2}},"jsep":{"type":"answer","sdp":"s"}}`)
	check(fmt.Sprintf(`{"janus":"event","session_id":%d`, session) + tail + `{"n":3}}}`)
}

func TestPluginAnswersLater(t *testing.T) {
	later := make(chan *janustest.Request, 1)
	c, session, handle := scripted(t, func(r *janustest.Request) { later <- r })
	x := c.send(m{"janus": "message", "session_id": session, "handle_id": handle, "body": m{}})
	r := <-later
	c.expect(c.ask(m{"janus": "ping"}), "pong") // it does not hold up the connection
	if err := r.Success(m{}); err != nil {
		t.Fatal(err)
	}
	if msg := c.expect(c.next(), "success"); msg.Transaction != x {
		t.Errorf("got %s", msg.text)
	}
	if r.Success(func() {}) == nil || r.Event(func() {}, nil) == nil || r.Raw(func() {}) == nil {
		t.Error("sent what cannot be encoded")
	}
	c.expect(c.ask(m{"janus": "destroy", "session_id": session}), "success")
	if r.Event(m{}, nil) == nil || r.Notify(m{}, nil) == nil {
		t.Error("an event of a session that is over")
	}
	c.close()
	waitFor(t, "an error", func() bool { return r.Success(m{}) != nil && r.Ack() != nil })
}

func TestPluginKeepsOrder(t *testing.T) {
	next := 0
	c, session, handle := scripted(t, func(r *janustest.Request) {
		if want := fmt.Sprintf(`{"n":%d}`, next); string(r.Body) != want {
			t.Errorf("got %s, want %s", r.Body, want)
		}
		next++
		if err := r.Success(json.RawMessage(r.Body)); err != nil {
			t.Error(err)
		}
	})
	const requests = 1000
	for n := range requests {
		c.send(m{"janus": "message", "session_id": session, "handle_id": handle, "body": m{"n": n}})
	}
	for n := range requests {
		if msg := c.next(); msg.Plugindata.Data["n"] != float64(n) {
			t.Fatalf("answer %d is %s", n, msg.text)
		}
	}
}

// A scripted plugin may take the place of one that the server has.
func TestPluginReplaced(t *testing.T) {
	s := newServer(t, nil)
	s.Handle(echotest, janustest.PluginFunc(func(r *janustest.Request) {
		if err := r.Success(m{"mine": true}); err != nil {
			t.Error(err)
		}
	}))
	c := dial(t, s)
	session := c.session()
	msg := c.message(session, c.handle(session, echotest), m{}, nil)
	if msg.Plugindata.Plugin != echotest || msg.Plugindata.Data["mine"] != true {
		t.Errorf("got %s", msg.text)
	}
}
