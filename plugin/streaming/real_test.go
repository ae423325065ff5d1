package streaming_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/streaming"
)

// A real Janus accepts every request with every field, and everything that it
// sends is in the structs of this package.
func TestRealJanus(t *testing.T) {
	for name, strings := range map[string]bool{"numeric IDs": false, "string IDs": true} {
		t.Run(name, func(t *testing.T) {
			c := converse(t, strings)
			c.Logf("Janus %s", c.server.Version())
			createAll(c)
			manage(c)
			record(c)
			watch(c)
			watchRTSP(c)
			fail(c)
			checkComplete(c)
		})
	}
}

// createAll creates mountpoints of RTP and of files with every field.
func createAll(c *conversation) {
	u, id := c.user(), c.id(7, "seven")
	crypto := "WbTBosdVUZqEb6Htqhn+m3z7wUh4RJVR8nE15GbN"
	q := full(c, streaming.CreateRTP{
		ID: id, Name: "rtp", Description: "all fields", Metadata: "meta", Secret: "s3cret", PIN: "1234",
		IsPrivate: true, Permanent: true, AdminKey: adminKey,
		Collision: 2000, BufferKFMs: 3000, BufferKFBytes: 4000, Threads: 1,
		SRTPSuite: streaming.SRTPSuite80, SRTPCrypto: crypto,
		E2EE: true, PlayoutDelayExt: true, AbsCaptureTimeSrcExtID: 5,
		DataType: streaming.Binary, BufferMsg: true,
		Media: []streaming.RTPMedia{{
			Type: streaming.Video, Mid: "v", Label: "The video", MSID: "stream track",
			Multicast: "239.255.7.7", Iface: "127.0.0.1", RTCPPort: ptr(0), Port: freePort(c), Port2: freePort(c), Port3: freePort(c),
			PT: 98, Codec: streaming.VP9, RTPMap: "VP9/90000", FMTP: "profile-id=0", Skew: true,
			BufferKF: true, Simulcast: true, SVC: true, H264SPS: "Z0LAH9kAUAW6EAAAPpAADqYI8YMkgA==,aMuDyyA=",
			DataType: streaming.Text, BufferMsg: true,
		}, {
			Type: streaming.Audio, Mid: "a", Iface: "127.0.0.1", PT: 0, Codec: streaming.PCMU,
		}, {
			Type: streaming.Data, Mid: "d", Iface: "127.0.0.1",
		}},
	})
	created := answer(u.CreateRTP(c.ctx, q)).to(u)
	if created.Name != "rtp" || !created.Permanent || created.Stream.ID != id || created.Stream.Type != streaming.Live || len(created.Stream.Ports) != 3 {
		c.Fatalf("created %s", created.Raw)
	}
	ports := created.Stream.Ports
	details := answer(u.Info(c.ctx, full(c, streaming.Info{ID: id, Secret: "s3cret"}))).to(u).Mountpoint
	want := streaming.Details{
		ID: id, Name: "rtp", Description: "all fields", Metadata: "meta", Secret: "s3cret", PIN: "1234", IsPrivate: true,
		Enabled: true, Viewers: ptr(0), Type: streaming.Live, SRTP: true, Collision: 2000, Threads: 1,
		Host: details.Host, // of Multicast or Iface
		Media: []streaming.StreamInfo{{
			MIndex: 0, Mid: "v", Type: streaming.Video, Label: "The video", MSID: "stream track",
			PT: ptr(98), Codec: streaming.VP9, RTPMap: "VP9/90000", FMTP: "profile-id=0",
			Simulcast: true, SVC: true, SkewCompensation: true,
			Port: ports[0].Port, RTCPPort: ports[0].RTCPPort, Port2: ports[0].Port2, Port3: ports[0].Port3,
		}, {
			MIndex: 1, Mid: "a", Type: streaming.Audio, Label: "audio", PT: ptr(0), Codec: streaming.PCMU, RTPMap: "PCMU/8000",
			Port: ports[1].Port,
		}, {
			MIndex: 2, Mid: "d", Type: streaming.Data, Label: "data", Port: ports[2].Port,
		}},
	}
	if c.server.AtLeast(1, 1, 3) {
		want.Media[2].DataType = streaming.Binary
	}
	if c.server.AtLeast(1, 3, 3) {
		want.BufferKFMs, want.BufferKFBytes = 3000, 4000
	}
	for i := range want.Media { // the time depends on the machine
		want.Media[i].AgeMs = details.Media[i].AgeMs
	}
	c.same("the mountpoint", details, want)
	for _, port := range []int{ports[0].Port, ports[0].RTCPPort, ports[0].Port2, ports[0].Port3, ports[1].Port, ports[2].Port} {
		if port == 0 {
			c.Errorf("Janus did not choose all ports: %+v", ports)
		}
	}
	public := answer(u.Info(c.ctx, streaming.Info{ID: id, Secret: "wrong"})).to(u).Mountpoint
	if public.Secret != "" || public.Media[0].Port != 0 {
		c.Errorf("without the secret, the details are %+v", public)
	}
	createFiles(c, u)
}

