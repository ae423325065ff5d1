package realtest

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// Attach to a plugin that the server has not: error 460.
func TestUnknownPlugin(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle, err := session.Attach(ctx, "", "janus.plugin.nonesuch")
	checkCode(t, err, 460)
	if handle != nil || handles(session) != 0 {
		t.Errorf("Attach returned %v, and %d handles are listed", handle, handles(session))
	}
}

// A request for a handle that is detached: error 459.
func TestUnknownHandle(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, echotest)
	if _, err := handle.Detach(ctx, ""); err != nil {
		t.Fatal(err)
	}
	_, err := handle.Message(ctx, "", object{"audio": true}, nil)
	checkCode(t, err, 459)
	_, err = handle.Request(ctx, "", object{"audio": true})
	checkCode(t, err, 459)
	_, err = handle.Trickle(ctx, "", object{"completed": true})
	checkCode(t, err, 459)
	_, err = handle.Detach(ctx, "")
	checkCode(t, err, 459)
}

// A request for a session that is destroyed: error 458.
func TestUnknownSession(t *testing.T) {
	ctx := testContext(t)
	_, session := create(ctx, t, realjanus.Options{})
	handle := attach(ctx, t, session, echotest)
	if _, err := session.Destroy(ctx, ""); err != nil {
		t.Fatal(err)
	}
	_, err := session.KeepAlive(ctx, "")
	checkCode(t, err, 458)
	_, err = session.Attach(ctx, "", echotest)
	checkCode(t, err, 458)
	_, err = session.Destroy(ctx, "")
	checkCode(t, err, 458)
	_, err = handle.Message(ctx, "", object{"audio": true}, nil)
	checkCode(t, err, 458)
}

// The token parameter of each method reaches a server that asks for tokens, and
// without the right one each is refused with error 403.
func TestStoredToken(t *testing.T) {
	ctx := testContext(t)
	server := realjanus.Start(t, realjanus.Options{TokenAuth: true})
	const token = "a token of ours"
	if _, err := server.Admin(ctx, object{"janus": "add_token", "token": token}); err != nil {
		t.Fatal(err)
	}
	checkToken(ctx, t, server, token)
}

// The same with a token that only its signature proves.
func TestSignedToken(t *testing.T) {
	const secret = "a secret of ours"
	ctx := testContext(t)
	server := realjanus.Start(t, realjanus.Options{TokenAuth: true, TokenAuthSecret: secret})
	checkToken(ctx, t, server, sign(secret, time.Now().Add(time.Hour)))
}

// sign makes a token for the EchoTest, as Janus expects it.
func sign(secret string, expiry time.Time) string {
	claim := fmt.Sprintf("%d,janus,%s", expiry.Unix(), echotest)
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(claim))
	return claim + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// checkToken calls each method with the token, and with a wrong one and none.
func checkToken(ctx context.Context, t *testing.T, server *realjanus.Server, token string) {
	t.Helper()
	gateway, _ := connect(ctx, t, server)
	for _, wrong := range []string{"", "wrong"} {
		_, err := gateway.Create(ctx, wrong)
		checkCode(t, err, 403)
	}
	session, err := gateway.Create(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.Attach(ctx, token, echotest)
	if err != nil {
		t.Fatal(err)
	}
	call := func(token string) map[string]error {
		errs := map[string]error{}
		_, errs["KeepAlive"] = session.KeepAlive(ctx, token)
		_, errs["Message"] = handle.Message(ctx, token, object{"audio": true}, nil)
		_, errs["Request"] = handle.Request(ctx, token, object{"audio": true})
		_, errs["Trickle"] = handle.Trickle(ctx, token, object{"completed": true})
		_, errs["TrickleMany"] = handle.TrickleMany(ctx, token, []object{{"completed": true}})
		_, errs["Detach"] = handle.Detach(ctx, token)
		_, errs["Destroy"] = session.Destroy(ctx, token)
		return errs
	}
	for method, err := range call("wrong") {
		t.Run(method+" with a wrong token", func(t *testing.T) { checkCode(t, err, 403) })
	}
	for method, err := range call(token) {
		if err != nil {
			t.Errorf("%s with the right token: %v", method, err)
		}
	}
	if _, err := gateway.Info(ctx, token); err != nil {
		t.Errorf("Info with the right token: %v", err)
	}
}

// A call ends with its context, and nothing else does.
func TestContextEndsOnlyItsCall(t *testing.T) {
	ctx := testContext(t)
	server := realjanus.Start(t, realjanus.Options{})
	gateway, _ := connect(ctx, t, server)
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		if _, err := session.KeepAlive(short, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the call returned %v, want its deadline", err)
		}
		cancel()
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	if _, err := session.KeepAlive(ctx, ""); err != nil {
		t.Errorf("a call after those: %v", err)
	}
}
