package signedtoken_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/signedtoken"
)

func ExampleSign() {
	expires := time.Unix(1800000000, 0)
	token, err := signedtoken.Sign("a shared secret", expires, signedtoken.Realm, "janus.plugin.videoroom")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token)
	// Output: 1800000000,janus,janus.plugin.videoroom:9mrNaMGuBeHCZHApGdiLUQPLdGM=
}

// A separator within a part would give the token more descriptors than were
// asked for, or change its realm.
func TestSignRefusesSeparators(t *testing.T) {
	for _, test := range []struct {
		name        string
		realm       string
		descriptors []string
	}{
		{"comma in the realm", "janus,janus.plugin.echotest", nil},
		{"colon in the realm", "janus:", nil},
		{"comma in a descriptor", signedtoken.Realm, []string{"a", "room=1,room=2"}},
		{"colon in a descriptor", signedtoken.Realm, []string{"a:b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			token, err := signedtoken.Sign("secret", time.Now(), test.realm, test.descriptors...)
			if err == nil || token != "" {
				t.Errorf("got %q, %v", token, err)
			}
		})
	}
}

func sign(t *testing.T, secret string, expires time.Time, realm string, descriptors ...string) string {
	t.Helper()
	token, err := signedtoken.Sign(secret, expires, realm, descriptors...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A real Janus accepts a token for as long as it was signed for, and for no
// other plugins.
func TestTokensOnRealJanus(t *testing.T) {
	const secret, echotest, videoroom = "correct horse", "janus.plugin.echotest", "janus.plugin.videoroom"
	srv := realjanus.Start(t, realjanus.Options{TokenAuth: true, TokenAuthSecret: secret})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	g, _, err := janus.Connect(ctx, srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close(websocket.StatusNormalClosure, "") }()

	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	for name, token := range map[string]string{
		"expired":      sign(t, secret, before, signedtoken.Realm, echotest),
		"other secret": sign(t, "wrong", later, signedtoken.Realm, echotest),
		"other realm":  sign(t, secret, later, "elsewhere", echotest),
		"none":         "",
	} {
		if _, err := g.Create(ctx, token); !errors.Is(err, janus.ErrorUnauthorized) {
			t.Errorf("%s: create returned %v", name, err)
		}
	}
	token := sign(t, secret, later, signedtoken.Realm, echotest)
	session, err := g.Create(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.Attach(ctx, token, echotest); err != nil {
		t.Errorf("attach to the plugin of the token: %v", err)
	}
	if _, err := session.Attach(ctx, token, videoroom); !errors.Is(err, janus.ErrorUnauthorizedPlugin) {
		t.Errorf("attach to another plugin: %v", err)
	}
	bare := sign(t, secret, later, signedtoken.Realm)
	if _, err := session.KeepAlive(ctx, bare); err != nil {
		t.Errorf("keepalive with a token without descriptors: %v", err)
	}
	if _, err := session.Attach(ctx, bare, echotest); !errors.Is(err, janus.ErrorUnauthorizedPlugin) {
		t.Errorf("attach with a token without descriptors: %v", err)
	}
}
