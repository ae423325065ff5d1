package cascade

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// pass lists all servers, plans what there is to do, and does it. It reports
// whether there was nothing to do.
func (c *Controller) pass(ctx context.Context) (whole bool, err error) {
	began := time.Now()
	c.take()
	c.listAll(ctx)
	w := c.world()
	jobs, failed := c.due(w.plan(), w.now)
	c.apply(ctx, jobs, failed)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	c.holdBack(jobs, failed, w.now)
	c.forgetOld(w, failed)
	err = c.report(w, jobs, failed)
	whole = err == nil && len(jobs) == 0 && !w.pending
	c.passed(began, len(jobs), whole, err)
	return whole, err
}

// listAll lists all servers. It does not wait for those that did not answer last
// time: their answer makes the next pass due.
func (c *Controller) listAll(ctx context.Context) {
	var waits []<-chan struct{}
	for _, m := range c.sortedMembers() {
		begun, wait := m.beginListing()
		if !begun {
			continue
		}
		number, done := c.number, make(chan struct{})
		c.running.Go(func() {
			defer close(done)
			var found *listing
			err := errNoReturn
			defer func() { // also after Goexit
				if dismissed := m.listed(found, err, number); dismissed {
					c.release(m)
				}
				if !wait && err == nil {
					c.Wake()
				}
			}()
			found, err = c.list(ctx, m)
		})
		if wait {
			waits = append(waits, done)
		}
	}
	for _, done := range waits {
		<-done // the requests are bounded in time
	}
}

// beginListing reports whether the server is not being listed already, and whether
// it was up last time.
func (m *member) beginListing() (begun, up bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listing {
		return false, false
	}
	m.listing, m.silent = true, false
	return true, m.up
}

// listed takes the result of a listing. It reports whether the server is no
// longer a member.
func (m *member) listed(found *listing, err error, number int) (dismissed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listing = false
	if up := err == nil; up != m.up || m.number == 0 && m.found == nil {
		m.up, m.since = up, time.Now()
	}
	m.err = err
	if err == nil {
		m.found, m.number = found, number
		maps.Copy(m.stopped, found.stopped)
	}
	return m.gone
}

// dismiss notes that a server is no longer a member, and reports whether its
// watcher can be stopped now.
func (m *member) dismiss() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = true
	return !m.listing
}

// lose makes the next pass replace the watcher. It is called by Notify.
func (m *member) lose() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lost = true
}

// takeLost reports whether lose was called since the last call.
func (m *member) takeLost() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	lost := m.lost
	m.lost = false
	return lost
}

// note notes a publisher that has stopped.
func (m *member) note(id plugin.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped[id] = true
}

// takeStopped returns the publishers noted since the last call.
func (m *member) takeStopped() map[plugin.ID]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	stopped := m.stopped
	m.stopped = make(map[plugin.ID]bool)
	return stopped
}

// world returns what the listings have found.
func (c *Controller) world() *world {
	now := time.Now()
	w := &world{
		namer: c.names, keys: c.keys, now: now, srtp: c.opts.SRTP, host: c.host,
		servers: make(map[string]*state), tried: c.tried, stuck: make(map[route]bool),
	}
	for name, m := range c.current {
		w.servers[name] = c.state(m, now)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w.links = c.links // changed only by apply, and between passes
	for from, server := range w.servers {
		for id, p := range server.locals {
			for _, r := range p.remotizations {
				c.adopt(w, route{from, id, r.to}, r.remotization)
			}
		}
		if server.up {
			c.breakLinks(from, c.current[from].takeStopped())
		}
	}
	return w
}

// state returns what is known of a server.
func (c *Controller) state(m *member, now time.Time) *state {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &state{leaving: m.leaving, up: m.up && m.number == c.number && m.found != nil, listed: m.found != nil}
	s.dead = !m.up && now.Sub(m.since) > c.opts.DeadAfter
	if m.found == nil {
		return s
	}
	s.version, s.made = m.found.version, m.found.made
	if s.up {
		s.locals, s.remotes = m.found.locals, m.found.remotes
	}
	return s
}

// breakLinks marks the links of publishers that have stopped. If they publish
// again, the remotization is there, but the other server cannot ask for
// keyframes. The caller holds c.mu.
func (c *Controller) breakLinks(from string, stopped map[plugin.ID]bool) {
	for _, l := range c.links {
		if l.from == from && stopped[l.publisher] {
			l.broken = true
		}
	}
}

// adopt remembers a link that another controller has made. Its remote publisher
// may not be listed yet. The caller holds c.mu.
func (c *Controller) adopt(w *world, r route, found remotization) {
	if c.links[found.nonce] == nil && w.servers[r.to] != nil {
		c.links[found.nonce] = &link{route: r, id: c.names.id(r, found.nonce), since: w.now, srtp: found.key != ""}
	}
}

// remember remembers a link that was made.
func (c *Controller) remember(nonce string, l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.links[nonce] = l
}

// forget notes that a link was removed, or the remote publisher of one whose name
// is not known.
func (c *Controller) forget(server string, r removal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for nonce, l := range c.links {
		if nonce == r.nonce || l.to == server && l.id == r.id {
			l.removed = time.Now()
		}
	}
}

// updated notes the streams that a link was given.
func (c *Controller) updated(u *update) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Streams that were there keep the codec that they were made with.
	if l := c.links[u.nonce]; l != nil && l.sent != nil && len(l.sent) < len(u.streams) {
		l.sent = append(l.sent[:len(l.sent):len(l.sent)], u.streams[len(l.sent):]...)
	}
}

