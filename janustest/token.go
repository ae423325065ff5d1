package janustest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hasTokens reports whether requests can or must carry a token.
func (s *Server) hasTokens() bool { return s.TokenAuthSecret != "" || len(s.Tokens) > 0 }

// storeTokens makes the stored tokens those of the configuration, unless tokens are
// signed. The caller holds s.mu or is the only one to know s.
func (s *Server) storeTokens() {
	if s.TokenAuthSecret != "" || len(s.Tokens) == 0 {
		return
	}
	s.tokens = make(map[string][]string)
	for _, token := range s.Tokens {
		s.tokens[token] = nil
	}
}

// stored returns the plugins that a stored token allows, nil if all, and whether
// there is such a token.
func (s *Server) stored(token string) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	plugins, ok := s.tokens[token]
	return plugins, ok
}

// acceptsToken reports whether a token authorizes requests.
func (s *Server) acceptsToken(token string) bool {
	if s.TokenAuthSecret == "" {
		_, ok := s.stored(token)
		return ok
	}
	_, ok := s.descriptors(token, "janus")
	return ok
}

// allowsPlugin reports whether a token allows attaching to a plugin.
func (s *Server) allowsPlugin(token, plugin string) bool {
	if s.TokenAuthSecret == "" {
		plugins, ok := s.stored(token)
		return ok && (plugins == nil || slices.Contains(plugins, plugin))
	}
	descriptors, ok := s.descriptors(token, "janus")
	return ok && slices.Contains(descriptors, plugin)
}

// descriptors checks the expiry, the realm and the signature of a signed token,
// and returns its descriptors.
func (s *Server) descriptors(token, realm string) ([]string, bool) {
	data, signature, ok := strings.Cut(token, ":")
	parts := strings.Split(data, ",")
	if !ok || len(parts) < 2 || parts[1] != realm {
		return nil, false
	}
	expires, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || time.Now().Unix() > expires {
		return nil, false
	}
	mac := hmac.New(sha1.New, []byte(s.TokenAuthSecret))
	mac.Write([]byte(data))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return parts[2:], hmac.Equal([]byte(signature), []byte(want))
}

// allowsRoom reports whether a signed token allows joining a room of the
// VideoRoom.
func (s *Server) allowsRoom(token string, room ident) bool {
	descriptors, ok := s.descriptors(token, videoroomPackage)
	return ok && slices.Contains(descriptors, "room="+room.String())
}
