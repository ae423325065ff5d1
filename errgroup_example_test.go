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
	"net/http"
	"os"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// A conversation with the EchoTest plugin, from Connect to Wait. The other
// examples leave out what is not their subject: there, the end of ctx closes
// the connection.
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

	if _, err := session.Destroy(ctx, ""); err != nil {
		log.Fatal(err)
	}
	if err := gateway.Close(websocket.StatusNormalClosure, "done"); err != nil {
		log.Fatal(err)
	}
	if err := group.Wait(); err != nil {
		log.Fatal(err)
	}
	// Output: the plugin says ok
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

// WaitForGroup is for programs whose last act is to wait.
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
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{
		APISecret:      "janusrocks",
		HTTPClient:     &http.Client{Timeout: 5 * time.Second}, // of the handshake
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
	// Output: true <nil>
}

// With KeepAlive the Gateway keeps all its sessions alive, without a goroutine
// for each.
func ExampleDialOptions_keepAlive() {
	server := janustest.NewServer()
	defer server.Close()
	keptAlive := make(chan bool, 1)
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var request janus.BaseMsg
		if json.Unmarshal(frame, &request) == nil && request.Type == "keepalive" {
			select {
			case keptAlive <- true:
			default: // one is enough
			}
		}
		return false
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{
		KeepAlive: 10 * time.Millisecond, // in production: 25 * time.Second
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := gateway.Create(ctx, ""); err != nil {
		log.Fatal(err)
	}
	fmt.Println("kept alive:", <-keptAlive)
	// Output: kept alive: true
}

// Tokens that expire: TokenSource gives the one that is valid now to the
// requests that the Gateway makes by itself. Calls have theirs as a parameter.
func ExampleDialOptions_tokenSource() {
	server := janustest.NewUnstartedServer()
	server.Tokens = []string{"of this morning", "of this evening"}
	server.Start()
	defer server.Close()
	tokens := make(chan string, 100)
	server.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		var request struct{ Janus, Token string }
		if json.Unmarshal(frame, &request) == nil && request.Janus == "keepalive" {
			select {
			case tokens <- request.Token:
			default:
			}
		}
		return false
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{
		KeepAlive: 10 * time.Millisecond,
		TokenSource: func(ctx context.Context, sessionID uint64) (string, error) {
			return "of this evening", nil // or ask whoever issues them
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := gateway.Create(ctx, "of this morning"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("kept alive with the token", <-tokens)
	// Output: kept alive with the token of this evening
}

// What nobody is there to receive is logged. Secrets are masked.
func ExampleDialOptions_logger() {
	server := janustest.NewServer()
	defer server.Close()
	ctx := context.Background()

	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	gateway, group, err := janus.Dial(ctx, server.URL, &janus.DialOptions{Logger: logger})
	if err != nil {
		log.Fatal(err)
	}
	server.Broadcast(`{"janus":"webrtcup","session_id":17,"sender":4,"token":"abc"}`)
	if err := gateway.Ping(ctx, ""); err != nil { // answered behind the broadcast
		log.Fatal(err)
	}
	if err := gateway.Close(websocket.StatusNormalClosure, ""); err != nil {
		log.Fatal(err)
	}
	if err := group.Wait(); err != nil {
		log.Fatal(err)
	}
	// Output: level=WARN msg="janus: message for nobody" type=webrtcup session=17 handle=4 frame="{\"janus\":\"webrtcup\",\"session_id\":17,\"sender\":4,\"token\":\"***\"}"
}

// A server whose certificate comes from an authority of one's own.
// Certificates are always verified.
func Example_tls() {
	server := janustest.NewTLSServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

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

	_, _, err = janus.Connect(ctx, server.URL)
	var unknown x509.UnknownAuthorityError
	fmt.Println("without these roots:", errors.As(err, &unknown))
	// Output:
	// <nil>
	// without these roots: true
}

// The maps of sessions and handles are read under the locks beside them.
func ExampleGateway() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		if _, err := gateway.Create(ctx, ""); err != nil {
			log.Fatal(err)
		}
	}
	gateway.Lock()
	fmt.Println(len(gateway.Sessions), "sessions")
	gateway.Unlock()
	// Output: 3 sessions
}

func ExampleGateway_Info() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	info, err := gateway.Info(ctx, "")
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
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(gateway.Ping(ctx, ""))
	// Output: <nil>
}

func ExampleGateway_Create() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Sessions()[0] == session.ID)
	// Output: true
}

