package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/supervisor"
)

// settings are what the flags say.
type settings struct {
	URLs      []string // of Janus servers
	APISecret string   // of Janus
	Room      plugin.ID
	Capacity  int           // participants of a room
	STUN      []string      // host:port
	Operator  string        // the operator's password
	ResumeFor time.Duration // how long a participant without a socket is kept
	Log       *slog.Logger
}

// conference has the participants of all rooms. It passes messages between their
// browsers, and keeps a session and a room on Janus.
type conference struct {
	settings
	secret, pin string // of the room
	janus       *supervisor.Supervisor[*backend]
	created     atomic.Bool // whether this program made the room

	participants, sockets sync.WaitGroup // their goroutines

	mu        sync.Mutex
	closed    bool
	seats     map[plugin.ID]int            // participants of each room, and those who are joining it
	rooms     map[plugin.ID][]*participant // those who have joined, in that order
	tokens    map[string]*participant      // the same by their tokens
	browsers  map[*browser]bool            // all sockets
	operators map[*browser]bool            // those of operators
}

func newConference(s settings) *conference {
	c := &conference{
		settings: s,
		// Without them, others could join the room in another way, or manage it. The
		// same password makes the same ones, so that the room can be used again after a
		// crash of this program.
		secret:    derive("secret", s.Operator),
		pin:       derive("pin", s.Operator),
		seats:     make(map[plugin.ID]int),
		rooms:     make(map[plugin.ID][]*participant),
		tokens:    make(map[string]*participant),
		browsers:  make(map[*browser]bool),
		operators: make(map[*browser]bool),
	}
	c.janus = supervisor.New(c.up, &supervisor.Options{
		URLs: s.URLs,
		Dial: &janus.DialOptions{
			APISecret:    s.APISecret,
			PingInterval: 5 * time.Second, // a Janus that hangs is noticed soon
			PongTimeout:  5 * time.Second,
		},
		MinDelay: 200 * time.Millisecond,
		MaxDelay: 2 * time.Second,
		Logger:   s.Log,
	})
	return c
}

// derive makes a secret of the operator's password.
func derive(purpose, password string) string {
	sum := sha256.Sum256([]byte("conference " + purpose + " " + password))
	return hex.EncodeToString(sum[:16])
}

// open adds a socket, or returns the message that says why it does not. The caller
// calls sockets.Done when the socket has ended.
func (c *conference) open(b *browser) (refusal any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return theEnd
	case len(c.browsers) >= 2*c.Capacity+32:
		return problemOf(errTooMany, "join")
	}
	c.browsers[b] = true
	c.sockets.Add(1)
	return nil
}

// theEnd tells a browser that the program ends.
var theEnd = noticeMessage{Type: "ended", Reason: closed, Message: "The conference has been closed."}

// gone removes a socket.
func (c *conference) gone(b *browser) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.browsers, b)
	delete(c.operators, b)
}

// close ends all sockets and waits for them.
func (c *conference) close() {
	c.mu.Lock()
	c.closed = true
	browsers := c.browsers
	c.browsers = nil
	c.mu.Unlock()
	for b := range browsers {
		b.send(theEnd)
		b.close("closed")
	}
	c.sockets.Wait()
}

// reserve takes a seat in a room, and release gives it back.
func (c *conference) reserve(room plugin.ID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seats[room] >= c.Capacity {
		return errRoomFull
	}
	c.seats[room]++
	return nil
}

func (c *conference) release(room plugin.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seats[room]--; c.seats[room] == 0 {
		delete(c.seats, room)
	}
}

// add lets a participant see the others, and be seen.
func (c *conference) add(p *participant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.token = rand.Text()
	c.tokens[p.token] = p
	c.rooms[p.room] = append(c.rooms[p.room], p)
	p.joined = true
	p.browserSend(encode(c.welcome(p, false)))
	c.announce(p)
}

