package audiobridge_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// TestRealJanus sends every request with every field to a real Janus. Any member
// of an answer or of an event that the structs do not have fails the test.
func TestRealJanus(t *testing.T) {
	for name, strings := range map[string]bool{"numbers": false, "strings": true} {
		t.Run(name, func(t *testing.T) {
			c := converse(t, strings)
			room := createRoom(c)
			moderate(c, room)
			forward(c, room)
			announce(c, room)
			suspend(c, room)
			negotiate(c)
			empty(c, room)
			checkComplete(c)
		})
	}
}

// testRoom is a room with all options, and two participants in it.
type testRoom struct {
	id         plugin.ID
	secret     string
	manager    *user // not in the room
	alice, bob *user
	aliceID    plugin.ID
	bobID      plugin.ID
	mic        *microphone // of bob
}

const (
	pin   = "4711"
	token = "letmein"
	group = "speakers"
)

func createRoom(c *conversation) *testRoom {
	c.Helper()
	m := c.user()
	r := &testRoom{manager: m, id: c.id(1<<53+1, "the room"), secret: "secret"}
	recordings := filepath.Join(c.server.Dir(), "recordings")
	created := ok(m.Create(c.ctx, full(c, audiobridge.Create{
		Room: r.id, Description: "A room", Secret: "old secret", PIN: "0000", IsPrivate: true, Permanent: true,
		Allowed: []string{token}, SignedTokens: true, SamplingRate: 48000, SpatialAudio: true,
		Groups: []string{group, "others"}, Record: true, RecordFile: "mix.wav", RecordDir: recordings,
		MJRs: true, MJRsDir: recordings, AllowRTPParticipants: true, AudioLevelExt: ptr(true),
		AudioLevelEvent: true, AudioActivePackets: 5, AudioLevelAverage: 50, DefaultExpectedLoss: 5,
		DefaultBitrate: 32000, DefaultPrebuffering: ptr(3), Denoise: true, AdminKey: adminKey,
	}))).to(m)
	if created.Room != r.id || !created.Permanent {
		c.Errorf("got %+v", created)
	}
	if edited := ok(m.Edit(c.ctx, full(c, audiobridge.Edit{
		Room: r.id, Secret: "old secret", NewDescription: "The room", NewSecret: r.secret, NewPIN: ptr(pin),
		NewIsPrivate: ptr(true), NewRecordDir: recordings, NewMJRsDir: recordings, Permanent: true,
	}))).to(m); edited.Room != r.id || !edited.Permanent {
		c.Errorf("got %+v", edited)
	}
	if rooms := ok(m.List(c.ctx, audiobridge.List{})).to(m); len(rooms.Rooms) != 0 {
		c.Errorf("the private room is listed: %s", rooms.Raw)
	}
	rooms := ok(m.List(c.ctx, full(c, audiobridge.List{AdminKey: adminKey}))).to(m)
	want := audiobridge.Room{
		Room: r.id, Description: "The room", SamplingRate: 48000, SpatialAudio: true, PINRequired: true, Record: true,
	}
	if !slices.Contains(rooms.Rooms, want) {
		c.Errorf("got %s, want %+v among them", rooms.Raw, want)
	}
	if exists := ok(m.Exists(c.ctx, full(c, audiobridge.Exists{Room: r.id}))).to(m); !exists.Exists || exists.Room != r.id {
		c.Errorf("got %+v", exists)
	}
	if exists := ok(m.Exists(c.ctx, audiobridge.Exists{Room: c.id(5, "none")})).to(m); exists.Exists {
		c.Errorf("got %+v", exists)
	}
	allowed := ok(m.Allowed(c.ctx, full(c, audiobridge.Allowed{
		Room: r.id, Secret: r.secret, Action: audiobridge.ActionAdd, Allowed: []string{"other"},
	}))).to(m)
	if slices.Sort(allowed.Allowed); !slices.Equal(allowed.Allowed, []string{token, "other"}) {
		c.Errorf("got %s", allowed.Raw)
	}
	if _, err := m.Allowed(c.ctx, audiobridge.Allowed{
		Room: r.id, Secret: r.secret, Action: audiobridge.ActionDisable,
	}); err != nil {
		c.Error(err)
	}
	ok(m.Allowed(c.ctx, audiobridge.Allowed{Room: r.id, Secret: r.secret, Action: audiobridge.ActionEnable})).to(m)
	join(c, r)
	return r
}

