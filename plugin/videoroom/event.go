package videoroom

import (
	"encoding/json"

	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an event or an answer of the VideoRoom plugin: a pointer to one of
// the structs of this package that embed plugin.Meta, or *plugin.Failure or
// *plugin.Unknown.
//
// The events that come without a request are, for publishers, *Published,
// *Unpublished, *Joining, *Left, *Kicked, *SelfKicked, *Moderated, *Talking,
// *StoppedTalking, *DisplayChanged and *MetadataChanged; for subscribers,
// *Updated, *SubstreamChanged, *TemporalChanged, *SpatialLayerChanged and
// *TemporalLayerChanged; and for both, *Destroyed and *SlowLink. Answers come as
// events if their request has given up waiting for them.
type Event = plugin.Event

// Destroyed is the answer to Destroy, and is sent to the publishers of a room
// that was destroyed.
type Destroyed struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Permanent   bool      `json:"permanent,omitempty"` // answer only: whether it was removed from the configuration file
}

// Talking is sent when a publisher starts to talk, in rooms with
// Create.AudioLevelEvent. The publisher itself gets it too.
type Talking struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"id"` // of the publisher
	Mindex      int       `json:"mindex"`
	Mid         string    `json:"mid"`
	Level       float64   `json:"audio-level-dBov-avg"` // average level, -dBov: 0 (loud) to 127 (silent)
}

// StoppedTalking is sent when a publisher stops to talk, in rooms with
// Create.AudioLevelEvent. The publisher itself gets it too.
type StoppedTalking struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"id"` // of the publisher
	Mindex      int       `json:"mindex"`
	Mid         string    `json:"mid"`
	Level       float64   `json:"audio-level-dBov-avg"` // average level, -dBov: 0 (loud) to 127 (silent)
}

// SlowLink is sent when many packets between Janus and this handle's peer were
// lost.
type SlowLink struct {
	plugin.Meta    `json:"-"`
	CurrentBitrate *int `json:"current-bitrate,omitempty"` // limit of the publisher, bit/s; nil for subscribers
}

// Published is sent when a participant starts to publish, and when a publisher
// has renegotiated its streams. Publishers has one element.
type Published struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID   `json:"room"`
	Publishers  []Publisher `json:"publishers"`
}

// Joining is sent when a participant joins a room with Create.NotifyJoining.
type Joining struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Joining     Attendee  `json:"joining"`
}

// Left is sent when another participant has left the room.
type Left struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID       `json:"room"`
	ID          plugin.ID       `json:"leaving"`            // who left
	Display     string          `json:"display,omitempty"`  // since 1.3.0
	Metadata    json.RawMessage `json:"metadata,omitempty"` // since 1.3.0
}

// Kicked is sent when another participant was removed with Kick.
type Kicked struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID       `json:"room"`
	ID          plugin.ID       `json:"kicked"`             // who was removed
	Display     string          `json:"display,omitempty"`  // since 1.3.0
	Metadata    json.RawMessage `json:"metadata,omitempty"` // since 1.3.0
}

// SelfKicked is sent to a participant that was removed with Kick.
type SelfKicked struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Reason      string    `json:"reason"` // "kicked"
}

// Unpublished is sent when another participant stops to publish.
type Unpublished struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID       `json:"room"`
	ID          plugin.ID       `json:"unpublished"`        // who stopped
	Display     string          `json:"display,omitempty"`  // since 1.3.0
	Metadata    json.RawMessage `json:"metadata,omitempty"` // since 1.3.0
}

// Moderation is the action of a moderator on a stream.
type Moderation string

// The values of Moderation.
const (
	Muted   Moderation = "muted"
	Unmuted Moderation = "unmuted"
)

// Moderated is sent to all participants when a stream is muted or unmuted with
// Moderate.
type Moderated struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID  `json:"room"`
	ID          plugin.ID  `json:"id"`  // of the publisher
	Mid         string     `json:"mid"` // of its stream
	Moderation  Moderation `json:"moderation"`
}

// DisplayChanged is sent when another participant has changed its display name.
// It is not sent to those who join without a name and set one later.
type DisplayChanged struct {
	plugin.Meta `json:"-"`
	ID          plugin.ID       `json:"id"`
	Display     string          `json:"display"`
	Metadata    json.RawMessage `json:"metadata,omitempty"` // since 1.3.0
}

// MetadataChanged is sent when another participant has replaced its metadata.
// Since 1.3.0.
type MetadataChanged struct {
	plugin.Meta `json:"-"`
	ID          plugin.ID       `json:"id"`
	Metadata    json.RawMessage `json:"metadata"`
}

// SubstreamChanged is sent when another simulcast substream is relayed to the
// subscriber.
type SubstreamChanged struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Mid         string    `json:"mid"`       // of the subscription
	Substream   int       `json:"substream"` // 0 to 2
}

