package admin

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/framelog"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// secret is the secret of the stand-in server. It must appear nowhere.
const secret = "HushHushSecret"

// newServer starts a stand-in server.
func newServer(t testing.TB) *janustest.Server {
	return testutil.NewServer(t, func(s *janustest.Server) { s.AdminSecret = secret })
}

// urls returns the addresses of the Admin API of a server by transport.
func urls(s *janustest.Server) map[string]string {
	return map[string]string{"websocket": s.AdminURL(), "HTTP": s.AdminHTTPURL()}
}

// dial returns a client, which is closed when the test ends.
func dial(t testing.TB, url string, opts Options) *Client {
	t.Helper()
	opts.Secret = secret
	if opts.Logger == nil {
		opts.Logger = quiet
	}
	c, err := Dial(testutil.Context(t), url, &opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // whether the server answers is not of interest
	return c
}

// overBoth runs a test over both transports.
func overBoth(t *testing.T, test func(t *testing.T, s *janustest.Server, url string)) {
	for _, name := range []string{"websocket", "HTTP"} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			test(t, s, urls(s)[name])
		})
	}
}

// web returns the URL of an HTTP server.
func web(t testing.TB, handler http.HandlerFunc) string {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// respond returns a handler that gives every request the same answer.
func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may have gone
	}
}

// closedPort returns an address at which nobody listens.
func closedPort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // its address is all that is wanted
	return l.Addr().String()
}

// What is wrong with an address is in the error of Dial.
func TestDialErrors(t *testing.T) {
	s := newServer(t)
	for what, test := range map[string]struct{ url, want string }{
		"not a URL":            {"ws://u:" + secret + "@%zz/", "admin: dial the given URL: the URL is not valid"},
		"another scheme":       {"ftp://127.0.0.1/", "admin: dial the given URL: the scheme of the URL is not ws, wss, http or https"},
		"no host":              {"ws:///admin", "admin: dial the given URL: the URL has no host"},
		"nobody, websocket":    {"ws://" + closedPort(t) + "/", "connection refused"},
		"nobody, HTTP":         {"http://" + closedPort(t) + "/admin", "connection refused"},
		"Janus API":            {s.URL, "this is the Janus API, which is not the Admin API and has another port: janus: get_status: error 457: "},
		"HTML":                 {web(t, respond(200, " <!DOCTYPE html><p>"+secret)), "admin: get_status: the server answered in HTML, not in JSON: there is no Admin API at http://127.0.0.1"},
		"no such page":         {web(t, respond(404, "{}")), "the server answered 404 Not Found: there is no Admin API at http://127.0.0.1"},
		"unknown status":       {web(t, respond(599, "")), "the server answered 599 at http://127.0.0.1"},
		"bad gateway":          {web(t, respond(502, "")), "; is this the Admin API, and is Janus up?"},
		"not JSON":             {web(t, respond(200, "hello")), "the peer sent what is not a JSON object"},
		"nothing":              {web(t, respond(200, "")), "the peer sent what is not a JSON object"},
		"not Janus":            {web(t, respond(200, `{"jsonrpc":"2.0"}`)), `the answer has no member "janus"`},
		"another transaction":  {web(t, respond(200, `{"janus":"success","transaction":"x"}`)), "the server answered another request"},
		"another kind":         {web(t, respond(200, `{"janus":"event"}`)), `unexpected answer "event" from http://127.0.0.1`},
		"no status":            {web(t, respond(200, `{"janus":"success"}`)), "the answer has no status"},
		"cut off":              {web(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "admin: get_status: connection lost: EOF"},
		"no websocket":         {"ws" + strings.TrimPrefix(web(t, respond(200, "hello")), "http"), "the server is not a websocket: it answered 200 OK"},
		"handshake cut off":    {"ws" + strings.TrimPrefix(web(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "http"), "as Janus does on the port of the Janus API"},
		"the secret is echoed": {web(t, respond(200, `{"janus":"error","error":{"code":403,"reason":"not `+secret+`"}}`)), "janus: get_status: error 403: not ***"},
	} {
		_, err := Dial(testutil.Context(t), test.url, &Options{Secret: secret, Logger: quiet})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", what, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the secret is in %v", what, err)
		}
	}
}

