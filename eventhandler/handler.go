package eventhandler

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// takeTimeout is how long a batch may take from its arrival until the take
// function returns. Janus waits for 10 s.
const takeTimeout = 8 * time.Second

const (
	defaultMaxBody  = 16 << 20
	defaultRetryFor = time.Minute
)

// Options are the options of New. The zero value is usable, but accepts events
// from everybody.
type Options struct {
	// User and Password are what requests must carry by HTTP's Basic
	// authentication: backend_user and backend_pwd of sampleevh. Janus sends them
	// only if both are set, so neither should be empty.
	User     string
	Password string `json:"-"`

	// Token, if set, admits requests whose URL has it as the parameter "token", as
	// in ws://example.com/events?token=SECRET. wsevh has no other way to
	// authenticate itself. If User or Password is set too, either of the two is
	// enough.
	Token string `json:"-"`

	// MaxBody is the maximum size of a batch in bytes, before and after
	// decompression. Larger batches are lost. The default is 16 MiB, far more
	// than 100 events with an SDP each. If it is negative, there is no limit.
	MaxBody int64

	// RetryFor is how long a batch that arrived over a websocket and was refused
	// is tried again before the connection is closed and the batch is lost. The
	// default is one minute. If it is negative, batches are not tried again.
	// Batches that were posted are repeated by Janus instead.
	RetryFor time.Duration

	// Logger receives warnings about requests and batches that were refused.
	// Nothing is logged if it is nil, except panics of take, which are then
	// logged by slog.Default().
	Logger *slog.Logger
}

// String returns the options without the password and the token.
func (o Options) String() string {
	return fmt.Sprintf("{User:%s MaxBody:%d RetryFor:%v}", o.User, o.MaxBody, o.RetryFor)
}

// GoString returns the options without the password and the token.
func (o Options) GoString() string { return "eventhandler.Options" + o.String() }

// Handler is an http.Handler that receives events from Janus. See New.
type Handler struct {
	take     func(ctx context.Context, events []Event) error
	opts     Options
	log      *slog.Logger
	emitters emitters

	closing  context.Context // ends when Shutdown is called
	close    context.CancelFunc
	ended    context.Context // ends when Shutdown gives up
	end      context.CancelFunc
	requests sync.WaitGroup // calls of ServeHTTP

	mu sync.Mutex // guards requests.Add against the end of closing
}

// New returns a Handler that passes events to take. opts may be nil.
//
// The Handler calls take with one batch at a time for each Emitter, in the order
// in which Janus sent them, and concurrently for different emitters. Servers
// whose configuration has no server_name share an Emitter. A batch has at least
// one event. take may keep the events.
//
// If take returns nil, the batch is done, and if Janus repeats it, it is dropped.
// If take returns an error or panics, a posted batch is not answered, so that Janus
// repeats it; one from a websocket is tried again for Options.RetryFor. See the
// package's documentation for how often, and for what is lost after that. The
// context of take ends 8 seconds after the batch has arrived, because Janus
// repeats batches that are not answered within 10 seconds, or when Shutdown gives
// up. It has the values of the request's context.
func New(take func(ctx context.Context, events []Event) error, opts *Options) *Handler {
	h := &Handler{take: take}
	if opts != nil {
		h.opts = *opts
	}
	h.opts.MaxBody = cmp.Or(h.opts.MaxBody, defaultMaxBody)
	if h.opts.MaxBody < 0 {
		h.opts.MaxBody = math.MaxInt64
	}
	h.opts.MaxBody = min(h.opts.MaxBody, math.MaxInt64-1) // one more is read
	h.opts.RetryFor = cmp.Or(h.opts.RetryFor, defaultRetryFor)
	h.log = h.opts.Logger
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.closing, h.close = context.WithCancel(context.Background())
	h.ended, h.end = context.WithCancel(context.Background())
	return h
}

// String returns the name of the type.
func (h *Handler) String() string { return "eventhandler.Handler" }

