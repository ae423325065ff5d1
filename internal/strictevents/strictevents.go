// Package strictevents lets tests fail if package eventhandler does not hold all
// of an event that Janus has sent.
package strictevents

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
)

// Check fails the test if an event is Unknown, if it has a member that its struct
// does not have, or if a value was lost.
func Check(t testing.TB, event eventhandler.Event) {
	t.Helper()
	if unknown, ok := event.Body.(*eventhandler.Unknown); ok {
		t.Errorf("unknown event %s: %v", event.Raw, unknown.Err)
		return
	}
	for _, path := range lostOfEnvelope(event) {
		t.Errorf("the event does not hold %s of %s", path, event.Raw)
	}
	var raw struct{ Event json.RawMessage }
	if err := json.Unmarshal(event.Raw, &raw); err != nil {
		t.Error(err)
		return
	}
	var lost []string
	for _, body := range bodies(t, raw.Event) {
		if lost = lostOfBody(t, event.Body, body); len(lost) == 0 {
			return
		}
	}
	for _, path := range lost {
		t.Errorf("%T does not hold %s of %s", event.Body, path, event.Raw)
	}
}

// lossless is a value that should hold all of Meta.Raw.
type lossless struct {
	*plugin.Meta
	value any
}

// MarshalJSON implements json.Marshaler.
func (l lossless) MarshalJSON() ([]byte, error) { return json.Marshal(l.value) }

// lostOf returns the paths of the members of raw that value does not hold.
func lostOf(raw json.RawMessage, value any, ignore ...string) []string {
	return plugtest.Lost(lossless{&plugin.Meta{Raw: raw}, value}, ignore...)
}

func lostOfEnvelope(event eventhandler.Event) []string {
	held := map[string]any{
		"emitter": event.Emitter, "type": event.Type, "subtype": event.Subtype,
		"timestamp":  event.Timestamp.UnixMicro(),
		"session_id": event.Session, "handle_id": event.Handle, "opaque_id": event.OpaqueID,
	}
	return lostOf(event.Raw, held, "event")
}

// bodies returns the members of combined statistics, and otherwise body alone.
func bodies(t testing.TB, body json.RawMessage) []json.RawMessage {
	t.Helper()
	if !bytes.HasPrefix(body, []byte("[")) {
		return []json.RawMessage{body}
	}
	var members []json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Error(err)
	}
	return members
}

func lostOfBody(t testing.TB, body eventhandler.Body, raw json.RawMessage) []string {
	t.Helper()
	var core struct{ Info json.RawMessage }
	if err := json.Unmarshal(raw, &core); err != nil {
		t.Error(err)
	}
	switch body := body.(type) {
	case *eventhandler.ServerStarted:
		info, err := json.Marshal(body.Info)
		if err != nil {
			t.Error(err)
		}
		// Some members of InfoMsg have no tags.
		return lostOf(lowerNames(t, core.Info), lowerNames(t, info), "janus")
	case *eventhandler.ServerUpdate:
		return lostOf(core.Info, body)
	}
	return lostOf(raw, body, "status")
}

// lowerNames returns an object with the names of its members in lower case.
func lowerNames(t testing.TB, raw json.RawMessage) json.RawMessage {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Error(err)
	}
	lowered, err := json.Marshal(lower(object))
	if err != nil {
		t.Error(err)
	}
	return lowered
}

func lower(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	lowered := make(map[string]any, len(object))
	for name, member := range object {
		lowered[strings.ToLower(name)] = lower(member)
	}
	return lowered
}
