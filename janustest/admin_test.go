package janustest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/janustest"
)

// post sends a text to the Admin API over HTTP and returns the status and the body
// of the answer.
func post(t *testing.T, url, text string) (int, string) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// The texts are those of Janus 1.1.2 and 1.4.1.
func TestAdminAPI(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.AdminSecret = "hush" })
	for _, test := range []struct {
		path, text string
		status     int
		want       string
	}{
		{"", `{"janus":"ping","transaction":"t"}`, 200, `{"janus":"pong","transaction":"t"}`},
		{"/", `{"janus":"INFO","transaction":"t"}`, 200, `{"janus":"server_info","transaction":"t","name":"Janus WebRTC Server"`},
		{"", `{"janus":"list_sessions","transaction":"t"}`, 200,
			`{"janus":"error","transaction":"t","error":{"code":403,"reason":"Unauthorized request (wrong or missing secret/token)"}}`},
		{"", `{"janus":"list_sessions","transaction":"t","admin_secret":"hush"}`, 200, `{"janus":"success","transaction":"t","sessions":[]}`},
		{"/7", `{"janus":"ping","transaction":"t","admin_secret":"hush"}`, 200,
			`{"janus":"error","session_id":7,"transaction":"t","error":{"code":458,"reason":"No such session 7"}}`},
		{"", `{"janus":"list_handles","transaction":"t","admin_secret":"hush"}`, 200,
			`{"janus":"error","transaction":"t","error":{"code":457,"reason":"Unhandled request 'list_handles' at this path"}}`},
		{"", `{"janus":"list_handles","transaction":"t","handle_id":5,"admin_secret":"hush"}`, 200,
			`{"janus":"error","transaction":"t","error":{"code":458,"reason":"Session not found"}}`},
		{"", `{"janus":"set_log_level","transaction":"t","admin_secret":"hush"}`, 200,
			`{"janus":"error","transaction":"t","error":{"code":456,"reason":"Missing mandatory element (level)"}}`},
		{"", `{"janus":"ping"}`, 200, `{"janus":"error","error":{"code":456,"reason":"Missing mandatory element (transaction)"}}`},
		{"", `{"janus":`, 200, `{"janus":"error","error":{"code":454,"reason":"Invalid Janus API request - `},
		{"/7/8/9", `{}`, 404, ""},
		{"/seven", `{}`, 404, ""},
	} {
		status, body := post(t, s.AdminHTTPURL()+test.path, test.text)
		if status != test.status || !strings.HasPrefix(body, test.want) {
			t.Errorf("%s %s: %d %s, want %d %s", test.path, test.text, status, body, test.status, test.want)
		}
	}
	resp, err := http.Get(s.AdminHTTPURL())
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %s", resp.Status)
	}
	if n := len(s.Requests()); n != 10 {
		t.Errorf("%d requests were kept", n)
	}
}

// The means to make connections fail affect those of the Admin API too.
func TestAdminConnections(t *testing.T) {
	s := newServer(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	client, err := admin.Dial(ctx, s.AdminURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if s.Connections() != 1 || s.Handshakes() != 1 {
		t.Errorf("%d connections, %d handshakes", s.Connections(), s.Handshakes())
	}
	s.Cut()
	if s.Connections() != 0 {
		t.Error("the connection is still there")
	}
	s.Refuse(http.StatusServiceUnavailable)
	if status, _ := post(t, s.AdminHTTPURL(), `{}`); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	s.Refuse(0)
	s.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		reply(m{"janus": "success", "transaction": "t"})
		reply(m{"janus": "ignored"})
		return true
	})
	if _, body := post(t, s.AdminHTTPURL(), `{}`); body != `{"janus":"success","transaction":"t"}` {
		t.Errorf("the answer is %s", body)
	}
}

// A client that goes away ends a request that nobody answers.
func TestAdminRequestThatIsNeverAnswered(t *testing.T) {
	s := newServer(t, nil)
	held := make(chan struct{}, 1)
	s.Intercept(func(json.RawMessage, func(any)) bool {
		held <- struct{}{}
		return true
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-held
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.AdminHTTPURL(), strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s.Close() // waits for the server's goroutines
}

// A restart undoes what the Admin API has changed.
func TestAdminSettingsEndWithARestart(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.Tokens = []string{"first"} })
	client, err := admin.Dial(t.Context(), s.AdminHTTPURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	before, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := client.SetLogLevel(t.Context(), admin.LogDebug); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AddToken(t.Context(), "second"); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	after, err := client.Status(t.Context())
	if err != nil || after.LogLevel != before.LogLevel {
		t.Errorf("the log level is %v, %v", after, err)
	}
	if tokens, err := client.ListTokens(t.Context()); err != nil || len(tokens) != 1 || tokens[0].Token != "first" {
		t.Errorf("the tokens are %v, %v", tokens, err)
	}
}

// What the VideoRoom says about a handle.
func TestAdminHandleInfoOfAPublisher(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	session := c.session()
	handle := c.handle(session, videoroom)
	c.message(session, handle, m{"request": "join", "ptype": "publisher", "room": 1234, "display": "ada"}, nil)
	client, err := admin.Dial(t.Context(), s.AdminHTTPURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	info, err := client.HandleInfo(t.Context(), session, handle)
	if err != nil {
		t.Fatal(err)
	}
	var part admin.VideoRoomInfo
	if err := info.DecodePlugin(&part); err != nil {
		t.Fatal(err)
	}
	if part.Type != "publisher" || part.Room.String() != "1234" || part.Display != "ada" || part.ID.IsZero() {
		t.Errorf("the plugin says %s", info.PluginSpecific)
	}
}
