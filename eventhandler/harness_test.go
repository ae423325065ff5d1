package eventhandler_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// errRefused is what a take function returns that refuses a batch.
var errRefused = errors.New("refused by the test")

// taker is a take function that keeps what it gets.
type taker struct {
	// refuse, if it is not nil, is called with each batch. If it returns an error,
	// the batch is refused.
	refuse func(ctx context.Context, events []eventhandler.Event) error

	mu     sync.Mutex
	calls  int
	events []eventhandler.Event
	got    chan struct{} // a value if there was a call since the last value
}

func newTaker(refuse func(ctx context.Context, events []eventhandler.Event) error) *taker {
	return &taker{refuse: refuse, got: make(chan struct{}, 1)}
}

func (k *taker) take(ctx context.Context, events []eventhandler.Event) error {
	k.mu.Lock()
	k.calls++
	k.mu.Unlock()
	defer func() {
		select {
		case k.got <- struct{}{}:
		default: // there is one already
		}
	}()
	if k.refuse != nil {
		if err := k.refuse(ctx, events); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events = append(k.events, events...)
	return nil
}

// Calls returns how often take was called.
func (k *taker) Calls() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls
}

// Events returns what was taken.
func (k *taker) Events() []eventhandler.Event {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.events)
}

// Await waits until ok returns true for what was taken.
func (k *taker) Await(t testing.TB, what string, ok func(events []eventhandler.Event) bool) {
	t.Helper()
	const pause = 10 * time.Millisecond // ok looks at all events
	late := time.After(5 * testutil.Patience)
	for !ok(k.Events()) {
		select {
		case <-k.got:
			time.Sleep(pause)
		case <-late:
			t.Fatalf("%s: not in time, only %d events in %d calls", what, len(k.Events()), k.Calls())
		}
	}
}

// AwaitCount waits until n events are taken.
func (k *taker) AwaitCount(t testing.TB, n int) {
	t.Helper()
	k.Await(t, fmt.Sprintf("%d events", n), func(events []eventhandler.Event) bool { return len(events) >= n })
}

// Schemas returns the schemas of the custom events that were taken.
func (k *taker) Schemas() []string {
	var schemas []string
	for _, custom := range customsOf(k.Events()) {
		schemas = append(schemas, custom.Schema)
	}
	return schemas
}

// custom returns a custom event whose schema is a number.
func custom(emitter string, number int) string {
	return fmt.Sprintf(`{"emitter":%q,"type":4,"timestamp":%d,"event":{"schema":"%d","data":{}}}`,
		emitter, 1767225600000000+number, number)
}

// customs returns custom events with the numbers from 0 on.
func customs(emitter string, n int) []any {
	events := make([]any, n)
	for i := range events {
		events[i] = custom(emitter, i)
	}
	return events
}

// customsOf returns the custom events among events.
func customsOf(events []eventhandler.Event) []*eventhandler.CustomEvent {
	var found []*eventhandler.CustomEvent
	for _, event := range events {
		if custom, ok := event.Body.(*eventhandler.CustomEvent); ok {
			found = append(found, custom)
		}
	}
	return found
}

// numbers returns the schemas of customs.
func numbers(n int) []string {
	schemas := make([]string, n)
	for i := range schemas {
		schemas[i] = fmt.Sprint(i)
	}
	return schemas
}

// serve runs an http.Server with a handler until the test ends. What the server
// logs, such as panics, is discarded.
func serve(t testing.TB, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// wsURL returns the URL of a server for websockets.
func wsURL(server *httptest.Server) string { return strings.Replace(server.URL, "http:", "ws:", 1) }

// post posts a body as Janus does and returns the status of the answer.
func post(t testing.TB, url, body string) (status int, err error) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, errors.Join(err, response.Body.Close())
}

// logging returns options with a logger that writes to the returned Logs.
func logging(opts eventhandler.Options) (*eventhandler.Options, *testutil.Logs) {
	logs := testutil.NewLogs()
	opts.Logger = logs.Logger(slog.LevelDebug)
	return &opts, logs
}

// inBubble runs f in a synctest bubble, with a transport to a server with a
// handler that it makes there.
func inBubble(t *testing.T, handler func() http.Handler, f func(t *testing.T, transport *http.Transport)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := testutil.NewMemory()
		server := &http.Server{Handler: handler(), ErrorLog: log.New(io.Discard, "", 0)}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(listener) // ends with Close
		}()
		transport := &http.Transport{DialContext: listener.Dial}
		f(t, transport)
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
}
