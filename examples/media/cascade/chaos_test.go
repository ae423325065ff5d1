package cascade_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/cascade"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/pion/webrtc/v4"
)

// rounds returns how often something happens: a hundred times if JANUS_FAULTS is
// "full".
func rounds() int {
	if os.Getenv("JANUS_FAULTS") == "full" {
		return 100
	}
	return 4
}

// A meeting is a room on several servers.
type meeting struct {
	testing.TB
	servers    []*server
	publishers map[*publisher]int // and their servers
	controller *cascade.Controller
	stop       func()
}

// Servers, the controller and publishers are killed and started again at random,
// while media flows. Afterwards each publisher is received on each server, and
// no remote publisher is left that nobody feeds.
func TestChaos(t *testing.T) {
	media := realjanus.MediaAddress(t)
	m := &meeting{TB: t, publishers: make(map[*publisher]int)}
	m.servers = []*server{startServer(t, "A", media), startServer(t, "B", media), startOldServer(t, "C", media)}
	m.startController()
	t.Cleanup(func() {
		m.stop()
		for p := range m.publishers {
			p.close(context.Background())
		}
	})
	settle(t, m.controller)
	for n := range m.servers {
		m.join(n)
	}
	for round := range rounds() {
		what := m.disturb()
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
		t.Logf("round %d: %s", round, what)
		if round%10 == 9 {
			m.check()
		}
	}
	m.check()
}

// startController starts a controller in the place of the last one.
func (m *meeting) startController() {
	if m.stop != nil {
		m.stop()
	}
	controller, err := cascade.New(cascade.Options{
		Room:   videoroom.Create{Room: room, VideoCodecs: videoroom.Codecs{videoroom.VP8, videoroom.H264}},
		Secret: []byte("secret"), Interval: 500 * time.Millisecond, DeadAfter: 2 * time.Second,
	})
	if err != nil {
		m.Fatal(err)
	}
	for _, s := range m.servers {
		if err := controller.AddServer(s.member()); err != nil {
			m.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = controller.Run(ctx) // the error of ctx
	}()
	m.controller = controller
	m.stop = func() {
		cancel()
		<-ended
	}
}

// join adds a publisher to a server whose room is there.
func (m *meeting) join(n int) {
	ctx, handle := testContext(m), m.servers[n].handle(m)
	p, err := newPublisher(ctx, handle, videoroom.JoinPublisher{Room: room, Display: "somebody"})
	if err != nil {
		m.Logf("join: %v", err) // the room may not be there yet
		return
	}
	m.publishers[p] = n
	if err := p.add(webrtc.MimeTypeOpus); err != nil {
		m.Fatal(err)
	}
	if rand.IntN(2) == 0 {
		if err := p.add(webrtc.MimeTypeVP8); err != nil {
			m.Fatal(err)
		}
	}
	if err := p.negotiate(ctx); err != nil {
		m.Fatal(err)
	}
}

// some returns one of the publishers, or nil.
func (m *meeting) some() *publisher {
	for p := range m.publishers {
		return p
	}
	return nil
}

// disturb lets something happen.
func (m *meeting) disturb() string {
	n := rand.IntN(len(m.servers))
	p := m.some()
	switch action := rand.IntN(10); {
	case action < 3 || p == nil:
		m.restart(n)
		return "restarted " + m.servers[n].name
	case action < 5:
		m.startController()
		return "restarted the controller"
	case action < 7 && len(m.publishers) < 6:
		m.join(n)
		return "a publisher joins " + m.servers[n].name
	case action < 8 && len(m.publishers) > 1:
		p.close(testContext(m))
		delete(m.publishers, p)
		return "a publisher leaves"
	case action < 9:
		if err := p.republish(testContext(m)); err != nil {
			m.Fatal(err)
		}
		return "a publisher stops and starts again"
	}
	if err := p.add(webrtc.MimeTypeVP8); err != nil {
		m.Fatal(err)
	}
	if err := p.negotiate(testContext(m)); err != nil {
		m.Fatal(err)
	}
	return "a publisher adds a stream"
}

// restart kills a server and starts it again. Its publishers come back.
func (m *meeting) restart(n int) {
	m.servers[n].Kill()
	again := 0
	for p, on := range m.publishers {
		if on == n {
			p.hangUp()
			delete(m.publishers, p)
			again++
		}
	}
	m.servers[n].Restart(m)
	m.awaitRoom(n)
	for range again {
		m.join(n)
	}
}

// awaitRoom waits until the controller has made the room.
func (m *meeting) awaitRoom(n int) {
	eventually(m, "the room of "+m.servers[n].name, func() string {
		handle, err := m.servers[n].attach(testContext(m))
		if err != nil {
			return err.Error() // the client may not know yet that the session has ended
		}
		defer func() { _, _ = handle.Detach(testContext(m), "") }()
		existence, err := videoroom.On(handle).Exists(testContext(m), videoroom.Exists{Room: room})
		if err != nil || !existence.Exists {
			return fmt.Sprint("there is no room: ", err)
		}
		return ""
	})
}

// eventually waits until ok returns "", and otherwise fails with what it last
// returned.
func eventually(t testing.TB, what string, ok func() string) {
	t.Helper()
	problem := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if problem = ok(); problem == "" {
			return
		}
	}
	t.Fatalf("not in time: %s: %s", what, problem)
}

// check checks that the room is whole, and that media flows between all servers.
func (m *meeting) check() {
	m.Helper()
	eventually(m, "the room is whole", m.problem)
	for _, p := range m.controller.Status().Publishers {
		for _, s := range p.Shown {
			m.checkMedia(p, s)
		}
	}
}

// problem returns what is wrong with the room, or "".
func (m *meeting) problem() string {
	if err := m.controller.Sync(testContext(m)); err != nil {
		return err.Error()
	}
	status := m.controller.Status()
	if len(status.Publishers) != len(m.publishers) {
		return fmt.Sprintf("%d publishers, want %d", len(status.Publishers), len(m.publishers))
	}
	shown := make(map[string][]plugin.ID)
	for _, p := range status.Publishers {
		for _, s := range p.Shown {
			if s.ID.IsZero() {
				return fmt.Sprintf("%v of %s is not shown on %s: %v", p.ID, p.Server, s.Server, s.Err)
			}
			shown[s.Server] = append(shown[s.Server], s.ID)
		}
	}
	for _, server := range m.servers {
		remotes := server.remotes(m)
		if len(remotes) != len(shown[server.name]) {
			return fmt.Sprintf("%s has %d remote publishers, want %d", server.name, len(remotes), len(shown[server.name]))
		}
		for _, r := range remotes {
			if !slices.Contains(shown[server.name], r.ID) {
				return fmt.Sprintf("nobody feeds %v on %s", r.ID, server.name)
			}
		}
	}
	return ""
}

// checkMedia checks that a publisher is received on another server.
func (m *meeting) checkMedia(p cascade.PublisherStatus, s cascade.Shown) {
	m.Helper()
	n := slices.IndexFunc(m.servers, func(server *server) bool { return server.name == s.Server })
	checkMedia(m, m.find(p.ID), m.servers[n], s.ID)
}

func (m *meeting) find(id plugin.ID) *publisher {
	for p := range m.publishers {
		if p.id == id {
			return p
		}
	}
	m.Fatalf("there is no publisher %v", id)
	return nil
}
