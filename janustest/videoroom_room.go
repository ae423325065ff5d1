package janustest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A room is a room of the VideoRoom.
type room struct {
	id                                     uint64
	description, secret, pin               string
	audiocodec, videocodec                 string
	publishers, bitrate, firFreq           uint64
	bitrateCap, private, svc, fec, dtx     bool
	requirePrivateID, requireE2EE          bool
	notifyJoining, record, lockRecord      bool
	audioLevel, audioLevelEvent            bool
	audioActivePackets, audioLevelAverage  uint64
	videoOrientation, playoutDelay, wideCC bool
	checkTokens                            bool
	tokens                                 []string
	participants                           []*publisher  // in the order in which they joined
	subscribers                            []*subscriber // likewise
}

func newRoom(id uint64) *room {
	return &room{
		id: id, description: fmt.Sprintf("Room %d", id), publishers: 3,
		audiocodec: "opus", videocodec: "vp8", fec: true,
		audioLevel: true, audioActivePackets: 100, audioLevelAverage: 25,
		videoOrientation: true, playoutDelay: true, wideCC: true,
	}
}

var roomParam = param{"room", aPositive, true}

// find returns the room that a request names.
func (v *videoroom) find(body members) (*room, *roomError) {
	if err := checkRoom(body, roomParam); err != nil {
		return nil, err
	}
	id := body.uint("room")
	for _, rm := range v.rooms {
		if rm.id == id {
			return rm, nil
		}
	}
	return nil, roomErrorf(roomNoSuchRoom, "No such room (%d)", id)
}

// moderated is find for requests that need the room's secret.
func (v *videoroom) moderated(body members, params ...param) (*room, *roomError) {
	if err := checkRoom(body, append([]param{roomParam}, params...)...); err != nil {
		return nil, err
	}
	rm, err := v.find(body)
	if err != nil {
		return nil, err
	}
	return rm, rm.checkSecret(body, "secret", rm.secret)
}

// checkSecret checks a member, the secret or the pin, if the room has one.
func (rm *room) checkSecret(body members, name, want string) *roomError {
	if want == "" {
		return nil
	}
	if err := checkRoom(body, param{name, aString, true}); err != nil {
		return err
	}
	if body.str(name) != want {
		return roomErrorf(roomUnauthorized, "Unauthorized (wrong %s)", name)
	}
	return nil
}

var createParams = []param{
	{"room", aPositive, false}, {"description", aString, false}, {"is_private", aBoolean, false},
	{"allowed", anArray, false}, {"secret", aString, false}, {"pin", aString, false},
	{"require_pvtid", aBoolean, false}, {"signed_tokens", aBoolean, false}, {"bitrate", aPositive, false},
	{"bitrate_cap", aBoolean, false}, {"fir_freq", aPositive, false}, {"publishers", aPositive, false},
	{"audiocodec", aString, false}, {"videocodec", aString, false}, {"vp9_profile", aString, false},
	{"h264_profile", aString, false}, {"opus_fec", aBoolean, false}, {"opus_dtx", aBoolean, false},
	{"audiolevel_ext", aBoolean, false}, {"audiolevel_event", aBoolean, false},
	{"audio_active_packets", aPositive, false}, {"audio_level_average", aPositive, false},
	{"videoorient_ext", aBoolean, false}, {"playoutdelay_ext", aBoolean, false},
	{"transport_wide_cc_ext", aBoolean, false}, {"record", aBoolean, false}, {"rec_dir", aString, false},
	{"lock_record", aBoolean, false}, {"permanent", aBoolean, false}, {"notify_joining", aBoolean, false},
	{"require_e2ee", aBoolean, false}, {"dummy_publisher", aBoolean, false}, {"dummy_streams", anArray, false},
	{"threads", aPositive, false},
}

func (v *videoroom) create(_ *Request, body members) (object, *roomError) {
	if err := checkRoom(body, createParams...); err != nil {
		return nil, err
	}
	if err := checkCodecs(body); err != nil {
		return nil, err
	}
	if body.flag("permanent", false) {
		return nil, roomErrorf(roomUnknownError, "No configuration file, can't create permanent room")
	}
	id := body.uint("room")
	if id != 0 {
		if _, err := v.find(body); err == nil {
			return nil, roomErrorf(roomExists, "Room %d already exists", id)
		}
	} else {
		id = newID()
	}
	rm := newRoom(id)
	if err := rm.configure(body); err != nil {
		return nil, err
	}
	v.rooms = append(v.rooms, rm)
	return object{{"videoroom", "created"}, {"room", id}, {"permanent", false}}, nil
}

