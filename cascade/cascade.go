package cascade

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/backoff"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// Options are the options of New. A duration or number that is not positive selects
// its default.
type Options struct {
	// Name is the name of the cascade. A controller owns the remote publishers
	// and remotizations that were made under this name, also by another process,
	// and touches no others. Default: "janus-go".
	Name string

	// Room is the room, which is created on servers that do not have it.
	// Room.Room is required; whether it is a number or a string must agree with
	// string_ids of the plugin's configuration. Rooms that exist are used as they
	// are. Janus counts remote publishers too where it compares with
	// Room.Publishers: it must be large enough for the publishers of all servers.
	// If it is nil, rooms are created with 10,000.
	Room videoroom.Create

	// Watcher has the fields with which the controller joins the room on servers
	// with an Attach, such as a Token. The other participants see it as one that
	// publishes nothing. Its Room is that of Options.Room, and so is its PIN if it
	// has none. An ID should not be set: two watchers overlap for a moment.
	Watcher videoroom.JoinPublisher

	// Host returns the address to which one server sends media for another, for
	// networks where it depends on both. It must not block. Default: Server.Host.
	Host func(from, to string) string

	// SRTP says whether media between servers is encrypted. Data channels never
	// are. The default is to do so between servers that are 1.3.0 or newer.
	SRTP SRTPMode

	// Secret is what the SRTP keys are derived from. Controllers with the same secret
	// can continue links of each other; without it, an encrypted link of another
	// process is replaced when its publisher adds streams. Default: a random one.
	Secret []byte

	// Streams, if not nil, returns the streams of a publisher, completed with what
	// Janus reports only to the publisher: the ids of the header extensions.
	// Without them, there are no talking events, no video orientation and no
	// playout delay on other servers. They are in videoroom.Configured since
	// 1.3.2. It must not block, and must not change the publisher.
	Streams func(server string, p videoroom.Publisher) []videoroom.Stream

	// Interval is the time between two passes if nothing happens. Default: 5 s.
	Interval time.Duration

	// Resync is how long a watcher stays in the room before another one replaces
	// it, in case it has missed an event. Default: 1 minute.
	Resync time.Duration

	// DeadAfter is how long a server may be out of reach before its publishers
	// are removed from the other servers. If Janus was restarted, they are removed
	// as soon as it is back. Default: 15 s.
	DeadAfter time.Duration

	// CallTimeout bounds each request. Default: 5 s.
	CallTimeout time.Duration

	// Concurrency is how many changes are made at a time, and how many requests
	// are under way to one server while it is listed. Default: 32.
	Concurrency int

	// Logger receives changes and failures. Default: nothing is logged.
	Logger *slog.Logger

	// The functions below are called for metrics. They may be nil and may be called
	// concurrently. They must not block, nor call Sync or RemoveServer, which wait
	// for the pass that the hook belongs to.

	Called     func(Call)   // after each request
	Changed    func(Change) // when a publisher is shown on a server or no longer is, or that failed
	Reconciled func(Pass)   // after each pass
}

// SRTPMode says whether media between servers is encrypted.
type SRTPMode int

// The values of SRTPMode.
const (
	SRTPAuto     SRTPMode = iota // between servers that are 1.3.0 or newer
	SRTPRequired                 // always; it is an error if a server is older
	SRTPOff
)

