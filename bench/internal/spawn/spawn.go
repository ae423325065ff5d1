// Package spawn starts the programs of the benchmarks: contenders and the
// scripted server, each in a process of its own.
package spawn

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

// process is a program that ends when its standard input does.
type process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

func start(ctx context.Context, name string, command ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &process{name: name, cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// Close ends the process and waits for it.
func (p *process) Close() error {
	if err := errors.Join(p.in.Close(), p.cmd.Wait()); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// Server is the scripted server.
type Server struct {
	*process
	URL string
}

// StartServer runs the scripted server, a program built from cmd/server. It is
// killed when ctx ends.
func StartServer(ctx context.Context, program string) (*Server, error) {
	p, err := start(ctx, "the scripted server", program)
	if err != nil {
		return nil, err
	}
	url, err := p.out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &Server{process: p, URL: strings.TrimSpace(url)}, nil
}

// Client is a contender.
type Client struct {
	*process
	rounds  *json.Encoder
	results *json.Decoder
}

// StartClient runs a contender, and returns when it is connected. It is killed
// when ctx ends.
func StartClient(ctx context.Context, name string, command ...string) (*Client, error) {
	p, err := start(ctx, name, command...)
	if err != nil {
		return nil, err
	}
	c := &Client{process: p, rounds: json.NewEncoder(p.in), results: json.NewDecoder(p.out)}
	if _, err := c.result(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return c, nil
}

// Do has the contender do one round of work.
func (c *Client) Do(r contest.Round) (contest.Result, error) {
	if err := c.rounds.Encode(r); err != nil {
		return contest.Result{}, fmt.Errorf("%s: %w", c.name, err)
	}
	return c.result()
}

func (c *Client) result() (contest.Result, error) {
	var result contest.Result
	err := c.results.Decode(&result)
	if err == nil && result.Error != "" {
		err = errors.New(result.Error)
		if result.Error == errors.ErrUnsupported.Error() {
			err = errors.ErrUnsupported
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", c.name, err)
	}
	return result, err
}
