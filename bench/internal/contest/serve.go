package contest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// player does rounds with one contender.
type player struct {
	ctx    context.Context
	dial   Dial
	url    string
	client Client
	extra  []Client // connected in a round
	kept   Kept
}

// Serve connects a contender to url, answers with an empty Result, and then
// does the rounds that come on in, one JSON object a line, answering each with
// its Result on out, until in ends.
func Serve(ctx context.Context, dial Dial, url string, in io.Reader, out io.Writer) (err error) {
	client, err := dial(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	p := &player{ctx: ctx, dial: dial, url: url, client: client}
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
	result, err := r.measure(func() error { return p.work(r) })
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

func (p *player) work(r Round) error {
	switch r.Work {
	case WorkKeepAlive:
		return p.client.KeepAlives(r.N, r.InFlight)
	case WorkMessage:
		return p.client.Messages(r.N, r.InFlight)
	case WorkAttach, WorkIdle:
		return p.client.Attach(r.N, r.Work == WorkAttach)
	case WorkStream:
		return p.client.Stream(r.N, r.Handles)
	case WorkRoute:
		return p.client.Route(r.N)
	case WorkConnect:
		return Spread(r.N, 1, p.connect)
	case WorkKeep:
		return p.keep(r.N)
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

func (p *player) keep(n int) (err error) {
	keeper, ok := p.client.(Keeper)
	if !ok {
		return errors.ErrUnsupported
	}
	p.kept, err = keeper.Keep(p.url, n)
	return err
}
