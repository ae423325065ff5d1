package plug

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// ResultEvent returns the member "event" of the member "result" of the data of
// msg, by which some plugins tell their messages apart, or "" if there is none.
func ResultEvent(msg *janus.EventMsg) string {
	result, _ := msg.Plugindata.Data["result"].(map[string]any)
	event, _ := result["event"].(string)
	return event
}

// DecodeResult decodes the member "result" of the plugin's data of msg into
// event and fills its Meta.
func DecodeResult(msg *janus.EventMsg, event plugin.Event) error {
	meta := Meta(msg)
	if meta.Raw == nil {
		return errors.New("no data")
	}
	data := struct {
		Result any `json:"result"`
	}{event}
	if err := json.Unmarshal(meta.Raw, &data); err != nil {
		return err
	}
	*event.EventMeta() = meta
	return nil
}

// Expect sends the request and parses its answer, which must be a T.
func Expect[T any, P interface {
	*T
	plugin.Event
}](ctx context.Context, c plugin.Caller, r *Request, parse func(any) (plugin.Event, bool)) (P, error) {
	event, err := Ask(ctx, c, r, parse)
	if err != nil {
		return nil, err
	}
	answer, ok := event.(P)
	if !ok {
		return nil, fmt.Errorf("%s: %s: answer not understood: %w", r.Plugin, r.Name, unexpected(event))
	}
	return answer, nil
}

// unexpected returns what is wrong with an event that is not the answer
// expected.
func unexpected(event plugin.Event) error {
	if unknown, ok := event.(*plugin.Unknown); ok && unknown.Err != nil {
		return unknown.Err
	}
	return fmt.Errorf("it is a %T", event)
}
