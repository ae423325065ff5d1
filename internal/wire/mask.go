package wire

import "regexp"

// secret matches a member whose value must not be shown: Janus's token,
// apisecret and admin_secret, and what its plugins call secret or pin.
var secret = regexp.MustCompile(`("(?:token|apisecret|admin_secret|admin_key|secret|pin|password)"\s*:\s*)("(?:[^"\\]|\\.)*"?|-?[0-9][^\s,}\]]*)`)

// Mask returns b with the values of secrets replaced by asterisks.
func Mask(b []byte) []byte {
	return secret.ReplaceAll(b, []byte(`${1}"***"`))
}
