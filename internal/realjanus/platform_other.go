//go:build !linux

package realjanus

import "syscall"

// endWithParent does nothing where the kernel offers no such thing.
func endWithParent() *syscall.SysProcAttr { return nil }

// stopped believes that a signal is acted on at once where there is no way to
// see it.
func stopped(int) (bool, error) { return true, nil }
