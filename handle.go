package janus

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/cameronelliott/janus-go/internal/calls"
	"github.com/cameronelliott/janus-go/internal/queue"
	"github.com/cameronelliott/janus-go/internal/routes"
	"github.com/cameronelliott/janus-go/internal/wire"
)

// Handle represents a handle to a plugin instance on the Gateway.
//
// All methods may be called concurrently. A handle ends with Detach, when the
// server detaches it, or with its session. Its calls then fail with
// ErrHandleDetached, ErrSessionEnded or ErrClosed.
type Handle struct {
	// ID is the handle_id of this plugin handle
	ID uint64

	// Type is for the application, for instance pub or sub. This package does
	// not use it.
	Type string

	// User is for the application, for instance the id of a user. This package
	// does not use it.
	User string

	// Events is a receive only channel that can be used to receive events
	// related to this handle from the gateway.
	//
	// It receives every message for the handle that is not the answer to a call,
	// in the order in which they arrived, and is closed after the last one.
	// Messages are pointers: *EventMsg, *WebRTCUpMsg, *MediaMsg, *SlowLinkMsg,
	// *TrickleMsg, *ICEFailedMsg, *HangupMsg, *DetachedMsg, *TimeoutMsg,
	// *ErrorMsg, *OverflowMsg and *UnknownMsg. Reading it is optional; see
	// DialOptions.EventBacklog for what happens to unread messages. Messages
	// that are unread when the handle ends stay readable until nobody has read
	// for a minute. Do not send on Events, and do not close it.
	Events chan interface{}

	session *Session
	queue   queue.Queue
	scope   calls.Scope[request]
	timer   *time.Timer // ends the lingering; guarded by Session.mu
}

// AttachOptions are the options of AttachWith.
type AttachOptions struct {
	// Plugin is the unique string of the plugin to attach to, such as
	// janus.plugin.videoroom.
	Plugin string

	// OpaqueID is a string for the application, which Janus passes to its event
	// handlers and, if so configured, repeats in messages. Default: none.
	OpaqueID string

	// LoopIndex selects one of the server's static event loops. If nil, Janus
	// chooses one.
	LoopIndex *int
}

// Attach sends an attach request to the Gateway within this session.
// plugin should be the unique string of the plugin to attach to.
// On success, a new Handle will be returned and error will be nil.
//
// If ctx ends first and Janus attaches the handle later, it is detached again.
func (s *Session) Attach(ctx context.Context, token, plugin string) (*Handle, error) {
	return s.AttachWith(ctx, token, AttachOptions{Plugin: plugin})
}

// AttachWith is Attach with options.
func (s *Session) AttachWith(ctx context.Context, token string, opts AttachOptions) (*Handle, error) {
	c := s.gateway.newCall(s, nil, acceptAttach)
	c.Keep, c.Request.plugin = true, opts.Plugin
	err := s.gateway.do(ctx, c, &wire.Request{
		Janus: "attach", Session: s.ID, Token: token,
		Plugin: opts.Plugin, OpaqueID: opts.OpaqueID, LoopIndex: opts.LoopIndex,
	})
	if err != nil {
		return nil, err
	}
	h := c.Request.handled
	s.gateway.calls.Free(c)
	s.list(h)
	return h, nil
}

func acceptAttach(g *Gateway, c *call, f *wire.Frame, _ []byte) error {
	if f.Janus != "success" || f.DataID == 0 {
		return unexpected(f)
	}
	s := c.Request.session
	old := s.routes.Get(f.DataID)
	h := s.addHandle(f.DataID, c.Request.plugin)
	if !c.Nobody() || h == old {
		c.Request.handled = h
		return nil
	}
	// Nobody wants the handle. It stays registered until its last message.
	h.queue.Close()
	g.lingerHandle(h)
	if conn := g.calls.ConnFor(&s.scope); conn != nil {
		g.post(conn, &wire.Request{Janus: "detach", Session: s.ID, Handle: h.ID, Token: c.Request.token})
	}
	return nil
}

// Adopt returns a Handle for one that exists on the server, after Claim. Later
// messages for the handle are sent on its Events. If the server has no such
// handle, its calls fail with ErrorHandleNotFound.
func (s *Session) Adopt(handleID uint64) *Handle {
	h := s.addHandle(handleID, "")
	s.list(h)
	return h
}