// createFiles creates mountpoints of a file.
func createFiles(c *conversation, u *user) {
	file := filepath.Join(c.T.TempDir(), "silence.alaw")
	if err := os.WriteFile(file, make([]byte, 8000), 0o600); err != nil {
		c.Fatal(err)
	}
	created := answer(u.CreateLive(c.ctx, full(c, streaming.CreateLive{
		ID: c.id(8, "eight"), Name: "live", Description: "a file", Metadata: "meta", Secret: "s3cret", PIN: "1234",
		IsPrivate: true, Permanent: true, AdminKey: adminKey,
		Filename: file, AudioCodec: streaming.PCMA, AudioRTPMap: "PCMA/8000", AudioFMTP: "a=b", AudioPT: 8,
	}))).to(u)
	if created.Stream.Type != streaming.Live {
		c.Errorf("created %s", created.Raw)
	}
	created = answer(u.CreateOnDemand(c.ctx, full(c, streaming.CreateOnDemand{
		ID: c.id(9, "nine"), Name: "ondemand", Description: "a file", Metadata: "meta", Secret: "s3cret", PIN: "1234",
		IsPrivate: true, Permanent: true, AdminKey: adminKey,
		Filename: file, AudioCodec: streaming.PCMA, AudioRTPMap: "PCMA/8000", AudioFMTP: "a=b", AudioPT: 8,
	}))).to(u)
	if created.Stream.Type != streaming.OnDemand {
		c.Errorf("created %s", created.Raw)
	}
	details := answer(u.Info(c.ctx, streaming.Info{ID: created.Stream.ID, Secret: "s3cret"})).to(u).Mountpoint
	want := streaming.Details{
		ID: c.id(9, "nine"), Name: "ondemand", Description: "a file", Metadata: "meta", Secret: "s3cret", PIN: "1234", IsPrivate: true,
		Enabled: true, Viewers: ptr(0), Type: streaming.OnDemand, Filename: file,
		Media: []streaming.StreamInfo{{Type: streaming.Audio, PT: ptr(8), Codec: streaming.PCMA, RTPMap: "PCMA/8000"}},
	}
	c.same("the file", details, want)
}

