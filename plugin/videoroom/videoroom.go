// Package videoroom is a client for Janus's VideoRoom plugin, a media server in
// which publishers send their media once and subscribers choose what to receive.
//
// A publisher and a subscriber each need a handle of their own, attached to
// Name. A publisher joins, publishes with an SDP offer and gets the answer:
//
//	room := videoroom.On(handle)
//	joined, err := room.JoinPublisher(ctx, videoroom.JoinPublisher{Room: plugin.Num(1234), Display: "ada"})
//	…
//	configured, err := room.Publish(ctx, videoroom.Publish{}, offer)
//	… // configured.JSEP is the answer
//
// A subscriber joins with the streams that it wants, gets an offer and answers
// it with Start:
//
//	viewer := videoroom.On(handle)
//	attached, err := viewer.JoinSubscriber(ctx, videoroom.JoinSubscriber{Room: room, Streams: streams})
//	… // attached.JSEP is the offer
//	err = viewer.Start(ctx, answer)
//
// Parse turns the messages on Handle.Events into events. Feeds keeps a list of
// the streams that a room offers up to date from these events, and makes the
// Update request that adapts a subscription to it.
//
// An event of a subscriber may have an offer that no request asked for: see
// Updated. Such an offer must be answered with Start.
//
// A room can have publishers of other servers: see AddRemotePublisher,
// PublishRemotely and RemoteStreams.
//
// See https://janus.conf.meetecho.com/docs/videoroom for the plugin's manual.
package videoroom

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.videoroom"

// Client sends requests to the VideoRoom plugin. It has no state of its own; all
// methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
func On(c plugin.Caller) *Client { return &Client{c} }

// request returns a request of the plugin.
func request(name string, fields any, extra map[string]any, jsep any) *plug.Request {
	return &plug.Request{Plugin: "videoroom", Name: name, Fields: fields, Extra: extra, JSEP: jsep}
}

// ask sends a request that has several kinds of answers.
func (c *Client) ask(ctx context.Context, r *plug.Request) (Event, error) {
	return plug.Ask(ctx, c.caller, r, Parse)
}

// array returns s, or an empty slice if s is nil: Janus does not accept null.
func array[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
