package nosip

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
)

// StreamType is a stream.
type StreamType string

// The values of StreamType.
const (
	Audio     StreamType = "audio"      // from the WebRTC peer
	Video     StreamType = "video"      // from the WebRTC peer
	PeerAudio StreamType = "peer_audio" // from the other side
	PeerVideo StreamType = "peer_video" // from the other side
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

// RTPForward sends streams to other addresses as RTP. Since 1.4.0.
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

// ListForwarders lists the forwarders of the handle. Since 1.4.0.
func (c *Client) ListForwarders(ctx context.Context) (*Forwarders, error) {
	return expect[Forwarders](ctx, c, request("listforwarders", nil, nil, nil))
}
