package recordplay

import (
	"encoding/json"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an answer or an event of the Record&Play plugin: a pointer to one of
// the structs of this package that embed plugin.Meta, or *plugin.Failure or
// *plugin.Unknown. The events are *Done and *SlowLink.
type Event = plugin.Event

// Flag is a boolean. Janus sends it as a boolean or as 0 or 1.
type Flag bool

// UnmarshalJSON accepts a boolean or a number, which is true unless it is 0. A
// null leaves the Flag as it is.
func (f *Flag) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
	case bool:
		*f = Flag(v)
	case float64:
		*f = v != 0
	default:
		return fmt.Errorf("recordplay: %s is neither a boolean nor a number", b)
	}
	return nil
}

// Recordings is the answer to List.
type Recordings struct {
	plugin.Meta `json:"-"`
	List        []RecordingInfo `json:"list"`
}

// RecordingInfo describes a recording.
type RecordingInfo struct {
	ID         uint64 `json:"id"`
	IsPrivate  bool   `json:"is_private,omitempty"` // since 1.3.1
	Name       string `json:"name"`
	Date       string `json:"date"`  // local time of the server: "2006-01-02 15:04:05"
	Audio      bool   `json:"audio"` // whether there is audio
	AudioCodec Codec  `json:"audio_codec,omitempty"`
	AudioRED   bool   `json:"audio_red,omitempty"` // whether the audio has RED
	Video      bool   `json:"video"`               // whether there is video
	VideoCodec Codec  `json:"video_codec,omitempty"`
	Data       bool   `json:"data"` // whether there are messages of a data channel
}

// Configured is the answer to Configure.
type Configured struct {
	plugin.Meta `json:"-"`
	Status      string   `json:"status"` // "ok"
	Settings    Settings `json:"settings"`
}

// Settings are what Janus asks of a peer that is recorded.
type Settings struct {
	VideoBitrateMax       int `json:"video-bitrate-max"`       // bit/s
	VideoKeyframeInterval int `json:"video-keyframe-interval"` // time between requests for keyframes, ms
}

// Success is the answer to Update.
type Success struct {
	plugin.Meta `json:"-"`
}

// Recording is the answer to Record. JSEP is the answer to its offer.
type Recording struct {
	plugin.Meta `json:"-"`
	ID          uint64 `json:"id"`
	IsPrivate   Flag   `json:"is_private,omitempty"` // since 1.3.1
}

// Preparing is the answer to Play. JSEP is an offer.
type Preparing struct {
	plugin.Meta `json:"-"`
	ID          uint64 `json:"id"`
	Warning     string `json:"warning,omitempty"` // the part of the recording that cannot be played, as a text
}

// Restarting is the answer to Restart. JSEP is an offer.
type Restarting struct {
	plugin.Meta `json:"-"`
	ID          uint64 `json:"id"` // of the recording that is played
}

// Playing is the answer to Start.
type Playing struct {
	plugin.Meta `json:"-"`
}

// Stopped is the answer to Stop.
type Stopped struct {
	plugin.Meta `json:"-"`
	ID          uint64 `json:"id,omitempty"`         // 0 if the handle did neither record nor play
	IsPrivate   Flag   `json:"is_private,omitempty"` // since 1.3.1
}

// Paused is the answer to Pause.
type Paused struct {
	plugin.Meta `json:"-"`
	ID          uint64 `json:"id"`
}

// Resumed is the answer to Resume.
type Resumed struct {
	plugin.Meta `json:"-"`
	ID          uint64 `json:"id"`
}

// Ignored is the answer to Pause and Resume of a handle that neither records nor
// plays. The calls return an error then.
type Ignored struct {
	plugin.Meta `json:"-"`
}

// Done is sent when the PeerConnection is closed.
type Done struct {
	plugin.Meta `json:"-"`
	ID          uint64 `json:"id,omitempty"`         // of the recording that was made or played; older versions do not say
	IsPrivate   Flag   `json:"is_private,omitempty"` // since 1.3.1
}

// SlowLink is sent when packets are lost.
type SlowLink struct {
	plugin.Meta    `json:"-"`
	Media          string `json:"media"`                     // "audio" or "video"
	CurrentBitrate *int   `json:"current-bitrate,omitempty"` // of the video, bit/s; nil if Janus does not say

	Uplink Flag `json:"uplink"` // lost were packets from the peer to Janus; false: from Janus to the peer
}

// Parse makes an event of a message from Handle.Events. It returns false if msg
// is not from the Record&Play plugin.
func Parse(msg any) (Event, bool) { return plug.ParseWith(msg, Name, kind, decode) }

// decode decodes the data of msg, or its result if that is an object.
func decode(msg *janus.EventMsg, event plugin.Event) error {
	if _, ok := msg.Plugindata.Data["result"].(map[string]any); ok {
		return plug.DecodeResult(msg, event)
	}
	return plug.Decode(msg, event)
}

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	switch plug.Text(msg, "recordplay") {
	case "ok":
		return new(Success)
	case "list":
		return new(Recordings)
	case "configure":
		return new(Configured)
	case "event":
		return resultKind(msg)
	}
	return nil
}

// resultKind is kind for messages that have a result, but for those of requests
// that are ignored.
func resultKind(msg *janus.EventMsg) plugin.Event {
	switch result := msg.Plugindata.Data["result"].(type) {
	case nil:
		return new(Ignored)
	case string:
		if result == "done" { // before 1.3.1
			return new(Done)
		}
	case map[string]any:
		status, _ := result["status"].(string)
		return statusKind(status)
	}
	return nil
}

// statusKind is kind for messages whose result has a status.
func statusKind(status string) plugin.Event {
	switch status {
	case "recording":
		return new(Recording)
	case "preparing":
		return new(Preparing)
	case "restarting":
		return new(Restarting)
	case "playing":
		return new(Playing)
	case "stopped":
		return new(Stopped)
	case "paused":
		return new(Paused)
	case "resumed":
		return new(Resumed)
	case "done":
		return new(Done)
	case "slow_link":
		return new(SlowLink)
	}
	return nil
}
