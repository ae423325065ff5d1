//lint:file-ignore SA1019 The client's API names this websocket module.

package janustest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// connect stands for the application under test: it connects to the server,
// creates a session and attaches a handle to a plugin.
func connect(server *janustest.Server, plugin string) (*janus.Gateway, *janus.Session, *janus.Handle) {
	ctx := context.Background()
	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{HTTPClient: server.Client()})
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	handle, err := session.Attach(ctx, "", plugin)
	if err != nil {
		log.Fatal(err)
	}
	return gateway, session, handle
}

// ask sends a request to a plugin that answers at once.
func ask(handle *janus.Handle, request string) *janus.SuccessMsg {
	answer, err := handle.Request(context.Background(), "", map[string]any{"request": request})
	if err != nil {
		log.Fatal(err)
	}
	return answer
}

// A test of an application that lists the rooms of the VideoRoom.
func Example() {
	server := janustest.NewServer()
	defer server.Close()
	ctx := context.Background()

	gateway, _, err := janus.Connect(ctx, server.URL) // the application is given server.URL
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	handle, err := session.Attach(ctx, "", "janus.plugin.videoroom")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := handle.Request(ctx, "", map[string]any{"request": "exists", "room": 1234})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("room 1234 exists:", answer.PluginData.Data["exists"])
	// Output: room 1234 exists: true
}

func ExampleNewServer() {
	server := janustest.NewServer()
	defer server.Close()
	gateway, _, err := janus.Connect(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gateway.Ping(context.Background(), ""))
	// Output: <nil>
}

func ExampleNewTLSServer() {
	server := janustest.NewTLSServer()
	defer server.Close()
	gateway, _, err := janus.Dial(context.Background(), server.URL, &janus.DialOptions{HTTPClient: server.Client()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.HasPrefix(server.URL, "wss://"), gateway.Ping(context.Background(), ""))
	// Output: true <nil>
}

func ExampleNewUnstartedServer() {
	server := janustest.NewUnstartedServer()
	server.Version = "1.4.2"
	server.ReclaimTimeout = time.Minute
	server.Start()
	defer server.Close()
	gateway, _, _ := connect(server, "janus.plugin.echotest")
	info, err := gateway.Info(context.Background(), "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.VersionString)
	// Output: 1.4.2
}

// A server that demands an API secret.
func ExampleServer_Start() {
	server := janustest.NewUnstartedServer()
	server.APISecret = "a shared secret"
	server.Start()
	defer server.Close()
	gateway, _, err := janus.Connect(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	_, err = gateway.Create(context.Background(), "")
	fmt.Println("without the secret:", errors.Is(err, janus.ErrorUnauthorized))
	// Output: without the secret: true
}

func ExampleServer_StartTLS() {
	server := janustest.NewUnstartedServer()
	server.StringIDs = true
	server.StartTLS()
	defer server.Close()
	_, _, handle := connect(server, "janus.plugin.videoroom")
	rooms := ask(handle, "list").PluginData.Data["list"].([]any)
	fmt.Printf("%q\n", rooms[0].(map[string]any)["room"])
	// Output: "1234"
}

func ExampleServer_Certificate() {
	server := janustest.NewTLSServer()
	defer server.Close()
	fmt.Println(server.Certificate().VerifyHostname("127.0.0.1"))
	// Output: <nil>
}

// Client trusts the certificate of a server with TLS.
func ExampleServer_Client() {
	server := janustest.NewTLSServer()
	defer server.Close()
	ctx := context.Background()
	_, _, err := janus.Connect(ctx, server.URL)
	fmt.Println("without it:", err != nil)
	_, _, err = janus.Dial(ctx, server.URL, &janus.DialOptions{HTTPClient: server.Client()})
	fmt.Println("with it:", err)
	// Output:
	// without it: true
	// with it: <nil>
}

func ExampleServer_Close() {
	server := janustest.NewServer()
	_, session, _ := connect(server, "janus.plugin.echotest")
	server.Close()
	_, err := session.KeepAlive(context.Background(), "")
	fmt.Println("lost:", err != nil, server.Connections())
	// Output: lost: true 0
}

func ExampleServer_Connections() {
	server := janustest.NewServer()
	defer server.Close()
	connect(server, "janus.plugin.echotest")
	connect(server, "janus.plugin.echotest")
	fmt.Println(server.Connections())
	// Output: 2
}

// Count the attempts of a client, including those that fail.
func ExampleServer_Handshakes() {
	server := janustest.NewServer()
	defer server.Close()
	server.Refuse(503)
	for range 3 {
		_, _, err := janus.Connect(context.Background(), server.URL)
		fmt.Println("failed:", err != nil)
	}
	fmt.Println(server.Handshakes(), "handshakes,", server.Connections(), "connections")
	// Output:
	// failed: true
	// failed: true
	// failed: true
	// 3 handshakes, 0 connections
}

func ExampleServer_Sessions() {
	server := janustest.NewServer()
	defer server.Close()
	_, session, _ := connect(server, "janus.plugin.echotest")
	fmt.Println(server.Sessions()[0] == session.ID)
	if _, err := session.Destroy(context.Background(), ""); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(server.Sessions()))
	// Output:
	// true
	// 0
}

func ExampleServer_Handles() {
	server := janustest.NewServer()
	defer server.Close()
	_, session, handle := connect(server, "janus.plugin.echotest")
	fmt.Println(server.Handles(session.ID)[0] == handle.ID)
	// Output: true
}

// Look at what the application has sent.
func ExampleServer_Requests() {
	server := janustest.NewServer()
	defer server.Close()
	connect(server, "janus.plugin.echotest")
	for _, frame := range server.Requests() {
		var request struct{ Janus string }
		if err := json.Unmarshal(frame, &request); err != nil {
			log.Fatal(err)
		}
		fmt.Println(request.Janus)
	}
	// Output:
	// create
	// attach
}
