package janus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// The tests are grouped by what the library promises; each names its promise.

// patience is how long a test waits for what must happen. It is never used up
// by a test that passes.
const patience = 20 * time.Second

const echotest = "janus.plugin.echotest"

// testContext ends with the test, or when its patience does.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// newServer returns a started stand-in server.
func newServer(t testing.TB, set func(*janustest.Server)) *janustest.Server {
	t.Helper()
	srv := janustest.NewUnstartedServer()
	if set != nil {
		set(srv)
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

// quiet is a logger for tests in which warnings are expected.
var quiet = slog.New(slog.DiscardHandler)

func dial(t testing.TB, srv *janustest.Server, opts *janus.DialOptions) (*janus.Gateway, *errgroup.Group) {
	t.Helper()
	if opts == nil {
		opts = &janus.DialOptions{Logger: quiet}
	}
	g, group, err := janus.Dial(context.Background(), srv.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeGateway(t, g) })
	return g, group
}

func closeGateway(t testing.TB, g *janus.Gateway) {
	t.Helper()
	if err := g.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Logf("close: %v", err)
	}
}

func create(t testing.TB, g *janus.Gateway) *janus.Session {
	t.Helper()
	session, err := g.Create(testContext(t), "")
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func attach(t testing.TB, session *janus.Session, plugin string) *janus.Handle {
	t.Helper()
	handle, err := session.Attach(testContext(t), "", plugin)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

// open returns a gateway with a session and a handle of the echotest.
func open(t testing.TB, srv *janustest.Server) (*janus.Gateway, *errgroup.Group, *janus.Session, *janus.Handle) {
	t.Helper()
	g, group := dial(t, srv, nil)
	session := create(t, g)
	return g, group, session, attach(t, session, echotest)
}

// receive returns the next message of an Events channel.
func receive(t testing.TB, events <-chan interface{}) interface{} {
	t.Helper()
	select {
	case msg, ok := <-events:
		if !ok {
			t.Fatal("Events is closed")
		}
		return msg
	case <-time.After(patience):
		t.Fatal("no event")
	}
	return nil
}

// receiveAs returns the next message of an Events channel, which must be a T.
func receiveAs[T any](t testing.TB, events <-chan interface{}) T {
	t.Helper()
	msg, ok := receive(t, events).(T)
	if !ok {
		t.Fatalf("got %T, want %T", msg, *new(T))
	}
	return msg
}

// rest reads an Events channel to its end.
func rest(t testing.TB, events <-chan interface{}) []interface{} {
	t.Helper()
	var got []interface{}
	timeout := time.After(patience)
	for {
		select {
		case msg, ok := <-events:
			if !ok {
				return got
			}
			got = append(got, msg)
		case <-timeout:
			t.Fatalf("Events is still open after %d messages", len(got))
		}
	}
}

// eventually waits until ok returns true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// wait returns what the group reports.
func wait(t testing.TB, group *errgroup.Group) error {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- group.Wait() }()
	select {
	case err := <-result:
		return err
	case <-time.After(patience):
		t.Fatal("the group does not end")
	}
	return nil
}

// noGoroutines fails if the library still runs a goroutine.
func noGoroutines(t testing.TB) {
	t.Helper()
	var left string
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		buf := make([]byte, 1<<20)
		left = ""
		for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "janus-go.(") || strings.Contains(stack, "janus-go/internal/") {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("goroutines left:\n%s", left)
}

// reply makes the server answer every request of a verb with frame, in which
// TX stands for the transaction.
func reply(srv *janustest.Server, verb, frame string) {
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := baseOf(request)
		if base.Type != verb {
			return false
		}
		if frame != "" {
			reply(strings.ReplaceAll(frame, "TX", base.ID))
		}
		return true
	})
}

func baseOf(request json.RawMessage) janus.BaseMsg {
	var base janus.BaseMsg
	_ = json.Unmarshal(request, &base) // the library's own requests are valid
	return base
}

// sent returns the requests of a verb that the server has received.
func sent(srv *janustest.Server, verb string) []json.RawMessage {
	var found []json.RawMessage
	for _, request := range srv.Requests() {
		if baseOf(request).Type == verb {
			found = append(found, request)
		}
	}
	return found
}

// --- The documented API

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

// --- 1. Connect

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
	closeGateway(t, g)
	if err := wait(t, group); err != nil {
		t.Errorf("the group reports %v after Close, want nil", err)
	}
}

func TestConnectErrorsNameTheURLWithoutCredentials(t *testing.T) {
	answering := func(status int) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String()
	}
	secure := janustest.NewTLSServer()
	t.Cleanup(secure.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	const user = "ws://alice:s3cret@"
	tests := []struct{ name, url, names, says string }{
		{"refused", user + nobody + "/path?token=s3cret", "ws://" + nobody + "/path", "refused"},
		{"not found", user + answering(404), "ws://", "404"},
		{"plain HTTP", user + answering(200), "ws://", "200"},
		{"redirect", user + answering(301), "ws://", "301"},
		{"unknown issuer", strings.Replace(secure.URL, "wss://", "wss://alice:s3cret@", 1), secure.URL, "certificate"},
		{"unparsable", "ws://alice:s3cret@[::1/", "the given URL", "not a valid URL: missing ']' in host"},
		{"bad escape", "ws://alice:s3%zzcret@host/", "the given URL", "not a valid URL"},
		{"no scheme", "some%zzwhere?token=s3cret", "the given URL", "invalid URL escape"},
		{"wrong scheme", "ftp://alice:s3cret@host/", "the given URL", "scheme"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g, group, err := janus.Connect(testContext(t), test.url)
			if err == nil || g != nil || group != nil {
				t.Fatalf("got %v, %v, %v, want only an error", g, group, err)
			}
			text := err.Error()
			if !strings.Contains(text, test.names) || !strings.Contains(text, test.says) {
				t.Errorf("error %q does not contain %q and %q", text, test.names, test.says)
			}
			if strings.Contains(text, "s3cret") || strings.Contains(text, "alice") {
				t.Errorf("error %q shows credentials", text)
			}
			noGoroutines(t)
		})
	}
}

func TestConnectContextBoundsTheDial(t *testing.T) {
	srv := newServer(t, nil)
	srv.Stall()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, _, err := janus.Connect(ctx, srv.URL)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	srv.Resume()
	noGoroutines(t)
}