func checkCodecs(body members) *roomError {
	known := func(kind, name string) bool {
		for codec := range strings.SplitSeq(body.str(name), ",") {
			if body.get(name) != nil && !slices.Contains(preferred[kind], codec) {
				return false
			}
		}
		return true
	}
	if !known("audio", "audiocodec") {
		return roomErrorf(roomInvalidElement, "Invalid element (audiocodec can only be or contain opus, isac32, isac16, pcmu, pcma or g722)")
	}
	if !known("video", "videocodec") {
		return roomErrorf(roomInvalidElement, "Invalid element (videocodec can only be or contain vp8, vp9, av1, h264 or h265)")
	}
	return nil
}

// configure sets what a create request asks for.
func (rm *room) configure(body members) *roomError {
	set := func(p *string, name string) {
		if v := body.str(name); v != "" {
			*p = v
		}
	}
	setUint := func(p *uint64, name string) {
		if body.get(name) != nil {
			*p = body.uint(name)
		}
	}
	setFlag := func(p *bool, name string) { *p = body.flag(name, *p) }
	set(&rm.description, "description")
	set(&rm.secret, "secret")
	set(&rm.pin, "pin")
	set(&rm.audiocodec, "audiocodec")
	set(&rm.videocodec, "videocodec")
	setUint(&rm.publishers, "publishers")
	setUint(&rm.bitrate, "bitrate")
	setUint(&rm.firFreq, "fir_freq")
	setUint(&rm.audioActivePackets, "audio_active_packets")
	setUint(&rm.audioLevelAverage, "audio_level_average")
	setFlag(&rm.bitrateCap, "bitrate_cap")
	setFlag(&rm.private, "is_private")
	setFlag(&rm.fec, "opus_fec")
	setFlag(&rm.dtx, "opus_dtx")
	setFlag(&rm.requirePrivateID, "require_pvtid")
	setFlag(&rm.requireE2EE, "require_e2ee")
	setFlag(&rm.notifyJoining, "notify_joining")
	setFlag(&rm.record, "record")
	setFlag(&rm.lockRecord, "lock_record")
	setFlag(&rm.audioLevel, "audiolevel_ext")
	setFlag(&rm.audioLevelEvent, "audiolevel_event")
	setFlag(&rm.videoOrientation, "videoorient_ext")
	setFlag(&rm.playoutDelay, "playoutdelay_ext")
	setFlag(&rm.wideCC, "transport_wide_cc_ext")
	tokens, err := tokenList(body)
	if err != nil {
		return err
	}
	rm.tokens, rm.checkTokens = tokens, body.get("allowed") != nil
	return nil
}

// tokenList reads the allowed array of a request.
func tokenList(body members) ([]string, *roomError) {
	raw := body.get("allowed")
	if raw == nil {
		return nil, nil
	}
	var tokens []string
	if json.Unmarshal(raw, &tokens) != nil {
		return nil, roomErrorf(roomInvalidElement, "Invalid element in the allowed array (not a string)")
	}
	return tokens, nil
}

var editParams = []param{
	{"secret", aString, false}, {"new_description", aString, false}, {"new_is_private", aBoolean, false},
	{"new_secret", aString, false}, {"new_pin", aString, false}, {"new_require_pvtid", aBoolean, false},
	{"new_bitrate", aPositive, false}, {"new_fir_freq", aPositive, false}, {"new_publishers", aPositive, false},
	{"new_lock_record", aBoolean, false}, {"new_rec_dir", aString, false}, {"permanent", aBoolean, false},
}

func (v *videoroom) edit(_ *Request, body members) (object, *roomError) {
	rm, err := v.moderated(body, editParams...)
	if err != nil {
		return nil, err
	}
	if body.flag("permanent", false) {
		return nil, roomErrorf(roomUnknownError, "No configuration file, can't edit room permanently")
	}
	renamed := make(members, 0, len(body))
	for _, m := range body {
		if name, ok := strings.CutPrefix(m.name, "new_"); ok {
			renamed = append(renamed, member{name, m.value})
		}
	}
	tokens, check := rm.tokens, rm.checkTokens
	if err := rm.configure(renamed); err != nil {
		return nil, err
	}
	rm.tokens, rm.checkTokens = tokens, check
	return object{{"videoroom", "edited"}, {"room", rm.id}, {"permanent", false}}, nil
}

func (v *videoroom) destroy(r *Request, body members) (object, *roomError) {
	rm, err := v.moderated(body, param{"permanent", aBoolean, false})
	if err != nil {
		return nil, err
	}
	if body.flag("permanent", false) {
		return nil, roomErrorf(roomUnknownError, "No configuration file, can't destroy room permanently")
	}
	v.rooms = slices.DeleteFunc(v.rooms, func(other *room) bool { return other == rm })
	for _, p := range rm.participants {
		p.room = nil
		notify(r.srv, p.handle, object{{"videoroom", "destroyed"}, {"room", rm.id}}, nil)
		r.srv.hangup(p.handle, "Close PC")
	}
	return object{{"videoroom", "destroyed"}, {"room", rm.id}, {"permanent", false}}, nil
}

