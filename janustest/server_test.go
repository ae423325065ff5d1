package janustest_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/janustest"
)

const (
	echotest  = "janus.plugin.echotest"
	videoroom = "janus.plugin.videoroom"
)

func TestSubprotocol(t *testing.T) {
	s := janustest.NewServer()
	defer s.Close()
	if !strings.HasPrefix(s.URL, "ws://127.0.0.1:") || !strings.HasSuffix(s.URL, "/") {
		t.Errorf("URL %q", s.URL)
	}
	if got := dial(t, s).subprotocol(); got != "janus-protocol" {
		t.Errorf("subprotocol %q", got)
	}
}

func TestTLS(t *testing.T) {
	s := janustest.NewTLSServer()
	defer s.Close()
	if !strings.HasPrefix(s.URL, "wss://127.0.0.1:") {
		t.Errorf("URL %q", s.URL)
	}
	c := dial(t, s)
	c.expect(c.ask(m{"janus": "ping"}), "pong")
	if s.Certificate().VerifyHostname("127.0.0.1") != nil {
		t.Error("the certificate is not for 127.0.0.1")
	}
	// Without the server's certificate there is no connection.
	_, err := http.Get("https" + strings.TrimPrefix(s.URL, "wss"))
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("a client without the certificate got %v", err)
	}
}

func TestPlainServerHasNoCertificate(t *testing.T) {
	if s := newServer(t, nil); s.Certificate() != nil {
		t.Error("there is a certificate")
	}
}

func TestStartTwicePanics(t *testing.T) {
	s := newServer(t, nil)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	s.Start()
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	s := janustest.NewServer()
	address := strings.TrimSuffix(strings.TrimPrefix(s.URL, "ws://"), "/")
	half, err := net.Dial("tcp", address) // a client that never speaks
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = half.Close() }()
	clients := []*client{dial(t, s), dial(t, s)}
	for _, c := range clients {
		c.handle(c.session(), echotest)
	}
	s.Stall()
	s.Close()
	s.Close()
	for _, c := range clients {
		if _, err := c.read(); err == nil {
			t.Error("a connection survived")
		}
		c.close()
	}
	if s.Connections() != 0 || len(s.Sessions()) != 0 {
		t.Errorf("%d connections, sessions %v", s.Connections(), s.Sessions())
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("the server still listens")
	}
	waitFor(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestCloseOfUnstartedServer(t *testing.T) {
	s := janustest.NewUnstartedServer()
	s.Close()
	s.Close()
}

func TestSessionsAndHandles(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	a, b := c.session(), c.session()
	if a == b || a == 0 || a >= 1<<53 {
		t.Errorf("ids %d and %d", a, b)
	}
	h1, h2 := c.handle(a, echotest), c.handle(a, echotest)
	want := []uint64{min(a, b), max(a, b)}
	if got := s.Sessions(); !slices.Equal(got, want) {
		t.Errorf("sessions %v, want %v", got, want)
	}
	want = []uint64{min(h1, h2), max(h1, h2)}
	if got := s.Handles(a); !slices.Equal(got, want) {
		t.Errorf("handles %v, want %v", got, want)
	}
	if got := s.Handles(b); len(got) != 0 {
		t.Errorf("handles %v of a session without any", got)
	}
	if s.Handles(1) != nil {
		t.Error("handles of a session that is not there")
	}
}

func TestAuthentication(t *testing.T) {
	unauthorized := "Unauthorized request (wrong or missing secret/token)"
	for _, test := range []struct {
		name   string
		secret string
		tokens []string
		fields m
		ok     bool
	}{
		{"none needed", "", nil, m{}, true},
		{"none given", "s", nil, m{}, false},
		{"right secret", "s", nil, m{"apisecret": "s"}, true},
		{"wrong secret", "s", nil, m{"apisecret": "x"}, false},
		{"right token", "", []string{"a", "b"}, m{"token": "b"}, true},
		{"wrong token", "", []string{"a", "b"}, m{"token": "c"}, false},
		{"either will do", "s", []string{"a"}, m{"token": "a"}, true},
		{"neither is right", "s", []string{"a"}, m{"token": "x", "apisecret": "a"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, func(s *janustest.Server) { s.APISecret, s.Tokens = test.secret, test.tokens })
			c := dial(t, s)
			c.expect(c.ask(m{"janus": "info"}), "server_info") // needs none
			test.fields["janus"] = "create"
			msg := c.ask(test.fields)
			if test.ok {
				c.expect(msg, "success")
				return
			}
			c.expectError(msg, 403, unauthorized)
			c.expectError(c.ask(m{"janus": "keepalive", "session_id": 5}), 403, unauthorized)
		})
	}
}

