package otel_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/eventhandler"
)

// figures are those of a server.
func (f *feeder) figures(t *testing.T, sessions, handles, connections int64) {
	t.Helper()
	all := f.collect(t)
	for name, want := range map[string]int64{
		"janus.server.sessions":        sessions,
		"janus.server.handles":         handles,
		"janus.server.peerconnections": connections,
	} {
		if got := all[name][""]; got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

// Sessions, handles and PeerConnections are counted by their events. A session that
// ends takes its handles along, and a handle its PeerConnection.
func TestCounts(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 0, created)
	f.feed(t, 1, 10, attached, webrtcUp)
	f.feed(t, 1, 11, attached, webrtcUp)
	f.feed(t, 2, 0, created)
	f.feed(t, 2, 20, attached, webrtcUp)
	f.feed(t, 2, 21, attached)
	f.feed(t, 3, 0, created)
	f.figures(t, 3, 4, 3)
	f.check(t, "janus.server.plugin.handles", map[string]int64{"janus.plugin=" + videoroom: 4})
	f.check(t, "janus.server.plugin.peerconnections", map[string]int64{"janus.plugin=" + videoroom: 3})
	f.feed(t, 1, 11, hangup)
	f.figures(t, 3, 4, 2)
	f.feed(t, 1, 10, detached) // without a hangup
	f.figures(t, 3, 3, 1)
	f.feed(t, 2, 0, destroyed) // without detached
	f.figures(t, 2, 1, 0)
	f.feed(t, 2, 20, webrtcUp, hangup, detached, webrtcUp) // late
	f.feed(t, 3, 0, timedOut)
	f.figures(t, 1, 1, 0)

	f.total(t, "janus.server.session.created", 3)
	f.check(t, "janus.server.session.ended", map[string]int64{"janus.reason=destroyed": 1, "janus.reason=timeout": 1})
	f.check(t, "janus.server.handle.attached", map[string]int64{"janus.plugin=" + videoroom: 4})
	f.check(t, "janus.server.handle.detached", map[string]int64{"janus.plugin=" + videoroom: 2})
	f.check(t, "janus.server.peerconnection.established", map[string]int64{"janus.plugin=" + videoroom: 5})
	f.check(t, "janus.server.peerconnection.closed", map[string]int64{
		"janus.plugin=" + videoroom + ",janus.reason=DTLS alert": 2,
	})
	f.check(t, "janus.server.event.received", map[string]int64{
		"janus.event.kind=sessions": 5, "janus.event.kind=handles": 6, "janus.event.kind=webrtc": 7,
	})
}

// A server that starts, or ends, has nothing left.
func TestRestart(t *testing.T) {
	for name, body := range map[string]eventhandler.Body{
		"started":  &eventhandler.ServerStarted{Info: janus.InfoMsg{VersionString: "1.4.1"}},
		"shutdown": &eventhandler.ServerShutdown{},
	} {
		f := newFeeder(t, 0)
		f.feed(t, 1, 0, created)
		f.feed(t, 1, 10, attached, webrtcUp, stats(100, 1))
		f.feed(t, 0, 0, &eventhandler.ServerUpdate{Sessions: 7})
		f.feed(t, 0, 0, body)
		f.figures(t, 0, 0, 0)
		f.check(t, "janus.collector.tracked", map[string]int64{"": 0})
		if name == "started" {
			f.check(t, "janus.server.info", map[string]int64{"janus.version=1.4.1": 1})
			f.check(t, "janus.server.started", map[string]int64{"": 1})
		}
	}
}

// What a server says about itself is better than what follows from its events, for a
// minute.
func TestServerUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeder(t, 0)
		f.feed(t, 1, 0, created)
		update := &eventhandler.ServerUpdate{Sessions: 7, Handles: 8, PeerConnections: 9}
		f.feed(t, 0, 0, update)
		time.Sleep(50 * time.Second)
		f.figures(t, 7, 8, 9)
		f.feed(t, 0, 0, update)
		time.Sleep(50 * time.Second)
		f.figures(t, 7, 8, 9)
		time.Sleep(10 * time.Second)
		f.figures(t, 1, 0, 0)
	})
}

// emit passes on events of a server.
func (f *feeder) emit(t *testing.T, emitter string, bodies ...eventhandler.Body) {
	t.Helper()
	for _, body := range bodies {
		event := eventhandler.Event{Emitter: emitter, Session: 1, Body: body}
		if err := f.collector.Take(t.Context(), []eventhandler.Event{event}); err != nil {
			t.Fatal(err)
		}
	}
}