// notify pushes an event of the plugin, which is lost when nobody is there.
func notify(s *Server, h *handle, data object, jsep any) { _ = s.push(h, nil, data, jsep) }

func (v *videoroom) list(*Request, members) (object, *roomError) {
	list := []object{}
	for _, rm := range v.rooms {
		if !rm.private {
			list = append(list, rm.describe())
		}
	}
	return object{{"videoroom", "success"}, {"list", list}}, nil
}

func (rm *room) describe() object {
	o := object{
		{"room", rm.id},
		{"description", rm.description},
		{"pin_required", rm.pin != ""},
		{"is_private", rm.private},
		{"max_publishers", rm.publishers},
		{"bitrate", rm.bitrate},
	}
	if rm.bitrateCap {
		o = o.with("bitrate_cap", true)
	}
	o = append(o, object{
		{"fir_freq", rm.firFreq},
		{"require_pvtid", rm.requirePrivateID},
		{"require_e2ee", rm.requireE2EE},
		{"dummy_publisher", false},
		{"notify_joining", rm.notifyJoining},
		{"audiocodec", rm.audiocodec},
		{"videocodec", rm.videocodec},
	}...)
	for _, f := range (object{{"opus_fec", rm.fec}, {"opus_dtx", rm.dtx}, {"video_svc", rm.svc}}) {
		if f.value == true {
			o = append(o, f)
		}
	}
	o = append(o, object{
		{"record", rm.record},
		{"lock_record", rm.lockRecord},
		{"num_participants", len(rm.participants)},
		{"audiolevel_ext", rm.audioLevel},
		{"audiolevel_event", rm.audioLevelEvent},
	}...)
	if rm.audioLevelEvent {
		o = o.with("audio_active_packets", rm.audioActivePackets).with("audio_level_average", rm.audioLevelAverage)
	}
	return append(o, object{
		{"videoorient_ext", rm.videoOrientation},
		{"playoutdelay_ext", rm.playoutDelay},
		{"transport_wide_cc_ext", rm.wideCC},
	}...)
}

func (v *videoroom) exists(_ *Request, body members) (object, *roomError) {
	_, err := v.find(body)
	if err != nil && err.code != roomNoSuchRoom {
		return nil, err
	}
	return object{{"videoroom", "success"}, {"room", body.uint("room")}, {"exists", err == nil}}, nil
}

func (v *videoroom) allowed(_ *Request, body members) (object, *roomError) {
	params := []param{{"secret", aString, false}, {"action", aString, true}, {"allowed", anArray, false}}
	rm, err := v.moderated(body, params...)
	if err != nil {
		return nil, err
	}
	tokens, err := tokenList(body)
	if err != nil {
		return nil, err
	}
	switch action := strings.ToLower(body.str("action")); action {
	case "enable", "disable":
		rm.checkTokens = action == "enable"
	case "add":
		rm.tokens = append(rm.tokens, tokens...)
	case "remove":
		rm.tokens = slices.DeleteFunc(rm.tokens, func(t string) bool { return slices.Contains(tokens, t) })
	default:
		return nil, roomErrorf(roomInvalidElement, "Unsupported action '%s' (allowed)", body.str("action"))
	}
	data := object{{"videoroom", "success"}, {"room", rm.id}}
	if body.str("action") != "disable" {
		data = data.with("allowed", append([]string{}, rm.tokens...))
	}
	return data, nil
}

// moderatedUser is moderated for requests about a participant.
func (v *videoroom) moderatedUser(body members, params ...param) (*room, *publisher, *roomError) {
	rm, err := v.moderated(body, append([]param{{"id", aPositive, true}}, params...)...)
	if err != nil {
		return nil, nil, err
	}
	p := rm.participant(body.uint("id"))
	if p == nil {
		return nil, nil, roomErrorf(roomNoSuchFeed, "No such user %d in room %d", body.uint("id"), rm.id)
	}
	return rm, p, nil
}

func (v *videoroom) kick(r *Request, body members) (object, *roomError) {
	_, p, err := v.moderatedUser(body, param{"secret", aString, false})
	if err != nil {
		return nil, err
	}
	notify(r.srv, p.handle, object{
		{"videoroom", "event"}, {"room", p.room.id}, {"leaving", "ok"}, {"reason", "kicked"},
	}, nil)
	v.leave(r.srv, p, "kicked")
	r.srv.hangup(p.handle, "Close PC")
	return object{{"videoroom", "success"}}, nil
}

