package eventtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// Events arrive in their order, however late they are read.
func TestEventsComeInOrderHoweverLateTheReader(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	const events = 4000
	for i := range events {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil { // behind all events
		t.Fatal(err)
	}
	for i := range events {
		if n := testutil.ReceiveAs[*janus.EventMsg](t, handle.Events).Plugindata.Data["n"]; n != float64(i) {
			t.Fatalf("event %d is number %v", i, n)
		}
	}
}

// The reader registers a handle before it looks at the next frame.
func TestEventRightBehindTheAttachReply(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, g)
	const handleID = 4711
	srv.Intercept(func(request json.RawMessage, reply func(any)) bool {
		base := testutil.BaseOf(request)
		if base.Type != "attach" {
			return false
		}
		reply(fmt.Sprintf(`{"janus":"success","transaction":%q,"session_id":%d,"data":{"id":%d}}`, base.ID, session.ID, handleID))
		for i := range 10 {
			reply(fmt.Sprintf(`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"p","data":{"n":%d}}}`, session.ID, handleID, i))
		}
		return true
	})
	handle := testutil.Attach(t, session, "p")
	for i := range 10 {
		if n := testutil.ReceiveAs[*janus.EventMsg](t, handle.Events).Plugindata.Data["n"]; n != float64(i) {
			t.Fatalf("event %d is number %v", i, n)
		}
	}
}

// A channel that nobody reads delays no other channel and no call.
func TestUnreadChannelDelaysNobody(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, unread := testutil.Open(t, srv)
	other := testutil.Attach(t, session, testutil.EchoTest)
	for i := range 1000 {
		if err := srv.Notify(session.ID, unread.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := srv.Notify(session.ID, other.ID, map[string]any{}, nil); err != nil {
		t.Fatal(err)
	}
	testutil.ReceiveAs[*janus.EventMsg](t, other.Events)
	if _, err := other.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Error(err)
	}
}

// Beyond EventBacklog the oldest messages are dropped, and an OverflowMsg in their
// place reports how many.
func TestOverflowIsToldInPlace(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{EventBacklog: 10})
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, testutil.EchoTest)
	const events = 200
	for i := range events {
		if err := srv.Notify(session.ID, handle.ID, map[string]any{"n": i}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := handle.Detach(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	next, dropped := 0, 0
	got := testutil.Rest(t, handle.Events)
	for _, msg := range got[:len(got)-1] {
		switch msg := msg.(type) {
		case *janus.OverflowMsg:
			dropped += msg.Dropped
			next += msg.Dropped
		case *janus.EventMsg:
			if n := msg.Plugindata.Data["n"]; n != float64(next) {
				t.Fatalf("got event %v, want %d", n, next)
			}
			next++
		default:
			t.Fatalf("got %T", msg)
		}
	}
	if _, ok := got[len(got)-1].(*janus.DetachedMsg); !ok || next != events || dropped == 0 {
		t.Errorf("ended with %T after %d events, %d of them dropped", got[len(got)-1], next, dropped)
	}
}

// Only the first event answers a message; the others are sent on Events.
func TestFurtherEventsOfATransactionAreEvents(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	srv.Handle("janus.plugin.wordy", janustest.PluginFunc(func(r *janustest.Request) {
		_ = r.Ack()
		for i := range 3 {
			_ = r.Event(map[string]any{"n": i}, nil)
		}
	}))
	g, _ := testutil.Dial(t, srv, nil)
	handle := testutil.Attach(t, testutil.Create(t, g), "janus.plugin.wordy")
	event, err := handle.Message(testutil.Context(t), "", map[string]any{}, nil)
	if err != nil || event.Plugindata.Data["n"] != 0.0 {
		t.Fatalf("got %+v, %v", event, err)
	}
	for i := 1; i < 3; i++ {
		later := testutil.ReceiveAs[*janus.EventMsg](t, handle.Events)
		if later.Plugindata.Data["n"] != float64(i) || later.Transaction != event.Transaction {
			t.Errorf("event %d is %+v", i, later)
		}
	}
}

// A reply that arrives after its caller has gone is sent on Events.
func TestReplyWhoseCallerHasGoneIsAnEvent(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	pending := make(chan *janustest.Request, 1)
	srv.Handle("janus.plugin.slow", janustest.PluginFunc(func(r *janustest.Request) { pending <- r }))
	g, _ := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, g)
	handle := testutil.Attach(t, session, "janus.plugin.slow")
	late := func() *janustest.Request {
		ctx, cancel := context.WithCancel(context.Background())
		result := make(chan error)
		go func() { _, err := handle.Message(ctx, "", map[string]any{}, nil); result <- err }()
		r := <-pending
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		return r
	}
	_ = late().Event(map[string]any{"late": true}, nil)
	if msg := testutil.ReceiveAs[*janus.EventMsg](t, handle.Events); msg.Plugindata.Data["late"] != true {
		t.Errorf("got %+v", msg)
	}
	_ = late().Success(map[string]any{"late": true})
	if msg := testutil.ReceiveAs[*janus.EventMsg](t, handle.Events); msg.Plugindata.Data["late"] != true {
		t.Errorf("got %+v", msg)
	}
	_ = late().Error(462, "too late")
	if msg := testutil.ReceiveAs[*janus.ErrorMsg](t, session.Events); msg.Err.Code != 462 || msg.Session != session.ID {
		t.Errorf("got %+v", msg)
	}
}

// Messages of handles that are not attached here are sent on Session.Events.
func TestMessagesOfUnknownHandlesComeOnSessionEvents(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, g)
	if err := srv.Send(session.ID, fmt.Sprintf(`{"janus":"webrtcup","session_id":%d,"sender":99}`, session.ID)); err != nil {
		t.Fatal(err)
	}
	if msg := testutil.ReceiveAs[*janus.WebRTCUpMsg](t, session.Events); msg.Handle != 99 {
		t.Errorf("got %+v", msg)
	}
}

