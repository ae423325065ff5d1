package janustest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A room is a room of the VideoRoom.
type room struct {
	id                                     ident
	description, secret, pin               string
	audiocodec, videocodec                 string
	publishers, bitrate, firFreq           uint64
	bitrateCap, private, svc, fec, dtx     bool
	requirePrivateID, requireE2EE          bool
	notifyJoining, record, lockRecord      bool
	audioLevel, audioLevelEvent            bool
	audioActivePackets, audioLevelAverage  uint64
	videoOrientation, playoutDelay, wideCC bool
	checkTokens, signedTokens              bool
	recordDir, vp9Profile, h264Profile     string
	tokens                                 []string
	participants                           []*publisher  // in the order in which they joined
	subscribers                            []*subscriber // likewise
}

func newRoom(id ident) *room {
	return &room{
		id: id, description: fmt.Sprintf("Room %s", id), publishers: 3,
		audiocodec: "opus", videocodec: "vp8", fec: true,
		audioLevel: true, audioActivePackets: 100, audioLevelAverage: 25,
		videoOrientation: true, playoutDelay: true, wideCC: true,
	}
}

var roomParam = param{"room", anIdent, true}

// find returns the room that a request names.
func (v *videoroom) find(body members) (*room, *roomError) {
	if err := v.check(body, roomParam); err != nil {
		return nil, err
	}
	if rm := v.room(body.ident("room")); rm != nil {
		return rm, nil
	}
	return nil, roomErrorf(roomNoSuchRoom, "No such room (%s)", body.ident("room"))
}

// room returns the room of that id, or nil.
func (v *videoroom) room(id ident) *room {
	for _, rm := range v.rooms {
		if rm.id == id {
			return rm
		}
	}
	return nil
}

// moderated is find for requests that need the room's secret.
func (v *videoroom) moderated(body members, params ...param) (*room, *roomError) {
	if err := v.check(body, append([]param{roomParam}, params...)...); err != nil {
		return nil, err
	}
	rm, err := v.find(body)
	if err != nil {
		return nil, err
	}
	return rm, v.checkSecret(body, "secret", rm.secret)
}

// checkSecret checks a member, the secret or the pin, if the room has one.
func (v *videoroom) checkSecret(body members, name, want string) *roomError {
	if want == "" {
		return nil
	}
	if err := v.check(body, param{name, aString, true}); err != nil {
		return err
	}
	if body.str(name) != want {
		return roomErrorf(roomUnauthorized, "Unauthorized (wrong %s)", name)
	}
	return nil
}

var createParams = []param{
	{"room", anIdent, false}, {"description", aString, false}, {"is_private", aBoolean, false},
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

func (v *videoroom) create(r *Request, body members) (object, *roomError) {
	if err := v.check(body, createParams...); err != nil {
		return nil, err
	}
	if err := checkCodecs(body); err != nil {
		return nil, err
	}
	if body.flag("permanent", false) {
		return nil, roomErrorf(roomUnknownError, "No configuration file, can't create permanent room")
	}
	id := body.ident("room")
	if id.chosen() && v.room(id) != nil {
		return nil, roomErrorf(roomExists, "Room %s already exists", id)
	}
	if !id.chosen() {
		id = v.newIdent(func(id ident) bool { return v.room(id) != nil })
	}
	rm := newRoom(id)
	if err := rm.configure(body); err != nil {
		return nil, err
	}
	// Janus ignores signed_tokens if it has no secret for them.
	rm.signedTokens = body.flag("signed_tokens", false) && r.srv.TokenAuthSecret != ""
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

// minBitrate is the least bitrate that a room can be limited to.
const minBitrate = 64_000

// configure takes the settings of a create request.
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
	set(&rm.recordDir, "rec_dir")
	set(&rm.vp9Profile, "vp9_profile")
	set(&rm.h264Profile, "h264_profile")
	setUint(&rm.publishers, "publishers")
	setUint(&rm.bitrate, "bitrate")
	if rm.bitrate > 0 && rm.bitrate < minBitrate {
		rm.bitrate = minBitrate
	}
	setUint(&rm.firFreq, "fir_freq")
	setUint(&rm.audioActivePackets, "audio_active_packets")
	setUint(&rm.audioLevelAverage, "audio_level_average")
	setFlag(&rm.bitrateCap, "bitrate_cap")
	setFlag(&rm.private, "is_private")
	setFlag(&rm.fec, "opus_fec")
	setFlag(&rm.dtx, "opus_dtx")
	if !slices.Contains(rm.codecs("audio"), "opus") {
		rm.fec = rm.fec && body.get("opus_fec") == nil // Janus looks only if asked
		rm.dtx = false
	}
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
		if p.remote {
			continue
		}
		notify(r.srv, p.handle, object{{"videoroom", "destroyed"}, {"room", rm.id}}, nil)
		r.srv.hangup(p.handle, "Close PC")
	}
	return object{{"videoroom", "destroyed"}, {"room", rm.id}, {"permanent", false}}, nil
}

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
	}...)
	if rm.recordDir != "" {
		o = o.with("rec_dir", rm.recordDir)
	}
	o = append(o, object{
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
	return object{{"videoroom", "success"}, {"room", body.ident("room")}, {"exists", err == nil}}, nil
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

// participant returns the publisher of that id, or nil.
func (rm *room) participant(id ident) *publisher {
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
