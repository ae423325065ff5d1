package janus

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/cameronelliott/janus-go/internal/link"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/wire"
)

// DialOptions are the options of Dial. The zero value of each field, like a nil
// *DialOptions, means its default.
type DialOptions struct {
	// APISecret is sent with every request, for servers that require one
	// (api_secret). Default: none.
	APISecret string

	// HTTPClient performs the websocket handshake. Its Transport decides about
	// TLS roots, client certificates, proxies and unix sockets; its Timeout
	// bounds the handshake, and nothing else. Redirects are followed only if it
	// has a CheckRedirect. Default: http.DefaultClient.
	HTTPClient *http.Client

	// HTTPHeader is sent with the handshake. Default: none.
	HTTPHeader http.Header

	// DialTimeout bounds every dial with its handshake, the first one and those
	// of a reconnect. Negative: no limit but the context's. Default: 10 s.
	DialTimeout time.Duration

	// Logger receives messages and errors that cannot be delivered to a caller
	// or a channel, as warnings, and the first 4 KiB of every frame at level
	// Debug. Secrets are masked. It is called from a goroutine of its own, so it
	// may be slow; what waits for it is bounded, and records beyond that are
	// dropped and counted. A change of its level takes effect at the next ping.
	// Default: slog.Default().
	Logger *slog.Logger

	// PingInterval is the time between two websocket pings. If negative, no
	// pings are sent and an unresponsive peer is not detected. Default: 15 s.
	PingInterval time.Duration

	// PongTimeout is how long the answer to a ping may take before the
	// connection counts as lost. Default, also if negative: 10 s.
	PongTimeout time.Duration

	// WriteTimeout is how long the peer may read nothing of what is written to
	// it before the connection counts as lost. Default, also if negative: 10 s.
	WriteTimeout time.Duration

	// RequestTimeout bounds calls whose context has no deadline, and the calls
	// of TokenSource. Negative: no limit for calls. Default: 10 s.
	RequestTimeout time.Duration

	// MaxMessageSize is the size limit of an incoming message, in bytes. A
	// larger one ends the connection. Negative: no limit. Default: 16 MiB.
	MaxMessageSize int64

	// EventBacklog is how many messages may wait behind each Events channel. If
	// more arrive, the oldest are dropped and an *OverflowMsg reports how many.
	// Default, also if negative: 4096.
	EventBacklog int

	// KeepAlive, if positive, keeps every session of the Gateway alive with a
	// keepalive request in each such interval. It must be shorter than the
	// server's session_timeout, 60 s by default, and is at least a millisecond.
	// An error of Janus is sent on Session.Events; ErrorSessionNotFound ends the
	// session. Default: none, see Session.KeepAliveSender.
	KeepAlive time.Duration

	// TokenSource supplies the token of every request that has none: of calls
	// with an empty token, of keepalives, and of claims after a reconnect. It is
	// for tokens that expire. It is called with the session's id, or 0 for a
	// request that belongs to no session, from a goroutine of its own: for
	// several sessions at once, but only once at a time for each. Its context
	// ends after RequestTimeout (10 s if that is negative), and no request waits
	// longer for it. Default: calls send the token they are given; other
	// requests send the latest token of the session that Janus accepted.
	TokenSource func(ctx context.Context, sessionID uint64) (string, error)

	// Reconnect, if not nil, makes the Gateway restore a lost connection.
	// Default: nil, a lost connection is final.
	Reconnect *ReconnectOptions

	// StateChanged, if not nil, is called at each change of Gateway.State, with
	// the cause: why the connection was lost, or nil when it is back or was
	// closed by Close. Calls come one after the other, in order, from a
	// goroutine of their own, so the function may be slow. If it falls behind
	// by more than 1,024 changes, the oldest are dropped.
	StateChanged func(state State, cause error)
}

// ReconnectOptions say how a lost connection is restored. The server keeps the
// sessions meanwhile if its reclaim_session_timeout allows; with the default of
// 0 they end with the connection.
//
// While the connection is away, calls wait for it until their deadline. Calls
// that were waiting for a reply when it was lost fail with ErrDisconnected: they
// may or may not have been carried out, and are never repeated. Session.Events
// reports both ends of the gap, with *DisconnectedMsg and *ReclaimedMsg. Janus
// drops the events that happen in between. A session that the server no longer
// has ends, with its *ErrorMsg on Session.Events. If the server does not answer
// the claim of a session, the claim is repeated and calls of that session wait.
type ReconnectOptions struct {
	// MinDelay and MaxDelay bound the delay before a dial: it is random between
	// zero and a limit that begins at MinDelay and doubles with every attempt up
	// to MaxDelay. The limit is reset once a connection has lasted for MaxDelay,
	// or for GiveUpAfter if that is shorter. Defaults: 250 ms and 15 s.
	MinDelay, MaxDelay time.Duration

	// GiveUpAfter is how long it may take to restore a connection before its
	// loss is final. A connection that is lost again too soon to reset the delay
	// does not count as restored. Default: no limit but the context of Dial.
	GiveUpAfter time.Duration
}

const (
	subprotocol = "janus-protocol"

	defaultDialTimeout    = 10 * time.Second
	defaultPingInterval   = 15 * time.Second
	defaultPongTimeout    = 10 * time.Second
	defaultWriteTimeout   = 10 * time.Second
	defaultRequestTimeout = 10 * time.Second
	defaultMaxMessageSize = 16 << 20
	defaultEventBacklog   = 4096
	defaultMinDelay       = 250 * time.Millisecond
	defaultMaxDelay       = 15 * time.Second
)

