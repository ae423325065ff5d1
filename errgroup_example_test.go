package janus_test

//lint:file-ignore SA1019 the client's API names this websocket module

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"nhooyr.io/websocket"
)

// A conversation with the EchoTest plugin, from Connect to Wait.
func Example() {
	server := janustest.NewServer() // stands in for a real Janus
	defer server.Close()
	ctx := context.Background()

	gateway, group, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	handle, err := session.Attach(ctx, "", "janus.plugin.echotest")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the plugin says", answer.Plugindata.Data["result"])

	if err := gateway.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	if err := group.Wait(); err != nil {
		log.Fatal(err)
	}
	// Output: the plugin says ok
}

// The other examples leave out what is not their subject. Their setUp starts a
// server, connects and attaches a handle, as above, and end calls Shutdown.

// setUp starts a server, connects to it and attaches a handle to a plugin. set,
// if given, changes the server before it starts. end undoes all of it.
func setUp(plugin string, opts *janus.DialOptions, set ...func(*janustest.Server)) (ctx context.Context, server *janustest.Server, handle *janus.Handle, end func()) {
	ctx = context.Background()
	server = janustest.NewUnstartedServer()
	for _, change := range set {
		change(server)
	}
	server.Start()
	gateway, _, err := janus.Dial(ctx, server.URL, opts)
	check(err)
	session, err := gateway.Create(ctx, "")
	check(err)
	handle, err = session.Attach(ctx, "", plugin)
	check(err)
	return ctx, server, handle, func() {
		check(gateway.Shutdown(ctx))
		server.Close()
	}
}

// check ends the program if there is an error.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// keepsSessions makes a server keep the sessions of a connection that is lost,
// as reclaim_session_timeout does for a real Janus.
func keepsSessions(server *janustest.Server) { server.ReclaimTimeout = time.Minute }

// watch returns the requests of one kind that the server receives from now on.
func watch(server *janustest.Server, kind string) <-chan json.RawMessage {
	requests := make(chan json.RawMessage, 1)
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var request janus.BaseMsg
		if json.Unmarshal(frame, &request) == nil && request.Type == kind {
			select {
			case requests <- frame:
			default: // one is enough
			}
		}
		return false
	})
	return requests
}

// The group joins the goroutines of the connection, and those of the
// application that depend on it. Wait returns the first error of any of them.
func ExampleConnect() {
	server := janustest.NewServer()
	defer server.Close()
	ctx := context.Background()

	gateway, group, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	group.Go(func() error {
		for event := range session.Events {
			fmt.Printf("%T\n", event)
		}
		return nil // the channel is closed when the connection ends
	})

	server.Disconnect(websocket.StatusGoingAway, "maintenance")
	err = group.Wait()
	fmt.Println(websocket.CloseStatus(err))
	// Output: StatusGoingAway
}

// WaitForGroup is for programs that wait before they exit.
func ExampleWaitForGroup() {
	server := janustest.NewServer()
	defer server.Close()
	gateway, group, err := janus.Connect(context.Background(), server.URL)
	if err != nil {
		log.Fatal(err)
	}
	if err := gateway.Close(websocket.StatusNormalClosure, ""); err != nil {
		log.Fatal(err)
	}
	if err := janus.WaitForGroup(group); err != nil {
		os.Exit(1) // WaitForGroup has written why to stderr
	}
	fmt.Println("closed on purpose: no error")
	// Output: closed on purpose: no error
}

// Every option has a default; most programs set a few of them.
func ExampleDial() {
	server := janustest.NewUnstartedServer()
	server.APISecret = "janusrocks"
	server.Start()
	defer server.Close()
	ctx := context.Background()

	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{
		APISecret:      "janusrocks",
		KeepAlive:      25 * time.Second,
		RequestTimeout: 3 * time.Second, // of calls whose context has no deadline
		EventBacklog:   10_000,
		Logger:         slog.Default().With("server", "media-1"),
	})
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	fmt.Println(session != nil, err)
	fmt.Println(gateway.Shutdown(ctx))
	// Output:
	// true <nil>
	// <nil>
}

