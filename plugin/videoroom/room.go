package videoroom

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Create creates a room.
type Create struct {
	Room        plugin.ID `json:"room,omitzero"`         // default: a random one
	Description string    `json:"description,omitempty"` // default: "Room" and the ID
	IsPrivate   bool      `json:"is_private,omitempty"`  // leaves the room out of List

	Secret   string   `json:"secret,omitempty"`    // needed to manage the room
	PIN      string   `json:"pin,omitempty"`       // needed to join
	Allowed  []string `json:"allowed,omitempty"`   // tokens; if set, one of them is needed to join
	AdminKey string   `json:"admin_key,omitempty"` // needed if one is configured

	RequirePrivateID bool `json:"require_pvtid,omitempty"` // subscribers need the private ID of a participant
	SignedTokens     bool `json:"signed_tokens,omitempty"` // needs signed tokens to join; ignored if the server does not use them
	RequireE2EE      bool `json:"require_e2ee,omitempty"`  // publishers must encrypt end to end

	Publishers *int `json:"publishers,omitempty"`  // how many may publish at the same time; default 3
	Bitrate    int  `json:"bitrate,omitempty"`     // limit of each publisher's video, bit/s; 0: none; at least 64,000
	BitrateCap bool `json:"bitrate_cap,omitempty"` // publishers cannot raise the limit
	FIRFreq    int  `json:"fir_freq,omitempty"`    // seconds between requests for keyframes; 0: none

	AudioCodecs Codecs `json:"audiocodec,omitempty"`   // default Opus
	VideoCodecs Codecs `json:"videocodec,omitempty"`   // default VP8
	VP9Profile  string `json:"vp9_profile,omitempty"`  // preferred profile; needs VP9 in VideoCodecs
	H264Profile string `json:"h264_profile,omitempty"` // preferred profile; needs H264 in VideoCodecs
	OpusFEC     *bool  `json:"opus_fec,omitempty"`     // default true
	OpusDTX     bool   `json:"opus_dtx,omitempty"`
	VideoSVC    bool   `json:"video_svc,omitempty"` // for rooms with VP9 alone; up to 1.1.3, later versions ignore it

	// Whether RTP header extensions are negotiated.
	AudioLevelExt      *bool `json:"audiolevel_ext,omitempty"`        // default true
	VideoOrientExt     *bool `json:"videoorient_ext,omitempty"`       // default true
	PlayoutDelayExt    *bool `json:"playoutdelay_ext,omitempty"`      // default true
	TransportWideCCExt *bool `json:"transport_wide_cc_ext,omitempty"` // default true
	AudioLevelEvent    bool  `json:"audiolevel_event,omitempty"`      // sends Talking and StoppedTalking
	AudioActivePackets int   `json:"audio_active_packets,omitempty"`  // packets over which the level is averaged; default 100 (2 s)
	AudioLevelAverage  int   `json:"audio_level_average,omitempty"`   // level below which one talks, -dBov: 0 (loud) to 127 (silent); default 25

	Record     bool   `json:"record,omitempty"`      // records all publishers
	RecDir     string `json:"rec_dir,omitempty"`     // folder of the recordings
	LockRecord bool   `json:"lock_record,omitempty"` // recording needs the secret

	Permanent     bool `json:"permanent,omitempty"`      // also saves the room to the configuration file
	NotifyJoining bool `json:"notify_joining,omitempty"` // sends Joining, and attendees in Joined

	DummyPublisher bool          `json:"dummy_publisher,omitempty"` // adds a publisher without media, for subscriptions with placeholders
	DummyStreams   []DummyStream `json:"dummy_streams,omitempty"`   // default: one for each codec of the room
	DummyE2EE      bool          `json:"dummy_e2ee,omitempty"`      // since 1.3.2

	Threads int `json:"threads,omitempty"` // that relay media to subscribers; 0: none besides the publisher's; since 1.2.3

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// DummyStream is a stream of a dummy publisher.
type DummyStream struct {
	Codec Codec  `json:"codec"`
	FMTP  string `json:"fmtp,omitempty"` // format parameters for the SDP
}

// String returns the request as JSON, with its secrets masked.
func (q Create) String() string { return plug.String(q) }

// Created is the answer to Create.
type Created struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Permanent   bool      `json:"permanent"`
}

// Create creates a room.
func (c *Client) Create(ctx context.Context, q Create) (*Created, error) {
	return plug.Do[Created](ctx, c.caller, request("create", q, q.Extra, nil))
}

// Edit changes a room. The fields that are not set stay as they are. A secret
// and a PIN can be replaced, but not removed.
type Edit struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"`

	Description      string `json:"new_description,omitempty"`
	IsPrivate        *bool  `json:"new_is_private,omitempty"`
	NewSecret        string `json:"new_secret,omitempty"`
	PIN              string `json:"new_pin,omitempty"`
	RequirePrivateID *bool  `json:"new_require_pvtid,omitempty"`
	Bitrate          *int   `json:"new_bitrate,omitempty"`  // limit of each publisher's video, bit/s; 0: none; at least 64,000
	FIRFreq          *int   `json:"new_fir_freq,omitempty"` // seconds; 0: none
	Publishers       *int   `json:"new_publishers,omitempty"`
	LockRecord       *bool  `json:"new_lock_record,omitempty"`
	RecDir           string `json:"new_rec_dir,omitempty"`

	Permanent bool `json:"permanent,omitempty"` // also saves the room to the configuration file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q Edit) String() string { return plug.String(q) }