// list puts a handle into Handles.
func (s *Session) list(h *Handle) {
	s.Lock()
	defer s.Unlock()
	if h.Err() == nil {
		s.Handles[h.ID] = h
	}
}

// addHandle registers a handle that the server has made, or returns the one
// that is registered. plugin is empty if it is not known.
func (s *Session) addHandle(id uint64, plugin string) *Handle {
	var made *Handle
	// A handle that is registered in an ended session still receives messages.
	keep := func(h *Handle) bool { return h != nil && (h.Err() == nil || s.Err() != nil) }
	h := s.routes.Add(id, keep, func() *Handle {
		made = &Handle{ID: id, Events: make(chan interface{}, eventsBuffer), session: s, scope: s.scope.Within()}
		made.queue.Init(made.Events, &s.gateway.queues, queue.Tag{Session: s.ID, Handle: id, Plugin: plugin})
		return made
	})
	if made != nil && s.Err() != nil {
		s.routes.Remove(id, made)
		made.end(nil)
	}
	return h
}

// Session returns the session that the handle belongs to.
func (h *Handle) Session() *Session { return h.session }

// Done returns a channel that is closed when the handle has ended. Err then
// returns why.
func (h *Handle) Done() <-chan struct{} { return h.session.gateway.calls.Done(&h.scope) }

// Err returns nil while the handle is attached, and then the error that calls
// fail with: an *ErrorMsg that matches ErrHandleDetached or ErrSessionEnded, or
// an error that matches ErrClosed if the handle ended with its connection.
func (h *Handle) Err() error { return h.session.gateway.calls.Err(&h.scope) }

// DetachCalled reports whether Detach was called while the handle was attached,
// whatever has become of it.
func (h *Handle) DetachCalled() bool { return h.session.gateway.calls.Left(&h.scope) }

// handleGone returns the error of a handle that ended without an error of Janus.
func handleGone(h *Handle) *ErrorMsg {
	return &ErrorMsg{
		Err: ErrorData{
			Code:   int(ErrorHandleNotFound),
			Reason: fmt.Sprintf("No such handle %d in session %d", h.ID, h.session.ID),
		},
		Session: h.session.ID,
	}
}

// lingerHandle ends a handle that was detached, but keeps its Events open for
// the messages that Janus sends after its answer, of which *DetachedMsg is the
// last.
func (g *Gateway) lingerHandle(h *Handle) {
	if !g.calls.End(&h.scope, handleGone(h)) {
		return
	}
	h.session.mu.Lock()
	defer h.session.mu.Unlock()
	h.timer = time.AfterFunc(linger, func() { g.closeHandle(h, nil) })
}

// closeHandle ends a handle that can receive no more messages, because of err
// or, if err is nil, because the handle is detached.
func (g *Gateway) closeHandle(h *Handle, err *ErrorMsg) {
	s := h.session
	s.routes.Remove(h.ID, h)
	if err == nil {
		err = handleGone(h)
	}
	h.end(err)
	routes.WhenLocked(&s.Mutex, func() {
		if s.Handles[h.ID] == h {
			delete(s.Handles, h.ID)
		}
	})
}

// end fails the calls of the handle with the error of its session if that has
// ended, and otherwise with err. It closes Events.
func (h *Handle) end(err error) {
	g := h.session.gateway
	if ended := h.session.Err(); ended != nil {
		err = ended
	}
	g.calls.End(&h.scope, err)
	h.session.mu.Lock()
	if h.timer != nil {
		h.timer.Stop()
	}
	h.session.mu.Unlock()
	h.queue.Close()
}

// ack sends a request that is answered with an acknowledgement.
func (h *Handle) ack(ctx context.Context, r *wire.Request) (*AckMsg, error) {
	return h.ackCall(ctx, h.session.gateway.newCall(h.session, h, acceptAck), r)
}

func (h *Handle) ackCall(ctx context.Context, c *call, r *wire.Request) (*AckMsg, error) {
	r.Session, r.Handle = h.session.ID, h.ID
	return h.session.gateway.ack(ctx, c, r)
}

