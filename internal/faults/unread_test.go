package faults

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// unreadCrowd is how many channels nobody reads.
func unreadCrowd() int { return pick(300, 5000) }

// settledGoroutines waits until there are no more goroutines than want.
func settledGoroutines(t *testing.T, when string, want int) {
	t.Helper()
	n := runtime.NumGoroutine()
	for end := time.Now().Add(patience); n > want; n = runtime.NumGoroutine() {
		if time.Now().After(end) {
			t.Fatalf("%s: %d goroutines, want %d\n%s", when, n, want, stacks())
		}
		time.Sleep(time.Millisecond) // there is no event for a goroutine's end
	}
}

// Sessions whose Events nobody reads hold no goroutine, however often the
// connection is lost, and a late reader gets every message.
func TestUnreadSessions(t *testing.T) {
	noLeaks(t)
	const cuts = 4
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	c := connect(t, server.URL, &janus.DialOptions{RequestTimeout: patience, Reconnect: quickly()})
	c.session(t)
	before := quiet(t, c)
	sessions := make([]*janus.Session, unreadCrowd())
	s := &soak{t: t, c: c}
	var mu sync.Mutex
	created := 0
	s.share("sessions created", len(sessions), func() error {
		session, err := c.Create(t.Context(), "")
		mu.Lock()
		defer mu.Unlock()
		sessions[created] = session
		created++
		return err
	})
	for i := range cuts {
		server.Cut()
		for _, s := range sessions {
			awaitClaim(t, s)
		}
		settledGoroutines(t, fmt.Sprintf("after cut %d", i+1), before)
	}
	c.end(t)
	settledGoroutines(t, "after Close", before)
	var channels []chan any
	for _, s := range sessions {
		channels = append(channels, s.Events)
	}
	for _, messages := range drainAll(t, channels) {
		assertGaps(t, messages, cuts)
	}
}

// awaitClaim makes calls on a session that was lost. They fail with
// ErrDisconnected until the loss is noticed, and then wait for the claim.
func awaitClaim(t *testing.T, s *janus.Session) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		_, err := s.KeepAlive(t.Context(), "")
		if err == nil {
			return
		}
		if !errors.Is(err, janus.ErrDisconnected) || time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// assertGaps checks that messages are those of a session that was lost and
// reclaimed n times.
func assertGaps(t *testing.T, messages []any, n int) {
	t.Helper()
	if len(messages) != 2*n {
		t.Fatalf("%d messages, want %d", len(messages), 2*n)
	}
	for i, msg := range messages {
		want := any(&janus.DisconnectedMsg{})
		if i%2 == 1 {
			want = &janus.ReclaimedMsg{}
		}
		if got, want := fmt.Sprintf("%T", msg), fmt.Sprintf("%T", want); got != want {
			t.Fatalf("message %d is %s, want %s", i, got, want)
		}
	}
}

// Handles with more unread messages than their channels hold need no goroutine.
// A reader gets every message, be it during the connection or after it.
func TestUnreadHandles(t *testing.T) {
	noLeaks(t)
	const events = 10
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	session := c.session(t)
	before := quiet(t, c)
	handles := make([]*janus.Handle, unreadCrowd())
	for i := range handles {
		handles[i] = attach(t, session)
	}
	for n := range events {
		notify(t, server, session, n, handles...)
	}
	c.mustLive(t) // the client has handled what was sent before
	settledGoroutines(t, "while nobody reads", before)

	half := len(handles) / 2
	var readers sync.WaitGroup
	for _, h := range handles[:half] {
		readers.Go(func() {
			for n := range events {
				if got := nonce(<-h.Events); got != n {
					t.Errorf("got %d, want %d", got, n)
					return
				}
			}
		})
	}
	within(t, "late readers", readers.Wait)
	settledGoroutines(t, "when some have read", before)
	c.end(t)
	settledGoroutines(t, "after Close", before)
	var channels []chan any
	for _, h := range handles {
		channels = append(channels, h.Events)
	}
	for i, messages := range drainAll(t, channels) {
		want := events
		if i < half { // that have been read
			want = 0
		}
		assertSequence(t, "Handle.Events", messages, want)
	}
}

// drainAll returns what is left on closed channels, which are read at once.
func drainAll(t *testing.T, channels []chan any) [][]any {
	t.Helper()
	all := make([][]any, len(channels))
	var readers sync.WaitGroup
	for i, ch := range channels {
		readers.Go(func() {
			for msg := range ch {
				all[i] = append(all[i], msg)
			}
		})
	}
	within(t, "reading what is left", readers.Wait)
	return all
}

// quiet returns the number of goroutines when that is steady.
func quiet(t *testing.T, c *client) int {
	t.Helper()
	_, n := (&soak{t: t, c: c}).settled()
	return n
}
