package recordplay_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
)

// A real Janus accepts every request with every field, and everything that it
// sends is in the structs of this package.
func TestRealJanus(t *testing.T) {
	c := converse(t)
	c.Logf("Janus %s", c.server.Version())
	list(c)
	record(c)
	play(c)
	fail(c)
	checkComplete(c)
}

// list lists recordings that the test has made.
func list(c *conversation) {
	u := c.user()
	folder := filepath.Join(c.server.Dir(), recordings)
	write(c, filepath.Join(folder, "good.mjr"), mjr())
	write(c, filepath.Join(folder, "bad.mjr"), mjr()[:30])
	write(c, filepath.Join(folder, "good.nfo"), []byte("[1]\nname = Good\ndate = 2026-01-02 03:04:05\nprivate = false\naudio = good.mjr\n"))
	write(c, filepath.Join(folder, "half.nfo"), []byte("[2]\nname = Half\ndate = 2026-01-02 03:04:05\nprivate = true\naudio = good.mjr\nvideo = bad.mjr\n"))
	u.done(u.Update(c.ctx, full(c, recordplay.Update{AdminKey: adminKey})))
	private := c.server.AtLeast(1, 3, 1)
	all := answer(u.List(c.ctx, full(c, recordplay.List{AdminKey: adminKey}))).to(u).List
	slices.SortFunc(all, func(a, b recordplay.RecordingInfo) int { return int(a.ID) - int(b.ID) })
	want := []recordplay.RecordingInfo{
		{ID: 1, Name: "Good", Date: "2026-01-02 03:04:05", Audio: true, AudioCodec: recordplay.Opus},
		{ID: 2, Name: "Half", Date: "2026-01-02 03:04:05", IsPrivate: private, Audio: true, AudioCodec: recordplay.Opus, Video: true},
	}
	if !reflect.DeepEqual(all, want) {
		c.Errorf("got  %+v\nwant %+v", all, want)
	}
	if private {
		want = want[:1]
	}
	if public := answer(u.List(c.ctx, recordplay.List{})).to(u).List; len(public) != len(want) {
		c.Errorf("without the admin key, the recordings are %+v", public)
	}
}

// record makes a recording of a peer that is never connected.
func record(c *conversation) {
	u := c.user()
	configured := answer(u.Configure(c.ctx, full(c, recordplay.Configure{VideoBitrateMax: ptr(0), VideoKeyframeInterval: ptr(5000)}))).to(u)
	if configured.Settings != (recordplay.Settings{VideoBitrateMax: 0, VideoKeyframeInterval: 5000}) {
		c.Errorf("configured %s", configured.Raw)
	}
	const id = 1<<53 + 1
	request := full(c, recordplay.Record{
		Name: "mine", ID: id, IsPrivate: ptr(true), Filename: "mine",
		AudioCodec: recordplay.Opus, VideoCodec: recordplay.VP9, VideoProfile: "0", OpusRED: true, TextData: ptr(false), Update: true,
	})
	recording := answer(u.Record(c.ctx, request, janus.JSEP{Type: "offer", SDP: offer})).to(u)
	if recording.ID != id || bool(recording.IsPrivate) != c.server.AtLeast(1, 3, 1) {
		c.Errorf("recording: %s", recording.Raw)
	}
	if recording.JSEP == nil || recording.JSEP.Type != "answer" || !strings.Contains(recording.JSEP.SDP, "VP9/90000") {
		c.Errorf("the answer is %+v", recording.JSEP)
	}
	if paused := answer(u.Pause(c.ctx)).to(u); paused.ID != id {
		c.Errorf("paused: %s", paused.Raw)
	}
	if resumed := answer(u.Resume(c.ctx)).to(u); resumed.ID != id {
		c.Errorf("resumed: %s", resumed.Raw)
	}
	stopped := answer(u.Stop(c.ctx)).to(u)
	if stopped.ID != id || bool(stopped.IsPrivate) != c.server.AtLeast(1, 3, 1) {
		c.Errorf("stopped: %s", stopped.Raw)
	}
	if _, err := os.Stat(filepath.Join(c.server.Dir(), recordings, "mine-audio.mjr")); err != nil {
		c.Error(err)
	}
	done := next[*recordplay.Done](u)
	if c.server.AtLeast(1, 3, 1) && (done.ID != id || !bool(done.IsPrivate)) {
		c.Errorf("done: %s", done.Raw)
	}
}

// play plays the recordings of list.
func play(c *conversation) {
	u := c.user()
	preparing := answer(u.Play(c.ctx, full(c, recordplay.Play{ID: 2}))).to(u)
	if preparing.ID != 2 || preparing.Warning == "" || preparing.JSEP == nil || preparing.JSEP.Type != "offer" {
		c.Fatalf("preparing: %s with %+v", preparing.Raw, preparing.JSEP)
	}
	answer(u.Start(c.ctx, answerTo(preparing.JSEP))).to(u)
	restarting := answer(u.Restart(c.ctx, full(c, recordplay.Restart{ID: 2}))).to(u)
	if restarting.ID != 2 || restarting.JSEP == nil || restarting.JSEP.Type != "offer" {
		c.Errorf("restarting: %s with %+v", restarting.Raw, restarting.JSEP)
	}
	if stopped := answer(u.Stop(c.ctx)).to(u); stopped.ID != 2 {
		c.Errorf("stopped: %s", stopped.Raw)
	}
	next[*recordplay.Done](u)
}