// manage lists, edits, disables and destroys mountpoints.
func manage(c *conversation) {
	u, id := c.user(), c.id(8, "eight")
	all := answer(u.List(c.ctx, full(c, streaming.List{AdminKey: adminKey}))).to(u)
	public := answer(u.List(c.ctx, streaming.List{})).to(u)
	if len(all.List) != 3 || len(public.List) != 0 {
		c.Errorf("the lists are %s and %s", all.Raw, public.Raw)
	}
	edited := answer(u.Edit(c.ctx, full(c, streaming.Edit{
		ID: id, Secret: "s3cret", NewDescription: "edited", NewMetadata: ptr(""), NewSecret: "hush", NewPIN: ptr(""),
		NewIsPrivate: ptr(false), Permanent: true, EditedEvent: true,
	}))).to(u)
	if edited.ID != id || !edited.Permanent {
		c.Errorf("edited %s", edited.Raw)
	}
	public = answer(u.List(c.ctx, streaming.List{})).to(u)
	c.same("the list", public.List, []streaming.Mountpoint{{ID: id, Type: streaming.Live, Description: "edited", Enabled: true}})
	details := answer(u.Info(c.ctx, streaming.Info{ID: id, Secret: "hush"})).to(u).Mountpoint
	if details.Secret != "hush" || details.PIN != "" {
		c.Errorf("edited: %+v", details)
	}

	rtp := c.id(7, "seven")
	u.done(u.Disable(c.ctx, full(c, streaming.Disable{ID: rtp, Secret: "s3cret", StopRecording: ptr(false)})))
	if details := answer(u.Info(c.ctx, streaming.Info{ID: rtp})).to(u).Mountpoint; details.Enabled {
		c.Error("the mountpoint is enabled after Disable")
	}
	u.done(u.Enable(c.ctx, full(c, streaming.Enable{ID: rtp, Secret: "s3cret"})))
	if details := answer(u.Info(c.ctx, streaming.Info{ID: rtp})).to(u).Mountpoint; !details.Enabled {
		c.Error("the mountpoint is disabled after Enable")
	}
	destroyed := answer(u.Destroy(c.ctx, full(c, streaming.Destroy{ID: id, Secret: "hush", Permanent: true}))).to(u)
	if destroyed.ID != id {
		c.Errorf("destroyed %s", destroyed.Raw)
	}
}

// open creates a mountpoint for viewers and returns the port of its audio.
func open(c *conversation, u *user, id plugin.ID) int {
	c.Helper()
	created := answer(u.CreateRTP(c.ctx, streaming.CreateRTP{
		ID: id, Secret: "s3cret", PIN: "1234", AdminKey: adminKey, PlayoutDelayExt: true,
		Media: []streaming.RTPMedia{
			{Type: streaming.Audio, Mid: "a", Iface: "127.0.0.1", PT: 111, Codec: streaming.Opus},
			{Type: streaming.Video, Mid: "s", Iface: "127.0.0.1", PT: 96, Codec: streaming.VP8, Simulcast: true, Port2: freePort(c), Port3: freePort(c)},
			{Type: streaming.Video, Mid: "v", Iface: "127.0.0.1", PT: 98, Codec: streaming.VP9, SVC: true},
		},
	})).to(u)
	return created.Stream.Ports[0].Port
}

// record records the RTP that the test sends.
func record(c *conversation) {
	u, id := c.user(), c.id(10, "ten")
	port := open(c, u, id)
	audio := filepath.Join(c.T.TempDir(), "audio")
	u.done(u.StartRecording(c.ctx, full(c, streaming.StartRecording{
		ID: id, Secret: "s3cret", Media: []streaming.RecordingFile{{Mid: "a", Filename: audio}},
		Audio: "not used", Video: "not used", Data: "not used",
	})))
	sendRTP(c, port)
	c.waitFor(audio+".mjr", 100)
	stream := answer(u.Info(c.ctx, streaming.Info{ID: id, Secret: "s3cret"})).to(u).Mountpoint.Media[0]
	if stream.Recording == "" || stream.AgeMs == nil {
		c.Errorf("the stream is %+v", stream)
	}
	listed := answer(u.List(c.ctx, streaming.List{})).to(u).List
	if len(listed) != 1 || listed[0].ID != id || len(listed[0].Media) != 3 || listed[0].Media[0].AgeMs == nil {
		c.Errorf("the list is %+v", listed)
	}
	if err := u.StartRecording(c.ctx, streaming.StartRecording{
		ID: id, Secret: "s3cret", Media: []streaming.RecordingFile{{Mid: "a", Filename: audio}},
	}); !errors.Is(err, streaming.ErrorInvalidRequest) {
		c.Errorf("a second recording: %v", err)
	}
	u.done(u.StopRecording(c.ctx, full(c, streaming.StopRecording{
		ID: id, Secret: "s3cret", Media: []streaming.RecordingMid{{Mid: "a"}}, Audio: true, Video: true, Data: true,
	})))
	details := answer(u.Info(c.ctx, streaming.Info{ID: id, Secret: "s3cret"})).to(u).Mountpoint
	if details.Media[0].Recording != "" {
		c.Errorf("%s is recorded after StopRecording", details.Media[0].Recording)
	}
}

