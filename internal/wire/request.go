package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
	"sync"
)

// Request is a request to Janus. Zero fields are left out.
type Request struct {
	Janus     string
	Session   uint64
	Handle    uint64
	Token     string
	APISecret string

	ID        uint64          // create
	Plugin    string          // attach
	OpaqueID  string          // attach
	LoopIndex *int            // attach
	Body      json.RawMessage // message
	Jsep      json.RawMessage // message

	Candidate  json.RawMessage // trickle
	Candidates json.RawMessage // trickle
}

// Size returns about how many bytes the request has as JSON.
func (r *Request) Size() int {
	const envelope = 200
	return envelope + len(r.Token) + len(r.Body) + len(r.Jsep) + len(r.Candidate) + len(r.Candidates)
}

// Append appends the request as JSON to b, with the transaction given.
func (r *Request) Append(b []byte, t Transaction) []byte {
	b = append(b, `{"janus":`...)
	b = appendString(b, r.Janus)
	b = append(b, `,"transaction":"`...)
	b = t.append(b)
	b = append(b, '"')
	b = appendUint(b, `,"session_id":`, r.Session)
	b = appendUint(b, `,"handle_id":`, r.Handle)
	b = appendField(b, `,"token":`, r.Token)
	b = appendField(b, `,"apisecret":`, r.APISecret)
	b = appendUint(b, `,"id":`, r.ID)
	b = appendField(b, `,"plugin":`, r.Plugin)
	b = appendField(b, `,"opaque_id":`, r.OpaqueID)
	if r.LoopIndex != nil {
		b = append(b, `,"loop_index":`...)
		b = strconv.AppendInt(b, int64(*r.LoopIndex), 10)
	}
	b = appendRaw(b, `,"body":`, r.Body)
	b = appendRaw(b, `,"jsep":`, r.Jsep)
	b = appendRaw(b, `,"candidate":`, r.Candidate)
	b = appendRaw(b, `,"candidates":`, r.Candidates)
	return append(b, '}')
}

// keepBuffer is how large a buffer is kept for another request, in bytes.
const keepBuffer = 16 << 10

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Buffer returns memory for Append. Reuse must follow.
func Buffer() *[]byte { return buffers.Get().(*[]byte) }

// Reuse keeps the memory of a message, which was appended to a Buffer, for another
// one.
func Reuse(buf *[]byte, message []byte) {
	if cap(message) <= keepBuffer {
		*buf = message
		buffers.Put(buf)
	}
}

func appendUint(b []byte, key string, v uint64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendUint(append(b, key...), v, 10)
}

func appendField(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	return appendString(append(b, key...), v)
}

func appendRaw(b []byte, key string, v json.RawMessage) []byte {
	if len(v) == 0 {
		return b
	}
	return append(append(b, key...), v...)
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string can always be marshaled
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// Transaction identifies a request and its replies: a prefix that no other
// client uses and a number that this one uses once.
type Transaction struct {
	Prefix string
	Number uint64
}

const base = 36

func (t Transaction) append(b []byte) []byte {
	return strconv.AppendUint(append(b, t.Prefix...), t.Number, base)
}

// String returns the transaction as it is in messages.
func (t Transaction) String() string { return string(t.append(nil)) }

// ParseTransaction returns the number of a transaction with the given prefix. It
// accepts exactly what append makes of a number other than 0, which no call has.
func ParseTransaction(s []byte, prefix string) (number uint64, ok bool) {
	if len(s) < len(prefix) || string(s[:len(prefix)]) != prefix {
		return 0, false
	}
	digits := s[len(prefix):]
	number, err := strconv.ParseUint(string(digits), base, 64)
	if err != nil || number == 0 {
		return 0, false
	}
	var canonical [64]byte
	if !bytes.Equal(strconv.AppendUint(canonical[:0], number, base), digits) {
		return 0, false // leading zeros or capitals
	}
	return number, true
}