func TestSessionTimeout(t *testing.T) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		t.Run(version, func(t *testing.T) {
			const timeout = 300 * time.Millisecond
			s := newServer(t, func(s *janustest.Server) { s.SessionTimeout, s.Version = timeout, version })
			c := dial(t, s)
			session := c.session()
			handle := c.handle(session, echotest)
			var last time.Time
			for range 3 { // requests keep it alive
				last = time.Now()
				c.expect(c.ask(m{"janus": "keepalive", "session_id": session}), "ack")
			}
			msg := c.expect(c.next(), "timeout")
			if idle := time.Since(last); idle < timeout {
				t.Errorf("timed out after %v", idle)
			}
			if msg.Session != session || msg.Sender != 0 || msg.Transaction != "" {
				t.Errorf("got %s", msg.text)
			}
			if version == "1.1.2" {
				if msg := c.expect(c.next(), "detached"); msg.Sender != handle {
					t.Errorf("got %s", msg.text)
				}
			}
			c.expectError(c.ask(m{"janus": "keepalive", "session_id": session}), 458, fmt.Sprintf("No such session %d", session))
		})
	}
}

func TestNoSessionTimeout(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.SessionTimeout = 0 })
	c := dial(t, s)
	session := c.session()
	c.expect(c.ask(m{"janus": "keepalive", "session_id": session}), "ack")
}

func TestSessionsEndWithConnection(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.session()
	c.close()
	waitFor(t, "the session to end", func() bool { return len(s.Sessions()) == 0 })
}

func TestClaim(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	c := dial(t, s)
	session := c.session()
	handle := c.handle(session, echotest)
	s.Cut()
	if err := s.Notify(session, handle, m{"lost": true}, nil); err == nil {
		t.Error("an event for nobody was sent")
	}
	c = dial(t, s)
	c.expect(c.ask(m{"janus": "claim", "session_id": session}), "success")
	if err := s.Notify(session, handle, m{"lost": false}, nil); err != nil {
		t.Fatal(err)
	}
	if msg := c.next(); msg.Plugindata.Data["lost"] != false {
		t.Errorf("got %s", msg.text)
	}
	// A second connection may take it from the first, with its events.
	d := dial(t, s)
	d.expect(d.ask(m{"janus": "claim", "session_id": session}), "success")
	if err := s.Notify(session, handle, m{"moved": true}, nil); err != nil {
		t.Fatal(err)
	}
	if msg := d.next(); msg.Plugindata.Data["moved"] != true {
		t.Errorf("got %s", msg.text)
	}
	c.expect(c.ask(m{"janus": "ping"}), "pong") // and nothing before it
	// Janus lets any connection use a session; the answers come back to it.
	c.expect(c.ask(m{"janus": "keepalive", "session_id": session}), "ack")
}

func TestReclaimTimeout(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = 50 * time.Millisecond })
	session := dial(t, s).session()
	s.Cut()
	waitFor(t, "the session to end", func() bool { return len(s.Sessions()) == 0 })
	c := dial(t, s)
	c.expectError(c.ask(m{"janus": "claim", "session_id": session}), 458, fmt.Sprintf("No such session %d", session))
}