// DialTimeout bounds the dial. The context of Dial would bound the life of the
// connection as well.
func ExampleDialOptions_dialTimeout() {
	server := janustest.NewServer()
	defer server.Close()
	server.Stall() // it accepts connections and says nothing
	defer server.Resume()

	_, _, err := janus.Dial(context.Background(), server.URL, &janus.DialOptions{
		DialTimeout: 10 * time.Millisecond, // in production: a few seconds
	})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// With KeepAlive the Gateway keeps all its sessions alive, without a goroutine
// for each.
func ExampleDialOptions_keepAlive() {
	_, server, _, end := setUp("janus.plugin.echotest", &janus.DialOptions{
		KeepAlive: 10 * time.Millisecond, // in production: 25 * time.Second
	})
	defer end()
	<-watch(server, "keepalive")
	fmt.Println("kept alive")
	// Output: kept alive
}

// Tokens that expire: TokenSource supplies the one that is valid now to all
// requests that are made without one.
func ExampleDialOptions_tokenSource() {
	_, server, _, end := setUp("janus.plugin.echotest", &janus.DialOptions{
		KeepAlive: 10 * time.Millisecond,
		TokenSource: func(ctx context.Context, sessionID uint64) (string, error) {
			return "of this evening", nil // or ask whoever issues them
		},
	}, func(server *janustest.Server) { server.Tokens = []string{"of this evening"} })
	defer end()

	var request struct{ Token string }
	if err := json.Unmarshal(<-watch(server, "keepalive"), &request); err != nil {
		log.Fatal(err)
	}
	fmt.Println("kept alive with the token", request.Token)
	// Output: kept alive with the token of this evening
}

// Messages that belong to nobody are logged. Secrets are masked.
func ExampleDialOptions_logger() {
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	ctx, server, handle, end := setUp("janus.plugin.echotest", &janus.DialOptions{
		Logger: slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
	})
	defer end()
	server.Broadcast(`{"janus":"webrtcup","session_id":17,"sender":4,"token":"abc"}`)
	if err := handle.Session().Gateway().Ping(ctx, ""); err != nil { // answered after the broadcast
		log.Fatal(err)
	}
	// Output: level=WARN msg="janus: message for nobody" type=webrtcup session=17 handle=4 frame="{\"janus\":\"webrtcup\",\"session_id\":17,\"sender\":4,\"token\":\"***\"}"
}

// A server whose certificate comes from an authority of one's own.
// Certificates are always verified.
func Example_tls() {
	server := janustest.NewTLSServer()
	defer server.Close()
	ctx := context.Background()

	roots := x509.NewCertPool() // usually filled with AppendCertsFromPEM
	roots.AddCert(server.Certificate())
	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{
			Proxy:           http.ProxyFromEnvironment,
			TLSClientConfig: &tls.Config{RootCAs: roots},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gateway.Ping(ctx, ""))
	fmt.Println(gateway.Shutdown(ctx))

	_, _, err = janus.Connect(ctx, server.URL)
	var unknown x509.UnknownAuthorityError
	fmt.Println("without these roots:", errors.As(err, &unknown))
	// Output:
	// <nil>
	// <nil>
	// without these roots: true
}

// The maps of sessions and handles are read under the locks beside them.
func ExampleGateway() {
	_, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	gateway := handle.Session().Gateway()

	gateway.Lock()
	fmt.Println(len(gateway.Sessions), "session")
	gateway.Unlock()
	// Output: 1 session
}

func ExampleGateway_Info() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()

	info, err := handle.Session().Gateway().Info(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name, info.VersionString)
	fmt.Println("a session times out after", time.Duration(info.SessionTimeout)*time.Second)
	fmt.Println(info.Plugins["janus.plugin.echotest"].Name)
	// Output:
	// Janus WebRTC Server 1.1.2
	// a session times out after 1m0s
	// JANUS EchoTest plugin
}

