package cascade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"nhooyr.io/websocket"
)

// site is a stand-in server with a session that is made again when it has ended.
type site struct {
	*janustest.Server
	name string

	mu      sync.Mutex // guards all below
	gateway *janus.Gateway
	session *janus.Session
}

// attach attaches a handle in the session that is up.
func (s *site) attach(ctx context.Context) (*janus.Handle, error) {
	session, err := s.up(ctx)
	if err != nil {
		return nil, err
	}
	return session.Attach(ctx, "", videoroom.Name)
}

func (s *site) up(ctx context.Context) (*janus.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil && s.session.Err() == nil {
		return s.session, nil
	}
	s.closeLocked()
	gateway, _, err := janus.Dial(context.Background(), s.URL, &janus.DialOptions{Logger: testutil.Quiet})
	if err != nil {
		return nil, err
	}
	s.gateway = gateway
	s.session, err = gateway.Create(ctx, "")
	return s.session, err
}

func (s *site) closeLocked() {
	if s.gateway != nil {
		_ = s.gateway.Close(websocket.StatusNormalClosure, "") // it may have ended
	}
}

func (s *site) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeLocked()
}

// member returns the Server of a Controller for the site.
func (s *site) member() Server {
	return Server{Name: s.name, Host: "127.0.0.1", Attach: s.attach}
}

// client returns a client of the VideoRoom with a handle of its own.
func (s *site) client(t testing.TB) *videoroom.Client {
	t.Helper()
	handle, err := s.attach(testutil.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	return videoroom.On(handle)
}

// cluster is a cascade of stand-in servers.
type cluster struct {
	testing.TB
	room    plugin.ID
	strings bool
	sites   []*site
	*Controller
	stop func() // the controller
}

// newCluster starts servers of some versions, A, B, C and so on, with numeric or
// string ids, and a controller.
func newCluster(t testing.TB, room plugin.ID, opts Options, versions ...string) *cluster {
	t.Helper()
	_, numeric := room.Uint64()
	c := &cluster{TB: t, room: room, strings: !numeric}
	for i, version := range versions {
		server := testutil.NewServer(t, func(s *janustest.Server) { s.Version, s.StringIDs = version, c.strings })
		s := &site{Server: server, name: string(rune('A' + i))}
		t.Cleanup(s.close)
		c.sites = append(c.sites, s)
	}
	c.start(opts)
	c.sync() // the rooms are there
	return c
}

// start starts a controller of all sites, in the place of the last one.
func (c *cluster) start(opts Options) {
	c.Helper()
	if c.stop != nil {
		c.stop()
	}
	opts.Room.Room = c.room
	if opts.Interval == 0 {
		opts.Interval = time.Second
	}
	controller, err := New(opts)
	if err != nil {
		c.Fatal(err)
	}
	for _, s := range c.sites {
		if err := controller.AddServer(s.member()); err != nil {
			c.Fatal(err)
		}
	}
	c.Controller, c.stop = controller, run(c, controller)
}

// run runs a controller until the test ends or stop is called.
func run(t testing.TB, controller *Controller) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = controller.Run(ctx) // the error of ctx
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

// sync waits until everything is shown everywhere. A short CallTimeout may be too short
// for a busy machine now and then.
func (c *cluster) sync() {
	c.Helper()
	ctx := testutil.Context(c)
	err := c.Sync(ctx)
	for errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = c.Sync(ctx)
	}
	if err != nil {
		c.Fatalf("%v; status: %+v", err, c.Status())
	}
}

// user is a participant that may publish.
type user struct {
	*videoroom.Client
	cluster *cluster
	id      plugin.ID
	handle  *janus.Handle
}

// join joins the room on a site.
func (c *cluster) join(site int, display string) *user {
	c.Helper()
	handle, err := c.sites[site].attach(testutil.Context(c))
	if err != nil {
		c.Fatal(err)
	}
	u := &user{Client: videoroom.On(handle), cluster: c, handle: handle}
	joined, err := u.JoinPublisher(testutil.Context(c), videoroom.JoinPublisher{
		Room: c.room, Display: display, Metadata: json.RawMessage(`{"role":"` + display + `"}`),
	})
	if err != nil {
		c.Fatal(err)
	}
	u.id = joined.ID
	return u
}

