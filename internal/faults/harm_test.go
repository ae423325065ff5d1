package faults

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// tokensOf returns the tokens of the requests of one kind.
func tokensOf(server *stub, verb string) []string {
	var tokens []string
	for _, frame := range server.Requests() {
		var r struct{ Janus, Token string }
		if json.Unmarshal(frame, &r) == nil && r.Janus == verb {
			tokens = append(tokens, r.Token)
		}
	}
	return tokens
}

// waitFor waits until the server has had n requests of one kind.
func waitFor(t *testing.T, server *stub, verb string, n int) []string {
	t.Helper()
	var nobody sync.Mutex
	eventually(t, fmt.Sprintf("the server has %d requests %q", n, verb), &nobody, func() bool {
		return len(tokensOf(server, verb)) >= n
	})
	return tokensOf(server, verb)
}

// A token counts as the session's only when Janus has accepted it: not that of
// a call that was not sent, and not one that was refused.
func TestOnlyAcceptedTokensAreRemembered(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.Tokens = []string{"good", "better"} })
	c := connect(t, server.URL, &janus.DialOptions{KeepAlive: 20 * time.Millisecond})
	s, err := c.Create(t.Context(), "good")
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Attach(ended, "wrong", plugin); !errors.Is(err, janus.ErrNotSent) {
		t.Errorf("a call with an ended context returned %v", err)
	}
	if _, err := s.Attach(t.Context(), "wrong", plugin); !errors.Is(err, janus.ErrorUnauthorized) {
		t.Errorf("a call with a wrong token returned %v", err)
	}
	for _, token := range waitFor(t, server, "keepalive", len(tokensOf(server, "keepalive"))+3) {
		if token != "good" {
			t.Fatalf("a keepalive had the token %q", token)
		}
	}
	h, err := s.Attach(t.Context(), "better", plugin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Call(t.Context(), order{Do: "now"}, nil); err != nil {
		t.Error(err)
	}
	if tokens := tokensOf(server, "message"); tokens[0] != "better" {
		t.Errorf("Call sent the token %q", tokens[0])
	}
	// Janus has looked at the token of a request that it refuses for another reason.
	if _, err := s.Attach(t.Context(), "good", "nosuch"); !errors.Is(err, janus.ErrorPluginNotFound) {
		t.Errorf("attach to no plugin returned %v", err)
	}
	if _, err := h.Call(t.Context(), order{Do: "now"}, nil); err != nil {
		t.Error(err)
	}
	if tokens := tokensOf(server, "message"); tokens[1] != "good" {
		t.Errorf("Call sent the token %q", tokens[1])
	}
}

// A call with an empty token leaves the remembered one as it is.
func TestEmptyTokenIsNotRemembered(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	s, err := c.Create(t.Context(), "mine")
	if err != nil {
		t.Fatal(err)
	}
	h := attach(t, s) // with an empty token
	if _, err := h.Call(t.Context(), order{Do: "now"}, nil); err != nil {
		t.Error(err)
	}
	if tokens := tokensOf(server, "message"); tokens[0] != "mine" {
		t.Errorf("Call sent the token %q", tokens[0])
	}
}

// silentPonger is a websocket server that answers create and keepalive, and no
// ping.
type silentPonger struct {
	pings, keepalives chan struct{}
}

func (s *silentPonger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: janus-protocol\r\n\r\n", acceptKey(r))
	for {
		opcode, payload, err := readFrame(buffered.Reader)
		if err != nil {
			return
		}
		var q request
		_ = json.Unmarshal(payload, &q) // not of a ping
		switch {
		case opcode == ping:
			s.pings <- struct{}{}
		case q.Janus == "create":
			_, _ = conn.Write(wsFrame(fin|text, q.fill(`{"janus":"success","transaction":"TX","data":{"id":7}}`)))
		case q.Janus == "keepalive":
			s.keepalives <- struct{}{}
		}
	}
}

// readFrame reads a frame as a client sends it: masked.
func readFrame(r *bufio.Reader) (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		var long [2]byte
		_, err = io.ReadFull(r, long[:])
		n = uint64(binary.BigEndian.Uint16(long[:]))
	case 127:
		var long [8]byte
		_, err = io.ReadFull(r, long[:])
		n = binary.BigEndian.Uint64(long[:])
	}
	if err != nil {
		return 0, nil, err
	}
	masked := make([]byte, 4+n)
	if _, err = io.ReadFull(r, masked); err != nil {
		return 0, nil, err
	}
	payload = masked[4:]
	for i := range payload {
		payload[i] ^= masked[i%4]
	}
	return head[0] & 0xf, payload, nil
}

