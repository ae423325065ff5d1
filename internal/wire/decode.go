package wire

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"strconv"
)

// Decoder decodes messages one after the other. The zero value is ready for
// use. A Decoder must not be used by several goroutines at the same time.
//
// It accepts and rejects the same messages as encoding/json and decodes them to
// the same Go values, but reads a message only once and allocates much less.
type Decoder struct {
	scanner
	field *FieldError // the first field of a wrong type
	known *caches     // nil until they are needed
}

// caches hold values that are likely to come again.
type caches struct {
	strings stringCache
	numbers numberCache
}

// cached returns the caches. They are large for a connection that has to do with
// little more than keepalives.
func (d *Decoder) cached() *caches {
	if d.known == nil {
		d.known = new(caches)
	}
	return d.known
}

// FieldError reports a message that is a JSON object with a field of another
// type than Janus gives it. The rest of the frame is decoded.
type FieldError struct {
	Field string
	Value string // the value found instead, possibly shortened
}

func (e *FieldError) Error() string { return fmt.Sprintf("field %q is %s", e.Field, e.Value) }

// IsFieldError reports whether err, which is of Decode, leaves a frame that can be
// used.
func IsFieldError(err error) bool {
	var field *FieldError
	return errors.As(err, &field)
}

// Decode reads one message, which must be valid UTF-8, into f, which must be
// zero. After a *FieldError f can be used; any other error means that b is not
// a JSON object.
func (d *Decoder) Decode(b []byte, f *Frame) error {
	d.reset(b)
	d.field = nil
	d.space()
	if d.peek() != '{' {
		d.unexpected("the beginning of an object")
	} else if f.decode(d) {
		if d.space(); d.i < len(b) {
			d.unexpected("the end")
		}
	}
	if d.err != nil {
		const quoted = 64
		return fmt.Errorf("the peer sent what is not a JSON object: %q: %w", Excerpt(b, quoted), d.err)
	}
	if d.field != nil {
		return d.field
	}
	return nil
}

// mismatch passes over a value that is not of the field's type and records it.
func (d *Decoder) mismatch(key []byte) bool {
	start := d.i
	if !d.skip() {
		return false
	}
	const quoted = 40
	if d.field == nil {
		d.field = &FieldError{Field: string(key), Value: string(Excerpt(d.b[start:d.i], quoted))}
	}
	return true
}

// nullOr passes over a null, which leaves a field as it is, or over a value that
// is not of the field's type.
func (d *Decoder) nullOr(key []byte) bool {
	return d.null() || d.err == nil && d.mismatch(key)
}

// value reads a value of any type. measure must have counted its elements.
func (d *Decoder) value(key []byte) (any, bool) {
	switch c := d.peek(); {
	case c == '{':
		object := d.newMap()
		return object, d.members(object)
	case c == '[':
		return d.list(key)
	case c == '"':
		return d.anyString()
	case c == 't':
		return true, d.literal("true")
	case c == 'f':
		return false, d.literal("false")
	case c == 'n':
		return nil, d.literal("null")
	case c == '-' || isDigit(c):
		return d.float(key)
	}
	return nil, d.unexpected("a value")
}

// newMap returns a map with room for the members of the object that is next.
func (d *Decoder) newMap() map[string]any {
	const (
		built = 8       // a map has room for so many from the beginning
		most  = 1 << 15 // if all keys were the same, more would be wasted
	)
	if n := d.takeCount(); n > built {
		return make(map[string]any, min(n, most))
	}
	return make(map[string]any)
}

// members reads the object that is next and adds its members to m.
func (d *Decoder) members(m map[string]any) bool {
	return d.object(func(key []byte) bool {
		name := d.name(key)
		v, ok := d.value(key)
		m[name] = v
		return ok
	})
}

// list reads the array that is next.
func (d *Decoder) list(key []byte) ([]any, bool) {
	n := d.takeCount()
	list := []any{}
	ok := d.array(func() bool {
		if len(list) == 0 {
			list = make([]any, 0, n)
		}
		v, ok := d.value(key)
		list = append(list, v)
		return ok
	})
	return list, ok
}

// anyString reads the string that is next.
func (d *Decoder) anyString() (any, bool) {
	raw, escaped, ok := d.quoted()
	switch {
	case !ok:
		return nil, false
	case escaped:
		return unescape(raw), true
	case len(raw) <= maxShort:
		return d.cached().strings.get(raw), true
	}
	return string(raw), true
}