func TestConnectContextBoundsTheConnection(t *testing.T) {
	srv := newServer(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	g, group, err := janus.Connect(ctx, srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	session := create(t, g)
	cancel()
	if err := wait(t, group); !errors.Is(err, context.Canceled) {
		t.Errorf("the group reports %v, want Canceled", err)
	}
	if _, err := session.KeepAlive(context.Background(), ""); !errors.Is(err, janus.ErrClosed) || !errors.Is(err, context.Canceled) {
		t.Errorf("a later call returned %v, want ErrClosed because of Canceled", err)
	}
	rest(t, session.Events)
	noGoroutines(t)
}

// A goroutine that the caller adds to the group ends the connection when it
// fails, as errgroup has it.
func TestConnectionEndsWithItsGroup(t *testing.T) {
	srv := newServer(t, nil)
	g, group := dial(t, srv, nil)
	session := create(t, g)
	failure := errors.New("application failed")
	group.Go(func() error { return failure })
	if err := wait(t, group); err != failure {
		t.Errorf("the group reports %v", err)
	}
	rest(t, session.Events)
}

func TestOwnTransport(t *testing.T) {
	srv := newServer(t, nil)
	transports := map[string]http.RoundTripper{
		"dialer": &http.Transport{DialContext: new(net.Dialer).DialContext},
		"round tripper": roundTripper(func(r *http.Request) (*http.Response, error) {
			return http.DefaultTransport.RoundTrip(r)
		}),
		//lint:ignore SA1019 callers may still use it
		"deprecated dialer": &http.Transport{Dial: net.Dial},
	}
	for name, transport := range transports {
		t.Run(name, func(t *testing.T) {
			g, _ := dial(t, srv, &janus.DialOptions{HTTPClient: &http.Client{Transport: transport}})
			session := create(t, g)
			for range 20 {
				if _, err := session.KeepAlive(testContext(t), ""); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	t.Run("unwritable", func(t *testing.T) {
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err == nil {
				body := resp.Body
				t.Cleanup(func() { _ = body.Close() })
				resp.Body = io.NopCloser(body)
			}
			return resp, err
		})
		_, _, err := janus.Dial(testContext(t), srv.URL, &janus.DialOptions{HTTPClient: &http.Client{Transport: transport}})
		if err == nil || !strings.Contains(err.Error(), "writable body") {
			t.Errorf("got %v", err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTLSWithOwnRoots(t *testing.T) {
	srv := janustest.NewTLSServer()
	defer srv.Close()
	g, _ := dial(t, srv, &janus.DialOptions{HTTPClient: srv.Client(), HTTPHeader: http.Header{"X-Test": {"1"}}})
	session := create(t, g)
	handle := attach(t, session, echotest)
	if _, err := handle.Message(testContext(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
}

// --- 2. Requests

func TestInfo(t *testing.T) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		srv := newServer(t, func(s *janustest.Server) { s.Version = version })
		g, _ := dial(t, srv, nil)
		info, err := g.Info(testContext(t), "")
		if err != nil {
			t.Fatal(err)
		}
		if info.VersionString != version || info.Plugins[echotest].Name == "" || info.Dependencies["jansson"] == "" ||
			info.SessionTimeout != 60 || !info.FullTrickle || info.DTLSMTU != 1200 || len(info.Raw) == 0 {
			t.Errorf("server_info of %s decoded as %+v", version, info)
		}
	}
}

func TestInfoNotUnderstood(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, nil)
	reply(srv, "info", `{"janus":"server_info","transaction":"TX","name":5}`)
	if _, err := g.Info(testContext(t), ""); err == nil || !strings.Contains(err.Error(), "info") {
		t.Errorf("got %v", err)
	}
}

func TestPing(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, nil)
	if err := g.Ping(testContext(t), ""); err != nil {
		t.Error(err)
	}
}

// requests are all calls that wait for a reply, by their verb.
func requests(g *janus.Gateway, session *janus.Session, handle *janus.Handle) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"info":   func(ctx context.Context) error { _, err := g.Info(ctx, ""); return err },
		"ping":   func(ctx context.Context) error { return g.Ping(ctx, "") },
		"create": func(ctx context.Context) error { _, err := g.Create(ctx, ""); return err },
		"claim":  func(ctx context.Context) error { _, err := g.Claim(ctx, "", 77); return err },
		"attach": func(ctx context.Context) error { _, err := session.Attach(ctx, "", echotest); return err },
		"keepalive": func(ctx context.Context) error {
			ack, err := session.KeepAlive(ctx, "")
			return mustAck(ack, err)
		},
		"message": func(ctx context.Context) error {
			_, err := handle.Message(ctx, "", map[string]any{}, nil)
			return err
		},
		"request": func(ctx context.Context) error {
			_, err := handle.Request(ctx, "", map[string]any{})
			return err
		},
		"trickle": func(ctx context.Context) error {
			ack, err := handle.Trickle(ctx, "", map[string]any{"completed": true})
			return mustAck(ack, err)
		},
		"trickle many": func(ctx context.Context) error {
			ack, err := handle.TrickleMany(ctx, "", []janus.ICECandidate{{Candidate: "candidate:1"}})
			return mustAck(ack, err)
		},
		"hangup": func(ctx context.Context) error {
			ack, err := handle.Hangup(ctx, "")
			return mustAck(ack, err)
		},
		"detach": func(ctx context.Context) error {
			ack, err := handle.Detach(ctx, "")
			return mustAck(ack, err)
		},
		"destroy": func(ctx context.Context) error {
			ack, err := session.Destroy(ctx, "")
			return mustAck(ack, err)
		},
	}
}

// mustAck returns an error if there is neither an AckMsg nor an error.
func mustAck(ack *janus.AckMsg, err error) error {
	if (ack == nil) == (err == nil) {
		return fmt.Errorf("both are nil, or neither: %v, %w", ack, err)
	}
	return err
}

// verbOf is the verb that a call of requests sends.
func verbOf(call string) string {
	switch call {
	case "request":
		return "message"
	case "trickle many":
		return "trickle"
	}
	return call
}

func TestJanusErrorsAreReturned(t *testing.T) {
	srv := newServer(t, nil)
	g, _, session, handle := open(t, srv)
	for name, call := range requests(g, session, handle) {
		reply(srv, verbOf(name), `{"janus":"error","transaction":"TX","error":{"code":490,"reason":"No luck"}}`)
		err := call(testContext(t))
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

func TestUnexpectedRepliesNameRequestAndReply(t *testing.T) {
	srv := newServer(t, nil)
	g, _, session, handle := open(t, srv)
	frames := map[string]string{
		"surprise": `{"janus":"surprise","transaction":"TX"}`,
		"success":  `{"janus":"success","transaction":"TX","data":{"id":"seven"}}`,
	}
	for name, call := range requests(g, session, handle) {
		for kind, frame := range frames {
			reply(srv, verbOf(name), frame)
			err := call(testContext(t))
			if err == nil || !strings.Contains(err.Error(), verbOf(name)) || !strings.Contains(err.Error(), kind) {
				t.Errorf("%s answered with %q returned %v", name, kind, err)
			}
		}
	}
	for _, verb := range []string{"create", "attach"} {
		reply(srv, verb, `{"janus":"success","transaction":"TX"}`)
		if err := requests(g, session, handle)[verb](testContext(t)); err == nil {
			t.Errorf("%s answered without an id succeeded", verb)
		}
	}
	srv.Intercept(nil)
	if _, err := session.KeepAlive(testContext(t), ""); err != nil {
		t.Errorf("the connection is no longer usable: %v", err)
	}
}

func TestDetachAndDestroyReturnAnAck(t *testing.T) {
	srv := newServer(t, nil)
	_, _, session, handle := open(t, srv)
	if err := requests(nil, session, handle)["detach"](testContext(t)); err != nil {
		t.Errorf("detach: %v", err)
	}
	if err := requests(nil, session, handle)["destroy"](testContext(t)); err != nil {
		t.Errorf("destroy: %v", err)
	}
}

func TestMessageAndRequestAcceptBothFormsOfAnswer(t *testing.T) {
	srv := newServer(t, nil)
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
	g, _ := dial(t, srv, nil)
	session := create(t, g)
	for _, plugin := range []string{"janus.plugin.sync", "janus.plugin.async", "janus.plugin.hasty"} {
		handle := attach(t, session, plugin)
		event, err := handle.Message(testContext(t), "", map[string]any{}, nil)
		if err != nil {
			t.Fatalf("%s: message: %v", plugin, err)
		}
		success, err := handle.Request(testContext(t), "", map[string]any{})
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

func TestBodiesOfAllKinds(t *testing.T) {
	srv := newServer(t, nil)
	type join struct {
		Request string `json:"request"`
	}
	var got []string
	srv.Handle("janus.plugin.echo", janustest.PluginFunc(func(r *janustest.Request) {
		got = append(got, string(r.Body)+string(r.JSEP))
		_ = r.Success(map[string]any{})
	}))
	g, _ := dial(t, srv, nil)
	handle := attach(t, create(t, g), "janus.plugin.echo")
	var noJsep *join
	for _, body := range []any{join{"x"}, &join{"x"}, map[string]string{"request": "x"}, json.RawMessage(`{"request":"x"}`)} {
		if _, err := handle.Message(testContext(t), "", body, noJsep); err != nil {
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
		_, err := handle.Message(testContext(t), "", bad, nil)
		_, err2 := handle.Message(testContext(t), "", join{}, bad)
		_, err3 := handle.Trickle(testContext(t), "", bad)
		_, err4 := handle.TrickleMany(testContext(t), "", bad)
		_, err5 := handle.Request(testContext(t), "", bad)
		for _, err := range []error{err, err2, err3, err4, err5} {
			if err == nil || !strings.Contains(err.Error(), "marshal") {
				t.Errorf("%T: got %v", bad, err)
			}
		}
	}
	if _, err := handle.Request(testContext(t), "", join{}); err != nil {
		t.Fatal(err)
	}
	if now := len(srv.Requests()); now != before+1 {
		t.Errorf("%d requests sent, want only the last", now-before)
	}
}

// A nil body is left out, as documented, and Janus says so.
func TestNilBody(t *testing.T) {
	srv := newServer(t, nil)
	_, _, _, handle := open(t, srv)
	if _, err := handle.Message(testContext(t), "", nil, nil); !errors.Is(err, janus.ErrorMissingMandatoryElement) {
		t.Errorf("got %v", err)
	}
}

func TestPluginErrors(t *testing.T) {
	srv := newServer(t, nil)
	_, _, _, handle := open(t, srv)
	event, err := handle.Message(testContext(t), "", map[string]any{"audio": "loud"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var failure *janus.PluginError
	if err := event.Plugindata.Err(); !errors.As(err, &failure) || failure.Plugin != echotest || failure.Code == 0 ||
		!strings.Contains(err.Error(), failure.Reason) {
		t.Errorf("got %v", err)
	}
	event, err = handle.Message(testContext(t), "", map[string]any{"audio": true}, nil)
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

// --- 3. Contexts

func TestCallsReturnWhenTheirContextEnds(t *testing.T) {
	for _, peer := range []string{"silent", "not reading"} {
		t.Run(peer, func(t *testing.T) {
			srv := newServer(t, nil)
			g, _, session, handle := open(t, srv)
			if peer == "silent" {
				srv.Intercept(func(json.RawMessage, func(any)) bool { return true })
			} else {
				srv.Stall()
				defer srv.Resume()
				fillSocket(t, handle)
			}
			for name, call := range requests(g, session, handle) {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
				if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), verbOf(name)) {
					t.Errorf("%s returned %v, want DeadlineExceeded", name, err)
				}
				cancel()
				if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s returned %v for a context that had ended", name, err)
				}
				cause := errors.New("changed my mind")
				ctx, cancelCause := context.WithCancelCause(context.Background())
				time.AfterFunc(time.Millisecond, func() { cancelCause(cause) })
				if err := call(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("%s returned %v, want Canceled", name, err)
				}
			}
		})
	}
}

// fillSocket sends until the peer, which does not read, has filled all buffers.
func fillSocket(t *testing.T, handle *janus.Handle) {
	t.Helper()
	body := map[string]any{"fill": strings.Repeat("x", 1<<20)}
	for range 32 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, err := handle.Message(ctx, "", body, nil)
		cancel()
		if err != nil && strings.Contains(err.Error(), "not sent") || errors.Is(err, context.DeadlineExceeded) && strings.Contains(err.Error(), "room") {
			return
		}
	}
}

func TestContextsNeverHarmTheConnection(t *testing.T) {
	srv := newServer(t, nil)
	_, _, session, handle := open(t, srv)
	reply(srv, "message", "")
	var calls sync.WaitGroup
	for range 200 {
		calls.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(time.Millisecond, cancel)
			if _, err := handle.Message(ctx, "", map[string]any{}, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		calls.Go(func() {
			if _, err := session.KeepAlive(testContext(t), ""); err != nil {
				t.Errorf("another's context ended this call: %v", err)
			}
		})
	}
	calls.Wait()
}

// --- in-memory connections, for tests of time

// memory is a listener and a dialer without a network, so that synctest can
// stop the clock.
type memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { m.once.Do(func() { close(m.done) }); return nil }
func (m *memory) Addr() net.Addr { return &net.TCPAddr{} }

func (m *memory) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case m.conns <- there:
		return here, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

// inBubble runs f in a synctest bubble with a Gateway over an in-memory
// connection. answer returns what the peer says to a request; "" is silence.
func inBubble(t *testing.T, opts janus.DialOptions, answer func(janus.BaseMsg) string, f func(*testing.T, *janus.Gateway, *errgroup.Group)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"janus-protocol"}})
			if err != nil {
				return
			}
			defer func() { _ = conn.CloseNow() }()
			for {
				_, request, err := conn.Read(context.Background())
				if err != nil {
					return
				}
				base := baseOf(request)
				frame := strings.ReplaceAll(answer(base), "TX", base.ID)
				if frame != "" && conn.Write(context.Background(), websocket.MessageText, []byte(frame)) != nil {
					return
				}
			}
		})}
		go func() { _ = srv.Serve(network) }()
		defer func() { _ = srv.Close() }()
		opts.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: network.dial}}
		opts.Logger = quiet
		g, group, err := janus.Dial(context.Background(), "ws://memory/", &opts)
		if err != nil {
			t.Fatal(err)
		}
		f(t, g, group)
		_ = g.Close(websocket.StatusNormalClosure, "") // some tests have ended it
		synctest.Wait()
	})
}

