package eventhandler

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Event is an event that Janus has sent to its event handlers.
type Event struct {
	// Emitter is the server_name of Janus's configuration. It is the same for all
	// servers whose configuration has none: "MyJanusInstance", or empty.
	Emitter string

	// Type and Subtype are the kind of the event. Body has a type of its own for
	// each kind.
	Type    Type
	Subtype Subtype

	// Timestamp is when Janus made the event, by the wall clock of its machine,
	// to the microsecond. It is the zero Time if the event has none.
	Timestamp time.Time

	// Session and Handle are the ids of what the event belongs to, or 0.
	// Sessions have no handle; events of the core, custom events and most events
	// of transports have neither.
	Session uint64
	Handle  uint64

	// OpaqueID is that with which the handle was attached, if any.
	OpaqueID string

	// Body is what happened. It is never nil.
	Body Body

	// Raw is the event as it was received. It is not shared with the body that
	// was parsed, but the events of combined statistics share theirs.
	Raw json.RawMessage
}

// Kind returns a name for the kind of the event, such as "handles" or
// "webrtc/ice": the name of its Type and, if it has a Subtype, the name or the
// number of that. There are fewer than 20 names as long as Janus has no new
// kinds, so they are suitable for labels of metrics.
func (e Event) Kind() string {
	if e.Subtype == 0 {
		return e.Type.String()
	}
	name, ok := subtypeNames[kind{e.Type, e.Subtype}]
	if !ok {
		name = strconv.Itoa(int(e.Subtype))
	}
	return e.Type.String() + "/" + name
}

// Type is the type of an event. The values are bits, as in Janus.
type Type int

// The types of events. The comments name the bodies.
const (
	TypeSession   Type = 1 << iota // *SessionEvent
	TypeHandle                     // *HandleEvent
	TypeExternal                   // *CustomEvent
	TypeJSEP                       // *JSEPEvent
	TypeWebRTC                     // one for each Subtype
	TypeMedia                      // one for each Subtype
	TypePlugin                     // *PluginEvent
	TypeTransport                  // *TransportEvent
	TypeCore                       // *ServerStarted, *ServerUpdate, *ServerShutdown
)

var typeNames = map[Type]string{
	TypeSession:   "sessions",
	TypeHandle:    "handles",
	TypeExternal:  "external",
	TypeJSEP:      "jsep",
	TypeWebRTC:    "webrtc",
	TypeMedia:     "media",
	TypePlugin:    "plugins",
	TypeTransport: "transports",
	TypeCore:      "core",
}

// String returns the name of the type in Janus's configuration, such as
// "handles", or "Type(512)" if there is none.
func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("Type(%d)", int(t))
}

// Subtype tells events of the same Type apart. The same number has another
// meaning for another Type; Event.Kind has names for them. Types without
// subtypes have Subtype 0.
type Subtype int

// The subtypes of TypeWebRTC.
const (
	SubtypeICE             Subtype = 1 // *ICEState
	SubtypeLocalCandidate  Subtype = 2 // *LocalCandidate
	SubtypeRemoteCandidate Subtype = 3 // *RemoteCandidate
	SubtypeSelectedPair    Subtype = 4 // *SelectedPair
	SubtypeDTLS            Subtype = 5 // *DTLSState
	SubtypePeerConnection  Subtype = 6 // *PeerConnectionState
)

// The subtypes of TypeMedia.
const (
	SubtypeMediaState Subtype = 1 // *MediaState
	SubtypeSlowLink   Subtype = 2 // *SlowLink
	SubtypeMediaStats Subtype = 3 // *MediaStats
)

// The subtypes of TypeCore.
const (
	SubtypeStartup  Subtype = 1 // *ServerStarted, *ServerUpdate
	SubtypeShutdown Subtype = 2 // *ServerShutdown
)

// kind is a type with a subtype.
type kind struct {
	Type
	Subtype
}

var subtypeNames = map[kind]string{
	{TypeWebRTC, SubtypeICE}:             "ice",
	{TypeWebRTC, SubtypeLocalCandidate}:  "local-candidate",
	{TypeWebRTC, SubtypeRemoteCandidate}: "remote-candidate",
	{TypeWebRTC, SubtypeSelectedPair}:    "selected-pair",
	{TypeWebRTC, SubtypeDTLS}:            "dtls",
	{TypeWebRTC, SubtypePeerConnection}:  "peerconnection",
	{TypeMedia, SubtypeMediaState}:       "state",
	{TypeMedia, SubtypeSlowLink}:         "slowlink",
	{TypeMedia, SubtypeMediaStats}:       "stats",
	{TypeCore, SubtypeStartup}:           "startup",
	{TypeCore, SubtypeShutdown}:          "shutdown",
}
