package cascade

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

var number = plugin.Num(77)

func TestPublisherIsShownEverywhere(t *testing.T) {
	for name, room := range map[string]plugin.ID{"numeric ids": number, "string ids": plugin.Str("room")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, room, Options{}, "1.4.2", "1.1.2", "1.4.2")
			ada := c.join(0, "ada").publish(audio, disabled+video, data)
			c.sync()
			for _, site := range []int{1, 2} {
				v := c.view(site)
				if len(v.remotes) != 1 || v.remotes[0].Display != "ada" {
					t.Fatalf("site %d has the remote publishers %+v", site, v.remotes)
				}
				streams := v.streams[v.remotes[0].ID]
				if len(streams) != 3 || streams[0].Codec != "opus" || !streams[1].Disabled || streams[2].Type != "data" {
					t.Errorf("site %d has the streams %+v", site, streams)
				}
			}
			if origin, ok := OriginOf(c.view(2).remotes[0].Metadata); !ok || origin != (Origin{"janus-go", "A", ada.id}) {
				t.Errorf("the origin is %+v, %v", origin, ok)
			}
			status := c.Status()
			if len(status.Publishers) != 1 || len(status.Publishers[0].Shown) != 2 {
				t.Fatalf("the status is %+v", status)
			}
			b, there := status.Publishers[0].Shown[0], status.Publishers[0].Shown[1]
			if b.SRTP || !there.SRTP || b.ID != c.view(1).remotes[0].ID || b.Since.IsZero() || b.Err != nil {
				t.Errorf("the publisher is shown as %+v and %+v", b, there)
			}
			ada.leave()
			c.empty(1, 2)
		})
	}
}

// empty waits until sites have no remote publishers.
func (c *cluster) empty(sites ...int) {
	c.Helper()
	testutil.Eventually(c, "nothing is shown", func() bool {
		return !slices.ContainsFunc(sites, func(site int) bool { return len(c.view(site).remotes) > 0 })
	})
}

// sent returns the requests of a name that a site was sent, without those of the
// watchers.
func (s *site) sent(name string) (bodies []map[string]any) {
	for _, frame := range s.Requests() {
		var request struct{ Body map[string]any }
		if json.Unmarshal(frame, &request) == nil && request.Body["request"] == name {
			bodies = append(bodies, request.Body)
		}
	}
	return bodies
}

// A renegotiation updates the remote publisher, and a change of codec replaces
// it.
func TestRenegotiation(t *testing.T) {
	c := newCluster(t, number, Options{Room: videoroom.Create{VideoCodecs: videoroom.Codecs{videoroom.VP8, videoroom.H264}}}, "1.4.2", "1.4.2")
	ada := c.join(0, "ada").publish(audio, disabled+video)
	c.sync()
	id := c.view(1).remotes[0].ID
	ada.publish(audio, video, video)
	testutil.Eventually(t, "the streams are there", func() bool {
		streams := c.view(1).streams[id]
		return len(streams) == 3 && !streams[1].Disabled
	})
	c.sync()
	updates := c.sites[1].sent("update_remote_publisher")
	if len(updates) != 1 || updates[0]["srtp_suite"] != 80.0 || updates[0]["srtp_crypto"] != c.sites[1].sent("add_remote_publisher")[0]["srtp_crypto"] {
		t.Errorf("the updates are %v", updates)
	}
	ada.publish(audio, h264, video)
	testutil.Eventually(t, "the codec is there", func() bool {
		v := c.view(1)
		if len(v.remotes) != 1 {
			return false
		}
		streams := v.streams[v.remotes[0].ID]
		return len(streams) == 3 && streams[1].Codec == "h264"
	})
	if now := c.view(1).remotes[0].ID; now == id {
		t.Error("the remote publisher was not replaced")
	}
	adds := c.sites[1].sent("add_remote_publisher")
	if len(adds) != 2 || adds[0]["srtp_crypto"] == adds[1]["srtp_crypto"] {
		t.Errorf("the second link has the same key")
	}
}

