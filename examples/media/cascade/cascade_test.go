// Package cascade_test tests package cascade with real Janus servers and media.
package cascade_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/cascade"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/pion/webrtc/v4"
	"nhooyr.io/websocket"
)

const patience = 30 * time.Second

var room = plugin.Num(4711)

// server is a Janus with a session that is made again when it has ended.
type server struct {
	*realjanus.Server
	name string

	mu      sync.Mutex // guards all below
	gateway *janus.Gateway
	session *janus.Session
}

func startServer(t testing.TB, name, media string) *server {
	t.Helper()
	s := &server{name: name, Server: realjanus.Start(t, realjanus.Options{
		ICEEnforceList: media, Plugins: []string{"videoroom"},
	})}
	t.Cleanup(s.close)
	t.Logf("%s is Janus %s", name, s.Version())
	return s
}

// startOldServer starts the Janus in PATH, whatever JANUS_BINARY says.
func startOldServer(t *testing.T, name, media string) *server {
	t.Helper()
	binary := os.Getenv("JANUS_BINARY")
	t.Setenv("JANUS_BINARY", "")
	s := startServer(t, name, media)
	t.Setenv("JANUS_BINARY", binary)
	return s
}

func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gateway != nil {
		_ = s.gateway.Close(websocket.StatusNormalClosure, "") // it may have ended
	}
}