// Servers that come and go do not use up the names, whether or not they say that
// they end.
func TestServersAreForgotten(t *testing.T) {
	update := &eventhandler.ServerUpdate{Sessions: 1}
	for name, test := range map[string]struct {
		bodies []eventhandler.Body
		after  time.Duration
	}{
		"shutdown":      {[]eventhandler.Body{created, update, &eventhandler.ServerShutdown{}}, 5 * time.Minute},
		"no sessions":   {[]eventhandler.Body{&eventhandler.ServerStarted{}}, 5 * time.Minute},
		"no updates":    {[]eventhandler.Body{created, update}, 5 * time.Minute},
		"idle sessions": {[]eventhandler.Body{created}, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFeeder(t, 0)
			for i := range 120 {
				f.emit(t, fmt.Sprint(i), test.bodies...)
			}
			time.Sleep(test.after - time.Second)
			if got := f.series(t, "janus.server.sessions"); len(got) != 101 {
				t.Errorf("%s: %d servers are remembered, want 101", name, len(got))
			}
			time.Sleep(20 * time.Second)
			f.check(t, "janus.collector.tracked", map[string]int64{"": 0})
			f.emit(t, "new", created)
			if got := f.series(t, "janus.server.sessions"); len(got) != 1 || got["new"] != 1 {
				t.Errorf("%s: sessions: %v", name, got)
			}
		})
	}
}

// A server that is asked, but does not answer, is not forgotten while Poll runs, but
// its figures are left out.
func TestUnreachableServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeder(t, 0)
		f.feed(t, 1, 0, created)
		f.feed(t, 1, 10, attached, webrtcUp)
		a := new(fakeAdmin)
		a.set(nil, 0, errors.New("unreachable"))
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() { result <- f.collector.Poll(ctx, "janus", a, 3*time.Hour) }()
		time.Sleep(2 * time.Hour)
		f.check(t, "janus.server.up", map[string]int64{"": 0})
		for _, name := range []string{
			"janus.server.sessions", "janus.server.handles", "janus.server.peerconnections",
			"janus.server.plugin.handles", "janus.server.plugin.peerconnections",
		} {
			f.check(t, name, nil)
		}
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		f.check(t, "janus.server.up", nil)
		f.figures(t, 1, 1, 1)
		time.Sleep(2 * time.Hour)
		f.check(t, "janus.server.sessions", nil)
	})
}

// Failures and slow links have their plugin, medium and direction.
func TestFailures(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 0, created)
	f.feed(t, 1, 10, attached,
		&eventhandler.ICEState{State: eventhandler.ICEGathering},
		&eventhandler.ICEState{State: eventhandler.ICEFailed},
		&eventhandler.DTLSState{State: eventhandler.DTLSTrying},
		&eventhandler.DTLSState{State: eventhandler.DTLSFailed},
		&eventhandler.SlowLink{Media: "video", Direction: eventhandler.Uplink},
		&eventhandler.SlowLink{Media: "video", Direction: eventhandler.Downlink},
		&eventhandler.SlowLink{Media: "video", Direction: eventhandler.Downlink},
		&eventhandler.MediaState{Media: "audio", Receiving: true},
		&eventhandler.MediaState{Media: "audio"},
	)
	const plugin = "janus.plugin=" + videoroom
	f.check(t, "janus.server.ice.failed", map[string]int64{plugin: 1})
	f.check(t, "janus.server.dtls.failed", map[string]int64{plugin: 1})
	f.check(t, "janus.server.slow_links", map[string]int64{
		"janus.media.kind=video," + plugin + ",network.io.direction=transmit": 1,
		"janus.media.kind=video," + plugin + ",network.io.direction=receive":  2,
	})
	f.check(t, "janus.server.media.interrupted", map[string]int64{"janus.media.kind=audio," + plugin: 1})
}

// The setup of a PeerConnection takes from the first state of ICE until it is up.
// One whose beginning was not seen, or that failed, does not count.
func TestSetup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeder(t, 0)
		gathering := &eventhandler.ICEState{State: eventhandler.ICEGathering}
		f.feed(t, 1, 10, attached, webrtcUp, hangup)
		f.feed(t, 1, 10, gathering)
		time.Sleep(time.Second)
		f.feed(t, 1, 10, hangup, gathering)
		time.Sleep(time.Second)
		f.feed(t, 1, 10, &eventhandler.ICEState{State: eventhandler.ICEConnecting})
		time.Sleep(2 * time.Second)
		f.feed(t, 1, 10, webrtcUp, &eventhandler.ICEState{State: eventhandler.ICEReady}, hangup, webrtcUp)
		f.total(t, "janus.server.peerconnection.setup.duration", 1)
		if took := f.recorded(t, "janus.server.peerconnection.setup.duration"); took != 3 {
			t.Errorf("the setup took %v s, want 3", took)
		}
	})
}

