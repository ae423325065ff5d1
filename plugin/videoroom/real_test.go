package videoroom_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// A real Janus accepts every request with every field, and everything that it
// sends is in the structs of this package.
func TestRealJanus(t *testing.T) {
	for name, strings := range map[string]bool{"numeric IDs": false, "string IDs": true} {
		t.Run(name, func(t *testing.T) {
			c := converseReal(t, strings)
			c.Logf("Janus %s", c.version)
			talkAbout(c)
		})
	}
}

// The stand-in has the same conversation, so that its answers and events cannot
// differ from the structs of this package.
func TestStandIn(t *testing.T) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		for name, strings := range map[string]bool{"numeric IDs": false, "string IDs": true} {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				talkAbout(converseStandIn(t, version, strings))
			})
		}
	}
}

// talkAbout has a conversation with all requests.
func talkAbout(c *conversation) {
	manageRooms(c)
	r := openRoom(c)
	publish(c, r)
	moderate(c, r)
	forward(c, r)
	cascade(c, r)
	watch(c, r)
	leave(c, r)
	checkComplete(c)
}

// metadata is the metadata of a participant.
func metadata(role string) json.RawMessage { return json.RawMessage(`{"role":"` + role + `"}`) }

// manageRooms creates, edits, lists and destroys a room.
func manageRooms(c *conversation) {
	u, room := c.user(), c.id(7, "seven")
	recordings := filepath.Join(c.dir, "recordings")
	created := answer(u.Create(c.ctx, full(c, videoroom.Create{
		Room: room, Description: "all fields", IsPrivate: true,
		Secret: "s3cret", PIN: "1234", Allowed: []string{"token"}, AdminKey: adminKey,
		RequirePrivateID: true, SignedTokens: true, RequireE2EE: true,
		Publishers: ptr(5), Bitrate: 128000, BitrateCap: true, FIRFreq: 10,
		AudioCodecs: videoroom.Codecs{videoroom.Opus, videoroom.PCMU},
		VideoCodecs: videoroom.Codecs{videoroom.VP9, videoroom.H264, videoroom.VP8},
		VP9Profile:  "0", H264Profile: "42e01f", OpusFEC: ptr(true), OpusDTX: true, VideoSVC: true,
		AudioLevelExt: ptr(true), VideoOrientExt: ptr(true), PlayoutDelayExt: ptr(true), TransportWideCCExt: ptr(true),
		AudioLevelEvent: true, AudioActivePackets: 50, AudioLevelAverage: 30,
		Record: true, RecDir: recordings, LockRecord: true,
		Permanent: !c.standIn, NotifyJoining: true,
		DummyPublisher: true, DummyE2EE: true,
		DummyStreams: []videoroom.DummyStream{{Codec: videoroom.VP9, FMTP: "profile-id=0"}},
		Threads:      1,
	}))).to(u)
	if created.Room != room || created.Permanent == c.standIn {
		c.Errorf("created %+v", created)
	}

	rooms := answer(u.List(c.ctx, full(c, videoroom.List{AdminKey: adminKey}))).to(u)
	want := videoroom.Room{
		Room: room, Description: "all fields", PINRequired: true, IsPrivate: true,
		MaxPublishers: 5, NumParticipants: 1, Bitrate: 128000, BitrateCap: true, FIRFreq: 10,
		RequirePrivateID: true, RequireE2EE: true, DummyPublisher: true, NotifyJoining: true,
		AudioCodecs: videoroom.Codecs{videoroom.Opus, videoroom.PCMU},
		VideoCodecs: videoroom.Codecs{videoroom.VP9, videoroom.H264, videoroom.VP8},
		OpusFEC:     true, OpusDTX: true,
		Record: true, RecDir: recordings, LockRecord: true,
		AudioLevelExt: true, AudioLevelEvent: true, AudioActivePackets: 50, AudioLevelAverage: 30,
		VideoOrientExt: true, PlayoutDelayExt: true, TransportWideCCExt: true,
	}
	if !c.standIn { // it has neither an admin key nor dummy publishers
		c.same("the rooms", roomsOf(rooms, room), []videoroom.Room{want})
	}
	if rooms := answer(u.List(c.ctx, videoroom.List{})).to(u); len(roomsOf(rooms, room)) != 0 {
		c.Errorf("without the admin key, the rooms are %+v", rooms.List)
	}
	if existence := answer(u.Exists(c.ctx, full(c, videoroom.Exists{Room: room}))).to(u); !existence.Exists || existence.Room != room {
		c.Errorf("exists says %+v", existence)
	}
	answer(u.Edit(c.ctx, full(c, videoroom.Edit{
		Room: room, Secret: "s3cret", Description: "edited", IsPrivate: ptr(false), NewSecret: "new", PIN: "4321",
		RequirePrivateID: ptr(false), Bitrate: ptr(0), FIRFreq: ptr(0), Publishers: ptr(9), LockRecord: ptr(false),
		RecDir: recordings, Permanent: !c.standIn,
	}))).to(u)
	rooms = answer(u.List(c.ctx, videoroom.List{})).to(u)
	want.Description, want.IsPrivate, want.RequirePrivateID, want.LockRecord = "edited", false, false, false
	want.Bitrate, want.FIRFreq, want.MaxPublishers = 0, 0, 9
	if c.standIn {
		want.DummyPublisher, want.NumParticipants = false, 0
	}
	c.same("the rooms after edit", roomsOf(rooms, room), []videoroom.Room{want})

	allowed := answer(u.Allowed(c.ctx, full(c, videoroom.Allowed{
		Room: room, Secret: "new", Action: videoroom.ActionAdd, Allowed: []string{"other"},
	}))).to(u)
	if len(allowed.Allowed) != 2 {
		c.Errorf("the tokens are %q", allowed.Allowed)
	}
	allowed = answer(u.Allowed(c.ctx, videoroom.Allowed{Room: room, Secret: "new", Action: videoroom.ActionDisable})).to(u)
	if allowed.Allowed != nil {
		c.Errorf("after disable, the tokens are %q", allowed.Allowed)
	}
	dummies := answer(u.ListParticipants(c.ctx, videoroom.ListParticipants{Room: room})).to(u)
	if !c.standIn && (len(dummies.Participants) != 1 || !dummies.Participants[0].Dummy) {
		c.Errorf("the participants are %+v, want a dummy", dummies.Participants)
	}
	destroyed := answer(u.Destroy(c.ctx, full(c, videoroom.Destroy{Room: room, Secret: "new", Permanent: !c.standIn}))).to(u)
	if destroyed.Room != room || destroyed.Permanent == c.standIn {
		c.Errorf("destroyed %+v", destroyed)
	}
	if created := answer(u.Create(c.ctx, videoroom.Create{AdminKey: adminKey})).to(u); created.Room.IsZero() {
		c.Error("a room without an ID was created")
	}
}

