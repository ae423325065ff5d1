package janustest

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

const videoroomPackage = "janus.plugin.videoroom"

// The VideoRoom's error codes.
const (
	roomInvalidRequest   = 423
	roomJoinFirst        = 424
	roomAlreadyJoined    = 425
	roomNoSuchRoom       = 426
	roomExists           = 427
	roomNoSuchFeed       = 428
	roomMissingElement   = 429
	roomInvalidElement   = 430
	roomInvalidSDPType   = 431
	roomPublishersFull   = 432
	roomUnauthorized     = 433
	roomAlreadyPublished = 434
	roomNotPublished     = 435
	roomIDExists         = 436
	roomInvalidSDP       = 437
	roomUnknownError     = 499
)

// A roomError is an error of the plugin. It is sent as data.
type roomError struct {
	code int
	text string
}

func roomErrorf(code int, format string, args ...any) *roomError {
	return &roomError{code, fmt.Sprintf(format, args...)}
}

func (e *roomError) data() object {
	return object{{"videoroom", "event"}, {"error_code", e.code}, {"error", e.text}}
}

// check is members.check with the plugin's codes and its kind of ids.
func (v *videoroom) check(m members, params ...param) *roomError {
	f := m.check(v.resolve(params)...)
	if f == nil {
		return nil
	}
	if f.missing {
		return &roomError{roomMissingElement, f.text}
	}
	return &roomError{roomInvalidElement, f.text}
}

// resolve replaces anIdent by the kind of ids that the plugin has.
func (v *videoroom) resolve(params []param) []param {
	kind := aPositive
	if v.stringIDs {
		kind = aString
	}
	resolved := make([]param, len(params))
	for i, p := range params {
		if p.kind == anIdent {
			p.kind = kind
		}
		resolved[i] = p
	}
	return resolved
}

// videoroom stands in for janus.plugin.videoroom. Its lock guards all rooms and
// participants, and handle.state; it is taken before Server.mu.
type videoroom struct {
	stringIDs bool
	mu        sync.Mutex
	rooms     []*room // in the order of their creation
}

// newVideoroom returns a VideoRoom with the rooms of the configuration that comes
// with Janus.
func newVideoroom(s *Server) *videoroom {
	v := &videoroom{stringIDs: s.StringIDs}
	demo := newRoom(v.ident(1234))
	demo.description, demo.secret, demo.publishers, demo.bitrate, demo.firFreq = "Demo Room", "adminpwd", 6, 128000, 10
	v.rooms = []*room{demo}
	if !s.modern() {
		svc := newRoom(v.ident(5678))
		svc.description, svc.secret, svc.publishers, svc.bitrate, svc.firFreq = "VP9-SVC Demo Room", "adminpwd", 6, 512000, 10
		svc.videocodec, svc.svc = "vp9", true
		v.rooms = append(v.rooms, svc)
	}
	return v
}

// ident makes an id of the plugin's kind from a number.
func (v *videoroom) ident(n uint64) ident {
	if v.stringIDs {
		return stringIdent(strconv.FormatUint(n, 10))
	}
	return numericIdent(n)
}

// synchronous are the requests that are answered with a success.
var synchronous = map[string]func(*videoroom, *Request, members) (object, *roomError){
	"create":           (*videoroom).create,
	"edit":             (*videoroom).edit,
	"destroy":          (*videoroom).destroy,
	"list":             (*videoroom).list,
	"exists":           (*videoroom).exists,
	"allowed":          (*videoroom).allowed,
	"kick":             (*videoroom).kick,
	"moderate":         (*videoroom).moderate,
	"listparticipants": (*videoroom).listParticipants,
	"rtp_forward":      (*videoroom).rtpForward,
	"stop_rtp_forward": (*videoroom).stopRTPForward,
	"listforwarders":   (*videoroom).listForwarders,
	"enable_recording": (*videoroom).enableRecording,

	"publish_remotely":        (*videoroom).publishRemotely,
	"unpublish_remotely":      (*videoroom).unpublishRemotely,
	"listremotes":             (*videoroom).listRemotes,
	"add_remote_publisher":    (*videoroom).addRemotePublisher,
	"update_remote_publisher": (*videoroom).updateRemotePublisher,
	"remove_remote_publisher": (*videoroom).removeRemotePublisher,
}