// GoString returns the same as String.
func (h *Handler) GoString() string { return h.String() }

// ServeHTTP receives a batch that sampleevh posts, or upgrades the connection for
// wsevh. It panics with http.ErrAbortHandler to make Janus repeat a batch.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		panic(http.ErrAbortHandler)
	}
	defer h.requests.Done()
	if !h.authorized(r) {
		h.log.Warn("eventhandler: request without valid credentials", "remote", r.RemoteAddr)
		w.Header().Set("WWW-Authenticate", `Basic realm="Janus events", charset="UTF-8"`)
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		h.serveWebsocket(w, r)
		return
	}
	h.servePost(w, r)
}

// enter counts a request, unless Shutdown was called.
func (h *Handler) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing.Err() != nil {
		return false
	}
	h.requests.Add(1)
	return true
}

// authorized reports whether a request has the credentials that it needs.
func (h *Handler) authorized(r *http.Request) bool {
	basic := h.opts.User != "" || h.opts.Password != ""
	if !basic && h.opts.Token == "" {
		return true
	}
	user, password, _ := r.BasicAuth()
	hasBasic := same(user, h.opts.User) & same(password, h.opts.Password)
	return basic && hasBasic == 1 || h.hasToken(r)
}

// hasToken reports whether the URL of a request has the token. It has not if there is
// none.
func (h *Handler) hasToken(r *http.Request) bool {
	return same(r.URL.Query().Get("token"), h.opts.Token) == 1 && h.opts.Token != ""
}

// same returns 1 if a and b are equal. How long it takes depends only on their
// lengths.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// deliver passes a batch to take, unless it was taken before. It waits until the
// batches that came before it from the same emitter are done. deadline is when
// the context of take ends.
func (h *Handler) deliver(ctx context.Context, deadline time.Time, body []byte, events []Event) error {
	ctx, cancel := h.takeContext(ctx, deadline)
	defer cancel()
	e := h.emitters.acquire(events[0].Emitter)
	defer h.emitters.release(e)
	if err := e.lock(ctx); err != nil {
		return err
	}
	defer e.unlock()
	return h.offer(ctx, e, body, events)
}

// takeContext returns a context with the values of ctx that ends with deadline or
// when Shutdown gives up. It does not end with the connection: Janus may not
// repeat the batch.
func (h *Handler) takeContext(ctx context.Context, deadline time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	stop := context.AfterFunc(h.ended, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// offer passes a batch to take, unless it was taken before. The caller holds the
// lock of its emitter.
func (h *Handler) offer(ctx context.Context, e *emitter, body []byte, events []Event) error {
	sum := sha256.Sum256(body)
	if e.taken(sum) {
		h.log.Debug("eventhandler: repeated batch dropped", "emitter", events[0].Emitter, "events", len(events))
		return nil
	}
	if err := h.callTake(ctx, events); err != nil {
		return err
	}
	e.remember(sum)
	return nil
}

// callTake calls take. A panic becomes an error: middleware that recovers from it
// would answer the request, and Janus would not repeat the batch.
func (h *Handler) callTake(ctx context.Context, events []Event) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err = errPanic
		cmp.Or(h.opts.Logger, slog.Default()).Error("eventhandler: panic of the take function",
			"panic", p, "stack", string(debug.Stack()))
	}()
	return h.take(ctx, events)
}

var errPanic = errors.New("the take function panicked")

// Shutdown makes the Handler refuse new requests, closes its websockets, and
// waits for the batches that are being taken. If ctx ends first, it ends the
// contexts of their take functions and returns the error of ctx without waiting
// any longer. Batches that are posted meanwhile or later are not answered, so
// that Janus repeats them.
//
// http.Server.Shutdown does not close websockets: call it after Shutdown of the
// Handler. Shutdown may be called several times, also concurrently; each call
// waits.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.close()
	h.mu.Unlock()
	done := make(chan struct{})
	go func() {
		h.requests.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		h.end()
		return ctx.Err()
	}
}
