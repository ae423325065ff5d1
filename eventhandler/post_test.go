package eventhandler_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
)

func TestPostedBatchesArriveInOrder(t *testing.T) {
	for name, poster := range map[string]*janustest.EventPoster{
		"grouped":    {},
		"single":     {Single: true},
		"compressed": {Compress: true},
	} {
		t.Run(name, func(t *testing.T) {
			taker := newTaker(nil)
			poster.URL = serve(t, eventhandler.New(taker.take, nil)).URL
			if err := poster.Post(t.Context(), customs("e", 250)...); err != nil {
				t.Fatal(err)
			}
			if got := taker.Schemas(); !slices.Equal(got, numbers(250)) {
				t.Errorf("got %v", got)
			}
			want := map[bool]int{false: 3, true: 250}[poster.Single]
			if taker.Calls() != want {
				t.Errorf("take was called %d times, want %d", taker.Calls(), want)
			}
		})
	}
}

// compressed returns data in the format of gzip.
func compressed(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestStatuses(t *testing.T) {
	const limit = 4096
	large := `[` + custom("e", 1) + strings.Repeat(" ", limit) + `]`
	batch := "[" + custom("e", 1) + "]"
	basic := func(user, password string) func(r *http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	header := func(name, value string) func(r *http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, test := range map[string]struct {
		method string
		query  string
		body   []byte
		set    []func(r *http.Request)
		status int
	}{
		"taken":                     {status: 200},
		"type with a parameter":     {set: []func(*http.Request){header("Content-Type", "Application/JSON; charset=utf-8")}, status: 200},
		"identity":                  {set: []func(*http.Request){header("Content-Encoding", "identity")}, status: 200},
		"compressed":                {body: compressed(t, []byte(batch)), set: []func(*http.Request){header("Content-Encoding", "GZIP")}, status: 200},
		"empty array":               {body: []byte("[]"), status: 200},
		"token instead of password": {query: "?token=TOKEN", set: []func(*http.Request){header("Authorization", "")}, status: 200},
		"no password":               {set: []func(*http.Request){header("Authorization", "")}, status: 401},
		"wrong password":            {set: []func(*http.Request){basic("janus", "PASSWORD2")}, status: 401},
		"wrong user":                {set: []func(*http.Request){basic("janus2", "PASSWORD")}, status: 401},
		"no user":                   {set: []func(*http.Request){basic("", "PASSWORD")}, status: 401},
		"wrong token":               {query: "?token=TOKEN2", set: []func(*http.Request){header("Authorization", "")}, status: 401},
		"empty token":               {query: "?token=", set: []func(*http.Request){header("Authorization", "Bearer TOKEN")}, status: 401},
		"no password, other method": {method: "GET", set: []func(*http.Request){header("Authorization", "")}, status: 401},
		"GET":                       {method: "GET", status: 405},
		"PUT":                       {method: "PUT", status: 405},
		"too large":                 {body: []byte(large), status: 413},
		"too large decompressed":    {body: compressed(t, []byte(large)), set: []func(*http.Request){header("Content-Encoding", "gzip")}, status: 413},
		"no content type":           {set: []func(*http.Request){header("Content-Type", "")}, status: 415},
		"text":                      {set: []func(*http.Request){header("Content-Type", "text/plain")}, status: 415},
		"malformed content type":    {set: []func(*http.Request){header("Content-Type", "application/json; x")}, status: 415},
		"brotli":                    {set: []func(*http.Request){header("Content-Encoding", "br")}, status: 415},
		"not JSON":                  {body: []byte("{"), status: 400},
		"no events":                 {body: []byte("5"), status: 400},
		"empty":                     {body: []byte(""), status: 400},
		"not compressed":            {set: []func(*http.Request){header("Content-Encoding", "gzip")}, status: 400},
		"compressed data cut off":   {body: compressed(t, []byte(batch))[:30], set: []func(*http.Request){header("Content-Encoding", "gzip")}, status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			taker := newTaker(nil)
			opts, logs := logging(eventhandler.Options{User: "janus", Password: "PASSWORD", Token: "TOKEN", MaxBody: limit})
			server := serve(t, eventhandler.New(taker.take, opts))
			if test.body == nil {
				test.body = []byte(batch)
			}
			if test.method == "" {
				test.method = http.MethodPost
			}
			r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+"/"+test.query, bytes.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.SetBasicAuth("janus", "PASSWORD")
			for _, set := range test.set {
				set(r)
			}
			response, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(response.Body)
			if err := errors.Join(err, response.Body.Close()); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status {
				t.Errorf("the status is %s %s, want %d", response.Status, text, test.status)
			}
			if calls := taker.Calls(); calls > 0 != (test.status == 200 && string(test.body) != "[]") {
				t.Errorf("take was called %d times", calls)
			}
			if warned := strings.Contains(logs.String(), "level=WARN"); warned != (test.status != 200) {
				t.Errorf("the log is %q", logs)
			}
			for _, secret := range []string{"PASSWORD", "TOKEN", "amFudXM"} {
				if strings.Contains(logs.String(), secret) || strings.Contains(string(text), secret) {
					t.Errorf("%s is in the log or the answer: %s%s", secret, logs, text)
				}
			}
			switch test.status {
			case 401:
				if got := response.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic ") {
					t.Errorf("WWW-Authenticate is %q", got)
				}
			case 405:
				if got := response.Header.Get("Allow"); got != "POST" {
					t.Errorf("Allow is %q", got)
				}
			}
		})
	}
}

// An event needs far more memory than its two bytes in a body.
func TestTooManyEvents(t *testing.T) {
	const events = 1 << 20
	taker := newTaker(nil)
	opts, logs := logging(eventhandler.Options{})
	server := serve(t, eventhandler.New(taker.take, opts))
	body := "[" + strings.Repeat("0,", events) + "0]"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	status, err := post(t, server.URL, body)
	runtime.ReadMemStats(&after)
	if status != http.StatusRequestEntityTooLarge || err != nil {
		t.Errorf("status %d, %v", status, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 32*uint64(len(body)) {
		t.Errorf("a body of %d bytes cost %d bytes of memory", len(body), used)
	}
	if taker.Calls() != 0 || !strings.Contains(logs.String(), "more than 100000 events") {
		t.Errorf("take was called %d times, the log is %q", taker.Calls(), logs)
	}
}

// A small body that is huge when it is decompressed costs only what is allowed.
func TestDecompressionIsBounded(t *testing.T) {
	const limit, size = 64 << 10, 16 << 20
	const part = 1 << 20
	bomb := bytes.Repeat(compressed(t, bytes.Repeat([]byte(" "), part)), size/part)
	server := serve(t, eventhandler.New(newTaker(nil).take, &eventhandler.Options{MaxBody: limit}))
	r, err := http.NewRequest(http.MethodPost, server.URL, bytes.NewReader(bomb))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("the status is %s", response.Status)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > size/4 {
		t.Errorf("a body of %d bytes cost %d bytes of memory", len(bomb), used)
	}
}

func TestWithoutOptionsEverybodyMayPost(t *testing.T) {
	taker := newTaker(nil)
	server := serve(t, eventhandler.New(taker.take, nil))
	if status, err := post(t, server.URL, custom("e", 1)); status != 200 || err != nil {
		t.Errorf("status %d, %v", status, err)
	}
	if len(taker.Events()) != 1 {
		t.Errorf("got %d events", len(taker.Events()))
	}
}

// Janus does not look at the status, so an answer of any kind would lose the batch.
func TestRefusedBatchIsNotAnswered(t *testing.T) {
	taker := newTaker(func(context.Context, []eventhandler.Event) error { return errRefused })
	opts, logs := logging(eventhandler.Options{})
	server := serve(t, eventhandler.New(taker.take, opts))
	if status, err := post(t, server.URL, custom("e", 1)); !errors.Is(err, io.EOF) {
		t.Errorf("status %d, error %v; want the connection to end", status, err)
	}
	if !strings.Contains(logs.String(), errRefused.Error()) {
		t.Errorf("the log is %q", logs)
	}
}

func TestRefusedBatchIsRepeatedUntilItIsTaken(t *testing.T) {
	calls := 0
	taker := newTaker(func(context.Context, []eventhandler.Event) error {
		if calls++; calls%3 != 0 { // every batch is refused twice
			return errRefused
		}
		return nil
	})
	server := serve(t, eventhandler.New(taker.take, nil))
	poster := &janustest.EventPoster{URL: server.URL, Backoff: time.Millisecond}
	if err := poster.Post(t.Context(), customs("e", 500)...); err != nil {
		t.Fatal(err)
	}
	if got := taker.Schemas(); !slices.Equal(got, numbers(500)) {
		t.Errorf("got %v", got)
	}
	if taker.Calls() != 15 {
		t.Errorf("take was called %d times, want 15", taker.Calls())
	}
}

// A batch that did not arrive as a whole is not answered either.
func TestHalfABatchIsNotAnswered(t *testing.T) {
	taker := newTaker(nil)
	server := serve(t, eventhandler.New(taker.take, nil))
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[{"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); len(answer) > 0 || err != nil {
		t.Errorf("the answer is %q, %v", answer, err)
	}
	if taker.Calls() != 0 {
		t.Error("half a batch was taken")
	}
}

func TestRepeatedBatchIsDeliveredOnce(t *testing.T) {
	taker := newTaker(nil)
	opts, logs := logging(eventhandler.Options{})
	server := serve(t, eventhandler.New(taker.take, opts))
	for range 3 {
		for i := range 10 {
			if status, err := post(t, server.URL, custom("e", i)); status != 200 || err != nil {
				t.Fatalf("status %d, %v", status, err)
			}
		}
	}
	if got := taker.Schemas(); !slices.Equal(got, numbers(10)) {
		t.Errorf("got %v", got)
	}
	if repeated := strings.Count(logs.String(), "repeated batch"); repeated != 20 {
		t.Errorf("%d repeated batches were logged, want 20", repeated)
	}
}

// The same events from two servers are different batches, as are batches that
// differ in their timestamps only.
func TestSimilarBatchesAreDelivered(t *testing.T) {
	taker := newTaker(nil)
	server := serve(t, eventhandler.New(taker.take, nil))
	for _, body := range []string{
		custom("e", 1), custom("f", 1),
		strings.Replace(custom("e", 1), "1767225600000001", "1767225600000002", 1),
		"[" + custom("e", 1) + "]",
	} {
		if status, err := post(t, server.URL, body); status != 200 || err != nil {
			t.Fatalf("status %d, %v", status, err)
		}
	}
	if len(taker.Events()) != 4 {
		t.Errorf("got %d events, want 4", len(taker.Events()))
	}
}

// Janus gives up waiting and repeats a batch while take still has it.
func TestBatchIsRepeatedWhileItIsBeingTaken(t *testing.T) {
	for name, outcome := range map[string]error{"taken": nil, "refused": errRefused} {
		t.Run(name, func(t *testing.T) {
			first := true
			entered, leave := make(chan struct{}), make(chan struct{})
			taker := newTaker(func(context.Context, []eventhandler.Event) error {
				if !first {
					return nil
				}
				first = false
				close(entered)
				<-leave
				return outcome
			})
			server := serve(t, eventhandler.New(taker.take, nil))
			body := custom("e", 0)

			ctx, giveUp := context.WithCancel(t.Context())
			gaveUp := make(chan error)
			go func() {
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(body))
				if err == nil {
					r.Header.Set("Content-Type", "application/json")
					_, err = http.DefaultClient.Do(r) //nolint:bodyclose // there is no answer
				}
				gaveUp <- err
			}()
			<-entered
			giveUp()
			if err := <-gaveUp; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}

			answered := make(chan struct{})
			go func() {
				defer close(answered)
				if status, err := post(t, server.URL, body); status != 200 || err != nil {
					t.Errorf("status %d, %v", status, err)
				}
			}()
			// Another emitter's batch is delivered meanwhile.
			if status, err := post(t, server.URL, custom("f", 0)); status != 200 || err != nil {
				t.Errorf("status %d, %v", status, err)
			}
			select {
			case <-answered:
				t.Error("the repeated batch was answered before the first was done")
			default:
			}
			close(leave)
			<-answered
			if got := taker.Schemas(); !slices.Equal(got, []string{"0", "0"}) { // of e and of f
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestTakeHasEightSeconds is run with a clock of its own. A batch that waits for
// the one before it has no more time.
func TestTakeHasEightSeconds(t *testing.T) {
	var leave chan struct{}
	var taker *taker
	inBubble(t, func() http.Handler {
		leave = make(chan struct{})
		taker = newTaker(func(ctx context.Context, events []eventhandler.Event) error {
			switch events[0].Emitter {
			case "obedient":
				<-ctx.Done()
				return ctx.Err()
			case "stubborn":
				<-leave
			}
			return nil
		})
		return eventhandler.New(taker.take, nil)
	}, func(t *testing.T, transport *http.Transport) {
		poster := &janustest.EventPoster{URL: "http://janus/", Transport: transport, Retransmissions: -1}
		start := time.Now()
		if err := poster.Post(t.Context(), custom("obedient", 0)); !errors.Is(err, io.EOF) {
			t.Errorf("the error is %v, want an aborted connection", err)
		}
		if waited := time.Since(start); waited != 8*time.Second {
			t.Errorf("take had %v, want 8 s", waited)
		}

		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := poster.Post(t.Context(), custom("stubborn", 1)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the first batch ended with %v, want the client's timeout of 10 s", err)
			}
		}()
		synctest.Wait()
		start = time.Now()
		if err := poster.Post(t.Context(), custom("stubborn", 2)); !errors.Is(err, io.EOF) {
			t.Errorf("the error is %v, want an aborted connection", err)
		}
		if waited := time.Since(start); waited != 8*time.Second {
			t.Errorf("the second batch has waited for %v, want 8 s", waited)
		}
		<-done
		close(leave)
		synctest.Wait()
		for i := range 2 {
			if err := poster.Post(t.Context(), custom("stubborn", 1+i)); err != nil {
				t.Error(err)
			}
		}
		if got := taker.Schemas(); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("got %v", got)
		}
	})
}

// The end of the connection is not the end of take: nobody may repeat the batch.
func TestTakeOutlivesTheConnection(t *testing.T) {
	type key struct{}
	entered, leave := make(chan struct{}), make(chan struct{})
	var wrong atomic.Pointer[string]
	fail := func(text string) { wrong.Store(&text) }
	taker := newTaker(func(ctx context.Context, _ []eventhandler.Event) error {
		close(entered)
		<-leave
		if ctx.Err() != nil {
			fail("the context has ended: " + ctx.Err().Error())
		}
		if ctx.Value(key{}) != "value" {
			fail("the context has not the values of the request's")
		}
		return nil
	})
	handler := eventhandler.New(taker.take, nil)
	gone := make(chan struct{})
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		context.AfterFunc(r.Context(), func() { close(gone) })
		handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "value")))
	}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- (&janustest.EventPoster{URL: server.URL}).Post(ctx, custom("e", 0)) }()
	<-entered
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-gone
	close(leave)
	taker.AwaitCount(t, 1)
	if text := wrong.Load(); text != nil {
		t.Error(*text)
	}
}

