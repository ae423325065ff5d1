package janustest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A publisher is a participant that may publish. Until it does, it is an
// attendee.
type publisher struct {
	id            ident
	privateID     uint64
	display       string
	metadata      json.RawMessage
	handle        *handle           // nil for a remote publisher
	room          *room             // nil if it has left or the room has gone
	remote        bool              // made by add_remote_publisher
	started       bool              // it publishes
	codecs        map[string]string // the codec it chose for a kind of media
	streams       []*stream
	forwarders    []forwarder
	remotizations []remotization
}

// A stream is one that a publisher publishes.
type stream struct {
	publisher        *publisher
	kind, mid        string
	index            int
	description      string
	codec, profile   string
	stereo, fec, dtx bool
	simulcast, svc   bool
	disabled         bool // inactive in the offer
	moderated        bool
}

var publisherParams = []param{{"display", aString, false}, {"metadata", anObject, false}, {"id", anIdent, false}}

func (v *videoroom) joinPublisher(r *Request, rm *room, body members) *roomError {
	if err := v.check(body, publisherParams...); err != nil {
		return err
	}
	if rm.checkTokens && !slices.Contains(rm.tokens, body.str("token")) {
		return roomErrorf(roomUnauthorized, "Unauthorized (not in the allowed list)")
	}
	id := body.ident("id")
	if id.chosen() && rm.participant(id) != nil {
		return roomErrorf(roomIDExists, "User ID %s already exists", id)
	}
	if !id.chosen() {
		id = v.newIdent(func(id ident) bool { return rm.participant(id) != nil })
	}
	p := &publisher{
		id: id, privateID: uint64(rand.Uint32()), handle: r.handle, room: rm, display: body.str("display"),
	}
	p.setMetadata(r.srv, body)
	publishers, attendees := []object{}, []object{}
	for _, other := range rm.participants {
		if other.started {
			publishers = append(publishers, other.describe())
		} else {
			attendees = append(attendees, other.identity())
		}
	}
	r.handle.state = p
	rm.participants = append(rm.participants, p)
	joined := object{
		{"videoroom", "joined"}, {"room", rm.id}, {"description", rm.description}, {"id", id},
		{"private_id", p.privateID}, {"publishers", publishers},
	}
	if rm.notifyJoining {
		joined = joined.with("attendees", attendees)
		p.tellOthers(r.srv, object{{"videoroom", "event"}, {"room", rm.id}, {"joining", p.identity()}})
	}
	return v.negotiate(r, p, joined, body)
}

// identity describes a participant to others.
func (p *publisher) identity() object {
	o := object{{"id", p.id}}
	if p.display != "" {
		o = o.with("display", p.display)
	}
	if p.metadata != nil {
		o = o.with("metadata", p.metadata)
	}
	return o
}

// describe describes a participant that publishes to others.
func (p *publisher) describe() object { return append(p.identity(), p.published()...) }

// published describes the streams, with the codecs once more for old clients.
func (p *publisher) published() object {
	var o object
	list := []object{}
	for _, s := range p.streams {
		list = append(list, s.describe())
		if name := s.kind + "_codec"; s.codec != "" && !s.disabled && !slices.ContainsFunc(o, func(f field) bool { return f.name == name }) {
			o = o.with(name, s.codec)
		}
	}
	return o.with("streams", list)
}

func (s *stream) describe() object {
	o := object{{"type", s.kind}, {"mindex", s.index}, {"mid", s.mid}}
	if s.disabled {
		return o.with("disabled", true)
	}
	if s.description != "" {
		o = o.with("description", s.description)
	}
	if s.codec != "" {
		o = o.with("codec", s.codec)
	}
	if s.profile != "" {
		o = o.with(s.codec+"_profile", s.profile)
	}
	for _, f := range (object{
		{"stereo", s.stereo}, {"fec", s.fec}, {"dtx", s.dtx},
		{"moderated", s.moderated}, {"simulcast", s.simulcast}, {"svc", s.svc},
	}) {
		if f.value == true {
			o = append(o, f)
		}
	}
	return o
}

func (p *publisher) stream(mid string) *stream {
	for _, s := range p.streams {
		if s.mid == mid {
			return s
		}
	}
	return nil
}

// tellOthers notifies the other participants of the room.
func (p *publisher) tellOthers(s *Server, data object) {
	for _, other := range p.room.participants {
		if other != p {
			notify(s, other.handle, data, nil)
		}
	}
}

