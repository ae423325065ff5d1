package eventhandler

import (
	"encoding/json"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// Body is what an event says: a pointer to one of the structs of this package.
// Except for ServerStarted and Unknown, they are marshaled to JSON with the names
// and units that Janus uses.
type Body interface{ body() }

func (*SessionEvent) body()        {}
func (*HandleEvent) body()         {}
func (*CustomEvent) body()         {}
func (*JSEPEvent) body()           {}
func (*ICEState) body()            {}
func (*LocalCandidate) body()      {}
func (*RemoteCandidate) body()     {}
func (*SelectedPair) body()        {}
func (*DTLSState) body()           {}
func (*PeerConnectionState) body() {}
func (*MediaState) body()          {}
func (*SlowLink) body()            {}
func (*MediaStats) body()          {}
func (*PluginEvent) body()         {}
func (*TransportEvent) body()      {}
func (*ServerStarted) body()       {}
func (*ServerUpdate) body()        {}
func (*ServerShutdown) body()      {}
func (*Unknown) body()             {}

// Unknown is the body of an event of a kind that this package does not know, or
// of one that it could not decode. Event.Raw has everything that was received.
type Unknown struct {
	// Err is why decoding failed, or nil if the kind is unknown. The members of
	// Event that could be decoded are set.
	Err error
}

// Change is what happened to a session or a handle.
type Change string

// The changes of sessions are Created, Destroyed and TimedOut, those of handles
// Attached and Detached.
const (
	Created   Change = "created"
	Destroyed Change = "destroyed"
	TimedOut  Change = "timeout"
	Attached  Change = "attached"
	Detached  Change = "detached"
)

// SessionEvent reports that a session was created, destroyed or timed out.
type SessionEvent struct {
	Change Change `json:"name"`

	// Transport identifies the client that created the session. It is nil for
	// other changes.
	Transport *TransportRef `json:"transport,omitempty"`
}

// TransportRef identifies a client of a transport.
type TransportRef struct {
	Transport string `json:"transport"` // package, such as "janus.transport.websockets"

	// ID is the same as TransportEvent.ID. It is a decimal number of up to 64
	// bits, as Janus sends it.
	ID string `json:"id"`
}

// HandleEvent reports that a handle was attached or detached.
type HandleEvent struct {
	Change   Change `json:"name"`
	Plugin   string `json:"plugin"`              // package, such as "janus.plugin.videoroom"
	OpaqueID string `json:"opaque_id,omitempty"` // the same as Event.OpaqueID
	Token    string `json:"token,omitempty"`     // with which the handle was attached: a secret
}

// CustomEvent is an event that was sent to Janus by the request custom_event of
// its Admin API.
type CustomEvent struct {
	Schema string          `json:"schema"` // chosen by the sender
	Data   json.RawMessage `json:"data"`   // an object
}

// Owner is whose SDP it is.
type Owner string

// The owners of SDPs.
const (
	Local  Owner = "local"  // Janus
	Remote Owner = "remote" // the peer
)

// JSEPEvent is an SDP offer or answer.
type JSEPEvent struct {
	Owner Owner      `json:"owner"`
	JSEP  janus.JSEP `json:"jsep"`
}

// ICE is a state of ICE.
type ICE string

// The states of ICE.
const (
	ICEDisconnected ICE = "disconnected"
	ICEGathering    ICE = "gathering"
	ICEConnecting   ICE = "connecting"
	ICEConnected    ICE = "connected"
	ICEReady        ICE = "ready"
	ICEFailed       ICE = "failed"
)

// Component identifies a component of ICE in its handle. Janus has only one
// stream with one component for each PeerConnection.
type Component struct {
	StreamID    int `json:"stream_id"`
	ComponentID int `json:"component_id"`
}

// ICEState reports that the state of ICE has changed.
type ICEState struct {
	State ICE `json:"ice"`
	Component
}

// LocalCandidate is a candidate of Janus.
type LocalCandidate struct {
	Candidate string `json:"local-candidate"` // as in an SDP
	Component
}

// RemoteCandidate is a candidate of the peer.
type RemoteCandidate struct {
	Candidate string `json:"remote-candidate"` // as in an SDP
	Component
}

// SelectedPair reports which candidates are used.
type SelectedPair struct {
	// Pair is a description such as
	// "192.0.2.1:20000 [host,udp] <-> 192.0.2.9:51000 [prflx,udp]".
	Pair string `json:"selected-pair"`

	// Candidates has the parts of it. It is nil if Janus was built without TCP
	// candidates.
	Candidates *Candidates `json:"candidates,omitempty"`
	Component
}

// Candidates is the candidate of Janus and that of the peer.
type Candidates struct {
	Local  Candidate `json:"local"`
	Remote Candidate `json:"remote"`
}

// Candidate is one end of a SelectedPair.
type Candidate struct {
	Address   string `json:"address"`
	Port      int    `json:"port"`
	Type      string `json:"type"`      // "host", "srflx", "prflx" or "relay"
	Transport string `json:"transport"` // "udp" or "tcp"
	Family    int    `json:"family"`    // 4 or 6
}

// DTLS is a state of DTLS.
type DTLS string

// The states of DTLS.
const (
	DTLSCreated   DTLS = "created"
	DTLSTrying    DTLS = "trying"
	DTLSConnected DTLS = "connected"
	DTLSFailed    DTLS = "failed"
)

// DTLSState reports that the state of DTLS has changed.
type DTLSState struct {
	State DTLS `json:"dtls"`
	Component
	Retransmissions int `json:"retransmissions"` // of handshake messages, so far
}

// Connection is a state of a PeerConnection.
type Connection string

// The states of PeerConnections.
const (
	WebRTCUp Connection = "webrtcup"
	Hangup   Connection = "hangup"
)

// PeerConnectionState reports that a PeerConnection is up or closed.
type PeerConnectionState struct {
	State  Connection `json:"connection"`
	Reason string     `json:"reason,omitempty"` // of a Hangup, such as "DTLS alert"; may be empty
}

// MediaState reports that Janus started or stopped receiving media.
type MediaState struct {
	Media     string `json:"media"` // "audio" or "video"
	Mid       string `json:"mid"`
	Substream *int   `json:"substream,omitempty"` // simulcast layer, 0 to 2; nil without simulcast
	Receiving bool   `json:"receiving"`

	// Silence is for how long nothing was received, if Receiving is false: the
	// server's no_media_timer, in whole seconds. It is 0 if that is one second.
	Silence time.Duration `json:"seconds,omitempty"`
}

// Direction is a direction as Janus sees it.
type Direction string

// The directions of SlowLink.
const (
	Uplink   Direction = "uplink"   // from Janus to the peer
	Downlink Direction = "downlink" // from the peer to Janus
)

// SlowLink reports that many packets are lost: more than the server's
// slowlink_threshold in a second.
type SlowLink struct {
	Mid       string    `json:"mid"`
	Media     string    `json:"media"` // "audio" or "video"
	Direction Direction `json:"slow_link"`
	Lost      int64     `json:"lost_lastsec"` // packets in the last second
}

// MediaStats are the statistics of one m-line of an SDP, or of one layer of
// simulcast. Janus sends them every stats_period seconds while there is a
// PeerConnection, and once more at its end: the last ones may arrive after the
// session was destroyed and the handle detached.
//
// All counters start with the PeerConnection. The fields from Base to
// OutMediaLinkQuality, those of the last second and the last four are 0 if Media
// is "data".
type MediaStats struct {
	Mid    string `json:"mid"`
	MIndex int    `json:"mindex"`          // index of the m-line, from 0
	Media  string `json:"media"`           // "audio", "video", "data"; "video-sim1" and "video-sim2" are the higher layers
	Codec  string `json:"codec,omitempty"` // such as "opus"; empty if it is not known
	Base   int    `json:"base,omitempty"`  // RTP clock rate in Hz

	// RTT is the round-trip time to the peer, in milliseconds on the wire. It is
	// 0 if it is not known, and for the higher layers of simulcast.
	RTT time.Duration `json:"rtt,omitempty"`

	// RTTValues are what RTT was computed from. It is nil if RTT is not known.
	// Since Janus 1.1.4.
	RTTValues *RTTValues `json:"rtt-values,omitempty"`

	// Lost is how many packets of the peer Janus has missed, LostByRemote how
	// many of Janus's packets the peer has missed. Duplicates count as -1, so
	// both may be negative.
	Lost         int64 `json:"lost,omitempty"`
	LostByRemote int64 `json:"lost-by-remote,omitempty"`

	// JitterLocal is the jitter of what Janus receives, JitterRemote what the
	// peer reports. Both are in milliseconds on the wire.
	JitterLocal  time.Duration `json:"jitter-local,omitempty"`
	JitterRemote time.Duration `json:"jitter-remote,omitempty"`

	// The qualities are between 0 and 100. Those of media count packets as
	// received that were retransmitted. As long as nothing is known they are 100,
	// before Janus 1.2.0 0.
	InLinkQuality       int `json:"in-link-quality,omitempty"`
	InMediaLinkQuality  int `json:"in-media-link-quality,omitempty"`
	OutLinkQuality      int `json:"out-link-quality,omitempty"`
	OutMediaLinkQuality int `json:"out-media-link-quality,omitempty"`

	PacketsReceived int64 `json:"packets-received"`
	PacketsSent     int64 `json:"packets-sent"`
	BytesReceived   int64 `json:"bytes-received"`
	BytesSent       int64 `json:"bytes-sent"`

	BytesReceivedLastSecond int64 `json:"bytes-received-lastsec,omitempty"`
	BytesSentLastSecond     int64 `json:"bytes-sent-lastsec,omitempty"`

	NACKsReceived           int64 `json:"nacks-received,omitempty"`
	NACKsSent               int64 `json:"nacks-sent,omitempty"`
	RetransmissionsReceived int64 `json:"retransmissions-received,omitempty"` // packets

	// REMBBitrate is what the peer can receive by its last REMB message, in bits
	// per second. It is 0 unless MIndex is 0 and the peer sends REMB.
	REMBBitrate int64 `json:"remb-bitrate,omitempty"`
}

// RTTValues are the values of an RTCP receiver report that the round-trip time
// is computed from: the middle 32 bits of NTP timestamps, in units of 1/65536 s.
type RTTValues struct {
	NTP  int64 `json:"ntp"`  // when the report arrived
	LSR  int64 `json:"lsr"`  // timestamp of the last sender report
	DLSR int64 `json:"dlsr"` // delay since the last sender report
}

// PluginEvent is an event of a plugin. Each plugin has its own. If the event
// belongs to no handle, Event.Handle is 0.
type PluginEvent struct {
	Plugin string          `json:"plugin"` // package, such as "janus.plugin.videoroom"
	Data   json.RawMessage `json:"data"`   // an object
}

// TransportEvent is an event of a transport, such as a new connection. The HTTP
// transport sends one for each request.
type TransportEvent struct {
	Transport string        `json:"transport"` // package, such as "janus.transport.websockets"
	ID        string        `json:"id"`        // of the connection or the request; see TransportRef.ID
	Data      TransportData `json:"data"`
}

// TransportData is what the transports of Janus report. Event.Raw has the data
// of other transports.
type TransportData struct {
	// Event is "request" of HTTP, "connected" or "disconnected" of websockets,
	// pfunix and MQTT, "reconnecting" or "failed" of MQTT, "connected" of
	// RabbitMQ, or "created" of Nanomsg.
	Event string `json:"event"`

	AdminAPI bool   `json:"admin_api,omitempty"` // of HTTP, websockets, pfunix and Nanomsg, except when disconnected
	IP       string `json:"ip,omitempty"`        // of the client, for HTTP and websockets
	Port     int    `json:"port,omitempty"`      // of the client, for HTTP
	FD       int    `json:"fd,omitempty"`        // file descriptor of pfunix
	Type     string `json:"type,omitempty"`      // "SOCK_DGRAM" for such a socket of pfunix
	Socket   int    `json:"socket,omitempty"`    // of Nanomsg
	Code     int    `json:"code,omitempty"`      // of "failed"
}

// ServerStarted reports that Janus has started. It is one of the first events of
// a server: its transports may already have sent some.
type ServerStarted struct {
	Info janus.InfoMsg // with Raw
}

// ServerUpdate reports how many sessions, handles and PeerConnections a server has,
// every 15 seconds. Since Janus 1.2.0.
type ServerUpdate struct {
	Sessions        int           `json:"sessions"`
	Handles         int           `json:"handles"`
	PeerConnections int           `json:"peerconnections"`
	StatsPeriod     time.Duration `json:"stats-period"` // how often MediaStats are sent, in whole seconds
}

// ServerShutdown reports that Janus is about to end.
type ServerShutdown struct {
	Signal int `json:"signum"` // that it was sent, such as 15 (SIGTERM)
}
