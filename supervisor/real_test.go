package supervisor_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/cameronelliott/janus-go/supervisor"
)

// restarts is how often TestRealRestarts kills Janus.
func restarts() int {
	if os.Getenv("JANUS_FAULTS") == "full" {
		return 100
	}
	return 4
}

// startReal starts a Janus with few plugins.
func startReal(t *testing.T, opts realjanus.Options) *realjanus.Server {
	opts.Plugins = []string{"echotest", "videoroom"}
	return realjanus.Start(t, opts)
}

// patient are the options for a real Janus.
func patient(server *realjanus.Server) *supervisor.Options {
	opts := quick(server.URL)
	opts.MaxDelay = 100 * time.Millisecond
	return opts
}

// joinRooms is an up that attaches to the VideoRoom.
func joinRooms(ctx context.Context, u *supervisor.Unit) (*videoroom.Client, error) {
	h, err := u.Attach(ctx, janus.AttachOptions{Plugin: videoroom.Name})
	return videoroom.On(h), err
}

// Janus is killed and restarted under fifty goroutines that call Do. Each call creates a
// room with a number of its own. If one was carried out twice, Janus would say that the
// room exists.
func TestRealRestarts(t *testing.T) {
	server := startReal(t, realjanus.Options{})
	r := run(t, joinRooms, patient(server))
	stop := make(chan struct{})
	var all sync.WaitGroup
	var number, created, lost atomic.Int64
	var called [50]atomic.Bool // since the latest restart
	for i := range called {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				id := plugin.Num(uint64(number.Add(1)))
				err := r.Do(t.Context(), func(ctx context.Context, rooms *videoroom.Client) error {
					_, err := rooms.Create(ctx, videoroom.Create{Room: id})
					return err
				})
				switch {
				case err == nil:
					created.Add(1)
				case errors.Is(err, videoroom.ErrorRoomExists):
					t.Errorf("room %s was created twice", id)
				case errors.Is(err, janus.ErrNotSent):
					t.Errorf("room %s: not repeated: %v", id, err)
				case errors.Is(err, janus.ErrClosed), errors.Is(err, context.Canceled):
					lost.Add(1)
				default:
					t.Errorf("room %s: %v", id, err)
				}
				_ = r.Do(t.Context(), func(ctx context.Context, rooms *videoroom.Client) error {
					_, err := rooms.Destroy(ctx, videoroom.Destroy{Room: id})
					return err
				})
				called[i].Store(true)
			}
		})
	}
	for n := range restarts() {
		r.awaitUp(n + 1)
		for i := range called {
			called[i].Store(false)
		}
		for i := range called { // afterwards none is about to repeat a call
			testutil.Eventually(t, "a call of each goroutine", called[i].Load)
		}
		server.Restart(t)
	}
	r.awaitUp(restarts() + 1)
	close(stop)
	all.Wait()
	t.Logf("%d rooms created, %d calls cut off, %d restarts", created.Load(), lost.Load(), restarts())
	if got := r.Status().Units; got != restarts()+1 {
		t.Errorf("%d units for %d restarts", got, restarts())
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if n := realSessions(t, server); n != 0 {
		t.Errorf("%d sessions left", n)
	}
}

// realSessions returns the number of sessions that Janus has.
func realSessions(t *testing.T, server *realjanus.Server) int {
	t.Helper()
	answer, err := server.Admin(testutil.Context(t), map[string]any{"janus": "list_sessions"})
	if err != nil {
		t.Fatal(err)
	}
	sessions, _ := answer["sessions"].([]any)
	return len(sessions)
}

