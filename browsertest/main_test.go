//go:build linux

package browsertest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/browsertest/internal/chromium"
)

// programs is the folder of the programs that are built for the tests.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (status int) {
	var err error
	if programs, err = os.MkdirTemp("", "janus-programs"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(programs); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}()
	return m.Run()
}

// The programs, each built when the first test needs it.
var (
	conferenceProgram = sync.OnceValues(func() (string, error) { return build("conference") })
	monitorProgram    = sync.OnceValues(func() (string, error) { return build("monitor") })
)

// build builds an example, with the race detector if the tests have it.
func build(name string) (string, error) {
	args := []string{"build", "-o", programs}
	if raceDetector {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./examples/"+name)...)
	cmd.Dir = ".."
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, output)
	}
	return filepath.Join(programs, name), nil
}

// program is a running example.
type program struct {
	URL      string // of its page
	Operator string // of the operator's page, if it has one

	cmd    *exec.Cmd
	stderr *bytes.Buffer
	done   chan struct{}
}

// start runs a program until the test ends, and returns when it listens.
func start(t *testing.T, build func() (string, error), args ...string) *program {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{cmd: exec.Command(path, args...), stderr: new(bytes.Buffer), done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go p.read(stdout, ready)
	t.Cleanup(func() { p.stop(t) })
	select {
	case ok := <-ready:
		if !ok {
			t.Fatalf("%s has ended before it listened", path)
		}
	case <-time.After(chromium.Patience):
		t.Fatalf("%s does not listen", path)
	}
	return p
}

// read reads what the program prints.
func (p *program) read(stdout io.Reader, ready chan<- bool) {
	defer close(p.done)
	lines := bufio.NewScanner(stdout)
	for p.URL == "" && lines.Scan() {
		p.line(lines.Text())
	}
	if p.URL != "" && strings.HasSuffix(p.cmd.Path, "conference") && lines.Scan() {
		p.line(lines.Text())
	}
	ready <- p.URL != ""
	_, _ = io.Copy(io.Discard, stdout) // until it ends
	_ = p.cmd.Wait()                   // stop looks at how it ended
}

func (p *program) line(text string) {
	if address, ok := strings.CutPrefix(text, "listening on "); ok {
		p.URL = address
	}
	if address, ok := strings.CutPrefix(text, "operator's page: "); ok {
		p.Operator = address
	}
}

// stop asks the program to end, which it must do.
func (p *program) stop(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(chromium.Patience):
		t.Errorf("%s does not end when it is asked to", p.cmd.Path)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	if state := p.cmd.ProcessState; !state.Success() {
		t.Errorf("%s ended with %v", p.cmd.Path, state)
	}
	if strings.Contains(p.stderr.String(), "DATA RACE") {
		t.Errorf("%s has a data race", p.cmd.Path)
	}
	if t.Failed() {
		t.Logf("%s wrote:\n%s", p.cmd.Path, p.stderr)
	}
}
