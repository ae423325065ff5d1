package janustest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A subscriber is a handle that gets the streams of publishers.
type subscriber struct {
	handle     *handle
	room       *room
	streams    []*subscription
	autoupdate bool
	answered   bool // there is no offer without an answer
	pending    bool // an offer waits for that answer
	session    int64
	version    int // of the offer
}

// A subscription is one m= section of a subscriber. Once made it stays, if only
// as an inactive one that waits to be used again.
type subscription struct {
	kind, mid   string
	index       int
	sources     []*stream // one, or several for data, or none when inactive
	ready, send bool
	codec       string // kept when the source has gone
}

func (s *subscription) describe() object {
	data := s.kind == "data"
	o := object{
		{"type", s.kind}, {"active", len(s.sources) > 0 || data}, {"mindex", s.index}, {"mid", s.mid},
		{"ready", s.ready}, {"send", s.send},
	}
	if len(s.sources) == 0 {
		return o
	}
	if data {
		ids := []uint64{}
		for _, source := range s.sources {
			ids = append(ids, source.publisher.id)
		}
		return o.with("sources", len(ids)).with("source_ids", ids)
	}
	source := s.sources[0]
	o = o.with("feed_id", source.publisher.id)
	if source.publisher.display != "" {
		o = o.with("feed_display", source.publisher.display)
	}
	if source.publisher.metadata != nil {
		o = o.with("feed_metadata", source.publisher.metadata)
	}
	o = o.with("feed_mid", source.mid)
	if source.description != "" {
		o = o.with("feed_description", source.description)
	}
	return o.with("codec", source.codec)
}

func (sub *subscriber) describe() []object {
	list := []object{}
	for _, s := range sub.streams {
		list = append(list, s.describe())
	}
	return list
}

// offer makes the next offer.
func (sub *subscriber) offer() object {
	sub.version++
	sub.answered = false
	sections := make([]section, 0, len(sub.streams))
	for _, s := range sub.streams {
		sec := section{kind: s.kind, mid: s.mid, direction: "sendonly"}
		if len(s.sources) == 0 && s.kind != "data" {
			sec.direction = "inactive"
		}
		sections = append(sections, codecSection(sec, s.codec))
	}
	origin := fmt.Sprintf("%d %d", sub.session, sub.version)
	return jsep("offer", writeSDP(origin, fmt.Sprintf("VideoRoom %d", sub.room.id), "actpass", sections))
}

// add subscribes to a stream, in an inactive section of its kind if there is one.
func (sub *subscriber) add(source *stream, send bool) {
	for _, s := range sub.streams {
		if s.kind != source.kind {
			continue
		}
		switch {
		case s.kind == "data":
			s.sources = append(s.sources, source)
			return
		case len(s.sources) == 0:
			s.sources, s.codec, s.ready, s.send = []*stream{source}, source.codec, false, send
			return
		}
	}
	sub.streams = append(sub.streams, &subscription{
		kind: source.kind, mid: strconv.Itoa(len(sub.streams)), index: len(sub.streams),
		sources: []*stream{source}, codec: source.codec, send: send,
	})
}

// remove unsubscribes from the streams that match, and reports whether there
// were any.
func (sub *subscriber) remove(match func(*subscription, *stream) bool) bool {
	removed := false
	for _, s := range sub.streams {
		n := len(s.sources)
		s.sources = slices.DeleteFunc(s.sources, func(source *stream) bool { return match(s, source) })
		if len(s.sources) < n {
			removed = true
			s.ready = len(s.sources) > 0
		}
	}
	return removed
}

var (
	subscriberParams = []param{
		{"streams", anArray, false}, {"private_id", aPositive, false}, {"autoupdate", aBoolean, false},
		{"audio", aBoolean, false}, {"video", aBoolean, false}, {"data", aBoolean, false},
		{"offer_audio", aBoolean, false}, {"offer_video", aBoolean, false}, {"offer_data", aBoolean, false},
	}
	wantedParams = []param{{"feed", aPositive, true}, {"mid", aString, false}, {"crossrefid", aString, false}, {"send", aBoolean, false}}
)

