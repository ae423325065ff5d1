// Package wire turns Janus's JSON messages into Go values and requests into
// JSON. The names are those of the Janus API:
// https://janus.conf.meetecho.com/docs/rest.html
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Frame holds every field of every message that Janus sends, so that one pass
// over the JSON is enough to learn its kind and its content.
type Frame struct {
	Janus       string `json:"janus"`
	Transaction string `json:"transaction"`
	Session     uint64 `json:"session_id"`
	Sender      uint64 `json:"sender"`
	OpaqueID    string `json:"opaque_id"`

	Data       Data           `json:"data"`       // success
	Error      *Error         `json:"error"`      // error
	Plugindata *Plugindata    `json:"plugindata"` // event, success
	Jsep       map[string]any `json:"jsep"`       // event

	Reason    string     `json:"reason"` // hangup
	Candidate *Candidate `json:"candidate"`

	Type      string `json:"type"` // media
	Mid       string `json:"mid"`
	Receiving bool   `json:"receiving"`
	Substream *int   `json:"substream"`
	Seconds   int    `json:"seconds"`

	Media  string `json:"media"` // slowlink
	Uplink bool   `json:"uplink"`
	Lost   int64  `json:"lost"`
	Nacks  int64  `json:"nacks"`
}

// Data is what create and attach are answered with.
type Data struct {
	ID uint64 `json:"id"`
}

// Error is an error of the Janus core.
type Error struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

// Plugindata is what a plugin says.
type Plugindata struct {
	Plugin string         `json:"plugin"`
	Data   map[string]any `json:"data"`
}

// Candidate is a trickled ICE candidate, or the end of them.
type Candidate struct {
	Candidate        string  `json:"candidate"`
	SDPMid           *string `json:"sdpMid"`
	SDPMLineIndex    *uint16 `json:"sdpMLineIndex"`
	UsernameFragment *string `json:"usernameFragment"`
	Completed        bool    `json:"completed"`
}

// FieldError is a message that is a JSON object, but has a field of a type that
// Janus does not give it. The rest of the frame is decoded.
type FieldError struct{ err *json.UnmarshalTypeError }

func (e *FieldError) Error() string {
	return fmt.Sprintf("field %q is %s", e.err.Field, e.err.Value)
}

func (e *FieldError) Unwrap() error { return e.err }

// Decode reads one message into f, which must be zero. A *FieldError leaves a
// usable frame; any other error says that b is not a JSON object at all.
func Decode(b []byte, f *Frame) error {
	if start := bytes.TrimLeft(b, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return notObject(b, errors.New("no object"))
	}
	err := json.Unmarshal(b, f)
	if err == nil {
		return nil
	}
	if field := (*json.UnmarshalTypeError)(nil); errors.As(err, &field) {
		return &FieldError{field}
	}
	return notObject(b, err)
}

// notObject says what b is not, quoting its beginning.
func notObject(b []byte, err error) error {
	const quoted = 64
	more := ""
	if len(b) > quoted {
		b, more = b[:quoted], "…"
		for len(b) > 0 && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
	}
	return fmt.Errorf("the peer sent what is not a JSON object: %q%s: %w", Mask(b), more, err)
}