// A take function that panics or ends its goroutine refuses the batch. Without a
// Logger, a panic is logged by the default one.
func TestPanicOfTake(t *testing.T) {
	logs := testutil.NewLogs()
	log.SetOutput(logs)
	defer log.SetOutput(os.Stderr)
	for name, end := range map[string]func(){
		"panic":  func() { panic("by the test") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			taker := newTaker(func(context.Context, []eventhandler.Event) error {
				if calls++; calls < 3 {
					end()
				}
				return nil
			})
			handler := eventhandler.New(taker.take, nil)
			server := serve(t, handler)
			poster := &janustest.EventPoster{URL: server.URL, Backoff: time.Millisecond}
			if err := poster.Post(t.Context(), customs("e", 200)...); err != nil {
				t.Fatal(err)
			}
			if got := taker.Schemas(); !slices.Equal(got, numbers(200)) {
				t.Errorf("got %v", got)
			}
			if err := handler.Shutdown(testutil.Context(t)); err != nil {
				t.Error(err)
			}
		})
	}
	if n := strings.Count(logs.String(), "panic of the take function"); n != 2 {
		t.Errorf("%d panics were logged: %s", n, logs)
	}
}

// Middleware that recovers from panics would answer, and Janus would not repeat the
// batch.
func TestPanicOfTakeBehindMiddleware(t *testing.T) {
	taker := newTaker(func(context.Context, []eventhandler.Event) error { panic("by the test") })
	opts, logs := logging(eventhandler.Options{})
	handler := eventhandler.New(taker.take, opts)
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		handler.ServeHTTP(w, r)
	}))
	if status, err := post(t, server.URL, custom("e", 1)); !errors.Is(err, io.EOF) {
		t.Errorf("status %d, error %v; want the connection to end", status, err)
	}
	if !strings.Contains(logs.String(), "level=ERROR") || !strings.Contains(logs.String(), "by the test") || !strings.Contains(logs.String(), "post_test.go") {
		t.Errorf("the log is %q", logs)
	}
}

