package cascade

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

func TestNamesAreRecognized(t *testing.T) {
	n, other := namer{name: "my/cascade"}, namer{name: "other"}
	for _, r := range []remotization{
		{"B", "nonce", hostHash("10.0.0.1"), "0123abcd"}, {"a/b c%", "nonce", hostHash(""), ""}, {"", "nonce", "", ""},
	} {
		id := n.remoteID(r)
		if got, ok := n.parseRemoteID(id); !ok || got != r {
			t.Errorf("%q became %+v, %v", id, got, ok)
		}
		if _, ok := other.parseRemoteID(id); ok {
			t.Errorf("%q is of another cascade", id)
		}
	}
	for _, id := range []string{"", "mine", "cascade/my%2Fcascade", "cascade/my%2Fcascade/B/nonce/host/key/more", "cascade/%zz/B/nonce/host/key", "other/my%2Fcascade/B/nonce/host/key"} {
		if r, ok := n.parseRemoteID(id); ok {
			t.Errorf("%q became %+v", id, r)
		}
	}
}

func TestIDsAreRecognized(t *testing.T) {
	r := route{"A", plugin.Num(7), "B"}
	for _, strings := range []bool{false, true} {
		n, other := namer{"mine", strings}, namer{"other", strings}
		metadata, err := n.metadata(r, json.RawMessage(`{"role":"host"}`))
		if err != nil {
			t.Fatal(err)
		}
		p := videoroom.Participant{ID: n.id(r, "nonce"), Remote: true, Metadata: metadata}
		if from, ok := n.owns(p, 1402); !ok || from != "A" {
			t.Errorf("%v is of %q, %v", p.ID, from, ok)
		}
		if from, ok := n.owns(p, 1102); !ok || from != "" && !strings {
			t.Errorf("%v is of %q, %v", p.ID, from, ok)
		}
		if _, ok := other.owns(p, 1102); ok {
			t.Errorf("%v is of another cascade", p.ID)
		}
		local := p
		local.Remote = false
		foreign := p
		foreign.Metadata = nil
		for _, p := range []videoroom.Participant{local, {ID: plugin.Num(5), Remote: true}, {ID: plugin.Str("x"), Remote: true}} {
			if _, ok := n.owns(p, 1102); ok {
				t.Errorf("%+v is not of the cascade", p)
			}
		}
		if _, ok := n.owns(foreign, 1402); ok != strings {
			t.Errorf("a publisher without metadata: %v", ok)
		}
		if id, numeric := p.ID.Uint64(); numeric && (id < 1<<52 || id >= 1<<53) {
			t.Errorf("the id is %d", id)
		}
		if n.id(r, "nonce") == n.id(r, "other") || n.id(r, "nonce") == n.id(route{"A", plugin.Num(8), "B"}, "nonce") {
			t.Error("different links have the same id")
		}
	}
}

func TestOrigin(t *testing.T) {
	n := namer{name: "mine"}
	for of, want := range map[string]string{
		"":                            `{"janus-go.cascade":{"cascade":"mine","server":"A","id":9007199254740993}}`,
		`{"role":"host"}`:             `{"janus-go.cascade":{"cascade":"mine","server":"A","id":9007199254740993},"role":"host"}`,
		`{"janus-go.cascade":"mine"}`: `{"janus-go.cascade":{"cascade":"mine","server":"A","id":9007199254740993}}`,
	} {
		metadata, err := n.metadata(route{"A", plugin.Num(1<<53 + 1), "B"}, json.RawMessage(of))
		if err != nil || string(metadata) != want {
			t.Errorf("%s became %s, %v", of, metadata, err)
		}
		if origin, ok := OriginOf(metadata); !ok || origin != (Origin{"mine", "A", plugin.Num(1<<53 + 1)}) {
			t.Errorf("%s has the origin %+v, %v", metadata, origin, ok)
		}
	}
	if _, err := n.metadata(route{}, json.RawMessage(`[]`)); err == nil {
		t.Error("no error for metadata that is not an object")
	}
	for _, metadata := range []string{"", "{}", "[]", `{"janus-go.cascade":5}`} {
		if origin, ok := OriginOf(json.RawMessage(metadata)); ok {
			t.Errorf("%q has the origin %+v", metadata, origin)
		}
	}
}

func TestKeys(t *testing.T) {
	k, r := keys{[]byte("secret")}, route{"A", plugin.Num(7), "B"}
	key, err := base64.StdEncoding.DecodeString(k.crypto(r, "nonce"))
	if err != nil || len(key) != 30 {
		t.Errorf("the key is %x, %v", key, err)
	}
	seen := map[string]bool{k.crypto(r, "nonce"): true}
	for _, other := range []string{
		k.crypto(r, "other"), k.crypto(route{"A", plugin.Num(7), "C"}, "nonce"), k.crypto(route{"A", plugin.Num(8), "B"}, "nonce"),
		keys{[]byte("public")}.crypto(r, "nonce"),
	} {
		if seen[other] {
			t.Error("two links have the same key")
		}
		seen[other] = true
	}
	if k.check(r, "nonce") == (keys{[]byte("public")}).check(r, "nonce") {
		t.Error("two keys have the same check")
	}
}

