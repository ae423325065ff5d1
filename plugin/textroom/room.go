package textroom

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// List lists the rooms.
type List struct {
	AdminKey string `json:"admin_key,omitempty"` // makes the list include private rooms

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// List lists the rooms that are not private.
func (c *Client) List(ctx context.Context, q List) (*Rooms, error) {
	return plug.Do[Rooms](ctx, c.caller, q.request())
}

func (q List) request() *plug.Request { return request("list", q, q.Extra) }

// String returns the request as JSON, with its secrets masked.
func (q List) String() string { return plug.String(q) }

// ListParticipants lists the participants of a room.
type ListParticipants struct {
	Room plugin.ID `json:"room"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// ListParticipants lists the participants of a room.
func (c *Client) ListParticipants(ctx context.Context, q ListParticipants) (*Participants, error) {
	return plug.Do[Participants](ctx, c.caller, q.request())
}

func (q ListParticipants) request() *plug.Request { return request("listparticipants", q, q.Extra) }

// Exists asks whether a room exists.
type Exists struct {
	Room plugin.ID `json:"room"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Exists asks whether a room exists.
func (c *Client) Exists(ctx context.Context, q Exists) (*RoomExists, error) {
	return plug.Do[RoomExists](ctx, c.caller, q.request())
}

func (q Exists) request() *plug.Request { return request("exists", q, q.Extra) }

// Create creates a room. All fields are optional.
type Create struct {
	Room        plugin.ID `json:"room,omitzero"`         // default: chosen by Janus
	Description string    `json:"description,omitempty"` // default: "Room" and the id
	Secret      string    `json:"secret,omitempty"`      // needed to edit, destroy and moderate the room; default: none
	PIN         string    `json:"pin,omitempty"`         // needed to join; default: none
	IsPrivate   bool      `json:"is_private,omitempty"`  // whether List omits the room
	History     int       `json:"history,omitempty"`     // messages that are kept for those who join later; default 0
	Permanent   bool      `json:"permanent,omitempty"`   // whether the room is saved in the configuration file

	// Post is a URL to which Janus sends each public message, as an HTTP POST of
	// the JSON of MessageReceived. Janus ignores it if it was built without
	// libcurl.
	Post string `json:"post,omitempty"`

	// Allowed has the tokens that may join. Nil lets anybody join; an empty list
	// lets nobody join until a request Allowed adds a token.
	Allowed []string `json:"allowed,omitzero"`

	AdminKey string `json:"admin_key,omitempty"` // of the plugin's configuration, if there is one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Create creates a room.
func (c *Client) Create(ctx context.Context, q Create) (*Created, error) {
	return plug.Do[Created](ctx, c.caller, q.request())
}

func (q Create) request() *plug.Request { return request("create", q, q.Extra) }

// String returns the request as JSON, with its secrets masked.
func (q Create) String() string { return plug.String(q) }

// Edit changes a room. Empty fields leave the room as it is; Janus cannot remove
// a secret or a PIN.
type Edit struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	NewDescription string `json:"new_description,omitempty"`
	NewSecret      string `json:"new_secret,omitempty"`
	NewPIN         string `json:"new_pin,omitempty"`
	NewPost        string `json:"new_post,omitempty"` // URL; see Create.Post
	NewIsPrivate   *bool  `json:"new_is_private,omitempty"`
	Permanent      bool   `json:"permanent,omitempty"` // whether the change is saved in the configuration file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Edit changes a room.
func (c *Client) Edit(ctx context.Context, q Edit) (*Edited, error) {
	return plug.Do[Edited](ctx, c.caller, q.request())
}

func (q Edit) request() *plug.Request { return request("edit", q, q.Extra) }

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

// Destroy destroys a room. Its participants receive a RoomDestroyed; their
// PeerConnections stay.
func (c *Client) Destroy(ctx context.Context, q Destroy) (*Destroyed, error) {
	return plug.Do[Destroyed](ctx, c.caller, q.request())
}

func (q Destroy) request() *plug.Request { return request("destroy", q, q.Extra) }

// String returns the request as JSON, with its secrets masked.
func (q Destroy) String() string { return plug.String(q) }

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
	return plug.Do[AllowedTokens](ctx, c.caller, q.request())
}

func (q Allowed) request() *plug.Request { return request("allowed", q, q.Extra) }

// String returns the request as JSON, with its secrets masked.
func (q Allowed) String() string { return plug.String(q) }

// Kick removes a participant from a room.
type Kick struct {
	Room     plugin.ID `json:"room"`
	Secret   string    `json:"secret,omitempty"` // of the room, if it has one
	Username string    `json:"username"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Kick removes a participant from a room. All participants, including this one,
// receive a Kicked.
func (c *Client) Kick(ctx context.Context, q Kick) error {
	return plug.Send(ctx, c.caller, q.request())
}

func (q Kick) request() *plug.Request { return request("kick", q, q.Extra) }

// String returns the request as JSON, with its secrets masked.
func (q Kick) String() string { return plug.String(q) }

// Announcement sends a text to all participants of a room.
type Announcement struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one
	Text   string    `json:"text"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Announcement sends a text to all participants of a room, who receive an
// AnnouncementReceived.
func (c *Client) Announcement(ctx context.Context, q Announcement) error {
	return plug.Send(ctx, c.caller, q.request())
}

func (q Announcement) request() *plug.Request { return request("announcement", q, q.Extra) }

// String returns the request as JSON, with its secrets masked.
func (q Announcement) String() string { return plug.String(q) }
