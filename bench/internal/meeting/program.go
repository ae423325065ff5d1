package meeting

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Source is the package of the conference program.
const Source = "github.com/cameronelliott/janus-go/examples/conference"

// Program is a conference program that runs.
type Program struct {
	URL string // of its websocket
	PID int

	cmd  *exec.Cmd
	done chan struct{}
}

// Start runs a program that was built from Source until Close, with a Janus and
// room for some participants. It is killed when ctx ends.
func Start(ctx context.Context, program, janus string, participants int) (*Program, error) {
	cmd := exec.CommandContext(ctx, program,
		"-url", janus, "-listen", "127.0.0.1:0", "-room", "200200", "-capacity", strconv.Itoa(participants))
	// It logs each participant. What it says when it fails is worth more than that.
	log := new(tail)
	cmd.Stderr = log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the conference program: %w", err)
	}
	p := &Program{PID: cmd.Process.Pid, cmd: cmd, done: make(chan struct{})}
	lines := bufio.NewReader(stdout)
	for p.URL == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			ended := cmd.Wait()
			return nil, errors.Join(fmt.Errorf("start the conference program: %w: %s", err, log), ended)
		}
		if address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on http://"); ok {
			p.URL = "ws://" + address + "ws"
		}
	}
	go func() {
		defer close(p.done)
		_, _ = io.Copy(io.Discard, lines) // until the program ends
	}()
	return p, nil
}

// Close asks the program to end and waits for it.
func (p *Program) Close() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("end the conference program: %w", err)
	}
	<-p.done
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("end the conference program: %w", err)
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }
