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
	"github.com/cameronelliott/janus-go/trace"
)

// DialOptions are the options of Dial. The zero value of each field selects its
// default; a nil *DialOptions selects all defaults.
type DialOptions struct {
	// APISecret is sent with every request, for servers that require one
	// (api_secret). Default: none.
	APISecret string

	// HTTPClient performs the websocket handshake. Set TLS roots, client
	// certificates, proxies and unix sockets in its Transport. Its Timeout bounds
	// only the handshake. Redirects are followed only if it has a CheckRedirect.
	// Default: http.DefaultClient.
	HTTPClient *http.Client

	// HTTPHeader is sent with the handshake. Default: none.
	HTTPHeader http.Header

	// DialTimeout bounds each dial, including its handshake, both in Dial and
	// during a reconnect. If negative, only the context of Dial bounds them.
	// Default: 10 s.
	DialTimeout time.Duration

	// Logger receives messages and errors that cannot be delivered to a caller
	// or a channel, as warnings, and the first 4 KiB of every frame at level
	// Debug. Secrets are masked. It is called on a goroutine of its own, so it
	// may be slow. At most 1,024 records, with 1 MiB of text, wait for it;
	// further ones are dropped and counted. If its level changes, that takes
	// effect at the next ping. Default: slog.Default().
	Logger *slog.Logger

	// PingInterval is the time between two websocket pings. If negative, no
	// pings are sent and an unresponsive peer is not detected. Default: 15 s.
	PingInterval time.Duration

	// PongTimeout is how long the answer to a ping may take before the
	// connection counts as lost. Default, also if negative: 10 s.
	PongTimeout time.Duration

	// WriteTimeout is how long a write may make no progress, because the peer
	// reads nothing, before the connection counts as lost. Default, also if
	// negative: 10 s.
	WriteTimeout time.Duration

	// RequestTimeout bounds calls whose context has no deadline, and the calls
	// of TokenSource. If negative, it does not bound calls. Default: 10 s.
	RequestTimeout time.Duration

	// MaxMessageSize is the size limit of an incoming message, in bytes. A
	// larger one ends the connection. If negative, there is no limit. Default:
	// 16 MiB.
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

	// TokenSource supplies the token of every request that has none: calls with
	// an empty token, keepalives, and claims after a reconnect. Set it if tokens
	// expire. Its argument is the session's id, or 0 if the request belongs to no
	// session. It is called on a goroutine of its own, concurrently for different
	// sessions, but with one call at a time for each. Its context ends after
	// RequestTimeout (10 s if that is negative), and no request waits for it any
	// longer. Default: calls send the token they are given; other requests send
	// the latest token of the session that Janus accepted.
	TokenSource func(ctx context.Context, sessionID uint64) (string, error)

	// Reconnect, if not nil, makes the Gateway restore a lost connection.
	// Default: nil, a lost connection is final.
	Reconnect *ReconnectOptions

	// StateChanged, if not nil, is called at each change of Gateway.State, with
	// the reason for which the connection was lost, or with nil if it is back or
	// was closed by Close. It is called for one change after the other, in order,
	// on a goroutine of its own, so it may be slow. If it falls behind by more
	// than 1,024 changes, the oldest are dropped.
	StateChanged func(state State, cause error)

	// Trace is called for each request, event, dial and change of state. Default: none.
	Trace *Trace
}

// Trace is a set of hooks, for metrics and traces. Package trace documents it.
type Trace = trace.Trace

