package janustest

import (
	"encoding/json"
	"errors"
)

// A Plugin answers the messages sent to the handles attached to it.
//
// The server calls ServeJanus for each message, on the goroutine that reads the
// connection. Calls for one connection are sequential, in the order of the
// messages; a call that blocks delays that connection only. Calls for different
// connections are concurrent. ServeJanus may keep r and answer later, from
// another goroutine.
type Plugin interface {
	ServeJanus(r *Request)
}

// A PluginFunc is a Plugin that consists of a function.
type PluginFunc func(r *Request)

// ServeJanus calls f.
func (f PluginFunc) ServeJanus(r *Request) { f(r) }

// A Request is a message to a plugin. Its methods answer the message. Janus's own
// plugins call either Success or Error, or Ack and then Event once or more.
//
// Success, Ack, Error and Raw send to the connection that the message came from,
// Event and Notify to the connection that owns the session at the time. They
// queue a frame and do not wait until it is sent. They return an error if the
// connection, session or handle has ended, if no connection owns the session, or
// if a value cannot be encoded as JSON.
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
	admin       *adminReply     // takes the answer of a request of the Admin API; nil for others
}

// Success answers the message with a success that has data as plugindata.data.
func (r *Request) Success(data any) error {
	if r.admin != nil {
		text, err := encode(data)
		r.admin.set(text, nil)
		return err
	}
	f, err := r.handle.message("success", r.srv, r.transaction).plugindata(r.Plugin, data)
	if err != nil {
		return err
	}
	return r.send(f.end())
}

// Ack acknowledges the message: an Event will follow.
func (r *Request) Ack() error {
	return r.send(appendHeader("ack", r.Session, r.transaction).end())
}

// Event sends an event with the transaction of the message and data as
// plugindata.data. jsep may be nil. Event may be called several times.
func (r *Request) Event(data, jsep any) error {
	return r.push(r.transaction, data, jsep)
}

// Notify sends an event of the handle that does not answer a request, and so has
// no transaction. jsep may be nil.
func (r *Request) Notify(data, jsep any) error {
	return r.push(nil, data, jsep)
}

// Error answers the message with an error of the Janus API. An error of a plugin
// is data with an error_code instead; send it with Success or Event.
func (r *Request) Error(code int, reason string) error {
	if r.admin != nil {
		r.admin.set(nil, &adminError{code, reason})
		return nil
	}
	return r.send(errorFrame(r.Session, r.transaction, code, reason))
}

// Raw sends a frame, encoded as by Server.Send.
func (r *Request) Raw(frame any) error {
	text, err := encodeFrame(frame)
	if err != nil {
		return err
	}
	return r.send(text)
}

var errConnGone = errors.New("janustest: the connection has gone")

func (r *Request) send(text []byte) error {
	if r.admin != nil {
		return errConnGone
	}
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