// watch watches mountpoints.
func watch(c *conversation) {
	u, id, other := c.user(), c.id(10, "ten"), c.id(11, "eleven")
	open(c, u, other)
	viewer := c.user()
	preparing := answer(viewer.Watch(c.ctx, full(c, streaming.Watch{
		ID: id, PIN: "1234", Media: []string{"a", "s", "v"}, Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0),
		SpatialLayer: ptr(0), TemporalLayer: ptr(0), OfferAudio: ptr(true), OfferVideo: ptr(true), OfferData: ptr(false),
	}))).to(viewer)
	if offer := preparing.JSEP; offer == nil || offer.Type != "offer" || strings.Count(offer.SDP, "m=") != 3 {
		c.Fatalf("the offer is %+v", offer)
	}
	updating := answer(viewer.Restart(c.ctx, full(c, streaming.Restart{ID: id, PIN: "1234"}))).to(viewer)
	if updating.JSEP == nil || updating.JSEP.Type != "offer" {
		c.Fatalf("the offer of the restart is %+v", updating.JSEP)
	}
	plugtest.As[*streaming.Starting](viewer, answer(viewer.Start(c.ctx, answerTo(updating.JSEP))).to(viewer))
	answer(viewer.Pause(c.ctx)).to(viewer)
	plugtest.As[*streaming.Starting](viewer, answer(viewer.Start(c.ctx, nil)).to(viewer))
	answer(viewer.Configure(c.ctx, full(c, streaming.Configure{
		Mid: "s", Send: ptr(false), Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0), SpatialLayer: ptr(0), TemporalLayer: ptr(0),
		MinDelay: ptr(0), MaxDelay: ptr(0),
		Streams: []streaming.StreamSettings{
			{
				Mid: "s", Send: ptr(false), Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0), SpatialLayer: ptr(0), TemporalLayer: ptr(0),
				MinDelay: ptr(0), MaxDelay: ptr(0),
			},
			{Mid: "v", SpatialLayer: ptr(1)},
		},
	}))).to(viewer)
	answer(viewer.Configure(c.ctx, streaming.Configure{Mid: "a", Send: ptr(true)})).to(viewer)

	answer(u.Edit(c.ctx, streaming.Edit{ID: id, Secret: "s3cret", NewMetadata: ptr("news"), EditedEvent: true})).to(u)
	if event := next[*streaming.MountpointEdited](viewer); event.ID != id || event.Metadata != "news" {
		c.Errorf("edited: %s", event.Raw)
	}
	if switched := answer(viewer.Switch(c.ctx, full(c, streaming.Switch{ID: other}))).to(viewer); switched.ID != other {
		c.Errorf("switched: %s", switched.Raw)
	}
	if c.server.AtLeast(1, 2, 0) { // older versions do not answer
		plugtest.As[*streaming.Idle](viewer, answer(viewer.Stop(c.ctx)).to(viewer))
	}
	u.done(u.KickAll(c.ctx, full(c, streaming.KickAll{ID: other, Secret: "s3cret"})))
	next[*streaming.KickedAll](viewer)

	last := c.user()
	offer := janus.JSEP{Type: "offer", SDP: recvonly}
	starting := answer(last.WatchOffer(c.ctx, full(c, streaming.WatchOffer{
		ID: id, PIN: "1234", Substream: ptr(0), Temporal: ptr(0), Fallback: ptr(0), SpatialLayer: ptr(0), TemporalLayer: ptr(0),
	}), offer))
	if c.server.AtLeast(1, 1, 4) {
		if jsep := starting.to(last).JSEP; jsep == nil || jsep.Type != "answer" {
			c.Errorf("the answer to the offer is %+v", jsep)
		}
	} else if err := starting.err; err == nil || !strings.Contains(err.Error(), "*streaming.Preparing") {
		c.Errorf("WatchOffer returned %v", err)
	}
	answer(u.Destroy(c.ctx, streaming.Destroy{ID: id, Secret: "s3cret"})).to(u)
	next[*streaming.Stopped](last)
}

