package eventhandler_test

import (
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http/httptest"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/internal/strictevents"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// The handlers of Janus that the package's documentation sets up.
const (
	sampleevh = "sampleevh"
	wsevh     = "wsevh"
)

// The credentials in the package's documentation.
const (
	docUser   = "janus"
	docSecret = "SECRET"
)

// setup returns the configuration of a handler in the package's documentation,
// with the address of server.
func setup(t testing.TB, handler string, server *httptest.Server) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(file.Doc.Text(), "janus.eventhandler."+handler+".jcfg:\n")
	if !found {
		t.Fatalf("the documentation does not set up %s", handler)
	}
	block := regexp.MustCompile(`(?s)\tgeneral: \{\n.*?\n\t\}\n`).FindString(text)
	const address = "127.0.0.1:8080"
	if strings.Count(block, address) != 1 {
		t.Fatalf("the documentation sets %s up like this: %q", handler, block)
	}
	return strings.Replace(block, address, server.Listener.Addr().String(), 1)
}

// receiver is a server with a Handler, for a real Janus.
type receiver struct {
	*taker
	retryFor time.Duration // of the next Handler
	handler  *eventhandler.Handler
	server   *httptest.Server
	logs     *testutil.Logs
}

// newReceiver starts a receiver with the credentials in the package's
// documentation, until the test ends.
func newReceiver(t testing.TB, refuse func(ctx context.Context, events []eventhandler.Event) error) *receiver {
	t.Helper()
	r := &receiver{taker: newTaker(refuse), logs: testutil.NewLogs()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.start(t, listener)
	t.Cleanup(func() {
		r.stop(t)
		if t.Failed() {
			t.Logf("log of the receiver:\n%s", r.logs)
		}
	})
	return r
}

// start starts the receiver with a new Handler.
func (r *receiver) start(t testing.TB, listener net.Listener) {
	t.Helper()
	r.handler = eventhandler.New(r.take, &eventhandler.Options{
		User: docUser, Password: docSecret, Token: docSecret, RetryFor: r.retryFor, Logger: r.logs.Logger(slog.LevelDebug),
	})
	r.server = httptest.NewUnstartedServer(r.handler)
	if err := r.server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	r.server.Listener = listener
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.server.Start()
}

// stop closes the receiver as a program that ends.
func (r *receiver) stop(t testing.TB) {
	t.Helper()
	if err := r.handler.Shutdown(testutil.Context(t)); err != nil {
		t.Error(err)
	}
	r.server.Close()
}

// startJanus starts a real Janus whose handler sends events to r. Each line
// replaces that of the same setting, or is added.
func (r *receiver) startJanus(t testing.TB, handler string, lines ...string) *realjanus.Server {
	t.Helper()
	config := setup(t, handler, r.server)
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " = ")
		config = regexp.MustCompile(`(?m)^\t\t`+name+` = .*\n`).ReplaceAllString(config, "")
		config = strings.Replace(config, "\n\t}", "\n\t\t"+line+"\n\t}", 1)
	}
	return realjanus.Start(t, realjanus.Options{
		EventHandlers: map[string]string{handler: config}, Plugins: []string{"echotest", "videoroom"}, HTTP: true,
	})
}

// customEvent is an admin request that makes Janus send a custom event.
func customEvent(number int) map[string]any {
	return map[string]any{"janus": "custom_event", "schema": fmt.Sprint(number), "data": map[string]any{"number": number}}
}

// customEvents are such requests with the numbers from first on.
func customEvents(first, n int) []map[string]any {
	requests := make([]map[string]any, n)
	for i := range requests {
		requests[i] = customEvent(first + i)
	}
	return requests
}

func TestSetupsWithARealJanus(t *testing.T) {
	for _, handler := range []string{sampleevh, wsevh} {
		t.Run(handler, func(t *testing.T) {
			r := newReceiver(t, nil)
			server := r.startJanus(t, handler)
			useJanus(t, server)
			if err := syscall.Kill(server.PID(), syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			<-server.Done()
			r.Await(t, "detached", has(func(body *eventhandler.HandleEvent) bool { return body.Change == eventhandler.Detached }))
			checkUse(t, server, r.Events())
			if handler == sampleevh { // wsevh does not send what waits when it ends
				r.Await(t, "shutdown", has(func(body *eventhandler.ServerShutdown) bool { return body.Signal == int(syscall.SIGTERM) }))
			}
			if strings.Contains(r.logs.String(), docSecret) {
				t.Errorf("the secret is in the log:\n%s", r.logs)
			}
		})
	}
}

// has returns a function that reports whether there is an event with a body for
// which ok returns true.
func has[B eventhandler.Body](ok func(body B) bool) func(events []eventhandler.Event) bool {
	return func(events []eventhandler.Event) bool {
		for _, event := range events {
			if body, is := event.Body.(B); is && ok(body) {
				return true
			}
		}
		return false
	}
}

// useJanus makes Janus send events of every kind that needs no media.
func useJanus(t *testing.T, server *realjanus.Server) {
	t.Helper()
	ctx := testutil.Context(t)
	gateway, _, err := janus.Dial(ctx, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := session.AttachWith(ctx, "", janus.AttachOptions{Plugin: videoroom.Name, OpaqueID: `opaque "id"`})
	if err != nil {
		t.Fatal(err)
	}
	room, err := videoroom.On(handle).Create(ctx, videoroom.Create{Description: "a room"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := videoroom.On(handle).JoinPublisher(ctx, videoroom.JoinPublisher{Room: room.Room, Display: "me"}); err != nil {
		t.Fatal(err)
	}
	if err := server.AdminAll(ctx, customEvents(0, 3)); err != nil {
		t.Fatal(err)
	}
	if err := gateway.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}

// checkUse checks the events that useJanus caused.
func checkUse(t *testing.T, server *realjanus.Server, events []eventhandler.Event) {
	t.Helper()
	kinds := map[string]int{}
	var last time.Time
	for _, event := range events {
		strictevents.Check(t, event)
		kinds[event.Kind()]++
		if event.Emitter != server.Dir() {
			t.Errorf("the emitter is %q, want %q", event.Emitter, server.Dir())
		}
		if event.Timestamp.Before(last.Add(-time.Second)) || time.Since(event.Timestamp) > time.Minute {
			t.Errorf("the time is %v, after %v", event.Timestamp, last)
		}
		last = event.Timestamp
		if event.Type == eventhandler.TypePlugin && event.Handle != 0 && event.OpaqueID != `opaque "id"` {
			t.Errorf("the opaque id is %q in %s", event.OpaqueID, event.Raw)
		}
	}
	for kind, want := range map[string]int{
		"sessions": 2, "handles": 2, "external": 3, "plugins": 2, "transports": 3, "core/startup": 1,
	} {
		if kinds[kind] < want {
			t.Errorf("%d events of the kind %s, want %d or more", kinds[kind], kind, want)
		}
	}
	if !has(func(body *eventhandler.TransportEvent) bool {
		return body.Data.Event == "request" && body.Data.AdminAPI && body.Data.IP == "127.0.0.1" && body.Data.Port > 0
	})(events) {
		t.Error("no event is of a request over HTTP")
	}
	if !has(func(body *eventhandler.ServerStarted) bool { return body.Info.VersionString == server.Version() })(events) {
		t.Errorf("no event says that Janus %s has started", server.Version())
	}
}
