// Package echotest is a client for Janus's EchoTest plugin, which sends back the
// media it receives.
//
// A Client sends the plugin's only request, Start, through a handle that is
// attached to the plugin. Parse turns the messages on Handle.Events into typed
// events.
//
// See https://janus.conf.meetecho.com/docs/echotest for the plugin's manual.
package echotest

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.echotest"

// Client sends requests to the EchoTest plugin. It has no state of its own; all
// methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
func On(c plugin.Caller) *Client { return &Client{c} }

// Start is the request of the plugin. It configures the echo and, with an
// offer, sets up the PeerConnection. All fields are optional, but at least one
// of them or a jsep must be there: Janus answers ErrorInvalidElement otherwise.
type Start struct {
	Audio *bool `json:"audio,omitempty"` // whether audio is echoed; default true
	Video *bool `json:"video,omitempty"` // whether video is echoed; default true

	Bitrate *int `json:"bitrate,omitempty"` // of the peer's video, bit/s; 0: no limit

	Record   *bool  `json:"record,omitempty"`   // starts or stops recording
	Filename string `json:"filename,omitempty"` // base path of the recordings

	Substream *int `json:"substream,omitempty"` // simulcast layer, 0 to 2
	Temporal  *int `json:"temporal,omitempty"`  // temporal layer, 0 to 2
	Fallback  *int `json:"fallback,omitempty"`  // µs without a layer before a lower one is used; 0: 250,000

	SVC           *bool `json:"svc,omitempty"`            // whether the offered video uses SVC; since 1.1.4
	SpatialLayer  *int  `json:"spatial_layer,omitempty"`  // 0 to 2; since 1.1.4
	TemporalLayer *int  `json:"temporal_layer,omitempty"` // 0 to 2; since 1.1.4

	AudioCodec   string `json:"audiocodec,omitempty"`
	VideoCodec   string `json:"videocodec,omitempty"`
	VideoProfile string `json:"videoprofile,omitempty"` // VP9: "0" or "2"; H.264: "42e01f" and the like
	OpusRED      *bool  `json:"opusred,omitempty"`

	MinDelay *int `json:"min_delay,omitempty"` // of the playout-delay extension, in units of 10 ms; negative: none
	MaxDelay *int `json:"max_delay,omitempty"` // of the playout-delay extension, in units of 10 ms; negative: none

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Start sends the plugin's request. The answer has the SDP answer if jsep was an
// offer. A nil jsep changes the settings only.
func (c *Client) Start(ctx context.Context, q Start, jsep any) (*Started, error) {
	return plug.Do[Started](ctx, c.caller, &plug.Request{Plugin: "echotest", Fields: q, Extra: q.Extra, JSEP: jsep})
}
