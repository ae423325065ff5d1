package admin

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
	"github.com/cameronelliott/janus-go/plugin/echotest"
	"github.com/cameronelliott/janus-go/plugin/nosip"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
	"github.com/cameronelliott/janus-go/plugin/sip"
	"github.com/cameronelliott/janus-go/plugin/streaming"
	"github.com/cameronelliott/janus-go/plugin/textroom"
	"github.com/cameronelliott/janus-go/plugin/videocall"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// patience bounds a conversation with a server.
const patience = 20 * time.Second

// conversation is a test that talks to a real Janus over one transport.
type conversation struct {
	*testing.T
	ctx     context.Context
	server  *realjanus.Server
	client  *Client
	gateway *janus.Gateway
	session *janus.Session // with the token
	token   string
}

// A real Janus accepts every request over both transports, and everything that it
// answers is in the structs of this package.
func TestRealJanus(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{
		HTTP: true, TokenAuth: true, EventLoops: 2,
		Plugins: []string{"audiobridge", "echotest", "nosip", "recordplay", "sip", "streaming", "textroom", "videocall", "videoroom"},
		EventHandlers: map[string]string{
			"sampleevh": `general: { enabled = true, events = "none", backend = "http://127.0.0.1:9/" }`,
			"gelfevh":   `general: { enabled = true, events = "none", backend = "127.0.0.1", port = "9", protocol = "udp" }`,
			"wsevh":     `general: { enabled = true, events = "none", backend = "ws://127.0.0.1:9/" }`,
		},
		Loggers: map[string]string{"jsonlog": `general: { enabled = true, filename = "janus.json" }`},
	})
	t.Logf("Janus %s", server.Version())
	for name, url := range map[string]string{"websocket": server.AdminURL, "HTTP": server.AdminHTTPURL} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			client, err := Dial(ctx, url, &Options{Secret: server.AdminSecret})
			if err != nil {
				t.Fatal(err)
			}
			c := &conversation{T: t, ctx: ctx, server: server, client: client, token: "token of " + name}
			recorder := record(t, client)
			c.settings()
			c.plumbing()
			c.tokens()
			c.rooms()
			c.sessions()
			c.must(client.Close())
			want := []string(nil)
			if server.AtLeast(1, 3, 2) {
				want = []string{"set_libnice_debug global"}
			}
			if missing := recorder.missing(); !slices.Equal(missing, want) {
				t.Errorf("not answered with success: %v, want %v", missing, want)
			}
		})
	}
}

// must fails the test if a request has failed.
func (c *conversation) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// refused fails the test unless a request was refused with a code.
func (c *conversation) refused(err error, code janus.ErrorCode) {
	c.Helper()
	if !errors.Is(err, code) {
		c.Errorf("the error is %v, want %v", err, code)
	}
}

// mustGet returns what a request has returned, which must not be nil.
func mustGet[T any](v T, err error) func(*conversation) T {
	return func(c *conversation) T {
		c.Helper()
		c.must(err)
		return v
	}
}

// settings changes all settings, and changes them back.
func (c *conversation) settings() {
	before := mustGet(c.client.Status(c.ctx))(c)
	c.change(
		&Status{
			TokenAuth: true, SessionTimeout: 90 * time.Second, CandidatesTimeout: before.CandidatesTimeout, LogRotateSignal: before.LogRotateSignal,
			LogLevel: LogWarning, LogTimestamps: false, LogColors: true, MinNACKQueue: 250 * time.Millisecond, NACKOptimizations: true,
			NoMediaTimer: 3 * time.Second, SlowLinkThreshold: 4,
		})
	c.change(before)
	c.must(c.client.SetLockingDebug(c.ctx, true))
	c.must(c.client.SetLockingDebug(c.ctx, false))
	c.must(c.client.SetRefcountDebug(c.ctx, true))
	c.must(c.client.SetRefcountDebug(c.ctx, false))
	switch err := c.client.SetLibniceDebug(c.ctx, false); {
	case c.server.AtLeast(1, 3, 2):
		c.refused(err, janus.ErrorInvalidRequestPath)
	default:
		c.must(err)
	}
	c.refused(c.client.SetLogLevel(c.ctx, 8), janus.ErrorInvalidElementType)
	c.must(c.client.AcceptNewSessions(c.ctx, false))
	info := mustGet(c.client.Info(c.ctx))(c)
	if info.AcceptingNewSessions || info.VersionString != c.server.Version() {
		c.Errorf("the info is %+v", info)
	}
	c.must(c.client.AcceptNewSessions(c.ctx, true))
	c.must(c.client.Ping(c.ctx))
}

