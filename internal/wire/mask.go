package wire

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The members whose values must not be shown: the tokens, secrets, PINs, keys and
// passwords of Janus, its plugins and event handlers, and the credentials in SIP
// headers. Keys are compared in lower case and without separators, so that
// admin_key, adminKey and Admin-Key are the same.
var (
	// secretEnds make every key secret that ends in one of them.
	secretEnds = strings.Fields("authorization cookie credential credentials crypto key keys passphrase" +
		" passwd password passwords pin pins pwd secret secrets token tokens")

	// secretKeys are further secret keys. A VideoRoom's private_id proves that a
	// subscriber belongs to a publisher.
	secretKeys = map[string]bool{"allowed": true, "auth": true, "pass": true, "privateid": true}

	// publicKeys are not secret, whatever they end in: this one is a boolean.
	publicKeys = map[string]bool{"signedtokens": true}

	// secretLines begin the lines of an SDP that contain a key or a password.
	secretLines = []string{"a=crypto:", "a=ice-pwd:"}

	// secretRoots are such that each secret key contains one of them. They are
	// looked for in a text that is not JSON, as is an escape, which may be a
	// part of a key.
	secretRoots = strings.Fields(`allowed auth cookie credential crypto key pass pin private pwd secret token \u`)
)

// isSecret reports whether the value of a member must not be shown. key is the
// text between its quotes. It is if an escape in it is invalid.
func isSecret(key []byte) bool {
	if bytes.IndexByte(key, '\\') >= 0 {
		if !validEscapes(key) {
			return true
		}
		key = []byte(unescape(key))
	}
	var buf [64]byte
	name := appendPlain(buf[:0], key)
	if publicKeys[string(name)] {
		return false
	}
	if secretKeys[string(name)] {
		return true
	}
	for _, end := range secretEnds {
		if len(name) >= len(end) && string(name[len(name)-len(end):]) == end {
			return true
		}
	}
	return false
}

// appendPlain appends key to name, in lower case and without separators.
func appendPlain(name, key []byte) []byte {
	for _, r := range string(key) {
		switch {
		case r == '_' || r == '-':
		case r == 'ſ': // folds to s, as the Kelvin sign does to k
			name = append(name, 's')
		default:
			name = utf8.AppendRune(name, unicode.ToLower(r))
		}
	}
	return name
}

// validEscapes reports whether unescape can be called with raw.
func validEscapes(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		n := escapeLen(raw[i:])
		if n == 0 {
			return false
		}
		i += n - 1
	}
	return true
}

// mask replaces what must not be shown.
const mask = `"***"`

// Mask returns a copy of b, which should be a JSON text, in which the values of
// secret members are replaced by "***". If b is not JSON, everything behind the
// first word that might name a secret is masked.
func Mask(b []byte) []byte {
	m := masker{b: b, out: make([]byte, 0, len(b)+64)}
	m.run()
	return m.out
}

// Excerpt returns what Mask makes of the first limit bytes of b, with a note of
// b's length if there are more. It does not read those.
func Excerpt(b []byte, limit int) []byte {
	if len(b) <= limit {
		return Mask(b)
	}
	for limit > 0 && !utf8.RuneStart(b[limit]) {
		limit--
	}
	return fmt.Appendf(Mask(b[:limit]), "… (%d bytes)", len(b))
}

// masker copies b to out. It knows just enough of JSON's grammar to notice a
// text in which strings are not where they seem to be.
type masker struct {
	b      []byte
	i      int // index of the next byte
	copied int // index of the first byte that is not in out
	out    []byte
}

// run copies all of b.
func (m *masker) run() {
	last := 0         // index of the last string
	complete := false // a value is behind, so that a comma or a bracket must follow
	for m.i < len(m.b) {
		c := m.b[m.i]
		switch {
		case isSpace(c):
			m.i++
			continue
		case strings.IndexByte("{}[]:,", c) >= 0:
			complete = c == '}' || c == ']'
			m.i++
			continue
		case complete:
			m.rest(last)
			return
		case c == '"':
			last = m.i
			m.string()
		default:
			n := wordLen(m.b[m.i:])
			if n == 0 {
				m.rest(last)
				return
			}
			m.i += n
		}
		complete = true
	}
	m.copy(len(m.b))
}

// wordLen returns the length of the literal or of the number that b begins with,
// or 0. It takes anything for a number that consists of a number's characters.
func wordLen(b []byte) int {
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(b, []byte(word)) {
			return len(word)
		}
	}
	n := 0
	for n < len(b) && (isDigit(b[n]) || strings.IndexByte("+-.eE", b[n]) >= 0) {
		n++
	}
	return n
}

// copy copies the bytes up to index end.
func (m *masker) copy(end int) {
	m.out = append(m.out, m.b[m.copied:end]...)
	m.copied = end
}