// An update that has failed is made again.
func TestUpdateIsRepeated(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2")
	ada := c.join(0, "ada").publish(audio)
	c.sync()
	var failed atomic.Bool
	c.sites[1].Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var request struct {
			Transaction string
			Body        struct{ Request string }
		}
		_ = json.Unmarshal(frame, &request) // it is valid
		if request.Body.Request != "update_remote_publisher" || failed.Swap(true) {
			return false
		}
		reply(map[string]any{"janus": "error", "transaction": request.Transaction, "error": map[string]any{"code": 490, "reason": "no"}})
		return true
	})
	ada.publish(audio, video)
	testutil.Eventually(t, "the video is shown", func() bool {
		v := c.view(1)
		return len(v.streams[v.remotes[0].ID]) == 2
	})
	if !failed.Load() {
		t.Error("no update has failed")
	}
}

// A room with all kinds of locks is made and joined.
func TestRoomWithSecrets(t *testing.T) {
	c := newCluster(t, number, Options{
		Room:    videoroom.Create{Secret: "secret", PIN: "pin", Allowed: []string{"token"}},
		Watcher: videoroom.JoinPublisher{Token: "token", Display: "watcher"},
	}, "1.4.2", "1.1.2")
	handle, err := c.sites[0].attach(testutil.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = videoroom.On(handle).JoinAndConfigure(testutil.Context(t), videoroom.JoinAndConfigure{Room: number, PIN: "pin", Token: "token"}, offer(audio))
	if err != nil {
		t.Fatal(err)
	}
	c.sync()
	list, err := videoroom.On(handle).ListParticipants(testutil.Context(t), videoroom.ListParticipants{Room: number})
	if err != nil || len(list.Participants) != 2 || list.Participants[0].Display != "watcher" {
		t.Errorf("the participants are %+v, %v", list, err)
	}
	if shown := c.Status().Publishers[0].Shown[0]; shown.ID.IsZero() {
		t.Errorf("the publisher is shown as %+v", shown)
	}
	if _, err := handle.Detach(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	c.sync()
	if list, err = c.sites[1].client(t).ListParticipants(testutil.Context(t), videoroom.ListParticipants{Room: number}); err != nil || len(list.Participants) != 1 {
		t.Errorf("the participants are %+v, %v", list, err)
	}
}

// A publisher that has started again with its handle is sent anew, because the
// other servers could not ask it for keyframes.
func TestRepublishing(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2")
	ada := c.join(0, "ada").publish(audio, video)
	c.sync()
	before := ada.remotizations(0)
	if err := ada.Unpublish(testutil.Context(t)); err != nil {
		t.Fatal(err)
	}
	ada.publish(audio, video)
	testutil.Eventually(t, "another remotization", func() bool {
		now := ada.remotizations(0)
		return len(now) == 1 && now[0].RemoteID != before[0].RemoteID
	})
	c.sync()
	if v := c.view(1); len(v.remotes) != 1 {
		t.Errorf("the remote publishers are %+v", v.remotes)
	}
}

// A new display name and new metadata are passed on.
func TestRename(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2")
	ada := c.join(0, "ada").publish(audio)
	c.sync()
	_, err := ada.ConfigurePublisher(testutil.Context(t), videoroom.ConfigurePublisher{Display: "Ada", Metadata: json.RawMessage(`{"role":"host"}`)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	testutil.Eventually(t, "the new name", func() bool {
		p := c.view(1).remotes[0] // it is updated, not replaced
		return p.Display == "Ada" && strings.Contains(string(p.Metadata), `"role":"host"`)
	})
	if _, ok := OriginOf(c.view(1).remotes[0].Metadata); !ok {
		t.Error("the origin was lost")
	}
}

// What others have made in the room stays as it is.
func TestForeignPublishersAreNotTouched(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.1.2")
	ada := c.join(0, "ada").publish(audio)
	c.sync()
	for i, s := range c.sites {
		_, err := s.client(t).AddRemotePublisher(testutil.Context(t), videoroom.AddRemotePublisher{
			Room: number, ID: plugin.Num(4711), Streams: []videoroom.Stream{{Type: videoroom.Audio, Codec: videoroom.Opus, Mid: "0"}},
		})
		if err != nil {
			t.Fatalf("site %d: %v", i, err)
		}
	}
	_, err := c.sites[0].client(t).PublishRemotely(testutil.Context(t), videoroom.PublishRemotely{
		Room: number, PublisherID: ada.id, RemoteID: "mine", Host: "127.0.0.1", Port: 9,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.sync()
	if err := c.RemoveServer(testutil.Context(t), "B"); err != nil {
		t.Fatal(err)
	}
	if remotes := ada.remotizations(0); len(remotes) != 1 || remotes[0].RemoteID != "mine" {
		t.Errorf("the remotizations are %+v", remotes)
	}
	for i := range c.sites {
		if v := c.view(i); len(v.remotes) != 1 || v.remotes[0].ID != plugin.Num(4711) {
			t.Errorf("site %d has the remote publishers %+v", i, v.remotes)
		}
	}
}

// A server can be drained and come back.
func TestServersLeaveAndJoin(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2", "1.4.2")
	ada, bob := c.join(0, "ada").publish(audio), c.join(1, "bob").publish(audio)
	c.sync()
	if err := c.RemoveServer(testutil.Context(t), "B"); err != nil {
		t.Fatal(err)
	}
	if n := []int{len(c.view(0).remotes), len(c.view(1).remotes), len(c.view(2).remotes)}; !slices.Equal(n, []int{0, 0, 1}) {
		t.Errorf("the servers have %d remote publishers", n)
	}
	if len(bob.remotizations(1)) != 0 || len(ada.remotizations(0)) != 1 {
		t.Errorf("media is sent to %+v and %+v", ada.remotizations(0), bob.remotizations(1))
	}
	if err := c.RemoveServer(testutil.Context(t), "B"); err != nil {
		t.Errorf("removing a server that is not there returned %v", err)
	}
	if err := c.AddServer(c.sites[1].member()); err != nil {
		t.Fatal(err)
	}
	c.sync()
	if n := []int{len(c.view(0).remotes), len(c.view(1).remotes), len(c.view(2).remotes)}; !slices.Equal(n, []int{1, 1, 2}) {
		t.Errorf("the servers have %d remote publishers", n)
	}
}

// After a restart of Janus, the room is made again, and nobody is shown who is
// not there.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	for _, restarted := range []int{0, 1} {
		c := newCluster(t, number, Options{Interval: 50 * time.Millisecond}, "1.4.2", "1.1.2")
		c.join(0, "ada").publish(audio)
		c.sync()
		c.sites[restarted].Restart()
		if restarted == 0 {
			c.empty(1)
			continue
		}
		testutil.Eventually(t, "the publisher is shown again", func() bool {
			return c.Sync(testutil.Context(t)) == nil && len(c.view(1).remotes) == 1
		})
	}
}

// After a restart, all that is still sent to the server is stopped before
// anything new is: the server uses its ports again.
func TestStaleLinksAreRemovedFirst(t *testing.T) {
	c := newCluster(t, number, Options{Concurrency: 2}, "1.4.2", "1.4.2")
	const publishers = 10
	for range publishers {
		c.join(0, "somebody").publish(audio)
	}
	c.sync()
	before := len(c.sites[0].Requests())
	c.sites[1].Restart()
	testutil.Eventually(t, "all are shown again", func() bool {
		return c.Sync(testutil.Context(t)) == nil && len(c.view(1).remotes) == publishers
	})
	stopped, begun := 0, 0
	for _, frame := range c.sites[0].Requests()[before:] {
		var request struct{ Body struct{ Request string } }
		_ = json.Unmarshal(frame, &request) // it is valid
		switch request.Body.Request {
		case "unpublish_remotely":
			stopped++
		case "publish_remotely":
			if begun++; stopped < publishers {
				t.Fatalf("a publisher was sent anew when %d of %d had been stopped", stopped, publishers)
			}
		}
	}
	if stopped != publishers || begun != publishers {
		t.Errorf("%d were stopped and %d begun", stopped, begun)
	}
}

// The publishers of a server that is gone are removed after some time, and those
// of a server that is out of reach for a moment stay.
func TestServerIsOutOfReach(t *testing.T) {
	t.Parallel()
	c := newCluster(t, number, Options{Interval: 20 * time.Millisecond, DeadAfter: 4 * time.Second, CallTimeout: 200 * time.Millisecond}, "1.4.2", "1.4.2")
	ada := c.join(0, "ada").publish(audio)
	c.sync()
	id := c.view(1).remotes[0].ID
	down := func(reach string) bool { return c.Status().Servers[0].Up == (reach == "up") }
	joins := len(c.sites[0].sent("join"))
	c.sites[0].Stall()
	testutil.Eventually(t, "the server is down", func() bool { return down("down") })
	c.sites[0].Resume()
	testutil.Eventually(t, "the server is up", func() bool { return down("up") })
	c.sync()
	if len(c.sites[0].sent("join")) == joins {
		t.Error("the watcher was not replaced, though it may have lost events")
	}
	if v := c.view(1); len(v.remotes) != 1 || v.remotes[0].ID != id {
		t.Errorf("the publisher was removed too early: %+v", v.remotes)
	}
	c.sites[0].Stall()
	testutil.Eventually(t, "the publisher is removed", func() bool { return len(c.view(1).remotes) == 0 })
	c.sites[0].Resume()
	testutil.Eventually(t, "the publisher is back", func() bool { return len(c.view(1).remotes) == 1 })
	c.sync()
	if remotes := ada.remotizations(0); len(remotes) != 1 {
		t.Errorf("the remotizations are %+v", remotes)
	}
}

// A silent server is removed with an error, and what it was sent is no longer
// sent.
func TestSilentServerIsRemoved(t *testing.T) {
	c := newCluster(t, number, Options{Interval: 20 * time.Millisecond, CallTimeout: 300 * time.Millisecond}, "1.4.2", "1.4.2")
	ada := c.join(0, "ada").publish(audio)
	c.sync()
	c.sites[1].Stall()
	defer c.sites[1].Resume()
	testutil.Eventually(t, "the server is down", func() bool { return !c.Status().Servers[1].Up })
	if err := c.RemoveServer(testutil.Context(t), "B"); err == nil {
		t.Error("no error, though nothing could be removed from the server")
	}
	if remotes := ada.remotizations(0); len(remotes) != 0 {
		t.Errorf("the remotizations are %+v", remotes)
	}
}

// A server that does not answer does not hold up the others: there are passes
// while it is waited for.
func TestSilentServerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	var passes, failures atomic.Int32
	c := newCluster(t, number, Options{
		Interval: 10 * time.Millisecond, CallTimeout: 300 * time.Millisecond,
		Reconciled: func(Pass) { passes.Add(1) },
		Called: func(call Call) {
			if call.Server == "B" && call.Err != nil {
				failures.Add(1)
			}
		},
	}, "1.4.2", "1.4.2")
	c.sites[1].Stall()
	defer c.sites[1].Resume()
	testutil.Eventually(t, "the server is down", func() bool { return !c.Status().Servers[1].Up })
	passes.Store(0)
	before := failures.Load()
	testutil.Eventually(t, "three failures", func() bool { return failures.Load() >= before+3 })
	if n := passes.Load(); n < 7 {
		t.Errorf("%d passes", n)
	}
}

// Once a request to a server was not answered, the others of the same pass fail
// without being sent.
func TestOneRequestFindsOutThatAServerIsSilent(t *testing.T) {
	c, err := New(Options{Room: videoroom.Create{Room: number}})
	if err != nil {
		t.Fatal(err)
	}
	m := &member{Server: Server{Name: "A"}}
	sent := 0
	for _, result := range []error{videoroom.ErrorNoSuchFeed, context.DeadlineExceeded, nil} {
		err = c.timed(t.Context(), m, "listremotes", func(context.Context) error {
			sent++
			if code, refused := result.(videoroom.ErrorCode); refused {
				return &janus.PluginError{Plugin: videoroom.Name, Code: int(code)}
			}
			return result
		})
	}
	if sent != 2 || !errors.Is(err, errSilent) {
		t.Errorf("%d requests were sent, and the last one returned %v", sent, err)
	}
}

// Another controller takes over what it finds.
func TestControllerRestarts(t *testing.T) {
	for name, secret := range map[string][]byte{"same secret": []byte("secret"), "random secrets": nil} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, number, Options{Secret: secret}, "1.4.2", "1.4.2")
			ada := c.join(0, "ada").publish(audio)
			c.sync()
			id := c.view(1).remotes[0].ID
			c.start(Options{Secret: secret})
			c.sync()
			if now := c.view(1).remotes[0].ID; now != id {
				t.Error("the remote publisher was replaced")
			}
			ada.publish(audio, video)
			testutil.Eventually(t, "the video is shown", func() bool {
				v := c.view(1)
				return len(v.remotes) == 1 && len(v.streams[v.remotes[0].ID]) == 2
			})
			if now := c.view(1).remotes[0].ID; (now == id) != (secret != nil) {
				t.Errorf("replaced: %v", now != id)
			}
		})
	}
}

