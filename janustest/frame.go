package janustest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
)

// A frame is a JSON object under construction. Its fields are in the order in
// which Janus writes them.
type frame []byte

// appendHeader begins a frame with the fields that all frames have. It leaves out
// a session of 0 and a transaction of nil.
func appendHeader(janus string, session uint64, transaction json.RawMessage) frame {
	f := make(frame, 0, 128)
	f = append(f, `{"janus":"`...)
	f = append(f, janus...)
	f = append(f, '"')
	if session != 0 {
		f = f.uint("session_id", session)
	}
	if transaction != nil {
		f = f.raw("transaction", transaction)
	}
	return f
}

// message begins a frame that comes from a handle.
func (h *handle) message(janus string, s *Server, transaction json.RawMessage) frame {
	f := appendHeader(janus, h.session.id, transaction).uint("sender", h.id)
	if s.OpaqueIDInAPI && h.opaque != "" {
		f = f.str("opaque_id", h.opaque)
	}
	return f
}

func (f frame) name(name string) frame {
	f = append(f, `,"`...)
	f = append(f, name...)
	return append(f, `":`...)
}

func (f frame) uint(name string, v uint64) frame {
	return strconv.AppendInt(f.name(name), int64(v), 10) // signed, as Jansson has it
}

func (f frame) raw(name string, v json.RawMessage) frame {
	return append(f.name(name), v...)
}

func (f frame) str(name, v string) frame {
	text, err := encode(v)
	if err != nil {
		panic(err) // a string can be encoded
	}
	return f.raw(name, text)
}

func (f frame) value(name string, v any) (frame, error) {
	text, err := encode(v)
	if err != nil {
		return nil, err
	}
	return f.raw(name, text), nil
}

func (f frame) plugindata(plugin string, data any) (frame, error) {
	text, err := encode(data)
	if err != nil {
		return nil, err
	}
	f = append(f, `,"plugindata":{"plugin":"`...)
	f = append(f, plugin...)
	f = append(f, `","data":`...)
	f = append(f, text...)
	return append(f, '}'), nil
}

// id adds the data object that answers create and attach.
func (f frame) id(id uint64) frame {
	f = append(f, `,"data":{"id":`...)
	f = strconv.AppendUint(f, id, 10)
	return append(f, '}')
}

func (f frame) end() []byte { return append(f, '}') }

// errorFrame is the answer to a request that failed.
func errorFrame(session uint64, transaction json.RawMessage, code int, reason string) []byte {
	f := appendHeader("error", session, transaction)
	f = append(f, `,"error":{"code":`...)
	f = strconv.AppendInt(f, int64(code), 10)
	return append(f.str("reason", reason), '}', '}')
}

// encode writes JSON as Janus does, without escapes for HTML.
func encode(v any) (json.RawMessage, error) {
	if raw, ok := v.(json.RawMessage); ok && raw != nil {
		return raw, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("janustest: failed to encode a frame: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// encodeFrame is encode for whole frames, which may be text already.
func encodeFrame(v any) ([]byte, error) {
	switch v := v.(type) {
	case []byte:
		return append([]byte{}, v...), nil
	case string:
		return []byte(v), nil
	case json.RawMessage:
		return append([]byte{}, v...), nil
	}
	return encode(v)
}

// isNil reports whether a jsep is left out.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return r.IsNil()
	}
	return false
}

// An object is a JSON object to send, with its fields in order.
type object []field

type field struct {
	name  string
	value any
}

func (o object) with(name string, value any) object { return append(o, field{name, value}) }

// MarshalJSON writes the fields in order.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, f.name) // names are plain ASCII
		b = append(b, ':')
		text, err := encode(f.value)
		if err != nil {
			return nil, err
		}
		b = append(b, text...)
	}
	return append(b, '}'), nil
}
