package videoroom_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// publisher returns a publisher with streams, such as "audio:0". A stream that
// starts with - is disabled.
func publisher(id uint64, streams ...string) videoroom.Publisher {
	p := videoroom.Publisher{ID: plugin.Num(id)}
	for i, text := range streams {
		kind, mid, _ := strings.Cut(strings.TrimPrefix(text, "-"), ":")
		p.Streams = append(p.Streams, videoroom.Stream{Type: videoroom.MediaType(kind), Mindex: i, Mid: mid, Disabled: text[0] == '-'})
	}
	return p
}

// ids returns the ids of the publishers.
func ids(feeds *videoroom.Feeds) []uint64 {
	list := []uint64{}
	for _, p := range feeds.List() {
		n, _ := p.ID.Uint64()
		list = append(list, n)
	}
	return list
}

func TestFeedsFollowEvents(t *testing.T) {
	room := plugin.Num(1234)
	var feeds videoroom.Feeds
	for i, step := range []struct {
		event   plugin.Event
		changed bool
		want    []uint64
	}{
		{nil, false, []uint64{}},
		{&videoroom.Left{ID: plugin.Num(1)}, false, []uint64{}},
		{&videoroom.Joined{Room: room, Publishers: []videoroom.Publisher{publisher(1, "audio:0"), publisher(2, "audio:0")}}, true, []uint64{1, 2}},
		{&videoroom.Published{Publishers: []videoroom.Publisher{publisher(3, "video:0")}}, true, []uint64{1, 2, 3}},
		{&videoroom.Published{Publishers: []videoroom.Publisher{publisher(1, "audio:0", "video:1")}}, true, []uint64{1, 2, 3}},
		{&videoroom.Joining{Joining: videoroom.Attendee{ID: plugin.Num(4)}}, false, []uint64{1, 2, 3}},
		{&videoroom.Left{ID: plugin.Num(4)}, false, []uint64{1, 2, 3}},
		{&videoroom.Left{ID: plugin.Num(1)}, true, []uint64{2, 3}},
		{&videoroom.Kicked{ID: plugin.Num(2)}, true, []uint64{3}},
		{&videoroom.Unpublished{ID: plugin.Num(3)}, true, []uint64{}},
		{&videoroom.Published{Publishers: []videoroom.Publisher{publisher(5, "audio:0")}}, true, []uint64{5}},
		{&videoroom.SelfUnpublished{}, false, []uint64{5}},
		{&videoroom.Destroyed{Room: plugin.Num(9)}, false, []uint64{5}},
		{&videoroom.Destroyed{Room: room}, true, []uint64{}},
		{&videoroom.Joined{Room: room, Publishers: []videoroom.Publisher{publisher(6, "audio:0")}}, true, []uint64{6}},
		{&videoroom.SelfKicked{Room: room}, true, []uint64{}},
		{&videoroom.SelfLeft{Room: room}, false, []uint64{}},
		{&plugin.Unknown{}, false, []uint64{}},
	} {
		if changed := feeds.Apply(step.event); changed != step.changed {
			t.Errorf("step %d, %T: changed is %v", i, step.event, changed)
		}
		if got := ids(&feeds); !slices.Equal(got, step.want) {
			t.Errorf("step %d, %T: the list is %v, want %v", i, step.event, got, step.want)
		}
	}
}

