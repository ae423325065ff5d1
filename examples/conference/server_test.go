package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// child is a variable that makes the test program the command.
const child = "CONFERENCE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// get gets a page.
func (p *program) get(path string) (*http.Response, string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(testutil.Context(p.t), "GET", "http://"+p.addr+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response, string(body)
}

// Pages may load nothing from elsewhere, and are found where they should be.
func TestPages(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		"/":               {200, "text/html; charset=utf-8"},
		"/?room=1234":     {200, "text/html; charset=utf-8"},
		"/operator":       {200, "text/html; charset=utf-8"},
		"/style.css":      {200, "text/css; charset=utf-8"},
		"/conference.js":  {200, "text/javascript; charset=utf-8"},
		"/nothing":        {404, "text/plain; charset=utf-8"},
		"/ws":             {426, "text/plain; charset=utf-8"},
		"/../server.go":   {404, "text/plain; charset=utf-8"},
		"/page/style.css": {404, "text/plain; charset=utf-8"},
	} {
		response, _ := program.get(path)
		header := response.Header
		if response.StatusCode != want.status || header.Get("Content-Type") != want.kind {
			t.Errorf("%s: status %d, %s", path, response.StatusCode, header.Get("Content-Type"))
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self'; ") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: the headers are %v", path, header)
		}
	}
	testutil.Eventually(t, "health", func() bool {
		response, body := program.get("/healthz")
		return response.StatusCode == 200 && body == "ok\n"
	})
}

// The policy has no exceptions for scripts and styles in pages, or for other hosts.
func TestPagesObeyThePolicy(t *testing.T) {
	elsewhere := regexp.MustCompile(`<style|\sstyle=|\son[a-z]+=|<script(?:>| [^>]*[^/]>[^<])|(?:src|href)="(?:https?:)?//`)
	err := fs.WalkDir(embedded, "page", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".html") {
			return err
		}
		text, err := embedded.ReadFile(path)
		for _, found := range elsewhere.FindAll(text, -1) {
			t.Errorf("%s: %s", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Pages of other sites cannot open a socket.
func TestOrigin(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	for origin, want := range map[string]int{"http://" + program.addr: 101, "http://evil.example": 403, "null": 403} {
		conn, response, err := websocket.Dial(testutil.Context(t), "ws://"+program.addr+"/ws", &websocket.DialOptions{
			HTTPHeader: http.Header{"Origin": {origin}},
		})
		if err == nil {
			_ = conn.CloseNow()
		}
		if response == nil || response.StatusCode != want {
			t.Errorf("%s: %v, %v", origin, response, err)
		}
	}
}

// There is an end to the number of sockets, and to the size of messages.
func TestLimits(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, func(s *settings) { s.Capacity = 1 })
	var pages []*page
	for range 2*program.Capacity + 32 {
		page := program.open("one")
		page.send("{}")
		page.await("error") // and so counted
		pages = append(pages, page)
	}
	one := program.open("too many")
	if m := one.await("error"); m.Code != "room-full" {
		t.Errorf("one socket too many: %s", m.Text)
	}
	if m, open := one.next(); open {
		t.Errorf("one socket too many: %s", m.Text)
	}
	pages[0].drop()
	testutil.Eventually(t, "room for another", func() bool {
		page := program.open("another")
		page.send("{}")
		m, _ := page.next()
		return m.Code == "bad-message"
	})

	pages[1].send(`{"type":"` + strings.Repeat("x", maxMessage-20) + `"}`)
	pages[1].await("error")
	pages[1].send(`{"type":"` + strings.Repeat("x", maxMessage) + `"}`)
	if _, _, err := pages[1].conn.Read(testutil.Context(t)); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("a message that is too large: %v", err)
	}
}

// At the end the browsers are told, Janus has nothing left of the program, and neither
// has the process.
func TestShutdown(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	ada, bob := program.join("Ada"), program.join("Bob")
	ada.publish()
	bob.await("offer") // which is not answered
	away := program.join("Cyd")
	away.await("offer") // and so she has two handles
	away.drop()
	form := program.open("Dan")
	operator, _ := program.operator()
	go program.stop()
	for _, page := range []*page{ada, bob, form, operator} {
		if m := page.await("ended"); m.Reason != "closed" {
			t.Errorf("%s is told %s", page.name, m.Text)
		}
		if err := page.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("the socket of %s ended with %v", page.name, err)
		}
	}
	testutil.Eventually(t, "nothing on Janus", func() bool { return len(server.Sessions()) == 0 })
	ends := requests(t, server, func(r request) bool { return r.Janus == "detach" || r.Body.Request == "destroy" })
	var order []string
	for _, r := range ends {
		order = append(order, cmp.Or(r.Body.Request, r.Janus))
	}
	// Three publishers and two subscribers, the room, and the handle that manages it.
	if want := "detach detach detach detach detach destroy detach"; strings.Join(order, " ") != want {
		t.Errorf("the requests are %s, want %s", order, want)
	}
	var left string
	testutil.Eventually(t, "no goroutines", func() bool { left = goroutines(); return left == "" })
}