// change makes the settings those of a status.
func (c *conversation) change(s *Status) {
	c.Helper()
	c.must(c.client.SetGlobalSessionTimeout(c.ctx, s.SessionTimeout))
	c.must(c.client.SetLogLevel(c.ctx, s.LogLevel))
	c.must(c.client.SetLogTimestamps(c.ctx, s.LogTimestamps))
	c.must(c.client.SetLogColors(c.ctx, s.LogColors))
	c.must(c.client.SetMinNACKQueue(c.ctx, s.MinNACKQueue))
	c.must(c.client.SetNACKOptimizations(c.ctx, s.NACKOptimizations))
	c.must(c.client.SetNoMediaTimer(c.ctx, s.NoMediaTimer))
	c.must(c.client.SetSlowLinkThreshold(c.ctx, s.SlowLinkThreshold))
	got := mustGet(c.client.Status(c.ctx))(c)
	want := *s
	want.Raw = got.Raw
	if !reflect.DeepEqual(got, &want) {
		c.Errorf("the settings are %+v, want %+v", got, &want)
	}
}

// plumbing is about transports, event handlers, loggers and the network.
func (c *conversation) plumbing() {
	ctx, client := c.ctx, c.client
	notes := mustGet(client.ConfigureTransport(ctx, TransportWebSockets, TransportConfig{Events: true, JSON: JSONCompact, Logging: "err,warn"}))(c)
	if notes != nil {
		c.Errorf("remarks: %q", notes)
	}
	notes = mustGet(client.ConfigureTransport(ctx, TransportHTTP, TransportConfig{JSON: "none"}))(c)
	if len(notes) != 1 {
		c.Errorf("remarks: %q", notes)
	}
	websockets := mustGet(client.Connections(ctx, TransportWebSockets))(c)
	http := mustGet(client.Connections(ctx, TransportHTTP))(c)
	if websockets.Total+http.AdminHTTP == 0 || http.Total != http.AdminHTTP+http.HTTP {
		c.Errorf("connections: %+v and %+v", websockets, http)
	}
	_, err := client.QueryTransport(ctx, TransportHTTP, map[string]any{"request": "nonsense"})
	if !errors.Is(err, &janus.PluginError{Plugin: TransportHTTP, Code: 411}) {
		c.Error(err)
	}
	_, err = client.QueryTransport(ctx, TransportHTTP, nil)
	if !errors.Is(err, &janus.PluginError{Plugin: TransportHTTP, Code: 412}) {
		c.Error(err)
	}
	_, err = client.Connections(ctx, TransportMQTT)
	c.refused(err, janus.ErrorPluginNotFound)

	c.must(client.TweakEventHandler(ctx, SampleTweak{
		Events: "none", Grouping: ptr(true), Compress: ptr(false), Compression: ptr(9), Backend: "http://127.0.0.1:9/",
		BackendUser: "u", BackendPassword: "p", MaxRetransmissions: ptr(0), RetransmissionsBackoff: ptr(time.Millisecond),
	}))
	c.must(client.TweakEventHandler(ctx, SampleTweak{Compression: ptr(0), RetransmissionsBackoff: ptr(time.Duration(0))}))
	c.must(client.TweakEventHandler(ctx, WSTweak{Events: "none", Grouping: ptr(true), EventsCapOnReconnect: ptr(10)}))
	c.must(client.TweakEventHandler(ctx, GELFTweak{
		Events: "none", Compress: ptr(false), Compression: ptr(9), Backend: "127.0.0.1", Port: 9, Protocol: "udp", MaxMessageLength: 500,
	}))
	err = client.TweakEventHandler(ctx, SampleTweak{Backend: "ftp://127.0.0.1/"})
	if !errors.Is(err, &janus.PluginError{Plugin: HandlerSample, Code: 413}) {
		c.Error(err)
	}
	c.must(client.PingLogger(ctx, LoggerJSON))
	c.must(client.CustomEvent(ctx, "test", map[string]any{"a": 1}))
	c.refused(client.CustomEvent(ctx, "test", "not an object"), janus.ErrorInvalidElementType)
	c.must(client.CustomLogLine(ctx, LogFatal, "a line of the test over "+c.Name()))
	for !strings.Contains(c.server.Log(), "a line of the test over "+c.Name()) { // Janus tells nobody that it is written
		c.must(ctx.Err())
		time.Sleep(time.Millisecond)
	}
	if loops := mustGet(client.LoopsInfo(ctx))(c); len(loops) != 2 {
		c.Errorf("loops: %v", loops)
	}
	if a := mustGet(client.ResolveAddress(ctx, "localhost"))(c); net.ParseIP(a.IP) == nil || a.Elapsed <= 0 {
		c.Errorf("resolved: %+v", a)
	}
	stun := stunServer(c)
	a := mustGet(client.TestSTUN(ctx, STUNTest{Address: "127.0.0.1", Port: stun}))(c)
	if a.PublicIP != "127.0.0.1" || a.PublicPort == 0 || a.Elapsed <= 0 {
		c.Errorf("STUN: %+v", a)
	}
}

