package echotest

import (
	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an answer or an event of the EchoTest plugin: *Started, *Done,
// *SimulcastLayers, *SVCLayers, *SlowLink, or *plugin.Failure or *plugin.Unknown.
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

// SimulcastLayers is sent when the simulcast layers that are echoed change, or
// when Start asks for those that are echoed already. Fields are nil if Janus does
// not say them.
type SimulcastLayers struct {
	plugin.Meta    `json:"-"`
	VideoCodec     string `json:"videocodec"`
	Substream      *int   `json:"substream,omitempty"`           // 0 to 2
	Temporal       *int   `json:"temporal,omitempty"`            // 0 to 2
	TemporalLayers *int   `json:"tot_temporal_layers,omitempty"` // how many there are; since 1.3.2
}

// SVCLayers is sent when the SVC layers that are echoed change, or when Start
// asks for those that are echoed already. Fields are nil if Janus does not say
// them. Since 1.1.4.
type SVCLayers struct {
	plugin.Meta    `json:"-"`
	VideoCodec     string `json:"videocodec"`
	SpatialLayer   *int   `json:"spatial_layer,omitempty"`       // 0 to 2
	TemporalLayer  *int   `json:"temporal_layer,omitempty"`      // 0 to 2
	SpatialLayers  *int   `json:"tot_spatial_layers,omitempty"`  // how many there are
	TemporalLayers *int   `json:"tot_temporal_layers,omitempty"` // how many there are
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
	case plug.Has(msg, "substream"), plug.Has(msg, "temporal"):
		return new(SimulcastLayers)
	case plug.Has(msg, "spatial_layer"), plug.Has(msg, "temporal_layer"):
		return new(SVCLayers)
	}
	return nil
}
