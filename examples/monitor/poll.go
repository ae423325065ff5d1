package main

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
)

// What is asked for in a round, one second after the other. Janus carries out the
// requests of both its APIs one after the other, so they are few.
const (
	listsARound = 500 // list_handles
	infosARound = 200 // handle_info
	atOnce      = 8   // requests that wait for their answers

	// The sessions are listed every so many rounds, and the handles of a session are
	// listed again after so many. Events say the same at once, but some may be lost.
	sessionsRounds       = 3
	sessionsRoundsEvents = 15
	handlesRounds        = 5
	handlesRoundsEvents  = 60

	// Handles that a page shows are asked after so many rounds, unless statistics
	// come as events; all others, without events, after so many.
	shownRounds = 2
	otherRounds = 30

	// tweakAfter is after how many rounds without an event the event handler of
	// Janus is set again.
	tweakAfter = 30
)

// run asks the Admin API until ctx ends.
func (s *server) run(ctx context.Context) {
	defer s.stopEvents(context.WithoutCancel(ctx))
	for n := 0; ; n++ {
		if err := s.round(ctx, n); err != nil && ctx.Err() == nil {
			s.setDown(err)
			n = -1
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.interval):
		}
	}
}

// round is the nth round since the server is up.
func (s *server) round(ctx context.Context, n int) error {
	client, err := s.connected(ctx)
	if err != nil {
		return err
	}
	events := s.hasEvents()
	every := sessionsRounds
	if events {
		every = sessionsRoundsEvents
	}
	if n%every != 0 {
		err = client.Ping(ctx) // to notice when the server has gone
	} else {
		err = s.listSessions(ctx, client)
	}
	if err != nil {
		return err
	}
	if s.setUp() {
		s.state.listAgain()
		err = s.greet(ctx, client)
	} else if n%tweakAfter == 0 && s.quietFor() >= tweakAfter*s.interval {
		s.tweak(ctx, client)
	}
	if err == nil {
		err = s.listHandles(ctx, client, events)
	}
	if err == nil {
		err = s.askHandles(ctx, client, events)
	}
	return err
}

// greet does what is to be done when the server is up again.
func (s *server) greet(ctx context.Context, client *admin.Client) error {
	info, err := client.Info(ctx)
	if err != nil {
		return err
	}
	s.setInfo(info)
	s.tweak(ctx, client)
	return nil
}

// listSessions asks for the sessions.
func (s *server) listSessions(ctx context.Context, client *admin.Client) error {
	s.state.beginPoll()
	defer s.state.endPoll()
	list, err := client.ListSessions(ctx)
	if err == nil {
		s.state.setSessions(list)
	}
	return err
}

// listHandles asks for the handles of sessions.
func (s *server) listHandles(ctx context.Context, client *admin.Client, events bool) error {
	s.state.beginPoll()
	defer s.state.endPoll()
	rounds := handlesRounds
	if events {
		rounds = handlesRoundsEvents
	}
	return each(ctx, s.state.toList(s.ago(rounds), listsARound), func(ctx context.Context, id ids) error {
		list, err := client.ListHandles(ctx, id.session)
		if err != nil {
			return s.passOver(id, err)
		}
		s.state.setHandles(id.session, list, time.Now().UnixMilli())
		return nil
	})
}

// askHandles asks for what is known about handles.
func (s *server) askHandles(ctx context.Context, client *admin.Client, events bool) error {
	others := int64(0)
	if !events {
		others = s.ago(otherRounds)
	}
	asked := s.state.toAsk(s.visible(), s.ago(shownRounds), others, infosARound)
	return each(ctx, asked, func(ctx context.Context, id ids) error {
		began := time.Now().UnixMilli()
		info, err := client.HandleInfo(ctx, id.session, id.handle)
		if err != nil {
			return s.passOver(id, err)
		}
		s.state.setInfo(id, info, began, time.Now().UnixMilli())
		return nil
	})
}

// passOver takes the error of a request about a session or a handle. It returns nil if
// Janus has answered with it: then nothing is wrong with the others.
func (s *server) passOver(id ids, err error) error {
	answer := (*janus.ErrorMsg)(nil)
	switch {
	case isGone(err):
		s.state.remove(id)
	case errors.As(err, &answer):
		s.state.asked(id, time.Now().UnixMilli())
	default:
		return err
	}
	return nil
}

// ago returns the time some rounds ago, in Unix milliseconds.
func (s *server) ago(rounds int) int64 {
	return time.Now().Add(-time.Duration(rounds) * s.interval).UnixMilli()
}

// each calls f for all ids, several at once, until one fails.
func each(ctx context.Context, all []ids, f func(ctx context.Context, id ids) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, id := range all {
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil // another one has failed
			}
			return f(ctx, id)
		})
	}
	return group.Wait()
}

// asked notes that Janus was asked about a session or, if ids has one, a handle. now is
// the time in Unix milliseconds.
func (s *state) asked(id ids, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.sessions[id.session]; known != nil && id.handle == 0 {
		known.listed = now
	}
	if h := s.handles[id]; h != nil {
		h.asked = now
	}
}

// listAgain makes the handles of all sessions be listed: Janus was away, and may be
// another one with sessions of the same ids.
func (s *state) listAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, known := range s.sessions {
		known.listed = 0
	}
}

// remove removes a session or, if ids has one, a handle that Janus does not have any
// more.
func (s *state) remove(id ids) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id.handle == 0 {
		s.removeSession(id.session)
	} else {
		s.removeHandle(id)
	}
}

// toList returns sessions whose handles were never listed, and then those that were
// last listed before a time in Unix milliseconds.
func (s *state) toList(before int64, limit int) []ids {
	s.mu.Lock()
	defer s.mu.Unlock()
	var never, again []ids
	for _, known := range s.order {
		switch {
		case known == nil:
		case known.listed == 0 && len(never) < limit:
			never = append(never, ids{session: known.id})
		case known.listed != 0 && known.listed < before && len(again) < limit:
			again = append(again, ids{session: known.id})
		}
	}
	all := append(never, again...)
	return all[:min(len(all), limit)]
}

// toAsk returns handles to ask for: those that are shown and were last asked before
// shownBefore, unless statistics come as events, and those of which nothing is known,
// or that were last asked before othersBefore. Times are in Unix milliseconds.
func (s *state) toAsk(shown []ids, shownBefore, othersBefore int64, limit int) []ids {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []ids
	taken := make(map[ids]bool)
	add := func(h *handle) {
		if id := h.ids(); len(all) < limit && !taken[id] {
			taken[id] = true
			all = append(all, id)
		}
	}
	for _, id := range shown {
		if h := s.handles[id]; h != nil && h.asked < shownBefore && !h.hasEvents(shownBefore) {
			add(h)
		}
	}
	for _, h := range s.handles {
		if len(all) >= limit {
			break
		}
		if h.plugin == "" && h.asked == 0 || h.asked < othersBefore {
			add(h)
		}
	}
	return all
}

// hasEvents reports whether statistics have come as events since a time.
func (h *handle) hasEvents(since int64) bool {
	for _, m := range h.media {
		if m.lastEvent >= since {
			return true
		}
	}
	return false
}
