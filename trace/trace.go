// Package trace has the hooks through which an application sees what a Gateway
// does: its requests, the events it delivers or drops, and its connection. Set
// them in DialOptions.Trace.
//
// Module github.com/cameronelliott/janus-go/otel has hooks that make OpenTelemetry
// metrics and spans.
package trace

import (
	"context"
	"time"
)

// Trace is a set of hooks. Any of them may be nil. Dial copies them, so later
// changes have no effect. A Trace may be used for several Gateways.
//
// A hook is called at the moment of what it reports, on the goroutine named in
// its comment, and that goroutine goes on when the hook returns. It must
// therefore not block: while a hook runs on the goroutine that reads from the
// connection, nothing else arrives, so it must not wait for a reply of Janus. It
// must not end its goroutine, as testing.T.FailNow does. It may be called
// concurrently with itself and with other hooks. If it panics, the panic is logged
// and has no other effect.
type Trace struct {
	// RequestStart is called when a call that sends a request begins, before it
	// waits for anything, on the goroutine of the caller. ctx is the caller's
	// context. The context returned is passed to RequestEnd and used for nothing
	// else; nil stands for ctx.
	//
	// Keepalives of DialOptions.KeepAlive, claims after a reconnect, and requests
	// that undo an abandoned call are not reported, since no caller waits for
	// them.
	RequestStart func(ctx context.Context, r Request) context.Context

	// RequestEnd is called when the call returns, on the same goroutine. ctx is
	// what RequestStart returned, or the caller's context.
	RequestEnd func(ctx context.Context, r Request, result Result)

	// EventDelivered is called when a message has been put on an Events channel,
	// or behind the messages that wait for room there. When the application reads
	// it cannot be seen. It is called on the goroutine that reads from the
	// connection, and for the last message of a session on any.
	EventDelivered func(e Event)

	// EventDropped is called when messages are lost to the application. It is
	// called on the goroutine that reads from the connection, and for messages
	// that nobody has read for a minute after the end of their handle or session
	// on one of its own.
	EventDropped func(d Drop)

	// DialStart is called before each dial, and DialEnd after it: in the goroutine
	// of janus.Dial for the first, and in the one that reads from the connection
	// for those that restore it. ctx is that of the dial, whose values are those
	// of the context given to janus.Dial. The context that DialStart returns is
	// used for the dial and passed to DialEnd. It must be derived from ctx; nil
	// stands for ctx.
	DialStart func(ctx context.Context, d Dial) context.Context
	DialEnd   func(ctx context.Context, d Dial, result DialResult)

	// StateChanged is called at each change of the connection's state, on the same
	// goroutines as DialEnd. Unlike DialOptions.StateChanged, it is called for the
	// first connection too.
	StateChanged func(c StateChange)
}

// Request describes a request to Janus.
type Request struct {
	Server string // the URL of the server, without user information and query
	Verb   string // as in the request's "janus" field, such as "attach" or "message"

	// Plugin is the plugin that the request attaches to, or that of its handle. It
	// is empty for other requests, and for a handle that has ended or was taken over
	// by Session.Adopt.
	Plugin string

	Session uint64 // 0 if the request belongs to no session
	Handle  uint64 // 0 if the request belongs to no handle
}

// Result is the result of a request.
type Result struct {
	Duration time.Duration // from RequestStart to RequestEnd
	Sent     int           // the size of the request, in bytes; 0 if it was not written
	Received int           // the size of the reply, in bytes; 0 if there was none

	// Err is the error of the call. If the call succeeds with an answer in which
	// the plugin reports an error, as Handle.Message may, Err is that
	// *janus.PluginError.
	Err error
}

// Event describes a message on an Events channel.
type Event struct {
	Server  string
	Session uint64
	Handle  uint64 // 0 if the channel is that of a session
	Plugin  string // that of the handle; empty if it is not known

	// Kind is the name of the message's type in package janus, such as EventMsg
	// or HangupMsg.
	Kind string

	// Depth is how many messages wait to be read from the channel, including this
	// one, unless a reader that was waiting for it has it already.
	Depth int
}

// Drop describes messages that are lost to the application.
type Drop struct {
	// Event is the message that was dropped. Its Depth is how many messages wait on
	// the channel still. If Reason is Unread, only Server is set.
	Event
	Reason Reason
	Count  int // how many messages, 1 unless Reason is Unread
}

// Reason is why messages were dropped.
type Reason string

const (
	// Overflow means that more than DialOptions.EventBacklog messages were
	// waiting on the channel.
	Overflow Reason = "overflow"
	// Unread means that nobody read the messages of a handle or session for a
	// minute after it had ended.
	Unread Reason = "unread"
	// Unroutable means that the message is for a session that the Gateway does
	// not have, or for a handle or session that has ended.
	Unroutable Reason = "unroutable"
)

// Dial describes an attempt to connect.
type Dial struct {
	Server string
	Redial bool // a lost connection is to be restored
}

// DialResult is the result of a dial.
type DialResult struct {
	Duration time.Duration
	Err      error // nil if there is a connection
}

// StateChange is a change of a connection's state.
type StateChange struct {
	Server   string
	From, To State

	// Cause is why the connection was lost. It is nil if To is Connected, and
	// after Close or Shutdown.
	Cause error
}

// State is the state of a connection. Its text is that of the corresponding
// janus.State.
type State string

const (
	// None is the state before the first connection.
	None State = ""
	// Connected means that there is a connection.
	Connected State = "connected"
	// Reconnecting means that the connection is lost and is being restored.
	Reconnecting State = "reconnecting"
	// Closed means that the connection has ended for good.
	Closed State = "closed"
)
