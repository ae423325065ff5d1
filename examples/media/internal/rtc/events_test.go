package rtc

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/internal/strictevents"
	"github.com/cameronelliott/janus-go/plugin/echotest"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// Each event that Janus sends while there is media has a struct that holds all of
// it, and the values make sense.
func TestEventsOfMedia(t *testing.T) {
	for _, test := range []struct {
		handler, scheme string
		combined        bool
	}{
		{"sampleevh", "http", false},
		{"wsevh", "ws", true},
	} {
		t.Run(test.handler, func(t *testing.T) {
			events := newCollector(t)
			server := realjanus.Start(t, realjanus.Options{
				ICEEnforceList:    realjanus.MediaAddress(t),
				CombineMediaStats: test.combined,
				EventHandlers: map[string]string{test.handler: fmt.Sprintf(
					`general: { enabled = true, events = "all", backend = "%s://%s/" }`,
					test.scheme, events.address)},
			})
			haveMedia(t, server, events)
			checkEvents(t, events.All())
		})
	}
}

// collector receives events.
type collector struct {
	address string

	mu     sync.Mutex
	events []eventhandler.Event
	more   chan struct{} // a value if there are new events
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{more: make(chan struct{}, 1)}
	handler := eventhandler.New(c.take, nil)
	server := httptest.NewServer(handler)
	c.address = server.Listener.Addr().String()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := handler.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return c
}

func (c *collector) take(_ context.Context, events []eventhandler.Event) error {
	c.mu.Lock()
	c.events = append(c.events, events...)
	c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default: // there is one already
	}
	return nil
}

// All returns the events so far.
func (c *collector) All() []eventhandler.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

// await waits for an event with a body for which ok returns true.
func await[B eventhandler.Body](ctx context.Context, t *testing.T, c *collector, what string, ok func(body B) bool) {
	t.Helper()
	for {
		for _, event := range c.All() {
			if body, is := event.Body.(B); is && ok(body) {
				return
			}
		}
		select {
		case <-c.more:
		case <-ctx.Done():
			t.Fatalf("%s: not in time, %d events arrived", what, len(c.All()))
		}
	}
}

// haveMedia exchanges audio and data with the EchoTest, loses packets, falls
// silent, and hangs up.
func haveMedia(t *testing.T, server *realjanus.Server, events *collector) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := server.AdminAll(ctx, []map[string]any{
		{"janus": "set_slowlink_threshold", "slowlink_threshold": 2},
		{"janus": "set_no_media_timer", "no_media_timer": 2},
	}); err != nil {
		t.Fatal(err)
	}
	gateway, connection, err := janus.Dial(ctx, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.AttachWith(ctx, "", janus.AttachOptions{Plugin: echotest.Name, OpaqueID: "opaque"})
	if err != nil {
		t.Fatal(err)
	}
	peer := dataPeer(ctx, t, handle)
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- peer.Run(running) }()

	await(ctx, t, events, "statistics of audio", func(stats *eventhandler.MediaStats) bool {
		return stats.Media == "audio" && stats.PacketsReceived > 0
	})
	losePackets(ctx, t, peer, events)
	stop() // and send no more
	if err := <-ended; err != nil {
		t.Error(err)
	}
	await(ctx, t, events, "silence", func(state *eventhandler.MediaState) bool {
		return !state.Receiving && state.Silence == 2*time.Second
	})
	if _, err := handle.Hangup(ctx, ""); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, events, "hangup", func(state *eventhandler.PeerConnectionState) bool {
		return state.State == eventhandler.Hangup
	})
	if err := gateway.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := connection.Wait(); err != nil {
		t.Error(err)
	}
	await(ctx, t, events, "detached", func(event *eventhandler.HandleEvent) bool {
		return event.Change == eventhandler.Detached
	})
	if err := peer.Close(nil); err != nil {
		t.Error(err)
	}
}

// dataPeer returns a Peer with audio and a data channel that the EchoTest has
// answered.
func dataPeer(ctx context.Context, t *testing.T, handle *janus.Handle) *Peer {
	t.Helper()
	peer, err := NewPeer(handle, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.AddAudio(webrtc.RTPTransceiverDirectionSendrecv); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.AddData(func([]byte) {}); err != nil {
		t.Fatal(err)
	}
	if err := peer.Offer(func(offer any) (*janus.JSEP, error) { return echo(ctx, handle, offer) }); err != nil {
		t.Fatal(err)
	}
	return peer
}

// losePackets skips RTP packets until Janus reports it.
func losePackets(ctx context.Context, t *testing.T, peer *Peer, events *collector) {
	t.Helper()
	done := make(chan struct{})
	var losing sync.WaitGroup
	losing.Go(func() {
		for {
			sample := media.Sample{Data: silence, Duration: frameDuration, PrevDroppedPackets: 3}
			if err := peer.audio.WriteSample(sample); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	defer losing.Wait()
	defer close(done)
	await(ctx, t, events, "slow link", func(link *eventhandler.SlowLink) bool {
		return link.Direction == eventhandler.Downlink && link.Lost > 0
	})
}

// checkEvents checks the events that haveMedia caused.
func checkEvents(t *testing.T, events []eventhandler.Event) {
	t.Helper()
	kinds := map[string]int{}
	states := map[any]bool{}
	for _, event := range events {
		strictevents.Check(t, event)
		kinds[event.Kind()]++
		if event.Handle != 0 && event.OpaqueID != "opaque" {
			t.Errorf("the opaque id is %q in %s", event.OpaqueID, event.Raw)
		}
		switch body := event.Body.(type) {
		case *eventhandler.ICEState:
			states[body.State] = true
		case *eventhandler.DTLSState:
			states[body.State] = true
		case *eventhandler.PeerConnectionState:
			states[body.State] = true
		case *eventhandler.JSEPEvent:
			states[body.Owner] = true
		case *eventhandler.MediaStats:
			states[body.Media] = true
			if body.RTT > 10*time.Second || body.JitterLocal > 10*time.Second || body.Media == "audio" && body.Base != 48000 {
				t.Errorf("the statistics are %+v", body)
			}
		}
	}
	for _, kind := range []string{
		"sessions", "handles", "jsep", "webrtc/ice", "webrtc/local-candidate", "webrtc/remote-candidate",
		"webrtc/selected-pair", "webrtc/dtls", "webrtc/peerconnection", "media/state", "media/slowlink", "media/stats",
		"plugins", "transports", "core/startup",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no event is of the kind %s, only %v", kind, kinds)
		}
	}
	for _, state := range []any{
		eventhandler.ICEConnected, eventhandler.DTLSConnected, eventhandler.WebRTCUp, eventhandler.Hangup,
		eventhandler.Local, eventhandler.Remote, "audio", "data",
	} {
		if !states[state] {
			t.Errorf("no event has %v, only %v", state, states)
		}
	}
}
