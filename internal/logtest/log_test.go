package logtest

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// Messages that belong to no channel are logged, secrets masked.
func TestMessagesForNobodyAreLogged(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	log := testutil.NewLogs()
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: log.Logger(slog.LevelWarn)})
	if err := g.Ping(testutil.Context(t), ""); err != nil {
		t.Fatal(err)
	}
	srv.Broadcast(`{"janus":"webrtcup","session_id":1,"sender":2,"token":"s3cret"}`)
	srv.Broadcast(`{"janus":"error","error":{"code":454,"reason":"Invalid JSON"}}`)
	log.Await(t, "webrtcup", 1)
	log.Await(t, "Invalid JSON", 1)
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("the log shows a secret: %s", log.String())
	}
}

// panicking is a handler that always fails.
type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool { return true }

func (panicking) Handle(context.Context, slog.Record) error { panic("a bug in the handler") }

// blocking is a handler that never returns before it is released.
type blocking struct {
	slog.Handler
	release chan struct{}
}

func (blocking) Enabled(context.Context, slog.Level) bool { return true }

func (b blocking) Handle(context.Context, slog.Record) error {
	<-b.release
	return nil
}

// A logger that panics or blocks stops neither calls nor Close.
func TestLoggerCannotStopTheReader(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, handler := range map[string]slog.Handler{"panicking": panicking{}, "blocking": blocking{release: release}} {
		srv := testutil.NewServer(t, nil)
		g, group := testutil.Dial(t, srv, &janus.DialOptions{Logger: slog.New(handler)})
		session := testutil.Create(t, g)
		for range 2000 {
			srv.Broadcast(`{"janus":"webrtcup","session_id":1,"sender":2}`)
		}
		if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		testutil.Close(t, g)
		if err := testutil.Wait(t, group); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The ack of a message whose answer is still to come is not logged as an answer for
// nobody.
func TestAcksAreNotForNobody(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	log := testutil.NewLogs()
	g, _ := testutil.Dial(t, srv, &janus.DialOptions{Logger: log.Logger(slog.LevelDebug)})
	handle := testutil.Attach(t, testutil.Create(t, g), testutil.EchoTest)
	if _, err := handle.Message(testutil.Context(t), "", map[string]any{"audio": true}, nil); err != nil {
		t.Fatal(err)
	}
	srv.Broadcast(`{"janus":"success","transaction":"unknown"}`)
	log.Await(t, "transaction=unknown", 1)
	if n := strings.Count(log.String(), "for nobody"); n != 1 {
		t.Errorf("%d answers for nobody in\n%s", n, log)
	}
}

// A message for a session that has just ended is logged.
func TestMessageForAnEndedSessionIsLogged(t *testing.T) {
	log := testutil.NewLogs()
	answers := func(base janus.BaseMsg) string {
		if base.Type == "destroy" {
			return testutil.Answers(base) + "\n" + `{"janus":"event","session_id":1,"plugindata":{"plugin":"late","data":{}}}`
		}
		return testutil.Answers(base)
	}
	testutil.InBubble(t, janus.DialOptions{Logger: log.Logger(slog.LevelWarn)}, answers, func(t *testing.T, g *janus.Gateway) {
		session := testutil.Create(t, g)
		testutil.Attach(t, session, "p") // keeps the session for messages to its handles
		if _, err := session.Destroy(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !strings.Contains(log.String(), "message for nobody") {
			t.Errorf("the log is %q", log)
		}
	})
}