// An id of the application's own choice.
func ExampleGateway_CreateWith() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
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
	server := janustest.NewUnstartedServer()
	server.ReclaimTimeout = time.Minute
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	before, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	old, err := before.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	call, err := old.Attach(ctx, "", "janus.plugin.echotest")
	if err != nil {
		log.Fatal(err)
	}
	sessionID, handleID := old.ID, call.ID
	server.Cut() // the program ends

	after, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := after.Claim(ctx, "", sessionID)
	if err != nil {
		log.Fatal(err)
	}
	handle := session.Adopt(handleID)
	answer, err := handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the call goes on:", answer.Plugindata.Data["result"])

	_, err = after.Claim(ctx, "", 1)
	fmt.Println(err)
	// Output:
	// the call goes on: ok
	// janus: claim: error 458: No such session 1
}

// Close ends what depends on the connection. Calls made later fail, and say
// why.
func ExampleGateway_Close() {
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
	fmt.Println(gateway.Close(websocket.StatusNormalClosure, "shutting down"))
	fmt.Println(group.Wait())
	_, open := <-session.Events
	fmt.Println("open:", open)
	_, err = session.KeepAlive(ctx, "")
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// open: false
	// janus: keepalive: not sent: connection closed by the caller
}

func ExampleSession_Attach() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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
	server := janustest.NewUnstartedServer()
	server.OpaqueIDInAPI = true
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	handle, err := session.AttachWith(ctx, "", janus.AttachOptions{
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

// Messages of a handle that this Gateway does not know come on Session.Events.
// After Adopt they come on the handle's own.
func ExampleSession_Adopt() {
	server := janustest.NewUnstartedServer()
	server.ReclaimTimeout = time.Minute
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	before, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	old, err := before.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	call, err := old.Attach(ctx, "", "janus.plugin.echotest")
	if err != nil {
		log.Fatal(err)
	}

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Claim(ctx, "", old.ID)
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Notify(session.ID, call.ID, map[string]any{"n": 1}, nil); err != nil {
		log.Fatal(err)
	}
	event := (<-session.Events).(*janus.EventMsg)
	handle := session.Adopt(event.Handle)
	if err := server.Notify(session.ID, call.ID, map[string]any{"n": 2}, nil); err != nil {
		log.Fatal(err)
	}
	adopted := (<-handle.Events).(*janus.EventMsg)
	fmt.Println(event.Plugindata.Data["n"], adopted.Plugindata.Data["n"])
	// Output: 1 2
}

func ExampleSession_KeepAlive() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	_, err = session.KeepAlive(ctx, "")
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
	if err := gateway.Close(websocket.StatusNormalClosure, ""); err != nil {
		log.Fatal(err)
	}
	fmt.Println(group.Wait())
	// Output: <nil>
}

// Destroy ends the session and its handles.
func ExampleSession_Destroy() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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
	if _, err := session.Destroy(ctx, ""); err != nil {
		log.Fatal(err)
	}
	for range handle.Events { // a real Janus may send the last ones only now
	}
	_, err = handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	fmt.Println(errors.Is(err, janus.ErrSessionEnded))
	// Output: true
}

// Message takes an offer and returns the plugin's answer. Decode reads the
// plugin's data into a struct; Err is the plugin's own failure.
func ExampleHandle_Message() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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

	// A real offer comes from a browser or from Pion; webrtc.SessionDescription
	// is marshalled to the same form.
	offer := map[string]any{
		"type": "offer",
		"sdp": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
			"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n",
	}
	answer, err := handle.Message(ctx, "", map[string]any{"audio": true}, offer)
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

