package rtc

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// frameDuration is the length of the audio in one RTP packet.
const frameDuration = 20 * time.Millisecond

// silence is an Opus frame of that length.
var silence = []byte{0xf8, 0xff, 0xfe}

// AddAudio makes Run send audio, one RTP packet every 20 ms, in a direction
// that may include receiving. It is called before Offer.
func (p *Peer) AddAudio(direction webrtc.RTPTransceiverDirection) error {
	track, err := webrtc.NewTrackLocalStaticSample(opus.RTPCodecCapability, "audio", "janus-go")
	if err != nil {
		return fmt.Errorf("make an audio track: %w", err)
	}
	transceiver, err := p.connection.AddTransceiverFromTrack(track,
		webrtc.RTPTransceiverInit{Direction: direction})
	if err != nil {
		return fmt.Errorf("add the audio track: %w", err)
	}
	go drainRTCP(transceiver.Sender())
	p.audio = track
	return nil
}

// drainRTCP reads what the receiver reports, for Pion acts on what is read. It
// ends with the PeerConnection.
func drainRTCP(sender *webrtc.RTPSender) {
	for {
		if _, _, err := sender.ReadRTCP(); err != nil {
			return
		}
	}
}

// send sends audio from when media can flow.
func (p *Peer) send(ctx context.Context) error {
	if p.audio == nil {
		return nil
	}
	select {
	case <-p.connected:
	case <-ctx.Done():
		return nil
	}
	ticker := time.NewTicker(frameDuration)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		// Counted before it is sent, for it can be back before WriteSample is.
		p.Sent.Add()
		if err := p.audio.WriteSample(media.Sample{Data: silence, Duration: frameDuration}); err != nil {
			return fmt.Errorf("send audio: %w", err)
		}
	}
}

// receive counts the packets of a track. It ends with the PeerConnection.
func (p *Peer) receive(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	for {
		if _, _, err := track.ReadRTP(); err != nil {
			return
		}
		p.Received.Add()
	}
}