// stunServer runs a STUN server on the loopback interface until the test ends, and
// returns its port.
func stunServer(t testing.TB) int {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if n >= 20 {
				_, _ = conn.WriteToUDP(stunAnswerTo(buf[:20], from), from) // its absence fails the test
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// stunAnswerTo returns a binding response with the address that a request came
// from (RFC 8489).
func stunAnswerTo(request []byte, from *net.UDPAddr) []byte {
	const cookie = 0x2112A442
	response := binary.BigEndian.AppendUint16(nil, 0x0101)
	response = binary.BigEndian.AppendUint16(response, 12)
	response = append(response, request[4:20]...)
	response = append(response, 0, 0x20, 0, 8, 0, 1) // XOR-MAPPED-ADDRESS, IPv4
	response = binary.BigEndian.AppendUint16(response, uint16(from.Port)^(cookie>>16))
	return binary.BigEndian.AppendUint32(response, binary.BigEndian.Uint32(from.IP.To4())^cookie)
}

// tokens manages the tokens, and keeps one that allows everything.
func (c *conversation) tokens() {
	ctx, client := c.ctx, c.client
	all := mustGet(client.AddToken(ctx, c.token))(c)
	if !slices.Contains(all, echotest.Name) || !slices.Contains(all, videoroom.Name) {
		c.Errorf("a token without limits allows %v", all)
	}
	same := func(got []string, want ...string) {
		c.Helper()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			c.Errorf("the token allows %v, want %v", got, want)
		}
	}
	same(mustGet(client.AddToken(ctx, "limited", echotest.Name, "janus.plugin.none"))(c), echotest.Name)
	same(mustGet(client.AllowToken(ctx, "limited", videoroom.Name))(c), echotest.Name, videoroom.Name)
	same(mustGet(client.DisallowToken(ctx, "limited", echotest.Name))(c), videoroom.Name)
	list := mustGet(client.ListTokens(ctx))(c)
	if !slices.ContainsFunc(list, func(t Token) bool { return t.Token == "limited" && slices.Equal(t.Plugins, []string{videoroom.Name}) }) {
		c.Errorf("the tokens are %+v", list)
	}
	_, err := client.AllowToken(ctx, "unknown", videoroom.Name)
	c.refused(err, janus.ErrorTokenNotFound)
	if err != nil && strings.Contains(err.Error(), "unknown") {
		c.Errorf("the token is in the error %v", err)
	}
	_, err = client.AllowToken(ctx, "limited", "janus.plugin.none")
	c.refused(err, janus.ErrorInvalidElementType)
	c.must(client.RemoveToken(ctx, "limited"))
	c.refused(client.RemoveToken(ctx, "limited"), janus.ErrorUnknown)
}

// rooms manages rooms of the plugins without a session.
func (c *conversation) rooms() {
	ctx, client := c.ctx, c.client
	rooms := videoroom.On(client.Plugin(videoroom.Name))
	big := plugin.Num(1<<53 + 1)
	mustGet(rooms.Create(ctx, videoroom.Create{Room: big, Description: "big"}))(c)
	list := mustGet(rooms.List(ctx, videoroom.List{}))(c)
	if !slices.ContainsFunc(list.List, func(r videoroom.Room) bool { return r.Room == big && r.Description == "big" }) {
		c.Errorf("the rooms are %s", list.Raw)
	}
	_, err := rooms.Create(ctx, videoroom.Create{Room: big})
	if !errors.Is(err, videoroom.ErrorRoomExists) {
		c.Errorf("a second room: %v", err)
	}
	mustGet(rooms.Destroy(ctx, videoroom.Destroy{Room: big}))(c)
	_, err = rooms.JoinPublisher(ctx, videoroom.JoinPublisher{Room: big})
	if !errors.Is(err, videoroom.ErrorInvalidRequest) || !strings.Contains(err.Error(), "answers at once") {
		c.Errorf("an asynchronous request: %v", err)
	}

	mustGet(audiobridge.On(client.Plugin(audiobridge.Name)).List(ctx, audiobridge.List{}))(c)
	mustGet(streaming.On(client.Plugin(streaming.Name)).List(ctx, streaming.List{}))(c)
	texts := textroom.On(client.Plugin(textroom.Name))
	mustGet(texts.Create(ctx, textroom.Create{Room: plugin.Num(5)}))(c)
	if list := mustGet(texts.List(ctx, textroom.List{}))(c); len(list.Rooms) != 1 {
		c.Errorf("the rooms are %s", list.Raw)
	}
	mustGet(texts.Destroy(ctx, textroom.Destroy{Room: plugin.Num(5)}))(c)
	c.must(recordplay.On(client.Plugin(recordplay.Name)).Update(ctx, recordplay.Update{}))
	for _, name := range []string{sip.Name, nosip.Name, videocall.Name} {
		_, err := client.MessagePlugin(ctx, name, nil)
		c.refused(err, janus.ErrorUnknown)
	}
	_, err = client.Plugin("janus.plugin.none").Call(ctx, nil, nil)
	c.refused(err, janus.ErrorPluginNotFound)
}

// sessions looks into a session and its handles, and ends them.
func (c *conversation) sessions() {
	ctx, client := c.ctx, c.client
	c.dial()
	if ids := mustGet(client.ListSessions(ctx))(c); !slices.Equal(ids, []uint64{c.session.ID}) {
		c.Errorf("the sessions are %v, want %d", ids, c.session.ID)
	}
	c.must(client.SetSessionTimeout(ctx, c.session.ID, time.Hour))
	handle := c.handles()
	info := mustGet(client.HandleInfo(ctx, c.session.ID, handle.ID))(c)
	if info.SessionTimeout != time.Hour || info.Token != c.token || info.Transport != TransportWebSockets || info.Plugin != echotest.Name {
		c.Errorf("the info is %s", info.Raw)
	}
	if info.Age <= 0 || info.Age > patience || info.LastActivity > info.Age || info.LastActivity < -patience || info.Created <= 0 {
		c.Errorf("ages %v and %v of %s", info.Age, info.LastActivity, info.Raw)
	}
	c.must(client.SetSessionTimeout(ctx, c.session.ID, GlobalTimeout))
	c.capture(handle)
	c.must(client.HangupWebRTC(ctx, c.session.ID, handle.ID))
	c.must(client.DetachHandle(ctx, c.session.ID, handle.ID))
	c.awaitDetached(handle)
	_, err := client.HandleInfo(ctx, c.session.ID, handle.ID)
	c.refused(err, janus.ErrorHandleNotFound)
	c.must(client.DestroySession(ctx, c.session.ID))
	_, err = client.ListHandles(ctx, c.session.ID)
	c.refused(err, janus.ErrorSessionNotFound)
	_, err = c.session.KeepAlive(ctx, c.token)
	c.refused(err, janus.ErrorSessionNotFound)
	c.must(client.RemoveToken(ctx, c.token))
}

// dial opens a session with the token.
func (c *conversation) dial() {
	gateway, _, err := janus.Dial(context.Background(), c.server.URL, &janus.DialOptions{Logger: quiet})
	c.must(err)
	c.Cleanup(func() { _ = gateway.Close(1000, "") }) // whether the server answers is not of interest
	c.gateway = gateway
	c.session, err = gateway.Create(c.ctx, c.token)
	c.must(err)
}

// handles attaches a handle to each plugin, and looks at what the plugins say. It
// returns one of the EchoTest.
func (c *conversation) handles() *janus.Handle {
	var echo *janus.Handle
	parts := map[string]any{
		audiobridge.Name: &AudioBridgeInfo{}, echotest.Name: &EchoTestInfo{}, nosip.Name: &NoSIPInfo{}, recordplay.Name: &RecordPlayInfo{},
		sip.Name: &SIPInfo{}, streaming.Name: &StreamingInfo{}, textroom.Name: &TextRoomInfo{}, videocall.Name: &VideoCallInfo{},
		videoroom.Name: &VideoRoomInfo{},
	}
	for name, part := range parts {
		handle, err := c.session.Attach(c.ctx, c.token, name)
		c.must(err)
		if name == echotest.Name {
			echo = handle
		}
		info := mustGet(c.client.HandlePluginInfo(c.ctx, c.session.ID, handle.ID))(c)
		if info.SDPs != (SDPs{}) || info.Plugin != name {
			c.Errorf("the info is %s", info.Raw)
		}
		c.must(info.DecodePlugin(part))
		strict(c, name, info.PluginSpecific, part)
	}
	if ids := mustGet(c.client.ListHandles(c.ctx, c.session.ID))(c); len(ids) != len(parts) || !slices.Contains(ids, echo.ID) {
		c.Errorf("the handles are %v", ids)
	}
	c.participants()
	return echo
}

// participants looks at handles in rooms and at viewers of a mountpoint.
func (c *conversation) participants() {
	c.videoRoom(plugin.Num(77))
	c.audioBridge(plugin.Num(77))
	c.streaming(plugin.Num(77))
}

// attach attaches a handle.
func (c *conversation) attach(name string) *janus.Handle {
	c.Helper()
	handle, err := c.session.Attach(c.ctx, c.token, name)
	c.must(err)
	return handle
}

// look decodes what a plugin says about a handle, which must be in the part.
func (c *conversation) look(handle *janus.Handle, part any) *HandleInfo {
	c.Helper()
	info := mustGet(c.client.HandleInfo(c.ctx, c.session.ID, handle.ID))(c)
	c.must(info.DecodePlugin(part))
	strict(c, info.Plugin, info.PluginSpecific, part)
	return info
}

// videoRoom looks at a publisher and a subscriber.
func (c *conversation) videoRoom(room plugin.ID) {
	rooms := videoroom.On(c.client.Plugin(videoroom.Name))
	mustGet(rooms.Create(c.ctx, videoroom.Create{
		Room: room, DummyPublisher: true, VideoCodecs: videoroom.Codecs{videoroom.VP9}, DummyStreams: []videoroom.DummyStream{{Codec: videoroom.VP9}},
	}))(c)
	dummies := mustGet(rooms.ListParticipants(c.ctx, videoroom.ListParticipants{Room: room}))(c)
	handle := c.attach(videoroom.Name)
	client := videoroom.On(handle)
	joined := mustGet(client.JoinPublisher(c.ctx, videoroom.JoinPublisher{Room: room, Display: "ada"}))(c)
	mustGet(client.Publish(c.ctx, videoroom.Publish{Bitrate: ptr(64000)}, janus.JSEP{Type: "offer", SDP: offer}))(c)
	var publisher VideoRoomInfo
	info := c.look(handle, &publisher)
	if publisher.Type != "publisher" || publisher.Room != room || publisher.ID != joined.ID || publisher.Display != "ada" || publisher.Bitrate != 64000 {
		c.Errorf("the publisher is %s", info.PluginSpecific)
	}
	if len(publisher.Streams) != 2 || publisher.Streams[0].Codec != videoroom.Opus || publisher.Streams[1].Codec != videoroom.VP9 {
		c.Errorf("the streams are %+v", publisher.Streams)
	}
	if pc := info.WebRTC; pc == nil || len(pc.Media) != 2 || pc.DTLS.State == "connected" || !info.Flags.GotOffer || info.SDPs.Remote == "" {
		c.Errorf("the PeerConnection is %s", info.Raw)
	}

	handle = c.attach(videoroom.Name)
	mustGet(videoroom.On(handle).JoinSubscriber(c.ctx, videoroom.JoinSubscriber{
		Room: room, Streams: []videoroom.SubscribeStream{{Feed: dummies.Participants[0].ID}},
	}))(c)
	var subscriber VideoRoomInfo
	info = c.look(handle, &subscriber)
	if subscriber.Type != "subscriber" || subscriber.Room != room || len(subscriber.Streams) != 1 || subscriber.Streams[0].FeedID != dummies.Participants[0].ID {
		c.Errorf("the subscriber is %s", info.PluginSpecific)
	}
	mustGet(rooms.Destroy(c.ctx, videoroom.Destroy{Room: room}))(c)
}

// offer is an offer of a peer that will never be connected.
var offer = strings.Join([]string{
	"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0", "a=rtcp-mux", "a=sendrecv",
	"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=rtpmap:111 opus/48000/2", transportLines,
	"m=video 9 UDP/TLS/RTP/SAVPF 98", "c=IN IP4 0.0.0.0", "a=mid:1", "a=rtcp-mux", "a=sendrecv",
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
	"a=rtpmap:98 VP9/90000", "a=fmtp:98 profile-id=0", "a=rtcp-fb:98 nack",
	"a=rid:h send", "a=rid:m send", "a=rid:l send", "a=simulcast:send h;m;l", transportLines, "",
}, "\r\n")

// transportLines are the lines of an m-line that do not depend on its media.
var transportLines = strings.Join([]string{
	"a=setup:actpass", "a=ice-ufrag:ufrag", "a=ice-pwd:passwordpasswordpassword",
	"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"),
}, "\r\n")

