package janustest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A remotization is one publish_remotely of a publisher. Nothing is sent.
type remotization struct {
	id, host   string
	port, rtcp uint64
}

var (
	publishRemotelyParams = []param{
		{"secret", aString, false}, {"remote_id", aString, true}, {"host", aString, true}, {"host_family", aString, false},
		{"port", aPositive, true}, {"rtcp_port", aPositive, false}, {"srtp_suite", aPositive, false}, {"srtp_crypto", aString, false},
	}
	remoteParams = []param{
		{"secret", aString, false}, {"display", aString, false}, {"mcast", aString, false}, {"iface", aString, false},
		{"port", aPositive, false}, {"streams", anArray, true}, {"metadata", anObject, false},
		{"srtp_suite", aPositive, false}, {"srtp_crypto", aString, false},
	}
	remoteStreamParams = []param{
		{"mid", aString, true}, {"mindex", aPositive, true}, {"type", aString, true}, {"codec", aString, false},
		{"description", aString, false}, {"disabled", aBoolean, false}, {"stereo", aBoolean, false}, {"fec", aBoolean, false},
		{"dtx", aBoolean, false}, {"h264_profile", aString, false}, {"vp9_profile", aString, false},
		{"simulcast", aBoolean, false}, {"svc", aBoolean, false}, {"audiolevel_ext_id", anInteger, false},
		{"videoorient_ext_id", anInteger, false}, {"playoutdelay_ext_id", anInteger, false},
	}
)

func (v *videoroom) publishRemotely(_ *Request, body members) (object, *roomError) {
	params := append(slices.Clone(publishRemotelyParams), roomParam, publisherIDParam)
	if err := v.check(body, params...); err != nil {
		return nil, err
	}
	srtp, err := checkSRTP(body)
	if err != nil {
		return nil, err
	}
	if body.uint("port") == 0 {
		return nil, roomErrorf(roomInvalidElement, "Invalid element (port must be a non-zero positive integer)")
	}
	if err := checkHost(body); err != nil {
		return nil, err
	}
	rm, p, err := v.feed(body)
	if err != nil {
		return nil, err
	}
	id := body.str("remote_id")
	switch {
	case p.remote:
		return nil, roomErrorf(roomInvalidElement, "Only local publishers can be remotized")
	case p.remotization(id) >= 0:
		return nil, roomErrorf(roomIDExists, "Remotization already exists (%s)", id)
	}
	p.remotize(remotization{id, body.str("host"), body.uint("port"), body.uint("rtcp_port")}, srtp)
	return object{{"videoroom", "success"}, {"room", rm.id}, {"id", p.id}, {"remote_id", id}}, nil
}

// remotization returns the index of a remotization, or -1.
func (p *publisher) remotization(id string) int {
	return slices.IndexFunc(p.remotizations, func(r remotization) bool { return r.id == id })
}

// remotize notes a remotization and makes its forwarders, one for each stream.
func (p *publisher) remotize(r remotization, srtp bool) {
	p.remotizations = append(p.remotizations, r)
	for _, st := range p.streams {
		p.addForwarder(forwarder{kind: st.kind, host: r.host, port: r.port, srtp: srtp, remotization: r.id})
	}
}

// remotized finds a publisher and the index of its remotization.
func (v *videoroom) remotized(body members, params ...param) (*room, *publisher, *roomError) {
	if err := v.check(body, append(params, roomParam, publisherIDParam)...); err != nil {
		return nil, nil, err
	}
	rm, p, err := v.feed(body)
	if err != nil && err.code == roomNoSuchFeed {
		err = roomErrorf(roomNoSuchFeed, "No such publisher (%s)", body.ident("publisher_id"))
	}
	return rm, p, err
}

