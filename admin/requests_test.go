package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/wire"
)

// quiet is a logger for tests in which warnings are expected.
var quiet = slog.New(slog.DiscardHandler)

// header is what all answers have.
type header struct {
	Janus       string `json:"janus"`
	Transaction string `json:"transaction"`
	Session     uint64 `json:"session_id"`
	Handle      uint64 `json:"handle_id"`
}

// The answers to the requests, field by field.
type (
	statusAnswer struct {
		header
		Status plainStatus `json:"status"`
	}
	tokenAnswer struct {
		header
		Data struct {
			Plugins []string `json:"plugins"`
		} `json:"data"`
	}
	tokensAnswer struct {
		header
		Data struct {
			Tokens []Token `json:"tokens"`
		} `json:"data"`
	}
	sessionsAnswer struct {
		header
		Sessions []uint64 `json:"sessions"`
	}
	handlesAnswer struct {
		header
		Handles []uint64 `json:"handles"`
	}
	infoAnswer struct {
		header
		Info plainHandleInfo `json:"info"`
	}
	partAnswer struct {
		header
		Response json.RawMessage `json:"response"`
	}
	queryAnswer struct {
		header
		Response struct {
			Result      int             `json:"result"`
			Notes       []string        `json:"notes"`
			Connections json.RawMessage `json:"connections"`
			Messages    int             `json:"messages"`
			Code        int             `json:"error_code"`
			Error       string          `json:"error"`
		} `json:"response"`
	}
	settingAnswer struct {
		header
		Timeout           int  `json:"timeout"`
		Level             int  `json:"level"`
		LogTimestamps     bool `json:"log_timestamps"`
		LogColors         bool `json:"log_colors"`
		LockingDebug      bool `json:"locking_debug"`
		RefcountDebug     bool `json:"refcount_debug"`
		LibniceDebug      bool `json:"libnice_debug"`
		MinNACKQueue      int  `json:"min_nack_queue"`
		NACKOptimizations bool `json:"nack-optimizations"`
		NoMediaTimer      int  `json:"no_media_timer"`
		SlowLinkThreshold int  `json:"slowlink_threshold"`
		Accept            bool `json:"accept"`
	}
	resolvedAnswer struct {
		header
		Resolved
	}
	stunAnswer struct {
		header
		STUNResult
	}
	loopsAnswer struct {
		header
		Loops []Loop `json:"loops"`
	}
)

// requestTest is a request of the Admin API with a call that sends it.
type requestTest struct {
	name  string
	level string // global, session or handle
	call  func(ctx context.Context, c *Client) (any, error)
	sent  string // the members besides the envelope, for session 7 and handle 8
	reply string // the answer besides the envelope
	want  any    // what the call returns
	// answer has all fields of the answer.
	answer any
}

// noResult is the result of calls that return only an error.
func noResult(err error) (any, error) { return nil, err }

func result[T any](v T, err error) (any, error) { return v, err }

// ptr returns a pointer to v.
func ptr[T any](v T) *T { return &v }

const ms, µs = time.Millisecond, time.Microsecond

