package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// stretch is a part of the report, and how busy the machine was.
type stretch struct {
	Name     string
	Took     time.Duration
	Repeats  int     // measurements that were made again
	Busy     float64 // share of the CPU that was in use before; NaN if unknown
	From, To string  // load averages before and after
}

// watchFor is how long the machine is watched before a part begins.
const watchFor = 250 * time.Millisecond

// busy returns the share of the CPU time that other processes use, while this one
// and those that it started wait.
func busy(ctx context.Context) (float64, error) {
	used, all, err := cpuTimes()
	if err != nil {
		return 0, err
	}
	select {
	case <-time.After(watchFor):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	usedLater, allLater, err := cpuTimes()
	if err != nil {
		return 0, err
	}
	if allLater == all {
		return 0, nil
	}
	return float64(usedLater-used) / float64(allLater-all), nil
}

// cpuTimes reads how much CPU time was in use, and how much there was, since the
// machine started.
func cpuTimes() (used, all uint64, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return parseCPUTimes(line)
}

// parseCPUTimes reads the first line of /proc/stat: user, nice, system, idle,
// iowait, irq, softirq and steal. What follows is included in these.
func parseCPUTimes(line string) (used, all uint64, err error) {
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	for i, field := range fields[1:9] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		all += n
		if i != 3 && i != 4 { // idle, iowait
			used += n
		}
	}
	return used, all, nil
}

// load returns the load average of the last 1, 5 and 15 minutes.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], ", ")
}
