package wire

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The decoder accepts and rejects what encoding/json does, and makes the same
// Go values of it; FuzzDecode holds it to that. It is here because it reads a
// message once, where encoding/json reads it twice, and allocates a third.

const (
	// maxDepth is how deeply a message may be nested, as in encoding/json.
	maxDepth = 10_000

	// Strings that come again and again, such as the keys of plugins' data, are
	// allocated once: those of up to maxShort bytes, and maxKnown of them.
	maxShort = 32
	maxKnown = 1024
)

// Decoder decodes messages one after the other. The zero value is ready for
// use, by one goroutine at a time.
type Decoder struct {
	b     []byte
	i     int // of the next byte
	depth int
	err   error       // why b is no JSON
	field *FieldError // the first field of a wrong type
	known map[string]string
}

// FieldError is a message that is a JSON object, but has a field of a type that
// Janus does not give it. The rest of the frame is decoded.
type FieldError struct {
	Field string
	Value string // what stands there instead
}

func (e *FieldError) Error() string { return fmt.Sprintf("field %q is %s", e.Field, e.Value) }

// Decode reads one message, which must be valid UTF-8, into f, which must be
// zero. A *FieldError leaves a
// usable frame; any other error says that b is not a JSON object at all.
func (d *Decoder) Decode(b []byte, f *Frame) error {
	d.b, d.i, d.depth, d.err, d.field = b, 0, 0, nil, nil
	d.space()
	if d.peek() != '{' {
		d.unexpected("the beginning of an object")
	} else if f.decode(d) {
		if d.space(); d.i < len(b) {
			d.unexpected("the end")
		}
	}
	if d.err != nil {
		return notObject(b, d.err)
	}
	if d.field != nil {
		return d.field
	}
	return nil
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

// unexpected reports a syntax error at the next byte.
func (d *Decoder) unexpected(want string) bool {
	if d.err == nil {
		d.err = fmt.Errorf("at byte %d: want %s", d.i, want)
	}
	return false
}

// mismatch notes that the value at the next byte is not what the field holds,
// and passes over it.
func (d *Decoder) mismatch(key []byte) bool {
	start := d.i
	if !d.skip() {
		return false
	}
	const quoted = 40
	value := d.b[start:min(d.i, start+quoted)]
	if d.field == nil {
		d.field = &FieldError{Field: string(key), Value: string(Mask(value))}
	}
	return true
}

// space passes over white space.
func (d *Decoder) space() {
	for d.i < len(d.b) {
		switch d.b[d.i] {
		case ' ', '\t', '\r', '\n':
			d.i++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end.
func (d *Decoder) peek() byte {
	if d.i < len(d.b) {
		return d.b[d.i]
	}
	return 0
}

// null passes over null, if it is next.
func (d *Decoder) null() bool { return d.peek() == 'n' && d.literal("null") }

// literal passes over a word.
func (d *Decoder) literal(word string) bool {
	if len(d.b)-d.i < len(word) || string(d.b[d.i:d.i+len(word)]) != word {
		return d.unexpected(word)
	}
	d.i += len(word)
	return true
}

// enter and leave count how deeply the value is nested.
func (d *Decoder) enter() bool {
	d.depth++
	d.i++
	if d.depth > maxDepth {
		d.err = errors.New("nested too deeply")
		return false
	}
	return true
}

func (d *Decoder) leave() bool {
	d.depth--
	d.i++
	return true
}

// object reads an object, which is next; member reads each value.
func (d *Decoder) object(member func(key []byte) bool) bool {
	if !d.enter() {
		return false
	}
	if d.space(); d.peek() == '}' {
		return d.leave()
	}
	for {
		if d.space(); d.peek() != '"' {
			return d.unexpected("a key")
		}
		key, ok := d.text()
		if !ok {
			return false
		}
		if d.space(); d.peek() != ':' {
			return d.unexpected("a colon")
		}
		d.i++
		d.space()
		if !member(key) {
			return false
		}
		d.space()
		switch d.peek() {
		case ',':
			d.i++
		case '}':
			return d.leave()
		default:
			return d.unexpected("a comma or the end of the object")
		}
	}
}

// array reads an array, which is next; element reads each value.
func (d *Decoder) array(element func() bool) bool {
	if !d.enter() {
		return false
	}
	if d.space(); d.peek() == ']' {
		return d.leave()
	}
	for {
		d.space()
		if !element() {
			return false
		}
		d.space()
		switch d.peek() {
		case ',':
			d.i++
		case ']':
			return d.leave()
		default:
			return d.unexpected("a comma or the end of the array")
		}
	}
}

// text reads a string, which is next. What it returns may be a part of d.b.
func (d *Decoder) text() ([]byte, bool) {
	d.i++
	start := d.i
	for d.i < len(d.b) {
		switch c := d.b[d.i]; {
		case c == '"':
			s := d.b[start:d.i]
			d.i++
			return s, true
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			return nil, d.unexpected("no control character")
		}
		d.i++
	}
	return nil, d.unexpected("the end of the string")
}

// escaped reads the rest of a string, from its first escape on.
func (d *Decoder) escaped(start int) ([]byte, bool) {
	s := append(make([]byte, 0, 2*(d.i-start)+32), d.b[start:d.i]...)
	for d.i < len(d.b) {
		c := d.b[d.i]
		d.i++
		switch {
		case c == '"':
			return s, true
		case c < ' ':
			return nil, d.unexpected("no control character")
		case c != '\\':
			s = append(s, c)
			continue
		}
		c = d.peek()
		d.i++
		switch c {
		case '"', '\\', '/':
			s = append(s, c)
		case 'b':
			s = append(s, '\b')
		case 'f':
			s = append(s, '\f')
		case 'n':
			s = append(s, '\n')
		case 'r':
			s = append(s, '\r')
		case 't':
			s = append(s, '\t')
		case 'u':
			r, ok := d.unit()
			if !ok {
				return nil, d.unexpected("four hexadecimal digits")
			}
			s = utf8.AppendRune(s, d.pair(r))
		default:
			return nil, d.unexpected("an escape")
		}
	}
	return nil, d.unexpected("the end of the string")
}

// unit reads four hexadecimal digits.
func (d *Decoder) unit() (r rune, ok bool) {
	if len(d.b)-d.i < 4 {
		return 0, false
	}
	for _, c := range d.b[d.i : d.i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	d.i += 4
	return r, true
}

// pair returns the rune that r is, with the escape behind it where r is the
// first half of a surrogate pair.
func (d *Decoder) pair(r rune) rune {
	if !utf16.IsSurrogate(r) {
		return r
	}
	if len(d.b)-d.i >= 6 && d.b[d.i] == '\\' && d.b[d.i+1] == 'u' {
		before := d.i
		d.i += 2
		if low, ok := d.unit(); ok {
			if r := utf16.DecodeRune(r, low); r != utf8.RuneError {
				return r
			}
		}
		d.i = before
	}
	return utf8.RuneError
}

// number passes over a number, if it is next, and returns it.
func (d *Decoder) number() (n []byte, integer, ok bool) {
	start := d.i
	if d.peek() == '-' {
		d.i++
	}
	if d.peek() == '0' {
		d.i++
	} else if !d.digits() {
		return nil, false, false
	}
	integer = true
	if d.peek() == '.' {
		integer = false
		if d.i++; !d.digits() {
			return nil, false, false
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		integer = false
		d.i++
		if c := d.peek(); c == '+' || c == '-' {
			d.i++
		}
		if !d.digits() {
			return nil, false, false
		}
	}
	return d.b[start:d.i], integer, true
}

// digits passes over one digit or more.
func (d *Decoder) digits() bool {
	start := d.i
	for c := d.peek(); c >= '0' && c <= '9'; c = d.peek() {
		d.i++
	}
	if d.i == start {
		return d.unexpected("a digit")
	}
	return true
}

// skip passes over a value.
func (d *Decoder) skip() bool {
	switch c := d.peek(); {
	case c == '{':
		return d.object(func([]byte) bool { return d.skip() })
	case c == '[':
		return d.array(d.skip)
	case c == '"':
		_, ok := d.text()
		return ok
	case c == 't':
		return d.literal("true")
	case c == 'f':
		return d.literal("false")
	case c == 'n':
		return d.literal("null")
	case c == '-' || c >= '0' && c <= '9':
		_, _, ok := d.number()
		return ok
	}
	return d.unexpected("a value")
}

// value reads a value of any type.
func (d *Decoder) value(key []byte) (any, bool) {
	switch c := d.peek(); {
	case c == '{':
		return d.anyObject()
	case c == '[':
		list := []any{}
		ok := d.array(func() bool {
			v, ok := d.value(key)
			list = append(list, v)
			return ok
		})
		return list, ok
	case c == '"':
		s, ok := d.text()
		return string(s), ok
	case c == 't':
		return true, d.literal("true")
	case c == 'f':
		return false, d.literal("false")
	case c == 'n':
		return nil, d.literal("null")
	case c == '-' || c >= '0' && c <= '9':
		return d.float(key)
	}
	return nil, d.unexpected("a value")
}

// anyObject reads an object whose members may be anything.
func (d *Decoder) anyObject() (map[string]any, bool) {
	object := make(map[string]any)
	ok := d.object(func(key []byte) bool {
		name := d.know(key)
		v, ok := d.value(key)
		object[name] = v
		return ok
	})
	return object, ok
}

// float reads a number as encoding/json does for any.
func (d *Decoder) float(key []byte) (any, bool) {
	n, integer, ok := d.number()
	if !ok {
		return nil, false
	}
	const exact = 15 // digits that a float64 holds exactly
	if integer && len(n) <= exact && n[0] != '-' {
		v := 0
		for _, c := range n {
			v = 10*v + int(c-'0')
		}
		return float64(v), true
	}
	v, err := strconv.ParseFloat(string(n), 64)
	if err != nil { // out of range
		if d.field == nil {
			d.field = &FieldError{Field: string(key), Value: "too large a number"}
		}
		return nil, true
	}
	return v, true
}

// know returns s as a string, without an allocation where it is known.
func (d *Decoder) know(s []byte) string {
	if len(s) > maxShort {
		return string(s)
	}
	if known, ok := d.known[string(s)]; ok {
		return known
	}
	if d.known == nil {
		d.known = make(map[string]string)
	}
	name := string(s)
	if len(d.known) < maxKnown {
		d.known[name] = name
	}
	return name
}

// bytes reads a string as a part of the message.
func (d *Decoder) bytes(key []byte, v *[]byte) (ok bool) {
	if d.peek() != '"' {
		return d.null() || d.err == nil && d.mismatch(key)
	}
	*v, ok = d.text()
	return ok
}

// short reads a string that is likely to come again.
func (d *Decoder) short(key []byte, v *string) bool {
	var s []byte
	ok := d.bytes(key, &s)
	if s != nil {
		*v = d.know(s)
	}
	return ok
}

// long reads a string.
func (d *Decoder) long(key []byte, v *string) bool {
	var s []byte
	ok := d.bytes(key, &s)
	if s != nil {
		*v = string(s)
	}
	return ok
}

func (d *Decoder) boolean(key []byte, v *bool) bool {
	switch d.peek() {
	case 't':
		*v = true
		return d.literal("true")
	case 'f':
		*v = false
		return d.literal("false")
	}
	return d.null() || d.err == nil && d.mismatch(key)
}

// mapping reads an object whose members may be anything.
func (d *Decoder) mapping(key []byte, v *map[string]any) (ok bool) {
	if d.peek() != '{' {
		*v = nil
		return d.null() || d.err == nil && d.mismatch(key)
	}
	*v, ok = d.anyObject()
	return ok
}

// child reads an object with fields of its own.
func (d *Decoder) child(key []byte, decode func(*Decoder) bool) bool {
	if d.peek() != '{' {
		return d.null() || d.err == nil && d.mismatch(key)
	}
	return decode(d)
}

// decodeInt reads an integer that fits its field.
func decodeInt[T int | int64 | uint16 | uint64](d *Decoder, key []byte, v *T) bool {
	if c := d.peek(); c != '-' && (c < '0' || c > '9') {
		return d.null() || d.err == nil && d.mismatch(key)
	}
	start := d.i
	n, integer, ok := d.number()
	if !ok {
		return false
	}
	if integer {
		if n[0] == '-' {
			i, err := strconv.ParseInt(string(n), 10, 64)
			if *v = T(i); err == nil && *v <= 0 && int64(*v) == i {
				return true
			}
		} else {
			u, err := strconv.ParseUint(string(n), 10, 64)
			if *v = T(u); err == nil && *v >= 0 && uint64(*v) == u {
				return true
			}
		}
	}
	*v = 0
	d.i = start
	return d.mismatch(key)
}

// decodeOptional reads a value that may be absent.
func decodeOptional[T any](d *Decoder, key []byte, v **T, decode func(*Decoder, []byte, *T) bool) bool {
	if d.peek() == 'n' {
		*v = nil
		return d.null()
	}
	*v = new(T)
	return decode(d, key, *v)
}
