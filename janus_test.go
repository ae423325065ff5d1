package janus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// This file holds what the documentation of the API promises. What the client
// promises beyond it is tested by the packages below internal.

// Every documented function and method has the documented signature.
var (
	_ func(context.Context, string) (*janus.Gateway, *errgroup.Group, error)                          = janus.Connect
	_ func(*errgroup.Group) error                                                                     = janus.WaitForGroup
	_ func(*janus.Gateway, websocket.StatusCode, string) error                                        = (*janus.Gateway).Close
	_ func(*janus.Gateway, context.Context, string) (*janus.Session, error)                           = (*janus.Gateway).Create
	_ func(*janus.Gateway, context.Context, string) (*janus.InfoMsg, error)                           = (*janus.Gateway).Info
	_ func(*janus.Handle, context.Context, string) (*janus.AckMsg, error)                             = (*janus.Handle).Detach
	_ func(*janus.Handle, context.Context, string, interface{}, interface{}) (*janus.EventMsg, error) = (*janus.Handle).Message
	_ func(*janus.Handle, context.Context, string, interface{}) (*janus.SuccessMsg, error)            = (*janus.Handle).Request
	_ func(*janus.Handle, context.Context, string, interface{}) (*janus.AckMsg, error)                = (*janus.Handle).Trickle
	_ func(*janus.Handle, context.Context, string, interface{}) (*janus.AckMsg, error)                = (*janus.Handle).TrickleMany
	_ func(*janus.Session, context.Context, string, string) (*janus.Handle, error)                    = (*janus.Session).Attach
	_ func(*janus.Session, context.Context, string) (*janus.AckMsg, error)                            = (*janus.Session).Destroy
	_ func(*janus.Session, context.Context, string) (*janus.AckMsg, error)                            = (*janus.Session).KeepAlive
	_ func(*janus.Session, context.Context) error                                                     = (*janus.Session).KeepAliveSender
	_ func(context.Context, string, *janus.DialOptions) (*janus.Gateway, *errgroup.Group, error)      = janus.Dial
	_ func(*janus.ErrorMsg) string                                                                    = (*janus.ErrorMsg).Error
	_ error                                                                                           = (*janus.ErrorMsg)(nil)
	_ sync.Locker                                                                                     = (*janus.Gateway)(nil)
	_ sync.Locker                                                                                     = (*janus.Session)(nil)
	_ struct{}                                                                                        = janus.AckMsg{}
)

// Every documented struct has the documented fields, in their order, with their
// types and tags; what is more comes behind them.
func TestDocumentedStructs(t *testing.T) {
	const sessionTag, handleTag = `json:"session_id"`, `json:"sender"`
	documented := map[any]string{
		janus.BaseMsg{}:    "Type string `json:\"janus\"`, ID string `json:\"transaction\"`, Session uint64 `" + sessionTag + "`, Handle uint64 `" + handleTag + "`",
		&janus.ErrorData{}: "Code int ``, Reason string ``",
		&janus.ErrorMsg{}:  "Err janus.ErrorData `json:\"error\"`",
		&janus.EventMsg{}:  "Plugindata janus.PluginData ``, Jsep map[string]interface {} ``, Session uint64 `" + sessionTag + "`, Handle uint64 `" + handleTag + "`",
		&janus.Gateway{}:   "Sessions map[uint64]*janus.Session ``, Mutex sync.Mutex ``, LogJsonMessages bool ``",
		&janus.Handle{}:    "ID uint64 ``, Type string ``, User string ``, Events chan interface {} ``",
		&janus.HangupMsg{}: "Reason string ``, Session uint64 `" + sessionTag + "`, Handle uint64 `" + handleTag + "`",
		&janus.InfoMsg{}: "Name string ``, Version int ``, VersionString string `json:\"version_string\"`, Author string ``, " +
			"DataChannels bool `json:\"data_channels\"`, IPv6 bool `json:\"ipv6\"`, LocalIP string `json:\"local-ip\"`, IceTCP bool `json:\"ice-tcp\"`, " +
			"Transports map[string]janus.PluginInfo ``, Plugins map[string]janus.PluginInfo ``",
		&janus.MediaMsg{}:    "Type string ``, Receiving bool ``",
		&janus.PluginData{}:  "Plugin string ``, Data map[string]interface {} ``",
		&janus.PluginInfo{}:  "Name string ``, Author string ``, Description string ``, Version int ``, VersionString string `json:\"version_string\"`",
		&janus.Session{}:     "ID uint64 ``, Handles map[uint64]*janus.Handle ``, Events chan interface {} ``, Mutex sync.Mutex ``",
		&janus.SlowLinkMsg{}: "Uplink bool ``, Lost int64 ``",
		&janus.SuccessData{}: "ID uint64 ``",
		&janus.SuccessMsg{}:  "Data janus.SuccessData ``, PluginData janus.PluginData ``, Session uint64 `" + sessionTag + "`, Handle uint64 `" + handleTag + "`",
		&janus.TimeoutMsg{}:  "Session uint64 `" + sessionTag + "`",
		&janus.WebRTCUpMsg{}: "Session uint64 `" + sessionTag + "`, Handle uint64 `" + handleTag + "`",
		&janus.DetachedMsg{}: "",
	}
	for value, want := range documented {
		typ := reflect.Indirect(reflect.ValueOf(value)).Type()
		var fields []string
		for i := range typ.NumField() {
			field := typ.Field(i)
			fields = append(fields, fmt.Sprintf("%s %s `%s`", field.Name, field.Type, field.Tag))
		}
		if got := strings.Join(fields, ", "); !strings.HasPrefix(got, want) {
			t.Errorf("%s has fields\n%s\nwant\n%s", typ, got, want)
		}
	}
}

