package signedtoken_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/signedtoken"
)

func ExampleSign() {
	expires := time.Unix(1800000000, 0)
	fmt.Println(signedtoken.Sign("a shared secret", expires, signedtoken.Realm, "janus.plugin.videoroom"))
	// Output: 1800000000,janus,janus.plugin.videoroom:9mrNaMGuBeHCZHApGdiLUQPLdGM=
}

// A real Janus takes the token for as long and for what it was signed.
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
		"expired":      signedtoken.Sign(secret, before, signedtoken.Realm, echotest),
		"other secret": signedtoken.Sign("wrong", later, signedtoken.Realm, echotest),
		"other realm":  signedtoken.Sign(secret, later, "elsewhere", echotest),
		"none":         "",
	} {
		if _, err := g.Create(ctx, token); !errors.Is(err, janus.ErrorUnauthorized) {
			t.Errorf("%s: create returned %v", name, err)
		}
	}
	token := signedtoken.Sign(secret, later, signedtoken.Realm, echotest)
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
}