// roomsOf returns the rooms of a list that have an ID.
func roomsOf(rooms *videoroom.Rooms, id plugin.ID) []videoroom.Room {
	return slices.DeleteFunc(slices.Clone(rooms.List), func(r videoroom.Room) bool { return r.Room != id })
}

// meeting is a room with two publishers.
type meeting struct {
	room, aliceID, bobID plugin.ID
	admin, alice, bob    *user

	joined     *videoroom.Joined     // alice's
	configured *videoroom.Configured // alice's
}

// openRoom creates a room.
func openRoom(c *conversation) *meeting {
	r := &meeting{
		room: c.id(8, "eight"), aliceID: c.id(101, "alice"), bobID: c.id(1<<62+1, "bob"),
		admin: c.user(), alice: c.user(), bob: c.user(),
	}
	answer(r.admin.Create(c.ctx, videoroom.Create{
		Room: r.room, Secret: "s3cret", PIN: "1234", Allowed: []string{"token"}, AdminKey: adminKey, Publishers: ptr(10),
		RequirePrivateID: true, LockRecord: true, NotifyJoining: true, OpusDTX: true,
		AudioLevelEvent: true, AudioActivePackets: 5, AudioLevelAverage: 60,
		AudioCodecs: videoroom.Codecs{videoroom.Opus}, VideoCodecs: videoroom.Codecs{videoroom.VP9, videoroom.H264, videoroom.VP8},
	})).to(r.admin)
	return r
}

