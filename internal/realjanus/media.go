package realjanus

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"testing"
)

// ErrNoMediaAddress says that AddMediaAddress cannot work here.
var ErrNoMediaAddress = errors.New("no media address: run as root, with iproute2 installed (apt-get install iproute2)")

// MediaAddress adds an address for Options.ICEEnforceList, as AddMediaAddress
// does, until the test ends. Where it cannot be added the test is skipped, or
// fails if JANUS_TEST=require is set.
func MediaAddress(t testing.TB) string {
	t.Helper()
	address, remove, err := AddMediaAddress()
	if errors.Is(err, ErrNoMediaAddress) {
		unavailable(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(); err != nil {
			t.Error(err)
		}
	})
	return address
}

// AddMediaAddress adds to this machine a free address in 127.0.0.0/8 that
// Janus offers for media, and returns a function that removes it. Janus offers
// no address of the loopback interface, so it is on one end of a pair of
// virtual interfaces; the kernel delivers what is sent to it over the loopback
// interface all the same, and no media leaves the machine.
func AddMediaAddress() (address string, remove func() error, err error) {
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		return "", nil, ErrNoMediaAddress
	}
	if address, err = freeAddress(); err != nil {
		return "", nil, err
	}
	name := rand.Text()[:10]
	near, far := "jm"+name+"a", "jm"+name+"b"
	if err := ip("link", "add", near, "type", "veth", "peer", "name", far); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrNoMediaAddress, err)
	}
	// Its peer goes with it.
	remove = func() error { return ip("link", "delete", near) }
	for _, args := range [][]string{
		{"address", "add", address + "/32", "dev", near},
		{"link", "set", near, "up"},
		{"link", "set", far, "up"},
	} {
		if err := ip(args...); err != nil {
			return "", nil, errors.Join(err, remove())
		}
	}
	return address, remove, nil
}

// ip runs one command of iproute2.
func ip(args ...string) error {
	output, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %v: %w: %s", args, err, bytes.TrimSpace(output))
	}
	return nil
}

// freeAddress picks an address of 127.64.0.0/10 that no interface has.
func freeAddress() (string, error) {
	used, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("find a free address: %w", err)
	}
	for {
		octet := func() byte { return byte(1 + mathrand.IntN(254)) }
		address := net.IPv4(127, 64+octet()%64, octet(), octet())
		if !holds(used, address) {
			return address.String(), nil
		}
	}
}

func holds(addresses []net.Addr, wanted net.IP) bool {
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.Equal(wanted) {
			return true
		}
	}
	return false
}