// join takes alice and bob into the room, with plain RTP.
func join(c *conversation, r *testRoom) {
	c.Helper()
	r.alice, r.bob, r.aliceID, r.bobID = c.user(), c.user(), c.id(1<<53+3, "alice"), c.id(1<<53+5, "bob")
	joined := ok(r.alice.Join(c.ctx, audiobridge.Join{
		Room: r.id, ID: r.aliceID, PIN: pin, Token: token, Group: group, RTP: &audiobridge.RTP{},
	}, nil)).to(r.alice)
	if joined.Room != r.id || joined.ID != r.aliceID || joined.RTP == nil || joined.RTP.Port == 0 || joined.JSEP != nil {
		c.Errorf("got %s", joined.Raw)
	}
	r.mic = newMicrophone(c.T)
	joined = ok(r.bob.Join(c.ctx, audiobridge.Join{
		Room: r.id, ID: r.bobID, PIN: pin, Token: token, Group: group, Display: "Bob", SpatialPosition: ptr(0),
		RTP: &audiobridge.RTP{IP: "127.0.0.1", Port: r.mic.port(), AudioLevelExt: 1},
	}, nil)).to(r.bob)
	// Older servers wait for the first packet.
	setup := c.server.AtLeast(1, 3, 2)
	if p := one(c, joined.Participants); p.ID != r.aliceID || p.Setup != setup {
		c.Errorf("got %s", joined.Raw)
	}
	r.mic.connect(c.T, joined.RTP)
	appeared := next[*audiobridge.ParticipantJoined](r.alice)
	if p := one(c, appeared.Participants); p.ID != r.bobID || p.Display != "Bob" || p.SpatialPosition == nil || *p.SpatialPosition != 0 {
		c.Errorf("got %s", appeared.Raw)
	}
	updated := whileTalking[*audiobridge.ParticipantUpdated](c, r)
	if p := one(c, updated.Participants); p.ID != r.bobID || !p.Setup {
		c.Errorf("got %s", updated.Raw)
	}
}

// one returns the only participant of a list.
func one(c *conversation, participants []audiobridge.Participant) audiobridge.Participant {
	c.Helper()
	if len(participants) != 1 {
		c.Fatalf("got %d participants, want 1", len(participants))
	}
	return participants[0]
}