// requestTests has a test for each of the 38 requests of Janus 1.4 and for
// set_libnice_debug; set_session_timeout exists at two levels.
var requestTests = []requestTest{
	{"info", "global",
		func(ctx context.Context, c *Client) (any, error) {
			info, err := c.Info(ctx)
			if err != nil {
				return nil, err
			}
			return info.VersionString, nil
		}, `{}`, `"version_string":"1.4.1","api_secret":true`, "1.4.1", nil},
	{"ping", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.Ping(ctx)) },
		`{}`, ``, nil, &header{}},
	{"get_status", "global",
		func(ctx context.Context, c *Client) (any, error) {
			status, err := c.Status(ctx)
			if err != nil {
				return nil, err
			}
			status.Raw = nil
			return status, nil
		}, `{}`,
		`"status":{"token_auth":true,"session_timeout":60,"reclaim_session_timeout":5,"candidates_timeout":45,"log_level":4,` +
			`"log_timestamps":true,"log_colors":true,"log_rotate_sig":1,"locking_debug":true,"refcount_debug":true,"libnice_debug":true,` +
			`"min_nack_queue":200,"nack-optimizations":true,"no_media_timer":1,"slowlink_threshold":4}`,
		&Status{
			TokenAuth: true, SessionTimeout: time.Minute, ReclaimSessionTimeout: 5 * time.Second, CandidatesTimeout: 45 * time.Second,
			LogLevel: LogInfo, LogTimestamps: true, LogColors: true, LogRotateSignal: 1, LockingDebug: true, RefcountDebug: true,
			LibniceDebug: true, MinNACKQueue: 200 * ms, NACKOptimizations: true, NoMediaTimer: time.Second, SlowLinkThreshold: 4,
		}, &statusAnswer{}},
	{"set_session_timeout", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.SetGlobalSessionTimeout(ctx, 59500*ms))
		},
		`{"timeout":60}`, `"timeout":60`, nil, &settingAnswer{}},
	{"set_log_level", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.SetLogLevel(ctx, LogWarning)) },
		`{"level":3}`, `"level":3`, nil, &settingAnswer{}},
	{"set_log_timestamps", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.SetLogTimestamps(ctx, true)) },
		`{"timestamps":true}`, `"log_timestamps":true`, nil, &settingAnswer{}},
	{"set_log_colors", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.SetLogColors(ctx, false)) },
		`{"colors":false}`, `"log_colors":false`, nil, &settingAnswer{}},
	{"set_locking_debug", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.SetLockingDebug(ctx, false)) },
		`{"debug":false}`, `"locking_debug":false`, nil, &settingAnswer{}},
	{"set_refcount_debug", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.SetRefcountDebug(ctx, false)) },
		`{"debug":false}`, `"refcount_debug":false`, nil, &settingAnswer{}},
	{"set_libnice_debug", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.SetLibniceDebug(ctx, false)) },
		`{"debug":false}`, `"libnice_debug":false`, nil, &settingAnswer{}},
	{"set_min_nack_queue", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.SetMinNACKQueue(ctx, 250*ms-time.Nanosecond))
		},
		`{"min_nack_queue":250}`, `"min_nack_queue":250`, nil, &settingAnswer{}},
	{"set_nack_optimizations", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.SetNACKOptimizations(ctx, true)) },
		`{"nack_optimizations":true}`, `"nack-optimizations":true`, nil, &settingAnswer{}},
	{"set_no_media_timer", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.SetNoMediaTimer(ctx, 3*time.Second))
		},
		`{"no_media_timer":3}`, `"no_media_timer":3`, nil, &settingAnswer{}},
	{"set_slowlink_threshold", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.SetSlowLinkThreshold(ctx, 4)) },
		`{"slowlink_threshold":4}`, `"slowlink_threshold":4`, nil, &settingAnswer{}},
	{"accept_new_sessions", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.AcceptNewSessions(ctx, true)) },
		`{"accept":true}`, `"accept":true`, nil, &settingAnswer{}},
	{"list_sessions", "global",
		func(ctx context.Context, c *Client) (any, error) { return result(c.ListSessions(ctx)) },
		`{}`, `"sessions":[9007199254740993,7]`, []uint64{9007199254740993, 7}, &sessionsAnswer{}},
	{"add_token", "global",
		func(ctx context.Context, c *Client) (any, error) { return result(c.AddToken(ctx, "t")) },
		`{"token":"t"}`, `"data":{"plugins":["a","b"]}`, []string{"a", "b"}, &tokenAnswer{}},
	{"allow_token", "global",
		func(ctx context.Context, c *Client) (any, error) { return result(c.AllowToken(ctx, "t", "a", "b")) },
		`{"token":"t","plugins":["a","b"]}`, `"data":{"plugins":["a","b"]}`, []string{"a", "b"}, &tokenAnswer{}},
	{"disallow_token", "global",
		func(ctx context.Context, c *Client) (any, error) { return result(c.DisallowToken(ctx, "t", "b")) },
		`{"token":"t","plugins":["b"]}`, `"data":{"plugins":["a"]}`, []string{"a"}, &tokenAnswer{}},
	{"list_tokens", "global",
		func(ctx context.Context, c *Client) (any, error) { return result(c.ListTokens(ctx)) },
		`{}`, `"data":{"tokens":[{"token":"t","allowed_plugins":["a"]}]}`, []Token{{"t", []string{"a"}}}, &tokensAnswer{}},
	{"remove_token", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.RemoveToken(ctx, "t")) },
		`{"token":"t"}`, ``, nil, &header{}},
	{"message_plugin", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return result(c.MessagePlugin(ctx, "p", map[string]any{"request": "list"}))
		},
		`{"plugin":"p","request":{"request":"list"}}`, `"response":{"list":[]}`, json.RawMessage(`{"list":[]}`), &partAnswer{}},
	{"query_transport", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return result(c.ConfigureTransport(ctx, TransportWebSockets, TransportConfig{JSON: JSONPlain, Logging: "err"}))
		},
		`{"transport":"janus.transport.websockets","request":{"request":"configure","events":false,"json":"plain","logging":"err"}}`,
		`"response":{"result":200,"notes":["a"]}`, []string{"a"}, &queryAnswer{}},
	{"query_eventhandler", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.TweakEventHandler(ctx, WSTweak{Events: "all", Grouping: ptr(false), EventsCapOnReconnect: ptr(0)}))
		},
		`{"handler":"janus.eventhandler.wsevh","request":{"request":"tweak","events":"all","grouping":false,"events_cap_on_reconnect":0}}`,
		`"response":{"result":200}`, nil, &queryAnswer{}},
	{"query_logger", "global",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.PingLogger(ctx, LoggerJSON)) },
		`{"logger":"janus.logger.jsonlog","request":{"request":"info"}}`, `"response":{"result":200}`, nil, &queryAnswer{}},
	{"custom_event", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.CustomEvent(ctx, "s", map[string]any{"a": 1}))
		},
		`{"schema":"s","data":{"a":1}}`, ``, nil, &header{}},
	{"custom_logline", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.CustomLogLine(ctx, LogError, "line"))
		},
		`{"line":"line","level":2}`, ``, nil, &header{}},
	{"resolve_address", "global",
		func(ctx context.Context, c *Client) (any, error) { return result(c.ResolveAddress(ctx, "localhost")) },
		`{"address":"localhost"}`, `"ip":"127.0.0.1","elapsed":1500`, &Resolved{"127.0.0.1", 1500 * µs}, &resolvedAnswer{}},
	{"test_stun", "global",
		func(ctx context.Context, c *Client) (any, error) {
			return result(c.TestSTUN(ctx, STUNTest{Address: "localhost", Port: 3478, LocalPort: 5000}))
		},
		`{"address":"localhost","port":3478,"localport":5000}`, `"public_ip":"127.0.0.1","public_port":5000,"elapsed":1500`,
		&STUNResult{"127.0.0.1", 5000, 1500 * µs}, &stunAnswer{}},
	{"loops_info", "global",
		func(ctx context.Context, c *Client) (any, error) { return result(c.LoopsInfo(ctx)) },
		`{}`, `"loops":[{"id":0,"handles":2}]`, []Loop{{0, 2}}, &loopsAnswer{}},

	{"list_handles", "session",
		func(ctx context.Context, c *Client) (any, error) { return result(c.ListHandles(ctx, 7)) },
		`{}`, `"handles":[8]`, []uint64{8}, &handlesAnswer{}},
	{"destroy_session", "session",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.DestroySession(ctx, 7)) },
		`{}`, ``, nil, &header{}},
	{"set_session_timeout", "session",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.SetSessionTimeout(ctx, 7, GlobalTimeout))
		},
		`{"timeout":-1}`, `"timeout":-1`, nil, &settingAnswer{}},

	{"handle_info", "handle",
		func(ctx context.Context, c *Client) (any, error) {
			info, err := c.HandlePluginInfo(ctx, 7, 8)
			if err != nil {
				return nil, err
			}
			return info.Handle, nil
		},
		`{"plugin_only":true}`, `"info":{"handle_id":8}`, uint64(8), &infoAnswer{}},
	{"detach_handle", "handle",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.DetachHandle(ctx, 7, 8)) },
		`{}`, ``, nil, &header{}},
	{"hangup_webrtc", "handle",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.HangupWebRTC(ctx, 7, 8)) },
		`{}`, ``, nil, &header{}},
	{"start_pcap", "handle",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.StartPcap(ctx, 7, 8, Capture{Folder: "/tmp", Filename: "f", Truncate: 64}))
		},
		`{"folder":"/tmp","filename":"f","truncate":64}`, ``, nil, &header{}},
	{"stop_pcap", "handle",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.StopPcap(ctx, 7, 8)) },
		`{}`, ``, nil, &header{}},
	{"start_text2pcap", "handle",
		func(ctx context.Context, c *Client) (any, error) {
			return noResult(c.StartText2Pcap(ctx, 7, 8, Capture{}))
		},
		`{}`, ``, nil, &header{}},
	{"stop_text2pcap", "handle",
		func(ctx context.Context, c *Client) (any, error) { return noResult(c.StopText2Pcap(ctx, 7, 8)) },
		`{}`, ``, nil, &header{}},
}

