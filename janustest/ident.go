package janustest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
)

// An ident is the id of a room or a participant of the VideoRoom: a number, or a
// string if the server has StringIDs. It holds the id as JSON text.
type ident string

// none is an id that was left out.
const none ident = ""

func numericIdent(n uint64) ident { return ident(strconv.FormatUint(n, 10)) }

func stringIdent(s string) ident {
	text, err := encode(s)
	if err != nil {
		panic(err) // a string can be encoded
	}
	return ident(text)
}

// MarshalJSON writes the number or the string.
func (id ident) MarshalJSON() ([]byte, error) { return []byte(id), nil }

// String returns the id as error texts show it.
func (id ident) String() string {
	switch {
	case id == none:
		return "0"
	case id[0] == '"':
		return unquote(json.RawMessage(id))
	}
	return string(id)
}

// chosen reports whether the client chose the id. 0 asks for a random one.
func (id ident) chosen() bool { return id != none && id != "0" }

// newIdent returns a random id that is not taken.
func (v *videoroom) newIdent(taken func(ident) bool) ident {
	for {
		id := numericIdent(newID())
		if v.stringIDs {
			id = stringIdent(newUUID())
		}
		if !taken(id) {
			return id
		}
	}
}

// newUUID returns a random UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