// answers is a peer that opens sessions and acknowledges the rest.
func answers(base janus.BaseMsg) string {
	switch base.Type {
	case "create":
		return `{"janus":"success","transaction":"TX","data":{"id":1}}`
	case "attach":
		return `{"janus":"success","transaction":"TX","session_id":1,"data":{"id":2}}`
	}
	return `{"janus":"ack","transaction":"TX"}`
}

func TestDefaultAndLongerDeadlines(t *testing.T) {
	silent := func(base janus.BaseMsg) string {
		if base.Type == "info" {
			return ""
		}
		return answers(base)
	}
	inBubble(t, janus.DialOptions{}, silent, func(t *testing.T, g *janus.Gateway, _ *errgroup.Group) {
		start := time.Now()
		_, err := g.Info(context.Background(), "")
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("without a deadline: %v after %v, want DeadlineExceeded after 10s", err, took)
		}
		start = time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		_, err = g.Info(ctx, "")
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Minute {
			t.Errorf("with a longer deadline: %v after %v, want DeadlineExceeded after 3m", err, took)
		}
	})
	inBubble(t, janus.DialOptions{RequestTimeout: -1}, silent, func(t *testing.T, g *janus.Gateway, _ *errgroup.Group) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Hour, cancel)
		if _, err := g.Info(ctx, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("with no default deadline: %v, want Canceled after an hour", err)
		}
	})
}

func TestKeepAliveSender(t *testing.T) {
	var kept atomic.Int64
	counting := func(base janus.BaseMsg) string {
		if base.Type == "keepalive" {
			if kept.Add(1) == 6 {
				return `{"janus":"error","transaction":"TX","session_id":1,"error":{"code":403,"reason":"Unauthorized"}}`
			}
		}
		return answers(base)
	}
	inBubble(t, janus.DialOptions{}, counting, func(t *testing.T, g *janus.Gateway, _ *errgroup.Group) {
		session := create(t, g)
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
		closeGateway(t, g)
		if err := <-result; !errors.Is(err, janus.ErrClosed) {
			t.Errorf("got %v, want ErrClosed at once", err)
		}
	})
}

// Every session gets a keepalive in every interval, and they are spread.
func TestKeepAliveOption(t *testing.T) {
	const sessions, interval = 50, 20 * time.Second
	var mu sync.Mutex
	var created uint64
	kept := make(map[uint64][]time.Time)
	peer := func(base janus.BaseMsg) string {
		mu.Lock()
		defer mu.Unlock()
		switch base.Type {
		case "create":
			created++
			kept[created] = []time.Time{time.Now()}
			return fmt.Sprintf(`{"janus":"success","transaction":"TX","data":{"id":%d}}`, created)
		case "keepalive":
			kept[base.Session] = append(kept[base.Session], time.Now())
		}
		return answers(base)
	}
	inBubble(t, janus.DialOptions{KeepAlive: interval, PingInterval: -1}, peer, func(t *testing.T, g *janus.Gateway, _ *errgroup.Group) {
		for range sessions {
			create(t, g)
		}
		ended := g.Sessions[sessions]
		time.Sleep(time.Minute)
		if _, err := ended.Destroy(context.Background(), ""); err != nil {
			t.Error(err)
		}
		time.Sleep(4 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		moments := make(map[time.Time]bool)
		for id, times := range kept {
			for i, at := range times[1:] {
				moments[at] = true
				if gap := at.Sub(times[i]); gap > interval {
					t.Errorf("session %d was left alone for %v", id, gap)
				}
			}
			if id == ended.ID {
				if len(times) > 5 {
					t.Errorf("a destroyed session was kept alive")
				}
			} else if n := len(times); n < 15 || n > 17 {
				t.Errorf("session %d: %d keepalives in 5 minutes", id, n)
			}
		}
		if len(moments) < sessions {
			t.Errorf("keepalives are not spread: %d moments", len(moments))
		}
	})
}

func TestTokenSource(t *testing.T) {
	var mu sync.Mutex
	var tokens []string
	var calls int
	srv := newServer(t, nil)
	opts := &janus.DialOptions{
		Logger:         quiet,
		KeepAlive:      20 * time.Millisecond,
		RequestTimeout: 50 * time.Millisecond,
		TokenSource: func(ctx context.Context, sessionID uint64) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if sessionID == 0 {
				return "", nil
			}
			calls++
			n := calls
			switch n {
			case 1:
				return "", errors.New("no token today")
			case 2:
				panic("a bug in the caller's function")
			case 3:
				<-ctx.Done()
				return "", ctx.Err()
			}
			return fmt.Sprint("token", n), nil
		},
	}
	g, _ := dial(t, srv, opts)
	create(t, g)
	eventually(t, "keepalives with tokens", func() bool {
		tokens = nil
		for _, request := range sent(srv, "keepalive") {
			var r struct{ Token string }
			_ = json.Unmarshal(request, &r)
			tokens = append(tokens, r.Token)
		}
		return len(tokens) >= 3
	})
	for i, token := range tokens {
		if token != fmt.Sprint("token", i+4) {
			t.Errorf("keepalive %d went out with token %q", i, token)
		}
	}
}

