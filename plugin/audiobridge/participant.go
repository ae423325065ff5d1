package audiobridge

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// ListParticipants lists the participants of a room.
type ListParticipants struct {
	Room plugin.ID `json:"room"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// ListParticipants lists the participants of a room.
func (c *Client) ListParticipants(ctx context.Context, q ListParticipants) (*Participants, error) {
	return plug.Do[Participants](ctx, c.caller, request("listparticipants", q, q.Extra))
}

// Mute mutes a participant.
type Mute struct {
	Room   plugin.ID `json:"room"`
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Mute mutes a participant. All participants of the room receive a
// ParticipantUpdated.
func (c *Client) Mute(ctx context.Context, q Mute) (*Success, error) {
	return plug.Do[Success](ctx, c.caller, request("mute", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Mute) String() string { return plug.String(q) }

// Unmute ends Mute.
type Unmute struct {
	Room   plugin.ID `json:"room"`
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Unmute ends Mute. All participants of the room receive a ParticipantUpdated.
func (c *Client) Unmute(ctx context.Context, q Unmute) (*Success, error) {
	return plug.Do[Success](ctx, c.caller, request("unmute", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Unmute) String() string { return plug.String(q) }

// DenoiseEnable removes noise from the audio of a participant.
type DenoiseEnable struct {
	Room   plugin.ID `json:"room"`
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// DenoiseEnable removes noise from the audio of a participant. Since 1.2.3; a
// Janus that was built without RNNoise answers ErrorInvalidRequest.
func (c *Client) DenoiseEnable(ctx context.Context, q DenoiseEnable) (*Success, error) {
	return plug.Do[Success](ctx, c.caller, request("denoise_enable", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q DenoiseEnable) String() string { return plug.String(q) }

// DenoiseDisable ends DenoiseEnable.
type DenoiseDisable struct {
	Room   plugin.ID `json:"room"`
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// DenoiseDisable ends DenoiseEnable. Since 1.2.3; a Janus that was built without
// RNNoise answers ErrorInvalidRequest.
func (c *Client) DenoiseDisable(ctx context.Context, q DenoiseDisable) (*Success, error) {
	return plug.Do[Success](ctx, c.caller, request("denoise_disable", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q DenoiseDisable) String() string { return plug.String(q) }

// Kick removes a participant from a room.
type Kick struct {
	Room   plugin.ID `json:"room"`
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Kick removes a participant from a room. All participants, including the one
// who is removed, receive a Kicked. Janus removes the participant a moment after
// its answer; the others then receive a ParticipantLeft. Janus 1.4.1 does not
// remove plain RTP participants, although it says so.
func (c *Client) Kick(ctx context.Context, q Kick) error {
	return plug.Send(ctx, c.caller, request("kick", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Kick) String() string { return plug.String(q) }

// Suspend excludes a participant from the mix.
type Suspend struct {
	Room   plugin.ID `json:"room"`
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one; not needed to suspend oneself

	PauseEvents bool `json:"pause_events,omitempty"` // whether the participant receives no events until Resume
	StopRecord  bool `json:"stop_record,omitempty"`  // whether the recording of the participant ends

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Suspend excludes a participant from the mix: its audio is not mixed, and no
// audio is sent to it. All participants of the room receive a Suspended. Since
// 1.2.1. Suspend and Resume need a handle: sent with message_plugin of the Admin
// API, they crash Janus 1.4.1.
func (c *Client) Suspend(ctx context.Context, q Suspend) error {
	return plug.Send(ctx, c.caller, request("suspend", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Suspend) String() string { return plug.String(q) }

// Resume ends Suspend.
type Resume struct {
	Room   plugin.ID `json:"room"`
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the room, if it has one; not needed to resume oneself

	Record   bool   `json:"record,omitempty"`   // whether the participant is recorded from now on
	Filename string `json:"filename,omitempty"` // base path of the .mjr file

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Resume ends Suspend. All participants of the room receive a Resumed. Since
// 1.2.1.
func (c *Client) Resume(ctx context.Context, q Resume) error {
	return plug.Send(ctx, c.caller, request("resume", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Resume) String() string { return plug.String(q) }

// ResetDecoder makes Janus replace the Opus decoder of the handle's participant.
func (c *Client) ResetDecoder(ctx context.Context) error {
	return plug.Send(ctx, c.caller, request("resetdecoder", nil, nil))
}
