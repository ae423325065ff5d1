//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

const secret = "hush, operator"

// program is a monitor that runs until the test ends, with its two servers.
type program struct {
	*monitor
	page   *httptest.Server
	events *httptest.Server
}

// start runs a monitor whose rounds are short.
func start(t testing.TB, c config) *program { return startWith(t, c, func(*program) {}) }

// startWith is start with a function that is called before the tasks run.
func startWith(t testing.TB, c config, prepare func(p *program)) *program {
	t.Helper()
	if c.secret == "" {
		c.secret = secret
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{monitor: newMonitor(ctx, c, testutil.Quiet)}
	p.period = 40 * time.Millisecond
	p.page = httptest.NewServer(p.handler(newGuard(c.password)))
	p.events = httptest.NewServer(p.receivers())
	prepare(p)
	var running sync.WaitGroup
	for _, s := range p.servers {
		s.interval = 10 * time.Millisecond
		if c.tweak {
			s.tweak = s.tweaker(new(bytes.Buffer), p.events.URL)
		}
		running.Go(func() { s.run(ctx); s.close() })
		if s.apiURL != "" {
			running.Go(func() { s.runAPI(ctx) })
		}
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := p.shutdown(testutil.Context(t)); err != nil {
			t.Error(err)
		}
		p.page.Close()
		p.events.Close()
	})
	return p
}

// newJanus starts a stand-in for Janus.
func newJanus(t testing.TB) *janustest.Server {
	t.Helper()
	return testutil.NewServer(t, func(srv *janustest.Server) { srv.AdminSecret = secret })
}

// poster posts the events of a server.
func (p *program) poster(s *server) *janustest.EventPoster {
	return &janustest.EventPoster{URL: p.events.URL + s.path, User: eventUser, Password: s.password}
}

// treeOfRows is a treeMessage as a page decodes it.
type treeOfRows struct {
	Total, Offset int
	Rows          []struct {
		Kind, Server, Session string
		sessionRow
		handleRow
	}
}

// client is a page as a browser is, that keeps the newest messages.
type client struct {
	t    testing.TB
	conn *websocket.Conn

	mu       sync.Mutex
	newest   map[string]json.RawMessage // by type
	count    map[string]int             // of messages by type
	events   []entry
	messages []json.RawMessage // of the handle that is open
	ended    error
	arrived  chan struct{} // a value if a message has arrived since the last value
}

// connect connects a page.
func (p *program) connect(t testing.TB, header http.Header) *client {
	t.Helper()
	conn, _, err := websocket.Dial(testutil.Context(t), p.page.URL+"/ws", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(64 << 20)
	c := &client{
		t: t, conn: conn, newest: make(map[string]json.RawMessage), count: make(map[string]int), arrived: make(chan struct{}, 1),
	}
	done := make(chan struct{})
	go func() { defer close(done); c.read() }()
	t.Cleanup(func() { _ = conn.CloseNow(); <-done })
	return c
}

func (c *client) read() {
	for {
		_, text, err := c.conn.Read(context.Background())
		c.keep(text, err)
		select {
		case c.arrived <- struct{}{}:
		default: // there is one already
		}
		if err != nil {
			return
		}
	}
}

// keep keeps a message.
func (c *client) keep(text json.RawMessage, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.ended = err
		return
	}
	var m struct{ Type string }
	if err := json.Unmarshal(text, &m); err != nil {
		c.t.Errorf("%v: %s", err, text)
	}
	c.newest[m.Type] = text
	c.count[m.Type]++
	switch m.Type {
	case "events":
		var m eventsMessage
		if err := json.Unmarshal(text, &m); err != nil {
			c.t.Errorf("%v: %s", err, text)
		}
		if m.Replace {
			c.events = nil
		}
		c.events = append(c.events, m.Events...)
	case "handle":
		c.messages = append(c.messages, text)
	}
}

// look sends what the page wants to see, such as `"open":null`, besides a window of
// the whole tree.
func (c *client) look(members ...string) {
	c.t.Helper()
	text := `{"type":"look","server":"all","search":"","offset":0,"limit":60` // later members win
	for _, member := range members {
		text += "," + member
	}
	c.write(text + "}")
}

func (c *client) write(text string) {
	c.t.Helper()
	if err := c.conn.Write(testutil.Context(c.t), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// await waits until the newest message of a type is one for which ok returns true.
func await[M any](c *client, kind, what string, ok func(m M) bool) M {
	c.t.Helper()
	timeout := time.After(testutil.Patience)
	for {
		c.mu.Lock()
		text, ended := c.newest[kind], c.ended
		c.mu.Unlock()
		var m M
		if text != nil {
			if err := json.Unmarshal(text, &m); err != nil {
				c.t.Fatalf("%v: %s", err, text)
			}
			if ok(m) {
				return m
			}
		}
		if ended != nil {
			c.t.Fatalf("the connection has ended: %v; %s: %s", ended, what, text)
		}
		select {
		case <-c.arrived:
		case <-timeout:
			c.t.Fatalf("not in time: %s; the newest message is %s", what, text)
		}
	}
}

// awaitCount waits for so many messages of a type.
func (c *client) awaitCount(kind string, n int) {
	c.t.Helper()
	timeout := time.After(testutil.Patience)
	for {
		c.mu.Lock()
		count := c.count[kind]
		c.mu.Unlock()
		if count >= n {
			return
		}
		select {
		case <-c.arrived:
		case <-timeout:
			c.t.Fatalf("there were %d messages of the type %q", count, kind)
		}
	}
}

// awaitEvent waits for an event with a text.
func (c *client) awaitEvent(text string) entry {
	c.t.Helper()
	timeout := time.After(testutil.Patience)
	for {
		c.mu.Lock()
		all := append([]entry(nil), c.events...)
		c.mu.Unlock()
		for _, e := range all {
			if strings.Contains(e.Text, text) {
				return e
			}
		}
		select {
		case <-c.arrived:
		case <-timeout:
			c.t.Fatalf("no event says %q: %+v", text, all)
		}
	}
}

// post sends an action and returns the status and the body.
func (p *program) post(t testing.TB, action, body string, header http.Header) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(testutil.Context(t), http.MethodPost, p.page.URL+"/api/"+action, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		request.Header[name] = values
	}
	return do(t, request)
}

func do(t testing.TB, request *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, readAll(t, response)
}

// dialOnly returns a dial function that returns conn.
func dialOnly(conn net.Conn) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return conn, nil }
}

// readAll returns the body of an answer.
func readAll(t testing.TB, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
