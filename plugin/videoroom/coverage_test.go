package videoroom_test

import (
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// pkg is the package, for the checks.
var pkg = plugtest.Package{
	Name:  videoroom.Name,
	On:    func(c plugin.Caller) any { return videoroom.On(c) },
	Parse: videoroom.Parse,
	Error: func(code int) error { return videoroom.ErrorCode(code) },
	Check: func(t testing.TB, event plugin.Event) { plugtest.CheckLossless(t, event, discriminators(event)...) },
}

func TestCoverage(t *testing.T) { plugtest.CheckCoverage(t, pkg) }

func TestMethods(t *testing.T) { plugtest.CheckRequests(t, pkg) }

func TestSamples(t *testing.T) { plugtest.CheckSamples(t, pkg) }

func TestCorpus(t *testing.T) { plugtest.CheckCorpus(t, pkg) }

func TestRequestsHideTheirSecrets(t *testing.T) {
	plugtest.CheckSecrets(t, pkg, "Description", "NewDescription", "Display", "AudioCodec", "VideoCodec", "AudioCodecs", "VideoCodecs", "VP9Profile", "H264Profile",
		"RecDir", "NewRecDir", "Filename", "Descriptions", "Streams", "Subscribe", "Unsubscribe", "Action", "Mid", "RemoteID",
		"Host", "HostFamily", "Mcast", "Iface", "Codec", "FMTP")
	plugtest.CheckSecretsOf(t, videoroom.RTPForwardStream{}, "Mid", "Host", "HostFamily")
}

// The ptype tells publishers and subscribers apart.
func TestJoinSendsPType(t *testing.T) {
	recorder := plugtest.NewStandIn(t, videoroom.Name)
	client := videoroom.On(recorder)
	for want, join := range map[string]func() error{
		"publisher": func() error {
			_, err := client.JoinPublisher(t.Context(), videoroom.JoinPublisher{})
			return err
		},
		"subscriber": func() error {
			_, err := client.JoinSubscriber(t.Context(), videoroom.JoinSubscriber{})
			return err
		},
	} {
		if err := join(); err == nil || recorder.Last(t).Body["ptype"] != want {
			t.Errorf("the ptype of a %s is %v", want, recorder.Last(t).Body["ptype"])
		}
	}
}

// FuzzParse also applies the events to Feeds.
func FuzzParse(f *testing.F) {
	plugtest.FuzzParse(f, pkg, func(_ *testing.T, event plugin.Event) {
		var feeds videoroom.Feeds
		feeds.Apply(event)
		if switched, ok := event.(*videoroom.Switched); ok {
			feeds.Update(switched.Streams, nil)
			videoroom.RemoteStreams(switched.Streams)
		}
	})
}
