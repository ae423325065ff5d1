package requesttest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// A server_info that cannot be decoded is an error of Info.
func TestInfoNotUnderstood(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	testutil.Reply(srv, "info", `{"janus":"server_info","transaction":"TX","name":5}`)
	if _, err := g.Info(testutil.Context(t), ""); err == nil || !strings.Contains(err.Error(), "info") {
		t.Errorf("got %v", err)
	}
}

// Ping returns nil when Janus answers.
func TestPing(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	if err := g.Ping(testutil.Context(t), ""); err != nil {
		t.Error(err)
	}
}

// A reply of the wrong kind is an error of the call, and harms nothing else.
func TestUnexpectedRepliesNameRequestAndReply(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _, session, handle := testutil.Open(t, srv)
	frames := map[string]string{
		"surprise": `{"janus":"surprise","transaction":"TX","data":{"id":5}}`,
		"success":  `{"janus":"success","transaction":"TX","data":{"id":"seven"}}`,
	}
	for name, call := range testutil.Calls(g, session, handle) {
		for kind, frame := range frames {
			testutil.Reply(srv, testutil.VerbOf(name), frame)
			err := call(testutil.Context(t))
			if err == nil || !strings.Contains(err.Error(), testutil.VerbOf(name)) || !strings.Contains(err.Error(), kind) {
				t.Errorf("%s answered with %q returned %v", name, kind, err)
			}
		}
	}
	for _, verb := range []string{"create", "attach"} {
		testutil.Reply(srv, verb, `{"janus":"success","transaction":"TX"}`)
		if err := testutil.Calls(g, session, handle)[verb](testutil.Context(t)); err == nil {
			t.Errorf("%s answered without an id succeeded", verb)
		}
	}
	srv.Intercept(nil)
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Errorf("the connection is no longer usable: %v", err)
	}
}

// Bodies are marshaled by encoding/json. What cannot be marshaled is not sent.
func TestBodiesOfAllKinds(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	type join struct {
		Request string `json:"request"`
	}
	var got []string
	srv.Handle("janus.plugin.echo", janustest.PluginFunc(func(r *janustest.Request) {
		got = append(got, string(r.Body)+string(r.JSEP))
		_ = r.Success(map[string]any{})
	}))
	g, _ := testutil.Dial(t, srv, nil)
	handle := testutil.Attach(t, testutil.Create(t, g), "janus.plugin.echo")
	var noJsep *join
	for _, body := range []any{join{"x"}, &join{"x"}, map[string]string{"request": "x"}, json.RawMessage(`{"request":"x"}`)} {
		if _, err := handle.Message(testutil.Context(t), "", body, noJsep); err != nil {
			t.Fatal(err)
		}
	}
	for _, sent := range got {
		if sent != `{"request":"x"}` {
			t.Errorf("sent %s", sent)
		}
	}
	before := len(srv.Requests())
	for _, bad := range []any{make(chan int), func() {}, json.RawMessage(`{"request":`)} {
		_, err := handle.Message(testutil.Context(t), "", bad, nil)
		_, err2 := handle.Message(testutil.Context(t), "", join{}, bad)
		_, err3 := handle.Trickle(testutil.Context(t), "", bad)
		_, err4 := handle.TrickleMany(testutil.Context(t), "", bad)
		_, err5 := handle.Request(testutil.Context(t), "", bad)
		for _, err := range []error{err, err2, err3, err4, err5} {
			if err == nil || !strings.Contains(err.Error(), "marshal") {
				t.Errorf("%T: got %v", bad, err)
			}
		}
	}
	if _, err := handle.Request(testutil.Context(t), "", join{}); err != nil {
		t.Fatal(err)
	}
	if now := len(srv.Requests()); now != before+1 {
		t.Errorf("%d requests sent, want only the last", now-before)
	}
}

// A nil body is left out, as documented, and Janus says so.
func TestNilBody(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, _, handle := testutil.Open(t, srv)
	if _, err := handle.Message(testutil.Context(t), "", nil, nil); !errors.Is(err, janus.ErrorMissingMandatoryElement) {
		t.Errorf("got %v", err)
	}
}

// PluginData.Err is the error reported by a plugin; Decode works on data that did
// not come from Janus as well.
func TestPluginErrors(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, _, handle := testutil.Open(t, srv)
	event, err := handle.Message(testutil.Context(t), "", map[string]any{"audio": "loud"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var failure *janus.PluginError
	if err := event.Plugindata.Err(); !errors.As(err, &failure) || failure.Plugin != testutil.EchoTest || failure.Code == 0 ||
		!strings.Contains(err.Error(), failure.Reason) {
		t.Errorf("got %v", err)
	}
	event, err = handle.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil)
	if err != nil || event.Plugindata.Err() != nil {
		t.Errorf("got %v, %v", err, event.Plugindata.Err())
	}
	made := janus.PluginData{Plugin: "x", Data: map[string]interface{}{"a": 1}}
	var decoded struct{ A int }
	if err := made.Decode(&decoded); err != nil || decoded.A != 1 {
		t.Errorf("decoded %+v, %v", decoded, err)
	}
	if err := made.Decode(nil); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("got %v", err)
	}
}