// watchRTSP watches a mountpoint of RTSP that loses its server.
func watchRTSP(c *conversation) {
	u, id, source := c.user(), c.id(12, "twelve"), serveRTSP(c.T)
	answer(u.CreateRTSP(c.ctx, full(c, streaming.CreateRTSP{
		ID: id, Name: "rtsp", Description: "a camera", Metadata: "meta", Secret: "s3cret", PIN: "1234",
		IsPrivate: true, Permanent: true, AdminKey: adminKey,
		URL: source.url(), User: "user", Password: "password", Audio: true, Video: true,
		Quirk: true, FailCheck: ptr(true), Iface: "127.0.0.1", ReconnectDelay: ptr(1), SessionTimeout: 20, Timeout: ptr(3), ConnectionTimeout: ptr(3),
		NotifyChanges: true,
		AudioCodec:    streaming.PCMA, AudioRTPMap: "PCMA/8000", AudioFMTP: "a=b", AudioPT: ptr(8),
		VideoCodec: streaming.H264, VideoRTPMap: "H264/90000", VideoFMTP: "packetization-mode=1", VideoPT: ptr(96),
		VideoBufferKF: true, BufferKFMs: 1000, BufferKFBytes: 1000, Threads: 1,
	}))).to(u)
	if !source.authorized.Load() {
		c.Error("Janus did not send the user and the password")
	}
	details := answer(u.Info(c.ctx, streaming.Info{ID: id, Secret: "s3cret"})).to(u).Mountpoint
	if !details.RTSP || details.URL != source.url() || details.User != "user" || details.Password != "password" {
		c.Errorf("the details are %+v", details)
	}
	viewer := c.user()
	answer(viewer.Watch(c.ctx, streaming.Watch{ID: id, PIN: "1234"})).to(viewer)
	if !c.server.AtLeast(1, 3, 3) {
		return // older versions say nothing
	}
	if event := next[*streaming.RTSPDisconnected](viewer); event.ID != id {
		c.Errorf("disconnected: %s", event.Raw)
	}
	if event := next[*streaming.RTSPReconnected](viewer); event.ID != id {
		c.Errorf("reconnected: %s", event.Raw)
	}
}

