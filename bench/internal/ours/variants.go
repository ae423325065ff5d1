package ours

//lint:file-ignore SA1019 the library measured is built on this module

import (
	"context"
	"sync/atomic"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/cameronelliott/janus-go/trace"

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

// DialTraced is Dial, with hooks that count requests and events.
func DialTraced(ctx context.Context, url string) (contest.Client, error) {
	return dial(ctx, url, &janus.DialOptions{Trace: new(counters).trace()}, untyped)
}

// counters are what the hooks of a small program for metrics count.
type counters struct{ started, ended, failed, delivered, dropped atomic.Int64 }

func (c *counters) trace() *janus.Trace {
	return &janus.Trace{
		RequestStart: func(ctx context.Context, _ trace.Request) context.Context {
			c.started.Add(1)
			return ctx
		},
		RequestEnd: func(_ context.Context, _ trace.Request, result trace.Result) {
			c.ended.Add(1)
			if result.Err != nil {
				c.failed.Add(1)
			}
		},
		EventDelivered: func(trace.Event) { c.delivered.Add(1) },
		EventDropped:   func(d trace.Drop) { c.dropped.Add(int64(d.Count)) },
	}
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
