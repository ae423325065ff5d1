package janus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cameronelliott/janus-go/internal/wire"
)

// Ends of what a call needs, to be matched with errors.Is. The error of a call
// also wraps the cause: why the connection was lost, for instance.
var (
	// ErrClosed is the end of the connection: calls that were waiting for a
	// reply, which may or may not have been carried out, and calls made later
	// fail with it.
	ErrClosed = errors.New("connection closed")

	// ErrSessionEnded is the end of a session: it was destroyed, it timed out,
	// or the server no longer knows it. It matches Janus's own answer for such a
	// session as well, an *ErrorMsg of ErrorSessionNotFound.
	ErrSessionEnded = errors.New("session ended")

	// ErrHandleDetached is the end of a handle. It matches Janus's own answer
	// for such a handle as well, an *ErrorMsg of ErrorHandleNotFound.
	ErrHandleDetached = errors.New("handle detached")
)

// ErrorCode is a code of the Janus core, as in ErrorData.Code. It is an error
// so that errors.Is finds it in what a call returned:
//
//	errors.Is(err, janus.ErrorSessionNotFound)
//
// The codes are those of Janus's apierror.h; the name there is that of the
// constant, in capitals and behind JANUS_.
type ErrorCode int

const (
	ErrorUnauthorized            ErrorCode = 403 // wrong or missing token or API secret
	ErrorUnauthorizedPlugin      ErrorCode = 405 // the token does not allow this plugin
	ErrorTransportSpecific       ErrorCode = 450
	ErrorMissingRequest          ErrorCode = 452
	ErrorUnknownRequest          ErrorCode = 453
	ErrorInvalidJSON             ErrorCode = 454
	ErrorInvalidJSONObject       ErrorCode = 455
	ErrorMissingMandatoryElement ErrorCode = 456
	ErrorInvalidRequestPath      ErrorCode = 457
	ErrorSessionNotFound         ErrorCode = 458
	ErrorHandleNotFound          ErrorCode = 459
	ErrorPluginNotFound          ErrorCode = 460
	ErrorPluginAttach            ErrorCode = 461
	ErrorPluginMessage           ErrorCode = 462
	ErrorPluginDetach            ErrorCode = 463
	ErrorJSEPUnknownType         ErrorCode = 464
	ErrorJSEPInvalidSDP          ErrorCode = 465
	ErrorTrickleInvalidStream    ErrorCode = 466 // JANUS_ERROR_TRICKE_INVALID_STREAM, so spelt there
	ErrorInvalidElementType      ErrorCode = 467
	ErrorSessionConflict         ErrorCode = 468 // the id asked for is in use
	ErrorUnexpectedAnswer        ErrorCode = 469
	ErrorTokenNotFound           ErrorCode = 470
	ErrorWebRTCState             ErrorCode = 471
	ErrorNotAcceptingSessions    ErrorCode = 472
	ErrorUnknown                 ErrorCode = 490
)

func (c ErrorCode) Error() string { return fmt.Sprintf("janus: error %d", int(c)) }

// BaseMsg holds what every message of Janus begins with. The package itself
// does not return it; it is for programs that decode messages of their own.
type BaseMsg struct {
	Type    string `json:"janus"`
	ID      string `json:"transaction"`
	Session uint64 `json:"session_id"`
	Handle  uint64 `json:"sender"`
}

// AckMsg is the answer to a request that has no result.
type AckMsg struct{}

// ErrorMsg is an error of the Janus core. Calls return it as their error, where
// errors.As finds it; on an Events channel it tells of an error that belongs to
// no call that is still waiting.
//
// Failures within a plugin are not of this kind: see PluginData.Err.
type ErrorMsg struct {
	Err     ErrorData `json:"error"`
	Session uint64    `json:"session_id"` // 0 where the error belongs to none
}

// Error returns the code and the reason.
func (err *ErrorMsg) Error() string {
	return fmt.Sprintf("janus: error %d: %s", err.Err.Code, err.Err.Reason)
}