// Message sends a message request to a plugin handle on the Gateway.
// body should be the plugin data to be passed to the plugin, and jsep should
// contain an optional SDP offer/answer to establish a WebRTC PeerConnection.
// On success, an EventMsg will be returned and error will be nil.
//
// body and jsep may be anything that encoding/json marshals to an object, such as
// structs, maps and json.RawMessage; jsep may also be a *JSEP. If they cannot be
// marshaled, Message fails before anything is sent. A nil body or jsep is left
// out; Janus refuses a message without a body.
//
// Message returns the plugin's answer, or the first event of the request if the
// plugin handles it asynchronously. Further events of the request are sent on
// Events, and so is an answer that arrives after ctx has ended. An error reported
// by the plugin does not cause Message to fail: see PluginData.Err, and Call.
func (h *Handle) Message(ctx context.Context, token string, body, jsep interface{}) (*EventMsg, error) {
	c := h.session.gateway.newCall(h.session, h, acceptEvent)
	if err := h.message(ctx, c, token, body, jsep); err != nil {
		return nil, err
	}
	event := c.Request.event
	h.session.gateway.calls.Free(c)
	return event, nil
}

// Request sends a sync request: one that the plugin answers at once, such as
// list, create or exists of the VideoRoom. It is like Message without a jsep, but
// returns another type. It accepts asynchronous answers as well.
func (h *Handle) Request(ctx context.Context, token string, body interface{}) (*SuccessMsg, error) {
	c := h.session.gateway.newCall(h.session, h, acceptSuccess)
	if err := h.message(ctx, c, token, body, nil); err != nil {
		return nil, err
	}
	success := c.Request.success
	h.session.gateway.calls.Free(c)
	return success, nil
}

// Call sends a message to the plugin and waits for its answer, as Message does,
// with two differences. It has no token parameter: it sends the token of
// DialOptions.TokenSource, or else the latest one of the session that Janus
// accepted. And it returns an error reported by the plugin as its error, a
// *PluginError, together with the answer.
func (h *Handle) Call(ctx context.Context, body, jsep interface{}) (*EventMsg, error) {
	event, err := h.Message(ctx, h.session.gateway.ownToken(h.session), body, jsep)
	if err != nil {
		return nil, err
	}
	return event, event.Plugindata.Err()
}

func (h *Handle) message(ctx context.Context, c *call, token string, body, jsep interface{}) error {
	r := &wire.Request{Janus: verbMessage, Session: h.session.ID, Handle: h.ID, Token: token}
	var err error
	if r.Body, err = marshal("body", body); err == nil {
		r.Jsep, err = marshal("jsep", jsep)
	}
	if err != nil {
		h.session.gateway.calls.Free(c)
		return err
	}
	return h.session.gateway.do(ctx, c, r)
}

func acceptEvent(_ *Gateway, c *call, f *wire.Frame, _ []byte) error {
	if f.Janus != "event" && f.Janus != "success" {
		return unexpected(f)
	}
	c.Request.event = newEventMsg(f)
	return nil
}

func acceptSuccess(_ *Gateway, c *call, f *wire.Frame, _ []byte) error {
	if f.Janus != "event" && f.Janus != "success" {
		return unexpected(f)
	}
	c.Request.success = newSuccessMsg(f)
	return nil
}

// marshal returns the JSON of a part of a request, or nil if there is none.
func marshal(part string, v interface{}) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("janus: marshal %s: %w: %w", part, ErrNotSent, err)
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
// candidate may be an ICECandidate, Pion's ICECandidateInit, a map or a
// json.RawMessage.
func (h *Handle) Trickle(ctx context.Context, token string, candidate interface{}) (*AckMsg, error) {
	raw, err := marshal("candidate", candidate)
	if err != nil {
		return nil, err
	}
	return h.ack(ctx, &wire.Request{Janus: "trickle", Token: token, Candidate: raw})
}

// TrickleCompleted signifies that all candidates have been sent.
func (h *Handle) TrickleCompleted(ctx context.Context, token string) (*AckMsg, error) {
	return h.Trickle(ctx, token, json.RawMessage(`{"completed":true}`))
}

// TrickleMany sends a trickle request to the Gateway as part of establishing
// a new PeerConnection with a plugin.
// candidates should be an array of ICE candidates.
// On success, an AckMsg will be returned and error will be nil.
func (h *Handle) TrickleMany(ctx context.Context, token string, candidates interface{}) (*AckMsg, error) {
	raw, err := marshal("candidates", candidates)
	if err != nil {
		return nil, err
	}
	return h.ack(ctx, &wire.Request{Janus: "trickle", Token: token, Candidates: raw})
}

