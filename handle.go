package janus

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cameronelliott/janus-go/internal/queue"
	"github.com/cameronelliott/janus-go/internal/wire"
)

// Handle represents a handle to a plugin instance on the Gateway.
//
// All methods may be called concurrently. A handle ends with Detach, by the
// server's doing, or with its session; its calls then fail with
// ErrHandleDetached, ErrSessionEnded or ErrClosed.
type Handle struct {
	// ID is the handle_id of this plugin handle
	ID uint64

	// Type is the application's own, for instance pub or sub; this package does
	// not use it.
	Type string

	// User is the application's own, for instance the id of a user; this package
	// does not use it.
	User string

	// Events is a receive only channel that can be used to receive events
	// related to this handle from the gateway.
	//
	// It gets every message for the handle that is not the answer to a call, in
	// the order in which they arrived, and closes after the last one. Messages
	// are pointers: *EventMsg, *WebRTCUpMsg, *MediaMsg, *SlowLinkMsg, *TrickleMsg,
	// *ICEFailedMsg, *HangupMsg, *DetachedMsg, *TimeoutMsg, *ErrorMsg,
	// *OverflowMsg and *UnknownMsg. It need not be read; see
	// DialOptions.EventBacklog for what then happens. What is unread at the end
	// is kept until nobody has read for a minute. Do not send on it, or close it.
	Events chan interface{}

	session *Session
	queue   queue.Queue
	gone    atomic.Bool // not to be listed in Session.Handles any more

	// Guarded by Gateway.mu.
	ended error       // why calls fail; nil while the handle is attached
	timer *time.Timer // ends the lingering
}

// addHandle registers a handle that the server has made, or returns the one
// that is registered.
func (g *Gateway) addHandle(s *Session, id uint64) *Handle {
	h := &Handle{ID: id, Events: make(chan interface{}, eventsBuffer), session: s}
	h.queue.Init(h.Events, g.opts.EventBacklog, &g.hooks)

	g.mu.Lock()
	defer g.mu.Unlock()
	if old := s.routes[id]; old != nil && old.ended == nil {
		return old
	}
	if s.ended != nil {
		h.ended = s.ended
		h.gone.Store(true)
		h.queue.Close()
		return h
	}
	s.routes[id] = h
	return h
}

// lingerHandle ends a handle that was detached, but keeps its Events open for
// the messages that Janus sends after its answer, of which *DetachedMsg is the
// last.
func (g *Gateway) lingerHandle(h *Handle) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if h.ended != nil {
		return
	}
	h.ended = handleDetached(h)
	h.timer = time.AfterFunc(linger, func() { g.closeHandle(h) })
}

// closeHandle ends a handle for which nothing more can come.
func (g *Gateway) closeHandle(h *Handle) {
	s := h.session
	g.mu.Lock()
	switch {
	case h.ended != nil:
	case s.ended != nil:
		h.ended = s.ended
	default:
		h.ended = handleDetached(h)
	}
	if h.timer != nil {
		h.timer.Stop()
	}
	if s.routes[h.ID] == h {
		delete(s.routes, h.ID)
	}
	if s.ended != nil && len(s.routes) == 0 {
		g.unroute(s)
	}
	calls := g.takeCalls(func(c *call) bool { return c.handle == h && c.verb != verbDetach })
	g.mu.Unlock()

	failCalls(calls, h.ended)
	h.queue.Close()
	h.gone.Store(true)
	whenLocked(&s.Mutex, func() {
		if s.Handles[h.ID] == h {
			delete(s.Handles, h.ID)
		}
	})
}

// handleDetached returns the error of calls on a handle that is detached.
func handleDetached(h *Handle) error {
	return &endedError{
		text: fmt.Sprintf("handle %d detached", h.ID),
		answer: &ErrorMsg{
			Err: ErrorData{
				Code:   int(ErrorHandleNotFound),
				Reason: fmt.Sprintf("No such handle %d in session %d", h.ID, h.session.ID),
			},
			Session: h.session.ID,
		},
	}
}

// do sends a request of the handle and returns its reply.
func (h *Handle) do(ctx context.Context, c *call, r *wire.Request) (interface{}, error) {
	r.Handle = h.ID
	return h.session.do(ctx, c, r)
}

// ack sends a request that is answered with an acknowledgement.
func (h *Handle) ack(ctx context.Context, verb string, r *wire.Request) (*AckMsg, error) {
	r.Janus, r.Handle = verb, h.ID
	return h.session.ack(ctx, h.session.gateway.newCall(verb, h.session, h), r)
}

