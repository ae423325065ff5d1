package admin

import (
	"context"
	"math"
	"time"
)

// ListHandles returns the ids of a session's handles, in no order (list_handles).
func (c *Client) ListHandles(ctx context.Context, session uint64) ([]uint64, error) {
	var a struct{ Handles []uint64 }
	err := c.onSession(ctx, "list_handles", session, nil, &a)
	return a.Handles, err
}

// DestroySession ends a session with its handles (destroy_session). Its client is
// not told on a websocket, but its next request fails with
// janus.ErrorSessionNotFound. Event handlers get an event.
func (c *Client) DestroySession(ctx context.Context, session uint64) error {
	return c.onSession(ctx, "destroy_session", session, nil, nil)
}

// GlobalTimeout, as the timeout of SetSessionTimeout, makes a session use the
// server's timeout again.
const GlobalTimeout time.Duration = -1

// SetSessionTimeout sets how long one session lives without requests
// (set_session_timeout). It is rounded up to whole seconds, at most 2^31-1. 0 means forever,
// and GlobalTimeout means the timeout of SetGlobalSessionTimeout or the configuration.
func (c *Client) SetSessionTimeout(ctx context.Context, session uint64, timeout time.Duration) error {
	const name = "set_session_timeout"
	seconds := int64(-1)
	if timeout != GlobalTimeout {
		var err error
		if seconds, err = units(timeout, time.Second, math.MaxInt32); err != nil {
			return invalid(name, err)
		}
	}
	return c.onSession(ctx, name, session, members{"timeout": seconds}, nil)
}