// ReconnectOptions control how a lost connection is restored. The server keeps
// sessions without a connection for its reclaim_session_timeout; with the default
// of 0 they end with the connection.
//
// During an outage, calls wait for the connection until their deadline. Calls
// that were waiting for a reply when it was lost fail with ErrDisconnected: Janus
// may or may not have carried them out, and they are never repeated.
// *DisconnectedMsg and *ReclaimedMsg on Session.Events mark the outage. Janus
// drops the events that happen in between. A session that the server no longer
// has ends, and its *ErrorMsg is sent on Session.Events. If the server does not
// answer the claim of a session, the claim is repeated and calls of that session
// wait.
type ReconnectOptions struct {
	// MinDelay and MaxDelay control the delay before each dial. The delay is
	// random, between zero and a limit that starts at MinDelay and doubles with
	// every attempt up to MaxDelay. The limit is reset once a connection has
	// lasted for MaxDelay, or for GiveUpAfter if that is shorter. Defaults:
	// 250 ms and 15 s.
	MinDelay, MaxDelay time.Duration

	// GiveUpAfter is how long it may take to restore a connection before its
	// loss is final. A connection that is lost again too soon to reset the delay
	// does not count as restored. Default: only the context of Dial limits it.
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
	// see ReconnectOptions. It is the error of a call that was waiting for its
	// reply when the connection was lost; the server may or may not have carried
	// it out. It is also the error of a call whose deadline passed while it was
	// waiting for the next connection; the error then matches ErrNotSent too.
	ErrDisconnected = errors.New("connection lost")

	// ErrNotSent means that a request has not been sent, so it is safe to repeat
	// it: its context ended first, there was no connection in time, or its
	// session, its handle or the connection had ended. The error also matches
	// that reason.
	ErrNotSent = errors.New("not sent")

	// ErrSessionEnded means that the session has ended: it was destroyed, it
	// timed out, or the server no longer knows it. The error is an *ErrorMsg, as
	// if Janus had answered. Its code is ErrorSessionNotFound, or that with which
	// Janus refused a claim of the session.
	ErrSessionEnded = errors.New("session ended")

	// ErrHandleDetached means that the handle is detached. The error is an
	// *ErrorMsg with the code ErrorHandleNotFound, as if Janus had answered.
	ErrHandleDetached = errors.New("handle detached")
)

// ErrorCode is an error code of the Janus core, as in ErrorData.Code. It is an
// error, so that errors.Is can look for it in the error of a call:
//
//	errors.Is(err, janus.ErrorSessionNotFound)
//
// Janus defines the codes in apierror.h: ErrorSessionNotFound is
// JANUS_ERROR_SESSION_NOT_FOUND there.
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
	ErrorTrickleInvalidStream    ErrorCode = 466 // JANUS_ERROR_TRICKE_INVALID_STREAM, misspelled there
	ErrorInvalidElementType      ErrorCode = 467
	ErrorSessionConflict         ErrorCode = 468 // the requested id is in use
	ErrorUnexpectedAnswer        ErrorCode = 469
	ErrorTokenNotFound           ErrorCode = 470
	ErrorWebRTCState             ErrorCode = 471
	ErrorNotAcceptingSessions    ErrorCode = 472
	ErrorUnknown                 ErrorCode = 490
)

func (c ErrorCode) Error() string { return fmt.Sprintf("janus: error %d", int(c)) }

// BaseMsg has the fields that all messages of Janus share. This package does not
// return it; it is for programs that decode messages themselves.
type BaseMsg struct {
	Type    string `json:"janus"`
	ID      string `json:"transaction"`
	Session uint64 `json:"session_id"`
	Handle  uint64 `json:"sender"`
}

// AckMsg is the answer to a request that has no result.
type AckMsg struct{}