func TestOpaqueID(t *testing.T) {
	for _, on := range []bool{true, false} {
		s := newServer(t, func(s *janustest.Server) { s.OpaqueIDInAPI = on })
		c := dial(t, s)
		session := c.session()
		handle := c.ask(m{"janus": "attach", "session_id": session, "plugin": echotest, "opaque_id": "mine"}).Data.ID
		msg := c.message(session, handle, m{"audio": true}, nil)
		if (msg.OpaqueID == "mine") != on {
			t.Errorf("OpaqueIDInAPI %v: got %s", on, msg.text)
		}
		c.expect(c.ask(m{"janus": "detach", "session_id": session, "handle_id": handle}), "success")
		if msg := c.expect(c.next(), "detached"); (msg.OpaqueID == "mine") != on {
			t.Errorf("OpaqueIDInAPI %v: got %s", on, msg.text)
		}
	}
}

func TestInfo(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) {
		s.Version, s.APISecret, s.Tokens = "1.4.2", "s", []string{"t"}
		s.SessionTimeout, s.ReclaimTimeout = 5*time.Second, 7*time.Second
	})
	s.Handle("janus.plugin.mine", janustest.PluginFunc(func(*janustest.Request) {}))
	c := dial(t, s)
	var info struct {
		Version        int                        `json:"version"`
		VersionString  string                     `json:"version_string"`
		SessionTimeout int                        `json:"session-timeout"`
		ReclaimTimeout int                        `json:"reclaim-session-timeout"`
		APISecret      bool                       `json:"api_secret"`
		AuthToken      bool                       `json:"auth_token"`
		Plugins        map[string]json.RawMessage `json:"plugins"`
	}
	if err := json.Unmarshal(c.ask(m{"janus": "info"}).text, &info); err != nil {
		t.Fatal(err)
	}
	if info.Version != 1402 || info.VersionString != "1.4.2" || info.SessionTimeout != 5 ||
		info.ReclaimTimeout != 7 || !info.APISecret || !info.AuthToken || len(info.Plugins) != 3 {
		t.Errorf("got %+v", info)
	}
}

func TestRequests(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.write([]byte(`{not json`))
	c.expectError(c.next(), 454, "Invalid Janus API request - <string>(1,4): string or '}' expected near 'not'")
	c.expect(c.ask(m{"janus": "ping"}), "pong")
	got := s.Requests()
	if len(got) != 2 || string(got[0]) != `{not json` || string(got[1]) != `{"janus":"ping","transaction":"t1"}` {
		t.Errorf("got %q", got)
	}
	const more = 10_005
	for i := range more {
		c.write(fmt.Appendf(nil, `{"janus":"ping","transaction":"n%d"}`, i))
		c.next()
	}
	got = s.Requests()
	first := fmt.Sprintf(`{"janus":"ping","transaction":"n%d"}`, more-10_000)
	last := fmt.Sprintf(`{"janus":"ping","transaction":"n%d"}`, more-1)
	if len(got) != 10_000 || string(got[0]) != first || string(got[len(got)-1]) != last {
		t.Errorf("%d requests, from %s to %s", len(got), got[0], got[len(got)-1])
	}
}

func TestIntercept(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	s.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		if !strings.Contains(string(frame), `"ping"`) {
			return false
		}
		reply(m{"janus": "forged"})
		reply(`{"janus":"twice"}`)
		return true
	})
	c.send(m{"janus": "ping"})
	c.expect(c.next(), "forged")
	c.expect(c.next(), "twice")
	c.session() // passes by
	s.Intercept(nil)
	c.expect(c.ask(m{"janus": "ping"}), "pong")
}