func (v *videoroom) joinSubscriber(r *Request, rm *room, body members) *roomError {
	if err := checkRoom(body, subscriberParams...); err != nil {
		return err
	}
	if r.JSEP != nil {
		return roomErrorf(roomInvalidRequest, "Can't send an offer to create subscribers")
	}
	wanted, legacy := body.list("streams"), false
	if len(wanted) == 0 {
		if body.get("feed") == nil && !r.srv.modern() {
			return roomErrorf(roomMissingElement, "Missing mandatory element (feed)")
		}
		if body.get("feed") == nil {
			return roomErrorf(roomMissingElement, "At least one between 'streams' and 'feed' must be specified")
		}
		wanted, legacy = []members{{{"feed", body.get("feed")}}}, true
	}
	if rm.requirePrivateID && !rm.hasPrivateID(body.uint("private_id")) {
		return roomErrorf(roomUnauthorized, "Unauthorized (this room requires a valid private_id)")
	}
	sub := &subscriber{
		handle: r.handle, room: rm, session: time.Now().UnixMicro(),
		autoupdate: body.flag("autoupdate", true),
	}
	if err := sub.subscribe(wanted); err != nil {
		return err
	}
	r.handle.state = sub
	rm.subscribers = append(rm.subscribers, sub)
	attached := object{{"videoroom", "attached"}, {"room", rm.id}}
	if legacy {
		attached = attached.with("id", body.uint("feed")).with("warning", "deprecated_api")
		if display := rm.participant(body.uint("feed")).display; display != "" {
			attached = attached.with("display", display)
		}
	}
	_ = r.Event(attached.with("streams", sub.describe()), sub.offer())
	return nil
}

func (rm *room) hasPrivateID(id uint64) bool {
	return slices.ContainsFunc(rm.participants, func(p *publisher) bool { return p.privateID == id })
}

// subscribe adds what is wanted, if all of it is there.
func (sub *subscriber) subscribe(wanted []members) *roomError {
	for _, w := range wanted {
		if err := checkRoom(w, wantedParams...); err != nil {
			return err
		}
		p := sub.room.participant(w.uint("feed"))
		if p == nil || !p.started {
			return roomErrorf(roomNoSuchFeed, "No such feed (%d)", w.uint("feed"))
		}
		if mid := w.str("mid"); w.get("mid") != nil && p.stream(mid) == nil {
			return roomErrorf(roomNoSuchFeed, "No such mid '%s' in feed (%d)", mid, p.id)
		}
	}
	for _, w := range wanted {
		for _, source := range sub.room.participant(w.uint("feed")).streams {
			if w.get("mid") != nil && w.str("mid") != source.mid || source.disabled || sub.has(source) {
				continue
			}
			sub.add(source, w.flag("send", true))
		}
	}
	return nil
}

func (sub *subscriber) has(source *stream) bool {
	return slices.ContainsFunc(sub.streams, func(s *subscription) bool { return slices.Contains(s.sources, source) })
}

func (v *videoroom) serveSubscriber(r *Request, sub *subscriber, request string, body members) *roomError {
	ok := func(word string) object { return object{{"videoroom", "event"}, {"room", sub.room.id}, {word, "ok"}} }
	switch request {
	case "join", "joinandconfigure":
		return roomErrorf(roomAlreadyJoined, "Already in as a subscriber on this handle")
	case "start":
		_ = r.Event(ok("started"), nil)
		sub.answer(r)
	case "pause":
		_ = r.Event(ok("paused"), nil)
	case "leave":
		sub.streams = nil
		sub.room.dropSubscriber(sub)
		_ = r.Event(ok("left"), nil)
		r.srv.hangup(r.handle, "Close PC")
	case "configure":
		return sub.configure(r, ok("configured"), body)
	case "subscribe", "unsubscribe", "update":
		return sub.update(r, request, body)
	case "switch":
		return sub.change(r, body)
	default:
		return roomErrorf(roomInvalidRequest, "Unknown request '%s'", body.str("request"))
	}
	return nil
}

// answer takes the answer to an offer, and sends the next offer if one waits.
func (sub *subscriber) answer(r *Request) {
	if r.JSEP == nil {
		return
	}
	for i, m := range parseSDP(parseObject(r.JSEP).str("sdp")).media {
		if i < len(sub.streams) && m.direction != "inactive" {
			sub.streams[i].ready = true
		}
	}
	sub.answered = true
	if sub.pending {
		sub.pending = false
		sub.renegotiate(r.srv)
	}
}

func (sub *subscriber) updated() object {
	return object{{"videoroom", "updated"}, {"room", sub.room.id}, {"streams", sub.describe()}}
}

// renegotiate sends a new offer that nobody asked for.
func (sub *subscriber) renegotiate(s *Server) {
	updated := sub.updated()
	notify(s, sub.handle, updated, sub.offer())
}

var subscriberConfigureParams = []param{
	{"streams", anArray, false}, {"update", aBoolean, false}, {"restart", aBoolean, false},
	{"audio", aBoolean, false}, {"video", aBoolean, false}, {"data", aBoolean, false},
}

func (sub *subscriber) configure(r *Request, configured object, body members) *roomError {
	if err := checkRoom(body, subscriberConfigureParams...); err != nil {
		return err
	}
	for _, w := range body.list("streams") {
		if err := checkRoom(w, param{"mid", aString, false}, param{"send", aBoolean, false}); err != nil {
			return err
		}
		s := sub.section(w.str("mid"))
		if s == nil {
			return roomErrorf(roomNoSuchFeed, "No such mid '%s' in subscription", w.str("mid"))
		}
		s.send = w.flag("send", s.send)
	}
	_ = r.Event(configured, nil)
	if body.flag("update", false) || body.flag("restart", false) {
		sub.offerOrWait(func() { sub.renegotiate(r.srv) })
	}
	return nil
}

