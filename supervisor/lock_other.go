//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package supervisor

import "os"

// lock opens a file. It does not lock it.
func lock(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) }
