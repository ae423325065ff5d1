package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// delay tells of the first request of one kind, and keeps it from the server
// until release is closed.
func delay(verb string, arrived chan<- struct{}, release <-chan struct{}) func(json.RawMessage, func(any)) bool {
	var first atomic.Bool
	return func(frame json.RawMessage, _ func(any)) bool {
		var base janus.BaseMsg
		if json.Unmarshal(frame, &base) == nil && base.Type == verb && first.CompareAndSwap(false, true) {
			close(arrived)
			<-release
		}
		return false
	}
}

// Call returns the plugin's error as its own, found by errors.As and by plugin
// and code, and sends the session's token. It serves both kinds of requests.
func TestCall(t *testing.T) {
	server := start(t, nil)
	server.Handle("janus.plugin.test", janustest.PluginFunc(func(r *janustest.Request) {
		var body struct{ Do string }
		_ = json.Unmarshal(r.Body, &body)
		switch body.Do {
		case "sync":
			_ = r.Success(map[string]any{"answer": 1})
		case "async":
			_ = r.Ack()
			_ = r.Event(map[string]any{"answer": 2}, nil)
		default:
			_ = r.Ack()
			_ = r.Event(map[string]any{"error_code": 426, "error": "No such room", "room": 5}, nil)
		}
	}))
	g, _ := dial(t, server, nil)
	s, err := g.Create(t.Context(), "token")
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Attach(t.Context(), "", "janus.plugin.test")
	if err != nil {
		t.Fatal(err)
	}
	if h.Session() != s || s.Gateway() != g {
		t.Error("a handle does not know its session, or a session its gateway")
	}
	for do, want := range map[string]float64{"sync": 1, "async": 2} {
		event, err := h.Call(t.Context(), map[string]any{"do": do}, nil)
		if err != nil || event.Plugindata.Data["answer"] != want {
			t.Errorf("%s: %v, %v", do, event, err)
		}
	}
	event, err := h.Call(t.Context(), map[string]any{"do": "fail"}, nil)
	var failure *janus.PluginError
	if !errors.As(err, &failure) || failure.Code != 426 || failure.Reason != "No such room" || failure.Plugin != "janus.plugin.test" {
		t.Errorf("the error is %v", err)
	}
	if event == nil || event.Plugindata.Data["room"] != 5.0 {
		t.Errorf("the answer is %v", event)
	}
	for target, want := range map[error]bool{
		&janus.PluginError{Plugin: "janus.plugin.test", Code: 426}:  true,
		&janus.PluginError{Plugin: "janus.plugin.test", Code: 427}:  false,
		&janus.PluginError{Plugin: "janus.plugin.other", Code: 426}: false,
		code{"janus.plugin.test", 426}:                              true,
		code{"janus.plugin.other", 426}:                             false,
		janus.ErrorCode(426):                                        false,
	} {
		if errors.Is(err, target) != want {
			t.Errorf("errors.Is(err, %#v) is not %t", target, want)
		}
	}
	for _, r := range requests(server, "message") {
		if r["token"] != "token" {
			t.Errorf("Call sent %v", r)
		}
	}
}

// code is an error code as the typed plugin packages have it.
type code struct {
	plugin string
	code   int
}

func (c code) Error() string             { return fmt.Sprint(c.plugin, c.code) }
func (c code) PluginCode() (string, int) { return c.plugin, c.code }

