package janustest

import (
	"encoding/json"
	"errors"
)

// A Plugin answers the messages sent to the handles attached to it.
//
// ServeJanus is called once for each message, on the goroutine that reads the
// connection: the messages of a connection come in order and one at a time, and
// a ServeJanus that blocks holds up that connection and no other. It may keep r
// and answer later, from another goroutine. Calls for different connections are
// concurrent.
type Plugin interface {
	ServeJanus(r *Request)
}

// A PluginFunc is a function that is a Plugin.
type PluginFunc func(r *Request)

// ServeJanus calls f.
func (f PluginFunc) ServeJanus(r *Request) { f(r) }

// A Request is one message to a plugin, and the means to answer it. What answers
// it is up to the plugin: Janus plugins send either Success or Error, or Ack and
// then one Event or more.
//
// Success, Ack, Error and Raw go to the connection that sent the message, Event
// and Notify to the one that owns the session at the time. They queue a frame and
// return; a nil error means that it is queued, not that it has arrived. They fail
// when the connection, session or handle has gone, when no connection owns the
// session, and when a value cannot be encoded as JSON.
type Request struct {
	Session     uint64          // the session's id
	Handle      uint64          // the handle's id
	Plugin      string          // the plugin's package name
	OpaqueID    string          // the handle's opaque_id
	Transaction string          // the transaction of the message
	Token       string          // the token of the message
	Body        json.RawMessage // the body, a JSON object
	JSEP        json.RawMessage // the jsep object, or nil

	srv         *Server
	conn        *conn
	handle      *handle
	transaction json.RawMessage // as it came
}

// Success answers at once, with data as plugindata.data.
func (r *Request) Success(data any) error {
	f, err := r.handle.message("success", r.srv, r.transaction).plugindata(r.Plugin, data)
	if err != nil {
		return err
	}
	return r.send(f.end())
}

// Ack acknowledges the message: an Event follows.
func (r *Request) Ack() error {
	return r.send(appendHeader("ack", r.Session, r.transaction).end())
}

// Event sends an event with the transaction of the message and data as
// plugindata.data. jsep may be nil. It may be called several times.
func (r *Request) Event(data, jsep any) error {
	return r.push(r.transaction, data, jsep)
}

// Notify sends an event of the handle that answers nothing, and so has no
// transaction. jsep may be nil.
func (r *Request) Notify(data, jsep any) error {
	return r.push(nil, data, jsep)
}

// Error answers with an error of the Janus API. The errors of plugins, which are
// data with an error_code, go with Success or Event.
func (r *Request) Error(code int, reason string) error {
	return r.send(errorFrame(r.Session, r.transaction, code, reason))
}

// Raw sends any frame, encoded as Server.Send does it.
func (r *Request) Raw(frame any) error {
	text, err := encodeFrame(frame)
	if err != nil {
		return err
	}
	return r.send(text)
}

var errConnGone = errors.New("janustest: the connection has gone")

func (r *Request) send(text []byte) error {
	if !r.conn.trySend(text) {
		return errConnGone
	}
	return nil
}

func (r *Request) push(transaction json.RawMessage, data, jsep any) error {
	if _, err := r.srv.lookup(r.Session, r.Handle); err != nil {
		return err
	}
	return r.srv.push(r.handle, transaction, data, jsep)
}
