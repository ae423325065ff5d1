//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"nhooyr.io/websocket"
)

const (
	// maxPages is how many pages may be connected.
	maxPages = 100

	// maxLook is how large a message of a page may be, in bytes.
	maxLook = 1 << 20

	// maxCollapsed is how many sessions a page may have collapsed.
	maxCollapsed = 10_000

	// maxTypes is how many types of events a page may choose. There are fewer.
	maxTypes = 32

	// writeTimeout is how long a page may take to receive a message. A page that is
	// slower than the messages gets fewer of them; one that takes longer is cut.
	writeTimeout = 10 * time.Second

	// slowPeriod is how often a page gets the servers and the handle that is open, and
	// the tree while there is a search. It gets the tree and the events otherwise
	// fastFactor times as often.
	slowPeriod = time.Second
	fastFactor = 4

	// heartbeat is how often, in periods, a page gets the servers although nothing has
	// changed, so that it can notice when the connection is lost.
	heartbeat = 5
)

// look says what a page wants to see. It is the only message of pages.
type look struct {
	Type      string     `json:"type"` // "look"
	Server    string     `json:"server"`
	Search    string     `json:"search"`
	Offset    int        `json:"offset"`
	Limit     int        `json:"limit"`
	Collapsed []lookedAt `json:"collapsed"`
	Open      *lookedAt  `json:"open"`
	Events    *struct {
		Server string   `json:"server"`
		Types  []string `json:"types"` // nil: all
		Search string   `json:"search"`
	} `json:"events"`
}

// lookedAt names a session or a handle.
type lookedAt struct {
	Server  string `json:"server"`
	Session string `json:"session"`
	Handle  string `json:"handle"`
}

// ids returns the ids; handle is 0 if it is empty.
func (l *lookedAt) ids() (id ids, err error) {
	if id.session, err = strconv.ParseUint(l.Session, 10, 64); err != nil || id.session == 0 {
		return ids{}, fmt.Errorf("%q is not the id of a session", cut(l.Session, 20))
	}
	if l.Handle == "" {
		return id, nil
	}
	if id.handle, err = strconv.ParseUint(l.Handle, 10, 64); err != nil || id.handle == 0 {
		return ids{}, fmt.Errorf("%q is not the id of a handle", cut(l.Handle, 20))
	}
	return id, nil
}

// isServer reports whether a server is the one that a page has chosen.
func isServer(chosen, name string) bool { return chosen == "" || chosen == "all" || chosen == name }

// page is a connection of a browser. All but looks belongs to the goroutine of run.
type page struct {
	monitor *monitor
	conn    *websocket.Conn
	looks   chan []byte // in JSON, from the goroutine that reads

	seen bool // a look has arrived
	look look
	view view

	open     *watch // nil if no handle is open
	server   *server
	sent     sent
	last     handleMessage // about the handle
	informed bool          // what Janus says about the handle has been sent

	filter  *filter // nil: no events
	next    uint64  // the number of the next event
	replace bool    // of the next events

	servers, tree                             message
	serversSent, treeSent, handleSent, evSent time.Time
	beat                                      time.Time // when the servers were sent in any case
}

// message is one that is sent only if it has changed.
type message struct{ last []byte }

// serveSocket serves the websocket of a page until it ends.
func (m *monitor) serveSocket(w http.ResponseWriter, r *http.Request) {
	select {
	case m.pages <- struct{}{}:
		defer func() { <-m.pages }()
	default:
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	conn, err := websocket.Accept(w, r, nil) // which refuses other origins
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }() // it has ended
	conn.SetReadLimit(maxLook)
	ctx, cancel := context.WithCancel(m.ctx)
	defer cancel()
	p := &page{monitor: m, conn: conn, looks: make(chan []byte)}
	go func() {
		defer cancel()
		p.read(ctx)
	}()
	defer p.close()
	_ = p.run(ctx) // the page has gone, or is too slow
}