// Is reports whether target is the ErrorCode of err, or what that code means:
// ErrSessionEnded or ErrHandleDetached.
func (err *ErrorMsg) Is(target error) bool {
	switch target {
	case ErrSessionEnded:
		target = ErrorSessionNotFound
	case ErrHandleDetached:
		target = ErrorHandleNotFound
	}
	return target == ErrorCode(err.Err.Code)
}

// ErrorData is the code and the text of an error; ErrorCode lists the codes.
type ErrorData struct {
	Code   int
	Reason string
}

// SuccessMsg is the successful answer to a request.
type SuccessMsg struct {
	Data       SuccessData
	PluginData PluginData
	Session    uint64 `json:"session_id"`
	Handle     uint64 `json:"sender"`
}

// SuccessData is the id of the session or handle that a request made.
type SuccessData struct {
	ID uint64
}

// EventMsg is a message of a plugin: the answer to Handle.Message, or an event
// on Handle.Events.
type EventMsg struct {
	Plugindata PluginData
	Jsep       map[string]interface{} // the SDP offer or answer; nil if there is none
	Session    uint64                 `json:"session_id"`
	Handle     uint64                 `json:"sender"`

	// Transaction is that of the request which the event belongs to; empty
	// where it belongs to none.
	Transaction string `json:"transaction"`

	// OpaqueID is that of the handle, if the server is set up to repeat it.
	OpaqueID string `json:"opaque_id"`
}

// JSEP returns the SDP offer or answer of the message, or nil if it has none.
func (m *EventMsg) JSEP() *JSEP {
	if m.Jsep == nil {
		return nil
	}
	j := new(JSEP)
	j.Type, _ = m.Jsep["type"].(string)
	j.SDP, _ = m.Jsep["sdp"].(string)
	if trickle, ok := m.Jsep["trickle"].(bool); ok {
		j.Trickle = &trickle
	}
	j.Restart, _ = m.Jsep["restart"].(bool)
	j.Update, _ = m.Jsep["update"].(bool)
	j.E2EE, _ = m.Jsep["e2ee"].(bool)
	j.Simulcast = m.Jsep["simulcast"]
	j.SVC = m.Jsep["svc"]
	return j
}

// JSEP is an SDP offer or answer with what Janus adds to it. It serves as the
// jsep argument of Handle.Message and Handle.Call. With Pion:
//
//	webrtc.SessionDescription{Type: webrtc.NewSDPType(jsep.Type), SDP: jsep.SDP}
type JSEP struct {
	Type string `json:"type"` // "offer" or "answer"
	SDP  string `json:"sdp"`

	// Trickle false says that all candidates are in SDP. Nil leaves the
	// decision to Janus, which then expects candidates to be trickled.
	Trickle *bool `json:"trickle,omitempty"`

	Restart bool `json:"restart,omitempty"` // an ICE restart
	Update  bool `json:"update,omitempty"`  // a renegotiation
	E2EE    bool `json:"e2ee,omitempty"`    // media is end-to-end encrypted

	// Simulcast and SVC describe layers that are not in SDP: arrays of objects
	// with a mindex.
	Simulcast any `json:"simulcast,omitempty"`
	SVC       any `json:"svc,omitempty"`
}

// PluginData is what a plugin says.
type PluginData struct {
	Plugin string
	// Data is the plugin's JSON object. Its numbers are float64, which is exact
	// for integers up to 2^53 only; Decode keeps every digit.
	Data map[string]interface{}

	raw *json.RawMessage // Data as it came, for Decode; nil if Data did not come from Janus
}

// Raw returns the JSON of Data as it was received. It is not a copy: do not
// change it. Raw returns nil if the message did not come from Janus or has no
// data.
func (p PluginData) Raw() json.RawMessage {
	if p.raw == nil {
		return nil
	}
	return *p.raw
}