// audioBridge looks at a participant.
func (c *conversation) audioBridge(room plugin.ID) {
	bridge := audiobridge.On(c.client.Plugin(audiobridge.Name))
	mustGet(bridge.Create(c.ctx, audiobridge.Create{Room: room}))(c)
	handle := c.attach(audiobridge.Name)
	mustGet(audiobridge.On(handle).Join(c.ctx, audiobridge.Join{Room: room, Display: "ada"}, nil))(c)
	var participant AudioBridgeInfo
	info := c.look(handle, &participant)
	if participant.State != "inroom" || participant.Room != room || participant.Display != "ada" {
		c.Errorf("the participant is %s", info.PluginSpecific)
	}
	mustGet(bridge.Destroy(c.ctx, audiobridge.Destroy{Room: room}))(c)
}

// streaming looks at a viewer.
func (c *conversation) streaming(id plugin.ID) {
	mountpoints := streaming.On(c.client.Plugin(streaming.Name))
	mustGet(mountpoints.CreateRTP(c.ctx, streaming.CreateRTP{ID: id, Name: "clock", Media: []streaming.RTPMedia{
		{Type: streaming.Video, Mid: "v", Iface: "127.0.0.1", PT: 98, Codec: streaming.VP9, SVC: true},
	}}))(c)
	handle := c.attach(streaming.Name)
	mustGet(streaming.On(handle).Watch(c.ctx, streaming.Watch{ID: id}))(c)
	var viewer StreamingInfo
	info := c.look(handle, &viewer)
	if viewer.State != "watching" || viewer.MountpointID != id || viewer.MountpointName != "clock" || len(viewer.Media) != 1 || viewer.Media[0].SVC == nil {
		c.Errorf("the viewer is %s", info.PluginSpecific)
	}
	mustGet(mountpoints.Destroy(c.ctx, streaming.Destroy{ID: id}))(c)
}

