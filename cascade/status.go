package cascade

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cameronelliott/janus-go/plugin"
)

// Status says what a Controller has found and done.
type Status struct {
	Servers    []ServerStatus    // by name
	Publishers []PublisherStatus // of the servers that are up, by server and ID
}

// ServerStatus is the state of a server.
type ServerStatus struct {
	Name    string
	Version int // of Janus, as in janus.InfoMsg; 0 if it is not known yet
	Up      bool
	Since   time.Time // when it became up or down
	Err     error     // why it is down; nil if it is up
}

// PublisherStatus says where a publisher is shown.
type PublisherStatus struct {
	Server  string    // its own
	ID      plugin.ID // on its own server
	Display string
	Shown   []Shown // for each other server, by name
}

// Shown says whether a publisher is shown on another server.
type Shown struct {
	Server string
	ID     plugin.ID // of the remote publisher; unset if the publisher is not shown
	Since  time.Time // since when, as far as this Controller knows; zero if it is not shown
	SRTP   bool      // the media is encrypted between the servers

	// Err is what failed last, at Failed. It is nil if nothing has failed since
	// the publisher is shown.
	Err    error
	Failed time.Time
}

// Call describes a request for Options.Called.
type Call struct {
	Server   string
	Request  string // such as "listremotes"; "publishers" for Server.Publishers
	Duration time.Duration
	Err      error
}

// Change describes for Options.Changed that a publisher is shown on another
// server, that it no longer is, or that showing or removing it has failed.
type Change struct {
	Server    string    // of the publisher
	Publisher plugin.ID // on its own server; unset for a remote publisher that nothing was known of
	To        string
	Shown     bool
	ID        plugin.ID // of the remote publisher, if Shown
	Err       error
}

// Pass describes a pass of Run for Options.Reconciled.
type Pass struct {
	Began    time.Time
	Duration time.Duration
	Calls    int   // requests to all servers
	Changes  int   // publishers that something was changed for, counted once for each server
	Whole    bool  // there was nothing to do
	Err      error // what failed, if anything did
}

// Status returns what the last pass has found and done. The caller must not
// change it.
func (c *Controller) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// routeState is what is known of a route for Status.
type routeState struct {
	nonce  string // of the link; empty if the publisher is not shown
	id     plugin.ID
	since  time.Time
	srtp   bool
	err    error
	failed time.Time
}

var errStuck = errors.New("the server does not take over the streams of the publisher; does its room have the same codecs?")

// report makes the status of a pass, and returns what has failed.
func (c *Controller) report(w *world, jobs []job, failed map[route]error) error {
	for r := range w.stuck {
		if failed[r] == nil {
			failed[r] = fmt.Errorf("cascade: server %q: %w", r.to, errStuck)
		}
	}
	errs := make([]error, 0, len(failed))
	for _, err := range failed {
		errs = append(errs, err)
	}
	status := Status{}
	for _, m := range c.sortedMembers() {
		s := m.status()
		status.Servers = append(status.Servers, s)
		if s.Err != nil {
			errs = append(errs, s.Err)
		}
	}
	c.mu.Lock()
	changes := c.follow(w, failed)
	status.Publishers = c.publisherStatus(w)
	c.status = status
	c.mu.Unlock()
	for _, change := range changes {
		c.tell(change)
	}
	return errors.Join(errs...)
}

func (m *member) status() ServerStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := ServerStatus{Name: m.Name, Up: m.up && m.found != nil, Since: m.since, Err: m.err}
	if m.found != nil {
		s.Version = m.found.version
	}
	return s
}

// follow brings the states of the routes up to date with the links and returns
// what has changed. The caller holds c.mu.
func (c *Controller) follow(w *world, failed map[route]error) (changes []Change) {
	shown := make(map[route]string)
	for nonce, l := range c.links {
		if l.removed.IsZero() && !l.broken {
			shown[l.route] = max(shown[l.route], nonce)
		}
	}
	for r := range shown {
		if c.routes[r] == nil {
			c.routes[r] = new(routeState)
		}
	}
	for r := range failed {
		if c.routes[r] == nil {
			c.routes[r] = new(routeState)
		}
	}
	for r, s := range c.routes {
		changed := s.nonce != shown[r]
		if changed {
			*s = routeState{nonce: shown[r], err: s.err, failed: s.failed}
			if l := c.links[s.nonce]; l != nil {
				s.id, s.since, s.srtp, s.err = l.id, l.since, l.srtp, nil
			}
		}
		if err := failed[r]; err != nil {
			changed = changed || s.err == nil || s.err.Error() != err.Error()
			s.err, s.failed = err, w.now
		}
		if changed {
			changes = append(changes, Change{Server: r.from, Publisher: r.publisher, To: r.to, Shown: s.nonce != "", ID: s.id, Err: failed[r]})
		}
		if s.nonce == "" && !w.wants(r) {
			delete(c.routes, r)
		}
	}
	return changes
}

// wants reports whether a route leads from a publisher that exists to a server
// that is a member.
func (w *world) wants(r route) bool {
	from, to := w.servers[r.from], w.servers[r.to]
	return from != nil && to != nil && !from.leaving && !to.leaving && from.locals[r.publisher] != nil
}

// publisherStatus returns the status of all publishers. The caller holds c.mu.
func (c *Controller) publisherStatus(w *world) (all []PublisherStatus) {
	names := slices.Sorted(maps.Keys(w.servers))
	for _, from := range names {
		for _, id := range sortedIDs(w.servers[from].locals) {
			p := PublisherStatus{Server: from, ID: id, Display: w.servers[from].locals[id].display}
			for _, to := range names {
				if to == from {
					continue
				}
				shown := Shown{Server: to}
				if s := c.routes[route{from, id, to}]; s != nil {
					shown = Shown{Server: to, ID: s.id, Since: s.since, SRTP: s.srtp, Err: s.err, Failed: s.failed}
				}
				p.Shown = append(p.Shown, shown)
			}
			all = append(all, p)
		}
	}
	return all
}

// tell logs a change and reports it to Options.Changed.
func (c *Controller) tell(change Change) {
	log := c.opts.Logger.With("server", change.Server, "publisher", change.Publisher.String(), "to", change.To)
	switch {
	case change.Err != nil:
		log.Warn("cascade: failed", "error", change.Err)
	case change.Shown:
		log.Info("cascade: shown", "id", change.ID.String())
	default:
		log.Info("cascade: no longer shown")
	}
	if c.opts.Changed != nil {
		c.guard("Changed", func() { c.opts.Changed(change) })
	}
}

// involved reports whether a server still sends to others, or others to it, as
// far as they answer.
func (c *Controller) involved(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r, s := range c.routes {
		if (r.from == name || r.to == name) && s.nonce != "" {
			return true
		}
	}
	return false
}
