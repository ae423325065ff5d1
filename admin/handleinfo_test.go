package admin

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// sample returns what a real Janus answered to handle_info during a call of the
// EchoTest with audio, video and data.
func sample(t testing.TB, version string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "handle_info-"+version+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestHandleInfoSamples(t *testing.T) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		t.Run(version, func(t *testing.T) {
			raw := sample(t, version)
			strict(t, "handle_info", raw, new(infoAnswer))
			c, _ := cannedClient(string(raw))
			info, err := c.HandleInfo(t.Context(), 7, 8)
			if err != nil {
				t.Fatal(err)
			}
			checkCall(t, info)
			var part EchoTestInfo
			if err := info.DecodePlugin(&part); err != nil {
				t.Fatal(err)
			}
			strict(t, "plugin_specific", info.PluginSpecific, new(EchoTestInfo))
			want := EchoTestInfo{AudioActive: true, VideoActive: true, AudioCodec: "opus", VideoCodec: "vp8", Bitrate: 128000}
			if part != want {
				t.Errorf("the plugin's part is %+v", part)
			}
		})
	}
}

// checkCall checks the info of a call that is up.
func checkCall(t *testing.T, info *HandleInfo) {
	t.Helper()
	pc := info.WebRTC
	if !info.Flags.Ready || !info.Flags.DataChannels || info.ICEMode != "full" || info.ICERole != "controlled" || info.SessionTimeout != time.Minute {
		t.Errorf("%+v", *info)
	}
	if !strings.HasPrefix(info.SDPs.Local, "v=0") || !strings.HasPrefix(info.SDPs.Remote, "v=0") {
		t.Errorf("the SDPs are %+v", info.SDPs)
	}
	order := []time.Duration{0, info.AgentCreated, info.AgentStarted, pc.ICE.Connected, pc.DTLS.HandshakeStarted, pc.DTLS.Connected, info.Age}
	for i := 1; i < len(order); i++ {
		if order[i] <= order[i-1] {
			t.Errorf("points in time out of order: %v", order)
		}
	}
	if info.Age > time.Minute || pc.ICE.Gathered <= 0 || pc.ICE.FailedDetected != 0 {
		t.Errorf("age %v, gathered %v, failed %v", info.Age, pc.ICE.Gathered, pc.ICE.FailedDetected)
	}
	if pc.ICE.State != "ready" || pc.DTLS.State != "connected" || !pc.DTLS.Valid || len(pc.ICE.LocalCandidates) == 0 || pc.ICE.SelectedPair == "" {
		t.Errorf("%+v, %+v", pc.ICE, pc.DTLS)
	}
	audio, video, data := pc.Media["0"], pc.Media["1"], pc.Media["2"]
	if audio.Codecs.Codec != "opus" || audio.Codecs.PayloadType != 111 || audio.SSRC.Remote == 0 || audio.RTCP.Main.Base != 48000 || audio.Stats.In.Packets != 70 {
		t.Errorf("audio: %+v", audio)
	}
	if video.SSRC.LocalRTX == 0 || !video.NACKs || !video.Direction.Send || video.Stats.Out.Bytes != 2870 || video.Codecs.RTXPayloadType != 97 {
		t.Errorf("video: %+v", video)
	}
	if data.Type != "data" || data.Stats.In.Packets == 0 || data.RTCP.Main != nil {
		t.Errorf("data: %+v", data)
	}
}