// publish lets alice and bob join and publish.
func publish(c *conversation, r *meeting) {
	record := filepath.Join(c.dir, "alice")
	r.joined = answer(r.alice.JoinPublisher(c.ctx, full(c, videoroom.JoinPublisher{
		Room: r.room, ID: r.aliceID, Display: "Alice", Metadata: metadata("host"), PIN: "1234", Token: "token",
		AudioActivePackets: 5, AudioLevelAverage: 60,
	}))).to(r.alice)
	if r.joined.Room != r.room || r.joined.ID != r.aliceID || r.joined.PrivateID == 0 ||
		!c.standIn && r.joined.AudioLevelAverage != 60 {
		c.Errorf("alice joined: %s", r.joined.Raw)
	}
	joined := answer(r.bob.JoinAndConfigure(c.ctx, full(c, videoroom.JoinAndConfigure{
		Room: r.room, ID: r.bobID, Display: "Bob", Metadata: metadata("guest"), PIN: "1234", Token: "token",
		AudioActivePackets: 5, AudioLevelAverage: 60,
		AudioCodec: videoroom.Opus, VideoCodec: videoroom.VP9, Bitrate: ptr(0), Record: true, Filename: record + "-bob",
		Descriptions: []videoroom.StreamDescription{{Mid: "m0", Description: "microphone"}},
	}), offer(audioSection, videoSection))).to(r.bob)
	if joined.JSEP == nil || joined.JSEP.Type != "answer" || len(joined.Streams) != 2 || len(joined.Attendees) != 1 {
		c.Errorf("bob joined: %s", joined.Raw)
	}
	if joining := next[*videoroom.Joining](r.alice); joining.Joining.ID != r.bobID || joining.Joining.Display != "Bob" {
		c.Errorf("alice was told %+v", joining)
	}

	jsep := offer(audioSection, simulcastSection(), dataSection, disabled(videoSection))
	jsep.E2EE = true
	r.configured = answer(r.alice.Publish(c.ctx, full(c, videoroom.Publish{
		AudioCodec: videoroom.Opus, VideoCodec: videoroom.H264, Bitrate: ptr(256000), Keyframe: true,
		Descriptions: []videoroom.StreamDescription{{Mid: "m1", Description: "camera"}},
		Streams:      []videoroom.PublisherStream{{Send: ptr(true), Keyframe: true, MinDelay: ptr(0), MaxDelay: ptr(5)}},
		Record:       ptr(true), Filename: record, Secret: "s3cret",
		Display: "Alice A.", Metadata: metadata("speaker"),
		AudioActivePackets: ptr(5), AudioLevelAverage: ptr(60), Update: true, Restart: true,
	}, "Mid"), jsep)).to(r.alice)
	checkConfigured(c, r.configured)
	checkRenamed(c, r, "Alice A.")

	answer(r.alice.ConfigurePublisher(c.ctx, full(c, videoroom.ConfigurePublisher{
		AudioCodec: videoroom.Opus, VideoCodec: videoroom.H264, Bitrate: ptr(0), Keyframe: true,
		Descriptions: []videoroom.StreamDescription{{Mid: "m1", Description: "camera"}},
		Streams:      []videoroom.PublisherStream{{Mid: "m1", Send: ptr(true), Keyframe: true, MinDelay: ptr(-1), MaxDelay: ptr(-1)}},
		Record:       ptr(false), Filename: record, Secret: "s3cret",
		Display: "Alice B.", Metadata: metadata("host"),
		AudioActivePackets: ptr(0), AudioLevelAverage: ptr(0), Update: true, Restart: true,
	}), nil)).to(r.alice)
	checkRenamed(c, r, "Alice B.")
	if published := next[*videoroom.Published](r.bob); published.Publishers[0].ID != r.aliceID {
		c.Errorf("bob was told %s", published.Raw)
	}
}

