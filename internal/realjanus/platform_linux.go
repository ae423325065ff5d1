package realjanus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// endWithParent makes the kernel end Janus when the program that started it
// dies without having ended it, as a test that has run out of time does.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// stopped reports whether all threads of a process are suspended.
func stopped(pid int) (bool, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false, err
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue // The thread has ended.
		}
		if err != nil {
			return false, err
		}
		// The state follows the name, which is in parentheses.
		if state := stat[bytes.LastIndexByte(stat, ')')+1:]; !bytes.HasPrefix(state, []byte(" T")) {
			return false, nil
		}
	}
	return true, nil
}

// The states of a socket in the kernel's tables.
const (
	stateListening = "0A" // TCP
	stateUnbound   = "07" // UDP that is not connected
)

// boundAddresses returns the local addresses of those sockets of a process that
// listen, or wait for datagrams of anyone, by the kernel's tables named.
func boundAddresses(pid int, tables ...string) ([]netip.AddrPort, error) {
	inodes, err := socketInodes(pid)
	if err != nil {
		return nil, err
	}
	var bound []netip.AddrPort
	for _, table := range tables {
		rows, err := os.ReadFile(filepath.Join("/proc/net", table))
		if errors.Is(err, os.ErrNotExist) {
			continue // There may be no IPv6.
		}
		if err != nil {
			return nil, err
		}
		for row := range strings.Lines(string(rows)) {
			// The columns are: number, local, remote, state, ..., inode as the tenth.
			columns := strings.Fields(row)
			if open := columns[3] == stateListening || columns[3] == stateUnbound; !open || !inodes[columns[9]] {
				continue
			}
			address, err := parseAddress(columns[1])
			if err != nil {
				return nil, fmt.Errorf("read /proc/net/%s: %w", table, err)
			}
			bound = append(bound, address)
		}
	}
	return bound, nil
}

// parseAddress reads an address as the kernel's tables show it: words of four
// bytes in the order of the machine, and a port, in hexadecimal.
func parseAddress(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	var address []byte
	for ; len(host) >= 8; host = host[8:] {
		word, err := strconv.ParseUint(host[:8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, err
		}
		address = binary.NativeEndian.AppendUint32(address, uint32(word))
	}
	ip, ok := netip.AddrFromSlice(address)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("no address: %q", text)
	}
	return netip.AddrPortFrom(ip, uint16(number)), nil
}

// socketInodes returns the numbers of the sockets that a process has open.
func socketInodes(pid int) (map[string]bool, error) {
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		return nil, err
	}
	inodes := map[string]bool{}
	for _, link := range links {
		target, err := os.Readlink(link)
		if errors.Is(err, os.ErrNotExist) {
			continue // It was closed meanwhile.
		}
		if err != nil {
			return nil, err
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes, nil
}
