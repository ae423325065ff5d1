// Package plugin holds what the typed plugin packages share: ids, the parts
// that all events have, and the interface that they send requests through.
//
// Each plugin of Janus has a package of its own below this one. Its On wraps a
// handle, the methods of its Client send requests, and its Parse turns the
// messages on Handle.Events into typed events:
//
//	room := videoroom.On(handle)
//	joined, err := room.JoinPublisher(ctx, videoroom.JoinPublisher{Room: plugin.Num(1234)})
//	…
//	for msg := range handle.Events {
//		if event, ok := videoroom.Parse(msg); ok {
//			switch event := event.(type) {
//			case *videoroom.Published:
//				…
//			}
//		}
//	}
//
// docs/plugins.md lists all requests, events and error codes of the plugins, with
// the method, struct or constant for each.
package plugin

import (
	"context"
	"encoding/json"

	janus "github.com/cameronelliott/janus-go"
)

// Caller sends a request to a plugin and returns its answer. *janus.Handle is a
// Caller.
//
// An error that the plugin reports is returned as a *janus.PluginError. body and
// jsep are anything that encoding/json marshals to an object; a nil jsep is left
// out.
type Caller interface {
	Call(ctx context.Context, body, jsep any) (*janus.EventMsg, error)
}

var _ Caller = (*janus.Handle)(nil)

// Meta is the part that all answers and events of plugins have.
type Meta struct {
	// Transaction is the transaction of the request that the message belongs
	// to. It is empty if the message belongs to none.
	Transaction string

	// JSEP is the SDP offer or answer of the message; nil if there is none.
	JSEP *janus.JSEP

	// Raw is the plugin's data as it was received. It is not a copy: do not
	// change it.
	Raw json.RawMessage
}

// EventMeta returns m. It lets programs get at the Meta of any Event.
func (m *Meta) EventMeta() *Meta { return m }

func (*Meta) sealed() {}

// Event is an answer or an event of a plugin: a pointer to a struct that embeds
// Meta.
type Event interface {
	EventMeta() *Meta
	sealed()
}

// Unknown is a message of a kind that a plugin package does not know, or one
// that it could not decode. Raw has everything the plugin sent.
type Unknown struct {
	Meta
	Err error // why decoding failed; nil if the kind is unknown
}

// Failure is a message in which a plugin reports an error. Calls return such
// errors; a Failure is one that no call was waiting for.
type Failure struct {
	Meta
	Err *janus.PluginError
}
