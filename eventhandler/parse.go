package eventhandler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// Parse returns the events in the body of a request or a message that an event
// handler of Janus has sent: a JSON object, or an array of them.
//
// Statistics that are combined in one event (combine_media_stats) become an
// Event each. An event that is not known or cannot be decoded has the body
// *Unknown; it does not affect the others. Members that Parse does not know, such
// as the eventtype that the MQTT handler adds, are only in Raw. Parse returns an
// error, and no events, if body is not JSON, or neither an object nor an array, or
// if it has more than 100,000 events. Janus sends up to 100.
//
// The handlers sampleevh, wsevh, rabbitmqevh, mqttevh and nanomsgevh of Janus
// send this format. gelfevh does not.
func Parse(body []byte) ([]Event, error) {
	members, err := split(body)
	if err != nil {
		return nil, fmt.Errorf("eventhandler: parse events: %w", err)
	}
	events := make([]Event, 0, len(members))
	for _, member := range members {
		events = appendEvents(events, member)
		if len(events) > maxEvents {
			return nil, fmt.Errorf("eventhandler: parse events: %w", errTooMany)
		}
	}
	return events, nil
}

// maxEvents bounds what a small body can make of itself: an event needs far more
// memory than the two bytes that it may have in an array.
const maxEvents = 100_000

var (
	errNoEvents = errors.New("neither an object nor an array")
	errTooMany  = fmt.Errorf("more than %d events", maxEvents)
)

// split returns copies of the members of an array, or of body if it is an object.
func split(body []byte) ([]json.RawMessage, error) {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	switch {
	case bytes.HasPrefix(trimmed, []byte("[")):
		return elements(body)
	case bytes.HasPrefix(trimmed, []byte("{")):
		var member json.RawMessage
		if err := json.Unmarshal(body, &member); err != nil {
			return nil, err
		}
		return []json.RawMessage{member}, nil
	case json.Valid(body):
		return nil, errNoEvents
	}
	return nil, errors.New("invalid JSON")
}

// elements returns copies of the elements of an array.
func elements(array []byte) ([]json.RawMessage, error) {
	if !json.Valid(array) {
		return nil, errors.New("invalid JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(array))
	if _, err := decoder.Token(); err != nil { // the bracket
		return nil, err
	}
	var all []json.RawMessage
	for decoder.More() {
		if len(all) == maxEvents {
			return nil, errTooMany
		}
		var element json.RawMessage
		if err := decoder.Decode(&element); err != nil {
			return nil, err
		}
		all = append(all, element)
	}
	return all, nil
}

// envelope is what all events have.
type envelope struct {
	Emitter   string          `json:"emitter"`
	Type      Type            `json:"type"`
	Subtype   Subtype         `json:"subtype"`
	Timestamp int64           `json:"timestamp"` // microseconds since 1970; 0 if there is none
	Session   id              `json:"session_id"`
	Handle    id              `json:"handle_id"`
	OpaqueID  string          `json:"opaque_id"`
	Event     json.RawMessage `json:"event"`
}

// appendEvents appends the event of a member, or the events if it has combined
// statistics.
func appendEvents(events []Event, raw json.RawMessage) []Event {
	var e envelope
	err := json.Unmarshal(raw, &e)
	if err == nil && (e.Session.malformed || e.Handle.malformed) {
		err = errID
	}
	event := Event{
		Emitter: e.Emitter, Type: e.Type, Subtype: e.Subtype,
		Session: e.Session.number, Handle: e.Handle.number, OpaqueID: e.OpaqueID,
		Raw: raw,
	}
	if e.Timestamp != 0 {
		event.Timestamp = time.UnixMicro(e.Timestamp)
	}
	if err != nil {
		event.Body = &Unknown{Err: fmt.Errorf("decode the event: %w", err)}
		return append(events, event)
	}
	for _, part := range parts(event, e.Event) {
		event.Body = parseBody(kind{e.Type, e.Subtype}, part)
		events = append(events, event)
	}
	return events
}

// parts returns the members of combined statistics, and otherwise body alone.
func parts(event Event, body json.RawMessage) []json.RawMessage {
	if event.Type != TypeMedia || event.Subtype != SubtypeMediaStats || !bytes.HasPrefix(body, []byte("[")) {
		return []json.RawMessage{body}
	}
	members, err := elements(body)
	if err != nil { // there are too many
		return []json.RawMessage{body}
	}
	return members
}

// bodies returns a new body for each kind that has one struct.
var bodies = map[kind]func() Body{
	{TypeSession, 0}:                     func() Body { return new(SessionEvent) },
	{TypeHandle, 0}:                      func() Body { return new(HandleEvent) },
	{TypeExternal, 0}:                    func() Body { return new(CustomEvent) },
	{TypeJSEP, 0}:                        func() Body { return new(JSEPEvent) },
	{TypeWebRTC, SubtypeICE}:             func() Body { return new(ICEState) },
	{TypeWebRTC, SubtypeLocalCandidate}:  func() Body { return new(LocalCandidate) },
	{TypeWebRTC, SubtypeRemoteCandidate}: func() Body { return new(RemoteCandidate) },
	{TypeWebRTC, SubtypeSelectedPair}:    func() Body { return new(SelectedPair) },
	{TypeWebRTC, SubtypeDTLS}:            func() Body { return new(DTLSState) },
	{TypeWebRTC, SubtypePeerConnection}:  func() Body { return new(PeerConnectionState) },
	{TypeMedia, SubtypeMediaState}:       func() Body { return new(MediaState) },
	{TypeMedia, SubtypeSlowLink}:         func() Body { return new(SlowLink) },
	{TypeMedia, SubtypeMediaStats}:       func() Body { return new(MediaStats) },
	{TypePlugin, 0}:                      func() Body { return new(PluginEvent) },
	{TypeTransport, 0}:                   func() Body { return new(TransportEvent) },
	{TypeCore, SubtypeShutdown}:          func() Body { return new(ServerShutdown) },
}

// parseBody decodes the member "event" of an event.
func parseBody(k kind, raw json.RawMessage) Body {
	body, err := decodeBody(k, raw)
	if err != nil {
		return &Unknown{Err: fmt.Errorf("decode the body of the event: %w", err)}
	}
	return body
}

var errNoObject = errors.New("it is not an object")

func decodeBody(k kind, raw json.RawMessage) (Body, error) {
	if k == (kind{TypeCore, SubtypeStartup}) {
		return decodeStartup(raw)
	}
	newBody, ok := bodies[k]
	if !ok {
		return new(Unknown), nil
	}
	if !bytes.HasPrefix(raw, []byte("{")) { // it is missing or null, for example
		return nil, errNoObject
	}
	body := newBody()
	return body, json.Unmarshal(raw, body)
}

// decodeStartup decodes the events that share a kind: the first one of a server
// and the periodic ones.
func decodeStartup(raw json.RawMessage) (Body, error) {
	var core struct {
		Status string          `json:"status"`
		Info   json.RawMessage `json:"info"`
	}
	if !bytes.HasPrefix(raw, []byte("{")) {
		return nil, errNoObject
	}
	if err := json.Unmarshal(raw, &core); err != nil {
		return nil, err
	}
	var body Body
	var info any
	switch core.Status {
	case "started":
		started := &ServerStarted{Info: janus.InfoMsg{Raw: core.Info}}
		body, info = started, &started.Info
	case "update":
		update := new(ServerUpdate)
		body, info = update, update
	default:
		return new(Unknown), nil
	}
	if !bytes.HasPrefix(core.Info, []byte("{")) {
		return nil, errors.New("its info is not an object")
	}
	return body, json.Unmarshal(core.Info, info)
}