func (v *videoroom) moderate(r *Request, body members) (object, *roomError) {
	params := []param{{"secret", aString, false}, {"mid", aString, true}, {"mute", aBoolean, true}}
	rm, p, err := v.moderatedUser(body, params...)
	if err != nil {
		return nil, err
	}
	stream := p.stream(body.str("mid"))
	if stream == nil {
		return nil, roomErrorf(roomNoSuchFeed, "No such stream %s", body.str("mid"))
	}
	stream.moderated = body.flag("mute", false)
	state := "unmuted"
	if stream.moderated {
		state = "muted"
	}
	for _, other := range rm.participants {
		notify(r.srv, other.handle, object{
			{"videoroom", "event"}, {"room", rm.id}, {"id", p.id}, {"mid", stream.mid}, {"moderation", state},
		}, nil)
	}
	return object{{"videoroom", "success"}}, nil
}

func (v *videoroom) listParticipants(r *Request, body members) (object, *roomError) {
	rm, err := v.find(body)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, p := range rm.participants {
		o := p.identity()
		if !r.srv.modern() { // metadata came later
			o = slices.DeleteFunc(o, func(f field) bool { return f.name == "metadata" })
		}
		list = append(list, o.with("publisher", p.started))
	}
	return object{{"videoroom", "participants"}, {"room", rm.id}, {"participants", list}}, nil
}

// participant returns the publisher of that id, or nil.
func (rm *room) participant(id uint64) *publisher {
	for _, p := range rm.participants {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (rm *room) dropSubscriber(sub *subscriber) {
	rm.subscribers = slices.DeleteFunc(rm.subscribers, func(other *subscriber) bool { return other == sub })
}

// A forwarder is an RTP forwarder of a publisher. Nothing is forwarded.
type forwarder struct {
	id         uint64
	mid, host  string
	port       uint64
	streamType string
}

func (f forwarder) describe() object {
	return object{{"stream_id", f.id}, {"host", f.host}, {"port", f.port}, {"type", f.streamType}}
}

func (v *videoroom) rtpForward(_ *Request, body members) (object, *roomError) {
	rm, err := v.moderated(body, param{"publisher_id", aPositive, true},
		param{"secret", aString, false}, param{"host", aString, true}, param{"streams", anArray, false})
	if err != nil {
		return nil, err
	}
	p := rm.participant(body.uint("publisher_id"))
	if p == nil {
		return nil, roomErrorf(roomNoSuchFeed, "No such feed (%d)", body.uint("publisher_id"))
	}
	added := []object{}
	for _, wanted := range body.list("streams") {
		if err := checkRoom(wanted, param{"mid", aString, true}, param{"port", aPositive, true}); err != nil {
			return nil, err
		}
		stream := p.stream(wanted.str("mid"))
		if stream == nil {
			continue
		}
		f := forwarder{uint64(rand.Uint32()), stream.mid, body.str("host"), wanted.uint("port"), stream.kind}
		p.forwarders = append(p.forwarders, f)
		added = append(added, f.describe())
	}
	return object{{"publisher_id", p.id}, {"forwarders", added}, {"room", rm.id}, {"videoroom", "rtp_forward"}}, nil
}

func (v *videoroom) stopRTPForward(_ *Request, body members) (object, *roomError) {
	rm, err := v.moderated(body, param{"publisher_id", aPositive, true},
		param{"secret", aString, false}, param{"stream_id", aPositive, true})
	if err != nil {
		return nil, err
	}
	p := rm.participant(body.uint("publisher_id"))
	if p == nil {
		return nil, roomErrorf(roomNoSuchFeed, "No such feed (%d)", body.uint("publisher_id"))
	}
	id := body.uint("stream_id")
	i := slices.IndexFunc(p.forwarders, func(f forwarder) bool { return f.id == id })
	if i < 0 {
		return nil, roomErrorf(roomNoSuchFeed, "No such stream (%d)", id)
	}
	p.forwarders = slices.Delete(p.forwarders, i, i+1)
	return object{{"videoroom", "stop_rtp_forward"}, {"room", rm.id}, {"publisher_id", p.id}, {"stream_id", id}}, nil
}

func (v *videoroom) listForwarders(_ *Request, body members) (object, *roomError) {
	rm, err := v.moderated(body)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, p := range rm.participants {
		if len(p.forwarders) == 0 {
			continue
		}
		forwarders := []object{}
		for _, f := range p.forwarders {
			forwarders = append(forwarders, f.describe())
		}
		o := object{{"publisher_id", p.id}}
		if p.display != "" {
			o = o.with("display", p.display)
		}
		list = append(list, o.with("forwarders", forwarders))
	}
	return object{{"videoroom", "forwarders"}, {"room", rm.id}, {"publishers", list}}, nil
}
