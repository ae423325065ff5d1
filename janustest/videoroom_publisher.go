package janustest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A publisher is a participant that may publish, and until it does an attendee.
type publisher struct {
	id, privateID uint64
	display       string
	metadata      json.RawMessage
	handle        *handle
	room          *room // nil when it has left, or the room has gone
	started       bool  // it publishes
	streams       []*stream
	forwarders    []forwarder
}

// A stream is one that a publisher publishes.
type stream struct {
	publisher   *publisher
	kind, mid   string
	index       int
	description string
	codec       string
	fec         bool
	disabled    bool // inactive in the offer
	moderated   bool
}

var publisherParams = []param{{"display", aString, false}, {"metadata", anObject, false}, {"id", aPositive, false}}

func (v *videoroom) joinPublisher(r *Request, rm *room, body members) *roomError {
	if err := checkRoom(body, publisherParams...); err != nil {
		return err
	}
	if rm.checkTokens && !slices.Contains(rm.tokens, body.str("token")) {
		return roomErrorf(roomUnauthorized, "Unauthorized (not in the allowed list)")
	}
	id := body.uint("id")
	if id != 0 && rm.participant(id) != nil {
		return roomErrorf(roomIDExists, "User ID %d already exists", id)
	}
	for id == 0 || rm.participant(id) != nil {
		id = newID()
	}
	p := &publisher{
		id: id, privateID: uint64(rand.Uint32()), handle: r.handle, room: rm,
		display: body.str("display"), metadata: body.get("metadata"),
	}
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

// identity is what others learn of a participant.
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

// describe is what others learn of a participant that publishes.
func (p *publisher) describe() object { return append(p.identity(), p.published()...) }

// published describes the streams, with the codecs once more for old clients.
func (p *publisher) published() object {
	var o object
	list := []object{}
	for _, s := range p.streams {
		list = append(list, s.describe())
		if name := s.kind + "_codec"; s.codec != "" && !slices.ContainsFunc(o, func(f field) bool { return f.name == name }) {
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
	if s.fec {
		o = o.with("fec", true)
	}
	if s.moderated {
		o = o.with("moderated", true)
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
}

// publish serves configure and publish, which differ in little.
func (v *videoroom) publish(r *Request, p *publisher, request string, body members) *roomError {
	if request == "publish" && p.started {
		return roomErrorf(roomAlreadyPublished, "Can't publish, already published")
	}
	if err := checkRoom(body, publishParams...); err != nil {
		return err
	}
	for _, d := range body.list("descriptions") {
		if err := checkRoom(d, param{"mid", aString, true}, param{"description", aString, true}); err != nil {
			return err
		}
	}
	if body.get("display") != nil && body.str("display") != p.display {
		p.display = body.str("display")
		p.tellOthers(r.srv, object{{"videoroom", "event"}, {"id", p.id}, {"display", p.display}})
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
	offer := parseSDP(m.str("sdp"))
	v.setStreams(r.srv, p, offer, body)
	p.started = true
	name := fmt.Sprintf("VideoRoom %d", p.room.id)
	_ = r.Event(append(event, p.published()...), jsep("answer", offer.answer(name, "recvonly")))
	p.tellOthers(r.srv, object{
		{"videoroom", "event"}, {"room", p.room.id}, {"publishers", []object{p.describe()}},
	})
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
	descriptions := map[string]string{}
	for _, d := range body.list("descriptions") {
		descriptions[d.str("mid")] = d.str("description")
	}
	for i, m := range offer.media {
		st := p.stream(m.mid)
		if st == nil {
			st = &stream{publisher: p, kind: m.kind, mid: m.mid, index: i}
			p.streams = append(p.streams, st)
		}
		_, st.codec = m.choose(p.room.codecs(m.kind)...)
		st.fec = st.codec == "opus" && m.fec && p.room.fec
		st.disabled = m.direction == "inactive" || m.direction == "recvonly"
		if d, ok := descriptions[m.mid]; ok {
			st.description = d
		}
	}
	disabled := slices.DeleteFunc(slices.Clone(p.streams), func(st *stream) bool { return !st.disabled })
	v.unsubscribeAll(s, p.room, disabled)
}

// unpublish has a publisher stop publishing, and tells the others.
func (v *videoroom) unpublish(s *Server, p *publisher) {
	if !p.started {
		return
	}
	p.started = false
	v.dropStreams(s, p)
	if p.room != nil {
		p.tellOthers(s, p.gone(s, "unpublished"))
	}
}

// dropStreams ends the streams of a publisher, and all subscriptions to them.
func (v *videoroom) dropStreams(s *Server, p *publisher) {
	streams := p.streams
	p.streams, p.forwarders = nil, nil
	if p.room != nil {
		v.unsubscribeAll(s, p.room, streams)
	}
}

// leave has a publisher leave its room, and tells the others in the given word.
func (v *videoroom) leave(s *Server, p *publisher, word string) {
	if p.room == nil {
		return
	}
	p.started = false
	v.dropStreams(s, p)
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
