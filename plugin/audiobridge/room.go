package audiobridge

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Create creates a room. All fields are optional.
type Create struct {
	Room        plugin.ID `json:"room,omitzero"`         // default: chosen by Janus
	Description string    `json:"description,omitempty"` // default: "Room" and the id
	Secret      string    `json:"secret,omitempty"`      // needed to edit, destroy and moderate the room; default: none
	PIN         string    `json:"pin,omitempty"`         // needed to join; default: none
	IsPrivate   bool      `json:"is_private,omitempty"`  // whether List omits the room
	Permanent   bool      `json:"permanent,omitempty"`   // whether the room is saved in the configuration file

	// Allowed has the tokens that may join. Nil lets anybody join; an empty list
	// lets nobody join until Client.Allowed adds a token.
	Allowed []string `json:"allowed,omitzero"`

	// SignedTokens makes signed tokens of the core (token_auth_secret) that name
	// the room necessary to join. Since 1.4.2.
	SignedTokens bool `json:"signed_tokens,omitempty"`

	// SamplingRate is that of the mix, in Hz: 8000, 12000, 16000, 24000 or 48000.
	// Default: 16000. It replaces the old name of the field, sampling.
	SamplingRate int `json:"sampling_rate,omitempty"`

	// SpatialAudio makes the mix stereo and gives participants a position in it.
	SpatialAudio bool `json:"spatial_audio,omitempty"`

	// Groups names up to five groups that forwarders can mix separately. If there
	// are any, each participant must join one of them.
	Groups []string `json:"groups,omitempty"`

	Record     bool   `json:"record,omitempty"`      // whether the mix is recorded to a .wav file
	RecordFile string `json:"record_file,omitempty"` // path of the .wav file
	RecordDir  string `json:"record_dir,omitempty"`  // folder that RecordFile is relative to
	MJRs       bool   `json:"mjrs,omitempty"`        // whether each participant is recorded to an .mjr file
	MJRsDir    string `json:"mjrs_dir,omitempty"`    // folder of the .mjr files

	AllowRTPParticipants bool `json:"allow_rtp_participants,omitempty"` // whether plain RTP participants may join; see Join.RTP

	AudioLevelExt      *bool `json:"audiolevel_ext,omitempty"`       // whether the audio level RTP extension is negotiated; default true
	AudioLevelEvent    bool  `json:"audiolevel_event,omitempty"`     // whether Talking and StoppedTalking are sent
	AudioActivePackets int   `json:"audio_active_packets,omitempty"` // packets that the audio level is averaged over; default 100
	AudioLevelAverage  int   `json:"audio_level_average,omitempty"`  // average level from which somebody talks, -dBov (0 loudest to 127 silent); default 25

	DefaultExpectedLoss int `json:"default_expectedloss,omitempty"` // packet loss that Opus' FEC prepares for, percent (0 to 20)
	DefaultBitrate      int `json:"default_bitrate,omitempty"`      // of the mix sent to participants, bit/s (500 to 512,000); 0: decided by Opus

	// DefaultPrebuffering is the number of packets (0 to 50) that are buffered
	// before a participant is decoded. Default: 6. Ignored since 1.2.0.
	DefaultPrebuffering *int `json:"default_prebuffering,omitempty"`

	// Denoise removes noise from all participants, if Janus was built with
	// RNNoise. Since 1.2.3.
	Denoise bool `json:"denoise,omitempty"`

	AdminKey string `json:"admin_key,omitempty"` // of the plugin's configuration, if there is one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Create creates a room.
func (c *Client) Create(ctx context.Context, q Create) (*Created, error) {
	return plug.Do[Created](ctx, c.caller, request("create", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Create) String() string { return plug.String(q) }

// Edit changes a room. Empty fields leave the room as it is.
type Edit struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	NewDescription string  `json:"new_description,omitempty"`
	NewSecret      string  `json:"new_secret,omitempty"`
	NewPIN         *string `json:"new_pin,omitempty"` // an empty string removes the PIN
	NewIsPrivate   *bool   `json:"new_is_private,omitempty"`
	NewRecordDir   string  `json:"new_record_dir,omitempty"` // folder of the recordings of the mix
	NewMJRsDir     string  `json:"new_mjrs_dir,omitempty"`   // folder of the .mjr files
	Permanent      bool    `json:"permanent,omitempty"`      // whether the change is saved in the configuration file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Edit changes a room.
func (c *Client) Edit(ctx context.Context, q Edit) (*Edited, error) {
	return plug.Do[Edited](ctx, c.caller, request("edit", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Edit) String() string { return plug.String(q) }

// Destroy destroys a room.
type Destroy struct {
	Room      plugin.ID `json:"room"`
	Secret    string    `json:"secret,omitempty"`    // of the room, if it has one
	Permanent bool      `json:"permanent,omitempty"` // whether the room is removed from the configuration file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Destroy destroys a room. Its participants receive a RoomDestroyed, and their
// PeerConnections are closed.
func (c *Client) Destroy(ctx context.Context, q Destroy) (*Destroyed, error) {
	return plug.Do[Destroyed](ctx, c.caller, request("destroy", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Destroy) String() string { return plug.String(q) }

// EnableRecording starts or stops recording the mix of a room.
type EnableRecording struct {
	Room       plugin.ID `json:"room"`
	Secret     string    `json:"secret,omitempty"` // of the room, if it has one
	Record     bool      `json:"record"`
	RecordFile string    `json:"record_file,omitempty"` // path of the .wav file
	RecordDir  string    `json:"record_dir,omitempty"`  // folder that RecordFile is relative to

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// EnableRecording starts or stops recording the mix of a room to a .wav file.
func (c *Client) EnableRecording(ctx context.Context, q EnableRecording) (*RecordingEnabled, error) {
	return plug.Do[RecordingEnabled](ctx, c.caller, request("enable_recording", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q EnableRecording) String() string { return plug.String(q) }

// EnableMJRs starts or stops recording each participant of a room.
type EnableMJRs struct {
	Room    plugin.ID `json:"room"`
	Secret  string    `json:"secret,omitempty"` // of the room, if it has one
	MJRs    bool      `json:"mjrs"`
	MJRsDir string    `json:"mjrs_dir,omitempty"` // folder of the .mjr files

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// EnableMJRs starts or stops recording each participant of a room, including
// those who join later, to an .mjr file.
func (c *Client) EnableMJRs(ctx context.Context, q EnableMJRs) (*MJRsEnabled, error) {
	return plug.Do[MJRsEnabled](ctx, c.caller, request("enable_mjrs", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q EnableMJRs) String() string { return plug.String(q) }

// List lists the rooms.
type List struct {
	AdminKey string `json:"admin_key,omitempty"` // makes the list include private rooms

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// List lists the rooms that are not private.
func (c *Client) List(ctx context.Context, q List) (*Rooms, error) {
	return plug.Do[Rooms](ctx, c.caller, request("list", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q List) String() string { return plug.String(q) }

// Exists asks whether a room exists.
type Exists struct {
	Room plugin.ID `json:"room"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Exists asks whether a room exists.
func (c *Client) Exists(ctx context.Context, q Exists) (*RoomExists, error) {
	return plug.Do[RoomExists](ctx, c.caller, request("exists", q, q.Extra))
}

// Allowed changes which tokens may join a room.
type Allowed struct {
	Room    plugin.ID `json:"room"`
	Secret  string    `json:"secret,omitempty"` // of the room, if it has one
	Action  Action    `json:"action"`
	Allowed []string  `json:"allowed,omitempty"` // tokens to add or remove

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Allowed changes which tokens may join a room.
func (c *Client) Allowed(ctx context.Context, q Allowed) (*AllowedTokens, error) {
	return plug.Do[AllowedTokens](ctx, c.caller, request("allowed", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Allowed) String() string { return plug.String(q) }

// MuteRoom mutes all participants of a room.
type MuteRoom struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// MuteRoom mutes all participants of a room, except those who joined with its
// secret. The participants receive a RoomMuted.
func (c *Client) MuteRoom(ctx context.Context, q MuteRoom) (*Success, error) {
	return plug.Do[Success](ctx, c.caller, request("mute_room", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q MuteRoom) String() string { return plug.String(q) }

// UnmuteRoom ends MuteRoom.
type UnmuteRoom struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// UnmuteRoom ends MuteRoom. Participants who are muted themselves remain so.
func (c *Client) UnmuteRoom(ctx context.Context, q UnmuteRoom) (*Success, error) {
	return plug.Do[Success](ctx, c.caller, request("unmute_room", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q UnmuteRoom) String() string { return plug.String(q) }

// KickAll removes all participants from a room.
type KickAll struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// KickAll removes all participants from a room. Each of them receives a
// KickedAll. Janus removes them a moment after its answer. Janus 1.4.1 does not
// remove plain RTP participants, although it says so.
func (c *Client) KickAll(ctx context.Context, q KickAll) error {
	return plug.Send(ctx, c.caller, request("kick_all", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q KickAll) String() string { return plug.String(q) }