// capture writes the packets of a handle to files.
func (c *conversation) capture(handle *janus.Handle) {
	ctx, client, session := c.ctx, c.client, c.session.ID
	folder := c.TempDir()
	c.must(client.StartPcap(ctx, session, handle.ID, Capture{Folder: folder, Filename: "a.pcap", Truncate: 100}))
	c.refused(client.StartText2Pcap(ctx, session, handle.ID, Capture{}), janus.ErrorUnknown)
	info := mustGet(client.HandleInfo(ctx, session, handle.ID))(c)
	if path := filepath.Join(folder, "a.pcap"); !info.DumpToPcap || info.PcapFile != path {
		c.Errorf("the info is %s", info.Raw)
	} else if _, err := os.Stat(path); err != nil {
		c.Error(err)
	}
	c.must(client.StopPcap(ctx, session, handle.ID))
	c.must(client.StartText2Pcap(ctx, session, handle.ID, Capture{Folder: folder}))
	info = mustGet(client.HandleInfo(ctx, session, handle.ID))(c)
	if !info.DumpToText2Pcap || filepath.Dir(info.Text2PcapFile) != folder {
		c.Errorf("the info is %s", info.Raw)
	}
	c.must(client.StopText2Pcap(ctx, session, handle.ID))
	c.refused(client.StopText2Pcap(ctx, session, handle.ID), janus.ErrorUnknown)
}

