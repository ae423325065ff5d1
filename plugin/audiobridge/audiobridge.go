// Package audiobridge is a client for Janus's AudioBridge plugin, which mixes
// the audio of the participants of a room.
//
// A Client sends the requests of the plugin through a handle that is attached
// to it. Join takes a participant into a room; its media are negotiated with
// the jsep of Join or Configure, or are plain RTP. Parse turns the messages on
// Handle.Events into typed events:
//
//	handle, err := session.Attach(ctx, "", audiobridge.Name)
//	…
//	bridge := audiobridge.On(handle)
//	joined, err := bridge.Join(ctx, audiobridge.Join{Room: plugin.Num(1234), Display: "Alice"}, offer)
//	…
//	for msg := range handle.Events {
//		event, ok := audiobridge.Parse(msg)
//		if !ok {
//			continue // not from the plugin: *janus.WebRTCUpMsg and the like
//		}
//		switch event := event.(type) {
//		case *audiobridge.ParticipantJoined:
//			…
//		case *audiobridge.Talking:
//			…
//		}
//	}
//
// Optional fields of requests are left out if they are zero. They are pointers
// if zero has a meaning of its own. Fields and requests that are newer than
// Janus 1.1.2 name the version that brought them; older versions ignore such
// fields, and answer such requests with ErrorInvalidRequest.
//
// See https://janus.conf.meetecho.com/docs/audiobridge for the plugin's manual.
package audiobridge

import (
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.audiobridge"

// Client sends requests to the AudioBridge plugin. It has no state of its own;
// all methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
func On(c plugin.Caller) *Client { return &Client{c} }

// request returns the request of the given name.
func request(name string, fields any, extra map[string]any) *plug.Request {
	return &plug.Request{Plugin: "audiobridge", Name: name, Fields: fields, Extra: extra}
}

// Codec is an audio codec.
type Codec string

// The codecs that a participant or a forwarder can use.
const (
	CodecOpus Codec = "opus"
	CodecPCMA Codec = "pcma" // G.711 A-law, 8000 Hz
	CodecPCMU Codec = "pcmu" // G.711 µ-law, 8000 Hz
)

// HostFamily says which addresses of a host name are used.
type HostFamily string

// The values of HostFamily.
const (
	HostIPv4 HostFamily = "ipv4"
	HostIPv6 HostFamily = "ipv6"
)

// SRTPSuite is the length of SRTP's authentication tag, in bits.
type SRTPSuite int

// The suites that Janus supports.
const (
	SRTPSuite32 SRTPSuite = 32 // AES_CM_128_HMAC_SHA1_32
	SRTPSuite80 SRTPSuite = 80 // AES_CM_128_HMAC_SHA1_80
)

// Action says what Allowed does to the tokens of a room.
type Action string

// The values of Action.
const (
	ActionEnable  Action = "enable"  // only the tokens in the list may join
	ActionDisable Action = "disable" // anybody may join; the list is kept
	ActionAdd     Action = "add"
	ActionRemove  Action = "remove"
)
