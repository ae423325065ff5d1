//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package eventhandler_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

// newSocket returns a stand-in for wsevh until the test ends.
func newSocket(t *testing.T, url string) *janustest.EventSocket {
	t.Helper()
	socket := &janustest.EventSocket{URL: url, Backoff: time.Millisecond}
	t.Cleanup(func() {
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
	})
	return socket
}

func TestWebsocketBatchesArriveInOrder(t *testing.T) {
	for name, single := range map[string]bool{"grouped": false, "single": true} {
		t.Run(name, func(t *testing.T) {
			taker := newTaker(nil)
			socket := newSocket(t, wsURL(serve(t, eventhandler.New(taker.take, nil))))
			socket.Single = single
			if err := socket.Send(testutil.Context(t), customs("e", 250)...); err != nil {
				t.Fatal(err)
			}
			taker.AwaitCount(t, 250)
			if got := taker.Schemas(); !slices.Equal(got, numbers(250)) {
				t.Errorf("got %v", got)
			}
			if want := map[bool]int{false: 3, true: 250}[single]; taker.Calls() != want {
				t.Errorf("take was called %d times, want %d", taker.Calls(), want)
			}
		})
	}
}

// dialWith opens a websocket and closes it, and returns the answer's status.
func dialWith(t *testing.T, url string, opts *websocket.DialOptions) (status int, subprotocol string) {
	t.Helper()
	conn, response, err := websocket.Dial(testutil.Context(t), url, opts)
	if response == nil {
		t.Fatal(err)
	}
	if err == nil {
		subprotocol = conn.Subprotocol()
		_ = conn.CloseNow()
	}
	return response.StatusCode, subprotocol
}

func TestAnySubprotocolIsAccepted(t *testing.T) {
	url := wsURL(serve(t, eventhandler.New(newTaker(nil).take, nil)))
	for _, offered := range [][]string{nil, {"janus-event-handlers"}, {"mine"}, {"first", "second"}} {
		status, got := dialWith(t, url, &websocket.DialOptions{Subprotocols: offered})
		if want := strings.Join(offered[:min(len(offered), 1)], ""); status != 101 || got != want {
			t.Errorf("with %q: status %d, subprotocol %q", offered, status, got)
		}
	}
}

func TestCredentialsOfWebsockets(t *testing.T) {
	handler := eventhandler.New(newTaker(nil).take, &eventhandler.Options{User: "janus", Password: "p", Token: "t&t"})
	address := wsURL(serve(t, handler))
	for name, test := range map[string]struct {
		user, password, token string
		status                int
	}{
		"password":       {user: "janus", password: "p", status: 101},
		"token":          {token: "t&t", status: 101},
		"neither":        {status: 401},
		"wrong password": {user: "janus", password: "q", status: 401},
		"wrong token":    {token: "u", status: 401},
	} {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.user != "" {
			r.SetBasicAuth(test.user, test.password)
		}
		status, _ := dialWith(t, address+"/?token="+url.QueryEscape(test.token), &websocket.DialOptions{HTTPHeader: r.Header})
		if status != test.status {
			t.Errorf("%s: status %d, want %d", name, status, test.status)
		}
	}
}

// A web page of another host cannot send events with the password that a browser
// remembers. It cannot know the token.
func TestWebsocketsOfWebPages(t *testing.T) {
	for name, test := range map[string]struct {
		origin, token string
		status        int
	}{
		"none":            {"", "", 101},
		"same host":       {"http://127.0.0.1", "", 101}, // as Janus says it
		"same host, port": {"https://127.0.0.1:1", "", 101},
		"other host":      {"http://example.com", "", 403},
		"malformed":       {"http://%zz", "", 403},
		"opaque":          {"null", "", 403},
		"with token":      {"http://example.com", "t", 101},
	} {
		address := wsURL(serve(t, eventhandler.New(newTaker(nil).take, &eventhandler.Options{Token: test.token})))
		header := http.Header{}
		if test.origin != "" {
			header.Set("Origin", test.origin)
		}
		if status, _ := dialWith(t, address+"/?token=t", &websocket.DialOptions{HTTPHeader: header}); status != test.status {
			t.Errorf("%s: status %d, want %d", name, status, test.status)
		}
	}
}