func (v *videoroom) servePublisher(r *Request, p *publisher, request string, body members) *roomError {
	joining := request == "join" || request == "joinandconfigure"
	switch {
	case p.room == nil && joining:
		return roomErrorf(roomAlreadyJoined, "Not in a room (create a new handle)")
	case p.room == nil:
		return roomErrorf(roomNoSuchRoom, "No such room")
	case joining:
		return roomErrorf(roomAlreadyJoined, "Already in as a publisher on this handle")
	}
	switch request {
	case "configure", "publish":
		return v.publish(r, p, request, body)
	case "unpublish":
		if !p.started {
			return roomErrorf(roomNotPublished, "Can't unpublish, not published")
		}
		v.unpublish(r.srv, p)
		_ = r.Event(object{{"videoroom", "event"}, {"room", p.room.id}, {"unpublished", "ok"}}, nil)
		r.srv.hangup(r.handle, "Close PC")
		return nil
	case "leave":
		left := object{{"videoroom", "event"}, {"room", p.room.id}, {"leaving", "ok"}}
		v.leave(r.srv, p, "leaving")
		_ = r.Event(left, nil)
		return nil
	}
	return roomErrorf(roomInvalidRequest, "Unknown request '%s'", body.str("request"))
}

var publishParams = []param{
	{"descriptions", anArray, false}, {"audiocodec", aString, false}, {"videocodec", aString, false},
	{"bitrate", aPositive, false}, {"keyframe", aBoolean, false}, {"record", aBoolean, false},
	{"filename", aString, false}, {"display", aString, false}, {"metadata", anObject, false},
	{"secret", aString, false}, {"audio", aBoolean, false}, {"video", aBoolean, false},
	{"data", aBoolean, false}, {"update", aBoolean, false}, {"restart", aBoolean, false},
	{"audio_active_packets", aPositive, false}, {"streams", anArray, false},
}

// checkPublishStreams checks the streams that a publisher wants to configure.
func (v *videoroom) checkPublishStreams(p *publisher, body members) *roomError {
	wanted := body.list("streams")
	for _, w := range wanted {
		params := []param{{"mid", aString, false}, {"send", aBoolean, false}, {"min_delay", anInteger, false}, {"max_delay", anInteger, false}}
		if err := v.check(w, params...); err != nil {
			return err
		}
		switch mid := w.str("mid"); {
		case w.get("mid") == nil && len(wanted) > 1:
			return roomErrorf(roomInvalidElement, "Invalid value (mid can't be null in a streams array)")
		case w.get("mid") != nil && p.stream(mid) == nil:
			return roomErrorf(roomNoSuchFeed, "No such mid '%s' published", mid)
		}
	}
	return nil
}

// chooseCodecs takes the codecs that a publisher asks for with its offer.
func (p *publisher) chooseCodecs(r *Request, body members) *roomError {
	if r.JSEP == nil {
		return nil
	}
	for _, kind := range []struct{ name, title string }{{"audio", "Audio"}, {"video", "Video"}} {
		codec := body.str(kind.name + "codec")
		if codec == "" {
			continue
		}
		if !slices.Contains(p.room.codecs(kind.name), codec) {
			return roomErrorf(roomInvalidElement, "%s codec unavailable in this room", kind.title)
		}
		if p.codecs == nil {
			p.codecs = make(map[string]string)
		}
		p.codecs[kind.name] = codec
	}
	return nil
}

// allowedCodecs are the codecs that a publisher may use for a kind of media.
func (p *publisher) allowedCodecs(kind string) []string {
	if codec := p.codecs[kind]; codec != "" {
		return []string{codec}
	}
	return p.room.codecs(kind)
}

// rename takes the display and the metadata of a request. The others hear of
// them if they replace something.
func (p *publisher) rename(s *Server, body members) {
	if body.get("display") != nil {
		old := p.display
		p.display = body.str("display")
		if old != "" {
			event := object{{"videoroom", "event"}, {"id", p.id}, {"display", p.display}}
			if p.metadata != nil {
				event = event.with("metadata", p.metadata)
			}
			p.tellOthers(s, event)
		}
	}
	old := p.metadata
	p.setMetadata(s, body)
	if old != nil && body.get("metadata") != nil {
		p.tellOthers(s, object{{"videoroom", "event"}, {"id", p.id}, {"metadata", p.metadata}})
	}
}

// redescribe takes the descriptions of a request, and reports whether there were
// any of streams that are there.
func (p *publisher) redescribe(body members) bool {
	changed := false
	for _, d := range body.list("descriptions") {
		if st := p.stream(d.str("mid")); st != nil {
			st.description, changed = d.str("description"), true
		}
	}
	return changed
}

// announce sends the streams of a publisher to the others.
func (p *publisher) announce(s *Server) {
	p.tellOthers(s, object{
		{"videoroom", "event"}, {"room", p.room.id}, {"publishers", []object{p.describe()}},
	})
}

