package videoroom

import (
	"context"
	"encoding/json"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Kick removes a participant from a room.
type Kick struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"`
	ID     plugin.ID `json:"id"` // of the participant

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q Kick) String() string { return plug.String(q) }

// Kick removes a participant from a room. In rooms with Create.RequirePrivateID
// its subscriptions end too.
func (c *Client) Kick(ctx context.Context, q Kick) error {
	return plug.Send(ctx, c.caller, request("kick", q, q.Extra, nil))
}

// Moderate mutes or unmutes a stream of a publisher.
type Moderate struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"`
	ID     plugin.ID `json:"id"`  // of the publisher
	Mid    string    `json:"mid"` // of its stream
	Mute   bool      `json:"mute"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q Moderate) String() string { return plug.String(q) }

// Moderate mutes or unmutes a stream of a publisher.
func (c *Client) Moderate(ctx context.Context, q Moderate) error {
	return plug.Send(ctx, c.caller, request("moderate", q, q.Extra, nil))
}

// ListParticipants lists the participants of a room.
type ListParticipants struct {
	Room plugin.ID `json:"room"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Participants is the answer to ListParticipants.
type Participants struct {
	plugin.Meta  `json:"-"`
	Room         plugin.ID     `json:"room"`
	Participants []Participant `json:"participants"`
}

// Participant is a participant of a room. Subscribers are not participants.
type Participant struct {
	ID        plugin.ID       `json:"id"`
	Display   string          `json:"display,omitempty"`
	Metadata  json.RawMessage `json:"metadata,omitempty"` // any JSON object; since 1.3.0
	Dummy     bool            `json:"dummy,omitempty"`    // see Create.DummyPublisher
	Remote    bool            `json:"remote,omitempty"`   // see AddRemotePublisher
	Publisher bool            `json:"publisher"`          // whether it publishes
	Talking   bool            `json:"talking,omitempty"`  // if the publisher sends audio levels
}

// ListParticipants lists the participants of a room.
func (c *Client) ListParticipants(ctx context.Context, q ListParticipants) (*Participants, error) {
	return plug.Do[Participants](ctx, c.caller, request("listparticipants", q, q.Extra, nil))
}
