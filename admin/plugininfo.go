package admin

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// The types below are the parts of a HandleInfo that the plugins of Janus fill, for
// HandleInfo.DecodePlugin. The part of the Lua and Duktape plugins depends on their
// script.

// Flag is a boolean that Janus writes as 0 or 1, or as true or false, depending on
// the plugin.
type Flag bool

// UnmarshalJSON accepts a boolean or an integer.
func (f *Flag) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*f = true
	case "false", "0":
		*f = false
	case "null":
	default:
		var n int
		if err := json.Unmarshal(b, &n); err != nil {
			return fmt.Errorf("admin: %s is neither a boolean nor an integer", b)
		}
		*f = true
	}
	return nil
}

// Ending says whether a plugin's part of a handle is at its end.
type Ending struct {
	HangingUp Flag `json:"hangingup"` // the PeerConnection is being closed
	Destroyed Flag `json:"destroyed"`
}

// Recording has the names of the files that are being recorded; an empty name
// means none.
type Recording struct {
	Audio     string `json:"audio"`
	Video     string `json:"video"`
	Data      string `json:"data"`
	AudioPeer string `json:"audio-peer"` // SIP and NoSIP
	VideoPeer string `json:"video-peer"` // SIP and NoSIP
}

// SimulcastState is which layers of simulcast a handle receives. A layer is -1
// before the first packet was relayed.
type SimulcastState struct {
	Substream           int `json:"substream"`
	SubstreamTarget     int `json:"substream-target"`
	TemporalLayer       int `json:"temporal-layer"`
	TemporalLayerTarget int `json:"temporal-layer-target"`
	Fallback            int `json:"fallback"` // µs without packets before a lower substream is used
}

// VideoRoomInfo is the part of a HandleInfo that the VideoRoom plugin fills.
type VideoRoomInfo struct {
	Type string    `json:"type"` // "none", "publisher" or "subscriber"; empty before a join
	Room plugin.ID `json:"room"`

	// Of publishers. A subscriber has a PrivateID if it has given one.
	ID        plugin.ID       `json:"id"`
	PrivateID uint64          `json:"private_id"`
	Display   string          `json:"display"`
	Metadata  json.RawMessage `json:"metadata"` // any JSON object; since 1.3.0
	Bitrate   int             `json:"bitrate"`  // limit, in bits per second; 0: none

	// Of subscribers.
	Answered       bool `json:"answered"`        // the offer of Janus was answered
	PendingOffer   bool `json:"pending_offer"`   // another offer will follow the answer
	PendingRestart bool `json:"pending_restart"` // another offer, with an ICE restart, will follow the answer
	Paused         bool `json:"paused"`

	E2EE    bool              `json:"e2ee"`
	Streams []VideoRoomStream `json:"streams"`
	Ending
}

// VideoRoomStream is a stream of a publisher or of a subscriber.
type VideoRoomStream struct {
	Type         videoroom.MediaType     `json:"type"`
	Mindex       int                     `json:"mindex"`
	Mid          string                  `json:"mid"`
	Codec        videoroom.Codec         `json:"codec"`
	H264Profile  string                  `json:"h264-profile"`
	VP9Profile   string                  `json:"vp9-profile"`
	Simulcast    videoroom.Simulcast     `json:"simulcast"`
	SVC          videoroom.SVC           `json:"svc"`
	PlayoutDelay *videoroom.PlayoutDelay `json:"playout-delay"` // nil if none is set

	// Of publishers.
	Description string `json:"description"`
	VP9SVC      bool   `json:"vp9-svc"`          // Janus before 1.2.0: what SVC is later
	Recording   string `json:"recording"`        // file; empty: not recorded
	AudioLevel  int    `json:"audio-level-dBov"` // 0, the loudest, to 127
	Talking     bool   `json:"talking"`
	Subscribers int    `json:"subscribers"`

	// Of subscribers: see videoroom.Stream.
	Active          bool            `json:"active"`
	Ready           bool            `json:"ready"`
	Send            bool            `json:"send"`
	CrossRefID      string          `json:"crossrefid"`
	FeedID          plugin.ID       `json:"feed_id"`
	FeedMid         string          `json:"feed_mid"`
	FeedDisplay     string          `json:"feed_display"`
	FeedMetadata    json.RawMessage `json:"feed_metadata"`
	FeedDescription string          `json:"feed_description"`
	Sources         int             `json:"sources"`
	SourceIDs       []plugin.ID     `json:"source_ids"`
}

