package contest

import (
	"runtime"
	"syscall"
	"time"
)

// The kinds of work.
const (
	WorkKeepAlive = "keepalive" // N requests, InFlight at a time
	WorkMessage   = "message"   // the same with small messages
	WorkAttach    = "attach"    // N handles whose events are read
	WorkStream    = "stream"    // N events to Handles handles
	WorkIdle      = "idle"      // N handles whose events are not read
	WorkRoute     = "route"     // N events to such handles
	WorkConnect   = "connect"   // N times: connect, and make a session
	WorkKeep      = "keep"      // N sessions kept alive
	WorkSessions  = "sessions"  // N sessions that nothing happens to
)

// Round is one round of work.
type Round struct {
	Work     string `json:"work"`
	N        int    `json:"n"`
	InFlight int    `json:"inFlight,omitempty"`
	Handles  int    `json:"handles,omitempty"`

	// Gateways is the number of connections that share N and Handles. Each of
	// them has InFlight requests in flight. 0 means 1.
	Gateways int `json:"gateways,omitempty"`
}

// share returns the part of the round that connection i of r.Gateways does.
func (r Round) share(i int) Round {
	r.N = (r.N + i) / r.Gateways
	r.Handles = (r.Handles + i) / r.Gateways
	r.Gateways = 0
	return r
}

// settled reports whether the round measures the memory that remains in use.
func (r Round) settled() bool { return r.Work == WorkIdle || r.Work == WorkSessions }

// Result is what a round has cost the client's process. A process that cannot
// tell how much it allocates reports zero there.
type Result struct {
	Error      string  `json:"error,omitempty"`
	N          int     `json:"n"`
	WallNs     float64 `json:"wallNs"`
	CPUNs      float64 `json:"cpuNs"`
	Mallocs    float64 `json:"mallocs"`
	Bytes      float64 `json:"bytes"`
	Held       float64 `json:"held"`       // bytes of heap that the round has left in use
	Goroutines float64 `json:"goroutines"` // that the round has left behind
	Kept       Kept    `json:"kept"`
}

// measure runs a round's work and tells what it has cost this process.
func (r Round) measure(run func() error) (Result, error) {
	before := takeSnapshot(r.settled())
	start := time.Now()
	err := run()
	wall := time.Since(start)
	after := takeSnapshot(r.settled())
	return Result{
		N:          r.N,
		WallNs:     float64(wall),
		CPUNs:      float64(after.cpu - before.cpu),
		Mallocs:    float64(after.memory.Mallocs - before.memory.Mallocs),
		Bytes:      float64(after.memory.TotalAlloc - before.memory.TotalAlloc),
		Held:       float64(after.memory.HeapAlloc) - float64(before.memory.HeapAlloc),
		Goroutines: float64(after.goroutines - before.goroutines),
	}, err
}

// snapshot is what a process has used up to a moment.
type snapshot struct {
	cpu        time.Duration
	memory     runtime.MemStats
	goroutines int
}

// takeSnapshot reads the counters; settled drops all garbage first.
func takeSnapshot(settled bool) (s snapshot) {
	if settled {
		time.Sleep(50 * time.Millisecond) // goroutines that are ending
		runtime.GC()
		runtime.GC() // what pools hold goes in the second
	}
	runtime.ReadMemStats(&s.memory)
	s.goroutines = runtime.NumGoroutine()
	s.cpu = cpuTime()
	return s
}

// cpuTime is the CPU time that this process has used, by user and system.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // it cannot fail for RUSAGE_SELF
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
