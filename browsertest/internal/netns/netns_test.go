//go:build linux

package netns_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/browsertest/internal/netns"
)

// A connection between a network and this machine stands still while the cable is
// out, and goes on after.
func TestCutAndMend(t *testing.T) {
	n := netns.New(t)
	listener, err := net.Listen("tcp", net.JoinHostPort(n.Host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	through := netns.Forward(t, "127.0.0.1:0", func(ctx context.Context) (net.Conn, error) {
		return n.Dial(ctx, "tcp", listener.Addr().String())
	})
	var dialer net.Dialer
	near, err := dialer.DialContext(ctx, "tcp", through)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = near.Close() }()
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = far.Close() }()
	if host, _, err := net.SplitHostPort(far.RemoteAddr().String()); err != nil || host != n.Guest {
		t.Errorf("the connection comes from %s, want %s", far.RemoteAddr(), n.Guest)
	}
	n.Cut(t)
	write(t, near)
	if err := far.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, make([]byte, 1)); err == nil {
		t.Error("something came through although the cable is out")
	}
	n.Mend(t)
	if err := far.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
		t.Errorf("after the cable was put back: %v", err)
	}
}

// childEnv is the variable that makes the test program one that is killed.
const childEnv = "NETNS_TEST_CHILD"

// Of a test process that is killed nothing is left, which its cleanup would remove.
func TestNothingIsLeftOfOneThatIsKilled(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		fmt.Println(netns.New(t).Host)
		select {} // until it is killed
	}
	_ = netns.New(t) // or the test is skipped
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), childEnv+"=1")
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	host := net.ParseIP(strings.TrimSpace(line))
	if err != nil || host == nil {
		t.Errorf("the child says %q, %v", line, err)
	}
	if host != nil && !held(t, host) {
		t.Errorf("no interface has %s", host)
	}
	_ = child.Process.Kill() // it cannot have ended
	_ = child.Wait()         // with the signal
	for deadline := time.Now().Add(20 * time.Second); held(t, host); {
		if time.Now().After(deadline) {
			t.Fatalf("the interface with %s is left", host)
		}
		time.Sleep(time.Millisecond) // the kernel removes it some time later
	}
}

// held reports whether an interface of this machine has an address.
func held(t *testing.T, address net.IP) bool {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(a net.Addr) bool {
		network, ok := a.(*net.IPNet)
		return ok && network.IP.Equal(address)
	})
}

// A process that is to die with its parent outlives connections into the network, whose
// thread it may have been started on.
func TestDialEndsNoThread(t *testing.T) {
	n := netns.New(t)
	listener, err := net.Listen("tcp", net.JoinHostPort(n.Host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	before := threads(t)
	for range 20 {
		conn, err := n.Dial(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close() // it was only made
	}
	for id := range before {
		if !threads(t)[id] {
			t.Errorf("thread %s has ended", id)
		}
	}
}

// threads returns the ids of the threads of this process.
func threads(t *testing.T) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool)
	for _, entry := range entries {
		ids[entry.Name()] = true
	}
	return ids
}

func write(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
}
