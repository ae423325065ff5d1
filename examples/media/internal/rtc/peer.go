package rtc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	janus "github.com/cameronelliott/janus-go"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sync/errgroup"
)

// maxCandidates is more than the candidates that any machine gathers before
// Run sends them.
const maxCandidates = 256

// Peer is a PeerConnection with the plugin of a handle. It is set up with
// Offer or Answer, and then Run keeps it going.
type Peer struct {
	// Sent and Received count RTP packets.
	Sent, Received Counter

	handle     *janus.Handle
	connection *webrtc.PeerConnection
	audio      *webrtc.TrackLocalStaticSample // nil: nothing is sent

	candidates chan *webrtc.ICECandidate // nil is the end of them
	connected  chan struct{}             // closed when media can flow
	failed     chan struct{}             // closed when it never will again
	up         chan struct{}             // closed when Janus says that media can flow
	upOnce     sync.Once
}

// NewPeer makes a Peer. If loopback is set, its media uses the loopback
// addresses of this machine and no others.
func NewPeer(handle *janus.Handle, loopback bool) (*Peer, error) {
	api, err := newAPI(loopback)
	if err != nil {
		return nil, fmt.Errorf("set up WebRTC: %w", err)
	}
	connection, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("make a PeerConnection: %w", err)
	}
	p := &Peer{
		handle:     handle,
		connection: connection,
		candidates: make(chan *webrtc.ICECandidate, maxCandidates),
		connected:  make(chan struct{}),
		failed:     make(chan struct{}),
		up:         make(chan struct{}),
	}
	connection.OnICECandidate(func(c *webrtc.ICECandidate) { p.candidates <- c })
	connection.OnConnectionStateChange(p.stateChanged())
	connection.OnTrack(p.receive)
	return p, nil
}

// stateChanged returns the handler of the connection's states.
func (p *Peer) stateChanged() func(webrtc.PeerConnectionState) {
	var connected, failed sync.Once
	return func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			connected.Do(func() { close(p.connected) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			failed.Do(func() { close(p.failed) })
		}
	}
}

// Offer makes an SDP offer, gives it to send, which returns what the plugin
// answers, and sets the answer.
func (p *Peer) Offer(send func(offer any) (answer *janus.JSEP, err error)) error {
	offer, err := p.connection.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("make an offer: %w", err)
	}
	if err := p.connection.SetLocalDescription(offer); err != nil {
		return fmt.Errorf("set the offer: %w", err)
	}
	answer, err := send(offer)
	if err != nil {
		return err
	}
	return p.setRemote(answer)
}

// Answer sets an SDP offer of the plugin, and gives the answer to send.
func (p *Peer) Answer(offer *janus.JSEP, send func(answer any) error) error {
	if err := p.setRemote(offer); err != nil {
		return err
	}
	answer, err := p.connection.CreateAnswer(nil)
	if err != nil {
		return fmt.Errorf("make an answer: %w", err)
	}
	if err := p.connection.SetLocalDescription(answer); err != nil {
		return fmt.Errorf("set the answer: %w", err)
	}
	return send(answer)
}

// setRemote sets the description that a plugin has sent.
func (p *Peer) setRemote(jsep *janus.JSEP) error {
	if jsep == nil {
		return errors.New("no SDP from Janus")
	}
	description := webrtc.SessionDescription{Type: webrtc.NewSDPType(jsep.Type), SDP: jsep.SDP}
	if err := p.connection.SetRemoteDescription(description); err != nil {
		return fmt.Errorf("set Janus's description %q: %w", jsep.Type, err)
	}
	return nil
}

// Run exchanges candidates with Janus and sends the audio, after Offer or
// Answer, until ctx ends, which is not an error, or the connection does.
//
// Candidates of Janus may arrive before its answer. They wait in Handle.Events
// until Run reads them: Pion cannot add them before the remote description is
// set.
func (p *Peer) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.trickle(ctx) })
	group.Go(func() error { return p.follow(ctx) })
	group.Go(func() error { return p.send(ctx) })
	return group.Wait()
}

// Hear is Run until so many packets are received.
func (p *Peer) Hear(ctx context.Context, packets int) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.Run(ctx) })
	group.Go(func() error {
		defer stop()
		return Await(ctx, p.Received.Reached(packets))
	})
	return group.Wait()
}

// trickle sends the local candidates as they are found.
func (p *Peer) trickle(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case candidate := <-p.candidates:
			if err := p.sendCandidate(ctx, candidate); err != nil && ctx.Err() == nil {
				return err
			}
			if candidate == nil {
				return nil
			}
		}
	}
}

func (p *Peer) sendCandidate(ctx context.Context, candidate *webrtc.ICECandidate) error {
	message := any(map[string]any{"completed": true})
	if candidate != nil {
		message = candidate.ToJSON()
	}
	if _, err := p.handle.Trickle(ctx, "", message); err != nil {
		return fmt.Errorf("trickle a candidate: %w", err)
	}
	return nil
}

// follow acts on what Janus tells of the handle.
func (p *Peer) follow(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.failed:
			return errors.New("the PeerConnection failed")
		case event, ok := <-p.handle.Events:
			if !ok {
				return errors.New("the handle is gone")
			}
			if err := p.handleEvent(event); err != nil {
				return err
			}
		}
	}
}

func (p *Peer) handleEvent(event any) error {
	switch event := event.(type) {
	case *janus.TrickleMsg:
		if event.Completed {
			return nil
		}
		if err := p.connection.AddICECandidate(webrtc.ICECandidateInit(event.Candidate)); err != nil {
			return fmt.Errorf("add Janus's candidate: %w", err)
		}
	case *janus.WebRTCUpMsg:
		p.upOnce.Do(func() { close(p.up) })
	case *janus.HangupMsg:
		return fmt.Errorf("hangup by Janus: %s", event.Reason)
	}
	return nil
}

// Up is closed when Janus says that media can flow.
func (p *Peer) Up() <-chan struct{} { return p.up }

// Path tells between which addresses the media flows, once it does.
func (p *Peer) Path() string {
	// All media, and data if there were any, share one transport.
	pair, err := p.connection.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return "none"
	}
	address := func(c *webrtc.ICECandidate) string {
		return net.JoinHostPort(c.Address, strconv.Itoa(int(c.Port)))
	}
	return address(pair.Local) + " - " + address(pair.Remote)
}

// Close ends the PeerConnection. It returns err, or else its own error.
func (p *Peer) Close(err error) error {
	if closed := p.connection.Close(); err == nil && closed != nil {
		return fmt.Errorf("close the PeerConnection: %w", closed)
	}
	return err
}
