package rtc

import (
	"context"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
)

// Message sends a message to the plugin of a handle, and returns its answer
// unless that reports an error.
func Message(ctx context.Context, handle *janus.Handle, body, jsep any) (*janus.EventMsg, error) {
	reply, err := handle.Message(ctx, "", body, jsep)
	if err != nil {
		return nil, fmt.Errorf("send a message: %w", err)
	}
	if err := reply.Plugindata.Err(); err != nil {
		return nil, err
	}
	return reply, nil
}