// canned is a transport that gives every request the same answer.
type canned struct {
	sent  *request
	reply string // the members of the answer
}

func (t *canned) send(_ context.Context, r *request) (*answer, error) {
	t.sent = r
	message := []byte(t.reply)
	var f wire.Frame
	if err := decodeFrame(new(wire.Decoder), message, &f); err != nil {
		return nil, err
	}
	return newAnswer(&f, message), nil
}

func (t *canned) open(context.Context) error { return nil }

func (t *canned) close() error { return nil }

// reply returns an answer with further members.
func reply(kind, members string) string {
	if members != "" {
		members = "," + members
	}
	return `{"janus":"` + kind + `","transaction":"t"` + members + `}`
}

// cannedClient returns a client whose requests get an answer.
func cannedClient(message string) (*Client, *canned) {
	t := &canned{reply: message}
	return &Client{name: "the test", secret: "hush", transport: t, log: safelog.New(quiet)}, t
}

// Each request is sent at its level with its members, and its answer is returned.
func TestRequests(t *testing.T) {
	kinds := map[string]string{"info": "server_info", "ping": "pong"}
	for _, test := range requestTests {
		t.Run(test.name+" "+test.level, func(t *testing.T) {
			kind := "success"
			if kinds[test.name] != "" {
				kind = kinds[test.name]
			}
			c, transport := cannedClient(reply(kind, test.reply))
			got, err := test.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("the result is %#v, want %#v", got, test.want)
			}
			checkSent(t, transport.sent, test)
			c, _ = cannedClient(reply("error", `"error":{"code":490,"reason":"no"}`))
			got, err = test.call(t.Context(), c)
			want := janus.ErrorMsg{Err: janus.ErrorData{Code: 490, Reason: "no"}, Session: transport.sent.session, Request: test.name}
			var refused *janus.ErrorMsg
			if !errors.As(err, &refused) || *refused != want {
				t.Errorf("refused with %v, want %v", err, &want)
			}
			if got != nil && !reflect.ValueOf(got).IsZero() {
				t.Errorf("refused, and the result is %#v", got)
			}
			c, _ = cannedClient(reply("ack", ""))
			if _, err := test.call(t.Context(), c); err == nil || !strings.Contains(err.Error(), `unexpected answer "ack"`) {
				t.Errorf("an answer of another kind: %v", err)
			}
		})
	}
}

