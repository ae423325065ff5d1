//go:build linux

// Package chromium runs Chromium for tests, each browser as a process of its own,
// and watches what its pages complain about.
package chromium

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/cameronelliott/janus-go/browsertest/internal/netns"
)

// programEnv is the variable that names the Chromium to run. If it is
// "none", tests are skipped even where nothing else may be.
const programEnv = "JANUS_CHROMIUM"

// commonFlags make a browser that asks nobody for anything, and whose camera is a
// picture of its own.
var commonFlags = map[string]any{
	"headless":                            "new",
	"no-sandbox":                          true,
	"disable-gpu":                         true,
	"use-fake-device-for-media-stream":    true,
	"allow-loopback-in-peer-connection":   true,
	"disable-features":                    "WebRtcHideLocalIpsWithMdns,Translate,MediaRouter,OptimizationHints",
	"disable-background-networking":       true,
	"disable-background-timer-throttling": true,
	"disable-breakpad":                    true,
	"disable-component-update":            true,
	"disable-default-apps":                true,
	"disable-dev-shm-usage":               true,
	"disable-extensions":                  true,
	"disable-renderer-backgrounding":      true,
	"disable-sync":                        true,
	"mute-audio":                          true,
	"no-default-browser-check":            true,
	"no-first-run":                        true,
}

// Options says how a browser is set up. The zero value is a desktop whose camera
// may be used.
type Options struct {
	// DenyDevices refuses the camera and the microphone.
	DenyDevices bool

	// Talks makes the microphone hear a voice that never stops. Otherwise it hears
	// a short beep each second.
	Talks bool

	// Network is where the browser runs, or nil for that of this machine.
	Network *netns.Network

	// Secure is an address such as http://198.18.0.1:80 whose pages may use the
	// camera as if they came over TLS.
	Secure string
}

// Browser is a running Chromium.
type Browser struct {
	ctx context.Context // of its control
	pid int
	end func()
}

// Program returns the path of Chromium, or skips the test if there is none. The
// test fails instead if JANUS_TEST=require is set and JANUS_CHROMIUM is not
// "none".
func Program(t testing.TB) string {
	t.Helper()
	name := os.Getenv(programEnv)
	if name == "none" {
		t.Skip("there is to be no Chromium: " + programEnv + "=none")
	}
	if name == "" {
		name = "chromium"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("JANUS_TEST") == "require" {
			t.Fatalf("%v; JANUS_TEST=require demands it", err)
		}
		t.Skipf("no Chromium (apt-get install chromium): %v", err)
	}
	return program
}

// Start runs a browser until the test ends, or until Kill.
func Start(t testing.TB, opts Options) *Browser {
	t.Helper()
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), opts.flags(t)...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	b := &Browser{ctx: ctx}
	b.end = sync.OnceFunc(func() {
		if b.pid != 0 {
			_ = syscall.Kill(-b.pid, syscall.SIGKILL) // it may have ended
		}
		cancel()
		endAllocator() // waits for the process, and removes its folder
	})
	t.Cleanup(b.end)
	starting := time.AfterFunc(Patience, cancel) // a deadline of ctx would be the browser's
	defer starting.Stop()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	b.pid = chromedp.FromContext(ctx).Browser.Process().Pid
	return b
}

func (o Options) flags(t testing.TB) []chromedp.ExecAllocatorOption {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(Program(t)), chromedp.ModifyCmdFunc(o.modify)}
	for name, value := range commonFlags {
		options = append(options, chromedp.Flag(name, value))
	}
	if o.DenyDevices {
		options = append(options, chromedp.Flag("use-fake-ui-for-media-stream", "deny"))
	} else {
		options = append(options, chromedp.Flag("use-fake-ui-for-media-stream", true))
	}
	if o.Talks {
		options = append(options, chromedp.Flag("use-file-for-fake-audio-capture", speech(t)))
	}
	if o.Secure != "" {
		options = append(options, chromedp.Flag("unsafely-treat-insecure-origin-as-secure", o.Secure))
	}
	return options
}

// modify makes the processes of a browser a group that is ended together, and not
// left if the test dies, and moves it into its network.
func (o Options) modify(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if o.Network != nil {
		inside := exec.Command("nsenter", o.Network.Exec(cmd.Args)...)
		cmd.Path, cmd.Args = inside.Path, inside.Args
	}
}

// PID is the id of the browser's first process, and of its process group.
func (b *Browser) PID() int { return b.pid }

// Kill ends all processes of the browser at once, and waits for the first one.
func (b *Browser) Kill() { b.end() }
