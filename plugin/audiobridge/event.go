package audiobridge

import (
	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an event of the AudioBridge plugin:
//
//   - *ParticipantJoined, *ParticipantUpdated, *ParticipantLeft,
//   - *Kicked, *KickedAll, *RoomMuted, *RoomDestroyed, *Suspended, *Resumed,
//   - *Talking, *StoppedTalking, *AnnouncementStarted, *AnnouncementStopped,
//   - the answer to a call that did not wait for it, such as *Joined,
//   - *plugin.Failure or *plugin.Unknown.
type Event = plugin.Event

// ParticipantJoined is sent to the participants of a room when another one joins
// it.
type ParticipantJoined struct {
	plugin.Meta  `json:"-"`
	Room         plugin.ID     `json:"room"`
	Participants []Participant `json:"participants"` // the one who joined
}

// ParticipantUpdated is sent to the participants of a room when another one is
// changed with Configure, or sets up its media, and to all of them when somebody
// is muted or unmuted with Mute or Unmute.
type ParticipantUpdated struct {
	plugin.Meta  `json:"-"`
	Room         plugin.ID     `json:"room"`
	Participants []Participant `json:"participants"` // the one who changed
}

// ParticipantLeft is sent to the participants of a room when another one leaves
// it, loses its PeerConnection or was kicked.
type ParticipantLeft struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"leaving"`
}

// Kicked is sent to all participants of a room when one is removed with Kick,
// including that one.
type Kicked struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"kicked"`
}

// KickedAll is sent to each participant of a room when all are removed with
// KickAll.
type KickedAll struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"kicked_all"` // of the participant that receives the event
}

// RoomMuted is sent to the participants of a room when it is muted or unmuted.
type RoomMuted struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Muted       bool      `json:"muted"`
}

// Suspended is sent to all participants of a room when one is suspended. Since
// 1.2.1.
type Suspended struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"suspended"`
}

// Resumed is sent to all participants of a room when one is resumed. Since 1.2.1.
type Resumed struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"resumed"`

	// Participants has the others if the receiver is the one who is resumed and
	// its events were paused. It is nil otherwise.
	Participants []Participant `json:"participants,omitzero"`
}

// RoomDestroyed is sent to the participants of a room when it is destroyed.
type RoomDestroyed struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

// Talking is sent to all participants of a room when one starts to talk,
// including that one, if the room has AudioLevelEvent.
type Talking struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"id"`
}

// StoppedTalking is sent to all participants of a room when one stops talking,
// including that one, if the room has AudioLevelEvent.
type StoppedTalking struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"id"`
}

// AnnouncementStarted is sent to the participants of a room when an announcement
// starts.
type AnnouncementStarted struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	FileID      string    `json:"file_id"`
}

// AnnouncementStopped is sent to the participants of a room when an announcement
// ends or is stopped.
type AnnouncementStopped struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	FileID      string    `json:"file_id"`
}

// Parse makes an event of a message from Handle.Events. It returns false if msg
// is not from the AudioBridge plugin.
func Parse(msg any) (Event, bool) { return plug.Parse(msg, Name, kind) }

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	switch plug.Text(msg, "audiobridge") {
	case "event":
		return notice(msg)
	case "success":
		return success(msg)
	case "joined":
		if plug.Has(msg, "id") {
			return new(Joined)
		}
		return new(ParticipantJoined)
	case "destroyed":
		if plug.Has(msg, "permanent") {
			return new(Destroyed)
		}
		return new(RoomDestroyed)
	case "talking":
		return new(Talking)
	case "stopped-talking":
		return new(StoppedTalking)
	case "announcement-started":
		return new(AnnouncementStarted)
	case "announcement-stopped":
		return new(AnnouncementStopped)
	case "roomchanged":
		return new(RoomChanged)
	case "left":
		return new(Left)
	case "hangingup":
		return new(HangingUp)
	case "created":
		return new(Created)
	case "edited":
		return new(Edited)
	case "participants":
		return new(Participants)
	case "forwarders":
		return new(Forwarders)
	case "announcements":
		return new(Announcements)
	}
	return nil
}

// notice returns an empty event for a message whose audiobridge is "event". Its
// members tell the kind.
func notice(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Has(msg, "result"):
		return new(Configured)
	case plug.Has(msg, "leaving"):
		return new(ParticipantLeft)
	case plug.Has(msg, "kicked"):
		return new(Kicked)
	case plug.Has(msg, "kicked_all"):
		return new(KickedAll)
	case plug.Has(msg, "muted"):
		return new(RoomMuted)
	case plug.Has(msg, "suspended"):
		return new(Suspended)
	case plug.Has(msg, "resumed"):
		return new(Resumed)
	case plug.Has(msg, "participants"):
		return new(ParticipantUpdated)
	}
	return nil
}

// success returns an empty answer for a message whose audiobridge is "success".
// Its members tell the kind.
func success(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Has(msg, "list"):
		return new(Rooms)
	case plug.Has(msg, "exists"):
		return new(RoomExists)
	case plug.Has(msg, "allowed"):
		return new(AllowedTokens)
	case plug.Has(msg, "record"):
		return new(RecordingEnabled)
	case plug.Has(msg, "mjrs"):
		return new(MJRsEnabled)
	case plug.Has(msg, "host"):
		return new(RTPForwarding)
	case plug.Has(msg, "stream_id"):
		return new(RTPForwardStopped)
	case plug.Has(msg, "playing"):
		return new(Playing)
	case plug.Has(msg, "file_id"):
		return new(File)
	case plug.Has(msg, "file_id_list"):
		return new(FilesStopped)
	}
	return new(Success)
}
