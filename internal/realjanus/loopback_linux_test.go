package realjanus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loopbackHex is how the kernel's tables show 127.0.0.1.
const loopbackHex = "0100007F"

func TestServerBindsLoopbackOnly(t *testing.T) {
	server := Start(t, Options{})
	bound := boundAddresses(t, server.PID())
	if len(bound) != 2 {
		t.Errorf("the server has bound %v, want one address for each API", bound)
	}
	for _, address := range bound {
		if ip, _, _ := strings.Cut(address, ":"); ip != loopbackHex {
			t.Errorf("the server has bound %s, which is not on loopback", address)
		}
	}
}

// boundAddresses are the local addresses of a process's TCP and UDP sockets.
func boundAddresses(t *testing.T, pid int) []string {
	t.Helper()
	inodes := socketInodes(t, pid)
	var bound []string
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		rows, err := os.ReadFile(filepath.Join("/proc/net", table))
		if err != nil {
			continue // There may be no IPv6.
		}
		for row := range strings.Lines(string(rows)) {
			// The columns are: number, local, remote, state, …, inode as the tenth.
			columns := strings.Fields(row)
			if listening := columns[3] == "0A" || columns[3] == "07"; listening && inodes[columns[9]] {
				bound = append(bound, columns[1])
			}
		}
	}
	return bound
}

// socketInodes are the numbers of the sockets that a process has open.
func socketInodes(t *testing.T, pid int) map[string]bool {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	inodes := map[string]bool{}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil {
			continue // It was closed meanwhile.
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes
}
