package cascade

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"golang.org/x/sync/errgroup"
)

// listing is what a server was found to have.
type listing struct {
	version int
	made    time.Time // when the controller has made the room, if it has
	locals  map[plugin.ID]*local
	remotes map[plugin.ID]*remote
	stopped map[plugin.ID]bool // publishers that have stopped since the last listing
}

// list lists the publishers of a server. It creates the room if it is missing and
// makes sure that somebody watches it.
func (c *Controller) list(ctx context.Context, m *member) (*listing, error) {
	if err := c.watchOver(ctx, m); err != nil {
		return nil, err
	}
	version, err := c.versionOf(ctx, m)
	if err != nil {
		return nil, err
	}
	participants, err := c.participants(ctx, m)
	if err != nil {
		return nil, err
	}
	if m.watcher != nil && !slices.ContainsFunc(participants, func(q videoroom.Participant) bool { return q.ID == m.watcher.id }) {
		m.watcher.giveUp() // it is in a room that is gone
		return nil, fmt.Errorf("cascade: the watcher of %q is no longer in the room", m.Name)
	}
	l := &listing{version: version, made: m.made, locals: make(map[plugin.ID]*local), remotes: make(map[plugin.ID]*remote)}
	for _, q := range participants {
		if from, ok := c.names.owns(q, version); ok {
			l.remotes[q.ID] = &remote{from: from, display: q.Display, metadata: q.Metadata}
		} else if q.Publisher && !q.Remote && !q.Dummy {
			l.locals[q.ID] = &local{display: q.Display, metadata: q.Metadata}
		}
	}
	if err := c.listSent(ctx, m, l); err != nil {
		return nil, err
	}
	return l, c.listStreams(ctx, m, l)
}

var errNoHandle = errors.New("Server.Attach has returned no handle")

// watchOver makes sure that a usable watcher is in the room.
func (c *Controller) watchOver(ctx context.Context, m *member) error {
	if m.Attach == nil {
		return nil
	}
	old := m.watcher
	if old != nil && !m.takeLost() && old.usable() && time.Since(old.joined) < c.opts.Resync {
		return nil
	}
	var handle *janus.Handle
	err := c.timed(ctx, m, "attach", func(ctx context.Context) (err error) {
		if handle, err = m.Attach(ctx); err == nil && handle == nil {
			err = errNoHandle
		}
		return err
	})
	if err != nil {
		return err
	}
	m.version = 0 // it may be another server by now
	w, err := c.join(ctx, m, handle)
	if err != nil {
		c.running.Go(func() { c.detach(handle) }) // the error of join says more
		return err
	}
	m.watcher = w
	if old != nil {
		_, stopped := old.snapshot()
		for id := range stopped {
			m.note(id)
		}
		c.running.Go(func() { c.detach(old.handle) })
	}
	return nil
}

// join joins the room, and creates it if it is missing.
func (c *Controller) join(ctx context.Context, m *member, handle *janus.Handle) (w *watcher, err error) {
	q := c.opts.Watcher
	q.Room = c.opts.Room.Room
	if q.PIN == "" {
		q.PIN = c.opts.Room.PIN
	}
	join := func() error {
		return c.timed(ctx, m, "join", func(ctx context.Context) (err error) {
			w, err = watch(ctx, handle, q, c.Wake)
			return err
		})
	}
	err = join()
	if errors.Is(err, videoroom.ErrorNoSuchRoom) {
		if err = c.createRoom(ctx, m, videoroom.On(handle)); err == nil {
			err = join()
		}
	}
	return w, err
}

// createRoom creates the room on a server.
func (c *Controller) createRoom(ctx context.Context, m *member, client *videoroom.Client) error {
	q := c.opts.Room
	if m.AdminKey != "" {
		q.AdminKey = m.AdminKey
	}
	return c.timed(ctx, m, "create", func(ctx context.Context) error {
		_, err := client.Create(ctx, q)
		if errors.Is(err, videoroom.ErrorRoomExists) {
			return nil
		}
		m.made = time.Now()
		return err
	})
}

