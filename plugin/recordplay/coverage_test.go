package recordplay_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
)

// The numbers of the plugin. Seven of the answers are to requests that Janus
// answers with an event, and Ignored is one that says nothing.
const (
	requestCount = 9
	eventCount   = 2
	answerCount  = 11
	errorCount   = 12
)

func TestCounts(t *testing.T) {
	c := plugtest.ReadCoverage(t)
	if len(c.Requests) != requestCount || len(c.Events) != eventCount || len(c.Answers) != answerCount || len(c.Errors) != errorCount {
		t.Errorf("there are %d requests, %d events, %d answers and %d error codes, want %d, %d, %d and %d",
			len(c.Requests), len(c.Events), len(c.Answers), len(c.Errors), requestCount, eventCount, answerCount, errorCount)
	}
}

func TestRequests(t *testing.T) {
	plugtest.CheckRequests(t, "recordplay", func(c plugin.Caller) any { return recordplay.On(c) }, plugtest.ReadCoverage(t).Requests)
}

func TestRequestsHideTheirSecrets(t *testing.T) {
	plugtest.CheckSecrets(t, recordplay.On(nil), "Name", "Filename", "AudioCodec", "VideoCodec", "VideoProfile")
}

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

// errRefused is the error of refuser.
var errRefused = errors.New("refused")

// refuser is a Caller whose calls fail.
type refuser struct{}

func (refuser) Call(context.Context, any, any) (*janus.EventMsg, error) { return nil, errRefused }

// Play and Restart send the same request.
func TestRestart(t *testing.T) {
	recorder := &plugtest.Recorder{Caller: refuser{}}
	if _, err := recordplay.On(recorder).Restart(t.Context(), recordplay.Restart{ID: 7}); !errors.Is(err, errRefused) {
		t.Error(err)
	}
	if got, err := json.Marshal(recorder.Last(t).Body); string(got) != `{"id":7,"request":"play","restart":true}` {
		t.Errorf("Restart sends %s, %v", got, err)
	}
}

func TestErrorCodes(t *testing.T) {
	codes := []recordplay.ErrorCode{
		recordplay.ErrorNoMessage, recordplay.ErrorInvalidJSON, recordplay.ErrorInvalidRequest, recordplay.ErrorInvalidElement,
		recordplay.ErrorMissingElement, recordplay.ErrorNotFound, recordplay.ErrorInvalidRecording, recordplay.ErrorInvalidState,
		recordplay.ErrorInvalidSDP, recordplay.ErrorRecordingExists, recordplay.ErrorUnauthorized, recordplay.ErrorUnknown,
	}
	var numbers []int
	for _, code := range codes {
		numbers = append(numbers, int(code))
		if err := error(&janus.PluginError{Plugin: recordplay.Name, Code: int(code)}); !errors.Is(err, code) {
			t.Errorf("%v does not match %v", err, code)
		}
		if err := error(&janus.PluginError{Plugin: "janus.plugin.other", Code: int(code)}); errors.Is(err, code) {
			t.Errorf("%v matches %v", err, code)
		}
	}
	if want := plugtest.ReadCoverage(t).Errors; !slices.Equal(numbers, want) {
		t.Errorf("the codes are %v, want %v", numbers, want)
	}
	if text := recordplay.ErrorNotFound.Error(); text != "janus.plugin.recordplay: error 416" {
		t.Errorf("the text is %s", text)
	}
}
