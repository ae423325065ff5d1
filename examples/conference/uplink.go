package main

import (
	"context"
	"errors"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// uplink is the PeerConnection on which a participant sends, and the handle that has
// joined the room.
type uplink struct {
	participant *participant
	handle      *janus.Handle
	client      *videoroom.Client
	published   bool
	early       []any // candidates that came before the offer
}

// join attaches a handle and joins the room with it.
func (u *uplink) join(ctx context.Context, b *backend) (*videoroom.Joined, error) {
	p := u.participant
	var err error
	if u.handle, err = b.session.AttachWith(ctx, "", janus.AttachOptions{Plugin: videoroom.Name}); err != nil {
		return nil, err
	}
	u.client = videoroom.On(u.handle)
	joined, err := u.client.JoinPublisher(ctx, videoroom.JoinPublisher{
		Room: p.room, Display: p.name, PIN: p.conference.pin,
	})
	if err != nil {
		u.detach(ctx)
	}
	return joined, err
}

func (u *uplink) detach(ctx context.Context) { detach(ctx, u.handle) }

// detach detaches a handle, which may have ended, as may ctx.
func detach(ctx context.Context, handle *janus.Handle) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	_, _ = handle.Detach(ctx, "") // if that fails, the handle ends with its session
}

// publish passes an offer of the browser on to Janus: the first one, or one that adds
// or removes streams or restarts ICE.
func (u *uplink) publish(ctx context.Context, m message) {
	p := u.participant
	var descriptions []videoroom.StreamDescription
	for _, s := range m.Streams {
		if !s.Kind.valid() {
			p.fail(m.Type, errBadMessage)
			return
		}
		descriptions = append(descriptions, videoroom.StreamDescription{Mid: s.Mid, Description: string(s.Kind)})
	}
	offer := janus.JSEP{Type: "offer", SDP: m.SDP}
	var configured *videoroom.Configured
	var err error
	if u.published {
		configured, err = u.client.ConfigurePublisher(ctx, videoroom.ConfigurePublisher{Descriptions: descriptions}, offer)
	} else {
		configured, err = u.client.Publish(ctx, videoroom.Publish{Descriptions: descriptions}, offer)
	}
	if err == nil && configured.JSEP == nil {
		err = errors.New("no SDP answer")
	}
	if err != nil {
		p.fail(m.Type, err)
		return
	}
	u.published = true
	p.send(answerMessage{Type: "answer", Offer: m.Offer, SDP: configured.JSEP.SDP})
	p.conference.change(p, func(f *facts) { f.streams = sent(configured.Streams) })
	for _, candidate := range u.early {
		trickle(ctx, u.handle, candidate)
	}
	u.early = nil
}

// sent lists what a participant sends. Janus says that, so that the operator can mute all
// of it, whatever the browser says.
func sent(streams []videoroom.Stream) []sentStream {
	var list []sentStream
	for _, s := range streams {
		if !s.Disabled && s.Type != videoroom.Data {
			list = append(list, sentStream{Mid: s.Mid, Kind: kindOf(s.Type, s.Description)})
		}
	}
	return list
}

// trickle passes a candidate of the browser on, nil if there are no more.
func (u *uplink) trickle(ctx context.Context, candidate *janus.ICECandidate) {
	if u.published {
		trickle(ctx, u.handle, completed(candidate))
	} else if len(u.early) < maxEarly {
		u.early = append(u.early, completed(candidate))
	}
}

// hangup handles the end of the PeerConnection. The browser has to publish again.
func (u *uplink) hangup(msg *janus.HangupMsg) {
	p := u.participant
	u.published, u.early = false, nil
	p.conference.change(p, func(f *facts) { f.streams, f.muted, f.talking = nil, nil, false })
	p.send(pcMessage{Type: "pc", PC: upward, State: "hangup", Reason: msg.Reason})
}

// maxEarly is how many candidates are kept that come too early.
const maxEarly = 100

// completed returns what Handle.Trickle needs for a candidate.
func completed(candidate *janus.ICECandidate) any {
	if candidate == nil || candidate.Candidate == "" {
		return map[string]bool{"completed": true}
	}
	return *candidate
}

// trickle sends a candidate. If it is lost, there may be others.
func trickle(ctx context.Context, handle *janus.Handle, candidate any) {
	_, _ = handle.Trickle(ctx, "", candidate)
}

// trickled returns the message for a candidate of Janus.
func trickled(pc string, msg *janus.TrickleMsg) candidateMessage {
	m := candidateMessage{Type: "candidate", PC: pc}
	if !msg.Completed {
		m.Candidate = &msg.Candidate
	}
	return m
}
