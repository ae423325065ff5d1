package logtest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// A server that does not choose Janus's subprotocol is accepted, with a warning.
func TestServerWithoutTheSubprotocol(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		_, _, _ = conn.Read(r.Context()) // until the client closes
		_ = conn.CloseNow()
	}))
	defer srv.Close()
	log := testutil.NewLogs()
	g, _, err := janus.Dial(testutil.Context(t), "ws"+strings.TrimPrefix(srv.URL, "http"), &janus.DialOptions{Logger: log.Logger(slog.LevelWarn)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close(websocket.StatusNormalClosure, "") }()
	log.Await(t, "did not choose janus-protocol", 1)
}

// Messages that nobody has read for a minute after the end of their handle are
// dropped, and their number is logged.
func TestUnreadMessagesAreLogged(t *testing.T) {
	log := testutil.NewLogs()
	answers := func(base janus.BaseMsg) string {
		if base.Type != "keepalive" {
			return testutil.Answers(base)
		}
		var events strings.Builder
		for i := range 100 {
			fmt.Fprintf(&events, `{"janus":"event","session_id":%d,"plugindata":{"plugin":"p","data":{"n":%d}}}`+"\n", base.Session, i)
		}
		return events.String() + testutil.Answers(base)
	}
	testutil.InBubble(t, janus.DialOptions{Logger: log.Logger(slog.LevelWarn)}, answers, func(t *testing.T, g *janus.Gateway) {
		session := testutil.Create(t, g)
		if _, err := session.KeepAlive(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
		_ = g.Close(websocket.StatusNormalClosure, "")
		time.Sleep(3 * time.Minute)
		if !strings.Contains(log.String(), "messages dropped, nobody read them") {
			t.Errorf("the log is %q", log)
		}
		testutil.Rest(t, session.Events)
	})
}

// A level that is enabled later is noticed, although nothing is logged meanwhile.
func TestLevelsMayChange(t *testing.T) {
	log := testutil.NewLogs()
	level := new(slog.LevelVar)
	level.Set(slog.LevelError)
	opts := janus.DialOptions{Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level}))}
	testutil.InBubble(t, opts, testutil.Answers, func(t *testing.T, g *janus.Gateway) {
		level.Set(slog.LevelDebug)
		time.Sleep(time.Minute)
		testutil.Create(t, g)
		synctest.Wait()
		if !strings.Contains(log.String(), "janus: sent") {
			t.Errorf("the log is %q", log)
		}
	})
}

// A handler that takes a moment to say what it wants gets the first request as well.
func TestFirstRequestIsLogged(t *testing.T) {
	log := testutil.NewLogs()
	opts := janus.DialOptions{Logger: slog.New(pondering{slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})})}
	testutil.InBubble(t, opts, testutil.Answers, func(t *testing.T, g *janus.Gateway) {
		testutil.Create(t, g)
		time.Sleep(time.Second)
		if !strings.Contains(log.String(), "janus: sent") {
			t.Errorf("the log is %q", log)
		}
	})
}

// pondering is a handler that takes a while to answer.
type pondering struct{ slog.Handler }

func (p pondering) Enabled(ctx context.Context, level slog.Level) bool {
	time.Sleep(20 * time.Millisecond)
	return p.Handler.Enabled(ctx, level)
}