// Whoever comes while the program ends is told that.
func TestTooLate(t *testing.T) {
	program := start(t, testutil.NewServer(t, nil).URL, nil)
	program.close()
	if m := program.open("Ada").await("ended"); m.Reason != "closed" {
		t.Errorf("Ada is told %s", m.Text)
	}
}

// Somebody who does not finish a request does not keep the program from leaving Janus.
func TestShutdownWithRequest(t *testing.T) {
	server := testutil.NewServer(t, nil)
	program := start(t, server.URL, nil)
	program.join("Ada").drop()
	conn, err := net.Dial("tcp", program.addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		program.stop()
	}()
	testutil.Eventually(t, "the end of the room", func() bool { return len(requests(t, server, named("destroy"))) == 1 })
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	<-stopped
}

// goroutines returns the stacks of the program's goroutines.
func goroutines() (left string) {
	buffer := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		if strings.Contains(stack, "examples/conference.") && !strings.Contains(stack, "testing.tRunner") {
			left += stack + "\n\n"
		}
	}
	return left
}

// A room that the program has not made outlives it.
func TestForeignRoomOutlives(t *testing.T) {
	server := testutil.NewServer(t, nil)
	start(t, server.URL, nil).join("Ada")
	second := start(t, server.URL, nil)
	second.join("Bob").drop()
	second.stop()
	if n := len(requests(t, server, named("destroy"))); n != 0 {
		t.Errorf("the room was destroyed %d times", n)
	}
}

// A program whose credentials Janus refuses ends.
func TestCredentials(t *testing.T) {
	server := testutil.NewServer(t, func(s *janustest.Server) { s.APISecret = "hush" })
	program := newConference(settings{URLs: []string{server.URL}, Log: testutil.Quiet})
	err := program.janus.Run(testutil.Context(t))
	if !errors.Is(err, janus.ErrorUnauthorized) {
		t.Errorf("ended with %v", err)
	}
}

// command is the command as a process.
func command(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testutil.Patience)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), child+"=1")
	stderr = new(bytes.Buffer)
	cmd.Stderr = stderr
	return cmd, stderr
}

// Without -url the command says in a line how to get a Janus.
func TestWithoutURL(t *testing.T) {
	cmd, stderr := command(t)
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("the command ended with %v", err)
	}
	if text := stderr.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "apt install janus") || !strings.Contains(text, "docker") {
		t.Errorf("it says %q", text)
	}
}

// Whoever does not want to wait for Janus asks the command twice.
func TestSecondSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes are not asked to terminate here")
	}
	server := testutil.NewServer(t, nil)
	cmd, stderr := command(t, "-url", server.URL, "-listen", "127.0.0.1:0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testutil.Eventually(t, "the room", func() bool { return len(requests(t, server, named("create"))) == 1 })
	server.Stall()
	defer server.Resume()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	testutil.Eventually(t, "the end of the process", func() bool {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		return len(ended) > 0
	})
	if err := <-ended; err == nil || cmd.ProcessState.Exited() {
		t.Errorf("ended with %v: %s", err, stderr)
	}
}

// The command says where its pages are, and ends orderly when it is asked to.
func TestCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes are not asked to terminate here")
	}
	server := testutil.NewServer(t, nil)
	cmd, stderr := command(t, "-url", server.URL, "-listen", "127.0.0.1:0", "-operator", password)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testutil.Eventually(t, "the room", func() bool { return len(requests(t, server, named("create"))) == 1 })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	lines, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	want := `^listening on (http://127\.0\.0\.1:\d+/)\noperator's page: (http://127\.0\.0\.1:\d+/operator)#open%20sesame\n$`
	if !regexp.MustCompile(want).Match(lines) {
		t.Errorf("it says %s", lines)
	}
	if err := cmd.Wait(); err != nil || len(server.Sessions()) != 0 {
		t.Errorf("ended with %v and %d sessions: %s", err, len(server.Sessions()), stderr)
	}
}
