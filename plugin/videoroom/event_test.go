package videoroom_test

import (
	"reflect"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

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
		reflect.TypeFor[*videoroom.RoomExists](), reflect.TypeFor[*videoroom.AllowedTokens](), reflect.TypeFor[*videoroom.RecordingEnabled](),
		reflect.TypeFor[*videoroom.Participants](), reflect.TypeFor[*videoroom.RTPForwarding](), reflect.TypeFor[*videoroom.RTPForwardStopped](),
		reflect.TypeFor[*videoroom.Forwarders](), reflect.TypeFor[*videoroom.PublishedRemotely](), reflect.TypeFor[*videoroom.UnpublishedRemotely](),
		reflect.TypeFor[*videoroom.Remotes](), reflect.TypeFor[*videoroom.RemotePublisherAdded](), reflect.TypeFor[*videoroom.Success](),
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