// Messages of an unknown kind or form are delivered as they came.
func TestUnknownMessagesAreDeliveredRaw(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	tests := []struct{ kind, frame string }{
		{"novelty", `{"janus":"novelty","session_id":S,"sender":H,"x":[1]}`},
		{"hangup", `{"janus":"hangup","session_id":S,"sender":H,"reason":5}`},
		{"", `{"janus":null,"session_id":S,"sender":H}`},
		{"", `{"session_id":S,"sender":H}`},
	}
	for _, test := range tests {
		frame := strings.NewReplacer("S", fmt.Sprint(session.ID), "H", fmt.Sprint(handle.ID)).Replace(test.frame)
		if err := srv.Send(session.ID, frame); err != nil {
			t.Fatal(err)
		}
		msg := testutil.ReceiveAs[*janus.UnknownMsg](t, handle.Events)
		if msg.Type != test.kind || string(msg.Raw) != frame || msg.Session != session.ID || msg.Handle != handle.ID {
			t.Errorf("%s came as %+v", frame, msg)
		}
	}
}

// An error without a transaction is sent on the Events of its session, and answers
// no call.
func TestErrorsWithoutATransactionAreDelivered(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _, session, handle := testutil.Open(t, srv)
	other := testutil.Create(t, g)
	pending := make(chan error)
	testutil.Reply(srv, "message", "")
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _, err := handle.Message(ctx, "", map[string]any{}, nil); pending <- err }()
	testutil.Eventually(t, "a call waits", func() bool { return len(testutil.Sent(srv, "message")) == 1 })

	srv.Broadcast(`{"janus":"error","error":{"code":454,"reason":"Invalid JSON"}}`) // concerns no session: it is logged
	srv.Broadcast(fmt.Sprintf(`{"janus":"error","session_id":%d,"error":{"code":456,"reason":"Missing"}}`, other.ID))
	if msg := testutil.ReceiveAs[*janus.ErrorMsg](t, other.Events); msg.Err.Code != 456 {
		t.Errorf("got %+v", msg)
	}
	if len(session.Events) != 0 {
		t.Error("an error of another session was delivered")
	}
	cancel()
	if err := <-pending; !errors.Is(err, context.Canceled) {
		t.Errorf("the error was taken for a reply: %v", err)
	}
}