// If both are set, a web page needs the token, since browsers add the password.
func TestWebPagesWithThePassword(t *testing.T) {
	handler := eventhandler.New(newTaker(nil).take, &eventhandler.Options{User: "janus", Password: "p", Token: "t"})
	address := wsURL(serve(t, handler))
	for name, test := range map[string]struct {
		origin, token string
		status        int
	}{
		"Janus":                 {"", "", 101},
		"same host":             {"http://127.0.0.1", "", 101},
		"other host":            {"http://example.com", "", 403},
		"other host, bad token": {"http://example.com", "u", 403},
		"other host, token":     {"http://example.com", "t", 101},
	} {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("janus", "p")
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if status, _ := dialWith(t, address+"/?token="+test.token, &websocket.DialOptions{HTTPHeader: r.Header}); status != test.status {
			t.Errorf("%s: status %d, want %d", name, status, test.status)
		}
	}
}

// An empty token admits nobody if there is none.
func TestEmptyToken(t *testing.T) {
	for name, test := range map[string]struct {
		opts   eventhandler.Options
		status int
	}{
		"password": {eventhandler.Options{User: "janus", Password: "p"}, 401},
		"web page": {eventhandler.Options{}, 403},
	} {
		address := wsURL(serve(t, eventhandler.New(newTaker(nil).take, &test.opts)))
		for _, query := range []string{"", "/?token="} {
			header := http.Header{"Origin": {"http://example.com"}}
			if status, _ := dialWith(t, address+query, &websocket.DialOptions{HTTPHeader: header}); status != test.status {
				t.Errorf("%s%s: status %d, want %d", name, query, status, test.status)
			}
		}
	}
}

func TestMalformedHandshake(t *testing.T) {
	server := serve(t, eventhandler.New(newTaker(nil).take, nil))
	r, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != 400 {
		t.Errorf("status %d, %v", response.StatusCode, err)
	}
}

// Messages that are not JSON are dropped, larger ones end the connection.
func TestMalformedMessages(t *testing.T) {
	taker := newTaker(nil)
	opts, logs := logging(eventhandler.Options{MaxBody: 4096})
	address := wsURL(serve(t, eventhandler.New(taker.take, opts)))
	ctx := testutil.Context(t)
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	for _, message := range []string{custom("e", 0), "not JSON", "[]", "5", custom("e", 1), strings.Repeat(" ", 5000)} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := conn.Read(ctx); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("the connection ended with %v", err)
	}
	if got := taker.Schemas(); !slices.Equal(got, numbers(2)) {
		t.Errorf("got %v", got)
	}
	if strings.Count(logs.String(), "message dropped") != 2 || !strings.Contains(logs.String(), "batch lost") ||
		!strings.Contains(logs.String(), "more than 4096 bytes") {
		t.Errorf("the log is %q", logs)
	}
}

// Nothing is read while a batch is refused, so nothing overtakes it.
func TestRefusedBatchOfAWebsocketIsTriedAgain(t *testing.T) {
	refused := 0
	taker := newTaker(func(_ context.Context, events []eventhandler.Event) error {
		if refused++; refused <= 4 {
			return errRefused
		}
		return nil
	})
	socket := newSocket(t, wsURL(serve(t, eventhandler.New(taker.take, nil))))
	if err := socket.Send(testutil.Context(t), customs("e", 300)...); err != nil {
		t.Fatal(err)
	}
	taker.AwaitCount(t, 300)
	if got := taker.Schemas(); !slices.Equal(got, numbers(300)) || taker.Calls() != 7 {
		t.Errorf("got %v in %d calls", got, taker.Calls())
	}
}

// A batch that is refused is not overtaken by one that Janus sends on its next
// connection, or posts.
func TestRefusedBatchIsNotOvertaken(t *testing.T) {
	refused := 0
	taker := newTaker(func(_ context.Context, events []eventhandler.Event) error {
		if refused++; refused <= 4 {
			return errRefused
		}
		return nil
	})
	opts, logs := logging(eventhandler.Options{})
	server := serve(t, eventhandler.New(taker.take, opts))
	first, second := newSocket(t, wsURL(server)), newSocket(t, wsURL(server))
	if err := first.Send(testutil.Context(t), custom("e", 0)); err != nil {
		t.Fatal(err)
	}
	logs.Await(t, "trying again", 1)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.Send(testutil.Context(t), custom("e", 1)); err != nil {
		t.Fatal(err)
	}
	taker.AwaitCount(t, 2)
	if status, err := post(t, server.URL, custom("e", 2)); status != 200 || err != nil {
		t.Errorf("status %d, %v", status, err)
	}
	if got := taker.Schemas(); !slices.Equal(got, numbers(3)) {
		t.Errorf("got %v", got)
	}
}