// A body that stops arriving ends with the time of its batch. A batch that has arrived
// is not affected, nor is the next one on its connection.
func TestStalledBody(t *testing.T) {
	var leave chan struct{}
	var taker *taker
	inBubble(t, func() http.Handler {
		leave = make(chan struct{})
		taker = newTaker(func(_ context.Context, events []eventhandler.Event) error {
			if events[0].Emitter == "slow" {
				<-leave
			}
			return nil
		})
		handler := eventhandler.New(taker.take, nil)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handler.ServeHTTP(w, r)
			if err := r.Context().Err(); err != nil {
				t.Errorf("the context of a request that was answered: %v", err)
			}
		})
	}, func(t *testing.T, transport *http.Transport) {
		conn, err := transport.DialContext(t.Context(), "tcp", "janus:80")
		if err != nil {
			t.Fatal(err)
		}
		send := func(body string, length int) {
			t.Helper()
			if _, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", length, body); err != nil {
				t.Fatal(err)
			}
		}
		slow := custom("slow", 0)
		send(slow, len(slow))
		time.Sleep(9 * time.Second)
		close(leave)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("the slow batch: %v, %v", response, err)
		}
		start := time.Now()
		send("[{", 1000)
		if answer, err := io.ReadAll(conn); len(answer) > 0 || err != nil {
			t.Errorf("the answer is %q, %v", answer, err)
		}
		if waited := time.Since(start); waited != 8*time.Second {
			t.Errorf("the connection has ended after %v, want 8 s", waited)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	if taker.Calls() != 1 {
		t.Error("half a batch was taken")
	}
}

