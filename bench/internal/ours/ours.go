// Package ours is the contender that all is about: this library's client.
package ours

//lint:file-ignore SA1019 the library measured is built on this module

import (
	"context"
	"errors"
	"sync"

	janus "github.com/cameronelliott/janus-go"
	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

type client struct {
	ctx     context.Context
	gateway *janus.Gateway
	session *janus.Session
	isEvent func(msg any) bool

	echo    *janus.Handle
	pending *contest.Countdown

	mu      sync.Mutex
	handles []*janus.Handle // attached for events
	unread  []*janus.Handle // those of them whose events nobody reads
}

// Dial connects with the default options.
func Dial(ctx context.Context, url string) (contest.Client, error) {
	return dial(ctx, url, nil, untyped)
}

// dial connects. isEvent is what readers do with each message, and reports
// whether it is an event.
func dial(ctx context.Context, url string, opts *janus.DialOptions, isEvent func(any) bool) (contest.Client, error) {
	gateway, _, err := janus.Dial(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		return nil, err
	}
	return &client{ctx: ctx, gateway: gateway, session: session, isEvent: isEvent, pending: contest.NewCountdown()}, nil
}

func (c *client) KeepAlives(n, inFlight int) error {
	return contest.Spread(n, inFlight, func() error {
		_, err := c.session.KeepAlive(c.ctx, "")
		return err
	})
}

func (c *client) Messages(n, inFlight int) error {
	if c.echo == nil {
		handle, err := c.session.Attach(c.ctx, "", contest.EchoTest)
		if err != nil {
			return err
		}
		c.echo = handle
	}
	return contest.Spread(n, inFlight, func() error {
		_, err := c.echo.Message(c.ctx, "", contest.Message{Audio: true}, nil)
		return err
	})
}

func (c *client) Attach(n int, read bool) error {
	defer func() { contest.Shuffle(c.unread) }()
	return contest.Attach(n, func() error {
		handle, err := c.session.Attach(c.ctx, "", contest.VideoRoom)
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.handles = append(c.handles, handle)
		if read {
			go c.read(handle)
		} else {
			c.unread = append(c.unread, handle)
		}
		return nil
	})
}

// read counts a handle's events. What was dropped is not counted, so that the
// stream's end is not reached.
func (c *client) read(handle *janus.Handle) {
	for msg := range handle.Events {
		if c.isEvent(msg) {
			c.pending.Read()
		}
	}
}

func (c *client) Stream(events, handles int) error {
	c.pending.Start(events)
	if err := c.request(contest.Body{Request: contest.Stream, Events: events, Handles: handles}); err != nil {
		return err
	}
	return c.pending.Wait()
}

// Route reads the events of a burst once the reply behind them has come: they
// are all in their channels by then.
func (c *client) Route(events int) error {
	for burst := range contest.Bursts(events, len(c.unread)) {
		to := make([]uint64, len(burst))
		for i, handle := range burst {
			to[i] = c.unread[handle].ID
		}
		if err := c.request(contest.Body{Request: contest.Burst, To: to}); err != nil {
			return err
		}
		for _, handle := range burst {
			if _, ok := (<-c.unread[handle].Events).(*janus.EventMsg); !ok {
				return errors.New("not an event")
			}
		}
	}
	return nil
}

// request sends a message to the first handle.
func (c *client) request(body contest.Body) error {
	if len(c.handles) == 0 {
		return contest.ErrNoHandle
	}
	_, err := c.handles[0].Request(c.ctx, "", body)
	return err
}

func (c *client) Close() error { return c.gateway.Close(websocket.StatusNormalClosure, "") }
