package streaming_test

import (
	"encoding/json"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/streaming"
)

// pkg is the package, for the checks.
var pkg = plugtest.Package{
	Name:  streaming.Name,
	On:    func(c plugin.Caller) any { return streaming.On(c) },
	Parse: streaming.Parse,
	Error: func(code int) error { return streaming.ErrorCode(code) },
	Check: checkLossless,
}

func TestCoverage(t *testing.T) { plugtest.CheckCoverage(t, pkg) }

func TestMethods(t *testing.T) { plugtest.CheckRequests(t, pkg) }

func TestSamples(t *testing.T) { plugtest.CheckSamples(t, pkg) }

func FuzzParse(f *testing.F) { plugtest.FuzzParse(f, pkg, nil) }

func TestRequestsHideTheirSecrets(t *testing.T) {
	plugtest.CheckSecrets(t, pkg,
		"Name", "Description", "Metadata", "Media", "DataType", "Filename", "URL", "User", "Iface", "NewDescription", "NewMetadata",
		"AudioCodec", "AudioRTPMap", "AudioFMTP", "VideoCodec", "VideoRTPMap", "VideoFMTP", "Audio", "Video", "Data", "Mid", "Streams")
	details := streaming.Details{Secret: "hush", PIN: "hush", Password: "hush", Description: "shown"}
	if text := details.String(); text != `{"id":0,"description":"shown","enabled":false,"type":"","media":null,"secret":"***","pin":"***","rtsp_pwd":"***"}` {
		t.Errorf("the details are %s", text)
	}
}

// A field that zero does not leave out, or that zero leaves out although it has
// a meaning, changes the request silently.
func TestZeroFields(t *testing.T) {
	for _, test := range []struct {
		request any
		want    string
	}{
		{streaming.CreateRTP{}, `{}`},
		{streaming.RTPMedia{Type: streaming.Audio, Mid: "a"}, `{"type":"audio","mid":"a","port":0}`},
		{streaming.RTPMedia{Type: streaming.Audio, Mid: "a", RTCPPort: ptr(0)}, `{"type":"audio","mid":"a","port":0,"rtcpport":0}`},
		{streaming.CreateLive{}, `{"filename":""}`},
		{streaming.CreateOnDemand{}, `{"filename":""}`},
		{streaming.CreateRTSP{}, `{"url":"","audio":false,"video":false}`},
		{
			streaming.CreateRTSP{FailCheck: ptr(false), ReconnectDelay: ptr(0), Timeout: ptr(0), ConnectionTimeout: ptr(0), AudioPT: ptr(0), VideoPT: ptr(0)},
			`{"url":"","audio":false,"video":false,"rtsp_failcheck":false,"rtsp_reconnect_delay":0,"rtsp_timeout":0,"rtsp_conn_timeout":0,"audiopt":0,"videopt":0}`,
		},
		{streaming.Edit{}, `{"id":0}`},
		{
			streaming.Edit{NewMetadata: ptr(""), NewPIN: ptr(""), NewIsPrivate: ptr(false)},
			`{"id":0,"new_metadata":"","new_pin":"","new_is_private":false}`,
		},
		{streaming.Disable{ID: plugin.Str("a")}, `{"id":"a"}`},
		{streaming.Disable{StopRecording: ptr(false)}, `{"id":0,"stop_recording":false}`},
		{streaming.StartRecording{Media: []streaming.RecordingFile{{}}}, `{"id":0,"media":[{"mid":"","filename":""}]}`},
		{streaming.StopRecording{Media: []streaming.RecordingMid{{}}}, `{"id":0,"media":[{"mid":""}]}`},
		{streaming.Watch{}, `{"id":0}`},
		{
			streaming.Watch{Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0), SpatialLayer: ptr(0), TemporalLayer: ptr(0), OfferAudio: ptr(false)},
			`{"id":0,"substream":0,"temporal":0,"fallback":0,"spatial_layer":0,"temporal_layer":0,"offer_audio":false}`,
		},
		{streaming.Configure{}, `{}`},
		{
			streaming.Configure{Streams: []streaming.StreamSettings{{Mid: "a", Send: ptr(false), MinDelay: ptr(0), MaxDelay: ptr(0)}}},
			`{"streams":[{"mid":"a","send":false,"min_delay":0,"max_delay":0}]}`,
		},
	} {
		if got, err := json.Marshal(test.request); err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v; want %s", test.request, got, err, test.want)
		}
	}
}

// The forms of a request differ by fields that their methods add.
func TestFormsOfRequests(t *testing.T) {
	recorder := plugtest.NewStandIn(t, streaming.Name)
	c := streaming.On(recorder)
	for want, call := range map[string]func() error{
		`{"request":"create","type":"rtp"}`: func() error {
			_, err := c.CreateRTP(t.Context(), streaming.CreateRTP{})
			return err
		},
		`{"audio":true,"filename":"","request":"create","type":"live"}`: func() error {
			_, err := c.CreateLive(t.Context(), streaming.CreateLive{})
			return err
		},
		`{"audio":true,"filename":"","request":"create","type":"ondemand"}`: func() error {
			_, err := c.CreateOnDemand(t.Context(), streaming.CreateOnDemand{})
			return err
		},
		`{"audio":false,"request":"create","type":"rtsp","url":"","video":false}`: func() error {
			_, err := c.CreateRTSP(t.Context(), streaming.CreateRTSP{})
			return err
		},
		`{"action":"start","id":0,"request":"recording"}`: func() error {
			return c.StartRecording(t.Context(), streaming.StartRecording{})
		},
		`{"action":"stop","id":0,"request":"recording"}`: func() error {
			return c.StopRecording(t.Context(), streaming.StopRecording{})
		},
		`{"id":0,"request":"watch","restart":true}`: func() error {
			_, err := c.Restart(t.Context(), streaming.Restart{})
			return err
		},
	} {
		if err := call(); err == nil {
			t.Errorf("%s: %v", want, err)
		}
		if got := encode(t, recorder.Last(t).Body); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
