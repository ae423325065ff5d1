package streaming

import (
	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an event of the Streaming plugin:
//
//   - *Started, *Stopped, *KickedAll, *MountpointEdited,
//   - *SubstreamChanged, *TemporalChanged, *SpatialLayerChanged,
//     *TemporalLayerChanged,
//   - *RTSPDisconnected, *RTSPReconnected,
//   - the answer to a call that did not wait for it, such as *Preparing,
//   - *plugin.Failure or *plugin.Unknown.
type Event = plugin.Event

// Started is sent to a viewer when its PeerConnection is up. It is also the
// answer to Start if that is so already.
type Started struct {
	plugin.Meta `json:"-"`
}

// Stopped is sent to the viewers of a mountpoint when it is destroyed or its
// source has ended.
type Stopped struct {
	plugin.Meta `json:"-"`
}

// KickedAll is sent to the viewers of a mountpoint when they are removed with
// KickAll.
type KickedAll struct {
	plugin.Meta `json:"-"`
}

// SubstreamChanged is sent to a viewer when it gets another substream of
// simulcast, and after a Configure that asked for the one it gets.
type SubstreamChanged struct {
	plugin.Meta `json:"-"`
	Mid         string `json:"mid,omitempty"` // empty after a Configure that changed nothing
	Substream   int    `json:"substream"`
}

// TemporalChanged is sent to a viewer when it gets another temporal layer of
// simulcast, and after a Configure that asked for the one it gets.
type TemporalChanged struct {
	plugin.Meta `json:"-"`
	Mid         string `json:"mid,omitempty"` // empty after a Configure that changed nothing
	Temporal    int    `json:"temporal"`
}

// SpatialLayerChanged is sent to a viewer when it gets another spatial layer of
// SVC, and after a Configure that asked for the one it gets.
type SpatialLayerChanged struct {
	plugin.Meta   `json:"-"`
	Mid           string `json:"mid,omitempty"` // empty after a Configure that changed nothing
	SpatialLayer  int    `json:"spatial_layer"`
	TemporalLayer *int   `json:"temporal_layer,omitempty"` // nil if it is the same as before
}

// TemporalLayerChanged is sent to a viewer when it gets another temporal layer of
// SVC, and after a Configure that asked for the one it gets.
type TemporalLayerChanged struct {
	plugin.Meta   `json:"-"`
	Mid           string `json:"mid,omitempty"` // empty after a Configure that changed nothing
	TemporalLayer int    `json:"temporal_layer"`
}

// MountpointEdited is sent to the viewers of a mountpoint when its metadata is
// changed with Edit.EditedEvent.
type MountpointEdited struct {
	plugin.Meta `json:"-"`
	ID          plugin.ID `json:"id"`
	Metadata    string    `json:"metadata,omitempty"`
}

// RTSPDisconnected is sent to the viewers of a mountpoint with
// CreateRTSP.NotifyChanges when the connection to the RTSP server is lost. Since
// 1.3.3.
type RTSPDisconnected struct {
	plugin.Meta `json:"-"`
	ID          plugin.ID `json:"id"` // of the mountpoint
}

// RTSPReconnected is sent to the viewers of a mountpoint with
// CreateRTSP.NotifyChanges when the connection to the RTSP server is back. Since
// 1.3.3.
type RTSPReconnected struct {
	plugin.Meta `json:"-"`
	ID          plugin.ID `json:"id"` // of the mountpoint
}

// Parse makes an event of a message from Handle.Events. It returns false if msg
// is not from the Streaming plugin.
func Parse(msg any) (Event, bool) { return plug.ParseWith(msg, Name, kind, decode) }

// decode decodes the data of msg, or its result if there is one.
func decode(msg *janus.EventMsg, event plugin.Event) error {
	if result(msg) != nil {
		return plug.DecodeResult(msg, event)
	}
	return plug.Decode(msg, event)
}

// result returns the result of msg, or nil if there is none.
func result(msg *janus.EventMsg) map[string]any {
	result, _ := msg.Plugindata.Data["result"].(map[string]any)
	return result
}

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	if result := result(msg); result != nil {
		return resultKind(result)
	}
	switch plug.Text(msg, "streaming") {
	case "list":
		return new(Mountpoints)
	case "info":
		return new(MountpointInfo)
	case "created":
		return new(Created)
	case "edited":
		return new(Edited)
	case "destroyed":
		return new(Destroyed)
	case "ok", "kicked_all":
		return new(Success)
	}
	return bareKind(msg)
}

// bareKind is kind for the events that Janus does not mark as those of the
// plugin.
func bareKind(msg *janus.EventMsg) plugin.Event {
	switch plug.Text(msg, "event") {
	case "edited":
		return new(MountpointEdited)
	case "rtsp-disconnected":
		return new(RTSPDisconnected)
	case "rtsp-reconnected":
		return new(RTSPReconnected)
	}
	return nil
}

// resultKind is kind for messages with a result.
func resultKind(result map[string]any) plugin.Event {
	if status, ok := result["status"].(string); ok {
		return statusKind(status)
	}
	has := func(key string) bool { _, ok := result[key]; return ok }
	switch {
	case result["event"] == "configured":
		return new(Configured)
	case has("switched"):
		return new(Switched)
	case has("substream"):
		return new(SubstreamChanged)
	case has("temporal"):
		return new(TemporalChanged)
	case has("spatial_layer"):
		return new(SpatialLayerChanged)
	case has("temporal_layer"):
		return new(TemporalLayerChanged)
	}
	return nil
}

// statusKind is kind for messages whose result is a status.
func statusKind(status string) plugin.Event {
	switch status {
	case "preparing":
		return new(Preparing)
	case "updating":
		return new(Updating)
	case "starting":
		return new(Starting)
	case "started":
		return new(Started)
	case "pausing":
		return new(Pausing)
	case "stopping":
		return new(Stopping)
	case "idle":
		return new(Idle)
	case "stopped":
		return new(Stopped)
	case "kicked_all":
		return new(KickedAll)
	}
	return nil
}
