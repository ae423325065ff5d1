package textroom

import (
	"encoding/json"
	"fmt"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// Answer is the answer to a request on the data channel that has succeeded. The
// request decides which fields are set.
type Answer struct {
	plugin.Meta  `json:"-"`
	Rooms        []Room          `json:"list,omitempty"`         // List
	Room         plugin.ID       `json:"room,omitzero"`          // ListParticipants, Exists, Create, Edit, Destroy, Allowed
	Exists       bool            `json:"exists,omitempty"`       // Exists
	Permanent    bool            `json:"permanent,omitempty"`    // Create, Edit, Destroy: as in Created, Edited, Destroyed
	Allowed      []string        `json:"allowed,omitempty"`      // Allowed: as in AllowedTokens
	Participants []Participant   `json:"participants,omitempty"` // ListParticipants; Join: the others in the room
	Sent         map[string]bool `json:"sent,omitempty"`         // Message with To or Tos: whether each of them is in the room
}

// MessageReceived is sent when somebody sends a message to the room, or to this
// participant. After Join, it may also be an old message.
type MessageReceived struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	From        string    `json:"from"`              // username
	Display     string    `json:"display,omitempty"` // only in old messages, of senders who have one
	Date        Date      `json:"date"`
	Text        string    `json:"text"`
	Whisper     bool      `json:"whisper,omitempty"` // whether the message is private
}

// AnnouncementReceived is sent to all participants for a request Announcement.
type AnnouncementReceived struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Date        Date      `json:"date"`
	Text        string    `json:"text"`
}

// ParticipantJoined is sent when somebody joins the room, also to the one who
// joins.
type ParticipantJoined struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Username    string    `json:"username"`
	Display     string    `json:"display,omitempty"`
}

// ParticipantLeft is sent when somebody leaves the room, or is gone with their
// PeerConnection. The one who leaves receives it, too.
type ParticipantLeft struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Username    string    `json:"username"`
}

// Kicked is sent when somebody is removed from the room by a request Kick, also
// to the one who is removed.
type Kicked struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Username    string    `json:"username"`
}

// RoomDestroyed is sent to all participants when the room is destroyed.
type RoomDestroyed struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

// Date is a time as Janus writes it: 2026-01-31T12:00:00+0100. It is in the time
// zone of the server.
type Date string

// Time returns the time.
func (d Date) Time() (time.Time, error) { return time.Parse("2006-01-02T15:04:05-0700", string(d)) }

// ParseData makes an event of a text that the data channel has received. It
// retains text as the Raw of the event. Answers have the transaction of their
// request in Meta.Transaction: they are an *Answer, or a *plugin.Failure if Janus
// reports an error, for which errors.Is(failure.Err, textroom.ErrorNoSuchRoom)
// and the like tell why. All other events have no transaction.
//
// ParseData returns an error if text is not a JSON object. An object of a kind
// that is not known, or that cannot be decoded, is a *plugin.Unknown.
func ParseData(text []byte) (Event, error) {
	var d data
	if err := json.Unmarshal(text, &d); err != nil || d.TextRoom == "" && d.Transaction == "" {
		return unknown(text, err)
	}
	return d.event(plugin.Meta{Transaction: d.Transaction, Raw: text}), nil
}

// unknown returns the event for a text that is of no known kind, or cannot be
// decoded because of err.
func unknown(text []byte, err error) (Event, error) {
	var members map[string]json.RawMessage
	if notObject := json.Unmarshal(text, &members); notObject != nil || members == nil {
		return nil, fmt.Errorf("textroom: %.100q is not a JSON object", text)
	}
	var transaction string
	_ = json.Unmarshal(members["transaction"], &transaction) // it stays empty
	return &plugin.Unknown{Meta: plugin.Meta{Transaction: transaction, Raw: text}, Err: err}, nil
}

// data has the members of all answers and events of the data channel.
type data struct {
	TextRoom    string `json:"textroom"`
	Transaction string `json:"transaction"`
	ErrorCode   *int   `json:"error_code"`
	Error       string `json:"error"`

	Room         plugin.ID       `json:"room"`
	Username     string          `json:"username"`
	Display      string          `json:"display"`
	From         string          `json:"from"`
	Date         Date            `json:"date"`
	Text         string          `json:"text"`
	Whisper      bool            `json:"whisper"`
	Rooms        []Room          `json:"list"`
	Exists       bool            `json:"exists"`
	Permanent    bool            `json:"permanent"`
	Allowed      []string        `json:"allowed"`
	Participants []Participant   `json:"participants"`
	Sent         map[string]bool `json:"sent"`
}

// event returns the event of the kind that the data is.
func (d *data) event(meta plugin.Meta) Event {
	if d.ErrorCode != nil {
		return &plugin.Failure{Meta: meta, Err: &janus.PluginError{Plugin: Name, Code: *d.ErrorCode, Reason: d.Error}}
	}
	switch d.TextRoom {
	case "success", "": // Janus 1.1.2 omits it after ListParticipants and misspells it after Kick
		return &Answer{
			Meta: meta, Rooms: d.Rooms, Room: d.Room, Exists: d.Exists, Permanent: d.Permanent,
			Allowed: d.Allowed, Participants: d.Participants, Sent: d.Sent,
		}
	case "message":
		return &MessageReceived{
			Meta: meta, Room: d.Room, From: d.From, Display: d.Display, Date: d.Date, Text: d.Text, Whisper: d.Whisper,
		}
	case "announcement":
		return &AnnouncementReceived{Meta: meta, Room: d.Room, Date: d.Date, Text: d.Text}
	case "join":
		return &ParticipantJoined{Meta: meta, Room: d.Room, Username: d.Username, Display: d.Display}
	case "leave":
		return &ParticipantLeft{Meta: meta, Room: d.Room, Username: d.Username}
	case "kicked":
		return &Kicked{Meta: meta, Room: d.Room, Username: d.Username}
	case "destroyed":
		return &RoomDestroyed{Meta: meta, Room: d.Room}
	}
	return &plugin.Unknown{Meta: meta}
}
