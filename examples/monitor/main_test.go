package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/cameronelliott/janus-go/internal/testutil"
)

// child is a variable that makes the test program the command.
const child = "MONITOR_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestFlags(t *testing.T) {
	environment := map[string]string{"JANUS_ADMIN_SECRET": "from the environment", "MONITOR_EVENTS_PASSWORD": "fixed"}
	parsed := func(args ...string) (config, error) {
		return parse(args, func(name string) string { return environment[name] }, io.Discard)
	}
	got, err := parsed("-admin", "ws://a:1, http://b:2/admin", "-admin", "ws://c:3", "-url", "ws://a:4", "-tweak")
	want := config{
		admins: []string{"ws://a:1", "http://b:2/admin", "ws://c:3"}, urls: []string{"ws://a:4"},
		secret: "from the environment", listen: "127.0.0.1:8089", events: "127.0.0.1:0", eventsPassword: "fixed", tweak: true,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if _, err := parsed("-h"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
	for args, want := range map[string]string{
		"":                                "apt-get install janus",
		"-admin ws://a:1 -url x -url y":   "more -url than -admin",
		"-admin localhost":                `"localhost" is not the URL`,
		"-admin ws://a:1 left":            `"left" is not a flag`,
		"-admin ws://a:1 -listen :80":     "MONITOR_PASSWORD",
		"-admin ws://a:1 -listen [::]:80": "MONITOR_PASSWORD",
		"-admin ws://a:1 -listen a:80":    "MONITOR_PASSWORD",
		"-admin ws://a:1 -events :80":     "-events-url",
		"-admin ws://a:1 -events [::]:80": "-events-url",
	} {
		if _, err := parsed(strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
	for _, args := range []string{
		"-admin ws://a:1 -listen localhost:80", "-admin ws://a:1 -listen [::1]:80", "-admin ws://a:1 -listen :80 -password x",
		"-admin ws://a:1 -events 0.0.0.0:80 -events-url http://a:80", "-admin ws://a:1 -events 10.0.0.1:80",
	} {
		if _, err := parsed(strings.Fields(args)...); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	environment["MONITOR_PASSWORD"] = "open sesame"
	if c, err := parsed("-admin", "ws://a:1", "-secret", "flag"); err != nil || c.secret != "flag" {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := parsed("-admin", "ws://a:1", "-listen", ":80"); err != nil || c.password != "open sesame" {
		t.Errorf("%+v, %v", c, err)
	}
}

// command returns the command with arguments.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(testutil.Context(t), os.Args[0], args...)
	c.Env = append(os.Environ(), child+"=1", "JANUS_ADMIN_SECRET="+secret)
	return c
}

// The command prints where it is and what is to be set, and ends orderly when it is asked
// to terminate.
func TestCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes are not asked to terminate here")
	}
	srv := newJanus(t)
	c := command(t, "-admin", srv.AdminURL(), "-listen", "127.0.0.1:0")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	reader := bufio.NewReader(stdout)
	line, err := reader.ReadString('\n')
	address := regexp.MustCompile(`^listening on (http://127\.0\.0\.1:\d+/)\n$`).FindStringSubmatch(line)
	if err != nil || address == nil {
		t.Fatalf("%q, %v, %s", line, err, &stderr)
	}
	if status, _, _ := get(t, address[1], nil); status != 200 {
		t.Errorf("status %d", status)
	}
	testutil.Eventually(t, "requests to Janus", func() bool { return len(testutil.Sent(srv, "list_sessions")) > 0 })
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("it has ended with %v: %s", err, &stderr)
	}
	for _, want := range []string{"janus.eventhandler.sampleevh.jcfg", "broadcast = true", `backend = "http://127.0.0.1:`, `backend_user = "janus"`} {
		if !strings.Contains(string(rest), want) {
			t.Errorf("%q is not in %s", want, rest)
		}
	}
	if strings.Contains(line+string(rest), secret) {
		t.Errorf("the secret is printed: %s", rest)
	}
}

// Without a Janus the command says in one line what it needs.
func TestCommandWithoutJanus(t *testing.T) {
	output, err := command(t).CombinedOutput()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || strings.Count(string(output), "\n") != 1 || !strings.HasPrefix(string(output), "monitor: -admin") {
		t.Errorf("%v: %s", err, output)
	}
	if output, err := command(t, "-h").CombinedOutput(); err != nil || !strings.Contains(string(output), "usage") || strings.Contains(string(output), secret) {
		t.Errorf("-h: %v: %s", err, output)
	}
}

// A port that is taken ends the command, and so nothing is left behind.
func TestPortIsTaken(t *testing.T) {
	p := start(t, config{admins: []string{nowhere}})
	taken := strings.TrimPrefix(p.page.URL, "http://")
	for _, c := range []config{
		{admins: []string{nowhere}, listen: taken, events: "127.0.0.1:0"},
		{admins: []string{nowhere}, listen: "127.0.0.1:0", events: taken},
	} {
		if err := run(t.Context(), c, io.Discard, testutil.Quiet); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
