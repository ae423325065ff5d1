package streaming

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Watch makes the handle a viewer of a mountpoint.
type Watch struct {
	ID  plugin.ID `json:"id"`
	PIN string    `json:"pin,omitempty"` // of the mountpoint, if it has one

	Media []string `json:"media,omitempty"` // mids of the streams to watch; default: all

	// The layers that are sent first of streams with simulcast or SVC. Default:
	// the highest ones.
	Substream     *int `json:"substream,omitempty"`      // of simulcast, 0 to 2
	Temporal      *int `json:"temporal,omitempty"`       // of simulcast, 0 to 2
	Fallback      *int `json:"fallback,omitempty"`       // µs without a substream before a lower one is sent; 0: 250,000
	SpatialLayer  *int `json:"spatial_layer,omitempty"`  // of SVC, 0 to 2
	TemporalLayer *int `json:"temporal_layer,omitempty"` // of SVC, 0 to 2

	// Whether streams of a type are watched, even if they are in Media. Default:
	// true. They are deprecated; use Media.
	OfferAudio *bool `json:"offer_audio,omitempty"`
	OfferVideo *bool `json:"offer_video,omitempty"`
	OfferData  *bool `json:"offer_data,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Watch makes the handle a viewer of a mountpoint. The answer has an SDP offer:
// send the SDP answer with Start. Janus answers ErrorInvalidState if the handle
// watches another mountpoint: see Switch.
func (c *Client) Watch(ctx context.Context, q Watch) (*Preparing, error) {
	return plug.Expect[Preparing](ctx, c.caller, request("watch", q, q.Extra), Parse)
}

// String returns the request as JSON, with its secrets masked.
func (q Watch) String() string { return plug.String(q) }

// WatchOffer makes the handle a viewer of a mountpoint, with an offer of the
// viewer.
type WatchOffer struct {
	ID  plugin.ID `json:"id"`
	PIN string    `json:"pin,omitempty"` // of the mountpoint, if it has one

	// The layers that are sent first of streams with simulcast or SVC. Default:
	// the highest ones.
	Substream     *int `json:"substream,omitempty"`      // of simulcast, 0 to 2
	Temporal      *int `json:"temporal,omitempty"`       // of simulcast, 0 to 2
	Fallback      *int `json:"fallback,omitempty"`       // µs without a substream before a lower one is sent; 0: 250,000
	SpatialLayer  *int `json:"spatial_layer,omitempty"`  // of SVC, 0 to 2
	TemporalLayer *int `json:"temporal_layer,omitempty"` // of SVC, 0 to 2

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// WatchOffer makes the handle a viewer of the streams of a mountpoint that fit
// the offer. The answer has the SDP answer; Start is not needed. Since 1.1.4:
// older versions of Janus ignore the offer and make one of their own, so that
// WatchOffer returns an error although the handle has become a viewer.
func (c *Client) WatchOffer(ctx context.Context, q WatchOffer, offer any) (*Starting, error) {
	r := request("watch", q, q.Extra)
	r.JSEP = offer
	return plug.Expect[Starting](ctx, c.caller, r, Parse)
}

// String returns the request as JSON, with its secrets masked.
func (q WatchOffer) String() string { return plug.String(q) }

// Restart restarts the ICE of a viewer.
type Restart struct {
	ID  plugin.ID `json:"id"`            // of the mountpoint that the handle watches
	PIN string    `json:"pin,omitempty"` // of the mountpoint, if it has one

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Restart restarts the ICE of a viewer. It is a watch request. The answer has an
// SDP offer: send the SDP answer with Start. Janus answers ErrorInvalidState to
// another Restart before that.
func (c *Client) Restart(ctx context.Context, q Restart) (*Updating, error) {
	fields := struct {
		Restart
		Flag bool `json:"restart"`
	}{q, true}
	return plug.Expect[Updating](ctx, c.caller, request("watch", fields, q.Extra), Parse)
}

// String returns the request as JSON, with its secrets masked.
func (q Restart) String() string { return plug.String(q) }

// Start answers the offer of Watch or Restart with the SDP answer in jsep, or
// ends Pause if jsep is nil. It returns *Starting, or *Started if the
// PeerConnection is up already. In the first case an event Started follows.
func (c *Client) Start(ctx context.Context, jsep any) (Event, error) {
	r := request("start", nil, nil)
	r.JSEP = jsep
	return plug.Ask(ctx, c.caller, r, Parse)
}

// Pause stops the media to the viewer until Start. The PeerConnection remains.
func (c *Client) Pause(ctx context.Context) (*Pausing, error) {
	return plug.Expect[Pausing](ctx, c.caller, request("pause", nil, nil), Parse)
}

// Configure changes the streams that the viewer gets. Fields that are empty are
// left as they are. The deprecated fields audio, video and data, which Janus
// takes for false whatever they are, are replaced by Send.
type Configure struct {
	Mid string `json:"mid,omitempty"` // of the stream; default: all streams

	Send          *bool `json:"send,omitempty"`           // whether the stream is sent
	Substream     *int  `json:"substream,omitempty"`      // of simulcast, 0 to 2
	Temporal      *int  `json:"temporal,omitempty"`       // of simulcast, 0 to 2
	Fallback      *int  `json:"fallback,omitempty"`       // µs without a substream before a lower one is sent; 0: 250,000
	SpatialLayer  *int  `json:"spatial_layer,omitempty"`  // of SVC, 0 to 2
	TemporalLayer *int  `json:"temporal_layer,omitempty"` // of SVC, 0 to 2
	MinDelay      *int  `json:"min_delay,omitempty"`      // of the playout-delay extension, in units of 10 ms
	MaxDelay      *int  `json:"max_delay,omitempty"`      // of the playout-delay extension, in units of 10 ms

	// Streams configures several streams. The fields above are then not used.
	// Since 1.2.0.
	Streams []StreamSettings `json:"streams,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// StreamSettings changes a stream that the viewer gets. Fields that are empty are
// left as they are. Since 1.2.0.
type StreamSettings struct {
	Mid string `json:"mid,omitempty"` // of the stream; may be empty, for all streams, only if there are no other StreamSettings

	Send          *bool `json:"send,omitempty"`           // whether the stream is sent
	Substream     *int  `json:"substream,omitempty"`      // of simulcast, 0 to 2
	Temporal      *int  `json:"temporal,omitempty"`       // of simulcast, 0 to 2
	Fallback      *int  `json:"fallback,omitempty"`       // µs without a substream before a lower one is sent; 0: 250,000
	SpatialLayer  *int  `json:"spatial_layer,omitempty"`  // of SVC, 0 to 2
	TemporalLayer *int  `json:"temporal_layer,omitempty"` // of SVC, 0 to 2
	MinDelay      *int  `json:"min_delay,omitempty"`      // of the playout-delay extension, in units of 10 ms
	MaxDelay      *int  `json:"max_delay,omitempty"`      // of the playout-delay extension, in units of 10 ms
}

// Configure changes the streams that the viewer gets. Events such as
// SubstreamChanged say when another layer is sent.
func (c *Client) Configure(ctx context.Context, q Configure) (*Configured, error) {
	return plug.Expect[Configured](ctx, c.caller, request("configure", q, q.Extra), Parse)
}

// Switch makes the viewer watch another mountpoint.
type Switch struct {
	ID plugin.ID `json:"id"` // of the mountpoint to switch to

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Switch makes the viewer watch another mountpoint, over the same PeerConnection.
// Both mountpoints must be of RTP or RTSP and have the same codecs.
func (c *Client) Switch(ctx context.Context, q Switch) (*Switched, error) {
	return plug.Expect[Switched](ctx, c.caller, request("switch", q, q.Extra), Parse)
}

// Stop ends the viewing and closes the PeerConnection. It returns *Stopping, or
// *Idle if the PeerConnection is not up. Janus before 1.2.0 does not answer in
// the second case: the call ends with its context.
func (c *Client) Stop(ctx context.Context) (Event, error) {
	return plug.Ask(ctx, c.caller, request("stop", nil, nil), Parse)
}
