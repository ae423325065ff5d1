package supervisor_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/supervisor"
)

// The variables of a child process, which runs a Supervisor until it is killed.
const (
	childURL  = "SUPERVISOR_TEST_URL"
	childFile = "SUPERVISOR_TEST_FILE"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		child(url, os.Getenv(childFile))
		return
	}
	os.Exit(m.Run())
}

// child prints the ids of its session and its handle. It ends with its parent.
func child(url, file string) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	opts := quick(url)
	opts.Adopt = &supervisor.Adopt{File: file}
	s := supervisor.New(attach, opts)
	go func() {
		if h, err := s.Get(ctx); err == nil {
			fmt.Println(h.Session().ID, h.ID)
		}
	}()
	_ = s.Run(ctx)
}

// startChild starts a child process and returns the ids of its session and its handle.
func startChild(t *testing.T, url, file string) (kill func(), session, handle uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childURL+"="+url, childFile+"="+file)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		_ = stdin.Close()
	})
	t.Cleanup(kill)
	if _, err := fmt.Fscan(bufio.NewReader(stdout), &session, &handle); err != nil {
		t.Fatal(err)
	}
	return kill, session, handle
}

// The session of a process that was killed is destroyed by its successor before up is
// called, or taken over with its handles.
func TestKilled(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint("keep ", keep), func(t *testing.T) {
			server := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
			path := filepath.Join(t.TempDir(), "sessions.json")
			kill, session, handle := startChild(t, server.URL, path)
			kill()
			if got := server.Sessions(); !slices.Equal(got, []uint64{session}) {
				t.Fatalf("after the kill the sessions are %v, want %d", got, session)
			}
			opts := quick(server.URL)
			opts.Adopt = &supervisor.Adopt{File: path, Keep: keep}
			r := run(t, func(ctx context.Context, u *supervisor.Unit) (*janus.Handle, error) {
				if n := len(server.Sessions()); n != 1 {
					t.Errorf("%d sessions when up is called", n)
				}
				if u.Claimed != (keep && u.Session.ID == session) {
					t.Errorf("claimed: %v", u.Claimed)
				}
				if u.Claimed {
					return u.Adopt(handle), nil
				}
				return attach(ctx, u)
			}, opts)
			if up := r.awaitUp(1); (up.Session == session) != keep {
				t.Errorf("the session is %d, and was %d", up.Session, session)
			}
			if err := r.Do(testutil.Context(t), say); err != nil {
				t.Error(err)
			}
			h := r.get()
			server.Detach(h.Session().ID, h.ID) // ends the unit, adopted or not
			if up := r.awaitUp(2); up.Session == session {
				t.Error("the old session is used again")
			}
			server.Cut() // leaves the second session, which is not of the last run
			r.awaitUp(3)
			r.leavesNothing(server)
			if text, err := os.ReadFile(path); err != nil || string(text) != "[]" {
				t.Errorf("the file has %s, %v", text, err)
			}
		})
	}
}

// A second process with the same file waits until the first has ended, and does not
// touch its session.
func TestLocked(t *testing.T) {
	server := testutil.NewServer(t, nil)
	path := filepath.Join(t.TempDir(), "sessions.json")
	kill, session, _ := startChild(t, server.URL, path)
	opts := quick(server.URL)
	opts.Adopt = &supervisor.Adopt{File: path}
	r := run(t, attach, opts)
	r.await("locked", func(s supervisor.Status) bool {
		return s.State == supervisor.StateDown && strings.Contains(s.Err.Error(), "in use by another process")
	})
	if got := server.Sessions(); !slices.Equal(got, []uint64{session}) {
		t.Errorf("the sessions are %v, want %d", got, session)
	}
	kill()
	r.awaitUp(1)
	r.leavesNothing(server)

	again := run(t, attach, quickAdopt(server.URL, path)) // the lock is free after Run
	again.awaitUp(1)
}