// What an operator does with the Admin API ends the unit, and the next is up soon.
func TestRealOperator(t *testing.T) {
	server := startReal(t, realjanus.Options{})
	for name, test := range map[string]struct {
		request   func(h *janus.Handle) map[string]any
		keepAlive time.Duration
		why       error
	}{
		"handle detached": {func(h *janus.Handle) map[string]any {
			return map[string]any{"janus": "detach_handle", "session_id": h.Session().ID, "handle_id": h.ID}
		}, 0, janus.ErrHandleDetached},
		// Janus does not tell the client; a keepalive finds out.
		"session destroyed": {func(h *janus.Handle) map[string]any {
			return map[string]any{"janus": "destroy_session", "session_id": h.Session().ID}
		}, 50 * time.Millisecond, janus.ErrSessionEnded},
		"session timed out": {func(h *janus.Handle) map[string]any {
			return map[string]any{"janus": "set_session_timeout", "session_id": h.Session().ID, "timeout": 1}
		}, -1, janus.ErrSessionEnded},
	} {
		t.Run(name, func(t *testing.T) {
			opts := patient(server)
			opts.Dial = &janus.DialOptions{KeepAlive: test.keepAlive}
			r := run(t, attach, opts)
			h := r.get()
			if _, err := server.Admin(testutil.Context(t), test.request(h)); err != nil {
				t.Fatal(err)
			}
			r.awaitUp(2)
			if err := r.Do(testutil.Context(t), say); err != nil {
				t.Error(err)
			}
			// A timeout also detaches the handle, and Janus may report that first.
			detachedFirst := name == "session timed out" && errors.Is(errors.Join(r.downs()...), janus.ErrHandleDetached)
			if downs := r.downs(); len(downs) != 1 || !errors.Is(downs[0], test.why) && !detachedFirst {
				t.Errorf("ended with %v, want %v", downs, test.why)
			}
			if n := realSessions(t, server); n != 1 {
				t.Errorf("%d sessions", n)
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			if n := realSessions(t, server); n != 0 {
				t.Errorf("%d sessions left", n)
			}
		})
	}
}

// A Janus that is suspended accepts connections, since the kernel does, and stays
// silent.
func TestRealSilence(t *testing.T) {
	server := startReal(t, realjanus.Options{})
	opts := patient(server)
	opts.Dial = &janus.DialOptions{
		PingInterval: 50 * time.Millisecond, PongTimeout: 300 * time.Millisecond, DialTimeout: 300 * time.Millisecond,
	}
	r := run(t, attach, opts)
	r.awaitUp(1)
	if err := server.Stop(); err != nil {
		t.Skip(err)
	}
	r.await("a dial in vain", func(s supervisor.Status) bool {
		return s.State == supervisor.StateDown && s.Tries == 2 && errors.Is(s.Err, context.DeadlineExceeded)
	})
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	r.awaitUp(2)
	if err := r.DoIdempotent(testutil.Context(t), say); err != nil {
		t.Error(err)
	}
}

// Wrong credentials end Run.
func TestRealCredentials(t *testing.T) {
	for name, set := range map[string]realjanus.Options{"API secret": {APISecret: "hush"}, "token": {TokenAuth: true}} {
		t.Run(name, func(t *testing.T) {
			opts := patient(startReal(t, set))
			opts.Token = "wrong"
			opts.Dial = &janus.DialOptions{APISecret: "wrong"}
			r := run(t, attach, opts)
			if err := r.wait(); !errors.Is(err, janus.ErrorUnauthorized) {
				t.Errorf("Run returned %v", err)
			}
		})
	}
}

// The session of a process that was killed is destroyed by its successor.
func TestRealKilled(t *testing.T) {
	server := startReal(t, realjanus.Options{ReclaimSessionTimeout: time.Minute})
	path := filepath.Join(t.TempDir(), "sessions.json")
	kill, session, _ := startChild(t, server.URL, path)
	kill()
	if n := realSessions(t, server); n != 1 {
		t.Fatalf("%d sessions after the kill", n)
	}
	opts := patient(server)
	opts.Adopt = &supervisor.Adopt{File: path}
	r := run(t, attach, opts)
	if up := r.awaitUp(1); up.Session == session {
		t.Error("the old session is used")
	}
	if n := realSessions(t, server); n != 1 {
		t.Errorf("%d sessions with the successor", n)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if n := realSessions(t, server); n != 0 {
		t.Errorf("%d sessions left", n)
	}
}
