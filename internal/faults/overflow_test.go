package faults

import (
	"fmt"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// A channel that overflows tells, in its place, how many messages are missing;
// the others keep all of theirs.
func TestOverflow(t *testing.T) {
	noLeaks(t)
	const backlog, total = 50, 1000
	server := newStub(t, nil)
	c := connect(t, server.URL, &janus.DialOptions{EventBacklog: backlog})
	session, unread := c.open(t)
	others := []*janus.Handle{attach(t, session), attach(t, session)}

	// The channel overflows, is read a little, and overflows again; the others
	// are read all the time.
	reader := &gapReader{t: t, total: total}
	const step = backlog / 2
	for sent := 0; sent < total; sent += step {
		for n := sent; n < sent+step; n++ {
			notify(t, server, session, n, append(others, unread)...)
		}
		for n := sent; n < sent+step; n++ {
			for _, h := range others {
				if got := nonce(next(t, "Handle.Events", h.Events)); got != n {
					t.Fatalf("a channel that is read has %d, want %d", got, n)
				}
			}
		}
		c.mustLive(t) // the client has handled what was sent before
		if sent%(total/4) == 0 {
			for range 5 {
				reader.add(next(t, "Handle.Events", unread.Events))
			}
		}
	}
	c.end(t)
	for _, msg := range drain(t, "Handle.Events", unread.Events) {
		reader.add(msg)
	}
	reader.finish(backlog)
}

// notify sends an event with a number to handles.
func notify(t *testing.T, server *stub, s *janus.Session, n int, handles ...*janus.Handle) {
	t.Helper()
	for _, h := range handles {
		if err := server.Notify(s.ID, h.ID, order{Nonce: n}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// gapReader checks that gaps in a sequence are told in place.
type gapReader struct {
	t           *testing.T
	total, next int
	gaps        []int
}

func (r *gapReader) add(msg any) {
	r.t.Helper()
	if gap, ok := msg.(*janus.OverflowMsg); ok {
		r.next += gap.Dropped
		r.gaps = append(r.gaps, gap.Dropped)
		return
	}
	if got := nonce(msg); got != r.next {
		r.t.Fatalf("got %T %d where %d should come; gaps so far: %v", msg, got, r.next, r.gaps)
	}
	r.next++
}

func (r *gapReader) finish(backlog int) {
	r.t.Helper()
	if r.next != r.total {
		r.t.Errorf("told of %d messages, %d were sent", r.next, r.total)
	}
	dropped := 0
	for _, n := range r.gaps {
		dropped += n
	}
	if len(r.gaps) < 2 || dropped > r.total-backlog {
		r.t.Errorf("gaps %v: want several, and no more than %d in all", r.gaps, r.total-backlog)
	}
	r.t.Logf("%d messages, gaps %v", r.total, r.gaps)
}

// lateness is longer than the client waits with a goroutine for a reader.
const lateness = 200 * time.Millisecond

// Exactly as many messages as are allowed may wait, for a session too, also
// when the reader comes long after the end.
func TestNothingIsLostBelowTheBound(t *testing.T) {
	noLeaks(t)
	for name, backlog := range map[string]int{"default": 0, "set": 100} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, nil)
			c := connect(t, server.URL, &janus.DialOptions{EventBacklog: backlog})
			session, handle := c.open(t)
			if backlog == 0 {
				backlog = 4096
			}
			for n := range backlog {
				notify(t, server, session, n, handle)
				frame := fmt.Sprintf(`{"janus":"event","session_id":%d,"plugindata":{"plugin":"p","data":{"nonce":%d}}}`, session.ID, n)
				if err := server.Send(session.ID, frame); err != nil {
					t.Fatal(err)
				}
			}
			c.mustLive(t)
			c.end(t)
			time.Sleep(lateness)
			assertSequence(t, "Handle.Events", drain(t, "Handle.Events", handle.Events), backlog)
			assertSequence(t, "Session.Events", drain(t, "Session.Events", session.Events), backlog)
		})
	}
}