func moderate(c *conversation, r *testRoom) {
	c.Helper()
	m := r.manager
	listed := ok(m.ListParticipants(c.ctx, full(c, audiobridge.ListParticipants{Room: r.id}))).to(m)
	if i := slices.IndexFunc(listed.Participants, func(p audiobridge.Participant) bool { return p.ID == r.bobID }); i < 0 ||
		len(listed.Participants) != 2 || listed.Participants[i].Talking == nil {
		c.Errorf("got %s", listed.Raw)
	}
	mute := full(c, audiobridge.Mute{Room: r.id, ID: r.bobID, Secret: r.secret})
	for _, want := range []plugin.ID{r.id, {}} { // the second time nothing changes
		if success := ok(m.Mute(c.ctx, mute)).to(m); success.Room != want {
			c.Errorf("got %s", success.Raw)
		}
	}
	ok(m.Unmute(c.ctx, full(c, audiobridge.Unmute{Room: r.id, ID: r.bobID, Secret: r.secret}))).to(m)
	for _, u := range []*user{r.alice, r.bob} {
		for _, muted := range []bool{true, false} {
			if updated := next[*audiobridge.ParticipantUpdated](u); one(c, updated.Participants).Muted != muted {
				c.Errorf("got %s", updated.Raw)
			}
		}
	}
	ok(m.MuteRoom(c.ctx, full(c, audiobridge.MuteRoom{Room: r.id, Secret: r.secret}))).to(m)
	ok(m.UnmuteRoom(c.ctx, full(c, audiobridge.UnmuteRoom{Room: r.id, Secret: r.secret}))).to(m)
	for _, u := range []*user{r.alice, r.bob} {
		for _, muted := range []bool{true, false} {
			if event := next[*audiobridge.RoomMuted](u); event.Muted != muted || event.Room != r.id {
				c.Errorf("got %s", event.Raw)
			}
		}
	}
	denoise(c, r)
	for _, record := range []bool{false, true} {
		if answer := ok(m.EnableRecording(c.ctx, audiobridge.EnableRecording{
			Room: r.id, Secret: r.secret, Record: record,
		})).to(m); answer.Record != record {
			c.Errorf("got %s", answer.Raw)
		}
		if answer := ok(m.EnableMJRs(c.ctx, audiobridge.EnableMJRs{
			Room: r.id, Secret: r.secret, MJRs: record,
		})).to(m); answer.MJRs != record {
			c.Errorf("got %s", answer.Raw)
		}
	}
	recordings := filepath.Join(c.server.Dir(), "recordings")
	ok(m.EnableRecording(c.ctx, full(c, audiobridge.EnableRecording{
		Room: r.id, Secret: r.secret, Record: true, RecordFile: "second.wav", RecordDir: recordings,
	}))).to(m)
	ok(m.EnableMJRs(c.ctx, full(c, audiobridge.EnableMJRs{
		Room: r.id, Secret: r.secret, MJRs: true, MJRsDir: recordings,
	}))).to(m)
	r.bob.done(r.bob.ResetDecoder(c.ctx))
}

// denoise sends requests that only some builds of Janus know.
func denoise(c *conversation, r *testRoom) {
	c.Helper()
	m := r.manager
	enabled, err := m.DenoiseEnable(c.ctx, full(c, audiobridge.DenoiseEnable{Room: r.id, ID: r.bobID, Secret: r.secret}))
	if !errors.Is(err, audiobridge.ErrorInvalidRequest) {
		ok(enabled, err).to(m)
	}
	disabled, err := m.DenoiseDisable(c.ctx, full(c, audiobridge.DenoiseDisable{Room: r.id, ID: r.bobID, Secret: r.secret}))
	if !errors.Is(err, audiobridge.ErrorInvalidRequest) {
		ok(disabled, err).to(m)
	}
}

func forward(c *conversation, r *testRoom) {
	c.Helper()
	m := r.manager
	request := full(c, audiobridge.RTPForward{
		Room: r.id, Secret: r.secret, Group: group, Host: "127.0.0.1", HostFamily: audiobridge.HostIPv4, Port: newMicrophone(c.T).port(),
		Codec: audiobridge.CodecOpus, PType: 101, SSRC: 1<<32 - 1, SRTPSuite: audiobridge.SRTPSuite80,
		SRTPCrypto: "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw", AlwaysOn: true, AdminKey: adminKey,
	})
	answer := ok(m.RTPForward(c.ctx, request)).to(m)
	if answer.Room != r.id || answer.Group != group || answer.Host != request.Host || answer.Port != request.Port {
		c.Errorf("got %s", answer.Raw)
	}
	listed := ok(m.ListForwarders(c.ctx, full(c, audiobridge.ListForwarders{Room: r.id, Secret: r.secret}))).to(m)
	want := audiobridge.Forwarder{
		StreamID: answer.StreamID, Group: group, IP: request.Host, Port: request.Port, SSRC: request.SSRC,
		Codec: request.Codec, PType: request.PType, SRTP: true, AlwaysOn: true,
	}
	if !slices.Contains(listed.Forwarders, want) {
		c.Errorf("got %s, want %+v", listed.Raw, want)
	}
	stopped := ok(m.StopRTPForward(c.ctx, full(c, audiobridge.StopRTPForward{
		Room: r.id, Secret: r.secret, StreamID: answer.StreamID, AdminKey: adminKey,
	}))).to(m)
	if stopped.Room != r.id || stopped.StreamID != answer.StreamID {
		c.Errorf("got %s", stopped.Raw)
	}
	request.AdminKey = ""
	if _, err := m.RTPForward(c.ctx, request); !errors.Is(err, audiobridge.ErrorMissingElement) {
		c.Errorf("without the admin key: %v", err)
	}
}

