package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// The secrets of a client. Each is to be found nowhere.
const (
	secretUser     = "s3cret-user"
	secretPassword = "s3cret-password"
	secretQuery    = "s3cret-query"
	secretToken    = "s3cret-\"token\"\\"
	secretAPI      = "s3cret-api"
	secretInBody   = "s3cret-body"
)

// output is what the client says, by whatever way.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) error(what string, err error) {
	_, _ = fmt.Fprintf(o, "%s: %v\n", what, err)
}

// assertClean checks that no secret was said, but that something was.
func (o *output) assertClean(t *testing.T, mustSay ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	text := o.text.String()
	for line := range strings.Lines(text) {
		if strings.Contains(line, "s3cret") {
			t.Errorf("a secret was said: %s", line)
		}
	}
	for _, want := range mustSay {
		if !strings.Contains(text, want) {
			t.Errorf("%q was never said, so this test shows nothing", want)
		}
	}
}

// captureStdout has what is printed go to o until the test ends.
func captureStdout(t *testing.T, o *output) (stop func()) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = write
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(o, read) // ends with the writer
	}()
	return func() {
		os.Stdout = stdout
		_ = write.Close() // a pipe
		<-done
		_ = read.Close()
	}
}

// secretURL puts credentials into a URL.
func secretURL(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(secretUser, secretPassword)
	u.RawQuery = "token=" + secretQuery
	return u.String()
}

// No token, API secret or user information of the URL is in any error, log
// line or printed JSON, whether calls succeed, are refused or are cut short.
func TestSecretsOfAConnection(t *testing.T) {
	noLeaks(t)
	said := new(output)
	stop := captureStdout(t, said)
	defer stop()
	server := newStub(t, func(s *janustest.Server) {
		s.APISecret = secretAPI
		s.Tokens = []string{secretToken}
	})
	p := newProxy(t, server.URL)
	c := connect(t, secretURL(t, p.url), &janus.DialOptions{
		APISecret: secretAPI,
		Logger:    slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	c.LogJsonMessages = true
	session, err := c.Create(t.Context(), secretToken)
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.Attach(t.Context(), secretToken, plugin)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{
		"do": "echo", "token": secretInBody, "pin": secretInBody, "secret": secretInBody, "password": secretInBody,
		"nested": map[string]any{"secret": secretInBody, "admin_key": secretInBody},
		"list":   []any{map[string]any{"pin": secretInBody}},
		// The tokens that a VideoRoom or AudioBridge lets in.
		"allowed": []string{secretInBody, secretInBody},
	}
	for name, call := range map[string]func() error{
		"message":   func() error { return of(handle.Message(t.Context(), secretToken, body, nil)) },
		"keepalive": func() error { return of(session.KeepAlive(t.Context(), secretToken)) },
		"refused":   func() error { return of(session.Attach(t.Context(), secretToken, "janus.plugin.none")) },
		"cancelled": func() error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return of(handle.Message(ctx, secretToken, body, nil))
		},
		"not marshaled": func() error {
			return of(handle.Message(t.Context(), secretToken, map[string]any{"token": secretInBody, "f": func() {}}, nil))
		},
	} {
		said.error(name, call())
	}
	// Frames for nobody and frames that are not understood quote what came.
	echo := `"token":"` + secretInBody + `","apisecret" : "` + secretAPI + `","pin":"` + secretInBody
	server.Broadcast(`{"janus":"event","session_id":1,"sender":2,` + echo + `"}`)
	server.Broadcast(`{"janus":5,` + echo + `"}`)
	c.mustLive(t)
	waiting := new(calls)
	waiting.start(func() error { return of(handle.Message(t.Context(), secretToken, order{Do: "nothing"}, nil)) })
	await(t, "the arrival of a request", server.ignored)
	server.Broadcast(`{"janus":"event",` + echo) // ends the connection
	said.error("group", c.mustEnd(t))
	for _, err := range waiting.wait(t) {
		said.error("waiting call", err)
	}
	said.error("later call", of(c.Info(t.Context(), secretToken)))
	stop()
	said.assertClean(t, "level=DEBUG", "message for nobody", "\"janus\": \"create\"", "not a JSON object", "***")
}

// Neither do dials that fail, for whatever reason, say a secret.
func TestSecretsOfADial(t *testing.T) {
	noLeaks(t)
	said := new(output)
	for name, h := range handshakes {
		raw, client := h.start(t)
		if u, err := url.Parse(raw); err == nil && u.Host != "" {
			raw = secretURL(t, raw)
		} else {
			raw = strings.Replace(raw, "ws://", "ws://"+secretUser+":"+secretPassword+"@", 1)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if strings.HasPrefix(name, "silence") {
			cancel()
		}
		_, _, err := janus.Dial(ctx, raw, &janus.DialOptions{HTTPClient: client})
		cancel()
		if err == nil {
			t.Errorf("%s: the dial succeeded", name)
		}
		said.error(name, err)
		if client != nil {
			client.CloseIdleConnections()
		}
	}
	for _, raw := range []string{
		"ws://" + secretUser + ":" + secretPassword + "%@127.0.0.1/",
		"ws://" + secretUser + ":" + secretPassword + "@[::1/",
		"ws://127.0.0.1:x/?token=" + secretQuery,
		secretUser + ":" + secretPassword + "@127.0.0.1",
		"ws://" + secretUser + ":" + secretPassword + "/@127.0.0.1:1/",
		"ws://127.0.0.1:1/#" + secretQuery,
		"%" + secretUser + ":" + secretPassword + "@host",
		" ws://" + secretUser + ":" + secretPassword + "@127.0.0.1:1/",
		"ws://\x7f" + secretUser + ":" + secretPassword + "@127.0.0.1:1/",
	} {
		_, _, err := janus.Connect(t.Context(), raw)
		if err == nil {
			t.Errorf("%q: the dial succeeded", raw)
		}
		said.error("a bad URL", err)
	}
	said.assertClean(t, "200 OK", "refused")
}
