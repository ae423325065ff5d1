package otel

import (
	"context"
	"errors"
	"fmt"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// Admin is what a Collector asks a server's Admin API for. It is *admin.Client.
type Admin interface {
	Info(ctx context.Context) (*janus.InfoMsg, error)
	ListSessions(ctx context.Context) ([]uint64, error)
	ListHandles(ctx context.Context, session uint64) ([]uint64, error)
}

// maxAsked is how many sessions are asked for their handles in one poll.
const maxAsked = 1000

// Poll asks a server for its sessions and handles, at once and then in each
// interval, until ctx ends, and returns the error of ctx. The metric
// janus.server.up says whether the server answers. emitter is the server_name in
// the server's configuration, so that the figures belong to the same server as
// its events; every must be positive.
//
// The figures take the place of those that follow from events, and sessions that
// the server does not have are forgotten. While the server does not answer, no
// numbers of sessions, handles and PeerConnections are reported for it. A poll takes one request for each
// session, to count its handles; beyond 1,000 sessions the handles are not
// counted in this way.
func (c *Collector) Poll(ctx context.Context, emitter string, server Admin, every time.Duration) error {
	if every <= 0 {
		return errors.New("otel: the interval of Poll must be positive")
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	defer c.forgetPoll(emitter)
	for {
		c.poll(ctx, emitter, server)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// poll asks a server once.
func (c *Collector) poll(ctx context.Context, emitter string, server Admin) {
	began := time.Now()
	found, err := ask(ctx, server)
	if ctx.Err() != nil {
		return // it says nothing about the server
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.server(emitter, time.Now())
	s.up = new(int)
	s.polled = nil
	if err != nil {
		return
	}
	*s.up = 1
	s.version = found.version
	for id, known := range s.sessions {
		if known.live && !found.sessions[id] && known.since.Before(began) {
			known.end(began)
		}
	}
	if found.handles < 0 {
		found.handles = s.count(time.Now()).handles
	}
	s.polled = &figures{sessions: len(found.sessions), handles: found.handles}
}

// forgetPoll ends what poll has reported.
func (c *Collector) forgetPoll(emitter string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.server(emitter, time.Now())
	s.up, s.polled = nil, nil
}

// answers are those of an Admin API.
type answers struct {
	version  string
	sessions map[uint64]bool
	handles  int // -1 if they were not counted
}

// ask asks an Admin API for figures.
func ask(ctx context.Context, server Admin) (answers, error) {
	info, err := server.Info(ctx)
	if err != nil {
		return answers{}, err
	}
	list, err := server.ListSessions(ctx)
	if err != nil {
		return answers{}, err
	}
	found := answers{version: info.VersionString, sessions: map[uint64]bool{}}
	for _, id := range list {
		found.sessions[id] = true
	}
	if len(list) > maxAsked {
		found.handles = -1
		return found, nil
	}
	for _, id := range list {
		handles, err := server.ListHandles(ctx, id)
		if errors.Is(err, janus.ErrorSessionNotFound) {
			delete(found.sessions, id) // it has ended meanwhile
			continue
		}
		if err != nil {
			return answers{}, fmt.Errorf("session %d: %w", id, err)
		}
		found.handles += len(handles)
	}
	return found, nil
}