// AudioBridgeInfo is the part of a HandleInfo that the AudioBridge plugin fills.
type AudioBridgeInfo struct {
	State    string    `json:"state"` // "inroom" or "idle"
	Room     plugin.ID `json:"room"`
	ID       plugin.ID `json:"id"`
	Group    string    `json:"group"`
	Display  string    `json:"display"`
	Admin    bool      `json:"admin"`
	Muted    bool      `json:"muted"`
	Active   bool      `json:"active"`
	BufferIn int       `json:"buffer-in"` // packets in the jitter buffer; since 1.2.0
	QueueIn  int       `json:"queue-in"`  // packets to decode
	QueueOut int       `json:"queue-out"` // packets to send

	// Of Janus before 1.2.0.
	PreBuffering   bool  `json:"pre-buffering"`
	PrebufferCount int   `json:"prebuffer-count"`
	LastDrop       int64 `json:"last-drop"` // µs on the monotonic clock of the server

	SpatialPosition int    `json:"spatial_position"` // 0, left, to 100, right; of stereo only
	Denoise         bool   `json:"denoise"`          // since 1.2.3
	AudioRecording  string `json:"audio-recording"`  // file; empty: not recorded
	AudioLevel      int    `json:"audio-level-dBov"` // 0, the loudest, to 127
	Talking         bool   `json:"talking"`
	FEC             bool   `json:"fec"`
	ExpectedLoss    int    `json:"expected-loss"` // percent
	OpusBitrate     int    `json:"opus-bitrate"`  // bits per second; 0: automatic

	// PlainRTP is set for participants without WebRTC.
	PlainRTP *PlainRTPInfo `json:"plain-rtp"`

	Suspended   bool `json:"suspended"`    // since 1.2.1
	PluginOffer bool `json:"plugin-offer"` // Janus has made the offer
	Started     Flag `json:"started"`
	Ending
}

// PlainRTPInfo are the addresses of a participant of the AudioBridge without
// WebRTC.
type PlainRTPInfo struct {
	LocalIP    string `json:"local-ip"`
	LocalPort  int    `json:"local-port"`
	RemoteIP   string `json:"remote-ip"`
	RemotePort int    `json:"remote-port"`
	LocalSSRC  uint32 `json:"local-ssrc"`
	RemoteSSRC uint32 `json:"remote-ssrc"`
}

// StreamingInfo is the part of a HandleInfo that the Streaming plugin fills.
type StreamingInfo struct {
	State             string         `json:"state"` // "watching" or "idle"
	MountpointID      plugin.ID      `json:"mountpoint_id"`
	MountpointName    string         `json:"mountpoint_name"`
	MountpointViewers int            `json:"mountpoint_viewers"`
	Media             StreamingMedia `json:"media"`
	E2EE              bool           `json:"e2ee"`
	Started           Flag           `json:"started"`
	DataReady         Flag           `json:"dataready"`
	Paused            Flag           `json:"paused"`
	Stopping          Flag           `json:"stopping"`
	Ending
}

// StreamingMedia are the streams that a viewer receives, or the one file.
type StreamingMedia []StreamingStream

// UnmarshalJSON accepts an array or one object.
func (m *StreamingMedia) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("{")) {
		*m = make(StreamingMedia, 1)
		return json.Unmarshal(b, &(*m)[0])
	}
	return json.Unmarshal(b, (*[]StreamingStream)(m))
}

// StreamingStream is a stream that a viewer receives.
type StreamingStream struct {
	Type     string `json:"type"` // "audio", "video" or "data"
	Mindex   int    `json:"mindex"`
	Mid      string `json:"mid"`
	Filename string `json:"filename"` // of a mountpoint that plays a file, which has only Type besides

	Simulcast               *SimulcastState         `json:"simulcast"`     // nil without simulcast
	SVC                     *videoroom.SVCLayers    `json:"svc"`           // nil without SVC
	PlayoutDelay            *videoroom.PlayoutDelay `json:"playout-delay"` // nil if it is not negotiated
	AbsCaptureTimeExtension int                     `json:"abs-capture-time-src-ext-id"`
}