// publish serves configure and publish, which differ little.
func (v *videoroom) publish(r *Request, p *publisher, request string, body members) *roomError {
	if request == "publish" && p.started {
		return roomErrorf(roomAlreadyPublished, "Can't publish, already published")
	}
	if err := v.check(body, publishParams...); err != nil {
		return err
	}
	for _, d := range body.list("descriptions") {
		if err := v.check(d, param{"mid", aString, true}, param{"description", aString, true}); err != nil {
			return err
		}
	}
	if err := v.checkPublishStreams(p, body); err != nil {
		return err
	}
	if err := p.chooseCodecs(r, body); err != nil {
		return err
	}
	p.rename(r.srv, body)
	if r.JSEP == nil && p.redescribe(body) {
		p.announce(r.srv)
	}
	configured := object{{"videoroom", "event"}, {"room", p.room.id}, {"configured", "ok"}}
	return v.negotiate(r, p, configured, body)
}

// negotiate sends the event that answers a publisher's request. When an offer
// came with it, the publisher publishes from now on, and the others hear of it.
func (v *videoroom) negotiate(r *Request, p *publisher, event object, body members) *roomError {
	if r.JSEP == nil {
		_ = r.Event(event, nil)
		return nil
	}
	m := parseObject(r.JSEP)
	if m.str("type") != "offer" {
		_ = r.Event(event, nil)
		return nil
	}
	if !p.started && p.room.publishing() >= p.room.publishers {
		return roomErrorf(roomPublishersFull, "Maximum number of publishers (%d) already reached", p.room.publishers)
	}
	if p.room.requireE2EE && !m.flag("e2ee", false) {
		return roomErrorf(roomUnauthorized, "Room requires end-to-end encrypted media")
	}
	offer := parseSDP(m.str("sdp"))
	v.setStreams(r.srv, p, offer, body)
	p.started = true
	name := "VideoRoom " + p.room.id.String()
	_ = r.Event(append(event, p.published()...), jsep("answer", offer.answer(name, "recvonly")))
	p.announce(r.srv)
	return nil
}

func (rm *room) publishing() (n uint64) {
	for _, p := range rm.participants {
		if p.started {
			n++
		}
	}
	return n
}

// setStreams makes the streams of a publisher those of its offer. A stream that
// was there before stays the same one, for the sake of those who subscribe to it.
func (v *videoroom) setStreams(s *Server, p *publisher, offer *sdp, body members) {
	for i, m := range offer.media {
		mid := m.mid
		if m.kind == "data" {
			mid = strconv.Itoa(i) // Janus does not read the one in the offer
		}
		st := p.stream(mid)
		if st == nil {
			st = &stream{publisher: p, kind: m.kind, mid: mid, index: i}
			p.streams = append(p.streams, st)
		}
		_, st.codec = m.choose(p.allowedCodecs(m.kind)...)
		st.fec = st.codec == "opus" && m.fec && p.room.fec
		st.disabled = m.direction == "inactive" || m.direction == "recvonly"
	}
	p.redescribe(body)
	disabled := slices.DeleteFunc(slices.Clone(p.streams), func(st *stream) bool { return !st.disabled })
	v.unsubscribeAll(s, p.room, disabled)
}

// unpublish ends the streams of a publisher and tells the others.
func (v *videoroom) unpublish(s *Server, p *publisher) {
	if !p.started {
		return
	}
	p.started = false
	streams := p.dropStreams()
	if p.room != nil {
		v.unsubscribeAll(s, p.room, streams)
		p.tellOthers(s, p.gone(s, "unpublished"))
	}
}

// dropStreams ends the streams of a publisher and returns them.
func (p *publisher) dropStreams() []*stream {
	streams := p.streams
	p.streams, p.forwarders, p.remotizations = nil, nil, nil
	return streams
}

// leave removes a publisher from its room and tells the others, with word as the
// name of the field that has its id. The streams of somebody who was kicked stay in
// subscriptions, as those of a real Janus do.
func (v *videoroom) leave(s *Server, p *publisher, word string) {
	if p.room == nil {
		return
	}
	p.started = false
	streams := p.dropStreams()
	if word != "kicked" {
		v.unsubscribeAll(s, p.room, streams)
	}
	p.tellOthers(s, p.gone(s, word))
	p.room.participants = slices.DeleteFunc(p.room.participants, func(other *publisher) bool { return other == p })
	p.room = nil
}

// gone is the event that tells others of a publisher that leaves or unpublishes.
func (p *publisher) gone(s *Server, word string) object {
	o := object{{"videoroom", "event"}, {"room", p.room.id}}
	if s.modern() {
		o = append(o, p.identity()[1:]...) // without the id, which the word has
	}
	return o.with(word, p.id)
}

// codecs returns the codecs of a kind that a room takes, the best first.
func (rm *room) codecs(kind string) []string {
	switch kind {
	case "audio":
		return strings.Split(rm.audiocodec, ",")
	case "video":
		return strings.Split(rm.videocodec, ",")
	}
	return nil
}