// Message sends a message request to a plugin handle on the Gateway.
// body should be the plugin data to be passed to the plugin, and jsep should
// contain an optional SDP offer/answer to establish a WebRTC PeerConnection.
// On success, an EventMsg will be returned and error will be nil.
//
// body and jsep may be anything that encoding/json marshals to an object:
// structs, maps, json.RawMessage. What cannot be marshalled is an error before
// anything is sent. A nil body or jsep is left out; Janus refuses a message
// without a body.
//
// The answer may come at once or, for requests that the plugin handles
// asynchronously, as an event; further events of the same request come on
// Events. An error of the plugin is no error of the call: see PluginData.Err.
// An answer that comes after ctx has ended is delivered on Events.
func (handle *Handle) Message(ctx context.Context, token string, body, jsep interface{}) (*EventMsg, error) {
	reply, err := handle.message(ctx, handle.session.gateway.newCall(verbMessage, handle.session, handle), token, body, jsep)
	if err != nil {
		return nil, err
	}
	return reply.(*EventMsg), nil
}

// Request sends a sync request: one that the plugin answers at once, such as
// the VideoRoom's list, create or exists. It is Message without a jsep, but for
// the type of the result; an asynchronous answer is accepted as well.
func (handle *Handle) Request(ctx context.Context, token string, body interface{}) (*SuccessMsg, error) {
	c := handle.session.gateway.newCall(verbMessage, handle.session, handle)
	c.sync = true
	reply, err := handle.message(ctx, c, token, body, nil)
	if err != nil {
		return nil, err
	}
	return reply.(*SuccessMsg), nil
}

// Call sends a message to the plugin and waits for its answer, as Message does,
// with two differences: it sends the token that the session sent last, and an
// error reported by the plugin is returned as the error, a *PluginError. The
// answer is then returned as well.
func (handle *Handle) Call(ctx context.Context, body, jsep interface{}) (*EventMsg, error) {
	event, err := handle.Message(ctx, handle.session.latestToken(), body, jsep)
	if err != nil {
		return nil, err
	}
	return event, event.Plugindata.Err()
}

func (h *Handle) message(ctx context.Context, c *call, token string, body, jsep interface{}) (interface{}, error) {
	r := &wire.Request{Janus: verbMessage, Token: token}
	var err error
	if r.Body, err = marshal("body", body); err == nil {
		r.Jsep, err = marshal("jsep", jsep)
	}
	if err != nil {
		h.session.gateway.free(c)
		return nil, err
	}
	return h.do(ctx, c, r)
}

// marshal returns the JSON of a part of a request, or nil where there is none.
func marshal(part string, v interface{}) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("janus: marshal %s: %w", part, err)
	}
	if string(raw) == "null" {
		return nil, nil // a nil pointer or map
	}
	return raw, nil
}

// Trickle sends a trickle request to the Gateway as part of establishing
// a new PeerConnection with a plugin.
// candidate should be a single ICE candidate, or a completed object to
// signify that all candidates have been sent:
//
//	{
//		"completed": true
//	}
//
// On success, an AckMsg will be returned and error will be nil.
//
// ICECandidate, Pion's ICECandidateInit, maps and json.RawMessage all serve.
func (handle *Handle) Trickle(ctx context.Context, token string, candidate interface{}) (*AckMsg, error) {
	raw, err := marshal("candidate", candidate)
	if err != nil {
		return nil, err
	}
	return handle.ack(ctx, "trickle", &wire.Request{Token: token, Candidate: raw})
}

// TrickleMany sends a trickle request to the Gateway as part of establishing
// a new PeerConnection with a plugin.
// candidates should be an array of ICE candidates.
// On success, an AckMsg will be returned and error will be nil.
func (handle *Handle) TrickleMany(ctx context.Context, token string, candidates interface{}) (*AckMsg, error) {
	raw, err := marshal("candidates", candidates)
	if err != nil {
		return nil, err
	}
	return handle.ack(ctx, "trickle", &wire.Request{Token: token, Candidates: raw})
}

// Hangup sends a hangup request to the Gateway: it closes the PeerConnection of
// the handle, which stays attached. *HangupMsg on Events tells when it is done.
// On success, an AckMsg will be returned and error will be nil.
func (handle *Handle) Hangup(ctx context.Context, token string) (*AckMsg, error) {
	return handle.ack(ctx, "hangup", &wire.Request{Token: token})
}

// Detach sends a detach request to the Gateway to remove this handle.
// On success, an AckMsg will be returned and error will be nil. The handle is
// then no longer in Session.Handles, and Events closes after its last message,
// *DetachedMsg, or after a second if Janus does not send that.
func (handle *Handle) Detach(ctx context.Context, token string) (*AckMsg, error) {
	ack, err := handle.ack(ctx, verbDetach, &wire.Request{Token: token})
	if err != nil {
		return nil, err
	}
	handle.gone.Store(true)
	handle.session.Lock()
	defer handle.session.Unlock()
	if handle.session.Handles[handle.ID] == handle {
		delete(handle.session.Handles, handle.ID)
	}
	return ack, nil
}