// allFields is a handle_info with every field.
const allFields = `{"session_id":7,"session_last_activity":900000,"session_timeout":60,"session_transport":"t","handle_id":8,"opaque_id":"o",
"token":"k","loop-running":true,"created":1000000,"current_time":3500000,"plugin":"p","plugin_specific":{"a":1},
"flags":{"got-offer":true,"got-answer":true,"negotiated":true,"processing-offer":true,"starting":true,"ice-restart":true,"ready":true,
"stopped":true,"alert":true,"trickle":true,"all-trickles":true,"resend-trickles":true,"trickle-synced":true,"data-channels":true,
"has-audio":true,"has-video":true,"new-datachan-sdp":true,"rfc4588-rtx":true,"cleaning":true,"e2ee":true},
"agent-created":1000001,"agent-started":1000002,"ice-mode":"lite","ice-role":"controlling","sdps":{"profile":"f","local":"l","remote":"r"},
"pending-trickles":1,"queued-packets":2,"dump-to-pcap":true,"pcap-file":"a","dump-to-text2pcap":true,"text2pcap-file":"b",
"webrtc":{"ice":{"stream_id":1,"component_id":1,"state":"failed","failed-detected":2000000,"icetimer-started":true,"gathered":1000003,
"connected":1000004,"local-candidates":["a"],"remote-candidates":["b"],"selected-pair":"c","ready":1},
"dtls":{"fingerprint":"a","remote-fingerprint":"b","remote-fingerprint-hash":"c","dtls-role":"d","dtls-state":"e","retransmissions":1,
"valid":true,"srtp-profile":"f","ready":true,"handshake-started":1000005,"connected":1000006,"sctp-association":true,
"stats":{"in":{"packets":1,"bytes":2},"out":{"packets":3,"bytes":4}}},
"extensions":{"urn:a":1},"bwe":{"twcc":true,"twcc-ext-id":4},"too-large":5,
"media":{"0":{"type":"video","mindex":1,"mid":"0","msid":{"local-stream":"a","local-track":"b","remote-stream":"c","remote-track":"d"},
"do_nacks":true,"nack-queue-ms":250,"ssrc":{"ssrc":4294967295,"ssrc-rtx":2,"ssrc-peer":3,"ssrc-peer-sim-1":4,"ssrc-peer-sim-2":5,
"ssrc-peer-rtx":6,"ssrc-peer-sim-1-rtx":7,"ssrc-peer-sim-2-rtx":8},
"rid-simulcast":{"rid":["h","m","l"],"rid-ext-id":1,"ridrtx-ext-id":2,"rid-order":"hml","rid-syntax":"legacy"},
"direction":{"send":true,"recv":true},"codecs":{"pt":1,"opus-red-pt":2,"rtx-pt":3,"codec":"c"},
"rtcp":{"main":{"base":90000,"rtt":20,"lost":1,"lost-by-remote":2,"jitter-local":3,"jitter-remote":4,"in-link-quality":5,
"in-media-link-quality":6,"out-link-quality":7,"out-media-link-quality":8},"sim1":{"base":1,"jitter-local":9},"sim2":{"base":2}},
"stats":{"in":{"packets":1,"bytes":2,"bytes_lastsec":3,"nacks":4,"retransmissions":5,
"video-simulcast-1":{"packets":1,"bytes":2,"bytes_lastsec":3,"nacks":4},"video-simulcast-2":{"packets":1}},
"out":{"packets":6,"bytes":7,"bytes_lastsec":8,"nacks":9}}}}}}`

// Every field of handle_info is in the struct, in the unit that its comment says.
func TestHandleInfoFields(t *testing.T) {
	strict(t, "handle_info", []byte(allFields), new(plainHandleInfo))
	var info HandleInfo
	if err := json.Unmarshal([]byte(allFields), &info); err != nil {
		t.Fatal(err)
	}
	checkNoZero(t, "info", reflect.ValueOf(info))
	if string(info.Raw) != allFields {
		t.Error("Raw is not what was received")
	}
	pc, medium := info.WebRTC, info.WebRTC.Media["0"]
	for what, pair := range map[string][2]time.Duration{
		"LastActivity":     {info.LastActivity, -100 * ms},
		"SessionTimeout":   {info.SessionTimeout, time.Minute},
		"Created":          {info.Created, time.Second},
		"Age":              {info.Age, 2500 * ms},
		"AgentCreated":     {info.AgentCreated, µs},
		"AgentStarted":     {info.AgentStarted, 2 * µs},
		"FailedDetected":   {pc.ICE.FailedDetected, time.Second},
		"Gathered":         {pc.ICE.Gathered, 3 * µs},
		"Connected":        {pc.ICE.Connected, 4 * µs},
		"HandshakeStarted": {pc.DTLS.HandshakeStarted, 5 * µs},
		"DTLS.Connected":   {pc.DTLS.Connected, 6 * µs},
		"NACKQueue":        {medium.NACKQueue, 250 * ms},
		"RTT":              {medium.RTCP.Main.RTT, 20 * ms},
		"JitterLocal":      {medium.RTCP.Main.JitterLocal, 3 * ms},
		"JitterRemote":     {medium.RTCP.Main.JitterRemote, 4 * ms},
		"JitterLocal Sim1": {medium.RTCP.Sim1.JitterLocal, 9 * ms},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, want %v", what, pair[0], pair[1])
		}
	}
}

