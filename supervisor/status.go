package supervisor

import (
	"fmt"
	"log/slog"
	"time"
)

// State is the state of a Supervisor.
type State int

const (
	// StateIdle means that Run has not been called.
	StateIdle State = iota
	// StateStarting means that a unit is being made: a dial, a session, or up.
	StateStarting
	// StateUp means that a unit is up.
	StateUp
	// StateDown means that the latest unit or attempt has ended, and that another
	// attempt follows.
	StateDown
	// StateStopped means that Run has ended, or has removed its last unit.
	StateStopped
)

// String returns "idle", "starting", "up", "down" or "stopped".
func (s State) String() string {
	switch s {
	case StateIdle:
		return "idle"
	case StateStarting:
		return "starting"
	case StateUp:
		return "up"
	case StateDown:
		return "down"
	case StateStopped:
		return "stopped"
	}
	return fmt.Sprintf("State(%d)", int(s))
}

// Status says what a Supervisor is doing.
type Status struct {
	State State

	// Since is when the state began.
	Since time.Time

	// URL is the server of the latest attempt, without credentials.
	URL string

	// Session is the id of the session of the unit that is up, or 0.
	Session uint64

	// Tries is the number of attempts since a unit was last up. If one is up, it
	// is the number of attempts that it took.
	Tries int

	// Units is the number of units that have been up.
	Units int

	// Err is why the latest unit or attempt ended, or nil if none has. In
	// StateStopped it is why Run ended.
	Err error
}

// Status returns what the Supervisor is doing.
func (s *Supervisor[T]) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// setStatus changes the status, and what else must change at the same moment, and passes
// the status to Options.Changed. change is called with s.mu held. Only Run calls setStatus.
func (s *Supervisor[T]) setStatus(change func(*Status)) {
	s.mu.Lock()
	before := s.status.State
	change(&s.status)
	if s.status.State != before {
		s.status.Since = time.Now()
	}
	now := s.status
	s.mu.Unlock()
	if s.opts.Changed != nil {
		s.changes.Send(func() { s.callChanged(now) })
	}
}

func (s *Supervisor[T]) callChanged(status Status) {
	defer s.log.Recover("supervisor: panic in Changed")
	s.opts.Changed(status)
}

// flushChanges waits until Changed has returned from its last call.
func (s *Supervisor[T]) flushChanges() {
	if s.opts.Changed == nil {
		return
	}
	called := make(chan struct{})
	s.changes.Send(func() { close(called) })
	if !waitFor(called, s.opts.StopTimeout) {
		s.log.Log(slog.LevelWarn, "supervisor: Changed does not return")
	}
}

// waitFor reports whether c is closed within d.
func waitFor(c <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}