// Connect asks for the subprotocol of Janus, and Close ends the group without an
// error.
func TestConnectNegotiatesJanusProtocol(t *testing.T) {
	asked := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Sec-WebSocket-Protocol")
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"janus-protocol"}})
		if err == nil {
			conn.CloseRead(r.Context())
		}
	}))
	defer srv.Close()
	g, group, err := janus.Connect(context.Background(), "ws"+strings.TrimPrefix(srv.URL, "http"))
	if err != nil {
		t.Fatal(err)
	}
	if got := <-asked; got != "janus-protocol" {
		t.Errorf("asked for subprotocol %q", got)
	}
	testutil.Close(t, g)
	if err := testutil.Wait(t, group); err != nil {
		t.Errorf("the group reports %v after Close, want nil", err)
	}
}

// The end of the context of Connect ends the connection, and is its cause.
func TestConnectContextBoundsTheConnection(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	g, group, err := janus.Connect(ctx, srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	session := testutil.Create(t, g)
	cancel()
	if err := testutil.Wait(t, group); !errors.Is(err, context.Canceled) {
		t.Errorf("the group reports %v, want Canceled", err)
	}
	if _, err := session.KeepAlive(context.Background(), ""); !errors.Is(err, janus.ErrClosed) || !errors.Is(err, context.Canceled) {
		t.Errorf("a later call returned %v, want ErrClosed because of Canceled", err)
	}
	testutil.Rest(t, session.Events)
	testutil.NoGoroutines(t)
}

// A goroutine that the caller adds to the group ends the connection when it
// fails, as errgroup has it.
func TestConnectionEndsWithItsGroup(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, group := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, g)
	failure := errors.New("application failed")
	group.Go(func() error { return failure })
	if err := testutil.Wait(t, group); err != failure {
		t.Errorf("the group reports %v", err)
	}
	testutil.Rest(t, session.Events)
}

// Info returns what the server says of itself.
func TestInfo(t *testing.T) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		srv := testutil.NewServer(t, func(s *janustest.Server) { s.Version = version })
		g, _ := testutil.Dial(t, srv, nil)
		info, err := g.Info(testutil.Context(t), "")
		if err != nil {
			t.Fatal(err)
		}
		if info.VersionString != version || info.Plugins[testutil.EchoTest].Name == "" || info.Dependencies["jansson"] == "" ||
			info.SessionTimeout != 60 || !info.FullTrickle || info.DTLSMTU != 1200 || len(info.Raw) == 0 {
			t.Errorf("server_info of %s decoded as %+v", version, info)
		}
	}
}

