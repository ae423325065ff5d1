package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/wire"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// Plugin returns a Caller that sends requests to the plugin of this name over the
// Admin API (message_plugin), for On of the typed packages. It needs no session and
// no handle, so it serves only requests that need none: those that manage rooms,
// mountpoints and recordings, and are answered at once. Janus's VideoRoom,
// AudioBridge, Streaming and TextRoom plugins have them, and Record&Play's update.
//
// Other requests, such as a join, fail with the plugin's own error for an unknown
// request and a remark; a request with a jsep fails with janus.ErrNotSent. Janus
// answers janus.ErrorUnknown for plugins that have no such requests (VideoCall, SIP,
// NoSIP), and janus.ErrorPluginNotFound for those that it does not have. EchoTest
// returns the request.
//
// The secret and the admin_key of the plugin are demanded as in the Janus API.
func (c *Client) Plugin(name string) plugin.Caller { return &caller{c, name} }

// caller implements plugin.Caller.
type caller struct {
	client *Client
	name   string // of the plugin
}

// Call implements plugin.Caller.
func (p *caller) Call(ctx context.Context, body, jsep any) (*janus.EventMsg, error) {
	if raw, err := json.Marshal(jsep); err != nil || string(raw) != "null" {
		return nil, invalid("message_plugin", fmt.Errorf("a jsep needs a handle of %s", p.name))
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, invalid("message_plugin", fmt.Errorf("marshal request: %w", err))
	}
	if p.name == textroom.Name {
		raw = withTransaction(raw)
	}
	data, err := p.client.MessagePlugin(ctx, p.name, json.RawMessage(raw))
	if err != nil {
		return nil, err
	}
	event := new(janus.EventMsg)
	message, _ := json.Marshal(map[string]any{"plugin": p.name, "data": data}) // data was received as JSON
	if err := json.Unmarshal(message, &event.Plugindata); err != nil {
		return nil, fmt.Errorf("admin: message_plugin: answer of %s not understood: %w", p.name, err)
	}
	if err := event.Plugindata.Err(); err != nil {
		return event, explain(err)
	}
	return event, nil
}

// withTransaction adds the transaction to a request, which the TextRoom demands
// here, unless it has one.
func withTransaction(body []byte) []byte {
	var has struct{ Transaction json.RawMessage }
	if json.Unmarshal(body, &has) != nil || has.Transaction != nil || len(body) <= len("{}") {
		return body
	}
	return wire.AppendMembers([]byte(`{"transaction":"admin"}`), body)
}

// explain adds a remark to the error of a plugin that does not know a request.
func explain(err error) error {
	var failure *janus.PluginError
	if errors.As(err, &failure) && strings.HasPrefix(failure.Reason, "Unknown request") {
		return fmt.Errorf("%w (over the Admin API, a plugin knows only requests that it answers at once)", err)
	}
	return err
}

// MessagePlugin sends a request to a plugin and returns its answer as it is, without
// looking for an error in it (message_plugin). request is anything that
// encoding/json marshals to an object. See Plugin for the typed requests.
func (c *Client) MessagePlugin(ctx context.Context, plugin string, request any) (json.RawMessage, error) {
	return c.ask(ctx, "message_plugin", "plugin", plugin, request)
}

// ask sends a request to a part of Janus, which is named in a member, and returns
// its answer.
func (c *Client) ask(ctx context.Context, name, member, part string, request any) (json.RawMessage, error) {
	raw, err := json.Marshal(request)
	if err != nil {
		return nil, invalid(name, fmt.Errorf("marshal request: %w", err))
	}
	if string(raw) == "null" {
		raw = []byte("{}") // Janus does not expect that there is none
	}
	var a struct{ Response json.RawMessage }
	if err := c.global(ctx, name, members{member: part, "request": json.RawMessage(raw)}, &a); err != nil {
		return nil, err
	}
	if a.Response == nil {
		return nil, fmt.Errorf("admin: %s: the answer of %s has no response", name, part)
	}
	return a.Response, nil
}
