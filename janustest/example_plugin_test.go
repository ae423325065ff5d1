package janustest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// A script for the tests of an application of the AudioBridge.
func ExampleScript() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.audiobridge", janustest.Script{
		"create": janustest.Success(map[string]any{"audiobridge": "created", "room": 5}),
		"join":   janustest.Event(map[string]any{"audiobridge": "joined", "room": 5}, nil),
	})
	_, _, handle := connect(server, "janus.plugin.audiobridge")
	fmt.Println(ask(handle, "create").PluginData.Data["audiobridge"])
	joined, err := handle.Message(context.Background(), "", map[string]any{"request": "join", "room": 5}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(joined.Plugindata.Data["audiobridge"])
	// Output:
	// created
	// joined
}

// The entry "" answers all other requests.
func ExampleScript_ServeJanus() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.streaming", janustest.Script{
		"": janustest.Success(map[string]any{"streaming": "event", "error_code": 450, "error": "not now"}),
	})
	_, _, handle := connect(server, "janus.plugin.streaming")
	fmt.Println(ask(handle, "list").PluginData.Data["error"])
	// Output: not now
}

func ExampleSuccess() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.streaming", janustest.Script{
		"list": janustest.Success(map[string]any{"streaming": "list", "list": []any{}}),
	})
	_, _, handle := connect(server, "janus.plugin.streaming")
	fmt.Println(ask(handle, "list").PluginData.Data["list"])
	// Output: []
}

func ExampleEvent() {
	server := janustest.NewServer()
	defer server.Close()
	offer := map[string]any{"type": "offer", "sdp": "v=0"}
	server.Handle("janus.plugin.streaming", janustest.Script{
		"watch": janustest.Event(map[string]any{"streaming": "event"}, offer),
	})
	_, _, handle := connect(server, "janus.plugin.streaming")
	event, err := handle.Message(context.Background(), "", map[string]any{"request": "watch", "id": 1}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.Jsep["type"])
	// Output: offer
}

// A plugin of one's own.
func ExampleServer_Handle() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) {
		var body struct{ Request string }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			log.Print(err)
		}
		if err := r.Success(map[string]any{"hello": body.Request}); err != nil {
			log.Print(err)
		}
	}))
	_, _, handle := connect(server, "janus.plugin.mine")
	fmt.Println("hello", ask(handle, "world").PluginData.Data["hello"])
	// Output: hello world
}

// Plugins can be wrapped, here to count their requests.
func ExamplePluginFunc_ServeJanus() {
	server := janustest.NewServer()
	defer server.Close()
	plugin := janustest.Success(map[string]any{"ok": true})
	requests := 0
	server.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) {
		requests++
		plugin.ServeJanus(r)
	}))
	_, _, handle := connect(server, "janus.plugin.mine")
	ask(handle, "one")
	ask(handle, "two")
	fmt.Println(requests)
	// Output: 2
}

func ExampleRequest_Success() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Success(map[string]any{"handle": r.Handle}) // the client may have gone
	}))
	_, _, handle := connect(server, "janus.plugin.mine")
	var data struct{ Handle uint64 }
	if err := ask(handle, "who").PluginData.Decode(&data); err != nil {
		log.Fatal(err)
	}
	fmt.Println(data.Handle == handle.ID)
	// Output: true
}

// A plugin that acknowledges a request and answers it later.
func ExampleRequest_Ack() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Ack()
		go func() { _ = r.Event(map[string]any{"result": "done"}, nil) }()
	}))
	_, _, handle := connect(server, "janus.plugin.mine")
	event, err := handle.Message(context.Background(), "", map[string]any{"request": "work"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.Plugindata.Data["result"])
	// Output: done
}

// A real Janus may send the event before the ack.
func ExampleRequest_Event() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Event(map[string]any{"result": "early"}, nil)
		_ = r.Ack()
	}))
	gateway, _, handle := connect(server, "janus.plugin.mine")
	event, err := handle.Message(context.Background(), "", map[string]any{"request": "work"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.Plugindata.Data["result"])
	fmt.Println(gateway.Ping(context.Background(), "")) // the pong follows the ack
	// Output:
	// early
	// <nil>
}

// A plugin that reports something besides its answer.
func ExampleRequest_Notify() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Notify(map[string]any{"event": "somebody joined"}, nil)
		_ = r.Success(map[string]any{})
	}))
	_, _, handle := connect(server, "janus.plugin.mine")
	ask(handle, "work")
	event := (<-handle.Events).(*janus.EventMsg)
	fmt.Println(event.Plugindata.Data["event"])
	// Output: somebody joined
}

func ExampleRequest_Error() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Error(int(janus.ErrorPluginMessage), "no")
	}))
	_, _, handle := connect(server, "janus.plugin.mine")
	_, err := handle.Request(context.Background(), "", map[string]any{})
	fmt.Println("refused:", errors.Is(err, janus.ErrorPluginMessage))
	// Output: refused: true
}

// An answer that no Janus would send.
func ExampleRequest_Raw() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.mine", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Raw(`{"janus":"surprise"}`)
		_ = r.Success(map[string]any{"still": "alive"})
	}))
	_, _, handle := connect(server, "janus.plugin.mine")
	fmt.Println(ask(handle, "work").PluginData.Data["still"])
	// Output: alive
}
