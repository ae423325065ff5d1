package ours

//lint:file-ignore SA1019 the library measured is built on this module

import (
	"context"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin/videoroom"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

// DialTyped is Dial, but readers of events parse them with package videoroom.
func DialTyped(ctx context.Context, url string) (contest.Client, error) {
	return dial(ctx, url, nil, typed)
}

// DialKept is Dial, but the Gateway keeps its sessions alive, as most programs
// have it do.
func DialKept(ctx context.Context, url string) (contest.Client, error) {
	return dial(ctx, url, &janus.DialOptions{KeepAlive: 25 * time.Second}, untyped)
}

func untyped(msg any) bool {
	_, ok := msg.(*janus.EventMsg)
	return ok
}

func typed(msg any) bool {
	event, _ := videoroom.Parse(msg)
	_, ok := event.(*videoroom.Published)
	return ok
}

// Create creates n more sessions.
func (c *client) Create(n int) error {
	return contest.Attach(n, func() error {
		_, err := c.gateway.Create(c.ctx, "")
		return err
	})
}