// offerOrWait has an offer made now, or when the answer to the last one is there.
func (sub *subscriber) offerOrWait(offer func()) bool {
	if !sub.answered {
		sub.pending = true
		return false
	}
	offer()
	return true
}

func (sub *subscriber) section(mid string) *subscription {
	for _, s := range sub.streams {
		if s.mid == mid {
			return s
		}
	}
	return nil
}

// update serves subscribe, unsubscribe and update, which is both at once.
func (sub *subscriber) update(r *Request, request string, body members) *roomError {
	add, remove, err := updates(request, body)
	if err != nil {
		return err
	}
	if err := sub.subscribe(add); err != nil {
		return err
	}
	removed := sub.remove(func(s *subscription, source *stream) bool {
		return slices.ContainsFunc(remove, func(w members) bool { return w.selects(s, source) })
	})
	if len(add) == 0 && !removed {
		_ = r.Event(object{{"videoroom", "updated"}, {"room", sub.room.id}}, nil)
		return nil
	}
	if !sub.offerOrWait(func() {
		updated := sub.updated()
		_ = r.Event(updated, sub.offer())
	}) {
		_ = r.Event(object{{"videoroom", "updating"}, {"room", sub.room.id}}, nil)
	}
	return nil
}

// updates reads what a request wants added and removed.
func updates(request string, body members) (add, remove []members, err *roomError) {
	if request != "update" {
		if err := checkRoom(body, param{"streams", anArray, true}); err != nil {
			return nil, nil, err
		}
		list := body.list("streams")
		switch {
		case request == "subscribe" && len(list) == 0:
			return nil, nil, roomErrorf(roomInvalidElement, "Empty subscription list")
		case request == "subscribe":
			return list, nil, nil
		case len(list) == 0:
			return nil, nil, roomErrorf(roomInvalidElement, "Empty unsubscription list")
		}
		return nil, list, nil
	}
	if err := checkRoom(body, param{"subscribe", anArray, false}, param{"unsubscribe", anArray, false}); err != nil {
		return nil, nil, err
	}
	if body.get("subscribe") == nil && body.get("unsubscribe") == nil {
		return nil, nil, roomErrorf(roomMissingElement, "At least one of either 'subscribe' or 'unsubscribe' must be present")
	}
	return body.list("subscribe"), body.list("unsubscribe"), nil
}

// selects reports whether an element of an unsubscribe list names a stream.
func (m members) selects(s *subscription, source *stream) bool {
	if sub := m.get("sub_mid"); sub != nil {
		return unquote(sub) == s.mid
	}
	if m.uint("feed") != source.publisher.id {
		return false
	}
	return m.get("mid") == nil || m.str("mid") == source.mid
}

// change serves switch: other sources for sections that are there.
func (sub *subscriber) change(r *Request, body members) *roomError {
	if err := checkRoom(body, param{"streams", anArray, false}); err != nil {
		return err
	}
	wanted := body.list("streams")
	if len(wanted) == 0 {
		return roomErrorf(roomMissingElement, "At least one between 'streams' and 'feed' must be specified")
	}
	changes := 0
	for _, w := range wanted {
		if err := checkRoom(w, param{"feed", aPositive, true}, param{"mid", aString, true}, param{"sub_mid", aString, true}); err != nil {
			return err
		}
		p := sub.room.participant(w.uint("feed"))
		if p == nil || !p.started {
			return roomErrorf(roomNoSuchFeed, "No such feed (%d)", w.uint("feed"))
		}
		source := p.stream(w.str("mid"))
		if source == nil {
			return roomErrorf(roomNoSuchFeed, "No such mid '%s' in feed (%d)", w.str("mid"), p.id)
		}
		if s := sub.section(w.str("sub_mid")); s != nil && s.kind == source.kind && s.codec == source.codec {
			s.sources, s.send = []*stream{source}, true
			changes++
		}
	}
	_ = r.Event(object{
		{"videoroom", "event"}, {"switched", "ok"}, {"room", sub.room.id}, {"changes", changes},
		{"streams", sub.describe()},
	}, nil)
	return nil
}

// unsubscribeAll ends the subscriptions to some streams, and sends new offers to
// those who had them.
func (v *videoroom) unsubscribeAll(s *Server, rm *room, streams []*stream) {
	for _, sub := range rm.subscribers {
		removed := sub.remove(func(_ *subscription, source *stream) bool { return slices.Contains(streams, source) })
		if removed && sub.autoupdate {
			sub.offerOrWait(func() { sub.renegotiate(s) })
		}
	}
}