// Decode decodes the plugin's data into v, which must be a pointer, by the
// rules of encoding/json. Unlike Data, it keeps every digit of 64-bit ids.
func (p PluginData) Decode(v any) error {
	raw := p.Raw()
	var err error
	if raw == nil {
		raw, err = json.Marshal(p.Data)
	}
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		return fmt.Errorf("janus: decode data of plugin %q: %w", p.Plugin, err)
	}
	return nil
}

// String returns the plugin's name and its data as JSON, with the values of
// secrets masked.
func (p PluginData) String() string {
	raw := p.Raw()
	if raw == nil {
		raw, _ = json.Marshal(p.Data) // what cannot be marshalled is not shown
	}
	return p.Plugin + " " + string(wire.Mask(raw))
}

// Err returns the plugin's own error, a *PluginError, or nil if Data reports
// none. Calls do not return plugin errors as theirs: they return the message
// that holds them, as documented.
func (p PluginData) Err() error {
	code, ok := p.Data["error_code"].(float64)
	if !ok {
		return nil
	}
	reason, _ := p.Data["error"].(string)
	return &PluginError{Plugin: p.Plugin, Code: int(code), Reason: reason}
}

// PluginError is an error reported by a plugin. Each plugin has its own codes.
type PluginError struct {
	Plugin string
	Code   int
	Reason string
}

// Is reports whether target stands for the same plugin and code: another
// *PluginError, or an error code of one of the typed plugin packages, which has
// a method PluginCode.
func (e *PluginError) Is(target error) bool {
	switch target := target.(type) {
	case *PluginError:
		return target.Plugin == e.Plugin && target.Code == e.Code
	case interface {
		PluginCode() (plugin string, code int)
	}:
		plugin, code := target.PluginCode()
		return plugin == e.Plugin && code == e.Code
	}
	return false
}

func (e *PluginError) Error() string {
	return fmt.Sprintf("%s: error %d: %s", e.Plugin, e.Code, e.Reason)
}