// fail makes requests that Janus refuses.
func fail(c *conversation) {
	u, id := c.user(), c.id(11, "eleven")
	missing := c.id(99, "missing")
	for name, test := range map[string]struct {
		code streaming.ErrorCode
		call func() error
	}{
		"missing": {streaming.ErrorNoSuchMountpoint, func() error { return u.Enable(c.ctx, streaming.Enable{ID: missing}) }},
		"secret": {streaming.ErrorUnauthorized, func() error {
			return u.KickAll(c.ctx, streaming.KickAll{ID: id, Secret: "wrong"})
		}},
		"PIN": {streaming.ErrorUnauthorized, func() error {
			_, err := u.Watch(c.ctx, streaming.Watch{ID: id, PIN: "wrong"})
			return err
		}},
		"admin key": {streaming.ErrorMissingElement, func() error {
			_, err := u.CreateRTP(c.ctx, streaming.CreateRTP{})
			return err
		}},
		"media": {streaming.ErrorCantCreate, func() error {
			_, err := u.CreateLive(c.ctx, streaming.CreateLive{AdminKey: adminKey, Filename: "/nowhere"})
			return err
		}},
		"idle": {streaming.ErrorNoSuchMountpoint, func() error {
			_, err := u.Configure(c.ctx, streaming.Configure{})
			return err
		}},
		"offer": {streaming.ErrorInvalidElement, func() error {
			return u.StartRecording(c.ctx, streaming.StartRecording{ID: id, Secret: "s3cret", Extra: map[string]any{"action": "dance"}})
		}},
	} {
		err := test.call()
		var failure *janus.PluginError
		if !errors.Is(err, test.code) || !errors.As(err, &failure) || failure.Code != int(test.code) {
			c.Errorf("%s: got %v, want %v", name, err, test.code)
		}
	}
}

// unseen are the answers and events that need a PeerConnection.
var unseen = []string{"Started", "Stopping", "SubstreamChanged", "TemporalChanged", "SpatialLayerChanged", "TemporalLayerChanged"}

// checkComplete fails the test if a request was not sent with every field, or
// if an answer or an event was not received.
func checkComplete(c *conversation) {
	var unknown []string
	if !c.server.AtLeast(1, 2, 0) {
		unknown = append(unknown, "stop")
	}
	plugtest.CheckComplete(c, pkg, c.full, c.recorders, unknown...)
	newer := map[string]bool{
		"RTSPDisconnected": !c.server.AtLeast(1, 3, 3), "RTSPReconnected": !c.server.AtLeast(1, 3, 3), "Idle": !c.server.AtLeast(1, 2, 0),
	}
	for _, kind := range plugtest.ReadCoverage(c).Structs() {
		if !c.kinds[kind] && !newer[kind] && !slices.Contains(unseen, kind) {
			c.Errorf("no %s was received", kind)
		}
	}
}

// waitFor waits until a file that Janus writes has a size.
func (c *conversation) waitFor(path string, size int64) {
	c.Helper()
	for {
		if info, err := os.Stat(path); err == nil && info.Size() >= size {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-c.ctx.Done():
			c.Fatalf("%s was not written", path)
		}
	}
}

// freePort returns a UDP port that is free.
func freePort(c *conversation) int {
	c.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // nothing was sent
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// sendRTP sends packets of Opus to a port, more than Janus buffers of a
// recording.
func sendRTP(c *conversation, port int) {
	c.Helper()
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // everything was sent
	for i := range 100 {
		packet := []byte{0x80, 111, 0, byte(i)}
		packet = binary.BigEndian.AppendUint32(packet, uint32(960*i))
		packet = binary.BigEndian.AppendUint32(packet, 0x1234)
		if _, err := conn.Write(append(packet, make([]byte, 200)...)); err != nil {
			c.Fatal(err)
		}
	}
}

// answerTo returns an answer that accepts all of an offer.
func answerTo(offer *janus.JSEP) janus.JSEP {
	sdp := strings.NewReplacer("a=sendonly", "a=recvonly", "a=setup:actpass", "a=setup:active").Replace(offer.SDP)
	return janus.JSEP{Type: "answer", SDP: sdp}
}

// recvonly is an offer to receive audio, by a peer that will never be connected.
var recvonly = strings.Join([]string{
	"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0", "a=rtcp-mux", "a=recvonly", "a=rtpmap:111 opus/48000/2",
	"a=setup:actpass", "a=ice-ufrag:ufrag", "a=ice-pwd:passwordpasswordpassword",
	"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"), "",
}, "\r\n")
