package janustest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

func TestRestart(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	s.Handle("janus.plugin.mine", janustest.Script{"": janustest.Success(m{"mine": true})})
	g := newGuest(t, s)
	g.want(g.ask(m{"request": "create", "room": 5}), m{"videoroom": "created"})
	g.want(g.ask(m{"request": "destroy", "room": 1234, "secret": "adminpwd"}), m{"videoroom": "destroyed"})
	url := s.URL

	s.Restart()
	if s.URL != url || s.Connections() != 0 || len(s.Sessions()) != 0 {
		t.Errorf("URL %s, %d connections, sessions %v", s.URL, s.Connections(), s.Sessions())
	}
	if _, err := g.read(); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the connection survived: %v", err)
	}
	again := newGuest(t, s)
	again.want(again.ask(m{"request": "exists", "room": 5}), m{"exists": false})
	again.want(again.ask(m{"request": "exists", "room": 1234}), m{"exists": true})
	claim := m{"janus": "claim", "session_id": g.sid}
	if msg := again.client.ask(claim); msg.Error.Code != 458 {
		t.Errorf("got %s", msg.text)
	}
	mine := again.client.handle(again.sid, "janus.plugin.mine")
	if msg := again.message(again.sid, mine, m{}, nil); msg.Plugindata.Data["mine"] != true {
		t.Errorf("got %s", msg.text)
	}
}

// A client with Reconnect comes back and learns that its session has gone.
func TestRestartUnderClient(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	gateway, _, err := janus.Dial(ctx, s.URL, &janus.DialOptions{Reconnect: &janus.ReconnectOptions{}})
	if err != nil {
		t.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	s.Restart()
	for range session.Events { // until the session has ended
	}
	if _, err := session.KeepAlive(ctx, ""); !errors.Is(err, janus.ErrorSessionNotFound) {
		t.Errorf("keepalive returned %v", err)
	}
	if _, err := gateway.Create(ctx, ""); err != nil {
		t.Errorf("create returned %v", err)
	}
}

// Restart may be called while clients connect and send requests. No session
// outlives it, not even one that is created meanwhile.
func TestRestartWhileInUse(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	for range 10 {
		var users, ready sync.WaitGroup
		for range 20 {
			c := dial(t, s)
			ready.Add(1)
			users.Go(func() {
				_, err := c.tryAsk(`{"janus":"create","transaction":"t"}`)
				ready.Done()
				for err == nil {
					_, err = c.tryAsk(`{"janus":"create","transaction":"t"}`)
				}
			})
		}
		ready.Wait()
		s.Restart()
		users.Wait()
		if sessions := s.Sessions(); len(sessions) != 0 || s.Connections() != 0 {
			t.Fatalf("%d connections, sessions %v", s.Connections(), sessions)
		}
	}
}

// A request that was being handled when the server restarted makes no session.
func TestRestartDuringCreate(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	arrived, release := make(chan bool), make(chan bool)
	s.Intercept(func(frame json.RawMessage, _ func(any)) bool {
		close(arrived)
		<-release
		return false
	})
	c := dial(t, s)
	c.send(m{"janus": "create"})
	<-arrived
	s.Restart()
	// Close forgets the sessions before it closes the listener, and returns when
	// the request has been handled.
	closed := make(chan bool)
	go func() {
		defer close(closed)
		s.Close()
	}()
	address := strings.TrimSuffix(strings.TrimPrefix(s.URL, "ws://"), "/")
	waitFor(t, "the listener to close", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(release)
	<-closed
	if sessions := s.Sessions(); len(sessions) != 0 {
		t.Errorf("sessions %v", sessions)
	}
}

func TestCutSession(t *testing.T) {
	s := newServer(t, func(s *janustest.Server) { s.ReclaimTimeout = time.Minute })
	a, b := dial(t, s), dial(t, s)
	session := a.session()
	b.session()
	if err := s.CutSession(session); err != nil {
		t.Fatal(err)
	}
	if _, err := a.read(); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the connection survived: %v", err)
	}
	b.expect(b.ask(m{"janus": "ping"}), "pong")
	if s.Connections() != 1 || s.Handshakes() != 2 {
		t.Errorf("%d connections, %d handshakes", s.Connections(), s.Handshakes())
	}
	if s.CutSession(session) == nil {
		t.Error("no error for a session without a connection")
	}
	if s.CutSession(1) == nil {
		t.Error("no error for a session that does not exist")
	}
}
