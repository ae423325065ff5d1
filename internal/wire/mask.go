package wire

import "regexp"

// secret matches a member whose value must not be shown: Janus's token and
// secrets, and what its plugins call so.
var secret = regexp.MustCompile(
	`("(?:(?:\w*_)?(?:token|secret|pin|pwd|password|key|crypto)|apisecret|adminpwd|allowed|tokens)"\s*:\s*)` +
		`("(?:[^"\\]|\\.)*"?|-?[0-9][^\s,}\]]*|\[[^\]]*\]?)`)

// Mask returns b with the values of secrets replaced by asterisks.
func Mask(b []byte) []byte {
	return secret.ReplaceAll(b, []byte(`${1}"***"`))
}
