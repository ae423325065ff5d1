package tracetest

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/trace"
)

// Each message on an Events channel is reported with its handle and with how many
// messages wait.
func TestEventDelivered(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	g := dial(t, srv, r)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	for i := range 20 { // more than an Events channel holds
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, got := range await(t, r, &r.delivered, 20) {
		want := trace.Event{
			Server: srv.URL, Session: session.ID, Handle: handle.ID, Plugin: testutil.EchoTest,
			Kind: "EventMsg", Depth: i + 1,
		}
		if got != want {
			t.Errorf("event %d: %+v, want %+v", i, got, want)
		}
	}
	for range 20 {
		testutil.Receive(t, handle.Events)
	}
	if err := srv.Send(session.ID, fmt.Sprintf(`{"janus":"hangup","session_id":%d,"sender":%d}`, session.ID, handle.ID)); err != nil {
		t.Fatal(err)
	}
	if got := await(t, r, &r.delivered, 1)[0]; got.Kind != "HangupMsg" || got.Depth != 1 {
		t.Errorf("after all was read: %+v", got)
	}
	srv.Timeout(session.ID)
	testutil.Rest(t, session.Events)
	last := take(r, &r.delivered)
	if len(last) < 2 || last[0].Kind != "TimeoutMsg" || last[0].Handle != 0 || last[1].Handle != handle.ID {
		t.Errorf("a timeout: %+v", last)
	}
}

// A message that is dropped in favor of a later one is reported.
func TestOverflow(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	const backlog, sent = 10, 100
	opts := &janus.DialOptions{Logger: testutil.Quiet, Trace: r.trace(), EventBacklog: backlog}
	g, _ := testutil.Dial(t, srv, opts)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	if err := srv.Send(session.ID, fmt.Sprintf(`{"janus":"webrtcup","session_id":%d,"sender":%d}`, session.ID, handle.ID)); err != nil {
		t.Fatal(err)
	}
	for i := range sent {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	await(t, r, &r.delivered, 1+sent)
	dropped := take(r, &r.dropped)
	reported := 0
	for reported == 0 {
		if overflow, ok := testutil.Receive(t, handle.Events).(*janus.OverflowMsg); ok {
			reported = overflow.Dropped
		}
	}
	if len(dropped) != reported {
		t.Errorf("%d drops, but OverflowMsg has %d", len(dropped), reported)
	}
	for _, got := range dropped {
		depth := got.Depth
		got.Depth = 0
		want := trace.Drop{
			Event: trace.Event{
				Server: srv.URL, Session: session.ID, Handle: handle.ID, Plugin: testutil.EchoTest, Kind: "EventMsg",
			},
			Reason: trace.Overflow, Count: 1,
		}
		if got != want || depth < backlog {
			t.Errorf("%+v with a depth of %d, want %+v", got, depth, want)
		}
	}
}

// A message for a session that the Gateway does not have, or for a handle that
// has ended, is reported.
func TestUnroutable(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	r := new(record)
	g := dial(t, srv, r)
	session := testutil.Create(t, g)
	const frame = `{"janus":"event","session_id":17,"sender":4,"plugindata":{"plugin":"p","data":{}}}`
	if err := srv.Send(session.ID, frame); err != nil {
		t.Fatal(err)
	}
	want := trace.Drop{
		Event:  trace.Event{Server: srv.URL, Session: 17, Handle: 4, Plugin: "p", Kind: "EventMsg"},
		Reason: trace.Unroutable,
		Count:  1,
	}
	if got := await(t, r, &r.dropped, 1)[0]; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if len(r.delivered) != 0 {
		t.Errorf("delivered: %+v", r.delivered)
	}
}

// Messages that nobody has read for a minute after the end are reported.
func TestUnread(t *testing.T) {
	r := new(record)
	opts := janus.DialOptions{Trace: r.trace(), RequestTimeout: time.Second}
	testutil.InBubble(t, opts, func(base janus.BaseMsg) string {
		if base.Type == "keepalive" {
			return `{"janus":"webrtcup","session_id":1,"sender":2}`
		}
		return testutil.Answers(base)
	}, func(t *testing.T, g *janus.Gateway) {
		session := testutil.Create(t, g)
		handle := testutil.Attach(t, session, testutil.EchoTest)
		for range 10 {
			if _, err := session.KeepAlive(context.Background(), ""); err == nil {
				t.Error("an event was taken for a reply")
			}
		}
		_ = g.Close(1000, "")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		unread := 0
		for range handle.Events {
			unread++
		}
		got := take(r, &r.dropped)
		if len(got) != 1 || got[0].Reason != trace.Unread || got[0].Count+unread != 10 || got[0].Count == 0 {
			t.Errorf("%+v, and %d are left", got, unread)
		}
	})
}
