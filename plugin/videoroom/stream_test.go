package videoroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// capture is a Caller that keeps the last body and refuses it.
type capture struct{ body json.RawMessage }

func (c *capture) Call(_ context.Context, body, _ any) (*janus.EventMsg, error) {
	var err error
	if c.body, err = json.Marshal(body); err != nil {
		return nil, err
	}
	return nil, errors.New("refused")
}

// member returns a member of the last body.
func (c *capture) member(t *testing.T, key string) json.RawMessage {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &members); err != nil {
		t.Fatal(err)
	}
	return members[key]
}

// A Stream accepts all forms in which Janus describes streams, and is encoded in
// the form that it came in.
func TestStreamForms(t *testing.T) {
	layers := &videoroom.SimulcastLayers{Substream: -1, SubstreamTarget: 2, TemporalLayer: 1, TemporalLayerTarget: 2, Fallback: 5}
	svc := &videoroom.SVCLayers{SpatialLayer: 1, TargetSpatialLayer: 2, TemporalLayer: -1, TargetTemporalLayer: 2}
	feed := plugin.Num(7)
	for text, want := range map[string]videoroom.Stream{
		`{"simulcast":true}`:                              {Simulcast: videoroom.Simulcast{On: true}},
		`{"svc":true}`:                                    {SVC: videoroom.SVC{On: true}},
		`{"h264_profile":"42e01f"}`:                       {H264Profile: "42e01f"},
		`{"vp9_profile":"0"}`:                             {VP9Profile: "0"},
		`{"feed_id":7,"h264-profile":"42e01f"}`:           {FeedID: feed, H264Profile: "42e01f"},
		`{"feed_id":7,"vp9-profile":"0"}`:                 {FeedID: feed, VP9Profile: "0"},
		`{"playout-delay":{"min-delay":0,"max-delay":3}}`: {PlayoutDelay: &videoroom.PlayoutDelay{MaxDelay: 3}},
		`{"simulcast":{"substream":-1,"substream-target":2,"temporal-layer":1,"temporal-layer-target":2,"fallback":5}}`: {
			Simulcast: videoroom.Simulcast{On: true, Layers: layers},
		},
		`{"svc":{"spatial-layer":1,"target-spatial-layer":2,"temporal-layer":-1,"target-temporal-layer":2}}`: {
			SVC: videoroom.SVC{On: true, Layers: svc},
		},
	} {
		var got videoroom.Stream
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s became %+v, %v", text, got, err)
		}
		var sent, back map[string]any
		if json.Unmarshal([]byte(text), &sent) != nil || json.Unmarshal([]byte(encode(t, got)), &back) != nil {
			t.Fatal("no JSON")
		}
		for key, value := range sent {
			if !reflect.DeepEqual(back[key], value) {
				t.Errorf("%s became %s", text, encode(t, got))
			}
		}
	}
	for _, text := range []string{`{"simulcast":"yes"}`, `{"svc":1}`, `{"simulcast":{"substream":"high"}}`, `{"vp9-profile":0}`} {
		var got videoroom.Stream
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s became %+v", text, got)
		}
	}
	for _, text := range []string{`{"simulcast":false,"svc":false}`, `{"simulcast":null,"svc":null}`} {
		var got videoroom.Stream
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.ValueOf(got).IsZero() {
			t.Errorf("%s became %+v, %v", text, got, err)
		}
	}
}

func TestCodecs(t *testing.T) {
	for text, want := range map[string]videoroom.Codecs{
		`""`:         nil,
		`"opus"`:     {videoroom.Opus},
		`"vp9,h264"`: {videoroom.VP9, videoroom.H264},
	} {
		var got videoroom.Codecs
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s became %q, %v", text, got, err)
		}
		if back := encode(t, want); back != text {
			t.Errorf("%q became %s, want %s", want, back, text)
		}
	}
}