// fail makes requests that Janus refuses.
func fail(c *conversation) {
	u := c.user()
	for name, test := range map[string]struct {
		code  recordplay.ErrorCode
		since [3]int
		call  func() error
	}{
		"not found": {recordplay.ErrorNotFound, [3]int{}, func() error {
			_, err := u.Play(c.ctx, recordplay.Play{ID: 99})
			return err
		}},
		"no offer": {recordplay.ErrorMissingElement, [3]int{}, func() error {
			_, err := u.Record(c.ctx, recordplay.Record{Name: "mine"}, nil)
			return err
		}},
		"no name": {recordplay.ErrorInvalidElement, [3]int{}, func() error {
			_, err := c.user().Record(c.ctx, recordplay.Record{}, janus.JSEP{Type: "offer", SDP: offer})
			return err
		}},
		"exists": {recordplay.ErrorRecordingExists, [3]int{}, func() error {
			_, err := c.user().Record(c.ctx, recordplay.Record{Name: "mine", ID: 1}, janus.JSEP{Type: "offer", SDP: offer})
			return err
		}},
		"idle": {recordplay.ErrorInvalidState, [3]int{}, func() error {
			_, err := u.Start(c.ctx, nil)
			return err
		}},
		"admin key": {recordplay.ErrorUnauthorized, [3]int{1, 3, 1}, func() error {
			return u.Update(c.ctx, recordplay.Update{AdminKey: "wrong"})
		}},
	} {
		if !c.server.AtLeast(test.since[0], test.since[1], test.since[2]) {
			continue
		}
		err := test.call()
		var failure *janus.PluginError
		if !errors.Is(err, test.code) || !errors.As(err, &failure) || failure.Code != int(test.code) {
			c.Errorf("%s: got %v, want %v", name, err, test.code)
		}
	}
	for name, call := range map[string]func() error{
		"Pause":  func() error { _, err := u.Pause(c.ctx); return err },
		"Resume": func() error { _, err := u.Resume(c.ctx); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "*recordplay.Ignored") {
			c.Errorf("%s of a handle that does nothing returned %v", name, err)
		}
		parsed, _ := recordplay.Parse(u.recorder.Last(u).Answer)
		u.check(parsed)
	}
}

// checkComplete fails the test if a request was not sent with every field, or if
// an answer or an event was not received.
func checkComplete(c *conversation) {
	plugtest.CheckComplete(c, pkg, c.full, c.recorders)
	for _, kind := range plugtest.ReadCoverage(c).Structs() {
		if !c.kinds[kind] && kind != "SlowLink" { // which needs a bad network
			c.Errorf("no %s was received", kind)
		}
	}
}

// write writes a file.
func write(c *conversation, path string, data []byte) {
	c.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		c.Fatal(err)
	}
}

// mjr returns a recording of Opus.
func mjr() []byte {
	header := `{"t":"a","c":"opus","s":1767323045000000,"u":1767323045000001}`
	file := binary.BigEndian.AppendUint16([]byte("MJR00002"), uint16(len(header)))
	file = append(file, header...)
	for i := range 10 {
		packet := []byte{0x80, 111, 0, byte(i)}
		packet = binary.BigEndian.AppendUint32(packet, uint32(960*i))
		packet = append(binary.BigEndian.AppendUint32(packet, 0x1234), 0xf8, 0xff, 0xfe)
		file = binary.BigEndian.AppendUint32(append(file, "MEET"...), uint32(20*i))
		file = append(binary.BigEndian.AppendUint16(file, uint16(len(packet))), packet...)
	}
	return file
}

// answerTo returns an answer that accepts all of an offer.
func answerTo(offer *janus.JSEP) janus.JSEP {
	sdp := strings.NewReplacer("a=sendonly", "a=recvonly", "a=setup:actpass", "a=setup:active").Replace(offer.SDP)
	return janus.JSEP{Type: "answer", SDP: sdp}
}

// offer is an offer by a peer that will never be connected.
var offer = strings.Join([]string{
	"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1 2",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 63", "c=IN IP4 0.0.0.0", "a=mid:0", "a=rtcp-mux", "a=sendonly",
	"a=rtpmap:111 opus/48000/2", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", transport,
	"m=video 9 UDP/TLS/RTP/SAVPF 98", "c=IN IP4 0.0.0.0", "a=mid:1", "a=rtcp-mux", "a=sendonly",
	"a=rtpmap:98 VP9/90000", "a=fmtp:98 profile-id=0", transport,
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:2", "a=sctp-port:5000", transport, "",
}, "\r\n")

// transport are the lines of a section that do not depend on its media.
var transport = strings.Join([]string{
	"a=setup:actpass", "a=ice-ufrag:ufrag", "a=ice-pwd:passwordpasswordpassword",
	"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"),
}, "\r\n")
