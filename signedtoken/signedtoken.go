// Package signedtoken makes the HMAC-signed tokens of a Janus server that is
// configured with token_auth_secret. Such a token is accepted for the requests
// of any client until it expires, without the server having been told of it:
// see https://janus.conf.meetecho.com/docs/auth.html#token.
package signedtoken

import (
	"crypto/hmac"
	"crypto/sha1" // Janus's choice; as an HMAC it is still sound
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Realm is the realm of tokens for the Janus API itself. Plugins that check
// tokens of their own, such as the VideoRoom, use their package name.
const Realm = "janus"

// Sign returns a token that is valid until expires, to the second. Descriptors
// say what it is good for: in Realm, the package names of the plugins that it
// may attach to, such as janus.plugin.videoroom; in a plugin's realm, what that
// plugin documents, such as "room=1234". Neither the realm nor a descriptor may
// contain a comma or a colon, which separate the parts of a token.
func Sign(secret string, expires time.Time, realm string, descriptors ...string) string {
	parts := append([]string{fmt.Sprint(expires.Unix()), realm}, descriptors...)
	data := strings.Join(parts, ",")
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(data))
	return data + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
