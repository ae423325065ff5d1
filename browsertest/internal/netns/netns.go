//go:build linux

// Package netns makes networks for tests that cut them.
package netns

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Network is a network of its own with one cable, whose other end is on this
// machine. Nothing is routed beyond it.
type Network struct {
	// Host is the address of this machine as programs in the network see it.
	Host string

	// Guest is the address of the network's end.
	Guest string

	near string // the interface on this machine
	path string // by which the network is entered
}

// New makes a network that lives until the test ends, or the test process dies. It
// needs root, iproute2 and util-linux: without them the test is skipped, or fails if
// JANUS_TEST=require is set.
func New(t testing.TB) *Network {
	t.Helper()
	need(t)
	// 198.18.0.0/15 is set aside for tests. Each network has four addresses of it.
	subnet := mathrand.IntN(1<<15) * 4
	address := func(host int) string {
		n := subnet + host
		return net.IPv4(198, byte(18+n>>16), byte(n>>8), byte(n)).String()
	}
	pid := hold(t)
	n := &Network{
		Host: address(1), Guest: address(2),
		near: "jb" + rand.Text()[:8] + "a", path: fmt.Sprintf("/proc/%d/ns/net", pid),
	}
	run(t, "ip", "link", "add", n.near, "type", "veth", "peer", "name", "cable", "netns", strconv.Itoa(pid))
	t.Cleanup(func() { run(t, "ip", "link", "delete", n.near) }) // its other end goes too
	run(t, "ip", "address", "add", n.Host+"/30", "dev", n.near)
	run(t, "ip", "link", "set", n.near, "up")
	n.inside(t, "ip", "address", "add", n.Guest+"/30", "dev", "cable")
	n.inside(t, "ip", "link", "set", "cable", "up")
	n.inside(t, "ip", "link", "set", "lo", "up")
	// A browser without a route to anywhere believes that it is offline.
	n.inside(t, "ip", "route", "add", "default", "via", n.Host)
	return n
}

// need ends a test that cannot have a network.
func need(t testing.TB) {
	t.Helper()
	missing := ""
	for _, program := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = err.Error()
		}
	}
	if os.Geteuid() != 0 {
		missing = "not root"
	}
	switch {
	case missing == "":
	case os.Getenv("JANUS_TEST") == "require":
		t.Fatalf("no network of its own: %s; JANUS_TEST=require demands it", missing)
	default:
		t.Skip("no network of its own: " + missing)
	}
}

// hold starts a process in a network of its own, which the kernel removes, with the
// cable, when no process is left in it. The process ends with the test, or when the
// test process dies.
func hold(t testing.TB) (pid int) {
	t.Helper()
	cmd := exec.Command("cat")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	stdin, err := cmd.StdinPipe() // its other end is closed when the test process dies
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // cat has to end
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return cmd.Process.Pid
}

// Cut pulls the cable out.
func (n *Network) Cut(t testing.TB) {
	t.Helper()
	run(t, "ip", "link", "set", n.near, "down")
}

// Mend puts the cable back.
func (n *Network) Mend(t testing.TB) {
	t.Helper()
	run(t, "ip", "link", "set", n.near, "up")
}

// Exec returns the arguments of the program nsenter that run a command line in the
// network. The process becomes the command.
func (n *Network) Exec(line []string) []string {
	return append([]string{"--net=" + n.path, "--"}, line...)
}

// Dial connects to an address in the network.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		conn, err := n.dialHere(ctx, network, address)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

// dialHere moves the thread of the calling goroutine into the network, connects, and
// moves it back. It must not end the thread: the kernel would kill the processes that
// were started on it, which are to die with their parent.
func (n *Network) dialHere(ctx context.Context, network, address string) (net.Conn, error) {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	defer func() { _ = home.Close() }() // it was only looked up
	if err := enter(n.path); err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return conn, errors.Join(err, back) // the thread stays locked, so that nothing else runs there
	}
	runtime.UnlockOSThread()
	return conn, err
}

// enter moves the calling thread into a network.
func enter(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only looked up
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network %s: %w", path, err)
	}
	return nil
}

// inside runs a program in the network.
func (n *Network) inside(t testing.TB, line ...string) {
	t.Helper()
	run(t, "nsenter", n.Exec(line)...)
}

func run(t testing.TB, program string, args ...string) {
	t.Helper()
	if output, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", program, args, err, bytes.TrimSpace(output))
	}
}

// Forward passes TCP connections to an address of this machine on to another
// one, until the test ends. It returns the address that it listens on.
func Forward(t testing.TB, listen string, dial func(context.Context) (net.Conn, error)) string {
	t.Helper()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { forward(ctx, from, dial) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = listener.Close() // a listener that is closed once
		running.Wait()
	})
	return listener.Addr().String()
}

// forward copies both ways until one side ends.
func forward(ctx context.Context, from net.Conn, dial func(context.Context) (net.Conn, error)) {
	defer func() { _ = from.Close() }() // it is cut, not asked
	to, err := dial(ctx)
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		_ = from.Close()
		_ = to.Close()
	})
	defer stop()
	var copying sync.WaitGroup
	for _, ends := range [][2]net.Conn{{to, from}, {from, to}} {
		copying.Go(func() {
			defer cancel()
			_, _ = io.Copy(ends[0], ends[1]) // however it ends, both are closed
		})
	}
	copying.Wait()
}