// awaitDetached waits for the end of a handle.
func (c *conversation) awaitDetached(handle *janus.Handle) {
	for {
		select {
		case msg, open := <-handle.Events:
			if !open {
				c.Error("the client was not told that the handle is detached")
				return
			}
			if _, ok := msg.(*janus.DetachedMsg); ok {
				return
			}
		case <-c.ctx.Done():
			c.Fatal("the handle is not detached")
		}
	}
}

// What is wrong with an address of a real Janus is in the error of Dial.
func TestRealJanusAtAWrongAddress(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{HTTP: true, Plugins: []string{"echotest"}})
	for what, test := range map[string]struct{ url, want string }{
		"Janus API, websocket":           {server.URL, "as Janus does on the port of the Janus API"},
		"Janus API, HTTP":                {server.HTTPURL, "this is the Janus API, which is not the Admin API and has another port"},
		"no base path":                   {strings.TrimSuffix(server.AdminHTTPURL, "/admin"), "the server answered 404 Not Found: there is no Admin API at http://127.0.0.1"},
		"HTTP on the websocket's port":   {"http" + strings.TrimPrefix(server.AdminURL, "ws"), "the server answered 403 Forbidden at http://127.0.0.1"},
		"websocket on the port of HTTP":  {"ws" + strings.TrimPrefix(server.AdminHTTPURL, "http"), "the server is not a websocket: it answered 200 OK"},
		"wrong secret over websocket":    {server.AdminURL, "janus: get_status: error 403: Unauthorized request (wrong or missing secret/token)"},
		"wrong secret over HTTP":         {server.AdminHTTPURL, "janus: get_status: error 403: Unauthorized request (wrong or missing secret/token)"},
		"wrong secret and a longer path": {server.AdminHTTPURL + "/", "janus: get_status: error 403: "},
	} {
		_, err := Dial(t.Context(), test.url, &Options{Secret: secret, Logger: quiet})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", what, err, test.want)
		}
	}
}

// A Janus that is restarted is found again, by the next request.
func TestRealJanusIsRestarted(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{HTTP: true, Plugins: []string{"echotest"}})
	for _, url := range []string{server.AdminURL, server.AdminHTTPURL} {
		c, err := Dial(t.Context(), url, &Options{Secret: server.AdminSecret, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		server.Kill()
		if _, err := c.ListSessions(t.Context()); !errors.Is(err, janus.ErrNotSent) && !errors.Is(err, janus.ErrDisconnected) {
			t.Errorf("%s: while Janus is gone: %v", url, err)
		}
		server.Restart(t)
		if _, err := c.ListSessions(t.Context()); err != nil {
			t.Errorf("%s: after the restart: %v", url, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
