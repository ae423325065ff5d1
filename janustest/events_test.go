//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest_test

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/janustest"
)

// backend is a receiver of events that keeps the requests.
type backend struct {
	*httptest.Server

	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

// newBackend starts a backend. answer is called with the number of each request,
// from 0 on.
func newBackend(t *testing.T, answer func(w http.ResponseWriter, number int)) *backend {
	t.Helper()
	b := &backend{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		b.mu.Lock()
		number := len(b.requests)
		b.requests = append(b.requests, r)
		b.bodies = append(b.bodies, string(body))
		b.mu.Unlock()
		answer(w, number)
	}))
	t.Cleanup(b.Close)
	return b
}

// Requests returns the requests so far.
func (b *backend) Requests() []*http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

// Bodies returns the bodies of the requests so far.
func (b *backend) Bodies() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.bodies)
}

func ok(http.ResponseWriter, int) {}

func TestEventPosterPostsAsJanusDoes(t *testing.T) {
	b := newBackend(t, ok)
	poster := &janustest.EventPoster{URL: b.URL + "/path?token=x", User: "user", Password: "password"}
	if err := poster.Post(t.Context(), `{"n": 1}`, []byte(`{"n":2}`), map[string]int{"n": 3}); err != nil {
		t.Fatal(err)
	}
	if want := []string{`[{"n": 1},{"n":2},{"n":3}]`}; !slices.Equal(b.Bodies(), want) {
		t.Errorf("got %q, want %q", b.Bodies(), want)
	}
	r := b.Requests()[0]
	user, password, _ := r.BasicAuth()
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Content-Encoding") != "" ||
		user != "user" || password != "password" || r.URL.RequestURI() != "/path?token=x" {
		t.Errorf("the request is %s %s %v", r.Method, r.URL, r.Header)
	}
}

func TestEventPosterGroups(t *testing.T) {
	events := make([]any, 201)
	for i := range events {
		events[i] = fmt.Sprint(i)
	}
	for single, want := range map[bool][]int{false: {100, 100, 1}, true: slices.Repeat([]int{1}, 201)} {
		b := newBackend(t, ok)
		if err := (&janustest.EventPoster{URL: b.URL, Single: single}).Post(t.Context(), events...); err != nil {
			t.Fatal(err)
		}
		var sizes, got []int
		for _, body := range b.Bodies() {
			if single {
				body = "[" + body + "]"
			}
			var batch []int
			if err := json.Unmarshal([]byte(body), &batch); err != nil {
				t.Fatal(err)
			}
			sizes, got = append(sizes, len(batch)), append(got, batch...)
		}
		if !slices.Equal(sizes, want) || !slices.IsSorted(got) || len(got) != 201 {
			t.Errorf("single %t: got batches of %v", single, sizes)
		}
		addresses := map[string]bool{}
		for _, r := range b.Requests() {
			addresses[r.RemoteAddr] = true
		}
		if len(addresses) != len(want) {
			t.Errorf("%d requests on %d connections", len(want), len(addresses))
		}
	}
}

// Janus repeats a batch without an answer, and no other.
func TestEventPosterRepeats(t *testing.T) {
	abort := func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) }
	for name, test := range map[string]struct {
		answer          func(w http.ResponseWriter, number int)
		retransmissions int
		requests        int
		lost            bool
	}{
		"error status":    {func(w http.ResponseWriter, _ int) { w.WriteHeader(500) }, 0, 1, false},
		"redirect":        {func(w http.ResponseWriter, _ int) { w.Header().Set("Location", "/x"); w.WriteHeader(307) }, 0, 1, false},
		"never":           {abort, 0, 6, true},
		"never, thrice":   {abort, 3, 4, true},
		"not repeated":    {abort, -1, 1, true},
		"the third time":  {func(_ http.ResponseWriter, n int) { abortIf(n < 2) }, 0, 3, false},
		"the second time": {func(_ http.ResponseWriter, n int) { abortIf(n < 1) }, 1, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, test.answer)
			poster := &janustest.EventPoster{URL: b.URL, Retransmissions: test.retransmissions, Backoff: time.Microsecond}
			err := poster.Post(t.Context(), `{}`)
			if lost := err != nil; lost != test.lost || lost && !strings.Contains(err.Error(), "batch 0 is lost") {
				t.Errorf("the error is %v", err)
			}
			if len(b.Requests()) != test.requests {
				t.Errorf("%d requests, want %d", len(b.Requests()), test.requests)
			}
		})
	}
}

