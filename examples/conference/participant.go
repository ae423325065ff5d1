package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/cameronelliott/janus-go/supervisor"
)

const (
	// poorFor is how long a line counts as poor after Janus has said so.
	poorFor = 10 * time.Second

	// leaveTimeout bounds what is done on Janus when a participant leaves.
	leaveTimeout = 2 * time.Second
)

// ending is why a participant is no longer in the room.
type ending string

const (
	left      ending = "left"
	away      ending = "gone"    // its socket was lost and did not come back
	kicked    ending = "kicked"  // by the operator
	destroyed ending = "room"    // the room was destroyed
	closed    ending = "closed"  // the program ends
	restart   ending = "restart" // its handle has ended: it has to join again
)

// participant is somebody who joins, or has joined, a room. Its goroutine, run, handles
// the messages of its browser and the events of its handles one after the other. It
// outlives the browser's socket for a while.
type participant struct {
	conference *conference
	room       plugin.ID
	name       string
	log        *slog.Logger

	cancel   context.CancelFunc
	inbox    chan message  // from the browser
	presence chan struct{} // has an element when browser has changed
	done     chan struct{} // closed when run returns

	// These are guarded by conference.mu.
	browser *browser // nil while there is no socket
	joined  bool
	token   string    // for resume
	id      plugin.ID // set by join, does not change afterwards
	backend *backend  // likewise
	facts   facts
	known   []byte               // the last message to the room about it
	guests  map[plugin.ID]person // publishers that have not joined through this program

	// These belong to run.
	up    uplink
	down  downlink
	feeds videoroom.Feeds // what the others publish
}

// facts are what is known of a participant. Others see what person makes of them.
type facts struct {
	streams       []sentStream // what it publishes
	microphoneOff bool         // by itself
	cameraOff     bool         // by itself
	muted         []kind       // by the operator
	talking       bool
	poorLine      bool // the browser says so
	slowLink      bool // Janus says so
	connected     bool // there is a socket
}

// person returns what others know. The caller holds conference.mu.
func (p *participant) person() person {
	f := p.facts
	sends := func(k kind) bool {
		return slices.ContainsFunc(f.streams, func(s sentStream) bool { return s.Kind == k })
	}
	muted := []kind{}
	for _, k := range f.muted { // which it keeps if the stream goes and comes back
		if sends(k) {
			muted = append(muted, k)
		}
	}
	return person{
		ID:         id{p.id},
		Name:       p.name,
		Microphone: sends(microphone) && !f.microphoneOff,
		Camera:     sends(camera) && !f.cameraOff,
		Screen:     sends(screen),
		Talking:    f.talking && !f.microphoneOff,
		Poor:       f.poorLine || f.slowLink || !f.connected,
		Muted:      muted,
	}
}

// newParticipant starts a participant, which joins as soon as it can.
func (c *conference) newParticipant(ctx context.Context, b *browser, room plugin.ID, name string) *participant {
	p := &participant{
		conference: c,
		room:       room,
		name:       name,
		log:        c.Log.With("room", room, "name", name),
		inbox:      make(chan message, 64),
		presence:   make(chan struct{}, 1),
		done:       make(chan struct{}),
		browser:    b,
		facts:      facts{connected: true},
		guests:     make(map[plugin.ID]person),
	}
	p.up.participant, p.down.participant = p, p
	ctx, p.cancel = context.WithCancel(ctx)
	c.participants.Go(func() { p.run(ctx) })
	return p
}

// send sends a message to the browser, if there is one.
func (p *participant) send(message any) {
	encoded := encode(message)
	p.conference.mu.Lock()
	defer p.conference.mu.Unlock()
	p.browserSend(encoded)
}

// browserSend is send for callers that hold conference.mu.
func (p *participant) browserSend(message []byte) {
	if p.browser != nil {
		p.browser.sendEncoded(message)
	}
}

// fail tells the browser about an error of a message of a type.
func (p *participant) fail(re string, err error) {
	p.log.Info("a message has failed", "type", re, "err", err) // the browser may send any type
	p.send(problemOf(err, re))
}

