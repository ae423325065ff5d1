//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// get sends a request and returns the answer. set may be nil.
func get(t testing.TB, url string, set func(*http.Request)) (status int, header http.Header, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(testutil.Context(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if set != nil {
		set(request)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, response.Header, readAll(t, response)
}

func TestPageIsServed(t *testing.T) {
	p := start(t, config{admins: []string{nowhere}})
	status, header, body := get(t, p.page.URL+"/", nil)
	if status != http.StatusOK || !strings.Contains(body, "<!doctype html>") && !strings.Contains(body, "<!DOCTYPE html>") {
		t.Errorf("%d %s", status, body)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	// The policy forbids what is inline.
	for _, forbidden := range []string{`<script>`, `<style`, ` style=`, ` onclick=`, `http://`, `https://`} {
		if strings.Contains(body, forbidden) {
			t.Errorf("the page has %q", forbidden)
		}
	}
	files := regexp.MustCompile(`(?:src|href)="([^"#]+)"`).FindAllStringSubmatch(body, -1)
	if len(files) < 2 {
		t.Errorf("the page has the files %q", files)
	}
	for _, file := range files {
		if status, header, _ := get(t, p.page.URL+"/"+strings.TrimPrefix(file[1], "/"), nil); status != http.StatusOK || header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d", file[1], status)
		}
	}
	if status, _, body := get(t, p.page.URL+"/healthz", nil); status != http.StatusOK || body != "ok\n" {
		t.Errorf("%d %q", status, body)
	}
	if status, _, _ := get(t, p.page.URL+"/../main.go", nil); status != http.StatusNotFound {
		t.Errorf("%d", status)
	}
}

// A site whose name leads to this machine is not served.
func TestOnlyAddressesOfThisMachine(t *testing.T) {
	p := start(t, config{admins: []string{nowhere}})
	for host, want := range map[string]int{"localhost:80": 200, "[::1]:80": 200, "127.0.0.1": 200, "evil.example:80": 403, "10.0.0.1": 403, "localhost.evil.example": 403} {
		if status, _, _ := get(t, p.page.URL+"/", func(r *http.Request) { r.Host = host }); status != want {
			t.Errorf("%s: %d, want %d", host, status, want)
		}
	}
	_, response, err := websocket.Dial(testutil.Context(t), p.page.URL+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://evil.example"}}})
	if err == nil || response == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("the websocket from another site: %v", err)
	}
}

func TestPassword(t *testing.T) {
	srv := newJanus(t)
	p := start(t, config{admins: []string{srv.AdminURL()}, password: "open sesame"})
	with := func(password string) func(*http.Request) {
		return func(r *http.Request) {
			r.Host = "monitor.example" // with a password the name does not matter
			if password != "" {
				r.SetBasicAuth("anybody", password)
			}
		}
	}
	for _, path := range []string{"/", "/ws", "/style.css", "/api/hangup"} {
		for _, password := range []string{"", "open", "open sesame "} {
			status, header, _ := get(t, p.page.URL+path, with(password))
			if status != http.StatusUnauthorized || header.Get("WWW-Authenticate") == "" || header.Get("Set-Cookie") != "" {
				t.Errorf("%s with %q: %d %v", path, password, status, header)
			}
		}
	}
	if status, _, _ := get(t, p.page.URL+"/healthz", nil); status != http.StatusOK {
		t.Errorf("/healthz: %d", status)
	}
	status, header, _ := get(t, p.page.URL+"/", with("open sesame"))
	cookie := header.Get("Set-Cookie")
	if status != http.StatusOK || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || strings.Contains(cookie, "sesame") {
		t.Errorf("%d, the cookie is %s", status, cookie)
	}
	name, _, _ := strings.Cut(cookie, ";")
	page := p.connect(t, http.Header{"Cookie": {name}})
	await(page, "hello", "a page with the cookie", func(hello) bool { return true })
	if _, _, err := websocket.Dial(testutil.Context(t), p.page.URL+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {cookieName + "=x"}}}); err == nil {
		t.Error("a wrong cookie is accepted")
	}
	action := fmt.Sprintf(`{"server":%q,"session":"1"}`, p.servers[0].name)
	if status, body := p.post(t, "destroy", action, nil); status != http.StatusUnauthorized {
		t.Errorf("an action without the password: %d %s", status, body)
	}
}

func TestActions(t *testing.T) {
	srv := newJanus(t)
	p := start(t, config{admins: []string{srv.AdminURL(), nowhere}})
	gateway, _, session, handle := testutil.Open(t, srv)
	other := testutil.Create(t, gateway)
	name := p.servers[0].name
	at := func(session, handle uint64) string {
		return fmt.Sprintf(`{"server":%q,"session":%q,"handle":%q}`, name, idText(session), idText(handle))
	}
	testutil.Eventually(t, "the connection", func() bool { return p.servers[0].current() != nil })

	whole := at(session.ID, handle.ID)
	for _, test := range []struct {
		name, action, body string
		header             http.Header
		want               int
	}{
		{"another site", "destroy", whole, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"a neighbor", "destroy", whole, http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		{"another origin", "destroy", whole, http.Header{"Origin": {"http://evil.example"}}, 403},
		{"a form", "destroy", whole, http.Header{"Content-Type": {"text/plain"}}, 415},
		{"no JSON", "destroy", "{", nil, 400},
		{"too much", "destroy", `{"server":"` + strings.Repeat("x", maxAction) + `"}`, nil, 400},
		{"no server", "destroy", `{"session":"1"}`, nil, 404},
		{"no session", "destroy", at(0, 0), nil, 400},
		{"no handle", "hangup", at(session.ID, 0), nil, 400},
		{"not a number", "hangup", strings.Replace(whole, `"handle":"`, `"handle":"x`, 1), nil, 400},
		{"an unknown session", "destroy", at(7, 0), nil, 404},
		{"an unknown handle", "detach", at(session.ID, 7), nil, 404},
		{"a server that is away", "destroy", strings.Replace(whole, name, p.servers[1].name, 1), nil, 502},
	} {
		status, body := p.post(t, test.action, test.body, test.header)
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(body), &answer); status != test.want || err != nil || answer.Error == "" {
			t.Errorf("%s: %d %s, want %d", test.name, status, body, test.want)
		}
	}
	if status, _ := p.post(t, "other", whole, nil); status != http.StatusNotFound {
		t.Errorf("an unknown action: %d", status)
	}
	if status, _, _ := get(t, p.page.URL+"/api/destroy", nil); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
	if len(srv.Sessions()) != 2 {
		t.Fatalf("the sessions are %v", srv.Sessions())
	}

	self := http.Header{"Origin": {p.page.URL}, "Sec-Fetch-Site": {"same-origin"}}
	do := func(action, body string) {
		t.Helper()
		if status, answer := p.post(t, action, body, self); status != http.StatusNoContent || answer != "" {
			t.Errorf("%s: %d %s", action, status, answer)
		}
	}
	do("hangup", whole)
	if sent := testutil.Sent(srv, "hangup_webrtc"); len(sent) != 1 || !strings.Contains(string(sent[0]), idText(handle.ID)) {
		t.Errorf("Janus was asked %s", sent)
	}
	do("detach", whole)
	testutil.ReceiveAs[*janus.DetachedMsg](t, handle.Events)
	do("destroy", at(other.ID, 0))
	if sessions := srv.Sessions(); len(sessions) != 1 || sessions[0] != session.ID {
		t.Errorf("the sessions are %v", sessions)
	}
}
