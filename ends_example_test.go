package janus_test

//lint:file-ignore SA1019 the client's API names this websocket module

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// These examples are of errors and of ends: of calls, handles, sessions and
// connections. setUp and check are in errgroup_example_test.go.

// A program can follow the connection, here for its health check.
func ExampleDialOptions_stateChanged() {
	states := make(chan janus.State, 10)
	_, server, handle, end := setUp("janus.plugin.echotest", &janus.DialOptions{
		Logger:       slog.New(slog.DiscardHandler),
		Reconnect:    &janus.ReconnectOptions{MinDelay: time.Millisecond},
		StateChanged: func(state janus.State, cause error) { states <- state },
	}, keepsSessions)
	defer end()
	fmt.Println(handle.Session().Gateway().State())

	server.Cut()
	fmt.Println(<-states)
	fmt.Println(<-states)
	// Output:
	// connected
	// reconnecting
	// connected
}

// Close ends what depends on the connection, but no sessions of the server.
// Calls made later fail, and say why.
func ExampleGateway_Close() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	session := handle.Session()

	fmt.Println(session.Gateway().Close(websocket.StatusNormalClosure, "back soon"))
	_, open := <-session.Events
	fmt.Println("open:", open)
	_, err := session.KeepAlive(ctx, "")
	fmt.Println(err)
	// Output:
	// <nil>
	// open: false
	// janus: keepalive: not sent: connection closed by the caller
}

// Shutdown leaves nothing on the server, which otherwise shows publishers to
// others until their sessions time out.
func ExampleGateway_Shutdown() {
	_, server, handle, end := setUp("janus.plugin.videoroom", nil)
	defer end()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := handle.Session().Gateway().Shutdown(ctx); err != nil {
		log.Print(err) // what could not be destroyed
	}
	fmt.Println(len(server.Sessions()), "sessions left")
	// Output: 0 sessions left
}

// An HTTP server joins the group. It ends with the connection, although it does
// not know of it, and its failure ends the connection.
func ExampleGateway_Done() {
	server := janustest.NewServer()
	defer server.Close()
	gateway, group, err := janus.Connect(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	web := &http.Server{ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-gateway.Done()
		return web.Shutdown(context.Background())
	})

	server.Disconnect(websocket.StatusGoingAway, "maintenance")
	fmt.Println(websocket.CloseStatus(group.Wait()))
	fmt.Println(errors.Is(gateway.Err(), janus.ErrClosed))
	// Output:
	// StatusGoingAway
	// true
}

// A closed Events channel ends a range loop. A select must ask whether the
// channel is open, or it would find nil for ever. Err says why it was closed.
func Example_eventsClosed() {
	_, server, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	server.Disconnect(websocket.StatusGoingAway, "maintenance")

	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case msg, ok := <-handle.Events:
			if !ok {
				<-handle.Done()
				fmt.Println(websocket.CloseStatus(handle.Err()))
				return
			}
			fmt.Printf("%T\n", msg)
		case <-ticker.C:
		}
	}
	// Output: StatusGoingAway
}

// A handle may be detached by somebody else: the plugin, an operator, or another
// client. A service that still needs it attaches another one.
func Example_detachedBySomebodyElse() {
	ctx, server, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	session := handle.Session()
	server.Detach(session.ID, handle.ID)

	<-handle.Done()
	if errors.Is(handle.Err(), janus.ErrHandleDetached) { // the session lives
		again, err := session.Attach(ctx, "", "janus.plugin.echotest")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("attached again:", again.ID != handle.ID)
	}
	// Output: attached again: true
}

// A session may time out although it is kept alive: the network was away for too
// long, or the interval is longer than the server's session_timeout. Its handles
// are gone, so a service starts over with a new session.
func Example_timedOut() {
	ctx, server, handle, end := setUp("janus.plugin.echotest", &janus.DialOptions{
		KeepAlive: 25 * time.Second,
		Logger:    slog.New(slog.DiscardHandler), // which would be told
	})
	defer end()
	session := handle.Session()
	server.Timeout(session.ID)

	<-session.Done()
	if errors.Is(session.Err(), janus.ErrSessionEnded) { // the connection lives
		_, err := session.Gateway().Create(ctx, "")
		fmt.Println("a new session:", err)
	}
	// Output: a new session: <nil>
}