// read reads what the page wants to see, until the connection or ctx ends.
func (p *page) read(ctx context.Context) {
	for {
		_, text, err := p.conn.Read(ctx)
		if err != nil {
			return
		}
		select {
		case p.looks <- text:
		case <-ctx.Done():
			return
		}
	}
}

// run sends what the page wants to see, until sending fails or ctx ends.
func (p *page) run(ctx context.Context) error {
	now := time.Now().UnixMilli()
	beat := heartbeat * p.monitor.period
	if err := p.send(ctx, hello{Type: "hello", Points: points, Events: maxEvents, Now: now, Heartbeat: beat.Milliseconds()}); err != nil {
		return err
	}
	ticker := time.NewTicker(p.monitor.period / fastFactor / 2)
	defer ticker.Stop()
	for {
		if err := p.update(ctx, time.Now()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case text := <-p.looks:
			if err := p.setLook(text); err != nil {
				if err := p.send(ctx, errorMessage{"error", err.Error()}); err != nil {
					return err
				}
			}
		}
	}
}

// close ends what the page has begun.
func (p *page) close() {
	p.setOpen(nil, ids{})
	for _, s := range p.monitor.servers {
		s.show(p, nil)
	}
}

var (
	// errLook is the error of messages that are no look.
	errLook = errors.New("the message is not a look")

	errNoHandle = errors.New("the handle is missing")
)

// setLook notes what the page wants to see. If it returns an error nothing has
// changed.
func (p *page) setLook(text []byte) error {
	var l look
	if err := json.Unmarshal(text, &l); err != nil || l.Type != "look" {
		return errLook
	}
	if len(l.Collapsed) > maxCollapsed {
		return fmt.Errorf("more than %d sessions are collapsed", maxCollapsed)
	}
	collapsed, err := parseCollapsed(l.Collapsed)
	if err != nil {
		return err
	}
	var server *server
	var open ids
	if l.Open != nil {
		if server = p.monitor.server(l.Open.Server); server == nil {
			return fmt.Errorf("there is no server %q", cut(l.Open.Server, maxText))
		}
		if open, err = l.Open.ids(); err != nil {
			return err
		}
		if open.handle == 0 {
			return errNoHandle
		}
	}
	if l.Events != nil && len(l.Events.Types) > maxTypes {
		return fmt.Errorf("more than %d types of events are chosen", maxTypes)
	}
	p.setOpen(server, open)
	p.setFilter(l)
	l.Offset, l.Limit = max(0, l.Offset), min(max(0, l.Limit), maxRows)
	l.Collapsed = nil
	p.seen, p.look, p.view = true, l, view{search: parseWords(l.Search), collapsed: collapsed}
	p.tree, p.treeSent = message{}, time.Time{}
	return nil
}

// parseCollapsed returns the sessions by server.
func parseCollapsed(list []lookedAt) (map[string]map[uint64]bool, error) {
	collapsed := make(map[string]map[uint64]bool)
	for _, at := range list {
		id, err := at.ids()
		if err != nil {
			return nil, err
		}
		if collapsed[at.Server] == nil {
			collapsed[at.Server] = make(map[uint64]bool)
		}
		collapsed[at.Server][id.session] = true
	}
	return collapsed, nil
}

// setOpen opens a handle, or none if server is nil.
func (p *page) setOpen(server *server, id ids) {
	if p.open != nil && p.server == server && p.open.id == id {
		return
	}
	if p.open != nil {
		p.server.unwatch(p.open)
		p.open = nil
	}
	p.server, p.sent, p.last, p.informed, p.handleSent = server, nil, handleMessage{}, false, time.Time{}
	if server != nil {
		p.open = server.watch(p.monitor.ctx, id)
	}
}

// setFilter notes which events the page wants.
func (p *page) setFilter(l look) {
	if l.Events == nil {
		p.filter = nil
		return
	}
	wanted := &filter{server: l.Events.Server, types: l.Events.Types, search: parseWords(l.Events.Search)}
	if p.filter != nil && p.filter.equal(wanted) {
		return
	}
	p.filter, p.next, p.replace, p.evSent = wanted, 0, true, time.Time{}
}

