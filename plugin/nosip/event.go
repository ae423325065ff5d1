package nosip

import (
	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an answer of the NoSIP plugin: a pointer to one of the structs of this
// package that embed plugin.Meta, or *plugin.Failure or *plugin.Unknown.
type Event = plugin.Event

// Generated is the answer to Generate.
type Generated struct {
	plugin.Meta `json:"-"`
	Type        SDPType `json:"type"`
	SDP         string  `json:"sdp"`                 // for the other side
	Update      bool    `json:"update,omitempty"`    // the SDP changes the media of a call
	UniqueID    string  `json:"unique_id,omitempty"` // of the handle in the plugin; since 1.4.0
}

// Processed is the answer to Process. JSEP is the SDP for the peer.
type Processed struct {
	plugin.Meta `json:"-"`
	SRTP        SRTP   `json:"srtp,omitempty"`      // of the other side; empty: none
	Update      bool   `json:"update,omitempty"`    // the SDP changes the media of a call
	UniqueID    string `json:"unique_id,omitempty"` // of the handle in the plugin; since 1.4.0
}

// HangingUp is the answer to Hangup.
type HangingUp struct {
	plugin.Meta `json:"-"`
}

// RecordingUpdated is the answer to Recording.
type RecordingUpdated struct {
	plugin.Meta `json:"-"`
}

// KeyframeSent is the answer to Keyframe. Since 1.3.1.
type KeyframeSent struct {
	plugin.Meta `json:"-"`
}

// RTPForwarding is the answer to RTPForward. Since 1.4.0.
type RTPForwarding struct {
	plugin.Meta `json:"-"`
	Forwarders  []Forwarder `json:"forwarders"` // those that were made
}

// RTPForwardStopped is the answer to StopRTPForward. Since 1.4.0.
type RTPForwardStopped struct {
	plugin.Meta `json:"-"`
	StreamID    uint32 `json:"stream_id"`
}

// Forwarders is the answer to ListForwarders. Since 1.4.0.
type Forwarders struct {
	plugin.Meta `json:"-"`
	Forwarders  []Forwarder `json:"rtp_forwarders"`
}

// Forwarder is a stream that is forwarded. Since 1.4.0.
type Forwarder struct {
	StreamID uint32     `json:"stream_id"` // of the forwarder, for StopRTPForward
	Type     StreamType `json:"type,omitempty"`
	Host     string     `json:"host"` // address
	Port     int        `json:"port"`
	Media    string     `json:"media"`          // audio or video
	PT       int        `json:"pt,omitempty"`   // payload type; 0: that of the stream
	SSRC     uint32     `json:"ssrc,omitempty"` // 0: that of the stream
	SRTP     bool       `json:"srtp,omitempty"` // encrypted
}

// Parse makes an event of a message from Handle.Events, such as an answer that
// came after its call had ended. It returns false if msg is not from the NoSIP
// plugin.
func Parse(msg any) (Event, bool) { return plug.ParseWith(msg, Name, kind, plug.DecodeResult) }

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	switch plug.ResultEvent(msg) {
	case "generated":
		return new(Generated)
	case "processed":
		return new(Processed)
	case "hangingup":
		return new(HangingUp)
	case "recordingupdated":
		return new(RecordingUpdated)
	case "keyframesent":
		return new(KeyframeSent)
	case "rtp_forward":
		return new(RTPForwarding)
	case "stop_rtp_forward":
		return new(RTPForwardStopped)
	case "forwarders":
		return new(Forwarders)
	}
	return nil
}
