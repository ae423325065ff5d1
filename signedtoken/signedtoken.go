// Package signedtoken makes the HMAC-signed tokens that a Janus server accepts
// if it is configured with token_auth_secret. A server accepts such a token from
// any client until the token expires. It need not be told of the token first.
// See https://janus.conf.meetecho.com/docs/auth.html#token.
package signedtoken

import (
	"crypto/hmac"
	"crypto/sha1" // Janus's choice; it is still sound within an HMAC
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Realm is the realm of tokens for the Janus API itself. Plugins that check
// tokens of their own, such as the VideoRoom, use their package name.
const Realm = "janus"

// Sign returns a token that is valid until expires, to the second.
//
// In Realm, the descriptors are the package names of the plugins that the token
// allows attaching to, such as janus.plugin.videoroom. A token without
// descriptors is good for sessions but allows no plugin at all. In the realm of
// a plugin, the plugin defines the descriptors: the VideoRoom's are "room=" and
// the id of a room that the token allows joining.
//
// Sign returns an error if realm or a descriptor contains a comma, which would
// add a descriptor to the token, or a colon, which would make it invalid.
func Sign(secret string, expires time.Time, realm string, descriptors ...string) (string, error) {
	parts := append([]string{realm}, descriptors...)
	for _, part := range parts {
		if strings.ContainsAny(part, ",:") {
			return "", fmt.Errorf("signedtoken: sign: %q contains a comma or a colon", part)
		}
	}
	data := strconv.FormatInt(expires.Unix(), 10) + "," + strings.Join(parts, ",")
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(data))
	return data + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