// A plugin's event tells the plugin of a handle whose beginning was not seen.
func TestPluginIsLearned(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 10, webrtcUp, &eventhandler.PluginEvent{Plugin: videoroom}, hangup)
	f.check(t, "janus.server.peerconnection.closed", map[string]int64{
		"janus.plugin=" + videoroom + ",janus.reason=DTLS alert": 1,
	})
}

// use makes events of n users, of whom each has a session, a handle and media.
func (f *feeder) use(t *testing.T, n uint64) {
	t.Helper()
	for user := range n {
		session, handle := 1000+user, 1_000_000+user
		f.feed(t, session, 0, created)
		f.feed(t, session, handle, attached, &eventhandler.ICEState{State: eventhandler.ICEGathering}, webrtcUp,
			stats(1000, 0), stats(2000, 0), &eventhandler.SlowLink{Media: "audio", Direction: eventhandler.Uplink})
	}
}

// The number of time series does not depend on the number of users.
func TestSeriesDoNotGrow(t *testing.T) {
	f := newFeeder(t, 0)
	series := func() (n int) {
		for _, points := range f.collect(t) {
			n += len(points)
		}
		return n
	}
	f.use(t, 1)
	before := series()
	f.use(t, 500)
	if after := series(); after != before {
		t.Errorf("%d series for one user, %d for 500", before, after)
	}
}

// Not even a server that says something new each time makes more than a hundred
// series of one name.
func TestNamesAreBounded(t *testing.T) {
	f := newFeeder(t, 0)
	for i := range 500 {
		f.feed(t, 1, 10, &eventhandler.PeerConnectionState{State: eventhandler.Hangup, Reason: fmt.Sprint(i)})
	}
	closed := f.sums(t, "janus.server.peerconnection.closed")
	if len(closed) != 101 || closed["janus.reason=_OTHER"] != 400 {
		t.Errorf("%d series, %d of them others", len(closed), closed["janus.reason=_OTHER"])
	}
}

// A Collector remembers no more than it may, and nothing a while after all has
// ended, although nobody detaches.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeder(t, 100)
		f.use(t, 200)
		f.check(t, "janus.collector.tracked", map[string]int64{"": 100})
		if f.sums(t, "janus.collector.untracked")[""] == 0 {
			t.Error("nothing is untracked")
		}
		for user := range uint64(200) {
			f.feed(t, 1000+user, 0, destroyed)
		}
		time.Sleep(time.Minute)
		f.check(t, "janus.collector.tracked", map[string]int64{"": 0})
		f.use(t, 10)
		f.check(t, "janus.collector.tracked", map[string]int64{"": 30})
	})
}

// What has begun before the Collector is forgotten when it is silent.
func TestUnknownHandlesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeder(t, 0)
		f.feed(t, 1, 10, stats(1000, 0))
		time.Sleep(4 * time.Minute)
		f.check(t, "janus.collector.tracked", map[string]int64{"": 3})
		time.Sleep(2 * time.Minute)
		f.check(t, "janus.collector.tracked", map[string]int64{"": 0})
		f.figures(t, 0, 0, 0)
	})
}

// The streams of a PeerConnection are forgotten when the handle has another one.
func TestStreamsAreForgotten(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 10, attached, webrtcUp, stats(1000, 0))
	f.check(t, "janus.collector.tracked", map[string]int64{"": 3})
	f.feed(t, 1, 10, hangup, webrtcUp)
	f.check(t, "janus.collector.tracked", map[string]int64{"": 2})
	f.feed(t, 1, 10, stats(1000, 0), detached)
	f.check(t, "janus.collector.tracked", map[string]int64{"": 3})
}

// An id that is used again belongs to another session.
func TestSessionIDIsUsedAgain(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 0, created)
	f.feed(t, 1, 10, attached, webrtcUp, stats(1000, 0))
	f.feed(t, 1, 0, destroyed, created)
	f.figures(t, 1, 0, 0)
	f.check(t, "janus.collector.tracked", map[string]int64{"": 1})
}

