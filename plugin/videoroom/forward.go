package videoroom

import (
	"context"
	"encoding/json"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// HostFamily is the family of the address that a host name is resolved to.
type HostFamily string

// The values of HostFamily.
const (
	IPv4 HostFamily = "ipv4"
	IPv6 HostFamily = "ipv6"
)

// SRTPSuite is a cipher suite of SRTP.
type SRTPSuite int

// The values of SRTPSuite.
const (
	SRTPSuite32 SRTPSuite = 32 // AES_CM_128_HMAC_SHA1_32
	SRTPSuite80 SRTPSuite = 80 // AES_CM_128_HMAC_SHA1_80
)

// RTPForward forwards streams of a publisher as RTP to a UDP address.
//
// The older form of the request, with fields such as audio_port and video_port
// in the place of Streams, is deprecated. Extra can have them; the answer is then
// in RTPForwarding.RTPStream.
type RTPForward struct {
	Room        plugin.ID          `json:"room"`
	Secret      string             `json:"secret,omitempty"`
	AdminKey    string             `json:"admin_key,omitempty"` // needed if the plugin is configured with lock_rtp_forward
	PublisherID plugin.ID          `json:"publisher_id"`
	Host        string             `json:"host"`
	HostFamily  HostFamily         `json:"host_family,omitempty"`
	Streams     []RTPForwardStream `json:"streams,omitempty"` // needed, unless Extra has the deprecated form

	// For streams that do not have settings of their own.
	Simulcast  bool      `json:"simulcast,omitempty"` // the forwarder chooses among the substreams as a viewer does
	SRTPSuite  SRTPSuite `json:"srtp_suite,omitempty"`
	SRTPCrypto string    `json:"srtp_crypto,omitempty"` // key and salt in base64

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// RTPForwardStream is a stream to forward. Streams that do not exist are
// skipped.
type RTPForwardStream struct {
	Secret     string     `json:"secret,omitempty"` // Janus ignores it
	Mid        string     `json:"mid"`
	Host       string     `json:"host,omitempty"` // default: RTPForward.Host
	HostFamily HostFamily `json:"host_family,omitempty"`
	Port       int        `json:"port"`
	RTCPPort   int        `json:"rtcp_port,omitempty"` // the receiver's port, for its requests for keyframes
	SSRC       uint32     `json:"ssrc,omitempty"`      // default: a random one
	PT         int        `json:"pt,omitempty"`        // payload type; default: the publisher's

	Simulcast  bool      `json:"simulcast,omitempty"` // the forwarder chooses among the substreams as a viewer does
	SRTPSuite  SRTPSuite `json:"srtp_suite,omitempty"`
	SRTPCrypto string    `json:"srtp_crypto,omitempty"` // key and salt in base64

	// For the other substreams of a simulcast stream, if Simulcast is false.
	Port2 int    `json:"port_2,omitempty"`
	SSRC2 uint32 `json:"ssrc_2,omitempty"`
	PT2   int    `json:"pt_2,omitempty"`
	Port3 int    `json:"port_3,omitempty"`
	SSRC3 uint32 `json:"ssrc_3,omitempty"`
	PT3   int    `json:"pt_3,omitempty"`
}

// String returns the request as JSON, with its secrets masked.
func (q RTPForward) String() string { return plug.String(q) }

// String returns the stream as JSON, with its secrets masked.
func (s RTPForwardStream) String() string { return plug.String(s) }

// Forwarder is an RTP forwarder.
type Forwarder struct {
	StreamID       uint32    `json:"stream_id"` // for StopRTPForward
	Type           MediaType `json:"type"`
	Host           string    `json:"host"`
	Port           int       `json:"port"`
	LocalRTCPPort  int       `json:"local_rtcp_port,omitempty"`
	RemoteRTCPPort int       `json:"remote_rtcp_port,omitempty"`
	PT             int       `json:"pt,omitempty"`
	SSRC           uint32    `json:"ssrc,omitempty"`
	Substream      int       `json:"substream,omitempty"`
	SRTP           bool      `json:"srtp,omitempty"`
}

// RTPForwarding is the answer to RTPForward.
type RTPForwarding struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID   `json:"room"`
	PublisherID plugin.ID   `json:"publisher_id"`
	Forwarders  []Forwarder `json:"forwarders,omitempty"`
	RTPStream   *RTPStream  `json:"rtp_stream,omitempty"` // the answer to the deprecated form of the request
}

// RTPStream lists the forwarders of the deprecated form of RTPForward: their IDs
// and ports. The fields of media that are not forwarded are 0.
type RTPStream struct {
	Host           string `json:"host"`
	AudioStreamID  uint32 `json:"audio_stream_id,omitempty"`
	Audio          int    `json:"audio,omitempty"`
	VideoStreamID  uint32 `json:"video_stream_id,omitempty"`
	Video          int    `json:"video,omitempty"`
	VideoRTCP      int    `json:"video_rtcp,omitempty"` // since 1.2.2
	VideoStreamID2 uint32 `json:"video_stream_id_2,omitempty"`
	Video2         int    `json:"video_2,omitempty"`
	VideoStreamID3 uint32 `json:"video_stream_id_3,omitempty"`
	Video3         int    `json:"video_3,omitempty"`
	DataStreamID   uint32 `json:"data_stream_id,omitempty"`
	Data           int    `json:"data,omitempty"`
	Warning        string `json:"warning,omitempty"` // "deprecated_api"
}

// RTPForward forwards streams of a publisher as RTP to a UDP address. The
// forwarders end when the publisher unpublishes or leaves.
func (c *Client) RTPForward(ctx context.Context, q RTPForward) (*RTPForwarding, error) {
	return plug.Do[RTPForwarding](ctx, c.caller, request("rtp_forward", q, q.Extra, nil))
}

// StopRTPForward ends an RTP forwarder.
type StopRTPForward struct {
	Room        plugin.ID `json:"room"`
	Secret      string    `json:"secret,omitempty"`
	AdminKey    string    `json:"admin_key,omitempty"` // needed if the plugin is configured with lock_rtp_forward
	PublisherID plugin.ID `json:"publisher_id"`
	StreamID    uint32    `json:"stream_id"` // Forwarder.StreamID

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q StopRTPForward) String() string { return plug.String(q) }

// RTPForwardStopped is the answer to StopRTPForward.
type RTPForwardStopped struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	PublisherID plugin.ID `json:"publisher_id"`
	StreamID    uint32    `json:"stream_id"`
}

// StopRTPForward ends an RTP forwarder.
func (c *Client) StopRTPForward(ctx context.Context, q StopRTPForward) (*RTPForwardStopped, error) {
	return plug.Do[RTPForwardStopped](ctx, c.caller, request("stop_rtp_forward", q, q.Extra, nil))
}

// ListForwarders lists the RTP forwarders of a room.
type ListForwarders struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q ListForwarders) String() string { return plug.String(q) }

// Forwarders is the answer to ListForwarders.
type Forwarders struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID             `json:"room"`
	Publishers  []PublisherForwarders `json:"publishers"`
}

// PublisherForwarders are the RTP forwarders of a publisher.
type PublisherForwarders struct {
	PublisherID plugin.ID       `json:"publisher_id"`
	Display     string          `json:"display,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"` // any JSON object; since 1.3.0
	Forwarders  []Forwarder     `json:"forwarders"`
}

// ListForwarders lists the RTP forwarders of a room, but for those that
// PublishRemotely made.
func (c *Client) ListForwarders(ctx context.Context, q ListForwarders) (*Forwarders, error) {
	return plug.Do[Forwarders](ctx, c.caller, request("listforwarders", q, q.Extra, nil))
}
