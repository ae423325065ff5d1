package cascade_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/examples/media/internal/rtc"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// newConnection makes a PeerConnection whose media stays on this machine.
func newConnection() (*webrtc.PeerConnection, error) {
	var engine webrtc.MediaEngine
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	var settings webrtc.SettingEngine
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(net.IP.IsLoopback)
	settings.SetRemoteIPFilter(net.IP.IsLoopback)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(&engine), webrtc.WithSettingEngine(settings))
	return api.NewPeerConnection(webrtc.Configuration{})
}

// describe sets a local description with all candidates and returns it.
func describe(ctx context.Context, pc *webrtc.PeerConnection, description webrtc.SessionDescription) (*webrtc.SessionDescription, error) {
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(description); err != nil {
		return nil, err
	}
	select {
	case <-gathered:
		return pc.LocalDescription(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func setRemote(pc *webrtc.PeerConnection, jsep *janus.JSEP) error {
	if jsep == nil {
		return fmt.Errorf("no SDP from Janus")
	}
	return pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.NewSDPType(jsep.Type), SDP: jsep.SDP})
}

// publisher publishes what it has, and counts the requests for keyframes.
type publisher struct {
	*videoroom.Client
	id        plugin.ID
	handle    *janus.Handle
	pc        *webrtc.PeerConnection
	data      atomic.Pointer[webrtc.DataChannel]
	keyframes rtc.Counter
	asked     atomic.Int64 // when, the last time
	video     bool         // it sends video

	stopOnce sync.Once
	stopped  chan struct{}
	sending  sync.WaitGroup
}

// newPublisher joins a room.
func newPublisher(ctx context.Context, handle *janus.Handle, join videoroom.JoinPublisher) (*publisher, error) {
	p := &publisher{Client: videoroom.On(handle), handle: handle, stopped: make(chan struct{})}
	joined, err := p.JoinPublisher(ctx, join)
	if err != nil {
		return nil, err
	}
	p.id = joined.ID
	p.pc, err = newConnection()
	return p, err
}

// frames are what is sent: silence, and the beginning of a keyframe.
var frames = map[string][]byte{
	webrtc.MimeTypeOpus: {0xf8, 0xff, 0xfe},
	webrtc.MimeTypeVP8:  {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00, 0x00, 0x00},
}

// add adds a track, which is sent from now on.
func (p *publisher) add(mime string) error {
	p.video = p.video || mime == webrtc.MimeTypeVP8
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, mime, "janus-go")
	if err != nil {
		return err
	}
	transceiver, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	p.sending.Go(func() { p.hear(transceiver.Sender()) })
	p.sending.Go(func() { p.send(track, frames[mime]) })
	return nil
}

func (p *publisher) send(track *webrtc.TrackLocalStaticSample, frame []byte) {
	const pause = 20 * time.Millisecond
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-p.stopped:
			return
		case <-ticker.C:
			_ = track.WriteSample(media.Sample{Data: frame, Duration: pause}) // it may not be connected yet
			if d := p.data.Load(); d != nil && d.ReadyState() == webrtc.DataChannelStateOpen {
				_ = d.SendText("hello")
			}
		}
	}
}

// openData opens a data channel, on which texts are sent from now on.
func (p *publisher) openData() error {
	channel, err := p.pc.CreateDataChannel("JanusDataChannel", nil)
	p.data.Store(channel)
	return err
}

// hear counts the requests for keyframes.
func (p *publisher) hear(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.asked.Store(time.Now().UnixNano())
				p.keyframes.Add()
			}
		}
	}
}

// requested returns when a keyframe was last asked for.
func (p *publisher) requested() time.Time { return time.Unix(0, p.asked.Load()) }

// negotiate publishes, or renegotiates.
func (p *publisher) negotiate(ctx context.Context) error {
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	local, err := describe(ctx, p.pc, offer)
	if err != nil {
		return err
	}
	configured, err := p.ConfigurePublisher(ctx, videoroom.ConfigurePublisher{}, local)
	if err != nil {
		return err
	}
	return setRemote(p.pc, configured.JSEP)
}