func TestCompare(t *testing.T) {
	opus := videoroom.Stream{Type: "audio", Codec: "opus"}
	vp8 := videoroom.Stream{Type: "video", Codec: "vp8"}
	h264 := videoroom.Stream{Type: "video", Codec: "h264", H264Profile: "42e01f"}
	off := videoroom.Stream{Type: "video", Disabled: true}
	channel := videoroom.Stream{Type: "data"}
	simulcast := vp8
	simulcast.Simulcast.On = true
	described := vp8
	described.Description = "camera"
	high := h264
	high.H264Profile = "640032"
	type streams []videoroom.Stream
	for what, test := range map[string]struct {
		want, have, sent streams
		difference       difference
	}{
		"same":                  {streams{opus, vp8}, streams{opus, vp8}, nil, difference{}},
		"more media":            {streams{opus, vp8}, streams{opus}, nil, difference{update: true, media: true}},
		"data":                  {streams{opus, channel}, streams{opus}, nil, difference{update: true, data: true}},
		"fewer":                 {streams{opus}, streams{opus, vp8}, nil, difference{again: true}},
		"disabled":              {streams{off}, streams{vp8}, nil, difference{update: true}},
		"both disabled":         {streams{off}, streams{off}, nil, difference{}},
		"enabled":               {streams{vp8}, streams{off}, streams{vp8}, difference{update: true}},
		"enabled, unknown":      {streams{vp8}, streams{off}, nil, difference{update: true}},
		"enabled, other codec":  {streams{h264}, streams{off}, streams{vp8}, difference{again: true}},
		"other codec":           {streams{h264}, streams{vp8}, nil, difference{again: true}},
		"other profile":         {streams{high}, streams{h264}, nil, difference{again: true}},
		"other type":            {streams{vp8}, streams{opus}, nil, difference{again: true}},
		"simulcast":             {streams{simulcast}, streams{vp8}, nil, difference{again: true}},
		"description":           {streams{described}, streams{vp8}, nil, difference{update: true}},
		"description is taken":  {streams{vp8}, streams{described}, nil, difference{}},
		"again beats an update": {streams{h264, channel}, streams{vp8}, nil, difference{again: true}},
	} {
		if got := compare(test.want, test.have, test.sent); got != test.difference {
			t.Errorf("%s: got %+v, want %+v", what, got, test.difference)
		}
	}
}

func TestTranslate(t *testing.T) {
	streams := []videoroom.Stream{{Type: "video", Codec: "h264", Mid: "cam", H264Profile: "42e01f"}, {Type: "video", Mindex: 1, Mid: "x", Disabled: true}}
	for version, profile := range map[int]string{1102: "", 1200: "", 1201: "42e01f", 1402: "42e01f"} {
		got := translate(streams, version)
		if got[0].H264Profile != profile || got[0].Mid != "0" || got[1].Mid != "1" || got[1].Codec != "h264" || !got[1].Disabled {
			t.Errorf("%d: %+v", version, got)
		}
	}
	if streams[0].H264Profile == "" || streams[0].Mid != "cam" {
		t.Error("the publisher's streams were changed")
	}
}

func TestSameJSON(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"", "", true}, {"{}", "", false}, {`{"a":1,"b":2}`, `{"b":2, "a":1}`, true}, {`{"a":1}`, `{"a":2}`, false}, {"{", "{", false},
	} {
		if got := sameJSON(json.RawMessage(test.a), json.RawMessage(test.b)); got != test.same {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
	}
}

// pair is a world of two servers with a link between them.
func pair() (*world, *link) {
	n := namer{name: "mine"}
	r := route{"A", plugin.Num(1), "B"}
	l := &link{route: r, id: n.id(r, "nonce")}
	there := &remote{streams: []videoroom.Stream{{Type: "audio", Codec: "opus"}}}
	here := &local{
		streams: []videoroom.Stream{{Type: "audio", Codec: "opus"}},
		remotizations: []listedRemotization{{
			remotization{"B", "nonce", hostHash("hostB"), ""}, videoroom.Remote{RemoteID: "r", Host: "10.0.0.2", Port: 1000},
		}},
	}
	w := &world{
		namer: n, now: time.Now(), host: func(_, to string) string { return "host" + to },
		servers: map[string]*state{
			"A": {version: 1102, up: true, listed: true, locals: map[plugin.ID]*local{r.publisher: here}},
			"B": {version: 1102, up: true, listed: true, remotes: map[plugin.ID]*remote{l.id: there}},
		},
		links: map[string]*link{"nonce": l}, tried: make(map[route]attempt), stuck: make(map[route]bool),
	}
	return w, l
}

