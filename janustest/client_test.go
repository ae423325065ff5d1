//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/janustest"
	"nhooyr.io/websocket"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// A client is a bare websocket client.
type client struct {
	t    testing.TB
	ws   *websocket.Conn
	sent int
}

// A message is what tests read of a frame.
type message struct {
	Janus       string `json:"janus"`
	Session     uint64 `json:"session_id"`
	Sender      uint64 `json:"sender"`
	Transaction string `json:"transaction"`
	OpaqueID    string `json:"opaque_id"`
	Hint        string `json:"hint"`
	Reason      string `json:"reason"`
	Data        struct {
		ID uint64 `json:"id"`
	} `json:"data"`
	Error struct {
		Code   int    `json:"code"`
		Reason string `json:"reason"`
	} `json:"error"`
	Plugindata struct {
		Plugin string         `json:"plugin"`
		Data   map[string]any `json:"data"`
	} `json:"plugindata"`
	JSEP struct {
		Type string `json:"type"`
		SDP  string `json:"sdp"`
	} `json:"jsep"`
	text []byte
}

type m = map[string]any

func newServer(t testing.TB, set func(s *janustest.Server)) *janustest.Server {
	t.Helper()
	s := janustest.NewUnstartedServer()
	if set != nil {
		set(s)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func dial(t testing.TB, s *janustest.Server) *client {
	t.Helper()
	c, _, err := tryDial(t, s.URL, s.Client())
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	return c
}

// dialURL dials any server.
func dialURL(t testing.TB, url string) *client {
	t.Helper()
	c, _, err := tryDial(t, url, http.DefaultClient)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	return c
}

func tryDial(t testing.TB, url string, hc *http.Client) (*client, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:   hc,
		Subprotocols: []string{"janus-protocol"},
	})
	if err != nil {
		return nil, resp, err
	}
	ws.SetReadLimit(16 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &client{t: t, ws: ws}, resp, nil
}

func (c *client) write(text []byte) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, text); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *client) subprotocol() string { return c.ws.Subprotocol() }

// close ends the connection without a closing handshake.
func (c *client) close() { _ = c.ws.CloseNow() }

func (c *client) readText() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, text, err := c.ws.Read(ctx)
	return text, err
}

// readForever is readText without a limit of time.
func (c *client) readForever() ([]byte, error) {
	_, text, err := c.ws.Read(context.Background())
	return text, err
}

func (c *client) read() (message, error) {
	text, err := c.readText()
	if err != nil {
		return message{}, err
	}
	msg := message{text: text}
	return msg, json.Unmarshal(text, &msg)
}

// next reads the next frame.
func (c *client) next() message {
	c.t.Helper()
	msg, err := c.read()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return msg
}

// send sends a request, and returns its transaction.
func (c *client) send(frame m) string {
	c.t.Helper()
	c.sent++
	transaction := fmt.Sprintf("t%d", c.sent)
	frame["transaction"] = transaction
	text, err := json.Marshal(frame)
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(text)
	return transaction
}

// ask sends a request, and returns the next frame, which must answer it.
func (c *client) ask(frame m) message {
	c.t.Helper()
	transaction := c.send(frame)
	msg := c.next()
	if msg.Transaction != transaction {
		c.t.Fatalf("asked %v, got %s", frame, msg.text)
	}
	return msg
}

// session creates a session.
func (c *client) session() uint64 {
	c.t.Helper()
	return c.expect(c.ask(m{"janus": "create"}), "success").Data.ID
}

// handle attaches a handle.
func (c *client) handle(session uint64, plugin string) uint64 {
	c.t.Helper()
	msg := c.ask(m{"janus": "attach", "session_id": session, "plugin": plugin})
	return c.expect(msg, "success").Data.ID
}

// message sends a message to a plugin, and returns the event that follows the
// ack, or the success.
func (c *client) message(session, handle uint64, body m, jsep any) message {
	c.t.Helper()
	request := m{"janus": "message", "session_id": session, "handle_id": handle, "body": body}
	if jsep != nil {
		request["jsep"] = jsep
	}
	msg := c.ask(request)
	if msg.Janus == "ack" {
		transaction := msg.Transaction
		for msg = c.next(); msg.Transaction != transaction; msg = c.next() {
			continue // something unasked for came between
		}
	}
	return msg
}

// expect checks the kind of a frame.
func (c *client) expect(msg message, janus string) message {
	c.t.Helper()
	if msg.Janus != janus {
		c.t.Fatalf("got %s, want %s", msg.text, janus)
	}
	return msg
}

func (c *client) expectError(msg message, code int, reason string) {
	c.t.Helper()
	c.expect(msg, "error")
	if msg.Error.Code != code || msg.Error.Reason != reason {
		c.t.Fatalf("got error %d %q, want %d %q", msg.Error.Code, msg.Error.Reason, code, reason)
	}
}

// waitFor waits until a condition of the server holds, of which it does not tell.
func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// tryAsk sends a text and returns the next frame, or an error if the connection
// has ended.
func (c *client) tryAsk(text string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return nil, err
	}
	return c.readText()
}