// EchoTestInfo is the part of a HandleInfo that the EchoTest plugin fills.
type EchoTestInfo struct {
	AudioActive bool   `json:"audio_active"` // not muted by the client
	VideoActive bool   `json:"video_active"`
	AudioCodec  string `json:"audio_codec"`
	AudioRED    bool   `json:"audio_red"`
	VideoCodec  string `json:"video_codec"`
	Bitrate     int    `json:"bitrate"`      // limit, in bits per second; 0: none
	PeerBitrate int    `json:"peer-bitrate"` // that the peer asks for, in bits per second

	Simulcast bool `json:"simulcast"`
	SimulcastState

	SVC                bool `json:"svc"` // since 1.1.4, as are the layers; the temporal ones are those above
	SpatialLayer       int  `json:"spatial-layer"`
	SpatialLayerTarget int  `json:"spatial-layer-target"`

	Recording     Recording `json:"recording"`
	E2EE          bool      `json:"e2ee"`
	SlowLinkCount int       `json:"slowlink_count"`
	Ending
}

// VideoCallInfo is the part of a HandleInfo that the VideoCall plugin fills.
type VideoCallInfo struct {
	State       string `json:"state"`    // "incall" or "idle"
	Username    string `json:"username"` // empty: not registered
	Peer        string `json:"peer"`     // user name of the other side
	AudioActive bool   `json:"audio_active"`
	VideoActive bool   `json:"video_active"`
	AudioCodec  string `json:"audio_codec"`
	AudioRED    bool   `json:"audio_red"`
	VideoCodec  string `json:"video_codec"`
	Bitrate     int    `json:"bitrate"`      // limit, in bits per second; 0: none
	PeerBitrate int    `json:"peer-bitrate"` // that the peer asks for, in bits per second

	Simulcast     bool `json:"simulcast"`
	SimulcastPeer bool `json:"simulcast-peer"` // the other side sends simulcast
	SimulcastState

	Recording     Recording `json:"recording"`
	InCall        Flag      `json:"incall"`
	E2EE          bool      `json:"e2ee"`
	SlowLinkCount int       `json:"slowlink_count"`
	Ending
}

// TextRoomInfo is the part of a HandleInfo that the TextRoom plugin fills.
type TextRoomInfo struct {
	Destroyed Flag `json:"destroyed"`
}

// RecordPlayInfo is the part of a HandleInfo that the Record&Play plugin fills.
type RecordPlayInfo struct {
	Type          string `json:"type"` // "recorder", "player" or "none"
	RecordingID   uint64 `json:"recording_id"`
	RecordingName string `json:"recording_name"`
	E2EE          bool   `json:"e2ee"`
	Ending
}

// SIPAccountInfo is an account of the SIP plugin.
type SIPAccountInfo struct {
	Username           string `json:"username"`
	AuthUser           string `json:"authuser"`
	Secret             string `json:"secret"` // "(hidden)" if there is one
	DisplayName        string `json:"display_name"`
	UserAgent          string `json:"user_agent"`
	Identity           string `json:"identity"`            // SIP URI
	RegistrationStatus string `json:"registration_status"` // such as "registered"
}

// SIPInfo is the part of a HandleInfo that the SIP plugin fills.
type SIPInfo struct {
	UniqueID string          `json:"unique_id"` // since 1.4.0
	Helper   bool            `json:"helper"`    // the handle is a helper of another one
	Master   *SIPAccountInfo `json:"master"`    // of a helper; nil otherwise
	SIPAccountInfo
	CallStatus string `json:"call_status"` // such as "idle"
	Helpers    int    `json:"helpers"`     // how many

	// Of a call. The strings after Callee are "yes" or "no".
	Callee          string `json:"callee"` // SIP URI of the other side
	SRTPRequired    string `json:"srtp-required"`
	SDESLocalAudio  string `json:"sdes-local-audio"`
	SDESLocalVideo  string `json:"sdes-local-video"`
	SDESRemoteAudio string `json:"sdes-remote-audio"`
	SDESRemoteVideo string `json:"sdes-remote-video"`

	Recording    Recording `json:"recording"`
	Establishing Flag      `json:"establishing"`
	Established  Flag      `json:"established"`
	Ending
}

// NoSIPInfo is the part of a HandleInfo that the NoSIP plugin fills.
type NoSIPInfo struct {
	UniqueID string `json:"unique_id"` // since 1.4.0

	// Of a call: "yes" or "no".
	SRTPRequired string `json:"srtp-required"`
	SDESLocal    string `json:"sdes-local"`
	SDESRemote   string `json:"sdes-remote"`

	Recording Recording `json:"recording"`
	Ending
}
