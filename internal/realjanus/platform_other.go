//go:build !linux

package realjanus

import (
	"errors"
	"net/netip"
	"syscall"
)

// endWithParent does nothing where the kernel offers no such thing.
func endWithParent() *syscall.SysProcAttr { return nil }

// stopped believes that a signal is acted on at once where there is no way to
// see it.
func stopped(int) (bool, error) { return true, nil }

// boundAddresses cannot be told without Linux's tables.
func boundAddresses(int, ...string) ([]netip.AddrPort, error) {
	return nil, errors.ErrUnsupported
}
