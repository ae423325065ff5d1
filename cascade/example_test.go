package cascade_test

import (
	"context"
	"fmt"
	"log"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/cascade"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"nhooyr.io/websocket"
)

// A room on two servers. Ada publishes on one of them and is shown on the other.
// A real program keeps the sessions up, for instance with package supervisor.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	controller, err := cascade.New(cascade.Options{Room: videoroom.Create{Room: plugin.Num(42)}})
	if err != nil {
		log.Fatal(err)
	}
	sessions := make(map[string]*janus.Session)
	for _, name := range []string{"Frankfurt", "Tokyo"} {
		server := janustest.NewUnstartedServer()
		server.Version = "1.4.2"
		server.Start()
		defer server.Close()
		gateway, _, err := janus.Connect(ctx, server.URL)
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = gateway.Close(websocket.StatusNormalClosure, "") }()
		session, err := gateway.Create(ctx, "")
		if err != nil {
			log.Fatal(err)
		}
		sessions[name] = session
		err = controller.AddServer(cascade.Server{
			Name: name,
			Host: "127.0.0.1", // a private address of the server
			Attach: func(ctx context.Context) (*janus.Handle, error) {
				return session.Attach(ctx, "", videoroom.Name)
			},
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	ended := make(chan error)
	go func() { ended <- controller.Run(ctx) }()
	if err := controller.Sync(ctx); err != nil { // the room is on both servers
		log.Fatal(err)
	}

	handle, err := sessions["Frankfurt"].Attach(ctx, "", videoroom.Name)
	if err != nil {
		log.Fatal(err)
	}
	ada := videoroom.On(handle)
	if _, err := ada.JoinPublisher(ctx, videoroom.JoinPublisher{Room: plugin.Num(42), Display: "Ada"}); err != nil {
		log.Fatal(err)
	}
	if _, err := ada.Publish(ctx, videoroom.Publish{}, offer); err != nil {
		log.Fatal(err)
	}
	if err := controller.Sync(ctx); err != nil {
		log.Fatal(err)
	}
	for _, p := range controller.Status().Publishers {
		for _, shown := range p.Shown {
			fmt.Printf("%s of %s is shown in %s; encrypted: %v\n", p.Display, p.Server, shown.Server, shown.SRTP)
		}
	}

	if err := controller.RemoveServer(ctx, "Tokyo"); err != nil { // drains it
		log.Fatal(err)
	}
	fmt.Println("servers:", len(controller.Status().Servers))
	cancel()
	fmt.Println(<-ended)
	// Output:
	// Ada of Frankfurt is shown in Tokyo; encrypted: true
	// servers: 1
	// context canceled
}

// offer comes from a WebRTC library in real programs.
var offer = janus.JSEP{Type: "offer", SDP: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"}