// checkSent compares a request with what a test expects.
func checkSent(t *testing.T, r *request, test requestTest) {
	t.Helper()
	ids := map[string][2]uint64{"global": {}, "session": {7, 0}, "handle": {7, 8}}[test.level]
	if r.janus != test.name || [2]uint64{r.session, r.handle} != ids {
		t.Errorf("sent %s about session %d and handle %d, want %s and %d", r.janus, r.session, r.handle, test.name, ids)
	}
	var got, want map[string]any
	if err := json.Unmarshal(r.encode("tx"), &got); err != nil {
		t.Fatal(err)
	}
	envelope := fmt.Sprintf(`{"janus":%q,"transaction":"tx","admin_secret":"hush"`, test.name)
	if ids[0] != 0 {
		envelope += `,"session_id":7`
	}
	if ids[1] != 0 {
		envelope += `,"handle_id":8`
	}
	if test.sent != "{}" {
		envelope += ","
	}
	if err := json.Unmarshal([]byte(envelope+test.sent[1:]), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}

// The names of all requests of the Admin API: 38 in Janus 1.4, and the one that is
// gone.
var allRequests = strings.Fields(`
	info ping get_status set_session_timeout set_log_level set_log_timestamps set_log_colors set_locking_debug
	set_refcount_debug set_min_nack_queue set_nack_optimizations set_no_media_timer set_slowlink_threshold
	accept_new_sessions list_sessions add_token allow_token disallow_token list_tokens remove_token message_plugin
	query_transport query_eventhandler query_logger custom_event custom_logline resolve_address test_stun loops_info
	list_handles destroy_session
	handle_info detach_handle hangup_webrtc start_pcap start_text2pcap stop_pcap stop_text2pcap
	set_libnice_debug`)

func TestEveryRequestHasATest(t *testing.T) {
	if len(allRequests) != 38+1 {
		t.Fatalf("%d requests", len(allRequests))
	}
	tested := map[string]bool{}
	for _, test := range requestTests {
		tested[test.name] = true
		if test.answer == nil && test.name != "info" {
			t.Errorf("%s has no answer to compare with", test.name)
		}
	}
	for _, name := range allRequests {
		if !tested[name] {
			t.Errorf("%s is not tested", name)
		}
		delete(tested, name)
	}
	for name := range tested {
		t.Errorf("there is no request %s", name)
	}
}

// Every exported method that sends a request is called by a test of the table, or
// shares its request with one.
func TestEveryMethodIsCovered(t *testing.T) {
	shared := map[string]bool{
		"Close": true, "String": true, "GoString": true, "Plugin": true,
		"QueryTransport": true, "QueryEventHandler": true, "QueryLogger": true, "Connections": true, "HandleInfo": true,
	}
	methods := reflect.TypeFor[*Client]().NumMethod()
	if covered := len(shared) + len(requestTests); methods != covered {
		t.Errorf("Client has %d methods, %d of them are covered", methods, covered)
	}
}

func TestTypedAnswersThatAreIncomplete(t *testing.T) {
	for name, call := range map[string]func(*Client) error{
		"get_status":  func(c *Client) error { _, err := c.Status(t.Context()); return err },
		"handle_info": func(c *Client) error { _, err := c.HandleInfo(t.Context(), 7, 8); return err },
		"message_plugin": func(c *Client) error {
			_, err := c.MessagePlugin(t.Context(), "p", nil)
			return err
		},
	} {
		c, _ := cannedClient(reply("success", ""))
		if err := call(c); err == nil || !strings.Contains(err.Error(), name+": the answer") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, _ := cannedClient(reply("success", `"sessions":"none"`))
	if _, err := c.ListSessions(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "admin: list_sessions: answer not understood: ") {
		t.Error(err)
	}
}

// Requests that would have another meaning, or that make no sense, are not sent.
func TestInvalidRequestsAreNotSent(t *testing.T) {
	ctx := t.Context()
	for what, call := range map[string]func(*Client) error{
		"session 0":          func(c *Client) error { return c.DestroySession(ctx, 0) },
		"timeout, session 0": func(c *Client) error { return c.SetSessionTimeout(ctx, 0, time.Minute) },
		"handle 0":           func(c *Client) error { return c.DetachHandle(ctx, 7, 0) },
		"handle, session 0":  func(c *Client) error { return c.HangupWebRTC(ctx, 0, 8) },
		"negative timeout":   func(c *Client) error { return c.SetGlobalSessionTimeout(ctx, -1) },
		"negative timeout 2": func(c *Client) error { return c.SetSessionTimeout(ctx, 7, -2) },
		"negative backoff":   func(c *Client) error { return c.TweakEventHandler(ctx, SampleTweak{RetransmissionsBackoff: ptr(-ms)}) },
		"long backoff": func(c *Client) error {
			return c.TweakEventHandler(ctx, SampleTweak{RetransmissionsBackoff: ptr((1 << 31) * ms)})
		},
		"long timeout":        func(c *Client) error { return c.SetGlobalSessionTimeout(ctx, (1<<31)*time.Second) },
		"timeout that is -1":  func(c *Client) error { return c.SetSessionTimeout(ctx, 7, (1<<32-1)*time.Second) },
		"long NACK queue":     func(c *Client) error { return c.SetMinNACKQueue(ctx, (1<<16)*ms) },
		"long timer":          func(c *Client) error { return c.SetNoMediaTimer(ctx, (1<<32)*time.Second) },
		"longest timeout":     func(c *Client) error { return c.SetSessionTimeout(ctx, 7, math.MaxInt64) },
		"no tweak":            func(c *Client) error { return c.TweakEventHandler(ctx, nil) },
		"nil tweak":           func(c *Client) error { return c.TweakEventHandler(ctx, (*SampleTweak)(nil)) },
		"log line, no level":  func(c *Client) error { return c.CustomLogLine(ctx, LogNone, "line") },
		"log line, level 8":   func(c *Client) error { return c.CustomLogLine(ctx, LogDebug+1, "line") },
		"GELF, no protocol":   func(c *Client) error { return c.TweakEventHandler(ctx, GELFTweak{Backend: "b", Port: 1}) },
		"not JSON":            func(c *Client) error { return c.CustomEvent(ctx, "s", func() {}) },
		"not JSON, plugin":    func(c *Client) error { _, err := c.Plugin("p").Call(ctx, func() {}, nil); return err },
		"jsep":                func(c *Client) error { _, err := c.Plugin("p").Call(ctx, members{}, &janus.JSEP{}); return err },
		"GELF, nothing given": func(c *Client) error { return c.TweakEventHandler(ctx, GELFTweak{Protocol: "udp"}) },
	} {
		c, transport := cannedClient(reply("success", `"response":{}`))
		if err := call(c); !errors.Is(err, janus.ErrNotSent) || !strings.HasPrefix(err.Error(), "admin: ") || transport.sent != nil {
			t.Errorf("%s: %v, sent %v", what, err, transport.sent)
		}
	}
}

// What transports, event handlers and loggers refuse is a *janus.PluginError with
// their name, and what a plugin refuses too.
func TestErrorsWithinAnswers(t *testing.T) {
	ctx := t.Context()
	for part, call := range map[string]func(*Client) error{
		TransportMQTT: func(c *Client) error { _, err := c.Connections(ctx, TransportMQTT); return err },
		HandlerGELF:   func(c *Client) error { _, err := c.QueryEventHandler(ctx, HandlerGELF, nil); return err },
		LoggerJSON:    func(c *Client) error { return c.PingLogger(ctx, LoggerJSON) },
		"p":           func(c *Client) error { _, err := c.Plugin("p").Call(ctx, members{}, nil); return err },
	} {
		c, _ := cannedClient(reply("success", `"response":{"error_code":411,"error":"Unknown request 'x'"}`))
		err := call(c)
		if !errors.Is(err, &janus.PluginError{Plugin: part, Code: 411}) {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func TestTweaks(t *testing.T) {
	for want, tweak := range map[string]Tweak{
		`{"handler":"janus.eventhandler.sampleevh","request":{"request":"tweak"}}`: SampleTweak{},
		`{"handler":"janus.eventhandler.sampleevh","request":{"request":"tweak","events":"none","grouping":true,"compress":false,` +
			`"compression":9,"backend":"http://b","backend_user":"u","backend_pwd":"p","max_retransmissions":0,"retransmissions_backoff":101}}`: SampleTweak{
			Events: "none", Grouping: ptr(true), Compress: ptr(false), Compression: ptr(9), Backend: "http://b", BackendUser: "u",
			BackendPassword: "p", MaxRetransmissions: ptr(0), RetransmissionsBackoff: ptr(100*ms + 1)},
		`{"handler":"janus.eventhandler.sampleevh","request":{"request":"tweak","compression":0,"retransmissions_backoff":0}}`: SampleTweak{
			Compression: ptr(0), RetransmissionsBackoff: ptr(time.Duration(0))},
		`{"handler":"janus.eventhandler.rabbitmqevh","request":{"request":"tweak","grouping":true}}`: RabbitMQTweak{Grouping: ptr(true)},
		`{"handler":"janus.eventhandler.mqttevh","request":{"request":"tweak","events":"all"}}`:      MQTTTweak{Events: "all"},
		`{"handler":"janus.eventhandler.nanomsgevh","request":{"request":"tweak","events":"all"}}`:   NanomsgTweak{Events: "all"},
		`{"handler":"janus.eventhandler.gelfevh","request":{"request":"tweak","backend":"b","port":"12201","protocol":"udp","compression":0,"max_message_len":500}}`: GELFTweak{
			Backend: "b", Port: 12201, Protocol: "udp", Compression: ptr(0), MaxMessageLength: 500},
	} {
		c, transport := cannedClient(reply("success", `"response":{"result":200}`))
		if err := c.TweakEventHandler(t.Context(), tweak); err != nil {
			t.Fatal(err)
		}
		if got := sortedJSON(t, transport.sent.fields); got != sortedJSON(t, []byte(want)) {
			t.Errorf("sent %s, want %s", got, want)
		}
	}
}

// sortedJSON returns JSON with the members of objects sorted.
func sortedJSON(t *testing.T, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	sorted, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}

func TestConnections(t *testing.T) {
	for response, want := range map[string]Connections{
		`{"result":200,"connections":3}`: {Total: 3},
		`{"result":200,"connections":{"http":1,"https":2,"admin_http":3,"admin_https":4},"messages":5}`: {10, 1, 2, 3, 4, 5},
	} {
		c, _ := cannedClient(reply("success", `"response":`+response))
		got, err := c.Connections(t.Context(), TransportHTTP)
		if err != nil || *got != want {
			t.Errorf("%s: %+v, %v", response, got, err)
		}
	}
}

// A typed request of the TextRoom needs a transaction over the Admin API.
func TestTextRoomGetsATransaction(t *testing.T) {
	for body, want := range map[string]string{
		`{"request":"list"}`:                   `{"request":"list","transaction":"admin"}`,
		`{"request":"list","transaction":"x"}`: `{"request":"list","transaction":"x"}`,
		`{}`:                                   `{}`,
	} {
		c, transport := cannedClient(reply("success", `"response":{}`))
		if _, err := c.Plugin("janus.plugin.textroom").Call(t.Context(), json.RawMessage(body), nil); err != nil {
			t.Fatal(err)
		}
		want := `{"plugin":"janus.plugin.textroom","request":` + want + `}`
		if got := sortedJSON(t, transport.sent.fields); got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	}
}

func TestLogLevelString(t *testing.T) {
	for level, want := range map[LogLevel]string{LogNone: "none", LogDebug: "debug", -1: "LogLevel(-1)", 8: "LogLevel(8)"} {
		if got := level.String(); got != want {
			t.Errorf("%d is %q, want %q", int(level), got, want)
		}
	}
}

// recorder is a transport that remembers what goes through another one, and fails
// the test if an answer has a member that is not known.
type recorder struct {
	transport
	t testing.TB

	mu   sync.Mutex
	sent map[string]int // successful requests by name and level
}

// record makes a client's requests go through a recorder.
func record(t testing.TB, c *Client) *recorder {
	r := &recorder{transport: c.transport, t: t, sent: make(map[string]int)}
	c.transport = r
	return r
}

func (r *recorder) send(ctx context.Context, q *request) (*answer, error) {
	a, err := r.transport.send(ctx, q)
	if err == nil && a.kind != "error" {
		r.check(q, a)
	}
	return a, err
}

// check decodes an answer strictly.
func (r *recorder) check(q *request, a *answer) {
	level := "global"
	switch {
	case q.handle != 0:
		level = "handle"
	case q.session != 0:
		level = "session"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent[q.janus+" "+level]++
	for _, test := range requestTests {
		if test.name == q.janus && test.level == level && test.answer != nil {
			strict(r.t, q.janus, a.raw, reflect.New(reflect.TypeOf(test.answer).Elem()).Interface())
		}
	}
}

// missing returns the requests that have not been sent successfully.
func (r *recorder) missing() (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, test := range requestTests {
		if name := test.name + " " + test.level; r.sent[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// strict decodes JSON into v, and fails the test if a member is not known.
func strict(t testing.TB, what string, raw []byte, v any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		t.Errorf("%s: %v: %s", what, err, raw)
	}
}