// Any value of MaxBody is usable.
func TestMaxBodyWithoutALimit(t *testing.T) {
	for _, limit := range []int64{-1, math.MinInt64, math.MaxInt64 - 1, math.MaxInt64} {
		taker := newTaker(nil)
		server := serve(t, eventhandler.New(taker.take, &eventhandler.Options{MaxBody: limit}))
		for number, compress := range []bool{false, true} {
			poster := &janustest.EventPoster{URL: server.URL, Compress: compress, Retransmissions: -1}
			if err := poster.Post(t.Context(), custom("e", number)); err != nil {
				t.Errorf("with MaxBody %d: %v", limit, err)
			}
		}
		socket := newSocket(t, wsURL(server))
		if err := socket.Send(testutil.Context(t), custom("e", 2)); err != nil {
			t.Fatal(err)
		}
		taker.AwaitCount(t, 3)
		if got := taker.Schemas(); !slices.Equal(got, numbers(3)) {
			t.Errorf("with MaxBody %d, got %v", limit, got)
		}
	}
}

// The password and the token are in no printed value.
func TestSecretsAreNotShown(t *testing.T) {
	opts := eventhandler.Options{User: "janus", Password: "HushPassword", Token: "HushToken"}
	handler := eventhandler.New(newTaker(nil).take, &opts)
	logs := testutil.NewLogs()
	logs.Logger(slog.LevelInfo).Info("shown", "options", opts, "pointer", &opts, "handler", handler)
	raw, err := json.Marshal(opts)
	if err != nil {
		t.Fatal(err)
	}
	shown := logs.String() + string(raw)
	for _, v := range []any{opts, &opts, handler} {
		shown += fmt.Sprintf("%v %+v %#v %s", v, v, v, v)
	}
	if i := strings.Index(shown, "Hush"); i >= 0 {
		t.Errorf("shown: …%s…", shown[max(0, i-200):min(len(shown), i+50)])
	}
	if !strings.Contains(shown, "User:janus") {
		t.Errorf("the test sees nothing: %s", shown)
	}
}