// Every call returns an error of Janus as an *ErrorMsg, which matches its code.
func TestJanusErrorsAreReturned(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _, session, handle := testutil.Open(t, srv)
	for name, call := range testutil.Calls(g, session, handle) {
		testutil.Reply(srv, testutil.VerbOf(name), `{"janus":"error","transaction":"TX","error":{"code":490,"reason":"No luck"}}`)
		err := call(testutil.Context(t))
		var msg *janus.ErrorMsg
		if !errors.As(err, &msg) || msg.Err.Code != 490 || msg.Err.Reason != "No luck" {
			t.Errorf("%s returned %v", name, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, "490") || !strings.Contains(text, "No luck") {
			t.Errorf("%s: error text %q lacks code or reason", name, text)
		}
		if !errors.Is(err, janus.ErrorUnknown) || errors.Is(err, janus.ErrorSessionNotFound) {
			t.Errorf("%s: errors.Is does not tell the code of %v", name, err)
		}
	}
}

// Detach and Destroy return an AckMsg on success.
func TestDetachAndDestroyReturnAnAck(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	if err := testutil.Calls(nil, session, handle)["detach"](testutil.Context(t)); err != nil {
		t.Errorf("detach: %v", err)
	}
	if err := testutil.Calls(nil, session, handle)["destroy"](testutil.Context(t)); err != nil {
		t.Errorf("destroy: %v", err)
	}
}

// Message and Request return the answer of a plugin, whether it comes at once or
// as an event behind an ack.
func TestMessageAndRequestAcceptBothFormsOfAnswer(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	data := map[string]any{"room": 1234, "big": uint64(1) << 62}
	srv.Handle("janus.plugin.sync", janustest.PluginFunc(func(r *janustest.Request) { _ = r.Success(data) }))
	srv.Handle("janus.plugin.async", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Ack()
		_ = r.Event(data, map[string]any{"type": "answer", "sdp": "v=0"})
	}))
	srv.Handle("janus.plugin.hasty", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Event(data, nil)
		_ = r.Ack() // noise by now
	}))
	g, _ := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, g)
	for _, plugin := range []string{"janus.plugin.sync", "janus.plugin.async", "janus.plugin.hasty"} {
		handle := testutil.Attach(t, session, plugin)
		event, err := handle.Message(testutil.Context(t), "", map[string]any{}, nil)
		if err != nil {
			t.Fatalf("%s: message: %v", plugin, err)
		}
		success, err := handle.Request(testutil.Context(t), "", map[string]any{})
		if err != nil {
			t.Fatalf("%s: request: %v", plugin, err)
		}
		for _, got := range []janus.PluginData{event.Plugindata, success.PluginData} {
			var exact struct{ Room, Big uint64 }
			if err := got.Decode(&exact); err != nil {
				t.Fatal(err)
			}
			if got.Plugin != plugin || got.Data["room"] != 1234.0 || exact.Room != 1234 || exact.Big != 1<<62 {
				t.Errorf("%s answered %+v, decoded %+v", plugin, got, exact)
			}
		}
		if event.Handle != handle.ID || event.Session != session.ID || success.Handle != handle.ID || success.Session != session.ID {
			t.Errorf("%s: answer of another handle: %+v, %+v", plugin, event, success)
		}
		if hasJsep := event.Jsep["sdp"] == "v=0"; hasJsep != (plugin == "janus.plugin.async") {
			t.Errorf("%s: jsep %v", plugin, event.Jsep)
		}
		if len(handle.Events) != 0 {
			t.Errorf("%s: an answer or an ack came as event: %+v", plugin, <-handle.Events)
		}
	}
}

