package faults

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
)

// ownContext is a context that the context package watches with a goroutine.
type ownContext struct {
	context.Context
	done chan struct{}
}

func (c ownContext) Done() <-chan struct{} { return c.done }

// A dial that fails leaves nothing behind in its context.
func TestFailedDialLeavesItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which ends with all its goroutines
		refuse := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })
		_, _, err := janus.Dial(ownContext{t.Context(), make(chan struct{})}, "ws://janus.test/",
			&janus.DialOptions{HTTPClient: &http.Client{Transport: refuse}})
		if err == nil {
			t.Error("the dial succeeded")
		}
	})
}

// Dial does not change the options of its caller.
func TestOptionsAreNotChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reconnect := janus.ReconnectOptions{GiveUpAfter: time.Hour}
		var given *janus.DialOptions
		defaults(t, func(o *janus.DialOptions) { o.Reconnect = &reconnect; given = o })
		want := janus.DialOptions{HTTPClient: given.HTTPClient, Reconnect: &reconnect}
		if !reflect.DeepEqual(*given, want) || reconnect != (janus.ReconnectOptions{GiveUpAfter: time.Hour}) {
			t.Errorf("the options are %+v, %+v", *given, reconnect)
		}
	})
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC() // a sync.Pool keeps what it has for one more
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// The memory of a large request or reply is not kept for the next one.
func TestLargeBuffersAreNotKept(t *testing.T) {
	const large, small = 32 << 20, 8 << 20
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"janus-protocol"}})
		if err != nil {
			return
		}
		ws.SetReadLimit(-1)
		for {
			_, frame, err := ws.Read(context.Background())
			if err != nil {
				return
			}
			var q request
			_ = json.Unmarshal(frame, &q) // the client sends JSON
			answer := `{"janus":"success","transaction":"TX","session_id":SID,"data":{"id":7}}`
			switch q.Janus {
			case "ping":
				answer = `{"janus":"pong","transaction":"TX"}`
			case "info":
				answer = `{"janus":"server_info","transaction":"TX","name":"` + strings.Repeat("x", large) + `"}`
			}
			if err := ws.Write(context.Background(), websocket.MessageText, []byte(q.fill(answer))); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	for name, exchange := range map[string]func(c *client, h *janus.Handle) error{
		"request": func(_ *client, h *janus.Handle) error {
			_, err := h.Message(t.Context(), "", order{Pad: strings.Repeat("x", large)}, nil)
			return err
		},
		"reply": func(c *client, _ *janus.Handle) error { _, err := c.Info(t.Context(), ""); return err },
	} {
		kept := int64(math.MaxInt64)
		for try := 0; try < 3 && kept > small; try++ { // other goroutines have memory as well
			c := connect(t, "ws"+strings.TrimPrefix(server.URL, "http"), &janus.DialOptions{MaxMessageSize: -1, RequestTimeout: patience})
			_, h := c.open(t)
			heap()
			before := heap()
			if err := exchange(c, h); err != nil {
				t.Fatal(name, err)
			}
			for range 2 { // the server forgets what it has read
				if err := c.Ping(t.Context(), ""); err != nil {
					t.Fatal(name, err)
				}
			}
			kept = min(kept, heap()-before)
		}
		if kept > small {
			t.Errorf("%s of %d bytes: %d are kept", name, large, kept)
		}
	}
}