// Several servers are counted apart.
func TestServersAreApart(t *testing.T) {
	f := newFeeder(t, 0)
	f.emit(t, "a", created)
	f.emit(t, "b", created, destroyed)
	if got := f.series(t, "janus.server.sessions"); got["a"] != 1 || got["b"] != 0 || len(got) != 2 {
		t.Errorf("sessions: %v", got)
	}
}

// Close ends the current values.
func TestClose(t *testing.T) {
	f := newFeeder(t, 0)
	f.feed(t, 1, 0, created)
	for range 2 {
		if err := f.collector.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f.check(t, "janus.server.sessions", nil)
	f.check(t, "janus.server.session.created", map[string]int64{"": 1})
}

// Events may come from several servers at once, while the metrics are read and a
// server is polled.
func TestConcurrency(t *testing.T) {
	f := newFeeder(t, 1000)
	var wg, polling sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	polling.Go(func() { _ = f.collector.Poll(ctx, "janus", new(fakeAdmin), time.Millisecond) })
	for range 4 {
		wg.Go(func() { f.use(t, 100) })
	}
	for range 20 {
		f.collect(t)
	}
	wg.Wait()
	cancel()
	polling.Wait()
	f.total(t, "janus.server.session.created", 400)
}

// fakeAdmin is an Admin API with some sessions of two handles each.
type fakeAdmin struct {
	mu       sync.Mutex
	sessions []uint64
	gone     uint64 // ends after it was listed
	err      error
}

func (a *fakeAdmin) set(sessions []uint64, gone uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions, a.gone, a.err = sessions, gone, err
}

func (a *fakeAdmin) Info(context.Context) (*janus.InfoMsg, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &janus.InfoMsg{VersionString: "1.1.2"}, a.err
}

func (a *fakeAdmin) ListSessions(context.Context) ([]uint64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sessions, nil
}

func (a *fakeAdmin) ListHandles(_ context.Context, session uint64) ([]uint64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if session == a.gone {
		return nil, &janus.ErrorMsg{Err: janus.ErrorData{Code: int(janus.ErrorSessionNotFound)}}
	}
	return []uint64{1, 2}, nil
}

// A poll takes the figures of the Admin API, and ends sessions that are gone.
func TestPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeder(t, 0)
		f.feed(t, 1, 0, created)
		f.feed(t, 2, 0, created)
		f.feed(t, 2, 20, attached, webrtcUp)
		f.feed(t, 0, 0, &eventhandler.ServerUpdate{Sessions: 70, Handles: 80, PeerConnections: 1})
		time.Sleep(time.Second)
		a := new(fakeAdmin)
		a.set([]uint64{1, 5, 6}, 6, nil)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() { result <- f.collector.Poll(ctx, "janus", a, time.Minute) }()
		synctest.Wait()
		f.figures(t, 2, 4, 1)
		f.check(t, "janus.server.up", map[string]int64{"": 1})
		f.check(t, "janus.server.info", map[string]int64{"janus.version=1.1.2": 1})
		f.check(t, "janus.server.plugin.handles", map[string]int64{}) // session 2 is gone

		a.set(nil, 0, errors.New("unreachable"))
		time.Sleep(time.Minute)
		synctest.Wait()
		f.check(t, "janus.server.up", map[string]int64{"": 0})
		f.check(t, "janus.server.sessions", nil)

		many := make([]uint64, 2000)
		for i := range many {
			many[i] = uint64(i)
		}
		a.set(many, 0, nil)
		time.Sleep(time.Minute - time.Second)
		f.feed(t, 0, 0, &eventhandler.ServerUpdate{Sessions: 70, Handles: 80, PeerConnections: 1})
		time.Sleep(time.Second)
		synctest.Wait()
		f.figures(t, 2000, 80, 1)

		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		f.check(t, "janus.server.up", nil)
		f.figures(t, 70, 80, 1)
	})
}

// A session that begins during a poll is not taken for one that is gone.
func TestPollSparesNewSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeder(t, 0)
		f.feed(t, 1, 0, created)
		f.feed(t, 1, 10, attached)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = f.collector.Poll(ctx, "janus", new(fakeAdmin), time.Minute) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		f.figures(t, 1, 1, 0)
	})
}

func TestPollNeedsAnInterval(t *testing.T) {
	f := newFeeder(t, 0)
	if err := f.collector.Poll(t.Context(), "janus", new(fakeAdmin), 0); err == nil {
		t.Error("no error")
	}
}