func ExampleGateway_Ping() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	fmt.Println(handle.Session().Gateway().Ping(ctx, ""))
	// Output: <nil>
}

func ExampleGateway_Create() {
	ctx, server, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	gateway := handle.Session().Gateway()

	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gateway.Sessions[session.ID] == session, len(server.Sessions()))
	// Output: true 2
}

// The application chooses the id.
func ExampleGateway_CreateWith() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	gateway := handle.Session().Gateway()

	session, err := gateway.CreateWith(ctx, "", janus.CreateOptions{ID: 4711})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.ID)
	_, err = gateway.CreateWith(ctx, "", janus.CreateOptions{ID: 4711})
	fmt.Println("in use:", errors.Is(err, janus.ErrorSessionConflict))
	// Output:
	// 4711
	// in use: true
}

// A program that was restarted takes back the session and the handle that it
// had, if it has kept their ids. The server must be set up to wait for it, with
// a reclaim_session_timeout.
func ExampleGateway_Claim() {
	ctx, server, old, end := setUp("janus.plugin.echotest", nil, keepsSessions)
	defer end()
	sessionID, handleID := old.Session().ID, old.ID
	server.Cut() // the program ends

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Claim(ctx, "", sessionID)
	if err != nil {
		log.Fatal(err)
	}
	handle := session.Adopt(handleID)
	answer, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the call goes on:", answer.Plugindata.Data["result"])

	_, err = gateway.Claim(ctx, "", 1)
	fmt.Println(err)
	fmt.Println(gateway.Shutdown(ctx))
	// Output:
	// the call goes on: ok
	// janus: claim: error 458: No such session 1
	// <nil>
}

func ExampleSession_Attach() {
	ctx, _, first, end := setUp("janus.plugin.echotest", nil)
	defer end()
	session := first.Session()

	handle, err := session.Attach(ctx, "", "janus.plugin.videoroom")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Handles[handle.ID] == handle)

	_, err = session.Attach(ctx, "", "janus.plugin.nosuch")
	fmt.Println(err)
	// Output:
	// true
	// janus: attach: error 460: No such plugin 'janus.plugin.nosuch'
}

// An opaque id links a handle to what the application knows, in Janus's event
// handlers and, with opaqueid_in_api, in every event.
func ExampleSession_AttachWith() {
	ctx, _, first, end := setUp("janus.plugin.echotest", nil, func(server *janustest.Server) { server.OpaqueIDInAPI = true })
	defer end()

	handle, err := first.Session().AttachWith(ctx, "", janus.AttachOptions{
		Plugin:   "janus.plugin.echotest",
		OpaqueID: "user-42",
	})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.OpaqueID)
	// Output: user-42
}

// Messages of a handle that this Gateway does not know are sent on
// Session.Events, and after Adopt on the handle's own.
func ExampleSession_Adopt() {
	ctx, server, old, end := setUp("janus.plugin.echotest", nil, keepsSessions)
	defer end()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Claim(ctx, "", old.Session().ID)
	if err != nil {
		log.Fatal(err)
	}
	check(server.Notify(session.ID, old.ID, map[string]any{"n": 1}, nil))
	event := (<-session.Events).(*janus.EventMsg)
	handle := session.Adopt(event.Handle)
	check(server.Notify(session.ID, old.ID, map[string]any{"n": 2}, nil))
	adopted := (<-handle.Events).(*janus.EventMsg)
	fmt.Println(event.Plugindata.Data["n"], adopted.Plugindata.Data["n"])
	fmt.Println(gateway.Shutdown(ctx))
	// Output:
	// 1 2
	// <nil>
}

func ExampleSession_KeepAlive() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	_, err := handle.Session().KeepAlive(ctx, "")
	fmt.Println(err)
	// Output: <nil>
}

