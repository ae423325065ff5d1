package videocall_test

import (
	"encoding/json"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videocall"
)

// pkg is the package, for the checks.
var pkg = plugtest.Package{
	Name:  videocall.Name,
	On:    func(c plugin.Caller) any { return videocall.On(c) },
	Parse: videocall.Parse,
	Error: func(code int) error { return videocall.ErrorCode(code) },
	Check: checkLossless,
}

func TestCoverage(t *testing.T) { plugtest.CheckCoverage(t, pkg) }

func TestMethods(t *testing.T) { plugtest.CheckRequests(t, pkg) }

func TestSamples(t *testing.T) { plugtest.CheckSamples(t, pkg) }

func FuzzParse(f *testing.F) { plugtest.FuzzParse(f, pkg, nil) }

// A field that zero does not leave out, or that zero leaves out although it has
// a meaning, changes the request silently.
func TestZeroFields(t *testing.T) {
	for _, test := range []struct {
		request any
		want    string
	}{
		{videocall.Register{}, `{"username":""}`},
		{videocall.Call{}, `{"username":""}`},
		{videocall.Hangup{}, `{}`},
		{videocall.Set{}, `{}`},
		{
			videocall.Set{Audio: ptr(false), Video: ptr(false), Bitrate: ptr(0), Record: ptr(false), Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0)},
			`{"audio":false,"video":false,"bitrate":0,"record":false,"substream":0,"temporal":0,"fallback":0}`,
		},
	} {
		if got, err := json.Marshal(test.request); err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v; want %s", test.request, got, err, test.want)
		}
	}
}
