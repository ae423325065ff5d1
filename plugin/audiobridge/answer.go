package audiobridge

import "github.com/cameronelliott/janus-go/plugin"

// Created is the answer to Create.
type Created struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Permanent   bool      `json:"permanent"` // whether the room was saved in the configuration file
}

// Edited is the answer to Edit.
type Edited struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Permanent   bool      `json:"permanent"` // whether the change was saved in the configuration file
}

// Destroyed is the answer to Destroy.
type Destroyed struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Permanent   bool      `json:"permanent"` // whether the room was removed from the configuration file
}

// RecordingEnabled is the answer to EnableRecording.
type RecordingEnabled struct {
	plugin.Meta `json:"-"`
	Record      bool `json:"record"` // whether the mix is recorded now
}

// MJRsEnabled is the answer to EnableMJRs.
type MJRsEnabled struct {
	plugin.Meta `json:"-"`
	MJRs        bool `json:"mjrs"` // whether the participants are recorded now
}

// Rooms is the answer to List.
type Rooms struct {
	plugin.Meta `json:"-"`
	Rooms       []Room `json:"list"`
}

// Room describes a room.
type Room struct {
	Room            plugin.ID `json:"room"`
	Description     string    `json:"description"`
	SamplingRate    int       `json:"sampling_rate"` // of the mix, Hz
	SpatialAudio    bool      `json:"spatial_audio"`
	PINRequired     bool      `json:"pin_required"`
	Record          bool      `json:"record"` // whether the mix is recorded
	Muted           bool      `json:"muted"`
	NumParticipants int       `json:"num_participants"`
}

// RoomExists is the answer to Exists.
type RoomExists struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Exists      bool      `json:"exists"`
}

// AllowedTokens is the answer to Allowed.
type AllowedTokens struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Allowed     []string  `json:"allowed,omitempty"` // all tokens in the list; nil after ActionDisable
}

// Success is the answer to Mute, Unmute, MuteRoom, UnmuteRoom, DenoiseEnable and
// DenoiseDisable. Parse also returns it for requests whose answer says nothing
// else.
type Success struct {
	plugin.Meta `json:"-"`

	// Room is unset if the request changed nothing, such as Mute of a participant
	// who was muted already.
	Room plugin.ID `json:"room,omitzero"`
}

// Participants is the answer to ListParticipants.
type Participants struct {
	plugin.Meta  `json:"-"`
	Room         plugin.ID     `json:"room"`
	Participants []Participant `json:"participants"`
}

// Participant describes a participant of a room.
type Participant struct {
	ID      plugin.ID `json:"id"`
	Display string    `json:"display,omitempty"` // empty if the participant has none
	Setup   bool      `json:"setup"`             // whether its media are set up
	Muted   bool      `json:"muted"`

	// Talking is nil if the participant does not send audio levels. It is always
	// nil in ParticipantJoined and ParticipantUpdated.
	Talking *bool `json:"talking,omitempty"`

	// SpatialPosition is 0 for left, 50 for the center and 100 for right. It is
	// nil if the room has no spatial audio.
	SpatialPosition *int `json:"spatial_position,omitempty"`

	// Suspended reports whether the participant is suspended. In Joined and
	// RoomChanged, Janus says whether the one who joins is suspended instead.
	// Since 1.2.1.
	Suspended bool `json:"suspended,omitempty"`
}

// RTPForwarding is the answer to RTPForward.
type RTPForwarding struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Group       string    `json:"group,omitempty"` // empty if all participants are forwarded
	StreamID    uint32    `json:"stream_id"`       // of the forwarder, for StopRTPForward
	Host        string    `json:"host"`            // address of the receiver
	Port        int       `json:"port"`            // UDP port of the receiver
}

// RTPForwardStopped is the answer to StopRTPForward.
type RTPForwardStopped struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	StreamID    uint32    `json:"stream_id"`
}

// Forwarders is the answer to ListForwarders.
type Forwarders struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID   `json:"room"`
	Forwarders  []Forwarder `json:"rtp_forwarders"`
}

// Forwarder describes an RTP forwarder.
type Forwarder struct {
	StreamID uint32 `json:"stream_id"`
	Group    string `json:"group,omitempty"` // empty if all participants are forwarded
	IP       string `json:"ip"`              // address of the receiver
	Port     int    `json:"port"`            // UDP port of the receiver
	SSRC     uint32 `json:"ssrc"`
	Codec    Codec  `json:"codec"`
	PType    int    `json:"ptype"` // RTP payload type
	SRTP     bool   `json:"srtp,omitempty"`
	AlwaysOn bool   `json:"always_on"` // whether silence is sent while the room is empty
}

// File is the answer to PlayFile and StopFile.
type File struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	FileID      string    `json:"file_id"`
}

// Playing is the answer to IsPlaying.
type Playing struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	FileID      string    `json:"file_id"`
	Playing     bool      `json:"playing"`
}

// FilesStopped is the answer to StopAllFiles.
type FilesStopped struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	FileIDs     []string  `json:"file_id_list"` // of the announcements that were playing
}

// Announcements is the answer to ListAnnouncements.
type Announcements struct {
	plugin.Meta   `json:"-"`
	Room          plugin.ID      `json:"room"`
	Announcements []Announcement `json:"announcements"`
}

// Announcement describes a file that is played in a room.
type Announcement struct {
	FileID   string `json:"file_id"`
	Filename string `json:"filename,omitempty"` // path on the server
	Playing  bool   `json:"playing"`
	Loop     bool   `json:"loop"`
}

// Joined is the answer to Join.
type Joined struct {
	plugin.Meta  `json:"-"`
	Room         plugin.ID     `json:"room"`
	ID           plugin.ID     `json:"id"`            // of the handle's participant
	Participants []Participant `json:"participants"`  // the others
	RTP          *LocalRTP     `json:"rtp,omitempty"` // nil unless the participant uses plain RTP
}

// LocalRTP is the address at which Janus receives the RTP of a participant.
type LocalRTP struct {
	IP          string `json:"ip"`
	Port        int    `json:"port"` // UDP
	PayloadType int    `json:"payload_type"`
}

// Configured is the answer to Configure.
type Configured struct {
	plugin.Meta `json:"-"`
	Result      string `json:"result"` // "ok"
}

// RoomChanged is the answer to ChangeRoom.
type RoomChanged struct {
	plugin.Meta  `json:"-"`
	Room         plugin.ID     `json:"room"`         // the new room
	ID           plugin.ID     `json:"id"`           // of the handle's participant in the new room
	Participants []Participant `json:"participants"` // the others in the new room
}

// Left is the answer to Leave.
type Left struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room,omitzero"`
	ID          plugin.ID `json:"id"` // of the handle's participant
}

// HangingUp is the answer to Hangup.
type HangingUp struct {
	plugin.Meta `json:"-"`
}