func TestHalfOpenConnectionIsNoticed(t *testing.T) {
	srv := newServer(t, nil)
	g, group := dial(t, srv, &janus.DialOptions{Logger: quiet, PingInterval: 10 * time.Millisecond, PongTimeout: 50 * time.Millisecond})
	session := create(t, g)
	srv.Stall()
	defer srv.Resume()
	if err := wait(t, group); err == nil || !strings.Contains(err.Error(), "no pong within 50ms") {
		t.Errorf("the group reports %v", err)
	}
	rest(t, session.Events)
}

func TestUnfinishedWriteEndsTheConnection(t *testing.T) {
	srv := newServer(t, nil)
	g, group := dial(t, srv, &janus.DialOptions{Logger: quiet, WriteTimeout: 50 * time.Millisecond, PingInterval: -1})
	handle := attach(t, create(t, g), echotest)
	srv.Stall()
	defer srv.Resume()
	body := map[string]any{"fill": strings.Repeat("x", 8<<20)}
	for {
		ctx, cancel := context.WithTimeout(testContext(t), 200*time.Millisecond)
		_, err := handle.Message(ctx, "", body, nil)
		cancel()
		if errors.Is(err, janus.ErrClosed) {
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
	if err := wait(t, group); err == nil || !strings.Contains(err.Error(), "write made no progress for 50ms") {
		t.Errorf("the group reports %v", err)
	}
}

// --- 4. Events

func TestEventsComeInOrderHoweverLateTheReader(t *testing.T) {
	srv := newServer(t, nil)
	_, _, session, handle := open(t, srv)
	const events = 4000
	for i := range events {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := session.KeepAlive(testContext(t), ""); err != nil { // behind all events
		t.Fatal(err)
	}
	for i := range events {
		if n := receiveAs[*janus.EventMsg](t, handle.Events).Plugindata.Data["n"]; n != float64(i) {
			t.Fatalf("event %d is number %v", i, n)
		}
	}
}

// The reader registers a handle before it looks at the next frame.
func TestEventRightBehindTheAttachReply(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, nil)
	session := create(t, g)
	const handleID = 4711
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := baseOf(request)
		if base.Type != "attach" {
			return false
		}
		reply(fmt.Sprintf(`{"janus":"success","transaction":%q,"session_id":%d,"data":{"id":%d}}`, base.ID, session.ID, handleID))
		for i := range 10 {
			reply(fmt.Sprintf(`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"p","data":{"n":%d}}}`, session.ID, handleID, i))
		}
		return true
	})
	handle := attach(t, session, "p")
	for i := range 10 {
		if n := receiveAs[*janus.EventMsg](t, handle.Events).Plugindata.Data["n"]; n != float64(i) {
			t.Fatalf("event %d is number %v", i, n)
		}
	}
}

func TestUnreadChannelDelaysNobody(t *testing.T) {
	srv := newServer(t, nil)
	_, _, session, unread := open(t, srv)
	other := attach(t, session, echotest)
	for i := range 1000 {
		if err := srv.Notify(session.ID, unread.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := srv.Notify(session.ID, other.ID, map[string]any{}, nil); err != nil {
		t.Fatal(err)
	}
	receiveAs[*janus.EventMsg](t, other.Events)
	if _, err := other.Message(testContext(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
}

func TestOverflowIsToldInPlace(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, &janus.DialOptions{EventBacklog: 10})
	session := create(t, g)
	handle := attach(t, session, echotest)
	const events = 200
	for i := range events {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := handle.Detach(testContext(t), ""); err != nil {
		t.Fatal(err)
	}
	next, dropped := 0, 0
	got := rest(t, handle.Events)
	for _, msg := range got[:len(got)-1] {
		switch msg := msg.(type) {
		case *janus.OverflowMsg:
			dropped += msg.Dropped
			next += msg.Dropped
		case *janus.EventMsg:
			if n := msg.Plugindata.Data["n"]; n != float64(next) {
				t.Fatalf("got event %v, want %d", n, next)
			}
			next++
		default:
			t.Fatalf("got %T", msg)
		}
	}
	if _, ok := got[len(got)-1].(*janus.DetachedMsg); !ok || next != events || dropped == 0 {
		t.Errorf("ended with %T after %d events, %d of them dropped", got[len(got)-1], next, dropped)
	}
}

func TestFurtherEventsOfATransactionAreEvents(t *testing.T) {
	srv := newServer(t, nil)
	srv.Handle("janus.plugin.wordy", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Ack()
		for i := range 3 {
			_ = r.Event(map[string]any{"n": i}, nil)
		}
	}))
	g, _ := dial(t, srv, nil)
	handle := attach(t, create(t, g), "janus.plugin.wordy")
	event, err := handle.Message(testContext(t), "", map[string]any{}, nil)
	if err != nil || event.Plugindata.Data["n"] != 0.0 {
		t.Fatalf("got %+v, %v", event, err)
	}
	for i := 1; i < 3; i++ {
		later := receiveAs[*janus.EventMsg](t, handle.Events)
		if later.Plugindata.Data["n"] != float64(i) || later.Transaction != event.Transaction {
			t.Errorf("event %d is %+v", i, later)
		}
	}
}

func TestReplyWhoseCallerHasGoneIsAnEvent(t *testing.T) {
	srv := newServer(t, nil)
	pending := make(chan *janustest.Request, 1)
	srv.Handle("janus.plugin.slow", janustest.PluginFunc(func(r *janustest.Request) { pending <- r }))
	g, _ := dial(t, srv, nil)
	session := create(t, g)
	handle := attach(t, session, "janus.plugin.slow")
	late := func() *janustest.Request {
		ctx, cancel := context.WithCancel(context.Background())
		result := make(chan error)
		go func() { _, err := handle.Message(ctx, "", map[string]any{}, nil); result <- err }()
		r := <-pending
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		return r
	}
	_ = late().Event(map[string]any{"late": true}, nil)
	if msg := receiveAs[*janus.EventMsg](t, handle.Events); msg.Plugindata.Data["late"] != true {
		t.Errorf("got %+v", msg)
	}
	_ = late().Success(map[string]any{"late": true})
	if msg := receiveAs[*janus.EventMsg](t, handle.Events); msg.Plugindata.Data["late"] != true {
		t.Errorf("got %+v", msg)
	}
	_ = late().Error(462, "too late")
	if msg := receiveAs[*janus.ErrorMsg](t, session.Events); msg.Err.Code != 462 || msg.Session != session.ID {
		t.Errorf("got %+v", msg)
	}
}

// Every kind of message reaches its channel as its own type with all its
// fields.
func TestEveryKindOfMessage(t *testing.T) {
	srv := newServer(t, nil)
	_, _, session, handle := open(t, srv)
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
		got, err := json.Marshal(receive(t, handle.Events))
		want, err2 := json.Marshal(test.want)
		if err := errors.Join(err, err2); err != nil || string(got) != string(want) {
			t.Errorf("%s came as %s, want %s (%v)", test.frame, got, want, err)
		}
	}
	if left := rest(t, handle.Events); left != nil {
		t.Errorf("after detached came %v", left)
	}
}

func TestMessagesOfUnknownHandlesComeOnSessionEvents(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, nil)
	session := create(t, g)
	if err := srv.Send(session.ID, fmt.Sprintf(`{"janus":"webrtcup","session_id":%d,"sender":99}`, session.ID)); err != nil {
		t.Fatal(err)
	}
	if msg := receiveAs[*janus.WebRTCUpMsg](t, session.Events); msg.Handle != 99 {
		t.Errorf("got %+v", msg)
	}
}

// --- 5. Ends