func (v *videoroom) unpublishRemotely(_ *Request, body members) (object, *roomError) {
	rm, p, err := v.remotized(body, param{"secret", aString, false}, param{"remote_id", aString, true})
	if err != nil {
		return nil, err
	}
	id := body.str("remote_id")
	i := p.remotization(id)
	if i < 0 {
		return nil, roomErrorf(roomNoSuchFeed, "No such remotization (%s)", id)
	}
	p.remotizations = slices.Delete(p.remotizations, i, i+1)
	p.forwarders = slices.DeleteFunc(p.forwarders, func(f forwarder) bool { return f.remotization == id })
	return object{{"videoroom", "success"}, {"room", rm.id}, {"id", p.id}}, nil
}

func (v *videoroom) listRemotes(_ *Request, body members) (object, *roomError) {
	rm, p, err := v.remotized(body)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, r := range p.remotizations {
		o := object{{"remote_id", r.id}, {"host", r.host}, {"port", r.port}}
		if r.rtcp > 0 {
			o = o.with("rtcp_port", r.rtcp)
		}
		list = append(list, o)
	}
	return object{{"videoroom", "success"}, {"room", rm.id}, {"id", p.id}, {"list", list}}, nil
}

// addRemotePublisher makes a participant whose media would come from another
// Janus. Its ports are made up.
func (v *videoroom) addRemotePublisher(r *Request, body members) (object, *roomError) {
	params := append([]param{roomParam, {"id", anIdent, false}}, remoteParams...)
	if err := v.check(body, params...); err != nil {
		return nil, err
	}
	wanted := body.list("streams")
	if len(wanted) == 0 {
		return nil, roomErrorf(roomInvalidElement, "Invalid element value (streams can't be empty)")
	}
	if err := v.checkRemoteStreams(wanted); err != nil {
		return nil, err
	}
	if _, err := checkSRTP(body); err != nil {
		return nil, err
	}
	rm, err := v.moderated(body)
	if err != nil {
		return nil, err
	}
	id := body.ident("id")
	if id.chosen() && rm.participant(id) != nil {
		return nil, roomErrorf(roomIDExists, "User ID %s already exists", id)
	}
	if !id.chosen() {
		id = v.newIdent(func(id ident) bool { return rm.participant(id) != nil })
	}
	p := &publisher{id: id, display: body.str("display"), room: rm, remote: true, started: true}
	p.setMetadata(r.srv, body)
	for i, w := range wanted {
		p.streams = append(p.streams, p.remoteStream(w, i))
	}
	port := body.uint("port")
	if port == 0 {
		port = 20_000 + rand.Uint64N(10_000)
	}
	rtcp := body.uint("rtcp_port")
	if rtcp == 0 {
		rtcp = 30_000 + rand.Uint64N(10_000)
	}
	rm.participants = append(rm.participants, p)
	p.announce(r.srv)
	answer := object{{"videoroom", "success"}, {"room", rm.id}, {"id", id}}
	if body.get("iface") != nil || body.get("mcast") != nil {
		answer = answer.with("ip", sdpAddress)
	}
	return answer.with("port", port).with("rtcp_port", rtcp), nil
}

func (v *videoroom) checkRemoteStreams(streams []members) *roomError {
	for _, w := range streams {
		if err := v.check(w, remoteStreamParams...); err != nil {
			return err
		}
		kind := w.str("type")
		switch kind {
		case "data":
			continue
		case "audio", "video":
		default:
			return roomErrorf(roomInvalidElement, "Invalid element value (type)")
		}
		if w.get("codec") == nil {
			return roomErrorf(roomMissingElement, "Missing mandatory element (codec)")
		}
		if !slices.Contains(preferred[kind], strings.ToLower(w.str("codec"))) {
			return roomErrorf(roomMissingElement, "Invalid element value (unsupported codec)")
		}
	}
	return nil
}

