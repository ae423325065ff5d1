package textroom

import (
	"encoding/json"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/internal/wire"
	"github.com/cameronelliott/janus-go/plugin"
)

// DataRequest is a request that can be sent over the data channel: Join, Leave,
// Message, or one of the requests that manage rooms: List, ListParticipants,
// Exists, Create, Edit, Destroy, Allowed, Kick and Announcement.
type DataRequest interface {
	request() *plug.Request
}

// Join joins a room. The handle may be in several rooms.
//
// Before the answer, the participant receives the newest public messages of the
// room, if the room keeps any, and its own ParticipantJoined. The Participants of
// the answer are the others in the room.
type Join struct {
	Room     plugin.ID `json:"room"`
	Username string    `json:"username"` // must be unique in the room
	PIN      string    `json:"pin,omitempty"`
	Token    string    `json:"token,omitempty"`   // one of the tokens of the room, if it demands one
	Display  string    `json:"display,omitempty"` // name for the others to see
	History  *bool     `json:"history,omitempty"` // whether to receive old messages; default true

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

func (q Join) request() *plug.Request { return request("join", q, q.Extra) }

// String returns the request as JSON, with its secrets masked.
func (q Join) String() string { return plug.String(q) }

// Leave leaves a room.
type Leave struct {
	Room plugin.ID `json:"room"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

func (q Leave) request() *plug.Request { return request("leave", q, q.Extra) }

// Message sends a text to the participants of a room, who receive a
// MessageReceived. If it is public, so does the sender. Use To or Tos, but not
// both, to make it private: the Sent of the answer then has the usernames, and
// whether they are in the room.
type Message struct {
	Room plugin.ID `json:"room"`
	Text string    `json:"text"`
	To   string    `json:"to,omitempty"`  // username of the only receiver
	Tos  []string  `json:"tos,omitempty"` // usernames of the receivers

	// Ack makes Janus answer the request; default true. Errors are answered even
	// if it is false.
	Ack *bool `json:"ack,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

func (q Message) request() *plug.Request { return request("message", q, q.Extra) }

// MarshalData returns the JSON of a request for the data channel. It is to be
// sent as text: Janus ignores binary messages. The answer, if there is one, has
// the same transaction, which may be any string.
func MarshalData(transaction string, q DataRequest) ([]byte, error) {
	r := q.request()
	body, err := (&plug.Request{Fields: r.Fields, Extra: r.Extra}).Body()
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(struct {
		TextRoom    string `json:"textroom"`
		Transaction string `json:"transaction"`
	}{r.Name, transaction})
	if err != nil {
		return nil, err
	}
	return wire.AppendMembers(head, body), nil
}