// run joins the room, takes part and leaves it.
func (p *participant) run(ctx context.Context) {
	defer close(p.done)
	defer p.cancel()
	if err := p.conference.reserve(p.room); err != nil {
		p.fail("join", err)
		return
	}
	defer p.conference.release(p.room)
	if err := p.join(ctx); err != nil {
		if ctx.Err() == nil {
			p.fail("join", err)
		}
		return
	}
	p.log.Info("joined", "id", p.id)
	why := p.meet(ctx)
	p.log.Info("left", "id", p.id, "why", why)
	p.leave(ctx)
	p.conference.remove(p, why)
	p.farewell(ctx, why)
}

// join joins the room as a publisher, once Janus is there.
func (p *participant) join(ctx context.Context) error {
	c := p.conference
	if c.janus.Status().State != supervisor.StateUp {
		p.send(waiting)
	}
	// If the session ends in between, nothing is left of what the first attempt did.
	err := c.janus.DoIdempotent(ctx, func(ctx context.Context, b *backend) error {
		joined, err := p.up.join(ctx, b)
		if errors.Is(err, videoroom.ErrorNoSuchRoom) && p.room == c.Room && c.createRoom(ctx, b) == nil {
			joined, err = p.up.join(ctx, b) // somebody had destroyed it
		}
		if err != nil {
			return err
		}
		p.id, p.backend, p.down.privateID = joined.ID, b, joined.PrivateID
		p.meetFeeds(joined, joined.Publishers)
		return nil
	})
	if err != nil {
		return err
	}
	c.add(p)
	return nil
}

// meet handles messages and events until the participant has to leave. It returns why.
func (p *participant) meet(ctx context.Context) ending {
	var gone, calm <-chan time.Time
	p.down.follow(ctx)
	for {
		select {
		case m := <-p.inbox:
			if m.Type == "leave" {
				return left
			}
			p.receive(ctx, m)
		case msg, ok := <-p.up.handle.Events:
			if !ok {
				return restart
			}
			if _, slow := msg.(*janus.SlowLinkMsg); slow {
				calm = p.slow()
			}
			if why := p.upEvent(ctx, msg); why != "" {
				return why
			}
		case msg, ok := <-p.down.events():
			if _, slow := msg.(*janus.SlowLinkMsg); slow {
				calm = p.slow()
			}
			if !ok {
				p.down.reset(ctx)
			} else {
				p.down.event(ctx, msg)
			}
		case result := <-p.down.restarts:
			p.down.restartDone(result)
		case <-p.presence:
			gone = p.present(ctx)
		case <-gone:
			return away
		case <-calm:
			p.conference.change(p, func(f *facts) { f.slowLink = false })
		case <-ctx.Done():
			return closed
		}
		p.down.follow(ctx)
	}
}

// deliver passes a message of the browser to run.
func (p *participant) deliver(ctx context.Context, m message) {
	select {
	case p.inbox <- m:
	case <-p.done:
	case <-ctx.Done():
	}
}

// browserChanged lets run know that the socket came or went.
func (p *participant) browserChanged() {
	select {
	case p.presence <- struct{}{}:
	default:
	}
}

// receive handles a message of the browser.
func (p *participant) receive(ctx context.Context, m message) {
	switch m.Type {
	case "publish":
		p.up.publish(ctx, m)
	case "answer":
		p.down.answer(ctx, m)
	case "candidate":
		p.candidate(ctx, m)
	case "restart":
		p.down.restartSoon(m)
	case "layer":
		p.down.layer(ctx, m)
	case "state":
		p.conference.change(p, func(f *facts) {
			if m.Microphone != nil {
				f.microphoneOff = !*m.Microphone
			}
			if m.Camera != nil {
				f.cameraOff = !*m.Camera
			}
		})
	case "quality":
		p.conference.change(p, func(f *facts) { f.poorLine = m.Poor })
	default:
		p.fail(m.Type, errBadMessage)
	}
}

func (p *participant) candidate(ctx context.Context, m message) {
	switch m.PC {
	case upward:
		p.up.trickle(ctx, m.Candidate)
	case downward:
		p.down.trickle(ctx, m.Candidate)
	default:
		p.fail(m.Type, errBadMessage)
	}
}

// slow marks the line as poor, and returns a channel that says when to remove the mark.
func (p *participant) slow() <-chan time.Time {
	p.conference.change(p, func(f *facts) { f.slowLink = true })
	return time.After(poorFor)
}

