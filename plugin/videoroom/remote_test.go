package videoroom_test

import (
	"net"
	"slices"
	"strings"

	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// remoteStreams are alice's streams as those of a remote publisher.
func remoteStreams(c *conversation, r *meeting) []videoroom.Stream {
	streams := videoroom.RemoteStreams(r.configured.Streams)
	streams[0].AudioLevelExtID = 1 // Janus tells since 1.3.2
	streams[1].VideoOrientExtID, streams[1].PlayoutDelayExtID = 2, 3
	if !c.since(1, 2, 1) { // earlier versions want a boolean
		streams[1].H264Profile, streams[3].H264Profile = "", ""
	}
	return streams
}

// remoteStreamKeys are the members of a stream of a remote publisher.
var remoteStreamKeys = []string{
	"mid", "mindex", "type", "codec", "description", "disabled", "stereo", "fec", "dtx", "h264_profile", "vp9_profile",
	"simulcast", "svc", "audiolevel_ext_id", "videoorient_ext_id", "playoutdelay_ext_id",
}

// cascade sends alice to a remote publisher of the same room.
func cascade(c *conversation, r *meeting) {
	streams := remoteStreams(c, r)
	addAll(c, r, streams)
	id := c.id(104, "remote alice")
	added := answer(r.admin.AddRemotePublisher(c.ctx, videoroom.AddRemotePublisher{
		Room: r.room, Secret: "s3cret", ID: id, Display: "Alice", Iface: "127.0.0.1", Streams: streams,
	})).to(r.admin)
	if added.ID != id || added.IP != "127.0.0.1" || added.Port == 0 || added.RTCPPort == 0 {
		c.Errorf("added %s", added.Raw)
	}
	for _, u := range []*user{r.alice, r.bob} {
		if published := next[*videoroom.Published](u); published.Publishers[0].ID != id || len(published.Publishers[0].Streams) != len(streams) {
			c.Errorf("told %s", published.Raw)
		}
	}
	published := answer(r.admin.PublishRemotely(c.ctx, full(c, videoroom.PublishRemotely{
		Room: r.room, Secret: "s3cret", AdminKey: adminKey, PublisherID: r.aliceID, RemoteID: "self",
		Host: "127.0.0.1", HostFamily: videoroom.IPv4, Port: added.Port, RTCPPort: added.RTCPPort,
		SRTPSuite: videoroom.SRTPSuite80, SRTPCrypto: srtpCrypto,
	}))).to(r.admin)
	if published.ID != r.aliceID || published.RemoteID != "self" {
		c.Errorf("published remotely: %s", published.Raw)
	}
	remotes := answer(r.admin.ListRemotes(c.ctx, full(c, videoroom.ListRemotes{Room: r.room, Secret: "s3cret", PublisherID: r.aliceID}))).to(r.admin)
	if want := []videoroom.Remote{{RemoteID: "self", Host: "127.0.0.1", Port: added.Port, RTCPPort: added.RTCPPort}}; !slices.Equal(remotes.List, want) {
		c.Errorf("the remotes are %s", remotes.Raw)
	}
	answer(r.admin.UnpublishRemotely(c.ctx, full(c, videoroom.UnpublishRemotely{
		Room: r.room, Secret: "s3cret", PublisherID: r.aliceID, RemoteID: "self",
	}))).to(r.admin)
	update(c, r, id, streams)
	done[*videoroom.Success](r.admin, r.admin.RemoveRemotePublisher(c.ctx, full(c, videoroom.RemoveRemotePublisher{Room: r.room, Secret: "s3cret", ID: id})))
	for _, u := range []*user{r.alice, r.bob} {
		if left := next[*videoroom.Left](u); left.ID != id {
			c.Errorf("told %s", left.Raw)
		}
	}
}

// addAll adds a remote publisher with all fields.
func addAll(c *conversation, r *meeting, streams []videoroom.Stream) {
	all := slices.Clone(streams)
	all[0].Stereo, all[0].FEC, all[0].DTX, all[1].Simulcast.On, all[1].SVC.On = true, true, true, true, true
	if c.since(1, 2, 1) {
		all[1].H264Profile, all[1].VP9Profile = "42e01f", "0"
	}
	q := full(c, videoroom.AddRemotePublisher{
		Room: r.room, Secret: "s3cret", ID: c.id(103, "all"), Display: "All", Metadata: metadata("remote"),
		Mcast: "239.255.0.1", Iface: "127.0.0.1", Port: freePort(c), RTCPPort: freePort(c), Streams: all,
		SRTPSuite: videoroom.SRTPSuite80, SRTPCrypto: srtpCrypto,
	})
	added := answer(r.admin.AddRemotePublisher(c.ctx, q)).to(r.admin)
	if added.Port != q.Port || added.RTCPPort != q.RTCPPort {
		c.Errorf("added %s for ports %d and %d", added.Raw, q.Port, q.RTCPPort)
	}
	keys := map[string]bool{}
	for _, s := range r.admin.recorder.Last(c).Body["streams"].([]any) {
		for key := range s.(map[string]any) {
			keys[key] = true
		}
	}
	for _, key := range remoteStreamKeys {
		if !keys[key] && (c.since(1, 2, 1) || !strings.HasSuffix(key, "_profile")) {
			c.Errorf("no stream of the remote publisher has %s", key)
		}
	}
	for _, u := range []*user{r.alice, r.bob} {
		next[*videoroom.Published](u)
	}
	done[*videoroom.Success](r.admin, r.admin.RemoveRemotePublisher(c.ctx, videoroom.RemoveRemotePublisher{Room: r.room, Secret: "s3cret", ID: q.ID}))
	for _, u := range []*user{r.alice, r.bob} {
		if left := next[*videoroom.Left](u); left.ID != q.ID {
			c.Errorf("told %s", left.Raw)
		}
	}
}

// update disables a stream of a remote publisher and enables it again.
func update(c *conversation, r *meeting, id plugin.ID, streams []videoroom.Stream) {
	for _, disabled := range []bool{true, false} {
		changed := slices.Clone(streams)
		changed[0].Disabled = disabled
		done[*videoroom.Success](r.admin, r.admin.UpdateRemotePublisher(c.ctx, full(c, videoroom.UpdateRemotePublisher{
			Room: r.room, Secret: "s3cret", ID: id, Display: "Alice", Metadata: metadata("remote"), Streams: changed,
			SRTPSuite: videoroom.SRTPSuite80, SRTPCrypto: srtpCrypto,
		})))
		for _, u := range []*user{r.alice, r.bob} {
			published := next[*videoroom.Published](u)
			if s := published.Publishers[0].Streams[0]; s.Disabled != disabled {
				c.Errorf("disabled should be %v: %s", disabled, published.Raw)
			}
		}
	}
}

// freePort returns a UDP port that nobody uses.
func freePort(c *conversation) int {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // it was only bound
	return conn.LocalAddr().(*net.UDPAddr).Port
}