func quickAdopt(url, path string) *supervisor.Options {
	opts := quick(url)
	opts.Adopt = &supervisor.Adopt{File: path}
	return opts
}

// The id of a session is in the file before Janus is asked for it. Nobody else can read
// the file, and what lies in its way does no harm.
func TestSavedBefore(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such permissions here")
	}
	server := testutil.NewServer(t, nil)
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "sessions.json"), filepath.Join(dir, "victim")
	for name, text := range map[string]string{path: "damaged", victim: "mine"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(victim, path+".new"); err != nil {
		t.Fatal(err)
	}
	checked := make(chan bool, 1)
	server.Intercept(func(request json.RawMessage, _ func(any)) bool {
		var create struct {
			Janus string
			ID    uint64
		}
		if err := json.Unmarshal(request, &create); err != nil || create.Janus != "create" {
			return false
		}
		text, err := os.ReadFile(path)
		want := fmt.Sprintf(`[{"url":%q,"session":%d}]`, server.URL, create.ID)
		if err != nil || string(text) != want || create.ID == 0 || create.ID > 1<<53 {
			t.Errorf("the file has %s, %v; want %s", text, err, want)
		}
		checked <- true
		return false
	})
	r := run(t, attach, quickAdopt(server.URL, path))
	r.awaitUp(1)
	<-checked
	for _, name := range []string{path, path + ".lock"} {
		info, err := os.Lstat(name)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
		t.Errorf("a link was followed: %s, %v", text, err)
	}
}

// memory is a store of Adopt.
type memory struct {
	mu     sync.Mutex
	saved  []supervisor.Saved
	failed int // how many more calls of Load fail
	loads  int // calls of Load
	saves  int // calls of Save
}

func (m *memory) adopt() *supervisor.Adopt {
	return &supervisor.Adopt{
		Load: func(context.Context) ([]supervisor.Saved, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.loads++
			if m.failed--; m.failed >= 0 {
				return nil, errOurs
			}
			return m.saved, nil
		},
		Save: func(_ context.Context, sessions []supervisor.Saved) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.saves++
			m.saved = sessions
			return nil
		},
	}
}

func (m *memory) ids() []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []uint64
	for _, s := range m.saved {
		ids = append(ids, s.Session)
	}
	return ids
}

// Sessions that no longer exist, that are on unknown servers, or whose claim is refused
// do not keep a unit from coming up. Load is repeated.
func TestLeftovers(t *testing.T) {
	server := testutil.NewServer(t, nil)
	const refused = 77
	server.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		if base.Type != "claim" || base.Session != refused {
			return false
		}
		reply(map[string]any{"janus": "error", "transaction": base.ID, "session_id": refused,
			"error": map[string]any{"code": 490, "reason": "not this one"}})
		return true
	})
	m := &memory{failed: 2, saved: []supervisor.Saved{
		{URL: server.URL, Session: 5}, {URL: server.URL, Session: refused},
		{URL: "ws://elsewhere/", Session: 6}, {URL: server.URL, Session: 0},
	}}
	opts := quick(server.URL)
	opts.Adopt = m.adopt()
	r := run(t, attach, opts)
	if up := r.awaitUp(1); up.Tries != 3 || !errors.Is(up.Err, errOurs) {
		t.Errorf("%+v", up)
	}
	if ids := m.ids(); !slices.Equal(ids, []uint64{refused, r.Status().Session}) {
		t.Errorf("saved are %v", ids)
	}
	server.Timeout(r.Status().Session)
	r.awaitUp(2)
	if m.loads != 3 {
		t.Errorf("Load was called %d times", m.loads)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if ids := m.ids(); !slices.Equal(ids, []uint64{refused}) {
		t.Errorf("at the end, saved are %v", ids)
	}
}

// claims returns the sessions that have been claimed on a server.
func claims(server *janustest.Server) []uint64 {
	var ids []uint64
	for _, request := range testutil.Sent(server, "claim") {
		ids = append(ids, testutil.BaseOf(request).Session)
	}
	return ids
}