// Hangup sends a hangup request to the Gateway to close the PeerConnection of the
// handle, which stays attached. *HangupMsg is sent on Events when it is closed.
// On success, an AckMsg will be returned and error will be nil.
func (h *Handle) Hangup(ctx context.Context, token string) (*AckMsg, error) {
	return h.ack(ctx, &wire.Request{Janus: "hangup", Token: token})
}

// Detach sends a detach request to the Gateway to remove this handle.
// On success, an AckMsg will be returned and error will be nil. The handle is
// then no longer in Session.Handles, and Events is closed after its last message,
// *DetachedMsg, or after a second if Janus does not send that. If ctx ends first
// and Janus detaches the handle later, the same happens then.
func (h *Handle) Detach(ctx context.Context, token string) (*AckMsg, error) {
	h.session.gateway.calls.Leave(&h.scope)
	c := h.session.gateway.newCall(h.session, h, acceptDetach)
	c.Keep, c.Outlives = true, true
	ack, err := h.ackCall(ctx, c, &wire.Request{Janus: "detach", Token: token})
	if err != nil {
		return nil, err
	}
	h.session.Lock()
	defer h.session.Unlock()
	if h.session.Handles[h.ID] == h {
		delete(h.session.Handles, h.ID)
	}
	return ack, nil
}

func acceptDetach(g *Gateway, c *call, f *wire.Frame, _ []byte) error {
	if !acknowledged(f) {
		return unexpected(f)
	}
	g.lingerHandle(c.Request.handle)
	return nil
}

// SuccessMsg is the successful answer to a request.
type SuccessMsg struct {
	Data       SuccessData
	PluginData PluginData
	Session    uint64 `json:"session_id"`
	Handle     uint64 `json:"sender"`
}

// EventMsg is a message of a plugin: the answer to Handle.Message, or an event on
// Handle.Events.
type EventMsg struct {
	Plugindata PluginData
	Jsep       map[string]interface{} // the SDP offer or answer; nil if there is none
	Session    uint64                 `json:"session_id"`
	Handle     uint64                 `json:"sender"`

	// Transaction is the transaction of the request that the event belongs to.
	// It is empty if the event belongs to none.
	Transaction string `json:"transaction"`

	// OpaqueID is the opaque_id of the handle, if the server is configured to
	// repeat it.
	OpaqueID string `json:"opaque_id"`
}

// JSEP returns the SDP offer or answer of the message, or nil if it has none.
func (m *EventMsg) JSEP() *JSEP {
	if m.Jsep == nil {
		return nil
	}
	j := new(JSEP)
	raw, err := json.Marshal(m.Jsep)
	if err != nil || json.Unmarshal(raw, j) != nil {
		j.Type, _ = m.Jsep["type"].(string)
		j.SDP, _ = m.Jsep["sdp"].(string)
	}
	return j
}

// JSEP is an SDP offer or answer, with the fields that Janus adds. It may be
// passed as the jsep of Handle.Message and Handle.Call. To convert it for Pion:
//
//	webrtc.SessionDescription{Type: webrtc.NewSDPType(jsep.Type), SDP: jsep.SDP}
type JSEP struct {
	Type string `json:"type"` // "offer" or "answer"
	SDP  string `json:"sdp"`

	// Trickle is false if SDP has all candidates. If it is nil, Janus expects
	// candidates to be trickled.
	Trickle *bool `json:"trickle,omitempty"`

	Restart bool `json:"restart,omitempty"` // an ICE restart
	Update  bool `json:"update,omitempty"`  // a renegotiation
	E2EE    bool `json:"e2ee,omitempty"`    // media is end-to-end encrypted

	// Simulcast and SVC describe layers that are not in SDP: arrays of objects
	// with a mindex.
	Simulcast any `json:"simulcast,omitempty"`
	SVC       any `json:"svc,omitempty"`
}

// PluginData is the data of a plugin in an answer or an event.
type PluginData struct {
	Plugin string
	// Data is the plugin's JSON object. Its numbers are float64, which is exact
	// only for integers up to 2^53. Decode keeps every digit.
	Data map[string]interface{}

	raw *json.RawMessage // Data as it was received; nil if it was not
}