// While a pong is awaited, sessions are kept alive, and no further ping is sent.
func TestSlowPongDelaysNoKeepalive(t *testing.T) {
	noLeaks(t)
	peer := &silentPonger{pings: make(chan struct{}, 100), keepalives: make(chan struct{}, 10_000)}
	server := httptest.NewServer(peer)
	defer server.Close()
	c := connect(t, "ws"+strings.TrimPrefix(server.URL, "http"), &janus.DialOptions{
		PingInterval: 5 * time.Millisecond, PongTimeout: patience, KeepAlive: 5 * time.Millisecond,
	})
	c.session(t)
	await(t, "a ping", peer.pings)
	for len(peer.keepalives) > 0 {
		<-peer.keepalives
	}
	for range 20 {
		await(t, "a keepalive while the pong is awaited", peer.keepalives)
	}
	if n := len(peer.pings); n != 0 {
		t.Errorf("%d more pings were sent before the pong", n)
	}
}

// A claim that is not answered is repeated. It ends neither the connection nor
// another session, and delays no other claim.
func TestUnansweredClaimHarmsNobody(t *testing.T) {
	noLeaks(t)
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	c := connect(t, server.URL, &janus.DialOptions{Reconnect: quickly(), RequestTimeout: 50 * time.Millisecond})
	mute, _ := c.open(t)
	other, handle := c.open(t)
	muted, untouched := watchGaps(t, mute), watchGaps(t, other)
	var claims atomic.Int64
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var r request
		return json.Unmarshal(frame, &r) == nil && r.Janus == "claim" && r.Session == mute.ID && claims.Add(1) <= 5
	})
	server.Cut()
	untouched.await(t, 1)
	if _, err := handle.Request(t.Context(), "", order{Do: "now"}); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := mute.KeepAlive(ctx, ""); muted.back.Load() == 0 &&
		!(errors.Is(err, janus.ErrDisconnected) && errors.Is(err, janus.ErrNotSent) && errors.Is(err, context.DeadlineExceeded)) {
		t.Errorf("a call of a session that is not reclaimed yet returned %v", err)
	}
	muted.await(t, 1)
	if n := claims.Load(); n < 6 {
		t.Errorf("the session is back after %d claims", n)
	}
	if a, b := muted.lost.Load(), untouched.lost.Load(); a != 1 || b != 1 {
		t.Errorf("the sessions were lost %d and %d times", a, b)
	}
}

// Many sessions whose token cannot be had do not delay the claims of the others,
// and a TokenSource that hangs costs one goroutine a session.
func TestMissingTokensDelayNoOtherClaim(t *testing.T) {
	noLeaks(t)
	const unlucky, lucky = 320, 10
	server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	release := make(chan struct{})
	var hanging sync.Map // sessions whose token hangs
	var calls, most atomic.Int64
	c := connect(t, server.URL, &janus.DialOptions{
		RequestTimeout: 250 * time.Millisecond,
		Reconnect:      quickly(),
		TokenSource: func(_ context.Context, id uint64) (string, error) {
			if _, hangs := hanging.Load(id); hangs {
				most.Store(max(most.Load(), calls.Add(1)))
				defer calls.Add(-1)
				<-release // and not ctx.Done()
			}
			return "", nil
		},
	})
	for range unlucky {
		hanging.Store(c.session(t).ID, true)
	}
	var watched []*gaps
	for range lucky {
		watched = append(watched, watchGaps(t, c.session(t)))
	}
	server.Cut()
	for _, g := range watched {
		g.await(t, 1)
	}
	var nobody sync.Mutex
	eventually(t, "every token is asked for", &nobody, func() bool { return calls.Load() == unlucky })
	// Long enough for many attempts: what is tested is that there is none.
	time.Sleep(600 * time.Millisecond)
	if n := most.Load(); n > unlucky {
		t.Errorf("%d calls of the TokenSource at once for %d sessions", n, unlucky)
	}
	close(release)
}