// Sessions are claimed on their own server only.
func TestLeftoversOfServers(t *testing.T) {
	a, b := testutil.NewServer(t, nil), testutil.NewServer(t, nil)
	m := &memory{saved: []supervisor.Saved{{URL: a.URL, Session: 5}, {URL: b.URL, Session: 6}}}
	opts := quick(a.URL, b.URL)
	opts.Adopt = m.adopt()
	r := run(t, attach, opts)
	first := r.awaitUp(1)
	a.Cut()
	second := r.awaitUp(2)
	if got := m.ids(); !slices.Equal(got, []uint64{first.Session, second.Session}) {
		t.Errorf("saved are %v", got)
	}
	if got := claims(a); !slices.Equal(got, []uint64{5}) {
		t.Errorf("claimed %v on the first server", got)
	}
	if got := claims(b); !slices.Equal(got, []uint64{6}) {
		t.Errorf("claimed %v on the second server", got)
	}
}

// Of several sessions of the last run, the latest is kept.
func TestKeepsLatest(t *testing.T) {
	server := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	gateway, _ := testutil.Dial(t, server, nil)
	m := &memory{}
	for range 3 {
		m.saved = append(m.saved, supervisor.Saved{URL: server.URL, Session: testutil.Create(t, gateway).ID})
	}
	m.saved = append(m.saved, m.saved[2]) // listed twice, it is one session
	latest := m.saved[2].Session
	server.Cut()
	opts := quick(server.URL)
	opts.Adopt = m.adopt()
	opts.Adopt.Keep = true
	r := run(t, whole, opts)
	if up := r.awaitUp(1); up.Session != latest || !slices.Equal(server.Sessions(), []uint64{latest}) || !slices.Equal(m.ids(), []uint64{latest}) {
		t.Errorf("kept %d of %v, want %d; saved are %v", up.Session, server.Sessions(), latest, m.ids())
	}
	if u := r.get(); !u.Claimed || m.saves != 1 {
		t.Errorf("claimed: %v; Save was called %d times", u.Claimed, m.saves)
	}
}

// If a claim is not answered, the attempt fails, and the session is remembered.
func TestClaimNotAnswered(t *testing.T) {
	server := testutil.NewServer(t, nil)
	once(server, "claim")
	m := &memory{saved: []supervisor.Saved{{URL: server.URL, Session: 5}}}
	opts := quick(server.URL)
	opts.Adopt = m.adopt()
	opts.Dial = &janus.DialOptions{RequestTimeout: 50 * time.Millisecond}
	r := run(t, attach, opts)
	if up := r.awaitUp(1); up.Tries != 2 || !errors.Is(up.Err, context.DeadlineExceeded) || !slices.Equal(claims(server), []uint64{5, 5}) {
		t.Errorf("claimed %v, %+v", claims(server), up)
	}
}

