package cascade

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// A creation that fails is not repeated in each pass: the attempt makes the next pass
// due, since the other server announces and withdraws the remote publisher. With another
// server of the same name, it is tried at once.
func TestFailedCreationIsHeldBack(t *testing.T) {
	var attempts atomic.Int32
	c := newCluster(t, number, Options{
		Interval: time.Hour,
		Host:     func(string, string) string { return "no such host.invalid" },
		Called: func(call Call) {
			if call.Request == "add_remote_publisher" {
				attempts.Add(1)
			}
		},
	}, "1.4.2", "1.4.2")
	c.join(0, "ada").publish(audio)
	const passes = 8
	for range passes {
		if err := c.Sync(testutil.Context(t)); !errors.Is(err, videoroom.ErrorInvalidElement) {
			t.Fatalf("Sync returned %v", err)
		}
	}
	before := attempts.Load()
	if before == 0 || before >= passes {
		t.Errorf("%d attempts in %d passes", before, passes)
	}
	if err := c.AddServer(c.sites[1].member()); err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(testutil.Context(t)); err == nil || attempts.Load() == before {
		t.Errorf("with another server, Sync returned %v", err)
	}
}

// The delay between attempts grows to Options.Interval, and ends when nothing is wanted.
func TestDelaysOfCreations(t *testing.T) {
	c, err := New(Options{Room: videoroom.Create{Room: number}, Interval: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	c.current = map[string]*member{"A": {}, "B": {}}
	r := route{"A", number, "B"}
	jobs := []job{{route: r, create: &creation{}}}
	began := time.Now()
	attempts := 0
	for now := began; now.Sub(began) < 10*time.Minute; now = now.Add(gather) {
		due, failed := c.due(jobs, now)
		if len(due) > 0 {
			attempts++
			failed[r] = videoroom.ErrorInvalidElement
		} else if !errors.Is(failed[r], videoroom.ErrorInvalidElement) {
			t.Fatalf("what is held back has failed with %v", failed[r])
		}
		c.holdBack(due, failed, now)
	}
	if attempts < 60 || attempts > 300 { // about 130
		t.Errorf("%d attempts in 10 minutes", attempts)
	}
	replacement := []job{{route: r, create: &creation{}, remove: []removal{{id: number}}}}
	if due, _ := c.due(replacement, began); len(due) != 1 {
		t.Error("a removal is held back")
	}
	for _, name := range []string{"A", "B"} {
		c.holdBack(jobs, map[route]error{r: videoroom.ErrorInvalidElement}, began)
		c.current[name] = &member{}
		if due, _ := c.due(jobs, began); len(due) != 1 {
			t.Errorf("a creation is held back although server %s is another one", name)
		}
	}
	c.holdBack(jobs, map[route]error{r: videoroom.ErrorInvalidElement}, began)
	c.due(nil, began)
	if due, _ := c.due(jobs, began); len(due) != 1 || len(c.held) > 0 {
		t.Error("a creation that was no longer wanted is held back")
	}
}

// An Attach that returns nothing is an error of its server.
func TestNilHandle(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2")
	err := c.AddServer(Server{Name: "A", Attach: func(context.Context) (*janus.Handle, error) { return nil, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(testutil.Context(t)); !errors.Is(err, errNoHandle) {
		t.Errorf("Sync returned %v", err)
	}
}

// A server that is added again while it is being removed stays.
func TestRemovedServerIsAddedAgain(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2")
	c.join(0, "ada").publish(audio)
	c.sync()
	c.stop()
	c.mu.Lock()
	m := c.members["B"]
	c.mu.Unlock()
	removed := make(chan error)
	go func() { removed <- c.RemoveServer(testutil.Context(t), "B") }()
	testutil.Eventually(t, "the removal", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.leaving
	})
	if err := c.AddServer(c.sites[1].member()); err != nil {
		t.Fatal(err)
	}
	run(t, c.Controller)
	if err := <-removed; err == nil || !strings.Contains(err.Error(), "added again") {
		t.Errorf("RemoveServer returned %v", err)
	}
	c.sync()
	if v := c.view(1); len(v.remotes) != 1 {
		t.Errorf("the remote publishers are %+v", v.remotes)
	}
}

// Functions of the application that panic, or end their goroutine, cost no more than the
// request that they were called for.
func TestHooksFail(t *testing.T) {
	var todo sync.Map // what is still to fail, once each
	for _, what := range []string{"listparticipants", "add_remote_publisher", "publish_remotely", "Changed", "Reconciled"} {
		todo.Store(what, true)
	}
	first := func(what string) bool { _, found := todo.LoadAndDelete(what); return found }
	fail := func(what string) {
		if first(what) {
			panic("in a hook")
		}
	}
	var reported atomic.Bool // that publish_remotely has not returned
	c := newCluster(t, number, Options{}, "1.4.2", "1.4.2")
	c.start(Options{
		Interval: 50 * time.Millisecond,
		Changed: func(change Change) {
			if errors.Is(change.Err, errNoReturn) {
				reported.Store(true)
			}
			fail("Changed")
		},
		Reconciled: func(Pass) { fail("Reconciled") },
		Called: func(call Call) {
			if call.Request == "add_remote_publisher" {
				fail(call.Request)
			} else if first(call.Request) {
				runtime.Goexit()
			}
		},
	})
	c.join(0, "ada").publish(audio)
	testutil.Eventually(t, "a pass without an error", func() bool {
		left := 0
		todo.Range(func(_, _ any) bool { left++; return true })
		return left == 0 && c.Sync(testutil.Context(t)) == nil
	})
	if !reported.Load() {
		t.Error("a goroutine that has ended is not reported")
	}
	if v := c.view(1); len(v.remotes) != 1 {
		t.Errorf("the remote publishers are %+v", v.remotes)
	}
}

// Messages that are nothing are ignored.
func TestNotifyOfNothing(t *testing.T) {
	c := newCluster(t, number, Options{}, "1.4.2")
	for _, msg := range []any{
		nil, 1, (*videoroom.Unpublished)(nil), (*videoroom.Left)(nil), (*janus.EventMsg)(nil), &janus.EventMsg{}, (*janus.ReclaimedMsg)(nil),
	} {
		c.Notify("A", msg)
		c.Notify("nobody", msg)
	}
	c.sync()
}

// Handles are detached also if Run ends while a watcher joins, or takes over.
func TestRunDetachesHandles(t *testing.T) {
	for what, last := range map[string]string{"joins": "attach", "takes over": "join"} {
		t.Run(what, func(t *testing.T) {
			server := testutil.NewServer(t, func(s *janustest.Server) { s.Version = "1.4.2" })
			s := &site{Server: server, name: "A"}
			t.Cleanup(s.close)
			ctx, cancel := context.WithCancel(testutil.Context(t))
			joins := 0
			opts := Options{Resync: time.Nanosecond, Interval: time.Millisecond, Called: func(call Call) {
				if call.Request == "join" && call.Err == nil {
					joins++
				}
				if call.Request == last && (joins == 2 || last == "attach") {
					cancel()
				}
			}}
			opts.Room.Room = number
			controller, err := New(opts)
			if err != nil {
				t.Fatal(err)
			}
			if err := controller.AddServer(s.member()); err != nil {
				t.Fatal(err)
			}
			if err := controller.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("Run returned %v", err)
			}
			session, err := s.up(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if handles := server.Handles(session.ID); len(handles) > 0 {
				t.Errorf("the handles %v are left", handles)
			}
		})
	}
}

// What is not positive is the default.
func TestDefaults(t *testing.T) {
	got := Options{Interval: -1, Resync: -1, DeadAfter: -1, CallTimeout: -1, Concurrency: -1}.withDefaults()
	if got.Interval != 5*time.Second || got.Resync != time.Minute || got.DeadAfter != 15*time.Second ||
		got.CallTimeout != 5*time.Second || got.Concurrency != 32 {
		t.Errorf("%+v", got)
	}
}