// attach attaches a handle in the session that is up.
func (s *server) attach(ctx context.Context) (*janus.Handle, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil || s.session.Err() != nil {
		gateway, _, err := janus.Dial(context.Background(), s.URL, &janus.DialOptions{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return nil, err
		}
		s.gateway = gateway
		if s.session, err = gateway.Create(ctx, ""); err != nil {
			return nil, err
		}
	}
	return s.session.Attach(ctx, "", videoroom.Name)
}

func (s *server) member() cascade.Server {
	return cascade.Server{Name: s.name, Host: "127.0.0.1", Attach: s.attach}
}

// testContext lives as long as a step of a test may take.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func (s *server) handle(t testing.TB) *janus.Handle {
	t.Helper()
	handle, err := s.attach(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

// startCascade runs a controller of servers until the test ends.
func startCascade(t testing.TB, opts cascade.Options, servers ...*server) *cascade.Controller {
	t.Helper()
	opts.Room = videoroom.Create{Room: room, VideoCodecs: videoroom.Codecs{videoroom.VP8, videoroom.H264}}
	opts.Interval = time.Second
	controller, err := cascade.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		if err := controller.AddServer(s.member()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = controller.Run(ctx) // the error of ctx
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	if err := controller.Sync(testContext(t)); err != nil {
		t.Fatal(err)
	}
	return controller
}

// shown waits until a publisher is shown on a server.
func shown(t testing.TB, c *cascade.Controller, p *publisher, on string) cascade.Shown {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		settle(t, c)
		for _, q := range c.Status().Publishers {
			for _, s := range q.Shown {
				if q.ID == p.id && s.Server == on && !s.ID.IsZero() {
					return s
				}
			}
		}
	}
	t.Fatalf("publisher %v is not shown on %s: %+v", p.id, on, c.Status())
	panic("unreachable")
}

func (s *server) publish(t testing.TB, mimes ...string) *publisher {
	t.Helper()
	ctx := testContext(t)
	p, err := newPublisher(ctx, s.handle(t), videoroom.JoinPublisher{Room: room, Display: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.close(context.Background()) })
	for _, mime := range mimes {
		if err := p.add(mime); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.negotiate(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *server) view(t testing.TB, feed plugin.ID) *viewer {
	t.Helper()
	v, err := newViewer(testContext(t), s.handle(t), room, feed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.close(context.Background()) })
	return v
}

// Media flows from server to server, encrypted if both can do that, and
// requests for keyframes travel back.
func TestMediaBetweenServers(t *testing.T) {
	media := realjanus.MediaAddress(t)
	servers := []*server{startServer(t, "A", media), startServer(t, "B", media), startOldServer(t, "C", media)}
	controller := startCascade(t, cascade.Options{}, servers...)
	for _, from := range []*server{servers[0], servers[2]} {
		ada := from.publish(t, webrtc.MimeTypeOpus, webrtc.MimeTypeVP8)
		for _, to := range servers {
			if to == from {
				continue
			}
			there := shown(t, controller, ada, to.name)
			if want := from.AtLeast(1, 3, 0) && to.AtLeast(1, 3, 0); there.SRTP != want {
				t.Errorf("%s to %s: SRTP is %v, want %v", from.name, to.name, there.SRTP, want)
			}
			checkMedia(t, ada, to, there.ID)
		}
		ada.close(testContext(t))
	}
	eventually(t, "nothing is left", func() string {
		settle(t, controller)
		for _, s := range servers {
			if remotes := s.remotes(t); len(remotes) > 0 {
				return fmt.Sprintf("server %s has the remote publishers %+v", s.name, remotes)
			}
		}
		return ""
	})
}

// checkMedia checks that the media of a publisher is received on another server,
// and that requests for keyframes travel back. Nobody else must view the
// publisher.
func checkMedia(t testing.TB, from *publisher, to *server, id plugin.ID) {
	t.Helper()
	for range 3 { // in case of requests that come from elsewhere
		// Janus drops requests that come within a second of another one.
		time.Sleep(time.Until(from.requested().Add(1100 * time.Millisecond)))
		before := from.keyframes.Count()
		v, err := newViewer(testContext(t), to.handle(t), room, id)
		if err != nil {
			t.Fatalf("view %v on %s: %v", from.id, to.name, err)
		}
		await(t, "audio", v.counter(webrtc.RTPCodecTypeAudio), 5)
		if !from.video {
			v.close(testContext(t))
			return
		}
		await(t, "video", v.counter(webrtc.RTPCodecTypeVideo), 5)
		select {
		case <-from.keyframes.Reached(before + 1):
			v.close(testContext(t))
			return
		case <-time.After(2 * time.Second):
			v.close(testContext(t))
		}
	}
	t.Fatalf("no request for a keyframe of %v comes from %s", from.id, to.name)
}

// A publisher that stops and starts again with its handle is received, and can be
// asked for keyframes.
//
// The requests go through the Admin API here.
func TestRepublishing(t *testing.T) {
	t.Parallel()
	media := realjanus.MediaAddress(t)
	a, b := startServer(t, "A", media), startServer(t, "B", media)
	controller := startCascade(t, cascade.Options{}, a, b)
	for _, s := range []*server{a, b} {
		client, err := admin.Dial(testContext(t), s.AdminURL, &admin.Options{Secret: s.AdminSecret})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }() // only the cascade matters
		member := s.member()
		member.Caller = client.Plugin(videoroom.Name)
		if err := controller.AddServer(member); err != nil {
			t.Fatal(err)
		}
	}
	ada := a.publish(t, webrtc.MimeTypeOpus, webrtc.MimeTypeVP8)
	first := shown(t, controller, ada, "B")
	checkMedia(t, ada, b, first.ID)
	if err := ada.republish(testContext(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another remote publisher", func() string {
		if now := shown(t, controller, ada, "B"); now.ID == first.ID {
			return "still the same"
		}
		return ""
	})
	checkMedia(t, ada, b, shown(t, controller, ada, "B").ID)
}

// A stream that is added later is received by new viewers, on servers with and
// without SRTP. So is a data channel, which Janus forwards wrongly until the
// publisher is published remotely once more.
func TestRenegotiation(t *testing.T) {
	t.Parallel()
	media := realjanus.MediaAddress(t)
	a, b := startServer(t, "A", media), startServer(t, "B", media)
	for name, mode := range map[string]cascade.SRTPMode{"SRTP if possible": cascade.SRTPAuto, "plain": cascade.SRTPOff} {
		t.Run(name, func(t *testing.T) {
			controller := startCascade(t, cascade.Options{Name: name, SRTP: mode}, a, b)
			ada := a.publish(t, webrtc.MimeTypeOpus)
			first := shown(t, controller, ada, "B")
			bob := b.view(t, first.ID)
			await(t, "audio", bob.counter(webrtc.RTPCodecTypeAudio), 10)

			if err := ada.add(webrtc.MimeTypeVP8); err != nil {
				t.Fatal(err)
			}
			if err := ada.negotiate(testContext(t)); err != nil {
				t.Fatal(err)
			}
			settle(t, controller)
			if now := shown(t, controller, ada, "B"); now.ID != first.ID {
				t.Errorf("the remote publisher was replaced")
			}
			await(t, "audio of the first viewer", bob.counter(webrtc.RTPCodecTypeAudio), 10)
			carl := b.view(t, first.ID)
			await(t, "audio of the second viewer", carl.counter(webrtc.RTPCodecTypeAudio), 10)
			await(t, "video of the second viewer", carl.counter(webrtc.RTPCodecTypeVideo), 10)

			if err := ada.openData(); err != nil {
				t.Fatal(err)
			}
			if err := ada.negotiate(testContext(t)); err != nil {
				t.Fatal(err)
			}
			settle(t, controller)
			now := shown(t, controller, ada, "B")
			dora := b.view(t, now.ID)
			await(t, "video of the third viewer", dora.counter(webrtc.RTPCodecTypeVideo), 10)
			await(t, "texts", &dora.texts, 5)
			checkNoStrays(t, a)
			ada.close(testContext(t))
			settle(t, controller)
			checkEmpty(t, b)
		})
	}
}

// settle waits until everything is shown.
func settle(t testing.TB, c *cascade.Controller) {
	t.Helper()
	if err := c.Sync(testContext(t)); err != nil {
		t.Fatal(err)
	}
}

// checkNoStrays checks that no forwarders are left that Janus has made by
// mistake.
func checkNoStrays(t testing.TB, s *server) {
	t.Helper()
	list, err := videoroom.On(s.handle(t)).ListForwarders(testContext(t), videoroom.ListForwarders{Room: room})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Publishers {
		if len(p.Forwarders) > 0 {
			t.Errorf("server %s has the forwarders %+v", s.name, p.Forwarders)
		}
	}
}

// checkEmpty checks that a server has no remote publishers.
func checkEmpty(t testing.TB, s *server) {
	t.Helper()
	if remotes := s.remotes(t); len(remotes) > 0 {
		t.Errorf("server %s has the remote publishers %+v", s.name, remotes)
	}
}

// remotes lists the remote publishers of a server.
func (s *server) remotes(t testing.TB) (remotes []videoroom.Participant) {
	t.Helper()
	handle := s.handle(t)
	defer func() { _, _ = handle.Detach(testContext(t), "") }()
	list, err := videoroom.On(handle).ListParticipants(testContext(t), videoroom.ListParticipants{Room: room})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Participants {
		if p.Remote {
			remotes = append(remotes, p)
		}
	}
	return remotes
}
