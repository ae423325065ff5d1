package audiobridge_test

import (
	"encoding/json"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// pkg is the package, for the checks.
var pkg = plugtest.Package{
	Name:  audiobridge.Name,
	On:    func(c plugin.Caller) any { return audiobridge.On(c) },
	Parse: audiobridge.Parse,
	Error: func(code int) error { return audiobridge.ErrorCode(code) },
	Check: func(t testing.TB, event plugin.Event) { plugtest.CheckLossless(t, event, "audiobridge") },
}

func TestCoverage(t *testing.T) { plugtest.CheckCoverage(t, pkg) }

func TestMethods(t *testing.T) { plugtest.CheckRequests(t, pkg) }

func TestSamples(t *testing.T) { plugtest.CheckSamples(t, pkg) }

func TestRequestsHideTheirSecrets(t *testing.T) {
	plugtest.CheckSecrets(t, pkg,
		"Description", "NewDescription", "RecordFile", "RecordDir", "MJRsDir", "NewRecordDir", "NewMJRsDir", "Groups", "Group",
		"Action", "Display", "Codec", "Filename", "RTP", "Host", "HostFamily", "FileID")
}

func FuzzParse(f *testing.F) { plugtest.FuzzParse(f, pkg, nil) }

// A field that zero does not leave out, or that zero leaves out although it has
// a meaning, changes the request silently.
func TestZeroFields(t *testing.T) {
	for _, test := range []struct {
		request any
		want    string
	}{
		{audiobridge.Create{}, `{}`},
		{audiobridge.Create{Allowed: []string{}}, `{"allowed":[]}`},
		{audiobridge.Create{AudioLevelExt: ptr(false), DefaultPrebuffering: ptr(0)}, `{"audiolevel_ext":false,"default_prebuffering":0}`},
		{audiobridge.Edit{}, `{"room":0}`},
		{audiobridge.Edit{NewPIN: ptr(""), NewIsPrivate: ptr(false)}, `{"room":0,"new_pin":"","new_is_private":false}`},
		{audiobridge.EnableRecording{}, `{"room":0,"record":false}`},
		{audiobridge.EnableMJRs{}, `{"room":0,"mjrs":false}`},
		{audiobridge.Join{Room: plugin.Str("a")}, `{"room":"a"}`},
		{
			audiobridge.Join{ExpectedLoss: ptr(0), Volume: ptr(0), SpatialPosition: ptr(0), Prebuffer: ptr(0), Denoise: ptr(false), RTP: &audiobridge.RTP{}},
			`{"room":0,"expected_loss":0,"volume":0,"spatial_position":0,"prebuffer":0,"denoise":false,"rtp":{}}`,
		},
		{audiobridge.Configure{}, `{}`},
		{
			audiobridge.Configure{Display: ptr(""), Muted: ptr(false), Bitrate: ptr(0), ExpectedLoss: ptr(0), Volume: ptr(0), SpatialPosition: ptr(0), Prebuffer: ptr(0), Denoise: ptr(false), Record: ptr(false)},
			`{"display":"","muted":false,"bitrate":0,"expected_loss":0,"volume":0,"spatial_position":0,"prebuffer":0,"denoise":false,"record":false}`,
		},
		{audiobridge.RTPForward{}, `{"room":0,"host":"","port":0}`},
		{audiobridge.StopRTPForward{}, `{"room":0,"stream_id":0}`},
		{audiobridge.Mute{}, `{"room":0,"id":0}`},
	} {
		if got, err := json.Marshal(test.request); err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v; want %s", test.request, got, err, test.want)
		}
	}
}