// KeepAliveSender sends a keepalive every 20 seconds, until its context or the
// connection ends or one fails.
func TestKeepAliveSender(t *testing.T) {
	var kept atomic.Int64
	counting := func(base janus.BaseMsg) string {
		if base.Type == "keepalive" {
			if kept.Add(1) == 6 {
				return `{"janus":"error","transaction":"TX","session_id":1,"error":{"code":403,"reason":"Unauthorized"}}`
			}
		}
		return testutil.Answers(base)
	}
	testutil.InBubble(t, janus.DialOptions{}, counting, func(t *testing.T, g *janus.Gateway) {
		session := testutil.Create(t, g)
		ctx, cancel := context.WithTimeout(context.Background(), 61*time.Second)
		defer cancel()
		if err := session.KeepAliveSender(ctx); err != context.DeadlineExceeded {
			t.Errorf("got %v, want the context's error", err)
		}
		if n := kept.Load(); n != 3 {
			t.Errorf("%d keepalives in 61 s, want 3", n)
		}
		start := time.Now()
		err := session.KeepAliveSender(context.Background())
		if took := time.Since(start); !errors.Is(err, janus.ErrorUnauthorized) || took != time.Minute {
			t.Errorf("got %v after %v, want the first failure after 1m", err, took)
		}
		result := make(chan error)
		go func() { result <- session.KeepAliveSender(context.Background()) }()
		synctest.Wait()
		testutil.Close(t, g)
		if err := <-result; !errors.Is(err, janus.ErrClosed) {
			t.Errorf("got %v, want ErrClosed at once", err)
		}
	})
}

// Every kind of message reaches its channel as its own type with all its
// fields.
func TestEveryKindOfMessage(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	mid, index, layer := "0", uint16(1), 2
	s, h := session.ID, handle.ID
	tests := []struct {
		frame string
		want  any
	}{
		{`"janus":"webrtcup","opaque_id":"o"`, &janus.WebRTCUpMsg{Session: s, Handle: h, OpaqueID: "o"}},
		{`"janus":"media","mid":"0","type":"video","substream":2,"receiving":false,"seconds":5`,
			&janus.MediaMsg{Type: "video", Mid: "0", Substream: &layer, Seconds: 5, Session: s, Handle: h}},
		{`"janus":"slowlink","mid":"0","media":"audio","uplink":true,"lost":7`,
			&janus.SlowLinkMsg{Uplink: true, Lost: 7, Mid: "0", Media: "audio", Session: s, Handle: h}},
		{`"janus":"slowlink","uplink":true,"nacks":3`, &janus.SlowLinkMsg{Uplink: true, Nacks: 3, Session: s, Handle: h}},
		{`"janus":"hangup","reason":"DTLS alert"`, &janus.HangupMsg{Reason: "DTLS alert", Session: s, Handle: h}},
		{`"janus":"ice-failed"`, &janus.ICEFailedMsg{Session: s, Handle: h}},
		{`"janus":"trickle","candidate":{"sdpMid":"0","sdpMLineIndex":1,"candidate":"candidate:1"}`,
			&janus.TrickleMsg{Candidate: janus.ICECandidate{Candidate: "candidate:1", SDPMid: &mid, SDPMLineIndex: &index}, Session: s, Handle: h}},
		{`"janus":"trickle","candidate":{"completed":true}`, &janus.TrickleMsg{Completed: true, Session: s, Handle: h}},
		{`"janus":"error","error":{"code":490,"reason":"r"}`, &janus.ErrorMsg{Err: janus.ErrorData{Code: 490, Reason: "r"}, Session: s}},
		{`"janus":"detached"`, &janus.DetachedMsg{Session: s, Handle: h}},
	}
	for _, test := range tests {
		if err := srv.Send(s, fmt.Sprintf(`{%s,"session_id":%d,"sender":%d}`, test.frame, s, h)); err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(testutil.Receive(t, handle.Events))
		want, err2 := json.Marshal(test.want)
		if err := errors.Join(err, err2); err != nil || string(got) != string(want) {
			t.Errorf("%s came as %s, want %s (%v)", test.frame, got, want, err)
		}
	}
	if left := testutil.Rest(t, handle.Events); left != nil {
		t.Errorf("after detached came %v", left)
	}
}

