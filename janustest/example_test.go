//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/cameronelliott/janus-go/janustest"
	"nhooyr.io/websocket"
)

// A plugin that greets, and a client that knows nothing but websockets. A real
// client would be given server.URL.
func Example() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.hello", janustest.PluginFunc(func(r *janustest.Request) {
		var body struct{ Name string }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			log.Print(err)
		}
		if err := r.Success(map[string]string{"hello": body.Name}); err != nil {
			log.Print(err)
		}
	}))

	ctx := context.Background()
	conn, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{Subprotocols: []string{"janus-protocol"}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	ask := func(format string, args ...any) (reply struct {
		Data       struct{ ID uint64 }
		Plugindata struct{ Data map[string]string }
	}) {
		if err := conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, format, args...)); err != nil {
			log.Fatal(err)
		}
		_, text, err := conn.Read(ctx)
		if err != nil {
			log.Fatal(err)
		}
		if err := json.Unmarshal(text, &reply); err != nil {
			log.Fatal(err)
		}
		return reply
	}

	session := ask(`{"janus":"create","transaction":"1"}`).Data.ID
	handle := ask(`{"janus":"attach","session_id":%d,"plugin":"janus.plugin.hello","transaction":"2"}`, session).Data.ID
	reply := ask(`{"janus":"message","session_id":%d,"handle_id":%d,"body":{"name":"world"},"transaction":"3"}`, session, handle)
	fmt.Println("hello", reply.Plugindata.Data["hello"])
	fmt.Println(len(server.Sessions()), "session,", len(server.Requests()), "requests")
	// Output:
	// hello world
	// 1 session, 3 requests
}

// The first ping is not answered, as if the answer had been lost.
func ExampleServer_Intercept() {
	server := janustest.NewServer()
	defer server.Close()
	lost := false
	server.Intercept(func(frame json.RawMessage, reply func(frame any)) bool {
		var request struct{ Janus string }
		if json.Unmarshal(frame, &request) == nil && request.Janus == "ping" && !lost {
			lost = true
			return true
		}
		return false
	})

	ctx := context.Background()
	conn, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{Subprotocols: []string{"janus-protocol"}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	for _, transaction := range []string{"first", "second"} {
		request := fmt.Appendf(nil, `{"janus":"ping","transaction":%q}`, transaction)
		if err := conn.Write(ctx, websocket.MessageText, request); err != nil {
			log.Fatal(err)
		}
	}
	_, reply, err := conn.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", reply)
	// Output: {"janus":"pong","transaction":"second"}
}