// checkConfigured checks what alice negotiated.
func checkConfigured(c *conversation, configured *videoroom.Configured) {
	c.Helper()
	if configured.JSEP == nil || configured.JSEP.Type != "answer" || configured.JSEP.E2EE == c.standIn {
		c.Errorf("alice was answered %+v", configured.JSEP)
	}
	if c.standIn { // it does not read the offer so closely
		return
	}
	want := []videoroom.Stream{
		{Type: videoroom.Audio, Mindex: 0, Mid: "m0", Codec: videoroom.Opus, Stereo: true, FEC: true, DTX: true},
		{Type: videoroom.Video, Mindex: 1, Mid: "m1", Codec: videoroom.H264, Description: "camera", H264Profile: "42e01f", Simulcast: videoroom.Simulcast{On: true}},
		{Type: videoroom.Data, Mindex: 2, Mid: "2"},
		{Type: videoroom.Video, Mindex: 3, Mid: "m3", Disabled: true},
	}
	if c.since(1, 3, 2) {
		want[0].AudioLevelExtID, want[1].VideoOrientExtID, want[1].PlayoutDelayExtID = 1, 2, 3
	}
	c.same("alice's streams", configured.Streams, want)
}

// checkRenamed checks that bob hears of alice's new name and metadata.
func checkRenamed(c *conversation, r *meeting, display string) {
	c.Helper()
	if changed := next[*videoroom.DisplayChanged](r.bob); changed.ID != r.aliceID || changed.Display != display {
		c.Errorf("bob was told %+v", changed)
	}
	if c.since(1, 3, 0) {
		if changed := next[*videoroom.MetadataChanged](r.bob); changed.ID != r.aliceID || len(changed.Metadata) == 0 {
			c.Errorf("bob was told %+v", changed)
		}
	}
}

// moderate mutes and unmutes bob, and starts and stops the recording.
func moderate(c *conversation, r *meeting) {
	for _, moderation := range []videoroom.Moderation{videoroom.Unmuted, videoroom.Muted} {
		q := videoroom.Moderate{Room: r.room, Secret: "s3cret", ID: r.bobID, Mid: "m0", Mute: moderation == videoroom.Muted}
		done[*videoroom.Success](r.admin, r.admin.Moderate(c.ctx, q))
		for _, u := range []*user{r.alice, r.bob} {
			if m := next[*videoroom.Moderated](u); m.ID != r.bobID || m.Mid != "m0" || m.Moderation != moderation {
				c.Errorf("after %+v: %s", q, m.Raw)
			}
		}
		if q.Mute {
			full(c, q)
		}
	}
	recording := answer(r.admin.EnableRecording(c.ctx, full(c, videoroom.EnableRecording{Room: r.room, Secret: "s3cret", Record: true}))).to(r.admin)
	if !recording.Record {
		c.Error("it does not record")
	}
	answer(r.admin.EnableRecording(c.ctx, videoroom.EnableRecording{Room: r.room, Secret: "s3cret"})).to(r.admin)
}

// srtpCrypto is a key and salt.
var srtpCrypto = base64.StdEncoding.EncodeToString(make([]byte, 30))

// forward forwards alice's streams.
func forward(c *conversation, r *meeting) {
	forwarded := answer(r.admin.RTPForward(c.ctx, full(c, videoroom.RTPForward{
		Room: r.room, Secret: "s3cret", AdminKey: adminKey, PublisherID: r.aliceID, Host: "127.0.0.1", HostFamily: videoroom.IPv4,
		Simulcast: true, SRTPSuite: videoroom.SRTPSuite80, SRTPCrypto: srtpCrypto,
		Streams: []videoroom.RTPForwardStream{{
			Secret: "s3cret", Mid: "m1", Host: "127.0.0.1", HostFamily: videoroom.IPv4, Port: 9, RTCPPort: 10, SSRC: 1 << 31, PT: 100,
			Simulcast: true, SRTPSuite: videoroom.SRTPSuite32, SRTPCrypto: srtpCrypto,
			Port2: 11, SSRC2: 2, PT2: 101, Port3: 12, SSRC3: 3, PT3: 102,
		}, {Mid: "m0", Port: 13}, {Mid: "2", Port: 14}, {Mid: "none", Port: 15}},
	}))).to(r.admin)
	if forwarded.PublisherID != r.aliceID || len(forwarded.Forwarders) < 3 {
		c.Errorf("forwarded %s", forwarded.Raw)
	}
	listed := answer(r.admin.ListForwarders(c.ctx, full(c, videoroom.ListForwarders{Room: r.room, Secret: "s3cret"}))).to(r.admin)
	if len(listed.Publishers) != 1 || len(listed.Publishers[0].Forwarders) != len(forwarded.Forwarders) {
		c.Errorf("the forwarders are %s", listed.Raw)
	}
	for _, forwarder := range forwarded.Forwarders {
		stopped := answer(r.admin.StopRTPForward(c.ctx, full(c, videoroom.StopRTPForward{
			Room: r.room, Secret: "s3cret", AdminKey: adminKey, PublisherID: r.aliceID, StreamID: forwarder.StreamID,
		}))).to(r.admin)
		if stopped.StreamID != forwarder.StreamID {
			c.Errorf("stopped %s, want %d", stopped.Raw, forwarder.StreamID)
		}
	}
	forwarded = answer(r.admin.RTPForward(c.ctx, videoroom.RTPForward{
		Room: r.room, Secret: "s3cret", AdminKey: adminKey, PublisherID: r.aliceID, Host: "127.0.0.1",
		Extra: map[string]any{"audio_port": 9, "video_port": 10, "video_rtcp_port": 11, "video_port_2": 12, "video_port_3": 13, "data_port": 14},
	})).to(r.admin)
	if old := forwarded.RTPStream; old == nil || old.AudioStreamID == 0 || old.VideoStreamID3 == 0 || old.DataStreamID == 0 {
		c.Errorf("the deprecated form forwarded %s", forwarded.Raw)
	}
}