// TemporalChanged is sent when another temporal layer of a simulcast stream is
// relayed to the subscriber.
type TemporalChanged struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Mid         string    `json:"mid"`      // of the subscription
	Temporal    int       `json:"temporal"` // 0 to 2
}

// SpatialLayerChanged is sent when another spatial layer of an SVC stream is
// relayed to the subscriber.
type SpatialLayerChanged struct {
	plugin.Meta   `json:"-"`
	Room          plugin.ID `json:"room"`
	Mid           string    `json:"mid"`                      // of the subscription
	SpatialLayer  int       `json:"spatial_layer"`            // 0 to 2
	TemporalLayer *int      `json:"temporal_layer,omitempty"` // in the first event of a stream, up to 1.1.3; nil otherwise
}

// TemporalLayerChanged is sent when another temporal layer of an SVC stream is
// relayed to the subscriber.
type TemporalLayerChanged struct {
	plugin.Meta   `json:"-"`
	Room          plugin.ID `json:"room"`
	Mid           string    `json:"mid"`            // of the subscription
	TemporalLayer int       `json:"temporal_layer"` // 0 to 2
}

// Joined is the answer to JoinPublisher and JoinAndConfigure. The answer to the
// offer of JoinAndConfigure is in Meta.JSEP.
type Joined struct {
	plugin.Meta        `json:"-"`
	Room               plugin.ID   `json:"room"`
	Description        string      `json:"description"`
	ID                 plugin.ID   `json:"id"`                  // of this participant
	PrivateID          uint32      `json:"private_id"`          // for JoinSubscriber; do not show it to others
	Publishers         []Publisher `json:"publishers"`          // the others who publish
	Attendees          []Attendee  `json:"attendees,omitempty"` // the others who do not, in rooms with Create.NotifyJoining
	AudioActivePackets int         `json:"audio_active_packets,omitempty"`
	AudioLevelAverage  int         `json:"audio_level_average,omitempty"`

	// The result of the negotiation, if JoinAndConfigure had an offer.
	AudioCodec Codec    `json:"audio_codec,omitempty"` // of the first audio stream
	VideoCodec Codec    `json:"video_codec,omitempty"` // of the first video stream
	Streams    []Stream `json:"streams,omitempty"`
}

// Configured is the answer to Publish, ConfigurePublisher and
// ConfigureSubscriber.
//
// For publishers, the other fields and the answer in Meta.JSEP are there if the
// request had an offer. For subscribers, Meta.JSEP is an offer if the request
// asked for one.
type Configured struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	AudioCodec  Codec     `json:"audio_codec,omitempty"` // of the first audio stream
	VideoCodec  Codec     `json:"video_codec,omitempty"` // of the first video stream
	Streams     []Stream  `json:"streams,omitempty"`
}

// SelfUnpublished is the answer to Unpublish.
type SelfUnpublished struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

// SelfLeft is the answer to Leave of a publisher.
type SelfLeft struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

// SubscriberLeft is the answer to Leave of a subscriber.
type SubscriberLeft struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

// Attached is the answer to JoinSubscriber. Meta.JSEP is the offer, which is to
// be answered with Start.
type Attached struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Streams     []Stream  `json:"streams"`

	// The fields below are in answers to a deprecated form of the request, for
	// a single publisher.

	ID       plugin.ID       `json:"id,omitzero"`
	Display  string          `json:"display,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // since 1.3.0
	Warning  string          `json:"warning,omitempty"`  // "deprecated_api"
}

// Started is the answer to Start.
type Started struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

// Paused is the answer to Pause.
type Paused struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

// Updated is an answer to Subscribe, Unsubscribe, Update and Switch. It is also
// sent without a request when a publisher has left, unless
// JoinSubscriber.AutoUpdate is false, and for an update that was postponed. Janus
// sends none when a publisher is kicked, up to version 1.4.1 at least: the streams stay
// in the subscription until they are removed by their SubMid, as Feeds.Update does.
//
// Meta.JSEP is an offer, which is to be answered with Start. If Streams and
// Meta.JSEP are nil, nothing has changed.
type Updated struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Streams     []Stream  `json:"streams,omitempty"` // all of the subscription
}

// Updating is an answer to Subscribe, Unsubscribe and Update that postpones the
// offer: the last one has not been answered yet. Once it is, the new offer is
// sent in an Updated without a transaction.
type Updating struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
}

// Switched is an answer to Switch.
type Switched struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	Changes     int       `json:"changes"` // how many streams were switched; those that do not fit are skipped
	Streams     []Stream  `json:"streams"` // all of the subscription
}

// Success is the answer to Kick, Moderate, UpdateRemotePublisher and
// RemoveRemotePublisher.
type Success struct {
	plugin.Meta `json:"-"`
}
