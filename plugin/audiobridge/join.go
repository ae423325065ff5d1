package audiobridge

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Join takes the handle into a room as a participant.
type Join struct {
	Room    plugin.ID `json:"room"`
	ID      plugin.ID `json:"id,omitzero"`       // of the participant; default: chosen by Janus
	PIN     string    `json:"pin,omitempty"`     // of the room, if it has one
	Token   string    `json:"token,omitempty"`   // if the room demands one; see Allowed
	Secret  string    `json:"secret,omitempty"`  // makes the participant an administrator, whom MuteRoom does not mute
	Display string    `json:"display,omitempty"` // name shown to others
	Group   string    `json:"group,omitempty"`   // needed if the room has groups

	Muted       bool `json:"muted,omitempty"`
	Suspended   bool `json:"suspended,omitempty"`    // since 1.2.1; see Suspend
	PauseEvents bool `json:"pause_events,omitempty"` // only with Suspended; since 1.2.1

	Codec        Codec `json:"codec,omitempty"`         // default: CodecOpus
	Bitrate      int   `json:"bitrate,omitempty"`       // of the mix sent to the participant, bit/s (500 to 512,000); default: that of the room
	Quality      int   `json:"quality,omitempty"`       // complexity of the Opus encoder, 1 to 10; default 4
	ExpectedLoss *int  `json:"expected_loss,omitempty"` // packet loss that Opus' FEC prepares for, percent (0 to 20); default: that of the room
	Volume       *int  `json:"volume,omitempty"`        // of the participant's audio in the mix, percent; default 100

	// SpatialPosition is the participant's position in the stereo mix of a room
	// with spatial audio: 0 is left, 50 the center, 100 right. Default: 50.
	SpatialPosition *int `json:"spatial_position,omitempty"`

	AudioActivePackets int `json:"audio_active_packets,omitempty"` // as in Create; default: that of the room
	AudioLevelAverage  int `json:"audio_level_average,omitempty"`  // as in Create; default: that of the room

	// Prebuffer is the number of packets (0 to 50) that are buffered before the
	// participant is decoded. Default: that of the room. Ignored since 1.2.0.
	Prebuffer *int `json:"prebuffer,omitempty"`

	Denoise *bool `json:"denoise,omitempty"` // whether noise is removed from the participant's audio; default: as the room; since 1.2.3

	Record   bool   `json:"record,omitempty"`   // whether the participant is recorded to an .mjr file
	Filename string `json:"filename,omitempty"` // base path of the .mjr file

	// GenerateOffer makes Janus send an offer with its answer, to be answered
	// with Configure.
	GenerateOffer bool `json:"generate_offer,omitempty"`

	// RTP makes the participant use plain RTP instead of a PeerConnection, if the
	// room allows it. An empty RTP is valid.
	RTP *RTP `json:"rtp,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// RTP is the address and the format of a plain RTP participant. All fields are
// optional. Without IP and Port the participant sends only.
type RTP struct {
	IP            string `json:"ip,omitempty"`             // address that the mix is sent to
	Port          int    `json:"port,omitempty"`           // UDP port that the mix is sent to
	PayloadType   int    `json:"payload_type,omitempty"`   // of Opus, in both directions; default 100
	AudioLevelExt int    `json:"audiolevel_ext,omitempty"` // id of the audio level RTP extension, default: none; Janus 1.1.2 to 1.4.1 do not read it
	FEC           bool   `json:"fec,omitempty"`            // whether the mix is sent with Opus' FEC
}

// Join takes the handle into a room as a participant. jsep is an offer, or nil if
// the media are negotiated later with Configure, offered by Janus, or plain RTP.
// The answer has Janus's SDP answer or offer, if there is one.
func (c *Client) Join(ctx context.Context, q Join, jsep any) (*Joined, error) {
	r := request("join", q, q.Extra)
	r.JSEP = jsep
	return plug.Do[Joined](ctx, c.caller, r)
}

// String returns the request as JSON, with its secrets masked.
func (q Join) String() string { return plug.String(q) }

// Configure changes the settings of the handle's participant. All fields are
// optional.
type Configure struct {
	Display *string `json:"display,omitempty"` // name shown to others
	Group   string  `json:"group,omitempty"`   // the group to move to, in a room with groups
	Muted   *bool   `json:"muted,omitempty"`

	Bitrate      *int `json:"bitrate,omitempty"`       // of the mix sent to the participant, bit/s (500 to 512,000); 0: decided by Opus
	Quality      int  `json:"quality,omitempty"`       // complexity of the Opus encoder, 1 to 10
	ExpectedLoss *int `json:"expected_loss,omitempty"` // packet loss that Opus' FEC prepares for, percent (0 to 20)
	Volume       *int `json:"volume,omitempty"`        // of the participant's audio in the mix, percent

	SpatialPosition *int `json:"spatial_position,omitempty"` // as in Join

	Prebuffer *int `json:"prebuffer,omitempty"` // as in Join; ignored since 1.2.0

	Denoise *bool `json:"denoise,omitempty"` // whether noise is removed from the participant's audio; since 1.2.3

	Record   *bool  `json:"record,omitempty"`   // starts or stops recording the participant to an .mjr file
	Filename string `json:"filename,omitempty"` // base path of the .mjr file

	// GenerateOffer makes Janus send an offer with its answer, to be answered
	// with another Configure.
	GenerateOffer bool `json:"generate_offer,omitempty"`

	// Update, in a session that Janus offered, makes Janus send another offer
	// with its answer.
	Update bool `json:"update,omitempty"`

	// RTP has the address of a plain RTP participant who joined with
	// GenerateOffer. Only IP and Port are used. Since 1.3.2.
	RTP *RTP `json:"rtp,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Configure changes the settings of the handle's participant. jsep is an offer,
// an answer to Janus's offer, or nil. The answer has Janus's SDP answer or offer,
// if there is one. The other participants receive a ParticipantUpdated if the
// display name, the position or the muting is set.
func (c *Client) Configure(ctx context.Context, q Configure, jsep any) (*Configured, error) {
	r := request("configure", q, q.Extra)
	r.JSEP = jsep
	return plug.Do[Configured](ctx, c.caller, r)
}

// ChangeRoom moves the handle's participant to another room. Settings that are
// left out have the defaults of Join, except for the quality and the expected
// loss, which are kept.
type ChangeRoom struct {
	Room    plugin.ID `json:"room"`
	ID      plugin.ID `json:"id,omitzero"`       // of the participant; default: chosen by Janus
	PIN     string    `json:"pin,omitempty"`     // of the new room, if it has one
	Token   string    `json:"token,omitempty"`   // if the new room demands one
	Secret  string    `json:"secret,omitempty"`  // of the new room; makes the participant an administrator
	Display string    `json:"display,omitempty"` // name shown to others
	Group   string    `json:"group,omitempty"`   // needed if the new room has groups

	Muted       bool `json:"muted,omitempty"`
	Suspended   bool `json:"suspended,omitempty"`    // since 1.2.1
	PauseEvents bool `json:"pause_events,omitempty"` // only with Suspended; since 1.2.1

	Bitrate         int  `json:"bitrate,omitempty"`          // as in Join
	Quality         int  `json:"quality,omitempty"`          // as in Join
	ExpectedLoss    *int `json:"expected_loss,omitempty"`    // as in Join
	Volume          *int `json:"volume,omitempty"`           // as in Join
	SpatialPosition *int `json:"spatial_position,omitempty"` // as in Join
	Prebuffer       *int `json:"prebuffer,omitempty"`        // as in Join; ignored since 1.2.0

	Denoise *bool `json:"denoise,omitempty"` // as in Join; since 1.2.3

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// ChangeRoom moves the handle's participant to another room. The PeerConnection
// is kept; a recording of the participant ends.
func (c *Client) ChangeRoom(ctx context.Context, q ChangeRoom) (*RoomChanged, error) {
	return plug.Do[RoomChanged](ctx, c.caller, request("changeroom", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q ChangeRoom) String() string { return plug.String(q) }

// Leave takes the handle's participant out of its room. The PeerConnection is
// kept. The other participants receive a ParticipantLeft.
func (c *Client) Leave(ctx context.Context) (*Left, error) {
	return plug.Do[Left](ctx, c.caller, request("leave", nil, nil))
}

// Hangup closes the PeerConnection of the handle.
func (c *Client) Hangup(ctx context.Context) (*HangingUp, error) {
	return plug.Do[HangingUp](ctx, c.caller, request("hangup", nil, nil))
}
