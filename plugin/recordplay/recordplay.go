// Package recordplay is a client for Janus's Record&Play plugin, which records
// what a peer sends and plays it back.
//
// A Client sends the requests of the plugin through a handle that is attached
// to it. Record starts a recording with an offer. Play returns an offer, and
// Start sends the answer. A handle does one of them at a time, until Stop. Parse
// turns the messages on Handle.Events into typed events:
//
//	handle, err := session.Attach(ctx, "", recordplay.Name)
//	…
//	player := recordplay.On(handle)
//	preparing, err := player.Play(ctx, recordplay.Play{ID: 1234})
//	…
//	_, err = player.Start(ctx, answerTo(preparing.JSEP))
//	…
//	for msg := range handle.Events {
//		event, ok := recordplay.Parse(msg)
//		if !ok {
//			continue // not from the plugin: *janus.WebRTCUpMsg and the like
//		}
//		if _, done := event.(*recordplay.Done); done {
//			break
//		}
//	}
//
// Recordings are identified by numbers: the plugin has no string_ids.
//
// Optional fields of requests are left out if they are zero. They are pointers
// if zero has a meaning of its own. Fields that are newer than Janus 1.1.2 name
// the version that brought them; older versions ignore them.
//
// See https://janus.conf.meetecho.com/docs/recordplay for the plugin's manual.
package recordplay

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.recordplay"

// Client sends requests to the Record&Play plugin. It has no state of its own;
// all methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
func On(c plugin.Caller) *Client { return &Client{c} }

// request returns the request of the given name.
func request(name string, fields any, extra map[string]any) *plug.Request {
	return &plug.Request{Plugin: "recordplay", Name: name, Fields: fields, Extra: extra}
}

// Codec is a codec of audio or video.
type Codec string

// The codecs that Janus knows.
const (
	Opus      Codec = "opus"
	MultiOpus Codec = "multiopus"
	PCMU      Codec = "pcmu" // G.711 µ-law
	PCMA      Codec = "pcma" // G.711 A-law
	G722      Codec = "g722"
	ISAC32    Codec = "isac32"
	ISAC16    Codec = "isac16"
	L16At48   Codec = "l16-48" // linear PCM, 48,000 Hz
	L16       Codec = "l16"    // linear PCM, 16,000 Hz

	VP8  Codec = "vp8"
	VP9  Codec = "vp9"
	H264 Codec = "h264"
	AV1  Codec = "av1"
	H265 Codec = "h265"
)

// Update makes Janus look for recordings in its folder again.
type Update struct {
	AdminKey string `json:"admin_key,omitempty"` // of the plugin's configuration, if there is one; since 1.3.1

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Update makes Janus look for recordings in its folder again.
func (c *Client) Update(ctx context.Context, q Update) error {
	return plug.Send(ctx, c.caller, request("update", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q Update) String() string { return plug.String(q) }

// List lists the recordings.
type List struct {
	AdminKey string `json:"admin_key,omitempty"` // makes the list include private recordings; since 1.3.1

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// List lists the recordings that are complete and not private.
func (c *Client) List(ctx context.Context, q List) (*Recordings, error) {
	return plug.Do[Recordings](ctx, c.caller, request("list", q, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q List) String() string { return plug.String(q) }

// Configure changes what Janus asks of a peer that is recorded. Fields that are
// nil are left as they are.
type Configure struct {
	VideoBitrateMax       *int `json:"video-bitrate-max,omitempty"`       // bit/s; default: 1,048,576
	VideoKeyframeInterval *int `json:"video-keyframe-interval,omitempty"` // time between requests for keyframes, ms, rounded down to seconds; default: 15,000

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Configure changes what Janus asks of a peer that is recorded.
func (c *Client) Configure(ctx context.Context, q Configure) (*Configured, error) {
	return plug.Do[Configured](ctx, c.caller, request("configure", q, q.Extra))
}

// Record starts a recording.
type Record struct {
	Name         string `json:"name"`
	ID           uint64 `json:"id,omitempty"`           // default: chosen by Janus
	IsPrivate    *bool  `json:"is_private,omitempty"`   // whether List omits the recording; default: that of the plugin's configuration; since 1.3.1
	Filename     string `json:"filename,omitempty"`     // beginning of the names of the files; default: "rec-" and the id
	AudioCodec   Codec  `json:"audiocodec,omitempty"`   // default: the first of the offer that Janus can record
	VideoCodec   Codec  `json:"videocodec,omitempty"`   // default: the first of the offer that Janus can record
	VideoProfile string `json:"videoprofile,omitempty"` // VP9: "0" or "2"; H.264: "42e01f" and the like
	OpusRED      bool   `json:"opusred,omitempty"`      // whether RED is accepted if it is offered
	TextData     *bool  `json:"textdata,omitempty"`     // whether messages of the data channel are text; default: true

	// Update says that the offer changes that of the recording that the handle is
	// making. The jsep must have the member update, as JSEP.Update of package
	// janus. The other fields, but Name, are not used.
	Update bool `json:"update,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Record starts a recording of what the peer sends. jsep is its offer. JSEP of
// Recording is the answer.
func (c *Client) Record(ctx context.Context, q Record, jsep any) (*Recording, error) {
	r := request("record", q, q.Extra)
	r.JSEP = jsep
	return plug.Expect[Recording](ctx, c.caller, r, Parse)
}

// Play plays a recording.
type Play struct {
	ID uint64 `json:"id"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Play prepares to play a recording. The answer has an SDP offer: send the SDP
// answer with Start.
func (c *Client) Play(ctx context.Context, q Play) (*Preparing, error) {
	return plug.Expect[Preparing](ctx, c.caller, request("play", q, q.Extra), Parse)
}

// Restart restarts the ICE of a player.
type Restart struct {
	ID uint64 `json:"id"` // of any recording; the one that is played is used

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Restart restarts the ICE of a player. It is a play request. The answer has an
// SDP offer: send the SDP answer with Start.
func (c *Client) Restart(ctx context.Context, q Restart) (*Restarting, error) {
	fields := struct {
		Restart
		Flag bool `json:"restart"`
	}{q, true}
	return plug.Expect[Restarting](ctx, c.caller, request("play", fields, q.Extra), Parse)
}

// Start answers the offer of Play or Restart with the SDP answer in jsep. The
// recording is played from its beginning when the PeerConnection is up.
func (c *Client) Start(ctx context.Context, jsep any) (*Playing, error) {
	r := request("start", nil, nil)
	r.JSEP = jsep
	return plug.Expect[Playing](ctx, c.caller, r, Parse)
}

// Stop ends recording or playing, and closes the PeerConnection.
func (c *Client) Stop(ctx context.Context) (*Stopped, error) {
	return plug.Expect[Stopped](ctx, c.caller, request("stop", nil, nil), Parse)
}

// Pause interrupts the recording, without a gap in it, until Resume. It fails if
// the handle neither records nor plays. A player is not interrupted.
func (c *Client) Pause(ctx context.Context) (*Paused, error) {
	return plug.Expect[Paused](ctx, c.caller, request("pause", nil, nil), Parse)
}

// Resume ends Pause. It fails if the handle neither records nor plays.
func (c *Client) Resume(ctx context.Context) (*Resumed, error) {
	return plug.Expect[Resumed](ctx, c.caller, request("resume", nil, nil), Parse)
}
