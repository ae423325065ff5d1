package videoroom

import (
	"context"
	"encoding/json"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// JoinPublisher joins a room as a participant that may publish. Its handle
// cannot subscribe afterwards. Settings of the media belong to Publish and
// JoinAndConfigure; Janus ignores them here.
type JoinPublisher struct {
	Room     plugin.ID       `json:"room"`
	ID       plugin.ID       `json:"id,omitzero"` // default: a random one
	Display  string          `json:"display,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // any JSON object; since 1.3.0
	PIN      string          `json:"pin,omitempty"`
	Token    string          `json:"token,omitempty"` // see Create.Allowed and Create.SignedTokens

	// These override those of the room.
	AudioActivePackets int `json:"audio_active_packets,omitempty"` // packets over which the audio level is averaged
	AudioLevelAverage  int `json:"audio_level_average,omitempty"`  // level below which one talks, -dBov: 0 (loud) to 127 (silent)

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q JoinPublisher) String() string { return plug.String(q) }

// JoinPublisher joins a room as a participant that may publish.
func (c *Client) JoinPublisher(ctx context.Context, q JoinPublisher) (*Joined, error) {
	fields := struct {
		PType string `json:"ptype"`
		JoinPublisher
	}{"publisher", q}
	return plug.Do[Joined](ctx, c.caller, request("join", fields, q.Extra, nil))
}

// JoinAndConfigure is JoinPublisher and Publish in one request.
type JoinAndConfigure struct {
	Room     plugin.ID       `json:"room"`
	ID       plugin.ID       `json:"id,omitzero"` // default: a random one
	Display  string          `json:"display,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // any JSON object; since 1.3.0
	PIN      string          `json:"pin,omitempty"`
	Token    string          `json:"token,omitempty"` // see Create.Allowed and Create.SignedTokens

	// These override those of the room.
	AudioActivePackets int `json:"audio_active_packets,omitempty"` // packets over which the audio level is averaged
	AudioLevelAverage  int `json:"audio_level_average,omitempty"`  // level below which one talks, -dBov: 0 (loud) to 127 (silent)

	AudioCodec   Codec               `json:"audiocodec,omitempty"` // default: the first of the room's that is offered
	VideoCodec   Codec               `json:"videocodec,omitempty"` // default: the first of the room's that is offered
	Bitrate      *int                `json:"bitrate,omitempty"`    // limit of the video, bit/s; 0: none; default: the room's
	Record       bool                `json:"record,omitempty"`
	Filename     string              `json:"filename,omitempty"` // base path of the recordings
	Descriptions []StreamDescription `json:"descriptions,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// StreamDescription describes a stream to subscribers.
type StreamDescription struct {
	Mid         string `json:"mid"`
	Description string `json:"description"`
}

// String returns the request as JSON, with its secrets masked.
func (q JoinAndConfigure) String() string { return plug.String(q) }

// JoinAndConfigure joins a room and publishes. jsep is an offer, and the answer
// is in the JSEP of Joined.
func (c *Client) JoinAndConfigure(ctx context.Context, q JoinAndConfigure, jsep any) (*Joined, error) {
	fields := struct {
		PType string `json:"ptype"`
		JoinAndConfigure
	}{"publisher", q}
	return plug.Do[Joined](ctx, c.caller, request("joinandconfigure", fields, q.Extra, jsep))
}

// Publish starts to publish.
type Publish struct {
	AudioCodec   Codec               `json:"audiocodec,omitempty"` // default: the first of the room's that is offered
	VideoCodec   Codec               `json:"videocodec,omitempty"` // default: the first of the room's that is offered
	Bitrate      *int                `json:"bitrate,omitempty"`    // limit of the video, bit/s; 0: none
	Descriptions []StreamDescription `json:"descriptions,omitempty"`

	Record   *bool  `json:"record,omitempty"`
	Filename string `json:"filename,omitempty"` // base path of the recordings
	Secret   string `json:"secret,omitempty"`   // of the room; to record in a room with Create.LockRecord

	Display            string          `json:"display,omitempty"`              // a new display name
	Metadata           json.RawMessage `json:"metadata,omitempty"`             // new metadata, any JSON object; since 1.3.0
	AudioActivePackets *int            `json:"audio_active_packets,omitempty"` // packets over which the audio level is averaged; 0: the room's
	AudioLevelAverage  *int            `json:"audio_level_average,omitempty"`  // level below which one talks, -dBov; 0: the room's

	// Janus accepts these as well, but they concern streams that are published
	// already: see ConfigurePublisher.
	Streams  []PublisherStream `json:"streams,omitempty"`
	Keyframe bool              `json:"keyframe,omitempty"`
	Update   bool              `json:"update,omitempty"`
	Restart  bool              `json:"restart,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// PublisherStream has the settings of a stream of a publisher.
type PublisherStream struct {
	Mid      string `json:"mid,omitempty"`       // default: all streams
	Send     *bool  `json:"send,omitempty"`      // whether the stream is relayed to subscribers; default true
	Keyframe bool   `json:"keyframe,omitempty"`  // asks the publisher for a keyframe
	MinDelay *int   `json:"min_delay,omitempty"` // of the playout-delay extension, in units of 10 ms; negative: none
	MaxDelay *int   `json:"max_delay,omitempty"` // of the playout-delay extension, in units of 10 ms; negative: none
}

// String returns the request as JSON, with its secrets masked.
func (q Publish) String() string { return plug.String(q) }

// Publish starts to publish. jsep is an offer, and the answer is in the JSEP of
// Configured. The other participants get a Published once media can flow.
func (c *Client) Publish(ctx context.Context, q Publish, jsep any) (*Configured, error) {
	return plug.Do[Configured](ctx, c.caller, request("publish", q, q.Extra, jsep))
}

// ConfigurePublisher changes the settings of a publisher. The fields that are
// not set stay as they are. The deprecated fields audio, video and data are left
// out: PublisherStream.Send replaces them.
type ConfigurePublisher struct {
	AudioCodec   Codec               `json:"audiocodec,omitempty"` // for streams that are new in the offer
	VideoCodec   Codec               `json:"videocodec,omitempty"` // for streams that are new in the offer
	Bitrate      *int                `json:"bitrate,omitempty"`    // limit of the video, bit/s; 0: none
	Descriptions []StreamDescription `json:"descriptions,omitempty"`
	Streams      []PublisherStream   `json:"streams,omitempty"`  // settings of single streams
	Keyframe     bool                `json:"keyframe,omitempty"` // asks the publisher for keyframes of all streams; ignored if Streams is set

	Record   *bool  `json:"record,omitempty"`
	Filename string `json:"filename,omitempty"` // base path of the recordings
	Secret   string `json:"secret,omitempty"`   // of the room; to record in a room with Create.LockRecord

	Display            string          `json:"display,omitempty"`
	Metadata           json.RawMessage `json:"metadata,omitempty"`             // any JSON object; since 1.3.0
	AudioActivePackets *int            `json:"audio_active_packets,omitempty"` // packets over which the audio level is averaged; 0: the room's
	AudioLevelAverage  *int            `json:"audio_level_average,omitempty"`  // level below which one talks, -dBov; 0: the room's

	// Janus accepts these as well, and ignores them: it recognizes a
	// renegotiation and an ICE restart by the offer.
	Update  bool `json:"update,omitempty"`
	Restart bool `json:"restart,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q ConfigurePublisher) String() string { return plug.String(q) }

// ConfigurePublisher changes the settings of a publisher. jsep is an offer that
// renegotiates its streams, or starts to publish; then the answer is in the JSEP
// of Configured. It may be nil.
func (c *Client) ConfigurePublisher(ctx context.Context, q ConfigurePublisher, jsep any) (*Configured, error) {
	return plug.Do[Configured](ctx, c.caller, request("configure", q, q.Extra, jsep))
}

// Unpublish stops to publish. Janus closes the PeerConnection; the participant
// stays in the room.
func (c *Client) Unpublish(ctx context.Context) error {
	return plug.Send(ctx, c.caller, request("unpublish", nil, nil, nil))
}

// Leave leaves the room, as a publisher or as a subscriber. Janus closes the
// PeerConnection. The handle cannot join again.
func (c *Client) Leave(ctx context.Context) error {
	return plug.Send(ctx, c.caller, request("leave", nil, nil, nil))
}