func (f *filter) equal(g *filter) bool {
	return f.server == g.server && slices.Equal(f.search, g.search) &&
		(f.types == nil) == (g.types == nil) && slices.Equal(f.types, g.types)
}

// due reports whether something that was sent at last is to be sent again, and notes
// that it is.
func due(last *time.Time, now time.Time, period time.Duration) bool {
	if now.Sub(*last) < period {
		return false
	}
	*last = now
	return true
}

// update sends what has changed.
func (p *page) update(ctx context.Context, now time.Time) error {
	slow := p.monitor.period
	if due(&p.serversSent, now, slow) {
		if due(&p.beat, now, heartbeat*slow) {
			p.servers = message{} // send it again
		}
		if err := p.sendServers(ctx, now); err != nil {
			return err
		}
	}
	if !p.seen {
		return nil
	}
	tree := slow / fastFactor
	if len(p.view.search) > 0 {
		tree = slow
	}
	if due(&p.treeSent, now, tree) {
		if err := p.sendTree(ctx); err != nil {
			return err
		}
	}
	handle := slow
	if !p.informed {
		handle = slow / fastFactor
	}
	if p.open != nil && due(&p.handleSent, now, handle) {
		if err := p.sendHandle(ctx); err != nil {
			return err
		}
	}
	if p.filter != nil && due(&p.evSent, now, slow/fastFactor) {
		return p.sendEvents(ctx)
	}
	return nil
}

func (p *page) sendServers(ctx context.Context, now time.Time) error {
	m := serversMessage{Type: "servers"}
	for _, s := range p.monitor.servers {
		m.Servers = append(m.Servers, s.status(now, p.monitor.period/2))
	}
	return p.sendChanged(ctx, &p.servers, m)
}

func (p *page) sendTree(ctx context.Context) error {
	w := window{offset: p.look.Offset, limit: p.look.Limit}
	for _, s := range p.monitor.servers {
		if isServer(p.look.Server, s.name) {
			before := len(w.shown)
			s.state.tree(s.name, &p.view, &w)
			s.show(p, w.shown[before:])
		} else {
			s.show(p, nil)
		}
	}
	m := treeMessage{Type: "tree", Total: w.total, Offset: w.offset, Rows: w.rows}
	if m.Rows == nil {
		m.Rows = []row{}
	}
	return p.sendChanged(ctx, &p.tree, m)
}

func (p *page) sendHandle(ctx context.Context) error {
	m, sent := p.open.message(p.server, p.sent)
	if m.Gone && p.last.Type != "" {
		m.keep(&p.last)
	}
	p.sent, p.last, p.informed = sent, m, m.Updated != nil || m.Gone
	return p.send(ctx, m)
}

func (p *page) sendEvents(ctx context.Context) error {
	events, skipped, next := p.monitor.stream.since(p.next, p.filter)
	p.next = next
	m := eventsMessage{Type: "events", Replace: p.replace, Skipped: skipped, Events: events}
	if len(events) == 0 && !p.replace {
		return nil
	}
	if m.Events == nil {
		m.Events = []entry{}
	}
	p.replace = false
	return p.send(ctx, m)
}

// sendChanged sends a message unless it is the same as the last one of its kind.
func (p *page) sendChanged(ctx context.Context, kind *message, m any) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if bytes.Equal(text, kind.last) {
		return nil
	}
	kind.last = text
	return p.write(ctx, text)
}

func (p *page) send(ctx context.Context, m any) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return p.write(ctx, text)
}

func (p *page) write(ctx context.Context, text []byte) error {
	ctx, cancel := context.WithTimeout(ctx, p.monitor.patience)
	defer cancel()
	return p.conn.Write(ctx, websocket.MessageText, text)
}
