package streaming

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// StartRecording starts to record streams of a mountpoint of RTP or RTSP.
type StartRecording struct {
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the mountpoint, if it has one

	Media []RecordingFile `json:"media,omitempty"` // the streams; those that do not exist are skipped

	// Base paths of the recordings of mountpoints with one stream of a type. They
	// are deprecated, and not used if there is Media.
	Audio string `json:"audio,omitempty"`
	Video string `json:"video,omitempty"`
	Data  string `json:"data,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// RecordingFile is the file that a stream is recorded to.
type RecordingFile struct {
	Mid      string `json:"mid"`
	Filename string `json:"filename"` // path on the server, without .mjr
}

// StartRecording starts to record streams of a mountpoint of RTP or RTSP to .mjr
// files. Janus answers ErrorInvalidRequest if a stream is being recorded already.
func (c *Client) StartRecording(ctx context.Context, q StartRecording) error {
	fields := struct {
		Action string `json:"action"`
		StartRecording
	}{"start", q}
	return plug.Send(ctx, c.caller, request("recording", fields, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q StartRecording) String() string { return plug.String(q) }

// StopRecording ends recordings of StartRecording.
type StopRecording struct {
	ID     plugin.ID `json:"id"`
	Secret string    `json:"secret,omitempty"` // of the mountpoint, if it has one

	Media []RecordingMid `json:"media,omitempty"` // the streams

	// Which recordings end of mountpoints with one stream of a type. They are
	// deprecated, and not used if there is Media.
	Audio bool `json:"audio,omitempty"`
	Video bool `json:"video,omitempty"`
	Data  bool `json:"data,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// RecordingMid is a stream whose recording ends.
type RecordingMid struct {
	Mid string `json:"mid"`
}

// StopRecording ends recordings of StartRecording.
func (c *Client) StopRecording(ctx context.Context, q StopRecording) error {
	fields := struct {
		Action string `json:"action"`
		StopRecording
	}{"stop", q}
	return plug.Send(ctx, c.caller, request("recording", fields, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q StopRecording) String() string { return plug.String(q) }