// KeepAliveSender runs in the group, so that its failure is one of the
// connection's. With a context of its own it can be ended before the session,
// which is no failure. DialOptions.KeepAlive is simpler.
func ExampleSession_KeepAliveSender() {
	server := janustest.NewServer()
	defer server.Close()
	ctx := context.Background()

	gateway, group, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	alive, stop := context.WithCancel(ctx)
	stopped := make(chan struct{})
	group.Go(func() error {
		defer close(stopped)
		if err := session.KeepAliveSender(alive); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})

	// ... the session is used ...

	stop()
	<-stopped
	if err := gateway.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(group.Wait())
	// Output: <nil>
}

// Destroy ends the session and its handles.
func ExampleSession_Destroy() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()

	if _, err := handle.Session().Destroy(ctx, ""); err != nil {
		log.Fatal(err)
	}
	for range handle.Events { // a real Janus may send the last ones only now
	}
	_, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	fmt.Println(errors.Is(err, janus.ErrSessionEnded))
	// Output: true
}

// offer stands for what a browser or Pion makes.
const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n"

// Message takes an offer and returns the plugin's answer. Decode reads the
// plugin's data into a struct; Err is the plugin's own error.
func ExampleHandle_Message() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()

	jsep := map[string]any{"type": "offer", "sdp": offer} // or a webrtc.SessionDescription
	answer, err := handle.Message(ctx, "", map[string]any{"audio": true}, jsep)
	if err != nil {
		log.Fatal(err) // Janus refused the request, or the connection ended
	}
	if err := answer.Plugindata.Err(); err != nil {
		log.Fatal(err) // the plugin refused it
	}
	var data struct{ Result string }
	if err := answer.Plugindata.Decode(&data); err != nil {
		log.Fatal(err)
	}
	fmt.Println(data.Result, answer.Jsep["type"])
	// Output: ok answer
}

// Call returns the error of a plugin as its own.
func ExampleHandle_Call() {
	ctx, _, handle, end := setUp("janus.plugin.videoroom", nil)
	defer end()

	const noSuchRoom = 426 // of the VideoRoom
	_, err := handle.Call(ctx, map[string]any{"request": "join", "ptype": "publisher", "room": 9}, nil)
	var refused *janus.PluginError
	if errors.As(err, &refused) && refused.Code == noSuchRoom {
		fmt.Println(refused.Reason)
	}
	// Output: No such room (9)
}

// JSEP is an offer or an answer with what Janus adds to it.
func ExampleEventMsg_JSEP() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()

	noTrickle := false // all candidates are in the SDP
	jsep := &janus.JSEP{Type: "offer", SDP: offer, Trickle: &noTrickle}
	event, err := handle.Call(ctx, map[string]any{"audio": true}, jsep)
	if err != nil {
		log.Fatal(err)
	}
	if answer := event.JSEP(); answer != nil {
		fmt.Println(answer.Type, answer.SDP[:3])
	}
	// Output: answer v=0
}

// Request is for what a plugin answers at once. The body may be a struct.
func ExampleHandle_Request() {
	ctx, _, handle, end := setUp("janus.plugin.videoroom", nil)
	defer end()

	type exists struct {
		Request string `json:"request"`
		Room    uint64 `json:"room"`
	}
	reply, err := handle.Request(ctx, "", exists{"exists", 1234})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.PluginData.Data["exists"])
	// Output: true
}

// Candidates are sent to Janus as they are found. Pion's ICECandidateInit serves
// as well as the struct here.
func ExampleHandle_Trickle() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()

	mid := "0"
	_, err := handle.Trickle(ctx, "", janus.ICECandidate{
		Candidate: "candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host",
		SDPMid:    &mid,
	})
	fmt.Println(err)
	// Output: <nil>
}

