// Package rtctest runs the example programs for their tests.
package rtctest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// programEnv tells a test binary to be the program that it tests.
const programEnv = "RTCTEST_PROGRAM"

// Main is the TestMain of a program's tests.
func Main(m *testing.M, program func()) {
	if os.Getenv(programEnv) != "" {
		program()
		return
	}
	os.Exit(m.Run())
}

// Output is how a run of a program ended.
type Output struct {
	Succeeded      bool
	Stdout, Stderr string
}

// Run runs the program, which is the main function given to Main, as a process
// of its own.
func Run(t *testing.T, args ...string) Output {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), self, args...)
	command.Env = append(os.Environ(), programEnv+"=1")
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Logf("%s%s", stdout.Bytes(), stderr.Bytes())
	return Output{Succeeded: err == nil, Stdout: stdout.String(), Stderr: stderr.String()}
}

// Number returns the number in what the program wrote that the pattern's group
// matches.
func (o Output) Number(t *testing.T, pattern string) int {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(o.Stdout)
	if match == nil {
		t.Fatalf("the program did not write %s but:\n%s", pattern, o.Stdout)
	}
	number, err := strconv.Atoi(match[1])
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// CheckPaths checks that the program told of so many paths of media, all of
// them between loopback addresses.
func (o Output) CheckPaths(t *testing.T, count int) {
	t.Helper()
	paths := regexp.MustCompile(`(?:media|data) between (\S+) - (\S+)`).FindAllStringSubmatch(o.Stdout, -1)
	if len(paths) != count {
		t.Errorf("the program told of %d paths, want %d:\n%s", len(paths), count, o.Stdout)
	}
	for _, path := range paths {
		for _, address := range path[1:] {
			host, _, err := net.SplitHostPort(address)
			if err != nil || !net.ParseIP(host).IsLoopback() {
				t.Errorf("media went over %s, want a loopback address", address)
			}
		}
	}
}

// CheckNoSessions checks that the program has left no session on the server.
func CheckNoSessions(t *testing.T, server *realjanus.Server) {
	t.Helper()
	reply, err := server.Admin(t.Context(), map[string]any{"janus": "list_sessions"})
	if err != nil {
		t.Fatal(err)
	}
	if sessions, ok := reply["sessions"].([]any); !ok || len(sessions) != 0 {
		t.Errorf("the program has left the sessions %v", reply["sessions"])
	}
}

// CheckError checks that the program failed with one line that matches.
func (o Output) CheckError(t *testing.T, pattern string) {
	t.Helper()
	line := strings.TrimSuffix(o.Stderr, "\n")
	if o.Succeeded || strings.Contains(line, "\n") || !regexp.MustCompile(pattern).MatchString(line) {
		t.Errorf("the program succeeded: %t, and said %q, want one line that matches %s", o.Succeeded, line, pattern)
	}
}