// Two controllers agree in the end.
func TestTwoControllers(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2", "1.1.2")
	first := c.Controller
	c.stop = nil // both run
	c.start(Options{})
	users := make(map[*user]int)
	for i := range 6 {
		users[c.join(i%3, "somebody").publish(audio)] = i % 3
	}
	testutil.Eventually(t, "both find nothing to do", func() bool {
		return first.Sync(testutil.Context(t)) == nil && c.Sync(testutil.Context(t)) == nil && c.whole(users) == ""
	})
}

// If a publisher cannot be sent, no remote publisher is left behind, and the
// status says why.
func TestFailureIsUndone(t *testing.T) {
	changes := make(chan Change, 1000)
	c := newCluster(t, number, Options{
		Host:    func(string, string) string { return "no such host.invalid" },
		Changed: func(change Change) { changes <- change },
	}, "1.4.2", "1.4.2")
	c.join(0, "ada").publish(audio)
	if err := c.Sync(testutil.Context(t)); !errors.Is(err, videoroom.ErrorInvalidElement) {
		t.Errorf("Sync returned %v", err)
	}
	if v := c.view(1); len(v.remotes) != 0 {
		t.Errorf("the remote publishers are %+v", v.remotes)
	}
	shown := c.Status().Publishers[0].Shown[0]
	if !errors.Is(shown.Err, videoroom.ErrorInvalidElement) || shown.Failed.IsZero() || !shown.ID.IsZero() {
		t.Errorf("the status is %+v", shown)
	}
	if change := <-changes; !errors.Is(change.Err, videoroom.ErrorInvalidElement) || change.Shown || change.To != "B" {
		t.Errorf("the change is %+v", change)
	}
}