// withDefaults returns a copy of o in which no zero means a default.
func (o *DialOptions) withDefaults() DialOptions {
	var opts DialOptions
	if o != nil {
		opts = *o
	}
	opts.DialTimeout = cmp.Or(opts.DialTimeout, defaultDialTimeout)
	opts.PingInterval = cmp.Or(opts.PingInterval, defaultPingInterval)
	opts.RequestTimeout = cmp.Or(opts.RequestTimeout, defaultRequestTimeout)
	opts.MaxMessageSize = cmp.Or(opts.MaxMessageSize, defaultMaxMessageSize)
	opts.EventBacklog = min(orDefault(opts.EventBacklog, defaultEventBacklog), math.MaxInt32)
	opts.PongTimeout = orDefault(opts.PongTimeout, defaultPongTimeout)
	opts.WriteTimeout = orDefault(opts.WriteTimeout, defaultWriteTimeout)
	if opts.KeepAlive > 0 {
		opts.KeepAlive = max(opts.KeepAlive, time.Millisecond)
	}
	if opts.Reconnect != nil {
		reconnect := *opts.Reconnect
		reconnect.MinDelay = orDefault(reconnect.MinDelay, defaultMinDelay)
		reconnect.MaxDelay = max(reconnect.MinDelay, orDefault(reconnect.MaxDelay, defaultMaxDelay))
		opts.Reconnect = &reconnect
	}
	return opts
}

// orDefault returns v if it is positive, and otherwise the default.
func orDefault[T int | time.Duration](v, byDefault T) T {
	if v > 0 {
		return v
	}
	return byDefault
}

// State is the state of a Gateway's connection.
type State int

const (
	// StateConnected means that there is a connection.
	StateConnected = State(link.Connected)
	// StateReconnecting means that the connection is lost and is being restored.
	StateReconnecting = State(link.Reconnecting)
	// StateClosed means that the connection has ended for good.
	StateClosed = State(link.Closed)
)

// String returns "connected", "reconnecting" or "closed".
func (s State) String() string {
	switch s {
	case StateConnected:
		return "connected"
	case StateReconnecting:
		return "reconnecting"
	case StateClosed:
		return "closed"
	}
	return fmt.Sprintf("State(%d)", int(s))
}

// Errors reported by calls whose connection, session or handle cannot serve
// them. Test for them with errors.Is. The error of a call also wraps the cause,
// such as why the connection was lost.
var (
	// ErrClosed means that the connection has ended for good.
	ErrClosed = errors.New("connection closed")

	// ErrDisconnected means that the connection is lost and is being restored,
	// see ReconnectOptions. A call that was waiting for its reply when the
	// connection was lost fails with it; the server may or may not have carried
	// it out. A call that waited in vain for the next connection fails with it
	// as well, and matches ErrNotSent then.
	ErrDisconnected = errors.New("connection lost")

	// ErrNotSent means that a request has not been sent, so that it is safe to
	// repeat it: its context ended first, there was no connection in time, or
	// its session, its handle or the connection had ended. The error also
	// matches the reason.
	ErrNotSent = errors.New("not sent")

	// ErrSessionEnded means that the session has ended: it was destroyed, it
	// timed out, or the server no longer knows it. The error is an *ErrorMsg,
	// as if Janus had answered: that of ErrorSessionNotFound, or the one with
	// which Janus refused to hand the session over.
	ErrSessionEnded = errors.New("session ended")

	// ErrHandleDetached means that the handle is detached. The error is an
	// *ErrorMsg of ErrorHandleNotFound, as if Janus had answered.
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

// ErrorMsg is an error of the Janus core. Calls return it as their error. On an
// Events channel it is an error that no call was waiting for.
//
// Errors reported by plugins are not of this kind: see PluginData.Err.
type ErrorMsg struct {
	Err     ErrorData `json:"error"`
	Session uint64    `json:"session_id"` // 0 if the error belongs to no session

	// Request is the request that failed, such as "attach". It is empty for an
	// error that no call was waiting for.
	Request string `json:"-"`

	ended   bool // the session has ended because of it
	notSent bool // the client knew the answer
}

// Error returns the request, the code and the reason.
func (err *ErrorMsg) Error() string {
	if err.Request == "" {
		return fmt.Sprintf("janus: error %d: %s", err.Err.Code, err.Err.Reason)
	}
	return fmt.Sprintf("janus: %s: error %d: %s", err.Request, err.Err.Code, err.Err.Reason)
}

// Is reports whether target is the ErrorCode of err, or one of ErrSessionEnded,
// ErrHandleDetached and ErrNotSent that applies.
func (err *ErrorMsg) Is(target error) bool {
	switch target {
	case ErrNotSent:
		return err.notSent
	case ErrSessionEnded:
		return err.ended || err.Err.Code == int(ErrorSessionNotFound)
	case ErrHandleDetached:
		return err.Err.Code == int(ErrorHandleNotFound)
	}
	return target == ErrorCode(err.Err.Code)
}

// ErrorData is the code and the text of an error; ErrorCode lists the codes.
type ErrorData struct {
	Code   int
	Reason string
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

// newPluginData returns the plugin's data in f. The socket uses the memory of a
// frame again unless it is large, so what is kept of it is copied.
func newPluginData(f *wire.Frame) PluginData {
	raw := json.RawMessage(f.Plugindata.Raw)
	if len(raw) <= socket.KeepBuffer {
		raw = bytes.Clone(raw)
	}
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
