package plugtest

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"nhooyr.io/websocket"
)

// Feed turns frames into the messages that a client delivers for them.
type Feed struct {
	server  *janustest.Server
	session uint64
	handle  *janus.Handle
}

// NewFeed returns a Feed for messages of the named plugin. It ends with the
// test.
func NewFeed(t testing.TB, plugin string) *Feed {
	t.Helper()
	server, handle := attach(t, plugin, func(*janustest.Request) {})
	return &Feed{server, handle.Session().ID, handle}
}

// Attach returns a handle on a server whose plugin of the given name is f. Both
// end with the test.
func Attach(t testing.TB, plugin string, f func(r *janustest.Request)) *janus.Handle {
	t.Helper()
	_, handle := attach(t, plugin, f)
	return handle
}

func attach(t testing.TB, plugin string, f func(r *janustest.Request)) (*janustest.Server, *janus.Handle) {
	t.Helper()
	server := janustest.NewServer()
	t.Cleanup(server.Close)
	server.Handle(plugin, janustest.PluginFunc(f))
	ctx := context.Background()
	handle, err := NewSession(ctx, t, server.URL).Attach(ctx, "", plugin)
	if err != nil {
		t.Fatal(err)
	}
	return server, handle
}

// NewSession connects to a server and creates a session. The connection ends
// with the test.
func NewSession(ctx context.Context, t testing.TB, url string) *janus.Session {
	t.Helper()
	gateway, group, err := janus.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = gateway.Close(websocket.StatusNormalClosure, "") // the server may have closed first
		_ = group.Wait()
	})
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// RequestName returns the value of "request" of a request.
func RequestName(r *janustest.Request) string {
	var body struct{ Request string }
	_ = json.Unmarshal(r.Body, &body) // janustest has checked that it is an object
	return body.Request
}

// refusal is the error code of a stand-in.
const refusal = 4711

// NewStandIn returns a Recorder on a server whose plugin of the given name
// answers all requests with the same error.
func NewStandIn(t testing.TB, plugin string) *Recorder {
	t.Helper()
	return &Recorder{Caller: Attach(t, plugin, func(r *janustest.Request) {
		_ = r.Ack() // the client is there until the test ends
		_ = r.Event(map[string]any{"error_code": refusal, "error": "refused"}, nil)
	})}
}

// Message returns the message for a frame of Janus: an event, or an answer that
// no call is waiting for. The ids of its session and handle are replaced.
func (f *Feed) Message(t testing.TB, frame []byte) any {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(frame, &members); err != nil {
		t.Fatalf("frame %s: %v", frame, err)
	}
	members["session_id"] = strconv.AppendUint(nil, f.session, 10)
	members["sender"] = strconv.AppendUint(nil, f.handle.ID, 10)
	if err := f.server.Send(f.session, members); err != nil {
		t.Fatal(err)
	}
	select {
	case msg := <-f.handle.Events:
		return msg
	case <-time.After(10 * time.Second):
		t.Fatalf("frame %s was not delivered", frame)
	}
	panic("unreachable")
}

// Event returns the message for an event with the given data.
func (f *Feed) Event(t testing.TB, plugin string, data []byte) *janus.EventMsg {
	t.Helper()
	frame, err := json.Marshal(map[string]any{
		"janus":      "event",
		"plugindata": map[string]any{"plugin": plugin, "data": json.RawMessage(data)},
	})
	if err != nil {
		t.Fatal(err)
	}
	event, ok := f.Message(t, frame).(*janus.EventMsg)
	if !ok {
		t.Fatalf("data %s did not make an event", data)
	}
	return event
}

// Sample is a line of testdata/events.jsonl: a frame and the type of the event
// that the plugin's package makes of it, such as "*audiobridge.Joined".
type Sample struct {
	Event string          `json:"event"`
	Frame json.RawMessage `json:"frame"`
}

// Samples reads testdata/events.jsonl.
func Samples(t testing.TB) []Sample {
	t.Helper()
	file, err := os.Open("testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	var samples []Sample
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var sample Sample
		if err := json.Unmarshal(lines.Bytes(), &sample); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		samples = append(samples, sample)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return samples
}