// hangUp ends the PeerConnection, but not the handle.
func (p *publisher) hangUp() {
	p.stopOnce.Do(func() {
		close(p.stopped)
		_ = p.pc.Close() // it may have failed
		p.sending.Wait()
	})
}

// republish stops to publish and starts again with the same handle.
func (p *publisher) republish(ctx context.Context) (err error) {
	err = p.Unpublish(ctx)
	if err != nil && !errors.Is(err, videoroom.ErrorNotPublished) { // it may not be connected yet
		return err
	}
	p.hangUp()
	p.awaitHangup() // until then Janus may refuse an offer
	p.stopOnce, p.stopped, p.video = sync.Once{}, make(chan struct{}), false
	if p.pc, err = newConnection(); err != nil {
		return err
	}
	for _, mime := range []string{webrtc.MimeTypeOpus, webrtc.MimeTypeVP8} {
		if err := p.add(mime); err != nil {
			return err
		}
	}
	return p.negotiate(ctx)
}

// awaitHangup waits until Janus says that the PeerConnection has ended, if it does.
func (p *publisher) awaitHangup() {
	for timeout := time.After(2 * time.Second); ; {
		select {
		case msg, open := <-p.handle.Events:
			if _, ended := msg.(*janus.HangupMsg); ended || !open {
				return
			}
		case <-timeout:
			return
		}
	}
}

// close leaves the room.
func (p *publisher) close(ctx context.Context) {
	p.hangUp()
	_, _ = p.handle.Detach(ctx, "") // its server may be gone
}

// viewer receives the streams of a publisher.
type viewer struct {
	client *videoroom.Client
	handle *janus.Handle
	pc     *webrtc.PeerConnection

	mu      sync.Mutex
	packets map[webrtc.RTPCodecType]*rtc.Counter
	texts   rtc.Counter
}

func (v *viewer) counter(kind webrtc.RTPCodecType) *rtc.Counter {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.packets[kind] == nil {
		v.packets[kind] = new(rtc.Counter)
	}
	return v.packets[kind]
}

// newViewer subscribes to a publisher.
func newViewer(ctx context.Context, handle *janus.Handle, room, feed plugin.ID) (*viewer, error) {
	v := &viewer{client: videoroom.On(handle), handle: handle, packets: make(map[webrtc.RTPCodecType]*rtc.Counter)}
	var err error
	if v.pc, err = newConnection(); err != nil {
		return nil, err
	}
	v.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for counter := v.counter(track.Kind()); ; counter.Add() {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
		}
	})
	v.pc.OnDataChannel(func(channel *webrtc.DataChannel) { // its label is the id of the publisher
		channel.OnMessage(func(webrtc.DataChannelMessage) { v.texts.Add() })
	})
	attached, err := v.client.JoinSubscriber(ctx, videoroom.JoinSubscriber{
		Room: room, Streams: []videoroom.SubscribeStream{{Feed: feed}},
	})
	if err != nil {
		return v, err
	}
	return v, v.answer(ctx, attached.JSEP)
}

func (v *viewer) answer(ctx context.Context, offer *janus.JSEP) error {
	if err := setRemote(v.pc, offer); err != nil {
		return err
	}
	if strings.Contains(offer.SDP, "m=application") {
		// Janus opens channels only after its peer has opened one.
		if _, err := v.pc.CreateDataChannel("JanusDataChannel", nil); err != nil {
			return err
		}
	}
	answer, err := v.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	local, err := describe(ctx, v.pc, answer)
	if err != nil {
		return err
	}
	return v.client.Start(ctx, local)
}

func (v *viewer) close(ctx context.Context) {
	_ = v.pc.Close()                // it may have failed
	_, _ = v.handle.Detach(ctx, "") // its server may be gone
}

// await waits until a counter has counted so many more.
func await(t testing.TB, what string, counter *rtc.Counter, more int) {
	t.Helper()
	select {
	case <-counter.Reached(counter.Count() + more):
	case <-time.After(patience):
		t.Fatalf("not in time: %s (%d so far)", what, counter.Count())
	}
}
