// Package wire turns Janus's JSON messages into Go values and requests into
// JSON. The names are those of the Janus API:
// https://janus.conf.meetecho.com/docs/rest.html
package wire

import "bytes"

// Frame holds every field of every message that Janus sends, so that one pass
// over the JSON is enough to learn its kind and its content. Its byte slices
// are parts of the decoded message.
type Frame struct {
	Janus       string
	Transaction []byte
	Session     uint64 // session_id
	Sender      uint64
	OpaqueID    string // opaque_id

	DataID     uint64         // success: id within data
	Error      Error          // error
	Plugindata Plugindata     // event, success
	Jsep       map[string]any // event; nil if there is none

	Reason    string    // hangup
	Candidate Candidate // trickle

	Type      string // media
	Mid       string
	Receiving bool
	Substream *int // nil if there is none
	Seconds   int

	Media  string // slowlink
	Uplink bool
	Lost   int64
	Nacks  int64
}

// Error is an error of the Janus core.
type Error struct {
	Code   int
	Reason string
}

// Plugindata is the data of a plugin.
type Plugindata struct {
	Present bool
	Plugin  string
	Data    map[string]any
	Raw     []byte // the JSON of Data
}

// Candidate is a trickled ICE candidate, or the end of them.
type Candidate struct {
	Candidate        string
	SDPMid           *string
	SDPMLineIndex    *uint16
	UsernameFragment *string
	Completed        bool
}

// decode stores the fields of a message in f.
func (f *Frame) decode(d *Decoder) bool {
	return d.object(func(key []byte) bool {
		switch string(key) {
		case "janus":
			return d.kind(key, &f.Janus)
		case "transaction":
			return d.bytes(key, &f.Transaction)
		case "session_id":
			return decodeInt(d, key, &f.Session)
		case "sender":
			return decodeInt(d, key, &f.Sender)
		case "opaque_id":
			return d.short(key, &f.OpaqueID)
		case "data":
			return d.child(key, f.decodeData)
		case "error":
			return d.child(key, f.Error.decode)
		case "plugindata":
			return d.child(key, f.Plugindata.decode)
		case "jsep":
			return d.mapping(key, &f.Jsep)
		case "reason":
			return d.short(key, &f.Reason)
		case "candidate":
			return d.child(key, f.Candidate.decode)
		case "type":
			return d.short(key, &f.Type)
		case "mid":
			return d.short(key, &f.Mid)
		case "receiving":
			return d.boolean(key, &f.Receiving)
		case "substream":
			return decodeOptional(d, key, &f.Substream, decodeInt)
		case "seconds":
			return decodeInt(d, key, &f.Seconds)
		case "media":
			return d.short(key, &f.Media)
		case "uplink":
			return d.boolean(key, &f.Uplink)
		case "lost":
			return decodeInt(d, key, &f.Lost)
		case "nacks":
			return decodeInt(d, key, &f.Nacks)
		}
		return d.skip()
	})
}

func (f *Frame) decodeData(d *Decoder) bool {
	return d.object(func(key []byte) bool {
		if string(key) == "id" {
			return decodeInt(d, key, &f.DataID)
		}
		return d.skip()
	})
}

func (e *Error) decode(d *Decoder) bool {
	return d.object(func(key []byte) bool {
		switch string(key) {
		case "code":
			return decodeInt(d, key, &e.Code)
		case "reason":
			return d.short(key, &e.Reason)
		}
		return d.skip()
	})
}

func (p *Plugindata) decode(d *Decoder) bool {
	p.Present = true
	return d.object(func(key []byte) bool {
		switch string(key) {
		case "plugin":
			return d.short(key, &p.Plugin)
		case "data":
			return p.decodeData(d, key)
		}
		return d.skip()
	})
}

// decodeData reads Data and Raw. If the member is there more than once, their
// members add up, as encoding/json has it.
func (p *Plugindata) decodeData(d *Decoder, key []byte) bool {
	start, more := d.i, p.Data != nil
	isObject := d.peek() == '{'
	if !d.mapping(key, &p.Data) {
		return false
	}
	switch {
	case p.Data == nil:
		p.Raw = nil
	case isObject && more:
		p.Raw = AppendMembers(p.Raw, d.b[start:d.i:d.i])
	case isObject:
		p.Raw = d.b[start:d.i:d.i]
	}
	return true
}

// AppendMembers appends the members of one JSON object to another and returns it,
// which may be in the memory of either.
func AppendMembers(object, more []byte) []byte {
	empty := func(object []byte) bool { return len(bytes.TrimSpace(object[1:len(object)-1])) == 0 }
	if empty(more) {
		return object
	}
	if empty(object) {
		return more
	}
	comma := len(object) - 1
	object = append(object, more[1:]...)
	object[comma] = ','
	return object
}

func (c *Candidate) decode(d *Decoder) bool {
	return d.object(func(key []byte) bool {
		switch string(key) {
		case "candidate":
			return d.long(key, &c.Candidate)
		case "sdpMid":
			return decodeOptional(d, key, &c.SDPMid, (*Decoder).short)
		case "sdpMLineIndex":
			return decodeOptional(d, key, &c.SDPMLineIndex, decodeInt)
		case "usernameFragment":
			return decodeOptional(d, key, &c.UsernameFragment, (*Decoder).long)
		case "completed":
			return d.boolean(key, &c.Completed)
		}
		return d.skip()
	})
}