// When all candidates have been sent, Janus is told so.
func ExampleHandle_TrickleCompleted() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	_, err := handle.TrickleCompleted(ctx, "")
	fmt.Println(err)
	// Output: <nil>
}

func ExampleHandle_TrickleMany() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()

	mid := "0"
	_, err := handle.TrickleMany(ctx, "", []janus.ICECandidate{
		{Candidate: "candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host", SDPMid: &mid},
		{Candidate: "candidate:2 1 udp 1694498815 203.0.113.7 50001 typ srflx raddr 192.0.2.1 rport 50000", SDPMid: &mid},
	})
	fmt.Println(err)
	// Output: <nil>
}

// Hangup closes the PeerConnection. The handle stays attached.
func ExampleHandle_Hangup() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()

	if _, err := handle.Hangup(ctx, ""); err != nil {
		log.Fatal(err)
	}
	_, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	fmt.Println(err)
	// Output: <nil>
}

// Detach returns when the server has answered; Events is closed after the last
// message.
func ExampleHandle_Detach() {
	ctx, _, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()

	if _, err := handle.Detach(ctx, ""); err != nil {
		log.Fatal(err)
	}
	for event := range handle.Events {
		fmt.Printf("%T\n", event)
	}
	_, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	fmt.Println(errors.Is(err, janus.ErrHandleDetached))
	// Output:
	// *janus.DetachedMsg
	// true
}

// A loop over Events and a switch over the types that matter to the
// application.
func Example_events() {
	_, server, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	session := handle.Session()

	// A real Janus sends these by itself, this server when it is asked to.
	for _, frame := range []string{
		`{"janus":"webrtcup","session_id":%d,"sender":%d}`,
		`{"janus":"media","session_id":%d,"sender":%d,"mid":"0","type":"audio","receiving":true}`,
		`{"janus":"slowlink","session_id":%d,"sender":%d,"mid":"0","media":"audio","uplink":true,"lost":7}`,
		`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"janus.plugin.echotest","data":{"result":"done"}}}`,
		`{"janus":"hangup","session_id":%d,"sender":%d,"reason":"DTLS alert"}`,
	} {
		check(server.Send(session.ID, fmt.Sprintf(frame, session.ID, handle.ID)))
	}
	server.Detach(session.ID, handle.ID)

	for event := range handle.Events {
		switch event := event.(type) {
		case *janus.EventMsg:
			fmt.Println("the plugin:", event.Plugindata.Data["result"])
		case *janus.WebRTCUpMsg:
			fmt.Println("connected")
		case *janus.MediaMsg:
			fmt.Println(event.Type, "arrives at Janus:", event.Receiving)
		case *janus.SlowLinkMsg:
			fmt.Println("packets lost:", event.Lost)
		case *janus.HangupMsg:
			fmt.Println("hung up:", event.Reason)
		case *janus.OverflowMsg:
			fmt.Println("read too late:", event.Dropped, "messages were dropped here")
		default:
			fmt.Printf("%T\n", event)
		}
	}
	fmt.Println("closed")
	// Output:
	// connected
	// audio arrives at Janus: true
	// packets lost: 7
	// the plugin: done
	// hung up: DTLS alert
	// *janus.DetachedMsg
	// closed
}

// An id of 64 bits, which float64 cannot hold.
func ExamplePluginData_Decode() {
	_, server, handle, end := setUp("janus.plugin.videoroom", nil)
	defer end()
	data := map[string]any{"videoroom": "event", "leaving": uint64(9007199254740993)}
	check(server.Notify(handle.Session().ID, handle.ID, data, nil))
	event := (<-handle.Events).(*janus.EventMsg)

	var left struct{ Leaving uint64 }
	if err := event.Plugindata.Decode(&left); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Data:   %.0f\n", event.Plugindata.Data["leaving"])
	fmt.Printf("Decode: %d\n", left.Leaving)
	// Output:
	// Data:   9007199254740992
	// Decode: 9007199254740993
}