// Detach removes the handle from the map and closes its Events.
func TestDetachClosesEvents(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	if _, err := handle.Detach(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	session.Lock()
	listed := len(session.Handles)
	session.Unlock()
	if listed != 0 {
		t.Error("the handle is still listed")
	}
	got := testutil.Rest(t, handle.Events)
	if len(got) != 1 {
		t.Fatalf("got %v, want only DetachedMsg", got)
	}
	if _, ok := got[0].(*janus.DetachedMsg); !ok {
		t.Errorf("got %T, want DetachedMsg", got[0])
	}
	_, err := handle.Message(testutil.Context(t), "", map[string]any{}, nil)
	if !errors.Is(err, janus.ErrHandleDetached) || !errors.Is(err, janus.ErrorHandleNotFound) {
		t.Errorf("a call on it returned %v", err)
	}
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Errorf("the session is harmed: %v", err)
	}
}

// Destroy removes the session from the map and closes its Events and those of its
// handles.
func TestDestroyClosesAllChannels(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _, session, handle := testutil.Open(t, srv)
	survivor := testutil.Create(t, g)
	if _, err := session.Destroy(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	g.Lock()
	_, listed := g.Sessions[session.ID]
	g.Unlock()
	if listed {
		t.Error("the session is still listed")
	}
	testutil.Rest(t, session.Events)
	testutil.Rest(t, handle.Events)
	_, err := handle.Message(testutil.Context(t), "", map[string]any{}, nil)
	if !errors.Is(err, janus.ErrSessionEnded) || !errors.Is(err, janus.ErrorSessionNotFound) {
		t.Errorf("a call on its handle returned %v", err)
	}
	if _, err := session.Attach(testutil.Context(t), "", testutil.EchoTest); !errors.Is(err, janus.ErrSessionEnded) {
		t.Errorf("attach returned %v", err)
	}
	if h := session.Adopt(5); len(testutil.Rest(t, h.Events)) != 0 {
		t.Error("a handle adopted by an ended session has events")
	}
	if _, err := survivor.KeepAlive(testutil.Context(t), ""); err != nil {
		t.Errorf("another session is harmed: %v", err)
	}
}

// A lost connection ends the group, the calls and the channels, with its cause.
func TestConnectionLossEndsEverythingWithItsCause(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, group, session, handle := testutil.Open(t, srv)
	for i := range 100 {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	testutil.PendingOn(t, srv, handle, func() { srv.Disconnect(websocket.StatusServiceRestart, "maintenance") }, janus.ErrClosed)
	err := testutil.Wait(t, group)
	if websocket.CloseStatus(err) != websocket.StatusServiceRestart || !strings.Contains(err.Error(), "maintenance") {
		t.Errorf("the group reports %v, want the peer's close status", err)
	}
	for name, call := range testutil.Calls(g, session, handle) {
		err := call(testutil.Context(t))
		if !errors.Is(err, janus.ErrClosed) || websocket.CloseStatus(err) != websocket.StatusServiceRestart {
			t.Errorf("later %s returned %v, want ErrClosed and the cause", name, err)
		}
	}
	if got := testutil.Rest(t, handle.Events); len(got) != 100 {
		t.Errorf("%d events before the end, want 100", len(got))
	}
	testutil.Rest(t, session.Events)
	if len(g.Sessions) != 0 || len(session.Handles) != 0 {
		t.Error("the maps do not follow")
	}
	testutil.NoGoroutines(t)
}

// Close ends the group without an error, the calls and the channels. Closing again
// does nothing.
func TestCloseIsQuietAndComplete(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, group, session, handle := testutil.Open(t, srv)
	testutil.PendingOn(t, srv, handle, func() {
		var closers sync.WaitGroup
		for range 4 {
			closers.Go(func() { testutil.Close(t, g) })
		}
		closers.Wait()
	}, janus.ErrClosed)
	if err := testutil.Wait(t, group); err != nil {
		t.Errorf("the group reports %v after Close, want nil", err)
	}
	if err := g.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("closing again returned %v", err)
	}
	testutil.Rest(t, session.Events)
	testutil.Rest(t, handle.Events)
	if _, err := g.Create(testutil.Context(t), ""); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("a later call returned %v", err)
	}
	testutil.NoGoroutines(t)
}

