package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/eventhandler"
)

// server is one Janus: what is known about it, and the tasks that find it out.
type server struct {
	name     string // by which pages know it
	adminURL string
	secret   string
	apiURL   string // of the Janus API; may be empty
	interval time.Duration
	log      *slog.Logger

	state  *state
	stream *stream

	// The receiver of its events: the path is its own, so that events say which
	// server they are of.
	receiver *eventhandler.Handler
	path     string
	password string
	tweak    func(ctx context.Context, client *admin.Client) // sets the event handler of Janus
	tweaked  bool                                            // it is set; belongs to the goroutine of run

	counting sync.Mutex // guards count and counted
	count    serverStatus
	counted  time.Time

	mu          sync.Mutex // guards the fields below
	client      *admin.Client
	title       string
	version     string
	up          bool
	failure     string
	api         *apiStatus
	eventCount  uint64
	eventsOfRun uint64 // since it was last found to be away
	lastEvent   int64  // Unix ms
	watches     map[ids]*watch
	shown       map[*page][]ids
}

// eventUser is the user name that Janus sends its events with.
const eventUser = "janus"

// requestTimeout is how long the Admin API may take to answer before the server counts
// as away.
const requestTimeout = 5 * time.Second

// newServer returns a server whose tasks do not run yet. path and password are those
// of its events; if the password is empty it has a random one.
func newServer(name, adminURL, secret, path, password string, stream *stream, log *slog.Logger) *server {
	if password == "" {
		password = rand.Text()
	}
	s := &server{
		name: name, adminURL: adminURL, secret: secret, interval: time.Second, log: log,
		state: newState(), stream: stream,
		path: path, password: password,
		tweak:   func(context.Context, *admin.Client) {},
		watches: make(map[ids]*watch), shown: make(map[*page][]ids),
	}
	s.receiver = eventhandler.New(s.take, &eventhandler.Options{
		User: eventUser, Password: password, Token: password, Logger: log.With("server", name),
	})
	return s
}

// take takes events of the server.
func (s *server) take(_ context.Context, events []eventhandler.Event) error {
	now := time.Now().UnixMilli()
	for i := range events {
		s.state.apply(&events[i], now)
		s.stream.add(s.name, &events[i])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eventCount += uint64(len(events))
	s.eventsOfRun += uint64(len(events))
	s.lastEvent = now
	return nil
}

// connected returns the client, after the first connection has been made.
func (s *server) connected(ctx context.Context) (*admin.Client, error) {
	if client := s.current(); client != nil {
		return client, nil
	}
	client, err := admin.Dial(ctx, s.adminURL, &admin.Options{Secret: s.secret, RequestTimeout: requestTimeout, Logger: s.log})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = client
	return client, nil
}

// current returns the client, or nil before the first connection.
func (s *server) current() *admin.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client
}

// close ends the connection.
func (s *server) close() {
	if client := s.current(); client != nil {
		_ = client.Close() // the program ends
	}
}

// errNotConnected is the error of requests before the first connection.
var errNotConnected = errors.New("there is no connection to the Admin API yet")

// act carries out one of the actions of a page.
func (s *server) act(ctx context.Context, action string, id ids) error {
	client := s.current()
	if client == nil {
		return errNotConnected
	}
	switch action {
	case "hangup":
		return client.HangupWebRTC(ctx, id.session, id.handle)
	case "detach":
		return client.DetachHandle(ctx, id.session, id.handle)
	default:
		return client.DestroySession(ctx, id.session)
	}
}

// isGone reports whether an error says that there is no such session or handle.
func isGone(err error) bool {
	return errors.Is(err, janus.ErrorSessionNotFound) || errors.Is(err, janus.ErrorHandleNotFound)
}

// setUp notes that the Admin API answers, and reports whether it did not before.
func (s *server) setUp() (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed = !s.up
	if changed {
		s.up, s.failure = true, ""
	}
	return changed
}

// setDown notes that the Admin API does not answer.
func (s *server) setDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up {
		s.eventsOfRun = 0 // those of a Janus that starts come before it answers
	}
	s.up, s.failure = false, err.Error()
}

// hasEvents reports whether events come.
func (s *server) hasEvents() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.eventsOfRun > 0
}

// quietFor returns how long no event has come.
func (s *server) quietFor() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(time.UnixMilli(s.lastEvent))
}

// setInfo notes what the server says about itself.
func (s *server) setInfo(info *janus.InfoMsg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.title, s.version = short(info.ServerName), short(info.VersionString)
}

// show notes which handles a page shows; none when it is closed.
func (s *server) show(p *page, shown []ids) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(shown) == 0 {
		delete(s.shown, p)
		return
	}
	s.shown[p] = shown
}

// visible returns the handles that pages show.
func (s *server) visible() []ids {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []ids
	for _, shown := range s.shown {
		all = append(all, shown...)
	}
	return all
}