func TestDetachClosesEvents(t *testing.T) {
	srv := newServer(t, nil)
	_, _, session, handle := open(t, srv)
	if _, err := handle.Detach(testContext(t), ""); err != nil {
		t.Fatal(err)
	}
	session.Lock()
	listed := len(session.Handles)
	session.Unlock()
	if listed != 0 {
		t.Error("the handle is still listed")
	}
	got := rest(t, handle.Events)
	if len(got) != 1 {
		t.Fatalf("got %v, want only DetachedMsg", got)
	}
	if _, ok := got[0].(*janus.DetachedMsg); !ok {
		t.Errorf("got %T, want DetachedMsg", got[0])
	}
	_, err := handle.Message(testContext(t), "", map[string]any{}, nil)
	if !errors.Is(err, janus.ErrHandleDetached) || !errors.Is(err, janus.ErrorHandleNotFound) {
		t.Errorf("a call on it returned %v", err)
	}
	if _, err := session.KeepAlive(testContext(t), ""); err != nil {
		t.Errorf("the session is harmed: %v", err)
	}
}

// A server that never sends detached cannot keep the channel open.
func TestDetachClosesEventsWithoutAWord(t *testing.T) {
	srv := newServer(t, nil)
	_, _, _, handle := open(t, srv)
	reply(srv, "detach", `{"janus":"success","transaction":"TX"}`)
	if _, err := handle.Detach(testContext(t), ""); err != nil {
		t.Fatal(err)
	}
	if got := rest(t, handle.Events); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestDetachBySomebodyElse(t *testing.T) {
	srv := newServer(t, nil)
	pending := make(chan *janustest.Request, 1)
	srv.Handle("janus.plugin.slow", janustest.PluginFunc(func(r *janustest.Request) { pending <- r }))
	g, _ := dial(t, srv, nil)
	session := create(t, g)
	handle, other := attach(t, session, "janus.plugin.slow"), attach(t, session, echotest)
	result := make(chan error)
	go func() { _, err := handle.Message(testContext(t), "", map[string]any{}, nil); result <- err }()
	<-pending
	srv.Detach(session.ID, handle.ID)
	if err := <-result; !errors.Is(err, janus.ErrHandleDetached) {
		t.Errorf("the waiting call returned %v", err)
	}
	if got := rest(t, handle.Events); len(got) != 1 {
		t.Errorf("got %v, want DetachedMsg", got)
	}
	eventually(t, "the map follows", func() bool {
		session.Lock()
		defer session.Unlock()
		return len(session.Handles) == 1
	})
	if _, err := other.Message(testContext(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Errorf("another handle is harmed: %v", err)
	}
}

func TestDestroyClosesAllChannels(t *testing.T) {
	srv := newServer(t, nil)
	g, _, session, handle := open(t, srv)
	survivor := create(t, g)
	if _, err := session.Destroy(testContext(t), ""); err != nil {
		t.Fatal(err)
	}
	g.Lock()
	_, listed := g.Sessions[session.ID]
	g.Unlock()
	if listed {
		t.Error("the session is still listed")
	}
	rest(t, session.Events)
	rest(t, handle.Events)
	_, err := handle.Message(testContext(t), "", map[string]any{}, nil)
	if !errors.Is(err, janus.ErrSessionEnded) || !errors.Is(err, janus.ErrorSessionNotFound) {
		t.Errorf("a call on its handle returned %v", err)
	}
	if _, err := session.Attach(testContext(t), "", echotest); !errors.Is(err, janus.ErrSessionEnded) {
		t.Errorf("attach returned %v", err)
	}
	if h := session.Adopt(5); len(rest(t, h.Events)) != 0 {
		t.Error("a handle adopted by an ended session has events")
	}
	if _, err := survivor.KeepAlive(testContext(t), ""); err != nil {
		t.Errorf("another session is harmed: %v", err)
	}
}

func TestSessionTimeoutIsToldOnAllItsChannels(t *testing.T) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		srv := newServer(t, func(s *janustest.Server) { s.Version = version })
		g, _, session, handle := open(t, srv)
		survivor := create(t, g)
		pendingOn(t, srv, handle, func() { srv.Timeout(session.ID) }, janus.ErrSessionEnded)
		for _, events := range []chan interface{}{session.Events, handle.Events} {
			if msg := receiveAs[*janus.TimeoutMsg](t, events); msg.Session != session.ID {
				t.Errorf("got %+v", msg)
			}
			for _, msg := range rest(t, events) {
				if _, ok := msg.(*janus.DetachedMsg); !ok {
					t.Errorf("after the timeout came %T", msg)
				}
			}
		}
		if _, err := session.KeepAlive(testContext(t), ""); !errors.Is(err, janus.ErrSessionEnded) || !strings.Contains(err.Error(), "timed out") {
			t.Errorf("got %v", err)
		}
		if _, err := survivor.KeepAlive(testContext(t), ""); err != nil {
			t.Errorf("another session is harmed: %v", err)
		}
	}
}

// pendingOn checks that a message that waits for its answer fails with want
// when end is called.
func pendingOn(t *testing.T, srv *janustest.Server, handle *janus.Handle, end func(), want error) {
	t.Helper()
	arrived := make(chan struct{}, 1)
	srv.Intercept(func(request json.RawMessage, _ func(any)) bool {
		if baseOf(request).Type != "message" {
			return false
		}
		arrived <- struct{}{}
		return true
	})
	defer srv.Intercept(nil)
	result := make(chan error)
	go func() { _, err := handle.Message(testContext(t), "", map[string]any{}, nil); result <- err }()
	<-arrived
	end()
	if err := <-result; !errors.Is(err, want) {
		t.Errorf("the waiting call returned %v, want %v", err, want)
	}
}

// Janus does not tell of a session that the Admin API destroys: the next
// request finds out.
func TestSessionDestroyedBySomebodyElse(t *testing.T) {
	srv := newServer(t, nil)
	_, _, session, handle := open(t, srv)
	srv.Destroy(session.ID)
	if _, err := session.KeepAlive(testContext(t), ""); !errors.Is(err, janus.ErrorSessionNotFound) || !errors.Is(err, janus.ErrSessionEnded) {
		t.Errorf("got %v", err)
	}
	for _, events := range []chan interface{}{session.Events, handle.Events} {
		if msg := receiveAs[*janus.ErrorMsg](t, events); msg.Err.Code != 458 {
			t.Errorf("got %+v", msg)
		}
		rest(t, events)
	}
}

func TestSessionDestroyedBySomebodyElseIsFoundByKeepAliveOption(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, &janus.DialOptions{KeepAlive: 10 * time.Millisecond, Logger: quiet})
	session := create(t, g)
	srv.Destroy(session.ID)
	_ = receiveAs[*janus.ErrorMsg](t, session.Events)
	rest(t, session.Events)
}

func TestHandleUnknownToTheServer(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, nil)
	session := create(t, g)
	handle := session.Adopt(12345)
	if handle != session.Adopt(12345) {
		t.Error("adopted twice, the handle is not the same")
	}
	if _, err := handle.Message(testContext(t), "", map[string]any{}, nil); !errors.Is(err, janus.ErrorHandleNotFound) {
		t.Errorf("got %v", err)
	}
	_ = receiveAs[*janus.ErrorMsg](t, handle.Events)
	rest(t, handle.Events)
}

func TestConnectionLossEndsEverythingWithItsCause(t *testing.T) {
	srv := newServer(t, nil)
	g, group, session, handle := open(t, srv)
	for i := range 100 {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	pendingOn(t, srv, handle, func() { srv.Disconnect(websocket.StatusServiceRestart, "maintenance") }, janus.ErrClosed)
	err := wait(t, group)
	if websocket.CloseStatus(err) != websocket.StatusServiceRestart || !strings.Contains(err.Error(), "maintenance") {
		t.Errorf("the group reports %v, want the peer's close status", err)
	}
	for name, call := range requests(g, session, handle) {
		err := call(testContext(t))
		if !errors.Is(err, janus.ErrClosed) || websocket.CloseStatus(err) != websocket.StatusServiceRestart {
			t.Errorf("later %s returned %v, want ErrClosed and the cause", name, err)
		}
	}
	if got := rest(t, handle.Events); len(got) != 100 {
		t.Errorf("%d events before the end, want 100", len(got))
	}
	rest(t, session.Events)
	if len(g.Sessions) != 0 || len(session.Handles) != 0 {
		t.Error("the maps do not follow")
	}
	noGoroutines(t)
}

func TestCloseIsQuietAndComplete(t *testing.T) {
	srv := newServer(t, nil)
	g, group, session, handle := open(t, srv)
	pendingOn(t, srv, handle, func() {
		var closers sync.WaitGroup
		for range 4 {
			closers.Go(func() { closeGateway(t, g) })
		}
		closers.Wait()
	}, janus.ErrClosed)
	if err := wait(t, group); err != nil {
		t.Errorf("the group reports %v after Close, want nil", err)
	}
	if err := g.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("closing again returned %v", err)
	}
	rest(t, session.Events)
	rest(t, handle.Events)
	if _, err := g.Create(testContext(t), ""); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("a later call returned %v", err)
	}
	noGoroutines(t)
}