// Emitters that post at the same time, whose batches are refused, whose answers
// are lost and whose connections are cut: each event arrives once, in order.
func TestEveryEventOnceAndInOrder(t *testing.T) {
	const emitters, batches, size = 8, 10, 100
	var mu sync.Mutex
	attempts := map[string]int{}
	taker := newTaker(func(_ context.Context, events []eventhandler.Event) error {
		mu.Lock()
		defer mu.Unlock()
		batch := events[0].Emitter + events[0].Body.(*eventhandler.CustomEvent).Schema
		if attempts[batch]++; attempts[batch] < len(batch)%3 {
			return errRefused
		}
		return nil
	})
	handler := eventhandler.New(taker.take, nil)
	var requests atomic.Int64
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		if requests.Add(1)%4 == 0 { // taken, but the answer is lost
			panic(http.ErrAbortHandler)
		}
	}))
	var group sync.WaitGroup
	for i := range emitters {
		group.Go(func() {
			poster := &janustest.EventPoster{URL: server.URL, Backoff: time.Microsecond, Retransmissions: 100}
			if err := poster.Post(t.Context(), customs(fmt.Sprintf("emitter%d", i), batches*size)...); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got := map[string][]string{}
	for _, event := range taker.Events() {
		got[event.Emitter] = append(got[event.Emitter], event.Body.(*eventhandler.CustomEvent).Schema)
	}
	for i := range emitters {
		name := fmt.Sprintf("emitter%d", i)
		if !slices.Equal(got[name], numbers(batches*size)) {
			t.Errorf("of %s %d events arrived, want %d in order", name, len(got[name]), batches*size)
		}
	}
}