func announce(c *conversation, r *testRoom) {
	c.Helper()
	m := r.manager
	path := filepath.Join(c.server.Dir(), "announcement.opus")
	if err := os.WriteFile(path, opusFile(10), 0o600); err != nil {
		c.Fatal(err)
	}
	request := full(c, audiobridge.PlayFile{
		Room: r.id, Secret: r.secret, Group: group, FileID: "jingle", Filename: path, Loop: true, AdminKey: adminKey,
	})
	answer, err := m.PlayFile(c.ctx, request)
	if errors.Is(err, audiobridge.ErrorInvalidRequest) {
		c.Fatalf("this Janus was built without libogg: %v", err)
	}
	if ok(answer, err).to(m); answer.Room != r.id || answer.FileID != request.FileID {
		c.Errorf("got %s", answer.Raw)
	}
	for _, u := range []*user{r.alice, r.bob} {
		if started := next[*audiobridge.AnnouncementStarted](u); started.Room != r.id || started.FileID != request.FileID {
			c.Errorf("got %s", started.Raw)
		}
	}
	playing := ok(m.IsPlaying(c.ctx, full(c, audiobridge.IsPlaying{
		Room: r.id, Secret: r.secret, FileID: request.FileID, AdminKey: adminKey,
	}))).to(m)
	if !playing.Playing || playing.FileID != request.FileID {
		c.Errorf("got %s", playing.Raw)
	}
	listAnnouncements(c, r, audiobridge.Announcement{FileID: request.FileID, Filename: path, Playing: true, Loop: true})
	stopped := ok(m.StopFile(c.ctx, full(c, audiobridge.StopFile{
		Room: r.id, Secret: r.secret, FileID: request.FileID, AdminKey: adminKey,
	}))).to(m)
	if stopped.Room != r.id || stopped.FileID != request.FileID {
		c.Errorf("got %s", stopped.Raw)
	}
	for _, u := range []*user{r.alice, r.bob} {
		if stopped := next[*audiobridge.AnnouncementStopped](u); stopped.Room != r.id || stopped.FileID != request.FileID {
			c.Errorf("got %s", stopped.Raw)
		}
	}
	// A file that ends by itself.
	ended := ok(m.PlayFile(c.ctx, audiobridge.PlayFile{
		Room: r.id, Secret: r.secret, Group: group, Filename: path, AdminKey: adminKey,
	})).to(m)
	for _, u := range []*user{r.alice, r.bob} {
		next[*audiobridge.AnnouncementStarted](u)
		if stopped := next[*audiobridge.AnnouncementStopped](u); stopped.FileID != ended.FileID {
			c.Errorf("got %s, want %s", stopped.Raw, ended.FileID)
		}
	}
	stopAllFiles(c, r, request)
}

func listAnnouncements(c *conversation, r *testRoom, want audiobridge.Announcement) {
	c.Helper()
	listed, err := r.manager.ListAnnouncements(c.ctx, full(c, audiobridge.ListAnnouncements{Room: r.id, Secret: r.secret}))
	if refusedBefore(c, err, 1, 2, 4) {
		return
	}
	if ok(listed, err).to(r.manager); !slices.Contains(listed.Announcements, want) {
		c.Errorf("got %s, want %+v", listed.Raw, want)
	}
}