// The three kinds of failure: of Janus, of a plugin, and of what the call needs.
func Example_errors() {
	ctx, server, room, end := setUp("janus.plugin.videoroom", nil)
	defer end()
	session := room.Session()

	// An error of Janus is the error of the call.
	_, err := session.Attach(ctx, "", "janus.plugin.nosuch")
	var refused *janus.ErrorMsg
	if errors.As(err, &refused) {
		fmt.Println("Janus:", refused.Err.Code, refused.Err.Reason)
	}
	fmt.Println("by its code:", errors.Is(err, janus.ErrorPluginNotFound))

	// An error of a plugin is in the answer; Handle.Call returns it instead.
	answer, err := room.Message(ctx, "", map[string]any{"request": "join", "ptype": "publisher", "room": 9}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("plugin:", answer.Plugindata.Err())

	// A session that ended.
	server.Destroy(session.ID)
	_, err = session.KeepAlive(ctx, "")
	fmt.Println("no session:", errors.Is(err, janus.ErrSessionEnded))

	// A connection that ended.
	server.Cut()
	<-session.Gateway().Done()
	_, err = session.Gateway().Create(ctx, "")
	fmt.Println("no connection:", errors.Is(err, janus.ErrClosed))
	// Output:
	// Janus: 460 No such plugin 'janus.plugin.nosuch'
	// by its code: true
	// plugin: janus.plugin.videoroom: error 426: No such room (9)
	// no session: true
	// no connection: true
}

// The end of a caller's context ends that call and nothing else.
func Example_contexts() {
	mute := func(*janustest.Request) {} // never answers
	ctx, _, handle, end := setUp("janus.plugin.mute", nil,
		func(server *janustest.Server) { server.Handle("janus.plugin.mute", janustest.PluginFunc(mute)) })
	defer end()

	brief, done := context.WithTimeout(ctx, 10*time.Millisecond)
	defer done()
	_, err := handle.Message(brief, "", map[string]any{"hello": "?"}, nil)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	_, err = handle.Session().KeepAlive(ctx, "") // the connection is unharmed
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

// reconnecting restores a lost connection.
var reconnecting = &janus.DialOptions{
	KeepAlive: 25 * time.Second,
	Logger:    slog.New(slog.DiscardHandler), // which would be told of the loss
	Reconnect: &janus.ReconnectOptions{MinDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond, GiveUpAfter: time.Minute},
}

// A lost connection is restored, and the session with it. Session.Events tells
// between which messages events may be missing.
func ExampleReconnectOptions() {
	ctx, server, handle, end := setUp("janus.plugin.echotest", reconnecting, keepsSessions)
	defer end()
	session := handle.Session()

	server.Cut()
	lost := (<-session.Events).(*janus.DisconnectedMsg)
	fmt.Println("lost, with a cause:", lost.Err != nil)
	_ = (<-session.Events).(*janus.ReclaimedMsg)
	fmt.Println("back: now ask the plugin for its state")
	answer, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same handle:", answer.Plugindata.Data["result"])
	// Output:
	// lost, with a cause: true
	// back: now ask the plugin for its state
	// the same handle: ok
}

// A request that was not sent may be repeated without a second thought.
func Example_notSent() {
	_, server, handle, end := setUp("janus.plugin.echotest", reconnecting, keepsSessions)
	defer end()
	server.Refuse(http.StatusServiceUnavailable)
	server.Cut()
	<-handle.Session().Events // *DisconnectedMsg

	for {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		_, err := handle.Call(ctx, map[string]any{"audio": true}, nil)
		cancel()
		if !errors.Is(err, janus.ErrNotSent) || errors.Is(err, janus.ErrClosed) {
			fmt.Println(err)
			break
		}
		fmt.Println("not sent, as there is no connection:", errors.Is(err, janus.ErrDisconnected))
		server.Refuse(0) // it recovers
	}
	// Output:
	// not sent, as there is no connection: true
	// <nil>
}

// A request that was sent before the connection was lost may or may not have
// been carried out. Only the application knows how to find out.
func Example_disconnected() {
	var server *janustest.Server
	crash := func(*janustest.Request) { server.Cut() }
	ctx, server, handle, end := setUp("janus.plugin.videoroom", reconnecting, keepsSessions)
	defer end()
	server.Handle("janus.plugin.crash", janustest.PluginFunc(crash))
	fragile, err := handle.Session().Attach(ctx, "", "janus.plugin.crash")
	if err != nil {
		log.Fatal(err)
	}

	_, err = fragile.Call(ctx, map[string]any{"request": "create"}, nil)
	if errors.Is(err, janus.ErrDisconnected) && !errors.Is(err, janus.ErrNotSent) {
		reply, err := handle.Request(ctx, "", map[string]any{"request": "exists", "room": 1234})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("carried out:", reply.PluginData.Data["exists"])
	}
	// Output: carried out: true
}

// The server ends a session that nothing was sent for.
func ExampleTimeoutMsg() {
	ctx, server, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	session := handle.Session()
	server.Timeout(session.ID)
	for event := range session.Events {
		fmt.Printf("%T\n", event)
	}
	_, err := session.Attach(ctx, "", "janus.plugin.echotest")
	fmt.Println(errors.Is(err, janus.ErrSessionEnded))
	// Output:
	// *janus.TimeoutMsg
	// true
}
