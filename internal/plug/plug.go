// Package plug has what the typed plugin packages share: it encodes requests and
// decodes answers and events.
//
// A method of a Client makes a Request and passes it to Do if there is one kind of
// answer, to Expect if the answer may be an event or another answer, to Ask if the
// caller gets the one that came, or to Send if the answer says nothing. The Parse
// of a package chooses a struct by the decoded data of a message, with Has, Text
// or ResultEvent, and has Parse decode the data into it once.
package plug

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/wire"
	"github.com/cameronelliott/janus-go/plugin"
)

// Request is a request to a plugin.
type Request struct {
	Plugin string         // for errors: "videoroom"
	Name   string         // the value of "request"; empty if the plugin has no names
	Fields any            // a struct; nil if the request has no fields
	Extra  map[string]any // further fields; they replace those of Fields
	JSEP   any            // nil if there is none
}

// String returns the plugin and the name of the request, for errors.
func (r *Request) String() string {
	if r.Name == "" {
		return r.Plugin
	}
	return r.Plugin + ": " + r.Name
}

// Body returns the JSON of the request.
func (r *Request) Body() (json.RawMessage, error) {
	body := []byte("{}")
	if r.Fields != nil {
		var err error
		if body, err = json.Marshal(r.Fields); err != nil {
			return nil, err
		}
	}
	if len(r.Extra) > 0 {
		var err error
		if body, err = merge(body, r.Extra); err != nil {
			return nil, err
		}
	}
	if r.Name == "" {
		return body, nil
	}
	named := append(make([]byte, 0, len(body)+len(r.Name)+16), `{"request":"`...)
	named = append(append(named, r.Name...), `"}`...)
	return wire.AppendMembers(named, body), nil
}

// merge adds extra members to a JSON object.
func merge(object []byte, extra map[string]any) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	all := make(map[string]any, len(members)+len(extra))
	for key, value := range members {
		all[key] = value
	}
	maps.Copy(all, extra)
	return json.Marshal(all)
}

// Call sends the request and returns its answer.
func (r *Request) Call(ctx context.Context, c plugin.Caller) (*janus.EventMsg, error) {
	body, err := r.Body()
	if err != nil {
		return nil, fmt.Errorf("%v: marshal request: %w", r, err)
	}
	event, err := c.Call(ctx, body, r.JSEP)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", r, err)
	}
	return event, nil
}

// Do sends the request and decodes its answer into a T without checking its kind.
// It is for requests with one kind of answer.
func Do[T any, P interface {
	*T
	plugin.Event
}](ctx context.Context, c plugin.Caller, r *Request) (P, error) {
	event, err := r.Call(ctx, c)
	if err != nil {
		return nil, err
	}
	answer := P(new(T))
	if err := Decode(event, answer); err != nil {
		return nil, fmt.Errorf("%v: answer not understood: %w", r, err)
	}
	return answer, nil
}

// Ask sends the request and parses its answer. It is for requests with several
// kinds of answers, or whose answer may be something else.
func Ask(ctx context.Context, c plugin.Caller, r *Request, parse func(any) (plugin.Event, bool)) (plugin.Event, error) {
	event, err := r.Call(ctx, c)
	if err != nil {
		return nil, err
	}
	answer, ok := parse(event)
	if !ok {
		return nil, fmt.Errorf("%v: the answer is of plugin %q", r, event.Plugindata.Plugin)
	}
	return answer, nil
}

// Send sends the request and ignores what a successful answer says.
func Send(ctx context.Context, c plugin.Caller, r *Request) error {
	_, err := r.Call(ctx, c)
	return err
}

// Decode decodes the plugin's data of msg into event and fills its Meta.
func Decode(msg *janus.EventMsg, event plugin.Event) error {
	meta := Meta(msg)
	if meta.Raw == nil {
		return errors.New("no data")
	}
	if err := json.Unmarshal(meta.Raw, event); err != nil {
		return err
	}
	*event.EventMeta() = meta
	return nil
}

// Meta returns the Meta of a message.
func Meta(msg *janus.EventMsg) plugin.Meta {
	return plugin.Meta{Transaction: msg.Transaction, JSEP: msg.JSEP(), Raw: msg.Plugindata.Raw()}
}

// Parse makes an event of a message of the named plugin, or returns false for
// any other message. kind chooses the event by the plugin's data and returns an
// empty one to decode into, or nil if it does not know the kind. Errors of the
// plugin are Failures, and are not passed to kind.
func Parse(msg any, name string, kind func(msg *janus.EventMsg) plugin.Event) (plugin.Event, bool) {
	return ParseWith(msg, name, kind, Decode)
}

// ParseWith is Parse for plugins whose data is not decoded by Decode.
func ParseWith(msg any, name string, kind func(msg *janus.EventMsg) plugin.Event, decode func(msg *janus.EventMsg, event plugin.Event) error) (plugin.Event, bool) {
	m, ok := msg.(*janus.EventMsg)
	if !ok || m == nil || m.Plugindata.Plugin != name {
		return nil, false
	}
	failure := (*janus.PluginError)(nil)
	if errors.As(m.Plugindata.Err(), &failure) {
		return &plugin.Failure{Meta: Meta(m), Err: failure}, true
	}
	event := kind(m)
	if event == nil {
		return &plugin.Unknown{Meta: Meta(m)}, true
	}
	if err := decode(m, event); err != nil {
		return &plugin.Unknown{Meta: Meta(m), Err: err}, true
	}
	return event, true
}

// Has reports whether the data of msg has a member key.
func Has(msg *janus.EventMsg, key string) bool {
	_, ok := msg.Plugindata.Data[key]
	return ok
}

// Text returns the member key of the data of msg if it is a string.
func Text(msg *janus.EventMsg, key string) string {
	s, _ := msg.Plugindata.Data[key].(string)
	return s
}

// String returns a request for logs: its fields as JSON, with the values of
// secrets masked.
func String(fields any) string {
	raw, err := json.Marshal(fields)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return strings.TrimSpace(string(wire.Mask(raw)))
}