// UnmarshalJSON decodes the "plugindata" of a message. Raw then returns its data.
func (p *PluginData) UnmarshalJSON(b []byte) error {
	var f wire.Frame
	err := new(wire.Decoder).Decode(fmt.Appendf(nil, `{"plugindata":%s}`, b), &f)
	*p = newPluginData(&f)
	return err
}

// Raw returns the JSON of Data as it was received. It is not a copy: do not
// change it. Raw returns nil if the message did not come from Janus or has no
// data.
func (p PluginData) Raw() json.RawMessage {
	if p.raw == nil {
		return nil
	}
	return *p.raw
}

// Decode decodes the plugin's data into v, which must be a pointer, as
// json.Unmarshal does. Unlike Data, it keeps every digit of 64-bit ids.
func (p PluginData) Decode(v any) error {
	raw := p.Raw()
	var err error
	if raw == nil {
		raw, err = json.Marshal(p.Data)
	}
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		return fmt.Errorf("janus: decode data of plugin %q: %w", p.Plugin, err)
	}
	return nil
}

// String returns the plugin's name and its data as JSON, with the values of
// secrets masked.
func (p PluginData) String() string {
	raw := p.Raw()
	if raw == nil {
		raw, _ = json.Marshal(p.Data) // if this fails, only the name is shown
	}
	return p.Plugin + " " + string(wire.Mask(raw))
}

// Err returns the error that the plugin reports in Data, a *PluginError, or nil
// if there is none. Handle.Message and Handle.Request do not return such errors
// as their own; Handle.Call does.
func (p PluginData) Err() error {
	code, ok := p.Data["error_code"].(float64)
	if !ok {
		return nil
	}
	reason, _ := p.Data["error"].(string)
	return &PluginError{Plugin: p.Plugin, Code: int(code), Reason: reason}
}

// PluginError is an error reported by a plugin. Each plugin has its own codes.
type PluginError struct {
	Plugin string
	Code   int
	Reason string
}

// Is reports whether target has the same plugin and code. It may be another
// *PluginError, or an error code of one of the typed plugin packages, which have
// a method PluginCode.
func (e *PluginError) Is(target error) bool {
	switch target := target.(type) {
	case *PluginError:
		return target.Plugin == e.Plugin && target.Code == e.Code
	case interface {
		PluginCode() (plugin string, code int)
	}:
		plugin, code := target.PluginCode()
		return plugin == e.Plugin && code == e.Code
	}
	return false
}

func (e *PluginError) Error() string {
	return fmt.Sprintf("%s: error %d: %s", e.Plugin, e.Code, e.Reason)
}

// deliver sends a frame that answers no call on the Events channel of its handle,
// or of its session if the handle is unknown. If the session is unknown too, the
// frame is logged.
func (g *Gateway) deliver(f *wire.Frame, frame []byte, malformed bool) {
	msg := newEvent(f, frame, malformed)
	if msg == nil {
		if g.log.Enabled(slog.LevelDebug) {
			g.log.Log(slog.LevelDebug, "janus: answer for nobody", "type", f.Janus, "transaction", string(f.Transaction))
		}
		return
	}
	s := g.sessions.Get(f.Session)
	if s == nil {
		g.frames.UndeliveredEvent(slog.LevelWarn, f, frame, msg)
		return
	}
	if ended := endOf(msg); ended != nil && !malformed {
		g.endSession(s, ended, msg)
		return
	}
	h := s.routes.Get(f.Sender)
	if h == nil || f.Sender == 0 {
		if !s.queue.Push(msg) {
			g.frames.UndeliveredEvent(slog.LevelWarn, f, frame, msg)
		}
		return
	}
	if !h.queue.Push(msg) {
		g.frames.UndeliveredEvent(slog.LevelDebug, f, frame, msg) // the handle was detached while the message was on its way
	}
	if _, detached := msg.(*DetachedMsg); detached {
		g.closeHandle(h, nil)
	}
}

// endOf returns the error of a session that msg ends, or nil.
func endOf(msg interface{}) *ErrorMsg {
	switch msg := msg.(type) {
	case *TimeoutMsg:
		return sessionGone(msg.Session, "timed out")
	case *ErrorMsg:
		if msg.Err.Code == int(ErrorSessionNotFound) {
			return msg
		}
	}
	return nil
}
