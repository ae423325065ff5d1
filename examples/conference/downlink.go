package main

import (
	"context"
	"slices"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// downlink is the PeerConnection on which a participant receives the others, and the
// handle of the subscription.
//
// Janus makes the offers on it. There is one at a time: the next request that needs an
// offer is sent when the browser has answered the last one. Offers also come unasked,
// when a publisher has left. If one of these is on its way while a request is sent,
// Janus postpones what was requested and sends another offer after the answer.
type downlink struct {
	participant *participant
	privateID   uint32
	handle      *janus.Handle // nil without a subscription
	client      *videoroom.Client
	streams     []videoroom.Stream // of the subscription

	changed     bool // the feeds have changed
	wantRestart bool // the browser wants an ICE restart

	asked      bool               // Janus will send an offer
	restarting bool               // it is that of restart
	postponed  bool               // Janus will send another offer after the answer
	offer      *offerMessage      // the offer that is not answered yet
	number     int                // of the last offer
	restarts   chan restartResult // of the request of restart
	early      []any              // candidates that came before the answer
}

// restartResult is the answer to a request for an ICE restart.
type restartResult struct {
	configured *videoroom.Configured
	err        error
}

// events returns the events of the subscription. A nil channel has none.
func (d *downlink) events() <-chan any {
	if d.handle == nil {
		return nil
	}
	return d.handle.Events
}

// follow asks Janus for the next offer, if one is needed and none is outstanding.
func (d *downlink) follow(ctx context.Context) {
	if d.asked || d.offer != nil {
		return
	}
	if d.wantRestart {
		d.wantRestart = false
		d.restart(ctx)
		return
	}
	if !d.changed {
		return
	}
	d.changed = false
	update, needed := d.participant.feeds.Update(d.streams, nil)
	if !needed {
		return
	}
	var err error
	if d.handle == nil {
		err = d.subscribe(ctx, update.Subscribe)
	} else {
		err = d.update(ctx, update)
	}
	if err != nil {
		d.changed = true // a publisher may have gone; the event that says so follows
		d.participant.log.Debug("cannot subscribe", "err", err)
	}
}

// subscribe makes the subscription.
func (d *downlink) subscribe(ctx context.Context, streams []videoroom.SubscribeStream) error {
	if len(streams) == 0 {
		return nil
	}
	p := d.participant
	handle, err := p.backend.session.AttachWith(ctx, "", janus.AttachOptions{Plugin: videoroom.Name})
	if err != nil {
		return err
	}
	client := videoroom.On(handle)
	attached, err := client.JoinSubscriber(ctx, videoroom.JoinSubscriber{
		Room: p.room, Streams: streams, PIN: p.conference.pin, PrivateID: d.privateID,
	})
	if err != nil {
		detach(ctx, handle)
		return err
	}
	d.handle, d.client, d.restarts = handle, client, make(chan restartResult, 1)
	d.offered(attached.JSEP, attached.Streams, true)
	return nil
}

// update changes the subscription.
func (d *downlink) update(ctx context.Context, update videoroom.Update) error {
	event, err := d.client.Update(ctx, update)
	if err != nil {
		return err
	}
	switch event := event.(type) {
	case *videoroom.Updated:
		d.offered(event.JSEP, event.Streams, false)
	case *videoroom.Updating:
		d.asked, d.postponed = true, true
	}
	return nil
}

// restartSoon handles the browser's wish for an ICE restart. Without a subscription
// there is nothing to restart.
func (d *downlink) restartSoon(m message) {
	if m.PC != downward {
		d.participant.fail(m.Type, errBadMessage)
		return
	}
	d.wantRestart = d.handle != nil
}

// restart asks for an offer that restarts ICE. If Janus has sent another offer, it does
// not answer this request at all: so nothing waits for the answer here.
func (d *downlink) restart(ctx context.Context) {
	d.asked, d.restarting = true, true
	client, results := d.client, d.restarts
	d.participant.conference.participants.Go(func() {
		configured, err := client.ConfigureSubscriber(ctx, videoroom.ConfigureSubscriber{Restart: true})
		select {
		case results <- restartResult{configured, err}:
		case <-ctx.Done():
		}
	})
}

// restartDone handles the answer to the request of restart.
func (d *downlink) restartDone(r restartResult) {
	switch {
	case r.err == nil && r.configured.JSEP != nil:
		d.offered(r.configured.JSEP, nil, false)
	case d.restarting: // no offer has come instead
		d.participant.log.Info("no ICE restart", "err", r.err)
		d.asked, d.restarting = false, false
	}
}

// offered passes an offer of Janus on to the browser, if there is one.
func (d *downlink) offered(offer *janus.JSEP, streams []videoroom.Stream, fresh bool) {
	if offer == nil {
		return // nothing has changed
	}
	if streams != nil {
		d.streams, d.changed = streams, true // the feeds may have changed since
	}
	d.number++
	d.asked, d.restarting = false, false
	d.offer = &offerMessage{
		Type: "offer", Offer: d.number, SDP: offer.SDP, Streams: received(d.streams), Fresh: fresh,
	}
	d.repeat()
}

// received lists the streams that an offer has.
func received(streams []videoroom.Stream) []receivedStream {
	list := []receivedStream{}
	for _, s := range streams {
		if s.Active && s.Type != videoroom.Data {
			list = append(list, receivedStream{
				Mid: s.Mid, Participant: id{s.FeedID}, Kind: kindOf(s.Type, s.FeedDescription), Simulcast: s.Simulcast.On,
			})
		}
	}
	return list
}

// repeat sends the offer that is not answered yet, if there is one.
func (d *downlink) repeat() {
	if d.offer != nil {
		d.participant.send(d.offer)
	}
}

// answer passes the answer of the browser on. Answers to older offers are ignored.
func (d *downlink) answer(ctx context.Context, m message) {
	if d.offer == nil || m.Offer != d.offer.Offer {
		return
	}
	if err := d.client.Start(ctx, janus.JSEP{Type: "answer", SDP: m.SDP}); err != nil {
		d.participant.fail(m.Type, err)
		return // Janus still waits for an answer
	}
	d.offer = nil
	d.asked, d.postponed = d.postponed, false
	for _, candidate := range d.early {
		trickle(ctx, d.handle, candidate)
	}
	d.early = nil
}

// trickle passes a candidate of the browser on, nil if there are no more. Those that
// come before the answer belong to it.
func (d *downlink) trickle(ctx context.Context, candidate *janus.ICECandidate) {
	switch {
	case d.handle == nil:
	case d.offer == nil:
		trickle(ctx, d.handle, completed(candidate))
	case len(d.early) < maxEarly:
		d.early = append(d.early, completed(candidate))
	}
}

// layer asks Janus for a layer of a simulcast stream.
func (d *downlink) layer(ctx context.Context, m message) {
	known := slices.ContainsFunc(d.streams, func(s videoroom.Stream) bool { return s.Mid == m.Mid && s.Active })
	if m.Substream < 0 || m.Substream > 2 {
		d.participant.fail(m.Type, errBadMessage)
		return
	}
	if !known {
		return // it has just gone
	}
	_, err := d.client.ConfigureSubscriber(ctx, videoroom.ConfigureSubscriber{
		Streams: []videoroom.SubscriptionStream{{Mid: m.Mid, Substream: &m.Substream}},
	})
	if err != nil {
		d.participant.log.Info("cannot change the layer", "err", err)
	}
}

// event handles an event of the subscription.
func (d *downlink) event(ctx context.Context, msg any) {
	p := d.participant
	switch msg := msg.(type) {
	case *janus.WebRTCUpMsg:
		p.send(pcMessage{Type: "pc", PC: downward, State: "up"})
	case *janus.HangupMsg:
		p.send(pcMessage{Type: "pc", PC: downward, State: "hangup", Reason: msg.Reason})
		d.reset(ctx)
	case *janus.TrickleMsg:
		p.send(trickled(downward, msg))
	case *janus.OverflowMsg:
		d.reset(ctx) // an offer may be lost
	}
	event, ok := videoroom.Parse(msg)
	if !ok {
		return
	}
	switch event := event.(type) {
	case *videoroom.Updated:
		d.offered(event.JSEP, event.Streams, false)
	case *videoroom.Configured: // the answer to restart came too late
		d.offered(event.JSEP, nil, false)
	case *videoroom.SubstreamChanged:
		p.send(layerMessage{Type: "layer", Mid: event.Mid, Substream: event.Substream})
	}
}

// reset gives the subscription up, and lets follow make another one: Janus has closed
// the PeerConnection, or somebody has detached the handle.
func (d *downlink) reset(ctx context.Context) {
	d.detach(ctx)
	*d = downlink{participant: d.participant, privateID: d.privateID, number: d.number, changed: true}
}

func (d *downlink) detach(ctx context.Context) {
	if d.handle != nil {
		detach(ctx, d.handle)
	}
}
