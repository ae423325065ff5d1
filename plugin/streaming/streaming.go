// Package streaming is a client for Janus's Streaming plugin, which sends media
// from RTP, RTSP or files to viewers.
//
// A Client sends the requests of the plugin through a handle that is attached
// to it. CreateRTP and the like create mountpoints. A viewer sends Watch, which
// returns an offer, and Start with the answer. Parse turns the messages on
// Handle.Events into typed events:
//
//	handle, err := session.Attach(ctx, "", streaming.Name)
//	…
//	viewer := streaming.On(handle)
//	preparing, err := viewer.Watch(ctx, streaming.Watch{ID: plugin.Num(1)})
//	…
//	_, err = viewer.Start(ctx, answerTo(preparing.JSEP))
//	…
//	for msg := range handle.Events {
//		event, ok := streaming.Parse(msg)
//		if !ok {
//			continue // not from the plugin: *janus.WebRTCUpMsg and the like
//		}
//		switch event := event.(type) {
//		case *streaming.Started:
//			…
//		case *streaming.Stopped:
//			…
//		}
//	}
//
// Optional fields of requests are left out if they are zero. They are pointers
// if zero has a meaning of its own. Fields that are newer than Janus 1.1.2 name
// the version that brought them; older versions ignore them.
//
// See https://janus.conf.meetecho.com/docs/streaming for the plugin's manual.
package streaming

import (
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.streaming"

// Client sends requests to the Streaming plugin. It has no state of its own; all
// methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
func On(c plugin.Caller) *Client { return &Client{c} }

// request returns the request of the given name.
func request(name string, fields any, extra map[string]any) *plug.Request {
	return &plug.Request{Plugin: "streaming", Name: name, Fields: fields, Extra: extra}
}

// MediaType is the type of a stream.
type MediaType string

// The values of MediaType.
const (
	Audio MediaType = "audio"
	Video MediaType = "video"
	Data  MediaType = "data" // messages of a data channel
)

// DataType is the type of the messages of a data stream.
type DataType string

// The values of DataType.
const (
	Text   DataType = "text"
	Binary DataType = "binary"
)

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

// SRTPSuite is a cipher suite of SRTP.
type SRTPSuite int

// The values of SRTPSuite.
const (
	SRTPSuite32 SRTPSuite = 32 // AES_CM_128_HMAC_SHA1_32
	SRTPSuite80 SRTPSuite = 80 // AES_CM_128_HMAC_SHA1_80
)

// MountpointType says whether the viewers of a mountpoint see the same.
type MountpointType string

// The values of MountpointType.
const (
	Live     MountpointType = "live"      // they do: RTP, RTSP, and files of CreateLive
	OnDemand MountpointType = "on demand" // each one sees the file from its beginning
)