// leave ends the meeting.
func leave(c *conversation, r *meeting) {
	participants := answer(r.admin.ListParticipants(c.ctx, full(c, videoroom.ListParticipants{Room: r.room}))).to(r.admin)
	if len(participants.Participants) != 3 {
		c.Errorf("the participants are %s", participants.Raw)
	}
	if c.standIn {
		done[*videoroom.SelfUnpublished](r.alice, r.alice.Unpublish(c.ctx))
		if unpublished := next[*videoroom.Unpublished](r.bob); unpublished.ID != r.aliceID {
			c.Errorf("bob was told %s", unpublished.Raw)
		}
	} else if err := r.alice.Unpublish(c.ctx); !errors.Is(err, videoroom.ErrorNotPublished) {
		c.Errorf("unpublish without media: %v", err)
	}
	done[*videoroom.Success](r.admin, r.admin.Kick(c.ctx, full(c, videoroom.Kick{Room: r.room, Secret: "s3cret", ID: r.bobID})))
	if kicked := next[*videoroom.SelfKicked](r.bob); kicked.Reason != "kicked" || kicked.Room != r.room {
		c.Errorf("bob was told %s", kicked.Raw)
	}
	if kicked := next[*videoroom.Kicked](r.alice); kicked.ID != r.bobID {
		c.Errorf("alice was told %s", kicked.Raw)
	}
	answer(r.admin.Destroy(c.ctx, videoroom.Destroy{Room: r.room, Secret: "s3cret"})).to(r.admin)
	if destroyed := next[*videoroom.Destroyed](r.alice); destroyed.Room != r.room {
		c.Errorf("alice was told %s", destroyed.Raw)
	}
}

// checkComplete fails the test if a request was not sent, or not with all
// fields, or if an event did not come that comes without media.
func checkComplete(c *conversation) {
	plugtest.CheckComplete(c, pkg, c.full, c.recorders)
	for _, event := range kinds() {
		_, media := needMedia[event]
		media = media || c.standIn && talks(event)
		newer := event == reflect.TypeFor[*videoroom.MetadataChanged]() && !c.since(1, 3, 0)
		if !c.kinds[event] && !media && !newer {
			c.Errorf("%v did not come", event)
		}
	}
}

// talks reports whether an event needs audio.
func talks(event reflect.Type) bool {
	return event == reflect.TypeFor[*videoroom.Talking]() || event == reflect.TypeFor[*videoroom.StoppedTalking]()
}

// needMedia are the events and answers that need a PeerConnection.
var needMedia = map[reflect.Type]struct{}{
	reflect.TypeFor[*videoroom.Unpublished]():          {},
	reflect.TypeFor[*videoroom.SelfUnpublished]():      {},
	reflect.TypeFor[*videoroom.SlowLink]():             {},
	reflect.TypeFor[*videoroom.SubstreamChanged]():     {},
	reflect.TypeFor[*videoroom.TemporalChanged]():      {},
	reflect.TypeFor[*videoroom.SpatialLayerChanged]():  {},
	reflect.TypeFor[*videoroom.TemporalLayerChanged](): {},
}
