package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deeply a message may be nested, as in encoding/json.
const maxDepth = 10_000

// scanner reads the tokens of a JSON text. Its methods report false after a
// syntax error, which is then in err. Values are checked but not converted.
type scanner struct {
	b     []byte
	i     int // index of the next byte
	depth int
	err   error

	// counts holds what measure counted, of which the first used are taken.
	// open is measure's stack.
	counts, open []int32
	used         int
}

// reset makes b the text to read.
func (s *scanner) reset(b []byte) {
	const kept = 1 << 12 // counts that may be kept for the next text
	if cap(s.counts) > kept || cap(s.open) > kept {
		s.counts, s.open = nil, nil
	}
	s.b, s.i, s.depth, s.err = b, 0, 0, nil
}

// unexpected reports a syntax error at the next byte.
func (s *scanner) unexpected(want string) bool {
	if s.err == nil {
		s.err = fmt.Errorf("at byte %d: want %s", s.i, want)
	}
	return false
}

// space passes over white space.
func (s *scanner) space() {
	for s.i < len(s.b) && isSpace(s.b[s.i]) {
		s.i++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// peek returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// null passes over null if that is next.
func (s *scanner) null() bool { return s.peek() == 'n' && s.literal("null") }

// literal passes over a word.
func (s *scanner) literal(word string) bool {
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		return s.unexpected(word)
	}
	s.i += len(word)
	return true
}

// enter and leave pass over a bracket and keep count of the nesting.
func (s *scanner) enter() bool {
	s.depth++
	s.i++
	if s.depth > maxDepth {
		s.err = errors.New("nested too deeply")
		return false
	}
	return true
}

func (s *scanner) leave() bool {
	s.depth--
	s.i++
	return true
}

// object reads the object that is next. It calls member at the value of each
// member, which member must read.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.enter() {
		return false
	}
	if s.space(); s.peek() == '}' {
		return s.leave()
	}
	for {
		if s.space(); s.peek() != '"' {
			return s.unexpected("a key")
		}
		key, ok := s.text()
		if !ok {
			return false
		}
		if s.space(); s.peek() != ':' {
			return s.unexpected("a colon")
		}
		s.i++
		s.space()
		if !member(key) {
			return false
		}
		s.space()
		switch s.peek() {
		case ',':
			s.i++
		case '}':
			return s.leave()
		default:
			return s.unexpected("a comma or the end of the object")
		}
	}
}

// array reads the array that is next. It calls element at each element, which
// element must read.
func (s *scanner) array(element func() bool) bool {
	if !s.enter() {
		return false
	}
	if s.space(); s.peek() == ']' {
		return s.leave()
	}
	for {
		s.space()
		if !element() {
			return false
		}
		s.space()
		switch s.peek() {
		case ',':
			s.i++
		case ']':
			return s.leave()
		default:
			return s.unexpected("a comma or the end of the array")
		}
	}
}

// text reads the string that is next. The result is a part of s.b unless the
// string contains escapes.
func (s *scanner) text() (text []byte, ok bool) {
	raw, escaped, ok := s.quoted()
	if escaped && ok {
		return []byte(unescape(raw)), true
	}
	return raw, ok
}

// quoted reads the string that is next. It returns the bytes between the quotes
// and whether there are escapes among them.
func (s *scanner) quoted() (raw []byte, escaped, ok bool) {
	b, start := s.b, s.i+1
	for i := start; i < len(b); i++ {
		c := b[i]
		if c != '"' && c != '\\' && c >= ' ' {
			continue
		}
		s.i = i
		switch {
		case c == '"':
			s.i++
			return b[start:i], escaped, true
		case c < ' ':
			return nil, false, s.unexpected("no control character")
		}
		n := escapeLen(b[i:])
		if n == 0 {
			return nil, false, s.unexpected("an escape")
		}
		escaped = true
		i += n - 1
	}
	s.i = len(b)
	return nil, false, s.unexpected("the end of the string")
}

// escapeLen returns the length of the escape that b begins with, or 0 if it is
// invalid.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := unit(b); ok {
			return 6
		}
	}
	return 0
}

