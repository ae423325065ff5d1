package recordplay_test

import (
	"encoding/json"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
)

// pkg is the package, for the checks.
var pkg = plugtest.Package{
	Name:  recordplay.Name,
	On:    func(c plugin.Caller) any { return recordplay.On(c) },
	Parse: recordplay.Parse,
	Error: func(code int) error { return recordplay.ErrorCode(code) },
	Check: checkLossless,
}

func TestCoverage(t *testing.T) { plugtest.CheckCoverage(t, pkg) }

func TestMethods(t *testing.T) { plugtest.CheckRequests(t, pkg) }

func TestSamples(t *testing.T) { plugtest.CheckSamples(t, pkg) }

func TestRequestsHideTheirSecrets(t *testing.T) {
	plugtest.CheckSecrets(t, pkg, "Name", "Filename", "AudioCodec", "VideoCodec", "VideoProfile")
}

func FuzzParse(f *testing.F) { plugtest.FuzzParse(f, pkg, nil) }

// A field that zero does not leave out, or that zero leaves out although it has
// a meaning, changes the request silently.
func TestZeroFields(t *testing.T) {
	for _, test := range []struct {
		request any
		want    string
	}{
		{recordplay.Update{}, `{}`},
		{recordplay.List{}, `{}`},
		{recordplay.Configure{}, `{}`},
		{
			recordplay.Configure{VideoBitrateMax: ptr(0), VideoKeyframeInterval: ptr(0)},
			`{"video-bitrate-max":0,"video-keyframe-interval":0}`,
		},
		{recordplay.Record{}, `{"name":""}`},
		{recordplay.Record{Name: "a", IsPrivate: ptr(false), TextData: ptr(false)}, `{"name":"a","is_private":false,"textdata":false}`},
		{recordplay.Play{}, `{"id":0}`},
	} {
		if got, err := json.Marshal(test.request); err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v; want %s", test.request, got, err, test.want)
		}
	}
}

// Play and Restart send the same request.
func TestRestart(t *testing.T) {
	recorder := plugtest.NewStandIn(t, recordplay.Name)
	if _, err := recordplay.On(recorder).Restart(t.Context(), recordplay.Restart{ID: 7}); err == nil {
		t.Error(err)
	}
	if got, err := json.Marshal(recorder.Last(t).Body); string(got) != `{"id":7,"request":"play","restart":true}` {
		t.Errorf("Restart sends %s, %v", got, err)
	}
}