// remoteStream makes a stream of a remote publisher. Janus numbers them by their
// place and does not keep the mid that was given.
func (p *publisher) remoteStream(w members, index int) *stream {
	st := &stream{
		publisher: p, kind: w.str("type"), mid: strconv.Itoa(index), index: index,
		description: w.str("description"), disabled: w.flag("disabled", false),
	}
	if st.kind == "data" {
		return st
	}
	st.codec = strings.ToLower(w.str("codec"))
	if !slices.Contains(p.room.codecs(st.kind), st.codec) {
		st.disabled = true
		return st
	}
	st.stereo = w.flag("stereo", false)
	st.fec = w.flag("fec", false) && p.room.fec
	st.dtx = w.flag("dtx", false) && p.room.dtx
	st.simulcast, st.svc = w.flag("simulcast", false), w.flag("svc", false)
	st.setProfile(w)
	return st
}

// setProfile sets the profile of a video stream, or the room's.
func (st *stream) setProfile(w members) {
	rm := st.publisher.room
	switch st.codec {
	case "h264":
		if st.profile = w.str("h264_profile"); st.profile == "" {
			st.profile = rm.h264Profile
		}
	case "vp9":
		if st.profile = w.str("vp9_profile"); st.profile == "" {
			st.profile = rm.vp9Profile
		}
	}
}

// remote finds the remote publisher that a request names.
func (v *videoroom) remotePublisher(body members) (*publisher, *roomError) {
	rm, err := v.moderated(body)
	if err != nil {
		return nil, err
	}
	p := rm.participant(body.ident("id"))
	if p == nil || !p.remote {
		return nil, roomErrorf(roomNoSuchFeed, "No such remote publisher (%s)", body.ident("id"))
	}
	return p, nil
}

// updateRemotePublisher changes the streams of a remote publisher, or adds some.
// As in Janus, a new display or new metadata alone are not announced.
func (v *videoroom) updateRemotePublisher(r *Request, body members) (object, *roomError) {
	params := append([]param{roomParam, {"id", anIdent, true}}, remoteParams...)
	if err := v.check(body, params...); err != nil {
		return nil, err
	}
	wanted := body.list("streams")
	if err := v.checkRemoteStreams(wanted); err != nil {
		return nil, err
	}
	if _, err := checkSRTP(body); err != nil {
		return nil, err
	}
	p, err := v.remotePublisher(body)
	if err != nil {
		return nil, err
	}
	if body.get("display") != nil {
		p.display = body.str("display")
	}
	p.setMetadata(r.srv, body)
	changed := false
	for _, w := range wanted {
		changed = p.updateRemoteStream(w) || changed
	}
	if changed {
		p.announce(r.srv)
	}
	return object{{"videoroom", "success"}}, nil
}

// updateRemoteStream reports whether it has changed or added a stream. Like
// Janus it takes a description that was not there before for a change, even if
// there is none now.
func (p *publisher) updateRemoteStream(w members) bool {
	st := p.stream(w.str("mid"))
	if st == nil {
		index := int(w.uint("mindex"))
		if index-len(p.streams) > 1 {
			return false
		}
		p.streams = append(p.streams, p.remoteStream(w, index))
		return true
	}
	changed := false
	if description := w.str("description"); st.description == "" || description != "" && description != st.description {
		st.description, changed = description, true
	}
	if disabled := w.flag("disabled", st.disabled); disabled != st.disabled {
		st.disabled, changed = disabled, true
	}
	return changed
}

func (v *videoroom) removeRemotePublisher(r *Request, body members) (object, *roomError) {
	if err := v.check(body, roomParam, param{"id", anIdent, true}); err != nil {
		return nil, err
	}
	p, err := v.remotePublisher(body)
	if err != nil {
		return nil, err
	}
	v.leave(r.srv, p, "leaving")
	return object{{"videoroom", "success"}}, nil
}

// setMetadata takes the metadata of a request. Versions before 1.3.0 do not know
// of it.
func (p *publisher) setMetadata(s *Server, body members) {
	if raw := body.get("metadata"); raw != nil && s.modern() {
		p.metadata = append(json.RawMessage{}, raw...)
	}
}
