//go:build linux

// Package netns makes networks for tests that cut them.
package netns

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
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

	name, near string
}

// New makes a network that lives until the test ends. It needs root and iproute2.
func New(t testing.TB) *Network {
	t.Helper()
	id := rand.Text()[:8]
	// 198.18.0.0/15 is set aside for tests. Each network has four addresses of it.
	subnet := mathrand.IntN(1<<15) * 4
	address := func(host int) string {
		n := subnet + host
		return net.IPv4(198, byte(18+n>>16), byte(n>>8), byte(n)).String()
	}
	n := &Network{Host: address(1), Guest: address(2), name: "jb" + id, near: "jb" + id + "a"}
	n.must(t, "netns", "add", n.name)
	t.Cleanup(func() { n.must(t, "netns", "delete", n.name) })
	n.must(t, "link", "add", n.near, "type", "veth", "peer", "name", "cable", "netns", n.name)
	t.Cleanup(func() { n.must(t, "link", "delete", n.near) }) // its other end goes too
	n.must(t, "address", "add", n.Host+"/30", "dev", n.near)
	n.must(t, "link", "set", n.near, "up")
	n.must(t, "-n", n.name, "address", "add", n.Guest+"/30", "dev", "cable")
	n.must(t, "-n", n.name, "link", "set", "cable", "up")
	n.must(t, "-n", n.name, "link", "set", "lo", "up")
	// A browser without a route to anywhere believes that it is offline.
	n.must(t, "-n", n.name, "route", "add", "default", "via", n.Host)
	return n
}

// Cut pulls the cable out.
func (n *Network) Cut(t testing.TB) {
	t.Helper()
	n.must(t, "link", "set", n.near, "down")
}

// Mend puts the cable back.
func (n *Network) Mend(t testing.TB) {
	t.Helper()
	n.must(t, "link", "set", n.near, "up")
}

// Exec returns the arguments of the program ip that run a command line in the
// network. The process becomes the command.
func (n *Network) Exec(line []string) []string {
	return append([]string{"netns", "exec", n.name}, line...)
}

// Dial connects to an address in the network.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		// The thread ends with the goroutine, since it is not unlocked.
		runtime.LockOSThread()
		conn, err := n.dialHere(ctx, network, address)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

// dialHere moves the calling thread into the network and connects.
func (n *Network) dialHere(ctx context.Context, network, address string) (net.Conn, error) {
	file, err := os.Open("/run/netns/" + n.name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only looked up
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter network %s: %w", n.name, err)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}

func (n *Network) must(t testing.TB, args ...string) {
	t.Helper()
	if output, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, bytes.TrimSpace(output))
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