// string passes over a string. If it is the key of a secret, it masks the value
// and passes over that too.
func (m *masker) string() {
	start := m.i
	m.i = stringEnd(m.b, start)
	next := m.i + spaces(m.b[m.i:])
	if next == len(m.b) || m.b[next] != ':' {
		m.text(start)
		return
	}
	if !isSecret(m.b[start+1 : m.i-1]) {
		return
	}
	next++
	next += spaces(m.b[next:])
	m.copy(next)
	m.out = append(m.out, mask...)
	m.i = valueEnd(m.b, next)
	if end := m.i + spaces(m.b[m.i:]); end < len(m.b) && strings.IndexByte(",}]", m.b[end]) < 0 {
		m.i = len(m.b) // the value has not ended where it seemed to
	}
	m.copied = m.i
}

// text masks what is secret within the string from index start to m.i: lines of
// an SDP, and the user information and the parameters of URLs.
func (m *masker) text(start int) {
	inURL := false
	for i := start; i < m.i; i++ {
		end := i
		switch m.b[i] {
		case 'a':
			i, end = lineSecret(m.b[:m.i], i)
		case ':':
			inURL = inURL || slashes(m.b[i:m.i]) > 0
			i, end = userinfo(m.b[:m.i], i)
		case '?':
			if inURL {
				inURL = false
				i++
				end = i + queryLen(m.b[i:m.i])
			}
		case ' ':
			inURL = false
		}
		if end > i {
			m.copy(i)
			m.out = append(m.out, "***"...)
			m.copied = end
			i = end - 1
		}
	}
}

// lineSecret returns where the secret begins and ends if a line of an SDP with
// one begins at b[i], and otherwise i twice.
func lineSecret(b []byte, i int) (start, end int) {
	for _, line := range secretLines {
		if bytes.HasPrefix(b[i:], []byte(line)) {
			start = i + len(line)
			return start, start + length(b[start:], `"\`+"\r\n")
		}
	}
	return i, i
}

// userinfo returns where the user information begins and ends of the URL whose
// scheme ends at b[i], and i twice if there is none. What may be user
// information that is cut off counts.
func userinfo(b []byte, i int) (start, end int) {
	n := slashes(b[i:])
	if n == 0 {
		return i, i
	}
	start = i + n
	end = start + length(b[start:], `"/?#\ `)
	if end == len(b) {
		return start, end
	}
	if at := bytes.LastIndexByte(b[start:end], '@'); at >= 0 {
		return start, start + at
	}
	return i, i
}

// slashes returns the length of the end of a URL's scheme if b begins with it, and
// otherwise 0.
func slashes(b []byte) int {
	for _, s := range [...]string{"://", `:\/\/`} {
		if bytes.HasPrefix(b, []byte(s)) {
			return len(s)
		}
	}
	return 0
}

// queryLen returns the length of the parameters of a URL that b begins with. They
// may contain escapes, but none of a control character or a quote.
func queryLen(b []byte) int {
	for n := 0; n < len(b); n++ {
		switch {
		case b[n] == '"' || b[n] == ' ':
			return n
		case b[n] == '\\' && n+1 < len(b):
			if b[n+1] != '/' && b[n+1] != 'u' {
				return n
			}
			n++
		}
	}
	return len(b)
}

// length returns the number of bytes before the first of those in ends.
func length(b []byte, ends string) int {
	if n := bytes.IndexAny(b, ends); n >= 0 {
		return n
	}
	return len(b)
}

// rest copies the bytes from index from on, up to the first that might name a
// secret, and masks what follows.
func (m *masker) rest(from int) {
	from = max(from, m.copied) // it may be in a string that was masked
	first := len(m.b)
	for _, root := range secretRoots {
		if i := indexFold(m.b[from:first], root); i >= 0 {
			first = from + i
		}
	}
	m.copy(first)
	if first < len(m.b) {
		m.out = append(m.out, mask...)
	}
}

// indexFold is bytes.Index for a root in lower case, whose letters may be in
// upper case in b.
func indexFold(b []byte, root string) int {
	for i := range len(b) - len(root) + 1 {
		if b[i]|0x20 == root[0]|0x20 && strings.EqualFold(string(b[i:i+len(root)]), root) {
			return i
		}
	}
	return -1
}

// spaces returns the length of the white space that b begins with.
func spaces(b []byte) int {
	n := 0
	for n < len(b) && isSpace(b[n]) {
		n++
	}
	return n
}

// valueEnd returns the index behind the value that begins at b[i], or len(b) if
// it does not end or its brackets do not match.
func valueEnd(b []byte, i int) int {
	var open []byte // the brackets that are to close
	for ; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			if i = stringEnd(b, i); len(open) == 0 {
				return i
			}
			i--
		case '{', '[':
			open = append(open, c+2) // } is { plus 2, as ] is [ plus 2
		case '}', ']':
			if len(open) == 0 {
				return i // there is no value
			}
			if open[len(open)-1] != c {
				return len(b)
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if len(open) == 0 {
				return i
			}
		}
	}
	return len(b)
}
