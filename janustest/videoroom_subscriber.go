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
	answered   bool    // there is no offer without an answer
	pending    bool    // an offer waits for that answer
	spatial    members // the spatial layer wanted by default, if not the highest
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
	codec       string            // kept if the source has gone
	crossrefID  string            // the client's own name for it
	targets     map[string]uint64 // the layers that the client chose
}

func (s *subscription) describe() object {
	data := s.kind == "data"
	o := object{
		{"type", s.kind}, {"active", len(s.sources) > 0 || data}, {"mindex", s.index}, {"mid", s.mid},
	}
	if s.crossrefID != "" {
		o = o.with("crossrefid", s.crossrefID)
	}
	o = o.with("ready", s.ready).with("send", s.send)
	if len(s.sources) == 0 {
		return o
	}
	if data {
		ids := []ident{}
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
	o = o.with("codec", source.codec)
	if source.profile != "" {
		o = o.with(source.codec+"-profile", source.profile)
	}
	return s.layers(o)
}

// layers adds the layers of a simulcast or SVC stream. No media come, so there
// is no current one.
func (s *subscription) layers(o object) object {
	source := s.sources[0]
	if source.simulcast {
		layers := object{
			{"substream", -1}, {"substream-target", s.target("substream")},
			{"temporal-layer", -1}, {"temporal-layer-target", s.target("temporal")},
		}
		if fallback := s.targets["fallback"]; fallback > 0 {
			layers = layers.with("fallback", fallback)
		}
		o = o.with("simulcast", layers)
	}
	if source.svc {
		o = o.with("svc", object{
			{"spatial-layer", -1}, {"target-spatial-layer", s.target("spatial_layer")},
			{"temporal-layer", -1}, {"target-temporal-layer", s.target("temporal_layer")},
		})
	}
	return o
}

// target returns the layer that is wanted, the highest if none was chosen.
func (s *subscription) target(name string) uint64 {
	if layer, ok := s.targets[name]; ok {
		return layer
	}
	return 2
}

// tune takes the layers that an element of a streams array asks for.
func (s *subscription) tune(w members) {
	for _, name := range []string{"substream", "temporal", "spatial_layer", "temporal_layer", "fallback"} {
		if w.get(name) == nil {
			continue
		}
		if s.targets == nil {
			s.targets = make(map[string]uint64)
		}
		s.targets[name] = w.uint(name)
	}
}

// checkLayers checks the layers of an element of a streams array.
func checkLayers(w members) *roomError {
	for _, names := range [][2]string{{"substream", "spatial_layer"}, {"temporal", "temporal_layer"}} {
		if w.uint(names[0]) > 2 || w.uint(names[1]) > 2 {
			return roomErrorf(roomInvalidElement, "Invalid value (%s/%s should be 0, 1 or 2)", names[0], names[1])
		}
	}
	return nil
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
	return jsep("offer", writeSDP(origin, "VideoRoom "+sub.room.id.String(), "actpass", sections))
}

// add subscribes to a stream, in an inactive section of its kind if there is one,
// as an element of a streams array asks for. It reports whether that needs an
// offer: another source of data does not.
func (sub *subscriber) add(source *stream, w members) bool {
	s := sub.free(source)
	if s != nil && s.kind == "data" && len(s.sources) > 0 {
		s.sources = append(s.sources, source)
		return false
	}
	if s == nil {
		s = &subscription{kind: source.kind, mid: strconv.Itoa(len(sub.streams)), index: len(sub.streams)}
		sub.streams = append(sub.streams, s)
	}
	s.sources, s.codec, s.ready, s.targets = []*stream{source}, source.codec, false, nil
	s.crossrefID = w.str("crossrefid")
	// Janus ignores send in a join, and for a whole feed.
	s.send = sub.version == 0 || w.get("mid") == nil || w.flag("send", true)
	if sub.spatial != nil {
		s.tune(sub.spatial)
	}
	s.tune(w)
	return true
}

// free returns a section in which a stream can be received, or nil: an inactive
// one of the same codec, or for data the only one.
func (sub *subscriber) free(source *stream) *subscription {
	for _, s := range sub.streams {
		if s.kind == source.kind && (s.kind == "data" || len(s.sources) == 0 && s.codec == source.codec) {
			return s
		}
	}
	return nil
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
	wantedParams = []param{{"feed", anIdent, true}, {"mid", aString, false}, {"crossrefid", aString, false}, {"send", aBoolean, false}}
	layerParams  = []param{
		{"substream", aPositive, false}, {"temporal", aPositive, false}, {"spatial_layer", aPositive, false},
		{"temporal_layer", aPositive, false}, {"min_delay", anInteger, false}, {"max_delay", anInteger, false},
	}
)

func (v *videoroom) joinSubscriber(r *Request, rm *room, body members) *roomError {
	if err := v.check(body, subscriberParams...); err != nil {
		return err
	}
	if r.JSEP != nil {
		return roomErrorf(roomInvalidRequest, "Can't send an offer to create subscribers")
	}
	wanted, legacy := body.list("streams"), false
	if len(wanted) == 0 {
		if body.get("feed") == nil && versionNumber(r.srv.Version) < 1402 {
			return roomErrorf(roomMissingElement, "Missing mandatory element (feed)")
		}
		if body.get("feed") == nil {
			return roomErrorf(roomMissingElement, "At least one between 'streams' and 'feed' must be specified")
		}
		wanted, legacy = []members{{{"feed", body.get("feed")}}}, true
	}
	if err := v.checkWanted(rm, wanted); err != nil {
		return err
	}
	if rm.requirePrivateID && !rm.hasPrivateID(body.uint("private_id")) {
		return roomErrorf(roomUnauthorized, "Unauthorized (this room requires a valid private_id)")
	}
	sub := &subscriber{
		handle: r.handle, room: rm, session: time.Now().UnixMicro(),
		autoupdate: body.flag("autoupdate", true),
	}
	if !r.srv.modern() {
		sub.spatial = members{{"spatial_layer", []byte("1")}}
	}
	sub.subscribe(wanted, func(st *stream) bool { return !legacy || body.flag("offer_"+st.kind, true) })
	if len(sub.streams) == 0 {
		return roomErrorf(roomInvalidSDP, "Can't offer an SDP with no stream")
	}
	r.handle.state = sub
	rm.subscribers = append(rm.subscribers, sub)
	attached := object{{"videoroom", "attached"}, {"room", rm.id}}
	if legacy {
		attached = attached.with("id", body.ident("feed")).with("warning", "deprecated_api")
		if display := rm.participant(body.ident("feed")).display; display != "" {
			attached = attached.with("display", display)
		}
	}
	_ = r.Event(attached.with("streams", sub.describe()), sub.offer())
	return nil
}

func (rm *room) hasPrivateID(id uint64) bool {
	return slices.ContainsFunc(rm.participants, func(p *publisher) bool { return !p.remote && p.privateID == id })
}

// checkWanted checks that all streams that a subscriber wants are there.
func (v *videoroom) checkWanted(rm *room, wanted []members) *roomError {
	for _, w := range wanted {
		if err := v.check(w, append(wantedParams[:len(wantedParams):len(wantedParams)], layerParams...)...); err != nil {
			return err
		}
		p := rm.participant(w.ident("feed"))
		if p == nil || !p.started {
			return roomErrorf(roomNoSuchFeed, "No such feed (%s)", w.ident("feed"))
		}
		if mid := w.str("mid"); w.get("mid") != nil && p.stream(mid) == nil {
			return roomErrorf(roomNoSuchFeed, "No such mid '%s' in feed (%s)", mid, p.id)
		}
		if err := checkLayers(w); err != nil {
			return err
		}
	}
	return nil
}

// subscribe adds the streams that are wanted and that a filter, which may be
// nil, lets pass. It reports whether that needs an offer.
func (sub *subscriber) subscribe(wanted []members, filter func(*stream) bool) bool {
	added := false
	for _, w := range wanted {
		for _, source := range sub.room.participant(w.ident("feed")).streams {
			if w.get("mid") != nil && w.str("mid") != source.mid || source.disabled || sub.has(source) ||
				filter != nil && !filter(source) {
				continue
			}
			added = sub.add(source, w) || added
		}
	}
	return added
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
		return v.configureSubscriber(r, sub, ok("configured"), body)
	case "subscribe", "unsubscribe", "update":
		return v.updateSubscriber(r, sub, request, body)
	case "switch":
		return v.switchSubscriber(r, sub, body)
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

// renegotiate sends a new offer that does not answer a request.
func (sub *subscriber) renegotiate(s *Server) {
	updated := sub.updated()
	notify(s, sub.handle, updated, sub.offer())
}

var subscriberConfigureParams = []param{
	{"streams", anArray, false}, {"update", aBoolean, false}, {"restart", aBoolean, false},
	{"audio", aBoolean, false}, {"video", aBoolean, false}, {"data", aBoolean, false},
}

func (v *videoroom) configureSubscriber(r *Request, sub *subscriber, configured object, body members) *roomError {
	if err := v.check(body, subscriberConfigureParams...); err != nil {
		return err
	}
	wanted := body.list("streams")
	if body.get("streams") == nil {
		wanted = []members{body} // without a mid, it is for all of them
	}
	if err := v.checkConfigured(sub, wanted); err != nil {
		return err
	}
	for _, s := range sub.streams {
		s.send = body.flag(s.kind, s.send)
		for _, w := range wanted {
			if w.get("mid") == nil || w.str("mid") == s.mid {
				s.send = w.flag("send", s.send)
				s.tune(w)
			}
		}
	}
	if !body.flag("restart", false) && !body.flag("update", false) {
		_ = r.Event(configured, nil)
		return nil
	}
	// Janus does not answer now if it still waits for an answer itself.
	sub.offerOrWait(func() {
		_ = r.Event(configured, sub.offer())
	})
	return nil
}

// checkConfigured checks what a subscriber wants to configure.
func (v *videoroom) checkConfigured(sub *subscriber, wanted []members) *roomError {
	params := append([]param{
		{"mid", aString, false}, {"send", aBoolean, false}, {"audio_active_packets", aPositive, false}, {"fallback", aPositive, false},
	}, layerParams...)
	for _, w := range wanted {
		if err := v.check(w, params...); err != nil {
			return err
		}
		switch mid := w.str("mid"); {
		case w.get("mid") == nil && len(wanted) > 1:
			return roomErrorf(roomInvalidElement, "Invalid value (mid can't be null in a streams array)")
		case w.get("mid") != nil && sub.section(mid) == nil:
			return roomErrorf(roomNoSuchFeed, "No such mid '%s' in subscription", mid)
		}
		if err := checkLayers(w); err != nil {
			return err
		}
	}
	return nil
}

// offerOrWait calls offer, unless the last offer has not been answered. Then it
// notes that another offer is due, and returns false.
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