// float reads the number that is next, as a float64.
func (d *Decoder) float(key []byte) (any, bool) {
	n, integer, ok := d.number()
	if !ok {
		return nil, false
	}
	const exact = 18 // digits that always fit an int64
	if integer && len(n) <= exact && n[0] != '-' {
		v := int64(0)
		for _, c := range n {
			v = 10*v + int64(c-'0')
		}
		return d.cached().numbers.get(float64(v)), true
	}
	v, err := strconv.ParseFloat(string(n), 64)
	if err != nil { // out of range
		if d.field == nil {
			d.field = &FieldError{Field: string(key), Value: "too large a number"}
		}
		return nil, true
	}
	return d.cached().numbers.get(v), true
}

// name returns s as a string.
func (d *Decoder) name(s []byte) string {
	if len(s) > maxShort {
		return string(s)
	}
	return d.cached().strings.get(s).(string)
}

// bytes reads a string. The result may be a part of the message.
func (d *Decoder) bytes(key []byte, v *[]byte) (ok bool) {
	if d.peek() != '"' {
		return d.nullOr(key)
	}
	*v, ok = d.text()
	return ok
}

// kind reads the kind of a message. Without the caches, the most frequent kinds must
// not be allocated either.
func (d *Decoder) kind(key []byte, v *string) bool {
	if d.peek() != '"' {
		return d.nullOr(key)
	}
	s, ok := d.text()
	switch string(s) {
	case "ack":
		*v = "ack"
	case "success":
		*v = "success"
	default:
		*v = d.name(s)
	}
	return ok
}

// short reads a string that is likely to come again.
func (d *Decoder) short(key []byte, v *string) bool {
	if d.peek() != '"' {
		return d.nullOr(key)
	}
	s, ok := d.text()
	if ok {
		*v = d.name(s)
	}
	return ok
}

// long reads a string that is not likely to come again.
func (d *Decoder) long(key []byte, v *string) bool {
	if d.peek() != '"' {
		return d.nullOr(key)
	}
	s, ok := d.text()
	if ok {
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
	return d.nullOr(key)
}

// mapping reads an object whose members may be anything and adds them to *v; it
// sets *v to nil if it reads null.
func (d *Decoder) mapping(key []byte, v *map[string]any) bool {
	switch d.peek() {
	case '{':
		d.measure()
		if m := d.newMap(); *v == nil {
			*v = m
		}
		return d.members(*v)
	case 'n':
		*v = nil
	}
	return d.nullOr(key)
}

// child reads an object by means of decode.
func (d *Decoder) child(key []byte, decode func(*Decoder) bool) bool {
	if d.peek() != '{' {
		return d.nullOr(key)
	}
	return decode(d)
}

// decodeInt reads an integer that T can represent.
func decodeInt[T int | int64 | uint16 | uint64](d *Decoder, key []byte, v *T) bool {
	if c := d.peek(); c != '-' && !isDigit(c) {
		return d.nullOr(key)
	}
	start := d.i
	n, integer, ok := d.number()
	if !ok {
		return false
	}
	if integer {
		if signed := ^T(0) < 0; signed && n[0] == '-' {
			i, err := strconv.ParseInt(string(n), 10, 64)
			if *v = T(i); err == nil && int64(*v) == i {
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

// maxShort is the length up to which strings are cached.
const maxShort = 32

// stringCache holds strings that were decoded recently, so that those that come
// again, such as the keys of a plugin's data, are not allocated again. They are
// interface values, since converting a string to one allocates too.
type stringCache [128][4]any

var hashSeed = maphash.MakeSeed()

// get returns s as a string.
func (c *stringCache) get(s []byte) any {
	set := &c[maphash.Bytes(hashSeed, s)%uint64(len(c))]
	for _, known := range set {
		if text, ok := known.(string); ok && text == string(s) {
			return known
		}
	}
	copy(set[1:], set[:])
	set[0] = string(s)
	return set[0]
}

// numberCache does for numbers what stringCache does for strings.
type numberCache [128]any

// get returns v, distinguishing -0 from 0.
func (c *numberCache) get(v float64) any {
	slot := &c[uint64(int64(v))%uint64(len(c))] // small integers do not collide
	if known, ok := (*slot).(float64); !ok || math.Float64bits(known) != math.Float64bits(v) {
		*slot = v
	}
	return *slot
}