// DialOptions.APISecret is sent with every request.
func TestAPISecret(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.APISecret = "hush" })
	without, _ := testutil.Dial(t, srv, nil)
	if _, err := without.Create(testutil.Context(t), ""); !errors.Is(err, janus.ErrorUnauthorized) {
		t.Errorf("got %v", err)
	}
	with, _ := testutil.Dial(t, srv, &janus.DialOptions{APISecret: "hush"})
	testutil.Create(t, with)
}

// The options of CreateWith and AttachWith are sent.
func TestCreateWithIDAndAttachWithOptions(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.OpaqueIDInAPI = true })
	g, _ := testutil.Dial(t, srv, nil)
	session, err := g.CreateWith(testutil.Context(t), "", janus.CreateOptions{ID: 424242})
	if err != nil || session.ID != 424242 {
		t.Fatalf("got %+v, %v", session, err)
	}
	if _, err := g.CreateWith(testutil.Context(t), "", janus.CreateOptions{ID: 424242}); !errors.Is(err, janus.ErrorSessionConflict) {
		t.Errorf("a second session of the same id: %v", err)
	}
	loop := 0
	handle, err := session.AttachWith(testutil.Context(t), "", janus.AttachOptions{Plugin: testutil.EchoTest, OpaqueID: "mine", LoopIndex: &loop})
	if err != nil {
		t.Fatal(err)
	}
	if request := string(testutil.Sent(srv, "attach")[0]); !strings.Contains(request, `"opaque_id":"mine"`) || !strings.Contains(request, `"loop_index":0`) {
		t.Errorf("sent %s", request)
	}
	event, err := handle.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil)
	if err != nil || event.OpaqueID != "mine" {
		t.Errorf("got %+v, %v", event, err)
	}
}

// An ack that cannot be understood ends the call with an error: no answer to it may be
// waited for.
func TestMalformedAck(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, _, handle := testutil.Open(t, srv)
	testutil.Reply(srv, "message", `{"janus":"ack","transaction":"TX","session_id":"malformed"}`)
	_, err := handle.Message(testutil.Context(t), "", map[string]any{}, nil)
	if err == nil || !strings.Contains(err.Error(), `reply "ack" not understood`) {
		t.Errorf("got %v", err)
	}
}

// What the Gateway sends of its own accord, such as the undoing of a session, has the
// transaction of no call.
func TestTransactionOfAnUndo(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	undo := make(chan string, 1)
	created := make(chan func(), 1)
	var number string
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		switch base.Type {
		case "create":
			number = base.ID
			created <- func() { reply(`{"janus":"success","transaction":"` + base.ID + `","data":{"id":77}}`) }
		case "destroy":
			undo <- base.ID
		}
		return true
	})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := g.Create(ctx, "")
		failed <- err
	}()
	answer := <-created
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Fatalf("Create returned %v", err)
	}
	answer()
	select {
	case id := <-undo:
		if id == number {
			t.Errorf("the undo has the transaction %q of the create", id)
		}
	case <-testutil.Context(t).Done():
		t.Error("not undone")
	}
}

// A reply that names a session does not answer a request that has none, unless it is
// an error.
func TestReplyForASessionAnswersNoGatewayCall(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		id := testutil.BaseOf(request).ID
		reply(`{"janus":"server_info","session_id":99,"transaction":"` + id + `","name":"another"}`)
		reply(`{"janus":"server_info","transaction":"` + id + `","name":"own"}`)
		return true
	})
	if info, err := g.Info(testutil.Context(t), ""); err != nil || info.Name != "own" {
		t.Errorf("got %+v, %v", info, err)
	}
	testutil.Reply(srv, "info", `{"janus":"error","session_id":99,"transaction":"TX","error":{"code":490,"reason":"r"}}`)
	if _, err := g.Info(testutil.Context(t), ""); !errors.Is(err, janus.ErrorUnknown) {
		t.Errorf("got %v", err)
	}
}

// failing is a body that cannot be marshaled.
type failing struct{ err error }

func (f failing) MarshalJSON() ([]byte, error) { return nil, f.err }

// The error of a body that cannot be marshaled can be matched.
func TestErrorOfAMarshaler(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, _, handle := testutil.Open(t, srv)
	cause := errors.New("not today")
	if _, err := handle.Message(t.Context(), "", failing{cause}, nil); !errors.Is(err, cause) || !errors.Is(err, janus.ErrNotSent) {
		t.Errorf("got %v", err)
	}
	if _, err := handle.Message(t.Context(), "", map[string]any{}, failing{cause}); !errors.Is(err, cause) || !errors.Is(err, janus.ErrNotSent) {
		t.Errorf("got %v", err)
	}
}