// publish publishes, or renegotiates.
func (u *user) publish(sections ...string) *user {
	u.cluster.Helper()
	_, err := u.ConfigurePublisher(testutil.Context(u.cluster), videoroom.ConfigurePublisher{}, offer(sections...))
	if err != nil {
		u.cluster.Fatal(err)
	}
	return u
}

// leave leaves the room.
func (u *user) leave() {
	u.cluster.Helper()
	if _, err := u.handle.Detach(testutil.Context(u.cluster), ""); err != nil {
		u.cluster.Fatal(err)
	}
}

// Sections of an SDP offer.
const (
	audio       = "audio"
	video       = "video"
	h264        = "h264"
	data        = "data"
	disabled    = "disabled " // before audio or video
	audioLines  = "m=audio 9 UDP/TLS/RTP/SAVPF 111\na=sendrecv\na=rtpmap:111 opus/48000/2"
	videoLines  = "m=video 9 UDP/TLS/RTP/SAVPF 96\na=sendrecv\na=rtpmap:96 VP8/90000"
	h264Lines   = "m=video 9 UDP/TLS/RTP/SAVPF 107\na=sendrecv\na=rtpmap:107 H264/90000\na=fmtp:107 profile-level-id=42e01f;packetization-mode=1"
	dataLines   = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=sctp-port:5000"
	transport   = "c=IN IP4 0.0.0.0\na=rtcp-mux\na=setup:actpass\na=ice-ufrag:ufrag\na=ice-pwd:passwordpasswordpassword"
	fingerprint = "a=fingerprint:sha-256 "
)

// offer returns an offer by a peer that will never be connected. Its mids are not
// the indexes.
func offer(sections ...string) janus.JSEP {
	lines := []string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"}
	for i, section := range sections {
		kind, inactive := strings.CutPrefix(section, disabled)
		text := map[string]string{audio: audioLines, video: videoLines, h264: h264Lines, data: dataLines}[kind]
		if inactive {
			text = strings.Replace(text, "a=sendrecv", "a=inactive", 1)
		}
		mid := fmt.Sprint("m", i)
		if kind == data {
			mid = fmt.Sprint(i)
		}
		lines = append(lines, strings.Split(text, "\n")...)
		lines = append(lines, strings.Split(transport, "\n")...)
		lines = append(lines, "a=mid:"+mid, fingerprint+strings.TrimSuffix(strings.Repeat("AB:", 32), ":"))
	}
	return janus.JSEP{Type: "offer", SDP: strings.Join(lines, "\r\n") + "\r\n"}
}

// view is what one site shows.
type view struct {
	remotes []videoroom.Participant
	streams map[plugin.ID][]videoroom.Stream
}

// view looks at the room on a site.
func (c *cluster) view(site int) view {
	c.Helper()
	handle, err := c.sites[site].attach(testutil.Context(c))
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _, _ = handle.Detach(testutil.Context(c), "") }() // only the view matters
	client := videoroom.On(handle)
	list, err := client.ListParticipants(testutil.Context(c), videoroom.ListParticipants{Room: c.room})
	if err != nil {
		c.Fatal(err)
	}
	joined, err := client.JoinPublisher(testutil.Context(c), videoroom.JoinPublisher{Room: c.room})
	if err != nil {
		c.Fatal(err)
	}
	v := view{streams: make(map[plugin.ID][]videoroom.Stream)}
	v.remotes = slices.DeleteFunc(list.Participants, func(p videoroom.Participant) bool { return !p.Remote })
	for _, p := range joined.Publishers {
		v.streams[p.ID] = p.Streams
	}
	return v
}

// remotizations lists where a user is sent to.
func (u *user) remotizations(site int) []videoroom.Remote {
	u.cluster.Helper()
	list, err := u.cluster.sites[site].client(u.cluster).ListRemotes(testutil.Context(u.cluster),
		videoroom.ListRemotes{Room: u.cluster.room, PublisherID: u.id})
	if err != nil {
		u.cluster.Fatal(err)
	}
	return list.List
}