// With a TokenSource, every request without a token of its own has the source's.
func TestTokenSourceServesEveryRequest(t *testing.T) {
	server := start(t, func(s *janustest.Server) { s.Tokens = []string{"fresh", "own"} })
	var asked atomic.Uint64
	g, _ := dial(t, server, &janus.DialOptions{TokenSource: func(_ context.Context, id uint64) (string, error) {
		asked.Store(id)
		return "fresh", nil
	}})
	s, h := open(t, g)
	if asked.Load() != s.ID {
		t.Errorf("the source was asked for session %d", asked.Load())
	}
	calls := map[string]func() error{
		"info":      func() error { _, err := g.Info(t.Context(), ""); return err },
		"ping":      func() error { return g.Ping(t.Context(), "") },
		"keepalive": func() error { _, err := s.KeepAlive(t.Context(), ""); return err },
		"message":   func() error { _, err := h.Call(t.Context(), map[string]any{"audio": true}, nil); return err },
		"trickle":   func() error { _, err := h.TrickleCompleted(t.Context(), ""); return err },
		"hangup":    func() error { _, err := h.Hangup(t.Context(), ""); return err },
		"create":    nil,
		"attach":    nil,
	}
	for verb, call := range calls {
		if call != nil {
			if err := call(); err != nil {
				t.Errorf("%s: %v", verb, err)
			}
		}
		for _, r := range requests(server, verb) {
			if r["token"] != "fresh" {
				t.Errorf("sent %v", r)
			}
		}
	}
	if c := requests(server, "trickle")[0]["candidate"].(map[string]any); c["completed"] != true || len(c) != 1 {
		t.Errorf("TrickleCompleted sent %v", c)
	}
	if _, err := s.KeepAlive(t.Context(), "own"); err != nil {
		t.Error(err)
	}
	all := requests(server, "keepalive")
	if all[len(all)-1]["token"] != "own" {
		t.Error("a token of the call's own was replaced")
	}

	failing, _ := dial(t, server, &janus.DialOptions{TokenSource: func(context.Context, uint64) (string, error) {
		return "", errors.New("no token today")
	}})
	_, err := failing.Create(t.Context(), "")
	mustMatch(t, "no token", err, []error{janus.ErrNotSent}, []error{janus.ErrClosed})
	if !strings.Contains(fmt.Sprint(err), "no token today") {
		t.Error(err)
	}
}

// JSEP has the SDP and what Janus adds to it, and serves as an argument again.
func TestJSEP(t *testing.T) {
	server := start(t, nil)
	server.Handle("janus.plugin.test", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Ack()
		_ = r.Event(map[string]any{"ok": true}, map[string]any{
			"type": "offer", "sdp": "v=0", "trickle": false, "restart": true, "update": true, "e2ee": true,
			"simulcast": []any{map[string]any{"mindex": 1}}, "svc": []any{map[string]any{"mindex": 2}},
		})
	}))
	g, _ := dial(t, server, nil)
	s, err := g.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Attach(t.Context(), "", "janus.plugin.test")
	if err != nil {
		t.Fatal(err)
	}
	event, err := h.Call(t.Context(), map[string]any{}, &janus.JSEP{Type: "answer", SDP: "v=1"})
	if err != nil {
		t.Fatal(err)
	}
	j := event.JSEP()
	if j.Type != "offer" || j.SDP != "v=0" || j.Trickle == nil || *j.Trickle || !j.Restart || !j.Update || !j.E2EE ||
		fmt.Sprint(j.Simulcast, j.SVC) != "[map[mindex:1]] [map[mindex:2]]" {
		t.Errorf("JSEP is %+v", j)
	}
	if sent := fmt.Sprint(requests(server, "message")[0]["jsep"]); sent != "map[sdp:v=1 type:answer]" {
		t.Errorf("sent %s", sent)
	}
	if j := (&janus.EventMsg{}).JSEP(); j != nil {
		t.Errorf("JSEP of nothing is %+v", j)
	}
	odd := &janus.EventMsg{Jsep: map[string]any{"type": "answer", "sdp": "v=2", "restart": "yes"}}
	if j := odd.JSEP(); j.Type != "answer" || j.SDP != "v=2" {
		t.Errorf("JSEP with a member of a wrong type is %+v", j)
	}
}

// Data of a plugin prints as JSON, with ids in full and secrets masked, and Raw
// is what came.
func TestPluginDataPrints(t *testing.T) {
	server := start(t, nil)
	server.Handle("janus.plugin.test", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Success(json.RawMessage(`{"id":8149523648149523648,"pin":"1234"}`))
	}))
	g, _ := dial(t, server, nil)
	s, err := g.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Attach(t.Context(), "", "janus.plugin.test")
	if err != nil {
		t.Fatal(err)
	}
	event, err := h.Call(t.Context(), map[string]any{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(event.Plugindata), fmt.Sprintf("%+v", *event)} {
		if !strings.Contains(text, `{"id":8149523648149523648,"pin":"***"}`) || strings.Contains(text, "0xc") {
			t.Errorf("printed as %s", text)
		}
	}
	if raw := string(event.Plugindata.Raw()); raw != `{"id":8149523648149523648,"pin":"1234"}` {
		t.Errorf("Raw is %s", raw)
	}
	made := janus.PluginData{Plugin: "p", Data: map[string]any{"a": 1}}
	if made.Raw() != nil || made.String() != `p {"a":1}` {
		t.Errorf("data that was not received is %v", made)
	}
}
