package videocall

import (
	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an answer or an event of the VideoCall plugin: a pointer to one of the
// structs of this package that embed plugin.Meta, or *plugin.Failure or
// *plugin.Unknown.
type Event = plugin.Event

// Users is the answer to List.
type Users struct {
	plugin.Meta `json:"-"`
	Usernames   []string `json:"list"`
}

// Registered is the answer to Register.
type Registered struct {
	plugin.Meta `json:"-"`
	Username    string `json:"username"`
}

// Calling is the answer to Call while the callee is being called.
type Calling struct {
	plugin.Meta `json:"-"`
}

// Configured is the answer to Set.
type Configured struct {
	plugin.Meta `json:"-"`
}

// IncomingCall is sent when somebody calls. JSEP is the SDP offer. Use Accept or
// Hangup.
type IncomingCall struct {
	plugin.Meta `json:"-"`
	Username    string `json:"username"` // of the caller
}

// Accepted is sent when the callee has accepted the call. JSEP is the SDP answer.
// It is also the answer to Accept, without Username and JSEP.
type Accepted struct {
	plugin.Meta `json:"-"`
	Username    string `json:"username,omitempty"` // of the callee
}

// Updated is sent when the peer renegotiates the call. JSEP is its offer, or its
// answer; pass the answer to an offer to Set.
type Updated struct {
	plugin.Meta `json:"-"`
}

// HungUp is sent when the peer has ended or declined the call, or is gone. It is
// also the answer to Hangup, and to Call if the callee is busy.
type HungUp struct {
	plugin.Meta `json:"-"`
	Username    string `json:"username,omitempty"` // of the peer; in answers, of the handle itself
	Reason      string `json:"reason,omitempty"`
}

// SimulcastLayers is sent when the simulcast layers of the peer's video that are received
// change. It is the event simulcast of the plugin. Fields are nil if Janus does
// not say them.
type SimulcastLayers struct {
	plugin.Meta `json:"-"`
	VideoCodec  string `json:"videocodec"`
	Substream   *int   `json:"substream,omitempty"` // 0 to 2
	Temporal    *int   `json:"temporal,omitempty"`  // 0 to 2
}

// SlowLink is sent when packets from or to the handle were lost and the bitrate
// was lowered.
type SlowLink struct {
	plugin.Meta    `json:"-"`
	Media          string `json:"media"`                     // "audio" or "video"
	CurrentBitrate *int   `json:"current-bitrate,omitempty"` // bit/s; nil if Janus does not say it
}

// Parse makes an event of a message from Handle.Events. It returns false if msg
// is not from the VideoCall plugin.
func Parse(msg any) (Event, bool) { return plug.ParseWith(msg, Name, kind, plug.DecodeResult) }

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	switch plug.ResultEvent(msg) {
	case "registered":
		return new(Registered)
	case "calling":
		return new(Calling)
	case "incomingcall":
		return new(IncomingCall)
	case "accepted":
		return new(Accepted)
	case "set":
		return new(Configured)
	case "update":
		return new(Updated)
	case "hangup":
		return new(HungUp)
	case "simulcast":
		return new(SimulcastLayers)
	case "slow_link":
		return new(SlowLink)
	case "":
		if result, _ := msg.Plugindata.Data["result"].(map[string]any); result["list"] != nil {
			return new(Users)
		}
	}
	return nil
}
