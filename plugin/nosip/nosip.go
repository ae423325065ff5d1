// Package nosip is a client for Janus's NoSIP plugin, which connects a WebRTC
// peer with plain RTP. The SDPs are exchanged with the other side by the program
// itself.
//
// To call, pass the peer's offer to Generate, send the SDP of the answer to the
// other side, and pass the SDP that comes back to Process, whose answer has the
// SDP answer for the peer. To be called, pass the other side's offer to Process
// and the peer's answer to Generate:
//
//	gateway := nosip.On(handle)
//	offered, err := gateway.Generate(ctx, nosip.Generate{}, offer)
//	…
//	answered, err := gateway.Process(ctx, nosip.Process{Type: nosip.Answer, SDP: sdp})
//	…
//	err = peer.SetRemoteDescription(answered.JSEP)
//
// The plugin sends no events. The end of the PeerConnection is a
// *janus.HangupMsg on Handle.Events.
//
// See https://janus.conf.meetecho.com/docs/nosip for the plugin's manual.
package nosip

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.nosip"

// Client sends requests to the NoSIP plugin. It has no state of its own; all
// methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
func On(c plugin.Caller) *Client { return &Client{c} }

// request returns a request to the plugin.
func request(name string, fields any, extra map[string]any, jsep any) *plug.Request {
	return &plug.Request{Plugin: "nosip", Name: name, Fields: fields, Extra: extra, JSEP: jsep}
}

// expect sends a request whose answer is a T.
func expect[T any, P interface {
	*T
	plugin.Event
}](ctx context.Context, c *Client, r *plug.Request) (P, error) {
	return plug.Expect[T, P](ctx, c.caller, r, Parse)
}

// SDPType is the type of an SDP.
type SDPType string

// The values of SDPType.
const (
	Offer  SDPType = "offer"
	Answer SDPType = "answer"
)

// SRTP says whether the media between Janus and the other side are encrypted,
// with keys that are exchanged in the SDP (SDES).
type SRTP string

// The values of SRTP. The zero value is no encryption, except that an answer
// follows the offer.
const (
	SDESOptional  SRTP = "sdes_optional"
	SDESMandatory SRTP = "sdes_mandatory"
)

// SRTPProfile is a cipher suite of SRTP.
type SRTPProfile string

// The values of SRTPProfile.
const (
	AES128SHA1_32 SRTPProfile = "AES_CM_128_HMAC_SHA1_32"
	AES128SHA1_80 SRTPProfile = "AES_CM_128_HMAC_SHA1_80" // the default
	AEADAES128GCM SRTPProfile = "AEAD_AES_128_GCM"
	AEADAES256GCM SRTPProfile = "AEAD_AES_256_GCM"
)

// Generate is the request of Client.Generate.
type Generate struct {
	Info        string      `json:"info,omitempty"` // any text, for Janus's log
	SRTP        SRTP        `json:"srtp,omitempty"`
	SRTPProfile SRTPProfile `json:"srtp_profile,omitempty"`
	Update      bool        `json:"update,omitempty"` // Janus looks at the update member of the jsep instead

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Generate makes a plain SDP for the other side of jsep, the peer's offer or
// answer. To change the media of a call, set the update member of jsep, as
// JSEP.Update of package janus.
func (c *Client) Generate(ctx context.Context, q Generate, jsep any) (*Generated, error) {
	return expect[Generated](ctx, c, request("generate", q, q.Extra, jsep))
}

// Process is the request of Client.Process.
type Process struct {
	Type        SDPType     `json:"type"`
	SDP         string      `json:"sdp"`            // of the other side
	Info        string      `json:"info,omitempty"` // any text, for Janus's log
	SRTP        SRTP        `json:"srtp,omitempty"`
	SRTPProfile SRTPProfile `json:"srtp_profile,omitempty"` // not used: it is in the SDP
	Update      bool        `json:"update,omitempty"`       // the SDP changes the media of a call

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Process makes an SDP for the peer of the plain SDP of the other side. It is in
// the JSEP of the answer.
func (c *Client) Process(ctx context.Context, q Process) (*Processed, error) {
	return expect[Processed](ctx, c, request("process", q, q.Extra, nil))
}

// Hangup closes the PeerConnection and the RTP ports.
func (c *Client) Hangup(ctx context.Context) (*HangingUp, error) {
	return expect[HangingUp](ctx, c, request("hangup", nil, nil, nil))
}

// RecordingAction is what a Recording request does.
type RecordingAction string

// The values of RecordingAction.
const (
	StartRecording RecordingAction = "start"
	StopRecording  RecordingAction = "stop"
)

// Recording is the request of Client.Recording. At least one of Audio, Video,
// PeerAudio and PeerVideo must be true: Janus answers ErrorRecordingError
// otherwise.
type Recording struct {
	Action    RecordingAction `json:"action"`
	Audio     bool            `json:"audio,omitempty"`      // the audio of the WebRTC peer
	Video     bool            `json:"video,omitempty"`      // the video of the WebRTC peer
	PeerAudio bool            `json:"peer_audio,omitempty"` // the audio of the other side
	PeerVideo bool            `json:"peer_video,omitempty"` // the video of the other side
	Filename  string          `json:"filename,omitempty"`   // base path; Janus adds -user-audio, -peer-video and the like

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Recording starts or stops recordings.
func (c *Client) Recording(ctx context.Context, q Recording) (*RecordingUpdated, error) {
	return expect[RecordingUpdated](ctx, c, request("recording", q, q.Extra, nil))
}

// Keyframe is the request of Client.Keyframe. Since 1.3.1.
type Keyframe struct {
	User bool `json:"user,omitempty"` // ask the WebRTC peer
	Peer bool `json:"peer,omitempty"` // ask the other side

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Keyframe asks for a keyframe of the video. Since 1.3.1.
func (c *Client) Keyframe(ctx context.Context, q Keyframe) (*KeyframeSent, error) {
	return expect[KeyframeSent](ctx, c, request("keyframe", q, q.Extra, nil))
}
