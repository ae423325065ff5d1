package streaming

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// List lists the mountpoints.
type List struct {
	AdminKey string `json:"admin_key,omitempty"` // makes the list include private mountpoints

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// List lists the mountpoints that are not private.
func (c *Client) List(ctx context.Context, q List) (*Mountpoints, error) {
	return plug.Do[Mountpoints](ctx, c.caller, request("list", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q List) String() string { return plug.String(q) }

// Info asks for the details of a mountpoint.
type Info struct {
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the mountpoint, for the details that are not public

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Info asks for the details of a mountpoint. With a wrong secret, the answer has
// the public ones only.
func (c *Client) Info(ctx context.Context, q Info) (*MountpointInfo, error) {
	return plug.Do[MountpointInfo](ctx, c.caller, request("info", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Info) String() string { return plug.String(q) }

// Edit changes a mountpoint. Empty fields leave the mountpoint as it is.
type Edit struct {
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the mountpoint, if it has one

	NewDescription string  `json:"new_description,omitempty"`
	NewMetadata    *string `json:"new_metadata,omitempty"`
	NewSecret      string  `json:"new_secret,omitempty"`
	NewPIN         *string `json:"new_pin,omitempty"` // an empty string removes the PIN
	NewIsPrivate   *bool   `json:"new_is_private,omitempty"`
	Permanent      bool    `json:"permanent,omitempty"`    // whether the change is saved in the configuration file
	EditedEvent    bool    `json:"edited_event,omitempty"` // whether viewers receive MountpointEdited if the metadata changes

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Edit changes a mountpoint.
func (c *Client) Edit(ctx context.Context, q Edit) (*Edited, error) {
	return plug.Do[Edited](ctx, c.caller, request("edit", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Edit) String() string { return plug.String(q) }

// Destroy destroys a mountpoint.
type Destroy struct {
	ID        plugin.ID `json:"id"`
	Secret    string    `json:"secret,omitempty"`    // of the mountpoint, if it has one
	Permanent bool      `json:"permanent,omitempty"` // whether the mountpoint is removed from the configuration file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Destroy destroys a mountpoint. Its viewers receive Stopped, and their
// PeerConnections are closed.
func (c *Client) Destroy(ctx context.Context, q Destroy) (*Destroyed, error) {
	return plug.Do[Destroyed](ctx, c.caller, request("destroy", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Destroy) String() string { return plug.String(q) }

// Enable ends Disable.
type Enable struct {
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the mountpoint, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Enable ends Disable.
func (c *Client) Enable(ctx context.Context, q Enable) error {
	return plug.Send(ctx, c.caller, request("enable", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Enable) String() string { return plug.String(q) }

// Disable stops the media of a mountpoint.
type Disable struct {
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the mountpoint, if it has one

	// StopRecording says whether recordings of the mountpoint end. Default: true.
	//
	// Set it to false for a mountpoint of RTP or RTSP unless all its streams are
	// being recorded: otherwise Janus, up to 1.4.2 at least, crashes, and with it
	// the sessions of all its users end.
	StopRecording *bool `json:"stop_recording,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Disable stops the media of a mountpoint until Enable. Its viewers are not told.
//
// See Disable.StopRecording for a fault of Janus that makes it crash.
func (c *Client) Disable(ctx context.Context, q Disable) error {
	return plug.Send(ctx, c.caller, request("disable", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Disable) String() string { return plug.String(q) }

// KickAll removes all viewers from a mountpoint.
type KickAll struct {
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the mountpoint, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// KickAll removes all viewers from a mountpoint. They receive KickedAll, and
// their PeerConnections are closed.
func (c *Client) KickAll(ctx context.Context, q KickAll) error {
	return plug.Send(ctx, c.caller, request("kick_all", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q KickAll) String() string { return plug.String(q) }