func TestCloseWithADeadPeer(t *testing.T) {
	srv := newServer(t, nil)
	g, group, _, _ := open(t, srv)
	srv.Stall()
	defer srv.Resume()
	if err := g.Close(websocket.StatusNormalClosure, ""); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Errorf("close returned %v", err)
	}
	if err := wait(t, group); err != nil {
		t.Errorf("the group reports %v", err)
	}
	noGoroutines(t)
}

func TestCloseLeavesNoGoroutineForUnreadEvents(t *testing.T) {
	srv := newServer(t, nil)
	g, _, session, handle := open(t, srv)
	for i := range 100 {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := session.KeepAlive(testContext(t), ""); err != nil {
		t.Fatal(err)
	}
	closeGateway(t, g)
	noGoroutines(t)
	if got := rest(t, handle.Events); len(got) != 100 {
		t.Errorf("%d events were kept for the late reader, want 100", len(got))
	}
}

// A caller that keeps the maps locked holds up nobody else.
func TestLockedMapsHoldUpNobody(t *testing.T) {
	srv := newServer(t, nil)
	g, _, session, handle := open(t, srv)
	survivor := create(t, g)
	g.Lock()
	session.Lock()
	srv.Timeout(session.ID)
	rest(t, session.Events)
	rest(t, handle.Events)
	if _, err := survivor.KeepAlive(testContext(t), ""); err != nil {
		t.Error(err)
	}
	session.Unlock()
	g.Unlock()
	eventually(t, "the maps follow", func() bool {
		g.Lock()
		defer g.Unlock()
		session.Lock()
		defer session.Unlock()
		return len(g.Sessions) == 1 && len(session.Handles) == 0
	})
}

// --- 6. Nothing is swallowed

func TestWhatIsNoJSONObjectEndsTheConnection(t *testing.T) {
	for _, frame := range []string{`{not json`, `[1,2]`, `"text"`, `null`, `{"janus":"ack"} trailing`, ``, strings.Repeat("x", 1000)} {
		srv := newServer(t, nil)
		g, group := dial(t, srv, nil)
		session := create(t, g)
		if err := srv.Send(session.ID, frame); err != nil {
			t.Fatal(err)
		}
		err := wait(t, group)
		if err == nil || !strings.Contains(err.Error(), "not a JSON object") || !strings.Contains(err.Error(), fmt.Sprintf("%q", frame[:min(len(frame), 10)])[:min(len(frame), 10)]) {
			t.Errorf("%.20q: the group reports %v", frame, err)
		}
		rest(t, session.Events)
	}
}

func TestUnknownMessagesAreDeliveredRaw(t *testing.T) {
	srv := newServer(t, nil)
	_, _, session, handle := open(t, srv)
	tests := []struct{ kind, frame string }{
		{"novelty", `{"janus":"novelty","session_id":S,"sender":H,"x":[1]}`},
		{"hangup", `{"janus":"hangup","session_id":S,"sender":H,"reason":5}`},
		{"", `{"janus":null,"session_id":S,"sender":H}`},
		{"", `{"session_id":S,"sender":H}`},
	}
	for _, test := range tests {
		frame := strings.NewReplacer("S", fmt.Sprint(session.ID), "H", fmt.Sprint(handle.ID)).Replace(test.frame)
		if err := srv.Send(session.ID, frame); err != nil {
			t.Fatal(err)
		}
		msg := receiveAs[*janus.UnknownMsg](t, handle.Events)
		if msg.Type != test.kind || string(msg.Raw) != frame || msg.Session != session.ID || msg.Handle != handle.ID {
			t.Errorf("%s came as %+v", frame, msg)
		}
	}
}

func TestErrorsWithoutATransactionAreDelivered(t *testing.T) {
	srv := newServer(t, nil)
	g, _, session, handle := open(t, srv)
	other := create(t, g)
	pending := make(chan error)
	reply(srv, "message", "")
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _, err := handle.Message(ctx, "", map[string]any{}, nil); pending <- err }()
	eventually(t, "a call waits", func() bool { return len(sent(srv, "message")) == 1 })

	srv.Broadcast(`{"janus":"error","error":{"code":454,"reason":"Invalid JSON"}}`) // concerns no session: it is logged
	srv.Broadcast(fmt.Sprintf(`{"janus":"error","session_id":%d,"error":{"code":456,"reason":"Missing"}}`, other.ID))
	if msg := receiveAs[*janus.ErrorMsg](t, other.Events); msg.Err.Code != 456 {
		t.Errorf("got %+v", msg)
	}
	if len(session.Events) != 0 {
		t.Error("an error of another session was delivered")
	}
	cancel()
	if err := <-pending; !errors.Is(err, context.Canceled) {
		t.Errorf("the error was taken for a reply: %v", err)
	}
}

// logs is a slog.Handler that keeps what it is given.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestMessagesForNobodyAreLogged(t *testing.T) {
	srv := newServer(t, nil)
	var log logs
	g, _ := dial(t, srv, &janus.DialOptions{Logger: log.logger(slog.LevelWarn)})
	if err := g.Ping(testContext(t), ""); err != nil {
		t.Fatal(err)
	}
	srv.Broadcast(`{"janus":"webrtcup","session_id":1,"sender":2,"token":"s3cret"}`)
	srv.Broadcast(`{"janus":"error","error":{"code":454,"reason":"Invalid JSON"}}`)
	eventually(t, "both are logged", func() bool {
		return strings.Contains(log.String(), "webrtcup") && strings.Contains(log.String(), "Invalid JSON")
	})
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("the log shows a secret: %s", log.String())
	}
}

// panicking is a handler that always fails.
type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool  { return true }
func (panicking) Handle(context.Context, slog.Record) error { panic("a bug in the handler") }

// blocking is a handler that never returns before it is released.
type blocking struct {
	slog.Handler
	release chan struct{}
}

func (blocking) Enabled(context.Context, slog.Level) bool { return true }
func (b blocking) Handle(context.Context, slog.Record) error {
	<-b.release
	return nil
}

