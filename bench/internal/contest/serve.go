package contest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// player does rounds with one contender.
type player struct {
	ctx     context.Context
	dial    Dial
	url     string
	clients []Client // at least one; more after a round with several connections
	extra   []Client // connected in a round
	kept    Kept
}

// Serve connects a contender to url, answers with an empty Result, and then
// does the rounds that come on in, one JSON object a line, answering each with
// its Result on out, until in ends.
func Serve(ctx context.Context, dial Dial, url string, in io.Reader, out io.Writer) (err error) {
	client, err := dial(ctx, url)
	if err != nil {
		return err
	}
	p := &player{ctx: ctx, dial: dial, url: url, clients: []Client{client}}
	defer func() { err = errors.Join(err, p.close()) }()
	results := json.NewEncoder(out)
	if err := results.Encode(Result{}); err != nil {
		return err
	}
	rounds := json.NewDecoder(in)
	for {
		var r Round
		if err := rounds.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := results.Encode(p.play(r)); err != nil {
			return err
		}
	}
}

// play does a round. What comes after the work is not measured.
func (p *player) play(r Round) Result {
	result, err := r.measure(func() error { return p.share(r) })
	for _, c := range p.extra {
		err = errors.Join(err, c.Close())
	}
	p.extra = nil
	if err != nil {
		result.Error = err.Error()
	}
	result.Kept = p.kept
	return result
}

// close ends the connections.
func (p *player) close() error {
	var errs []error
	for _, c := range p.clients {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// share does a round with as many connections as it is for, all at once. It
// makes those that are missing.
func (p *player) share(r Round) error {
	if r.Gateways <= 1 {
		return p.work(p.clients[0], r)
	}
	for len(p.clients) < r.Gateways {
		c, err := p.dial(p.ctx, p.url)
		if err != nil {
			return err
		}
		p.clients = append(p.clients, c)
	}
	errs := make([]error, r.Gateways)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() { errs[i] = p.work(p.clients[i], r.share(i)) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// work does a round with c.
func (p *player) work(c Client, r Round) error {
	switch r.Work {
	case WorkKeepAlive:
		return c.KeepAlives(r.N, r.InFlight)
	case WorkMessage:
		return c.Messages(r.N, r.InFlight)
	case WorkAttach, WorkIdle:
		return c.Attach(r.N, r.Work == WorkAttach)
	case WorkStream:
		return c.Stream(r.N, r.Handles)
	case WorkRoute:
		return c.Route(r.N)
	case WorkConnect:
		return Spread(r.N, 1, p.connect)
	case WorkKeep:
		return p.keep(c, r.N)
	case WorkSessions:
		if creator, ok := c.(Creator); ok {
			return creator.Create(r.N)
		}
		return errors.ErrUnsupported
	}
	return fmt.Errorf("unknown work %q", r.Work)
}

// connect makes one connection more, with a session.
func (p *player) connect() error {
	c, err := p.dial(p.ctx, p.url)
	if err == nil {
		p.extra = append(p.extra, c)
	}
	return err
}

func (p *player) keep(c Client, n int) (err error) {
	keeper, ok := c.(Keeper)
	if !ok {
		return errors.ErrUnsupported
	}
	p.kept, err = keeper.Keep(p.url, n)
	return err
}
