package sip

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
)

// RecordingAction is what a Recording request does.
type RecordingAction string

// The values of RecordingAction.
const (
	StartRecording  RecordingAction = "start"
	StopRecording   RecordingAction = "stop"
	PauseRecording  RecordingAction = "pause"
	ResumeRecording RecordingAction = "resume"
)

// Recording is the request of Client.Recording. At least one of Audio, Video,
// PeerAudio and PeerVideo must be true: Janus answers ErrorRecordingError
// otherwise.
type Recording struct {
	Action      RecordingAction `json:"action"`
	Audio       bool            `json:"audio,omitempty"`         // the audio of the WebRTC peer
	Video       bool            `json:"video,omitempty"`         // the video of the WebRTC peer
	PeerAudio   bool            `json:"peer_audio,omitempty"`    // the audio of the SIP peer
	PeerVideo   bool            `json:"peer_video,omitempty"`    // the video of the SIP peer
	SendPeerPLI bool            `json:"send_peer_pli,omitempty"` // ask the SIP peer for a keyframe when its video starts
	Filename    string          `json:"filename,omitempty"`      // base path; Janus adds -user-audio, -peer-video and the like

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Recording starts, stops, pauses or resumes recordings of a call.
func (c *Client) Recording(ctx context.Context, q Recording) (*RecordingUpdated, error) {
	return expect[RecordingUpdated](ctx, c, request("recording", q, q.Extra, nil))
}

// Info is the request of Client.Info.
type Info struct {
	Type    string  `json:"type"` // content type
	Content string  `json:"content"`
	Headers Headers `json:"headers,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Info sends a SIP INFO to the peer of the call.
func (c *Client) Info(ctx context.Context, q Info) (*InfoSent, error) {
	return expect[InfoSent](ctx, c, request("info", q, q.Extra, nil))
}

// Message is the request of Client.Message.
type Message struct {
	Content     string  `json:"content"`
	ContentType string  `json:"content_type,omitempty"` // default text/plain
	URI         string  `json:"uri,omitempty"`          // SIP URI of the receiver; empty: the peer of the call
	CallID      string  `json:"call_id,omitempty"`      // SIP Call-ID, only with URI; default: a random one
	Headers     Headers `json:"headers,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Message sends a SIP MESSAGE, within a call or without one. *MessageDelivery
// with the same CallID follows on the handle's Events.
func (c *Client) Message(ctx context.Context, q Message) (*MessageSent, error) {
	return expect[MessageSent](ctx, c, request("message", q, q.Extra, nil))
}

// DTMFInfo is the request of Client.DTMFInfo.
type DTMFInfo struct {
	Digit    string  `json:"digit"`              // one character
	Duration int     `json:"duration,omitempty"` // ms, up to 5000; default 160
	Headers  Headers `json:"headers,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// DTMFInfo sends a DTMF tone to the peer of the call as a SIP INFO.
func (c *Client) DTMFInfo(ctx context.Context, q DTMFInfo) (*DTMFSent, error) {
	return expect[DTMFSent](ctx, c, request("dtmf_info", q, q.Extra, nil))
}

// Keyframe is the request of Client.Keyframe. Since 1.3.1.
type Keyframe struct {
	User bool `json:"user,omitempty"` // ask the WebRTC peer
	Peer bool `json:"peer,omitempty"` // ask the SIP peer

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Keyframe asks the sides of the call for a keyframe of their video. Since 1.3.1.
func (c *Client) Keyframe(ctx context.Context, q Keyframe) (*KeyframeSent, error) {
	return expect[KeyframeSent](ctx, c, request("keyframe", q, q.Extra, nil))
}

// StreamType is a stream of a call.
type StreamType string

// The values of StreamType.
const (
	Audio     StreamType = "audio"      // from the WebRTC peer
	Video     StreamType = "video"      // from the WebRTC peer
	PeerAudio StreamType = "peer_audio" // from the SIP peer
	PeerVideo StreamType = "peer_video" // from the SIP peer
)

// HostFamily is a version of the Internet protocol.
type HostFamily string

// The values of HostFamily.
const (
	IPv4 HostFamily = "ipv4" // the default
	IPv6 HostFamily = "ipv6"
)

// ForwardStream is a stream to forward with RTPForward. Since 1.4.0.
type ForwardStream struct {
	Type       StreamType `json:"type"`
	Host       string     `json:"host"` // name or address
	Port       int        `json:"port"`
	HostFamily HostFamily `json:"host_family,omitempty"`
	SSRC       uint32     `json:"ssrc,omitempty"`        // default: that of the stream
	PT         int        `json:"pt,omitempty"`          // payload type; default: that of the stream
	SRTPSuite  int        `json:"srtp_suite,omitempty"`  // 32 or 80; encrypts together with SRTPCrypto
	SRTPCrypto string     `json:"srtp_crypto,omitempty"` // key and salt in base64
}

// RTPForward is the request of Client.RTPForward. Since 1.4.0.
type RTPForward struct {
	Streams []ForwardStream `json:"streams"` // at least one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q RTPForward) String() string { return plug.String(q) }

// RTPForward sends streams of the call to other addresses as RTP. Since 1.4.0.
func (c *Client) RTPForward(ctx context.Context, q RTPForward) (*RTPForwarding, error) {
	q.Streams = append([]ForwardStream{}, q.Streams...) // Janus refuses null
	return expect[RTPForwarding](ctx, c, request("rtp_forward", q, q.Extra, nil))
}

// StopRTPForward is the request of Client.StopRTPForward. Since 1.4.0.
type StopRTPForward struct {
	StreamID uint32 `json:"stream_id"` // Forwarder.StreamID

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// StopRTPForward ends a forwarder. Since 1.4.0.
func (c *Client) StopRTPForward(ctx context.Context, q StopRTPForward) (*RTPForwardStopped, error) {
	return expect[RTPForwardStopped](ctx, c, request("stop_rtp_forward", q, q.Extra, nil))
}

// ListForwarders lists the forwarders of the call. Since 1.4.0.
func (c *Client) ListForwarders(ctx context.Context) (*Forwarders, error) {
	return expect[Forwarders](ctx, c, request("listforwarders", nil, nil, nil))
}