// versionOf returns the version of a server.
func (c *Controller) versionOf(ctx context.Context, m *member) (int, error) {
	switch {
	case m.Version != 0:
		m.version = m.Version
	case m.version == 0 && m.watcher != nil:
		err := c.timed(ctx, m, "info", func(ctx context.Context) error {
			info, err := m.watcher.handle.Session().Gateway().Info(ctx, "")
			if err == nil {
				m.version = info.Version
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	case m.version == 0:
		m.version = sinceRemotes
	}
	if m.version < sinceRemotes {
		return 0, fmt.Errorf("cascade: server %q is older than 1.1.0 and has no remote publishers", m.Name)
	}
	return m.version, nil
}

// participants lists the participants of the room, which it creates if it is
// missing.
func (c *Controller) participants(ctx context.Context, m *member) ([]videoroom.Participant, error) {
	var list *videoroom.Participants
	ask := func() error {
		return c.call(ctx, m, "listparticipants", func(ctx context.Context, client *videoroom.Client) (err error) {
			list, err = client.ListParticipants(ctx, videoroom.ListParticipants{Room: c.opts.Room.Room})
			return err
		})
	}
	err := ask()
	if errors.Is(err, videoroom.ErrorNoSuchRoom) {
		if m.watcher != nil {
			m.watcher.giveUp() // it is in a room that is gone
			return nil, err
		}
		if err = c.createRoom(ctx, m, videoroom.On(m.Caller)); err == nil {
			err = ask()
		}
	}
	if err != nil {
		return nil, err
	}
	return list.Participants, nil
}

// listSent lists what the publishers of a server send to others.
func (c *Controller) listSent(ctx context.Context, m *member, l *listing) error {
	if len(l.locals) == 0 {
		return nil
	}
	var mu sync.Mutex // guards l.locals
	var group errgroup.Group
	group.SetLimit(c.opts.Concurrency)
	group.Go(func() error { return c.listForwarders(ctx, m, l, &mu) })
	for _, id := range sortedIDs(l.locals) {
		group.Go(func() error { return c.listRemotes(ctx, m, l, &mu, id) })
	}
	return group.Wait()
}

func (c *Controller) listForwarders(ctx context.Context, m *member, l *listing, mu *sync.Mutex) error {
	publishers, err := c.forwarders(ctx, m)
	mu.Lock()
	defer mu.Unlock()
	for _, publisher := range publishers {
		if local := l.locals[publisher.PublisherID]; local != nil {
			local.forwarders = publisher.Forwarders
		}
	}
	return err
}

// forwarders lists the forwarders of all publishers of a server.
func (c *Controller) forwarders(ctx context.Context, m *member) (publishers []videoroom.PublisherForwarders, err error) {
	err = c.call(ctx, m, "listforwarders", func(ctx context.Context, client *videoroom.Client) error {
		all, err := client.ListForwarders(ctx, videoroom.ListForwarders{Room: c.opts.Room.Room, Secret: c.opts.Room.Secret})
		if err == nil {
			publishers = all.Publishers
		}
		return err
	})
	return publishers, err
}

// listRemotes lists the remotizations of a publisher. A publisher that has left
// meanwhile is no longer one.
func (c *Controller) listRemotes(ctx context.Context, m *member, l *listing, mu *sync.Mutex, id plugin.ID) error {
	return c.call(ctx, m, "listremotes", func(ctx context.Context, client *videoroom.Client) error {
		all, err := client.ListRemotes(ctx, videoroom.ListRemotes{Room: c.opts.Room.Room, Secret: c.opts.Room.Secret, PublisherID: id})
		mu.Lock()
		defer mu.Unlock()
		if errors.Is(err, videoroom.ErrorNoSuchFeed) {
			delete(l.locals, id)
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range all.List {
			if name, ok := c.names.parseRemoteID(r.RemoteID); ok {
				l.locals[id].remotizations = append(l.locals[id].remotizations, listedRemotization{name, r})
			}
		}
		return nil
	})
}

// listStreams adds the streams of the publishers. It comes last: a publisher
// whose streams are not known yet is waited for, but one that is not listed yet
// would be taken for one that has left.
func (c *Controller) listStreams(ctx context.Context, m *member, l *listing) error {
	publishers, stopped, err := c.publishers(ctx, m)
	if err != nil {
		return err
	}
	l.stopped = stopped
	known := make(map[plugin.ID]bool)
	for _, publisher := range publishers {
		known[publisher.ID] = true
		if local := l.locals[publisher.ID]; local != nil {
			local.streams = publisher.Streams
			if c.opts.Streams != nil {
				local.streams = c.opts.Streams(m.Name, publisher)
			}
		}
		if remote := l.remotes[publisher.ID]; remote != nil {
			remote.streams = publisher.Streams
		}
	}
	m.checkWatcher(l, known)
	return nil
}

// publishers returns the publishers of a server with their streams.
func (c *Controller) publishers(ctx context.Context, m *member) (list []videoroom.Publisher, stopped map[plugin.ID]bool, err error) {
	if m.watcher != nil {
		list, stopped = m.watcher.snapshot()
		return list, stopped, nil
	}
	err = c.timed(ctx, m, "publishers", func(ctx context.Context) (err error) {
		list, err = m.Publishers(ctx)
		return err
	})
	return list, nil, err
}

// checkWatcher gives the watcher up if it has not heard of a publisher for some
// time.
func (m *member) checkWatcher(l *listing, known map[plugin.ID]bool) {
	if m.watcher == nil {
		return
	}
	before := m.unheard
	m.unheard = make(map[plugin.ID]time.Time)
	check := func(id plugin.ID) {
		if known[id] {
			return
		}
		since, ok := before[id]
		if !ok {
			since = time.Now()
		}
		m.unheard[id] = since
		if time.Since(since) > settle {
			m.watcher.giveUp()
		}
	}
	for id := range l.locals {
		check(id)
	}
	for id := range l.remotes {
		check(id)
	}
}