// DetachedMsg tells on Handle.Events that the handle is gone. It is the last
// message there.
type DetachedMsg struct {
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// HangupMsg tells on Handle.Events that the PeerConnection is closed.
type HangupMsg struct {
	Reason   string
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// ICEFailedMsg tells on Handle.Events that ICE failed for the PeerConnection.
type ICEFailedMsg struct {
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// MediaMsg tells on Handle.Events that Janus has begun or ceased to receive
// media of the PeerConnection.
type MediaMsg struct {
	Type      string // "audio" or "video"
	Receiving bool
	Mid       string
	Substream *int   // the simulcast layer; nil without simulcast
	Seconds   int    // how long nothing came, in seconds, if Receiving is false
	Session   uint64 `json:"session_id"`
	Handle    uint64 `json:"sender"`
	OpaqueID  string `json:"opaque_id"`
}

// SlowLinkMsg tells on Handle.Events of packets lost on the PeerConnection.
type SlowLinkMsg struct {
	Uplink   bool  // true: lost from the peer to Janus; false: from Janus to the peer
	Lost     int64 // packets lost lately; servers before 1.0 send Nacks instead
	Mid      string
	Media    string // "audio" or "video"
	Nacks    int64  // of servers before 1.0
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// WebRTCUpMsg tells on Handle.Events that the PeerConnection is up.
type WebRTCUpMsg struct {
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// TrickleMsg brings on Handle.Events a candidate of Janus, if it is set up for
// full trickle, or the end of its candidates.
type TrickleMsg struct {
	Candidate ICECandidate
	Completed bool   // there are no more candidates; Candidate is zero
	Session   uint64 `json:"session_id"`
	Handle    uint64 `json:"sender"`
	OpaqueID  string `json:"opaque_id"`
}

// ICECandidate is a candidate in the form of the W3C's RTCIceCandidateInit. Its
// fields are those of Pion's, so that webrtc.ICECandidateInit(c) converts it; as
// the argument of Handle.Trickle it is what Janus expects.
type ICECandidate struct {
	Candidate        string  `json:"candidate"`
	SDPMid           *string `json:"sdpMid,omitempty"`
	SDPMLineIndex    *uint16 `json:"sdpMLineIndex,omitempty"`
	UsernameFragment *string `json:"usernameFragment,omitempty"`
}

// TimeoutMsg tells that the session has timed out: it had no traffic for the
// server's session_timeout, 60 s by default. It comes on Session.Events and on
// the Events of the session's handles, which then close.
type TimeoutMsg struct {
	Session uint64 `json:"session_id"`
}

// UnknownMsg is a message of a kind, or in a form, that this package does not
// know, as it came.
type UnknownMsg struct {
	Type    string // the value of "janus"; empty where that is no string
	Raw     json.RawMessage
	Session uint64
	Handle  uint64
}

// OverflowMsg stands on an Events channel in the place of messages that were
// dropped because more than DialOptions.EventBacklog were waiting to be read.
type OverflowMsg struct {
	Dropped int
}

// DisconnectedMsg tells on Session.Events that the connection is lost and is
// being restored, see ReconnectOptions. Janus drops what happens in the session
// until ReclaimedMsg.
type DisconnectedMsg struct {
	Err error // why
}

// ReclaimedMsg tells on Session.Events that the session is back: its handles
// are as before, and events come again.
type ReclaimedMsg struct{}

// InfoMsg is what a server says of itself, in answer to Gateway.Info.
type InfoMsg struct {
	Name          string
	Version       int
	VersionString string `json:"version_string"`
	Author        string
	DataChannels  bool   `json:"data_channels"`
	IPv6          bool   `json:"ipv6"`
	LocalIP       string `json:"local-ip"`
	IceTCP        bool   `json:"ice-tcp"`
	Transports    map[string]PluginInfo
	Plugins       map[string]PluginInfo

	CommitHash            string   `json:"commit-hash"`
	CompileTime           string   `json:"compile-time"`
	LogToStdout           bool     `json:"log-to-stdout"`
	LogToFile             bool     `json:"log-to-file"`
	LogPath               string   `json:"log-path"`
	AcceptingNewSessions  bool     `json:"accepting-new-sessions"`
	SessionTimeout        int      `json:"session-timeout"`         // seconds
	ReclaimSessionTimeout int      `json:"reclaim-session-timeout"` // seconds; 0: a session ends with its connection
	CandidatesTimeout     int      `json:"candidates-timeout"`      // seconds
	ServerName            string   `json:"server-name"`
	PublicIP              string   `json:"public-ip"`
	PublicIPs             []string `json:"public-ips"`
	IPv6LinkLocal         bool     `json:"ipv6-link-local"`
	ICELite               bool     `json:"ice-lite"`
	ICENomination         string   `json:"ice-nomination"`
	ICEConsentFreshness   bool     `json:"ice-consent-freshness"`
	ICEKeepaliveConncheck bool     `json:"ice-keepalive-conncheck"`
	HangupOnFailed        bool     `json:"hangup-on-failed"`
	FullTrickle           bool     `json:"full-trickle"`
	MDNSEnabled           bool     `json:"mdns-enabled"`
	MinNACKQueue          int      `json:"min-nack-queue"` // milliseconds
	NACKOptimizations     bool     `json:"nack-optimizations"`
	TWCCPeriod            int      `json:"twcc-period"` // milliseconds
	DSCP                  int      `json:"dscp"`
	DTLSMTU               int      `json:"dtls-mtu"` // bytes
	STUNServer            string   `json:"stun-server"`
	TURNServer            string   `json:"turn-server"`
	AllowForceRelay       bool     `json:"allow-force-relay"`
	StaticEventLoops      int      `json:"static-event-loops"`
	LoopIndication        bool     `json:"loop-indication"`
	APISecret             bool     `json:"api_secret"` // whether requests need one
	AuthToken             bool     `json:"auth_token"` // whether requests need a token
	EventHandlers         bool     `json:"event_handlers"`
	OpaqueIDInAPI         bool     `json:"opaqueid_in_api"`
	WebRTCEncryption      *bool    `json:"webrtc_encryption"` // nil means true

	Dependencies map[string]string // library to version
	Events       map[string]PluginInfo
	Loggers      map[string]PluginInfo

	// Raw is the whole message, for what else a server may say.
	Raw json.RawMessage `json:"-"`
}

// PluginInfo describes a plugin, a transport, an event handler or a logger.
type PluginInfo struct {
	Name          string
	Author        string
	Description   string
	Version       int
	VersionString string `json:"version_string"`
}

// newPluginData returns what the plugin said in f. The reader uses the memory of
// the frame again, so what is kept of it is copied.
func newPluginData(f *wire.Frame) PluginData {
	raw := json.RawMessage(bytes.Clone(f.Plugindata.Raw))
	return PluginData{Plugin: f.Plugindata.Plugin, Data: f.Plugindata.Data, raw: &raw}
}

func newEventMsg(f *wire.Frame) *EventMsg {
	return &EventMsg{
		Plugindata:  newPluginData(f),
		Jsep:        f.Jsep,
		Session:     f.Session,
		Handle:      f.Sender,
		Transaction: string(f.Transaction),
		OpaqueID:    f.OpaqueID,
	}
}

func newSuccessMsg(f *wire.Frame) *SuccessMsg {
	return &SuccessMsg{
		Data:       SuccessData{ID: f.DataID},
		PluginData: newPluginData(f),
		Session:    f.Session,
		Handle:     f.Sender,
	}
}

func newErrorMsg(f *wire.Frame) *ErrorMsg {
	return &ErrorMsg{Err: ErrorData{Code: f.Error.Code, Reason: f.Error.Reason}, Session: f.Session}
}

func newTrickleMsg(f *wire.Frame) *TrickleMsg {
	c := f.Candidate
	return &TrickleMsg{
		Candidate: ICECandidate{c.Candidate, c.SDPMid, c.SDPMLineIndex, c.UsernameFragment},
		Completed: c.Completed,
		Session:   f.Session, Handle: f.Sender, OpaqueID: f.OpaqueID,
	}
}

// newEvent returns the message for an Events channel that f is, or nil for an
// answer that nobody waits for any more and that says nothing.
func newEvent(f *wire.Frame, frame []byte, malformed bool) interface{} {
	switch {
	case malformed:
	case f.Janus == "event", f.Janus == "success" && f.Plugindata.Present:
		return newEventMsg(f)
	case f.Janus == "ack", f.Janus == "success", f.Janus == "pong", f.Janus == "server_info":
		return nil
	case f.Janus == "error":
		return newErrorMsg(f)
	case f.Janus == "trickle":
		return newTrickleMsg(f)
	case f.Janus == "webrtcup":
		return &WebRTCUpMsg{Session: f.Session, Handle: f.Sender, OpaqueID: f.OpaqueID}
	case f.Janus == "media":
		return &MediaMsg{
			Type: f.Type, Receiving: f.Receiving, Mid: f.Mid, Substream: f.Substream, Seconds: f.Seconds,
			Session: f.Session, Handle: f.Sender, OpaqueID: f.OpaqueID,
		}
	case f.Janus == "slowlink":
		return &SlowLinkMsg{
			Uplink: f.Uplink, Lost: f.Lost, Mid: f.Mid, Media: f.Media, Nacks: f.Nacks,
			Session: f.Session, Handle: f.Sender, OpaqueID: f.OpaqueID,
		}
	case f.Janus == "hangup":
		return &HangupMsg{Reason: f.Reason, Session: f.Session, Handle: f.Sender, OpaqueID: f.OpaqueID}
	case f.Janus == "ice-failed":
		return &ICEFailedMsg{Session: f.Session, Handle: f.Sender, OpaqueID: f.OpaqueID}
	case f.Janus == "detached":
		return &DetachedMsg{Session: f.Session, Handle: f.Sender, OpaqueID: f.OpaqueID}
	case f.Janus == "timeout":
		return &TimeoutMsg{Session: f.Session}
	}
	return &UnknownMsg{Type: f.Janus, Raw: bytes.Clone(frame), Session: f.Session, Handle: f.Sender}
}
