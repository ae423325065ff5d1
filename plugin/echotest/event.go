package echotest

import (
	"strconv"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an event of the EchoTest plugin: *Started, *Done, *Layers, *SlowLink,
// or *plugin.Failure or *plugin.Unknown.
type Event = plugin.Event

// Started is the answer to Start.
type Started struct {
	plugin.Meta `json:"-"`
	Result      string `json:"result"` // "ok"
}

// Done is sent when the PeerConnection is closed.
type Done struct {
	plugin.Meta `json:"-"`
	Result      string `json:"result"` // "done"
}

// Layers is sent when the simulcast or SVC layers that are echoed change.
// Fields are nil if they do not apply.
type Layers struct {
	plugin.Meta    `json:"-"`
	VideoCodec     string `json:"videocodec,omitempty"`
	Substream      *int   `json:"substream,omitempty"`
	Temporal       *int   `json:"temporal,omitempty"`
	SpatialLayer   *int   `json:"spatial_layer,omitempty"`       // since 1.1.4
	TemporalLayer  *int   `json:"temporal_layer,omitempty"`      // since 1.1.4
	TemporalLayers *int   `json:"tot_temporal_layers,omitempty"` // how many there are; since 1.3.2
	SpatialLayers  *int   `json:"tot_spatial_layers,omitempty"`  // how many there are; since 1.1.4
}

// SlowLink is sent when packets to the peer were lost and the bitrate was
// lowered.
type SlowLink struct {
	plugin.Meta    `json:"-"`
	Media          string `json:"media"`                     // "audio" or "video"
	CurrentBitrate *int   `json:"current-bitrate,omitempty"` // bit/s; nil if the plugin does not say
}

// Parse makes an event of a message from Handle.Events. It returns false if msg
// is not from the EchoTest plugin.
func Parse(msg any) (Event, bool) { return plug.Parse(msg, Name, kind) }

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	switch {
	case plug.Text(msg, "result") == "ok":
		return new(Started)
	case plug.Text(msg, "result") == "done":
		return new(Done)
	case plug.Text(msg, "event") == "slow_link":
		return new(SlowLink)
	case plug.Has(msg, "substream"), plug.Has(msg, "temporal"), plug.Has(msg, "spatial_layer"), plug.Has(msg, "temporal_layer"):
		return new(Layers)
	}
	return nil
}

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, echotest.ErrorInvalidSDP)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage      ErrorCode = 411
	ErrorInvalidJSON    ErrorCode = 412
	ErrorInvalidElement ErrorCode = 413
	ErrorInvalidSDP     ErrorCode = 414
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