func TestSendAndBroadcast(t *testing.T) {
	s := newServer(t, nil)
	a, b := dial(t, s), dial(t, s)
	session := a.session()
	b.session()
	for i, frame := range []any{
		m{"janus": "f0"}, `{"janus":"f1"}`, []byte(`{"janus":"f2"}`), json.RawMessage(`{"janus":"f3"}`),
	} {
		if err := s.Send(session, frame); err != nil {
			t.Fatal(err)
		}
		a.expect(a.next(), fmt.Sprintf("f%d", i))
	}
	s.Broadcast(m{"janus": "all"})
	a.expect(a.next(), "all")
	b.expect(b.next(), "all")
	if s.Send(1, m{}) == nil {
		t.Error("sent to a session that is not there")
	}
	if s.Send(session, func() {}) == nil {
		t.Error("sent what cannot be encoded")
	}
}

func TestNotify(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	session := c.session()
	handle := c.handle(session, videoroom)
	if err := s.Notify(session, handle, m{"n": 1}, m{"type": "offer", "sdp": "<v>"}); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"janus.plugin.videoroom",`+
		`"data":{"n":1}},"jsep":{"sdp":"<v>","type":"offer"}}`, session, handle)
	if got := string(c.next().text); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for what, err := range map[string]error{
		"session": s.Notify(1, handle, m{}, nil),
		"handle":  s.Notify(session, 1, m{}, nil),
		"data":    s.Notify(session, handle, func() {}, nil),
		"jsep":    s.Notify(session, handle, m{}, func() {}),
	} {
		if err == nil {
			t.Errorf("no error for a wrong %s", what)
		}
	}
}

func TestAdmin(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	session := c.session()
	handle := c.handle(session, echotest)
	s.Detach(session, handle)
	if msg := c.expect(c.next(), "detached"); msg.Sender != handle || msg.Session != session {
		t.Errorf("got %s", msg.text)
	}
	s.Detach(session, handle) // gone: nothing happens
	handle = c.handle(session, echotest)
	s.Timeout(session)
	c.expect(c.next(), "timeout")
	if msg := c.expect(c.next(), "detached"); msg.Sender != handle {
		t.Errorf("got %s", msg.text)
	}
	s.Timeout(session)
	session = c.session()
	c.handle(session, echotest)
	s.Destroy(session)
	s.Destroy(session)
	c.expectError(c.ask(m{"janus": "keepalive", "session_id": session}), 458, fmt.Sprintf("No such session %d", session))
}

func TestSeveralRequestsInOneFrame(t *testing.T) {
	c := dial(t, newServer(t, nil))
	c.write([]byte(`{"janus":"ping","transaction":"a"} {"janus":"ping","transaction":"b"} [1`))
	for _, want := range []string{"a", "b"} {
		if msg := c.expect(c.next(), "pong"); msg.Transaction != want {
			t.Errorf("got %s", msg.text)
		}
	}
	c.expectError(c.next(), 454, "Invalid Janus API request - <string>(1,2): ']' expected near end of file")
}

// Janus takes ids for signed and unsigned by turns.
func TestNegativeSession(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.write([]byte(`{"janus":"keepalive","session_id":-5,"transaction":"t"}`))
	want := `{"janus":"error","session_id":-5,"transaction":"t","error":{"code":458,"reason":"No such session 18446744073709551611"}}`
	if got, err := c.readText(); err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestErrors has what a real Janus 1.1.2 says to requests that are not in
// testdata.
func TestErrors(t *testing.T) {
	c := dial(t, newServer(t, nil))
	session := c.session()
	handle := c.handle(session, echotest)
	ids := strings.NewReplacer("$S", fmt.Sprint(session), "$H", fmt.Sprint(handle))
	for _, test := range []struct {
		request string
		code    int
		reason  string
	}{
		{`{"janus":"detach","session_id":$S,"transaction":"t"}`, 457, "Unhandled request 'detach' at this path"},
		{`{"janus":"create","session_id":$S,"transaction":"t"}`, 453, "Unknown request 'create'"},
		{`{"janus":"keepalive","transaction":"t"}`, 457, "Unhandled request 'keepalive' at this path"},
		{`{"janus":"keepalive","handle_id":5,"transaction":"t"}`, 458, "Session not found"},
		{`{"janus":"keepalive","session_id":$S,"handle_id":0,"transaction":"t"}`, 459, "Handle not found"},
		{`{"janus":"attach","session_id":$S,"handle_id":$H,"plugin":"x","transaction":"t"}`, 457, "Unhandled request 'attach' at this path"},
		{`{"janus":"odd","session_id":$S,"handle_id":$H,"transaction":"t"}`, 453, "Unknown request 'odd'"},
		{`{"janus":"create","id":-1,"transaction":"t"}`, 467, "Invalid element type (id should be a positive integer)"},
		{`{"janus":"attach","session_id":$S,"plugin":"p","loop_index":"x","transaction":"t"}`, 467, "Invalid element type (loop_index should be a positive integer)"},
		{`{"janus":"trickle","session_id":$S,"handle_id":$H,"candidate":{},"candidates":[],"transaction":"t"}`, 454, "Can't have both candidate and candidates"},
		{`{"janus":"message","session_id":$S,"handle_id":$H,"transaction":"t","body":{},"jsep":5}`, 455, "Invalid jsep object"},
		{`{"janus":"message","session_id":$S,"handle_id":$H,"transaction":"t","body":{},"jsep":{"sdp":"v=0"}}`, 456, "JSEP error: missing mandatory element (type)"},
		{`{"janus":"message","session_id":$S,"handle_id":$H,"transaction":"t","body":{},"jsep":{"type":"offer","sdp":"v=0"}}`, 465, "Missing mandatory lines (o=, s= or m=)"},
		{`{"janus":"message","session_id":$S,"handle_id":$H,"transaction":"t","body":{},"jsep":{"type":"answer","sdp":"v=0\no=\ns=\nm=\n"}}`, 469, "Unexpected ANSWER (did we offer?)"},
		{`{"janus":"info","transaction":"17",}`, 454, "Invalid Janus API request - <string>(1,36): string or '}' expected near '}'"},
		{`{"janus":"info" "transaction":"17"}`, 454, `Invalid Janus API request - <string>(1,29): '}' expected near '"transaction"'`},
		{`{"janus":nope}`, 454, "Invalid Janus API request - <string>(1,13): invalid token near 'nope'"},
		{`{"janus":"info`, 454, `Invalid Janus API request - <string>(1,14): premature end of input near '"info'`},
		{`[1,2`, 454, "Invalid Janus API request - <string>(1,4): ']' expected near end of file"},
		{`{"janus":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}`, 454, "Invalid Janus API request - <string>(1,51): premature end of input"},
		{`hello`, 454, "Invalid Janus API request - <string>(1,5): '[' or '{' expected near 'hello'"},
		{`{"a":1]`, 454, "Invalid Janus API request - <string>(1,7): '}' expected near ']'"},
	} {
		c.write([]byte(ids.Replace(test.request)))
		msg := c.next()
		if msg.Error.Code != test.code || msg.Error.Reason != test.reason {
			t.Errorf("%s:\n got %d %s\nwant %d %s", test.request, msg.Error.Code, msg.Error.Reason, test.code, test.reason)
		}
	}
}

// TestKeysAreReadAsJSON has keys and strings with escapes and spaces.
func TestKeysAreReadAsJSON(t *testing.T) {
	c := dial(t, newServer(t, nil))
	c.write([]byte(" {\n\t\"j\\u0061nus\" : \"p\\u0069ng\" , \"transaction\":\"\\\"}ü\",\"x\":[{\"]\":\"}\"},[]]} "))
	if msg := c.expect(c.next(), "pong"); msg.Transaction != `"}ü` {
		t.Errorf("got %s", msg.text)
	}
}

// The client is in the measure, which it makes most of.
func BenchmarkKeepalive(b *testing.B) {
	s := newServer(b, nil)
	c := dial(b, s)
	request := fmt.Appendf(nil, `{"janus":"keepalive","session_id":%d,"transaction":"t"}`, c.session())
	const burst = 64
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= burst {
		for range min(left, burst) {
			c.write(request)
		}
		for range min(left, burst) {
			if _, err := c.readText(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
