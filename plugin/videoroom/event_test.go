package videoroom_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

func sprintf(format string, v any) string { return fmt.Sprintf(format, v) }

// kinds are the types of all answers and events.
func kinds() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[*videoroom.Destroyed](), reflect.TypeFor[*videoroom.Talking](), reflect.TypeFor[*videoroom.StoppedTalking](),
		reflect.TypeFor[*videoroom.SlowLink](), reflect.TypeFor[*videoroom.Updated](), reflect.TypeFor[*videoroom.Published](),
		reflect.TypeFor[*videoroom.Joining](), reflect.TypeFor[*videoroom.Left](), reflect.TypeFor[*videoroom.Kicked](),
		reflect.TypeFor[*videoroom.SelfKicked](), reflect.TypeFor[*videoroom.Unpublished](), reflect.TypeFor[*videoroom.Moderated](),
		reflect.TypeFor[*videoroom.DisplayChanged](), reflect.TypeFor[*videoroom.MetadataChanged](),
		reflect.TypeFor[*videoroom.SubstreamChanged](), reflect.TypeFor[*videoroom.TemporalChanged](),
		reflect.TypeFor[*videoroom.SpatialLayerChanged](), reflect.TypeFor[*videoroom.TemporalLayerChanged](),

		reflect.TypeFor[*videoroom.Joined](), reflect.TypeFor[*videoroom.Configured](), reflect.TypeFor[*videoroom.SelfUnpublished](),
		reflect.TypeFor[*videoroom.SelfLeft](), reflect.TypeFor[*videoroom.Attached](), reflect.TypeFor[*videoroom.Started](),
		reflect.TypeFor[*videoroom.Paused](), reflect.TypeFor[*videoroom.Updating](), reflect.TypeFor[*videoroom.Switched](),
		reflect.TypeFor[*videoroom.SubscriberLeft](),

		reflect.TypeFor[*videoroom.Created](), reflect.TypeFor[*videoroom.Edited](), reflect.TypeFor[*videoroom.Rooms](),
		reflect.TypeFor[*videoroom.Existence](), reflect.TypeFor[*videoroom.AllowedTokens](), reflect.TypeFor[*videoroom.Recording](),
		reflect.TypeFor[*videoroom.Participants](), reflect.TypeFor[*videoroom.RTPForwarded](), reflect.TypeFor[*videoroom.RTPForwardStopped](),
		reflect.TypeFor[*videoroom.Forwarders](), reflect.TypeFor[*videoroom.PublishedRemotely](), reflect.TypeFor[*videoroom.UnpublishedRemotely](),
		reflect.TypeFor[*videoroom.Remotes](), reflect.TypeFor[*videoroom.RemotePublisherAdded](), reflect.TypeFor[*videoroom.Success](),
	}
}

// Every sample becomes an event of the right type, which holds all of it; and
// there is a sample of every kind.
func TestParse(t *testing.T) {
	feed := plugtest.NewFeed(t, videoroom.Name)
	pushed, parsed := map[string]bool{}, map[reflect.Type]bool{}
	for _, sample := range plugtest.Samples(t) {
		msg := feed.Message(t, sample.Frame)
		event, ok := videoroom.Parse(msg)
		if !ok || reflect.TypeOf(event).String() != sample.Event {
			t.Errorf("%s became %T %v, want %s", sample.Frame, event, event, sample.Event)
			continue
		}
		parsed[reflect.TypeOf(event)] = true
		if event.EventMeta().Transaction == "" {
			pushed[strings.TrimPrefix(sample.Event, "*videoroom.")] = true
		}
		if _, failed := event.(*plugin.Failure); !failed {
			plugtest.CheckLossless(t, event, discriminators(event)...)
		}
	}
	for _, kind := range kinds() {
		if !parsed[kind] {
			t.Errorf("there is no sample of %v", kind)
		}
	}
	want := readCoverage(t).Events
	if len(want) != eventCount {
		t.Errorf("there are %d kinds of events, want %d", len(want), eventCount)
	}
	for _, name := range want {
		if !pushed[name] {
			t.Errorf("there is no sample of %s without a transaction", name)
		}
	}
	for name := range pushed {
		if !slices.Contains(want, name) && name != "*plugin.Failure" {
			t.Errorf("%s is not among the events", name)
		}
	}
}

// A message that cannot be understood is Unknown and keeps its data.
func TestParseUnknown(t *testing.T) {
	feed := plugtest.NewFeed(t, videoroom.Name)
	for _, test := range []struct {
		data    string
		decoded bool // its kind is known
	}{
		{`{"videoroom":"new"}`, false},
		{`{"videoroom":"event","new":1}`, false},
		{`{"videoroom":"event","room":1.5,"leaving":1}`, true},
		{`{"videoroom":"event","joining":"alice"}`, true},
		{`{"videoroom":1}`, false},
		{`{}`, false},
	} {
		msg := feed.Event(t, videoroom.Name, []byte(test.data))
		event, ok := videoroom.Parse(msg)
		unknown, isUnknown := event.(*plugin.Unknown)
		if !ok || !isUnknown {
			t.Errorf("%s became %T", test.data, event)
			continue
		}
		if (unknown.Err != nil) != test.decoded || string(unknown.Raw) != test.data {
			t.Errorf("%s became %s with %v", test.data, unknown.Raw, unknown.Err)
		}
	}
	for _, msg := range []any{nil, &janus.HangupMsg{}, &janus.EventMsg{}, feed.Event(t, "janus.plugin.other", []byte(`{"videoroom":"event"}`))} {
		if event, ok := videoroom.Parse(msg); ok {
			t.Errorf("%v became %T", msg, event)
		}
	}
}

// Every error code has a constant, which errors.Is finds for this plugin only.
func TestErrorCodes(t *testing.T) {
	codes := []videoroom.ErrorCode{
		videoroom.ErrorNoMessage, videoroom.ErrorInvalidJSON, videoroom.ErrorInvalidRequest, videoroom.ErrorJoinFirst,
		videoroom.ErrorAlreadyJoined, videoroom.ErrorNoSuchRoom, videoroom.ErrorRoomExists, videoroom.ErrorNoSuchFeed,
		videoroom.ErrorMissingElement, videoroom.ErrorInvalidElement, videoroom.ErrorInvalidSDPType, videoroom.ErrorPublishersFull,
		videoroom.ErrorUnauthorized, videoroom.ErrorAlreadyPublished, videoroom.ErrorNotPublished, videoroom.ErrorIDExists,
		videoroom.ErrorInvalidSDP, videoroom.ErrorInvalidFeed, videoroom.ErrorUnknown,
	}
	var numbers []int
	for _, code := range codes {
		numbers = append(numbers, int(code))
		err := fmt.Errorf("call: %w", &janus.PluginError{Plugin: videoroom.Name, Code: int(code)})
		if !errors.Is(err, code) {
			t.Errorf("%v is not %v", err, code)
		}
		if other := (&janus.PluginError{Plugin: "janus.plugin.other", Code: int(code)}); errors.Is(other, code) {
			t.Errorf("%v is %v", other, code)
		}
	}
	if want := readCoverage(t).Errors; !slices.Equal(numbers, want) || len(want) != errorCount {
		t.Errorf("the codes are %v, want %v", numbers, want)
	}
}
