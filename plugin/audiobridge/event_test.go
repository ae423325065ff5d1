package audiobridge_test

import (
	"reflect"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// Absent is not the same as zero in the fields that are pointers.
func TestParticipantFields(t *testing.T) {
	feed := plugtest.NewFeed(t, audiobridge.Name)
	for data, want := range map[string]audiobridge.Participant{
		`{"id":1,"setup":false,"muted":false}`: {ID: plugin.Num(1)},
		`{"id":"a","display":"A","setup":true,"muted":true,"talking":false,"spatial_position":0,"suspended":true}`: {
			ID: plugin.Str("a"), Display: "A", Setup: true, Muted: true, Talking: ptr(false), SpatialPosition: ptr(0), Suspended: true,
		},
	} {
		event, _ := audiobridge.Parse(feed.Event(t, audiobridge.Name, []byte(`{"audiobridge":"event","room":1,"participants":[`+data+`]}`)))
		updated, ok := event.(*audiobridge.ParticipantUpdated)
		if !ok || len(updated.Participants) != 1 || !reflect.DeepEqual(updated.Participants[0], want) {
			t.Errorf("%s became %+v", data, event)
		}
	}
}