// A batch that is refused for too long is lost with its connection, and only that
// batch, since Janus connects again.
func TestWebsocketGivesUp(t *testing.T) {
	for _, retryFor := range []time.Duration{0, 10 * time.Second, -1} {
		var taker *taker
		var logs *testutil.Logs
		inBubble(t, func() http.Handler {
			taker = newTaker(func(_ context.Context, events []eventhandler.Event) error {
				if events[0].Body.(*eventhandler.CustomEvent).Schema == "100" {
					return errRefused
				}
				return nil
			})
			var opts *eventhandler.Options
			opts, logs = logging(eventhandler.Options{RetryFor: retryFor})
			return eventhandler.New(taker.take, opts)
		}, func(t *testing.T, transport *http.Transport) {
			socket := &janustest.EventSocket{URL: "ws://janus/", HTTPClient: &http.Client{Transport: transport}}
			start := time.Now()
			// The connection may end before the refused batch is written as a whole.
			if err := socket.Send(t.Context(), customs("e", 200)...); err != nil && retryFor >= 0 {
				t.Fatal(err)
			}
			for !strings.Contains(logs.String(), "websocket ended") && time.Since(start) < time.Hour {
				time.Sleep(100 * time.Millisecond)
			}
			limits := map[time.Duration][2]time.Duration{
				0: {55 * time.Second, 66 * time.Second}, 10 * time.Second: {9 * time.Second, 16 * time.Second}, -1: {0, time.Second},
			}[retryFor]
			if tried := time.Since(start); tried < limits[0] || tried > limits[1] {
				t.Errorf("with RetryFor %v, the batch was tried for %v", retryFor, tried)
			}
			if !strings.Contains(logs.String(), "batch lost") || !strings.Contains(logs.String(), "events=100") {
				t.Errorf("the log is %q", logs)
			}
			synctest.Wait()
			if err := socket.Send(t.Context(), custom("e", 200)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := taker.Schemas(); !slices.Equal(got, append(numbers(100), "200")) {
				t.Errorf("got %v", got)
			}
			if err := socket.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A batch waits for the one before it for no longer than RetryFor.
func TestWebsocketDoesNotWaitForever(t *testing.T) {
	var leave chan struct{}
	var logs *testutil.Logs
	inBubble(t, func() http.Handler {
		leave = make(chan struct{})
		taker := newTaker(func(context.Context, []eventhandler.Event) error {
			<-leave
			return nil
		})
		var opts *eventhandler.Options
		opts, logs = logging(eventhandler.Options{RetryFor: 20 * time.Second})
		return eventhandler.New(taker.take, opts)
	}, func(t *testing.T, transport *http.Transport) {
		poster := &janustest.EventPoster{URL: "http://janus/", Transport: transport, Timeout: time.Hour}
		posted := make(chan error, 1)
		go func() { posted <- poster.Post(t.Context(), custom("e", 0)) }()
		synctest.Wait()
		socket := &janustest.EventSocket{URL: "ws://janus/", HTTPClient: &http.Client{Transport: transport}}
		if err := socket.Send(t.Context(), custom("e", 1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(19 * time.Second)
		if strings.Contains(logs.String(), "batch lost") {
			t.Error("the batch has not waited")
		}
		time.Sleep(2 * time.Second)
		if !strings.Contains(logs.String(), "batch lost") {
			t.Errorf("the log is %q", logs)
		}
		close(leave)
		if err := <-posted; err != nil {
			t.Error(err)
		}
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A panic of take is a refusal: the batch is tried again.
func TestPanicOfTakeOnAWebsocket(t *testing.T) {
	calls := 0
	taker := newTaker(func(context.Context, []eventhandler.Event) error {
		if calls++; calls == 1 {
			panic("by the test")
		}
		return nil
	})
	opts, logs := logging(eventhandler.Options{})
	handler := eventhandler.New(taker.take, opts)
	address := wsURL(serve(t, handler))
	ctx := testutil.Context(t)
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.CloseRead(ctx) // answers the closing handshake
	if err := conn.Write(ctx, websocket.MessageText, []byte(custom("e", 0))); err != nil {
		t.Fatal(err)
	}
	taker.AwaitCount(t, 1)
	if !strings.Contains(logs.String(), "level=ERROR") || !strings.Contains(logs.String(), "by the test") {
		t.Errorf("the log is %q", logs)
	}
	if err := handler.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// A websocket and posts of one emitter share its order and its memory.
func TestBothWaysShareAnEmitter(t *testing.T) {
	taker := newTaker(nil)
	server := serve(t, eventhandler.New(taker.take, nil))
	if status, err := post(t, server.URL, custom("e", 0)); status != 200 || err != nil {
		t.Fatal(status, err)
	}
	socket := newSocket(t, wsURL(server))
	socket.Single = true
	if err := socket.Send(testutil.Context(t), custom("e", 0), custom("e", 1)); err != nil {
		t.Fatal(err)
	}
	taker.AwaitCount(t, 2)
	if got := taker.Schemas(); !slices.Equal(got, numbers(2)) {
		t.Errorf("got %v", got)
	}
}

// Shutdown waits for batches, refuses new ones and closes websockets. synctest
// fails the test if a goroutine is left.
func TestShutdown(t *testing.T) {
	var leave chan struct{}
	var taker *taker
	var handler *eventhandler.Handler
	inBubble(t, func() http.Handler {
		leave = make(chan struct{})
		taker = newTaker(func(_ context.Context, events []eventhandler.Event) error {
			if events[0].Emitter == "slow" {
				<-leave
			}
			return nil
		})
		handler = eventhandler.New(taker.take, nil)
		return handler
	}, func(t *testing.T, transport *http.Transport) {
		ctx := t.Context()
		client := &http.Client{Transport: transport}
		idle, _, err := websocket.Dial(ctx, "ws://janus/", &websocket.DialOptions{HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		poster := &janustest.EventPoster{URL: "http://janus/", Transport: transport, Retransmissions: -1}
		posted := make(chan error, 1)
		go func() { posted <- poster.Post(ctx, custom("slow", 0)) }()
		synctest.Wait()

		down := make(chan error, 2)
		for range 2 {
			go func() { down <- handler.Shutdown(ctx) }()
		}
		if _, _, err := idle.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("the websocket ended with %v", err)
		}
		synctest.Wait()
		if len(down) != 0 {
			t.Error("Shutdown has not waited for the batch")
		}
		if err := poster.Post(ctx, custom("late", 0)); err == nil {
			t.Error("a batch was answered after Shutdown")
		}
		if _, _, err := websocket.Dial(ctx, "ws://janus/", &websocket.DialOptions{HTTPClient: client}); err == nil {
			t.Error("a websocket was accepted after Shutdown")
		}
		close(leave)
		if err := <-posted; err != nil {
			t.Errorf("the batch that was being taken: %v", err)
		}
		for range 2 {
			if err := <-down; err != nil {
				t.Error(err)
			}
		}
		if got := taker.Calls(); got != 1 {
			t.Errorf("take was called %d times", got)
		}
	})
}

// When the context of Shutdown ends, so do those of take, and websockets whose
// peers do not answer the closing handshake.
func TestShutdownGivesUp(t *testing.T) {
	var taker *taker
	var handler *eventhandler.Handler
	inBubble(t, func() http.Handler {
		taker = newTaker(func(ctx context.Context, _ []eventhandler.Event) error {
			<-ctx.Done()
			return ctx.Err()
		})
		handler = eventhandler.New(taker.take, nil)
		return handler
	}, func(t *testing.T, transport *http.Transport) {
		poster := &janustest.EventPoster{URL: "http://janus/", Transport: transport, Retransmissions: -1}
		client := &http.Client{Transport: transport}
		socket := &janustest.EventSocket{URL: "ws://janus/", HTTPClient: client}
		mute, _, err := websocket.Dial(t.Context(), "ws://janus/", &websocket.DialOptions{HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = mute.CloseNow() }()
		posted := make(chan error, 1)
		go func() { posted <- poster.Post(t.Context(), custom("e", 0)) }()
		if err := socket.Send(t.Context(), custom("f", 0)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := handler.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown returned %v", err)
		}
		if err := <-posted; err == nil {
			t.Error("the batch was answered")
		}
		if err := handler.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v, want 1 s", took)
		}
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Shutdown does not wait for a batch that is refused again and again.
func TestShutdownEndsRetries(t *testing.T) {
	taker := newTaker(func(context.Context, []eventhandler.Event) error { return errRefused })
	opts, logs := logging(eventhandler.Options{RetryFor: time.Hour})
	handler := eventhandler.New(taker.take, opts)
	socket := newSocket(t, wsURL(serve(t, handler)))
	if err := socket.Send(testutil.Context(t), custom("e", 0)); err != nil {
		t.Fatal(err)
	}
	logs.Await(t, "trying again", 1)
	if err := handler.Shutdown(testutil.Context(t)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(logs.String(), "batch lost") {
		t.Errorf("the log is %q", logs)
	}
}
