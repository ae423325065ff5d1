// Package textroom is a client for Janus's TextRoom plugin, which passes text
// messages between the participants of rooms.
//
// The plugin has two APIs. A Client manages rooms and sets up the PeerConnection,
// through a handle. Everything else goes over a data channel of that
// PeerConnection: participants join rooms, send messages and receive events
// there. The package does not contain WebRTC; a DataClient sends its requests
// through a function, such as one that uses Pion, and is given what the data
// channel receives:
//
//	room := textroom.On(handle)
//	setup, err := room.Setup(ctx)
//	…
//	// Make a PeerConnection for the offer, with a data channel.
//	answer, channel := connect(setup.JSEP)
//	err = room.Ack(ctx, answer)
//	…
//	data := textroom.OverData(func(text []byte) error { return channel.SendText(string(text)) })
//	channel.OnMessage(func(msg webrtc.DataChannelMessage) {
//		event, err := data.Receive(msg.Data)
//		if err != nil {
//			log.Print(err)
//		}
//		switch event := event.(type) {
//		case *textroom.MessageReceived:
//			fmt.Println(event.From, "says", event.Text)
//		}
//	})
//	_, err = data.Call(ctx, textroom.Join{Room: plugin.Num(1234), Username: "alice"})
//	_, err = data.Call(ctx, textroom.Message{Room: plugin.Num(1234), Text: "hello"})
//
// Requests to manage rooms may be sent over either API. To match answers and
// requests in another way than DataClient does, use MarshalData and ParseData.
//
// See https://janus.conf.meetecho.com/docs/textroom for the plugin's manual.
package textroom

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.textroom"

// Client sends requests to the TextRoom plugin over the Janus API. It has no
// state of its own; all methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
//
// If c sends them through the Admin API (message_plugin), Janus also demands a
// member "transaction", with any string, in each request: put it into Extra.
func On(c plugin.Caller) *Client { return &Client{c} }

// Setup asks Janus for a PeerConnection with data channels. The JSEP of the answer
// is Janus's offer, which Ack answers. It fails with ErrorAlreadySetup if the
// handle has a PeerConnection.
func (c *Client) Setup(ctx context.Context) (*Negotiation, error) {
	return plug.Do[Negotiation](ctx, c.caller, request("setup", nil, nil))
}

// Ack answers the offer of Setup or Restart. jsep is the SDP answer.
func (c *Client) Ack(ctx context.Context, jsep any) error {
	r := request("ack", nil, nil)
	r.JSEP = jsep
	return plug.Send(ctx, c.caller, r)
}

// Restart asks for an ICE restart. The JSEP of the answer is a new offer, which
// Ack answers. It fails with ErrorAlreadySetup if Setup has not been sent yet.
func (c *Client) Restart(ctx context.Context) (*Negotiation, error) {
	return plug.Do[Negotiation](ctx, c.caller, request("restart", nil, nil))
}

// request returns the request of the given name.
func request(name string, fields any, extra map[string]any) *plug.Request {
	return &plug.Request{Plugin: "textroom", Name: name, Fields: fields, Extra: extra}
}

// Action says what Allowed does to the tokens of a room.
type Action string

// The values of Action.
const (
	ActionEnable  Action = "enable"  // only the tokens in the list may join
	ActionDisable Action = "disable" // anybody may join; the list is kept
	ActionAdd     Action = "add"     // adds tokens to the list
	ActionRemove  Action = "remove"  // removes tokens from the list
)