// Request is for what a plugin answers at once. The body may be a struct.
func ExampleHandle_Request() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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

// Candidates go to Janus as they are found, the end of them last. Pion's
// ICECandidateInit serves as well as the struct here.
func ExampleHandle_Trickle() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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
	mid := "0"
	candidate := janus.ICECandidate{
		Candidate: "candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host",
		SDPMid:    &mid,
	}
	_, err = handle.Trickle(ctx, "", candidate)
	fmt.Println(err)
	_, err = handle.Trickle(ctx, "", map[string]any{"completed": true})
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
}

func ExampleHandle_TrickleMany() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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
	mid := "0"
	_, err = handle.TrickleMany(ctx, "", []janus.ICECandidate{
		{Candidate: "candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host", SDPMid: &mid},
		{Candidate: "candidate:2 1 udp 1694498815 203.0.113.7 50001 typ srflx raddr 192.0.2.1 rport 50000", SDPMid: &mid},
	})
	fmt.Println(err)
	// Output: <nil>
}

// Hangup closes the PeerConnection. The handle stays attached.
func ExampleHandle_Hangup() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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
	if _, err := handle.Hangup(ctx, ""); err != nil {
		log.Fatal(err)
	}
	_, err = handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	fmt.Println(err)
	// Output: <nil>
}

// Detach returns when the server has answered; Events closes behind the last
// message.
func ExampleHandle_Detach() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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
	if _, err := handle.Detach(ctx, ""); err != nil {
		log.Fatal(err)
	}
	for event := range handle.Events {
		fmt.Printf("%T\n", event)
	}
	_, err = handle.Message(ctx, "", map[string]any{"audio": true}, nil)
	fmt.Println(errors.Is(err, janus.ErrHandleDetached))
	// Output:
	// *janus.DetachedMsg
	// true
}