// ErrorMsg is an error of the Janus core. Calls return it as their error. An
// ErrorMsg on an Events channel is an error that no call was waiting for.
//
// Errors reported by plugins have another type: see PluginData.Err.
type ErrorMsg struct {
	Err     ErrorData `json:"error"`
	Session uint64    `json:"session_id"` // 0 if the error belongs to no session

	// Request is the request that failed, such as "attach". It is empty if no
	// call was waiting for the error.
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
// ErrHandleDetached and ErrNotSent that holds for err.
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

// ErrorData is the code and the text of an error. See ErrorCode for the codes.
type ErrorData struct {
	Code   int
	Reason string
}

// SuccessData is the id of the session or handle that a request made.
type SuccessData struct {
	ID uint64
}

// DetachedMsg is sent on Handle.Events when the handle is detached. It is the
// last message there.
type DetachedMsg struct {
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// HangupMsg is sent on Handle.Events when the PeerConnection is closed.
type HangupMsg struct {
	Reason   string
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// ICEFailedMsg is sent on Handle.Events when ICE fails for the PeerConnection.
type ICEFailedMsg struct {
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// MediaMsg is sent on Handle.Events when Janus starts or stops receiving media
// of the PeerConnection.
type MediaMsg struct {
	Type      string // "audio" or "video"
	Receiving bool
	Mid       string
	Substream *int   // the simulcast layer; nil without simulcast
	Seconds   int    // if Receiving is false, for how many seconds nothing was received
	Session   uint64 `json:"session_id"`
	Handle    uint64 `json:"sender"`
	OpaqueID  string `json:"opaque_id"`
}

// SlowLinkMsg is sent on Handle.Events when packets of the PeerConnection are
// lost.
type SlowLinkMsg struct {
	// Uplink is true if the peer reports the loss of packets that Janus sent to
	// it, and false if Janus misses packets that the peer sent.
	Uplink bool

	Lost     int64 // packets lost recently; servers before 1.0 send Nacks instead
	Mid      string
	Media    string // "audio" or "video"
	Nacks    int64  // only from servers before 1.0
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// WebRTCUpMsg is sent on Handle.Events when the PeerConnection is up.
type WebRTCUpMsg struct {
	Session  uint64 `json:"session_id"`
	Handle   uint64 `json:"sender"`
	OpaqueID string `json:"opaque_id"`
}

// TrickleMsg is sent on Handle.Events for each candidate of Janus, and after the
// last one, if Janus is configured for full trickle. The first candidate usually
// arrives before the answer to the offer: it did in 43 of 50 calls with Janus
// 1.1.2. Set the remote description first, then read the candidates from Events;
// they wait there.
type TrickleMsg struct {
	Candidate ICECandidate
	Completed bool   // there are no more candidates, and Candidate is empty
	Session   uint64 `json:"session_id"`
	Handle    uint64 `json:"sender"`
	OpaqueID  string `json:"opaque_id"`
}

// ICECandidate is a candidate in the form of the W3C's RTCIceCandidateInit. It
// has the fields of Pion's webrtc.ICECandidateInit, so either can be converted to
// the other. It may be passed to Handle.Trickle.
type ICECandidate struct {
	Candidate        string  `json:"candidate"`
	SDPMid           *string `json:"sdpMid,omitempty"`
	SDPMLineIndex    *uint16 `json:"sdpMLineIndex,omitempty"`
	UsernameFragment *string `json:"usernameFragment,omitempty"`
}

// TimeoutMsg is sent on Session.Events, and on the Events of the session's
// handles, when the session has timed out: it had no traffic for the server's
// session_timeout, 60 s by default. The channels are then closed.
type TimeoutMsg struct {
	Session uint64 `json:"session_id"`
}

// UnknownMsg is a message of a kind that this package does not know, or one that
// it could not decode.
type UnknownMsg struct {
	Type    string          // the value of "janus"; empty if that is not a string
	Raw     json.RawMessage // the message as it was received
	Session uint64
	Handle  uint64
}

// OverflowMsg is sent on an Events channel in the place of messages that were
// dropped because more than DialOptions.EventBacklog were waiting to be read.
type OverflowMsg struct {
	Dropped int // how many
}

// DisconnectedMsg is sent on Session.Events when the connection is lost and is
// being restored, see ReconnectOptions. Janus drops the session's events until
// ReclaimedMsg.
type DisconnectedMsg struct {
	Err error // why the connection was lost
}

// ReclaimedMsg is sent on Session.Events when the session is usable again after
// a DisconnectedMsg. Its handles are the same as before.
type ReclaimedMsg struct{}

// InfoMsg describes a server. Gateway.Info returns it.
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

	// Raw is the whole message, including fields that InfoMsg does not have.
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

// newPluginData returns the plugin's data in f. The socket reuses the memory of a
// frame unless it is large, so the data of small frames is copied.
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

// newEvent returns f as a message for an Events channel. It returns nil if f is
// an answer that no call waits for and that carries no information.
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
