package janustest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A members is a JSON object that came in, in the order of its text. The values
// share the memory of the frame.
type members []member

type member struct {
	name  string
	value json.RawMessage
}

// get returns a member, or nil. The last of several wins, as in Janus.
func (m members) get(name string) json.RawMessage {
	for i := len(m) - 1; i >= 0; i-- {
		if m[i].name == name {
			return m[i].value
		}
	}
	return nil
}

// str returns a string member, or "".
func (m members) str(name string) string { return unquote(m.get(name)) }

// uint returns an integer member, or 0.
func (m members) uint(name string) uint64 { return integer(m.get(name)) }

// ident returns a member that is an id, or none.
func (m members) ident(name string) ident {
	switch raw := m.get(name); {
	case raw == nil:
		return none
	case raw[0] == '"':
		return stringIdent(unquote(raw))
	default:
		return numericIdent(integer(raw))
	}
}

// flag returns a boolean member, or otherwise.
func (m members) flag(name string, otherwise bool) bool {
	switch string(m.get(name)) {
	case "true":
		return true
	case "false":
		return false
	}
	return otherwise
}

// list returns the objects in an array member.
func (m members) list(name string) []members {
	var elements []json.RawMessage
	if json.Unmarshal(m.get(name), &elements) != nil {
		return nil
	}
	list := make([]members, len(elements))
	for i, e := range elements {
		list[i] = parseObject(e)
	}
	return list
}

// parseObject splits valid JSON into the members of its outermost object. It
// returns none when that is no object.
func parseObject(text []byte) members {
	i := skipSpace(text, 0)
	if i >= len(text) || text[i] != '{' {
		return nil
	}
	m := make(members, 0, 8)
	for i = skipSpace(text, i+1); text[i] != '}'; i = skipSpace(text, i) {
		if text[i] == ',' {
			i = skipSpace(text, i+1)
		}
		end := skipValue(text, i)
		name := unquote(text[i:end])
		i = skipSpace(text, skipSpace(text, end)+1) // past the colon
		end = skipValue(text, i)
		m = append(m, member{name, text[i:end:end]})
		i = end
	}
	return m
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the end of the value that starts at i, in valid JSON.
func skipValue(text []byte, i int) int {
	depth := 0
	for {
		switch text[i] {
		case '"':
			i = skipString(text, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		default:
			i++
		}
		if depth == 0 && (i == len(text) || strings.IndexByte(",:]} \t\r\n", text[i]) >= 0) {
			return i
		}
	}
}

func skipString(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// unquote returns the string that raw is, or "".
func unquote(raw json.RawMessage) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	plain := true
	for _, b := range raw {
		if b == '\\' || b >= 0x80 {
			plain = false
		}
	}
	if plain {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// integer returns the integer that raw is, or 0. A negative one wraps around, as
// it does in Janus.
func integer(raw json.RawMessage) uint64 {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return uint64(n)
	}
	return 0
}

// A kind is a type of JSON value, as Janus's errors name it.
type kind string

const (
	aString   kind = "a string"
	anInteger kind = "an integer"
	aPositive kind = "a positive integer" // or 0
	aBoolean  kind = "a boolean"
	anObject  kind = "an object"
	anArray   kind = "an array"
)

// anIdent is the kind of an id of the VideoRoom, a number or a string as the
// plugin is configured. Only videoroom.check knows it.
const anIdent kind = "an id"

// A param says how Janus checks a member.
type param struct {
	name     string
	kind     kind
	required bool
}

// A fault is a member of a request that is missing or of the wrong type.
type fault struct {
	missing bool
	text    string
}

// check returns the first fault among the members, or nil.
func (m members) check(params ...param) *fault {
	for _, p := range params {
		switch v := m.get(p.name); {
		case v == nil && p.required:
			return &fault{true, "Missing mandatory element (" + p.name + ")"}
		case v != nil && !p.kind.matches(v):
			return &fault{false, "Invalid element type (" + p.name + " should be " + string(p.kind) + ")"}
		}
	}
	return nil
}

func (k kind) matches(raw json.RawMessage) bool {
	switch k {
	case aString:
		return raw[0] == '"'
	case aBoolean:
		return raw[0] == 't' || raw[0] == 'f'
	case anObject:
		return raw[0] == '{'
	case anArray:
		return raw[0] == '['
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return err == nil && (k == anInteger || n >= 0)
}
