// Package sip is a client for Janus's SIP plugin, with which a WebRTC peer
// registers at a SIP server, calls and is called.
//
// A handle is one SIP account and has one call at a time. Register an account,
// then use Call, or wait for an *IncomingCall and answer it with Accept:
//
//	phone := sip.On(handle)
//	event, err := phone.Register(ctx, sip.Register{
//		Username: "sip:alice@example.com",
//		Secret:   "…",
//		Proxy:    "sip:example.com",
//	})
//	…
//	for msg := range handle.Events {
//		event, ok := sip.Parse(msg)
//		if !ok {
//			continue
//		}
//		switch event := event.(type) {
//		case *sip.IncomingCall:
//			_, err = phone.Accept(ctx, sip.Accept{}, answer(event.JSEP))
//		case *sip.HungUp:
//			log.Print("call ", event.CallID, " ended: ", event.Reason)
//		}
//	}
//
// For several calls at a time, an account has helpers: further handles that
// share its registration. See RegisterHelper. Calls are told apart by their SIP
// Call-ID, which is in Meta.CallID of all answers and events.
//
// Most events of a call that was started with Call, or accepted with an offer,
// have the transaction of that request until the call ends. An event with a
// transaction is therefore not always an answer.
//
// Janus does not answer Decline, Hold, Unhold and Hangup at all if the handle
// has no call in a state that they apply to. These methods then return when
// their context ends or the request times out.
//
// See https://janus.conf.meetecho.com/docs/sip for the plugin's manual.
package sip

import (
	"context"
	"encoding/json"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Name is the name of the plugin, for Session.Attach.
const Name = "janus.plugin.sip"

// Client sends requests to the SIP plugin. It has no state of its own; all
// methods may be called concurrently.
type Client struct{ caller plugin.Caller }

// On returns a Client that sends its requests through c, such as a *janus.Handle
// attached to the plugin.
func On(c plugin.Caller) *Client { return &Client{c} }

// Meta is the part that all answers and events of the plugin have.
type Meta struct {
	plugin.Meta `json:"-"`

	// CallID is the SIP Call-ID of the call, the message or the subscription
	// that the event is about. If it is about none of them, it is that of the
	// handle's call, or empty if there is no call.
	CallID string `json:"call_id,omitempty"`
}

func (m *Meta) sipMeta() *Meta { return m }

// CallID returns the SIP Call-ID of any answer or event, as in Meta.CallID. It
// is empty if the event has none.
func CallID(event Event) string {
	switch event := event.(type) {
	case nil:
		return ""
	case interface{ sipMeta() *Meta }:
		return event.sipMeta().CallID
	}
	var data struct {
		CallID string `json:"call_id"`
	}
	_ = json.Unmarshal(event.EventMeta().Raw, &data) // CallID stays empty
	return data.CallID
}

// request returns a request to the plugin.
func request(name string, fields any, extra map[string]any, jsep any) *plug.Request {
	return &plug.Request{Plugin: "sip", Name: name, Fields: fields, Extra: extra, JSEP: jsep}
}

// expect sends a request whose answer is a T.
func expect[T any, P interface {
	*T
	plugin.Event
}](ctx context.Context, c *Client, r *plug.Request) (P, error) {
	return plug.Expect[T, P](ctx, c.caller, r, Parse)
}