func stopAllFiles(c *conversation, r *testRoom, file audiobridge.PlayFile) {
	c.Helper()
	ok(r.manager.PlayFile(c.ctx, file)).to(r.manager)
	for _, u := range []*user{r.alice, r.bob} {
		next[*audiobridge.AnnouncementStarted](u)
	}
	stopped, err := r.manager.StopAllFiles(c.ctx, full(c, audiobridge.StopAllFiles{
		Room: r.id, Secret: r.secret, AdminKey: adminKey,
	}))
	if refusedBefore(c, err, 1, 3, 2) {
		ok(r.manager.StopFile(c.ctx, audiobridge.StopFile{
			Room: r.id, Secret: r.secret, FileID: file.FileID, AdminKey: adminKey,
		})).to(r.manager)
	} else if ok(stopped, err).to(r.manager); !slices.Equal(stopped.FileIDs, []string{file.FileID}) {
		c.Errorf("got %s", stopped.Raw)
	}
	for _, u := range []*user{r.alice, r.bob} {
		next[*audiobridge.AnnouncementStopped](u)
	}
}

// refusedBefore reports whether the server is older than the given version, and
// fails the test unless such a server has refused the request.
func refusedBefore(c *conversation, err error, major, minor, patch int) bool {
	c.Helper()
	if c.server.AtLeast(major, minor, patch) {
		return false
	}
	if !errors.Is(err, audiobridge.ErrorInvalidRequest) {
		c.Errorf("got %v of Janus %s, want ErrorInvalidRequest", err, c.server.Version())
	}
	return true
}

// suspend suspends bob, and carol while her events are paused.
func suspend(c *conversation, r *testRoom) {
	c.Helper()
	m := r.manager
	err := m.Suspend(c.ctx, full(c, audiobridge.Suspend{
		Room: r.id, ID: r.bobID, Secret: r.secret, PauseEvents: true, StopRecord: true,
	}))
	if refusedBefore(c, err, 1, 2, 1) {
		err := m.Resume(c.ctx, full(c, audiobridge.Resume{
			Room: r.id, ID: r.bobID, Secret: r.secret, Record: true, Filename: "resumed",
		}))
		refusedBefore(c, err, 1, 2, 1)
		return
	}
	m.done(err)
	for _, u := range []*user{r.alice, r.bob} {
		if suspended := next[*audiobridge.Suspended](u); suspended.Room != r.id || suspended.ID != r.bobID {
			c.Errorf("got %s", suspended.Raw)
		}
	}
	ok(m.Mute(c.ctx, audiobridge.Mute{Room: r.id, ID: r.aliceID, Secret: r.secret})).to(m)
	next[*audiobridge.ParticipantUpdated](r.alice)
	listed := ok(m.ListParticipants(c.ctx, audiobridge.ListParticipants{Room: r.id})).to(m)
	if !slices.ContainsFunc(listed.Participants, func(p audiobridge.Participant) bool { return p.ID == r.bobID && p.Suspended }) {
		c.Errorf("got %s", listed.Raw)
	}
	m.done(m.Resume(c.ctx, full(c, audiobridge.Resume{
		Room: r.id, ID: r.bobID, Secret: r.secret, Record: true,
		Filename: filepath.Join(c.server.Dir(), "recordings", "resumed"),
	})))
	if resumed := next[*audiobridge.Resumed](r.alice); resumed.ID != r.bobID || resumed.Participants != nil {
		c.Errorf("got %s", resumed.Raw)
	}
	// Bob's events were paused: he did not hear that alice was muted, but is told
	// the state of the room.
	if resumed := next[*audiobridge.Resumed](r.bob); resumed.ID != r.bobID || !one(c, resumed.Participants).Muted {
		c.Errorf("got %s", resumed.Raw)
	}
}

