package plugin_test

import (
	"errors"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
)

// The events of all plugins that have no type of their own.
var (
	_ plugin.Event = (*plugin.Unknown)(nil)
	_ plugin.Event = (*plugin.Failure)(nil)
)

func TestEventMetaIsThatOfTheEvent(t *testing.T) {
	unknown, failure := &plugin.Unknown{}, &plugin.Failure{}
	for _, event := range []plugin.Event{unknown, failure} {
		event.EventMeta().Transaction = "t"
		event.EventMeta().Raw = []byte(`{}`)
	}
	if unknown.Transaction != "t" || string(failure.Raw) != "{}" {
		t.Errorf("got %+v and %+v", unknown, failure)
	}
}

func TestFailureHasThePluginError(t *testing.T) {
	failure := &plugin.Failure{Err: &janus.PluginError{Plugin: "janus.plugin.x", Code: 7, Reason: "no"}}
	var err error = failure.Err
	if !errors.Is(err, code{"janus.plugin.x", 7}) {
		t.Error("the error does not match its code")
	}
	for _, other := range []code{{"janus.plugin.x", 8}, {"janus.plugin.y", 7}} {
		if errors.Is(err, other) {
			t.Errorf("the error matches %v", other)
		}
	}
}

// code is an error code of a plugin package.
type code struct {
	plugin string
	code   int
}

func (c code) Error() string             { return c.plugin }
func (c code) PluginCode() (string, int) { return c.plugin, c.code }