// Edited is the answer to Edit.
type Edited struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Permanent   bool      `json:"permanent"`
}

// Edit changes a room.
func (c *Client) Edit(ctx context.Context, q Edit) (*Edited, error) {
	return plug.Do[Edited](ctx, c.caller, request("edit", q, q.Extra, nil))
}

// Destroy destroys a room and ends the PeerConnections of all participants.
type Destroy struct {
	Room      plugin.ID `json:"room"`
	Secret    string    `json:"secret,omitempty"`
	Permanent bool      `json:"permanent,omitempty"` // also removes the room from the configuration file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q Destroy) String() string { return plug.String(q) }

// Destroy destroys a room.
func (c *Client) Destroy(ctx context.Context, q Destroy) (*Destroyed, error) {
	return plug.Do[Destroyed](ctx, c.caller, request("destroy", q, q.Extra, nil))
}

// List lists the rooms.
type List struct {
	AdminKey string `json:"admin_key,omitempty"` // lists private rooms too, if one is configured

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q List) String() string { return plug.String(q) }

// Rooms is the answer to List.
type Rooms struct {
	plugin.Meta `json:"-"`
	List        []Room `json:"list"`
}

// Room describes a room.
type Room struct {
	Room        plugin.ID `json:"room"`
	Description string    `json:"description"`
	PINRequired bool      `json:"pin_required"`
	IsPrivate   bool      `json:"is_private"`

	MaxPublishers   int  `json:"max_publishers"`
	NumParticipants int  `json:"num_participants"`
	Bitrate         int  `json:"bitrate"` // bit/s; 0: no limit
	BitrateCap      bool `json:"bitrate_cap,omitempty"`
	FIRFreq         int  `json:"fir_freq"` // seconds; 0: none

	RequirePrivateID bool `json:"require_pvtid"`
	RequireE2EE      bool `json:"require_e2ee"`
	DummyPublisher   bool `json:"dummy_publisher"`
	NotifyJoining    bool `json:"notify_joining"`

	AudioCodecs Codecs `json:"audiocodec"`
	VideoCodecs Codecs `json:"videocodec"`
	OpusFEC     bool   `json:"opus_fec,omitempty"`
	OpusDTX     bool   `json:"opus_dtx,omitempty"`
	VideoSVC    bool   `json:"video_svc,omitempty"` // up to 1.1.3

	Record     bool   `json:"record"`
	RecDir     string `json:"rec_dir,omitempty"`
	LockRecord bool   `json:"lock_record"`

	AudioLevelExt      bool `json:"audiolevel_ext"`
	AudioLevelEvent    bool `json:"audiolevel_event"`
	AudioActivePackets int  `json:"audio_active_packets,omitempty"` // packets; with AudioLevelEvent only
	AudioLevelAverage  int  `json:"audio_level_average,omitempty"`  // -dBov; with AudioLevelEvent only
	VideoOrientExt     bool `json:"videoorient_ext"`
	PlayoutDelayExt    bool `json:"playoutdelay_ext"`
	TransportWideCCExt bool `json:"transport_wide_cc_ext"`
}

// List lists the rooms. It leaves out private ones unless q has the admin key.
func (c *Client) List(ctx context.Context, q List) (*Rooms, error) {
	return plug.Do[Rooms](ctx, c.caller, request("list", q, q.Extra, nil))
}

// Exists asks whether a room exists.
type Exists struct {
	Room plugin.ID `json:"room"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// RoomExists is the answer to Exists.
type RoomExists struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Exists      bool      `json:"exists"`
}

// Exists asks whether a room exists. A room that does not is not an error.
func (c *Client) Exists(ctx context.Context, q Exists) (*RoomExists, error) {
	return plug.Do[RoomExists](ctx, c.caller, request("exists", q, q.Extra, nil))
}

// Action is an action of Allowed on the tokens of a room.
type Action string

// The values of Action.
const (
	ActionEnable  Action = "enable"  // a token is needed to join
	ActionDisable Action = "disable" // no token is needed to join
	ActionAdd     Action = "add"
	ActionRemove  Action = "remove"
)

// Allowed manages the tokens with which one may join a room.
type Allowed struct {
	Room    plugin.ID `json:"room"`
	Secret  string    `json:"secret,omitempty"`
	Action  Action    `json:"action"`
	Allowed []string  `json:"allowed,omitempty"` // tokens to add or to remove

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q Allowed) String() string { return plug.String(q) }

// AllowedTokens is the answer to Allowed.
type AllowedTokens struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Allowed     []string  `json:"allowed,omitempty"` // in no order; nil after ActionDisable
}

// Allowed manages the tokens with which one may join a room.
func (c *Client) Allowed(ctx context.Context, q Allowed) (*AllowedTokens, error) {
	return plug.Do[AllowedTokens](ctx, c.caller, request("allowed", q, q.Extra, nil))
}

// EnableRecording starts or stops the recording of all publishers of a room.
type EnableRecording struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"`
	Record bool      `json:"record"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q EnableRecording) String() string { return plug.String(q) }

// RecordingEnabled is the answer to EnableRecording.
type RecordingEnabled struct {
	plugin.Meta `json:"-"`
	Record      bool `json:"record"`
}

// EnableRecording starts or stops the recording of all publishers of a room.
func (c *Client) EnableRecording(ctx context.Context, q EnableRecording) (*RecordingEnabled, error) {
	return plug.Do[RecordingEnabled](ctx, c.caller, request("enable_recording", q, q.Extra, nil))
}
