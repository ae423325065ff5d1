package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/bench/internal/spawn"
)

// player is a contender's process and the work that it is to do.
type player struct {
	subject subject
	client  *spawn.Client
	first   contest.Round // done once, before the rounds; nothing if it has no Work
	round   contest.Round
}

// The names in subjects of work that is measured in more than one part.
const (
	workVariantEvents   = "events, variants"
	workVariantRequests = "requests, variants"
	workGatewayEvents   = "events, gateways"
	workGatewayRequests = "requests, gateways"
)

// meter measures.
type meter struct {
	ctx       context.Context
	stage     *stage
	scale     scale
	found     figures
	stretches []stretch
	repeating time.Duration // the time that this part has spent on measuring again
}

// measureAll measures everything, and tells how busy the machine was.
func measureAll(ctx context.Context, s *stage, how scale) (figures, []stretch, error) {
	m := &meter{ctx: ctx, stage: s, scale: how, found: make(figures)}
	parts := []struct {
		name    string
		measure func() error
	}{
		{"requests to the real Janus", func() error { return m.requests(realJanus) }},
		{"requests to the scripted server", func() error { return m.requests(scripted) }},
		{"streams of events", m.streams},
		{"routing", m.routing},
		{"typed events and hooks", m.variants},
		{"several gateways", m.gateways},
		{"idle handles", m.idleHandles},
		{"idle sessions", m.idleSessions},
		{"sessions kept alive", m.keptSessions},
	}
	for _, part := range parts {
		if err := m.watch(part.name, part.measure); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return m.found, m.stretches, nil
}

// watch measures a part and records how busy the machine was.
func (m *meter) watch(name string, measure func() error) error {
	use, err := busy(m.ctx)
	if err != nil {
		use = math.NaN()
	}
	m.stretches = append(m.stretches, stretch{Name: name, Busy: use, From: load()})
	part := &m.stretches[len(m.stretches)-1]
	m.repeating = 0
	start := time.Now()
	err = measure()
	part.Took, part.To = time.Since(start).Round(time.Second), load()
	fmt.Fprintf(os.Stderr, "%s: %v, %d measured again\n", name, part.Took, part.Repeats)
	return err
}

// requests measures requests of all kinds to a server.
func (m *meter) requests(server string) error {
	rounds := []contest.Round{
		{Work: contest.WorkConnect},
		{Work: contest.WorkMessage, InFlight: 1},
		{Work: contest.WorkMessage, InFlight: 64},
	}
	for _, inFlight := range m.scale.InFlight {
		rounds = append(rounds, contest.Round{Work: contest.WorkKeepAlive, InFlight: inFlight})
	}
	return m.withAll(server, func(players []player) error {
		for _, round := range rounds {
			for i := range players {
				p := &players[i]
				p.round = round
				p.subject.Work, p.subject.Size = round.Work, round.InFlight
			}
			if err := m.alternate(players); err != nil {
				return err
			}
		}
		return nil
	})
}

// withAll runs all contenders, connected to server, for as long as do takes.
func (m *meter) withAll(server string, do func([]player) error) (err error) {
	var players []player
	defer func() { err = closeAll(players, err) }()
	for _, c := range m.stage.Contenders {
		client, err := m.stage.start(m.ctx, c, server)
		if err != nil {
			return err
		}
		players = append(players, player{subject: subject{Contender: c.Name, Server: server}, client: client})
	}
	return do(players)
}

// closeAll ends the players' processes after the work ended with err.
func closeAll(players []player, err error) error {
	for _, p := range players {
		err = firstError(err, p.client.Close())
	}
	return err
}

// streams measures events that goroutines read, one for each handle.
func (m *meter) streams() error {
	for _, handles := range m.scale.Handles {
		var players []player
		for _, c := range m.stage.Contenders {
			players = append(players, player{
				subject: subject{c.Name, scripted, contest.WorkStream, handles},
				first:   contest.Round{Work: contest.WorkAttach, N: handles},
				round:   contest.Round{Work: contest.WorkStream, Handles: handles},
			})
		}
		if err := m.prepared(players); err != nil {
			return err
		}
	}
	return nil
}

// routing measures the same events with few and with many handles in turn, and
// what the floor needs for them.
func (m *meter) routing() error {
	routes := []subject{{floor, scripted, contest.WorkRoute, m.scale.Routed[0]}}
	for _, handles := range m.scale.Routed {
		routes = append(routes, subject{ours, scripted, contest.WorkRoute, handles})
	}
	var players []player
	for _, what := range routes {
		players = append(players, player{
			subject: what,
			first:   contest.Round{Work: contest.WorkIdle, N: what.Size},
			round:   contest.Round{Work: contest.WorkRoute},
		})
	}
	return m.prepared(players)
}

// variants measures what parsing adds to events, and what hooks add to events and
// requests.
func (m *meter) variants() error {
	var events, requests []player
	for _, name := range []string{floor, ours, typed, traced} {
		events = append(events, player{
			subject: subject{name, scripted, workVariantEvents, variantHandles},
			first:   contest.Round{Work: contest.WorkAttach, N: variantHandles},
			round:   contest.Round{Work: contest.WorkStream, Handles: variantHandles},
		})
	}
	for _, name := range []string{floor, ours, traced} {
		requests = append(requests, player{
			subject: subject{name, scripted, workVariantRequests, variantInFlight},
			round:   contest.Round{Work: contest.WorkKeepAlive, InFlight: variantInFlight},
		})
	}
	if err := m.prepared(events); err != nil {
		return err
	}
	return m.prepared(requests)
}

// gateways measures several gateways in one process, with the same number of
// handles in all, or as many requests in flight on each.
func (m *meter) gateways() error {
	var events, requests []player
	for _, name := range []string{floor, ours} {
		for _, gateways := range m.scale.Gateways {
			events = append(events, player{
				subject: subject{name, scripted, workGatewayEvents, gateways},
				first:   contest.Round{Work: contest.WorkAttach, N: gatewayHandles, Gateways: gateways},
				round:   contest.Round{Work: contest.WorkStream, Handles: gatewayHandles, Gateways: gateways},
			})
			requests = append(requests, player{
				subject: subject{name, scripted, workGatewayRequests, gateways},
				round:   contest.Round{Work: contest.WorkKeepAlive, InFlight: gatewayInFlight, Gateways: gateways},
			})
		}
	}
	if err := m.prepared(events); err != nil {
		return err
	}
	return m.prepared(requests)
}

// prepared has players take turns, each in a process of its own that has done its
// first round, if there is one.
func (m *meter) prepared(players []player) (err error) {
	var started []player
	defer func() { err = closeAll(started, err) }()
	for _, p := range players {
		p.client, err = m.stage.start(m.ctx, *m.stage.contender(p.subject.Contender), p.subject.Server)
		if err != nil {
			return err
		}
		started = append(started, p)
		if p.first.Work == "" {
			continue
		}
		if _, err := p.client.Do(p.first); err != nil {
			return err
		}
	}
	return m.alternate(started)
}

// idleHandles measures what handles hold that nothing happens to.
func (m *meter) idleHandles() error {
	for _, c := range m.stage.Contenders {
		if c.Name == floor {
			continue // it has none
		}
		for _, handles := range m.scale.Idle {
			if err := m.once(c, contest.Round{Work: contest.WorkIdle, N: handles}); err != nil {
				return err
			}
		}
	}
	return nil
}

// idleSessions measures what sessions hold that nothing happens to. Peers that
// cannot have that many are left out, and named.
func (m *meter) idleSessions() error {
	contenders := []contender{*m.stage.contender(kept)}
	for _, c := range m.stage.Contenders {
		if c.Name != floor { // it has none
			contenders = append(contenders, c)
		}
	}
	for _, c := range contenders {
		round := contest.Round{Work: contest.WorkSessions, N: m.scale.IdleSessions}
		err := m.once(c, round)
		if err != nil && (c.own || m.ctx.Err() != nil) {
			return err
		}
		if err != nil {
			m.stage.problem(subject{c.Name, scripted, round.Work, round.N}, err)
		}
	}
	return nil
}

// keptSessions counts what keeping sessions alive takes.
func (m *meter) keptSessions() error {
	return m.once(*m.stage.contender(ours), contest.Round{Work: contest.WorkKeep, N: m.scale.Sessions})
}

// once does one round in a process that is new.
func (m *meter) once(c contender, round contest.Round) error {
	client, err := m.stage.start(m.ctx, c, scripted)
	if err != nil {
		return err
	}
	result, err := client.Do(round)
	if err == nil {
		m.found[subject{c.Name, scripted, round.Work, round.N}] = []contest.Result{result}
	}
	return firstError(err, client.Close())
}

// alternate has the players do their rounds in turn, and all again if the figures
// are noisy. A peer that fails is left out, and named.
func (m *meter) alternate(players []player) error {
	n, err := m.calibrate(players)
	if err != nil {
		return err
	}
	var last time.Duration // that the rounds took
	failed := make(map[subject]bool)
	found, err := quiet(func() (figures, error) {
		start := time.Now()
		defer func() { last = time.Since(start) }()
		return m.rounds(players, n, failed)
	}, func() bool { return m.mayRepeat(last) })
	for what, results := range found {
		if !failed[what] {
			m.found[what] = results
		}
	}
	return err
}

// mayRepeat reports whether there is time for something that takes as long as
// given, and takes this time from what is left for the part.
func (m *meter) mayRepeat(takes time.Duration) bool {
	if m.repeating+takes > m.scale.Repeating {
		return false
	}
	m.repeating += takes
	m.stretches[len(m.stretches)-1].Repeats++
	return true
}

// rounds has the players do their rounds of n requests or events in turn, after one
// to warm up.
func (m *meter) rounds(players []player, n int, failed map[subject]bool) (figures, error) {
	found := make(figures)
	for i := range m.scale.Rounds + 1 {
		for _, p := range players {
			if failed[p.subject] {
				continue
			}
			p.round.N = n
			result, err := p.client.Do(p.round)
			switch {
			case err == nil && i > 0:
				found[p.subject] = append(found[p.subject], result)
			case err != nil && (m.stage.contender(p.subject.Contender).own || m.ctx.Err() != nil):
				return nil, err
			case err != nil:
				failed[p.subject] = true
				delete(found, p.subject)
				m.stage.problem(p.subject, err)
			}
		}
	}
	return found, nil
}

// problem names what a peer could not do.
func (s *stage) problem(what subject, err error) {
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	s.Problems = append(s.Problems, fmt.Sprintf("%s, %s with the %s server: %v", what.Contender, what.Work, what.Server, err))
}

// minimum is the least number of requests, events or connections in a round.
var minimum = map[string]int{
	contest.WorkKeepAlive: 200,
	contest.WorkMessage:   200,
	contest.WorkStream:    500,
	contest.WorkRoute:     500,
	contest.WorkConnect:   5,
}

// calibrate finds out with how many requests or events a round of the floor
// takes as long as it should.
func (m *meter) calibrate(players []player) (int, error) {
	for _, p := range players {
		if p.subject.Contender != floor {
			continue
		}
		p.round.N = minimum[p.round.Work]
		result, err := p.client.Do(p.round)
		if err != nil {
			return 0, err
		}
		n := int(float64(m.scale.Round) / result.WallNs * float64(p.round.N))
		return min(max(n, p.round.N), 100*p.round.N), nil
	}
	return 0, errors.New("nothing to compare with")
}
