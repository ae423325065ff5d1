package textroom

import (
	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an answer of the TextRoom plugin on the Janus API, or an answer or an
// event of the data channel: a pointer to one of the structs of this package
// that embed plugin.Meta, or *plugin.Failure or *plugin.Unknown.
type Event = plugin.Event

// Negotiation is the answer to Setup, Ack and Restart. JSEP is Janus's offer; it
// is nil in the answer to Ack.
type Negotiation struct {
	plugin.Meta `json:"-"`
	Result      string `json:"result"` // "ok"
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
	PINRequired     bool      `json:"pin_required"`
	NumParticipants int       `json:"num_participants"`
	History         int       `json:"history"` // messages that are kept for those who join later
}

// Participants is the answer to ListParticipants.
type Participants struct {
	plugin.Meta  `json:"-"`
	Room         plugin.ID     `json:"room"`
	Participants []Participant `json:"participants"`
}

// Participant describes a participant of a room.
type Participant struct {
	Username string `json:"username"`
	Display  string `json:"display,omitempty"` // empty if the participant has none
}

// RoomExists is the answer to Exists.
type RoomExists struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Exists      bool      `json:"exists"`
}

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

// AllowedTokens is the answer to Allowed.
type AllowedTokens struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Allowed     []string  `json:"allowed,omitempty"` // all tokens in the list; nil after ActionDisable
}

// Success is the answer to Kick and Announcement.
type Success struct {
	plugin.Meta `json:"-"`
}

// Parse makes an event of a message from Handle.Events. It returns false if msg
// is not from the TextRoom plugin. The events of rooms do not arrive there but
// over the data channel: see ParseData. Parse only makes answers that no call
// was waiting for.
func Parse(msg any) (Event, bool) { return plug.Parse(msg, Name, kind) }

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	switch plug.Text(msg, "textroom") {
	case "event":
		if plug.Has(msg, "result") {
			return new(Negotiation)
		}
	case "success":
		return success(msg)
	case "":
		return unnamed(msg)
	case "created":
		return new(Created)
	case "edited":
		return new(Edited)
	case "destroyed":
		return new(Destroyed)
	}
	return nil
}

// unnamed returns an empty event for a message that has no textroom. Janus 1.1.2
// omits it from the answer to ListParticipants, and misspells it in that to Kick.
func unnamed(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Has(msg, "participants"):
		return new(Participants)
	case plug.Text(msg, "textbridge") == "success":
		return new(Success)
	}
	return nil
}

// success returns an empty event for a message whose textroom is "success".
func success(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Has(msg, "list"):
		return new(Rooms)
	case plug.Has(msg, "participants"):
		return new(Participants)
	case plug.Has(msg, "exists"):
		return new(RoomExists)
	case plug.Has(msg, "room"):
		return new(AllowedTokens)
	}
	return new(Success)
}
