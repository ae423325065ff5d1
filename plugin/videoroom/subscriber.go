package videoroom

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// JoinSubscriber joins a room to receive streams of its publishers. Its handle
// cannot publish afterwards. All streams must exist, and at least one of them
// must not be disabled.
//
// The older form of the request, with the ID of a single publisher as feed and
// settings such as offer_video and substream beside it, is deprecated and left
// out.
type JoinSubscriber struct {
	Room       plugin.ID         `json:"room"`
	Streams    []SubscribeStream `json:"streams"`
	PIN        string            `json:"pin,omitempty"`
	Token      string            `json:"token,omitempty"`      // see Create.Allowed and Create.SignedTokens
	PrivateID  uint32            `json:"private_id,omitempty"` // Joined.PrivateID of the same user; needed in rooms with Create.RequirePrivateID
	AutoUpdate *bool             `json:"autoupdate,omitempty"` // sends an Updated when a publisher has left; default true
	UseMSID    bool              `json:"use_msid,omitempty"`   // the offer names media streams after their publishers

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// SubscribeStream is a stream to subscribe to.
type SubscribeStream struct {
	Feed       plugin.ID `json:"feed"`                 // ID of the publisher
	Mid        string    `json:"mid,omitempty"`        // of the publisher's stream; default: all of them
	CrossRefID string    `json:"crossrefid,omitempty"` // the application's own, repeated in Stream.CrossRefID
	Send       *bool     `json:"send,omitempty"`       // whether Janus relays the stream; default true

	// Simulcast only.
	Substream *int `json:"substream,omitempty"` // 0 to 2; default 2
	Temporal  *int `json:"temporal,omitempty"`  // 0 to 2; default 2
	Fallback  *int `json:"fallback,omitempty"`  // µs without packets before a lower substream is used; default 250,000

	// SVC only.
	SpatialLayer  *int `json:"spatial_layer,omitempty"`  // 0 to 2; default 2
	TemporalLayer *int `json:"temporal_layer,omitempty"` // 0 to 2; default 2

	MinDelay *int `json:"min_delay,omitempty"` // of the playout-delay extension, in units of 10 ms; negative: none
	MaxDelay *int `json:"max_delay,omitempty"` // of the playout-delay extension, in units of 10 ms; negative: none
}

// String returns the request as JSON, with its secrets masked.
func (q JoinSubscriber) String() string { return plug.String(q) }

// JoinSubscriber joins a room to receive streams of its publishers. The offer is
// in the JSEP of Attached and must be answered with Start.
func (c *Client) JoinSubscriber(ctx context.Context, q JoinSubscriber) (*Attached, error) {
	q.Streams = array(q.Streams)
	fields := struct {
		PType string `json:"ptype"`
		JoinSubscriber
	}{"subscriber", q}
	return plug.Do[Attached](ctx, c.caller, request("join", fields, q.Extra, nil))
}

// Start answers an offer, or resumes after Pause. jsep is an answer, or nil to
// resume.
func (c *Client) Start(ctx context.Context, jsep any) error {
	return plug.Send(ctx, c.caller, request("start", nil, nil, jsep))
}

// Pause stops all media until Start.
func (c *Client) Pause(ctx context.Context) error {
	return plug.Send(ctx, c.caller, request("pause", nil, nil, nil))
}

// Subscribe adds streams to a subscription.
type Subscribe struct {
	Streams []SubscribeStream `json:"streams"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Subscribe adds streams to a subscription. It returns an *Updated or an
// *Updating. A stream that is subscribed to already is received twice.
func (c *Client) Subscribe(ctx context.Context, q Subscribe) (Event, error) {
	q.Streams = array(q.Streams)
	return c.ask(ctx, request("subscribe", q, q.Extra, nil))
}

// Unsubscribe removes streams from a subscription.
type Unsubscribe struct {
	Streams []UnsubscribeStream `json:"streams"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// UnsubscribeStream is a stream to remove from a subscription: either SubMid or
// Feed is set. Streams of a publisher that has been kicked are found by SubMid only.
type UnsubscribeStream struct {
	Feed   plugin.ID `json:"feed,omitzero"`     // ID of the publisher
	Mid    string    `json:"mid,omitempty"`     // of the publisher's stream; default: all of them
	SubMid string    `json:"sub_mid,omitempty"` // Stream.Mid of the subscription
}

// Unsubscribe removes streams from a subscription. It returns an *Updated or an
// *Updating.
func (c *Client) Unsubscribe(ctx context.Context, q Unsubscribe) (Event, error) {
	q.Streams = array(q.Streams)
	return c.ask(ctx, request("unsubscribe", q, q.Extra, nil))
}

// Update is Subscribe and Unsubscribe in one request, with one offer. At least
// one of the fields must be set.
type Update struct {
	Subscribe   []SubscribeStream   `json:"subscribe,omitempty"`
	Unsubscribe []UnsubscribeStream `json:"unsubscribe,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Update adds streams to a subscription and removes others. It returns an
// *Updated or an *Updating.
func (c *Client) Update(ctx context.Context, q Update) (Event, error) {
	return c.ask(ctx, request("update", q, q.Extra, nil))
}

// ConfigureSubscriber changes the settings of a subscription. The fields that
// are not set stay as they are. The deprecated fields audio, video and data are
// left out: SubscriptionStream.Send replaces them.
type ConfigureSubscriber struct {
	Streams []SubscriptionStream `json:"streams,omitempty"`

	// Update asks for a new offer, and Restart for one with an ICE restart. As
	// long as the last offer is not answered, Janus does not answer a request
	// with either of them at all, and sends the offer later in an Updated. It does
	// not set JSEP.Restart.
	Update  bool `json:"update,omitempty"`
	Restart bool `json:"restart,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// SubscriptionStream has the settings of a stream of a subscription.
type SubscriptionStream struct {
	Mid  string `json:"mid,omitempty"`  // Stream.Mid of the subscription; default: all streams
	Send *bool  `json:"send,omitempty"` // whether Janus relays the stream

	// Simulcast only.
	Substream *int `json:"substream,omitempty"` // 0 to 2
	Temporal  *int `json:"temporal,omitempty"`  // 0 to 2
	Fallback  *int `json:"fallback,omitempty"`  // µs without packets before a lower substream is used

	// SVC only.
	SpatialLayer  *int `json:"spatial_layer,omitempty"`  // 0 to 2
	TemporalLayer *int `json:"temporal_layer,omitempty"` // 0 to 2

	MinDelay *int `json:"min_delay,omitempty"` // of the playout-delay extension, in units of 10 ms; negative: none
	MaxDelay *int `json:"max_delay,omitempty"` // of the playout-delay extension, in units of 10 ms; negative: none

	// Janus checks these and ignores them.
	AudioActivePackets int `json:"audio_active_packets,omitempty"` // packets
	AudioLevelAverage  int `json:"audio_level_average,omitempty"`  // -dBov
}

// ConfigureSubscriber changes the settings of a subscription. An offer that q
// asked for is in the JSEP of Configured and must be answered with Start.
func (c *Client) ConfigureSubscriber(ctx context.Context, q ConfigureSubscriber) (*Configured, error) {
	return plug.Do[Configured](ctx, c.caller, request("configure", q, q.Extra, nil))
}

// Switch replaces the sources of streams of a subscription by others of the same
// type and codec, without a renegotiation. The older form of the request, with a
// feed in the place of Streams, is deprecated and left out.
type Switch struct {
	Streams []SwitchStream `json:"streams"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// SwitchStream is a stream of a subscription and its new source.
type SwitchStream struct {
	Feed   plugin.ID `json:"feed"`    // ID of the publisher
	Mid    string    `json:"mid"`     // of the publisher's stream
	SubMid string    `json:"sub_mid"` // Stream.Mid of the subscription

	Substream     *int `json:"substream,omitempty"`      // simulcast: 0 to 2; default 2; since 1.1.4
	Temporal      *int `json:"temporal,omitempty"`       // simulcast: 0 to 2; default 2; since 1.1.4
	SpatialLayer  *int `json:"spatial_layer,omitempty"`  // SVC: 0 to 2; default 2; since 1.1.4
	TemporalLayer *int `json:"temporal_layer,omitempty"` // SVC: 0 to 2; default 2; since 1.1.4
}

// Switch replaces the sources of streams of a subscription. It returns a
// *Switched, unless one of the streams was inactive: then it returns an *Updated
// with an offer, and the *Switched follows on Handle.Events. If the last offer is
// not answered yet, the *Switched comes first, and the *Updated once it is.
func (c *Client) Switch(ctx context.Context, q Switch) (Event, error) {
	q.Streams = array(q.Streams)
	return c.ask(ctx, request("switch", q, q.Extra, nil))
}