func abortIf(abort bool) {
	if abort {
		panic(http.ErrAbortHandler)
	}
}

func TestEventPosterGoesOnAfterALostBatch(t *testing.T) {
	b := newBackend(t, func(_ http.ResponseWriter, n int) { abortIf(n == 0) })
	err := (&janustest.EventPoster{URL: b.URL, Single: true, Retransmissions: -1}).Post(t.Context(), `1`, `2`)
	if err == nil || strings.Contains(err.Error(), "batch 1") || !slices.Equal(b.Bodies(), []string{"1", "2"}) {
		t.Errorf("got %q, %v", b.Bodies(), err)
	}
}

func TestEventPosterGivesUpWaiting(t *testing.T) {
	release := make(chan struct{})
	b := newBackend(t, func(http.ResponseWriter, int) { <-release })
	defer close(release)
	poster := &janustest.EventPoster{URL: b.URL, Retransmissions: -1, Timeout: 10 * time.Millisecond}
	if err := poster.Post(t.Context(), `{}`); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&janustest.EventPoster{URL: b.URL}).Post(ctx, `{}`); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if err := poster.Post(t.Context(), func() {}); err == nil {
		t.Error("a function was encoded")
	}
}

func TestEventPosterCompresses(t *testing.T) {
	received := make(chan string, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var plain []byte
		reader, err := gzip.NewReader(r.Body)
		if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
			plain, err = io.ReadAll(reader)
		}
		if err != nil {
			t.Error(err)
		}
		received <- string(plain)
	}))
	defer backend.Close()
	poster := &janustest.EventPoster{URL: backend.URL, Compress: true}
	if err := poster.Post(t.Context(), `{"a":1}`); err != nil {
		t.Fatal(err)
	}
	if plain := <-received; plain != `[{"a":1}]` {
		t.Errorf("got %q", plain)
	}
	// Janus has a buffer of 8,192 bytes.
	var random strings.Builder
	for range 1000 {
		random.WriteString(rand.Text())
	}
	if err := poster.Post(t.Context(), random.String()); err == nil || !strings.Contains(err.Error(), "buffer") {
		t.Errorf("the error is %v", err)
	}
}

func TestEventSocketSendsAsJanusDoes(t *testing.T) {
	got := make(chan string, 10)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"janus-event-handlers", "mine"}})
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.CloseNow() }()
		got <- conn.Subprotocol()
		for {
			kind, message, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			got <- fmt.Sprint(kind, " ", string(message))
			if strings.Contains(string(message), "cut") {
				return
			}
		}
	}))
	defer backend.Close()
	url := strings.Replace(backend.URL, "http", "ws", 1)
	for name, test := range map[string]struct {
		socket *janustest.EventSocket
		want   []string
	}{
		"default": {&janustest.EventSocket{}, []string{"janus-event-handlers", `MessageText [{"a":1},{"b":2}]`}},
		"options": {&janustest.EventSocket{Single: true, Subprotocol: "mine"}, []string{"mine", `MessageText {"a":1}`, `MessageText {"b":2}`}},
	} {
		test.socket.URL = url
		if err := test.socket.Send(t.Context(), `{"a":1}`, map[string]int{"b": 2}); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if text := <-got; text != want {
				t.Errorf("%s: got %s, want %s", name, text, want)
			}
		}
		for range 2 {
			if err := test.socket.Close(); err != nil {
				t.Error(err)
			}
		}
	}

	// It connects again when the connection has ended, also until that succeeds.
	socket := &janustest.EventSocket{URL: url, Backoff: time.Millisecond}
	defer func() { _ = socket.Close() }()
	for range 2 {
		_ = socket.Send(t.Context(), `"cut"`) // the end may come before Write returns
		if first, second := <-got, <-got; first != "janus-event-handlers" || second != `MessageText ["cut"]` {
			t.Errorf("got %s, %s", first, second)
		}
		for socket.Connected() {
			time.Sleep(time.Millisecond)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	backend.Close()
	if err := socket.Send(ctx, `{}`); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}