// welcome makes the message that a participant gets first. The caller holds mu.
func (c *conference) welcome(p *participant, resumed bool) welcomeMessage {
	m := welcomeMessage{
		Type: "welcome", ID: id{p.id}, Token: p.token, Room: id{p.room}, Name: p.name, Resumed: resumed,
		ICEServers: []iceServer{}, Participants: c.people(p.room),
	}
	for _, host := range c.STUN {
		m.ICEServers = append(m.ICEServers, iceServer{URLs: []string{"stun:" + host}})
	}
	for _, guest := range p.guests {
		m.Participants = append(m.Participants, guest)
	}
	return m
}

// people lists the participants of a room. The caller holds mu.
func (c *conference) people(room plugin.ID) []person {
	list := []person{}
	for _, p := range c.rooms[room] {
		list = append(list, p.person())
	}
	return list
}

// remove removes a participant, if that has not been done, and tells the others, unless
// they have to join again themselves.
func (c *conference) remove(p *participant, why ending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !p.joined {
		return
	}
	p.joined = false
	delete(c.tokens, p.token)
	c.rooms[p.room] = slices.DeleteFunc(c.rooms[p.room], func(q *participant) bool { return q == p })
	if len(c.rooms[p.room]) == 0 {
		delete(c.rooms, p.room)
	}
	if why != left && why != kicked {
		why = away
	}
	message := encode(leftMessage{Type: "left", Room: id{p.room}, ID: id{p.id}, Reason: why})
	over := p.backend.session.Err() != nil
	for _, q := range c.rooms[p.room] {
		if q.backend != p.backend || !over {
			q.browserSend(message)
		}
	}
	c.tellOperators(message)
}

// change changes the facts of a participant, and tells the room if others see a
// difference.
func (c *conference) change(p *participant, by func(*facts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by(&p.facts)
	if p.joined {
		c.announce(p)
	}
}

// announce tells the room about a participant, unless nothing has changed. The caller
// holds mu.
func (c *conference) announce(p *participant) {
	message := encode(participantMessage{Type: "participant", Room: id{p.room}, Participant: p.person()})
	if bytes.Equal(message, p.known) {
		return
	}
	p.known = message
	c.broadcast(p.room, message)
}

// broadcast sends a message to a room and to the operators. The caller holds mu, so
// that all of them get the messages in the same order.
func (c *conference) broadcast(room plugin.ID, message []byte) {
	for _, p := range c.rooms[room] {
		p.browserSend(message)
	}
	c.tellOperators(message)
}

func (c *conference) tellOperators(message []byte) {
	for b := range c.operators {
		b.sendEncoded(message)
	}
}

// resume gives a participant another socket. It returns nil if there is no such
// participant any more. The caller calls browserChanged.
func (c *conference) resume(token string, b *browser) *participant {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.tokens[token]
	if p == nil {
		return nil
	}
	if p.browser != nil && p.browser != b {
		p.browser.cut(errors.New("resumed elsewhere"))
	}
	p.browser = b
	p.browserSend(encode(c.welcome(p, true)))
	return p
}

// lose takes a socket away from a participant, which waits for another one if it has
// joined.
func (c *conference) lose(p *participant, b *browser) {
	c.mu.Lock()
	lost := p.browser == b
	if lost {
		p.browser = nil
	}
	joined := p.joined
	c.mu.Unlock()
	switch {
	case !lost: // it has another one
	case joined:
		p.browserChanged()
	default:
		p.cancel()
	}
}

// has reports whether an id belongs to a participant of a room that joined through
// this program.
func (c *conference) has(room, who plugin.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.rooms[room], func(p *participant) bool { return p.id == who })
}

// everybody lists all rooms, for the operator. The caller holds mu.
func (c *conference) everybody() []roomPeople {
	list := []roomPeople{}
	for room := range c.rooms {
		list = append(list, roomPeople{id{room}, c.people(room)})
	}
	slices.SortFunc(list, func(a, b roomPeople) int { return strings.Compare(a.Room.String(), b.Room.String()) })
	return list
}

// find returns a participant by its id. The room may be left out.
func (c *conference) find(room, who plugin.ID) *participant {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, people := range c.rooms {
		if cmp.Or(room, name) != name {
			continue
		}
		for _, p := range people {
			if p.id == who {
				return p
			}
		}
	}
	return nil
}
