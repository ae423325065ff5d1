package sip_test

import (
	"encoding/json"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/sip"
)

// whole is an event with what is beside its result, as Janus sends it.
type whole struct {
	*plugin.Meta
	event sip.Event
}

func (w whole) MarshalJSON() ([]byte, error) {
	data := map[string]any{"sip": "event", "call_id": sip.CallID(w.event), "result": w.event}
	switch event := w.event.(type) {
	case *sip.Registered:
		data["unique_id"] = event.UniqueID
	case *sip.Unregistered:
		data["unique_id"] = event.UniqueID
	}
	return json.Marshal(data)
}

// lost returns the members of what Janus sent that event does not hold.
func lost(event sip.Event) []string {
	var raw struct {
		CallID any            `json:"call_id"`
		Result map[string]any `json:"result"`
	}
	_ = json.Unmarshal(event.EventMeta().Raw, &raw)
	var ignore []string
	if id, ok := raw.Result["call_id"]; ok && id != raw.CallID {
		ignore = append(ignore, "call_id") // the one in the result counts
	}
	var paths []string
	for _, path := range plugtest.Lost(whole{event.EventMeta(), event}, ignore...) {
		if path != ".result.event = "+kindOf(raw.Result) {
			paths = append(paths, path)
		}
	}
	return paths
}

func kindOf(result map[string]any) string {
	kind, _ := result["event"].(string)
	return kind
}

// checkLossless fails the test if event does not hold all that Janus sent.
func checkLossless(t testing.TB, event sip.Event) {
	t.Helper()
	if unknown, ok := event.(*plugin.Unknown); ok {
		t.Errorf("unknown event %s: %v", unknown.Raw, unknown.Err)
		return
	}
	for _, path := range lost(event) {
		t.Errorf("%T does not hold %s of %s", event, path, event.EventMeta().Raw)
	}
}

// parse parses a message that must be an event of the plugin, and checks that
// nothing of it is lost.
func parse(t testing.TB, msg any) sip.Event {
	t.Helper()
	event, ok := sip.Parse(msg)
	if !ok {
		t.Fatalf("%T %v is not an event of the plugin", msg, msg)
	}
	checkLossless(t, event)
	if message := msg.(*janus.EventMsg); event.EventMeta().Transaction != message.Transaction {
		t.Errorf("the transaction is %q, want %q", event.EventMeta().Transaction, message.Transaction)
	}
	return event
}
