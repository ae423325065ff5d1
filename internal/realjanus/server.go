package realjanus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// portTries is how often Run tries other ports when Janus cannot have those it
// was given, and how often Relaunch tries its own again.
const portTries = 5

// logTail is how much of the output Log returns.
const logTail = 16 << 10

// Server is a running Janus. Its methods must not be called concurrently,
// except for Admin, Log and PID.
type Server struct {
	// URL is the address of the Janus API.
	URL string

	// AdminURL is the address of the Admin API, AdminSecret its secret.
	AdminURL    string
	AdminSecret string

	// HTTPURL and AdminHTTPURL are the addresses of the two APIs on the HTTP
	// transport. They are empty without Options.HTTP.
	HTTPURL      string
	AdminHTTPURL string

	dir     string
	version version
	install install
	opts    Options
	process *process
}

// Run starts Janus with its configuration and output in dir, and returns when
// it answers. ctx bounds the start only: the server runs until Close, or until
// the program ends. The error is ErrNotInstalled if there is no Janus and
// JANUS_BINARY does not name one.
func Run(ctx context.Context, dir string, opts Options) (*Server, error) {
	found, err := findInstall()
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("start Janus: %w", err)
	}
	s := &Server{dir: dir, install: found, opts: opts}
	for range portTries {
		var ports ports
		if ports, err = freePorts(); err != nil {
			break
		}
		if err = s.configure(ports); err != nil {
			break
		}
		if err = s.launch(ctx); err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("start %s: %w", found.Name, err)
}

// Relaunch ends the server, if it still runs, and starts it again on the same
// ports. ctx bounds the start.
func (s *Server) Relaunch(ctx context.Context) error {
	s.Kill()
	var err error
	for range portTries {
		if err = s.launch(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("restart %s: %w", s.install.Name, err)
}

// Dir is the folder of the server's configuration and output, in which it runs.
func (s *Server) Dir() string { return s.dir }

// Version returns the version of the server, such as "1.4.1".
func (s *Server) Version() string { return s.version.String() }

// AtLeast reports whether the server has this version or a later one.
func (s *Server) AtLeast(major, minor, patch int) bool {
	return !s.version.before(version{major, minor, patch})
}

// PID is the server's process id.
func (s *Server) PID() int { return s.process.cmd.Process.Pid }

// UDPPorts returns the UDP ports that the server has bound, in no order. A SIP
// account has one from its registration on, at which others can call it. It
// works on Linux only.
func (s *Server) UDPPorts() ([]int, error) {
	bound, err := boundAddresses(s.PID(), "udp", "udp6")
	if err != nil {
		return nil, fmt.Errorf("find Janus's UDP ports: %w", err)
	}
	ports := make([]int, 0, len(bound))
	for _, address := range bound {
		ports = append(ports, int(address.Port()))
	}
	return ports, nil
}

// Done is closed when the server's process has ended. Restart makes a new one.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// Kill ends the server at once with SIGKILL and waits for its process: its
// ports are free and its connections are cut when Kill returns.
func (s *Server) Kill() {
	// The only possible error is that the process has ended already.
	_ = s.process.cmd.Process.Kill()
	<-s.process.done
}

// Stop suspends the server with SIGSTOP: its connections stay open, and when
// Stop returns nothing is answered any more.
func (s *Server) Stop() error {
	if err := s.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		all, err := stopped(s.PID())
		if err != nil {
			return fmt.Errorf("see Janus stop: %w", err)
		}
		if all {
			return nil
		}
		time.Sleep(time.Millisecond) // The kernel tells nobody.
	}
}

// Continue resumes a server that was suspended with Stop.
func (s *Server) Continue() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal os.Signal) error {
	if err := s.process.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("send %v to Janus: %w", signal, err)
	}
	return nil
}

// Close ends the server. Its folder is left as it is.
func (s *Server) Close() error {
	s.Kill()
	if err := s.process.output.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close Janus's output: %w", err)
	}
	return nil
}

// Log returns the end of the server's output.
func (s *Server) Log() string {
	tail, err := readTail(filepath.Join(s.dir, logFile), logTail)
	if err != nil {
		return err.Error()
	}
	return tail
}

func readTail(path string, size int64) (tail string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	start := max(0, info.Size()-size)
	bytes, err := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	return string(bytes), err
}

// launch starts the process and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var err error
	if s.process, err = startProcess(s.install, s.dir); err != nil {
		return err
	}
	if err := s.awaitReady(ctx); err != nil {
		return errors.Join(fmt.Errorf("%w; end of its output:\n%s", err, s.Log()), s.Close())
	}
	return nil
}

// process is one run of Janus.
type process struct {
	cmd    *exec.Cmd
	output *os.File
	done   chan struct{}
}

// startProcess runs Janus with its configuration, its working folder and its
// output in dir.
func startProcess(janus install, dir string) (*process, error) {
	output, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := janus.command("-F", dir, "-C", filepath.Join(dir, mainFile))
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = endWithParent()
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, output.Close())
	}
	p := &process{cmd: cmd, output: output, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		// How Janus ended is of no interest: most often it was killed.
		_ = cmd.Wait()
	}()
	return p, nil
}

// ports are those of the two APIs on the websocket and the HTTP transport.
type ports struct{ API, Admin, HTTP, AdminHTTP int }

func freePorts() (free ports, err error) {
	for _, port := range []*int{&free.API, &free.Admin, &free.HTTP, &free.AdminHTTP} {
		if *port, err = freePort(); err != nil {
			return ports{}, err
		}
	}
	return free, nil
}

// freePort picks a port below those that the kernel hands out to clients:
// otherwise, while the server is down, a client that dials it again could be
// given that very port and be connected to itself.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := 10000 + rand.IntN(20000)
		var listener net.Listener
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}
