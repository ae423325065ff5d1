package rtc

import (
	"context"
	"log/slog"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin/echotest"
	"github.com/pion/webrtc/v4"
	"nhooyr.io/websocket"
)

// stretch is how many packets must come back before, during and after the cut:
// a second of audio.
const stretch = 50

// Media does not pass through the websocket: it must go on while that is cut,
// and the reclaimed session must be the one that the media belongs to.
func TestMediaGoesOnWhileTheConnectionIsCut(t *testing.T) {
	// Not the test's own context, which ends before the cleaning up.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	server := realjanus.Start(t, realjanus.Options{
		ICEEnforceList:        realjanus.MediaAddress(t),
		ReclaimSessionTimeout: 30 * time.Second,
	})
	proxy := newProxy(t, server.URL)
	session := dialSession(ctx, t, proxy.url)
	handle, err := session.Attach(ctx, "", echotest.Name)
	if err != nil {
		t.Fatal(err)
	}
	peer := echoPeer(ctx, t, handle)

	before := awaitPackets(ctx, t, peer)
	proxy.Cut()
	awaitEvent[*janus.DisconnectedMsg](ctx, t, session)
	during := awaitPackets(ctx, t, peer)
	proxy.Mend()
	awaitEvent[*janus.ReclaimedMsg](ctx, t, session)
	after := awaitPackets(ctx, t, peer)
	t.Logf("packets that had come back before the cut: %d, at its end: %d, at last: %d", before, during, after)

	if _, err := echo(ctx, handle, nil); err != nil {
		t.Errorf("message to the handle of the reclaimed session: %v", err)
	}
	if len(session.Events) != 0 {
		t.Errorf("the session got %T after it was reclaimed", <-session.Events)
	}
}

// dialSession makes a session on a connection that is restored when lost.
func dialSession(ctx context.Context, t *testing.T, url string) *janus.Session {
	t.Helper()
	gateway, connection, err := janus.Dial(ctx, url, &janus.DialOptions{
		Logger:    slog.New(slog.DiscardHandler),
		Reconnect: &janus.ReconnectOptions{MinDelay: 10 * time.Millisecond, MaxDelay: 100 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := gateway.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
		if err := connection.Wait(); err != nil {
			t.Error(err)
		}
	})
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// echoPeer runs audio through the EchoTest until the test ends.
func echoPeer(ctx context.Context, t *testing.T, handle *janus.Handle) *Peer {
	t.Helper()
	peer, err := NewPeer(handle, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.AddAudio(webrtc.RTPTransceiverDirectionSendrecv); err != nil {
		t.Fatal(err)
	}
	err = peer.Offer(func(offer any) (*janus.JSEP, error) { return echo(ctx, handle, offer) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- peer.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := peer.Close(<-ended); err != nil {
			t.Error(err)
		}
	})
	return peer
}

// echo makes the EchoTest echo audio, and returns its answer to an offer.
func echo(ctx context.Context, handle *janus.Handle, offer any) (*janus.JSEP, error) {
	audio := true
	started, err := echotest.On(handle).Start(ctx, echotest.Start{Audio: &audio}, offer)
	if err != nil {
		return nil, err
	}
	return started.JSEP, nil
}

// awaitPackets waits for a stretch of packets from now and returns the count.
func awaitPackets(ctx context.Context, t *testing.T, peer *Peer) int {
	t.Helper()
	if err := Await(ctx, peer.Received.Reached(peer.Received.Count()+stretch)); err != nil {
		t.Fatalf("waiting for packets: %v, %d were received", err, peer.Received.Count())
	}
	return peer.Received.Count()
}

// awaitEvent waits for the session's next event, which must be an M.
func awaitEvent[M any](ctx context.Context, t *testing.T, session *janus.Session) {
	t.Helper()
	select {
	case event := <-session.Events:
		if _, ok := event.(M); !ok {
			t.Fatalf("the session got %T, want %T", event, *new(M))
		}
	case <-ctx.Done():
		t.Fatalf("waiting for %T: %v", *new(M), ctx.Err())
	}
}
