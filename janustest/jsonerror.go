package janustest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// jsonError says what is wrong with a text that does not begin with a valid
// object or array, in the words of the Jansson library, which Janus parses JSON
// with.
func jsonError(text []byte) string {
	j := &jansson{text: text, line: 1}
	switch j.next(); j.kind {
	case '{', '[':
		j.value()
	default:
		j.expect("'[' or '{' expected")
	}
	j.expect("invalid token") // what Go refuses and the walk above does not
	return j.err
}

// jansson walks a text up to its first error.
type jansson struct {
	text         []byte
	i            int
	line, column int
	kind         byte   // of the token: its first byte, 's' for a string, 'v' for a value, 'x' for an invalid one, 'e' for a string without end, 0 at the end
	token        []byte // its text
	err          string
}

// expect notes an error at the token, unless there is one.
func (j *jansson) expect(what string) {
	if j.err != "" {
		return
	}
	switch {
	case len(j.token) == 0:
		what += " near end of file"
	case len(j.token) <= 20:
		what += " near '" + string(j.token) + "'"
	}
	j.err = fmt.Sprintf("<string>(%d,%d): %s", j.line, j.column, what)
}

// next reads a token.
func (j *jansson) next() {
	for j.i < len(j.text) && strings.IndexByte(" \t\n\r", j.text[j.i]) >= 0 {
		j.column++
		if j.text[j.i] == '\n' {
			j.line, j.column = j.line+1, 0
		}
		j.i++
	}
	start := j.i
	j.kind = j.scan()
	j.token = j.text[start:j.i]
	j.column += j.i - start
}

func (j *jansson) scan() byte {
	if j.i == len(j.text) {
		return 0
	}
	c := j.text[j.i]
	switch {
	case strings.IndexByte("{}[]:,", c) >= 0:
		j.i++
		return c
	case c == '"':
		return j.scanString()
	case c == '-' || c >= '0' && c <= '9':
		return j.scanWhile("+-.0123456789eE")
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return j.scanWhile("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	}
	j.i++
	return 'x'
}

func (j *jansson) scanString() byte {
	for j.i++; j.i < len(j.text); j.i++ {
		switch j.text[j.i] {
		case '\\':
			j.i++
		case '"':
			j.i++
			return 's'
		}
	}
	j.i = len(j.text)
	return 'e'
}

func (j *jansson) scanWhile(set string) byte {
	start := j.i
	for j.i < len(j.text) && strings.IndexByte(set, j.text[j.i]) >= 0 {
		j.i++
	}
	if json.Valid(j.text[start:j.i]) {
		return 'v'
	}
	return 'x'
}

// value checks the value that the token begins.
func (j *jansson) value() {
	switch j.kind {
	case '{':
		j.elements('}', j.pair)
	case '[':
		j.elements(']', j.value)
	case 's', 'v':
	case 'x':
		j.expect("invalid token")
	case 'e':
		j.expect("premature end of input")
	default:
		j.expect("unexpected token")
	}
}

// elements checks the text between brackets.
func (j *jansson) elements(closing byte, element func()) {
	j.next()
	if j.kind == closing {
		return
	}
	for j.err == "" {
		element()
		j.next()
		if j.kind != ',' {
			break
		}
		j.next()
	}
	if j.kind != closing {
		j.expect("'" + string(closing) + "' expected")
	}
}

func (j *jansson) pair() {
	if j.kind == 'e' {
		j.expect("premature end of input")
		return
	}
	if j.kind != 's' {
		j.expect("string or '}' expected")
		return
	}
	if j.next(); j.kind != ':' {
		j.expect("':' expected")
		return
	}
	j.next()
	j.value()
}
