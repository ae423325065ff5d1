package videoroom_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// feed adds a remote publisher with the first three of alice's streams, and
// returns where to send its RTP.
func feed(c *conversation, r *meeting, id plugin.ID, display string) (port int) {
	added := answer(r.admin.AddRemotePublisher(c.ctx, videoroom.AddRemotePublisher{
		Room: r.room, Secret: "s3cret", ID: id, Display: display, Iface: "127.0.0.1", Streams: remoteStreams(c, r)[:3],
	})).to(r.admin)
	for _, u := range []*user{r.alice, r.bob} {
		next[*videoroom.Published](u)
	}
	return added.Port
}

// watch subscribes to two remote publishers.
func watch(c *conversation, r *meeting) {
	carol, dave := c.id(105, "carol"), c.id(106, "ok")
	port := feed(c, r, carol, "Carol")
	if !c.standIn {
		talk(c, r, carol, port)
	}
	feed(c, r, dave, "Dave")
	eve := c.user()
	joined := answer(eve.JoinPublisher(c.ctx, videoroom.JoinPublisher{Room: r.room, ID: c.id(107, "eve"), PIN: "1234", Token: "token"})).to(eve)
	var feeds videoroom.Feeds
	if !feeds.Apply(joined) || !lists(&feeds, carol) || !lists(&feeds, dave) {
		c.Errorf("the feeds are %s", encode(c, feeds.List()))
	}
	for _, u := range []*user{r.alice, r.bob} {
		next[*videoroom.Joining](u)
	}

	viewer := c.user()
	subscribe(c, r, viewer, carol, dave)
	configure(c, viewer)
	replace(c, viewer, carol, dave)

	// The list and the subscription agree after an update by their difference.
	remotes := func(p videoroom.Publisher, _ videoroom.Stream) bool { return p.ID == carol || p.ID == dave }
	q, needed := feeds.Update(subscribed(c, viewer), remotes)
	if !needed {
		c.Fatal("the subscription has all streams already")
	}
	updated := is[*videoroom.Updated](viewer, answer(viewer.Update(c.ctx, q)))
	if q, needed := feeds.Update(updated.Streams, remotes); needed {
		c.Errorf("%+v is missing in %s", q, updated.Raw)
	}
	start(c, viewer, updated)
	audio := updated.Streams[slices.IndexFunc(updated.Streams, func(s videoroom.Stream) bool { return s.FeedID == carol && s.FeedMid == "0" })]
	updated = is[*videoroom.Updated](viewer, answer(viewer.Update(c.ctx, full(c, videoroom.Update{
		Subscribe:   []videoroom.SubscribeStream{allOf(carol, "0")},
		Unsubscribe: []videoroom.UnsubscribeStream{{Feed: carol, Mid: "0", SubMid: audio.Mid}},
	}))))
	start(c, viewer, updated)

	// The subscription follows when a publisher leaves.
	done[*videoroom.Success](r.admin, r.admin.RemoveRemotePublisher(c.ctx, videoroom.RemoveRemotePublisher{Room: r.room, Secret: "s3cret", ID: dave}))
	for _, u := range []*user{r.alice, r.bob, eve} {
		left := next[*videoroom.Left](u)
		if left.ID != dave {
			c.Errorf("told %s", left.Raw)
		}
		if u == eve && (!feeds.Apply(left) || lists(&feeds, dave)) {
			c.Errorf("after dave left, the feeds are %s", encode(c, feeds.List()))
		}
	}
	updated = next[*videoroom.Updated](viewer)
	if updated.Transaction != "" || updated.JSEP == nil {
		c.Errorf("the viewer was told %s", updated.Raw)
	}
	if q, needed := feeds.Update(updated.Streams, remotes); needed {
		c.Errorf("after dave left, %+v is needed", q)
	}
	start(c, viewer, updated)
	done[*videoroom.SubscriberLeft](viewer, viewer.Leave(c.ctx))
	done[*videoroom.SelfLeft](eve, eve.Leave(c.ctx))
	for _, u := range []*user{r.alice, r.bob} {
		if left := next[*videoroom.Left](u); left.ID != joined.ID {
			c.Errorf("told %s", left.Raw)
		}
	}
}