func TestPlan(t *testing.T) {
	for what, test := range map[string]struct {
		change func(w *world, l *link, p *local, r *remote)
		want   string
	}{
		"nothing":           {func(*world, *link, *local, *remote) {}, ""},
		"host changed":      {func(w *world, _ *link, _ *local, _ *remote) { w.host = func(string, string) string { return "other" } }, "remove create"},
		"publisher stopped": {func(_ *world, l *link, _ *local, _ *remote) { l.broken = true }, "remove create"},
		"SRTP wanted":       {func(w *world, _ *link, _ *local, _ *remote) { w.srtp = SRTPRequired }, "remove create"},
		"stray forwarder": {func(_ *world, _ *link, p *local, _ *remote) {
			p.forwarders = []videoroom.Forwarder{{Host: "10.0.0.2", Port: 1000}}
		}, "repoint"},
		"stray forwarder, encrypted": {func(w *world, _ *link, p *local, _ *remote) {
			w.srtp, p.remotizations[0].key = SRTPRequired, "key"
			p.forwarders = []videoroom.Forwarder{{Host: "10.0.0.2", Port: 1000}}
		}, "remove create"},
		"data channel, encrypted": {func(w *world, _ *link, p *local, _ *remote) {
			w.srtp, p.remotizations[0].key = SRTPRequired, "key"
			p.streams = append(p.streams, videoroom.Stream{Type: "data", Mindex: 1})
		}, "remove create"},
		"video, encrypted with an unknown key": {func(w *world, _ *link, p *local, _ *remote) {
			w.srtp, p.remotizations[0].key = SRTPRequired, "key"
			p.streams = append(p.streams, videoroom.Stream{Type: "video", Codec: "vp8", Mindex: 1})
		}, "remove create"},
		"forwarder of somebody else": {func(_ *world, _ *link, p *local, _ *remote) {
			p.forwarders = []videoroom.Forwarder{{Host: "10.0.0.2", Port: 1001}}
		}, ""},
		"data channel": {func(_ *world, _ *link, p *local, _ *remote) {
			p.streams = append(p.streams, videoroom.Stream{Type: "data", Mindex: 1})
		}, "update repoint"},
		"renamed":                  {func(_ *world, _ *link, p *local, _ *remote) { p.display = "ada" }, "update"},
		"streams not known":        {func(_ *world, _ *link, p *local, _ *remote) { p.streams = nil }, ""},
		"streams there not known":  {func(_ *world, _ *link, _ *local, r *remote) { r.streams = nil }, ""},
		"target leaves":            {func(w *world, _ *link, _ *local, _ *remote) { w.servers["B"].leaving = true }, "remove"},
		"source leaves":            {func(w *world, _ *link, _ *local, _ *remote) { w.servers["A"].leaving = true }, "remove"},
		"target is not a server":   {func(w *world, _ *link, _ *local, _ *remote) { delete(w.servers, "B") }, "remove"},
		"source is not a server":   {func(w *world, _ *link, _ *local, _ *remote) { delete(w.servers, "A") }, "remove"},
		"target is down":           {func(w *world, _ *link, _ *local, _ *remote) { w.servers["B"] = &state{listed: true} }, ""},
		"target is dead":           {func(w *world, _ *link, _ *local, _ *remote) { w.servers["B"] = &state{dead: true} }, "remove"},
		"source is down":           {func(w *world, _ *link, _ *local, _ *remote) { w.servers["A"] = &state{listed: true} }, ""},
		"source is dead":           {func(w *world, _ *link, _ *local, _ *remote) { w.servers["A"] = &state{dead: true} }, "remove"},
		"source was never listed":  {func(w *world, _ *link, _ *local, _ *remote) { w.servers["A"] = &state{}; clear(w.links) }, ""},
		"publisher is gone":        {func(w *world, _ *link, _ *local, _ *remote) { clear(w.servers["A"].locals) }, "remove"},
		"remote publisher is gone": {func(w *world, _ *link, _ *local, _ *remote) { clear(w.servers["B"].remotes) }, "remove create"},
		"remotization is gone":     {func(_ *world, _ *link, p *local, _ *remote) { p.remotizations = nil }, "create remove"},
		"remote publisher is fresh": {func(w *world, l *link, _ *local, _ *remote) {
			clear(w.servers["B"].remotes)
			l.made, l.since = true, w.now
		}, ""},
		"room is fresher": {func(w *world, l *link, _ *local, _ *remote) {
			clear(w.servers["B"].remotes)
			l.made, l.since, w.servers["B"].made = true, w.now, w.now
		}, "remove create"},
		"remote publisher goes": {func(w *world, l *link, p *local, _ *remote) {
			p.remotizations, l.removed = nil, w.now
		}, "create"},
		"doubled": {func(w *world, _ *link, p *local, r *remote) {
			again := p.remotizations[0]
			again.nonce = "other"
			p.remotizations = append(p.remotizations, again)
			w.servers["B"].remotes[w.id(route{"A", plugin.Num(1), "B"}, "other")] = r
		}, "remove"},
	} {
		w, l := pair()
		test.change(w, l, w.servers["A"].locals[plugin.Num(1)], w.servers["B"].remotes[l.id])
		if got := text(w.plan()); got != test.want {
			t.Errorf("%s: planned %q, want %q", what, got, test.want)
		}
	}
}

