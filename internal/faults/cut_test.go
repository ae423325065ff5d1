//lint:file-ignore SA1019 the client's API names this websocket module

package faults

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"syscall"
	"testing"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
)

// sessionIDs are all of the same length.
var sessionIDs atomic.Uint64

func init() { sessionIDs.Store(1_000_000_000) }

// conversation is a whole life of a Gateway, and how far it came.
type conversation struct {
	client  *client
	session *janus.Session
	handles []*janus.Handle
	waiting calls
	err     error // of the first call that failed
	closed  bool  // it came to its own end
}

// converse does a bit of everything, with calls waiting meanwhile, until it is
// cut.
func converse(t *testing.T, url string, opts *janus.DialOptions) *conversation {
	gateway, group, err := janus.Dial(t.Context(), url, opts)
	if err != nil {
		if gateway != nil || group != nil {
			t.Error("a failed Dial returned something")
		}
		return &conversation{err: err}
	}
	talk := &conversation{client: follow(gateway, group)}
	within(t, "the conversation", func() { talk.err = talk.run(t) })
	if talk.err == nil {
		talk.closed = true
		talk.client.end(t)
	}
	return talk
}

func (talk *conversation) run(t *testing.T) (err error) {
	ctx := t.Context()
	if talk.session, err = talk.client.CreateWith(ctx, "", janus.CreateOptions{ID: sessionIDs.Add(1)}); err != nil {
		return err
	}
	for range 2 {
		h, err := talk.session.Attach(ctx, "", plugin)
		if err != nil {
			return err
		}
		talk.handles = append(talk.handles, h)
	}
	for range 3 {
		talk.waiting.start(func() error {
			_, err := talk.handles[1].Message(ctx, "", order{Do: "nothing"}, nil)
			return err
		})
	}
	if _, err := talk.handles[0].Message(ctx, "", order{Do: "events", Count: 5}, nil); err != nil {
		return err
	}
	if _, err := talk.session.KeepAlive(ctx, ""); err != nil {
		return err
	}
	reply, err := talk.handles[0].Request(ctx, "", order{Do: "now", Nonce: 7})
	if err != nil {
		return err
	}
	if got := reply.PluginData.Data["nonce"]; got != 7.0 {
		t.Errorf("the reply has nonce %v, want 7", got)
	}
	_, err = talk.handles[0].Detach(ctx, "")
	return err
}

// assertCut checks what is left of a conversation that was cut.
func (talk *conversation) assertCut(t *testing.T, received []byte) {
	if talk.client == nil {
		return // a Dial that failed has left nothing, as noLeaks will see
	}
	var cause error
	if !talk.closed {
		if !errors.Is(talk.err, janus.ErrClosed) {
			t.Fatalf("the conversation failed with %v", talk.err)
		}
		cause = talk.client.mustEnd(t)
		if !isCut(cause) {
			t.Errorf("the group reports %v, which is no lost connection", cause)
		}
		assertClosed(t, []error{talk.err}, cause)
	}
	assertClosed(t, talk.waiting.wait(t), cause)
	talk.client.end(t)
	if _, err := talk.client.Info(t.Context(), ""); !errors.Is(err, janus.ErrClosed) {
		t.Errorf("a later call failed with %v, want ErrClosed", err)
	}
	if talk.session != nil {
		drain(t, "Session.Events", talk.session.Events)
		assertHandlesGone(t, talk.session)
	}
	for i, h := range talk.handles {
		got := len(drain(t, "Handle.Events", h.Events))
		if received == nil {
			continue
		}
		want := eventsFor(received, h.ID)
		if talk.closed {
			want = min(want, got) // what arrives after Close has begun may be dropped
		}
		if got != want {
			t.Errorf("handle %d delivered %d messages, %d had arrived before %v", i, got, want, cause)
		}
	}
}

// isCut reports whether err is what a socket says of a connection that is gone.
func isCut(err error) bool {
	for _, is := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// eventsFor counts the messages for a handle's Events that are complete in what
// a client received.
func eventsFor(received []byte, handle uint64) int {
	count := 0
	for _, payload := range frames(received) {
		var f struct {
			Janus, Transaction string
			Sender             uint64
		}
		if json.Unmarshal(payload, &f) == nil && f.Sender == handle && f.Transaction == "" {
			count++
		}
	}
	return count
}

// frames returns the payloads of the complete websocket frames of a server that
// follow the handshake in b.
func frames(b []byte) (payloads [][]byte) {
	_, b, _ = bytes.Cut(b, []byte("\r\n\r\n"))
	for len(b) >= 2 {
		head, n := 2, int(b[1])
		if n == 126 {
			if len(b) < 4 {
				break
			}
			head, n = 4, int(binary.BigEndian.Uint16(b[2:]))
		}
		if len(b) < head+n {
			break
		}
		payloads = append(payloads, b[head:head+n])
		b = b[head+n:]
	}
	return payloads
}

// Whatever the byte after which a connection is cut, and however: every waiter
// fails at once with ErrClosed and the cause, every Events channel closes after
// what had arrived, and no goroutine stays.
func TestCutAfterEveryByte(t *testing.T) {
	noLeaks(t)
	for _, tls := range []bool{false, true} {
		server := newServerFor(t, tls)
		opts := &janus.DialOptions{PingInterval: -1, RequestTimeout: -1, HTTPClient: server.Client()}
		p := newProxy(t, server.URL)
		if talk := converse(t, p.url, opts); talk.err != nil {
			t.Fatalf("uncut: %v", talk.err)
		}
		for _, dir := range []direction{up, down} {
			total := len(p.lastLink().bytes(dir))
			for _, reset := range []bool{false, true} {
				t.Run(fmt.Sprintf("tls=%v/%v/reset=%v", tls, dir, reset), func(t *testing.T) {
					step := pick(max(1, total/12), map[bool]int{false: 1, true: 7}[tls])
					for k := 0; k <= total+step; k += step {
						cutConversation(t, p, opts, cutAfter(int64(k), dir, reset))
						if t.Failed() {
							t.Fatalf("cut after byte %d of %d", k, total)
						}
					}
				})
			}
		}
	}
}

// cutConversation holds one conversation with a cut.
func cutConversation(t *testing.T, p *proxy, opts *janus.DialOptions, c cut) {
	p.cutNext(func() cut { return c })
	before := p.lastLink()
	talk := converse(t, p.url, opts)
	var received []byte
	if last := p.lastLink(); last != before && p.scheme == "ws" {
		received = last.bytes(down)
	}
	talk.assertCut(t, received)
}

// A cut by the server's own hand ends in the same way, in the middle of many
// waiting calls.
func TestServerCuts(t *testing.T) {
	for name, end := range map[string]struct {
		do   func(*stub)
		want func(error) bool
	}{
		"reset": {func(s *stub) { s.Cut() }, isCut},
		"close frame": {
			func(s *stub) { s.Disconnect(goingAway, "restart") },
			func(err error) bool { return websocket.CloseStatus(err) == goingAway },
		},
		"server gone": {func(s *stub) { s.Server.Close() }, isCut},
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			server := newStub(t, nil)
			c := connect(t, server.URL, &janus.DialOptions{RequestTimeout: -1})
			session, handle := c.open(t)
			waiting := waiters(t, server, handle, 50)
			end.do(server)
			cause := c.mustEnd(t)
			if !end.want(cause) {
				t.Errorf("the group reports %v", cause)
			}
			assertClosed(t, waiting.wait(t), cause)
			drain(t, "Session.Events", session.Events)
			drain(t, "Handle.Events", handle.Events)
		})
	}
}
