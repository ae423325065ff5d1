// Package videocall is a client for Janus's VideoCall plugin, with which two
// WebRTC peers call each other by username.
//
// A handle is one user and has one call at a time. Register a username, then use
// Call, or wait for an *IncomingCall and answer it with Accept:
//
//	phone := videocall.On(handle)
//	_, err := phone.Register(ctx, videocall.Register{Username: "bob"})
//	…
//	for msg := range handle.Events {
//		event, ok := videocall.Parse(msg)
//		if !ok {
//			continue
//		}
//		switch event := event.(type) {
//		case *videocall.IncomingCall:
//			_, err = phone.Accept(ctx, answer(event.JSEP))
//		case *videocall.HungUp:
//			log.Print(event.Username, " has ended the call: ", event.Reason)
//		}
//	}
//
// All requests are answered asynchronously. The plugin cannot be used through the
// Admin API.
//
// See https://janus.conf.meetecho.com/docs/videocall for the plugin's manual.
package videocall

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.videocall"

// Client sends requests to the VideoCall plugin. It has no state of its own; all
// methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
func On(c plugin.Caller) *Client { return &Client{c} }

// List lists the users that are registered.
func (c *Client) List(ctx context.Context) (*Users, error) {
	return expect[Users](ctx, c, request("list", nil, nil, nil))
}

// Register registers the handle as a user.
type Register struct {
	Username string `json:"username"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Register registers the handle as a user, until it is detached. It fails with
// ErrorUsernameTaken if another handle has the username.
func (c *Client) Register(ctx context.Context, q Register) (*Registered, error) {
	return expect[Registered](ctx, c, request("register", q, q.Extra, nil))
}

// Call calls a user.
type Call struct {
	Username string `json:"username"` // of the callee

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Call calls a user. jsep is the SDP offer. The answer is a *Calling, or a *HungUp
// if the callee is busy. When the callee accepts, an Accepted with the SDP answer
// is sent.
//
// If Call fails, Janus may keep the PeerConnection that it has made for the offer.
// Before another Call, end it with Handle.Hangup and wait for *janus.HangupMsg.
func (c *Client) Call(ctx context.Context, q Call, jsep any) (Event, error) {
	return plug.Ask(ctx, c.caller, request("call", q, q.Extra, jsep), Parse)
}

// Accept accepts an incoming call. jsep is the SDP answer to the offer of
// IncomingCall.
func (c *Client) Accept(ctx context.Context, jsep any) (*Accepted, error) {
	return expect[Accepted](ctx, c, request("accept", nil, nil, jsep))
}

// Set changes what the handle sends to its peer and what it receives. Nil fields
// leave the setting as it is.
type Set struct {
	Audio *bool `json:"audio,omitempty"` // whether audio is sent to the peer; default true
	Video *bool `json:"video,omitempty"` // whether video is sent to the peer; default true

	// Bitrate is the limit that Janus gives the handle's video, in bit/s. 0: none.
	Bitrate *int `json:"bitrate,omitempty"`

	Record   *bool  `json:"record,omitempty"`   // starts or stops recording what the handle sends
	Filename string `json:"filename,omitempty"` // base path of the recordings, without an ending

	Restart bool `json:"restart,omitempty"` // that jsep is an ICE restart; Janus acts on the jsep only

	// The simulcast layers of the peer's video to receive.
	Substream *int `json:"substream,omitempty"` // 0 to 2; default 2
	Temporal  *int `json:"temporal,omitempty"`  // 0 to 2; default 2
	Fallback  *int `json:"fallback,omitempty"`  // µs without a substream before a lower one is used; 0: 250,000

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Set changes what the handle sends to its peer and what it receives. A jsep
// renegotiates the call: the peer receives it in an Updated. It is nil if only
// settings change. The SDP answer of the peer arrives in an Updated, too.
func (c *Client) Set(ctx context.Context, q Set, jsep any) (*Configured, error) {
	return expect[Configured](ctx, c, request("set", q, q.Extra, jsep))
}

// Hangup ends a call or declines an incoming one.
type Hangup struct {
	Reason string `json:"reason,omitempty"` // for the peer; default: "We did the hangup"

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Hangup ends a call or declines an incoming one. The Reason of the answer is
// always "Explicit hangup".
func (c *Client) Hangup(ctx context.Context, q Hangup) (*HungUp, error) {
	return expect[HungUp](ctx, c, request("hangup", q, q.Extra, nil))
}

// request returns a request to the plugin.
func request(name string, fields any, extra map[string]any, jsep any) *plug.Request {
	return &plug.Request{Plugin: "videocall", Name: name, Fields: fields, Extra: extra, JSEP: jsep}
}

// expect sends a request whose answer is a T.
func expect[T any, P interface {
	*T
	plugin.Event
}](ctx context.Context, c *Client, r *plug.Request) (P, error) {
	return plug.Expect[T, P](ctx, c.caller, r, Parse)
}