func TestWrongSecret(t *testing.T) {
	overBoth(t, func(t *testing.T, _ *janustest.Server, url string) {
		for _, wrong := range []string{"", "x" + secret} {
			_, err := Dial(testutil.Context(t), url, &Options{Secret: wrong, Logger: quiet})
			var refused *janus.ErrorMsg
			if !errors.As(err, &refused) || !errors.Is(err, janus.ErrorUnauthorized) || refused.Request != "get_status" {
				t.Errorf("with %q: %v", wrong, err)
			}
		}
	})
}

// A redirect is not followed, so that nobody else gets the secret.
func TestRedirects(t *testing.T) {
	var followed bool
	elsewhere := web(t, func(http.ResponseWriter, *http.Request) { followed = true })
	for _, status := range []int{301, 302, 303, 307, 308} {
		url := web(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, status) })
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
		_, err := Dial(testutil.Context(t), url, &Options{Secret: secret, HTTPClient: client, Logger: quiet})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("the server answered %d ", status)) {
			t.Errorf("%d: %v", status, err)
		}
		if client.CheckRedirect(nil, nil) != nil {
			t.Error("the application's client was changed")
		}
	}
	if followed {
		t.Error("the redirect was followed")
	}
}

// Over HTTP, the ids are in the path, and the secret and the fields in the body.
func TestHTTPRequest(t *testing.T) {
	type seen struct {
		method, uri, header, content string
		body                         map[string]any
	}
	var got seen
	url := web(t, func(w http.ResponseWriter, r *http.Request) {
		got = seen{r.Method, r.RequestURI, r.Header.Get("X-Test"), r.Header.Get("Content-Type"), nil}
		if err := json.NewDecoder(r.Body).Decode(&got.body); err != nil {
			t.Error(err)
		}
		_, _ = fmt.Fprintf(w, `{"janus":"success","transaction":%q,"status":{}}`, got.body["transaction"])
	})
	c := dial(t, url+"/a/admin/?key=k", Options{HTTPHeader: http.Header{"X-Test": {"yes"}}})
	if got.uri != "/a/admin/?key=k" {
		t.Errorf("the URI is %s", got.uri)
	}
	if err := c.StartPcap(t.Context(), 7, 8, Capture{Truncate: 5}); err != nil {
		t.Fatal(err)
	}
	delete(got.body, "transaction")
	want := seen{"POST", "/a/admin/7/8?key=k", "yes", "application/json", map[string]any{
		"janus": "start_pcap", "admin_secret": secret, "truncate": 5.0}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The secret, tokens and passwords are in no log record and in no printed value.
func TestSecretsAreNotShown(t *testing.T) {
	s := testutil.NewServer(t, func(s *janustest.Server) { s.AdminSecret, s.Tokens = secret, []string{"HushToken"} })
	for name, url := range urls(s) {
		log := testutil.NewLogs()
		opts := Options{HTTPHeader: http.Header{"Authorization": {"HushHeader"}}, Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
		c := dial(t, strings.Replace(url, "://", "://u:HushUser@", 1), opts)
		ctx := testutil.Context(t)
		tokens, err := c.ListTokens(ctx)
		if err != nil || len(tokens) != 1 || tokens[0].Token != "HushToken" {
			t.Fatalf("%s: %v, %v", name, tokens, err)
		}
		_, allow := c.AllowToken(ctx, "HushOther", "janus.plugin.echotest")
		if !errors.Is(allow, janus.ErrorTokenNotFound) {
			t.Error(allow)
		}
		if err := c.Close(); err != nil { // so that all is logged
			t.Fatal(err)
		}
		opts.Secret = secret
		tweak := SampleTweak{Backend: "https://u:HushPassword@example.com/?token=HushToken", BackendPassword: "HushPassword"}
		shown := log.String() + allow.Error()
		for _, v := range []any{c, opts, &opts, tokens, tokens[0], tweak, &tweak} {
			shown += fmt.Sprintf("%v %+v %#v %s", v, v, v, v)
		}
		if raw, err := json.Marshal(opts.Secret); err != nil || !bytes.Contains(raw, []byte("Hush")) {
			t.Fatal("the test does not see the secret")
		}
		if i := strings.Index(shown, "Hush"); i >= 0 {
			t.Errorf("shown: …%s…", shown[max(0, i-200):min(len(shown), i+50)])
		}
		if !strings.Contains(log.String(), "list_tokens") || !strings.Contains(fmt.Sprint(c), "127.0.0.1") {
			t.Error("the test sees nothing")
		}
	}
}

// An answer that is not logged is not searched for secrets, which would copy it.
func TestAnswersThatAreNotLogged(t *testing.T) {
	r := &request{secret: secret, token: "HushToken"}
	message := []byte(reply("success", `"sessions":[1]`))
	frames := framelog.New(safelog.New(quiet))
	if n := testing.AllocsPerRun(100, func() { r.logAnswer(frames, message) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What a server repeats of the secret and of a token is not shown either, even if
// they are written with escapes.
func TestSecretsThatAServerRepeats(t *testing.T) {
	const odd, oddToken = `Hush"<é\Secret`, `Hush"<é\Token`
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	for name, answer := range map[string]string{
		"not JSON":      `hello SECRET`,
		"reason":        `{"janus":"error","transaction":"TX","error":{"code":403,"reason":"bad SECRET, TOKEN"}}`,
		"kind":          `{"janus":"SECRET","transaction":"TX"}`,
		"kind, token":   `{"janus":"TOKEN","transaction":"TX"}`,
		"another type":  `{"janus":"success","transaction":"TX","sessions":"SECRET"}`,
		"the request":   `REQUEST`,
		"under no name": `{"janus":"success","transaction":"TX","sessions":["SECRET TOKEN"]}`,
	} {
		for verb, call := range map[string]func(ctx context.Context, c *Client) error{
			"list_sessions": func(ctx context.Context, c *Client) error { _, err := c.ListSessions(ctx); return err },
			"remove_token":  func(ctx context.Context, c *Client) error { return c.RemoveToken(ctx, oddToken) },
		} {
			t.Run(name+"/"+verb, func(t *testing.T) {
				token := map[string]string{"remove_token": oddToken}[verb]
				s := testutil.NewServer(t, func(s *janustest.Server) { s.AdminSecret = odd })
				for transport, url := range urls(s) {
					log := testutil.NewLogs()
					c, err := Dial(testutil.Context(t), url, &Options{Secret: odd,
						Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
					if err != nil {
						t.Fatal(err)
					}
					s.Broadcast(`{"janus":"` + escape(odd) + `"}`) // for nobody
					s.Intercept(func(frame json.RawMessage, reply func(any)) bool {
						reply(strings.NewReplacer("TX", testutil.BaseOf(frame).ID, "SECRET", escape(odd),
							"TOKEN", escape(token), "REQUEST", string(frame)).Replace(answer))
						return true
					})
					shown := fmt.Sprintf("%+v", call(testutil.Context(t), c))
					s.Intercept(nil)
					_ = c.Close() // so that all is logged
					if !strings.Contains(log.String(), "sent") {
						t.Error("the test sees nothing")
					}
					if shown += log.String(); strings.Contains(shown, "Hush") {
						t.Errorf("over %s, this is shown: %s", transport, shown)
					}
				}
			})
		}
	}
}

// hold makes the server keep requests of a kind. It returns a channel with an
// element for each, which answers it.
func hold(s *janustest.Server, verb string) <-chan func(answer string) {
	held := make(chan func(string), 100)
	s.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(frame)
		if base.Type != verb {
			return false
		}
		held <- func(answer string) { reply(strings.ReplaceAll(answer, "TX", base.ID)) }
		return true
	})
	return held
}

// begin calls f on a goroutine of its own.
func begin(f func() error) <-chan error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	return result
}

func TestContextsAreObeyed(t *testing.T) {
	overBoth(t, func(t *testing.T, s *janustest.Server, url string) {
		c := dial(t, url, Options{RequestTimeout: 10 * time.Millisecond})
		held := hold(s, "list_sessions")
		_, err := c.ListSessions(context.Background())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 10ms") || errors.Is(err, janus.ErrNotSent) {
			t.Errorf("without a deadline: %v", err)
		}
		<-held
		cause := errors.New("the operator has left")
		ctx, cancel := context.WithCancelCause(context.Background())
		deadline, stop := context.WithTimeout(ctx, testutil.Patience) // replaces RequestTimeout
		defer stop()
		result := begin(func() error { _, err := c.ListSessions(deadline); return err })
		answer := <-held
		cancel(cause)
		if err := <-result; !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || errors.Is(err, janus.ErrNotSent) {
			t.Errorf("canceled: %v", err)
		}
		if _, err := c.ListSessions(deadline); !errors.Is(err, context.Canceled) || !errors.Is(err, janus.ErrNotSent) {
			t.Errorf("canceled before: %v", err)
		}
		answer(`{"janus":"success","transaction":"TX","sessions":[1]}`) // too late
		s.Intercept(nil)
		if ids, err := c.ListSessions(testutil.Context(t)); err != nil || len(ids) != 0 {
			t.Errorf("a later request: %v, %v", ids, err)
		}
	})
}

func TestNegativeRequestTimeout(t *testing.T) {
	overBoth(t, func(t *testing.T, s *janustest.Server, url string) {
		c := dial(t, url, Options{RequestTimeout: -1})
		if err := c.Ping(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// Requests at the same time get their own answers, in whatever order these come.
func TestConcurrentRequests(t *testing.T) {
	overBoth(t, func(t *testing.T, s *janustest.Server, url string) {
		c := dial(t, url, Options{})
		held := hold(s, "resolve_address")
		const calls = 20
		results := make(chan error, calls)
		for i := range calls {
			go func() {
				a, err := c.ResolveAddress(testutil.Context(t), fmt.Sprint(i))
				if err == nil && a.IP == "" {
					err = errors.New("no address")
				}
				results <- err
			}()
		}
		var answers []func(string)
		for range calls {
			answers = append(answers, <-held)
		}
		for i := calls - 1; i >= 0; i-- {
			answers[i](fmt.Sprintf(`{"janus":"success","transaction":"TX","ip":"%d","elapsed":1}`, i))
		}
		for range calls {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

// After Close, calls that wait and later ones fail, and nothing is left running.
func TestClose(t *testing.T) {
	overBoth(t, func(t *testing.T, s *janustest.Server, url string) {
		c := dial(t, url, Options{})
		held := hold(s, "list_sessions")
		result := begin(func() error { _, err := c.ListSessions(testutil.Context(t)); return err })
		<-held
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := <-result; !errors.Is(err, janus.ErrClosed) || errors.Is(err, janus.ErrNotSent) {
			t.Errorf("the waiting call: %v", err)
		}
		if err := c.Ping(testutil.Context(t)); !errors.Is(err, janus.ErrClosed) || !errors.Is(err, janus.ErrNotSent) {
			t.Errorf("a later call: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		testutil.NoGoroutines(t)
	})
}

// A request that was not answered when the connection was lost fails; the next one
// uses a new connection.
func TestLostWebsocket(t *testing.T) {
	s := newServer(t)
	c := dial(t, s.AdminURL(), Options{})
	held := hold(s, "list_sessions")
	result := begin(func() error { _, err := c.ListSessions(testutil.Context(t)); return err })
	<-held
	s.Intercept(nil)
	s.Cut()
	if err := <-result; !errors.Is(err, janus.ErrDisconnected) || errors.Is(err, janus.ErrNotSent) {
		t.Errorf("the waiting call: %v", err)
	}
	s.Refuse(http.StatusServiceUnavailable)
	err := c.Ping(testutil.Context(t))
	if !errors.Is(err, janus.ErrNotSent) || !strings.Contains(err.Error(), "503 Service Unavailable") {
		t.Errorf("while the server refuses connections: %v", err)
	}
	s.Refuse(0)
	for range 3 {
		if err := c.Ping(testutil.Context(t)); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
	if n := s.Handshakes(); n != 3 { // one was refused
		t.Errorf("%d handshakes", n)
	}
}

// A request that cannot be written because the connection has just been lost is
// written to another one.
func TestConnectionLostBeforeARequest(t *testing.T) {
	s := newServer(t)
	c := dial(t, s.AdminURL(), Options{})
	transport := c.transport.(*websocketTransport)
	conn, err := transport.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.calls.End(&conn.scope, janus.ErrDisconnected) // as run does
	if err := c.Ping(testutil.Context(t)); err != nil {
		t.Error(err)
	}
	if n := s.Handshakes(); n != 2 {
		t.Errorf("%d handshakes", n)
	}
}

// awaitLoss waits until a client has noticed that its connection is lost.
func awaitLoss(t testing.TB, c *Client) {
	t.Helper()
	transport := c.transport.(*websocketTransport)
	testutil.Eventually(t, "the loss is noticed", func() bool {
		transport.mu.Lock()
		defer transport.mu.Unlock()
		return transport.conn == nil
	})
}

// A peer that is gone without a word is noticed after a request is not answered.
func TestHalfOpenConnection(t *testing.T) {
	s := newServer(t)
	c := dial(t, s.AdminURL(), Options{})
	transport := c.transport.(*websocketTransport)
	transport.pong = 20 * time.Millisecond
	s.Cut() // so that the next connection has that time
	awaitLoss(t, c)
	if err := c.Ping(testutil.Context(t)); err != nil {
		t.Fatal(err)
	}
	s.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a request: %v", err)
	}
	awaitLoss(t, c)
	s.Resume()
	if err := c.Ping(testutil.Context(t)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A caller waits for a dial that hangs only until its context ends; the others go on
// waiting for the same dial.
func TestContextsWhileDialing(t *testing.T) {
	s := newServer(t)
	c := dial(t, s.AdminURL(), Options{})
	s.Stall()
	s.Cut()
	awaitLoss(t, c)
	left := errors.New("the operator has left")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, left)
	defer cancel()
	others := begin(func() error { return c.Ping(testutil.Context(t)) })
	if err := c.Ping(ctx); !errors.Is(err, left) || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, janus.ErrNotSent) {
		t.Errorf("the call returned %v", err)
	}
	s.Resume()
	if err := <-others; err != nil {
		t.Errorf("the other call: %v", err)
	}
	if n := s.Handshakes(); n != 2 {
		t.Errorf("%d handshakes", n)
	}
}

// Close ends a dial that hangs, and the calls that wait for it.
func TestCloseWhileDialing(t *testing.T) {
	s := newServer(t)
	c := dial(t, s.AdminURL(), Options{})
	s.Stall()
	s.Cut()
	awaitLoss(t, c)
	result := begin(func() error { return c.Ping(testutil.Context(t)) })
	transport := c.transport.(*websocketTransport)
	testutil.Eventually(t, "a dial", func() bool {
		transport.mu.Lock()
		defer transport.mu.Unlock()
		return transport.conn != nil
	})
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-result; !errors.Is(err, janus.ErrClosed) || !errors.Is(err, janus.ErrNotSent) {
		t.Errorf("the waiting call: %v", err)
	}
	testutil.NoGoroutines(t)
}

func TestLostHTTPAnswer(t *testing.T) {
	cut := false
	url := web(t, func(w http.ResponseWriter, r *http.Request) {
		if cut {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"janus":`)
			return
		}
		_, _ = io.WriteString(w, `{"janus":"success","status":{}}`)
	})
	c := dial(t, url, Options{})
	cut = true
	if err := c.Ping(t.Context()); !errors.Is(err, janus.ErrDisconnected) || errors.Is(err, janus.ErrNotSent) {
		t.Errorf("an answer that is cut off: %v", err)
	}
}

func TestNotSentOverHTTP(t *testing.T) {
	s := newServer(t)
	c := dial(t, s.AdminHTTPURL(), Options{})
	s.Close()
	if err := c.Ping(testutil.Context(t)); !errors.Is(err, janus.ErrNotSent) && !errors.Is(err, janus.ErrDisconnected) {
		t.Errorf("the connection is gone: %v", err)
	}
	if err := c.Ping(testutil.Context(t)); !errors.Is(err, janus.ErrNotSent) {
		t.Errorf("nobody listens: %v", err)
	}
}

// An answer may be as large as MaxMessageSize.
func TestMaxMessageSize(t *testing.T) {
	overBoth(t, func(t *testing.T, s *janustest.Server, url string) {
		const limit = 2000
		c := dial(t, url, Options{MaxMessageSize: limit})
		unlimited := dial(t, url, Options{MaxMessageSize: -1})
		size := limit
		s.Intercept(func(frame json.RawMessage, reply func(any)) bool {
			head := fmt.Sprintf(`{"janus":"pong","transaction":%q`, testutil.BaseOf(frame).ID)
			reply(head + strings.Repeat(" ", size-len(head)-1) + "}")
			return true
		})
		if err := c.Ping(testutil.Context(t)); err != nil {
			t.Errorf("at the limit: %v", err)
		}
		size++
		if err := c.Ping(testutil.Context(t)); err == nil || !strings.Contains(err.Error(), "larger than 2000 bytes") {
			t.Errorf("above the limit: %v", err)
		}
		size--
		if err := c.Ping(testutil.Context(t)); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		size = 100_000
		if err := unlimited.Ping(testutil.Context(t)); err != nil {
			t.Errorf("without a limit: %v", err)
		}
	})
}

// No more of an answer is read than MaxMessageSize allows.
func TestEndlessHTTPAnswer(t *testing.T) {
	url := web(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				return
			}
		}
	})
	_, err := Dial(testutil.Context(t), url, &Options{Logger: quiet, MaxMessageSize: 10_000})
	if err == nil || !strings.Contains(err.Error(), "larger than 10000 bytes") {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	s := janustest.NewTLSServer()
	defer s.Close()
	for name, url := range urls(s) {
		_, err := Dial(testutil.Context(t), url, &Options{Logger: quiet})
		if untrusted := (*tls.CertificateVerificationError)(nil); !errors.As(err, &untrusted) || errors.Is(err, janus.ErrDisconnected) {
			t.Errorf("%s: a client without the certificate: %v", name, err)
		}
		if name == "HTTP" && !errors.Is(err, janus.ErrNotSent) { // a websocket has no request yet
			t.Errorf("%v does not match ErrNotSent", err)
		}
		c := dial(t, url, Options{HTTPClient: s.Client()})
		if err := c.Ping(testutil.Context(t)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A message that no call waits for is logged, and harms no call.
func TestAnswersForNobody(t *testing.T) {
	s := newServer(t)
	log := testutil.NewLogs()
	c := dial(t, s.AdminURL(), Options{Logger: log.Logger(slog.LevelInfo)})
	s.Broadcast(`{"janus":"success","transaction":"nobody"}`)
	s.Broadcast(`{"janus":"error","transaction":5,"error":"none"}`)
	if err := c.Ping(testutil.Context(t)); err != nil {
		t.Fatal(err)
	}
	testutil.Eventually(t, "a warning", func() bool { return strings.Count(log.String(), "message for nobody") == 2 })
}