// withDefaults returns the options with their defaults.
func (o Options) withDefaults() Options {
	o.Name = cmp.Or(o.Name, "janus-go")
	if o.Room.Publishers == nil {
		many := 10_000
		o.Room.Publishers = &many
	}
	if len(o.Secret) == 0 {
		o.Secret = []byte(rand.Text())
	}
	o.Interval = orDefault(o.Interval, 5*time.Second)
	o.Resync = orDefault(o.Resync, time.Minute)
	o.DeadAfter = orDefault(o.DeadAfter, 15*time.Second)
	o.CallTimeout = orDefault(o.CallTimeout, 5*time.Second)
	o.Concurrency = orDefault(o.Concurrency, 32)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// orDefault returns n if it is positive, and otherwise the default.
func orDefault[T int | time.Duration](n, byDefault T) T {
	if n > 0 {
		return n
	}
	return byDefault
}

// Server is a Janus server of a cascade. It needs either an Attach, or both a
// Caller and Publishers.
type Server struct {
	// Name identifies the server. It must not change between runs. With
	// string_ids, it is part of the ids of the publishers that are shown on other
	// servers. The same server must not be added under two names.
	Name string

	// Host is the address to which other servers send media for this one, as
	// they reach it: an IP address, or a name that they resolve. It may be empty
	// if Options.Host is set.
	Host string

	// HostFamily, if not empty, is the family of the address that Host is
	// resolved to.
	HostFamily videoroom.HostFamily

	// Iface, if not empty, is the network interface or address on which the
	// server receives media of other servers. Default: all.
	Iface string

	// Attach returns a new handle that is attached to the VideoRoom plugin. It is
	// called when the last one has ended, and every Options.Resync, so that it
	// can use whatever session is up at the time. The controller reads the Events
	// of the handle and detaches it. Attach must return when ctx ends; until then,
	// no server is reconciled, and Run does not return. ctx is canceled after the
	// call, so do not dial a connection with it.
	Attach func(ctx context.Context) (*janus.Handle, error)

	// Caller sends the requests. Default: the handle of Attach. It may also be the
	// Plugin of an admin.Client, which needs no session. Its calls must
	// return when their ctx ends, as those of Attach must.
	Caller plugin.Caller

	// Publishers returns the publishers of the room with their streams, the
	// remote ones included. It replaces Attach for servers where the controller
	// must not join the room. It must return when ctx ends, as Attach must. See
	// Controller.Notify.
	Publishers func(ctx context.Context) ([]videoroom.Publisher, error)

	// Version is the version of Janus as in janus.InfoMsg.Version: 1102 is
	// 1.1.2. Default: with Attach, the controller asks the server; otherwise it
	// assumes 1.1.0, whose remote publishers have neither metadata nor SRTP.
	Version int

	// AdminKey is the admin_key of the plugin's configuration: needed to create
	// the room if one is configured, and to send media to other servers if
	// lock_rtp_forward is.
	AdminKey string
}

// member is a Server of a Controller.
type member struct {
	Server

	// The fields below are used by one listing of the server at a time, and by
	// changes between two listings.
	watcher *watcher
	version int
	made    time.Time               // when the room was made, if it was
	unheard map[plugin.ID]time.Time // publishers that the watcher has not heard of, since when

	mu      sync.Mutex         // guards all below
	leaving bool               // RemoveServer was called
	gone    bool               // it is no longer a member
	lost    bool               // events may have been lost, by Notify
	listing bool               // a listing is under way
	up      bool               // the last listing succeeded
	silent  bool               // a request got no answer since the last listing began
	since   time.Time          // up or down since
	err     error              // why the server is down
	number  int                // of the pass that the server was last listed in
	found   *listing           // by the last listing that succeeded
	stopped map[plugin.ID]bool // publishers that have stopped since the last pass that had the server
}

// Controller shows the publishers of a room on each server of a cascade in the
// room on all others. Its methods may be called concurrently.
type Controller struct {
	opts  Options
	names namer
	keys  keys
	woken chan struct{} // has a value if a pass is due

	// The fields below belong to Run.
	current map[string]*member
	tried   map[route]attempt
	held    map[route]*held
	number  int // of the pass
	running sync.WaitGroup

	mu      sync.Mutex // guards all below
	active  bool       // Run is running
	members map[string]*member
	links   map[string]*link // by nonce
	status  Status
	routes  map[route]*routeState
	passes  passes
}

// passes says how far Run has come.
type passes struct {
	begun, ended int
	whole        bool          // the last pass found nothing to do
	err          error         // of the last pass
	next         chan struct{} // closed at the end of the next pass
	calls        int           // of the pass that is under way
}

// New returns a controller without servers. Call Run to start it.
func New(opts Options) (*Controller, error) {
	opts = opts.withDefaults()
	if opts.Room.Room.IsZero() {
		return nil, errors.New("cascade: Options.Room has no Room")
	}
	_, numeric := opts.Room.Room.Uint64()
	return &Controller{
		opts: opts, names: namer{opts.Name, !numeric}, keys: keys{opts.Secret},
		woken: make(chan struct{}, 1), tried: make(map[route]attempt), held: make(map[route]*held),
		members: make(map[string]*member), links: make(map[string]*link),
		routes: make(map[route]*routeState), passes: passes{next: make(chan struct{})},
	}, nil
}

// AddServer adds a server, or replaces one of the same name. A RemoveServer that is
// waiting for the replaced one then returns an error. The controller uses the server
// from its next pass on.
func (c *Controller) AddServer(s Server) error {
	switch {
	case s.Name == "":
		return errors.New("cascade: a server without a name")
	case s.Attach == nil && (s.Caller == nil || s.Publishers == nil):
		return fmt.Errorf("cascade: server %q has neither Attach nor both Caller and Publishers", s.Name)
	}
	c.mu.Lock()
	c.members[s.Name] = &member{Server: s, since: time.Now(), up: true, stopped: make(map[plugin.ID]bool)}
	c.mu.Unlock()
	c.Wake()
	return nil
}

// RemoveServer drains a server: it is no longer shown the publishers of others,
// nor are its publishers shown on others. Its room and its own participants stay.
// RemoveServer waits until that is done and forgets the server then; if ctx ends
// before, the server is still being removed, and RemoveServer may be called
// again. If Run is not running, it waits until ctx ends.
//
// A server that does not answer is removed too, with an error: the remote
// publishers on it could not be removed. It returns no error if there is no such
// server.
func (c *Controller) RemoveServer(ctx context.Context, name string) error {
	c.mu.Lock()
	m := c.members[name]
	c.mu.Unlock()
	if m == nil {
		return nil
	}
	m.mu.Lock()
	m.leaving = true
	m.mu.Unlock()
	for {
		if err := c.nextPass(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		now := c.members[name]
		c.mu.Unlock()
		if now != nil && now != m {
			return fmt.Errorf("cascade: server %q was added again while it was being removed", name)
		}
		if !c.involved(name) {
			break
		}
	}
	c.mu.Lock()
	if c.members[name] == m {
		delete(c.members, name)
	}
	c.mu.Unlock()
	if err := c.nextPass(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.up {
		return fmt.Errorf("cascade: server %q was removed without an answer from it: %w", name, m.err)
	}
	return nil
}

// Wake makes Run look at all servers now. Call it when something may have
// changed. It does not block.
func (c *Controller) Wake() {
	select {
	case c.woken <- struct{}{}:
	default: // it is due already
	}
}

// Notify passes on a message about a server: one from Handle.Events or
// Session.Events, or a videoroom.Event, such as a *videoroom.Unpublished
// built from what an event handler has received. It does not block, and ignores
// messages that do not concern the cascade.
//
// For servers without an Attach, the controller needs to know who stops to
// publish: *videoroom.Unpublished, *videoroom.Left and *videoroom.Kicked. For the
// others, it needs *janus.ReclaimedMsg, because events may have been lost.
func (c *Controller) Notify(server string, msg any) {
	c.mu.Lock()
	m := c.members[server]
	c.mu.Unlock()
	if v := reflect.ValueOf(msg); m == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return
	}
	if _, reclaimed := msg.(*janus.ReclaimedMsg); reclaimed {
		m.lose()
		c.Wake()
		return
	}
	event, ok := msg.(videoroom.Event)
	if !ok {
		event, ok = videoroom.Parse(msg)
	}
	if !ok {
		return
	}
	if id := stops(event); !id.IsZero() && m.Attach == nil { // a watcher would have heard of it
		m.note(id)
	}
	c.Wake()
}

// Sync waits until each publisher is shown everywhere, and returns nil when a
// pass that began after the call has found nothing to do. It returns the error of
// a pass that failed. A server that is out of reach is such an error. If Run is not
// running, it waits until ctx ends.
func (c *Controller) Sync(ctx context.Context) error {
	for {
		if err := c.nextPass(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		whole, err := c.passes.whole, c.passes.err
		c.mu.Unlock()
		if whole || err != nil {
			return err
		}
	}
}

// nextPass waits for the end of a pass that begins after the call.
func (c *Controller) nextPass(ctx context.Context) error {
	c.mu.Lock()
	number := c.passes.begun + 1
	c.mu.Unlock()
	c.Wake()
	for {
		c.mu.Lock()
		ended, next := c.passes.ended, c.passes.next
		c.mu.Unlock()
		if ended >= number {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// How long Run waits before a pass.
const (
	gather    = 50 * time.Millisecond  // for more events after the first
	soon      = 200 * time.Millisecond // if the last pass has changed something
	minRepeat = 100 * time.Millisecond // if the last pass has failed, and longer each time
)

// Run shows the publishers of all servers on each other until ctx ends, and
// returns the error of ctx. What it has made stays: media continues, and the next
// controller of the same name takes over. It may be called again, but only one at
// a time.
func (c *Controller) Run(ctx context.Context) error {
	c.mu.Lock()
	active := c.active
	c.active = true
	c.mu.Unlock()
	if active {
		return errors.New("cascade: Run is running already")
	}
	defer c.end()
	repeat := backoff.Backoff{Min: minRepeat, Max: max(minRepeat, c.opts.Interval)}
	for {
		whole, err := c.pass(ctx)
		wait := c.opts.Interval
		switch {
		case err != nil:
			wait = min(wait, minRepeat/2+repeat.Next())
		case whole:
			repeat.Reset()
		default:
			wait = min(wait, soon)
		}
		if err := c.rest(ctx, wait); err != nil {
			return err
		}
	}
}

// rest waits until the next pass is due.
func (c *Controller) rest(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	case <-c.woken:
	}
	timer.Reset(gather)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// end ends Run.
func (c *Controller) end() {
	c.running.Wait()
	for _, m := range c.current {
		c.release(m)
	}
	c.current = nil
	c.running.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active = false
}

// release stops the watcher of a server.
func (c *Controller) release(m *member) {
	w := m.watcher
	m.watcher = nil
	if w == nil {
		return
	}
	c.running.Go(func() { c.detach(w.handle) })
}

// detach detaches a handle, also if Run is ending. If it fails, the session of the
// handle has ended or will.
func (c *Controller) detach(handle *janus.Handle) {
	if handle.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.opts.CallTimeout)
	defer cancel()
	_, _ = handle.Detach(ctx, "")
}

// take makes the members those of the next pass.
func (c *Controller) take() {
	c.mu.Lock()
	before := c.current
	c.current = maps.Clone(c.members)
	c.number++
	c.passes.begun++
	c.passes.calls = 0
	c.mu.Unlock()
	for name, m := range before {
		if c.current[name] != m && m.dismiss() {
			c.release(m)
		}
	}
}

// sortedMembers returns the members of the pass, by name.
func (c *Controller) sortedMembers() []*member {
	return slices.SortedFunc(maps.Values(c.current), func(a, b *member) int { return cmp.Compare(a.Name, b.Name) })
}
