package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/janustest"
)

// program is the built command.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "quickstart")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		program = filepath.Join(dir, "quickstart.exe")
		if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			panic(string(out))
		}
		return m.Run()
	}())
}

// start runs the program and returns what it has printed once it has ended.
func start(t *testing.T, args ...string) (process *os.Process, wait func() (stdout, stderr string, status int)) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process, func() (string, string, int) {
		_ = cmd.Wait() // the exit status says it
		return out.String(), errs.String(), cmd.ProcessState.ExitCode()
	}
}

// checkSteps checks that a run succeeded, and the first words of its lines
// against a pattern.
func checkSteps(t *testing.T, want string, args ...string) {
	t.Helper()
	_, wait := start(t, args...)
	stdout, stderr, status := wait()
	if status != 0 || stderr != "" {
		t.Errorf("exit status %d, on stderr %q", status, stderr)
	}
	var steps []string
	for line := range strings.Lines(stdout) {
		step := strings.Fields(line)[0]
		if !strings.HasPrefix(line, step+strings.Repeat(" ", 9-len(step))) || strings.ContainsAny(line, "{}") {
			t.Errorf("the line %q is not a step and what it says", line)
		}
		steps = append(steps, step)
	}
	// Events are printed by a goroutine of their own. The order is certain all
	// the same: they are sent after message, and detach waits for their end.
	if got := strings.Join(steps, " "); !regexp.MustCompile("^" + want + "$").MatchString(got) {
		t.Errorf("the steps are\n\t%s, want\n\t%s", got, want)
	}
	if t.Failed() {
		t.Log(stdout)
	}
}

func TestStandIn(t *testing.T) {
	checkSteps(t, "connect info create attach message event event detach destroy close wait")
}

const stepsOfOthers = "connect info create attach message event detach destroy close wait"

func TestURL(t *testing.T) {
	server := janustest.NewServer()
	defer server.Close()
	checkSteps(t, stepsOfOthers, "-url", server.URL)
	if n := len(server.Sessions()); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

func TestTokenAndAPISecret(t *testing.T) {
	for _, flags := range [][]string{{"-token", "guest"}, {"-apisecret", "hush"}} {
		server := janustest.NewUnstartedServer()
		server.Tokens, server.APISecret = []string{"guest"}, "hush"
		server.Start()
		defer server.Close()
		checkSteps(t, stepsOfOthers, append(flags, "-url", server.URL)...)
		checkFailure(t, "error 403: Unauthorized", "-url", server.URL)
	}
}

func TestRealJanus(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{})
	// When a handle is detached, the EchoTest may say first that it is done.
	checkSteps(t, strings.Replace(stepsOfOthers, "event", "event( event)?", 1), "-url", server.URL)
}

// checkFailure checks that a run fails with one line on stderr.
func checkFailure(t *testing.T, want string, args ...string) {
	t.Helper()
	_, wait := start(t, args...)
	_, stderr, status := wait()
	if status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	if !regexp.MustCompile(`\Aquickstart: [^\n]+\n\z`).MatchString(stderr) || !strings.Contains(stderr, want) {
		t.Errorf("on stderr %q, want one line with %q", stderr, want)
	}
}

func TestWrongURL(t *testing.T) {
	server := janustest.NewServer()
	defer server.Close()
	server.Refuse(404)
	for _, test := range []struct{ url, want string }{
		{"ws://127.0.0.1:1/", "ws://127.0.0.1:1/"},
		{server.URL, "404"},
		{"127.0.0.1:8188", "the given URL"}, // it may be anything, a password too
		{"nonsense", "scheme is not ws or wss"},
	} {
		checkFailure(t, test.want, "-url", test.url)
	}
	checkFailure(t, "-url", server.URL) // the flag was forgotten
}

func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted here")
	}
	server := janustest.NewServer()
	defer server.Close()
	asked := make(chan bool, 16) // more than there are requests
	server.Intercept(func(json.RawMessage, func(any)) bool { asked <- true; return true })
	process, wait := start(t, "-url", server.URL)
	select {
	case <-asked:
	case <-time.After(20 * time.Second):
		t.Fatal("the program asks nothing")
	}
	if err := process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, stderr, status := wait(); status != 1 || stderr != "quickstart: interrupted\n" {
		t.Errorf("exit status %d, on stderr %q", status, stderr)
	}
}