func TestSRTPCanBeRequired(t *testing.T) {
	c := newCluster(t, number, Options{SRTP: SRTPRequired}, "1.4.2", "1.1.2", "1.4.2")
	c.join(0, "ada").publish(audio)
	err := c.Sync(testutil.Context(t))
	if err == nil || !strings.Contains(err.Error(), "1.3.0") {
		t.Errorf("Sync returned %v", err)
	}
	if shown := c.Status().Publishers[0].Shown; !shown[0].ID.IsZero() || !shown[1].SRTP {
		t.Errorf("the publisher is shown as %+v", shown)
	}
}

// A server without an Attach is used through its Caller and Publishers alone.
func TestServerWithoutAWatcher(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2")
	ada := c.join(0, "ada").publish(audio)
	c.sync()
	caller, err := c.sites[0].attach(testutil.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked := 0
	err = c.AddServer(Server{
		Name: "A", Host: "127.0.0.1", Caller: caller, Version: 1402,
		Publishers: func(ctx context.Context) ([]videoroom.Publisher, error) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			handle, err := c.sites[0].attach(ctx)
			if err != nil {
				return nil, err
			}
			defer func() { _, _ = handle.Detach(ctx, "") }()
			joined, err := videoroom.On(handle).JoinPublisher(ctx, videoroom.JoinPublisher{Room: number})
			if err != nil {
				return nil, err
			}
			return joined.Publishers, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.sync()
	before := ada.remotizations(0)
	if len(before) != 1 || len(c.view(1).remotes) != 1 {
		t.Fatalf("the remotizations are %+v", before)
	}
	c.Notify("A", &videoroom.Unpublished{Room: number, ID: ada.id})
	c.sync()
	if now := ada.remotizations(0); len(now) != 1 || now[0].RemoteID == before[0].RemoteID {
		t.Errorf("the remotizations are %+v", now)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked == 0 {
		t.Error("Publishers was not called")
	}
}

// The requests can go through the Admin API, with a watcher for the streams.
func TestRequestsThroughTheAdminAPI(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.1.2")
	for _, s := range c.sites {
		client, err := admin.Dial(testutil.Context(t), s.AdminURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }() // only the cascade matters
		member := s.member()
		member.Caller = client.Plugin(videoroom.Name)
		if err := c.AddServer(member); err != nil {
			t.Fatal(err)
		}
	}
	ada := c.join(0, "ada").publish(audio, video)
	c.sync()
	if len(ada.remotizations(0)) != 1 || len(c.view(1).remotes) != 1 {
		t.Errorf("the remotizations are %+v", ada.remotizations(0))
	}
	for _, s := range c.sites {
		if n := len(s.sent("publish_remotely")) + len(s.sent("add_remote_publisher")); n > 0 {
			t.Errorf("%s got %d requests through a session", s.name, n)
		}
	}
	ada.leave()
	c.empty(1)
}

// Nothing is sent to the servers but lists when there is nothing to do, and the
// hooks report all of it.
func TestIdlePass(t *testing.T) {
	passes := make(chan Pass, 1000)
	var mu sync.Mutex
	calls := map[string]int{}
	c := newCluster(t, number, Options{
		Reconciled: func(p Pass) { passes <- p },
		Called: func(call Call) {
			mu.Lock()
			defer mu.Unlock()
			calls[call.Request]++
		},
	}, "1.4.2", "1.4.2")
	c.join(0, "ada").publish(audio)
	c.join(1, "bob").publish(audio)
	c.sync()
	mu.Lock()
	before := calls["add_remote_publisher"] + calls["publish_remotely"]
	mu.Unlock()
	c.sync()
	mu.Lock()
	defer mu.Unlock()
	if after := calls["add_remote_publisher"] + calls["publish_remotely"]; before != 4 || after != 4 {
		t.Errorf("%d and then %d requests, want 4", before, after)
	}
	var last Pass
	for len(passes) > 0 {
		last = <-passes
	}
	// On each server, the participants, the forwarders, and the remotizations of
	// one publisher are listed.
	if !last.Whole || last.Calls != 6 || last.Changes != 0 || last.Err != nil {
		t.Errorf("the last pass is %+v", last)
	}
}

// The controller leaves no participants and no goroutines behind.
func TestRunEnds(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2")
	c.stop()
	list, err := c.sites[0].client(t).ListParticipants(testutil.Context(t), videoroom.ListParticipants{Room: number})
	if err != nil || len(list.Participants) != 0 {
		t.Errorf("the participants are %+v, %v", list, err)
	}
}

// What is gone already need not be removed, and what is there need not be made.
func TestStepsCanBeRepeated(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2")
	ada := c.join(0, "ada").publish(audio)
	c.stop()
	ctx := testutil.Context(t)
	c.current = map[string]*member{"A": {Server: Server{Name: "A", Caller: ada.handle}}}
	r := route{"A", ada.id, "A"}
	remote := videoroom.Remote{RemoteID: "r", Port: 9}
	for range 2 {
		if err := c.publish(ctx, c.current["A"], r, remote, "127.0.0.1", 0, ""); err != nil {
			t.Errorf("publish: %v", err)
		}
	}
	for range 2 {
		if err := c.removeLink(ctx, r, removal{remoteID: "r", strays: []uint32{4711}, id: plugin.Num(4711)}); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
	ada.leave()
	c.current["A"].Caller = c.join(0, "bob").handle
	if err := c.removeLink(ctx, r, removal{remoteID: "r", strays: []uint32{4711}, id: plugin.Num(4711)}); err != nil {
		t.Errorf("remove after the publisher has left: %v", err)
	}
	streams := []videoroom.Stream{{Type: videoroom.Audio, Codec: videoroom.Opus, Mid: "0"}}
	if err := c.createLink(ctx, r, &creation{streams: streams, host: "127.0.0.1"}); err != nil {
		t.Errorf("create after the publisher has left: %v", err)
	}
	if v := c.view(0); len(v.remotes) > 0 {
		t.Errorf("the remote publishers %+v were left behind", v.remotes)
	}
	if err := c.updateLink(ctx, r, &update{id: plugin.Num(4711), streams: streams}); err != nil {
		t.Errorf("update of a remote publisher that is gone: %v", err)
	}
}

// The watcher is replaced after some time, or if the session was reclaimed, and
// what is shown stays.
func TestResync(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2")
	c.join(0, "ada").publish(audio)
	c.sync()
	id := c.view(1).remotes[0].ID
	joins := len(c.sites[1].sent("join"))
	c.Notify("B", &janus.ReclaimedMsg{})
	c.sync()
	if n := len(c.sites[1].sent("join")); n != joins+1 {
		t.Errorf("%d watchers were made after the session was reclaimed, want 1", n-joins)
	}
	c.start(Options{Resync: 20 * time.Millisecond, Interval: 10 * time.Millisecond})
	testutil.Eventually(t, "many watchers", func() bool { return len(c.sites[1].sent("join")) > joins+5 })
	c.sync()
	if now := c.view(1).remotes[0].ID; now != id {
		t.Error("the remote publisher was replaced")
	}
}

// A watcher that is not in the room, though it was not told so, is given up.
func TestWatcherOutsideTheRoom(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2")
	handle, err := c.sites[0].attach(testutil.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	w, err := watch(testutil.Context(t), handle, videoroom.JoinPublisher{Room: number}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	m := &member{Server: c.sites[0].member(), watcher: w}
	if _, err := c.list(testutil.Context(t), m); err != nil || !w.usable() {
		t.Errorf("the list failed with %v", err)
	}
	w.id = plugin.Num(4711)
	if _, err := c.list(testutil.Context(t), m); err == nil || w.usable() {
		t.Errorf("the list returned %v", err)
	}
}

// A watcher that was kicked, whose events were lost, or whose room was made
// again, is replaced.
func TestWatcherIsReplaced(t *testing.T) {
	c := newCluster(t, number, Options{Interval: 20 * time.Millisecond}, "1.4.2", "1.4.2")
	client := c.sites[0].client(t)
	watcher := func() plugin.ID {
		list, err := client.ListParticipants(testutil.Context(t), videoroom.ListParticipants{Room: number})
		if err != nil || len(list.Participants) != 1 {
			return plugin.ID{}
		}
		return list.Participants[0].ID
	}
	for what, replace := range map[string]func(old plugin.ID) error{
		"kicked": func(old plugin.ID) error {
			return client.Kick(testutil.Context(t), videoroom.Kick{Room: number, ID: old})
		},
		"room destroyed": func(plugin.ID) error {
			_, err := client.Destroy(testutil.Context(t), videoroom.Destroy{Room: number})
			return err
		},
		"connection lost": func(plugin.ID) error {
			c.sites[0].close()
			client = c.sites[0].client(t)
			return nil
		},
	} {
		old := watcher()
		if old.IsZero() {
			t.Fatal("there is no watcher")
		}
		if err := replace(old); err != nil {
			t.Fatal(err)
		}
		testutil.Eventually(t, "another watcher after: "+what, func() bool { now := watcher(); return !now.IsZero() && now != old })
		c.sync()
	}
	c.join(0, "ada").publish(audio)
	c.sync()
	if len(c.view(1).remotes) != 1 {
		t.Error("the publisher is not shown")
	}
}

func TestInvalidConfiguration(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("a controller without a room was made")
	}
	c, err := New(Options{Room: videoroom.Create{Room: number}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []Server{{}, {Name: "A"}, {Name: "A", Publishers: func(context.Context) ([]videoroom.Publisher, error) { return nil, nil }}} {
		if err := c.AddServer(s); err == nil {
			t.Errorf("the server %+v was added", s)
		}
	}
}

func TestOldServerIsRefused(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2")
	s := c.sites[0].member()
	s.Version = 1004
	if err := c.AddServer(s); err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(testutil.Context(t)); err == nil || !strings.Contains(err.Error(), "1.1.0") {
		t.Errorf("Sync returned %v", err)
	}
}
