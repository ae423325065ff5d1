//lint:file-ignore SA1019 The client's API names this websocket module.

package janustest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// The first ping is not answered, as if the answer had been lost. A function
// that keeps reply can answer late.
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
	gateway, _, _ := connect(server, "janus.plugin.echotest")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	fmt.Println("timed out:", errors.Is(gateway.Ping(ctx, ""), context.DeadlineExceeded))
	fmt.Println(gateway.Ping(context.Background(), ""))
	// Output:
	// timed out: true
	// <nil>
}

func ExampleServer_Notify() {
	server := janustest.NewServer()
	defer server.Close()
	_, session, handle := connect(server, "janus.plugin.videoroom")
	event := map[string]any{"videoroom": "destroyed", "room": 1234}
	if err := server.Notify(session.ID, handle.ID, event, nil); err != nil {
		log.Fatal(err)
	}
	got := (<-handle.Events).(*janus.EventMsg)
	fmt.Println(got.Plugindata.Data["videoroom"])
	// Output: destroyed
}

// A message of the kind that Janus sends when media flow.
func ExampleServer_Send() {
	server := janustest.NewServer()
	defer server.Close()
	_, session, handle := connect(server, "janus.plugin.echotest")
	err := server.Send(session.ID, map[string]any{"janus": "webrtcup", "session_id": session.ID, "sender": handle.ID})
	if err != nil {
		log.Fatal(err)
	}
	_, up := (<-handle.Events).(*janus.WebRTCUpMsg)
	fmt.Println("up:", up)
	// Output: up: true
}

func ExampleServer_Broadcast() {
	server := janustest.NewServer()
	defer server.Close()
	gateway, _, _ := connect(server, "janus.plugin.echotest")
	server.Broadcast(`{"janus":"a message of a later version"}`)
	fmt.Println(gateway.Ping(context.Background(), ""))
	// Output: <nil>
}

func ExampleServer_Timeout() {
	server := janustest.NewUnstartedServer()
	server.Version = "1.4.2" // 1.1.2 also sends detached
	server.Start()
	defer server.Close()
	_, session, _ := connect(server, "janus.plugin.echotest")
	server.Timeout(session.ID)
	_, timeout := (<-session.Events).(*janus.TimeoutMsg)
	fmt.Println("timeout:", timeout)
	// Output: timeout: true
}

// The client learns only from its next request that the session has gone.
func ExampleServer_Destroy() {
	server := janustest.NewServer()
	defer server.Close()
	_, session, _ := connect(server, "janus.plugin.echotest")
	server.Destroy(session.ID)
	_, err := session.KeepAlive(context.Background(), "")
	fmt.Println("no such session:", errors.Is(err, janus.ErrorSessionNotFound))
	// Output: no such session: true
}

func ExampleServer_Detach() {
	server := janustest.NewServer()
	defer server.Close()
	_, session, handle := connect(server, "janus.plugin.echotest")
	server.Detach(session.ID, handle.ID)
	_, detached := (<-handle.Events).(*janus.DetachedMsg)
	fmt.Println("detached:", detached)
	// Output: detached: true
}

// A client with Reconnect survives the loss of its connection.
func ExampleServer_Cut() {
	server := janustest.NewUnstartedServer()
	server.ReclaimTimeout = time.Minute
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{Reconnect: &janus.ReconnectOptions{}})
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	server.Cut()
	for event := range session.Events {
		fmt.Printf("%T\n", event)
		if _, back := event.(*janus.ReclaimedMsg); back {
			break
		}
	}
	// Output:
	// *janus.DisconnectedMsg
	// *janus.ReclaimedMsg
}

// One connection goes, the other stays.
func ExampleServer_CutSession() {
	server := janustest.NewServer()
	defer server.Close()
	_, lost, _ := connect(server, "janus.plugin.echotest")
	_, kept, _ := connect(server, "janus.plugin.echotest")
	if err := server.CutSession(lost.ID); err != nil {
		log.Fatal(err)
	}
	_, err := lost.KeepAlive(context.Background(), "")
	fmt.Println("lost:", err != nil)
	_, err = kept.KeepAlive(context.Background(), "")
	fmt.Println("kept:", err == nil)
	// Output:
	// lost: true
	// kept: true
}

// After a restart a client with Reconnect finds its session gone, and creates
// another.
func ExampleServer_Restart() {
	server := janustest.NewUnstartedServer()
	server.ReclaimTimeout = time.Minute
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{Reconnect: &janus.ReconnectOptions{}})
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	server.Restart()
	for range session.Events { // closed when the session has ended
	}
	_, err = session.KeepAlive(ctx, "")
	fmt.Println("no such session:", errors.Is(err, janus.ErrorSessionNotFound))
	_, err = gateway.Create(ctx, "")
	fmt.Println(err)
	// Output:
	// no such session: true
	// <nil>
}

func ExampleServer_Disconnect() {
	server := janustest.NewServer()
	defer server.Close()
	_, group, err := janus.Connect(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	server.Disconnect(websocket.StatusGoingAway, "maintenance")
	fmt.Println(websocket.CloseStatus(group.Wait()))
	// Output: StatusGoingAway
}

// A server that has stopped answering.
func ExampleServer_Stall() {
	server := janustest.NewServer()
	defer server.Close()
	gateway, _, _ := connect(server, "janus.plugin.echotest")
	server.Stall()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	fmt.Println("timed out:", errors.Is(gateway.Ping(ctx, ""), context.DeadlineExceeded))
	// Output: timed out: true
}

func ExampleServer_Resume() {
	server := janustest.NewServer()
	defer server.Close()
	gateway, _, _ := connect(server, "janus.plugin.echotest")
	server.Stall()
	time.AfterFunc(10*time.Millisecond, server.Resume)
	fmt.Println(gateway.Ping(context.Background(), ""))
	// Output: <nil>
}

// A frame that breaks the rules of the websocket protocol ends the connection.
func ExampleServer_Corrupt() {
	server := janustest.NewServer()
	defer server.Close()
	_, group, err := janus.Connect(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	server.Corrupt([]byte("this is not a websocket frame"))
	fmt.Println("failed:", group.Wait() != nil)
	// Output: failed: true
}

// A server that is overloaded for a while.
func ExampleServer_Refuse() {
	server := janustest.NewServer()
	defer server.Close()
	server.Refuse(http.StatusServiceUnavailable)
	_, _, err := janus.Connect(context.Background(), server.URL)
	fmt.Println("refused:", err != nil)
	server.Refuse(0)
	_, _, err = janus.Connect(context.Background(), server.URL)
	fmt.Println(err)
	// Output:
	// refused: true
	// <nil>
}
