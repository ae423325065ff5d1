package socket

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	tests := map[string]string{
		"ws://user:pass@host:1/path?token=x#y": "ws://host:1/path",
		"wss://host":                           "wss://host",
		"WSS://host:8989/janus/":               "wss://host:8989/janus/",
		"ws://[::1]:8188/janus":                "ws://[::1]:8188/janus",
		"ws://user:pass@[::1]":                 "ws://[::1]",
		"ws://host:":                           "ws://host:",
		"ws://host/a.b/c-d_e~f/0":              "ws://host/a.b/c-d_e~f/0",
		"ws://hôte/é":                          "ws://hôte/é",
		"ws://host/janus;token=x/y":            "ws://host/janus",
		"ws://host/janus%3Ftoken=x":            "ws://host/janus",
		"ws://host/token=x":                    "ws://host/token",
		"ws://host/%0aINFO":                    "ws://host/",
	}
	for _, malformed := range []string{
		"", "%zz?token=x", "host", "//host", "user:pass@host:1", "ws:user:pass@host", "ws:/user:pass@host", "wss:pass",
		"ws://", "ws:///path", "ws://u:p@x%zz@host%zz/?q", "ws://user:pass", "ws://user:pass/", "ws://user:1/pass@host/",
		"ws://user:1?pass@host/", "ws://user:1#pass@host/", "ws://user/pass%40host", "ws://user:pass:1/", "ftp://host/",
		"pass://host/", " ws://user:pass@host/", "ws://user:pa ss@host/", "ws://user:pass\x7f@host/", "ws://[::1%25pass]/",
		"ws://[pass]/", "ws://a|b/", "ws://~/",
	} {
		tests[malformed] = unnamed
	}
	for url, want := range tests {
		if got := Name(url); got != want {
			t.Errorf("%s is named %s, want %s", url, got, want)
		}
	}
}

// plain matches the URLs that have "secret" where it may be shown: in the host
// or in the part of the path that is plain.
var plain = regexp.MustCompile(`^(?i:wss?|https?)://(?:[^/?#]*@)?` +
	`([\pL\pNd._-]*secret[\pL\pNd._-]*(:[0-9]*)?([/?#;%]|$)|[^/?#@]+/[\pL\pNd/._~%-]*secret)`)

// FuzzName puts a secret between two strings.
func FuzzName(f *testing.F) {
	pieces := []string{
		"", "ws:", "ws:/", "ws://", "wss://", "http://", "ws://user:", "ws://host/", "ws://user:1/", "ws://host?", "ws://host#",
		"ws://host/a;", "ws://host/a;token=", "ws://host/?token=", "ws://[", "ws://[::1]/", "ws://host:", "ws://host%", "//", "\x00ws://",
		"ws://user@", "ws://a@b@", "user:", "ws://[fe80::1%25", "ws://host/%2e%2e;",
	}
	for _, before := range pieces {
		for _, after := range []string{"", "@host", "@host/", ":1", "/", "%zz", "%40host", "?", " ", "\n", "]", "]:1/", "/x@y", "#@", ";x"} {
			f.Add(before, after)
		}
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		raw := before + "secret" + after
		said := Name(raw)
		if err := checkURL(raw); err != nil {
			said += " " + err.Error()
		}
		if !strings.Contains(said, "secret") || strings.Contains(after, "secret") || strings.Contains(before, "secret") {
			return
		}
		_, rest, _ := strings.Cut(raw, "://")
		if end := strings.IndexAny(rest, "/?#"); end >= 0 && strings.Contains(rest[end:], "@") {
			t.Fatalf("%q is named %q, and an @ follows", raw, said)
		}
		if !plain.MatchString(raw) {
			t.Fatalf("%q is named %q", raw, said)
		}
	})
}

// No error of Dial says what Name leaves out, whatever the URL, the proxy or the
// server's answer.
func TestDialErrorsHideSecrets(t *testing.T) {
	answer := func(status int, header http.Header) *http.Client {
		return &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: header, Body: http.NoBody}, nil
		})}
	}
	through := func(proxy func(*http.Request) (*url.URL, error)) *http.Client {
		return &http.Client{Transport: &http.Transport{Proxy: proxy}}
	}
	proxies := func(raw string) *http.Client {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		return through(http.ProxyURL(u))
	}
	const good = "ws://login:secret@127.0.0.1:1/;secret?token=secret#secret"
	tests := map[string]struct {
		url    string
		client *http.Client
	}{
		"refused":             {good, nil},
		"opaque":              {"ws:login:secret@127.0.0.1", nil},
		"one slash":           {"ws:/login:secret@127.0.0.1", nil},
		"slash in password":   {"ws://127.0.0.1:1/secret@127.0.0.1:1", nil},
		"no port":             {"ws://login:secret", nil},
		"escape":              {"ws://login:%zzsecret@127.0.0.1", nil},
		"escape in path":      {"ws://127.0.0.1:1/%zzsecret", nil},
		"address":             {"ws://[secret]:1", nil},
		"control character":   {"ws://login:\x01secret@127.0.0.1", nil},
		"space":               {"ws://login: secret@127.0.0.1", nil},
		"character":           {"ws://login:1\"secret/", nil},
		"scheme":              {"secret://127.0.0.1", nil},
		"no scheme":           {"login:secret@127.0.0.1", nil},
		"redirect":            {good, answer(302, http.Header{"Location": {"ws://login:secret@127.0.0.1/"}})},
		"redirect to nothing": {good, answer(302, http.Header{"Location": {"http://%zzsecret"}})},
		"proxy refused":       {good, proxies("http://login:secret@127.0.0.1:1")},
		"proxy unknown":       {good, proxies("secret://login:secret@127.0.0.1:1")},
		"proxy with socks":    {good, proxies("socks5://login:secret@127.0.0.1:1")},
		"proxy malformed": {good, through(func(*http.Request) (*url.URL, error) {
			//lint:ignore SA1007 it is what is tested
			return url.Parse("http://login:secret@127.0.0.1:x")
		})},
		"proxy of the environment": {good, through(func(*http.Request) (*url.URL, error) {
			return nil, errors.New(`invalid proxy address "http://login:secret@127.0.0.1:x"`)
		})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Dial(context.Background(), test.url, Options{HTTPClient: test.client})
			if err == nil {
				t.Fatal("no error")
			}
			t.Log(err)
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "login") {
				t.Errorf("the error has a secret: %v", err)
			}
		})
	}
}