// checkNoZero fails the test if a field of a struct is zero, except for layers of
// simulcast.
func checkNoZero(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		if !strings.Contains(path, "Sim") || strings.HasSuffix(path, "RIDSimulcast") {
			checkNoZero(t, path, v.Elem())
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			checkNoZero(t, path+"."+key.String(), v.MapIndex(key))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			checkNoZero(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	default:
		if v.IsZero() {
			t.Errorf("%s is not set", path)
		}
	}
}

// A field that has become something else costs nothing but itself.
func TestHandleInfoIsLenient(t *testing.T) {
	raw := `{"session_id":7,"created":1000,"current_time":2000,"plugin":5,"queued-packets":"many","new":{},"webrtc":{"ice":{"state":"ready","ready":true},"media":{"0":null}}}`
	var info HandleInfo
	if err := json.Unmarshal([]byte(raw), &info); err != nil {
		t.Fatal(err)
	}
	if info.Session != 7 || info.Age != ms || info.WebRTC.ICE.State != "ready" || info.Plugin != "" || string(info.Raw) != raw {
		t.Errorf("%+v", info)
	}
}

func TestHandleInfoString(t *testing.T) {
	var info HandleInfo
	if err := json.Unmarshal(sample(t, "1.1.2"), &struct{ Info *HandleInfo }{&info}); err != nil {
		t.Fatal(err)
	}
	want := "handle 2878317208015591 of session 527547265719617 (janus.plugin.echotest)"
	if got := fmt.Sprintf("%v", &info); got != want {
		t.Errorf("got %s", got)
	}
	if got := fmt.Sprintf("%#v", &info); got != want {
		t.Errorf("got %s", got)
	}
}

func TestDecodePlugin(t *testing.T) {
	if err := new(HandleInfo).DecodePlugin(new(EchoTestInfo)); err == nil || !strings.Contains(err.Error(), "nothing from the plugin") {
		t.Error(err)
	}
	info := &HandleInfo{PluginSpecific: json.RawMessage(`{"bitrate":"low"}`)}
	if err := info.DecodePlugin(new(EchoTestInfo)); err == nil || !strings.Contains(err.Error(), "decode the plugin's part") {
		t.Error(err)
	}
}

// What the plugins say in other states than those of the tests with a real Janus.
func TestPluginInfos(t *testing.T) {
	for raw, want := range map[string]any{
		`{"type":"publisher","room":"a","id":"b","private_id":3,"display":"d","metadata":{"m":1},"bitrate":5,"e2ee":true,"streams":[
			{"type":"audio","mindex":0,"mid":"0","description":"e","codec":"opus","recording":"r","audio-level-dBov":40,"talking":true,"subscribers":2},
			{"type":"video","mindex":1,"mid":"1","codec":"vp9","vp9-profile":"2","simulcast":true,"svc":true,"vp9-svc":true,"playout-delay":{"min-delay":1,"max-delay":2},"subscribers":0}
			],"hangingup":1,"destroyed":0}`: VideoRoomInfo{
			Type: "publisher", Room: plugin.Str("a"), ID: plugin.Str("b"), PrivateID: 3, Display: "d", Metadata: json.RawMessage(`{"m":1}`), Bitrate: 5, E2EE: true,
			Streams: []VideoRoomStream{
				{Type: videoroom.Audio, Mid: "0", Description: "e", Codec: videoroom.Opus, Recording: "r", AudioLevel: 40, Talking: true, Subscribers: 2},
				{Type: videoroom.Video, Mindex: 1, Mid: "1", Codec: videoroom.VP9, VP9Profile: "2", Simulcast: videoroom.Simulcast{On: true},
					SVC: videoroom.SVC{On: true}, VP9SVC: true, PlayoutDelay: &videoroom.PlayoutDelay{MinDelay: 1, MaxDelay: 2}},
			}, Ending: Ending{HangingUp: true},
		},
		`{"type":"subscriber","room":1,"private_id":3,"answered":true,"pending_offer":true,"pending_restart":true,"paused":true,"streams":[
			{"type":"video","active":true,"mindex":0,"mid":"0","crossrefid":"x","ready":true,"send":true,"feed_id":9,"feed_display":"f","feed_metadata":{},
			"feed_mid":"1","feed_description":"g","codec":"h264","h264-profile":"42e01f","simulcast":{"substream":1,"substream-target":2,"temporal-layer":1,"temporal-layer-target":2,"fallback":250000}},
			{"type":"data","active":true,"mindex":1,"mid":"1","ready":false,"send":true,"sources":1,"source_ids":[9]}],"hangingup":0,"destroyed":1}`: VideoRoomInfo{
			Type: "subscriber", Room: plugin.Num(1), PrivateID: 3, Answered: true, PendingOffer: true, PendingRestart: true, Paused: true,
			Streams: []VideoRoomStream{
				{Type: videoroom.Video, Mid: "0", Active: true, CrossRefID: "x", Ready: true, Send: true, FeedID: plugin.Num(9), FeedDisplay: "f",
					FeedMetadata: json.RawMessage(`{}`), FeedMid: "1", FeedDescription: "g", Codec: videoroom.H264, H264Profile: "42e01f",
					Simulcast: videoroom.Simulcast{On: true, Layers: &videoroom.SimulcastLayers{Substream: 1, SubstreamTarget: 2, TemporalLayer: 1, TemporalLayerTarget: 2, Fallback: 250000}}},
				{Type: videoroom.Data, Mindex: 1, Mid: "1", Active: true, Send: true, Sources: 1, SourceIDs: []plugin.ID{plugin.Num(9)}},
			}, Ending: Ending{Destroyed: true},
		},
		`{"state":"inroom","room":1,"id":2,"group":"g","display":"d","admin":true,"muted":true,"active":true,"pre-buffering":true,"prebuffer-count":6,
			"buffer-in":1,"queue-in":2,"queue-out":3,"last-drop":4,"spatial_position":50,"denoise":true,"audio-recording":"r","audio-level-dBov":40,"talking":true,
			"fec":true,"expected-loss":5,"opus-bitrate":6,"plain-rtp":{"local-ip":"a","local-port":1,"remote-ip":"b","remote-port":2,"local-ssrc":3,"remote-ssrc":4},
			"suspended":true,"plugin-offer":true,"started":true,"hangingup":true,"destroyed":false}`: AudioBridgeInfo{
			State: "inroom", Room: plugin.Num(1), ID: plugin.Num(2), Group: "g", Display: "d", Admin: true, Muted: true, Active: true, BufferIn: 1, QueueIn: 2, QueueOut: 3,
			PreBuffering: true, PrebufferCount: 6, LastDrop: 4, SpatialPosition: 50, Denoise: true, AudioRecording: "r", AudioLevel: 40, Talking: true, FEC: true,
			ExpectedLoss: 5, OpusBitrate: 6, PlainRTP: &PlainRTPInfo{"a", 1, "b", 2, 3, 4}, Suspended: true, PluginOffer: true, Started: true, Ending: Ending{HangingUp: true},
		},
		`{"state":"watching","mountpoint_id":1,"mountpoint_name":"n","mountpoint_viewers":2,"media":[{"type":"video","mindex":0,"mid":"v",
			"simulcast":{"substream":0,"substream-target":2,"temporal-layer":1,"temporal-layer-target":2},"svc":{"spatial-layer":1,"target-spatial-layer":2,
			"temporal-layer":1,"target-temporal-layer":2},"playout-delay":{"min-delay":1,"max-delay":2},"abs-capture-time-src-ext-id":3}],"e2ee":true,
			"hangingup":0,"started":1,"dataready":1,"paused":1,"stopping":1,"destroyed":0}`: StreamingInfo{
			State: "watching", MountpointID: plugin.Num(1), MountpointName: "n", MountpointViewers: 2, Media: StreamingMedia{{Type: "video", Mid: "v",
				Simulcast: &SimulcastState{0, 2, 1, 2, 0}, SVC: &videoroom.SVCLayers{SpatialLayer: 1, TargetSpatialLayer: 2, TemporalLayer: 1, TargetTemporalLayer: 2},
				PlayoutDelay: &videoroom.PlayoutDelay{MinDelay: 1, MaxDelay: 2}, AbsCaptureTimeExtension: 3}},
			E2EE: true, Started: true, DataReady: true, Paused: true, Stopping: true,
		},
		`{"state":"watching","mountpoint_id":"f","mountpoint_name":null,"mountpoint_viewers":1,"media":{"type":"audio","filename":"/a.opus"}}`: StreamingInfo{
			State: "watching", MountpointID: plugin.Str("f"), MountpointViewers: 1, Media: StreamingMedia{{Type: "audio", Filename: "/a.opus"}},
		},
		`{"audio_active":true,"video_active":true,"audio_codec":"opus","audio_red":true,"video_codec":"vp9","bitrate":1,"peer-bitrate":2,"simulcast":true,
			"substream":1,"substream-target":2,"temporal-layer":1,"temporal-layer-target":2,"fallback":3,"svc":true,"spatial-layer":1,"spatial-layer-target":2,
			"recording":{"audio":"a","video":"v","data":"d"},"e2ee":true,"slowlink_count":4,"hangingup":0,"destroyed":0}`: EchoTestInfo{
			AudioActive: true, VideoActive: true, AudioCodec: "opus", AudioRED: true, VideoCodec: "vp9", Bitrate: 1, PeerBitrate: 2, Simulcast: true,
			SimulcastState: SimulcastState{1, 2, 1, 2, 3}, SVC: true, SpatialLayer: 1, SpatialLayerTarget: 2,
			Recording: Recording{Audio: "a", Video: "v", Data: "d"}, E2EE: true, SlowLinkCount: 4,
		},
		`{"state":"incall","username":"u","peer":"p","audio_active":true,"video_active":true,"audio_codec":"opus","audio_red":true,"video_codec":"vp8","bitrate":1,
			"peer-bitrate":2,"slowlink_count":3,"simulcast":true,"simulcast-peer":true,"substream":1,"substream-target":2,"temporal-layer":1,"temporal-layer-target":2,
			"recording":{"audio":"a"},"incall":1,"e2ee":true,"hangingup":0,"destroyed":0}`: VideoCallInfo{
			State: "incall", Username: "u", Peer: "p", AudioActive: true, VideoActive: true, AudioCodec: "opus", AudioRED: true, VideoCodec: "vp8", Bitrate: 1, PeerBitrate: 2,
			Simulcast: true, SimulcastPeer: true, SimulcastState: SimulcastState{1, 2, 1, 2, 0}, Recording: Recording{Audio: "a"}, InCall: true, E2EE: true, SlowLinkCount: 3,
		},
		`{"type":"player","recording_id":5,"recording_name":"n","e2ee":true,"hangingup":0,"destroyed":0}`: RecordPlayInfo{
			Type: "player", RecordingID: 5, RecordingName: "n", E2EE: true,
		},
		`{"unique_id":"i","helper":true,"master":{"username":"m","authuser":null,"secret":"(hidden)","display_name":null,"user_agent":null,"identity":"sip:m@h","registration_status":"registered"},
			"username":"u","authuser":"a","secret":"(hidden)","display_name":"d","user_agent":"g","identity":"sip:u@h","registration_status":"unregistered","call_status":"incall",
			"helpers":1,"callee":"sip:c@h","srtp-required":"no","sdes-local-audio":"yes","sdes-local-video":"no","sdes-remote-audio":"yes","sdes-remote-video":"no",
			"recording":{"audio":"a","video":"v","audio-peer":"b","video-peer":"w"},"establishing":1,"established":0,"hangingup":0,"destroyed":0}`: SIPInfo{
			UniqueID: "i", Helper: true, Master: &SIPAccountInfo{Username: "m", Secret: "(hidden)", Identity: "sip:m@h", RegistrationStatus: "registered"},
			SIPAccountInfo: SIPAccountInfo{"u", "a", "(hidden)", "d", "g", "sip:u@h", "unregistered"}, CallStatus: "incall", Helpers: 1, Callee: "sip:c@h",
			SRTPRequired: "no", SDESLocalAudio: "yes", SDESLocalVideo: "no", SDESRemoteAudio: "yes", SDESRemoteVideo: "no",
			Recording: Recording{Audio: "a", Video: "v", AudioPeer: "b", VideoPeer: "w"}, Establishing: true,
		},
		`{"unique_id":"i","srtp-required":"no","sdes-local":"yes","sdes-remote":"no","recording":{"audio":"a"},"hangingup":0,"destroyed":0}`: NoSIPInfo{
			UniqueID: "i", SRTPRequired: "no", SDESLocal: "yes", SDESRemote: "no", Recording: Recording{Audio: "a"},
		},
		`{"destroyed":1}`: TextRoomInfo{Destroyed: true},
	} {
		got := reflect.New(reflect.TypeOf(want))
		strict(t, got.Type().String(), []byte(raw), got.Interface())
		if !reflect.DeepEqual(got.Elem().Interface(), want) {
			t.Errorf("got  %+v\nwant %+v", got.Elem(), want)
		}
	}
}

func TestFlag(t *testing.T) {
	for raw, want := range map[string]Flag{"true": true, "false": false, "0": false, "1": true, "2": true, "null": false} {
		var got Flag
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s is %v, %v", raw, got, err)
		}
	}
	var got Flag
	if err := json.Unmarshal([]byte(`"yes"`), &got); err == nil {
		t.Error("a string is accepted")
	}
}

func FuzzHandleInfo(f *testing.F) {
	f.Add([]byte(allFields))
	f.Add([]byte(`{"webrtc":{"media":{"0":null}},"created":-1,"current_time":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var info HandleInfo
		if json.Unmarshal(raw, &info) == nil && !strings.HasPrefix(info.String(), "handle ") {
			t.Errorf("%v", &info)
		}
	})
}
