package cascade

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/url"
	"strings"

	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// route says which publisher of which server is shown on which other server.
type route struct {
	from      string
	publisher plugin.ID
	to        string
}

// namer makes the names of everything that a cascade creates, and recognizes
// them. Both halves of a link carry its nonce: the remote publisher in its id,
// and the remotization in its remote_id. So a list of both servers shows whether
// the halves belong together.
type namer struct {
	name    string // of the cascade
	strings bool   // ids are strings
}

// prefix begins all names that are strings.
const prefix = "cascade"

// newNonce returns a random name for a link.
func newNonce() string { return strings.ToLower(rand.Text()[:20]) }

// id returns the id of the remote publisher of a link.
func (n namer) id(r route, nonce string) plugin.ID {
	if n.strings {
		return plugin.Str(join(prefix, n.name, r.from, r.publisher.String(), nonce))
	}
	sum := digest("id", n.name, r.from, r.publisher.String(), r.to, nonce)
	return plugin.Num(n.tag() | sum&(1<<hashBits-1))
}

// Numeric ids have 53 bits, so that JavaScript can hold them: a bit that is
// always set, a tag for the name of the cascade, and a hash of the link.
const (
	tagBits  = 17
	hashBits = 35
)

// tag returns the part of numeric ids that is the same for the whole cascade.
func (n namer) tag() uint64 {
	return 1<<(tagBits+hashBits) | digest("tag", n.name)&(1<<tagBits-1)<<hashBits
}

// owns reports whether a participant is a remote publisher of this cascade, and
// of which server, which is "" if its name does not say. Since 1.3.0 the
// metadata must confirm a numeric id.
func (n namer) owns(p videoroom.Participant, version int) (from string, ok bool) {
	if !p.Remote {
		return "", false
	}
	if n.strings {
		parts, ok := split(p.ID.String(), 5)
		return parts[2], ok && parts[1] == n.name
	}
	id, numeric := p.ID.Uint64()
	if !numeric || id>>hashBits<<hashBits != n.tag() {
		return "", false
	}
	if version < sinceMetadata {
		return "", true
	}
	origin, ok := OriginOf(p.Metadata)
	return origin.Server, ok && origin.Cascade == n.name
}

// remotization is the meaning of a remote_id.
type remotization struct {
	to    string // name of the server
	nonce string
	host  string // a hash of the host that media is sent to; Janus lists the resolved address
	key   string // a hash of the SRTP key; empty without SRTP
}

// remoteID returns the remote_id of a remotization.
func (n namer) remoteID(r remotization) string {
	return join(prefix, n.name, r.to, r.nonce, r.host, r.key)
}

// parseRemoteID is the reverse of remoteID. It returns false if the remotization
// is not of this cascade.
func (n namer) parseRemoteID(id string) (remotization, bool) {
	parts, ok := split(id, 6)
	if !ok || parts[1] != n.name {
		return remotization{}, false
	}
	return remotization{to: parts[2], nonce: parts[3], host: parts[4], key: parts[5]}, true
}

// join joins parts so that split can take them apart.
func join(parts ...string) string {
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// split returns the n parts of a name that join has made, or false for any other
// name.
func split(name string, n int) ([]string, bool) {
	parts := strings.Split(name, "/")
	if len(parts) != n || parts[0] != prefix {
		return make([]string, n), false
	}
	for i, part := range parts {
		var err error
		if parts[i], err = url.PathUnescape(part); err != nil {
			return make([]string, n), false
		}
	}
	return parts, true
}

// hostHash returns the hash of a host for a remote_id.
func hostHash(host string) string {
	return hex.EncodeToString(hashTexts(sha256.New(), "host", host)[:4])
}

// digest returns 64 bits of a hash of texts.
func digest(texts ...string) uint64 {
	return binary.BigEndian.Uint64(hashTexts(sha256.New(), texts...))
}

// hashTexts returns the hash of texts, which differs if they are divided in another way.
func hashTexts(h hash.Hash, texts ...string) []byte {
	for _, text := range texts {
		_ = binary.Write(h, binary.BigEndian, uint64(len(text))) // a hash takes everything, here and below
		_, _ = h.Write([]byte(text))
	}
	return h.Sum(nil)
}

// keys makes the SRTP keys of links from a secret and the nonce of the link, so
// that whoever has the secret can make them again.
type keys struct{ secret []byte }

// srtpKeySize is the size of a key with its salt.
const srtpKeySize = 30

func (k keys) mac(label string, r route, nonce string) []byte {
	return hashTexts(hmac.New(sha512.New, k.secret), label, r.from, r.publisher.String(), r.to, nonce)
}

// crypto returns the key of a link as Janus wants it.
func (k keys) crypto(r route, nonce string) string {
	return base64.StdEncoding.EncodeToString(k.mac("key", r, nonce)[:srtpKeySize])
}

// check returns a text that is the same for two keys only if they are equal. It
// does not reveal the key.
func (k keys) check(r route, nonce string) string {
	return hex.EncodeToString(k.mac("check", r, nonce)[:4])
}

// Origin says where a remote publisher really is.
type Origin struct {
	Cascade string    `json:"cascade"` // Options.Name
	Server  string    `json:"server"`  // Server.Name of its own server
	ID      plugin.ID `json:"id"`      // its id there
}

// metadataKey is the member of a remote publisher's metadata that has its
// Origin.
const metadataKey = "janus-go.cascade"

// OriginOf reads the origin of a remote publisher from its metadata, such as
// videoroom.Publisher.Metadata. It returns false if there is none: the publisher
// is not one of a cascade, or the server is older than 1.3.0.
func OriginOf(metadata json.RawMessage) (Origin, bool) {
	var members map[string]json.RawMessage
	var origin Origin
	if len(metadata) == 0 || json.Unmarshal(metadata, &members) != nil || members[metadataKey] == nil {
		return Origin{}, false
	}
	if json.Unmarshal(members[metadataKey], &origin) != nil {
		return Origin{}, false
	}
	return origin, true
}

// metadata returns the metadata of a remote publisher: that of the publisher,
// and the origin.
func (n namer) metadata(r route, of json.RawMessage) (json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if len(of) > 0 {
		if err := json.Unmarshal(of, &members); err != nil {
			return nil, err
		}
	}
	origin, err := json.Marshal(Origin{Cascade: n.name, Server: r.from, ID: r.publisher})
	if err != nil {
		return nil, err
	}
	members[metadataKey] = origin
	return json.Marshal(members)
}