// forgetOld forgets links of which nothing is left, and changes that were not
// made.
func (c *Controller) forgetOld(w *world, failed map[route]error) {
	seen := make(map[string]bool)
	for _, server := range w.servers {
		for _, p := range server.locals {
			for _, r := range p.remotizations {
				seen[r.nonce] = true
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for nonce, l := range c.links {
		from, to := w.servers[l.from], w.servers[l.to]
		sends := from != nil && (!from.up || seen[nonce])
		receives := to != nil && (!to.up || to.remotes[l.id] != nil)
		if !sends && !receives && w.now.Sub(l.since) > settle {
			delete(c.links, nonce)
		}
	}
	for r := range c.tried {
		server := w.servers[r.from]
		if failed[r] != nil || server == nil || server.up && server.locals[r.publisher] == nil {
			delete(c.tried, r)
		}
	}
}

// host returns the address to which one server sends media for another.
func (c *Controller) host(from, to string) string {
	if c.opts.Host != nil {
		return c.opts.Host(from, to)
	}
	if m := c.current[to]; m != nil {
		return m.Host
	}
	return ""
}

var errNoReturn = errors.New("cascade: a function of the application has called runtime.Goexit")

// guard calls a function of the application and logs its panic.
func (c *Controller) guard(name string, f func()) {
	defer func() {
		if p := recover(); p != nil {
			c.opts.Logger.Error("cascade: panic", "in", name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	f()
}

var errSilent = errors.New("the server has not answered an earlier request")

// call sends a request to a server.
func (c *Controller) call(ctx context.Context, m *member, name string, f func(context.Context, *videoroom.Client) error) error {
	caller := m.Caller
	if caller == nil {
		if m.watcher == nil {
			return fmt.Errorf("cascade: %s on %q: no handle", name, m.Name)
		}
		caller = m.watcher.handle
	}
	return c.timed(ctx, m, name, func(ctx context.Context) error { return f(ctx, videoroom.On(caller)) })
}

// timed calls f, which sends a request to a server, in limited time and reports
// it. Once a server has not answered, the requests up to its next listing fail at
// once.
func (c *Controller) timed(ctx context.Context, m *member, name string, f func(context.Context) error) error {
	if m.isSilent() {
		return fmt.Errorf("cascade: %s on %q: %w", name, m.Name, errSilent)
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.CallTimeout)
	defer cancel()
	began := time.Now()
	err := f(ctx)
	if err != nil {
		err = fmt.Errorf("cascade: server %q: %w", m.Name, err)
		m.failed(err)
	}
	c.count()
	if c.opts.Called != nil {
		call := Call{Server: m.Name, Request: name, Duration: time.Since(began), Err: err}
		c.guard("Called", func() { c.opts.Called(call) })
	}
	return err
}

func (m *member) isSilent() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.silent
}

// failed notes that a request has failed, unless the plugin has refused it. The
// connection may be gone, and events with it, so that the watcher is replaced.
func (m *member) failed(err error) {
	if refused := (*janus.PluginError)(nil); errors.As(err, &refused) {
		return
	}
	if m.watcher != nil {
		m.watcher.giveUp()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.silent = true
}

// count counts a request of the pass.
func (c *Controller) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passes.calls++
}

// passed notes the end of a pass.
func (c *Controller) passed(began time.Time, changes int, whole bool, err error) {
	c.mu.Lock()
	c.passes.ended, c.passes.whole, c.passes.err = c.passes.begun, whole, err
	calls, next := c.passes.calls, c.passes.next
	c.passes.next = make(chan struct{})
	c.mu.Unlock()
	close(next)
	if c.opts.Reconciled != nil {
		pass := Pass{Began: began, Duration: time.Since(began), Calls: calls, Changes: changes, Whole: whole, Err: err}
		c.guard("Reconciled", func() { c.opts.Reconciled(pass) })
	}
}