// The raw data of a message stays as it is, whatever comes behind it: memory that the
// reader uses again is copied.
func TestRawStays(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	for _, size := range []int{10, 5_000, 30_000, 50_000, 60_000, 100_000} {
		var kept [3]json.RawMessage
		for i := range kept {
			if err := srv.Notify(session.ID, handle.ID, map[string]any{"text": strings.Repeat(fmt.Sprint(i), size)}, nil); err != nil {
				t.Fatal(err)
			}
			kept[i] = testutil.ReceiveAs[*janus.EventMsg](t, handle.Events).Plugindata.Raw()
		}
		for i, raw := range kept {
			if want := fmt.Sprintf(`{"text":"%s"}`, strings.Repeat(fmt.Sprint(i), size)); string(raw) != want {
				t.Errorf("the raw data of message %d of %d bytes has changed", i, size)
			}
		}
	}
}

// Answers that no call waits for are not events.
func TestAnswersForNobodyAreNotDelivered(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	for _, kind := range []string{"ack", "success", "pong", "server_info"} {
		for _, sender := range []uint64{0, handle.ID} {
			if err := srv.Send(session.ID, fmt.Sprintf(`{"janus":%q,"session_id":%d,"sender":%d,"transaction":"x"}`, kind, session.ID, sender)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil { // behind all answers
		t.Fatal(err)
	}
	select {
	case msg := <-session.Events:
		t.Errorf("the session got %+v", msg)
	case msg := <-handle.Events:
		t.Errorf("the handle got %+v", msg)
	default:
	}
}

// Transactions of different Gateways differ, also those with the same number, so that
// a late answer to one is not taken for an answer to another.
func TestTransactionsOfGatewaysDiffer(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	seen := make(chan string, 10)
	srv.Intercept(func(request json.RawMessage, _ func(any)) bool {
		seen <- testutil.BaseOf(request).ID
		return false
	})
	known := map[string]bool{}
	for range 5 {
		g, _ := testutil.Dial(t, srv, nil)
		testutil.Create(t, g)
		id := <-seen // before Create has returned
		if known[id] {
			t.Errorf("transaction %q again", id)
		}
		known[id] = true
	}
}

// Messages of a handle that come shortly behind the answer to Detach are delivered,
// as are those behind the answer to Destroy. Then the channel is closed.
func TestMessagesBehindTheEnd(t *testing.T) {
	tests := map[string]struct {
		pause string
		end   func(context.Context, *janus.Session, *janus.Handle) (*janus.AckMsg, error)
	}{
		"detach": {"900ms", func(ctx context.Context, _ *janus.Session, h *janus.Handle) (*janus.AckMsg, error) {
			return h.Detach(ctx, "")
		}},
		"destroy": {"90ms", func(ctx context.Context, s *janus.Session, _ *janus.Handle) (*janus.AckMsg, error) {
			return s.Destroy(ctx, "")
		}},
	}
	for verb, test := range tests {
		answers := func(base janus.BaseMsg) string {
			answer := testutil.Answers(base)
			if base.Type == verb {
				answer += "\nWAIT " + test.pause + "\n" + `{"janus":"hangup","session_id":1,"sender":2,"reason":"late"}`
			}
			return answer
		}
		testutil.InBubble(t, janus.DialOptions{}, answers, func(t *testing.T, g *janus.Gateway) {
			session := testutil.Create(t, g)
			handle := testutil.Attach(t, session, "p")
			if _, err := test.end(t.Context(), session, handle); err != nil {
				t.Fatal(err)
			}
			msg, ok := (<-handle.Events).(*janus.HangupMsg)
			if !ok || msg.Reason != "late" {
				t.Errorf("%s: %v is not delivered", verb, msg)
			}
			if late, ok := <-handle.Events; ok {
				t.Errorf("%s: got %+v", verb, late)
			}
		})
	}
}
