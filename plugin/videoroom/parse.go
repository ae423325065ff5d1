package videoroom

import (
	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Parse makes an event of a message from Handle.Events. It returns false if msg
// is not from the VideoRoom plugin.
func Parse(msg any) (Event, bool) { return plug.Parse(msg, Name, kind) }

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	switch plug.Text(msg, "videoroom") {
	case "event":
		return eventKind(msg)
	case "success":
		return successKind(msg)
	case "joined":
		return new(Joined)
	case "attached":
		return new(Attached)
	case "updated":
		return new(Updated)
	case "updating":
		return new(Updating)
	case "talking":
		return new(Talking)
	case "stopped-talking":
		return new(StoppedTalking)
	case "slow_link":
		return new(SlowLink)
	case "created":
		return new(Created)
	case "edited":
		return new(Edited)
	case "destroyed":
		return new(Destroyed)
	case "participants":
		return new(Participants)
	case "rtp_forward":
		return new(RTPForwarding)
	case "stop_rtp_forward":
		return new(RTPForwardStopped)
	case "forwarders":
		return new(Forwarders)
	}
	return nil
}

// eventKind is kind for the messages that Janus just calls events.
func eventKind(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Has(msg, "publishers"):
		return new(Published)
	case plug.Has(msg, "joining"):
		return new(Joining)
	case plug.Has(msg, "leaving"):
		return leavingKind(msg)
	case plug.Has(msg, "kicked"):
		return new(Kicked)
	case plug.Has(msg, "unpublished"):
		if answers(msg, "unpublished") {
			return new(SelfUnpublished)
		}
		return new(Unpublished)
	case plug.Has(msg, "moderation"):
		return new(Moderated)
	case plug.Has(msg, "configured"):
		return new(Configured)
	case plug.Has(msg, "started"):
		return new(Started)
	case plug.Has(msg, "paused"):
		return new(Paused)
	case plug.Has(msg, "switched"):
		return new(Switched)
	case plug.Has(msg, "left"):
		return new(SubscriberLeft)
	}
	return changeKind(msg)
}

// changeKind is kind for the events about a single property.
func changeKind(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Has(msg, "substream"):
		return new(SubstreamChanged)
	case plug.Has(msg, "temporal"):
		return new(TemporalChanged)
	case plug.Has(msg, "spatial_layer"):
		return new(SpatialLayerChanged)
	case plug.Has(msg, "temporal_layer"):
		return new(TemporalLayerChanged)
	case plug.Has(msg, "display"):
		return new(DisplayChanged)
	case plug.Has(msg, "metadata"):
		return new(MetadataChanged)
	}
	return nil
}

// leavingKind is kind for messages whose member leaving is an ID or "ok".
func leavingKind(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Has(msg, "reason"):
		return new(SelfKicked)
	case answers(msg, "leaving"):
		return new(SelfLeft)
	}
	return new(Left)
}

// answers reports whether the member key is the "ok" of an answer. In an event
// it is the ID of a participant, which may also be "ok".
func answers(msg *janus.EventMsg, key string) bool {
	return msg.Transaction != "" && plug.Text(msg, key) == "ok"
}

// successKind is kind for the answers that Janus just calls a success.
func successKind(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Has(msg, "list") && plug.Has(msg, "id"):
		return new(Remotes)
	case plug.Has(msg, "list"):
		return new(Rooms)
	case plug.Has(msg, "exists"):
		return new(RoomExists)
	case plug.Has(msg, "record"):
		return new(RecordingEnabled)
	case plug.Has(msg, "port"):
		return new(RemotePublisherAdded)
	case plug.Has(msg, "remote_id"):
		return new(PublishedRemotely)
	case plug.Has(msg, "id"):
		return new(UnpublishedRemotely)
	case plug.Has(msg, "room"):
		return new(AllowedTokens)
	}
	return new(Success)
}
