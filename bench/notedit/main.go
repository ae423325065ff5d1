//go:build ignore

// This program is the contender github.com/notedit/janus-go. It is built by
// cmd/report where fetch-peers could fetch that module:
//
//	go build -mod=mod -modfile=peers/notedit/build.mod ./notedit/main.go
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sync"

	janus "github.com/notedit/janus-go"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

func main() {
	url := flag.String("url", "", "the server's URL")
	flag.Parse()
	// This client prints errors, and goes on to ping connections that are closed.
	results := os.Stdout
	os.Stdout = nil
	log.SetOutput(io.Discard)
	if err := contest.Serve(context.Background(), dial, *url, os.Stdin, results); err != nil {
		fmt.Fprintln(os.Stderr, "notedit:", err)
		os.Exit(1)
	}
}

type client struct {
	gateway *janus.Gateway
	session *janus.Session
	echo    *janus.Handle
	pending *contest.Countdown

	mu      sync.Mutex
	handles []*janus.Handle
}

func dial(_ context.Context, url string) (contest.Client, error) {
	gateway, err := janus.Connect(url)
	if err != nil {
		return nil, err
	}
	session, err := gateway.Create()
	if err != nil {
		return nil, err
	}
	return &client{gateway: gateway, session: session, pending: contest.NewCountdown()}, nil
}

func (c *client) KeepAlives(n, inFlight int) error {
	return contest.Spread(n, inFlight, func() error {
		_, err := c.session.KeepAlive()
		return err
	})
}

func (c *client) Messages(n, inFlight int) (err error) {
	if c.echo == nil {
		if c.echo, err = c.session.Attach(contest.EchoTest); err != nil {
			return err
		}
	}
	return contest.Spread(n, inFlight, func() error {
		_, err := c.echo.Message(contest.Message{Audio: true}, nil)
		return err
	})
}

func (c *client) Attach(n int, read bool) error {
	return contest.Attach(n, func() error {
		handle, err := c.session.Attach(contest.VideoRoom)
		if err != nil {
			return err
		}
		if read {
			go c.read(handle)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.handles = append(c.handles, handle)
		return nil
	})
}

func (c *client) read(handle *janus.Handle) {
	for range handle.Events {
		c.pending.Read()
	}
}

func (c *client) Stream(events, handles int) error {
	if len(c.handles) == 0 {
		return contest.ErrNoHandle
	}
	c.pending.Start(events)
	body := contest.Body{Request: contest.Stream, Events: events, Handles: handles}
	if _, err := c.handles[0].Request(body); err != nil {
		return err
	}
	return c.pending.Wait()
}

// Route is not for this client: its events are not in their channels when the
// reply behind them comes.
func (c *client) Route(int) error { return errors.ErrUnsupported }

// Create creates n more sessions.
func (c *client) Create(n int) error {
	return contest.Attach(n, func() error {
		_, err := c.gateway.Create()
		return err
	})
}

func (c *client) Close() error { return c.gateway.Close() }