// text returns what the jobs do.
func text(jobs []job) (all string) {
	for _, j := range jobs {
		if len(j.remove) > 0 {
			all += " remove"
		}
		if j.update != nil {
			all += " update"
		}
		if j.repoint != nil {
			all += " repoint"
		}
		if j.create != nil {
			all += " create"
		}
	}
	if all != "" {
		all = all[1:]
	}
	return all
}

// A change that Janus accepts, but that does not help, is not made over and over.
func TestChangeThatDoesNotHelp(t *testing.T) {
	for what, streams := range map[string][]videoroom.Stream{
		"update":        {{Type: "audio", Codec: "opus"}, {Type: "video", Codec: "vp8", Mindex: 1}},
		"remove create": {{Type: "audio", Codec: "pcmu"}},
	} {
		w, _ := pair()
		w.servers["A"].locals[plugin.Num(1)].streams = streams
		planned := ""
		for second := range 59 {
			planned += text(w.plan())
			if stuck := len(w.stuck) > 0; stuck != (second >= 2) {
				t.Errorf("%s: after %d s, stuck is %v", what, second, stuck)
			}
			w.now = w.now.Add(time.Second)
		}
		if planned != what {
			t.Errorf("planned %q, want %q once", planned, what)
		}
		w.now = w.now.Add(time.Minute)
		if again := text(w.plan()); again != what {
			t.Errorf("later, planned %q, want %q", again, what)
		}
	}
}

// A watcher notes who has stopped to publish, once.
func TestWatcherNotesWhoStops(t *testing.T) {
	feed := plugtest.NewFeed(t, videoroom.Name)
	w := &watcher{stopped: make(map[plugin.ID]bool)}
	for data, stops := range map[string]bool{
		`{"videoroom":"event","room":77,"unpublished":5}`:                           true,
		`{"videoroom":"event","room":77,"leaving":5}`:                               true,
		`{"videoroom":"event","room":77,"kicked":5}`:                                true,
		`{"videoroom":"event","room":77,"publishers":[{"id":5,"streams":[]}]}`:      false,
		`{"videoroom":"talking","room":77,"id":5,"audio-level-dBov-avg":28.75}`:     false,
		`{"videoroom":"event","room":77,"id":5,"moderation":"muted","mid":"audio"}`: false,
	} {
		w.receive(feed.Event(t, videoroom.Name, []byte(data)))
		if _, stopped := w.snapshot(); stopped[plugin.Num(5)] != stops {
			t.Errorf("%s: stopped %v", data, stopped)
		}
		if _, stopped := w.snapshot(); len(stopped) > 0 {
			t.Errorf("%s: stopped twice", data)
		}
	}
}

// A watcher that has lost events does not go on.
func TestWatcherGivesUp(t *testing.T) {
	for _, msg := range []any{&janus.OverflowMsg{Dropped: 1}, &janus.WebRTCUpMsg{}} {
		w := &watcher{stopped: make(map[plugin.ID]bool)}
		_, lost := msg.(*janus.OverflowMsg)
		if woken := w.receive(msg); woken != lost || w.usable() == lost {
			t.Errorf("%T: woken %v, usable %v", msg, woken, w.usable())
		}
	}
	m := &member{watcher: &watcher{}, unheard: make(map[plugin.ID]time.Time)}
	l := &listing{locals: map[plugin.ID]*local{plugin.Num(1): {}}}
	m.checkWatcher(l, map[plugin.ID]bool{})
	if !m.watcher.usable() {
		t.Error("the watcher was given up at once")
	}
	m.unheard[plugin.Num(1)] = time.Now().Add(-2 * settle)
	m.checkWatcher(l, map[plugin.ID]bool{plugin.Num(1): true})
	if !m.watcher.usable() || len(m.unheard) > 0 {
		t.Error("the watcher was given up, though it has heard of the publisher")
	}
	m.unheard[plugin.Num(1)] = time.Now().Add(-2 * settle)
	m.checkWatcher(l, map[plugin.ID]bool{})
	if m.watcher.usable() {
		t.Error("the watcher that has not heard of a publisher goes on")
	}
}
