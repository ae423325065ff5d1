package audiobridge

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// RTPForward sends the mix of a room, or of one of its groups, to an RTP
// receiver.
type RTPForward struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one
	Group  string    `json:"group,omitempty"`  // the group to forward; default: all participants

	Host       string     `json:"host"`                  // address or name of the receiver
	HostFamily HostFamily `json:"host_family,omitempty"` // default: any
	Port       int        `json:"port"`                  // UDP port of the receiver

	Codec Codec  `json:"codec,omitempty"` // default: CodecOpus
	PType int    `json:"ptype,omitempty"` // RTP payload type, for Opus only; default 100
	SSRC  uint32 `json:"ssrc,omitempty"`  // default: the stream id

	SRTPSuite  SRTPSuite `json:"srtp_suite,omitempty"`  // only with SRTPCrypto
	SRTPCrypto string    `json:"srtp_crypto,omitempty"` // base64 of the master key and salt, 30 bytes; default: no encryption

	AlwaysOn bool `json:"always_on,omitempty"` // whether silence is sent while the room is empty

	AdminKey string `json:"admin_key,omitempty"` // if the plugin's configuration has lock_rtp_forward

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// RTPForward sends the mix of a room to an RTP receiver, until StopRTPForward.
func (c *Client) RTPForward(ctx context.Context, q RTPForward) (*RTPForwarding, error) {
	return plug.Do[RTPForwarding](ctx, c.caller, request("rtp_forward", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q RTPForward) String() string { return plug.String(q) }

// StopRTPForward ends a forwarder.
type StopRTPForward struct {
	Room     plugin.ID `json:"room"`
	Secret   string    `json:"secret,omitempty"` // of the room, if it has one
	StreamID uint32    `json:"stream_id"`
	AdminKey string    `json:"admin_key,omitempty"` // if the plugin's configuration has lock_rtp_forward

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// StopRTPForward ends a forwarder. Janus reports success even if there is no
// such forwarder.
func (c *Client) StopRTPForward(ctx context.Context, q StopRTPForward) (*RTPForwardStopped, error) {
	return plug.Do[RTPForwardStopped](ctx, c.caller, request("stop_rtp_forward", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q StopRTPForward) String() string { return plug.String(q) }

// ListForwarders lists the forwarders of a room.
type ListForwarders struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// ListForwarders lists the forwarders of a room.
func (c *Client) ListForwarders(ctx context.Context, q ListForwarders) (*Forwarders, error) {
	return plug.Do[Forwarders](ctx, c.caller, request("listforwarders", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q ListForwarders) String() string { return plug.String(q) }

// PlayFile plays an announcement in a room.
type PlayFile struct {
	Room     plugin.ID `json:"room"`
	Secret   string    `json:"secret,omitempty"`  // of the room, if it has one
	Group    string    `json:"group,omitempty"`   // the group to play to; needed if the room has groups
	FileID   string    `json:"file_id,omitempty"` // of the announcement; default: chosen by Janus
	Filename string    `json:"filename"`          // path of an .opus file (Ogg) on the server
	Loop     bool      `json:"loop,omitempty"`    // whether the file is played until StopFile

	AdminKey string `json:"admin_key,omitempty"` // if the plugin's configuration has lock_play_file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// PlayFile plays an announcement in a room. The participants receive an
// AnnouncementStarted and an AnnouncementStopped. A Janus that was built without
// libogg answers this and the other requests about files with
// ErrorInvalidRequest.
func (c *Client) PlayFile(ctx context.Context, q PlayFile) (*File, error) {
	return plug.Do[File](ctx, c.caller, request("play_file", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q PlayFile) String() string { return plug.String(q) }

// IsPlaying asks whether an announcement is playing.
type IsPlaying struct {
	Room     plugin.ID `json:"room"`
	Secret   string    `json:"secret,omitempty"` // of the room, if it has one
	FileID   string    `json:"file_id"`
	AdminKey string    `json:"admin_key,omitempty"` // if the plugin's configuration has lock_play_file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// IsPlaying asks whether an announcement is playing.
func (c *Client) IsPlaying(ctx context.Context, q IsPlaying) (*Playing, error) {
	return plug.Do[Playing](ctx, c.caller, request("is_playing", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q IsPlaying) String() string { return plug.String(q) }

// StopFile ends an announcement.
type StopFile struct {
	Room     plugin.ID `json:"room"`
	Secret   string    `json:"secret,omitempty"` // of the room, if it has one
	FileID   string    `json:"file_id"`
	AdminKey string    `json:"admin_key,omitempty"` // if the plugin's configuration has lock_play_file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// StopFile ends an announcement.
func (c *Client) StopFile(ctx context.Context, q StopFile) (*File, error) {
	return plug.Do[File](ctx, c.caller, request("stop_file", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q StopFile) String() string { return plug.String(q) }

// StopAllFiles ends all announcements of a room.
type StopAllFiles struct {
	Room     plugin.ID `json:"room"`
	Secret   string    `json:"secret,omitempty"`    // of the room, if it has one
	AdminKey string    `json:"admin_key,omitempty"` // if the plugin's configuration has lock_play_file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// StopAllFiles ends all announcements of a room. Since 1.3.2.
func (c *Client) StopAllFiles(ctx context.Context, q StopAllFiles) (*FilesStopped, error) {
	return plug.Do[FilesStopped](ctx, c.caller, request("stop_all_files", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q StopAllFiles) String() string { return plug.String(q) }

// ListAnnouncements lists the announcements of a room.
type ListAnnouncements struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// ListAnnouncements lists the announcements of a room. Since 1.2.4.
func (c *Client) ListAnnouncements(ctx context.Context, q ListAnnouncements) (*Announcements, error) {
	return plug.Do[Announcements](ctx, c.caller, request("listannouncements", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q ListAnnouncements) String() string { return plug.String(q) }