// whileTalking sends audio as bob until alice receives an event.
func whileTalking[E plugin.Event](c *conversation, r *testRoom) E {
	c.Helper()
	heard, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-heard:
				return
			case <-ticker.C:
				r.mic.send(c.T)
			}
		}
	}()
	defer func() { close(heard); <-stopped }()
	return next[E](r.alice)
}

// offer is an SDP offer of Opus.
const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 127.0.0.1\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n" +
	"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n" +
	"a=fingerprint:sha-256 0F:74:31:25:CB:A2:13:EC:28:6F:6D:2C:61:FF:5D:C2:BC:B9:DB:3D:98:14:8D:1A:BB:EA:33:0C:A4:60:A8:8E\r\n" +
	"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"

// negotiate sends the requests of participants with all their fields, in rooms
// without media.
func negotiate(c *conversation) {
	c.Helper()
	rooms := []plugin.ID{c.id(11, "first"), c.id(12, "second")}
	m := c.user()
	for _, room := range rooms {
		ok(m.Create(c.ctx, audiobridge.Create{
			Room: room, PIN: pin, Secret: "s", Groups: []string{group}, Allowed: []string{token},
			AllowRTPParticipants: true, AdminKey: adminKey,
		})).to(m)
	}
	// A participant with a PeerConnection, and one with plain RTP.
	carol, dave := c.user(), c.user()
	joined := ok(carol.Join(c.ctx, audiobridge.Join{Room: rooms[0], PIN: pin, Token: token, Group: group}, janus.JSEP{Type: "offer", SDP: offer})).to(carol)
	if joined.JSEP == nil || joined.JSEP.Type != "answer" || joined.RTP != nil {
		c.Errorf("got %s with %+v", joined.Raw, joined.JSEP)
	}
	recordings := filepath.Join(c.server.Dir(), "recordings")
	daveID := c.id(21, "dave")
	joined = ok(dave.Join(c.ctx, full(c, audiobridge.Join{
		Room: rooms[0], ID: daveID, PIN: pin, Token: token, Secret: "s", Display: "Dave", Group: group,
		Muted: true, Suspended: true, PauseEvents: true, Codec: audiobridge.CodecOpus, Bitrate: 24000, Quality: 7, ExpectedLoss: ptr(10),
		Volume: ptr(50), SpatialPosition: ptr(100), AudioActivePackets: 10, AudioLevelAverage: 30, Prebuffer: ptr(2),
		Denoise: ptr(true), Record: true, Filename: filepath.Join(recordings, "dave"), GenerateOffer: true,
		RTP: &audiobridge.RTP{IP: "127.0.0.1", Port: newMicrophone(c.T).port(), PayloadType: 101, AudioLevelExt: 2, FEC: true},
	}), nil)).to(dave)
	if joined.ID != daveID || joined.RTP == nil || joined.RTP.PayloadType != 101 {
		c.Errorf("got %s", joined.Raw)
	}
	next[*audiobridge.ParticipantJoined](carol)
	if c.server.AtLeast(1, 3, 2) { // older servers wait for the first packet
		next[*audiobridge.ParticipantUpdated](carol)
	}
	configured := ok(dave.Configure(c.ctx, full(c, audiobridge.Configure{
		Display: ptr("David"), Group: group, Muted: ptr(false), Bitrate: ptr(0), Quality: 1, ExpectedLoss: ptr(0), Volume: ptr(200),
		SpatialPosition: ptr(0), Prebuffer: ptr(0), Denoise: ptr(false), Record: ptr(false), Filename: "x", GenerateOffer: true, Update: true,
		RTP: &audiobridge.RTP{IP: "127.0.0.1", Port: newMicrophone(c.T).port(), PayloadType: 101, AudioLevelExt: 2, FEC: true},
	}), nil)).to(dave)
	if configured.Result != "ok" {
		c.Errorf("got %s", configured.Raw)
	}
	if updated := next[*audiobridge.ParticipantUpdated](carol); one(c, updated.Participants).Display != "David" {
		c.Errorf("got %s", updated.Raw)
	}
	erin := c.user()
	joined = ok(erin.Join(c.ctx, audiobridge.Join{
		Room: rooms[1], PIN: pin, Token: token, Group: group, GenerateOffer: true,
	}, nil)).to(erin)
	if joined.JSEP == nil || joined.JSEP.Type != "offer" {
		c.Errorf("got %s with %+v, want an offer", joined.Raw, joined.JSEP)
	}
	changed := ok(dave.ChangeRoom(c.ctx, full(c, audiobridge.ChangeRoom{
		Room: rooms[1], ID: c.id(22, "dave again"), PIN: pin, Token: token, Secret: "s", Display: "Dave", Group: group,
		Muted: true, Suspended: true, PauseEvents: true, Bitrate: 24000, Quality: 7, ExpectedLoss: ptr(10), Volume: ptr(50),
		SpatialPosition: ptr(100), Prebuffer: ptr(2), Denoise: ptr(true),
	}))).to(dave)
	if changed.Room != rooms[1] || changed.ID != c.id(22, "dave again") || one(c, changed.Participants).ID != joined.ID {
		c.Errorf("got %s", changed.Raw)
	}
	if left := next[*audiobridge.ParticipantLeft](carol); left.Room != rooms[0] || left.ID != daveID {
		c.Errorf("got %s", left.Raw)
	}
	next[*audiobridge.ParticipantJoined](erin)
	left := ok(dave.Leave(c.ctx)).to(dave)
	if left.Room != rooms[1] || left.ID != changed.ID {
		c.Errorf("got %s", left.Raw)
	}
	next[*audiobridge.ParticipantLeft](erin)
	ok(erin.Hangup(c.ctx)).to(erin)
}