// present handles that the socket came or went. Without one, it returns a channel that
// says when to stop waiting for another.
func (p *participant) present(ctx context.Context) <-chan time.Time {
	c, connected := p.conference, p.hasBrowser()
	c.change(p, func(f *facts) { f.connected = connected })
	if !connected {
		p.log.Debug("the socket is lost", "id", p.id)
		return time.After(c.ResumeFor)
	}
	p.down.repeat()
	return nil
}

// hasBrowser reports whether there is a socket.
func (p *participant) hasBrowser() bool {
	p.conference.mu.Lock()
	defer p.conference.mu.Unlock()
	return p.browser != nil
}

// upEvent handles an event of the publisher's handle, on which the VideoRoom also says
// what the others do. It returns why the participant has to go, if it has to.
func (p *participant) upEvent(ctx context.Context, msg any) ending {
	switch msg := msg.(type) {
	case *janus.WebRTCUpMsg:
		p.send(pcMessage{Type: "pc", PC: upward, State: "up"})
	case *janus.HangupMsg:
		p.up.hangup(msg)
	case *janus.TrickleMsg:
		p.send(trickled(upward, msg))
	case *janus.OverflowMsg:
		return restart // nobody knows what the room looks like now
	}
	event, ok := videoroom.Parse(msg)
	if !ok {
		return ""
	}
	switch event := event.(type) {
	case *videoroom.SelfKicked:
		return kicked
	case *videoroom.Destroyed:
		return destroyed
	case *videoroom.Talking:
		p.talk(event.ID, true)
	case *videoroom.StoppedTalking:
		p.talk(event.ID, false)
	case *videoroom.Moderated:
		if event.ID == p.id {
			p.moderated(event)
		}
	case *videoroom.Published:
		p.meetFeeds(event, event.Publishers)
		return ""
	case *videoroom.Unpublished:
		p.guestGone(event.ID)
	case *videoroom.Left:
		p.guestGone(event.ID)
	case *videoroom.Kicked:
		p.guestGone(event.ID)
	}
	p.meetFeeds(event, nil)
	return ""
}

// meetFeeds applies an event to the feeds. Those of the publishers that have not joined
// through this program are guests.
func (p *participant) meetFeeds(event videoroom.Event, publishers []videoroom.Publisher) {
	if p.feeds.Apply(event) {
		p.down.changed = true
	}
	for _, publisher := range publishers {
		if !p.conference.has(p.room, publisher.ID) {
			p.guest(publisher)
		}
	}
}

// talk handles that somebody starts or stops talking. Every participant gets these events
// about everybody, and uses those about itself and the guests.
func (p *participant) talk(who plugin.ID, talking bool) {
	if who == p.id {
		p.conference.change(p, func(f *facts) { f.talking = talking })
		return
	}
	if guest, ok := p.guests[who]; ok {
		guest.Talking = talking
		p.setGuest(guest)
	}
}

// moderated handles that the operator has muted or unmuted a stream of the participant.
func (p *participant) moderated(event *videoroom.Moderated) {
	p.conference.change(p, func(f *facts) {
		for _, s := range f.streams {
			if s.Mid != event.Mid {
				continue
			}
			f.muted = slices.DeleteFunc(f.muted, func(k kind) bool { return k == s.Kind })
			if event.Moderation == videoroom.Muted {
				f.muted = append(f.muted, s.Kind)
			}
		}
	})
}

// leave detaches the handles. Janus then tells the others.
func (p *participant) leave(ctx context.Context) {
	p.down.detach(ctx)
	p.up.detach(ctx)
}

var waiting = noticeMessage{Type: "waiting", Message: "The conference server is being restarted …"}

// farewell tells the browser why it is over, or to join again. If there is no browser,
// none can come any more.
func (p *participant) farewell(ctx context.Context, why ending) {
	if !p.hasBrowser() {
		return
	}
	switch why {
	case left:
		p.send(noticeMessage{Type: "ended", Reason: why, Message: "You have left the conference."})
	case kicked:
		p.send(noticeMessage{Type: "ended", Reason: why, Message: "You have been removed from the conference."})
	case destroyed:
		p.send(noticeMessage{Type: "ended", Reason: why, Message: "The room has been closed."})
	case away: // a socket that came too late was told that it has resumed
		p.send(noticeMessage{Type: "restart"})
	case restart:
		p.send(waiting)
		if _, err := p.conference.janus.Get(ctx); err == nil {
			p.send(noticeMessage{Type: "restart"})
		}
	}
}