// A token is sent with the request that it is given to.
func TestTokensGoOutWithTheirRequest(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.Tokens = []string{"good"}; s.APISecret = "" })
	g, _ := testutil.Dial(t, srv, nil)
	ctx := testutil.Context(t)
	if _, err := g.Create(ctx, "bad"); !errors.Is(err, janus.ErrorUnauthorized) {
		t.Errorf("create with a wrong token returned %v", err)
	}
	session, err := g.Create(ctx, "good")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.Attach(ctx, "good", testutil.EchoTest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handle.Message(ctx, "good", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
	for _, err := range []error{
		testutil.MustAck(handle.Trickle(ctx, "good", map[string]any{"completed": true})),
		testutil.MustAck(handle.Hangup(ctx, "good")),
		testutil.MustAck(session.KeepAlive(ctx, "good")),
		testutil.MustAck(handle.Detach(ctx, "good")),
		testutil.MustAck(session.Destroy(ctx, "good")),
		g.Ping(ctx, "good"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	for _, request := range srv.Requests() {
		if !strings.Contains(string(request), `"token":"`) {
			t.Errorf("no token in %s", request)
		}
	}
}

// LogJsonMessages prints messages of both directions to stdout, secrets masked.
func TestLogJsonMessagesPrintsBothDirectionsMasked(t *testing.T) {
	srv := testutil.NewServer(t, func(s *janustest.Server) { s.APISecret = "hush"; s.Tokens = []string{"s3cret"} })
	log := testutil.NewLogs()
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{APISecret: "hush", Logger: log.Logger(slog.LevelDebug)})
	printed := testutil.CaptureStdout(t, func() {
		g.LogJsonMessages = true
		session, err := g.Create(testutil.Context(t), "s3cret")
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := session.KeepAlive(testutil.Context(t), "s3cret"); err != nil {
			t.Error(err)
		}
		testutil.Close(t, g)
	})
	for _, want := range []string{"\n  \"janus\": \"create\"", "\n  \"janus\": \"success\"", `"token": "***"`, `"apisecret": "***"`} {
		if !strings.Contains(printed, want) {
			t.Errorf("printed lacks %q:\n%s", want, printed)
		}
	}
	for name, text := range map[string]string{"stdout": printed, "log": log.String()} {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "hush") {
			t.Errorf("%s shows a secret:\n%s", name, text)
		}
	}
	if !strings.Contains(log.String(), "keepalive") {
		t.Errorf("the frames are not in the debug log:\n%s", log.String())
	}
}

// WaitForGroup writes the error of the group to stderr and returns it.
func TestWaitForGroupReportsAndReturns(t *testing.T) {
	var group errgroup.Group
	failure := errors.New("it broke")
	group.Go(func() error { return failure })
	var got error
	if printed := testutil.Capture(t, &os.Stderr, func() { got = janus.WaitForGroup(&group) }); !strings.Contains(printed, "it broke") {
		t.Errorf("printed %q", printed)
	}
	if got != failure {
		t.Errorf("returned %v", got)
	}
	if printed := testutil.Capture(t, &os.Stderr, func() { got = janus.WaitForGroup(new(errgroup.Group)) }); printed != "" || got != nil {
		t.Errorf("without an error: printed %q, returned %v", printed, got)
	}
}

// All methods may be called concurrently.
func TestConcurrentUse(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, group := testutil.Dial(t, srv, nil)
	var users sync.WaitGroup
	for range 32 {
		users.Go(func() {
			ctx := testutil.Context(t)
			for range 5 {
				session, err := g.Create(ctx, "")
				if err != nil {
					t.Error(err)
					return
				}
				for range 3 {
					handle, err := session.Attach(ctx, "", testutil.EchoTest)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil); err != nil {
						t.Error(err)
					}
					if _, err := handle.Detach(ctx, ""); err != nil {
						t.Error(err)
					}
				}
				if _, err := session.Destroy(ctx, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	users.Wait()
	if len(g.Sessions) != 0 {
		t.Errorf("%d sessions are left", len(g.Sessions))
	}
	testutil.Close(t, g)
	if err := testutil.Wait(t, group); err != nil {
		t.Error(err)
	}
	testutil.NoGoroutines(t)
}

// An ErrorCode is an error that names its number.
func TestErrorCodes(t *testing.T) {
	if text := janus.ErrorSessionNotFound.Error(); !strings.Contains(text, "458") {
		t.Errorf("got %q", text)
	}
}
