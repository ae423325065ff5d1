package tracetest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/trace"
)

// dial connects with hooks.
func dial(t *testing.T, srv *janustest.Server, r *record) *janus.Gateway {
	t.Helper()
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: testutil.Quiet, Trace: r.trace()})
	return g
}

// The hooks of every call have its verb, its plugin, its ids and the sizes of the
// frames, and the context of the caller.
func TestRequest(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	g := dial(t, srv, r)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	take(r, &r.requests)
	for name, call := range testutil.Calls(g, session, handle) {
		if name == "claim" || name == "destroy" || name == "detach" {
			continue // see below: they end what the others need
		}
		testRequest(t, srv, r, name, call)
	}
	calls := testutil.Calls(g, session, handle)
	testRequest(t, srv, r, "detach", calls["detach"])
	testRequest(t, srv, r, "destroy", calls["destroy"])
}

func testRequest(t *testing.T, srv *janustest.Server, r *record, name string, call func(context.Context) error) {
	t.Helper()
	ctx := context.WithValue(testutil.Context(t), ofCaller, name)
	if err := call(ctx); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	requests := srv.Requests()
	frame := requests[len(requests)-1]
	var sent struct {
		Session uint64 `json:"session_id"`
		Handle  uint64 `json:"handle_id"`
	}
	if err := json.Unmarshal(frame, &sent); err != nil {
		t.Fatal(err)
	}
	want := trace.Request{Server: srv.URL, Verb: testutil.VerbOf(name), Session: sent.Session, Handle: sent.Handle}
	if name == "attach" || sent.Handle != 0 {
		want.Plugin = testutil.EchoTest
	}
	got := r.last(t)
	if got.Request != want {
		t.Errorf("%s: %+v, want %+v", name, got.Request, want)
	}
	refused := want.Verb == "message" // the EchoTest refuses an empty body
	if got.Sent != len(frame) || got.Received == 0 || (got.Err != nil) != refused || got.Duration <= 0 {
		t.Errorf("%s: %+v, but %d bytes were sent", name, got.Result, len(frame))
	}
	if got.start.Value(ofCaller) != name || got.end.Value(ofCaller) != name {
		t.Errorf("%s: the context is not that of the caller", name)
	}
}

// The size of a reply is that of its frame.
func TestReceived(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	g := dial(t, srv, r)
	const reply = `{"janus":"pong","transaction":"TX"}`
	testutil.Reply(srv, "ping", reply)
	if err := g.Ping(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	var sent janus.BaseMsg
	if err := json.Unmarshal(testutil.Sent(srv, "ping")[0], &sent); err != nil {
		t.Fatal(err)
	}
	if want := len(strings.Replace(reply, "TX", sent.ID, 1)); r.last(t).Received != want {
		t.Errorf("not %d bytes", want)
	}
}

// Errors of Janus, of the plugin and of the client are those of the call, except
// that an error in a plugin's answer is reported although Message succeeds.
func TestRequestErrors(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	g := dial(t, srv, r)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	take(r, &r.requests)
	ctx := testutil.Context(t)

	_, err := session.Attach(ctx, "", "janus.plugin.none")
	if got := r.last(t); !errors.Is(got.Err, janus.ErrorPluginNotFound) || got.Err != err || got.Sent == 0 || got.Received == 0 {
		t.Errorf("an error of Janus: %+v, the call returned %v", got, err)
	}

	const answer = `{"janus":"success","transaction":"TX","plugindata":{"plugin":"p","data":{"error_code":17,"error":"no"}}}`
	testutil.Reply(srv, "message", answer)
	for name, call := range map[string]func() error{
		"Message": func() error { _, err := handle.Message(ctx, "", struct{}{}, nil); return err },
		"Request": func() error { _, err := handle.Request(ctx, "", struct{}{}); return err },
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		var reported *janus.PluginError
		if got := r.last(t); !errors.As(got.Err, &reported) || reported.Code != 17 {
			t.Errorf("an error of the plugin in the answer of %s: %+v", name, got)
		}
	}

	testutil.Reply(srv, "message", "") // silence
	late, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err = handle.Message(late, "", struct{}{}, nil)
	if got := r.last(t); !errors.Is(got.Err, context.DeadlineExceeded) || got.Err != err || got.Sent == 0 || got.Received != 0 {
		t.Errorf("a call without a reply: %+v, the call returned %v", got, err)
	}

	testutil.Close(t, g)
	_, err = handle.Message(ctx, "", struct{}{}, nil)
	if got := r.last(t); !errors.Is(got.Err, janus.ErrNotSent) || got.Err != err || got.Sent != 0 {
		t.Errorf("a call after the end: %+v, the call returned %v", got, err)
	}
}

// A call that waits for a token is a request already.
func TestRequestWaitsForToken(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	asked, answer := make(chan struct{}), make(chan struct{})
	opts := &janus.DialOptions{
		Logger: testutil.Quiet,
		Trace:  r.trace(),
		TokenSource: func(context.Context, uint64) (string, error) {
			close(asked)
			<-answer
			return "", errors.New("no token")
		},
	}
	g, _ := testutil.Dial(t, srv, opts)
	result := make(chan error, 1)
	go func() { result <- g.Ping(testutil.Context(t), "") }()
	<-asked
	unlock := r.lock()
	if r.open != 1 {
		t.Errorf("%d requests have begun, want 1", r.open)
	}
	unlock()
	close(answer)
	if err := <-result; err == nil || r.last(t).Err != err {
		t.Errorf("the call returned %v", err)
	}
}

// A handle that was taken over has no known plugin; neither has one that has
// ended.
func TestUnknownPlugin(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	g := dial(t, srv, r)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	take(r, &r.requests)
	ctx := testutil.Context(t)
	if _, err := session.Adopt(17).Hangup(ctx, ""); err == nil {
		t.Error("no error")
	}
	if got := r.last(t); got.Plugin != "" || got.Handle != 17 {
		t.Errorf("an adopted handle: %+v", got)
	}
	if _, err := handle.Detach(ctx, ""); err != nil {
		t.Fatal(err)
	}
	testutil.Rest(t, handle.Events)
	take(r, &r.requests)
	if _, err := handle.Hangup(ctx, ""); err == nil {
		t.Error("no error")
	}
	if got := r.last(t); got.Plugin != "" || got.Handle != handle.ID {
		t.Errorf("an ended handle: %+v", got)
	}
}