// empty kicks everybody and destroys the room.
func empty(c *conversation, r *testRoom) {
	c.Helper()
	m := r.manager
	m.done(m.Kick(c.ctx, full(c, audiobridge.Kick{Room: r.id, ID: r.bobID, Secret: r.secret})))
	for _, u := range []*user{r.alice, r.bob} {
		if kicked := next[*audiobridge.Kicked](u); kicked.Room != r.id || kicked.ID != r.bobID {
			c.Errorf("got %s", kicked.Raw)
		}
	}
	m.done(m.KickAll(c.ctx, full(c, audiobridge.KickAll{Room: r.id, Secret: r.secret})))
	if kicked := afterLeaving[*audiobridge.KickedAll](r.alice); kicked.Room != r.id || kicked.ID != r.aliceID {
		c.Errorf("got %s", kicked.Raw)
	}
	frank := c.user()
	ok(frank.Join(c.ctx, audiobridge.Join{Room: r.id, PIN: pin, Token: token, Group: group}, nil)).to(frank)
	destroyed := ok(m.Destroy(c.ctx, full(c, audiobridge.Destroy{Room: r.id, Secret: r.secret, Permanent: true}))).to(m)
	if destroyed.Room != r.id || !destroyed.Permanent {
		c.Errorf("got %s", destroyed.Raw)
	}
	if gone := afterLeaving[*audiobridge.RoomDestroyed](frank); gone.Room != r.id {
		c.Errorf("got %s", gone.Raw)
	}
}

// checkComplete fails the test if a request was not sent, or not with all of its
// fields, or if a kind of event did not come.
func checkComplete(c *conversation) {
	c.Helper()
	plugtest.CheckComplete(c, pkg, c.full, c.recorders)
	for _, kind := range plugtest.ReadCoverage(c).EventStructs() {
		suspension := kind == "Suspended" || kind == "Resumed"
		// Janus reads the audio levels of PeerConnections only, not of plain RTP.
		talking := kind == "Talking" || kind == "StoppedTalking"
		if expected := !talking && (!suspension || c.server.AtLeast(1, 2, 1)); expected != c.kinds["*audiobridge."+kind] {
			c.Errorf("%s: received is %v, want %v", kind, !expected, expected)
		}
	}
}

func ptr[T any](v T) *T { return &v }