func TestLoggerCannotStopTheReader(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, handler := range map[string]slog.Handler{"panicking": panicking{}, "blocking": blocking{release: release}} {
		srv := newServer(t, nil)
		g, group := dial(t, srv, &janus.DialOptions{Logger: slog.New(handler)})
		session := create(t, g)
		for range 2000 {
			srv.Broadcast(`{"janus":"webrtcup","session_id":1,"sender":2}`)
		}
		if _, err := session.KeepAlive(testContext(t), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		closeGateway(t, g)
		if err := wait(t, group); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// --- 7. Abandoned requests

func TestAbandonedCreateIsUndone(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, nil)
	abandonThenAnswer(t, srv, "create", func(ctx context.Context) error {
		_, err := g.Create(ctx, "")
		return err
	})
	eventually(t, "the session is destroyed", func() bool { return len(srv.Sessions()) == 0 && len(sent(srv, "destroy")) == 1 })
	if len(g.Sessions) != 0 {
		t.Error("the session is listed")
	}
}

func TestAbandonedAttachIsUndone(t *testing.T) {
	srv := newServer(t, nil)
	g, _ := dial(t, srv, nil)
	session := create(t, g)
	abandonThenAnswer(t, srv, "attach", func(ctx context.Context) error {
		_, err := session.Attach(ctx, "", echotest)
		return err
	})
	eventually(t, "the handle is detached", func() bool { return len(srv.Handles(session.ID)) == 0 && len(sent(srv, "detach")) == 1 })
	if len(session.Handles) != 0 {
		t.Error("the handle is listed")
	}
	if _, err := session.Destroy(testContext(t), ""); err != nil {
		t.Error(err)
	}
}

// abandonThenAnswer cancels a call before the server carries it out.
func abandonThenAnswer(t *testing.T, srv *janustest.Server, verb string, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	srv.Intercept(func(request json.RawMessage, _ func(any)) bool {
		if baseOf(request).Type == verb {
			cancel()
			<-gone // the server answers only now
		}
		return false
	})
	defer srv.Intercept(nil)
	if err := call(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%s returned %v", verb, err)
	}
	close(gone)
	eventually(t, "the server has answered", func() bool { return len(srv.Requests()) >= 2 })
}

// What is never answered is not kept for ever.
func TestAbandonedCreateIsForgotten(t *testing.T) {
	var transaction atomic.Value
	silent := func(base janus.BaseMsg) string {
		switch base.Type {
		case "create":
			transaction.Store(base.ID)
			return ""
		case "ping": // the answer to create comes at last
			return fmt.Sprintf(`{"janus":"success","transaction":%q,"data":{"id":5}}`, transaction.Load())
		}
		t.Errorf("unexpected request %q", base.Type)
		return ""
	}
	inBubble(t, janus.DialOptions{PingInterval: -1}, silent, func(t *testing.T, g *janus.Gateway, _ *errgroup.Group) {
		if _, err := g.Create(context.Background(), ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Hour)
		if err := g.Ping(context.Background(), ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// --- 8. Tokens and printed messages

func TestTokensGoOutWithTheirRequest(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.Tokens = []string{"good"}; s.APISecret = "" })
	g, _ := dial(t, srv, nil)
	ctx := testContext(t)
	if _, err := g.Create(ctx, "bad"); !errors.Is(err, janus.ErrorUnauthorized) {
		t.Errorf("create with a wrong token returned %v", err)
	}
	session, err := g.Create(ctx, "good")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.Attach(ctx, "good", echotest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handle.Message(ctx, "good", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
	for _, err := range []error{
		mustAck(handle.Trickle(ctx, "good", map[string]any{"completed": true})),
		mustAck(handle.Hangup(ctx, "good")),
		mustAck(session.KeepAlive(ctx, "good")),
		mustAck(handle.Detach(ctx, "good")),
		mustAck(session.Destroy(ctx, "good")),
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

func TestAPISecret(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.APISecret = "hush" })
	without, _ := dial(t, srv, nil)
	if _, err := without.Create(testContext(t), ""); !errors.Is(err, janus.ErrorUnauthorized) {
		t.Errorf("got %v", err)
	}
	with, _ := dial(t, srv, &janus.DialOptions{APISecret: "hush"})
	create(t, with)
}

func TestLogJsonMessagesPrintsBothDirectionsMasked(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.APISecret = "hush"; s.Tokens = []string{"s3cret"} })
	var log logs
	g, _ := dial(t, srv, &janus.DialOptions{APISecret: "hush", Logger: log.logger(slog.LevelDebug)})
	printed := captureStdout(t, func() {
		g.LogJsonMessages = true
		session, err := g.Create(testContext(t), "s3cret")
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := session.KeepAlive(testContext(t), "s3cret"); err != nil {
			t.Error(err)
		}
		closeGateway(t, g)
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

// captureStdout returns what f prints.
func captureStdout(t *testing.T, f func()) string {
	t.Helper()
	return capture(t, &os.Stdout, f)
}

func capture(t *testing.T, file **os.File, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	saved := *file
	*file = w
	output := make(chan string)
	go func() {
		all, _ := io.ReadAll(r) // of a pipe: nothing to fail but the test
		output <- string(all)
	}()
	f()
	*file = saved
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return <-output
}

func TestWaitForGroupReportsAndReturns(t *testing.T) {
	var group errgroup.Group
	failure := errors.New("it broke")
	group.Go(func() error { return failure })
	var got error
	if printed := capture(t, &os.Stderr, func() { got = janus.WaitForGroup(&group) }); !strings.Contains(printed, "it broke") {
		t.Errorf("printed %q", printed)
	}
	if got != failure {
		t.Errorf("returned %v", got)
	}
	if printed := capture(t, &os.Stderr, func() { got = janus.WaitForGroup(new(errgroup.Group)) }); printed != "" || got != nil {
		t.Errorf("without an error: printed %q, returned %v", printed, got)
	}
}

// --- 9. Sizes

func TestMessageSizes(t *testing.T) {
	const limit = 16 << 20
	srv := newServer(t, nil)
	g, group, session, handle := open(t, srv)
	frame := func(size int) string {
		head := fmt.Sprintf(`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"p","data":{"x":"`, session.ID, handle.ID)
		const tail = `"}}}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	for _, size := range []int{40_000, 1 << 20, limit} {
		if err := srv.Send(session.ID, frame(size)); err != nil {
			t.Fatal(err)
		}
		msg := receiveAs[*janus.EventMsg](t, handle.Events)
		if got := len(msg.Plugindata.Data["x"].(string)); got < size-200 {
			t.Errorf("%d of %d bytes arrived", got, size)
		}
	}
	if err := srv.Send(session.ID, frame(limit+1)); err != nil {
		t.Fatal(err)
	}
	if err := wait(t, group); err == nil || !strings.Contains(err.Error(), fmt.Sprint(limit)) {
		t.Errorf("the group reports %v, want the limit", err)
	}
	if _, err := g.Info(testContext(t), ""); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// --- Sessions that outlive a connection

// reconnecting are options that restore a connection at once.
func reconnecting() *janus.DialOptions {
	return &janus.DialOptions{
		Logger:    quiet,
		Reconnect: &janus.ReconnectOptions{MinDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond},
	}
}

func TestClaimAndAdoptAfterARestart(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	before, _, session, handle := open(t, srv)
	closeGateway(t, before)

	g, _ := dial(t, srv, nil)
	if _, err := g.Claim(testContext(t), "", 1); !errors.Is(err, janus.ErrorSessionNotFound) {
		t.Errorf("claim of an unknown session returned %v", err)
	}
	claimed, err := g.Claim(testContext(t), "", session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := g.Claim(testContext(t), "", session.ID); err != nil || again != claimed {
		t.Errorf("claimed again: %p, %v, want %p", again, err, claimed)
	}
	adopted := claimed.Adopt(handle.ID)
	if g.Sessions[session.ID] != claimed || claimed.Handles[handle.ID] != adopted {
		t.Error("the maps do not follow")
	}
	if _, err := adopted.Message(testContext(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
	if err := srv.Notify(session.ID, handle.ID, map[string]any{"hello": "again"}, nil); err != nil {
		t.Fatal(err)
	}
	receiveAs[*janus.EventMsg](t, adopted.Events)
}

func TestCreateWithIDAndAttachWithOptions(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.OpaqueIDInAPI = true })
	g, _ := dial(t, srv, nil)
	session, err := g.CreateWith(testContext(t), "", janus.CreateOptions{ID: 424242})
	if err != nil || session.ID != 424242 {
		t.Fatalf("got %+v, %v", session, err)
	}
	if _, err := g.CreateWith(testContext(t), "", janus.CreateOptions{ID: 424242}); !errors.Is(err, janus.ErrorSessionConflict) {
		t.Errorf("a second session of the same id: %v", err)
	}
	loop := 0
	handle, err := session.AttachWith(testContext(t), "", janus.AttachOptions{Plugin: echotest, OpaqueID: "mine", LoopIndex: &loop})
	if err != nil {
		t.Fatal(err)
	}
	if request := string(sent(srv, "attach")[0]); !strings.Contains(request, `"opaque_id":"mine"`) || !strings.Contains(request, `"loop_index":0`) {
		t.Errorf("sent %s", request)
	}
	event, err := handle.Message(testContext(t), "", map[string]any{"audio": true}, nil)
	if err != nil || event.OpaqueID != "mine" {
		t.Errorf("got %+v, %v", event, err)
	}
}

func TestSessionsSurviveALostConnection(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	g, _ := dial(t, srv, reconnecting())
	session := create(t, g)
	handle := attach(t, session, echotest)
	doomed := create(t, g)
	doomedHandle := attach(t, doomed, echotest)
	for range 5 {
		pendingOn(t, srv, handle, srv.Cut, janus.ErrDisconnected)
		if msg := receiveAs[*janus.DisconnectedMsg](t, session.Events); msg.Err == nil {
			t.Error("no cause given")
		}
		if _, err := handle.Message(testContext(t), "", map[string]any{"audio": true}, nil); err != nil {
			t.Errorf("a call during the outage returned %v", err)
		}
		receiveAs[*janus.ReclaimedMsg](t, session.Events)
		if g.Sessions[session.ID] != session || session.Handles[handle.ID] != handle {
			t.Error("session and handle are not the same objects")
		}
		if err := srv.Notify(session.ID, handle.ID, map[string]any{}, nil); err != nil {
			t.Fatal(err)
		}
		receiveAs[*janus.EventMsg](t, handle.Events)
	}
	srv.Destroy(doomed.ID)
	srv.Cut()
	var last interface{}
	for _, msg := range rest(t, doomed.Events) {
		last = msg
	}
	if msg, ok := last.(*janus.ErrorMsg); !ok || msg.Err.Code != 458 {
		t.Errorf("the lost session ended with %+v", last)
	}
	rest(t, doomedHandle.Events)
	if _, err := doomed.KeepAlive(testContext(t), ""); !errors.Is(err, janus.ErrSessionEnded) {
		t.Errorf("got %v", err)
	}
	if _, err := session.KeepAlive(testContext(t), ""); err != nil {
		t.Errorf("the other session is harmed: %v", err)
	}
	if _, err := session.Destroy(testContext(t), ""); err != nil {
		t.Error(err)
	}
}

func TestCallsDuringAnOutageWaitForTheConnectionOrTheirContext(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	g, _ := dial(t, srv, reconnecting())
	session := create(t, g)
	srv.Refuse(http.StatusServiceUnavailable)
	srv.Cut()
	receiveAs[*janus.DisconnectedMsg](t, session.Events)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := session.KeepAlive(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	result := make(chan error)
	go func() { _, err := g.Info(testContext(t), ""); result <- err }()
	srv.Refuse(0)
	if err := <-result; err != nil {
		t.Errorf("the call that waited returned %v", err)
	}
}

func TestReconnectGivesUp(t *testing.T) {
	srv := newServer(t, nil)
	opts := reconnecting()
	opts.Reconnect.GiveUpAfter = 50 * time.Millisecond
	g, group := dial(t, srv, opts)
	session := create(t, g)
	srv.Refuse(http.StatusServiceUnavailable)
	srv.Disconnect(websocket.StatusGoingAway, "bye")
	err := wait(t, group)
	if err == nil || !strings.Contains(err.Error(), "not restored within 50ms") || websocket.CloseStatus(err) != websocket.StatusGoingAway || !strings.Contains(err.Error(), "503") {
		t.Errorf("the group reports %v", err)
	}
	receiveAs[*janus.DisconnectedMsg](t, session.Events)
	rest(t, session.Events)
	noGoroutines(t)
}

func TestCloseAndContextEndAnOutage(t *testing.T) {
	for _, end := range []string{"close", "context"} {
		srv := newServer(t, nil)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		g, group, err := janus.Dial(ctx, srv.URL, reconnecting())
		if err != nil {
			t.Fatal(err)
		}
		session := create(t, g)
		srv.Refuse(http.StatusServiceUnavailable)
		srv.Cut()
		receiveAs[*janus.DisconnectedMsg](t, session.Events)
		waiting := make(chan error)
		go func() { _, err := session.KeepAlive(testContext(t), ""); waiting <- err }()
		if end == "close" {
			closeGateway(t, g)
			if err := wait(t, group); err != nil {
				t.Errorf("the group reports %v", err)
			}
		} else {
			cancel()
			if err := wait(t, group); !errors.Is(err, context.Canceled) {
				t.Errorf("the group reports %v", err)
			}
		}
		if err := <-waiting; !errors.Is(err, janus.ErrClosed) {
			t.Errorf("%s: the waiting call returned %v", end, err)
		}
		rest(t, session.Events)
		noGoroutines(t)
	}
}

// A token that cannot be had holds up its own session only.
func TestTokenMissingForOneClaim(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	var lucky atomic.Uint64
	var failures atomic.Int64
	opts := reconnecting()
	opts.TokenSource = func(_ context.Context, sessionID uint64) (string, error) {
		if sessionID != lucky.Load() && failures.Add(1) <= 3 {
			return "", errors.New("no token yet")
		}
		return "token", nil
	}
	g, _ := dial(t, srv, opts)
	session, unlucky := create(t, g), create(t, g)
	lucky.Store(session.ID)
	srv.Cut()
	for _, s := range []*janus.Session{session, unlucky} {
		receiveAs[*janus.DisconnectedMsg](t, s.Events)
		receiveAs[*janus.ReclaimedMsg](t, s.Events)
	}
	if len(session.Events) != 0 {
		t.Errorf("the other session was disturbed: %T", <-session.Events)
	}
}

// A transport of the caller's that panics is a dial that failed.
func TestTransportCannotStopTheReader(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	var dials atomic.Int64
	opts := reconnecting()
	opts.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if dials.Add(1) == 2 {
			panic("a bug in the caller's transport")
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
	g, _ := dial(t, srv, opts)
	session := create(t, g)
	srv.Cut()
	receiveAs[*janus.DisconnectedMsg](t, session.Events)
	receiveAs[*janus.ReclaimedMsg](t, session.Events)
}

// A peer that accepts connections and drops them at once is dialled less and
// less often.
func TestReconnectBacksOffFromAPeerThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
		var accepted atomic.Int64
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"janus-protocol"}})
			if err == nil {
				accepted.Add(1)
				_ = conn.CloseNow()
			}
		})}
		go func() { _ = srv.Serve(network) }()
		defer func() { _ = srv.Close() }()
		g, _, err := janus.Dial(context.Background(), "ws://memory/", &janus.DialOptions{
			HTTPClient: &http.Client{Transport: &http.Transport{DialContext: network.dial}},
			Logger:     quiet,
			Reconnect:  &janus.ReconnectOptions{},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		_ = g.Close(websocket.StatusNormalClosure, "") // there may be no connection
		synctest.Wait()
		if n := accepted.Load(); n < 20 || n > 400 {
			t.Errorf("%d dials in ten minutes, want about one in 7.5 s", n)
		}
	})
}

// A claim that is not answered means that the connection is of no use.
func TestUnansweredClaimIsAnotherLoss(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	opts := reconnecting()
	opts.RequestTimeout = 50 * time.Millisecond
	g, _ := dial(t, srv, opts)
	session := create(t, g)
	var claims atomic.Int64
	srv.Intercept(func(request json.RawMessage, _ func(any)) bool {
		return baseOf(request).Type == "claim" && claims.Add(1) == 1
	})
	srv.Cut()
	receiveAs[*janus.DisconnectedMsg](t, session.Events)
	receiveAs[*janus.ReclaimedMsg](t, session.Events)
	if n := claims.Load(); n != 2 {
		t.Errorf("%d claims, want 2", n)
	}
}

// --- 10. Concurrency

func TestConcurrentUse(t *testing.T) {
	srv := newServer(t, nil)
	g, group := dial(t, srv, nil)
	var users sync.WaitGroup
	for range 32 {
		users.Go(func() {
			ctx := testContext(t)
			for range 5 {
				session, err := g.Create(ctx, "")
				if err != nil {
					t.Error(err)
					return
				}
				for range 3 {
					handle, err := session.Attach(ctx, "", echotest)
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
	closeGateway(t, g)
	if err := wait(t, group); err != nil {
		t.Error(err)
	}
	noGoroutines(t)
}

// Options that make no sense do not break anything later.
func TestOddOptions(t *testing.T) {
	srv := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = patience })
	g, _ := dial(t, srv, &janus.DialOptions{
		Logger: quiet, EventBacklog: -1, KeepAlive: 1, PongTimeout: -1, WriteTimeout: -1, MaxMessageSize: -1,
		Reconnect: &janus.ReconnectOptions{MinDelay: -1, MaxDelay: time.Millisecond},
	})
	session := create(t, g)
	for range 100 {
		if err := srv.Send(session.ID, fmt.Sprintf(`{"janus":"webrtcup","session_id":%d,"sender":9}`, session.ID)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "keepalives", func() bool { return len(sent(srv, "keepalive")) > 3 })
	srv.Cut()
	if _, err := session.KeepAlive(testContext(t), ""); err != nil && !errors.Is(err, janus.ErrDisconnected) {
		t.Error(err)
	}
}

func TestErrorCodes(t *testing.T) {
	if text := janus.ErrorSessionNotFound.Error(); !strings.Contains(text, "458") {
		t.Errorf("got %q", text)
	}
}