// A loop over Events and a switch over the types that matter to the
// application.
func Example_events() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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

	// What a real Janus sends by itself, the server sends when asked to.
	for _, frame := range []string{
		`{"janus":"webrtcup","session_id":%d,"sender":%d}`,
		`{"janus":"media","session_id":%d,"sender":%d,"mid":"0","type":"audio","receiving":true}`,
		`{"janus":"slowlink","session_id":%d,"sender":%d,"mid":"0","media":"audio","uplink":true,"lost":7}`,
		`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"janus.plugin.echotest","data":{"result":"done"}}}`,
		`{"janus":"hangup","session_id":%d,"sender":%d,"reason":"DTLS alert"}`,
	} {
		if err := server.Send(session.ID, fmt.Sprintf(frame, session.ID, handle.ID)); err != nil {
			log.Fatal(err)
		}
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

// The three kinds of failure: of Janus, of a plugin, of what the call needs.
func Example_errors() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, group, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	room, err := session.Attach(ctx, "", "janus.plugin.videoroom")
	if err != nil {
		log.Fatal(err)
	}

	// An error of Janus is the error of the call.
	_, err = session.Attach(ctx, "", "janus.plugin.nosuch")
	var refused *janus.ErrorMsg
	if errors.As(err, &refused) {
		fmt.Println("Janus:", refused.Err.Code, refused.Err.Reason)
	}
	fmt.Println("by its code:", errors.Is(err, janus.ErrorPluginNotFound))

	// An error of a plugin is data, as documented.
	answer, err := room.Message(ctx, "", map[string]any{"request": "join", "ptype": "publisher", "room": 9}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("plugin:", answer.Plugindata.Err())

	// A session that ended.
	server.Destroy(session.ID)
	_, err = session.KeepAlive(ctx, "")
	fmt.Println("no session:", errors.Is(err, janus.ErrorSessionNotFound)) // Janus says so
	_, err = session.KeepAlive(ctx, "")
	fmt.Println("no session:", errors.Is(err, janus.ErrSessionEnded)) // and it is remembered

	// A connection that ended.
	server.Cut()
	cause := group.Wait()
	_, err = gateway.Create(ctx, "")
	fmt.Println("no connection:", cause != nil, errors.Is(err, janus.ErrClosed))
	// Output:
	// Janus: 460 No such plugin 'janus.plugin.nosuch'
	// by its code: true
	// plugin: janus.plugin.videoroom: error 426: No such room (9)
	// no session: true
	// no session: true
	// no connection: true true
}

// The end of a caller's context ends that call and nothing else.
func Example_contexts() {
	server := janustest.NewServer()
	defer server.Close()
	server.Handle("janus.plugin.mute", janustest.PluginFunc(func(*janustest.Request) {})) // never answers
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	handle, err := session.Attach(ctx, "", "janus.plugin.mute")
	if err != nil {
		log.Fatal(err)
	}
	brief, done := context.WithTimeout(ctx, 10*time.Millisecond)
	defer done()
	_, err = handle.Message(brief, "", map[string]any{"hello": "?"}, nil)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	_, err = session.KeepAlive(ctx, "") // the connection is unharmed
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

// A lost connection is restored, and the session with it. Session.Events tells
// between which messages events may be missing.
func ExampleReconnectOptions() {
	server := janustest.NewUnstartedServer()
	server.ReclaimTimeout = time.Minute // reclaim_session_timeout of a real Janus
	server.Start()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{
		KeepAlive: 25 * time.Second,
		Logger:    slog.New(slog.DiscardHandler), // which would tell of the loss
		Reconnect: &janus.ReconnectOptions{MinDelay: time.Millisecond, GiveUpAfter: time.Minute},
	})
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

// An id of 64 bits, which float64 cannot hold.
func ExamplePluginData_Decode() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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
	data := map[string]any{"videoroom": "event", "leaving": uint64(9007199254740993)}
	if err := server.Notify(session.ID, handle.ID, data, nil); err != nil {
		log.Fatal(err)
	}
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

// Failures within a plugin, told apart by the plugin's own codes.
func ExamplePluginData_Err() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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

// A reader that falls too far behind loses the oldest messages, and is told how
// many where they would have stood.
func ExampleOverflowMsg() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{EventBacklog: 10})
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
	for n := range 100 {
		if err := server.Notify(session.ID, handle.ID, map[string]any{"n": n}, nil); err != nil {
			log.Fatal(err)
		}
	}
	if err := gateway.Ping(ctx, ""); err != nil { // answered behind the events
		log.Fatal(err)
	}
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
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
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
	for _, candidate := range []any{
		map[string]any{"sdpMid": "0", "sdpMLineIndex": 0, "candidate": "candidate:1 1 udp 2015363327 192.0.2.9 10000 typ host"},
		map[string]any{"completed": true},
	} {
		frame := map[string]any{"janus": "trickle", "session_id": session.ID, "sender": handle.ID, "candidate": candidate}
		if err := server.Send(session.ID, frame); err != nil {
			log.Fatal(err)
		}
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

// A session that nothing was sent for is ended by the server.
func ExampleTimeoutMsg() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	server.Timeout(session.ID)
	for event := range session.Events {
		fmt.Printf("%T\n", event)
	}
	_, err = session.Attach(ctx, "", "janus.plugin.echotest")
	fmt.Println(errors.Is(err, janus.ErrSessionEnded))
	// Output:
	// *janus.TimeoutMsg
	// true
}

// What a future Janus may send arrives as it is.
func ExampleUnknownMsg() {
	server := janustest.NewServer()
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	gateway, _, err := janus.Connect(ctx, server.URL)
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	frame := fmt.Sprintf(`{"janus":"novelty","session_id":%d,"value":1}`, session.ID)
	if err := server.Send(session.ID, frame); err != nil {
		log.Fatal(err)
	}
	msg := (<-session.Events).(*janus.UnknownMsg)
	fmt.Println(msg.Type, string(msg.Raw) == frame)
	// Output: novelty true
}