// A claim that is refused for its token is repeated with another one, but not
// for ever, and the session then ends with what Janus said.
func TestClaimWithRefusedToken(t *testing.T) {
	noLeaks(t)
	for name, refusals := range map[string]int64{"passing": 3, "lasting": 1 << 40} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
			c := connect(t, server.URL, &janus.DialOptions{
				Reconnect:   quickly(),
				TokenSource: func(context.Context, uint64) (string, error) { return "token", nil },
			})
			s := c.session(t)
			var claims atomic.Int64
			forge(server, "claim", func(r request, reply func(any)) {
				if claims.Add(1) > refusals {
					reply(r.fill(`{"janus":"success","session_id":SID,"transaction":"TX"}`))
					return
				}
				reply(r.fill(`{"janus":"error","session_id":SID,"transaction":"TX","error":{"code":403,"reason":"Unauthorized"}}`))
			})
			server.Cut()
			if _, ok := next(t, "Session.Events", s.Events).(*janus.DisconnectedMsg); !ok {
				t.Error("no DisconnectedMsg")
			}
			switch msg := next(t, "Session.Events", s.Events).(type) {
			case *janus.ReclaimedMsg:
				if name != "passing" {
					t.Error("the session was reclaimed")
				}
			case *janus.ErrorMsg:
				if name != "lasting" || msg.Err.Code != 403 {
					t.Errorf("the session ended with %v", msg)
				}
				_, err := s.KeepAlive(t.Context(), "")
				refusal, ok := err.(*janus.ErrorMsg)
				if !ok || refusal.Err.Code != 403 || !errors.Is(err, janus.ErrSessionEnded) || !errors.Is(err, janus.ErrNotSent) {
					t.Errorf("a call on the ended session returned %v", err)
				}
			}
		})
	}
}

// KeepAliveSender in the group survives an outage that is longer than
// RequestTimeout.
func TestKeepAliveSenderSurvivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newPipeServer(t)
		gateway, group, err := janus.Dial(t.Context(), server.url, &janus.DialOptions{
			HTTPClient: server.client(), RequestTimeout: time.Second, Reconnect: &janus.ReconnectOptions{},
		})
		if err != nil {
			t.Fatal(err)
		}
		c := follow(gateway, group)
		s := c.session(t)
		sender := make(chan error, 1)
		group.Go(func() error {
			err := s.KeepAliveSender(t.Context())
			sender <- err
			return nil
		})
		server.refuse.Store(true)
		server.cut()
		time.Sleep(2 * time.Minute)
		select {
		case err := <-sender:
			t.Fatalf("KeepAliveSender returned %v", err)
		default:
		}
		server.refuse.Store(false)
		server.reset()
		time.Sleep(time.Minute)
		if n := server.count("keepalive"); n < 2 {
			t.Errorf("%d keepalives in the minute after the outage", n)
		}
		if _, err := s.Destroy(t.Context(), ""); err != nil {
			t.Error(err)
		}
		if err := <-sender; !errors.Is(err, janus.ErrSessionEnded) {
			t.Errorf("at the end of the session KeepAliveSender returned %v", err)
		}
		_ = gateway.Close(normalClosure, "")
		<-c.ended
	})
}

// A reply that names another session or another handle does not answer a call,
// whatever its transaction is. It is delivered where it says.
func TestReplyForAnother(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	mine, handle := c.open(t)
	other, bystander := c.open(t)
	sibling := attach(t, mine)
	for name, row := range map[string]struct {
		session, sender uint64
		events          <-chan any
	}{
		"another session":       {other.ID, bystander.ID, bystander.Events},
		"another handle":        {mine.ID, sibling.ID, sibling.Events},
		"handle within another": {other.ID, handle.ID, other.Events},
	} {
		t.Run(name, func(t *testing.T) {
			answer := func(session, sender uint64, nonce int) string {
				return fmt.Sprintf(`{"janus":"success","transaction":"TX","session_id":%d,"sender":%d,`+
					`"plugindata":{"plugin":"p","data":{"nonce":%d}}}`, session, sender, nonce)
			}
			forge(server, "message", func(r request, reply func(any)) {
				reply(r.fill(answer(row.session, row.sender, 1)))
				reply(r.fill(answer(r.Session, r.Handle, 2)))
			})
			msg, err := handle.Message(t.Context(), "", order{}, nil)
			if err != nil || nonce(msg) != 2 {
				t.Errorf("the call returned %d, %v", nonce(msg), err)
			}
			if n := nonce(next(t, "Events", row.events)); n != 1 {
				t.Errorf("the other got %d", n)
			}
		})
	}
}

// An error that names no session is logged once, whatever the number of
// sessions, and delivered to none of them.
func TestErrorOfNobodyIsLogged(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	logged := newRecords()
	c := connect(t, server.URL, &janus.DialOptions{Logger: logged.logger()})
	sessions := make([]*janus.Session, 100)
	for i := range sessions {
		sessions[i] = c.session(t)
	}
	const errs = 50
	for range errs {
		server.Broadcast(`{"janus":"error","error":{"code":454,"reason":"Invalid JSON"}}`)
	}
	c.mustLive(t)
	c.end(t)
	if n := logged.count("message for nobody"); n != errs {
		t.Errorf("%d records for %d errors", n, errs)
	}
	for _, s := range sessions {
		if got := drain(t, "Session.Events", s.Events); len(got) != 0 {
			t.Fatalf("a session got %v", got)
		}
	}
}
