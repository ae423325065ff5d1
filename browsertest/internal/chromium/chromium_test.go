//go:build linux

package chromium_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/browsertest/internal/chromium"
)

// serve serves a page whose script is given.
func serve(t *testing.T, script string) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src *; img-src 'self'")
		_, _ = w.Write([]byte(`<!DOCTYPE html><html lang="en"><title>A page</title><link rel="icon" href="/icon">
			<body><button id="start">Start</button><video id="own" autoplay muted></video><script src="/script"></script>`))
	})
	mux.HandleFunc("/icon", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/script", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(script))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/"
}

func TestFakeDevicesAndScreen(t *testing.T) {
	address := serve(t, `
		const video = document.getElementById("own");
		document.getElementById("start").onclick = async () => {
			const camera = await navigator.mediaDevices.getUserMedia({audio: true, video: true});
			video.srcObject = camera;
			window.screenTracks = (await navigator.mediaDevices.getDisplayMedia({video: true})).getVideoTracks().length;
		};`)
	page := chromium.Start(t, chromium.Options{}).Open(t, "page", address)
	page.Click("#start")
	page.Await("the camera's picture moves", `document.getElementById("own").getVideoPlaybackQuality().totalVideoFrames > 10`)
	page.Await("the screen is shared", `window.screenTracks === 1`)
	if policy := page.Header("content-security-policy"); !strings.Contains(policy, "script-src 'self'") {
		t.Errorf("the policy is %q", policy)
	}
}

func TestDeniedDevices(t *testing.T) {
	address := serve(t, `navigator.mediaDevices.getUserMedia({video: true}).catch(error => window.refused = error.name)`)
	page := chromium.Start(t, chromium.Options{DenyDevices: true}).Open(t, "page", address)
	page.Await("the camera is refused", `window.refused === "NotAllowedError"`)
}

// failures is a test that must fail. What it complains about is kept.
type failures struct {
	testing.TB
	cleanups []func()
	errors   []string
}

func (f *failures) Cleanup(cleanup func()) { f.cleanups = append(f.cleanups, cleanup) }

func (f *failures) Errorf(_ string, args ...any) {
	for _, arg := range args {
		if text, ok := arg.(string); ok {
			f.errors = append(f.errors, text)
		}
	}
}

func TestFaultsAreSeen(t *testing.T) {
	tests := map[string]string{
		`console.error("this is wrong")`:                                                                    "this is wrong",
		`console.warn("this is odd")`:                                                                       "this is odd",
		`setTimeout(() => { throw new Error("lost") })`:                                                     "lost",
		`Promise.reject(new Error("rejected"))`:                                                             "rejected",
		`fetch("http://127.0.0.2:9/").catch(() => {})`:                                                      "another host",
		`try { new WebSocket("ws://127.0.0.2:9/") } catch {}`:                                               "another host",
		`document.body.innerHTML = "<p style='color:red'>"`:                                                 "content security policy",
		`document.body.innerHTML = "<img src='/nowhere/none.png'>"; fetch("/none", {method: "BAD METHOD"})`: "BAD METHOD",
	}
	browser := chromium.Start(t, chromium.Options{})
	for script, want := range tests {
		t.Run(want, func(t *testing.T) {
			kept := &failures{TB: t}
			page := browser.Open(kept, "page", serve(t, script))
			deadline := time.Now().Add(chromium.Patience)
			for !strings.Contains(strings.Join(page.Faults(), "\n"), want) && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond) // the faults are kept, not announced
			}
			for _, cleanup := range kept.cleanups {
				cleanup()
			}
			if !strings.Contains(strings.Join(kept.errors, "\n"), want) {
				t.Errorf("the faults are %q, want %q", kept.errors, want)
			}
		})
	}
}

func TestKilledBrowserIsGone(t *testing.T) {
	browser := chromium.Start(t, chromium.Options{})
	page := browser.Open(t, "page", serve(t, ``))
	page.Kill()
	deadline := time.Now().Add(chromium.Patience)
	for running(t, browser.PID()) {
		if time.Now().After(deadline) {
			t.Fatal("processes of the browser are left")
		}
		time.Sleep(time.Millisecond) // nobody tells when another process's children end
	}
}

// A condition that throws because the page is not ready is asked for again.
func TestAwaitGoesOnAfterAnException(t *testing.T) {
	page := chromium.Start(t, chromium.Options{}).Open(t, "page",
		serve(t, `window.tries = 0; window.ready = () => { if (++tries < 3) throw new Error("not yet"); return true; }`))
	page.Await("the third answer", `ready()`)
}

// running reports whether a process group has a process that runs. In a container
// without an init nobody collects the ones that have ended.
func running(t *testing.T, group int) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// After the name, which is in parentheses, come the state, the parent and the group.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) > 2 && fields[2] == strconv.Itoa(group) && fields[0] != "Z" && fields[0] != "X" {
			return true
		}
	}
	return false
}