// The properties of publishers and streams are followed. A list and an event
// that were there before stay as they are.
func TestFeedsFollowProperties(t *testing.T) {
	var feeds videoroom.Feeds
	joined := &videoroom.Joined{Publishers: []videoroom.Publisher{publisher(1, "audio:a", "video:v")}}
	feeds.Apply(joined)
	before := feeds.List()
	was := encode(t, before)
	id, metadata := plugin.Num(1), json.RawMessage(`{"role":"host"}`)
	for _, step := range []struct {
		event   plugin.Event
		changed bool
	}{
		{&videoroom.DisplayChanged{ID: id, Display: "Ada"}, true},
		{&videoroom.MetadataChanged{ID: id, Metadata: metadata}, true},
		{&videoroom.Moderated{ID: id, Mid: "v", Moderation: videoroom.Muted}, true},
		{&videoroom.Talking{ID: id, Mid: "a"}, true},
		{&videoroom.Talking{ID: id, Mid: "none"}, false},
		{&videoroom.DisplayChanged{ID: plugin.Num(2), Display: "Bob"}, false},
	} {
		if changed := feeds.Apply(step.event); changed != step.changed {
			t.Errorf("%T: changed is %v", step.event, changed)
		}
	}
	p := feeds.List()[0]
	if p.Display != "Ada" || string(p.Metadata) != string(metadata) || !p.Talking || !p.Streams[0].Talking || !p.Streams[1].Moderated {
		t.Errorf("the publisher is %s", encode(t, p))
	}
	if encode(t, before) != was || encode(t, joined.Publishers) != was {
		t.Error("an earlier list has changed")
	}
	feeds.Apply(&videoroom.StoppedTalking{ID: id, Mid: "a"})
	feeds.Apply(&videoroom.Moderated{ID: id, Mid: "v", Moderation: videoroom.Unmuted})
	if p := feeds.List()[0]; p.Talking || p.Streams[0].Talking || p.Streams[1].Moderated {
		t.Errorf("the publisher is %s", encode(t, p))
	}
}