// lists reports whether feeds has a publisher.
func lists(feeds *videoroom.Feeds, id plugin.ID) bool {
	return slices.ContainsFunc(feeds.List(), func(p videoroom.Publisher) bool { return p.ID == id })
}

// talk sends RTP of a loud and then silent publisher.
func talk(c *conversation, r *meeting, id plugin.ID, port int) {
	conn, err := net.Dial("udp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the packets have been sent
	for i := range 10 {
		level := byte(10)
		if i >= 5 {
			level = 127
		}
		if _, err := conn.Write(rtp(uint16(i), level)); err != nil {
			c.Fatal(err)
		}
	}
	for _, u := range []*user{r.alice, r.bob} {
		if e := next[*videoroom.Talking](u); e.ID != id || e.Mid != "0" || e.Level != 10 {
			c.Errorf("told %s", e.Raw)
		}
		if e := next[*videoroom.StoppedTalking](u); e.ID != id || e.Mid != "0" || e.Level != 127 {
			c.Errorf("told %s", e.Raw)
		}
	}
}

// rtp returns a packet of the first stream of a remote publisher, with an audio
// level in the header extension of ID 1.
func rtp(sequence uint16, level byte) []byte {
	packet := []byte{0x90, 111}
	packet = binary.BigEndian.AppendUint16(packet, sequence)
	packet = binary.BigEndian.AppendUint32(packet, uint32(sequence)*960)
	packet = binary.BigEndian.AppendUint32(packet, 1000) // the SSRC of the m-line 0
	return append(packet, 0xbe, 0xde, 0, 1, 0x10, level, 0, 0, 0xf8, 0xff, 0xfe)
}

// allOf is a stream of a publisher with all settings.
func allOf(feed plugin.ID, mid string) videoroom.SubscribeStream {
	return videoroom.SubscribeStream{
		Feed: feed, Mid: mid, CrossRefID: "x" + mid, Send: ptr(true),
		Substream: ptr(1), Temporal: ptr(1), Fallback: ptr(100000), SpatialLayer: ptr(1), TemporalLayer: ptr(1),
		MinDelay: ptr(1), MaxDelay: ptr(2),
	}
}

// start answers the offer of an event.
func start(c *conversation, u *user, event plugin.Event) {
	c.Helper()
	offer := event.EventMeta().JSEP
	if offer == nil || offer.Type != "offer" {
		c.Fatalf("no offer with %s", event.EventMeta().Raw)
	}
	done[*videoroom.Started](u, u.Start(c.ctx, answerTo(offer)))
}

// subscribe subscribes to carol and then to dave.
func subscribe(c *conversation, r *meeting, u *user, carol, dave plugin.ID) {
	attached := answer(u.JoinSubscriber(c.ctx, full(c, videoroom.JoinSubscriber{
		Room: r.room, Streams: []videoroom.SubscribeStream{allOf(carol, "1"), {Feed: carol, Mid: "2"}},
		PIN: "1234", Token: "token", PrivateID: r.joined.PrivateID, AutoUpdate: ptr(true), UseMSID: true,
	}))).to(u)
	if len(attached.Streams) != 2 {
		c.Fatalf("attached: %s", attached.Raw)
	}
	video, data := attached.Streams[0], attached.Streams[1]
	if video.FeedID != carol || video.FeedMid != "1" || video.CrossRefID != "x1" {
		c.Errorf("attached to the video %s", encode(c, video))
	}
	if !c.standIn && (video.Simulcast.Layers == nil || video.Simulcast.Layers.SubstreamTarget != 1 ||
		video.PlayoutDelay == nil || video.PlayoutDelay.MaxDelay != 2 || c.since(1, 2, 1) && video.H264Profile != "42e01f") {
		c.Errorf("attached to the video %s", encode(c, video))
	}
	if data.Type != videoroom.Data || !slices.Equal(data.SourceIDs, []plugin.ID{carol}) {
		c.Errorf("attached to the data %s", encode(c, data))
	}
	start(c, u, attached)
	done[*videoroom.Paused](u, u.Pause(c.ctx))
	done[*videoroom.Started](u, u.Start(c.ctx, nil))

	updated := is[*videoroom.Updated](u, answer(u.Subscribe(c.ctx, full(c, videoroom.Subscribe{Streams: []videoroom.SubscribeStream{allOf(dave, "0")}}))))
	// As long as the offer is not answered, the next one has to wait.
	is[*videoroom.Updating](u, answer(u.Subscribe(c.ctx, videoroom.Subscribe{Streams: []videoroom.SubscribeStream{{Feed: dave, Mid: "1"}}})))
	start(c, u, updated)
	updated = next[*videoroom.Updated](u)
	if updated.Transaction != "" || len(updated.Streams) != 4 {
		c.Errorf("the postponed update is %s", updated.Raw)
	}
	start(c, u, updated)
	// Nothing changes.
	updated = is[*videoroom.Updated](u, answer(u.Unsubscribe(c.ctx, videoroom.Unsubscribe{Streams: []videoroom.UnsubscribeStream{{Feed: c.id(1, "nobody")}}})))
	if updated.JSEP != nil || updated.Streams != nil {
		c.Errorf("nothing has changed, but the answer is %s", updated.Raw)
	}
}

// configure configures a subscription, and asks for offers.
func configure(c *conversation, u *user) {
	configured := answer(u.ConfigureSubscriber(c.ctx, full(c, videoroom.ConfigureSubscriber{
		Streams: []videoroom.SubscriptionStream{{
			Mid: "0", Send: ptr(true), Substream: ptr(2), Temporal: ptr(2), Fallback: ptr(200000), SpatialLayer: ptr(2), TemporalLayer: ptr(2),
			MinDelay: ptr(-1), MaxDelay: ptr(-1), AudioActivePackets: 1, AudioLevelAverage: 1,
		}},
		Update: true, Restart: true,
	}))).to(u)
	// As long as the offer is not answered, Janus does not answer at all.
	ctx, cancel := context.WithTimeout(c.ctx, 500*time.Millisecond)
	defer cancel()
	if _, err := u.ConfigureSubscriber(ctx, videoroom.ConfigureSubscriber{Update: true}); !errors.Is(err, context.DeadlineExceeded) {
		c.Errorf("a request for an offer, while one was not answered, ended with %v", err)
	}
	start(c, u, configured)
	updated := next[*videoroom.Updated](u)
	start(c, u, updated)
}

// subscribed returns the streams of a subscription.
func subscribed(c *conversation, u *user) []videoroom.Stream {
	// Unsubscribing from nothing changes nothing, but Janus tells the streams
	// with a change only: hence a switch of nothing.
	switched := is[*videoroom.Switched](u, answer(u.Switch(c.ctx, videoroom.Switch{Streams: []videoroom.SwitchStream{{Feed: c.id(105, "carol"), Mid: "0", SubMid: "none"}}})))
	if switched.Changes != 0 {
		c.Errorf("a switch of nothing changed %s", switched.Raw)
	}
	return switched.Streams
}

// replace switches sources.
func replace(c *conversation, u *user, carol, dave plugin.ID) {
	q := full(c, videoroom.Switch{Streams: []videoroom.SwitchStream{{
		Feed: dave, Mid: "1", SubMid: "0", Substream: ptr(1), Temporal: ptr(1), SpatialLayer: ptr(1), TemporalLayer: ptr(1),
	}}})
	switched := is[*videoroom.Switched](u, answer(u.Switch(c.ctx, q)))
	if switched.Changes != 1 || switched.Streams[0].FeedID != dave {
		c.Errorf("switched %s", switched.Raw)
	}
	updated := is[*videoroom.Updated](u, answer(u.Unsubscribe(c.ctx, full(c, videoroom.Unsubscribe{Streams: []videoroom.UnsubscribeStream{{Feed: dave, Mid: "1", SubMid: "0"}}}))))
	if updated.Streams[0].Active {
		c.Errorf("after unsubscribe: %s", updated.Raw)
	}
	start(c, u, updated)

	// A switch into an inactive m-line needs an offer, which comes first.
	updated = is[*videoroom.Updated](u, answer(u.Switch(c.ctx, videoroom.Switch{Streams: []videoroom.SwitchStream{{Feed: carol, Mid: "1", SubMid: "0"}}})))
	if switched := next[*videoroom.Switched](u); switched.Transaction != updated.Transaction || switched.Changes != 1 || switched.JSEP != nil {
		c.Errorf("after the offer came %s", switched.Raw)
	}
	start(c, u, updated)
}
