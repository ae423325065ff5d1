package recordplay_test

import (
	"reflect"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
)

// The fields of a result are those of the event.
func TestParseFields(t *testing.T) {
	feed := plugtest.NewFeed(t, recordplay.Name)
	for data, want := range map[string]recordplay.Event{
		`{"recordplay":"event","result":"done"}`:                                                    &recordplay.Done{},
		`{"recordplay":"event","result":{"status":"done","id":7,"is_private":1}}`:                   &recordplay.Done{ID: 7, IsPrivate: true},
		`{"recordplay":"event","result":{"status":"done","id":7,"is_private":0}}`:                   &recordplay.Done{ID: 7},
		`{"recordplay":"event","result":{"status":"stopped","id":7,"is_private":true}}`:             &recordplay.Stopped{ID: 7, IsPrivate: true},
		`{"recordplay":"event","result":{"status":"recording","id":9007199254740993}}`:              &recordplay.Recording{ID: 1<<53 + 1},
		`{"recordplay":"event","result":{"status":"slow_link","media":"audio","uplink":1}}`:         &recordplay.SlowLink{Media: "audio", Uplink: true},
		`{"recordplay":"event","result":{"status":"slow_link","current-bitrate":0,"uplink":false}}`: &recordplay.SlowLink{CurrentBitrate: ptr(0)},
		`{"recordplay":"event","result":{"status":"stopped","is_private":null}}`:                    &recordplay.Stopped{},
	} {
		event, _ := recordplay.Parse(feed.Event(t, recordplay.Name, []byte(data)))
		if string(event.EventMeta().Raw) != data {
			t.Errorf("Raw is %s, want %s", event.EventMeta().Raw, data)
		}
		*event.EventMeta() = plugin.Meta{}
		if !reflect.DeepEqual(event, want) {
			t.Errorf("%s became %+v, want %+v", data, event, want)
		}
	}
}
