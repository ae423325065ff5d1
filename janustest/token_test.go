package janustest_test

import (
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/signedtoken"
)

// TestSignedTokens has the same tokens checked by the stand-in and by a real
// Janus.
func TestSignedTokens(t *testing.T) {
	const secret = "correct horse"
	t.Run("stand-in", func(t *testing.T) {
		s := newServer(t, func(s *janustest.Server) { s.TokenAuthSecret = secret })
		testSignedTokens(t, s.URL, secret)
	})
	t.Run("Janus", func(t *testing.T) {
		s := realjanus.Start(t, realjanus.Options{TokenAuth: true, TokenAuthSecret: secret})
		testSignedTokens(t, s.URL, secret)
	})
}

func testSignedTokens(t *testing.T, url, secret string) {
	sign := func(secret string, lifetime time.Duration, realm string, descriptors ...string) string {
		token, err := signedtoken.Sign(secret, time.Now().Add(lifetime), realm, descriptors...)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	const unauthorized = "Unauthorized request (wrong or missing secret/token)"
	c := dialURL(t, url)
	good := sign(secret, time.Hour, signedtoken.Realm, echotest, videoroom)
	for name, token := range map[string]any{
		"none":              nil,
		"not a string":      5,
		"empty":             "",
		"no signature":      "1800000000,janus",
		"no realm":          "1800000000:x",
		"altered":           "9" + good,
		"expired":           sign(secret, -time.Minute, signedtoken.Realm, echotest),
		"other secret":      sign("wrong", time.Hour, signedtoken.Realm, echotest),
		"realm of a plugin": sign(secret, time.Hour, videoroom, "room=1"),
	} {
		t.Run(name, func(t *testing.T) {
			request := m{"janus": "create"}
			if token != nil {
				request["token"] = token
			}
			c.expectError(c.ask(request), 403, unauthorized)
		})
	}
	session := c.expect(c.ask(m{"janus": "create", "token": good}), "success").Data.ID
	attach := func(plugin, token string) message {
		return c.ask(m{"janus": "attach", "session_id": session, "plugin": plugin, "token": token})
	}
	c.expectError(c.ask(m{"janus": "attach", "session_id": session, "plugin": echotest}), 403, unauthorized)
	none := sign(secret, time.Hour, signedtoken.Realm)
	c.expect(c.ask(m{"janus": "keepalive", "session_id": session, "token": none}), "ack")
	c.expectError(attach(echotest, none), 405, "Provided token can't access plugin 'janus.plugin.echotest'")
	c.expectError(attach(videoroom, sign(secret, time.Hour, signedtoken.Realm, echotest)), 405,
		"Provided token can't access plugin 'janus.plugin.videoroom'")
	c.expectError(attach("janus.plugin.none", none), 460, "No such plugin 'janus.plugin.none'")
	c.expect(attach(echotest, good), "success")
	handle := c.expect(attach(videoroom, good), "success").Data.ID

	// Rooms may check tokens of their own.
	ask := func(body m) map[string]any {
		request := m{"janus": "message", "session_id": session, "handle_id": handle, "token": good, "body": body}
		msg := c.ask(request)
		if msg.Janus == "success" {
			return msg.Plugindata.Data
		}
		other := c.next() // a real Janus may send the event before the ack
		if msg.Janus == "ack" {
			msg = other
		}
		return msg.Plugindata.Data
	}
	ask(m{"request": "create", "room": 7, "signed_tokens": true, "pin": "1"})
	for _, test := range []struct {
		token string
		want  any
	}{
		{"", "Unauthorized (wrong token)"},
		{good, "Unauthorized (wrong token)"},
		{sign(secret, time.Hour, videoroom, "room=8"), "Unauthorized (wrong token)"},
		{sign(secret, -time.Minute, videoroom, "room=7"), "Unauthorized (wrong token)"},
		{sign(secret, time.Hour, videoroom, "room=8", "room=7"), nil},
	} {
		join := m{"request": "join", "ptype": "publisher", "room": 7, "pin": "1", "token": test.token}
		if got := ask(join)["error"]; got != test.want {
			t.Errorf("join with %q: %v, want %v", test.token, got, test.want)
		}
	}
}

// A token is looked at even if the API secret is right.
func TestTokenBesidesSecret(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.APISecret, s.TokenAuthSecret = "api", "secret" })
	c := dial(t, s)
	session := c.expect(c.ask(m{"janus": "create", "apisecret": "api"}), "success").Data.ID
	attach := m{"janus": "attach", "session_id": session, "plugin": echotest, "apisecret": "api"}
	c.expect(c.ask(attach), "success")
	attach["token"] = "x"
	c.expectError(c.ask(attach), 405, "Provided token can't access plugin 'janus.plugin.echotest'")
}