// Raw is the data as it was received, for other decoders.
func ExamplePluginData_Raw() {
	ctx, _, handle, end := setUp("janus.plugin.videoroom", nil)
	defer end()
	reply, err := handle.Request(ctx, "", map[string]any{"request": "exists", "room": 1234})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(reply.PluginData.Raw()))
	// Output: {"videoroom":"success","room":1234,"exists":true}
}

// What is printed does not show the secrets and PINs of rooms.
func ExamplePluginData_String() {
	_, server, handle, end := setUp("janus.plugin.videoroom", nil)
	defer end()
	check(server.Notify(handle.Session().ID, handle.ID, map[string]any{"pin": "1234"}, nil))
	event := (<-handle.Events).(*janus.EventMsg)
	fmt.Println(event.Plugindata)
	// Output: janus.plugin.videoroom {"pin":"***"}
}

// Errors of a plugin, told apart by the plugin's own codes.
func ExamplePluginData_Err() {
	ctx, _, handle, end := setUp("janus.plugin.videoroom", nil)
	defer end()
	reply, err := handle.Request(ctx, "", map[string]any{"request": "create", "room": 1234})
	if err != nil {
		log.Fatal(err)
	}
	const roomExists = 427 // of the VideoRoom
	var failure *janus.PluginError
	if errors.As(reply.PluginData.Err(), &failure) && failure.Code == roomExists {
		fmt.Println("there already:", failure.Reason)
	}
	// Output: there already: Room 1234 already exists
}

// A reader that falls too far behind loses the oldest messages. An *OverflowMsg
// in their place says how many.
func ExampleOverflowMsg() {
	ctx, server, handle, end := setUp("janus.plugin.echotest", &janus.DialOptions{EventBacklog: 10})
	defer end()
	session := handle.Session()
	for n := range 100 {
		check(server.Notify(session.ID, handle.ID, map[string]any{"n": n}, nil))
	}
	check(session.Gateway().Ping(ctx, "")) // answered after the events
	server.Detach(session.ID, handle.ID)

	delivered, dropped := 0, 0
	for event := range handle.Events {
		switch event := event.(type) {
		case *janus.EventMsg:
			delivered++
		case *janus.OverflowMsg:
			dropped += event.Dropped
		}
	}
	fmt.Println(dropped > 0, delivered+dropped)
	// Output: true 100
}

// A server set up for full trickle sends its candidates one by one. The
// conversion webrtc.ICECandidateInit(msg.Candidate) gives Pion what it wants.
func ExampleTrickleMsg() {
	_, server, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	session := handle.Session()
	for _, candidate := range []string{
		`{"sdpMid":"0","sdpMLineIndex":0,"candidate":"candidate:1 1 udp 2015363327 192.0.2.9 10000 typ host"}`,
		`{"completed":true}`,
	} {
		const frame = `{"janus":"trickle","session_id":%d,"sender":%d,"candidate":%s}`
		check(server.Send(session.ID, fmt.Sprintf(frame, session.ID, handle.ID, candidate)))
	}

	for {
		msg := (<-handle.Events).(*janus.TrickleMsg)
		if msg.Completed {
			fmt.Println("no more candidates")
			break
		}
		fmt.Println(*msg.Candidate.SDPMid, msg.Candidate.Candidate)
	}
	// Output:
	// 0 candidate:1 1 udp 2015363327 192.0.2.9 10000 typ host
	// no more candidates
}

// What a future Janus may send arrives as it is.
func ExampleUnknownMsg() {
	_, server, handle, end := setUp("janus.plugin.echotest", nil)
	defer end()
	session := handle.Session()
	frame := fmt.Sprintf(`{"janus":"novelty","session_id":%d,"value":1}`, session.ID)
	check(server.Send(session.ID, frame))
	msg := (<-session.Events).(*janus.UnknownMsg)
	fmt.Println(msg.Type, string(msg.Raw) == frame)
	// Output: novelty true
}

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