// A server may choose another id than the one that it is asked for.
func TestServerChoosesID(t *testing.T) {
	m := &memory{}
	opts := quick("ws://memory/")
	opts.Adopt = m.adopt()
	opts.Dial = &janus.DialOptions{HTTPClient: testutil.ServeMemory(t, answer)}
	r := run(t, attach, opts)
	r.awaitUp(1)
	if ids := m.ids(); !slices.Equal(ids, []uint64{1}) {
		t.Errorf("saved are %v", ids)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if ids := m.ids(); len(ids) != 0 {
		t.Errorf("at the end, saved are %v", ids)
	}
}

// A session that Janus refused to create is not remembered.
func TestRefusedSession(t *testing.T) {
	server := testutil.NewServer(t, func(s *janustest.Server) { s.APISecret = "hush" })
	m := &memory{}
	opts := quick(server.URL)
	opts.Adopt = m.adopt()
	r := run(t, attach, opts)
	if err := r.wait(); !errors.Is(err, janus.ErrorUnauthorized) {
		t.Errorf("Run returned %v", err)
	}
	if ids := m.ids(); len(ids) != 0 {
		t.Errorf("saved are %v", ids)
	}
}

// No more than a hundred sessions are loaded and remembered, the latest ones. What
// has become of them is saved at once.
func TestLeftoversAreBounded(t *testing.T) {
	server := testutil.NewServer(t, nil)
	testutil.Reply(server, "claim", `{"janus":"error","transaction":"TX","error":{"code":490,"reason":"not now"}}`)
	m := &memory{}
	for id := range uint64(150) {
		m.saved = append(m.saved, supervisor.Saved{URL: server.URL, Session: id + 1})
	}
	opts := quick(server.URL)
	opts.Adopt = m.adopt()
	r := run(t, attach, opts)
	up := r.awaitUp(1)
	if ids := m.ids(); len(ids) != 100 || ids[99] != up.Session || ids[98] != 150 {
		t.Errorf("saved are %v", ids)
	}
	if n := len(claims(server)); n != 100 || m.saves != 1 {
		t.Errorf("%d sessions were claimed, and Save was called %d times", n, m.saves)
	}
}

// A session that outlived its unit, because the connection was lost, is destroyed before
// the next one is created, also without Adopt.
func TestOutlivedUnit(t *testing.T) {
	for _, name := range []string{"connection lost", "create not answered"} {
		t.Run(name, func(t *testing.T) {
			server := testutil.NewServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
			opts := quick(server.URL)
			var asked uint64
			if name == "create not answered" {
				opts.Dial = &janus.DialOptions{RequestTimeout: 50 * time.Millisecond}
				server.Intercept(func(request json.RawMessage, _ func(any)) bool {
					var create struct {
						Janus string
						ID    uint64
					}
					drop := json.Unmarshal(request, &create) == nil && create.Janus == "create" && asked == 0
					if drop {
						asked = create.ID
					}
					return drop
				})
			}
			r := run(t, attach, opts)
			first := r.awaitUp(1)
			if asked != 0 {
				if claimed := claims(server); !slices.Equal(claimed, []uint64{asked}) {
					t.Errorf("claimed %v, want %d, which may exist", claimed, asked)
				}
			}
			server.Cut()
			second := r.awaitUp(2)
			if got := server.Sessions(); !slices.Equal(got, []uint64{second.Session}) {
				t.Errorf("the sessions are %v; the first was %d, the second is %d", got, first.Session, second.Session)
			}
			r.leavesNothing(server)
		})
	}
}

// A panic in Load is an error like others, and one in Save too.
func TestStorePanics(t *testing.T) {
	server := testutil.NewServer(t, nil)
	logs := testutil.NewLogs()
	opts := quick(server.URL)
	opts.Logger = logs.Logger(slog.LevelWarn)
	loads := 0
	opts.Adopt = &supervisor.Adopt{
		Load: func(context.Context) ([]supervisor.Saved, error) {
			if loads++; loads == 1 {
				panic("in Load")
			}
			return nil, nil
		},
		Save: func(context.Context, []supervisor.Saved) error { panic("in Save") },
	}
	r := run(t, attach, opts)
	if up := r.awaitUp(1); up.Tries != 2 || !strings.Contains(up.Err.Error(), "panic in Load: in Load") {
		t.Errorf("%+v", up)
	}
	logs.Await(t, "ids of sessions not saved", 1)
	logs.Await(t, "adopt_test.go", 2) // the stacks
}

// A Save that fails is logged, and the unit comes up.
func TestSaveFails(t *testing.T) {
	server := testutil.NewServer(t, nil)
	logs := testutil.NewLogs()
	opts := quick(server.URL)
	opts.Logger = logs.Logger(slog.LevelWarn)
	opts.Adopt = &supervisor.Adopt{
		Load: func(context.Context) ([]supervisor.Saved, error) { return nil, nil },
		Save: func(context.Context, []supervisor.Saved) error { return errOurs },
	}
	run(t, attach, opts).awaitUp(1)
	logs.Await(t, "not saved", 1)
}
