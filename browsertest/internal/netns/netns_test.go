//go:build linux

package netns_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/browsertest/internal/netns"
)

// A connection between a network and this machine stands still while the cable is
// out, and goes on after.
func TestCutAndMend(t *testing.T) {
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		t.Skip("not root, or no iproute2")
	}
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

func write(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
}