func TestFeedsUpdate(t *testing.T) {
	var feeds videoroom.Feeds
	feeds.Apply(&videoroom.Joined{Publishers: []videoroom.Publisher{
		publisher(1, "audio:a", "video:v", "data:d"), publisher(2, "-audio:0", "video:1"), publisher(3, "data:0"),
	}})
	from := func(id uint64, mid string) videoroom.Stream {
		return videoroom.Stream{Active: true, FeedID: plugin.Num(id), FeedMid: mid, Mid: fmt.Sprint(id, mid)}
	}
	data := func(list ...uint64) videoroom.Stream {
		s := videoroom.Stream{Type: videoroom.Data, Active: true, Sources: len(list), Mid: "data"}
		for _, id := range list {
			s.SourceIDs = append(s.SourceIDs, plugin.Num(id))
		}
		return s
	}
	all := []videoroom.Stream{from(1, "a"), from(1, "v"), data(1, 3), from(2, "1")}
	video := func(_ videoroom.Publisher, s videoroom.Stream) bool { return s.Type == videoroom.Video }
	for name, test := range map[string]struct {
		subscribed []videoroom.Stream
		want       func(videoroom.Publisher, videoroom.Stream) bool
		update     string
	}{
		"nothing is subscribed to": {nil, nil, `{"subscribe":[{"feed":1,"mid":"a"},{"feed":1,"mid":"v"},{"feed":1,"mid":"d"},{"feed":2,"mid":"1"},{"feed":3,"mid":"0"}]}`},
		"all is":                   {all, nil, `{}`},
		"inactive m-lines":         {append([]videoroom.Stream{{Type: videoroom.Audio}, {Type: videoroom.Data}}, all...), nil, `{}`},
		"one is missing":           {all[1:], nil, `{"subscribe":[{"feed":1,"mid":"a"}]}`},
		"data is missing":          {[]videoroom.Stream{all[0], all[1], data(3), all[3]}, nil, `{"subscribe":[{"feed":1,"mid":"d"}]}`},
		"a feed has gone":          {append([]videoroom.Stream{from(9, "0"), data(1, 3, 9)}, all...), nil, `{"unsubscribe":[{"sub_mid":"90"},{"feed":9}]}`},
		"all data has gone":        {append([]videoroom.Stream{data(9, 10)}, all...), nil, `{"unsubscribe":[{"sub_mid":"data"}]}`},
		"the mid is not known":     {append([]videoroom.Stream{{FeedID: plugin.Num(9), FeedMid: "0"}}, all...), nil, `{"unsubscribe":[{"feed":9,"mid":"0"}]}`},
		"a stream is disabled":     {append([]videoroom.Stream{from(2, "0")}, all...), nil, `{"unsubscribe":[{"sub_mid":"20"}]}`},
		"only video is wanted":     {all[:3], video, `{"subscribe":[{"feed":2,"mid":"1"}],"unsubscribe":[{"sub_mid":"1a"},{"sub_mid":"data"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			q, needed := feeds.Update(test.subscribed, test.want)
			if got := encode(t, q); got != test.update || needed != (test.update != "{}") {
				t.Errorf("the update is %s, %v; want %s", got, needed, test.update)
			}
		})
	}
}

func TestRemoteStreams(t *testing.T) {
	simulcast := videoroom.Simulcast{On: true, Layers: &videoroom.SimulcastLayers{}}
	for name, test := range map[string]struct{ streams, want string }{
		"none": {`[]`, `[]`},
		"mids become indexes": {
			`[{"type":"audio","mindex":0,"mid":"a","codec":"opus","fec":true,"audiolevel_ext_id":1},{"type":"data","mindex":1,"mid":"d"}]`,
			`[{"mid":"0","mindex":0,"type":"audio","codec":"opus","disabled":false,"fec":true,"audiolevel_ext_id":1},{"mid":"1","mindex":1,"type":"data","disabled":false}]`,
		},
		"order": {
			`[{"type":"video","mindex":1,"mid":"v","codec":"vp9","vp9_profile":"0","simulcast":true},{"type":"audio","mindex":0,"mid":"a","codec":"pcmu"}]`,
			`[{"mid":"0","mindex":0,"type":"audio","codec":"pcmu","disabled":false},{"mid":"1","mindex":1,"type":"video","codec":"vp9","disabled":false,"vp9_profile":"0","simulcast":true}]`,
		},
		"disabled streams get a codec": {
			`[{"type":"audio","mindex":0,"mid":"a","disabled":true},{"type":"video","mindex":1,"mid":"v","disabled":true},{"type":"video","mindex":2,"mid":"w","codec":"av1"}]`,
			`[{"mid":"0","mindex":0,"type":"audio","codec":"opus","disabled":true},{"mid":"1","mindex":1,"type":"video","codec":"av1","disabled":true},{"mid":"2","mindex":2,"type":"video","codec":"av1","disabled":false}]`,
		},
		"gaps are filled": {
			`[{"type":"video","mindex":2,"mid":"v","codec":"vp8"},{"type":"audio","mindex":-1,"mid":"x","codec":"opus"}]`,
			`[{"mid":"0","mindex":0,"type":"audio","codec":"opus","disabled":true},{"mid":"1","mindex":1,"type":"audio","codec":"opus","disabled":true},{"mid":"2","mindex":2,"type":"video","codec":"vp8","disabled":false}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var streams []videoroom.Stream
			if err := json.Unmarshal([]byte(test.streams), &streams); err != nil {
				t.Fatal(err)
			}
			before := encode(t, streams)
			checkRemote(t, videoroom.RemoteStreams(streams), test.want)
			if encode(t, streams) != before {
				t.Errorf("the argument became %s", encode(t, streams))
			}
		})
	}
	// A subscription's layers are not what Janus wants here.
	checkRemote(t, []videoroom.Stream{{Type: videoroom.Video, Mid: "0", Codec: videoroom.VP8, Simulcast: simulcast}},
		`[{"mid":"0","mindex":0,"type":"video","codec":"vp8","disabled":false,"simulcast":true}]`)
	checkRemote(t, nil, `[]`)
	if n := len(videoroom.RemoteStreams([]videoroom.Stream{{Type: videoroom.Audio, Mindex: 1 << 40}})); n > 10000 {
		t.Errorf("an m-line with a wrong index makes %d", n)
	}
}

// checkRemote checks what Janus is sent for the streams of a remote publisher.
func checkRemote(t *testing.T, streams []videoroom.Stream, want string) {
	t.Helper()
	var sent capture
	client := videoroom.On(&sent)
	_, _ = client.AddRemotePublisher(t.Context(), videoroom.AddRemotePublisher{Streams: streams}) // it is refused
	if got := string(sent.member(t, "streams")); got != want {
		t.Errorf("add_remote_publisher sends\n     %s\nwant %s", got, want)
	}
	_ = client.UpdateRemotePublisher(t.Context(), videoroom.UpdateRemotePublisher{Streams: streams}) // it is refused
	if got := string(sent.member(t, "streams")); got != want {
		t.Errorf("update_remote_publisher sends\n     %s\nwant %s", got, want)
	}
}
