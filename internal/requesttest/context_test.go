package requesttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// A call returns when its context ends, whatever the peer does.
func TestCallsReturnWhenTheirContextEnds(t *testing.T) {
	for _, peer := range []string{"silent", "not reading"} {
		t.Run(peer, func(t *testing.T) {
			srv := testutil.NewServer(t, nil)
			g, _, session, handle := testutil.Open(t, srv)
			if peer == "silent" {
				srv.Intercept(func(json.RawMessage, func(any)) bool { return true })
			} else {
				srv.Stall()
				defer srv.Resume()
				fillSocket(t, handle)
			}
			for name, call := range testutil.Calls(g, session, handle) {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
				if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), testutil.VerbOf(name)) {
					t.Errorf("%s returned %v, want DeadlineExceeded", name, err)
				}
				cancel()
				if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s returned %v for a context that had ended", name, err)
				}
				cause := errors.New("changed my mind")
				ctx, cancelCause := context.WithCancelCause(context.Background())
				time.AfterFunc(time.Millisecond, func() { cancelCause(cause) })
				if err := call(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("%s returned %v, want Canceled", name, err)
				}
			}
		})
	}
}

// fillSocket sends until the peer, which does not read, has filled all buffers.
func fillSocket(t *testing.T, handle *janus.Handle) {
	t.Helper()
	body := map[string]any{"fill": strings.Repeat("x", 1<<20)}
	for range 32 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, err := handle.Message(ctx, "", body, nil)
		cancel()
		if err != nil && strings.Contains(err.Error(), "not sent") || errors.Is(err, context.DeadlineExceeded) && strings.Contains(err.Error(), "room") {
			return
		}
	}
}

// The end of the context of a call harms no other call.
func TestContextsNeverHarmTheConnection(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	_, _, session, handle := testutil.Open(t, srv)
	testutil.Reply(srv, "message", "")
	var calls sync.WaitGroup
	for range 200 {
		calls.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(time.Millisecond, cancel)
			if _, err := handle.Message(ctx, "", map[string]any{}, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		calls.Go(func() {
			if _, err := session.KeepAlive(testutil.Context(t), ""); err != nil {
				t.Errorf("another's context ended this call: %v", err)
			}
		})
	}
	calls.Wait()
}

// RequestTimeout bounds calls whose context has no deadline, and no others.
func TestDefaultAndLongerDeadlines(t *testing.T) {
	silent := func(base janus.BaseMsg) string {
		if base.Type == "info" {
			return ""
		}
		return testutil.Answers(base)
	}
	testutil.InBubble(t, janus.DialOptions{}, silent, func(t *testing.T, g *janus.Gateway) {
		start := time.Now()
		_, err := g.Info(context.Background(), "")
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("without a deadline: %v after %v, want DeadlineExceeded after 10s", err, took)
		}
		start = time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		_, err = g.Info(ctx, "")
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Minute {
			t.Errorf("with a longer deadline: %v after %v, want DeadlineExceeded after 3m", err, took)
		}
	})
	testutil.InBubble(t, janus.DialOptions{RequestTimeout: -1}, silent, func(t *testing.T, g *janus.Gateway) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Hour, cancel)
		if _, err := g.Info(ctx, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("with no default deadline: %v, want Canceled after an hour", err)
		}
	})
}

// A session whose Create was given up is destroyed.
func TestAbandonedCreateIsUndone(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	abandonThenAnswer(t, srv, "create", func(ctx context.Context) error {
		_, err := g.Create(ctx, "")
		return err
	})
	testutil.Eventually(t, "the session is destroyed", func() bool { return len(srv.Sessions()) == 0 && len(testutil.Sent(srv, "destroy")) == 1 })
	if len(g.Sessions) != 0 {
		t.Error("the session is listed")
	}
}

// A handle whose Attach was given up is detached.
func TestAbandonedAttachIsUndone(t *testing.T) {
	srv := testutil.NewServer(t, nil)
	g, _ := testutil.Dial(t, srv, nil)
	session := testutil.Create(t, g)
	abandonThenAnswer(t, srv, "attach", func(ctx context.Context) error {
		_, err := session.Attach(ctx, "", testutil.EchoTest)
		return err
	})
	testutil.Eventually(t, "the handle is detached", func() bool { return len(srv.Handles(session.ID)) == 0 && len(testutil.Sent(srv, "detach")) == 1 })
	if len(session.Handles) != 0 {
		t.Error("the handle is listed")
	}
	if _, err := session.Destroy(testutil.Context(t), ""); err != nil {
		t.Error(err)
	}
}

// abandonThenAnswer cancels a call before the server carries it out.
func abandonThenAnswer(t *testing.T, srv *janustest.Server, verb string, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	srv.Intercept(func(request json.RawMessage, _ func(any)) bool {
		if testutil.BaseOf(request).Type == verb {
			cancel()
			<-gone // the server answers only now
		}
		return false
	})
	defer srv.Intercept(nil)
	if err := call(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%s returned %v", verb, err)
	}
	close(gone)
	testutil.Eventually(t, "the server has answered", func() bool { return len(srv.Requests()) >= 2 })
}

// What is never answered is not kept for ever.
func TestAbandonedCreateIsForgotten(t *testing.T) {
	var transaction atomic.Value
	silent := func(base janus.BaseMsg) string {
		switch base.Type {
		case "create":
			transaction.Store(base.ID)
			return ""
		case "ping": // the answer to create comes at last
			return fmt.Sprintf(`{"janus":"success","transaction":%q,"data":{"id":5}}`, transaction.Load())
		}
		t.Errorf("unexpected request %q", base.Type)
		return ""
	}
	testutil.InBubble(t, janus.DialOptions{PingInterval: -1}, silent, func(t *testing.T, g *janus.Gateway) {
		if _, err := g.Create(context.Background(), ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Hour)
		if err := g.Ping(context.Background(), ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}