// asynchronous are the requests that are answered with an ack and an event.
var asynchronous = map[string]bool{
	"join": true, "joinandconfigure": true, "configure": true, "publish": true, "unpublish": true,
	"start": true, "pause": true, "switch": true, "subscribe": true, "unsubscribe": true,
	"update": true, "leave": true,
}

// ServeJanus answers a request as the VideoRoom does.
func (v *videoroom) ServeJanus(r *Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, err := r.srv.lookup(r.Session, r.Handle); err != nil {
		return // detached meanwhile, and must not come back
	}
	body := parseObject(r.Body)
	if err := v.check(body, param{"request", aString, true}); err != nil {
		_ = r.Success(err.data()) // the client may have gone, here and below
		return
	}
	request := strings.ToLower(body.str("request"))
	if serve := synchronous[request]; serve != nil {
		data, err := serve(v, r, body)
		if err != nil {
			data = err.data()
		}
		_ = r.Success(data)
		return
	}
	if !asynchronous[request] {
		_ = r.Success(roomErrorf(roomInvalidRequest, "Unknown request '%s'", body.str("request")).data())
		return
	}
	_ = r.Ack()
	if err := v.serveParticipant(r, request, body); err != nil {
		_ = r.Event(err.data(), nil)
	}
}

// serveParticipant serves a request on a publisher, a subscriber or neither.
func (v *videoroom) serveParticipant(r *Request, request string, body members) *roomError {
	switch state := r.handle.state.(type) {
	case *publisher:
		return v.servePublisher(r, state, request, body)
	case *subscriber:
		return v.serveSubscriber(r, state, request, body)
	}
	if request != "join" && request != "joinandconfigure" {
		return roomErrorf(roomJoinFirst, "Invalid request on unconfigured participant")
	}
	return v.join(r, body)
}

var joinParams = []param{
	{"room", anIdent, true}, {"ptype", aString, true}, {"audio", aBoolean, false}, {"video", aBoolean, false},
	{"data", aBoolean, false}, {"bitrate", aPositive, false}, {"record", aBoolean, false},
	{"filename", aString, false}, {"token", aString, false},
}

func (v *videoroom) join(r *Request, body members) *roomError {
	if err := v.check(body, joinParams...); err != nil {
		return err
	}
	rm, err := v.find(body)
	if err != nil {
		return err
	}
	if rm.signedTokens && !r.srv.allowsRoom(body.str("token"), rm.id) {
		return roomErrorf(roomUnauthorized, "Unauthorized (wrong token)")
	}
	if err := v.checkSecret(body, "pin", rm.pin); err != nil {
		return err
	}
	switch strings.ToLower(body.str("ptype")) {
	case "publisher":
		return v.joinPublisher(r, rm, body)
	case "subscriber", "listener":
		return v.joinSubscriber(r, rm, body)
	}
	return roomErrorf(roomInvalidElement, "Invalid element (ptype)")
}

// hangup ends the streams of a publisher or a subscriber.
func (v *videoroom) hangup(s *Server, h *handle) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch state := h.state.(type) {
	case *publisher:
		v.unpublish(s, state)
	case *subscriber:
		state.streams = nil
	}
}

// detach removes a participant from its room.
func (v *videoroom) detach(s *Server, h *handle) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch state := h.state.(type) {
	case *publisher:
		v.unpublish(s, state)
		v.leave(s, state, "leaving")
	case *subscriber:
		state.room.dropSubscriber(state)
	}
	h.state = nil
}
