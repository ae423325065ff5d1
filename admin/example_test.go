package admin_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// newServer starts a stand-in server with two sessions.
func newServer() *janustest.Server {
	server := janustest.NewUnstartedServer()
	server.AdminSecret = "janusoverlord"
	server.Tokens = []string{"a token"}
	server.Start()
	return server
}

// openSession opens a session with a handle of the EchoTest.
func openSession(ctx context.Context, server *janustest.Server) (*janus.Session, *janus.Handle, error) {
	gateway, _, err := janus.Connect(context.Background(), server.URL)
	if err != nil {
		return nil, nil, err
	}
	session, err := gateway.Create(ctx, "a token")
	if err != nil {
		return nil, nil, err
	}
	handle, err := session.Attach(ctx, "a token", "janus.plugin.echotest")
	return session, handle, err
}

// A report of everything that a server is doing.
func Example() {
	server := newServer() // stands for a real Janus
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, _, err := openSession(ctx, server); err != nil {
		fmt.Println(err)
		return
	}

	client, err := admin.Dial(ctx, server.AdminURL(), &admin.Options{Secret: "janusoverlord"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	sessions, err := client.ListSessions(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sessions:", len(sessions))
	for _, session := range sessions {
		handles, err := client.ListHandles(ctx, session)
		if errors.Is(err, janus.ErrorSessionNotFound) {
			continue // it has ended meanwhile
		}
		for _, handle := range handles {
			info, err := client.HandleInfo(ctx, session, handle)
			if err != nil {
				continue // it has ended meanwhile
			}
			fmt.Println(info.Plugin, "ready:", info.Flags.Ready)
			if pc := info.WebRTC; pc != nil {
				fmt.Println("ICE:", pc.ICE.State, "connected after", pc.ICE.Connected)
				for mid, medium := range pc.Media {
					fmt.Println(mid, medium.Codecs.Codec, medium.Stats.In.Bytes, "bytes received")
				}
			}
		}
	}
	// Output:
	// sessions: 1
	// janus.plugin.echotest ready: false
}

// Over HTTP the URL has the base path of the Admin API.
func ExampleDial() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()

	_, err := admin.Dial(ctx, server.AdminHTTPURL(), &admin.Options{Secret: "a guess"})
	fmt.Println(errors.Is(err, janus.ErrorUnauthorized))
	fmt.Println(err)
	// Output:
	// true
	// janus: get_status: error 403: Unauthorized request (wrong or missing secret/token)
}

// Rooms can be managed without a session.
func ExampleClient_Plugin() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()
	client, err := admin.Dial(ctx, server.AdminURL(), &admin.Options{Secret: "janusoverlord"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	rooms := videoroom.On(client.Plugin(videoroom.Name))
	if _, err := rooms.Create(ctx, videoroom.Create{Room: plugin.Num(42), Description: "standup"}); err != nil {
		fmt.Println(err)
		return
	}
	list, err := rooms.List(ctx, videoroom.List{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, room := range list.List {
		fmt.Println(room.Room, room.Description)
	}
	_, err = rooms.JoinPublisher(ctx, videoroom.JoinPublisher{Room: plugin.Num(42)})
	fmt.Println(errors.Is(err, videoroom.ErrorInvalidRequest)) // a join needs a handle
	// Output:
	// 1234 Demo Room
	// 5678 VP9-SVC Demo Room
	// 42 standup
	// true
}

// A server is drained before it is restarted: it takes no new sessions, and those
// that remain after a while are ended.
func ExampleClient_AcceptNewSessions() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()
	session, _, err := openSession(ctx, server)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := admin.Dial(ctx, server.AdminURL(), &admin.Options{Secret: "janusoverlord"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	if err := client.AcceptNewSessions(ctx, false); err != nil {
		fmt.Println(err)
		return
	}
	_, _, err = openSession(ctx, server)
	fmt.Println(errors.Is(err, janus.ErrorNotAcceptingSessions))

	remaining, err := client.ListSessions(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range remaining {
		if err := client.DestroySession(ctx, id); err != nil && !errors.Is(err, janus.ErrorSessionNotFound) {
			fmt.Println(err)
		}
	}
	_, err = session.KeepAlive(ctx, "a token")
	fmt.Println(errors.Is(err, janus.ErrSessionEnded))
	// Output:
	// true
	// true
}

// What a plugin says about a handle has a type for each plugin.
func ExampleHandleInfo_DecodePlugin() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()
	session, handle, err := openSession(ctx, server)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := admin.Dial(ctx, server.AdminURL(), &admin.Options{Secret: "janusoverlord"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	info, err := client.HandleInfo(ctx, session.ID, handle.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	var echo admin.EchoTestInfo
	if err := info.DecodePlugin(&echo); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("audio:", echo.AudioActive, "slow links:", echo.SlowLinkCount)
	// Output: audio: true slow links: 0
}

// Tokens are added and limited while the server runs.
func ExampleClient_AddToken() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()
	client, err := admin.Dial(ctx, server.AdminURL(), &admin.Options{Secret: "janusoverlord"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	plugins, err := client.AddToken(ctx, "another", "janus.plugin.echotest")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plugins)
	plugins, err = client.AllowToken(ctx, "another", "janus.plugin.videoroom")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plugins)
	fmt.Println(client.RemoveToken(ctx, "another"))
	// Output:
	// [janus.plugin.echotest]
	// [janus.plugin.echotest janus.plugin.videoroom]
	// <nil>
}

// Time limits of the server are durations.
func ExampleClient_SetSessionTimeout() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()
	session, _, err := openSession(ctx, server)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := admin.Dial(ctx, server.AdminURL(), &admin.Options{Secret: "janusoverlord"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	status, err := client.Status(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sessions live for", status.SessionTimeout)
	fmt.Println(client.SetSessionTimeout(ctx, session.ID, 2*time.Hour))
	fmt.Println(client.SetSessionTimeout(ctx, session.ID, admin.GlobalTimeout))
	// Output:
	// sessions live for 1m0s
	// <nil>
	// <nil>
}