// unit returns the UTF-16 code unit of the escape \uXXXX that b begins with.
func unit[bytes []byte | string](b bytes) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for i := 2; i < 6; i++ {
		c := b[i]
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
	return r, true
}

// unescape returns the string that raw represents. The escapes of raw must be
// valid.
func unescape(raw []byte) string {
	size := len(raw)
	var s strings.Builder
	s.Grow(size) // never too little
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			s.Write(raw)
			break
		}
		s.Write(raw[:i])
		raw = raw[i:]
		if raw[1] == 'u' {
			r, n := unescapeRune(raw)
			s.WriteRune(r)
			raw = raw[n:]
		} else {
			s.WriteByte(unescapeByte(raw[1]))
			raw = raw[2:]
		}
	}
	if s.Len() < size/2 {
		return strings.Clone(s.String()) // the rest would be wasted
	}
	return s.String()
}

// unescapeByte returns the byte that a backslash and c represent.
func unescapeByte(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unescapeRune returns the rune that b begins with, as one escape \uXXXX or as
// two that are a surrogate pair, and its length in b.
func unescapeRune(b []byte) (r rune, n int) {
	const escape = len(`\uXXXX`)
	r, _ = unit(b)
	if !utf16.IsSurrogate(r) {
		return r, escape
	}
	if low, ok := unit(b[escape:]); ok {
		if r := utf16.DecodeRune(r, low); r != utf8.RuneError {
			return r, 2 * escape
		}
	}
	return utf8.RuneError, escape
}

// number reads the number that is next and reports whether it has neither a
// fraction nor an exponent.
func (s *scanner) number() (n []byte, integer, ok bool) {
	start := s.i
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		return nil, false, false
	}
	integer = true
	if s.peek() == '.' {
		integer = false
		if s.i++; !s.digits() {
			return nil, false, false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		integer = false
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		if !s.digits() {
			return nil, false, false
		}
	}
	return s.b[start:s.i], integer, true
}

// digits passes over one digit or more.
func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && isDigit(s.b[s.i]) {
		s.i++
	}
	if s.i == start {
		return s.unexpected("a digit")
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// skip passes over a value.
func (s *scanner) skip() bool {
	switch c := s.peek(); {
	case c == '{':
		return s.object(func([]byte) bool { return s.skip() })
	case c == '[':
		return s.array(s.skip)
	case c == '"':
		_, _, ok := s.quoted()
		return ok
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	case c == '-' || isDigit(c):
		_, _, ok := s.number()
		return ok
	}
	return s.unexpected("a value")
}

// measure counts the elements of each object and array in the one that is next,
// so that memory of the right size can be allocated for them. It does not check
// the syntax: the counts may be wrong if there is an error.
func (s *scanner) measure() {
	s.counts, s.open, s.used = s.counts[:0], s.open[:0], 0
	for i := s.i; i < len(s.b); i++ {
		switch s.b[i] {
		case '"':
			i = stringEnd(s.b, i) - 1
		case '{', '[':
			if len(s.open) == maxDepth {
				return
			}
			s.open = append(s.open, int32(len(s.counts)))
			s.counts = append(s.counts, 1)
		case ',':
			s.counts[s.open[len(s.open)-1]]++
		case '}', ']':
			if s.open = s.open[:len(s.open)-1]; len(s.open) == 0 {
				return
			}
		}
	}
}

// takeCount returns the number of elements of the object or array that is next.
// It is 1 if there are none.
func (s *scanner) takeCount() int {
	if s.used == len(s.counts) {
		return 0 // measure gave up
	}
	n := int(s.counts[s.used])
	s.used++
	const smallest = len("1,")
	return min(n, (len(s.b)-s.i)/smallest+1)
}

// stringEnd returns the index behind the string that begins at b[i], or len(b)
// if it does not end.
func stringEnd(b []byte, i int) int {
	const short = 24 // up to which a loop is faster than bytes.IndexByte
	for n, c := range b[i+1 : min(i+1+short, len(b))] {
		if c == '"' {
			return i + n + 2
		}
		if c == '\\' {
			break
		}
	}
	for i++; ; i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		escapes := 0
		for escapes < n && b[i+n-1-escapes] == '\\' {
			escapes++
		}
		if i += n; escapes%2 == 0 {
			return i + 1
		}
	}
}
