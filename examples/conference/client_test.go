package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin"
)

const password = "open sesame"

// program is a conference that runs until the test ends.
type program struct {
	*conference
	t    *testing.T
	addr string
	stop func() // ends it and waits
}

// start runs a conference.
func start(t *testing.T, janusURL string, set func(*settings)) *program {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := settings{
		URLs: []string{janusURL}, Room: plugin.Num(4242), Capacity: 16, Operator: password,
		ResumeFor: time.Hour, Log: slog.New(slog.DiscardHandler),
	}
	if set != nil {
		set(&s)
	}
	p := &program{conference: newConference(s), t: t, addr: listener.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.run(ctx, listener) }()
	stopped := false
	p.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error("the program ended with", err)
		}
	}
	t.Cleanup(p.stop)
	return p
}

// page is a client of the program: a browser without media.
type page struct {
	t    *testing.T
	conn *websocket.Conn
	name string

	id, token string
	people    map[string]person // of the room, as the page knows them
}

// open opens a socket.
func (p *program) open(name string) *page {
	p.t.Helper()
	conn, _, err := websocket.Dial(testutil.Context(p.t), "ws://"+p.addr+"/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {"http://" + p.addr}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	p.t.Cleanup(func() { _ = conn.CloseNow() })
	return &page{t: p.t, conn: conn, name: name, people: map[string]person{}}
}

// join opens a socket and joins the room.
func (p *program) join(name string) *page {
	p.t.Helper()
	page := p.open(name)
	page.joinRoom("")
	return page
}

func (p *page) joinRoom(room string) {
	p.t.Helper()
	p.send(`{"type":"join","room":"` + room + `","name":"` + p.name + `"}`)
	p.await("welcome")
}

// send sends a message, which is JSON or can be encoded as such.
func (p *page) send(message any) {
	p.t.Helper()
	text, ok := message.(string)
	if !ok {
		text = string(encode(message))
	}
	if err := p.conn.Write(testutil.Context(p.t), websocket.MessageText, []byte(text)); err != nil {
		p.t.Fatalf("%s cannot send: %v", p.name, err)
	}
}

// said is a message of the program.
type said struct {
	Type string

	// welcome
	ID, Token, Room, Name string
	ICEServers            []iceServer
	Participants          []person
	Resumed               bool

	Participant       person
	SDP, Reason       string
	Offer             int
	Streams           []receivedStream
	Fresh             bool
	PC, State, Mid    string
	Substream         int
	Candidate         json.RawMessage
	Code, Message, Re string
	Text              string // the whole message
	Rooms             []roomPeople
}

// next returns the next message, or false if the socket has ended.
func (p *page) next() (said, bool) {
	p.t.Helper()
	ctx := testutil.Context(p.t)
	_, data, err := p.conn.Read(ctx)
	switch {
	case ctx.Err() != nil:
		p.t.Fatalf("%s waits in vain", p.name)
	case err != nil:
		return said{}, false
	}
	var m said
	if err := json.Unmarshal(data, &m); err != nil {
		p.t.Fatalf("%s: %v", data, err)
	}
	m.Text = string(data)
	p.keep(m)
	return m, true
}

// keep keeps the list of people up to date.
func (p *page) keep(m said) {
	switch m.Type {
	case "welcome":
		p.id, p.token = m.ID, m.Token
		clear(p.people)
		for _, who := range m.Participants {
			p.people[who.ID.String()] = who
		}
	case "participant":
		p.people[m.Participant.ID.String()] = m.Participant
	case "left":
		delete(p.people, m.ID)
	}
}

// await skips messages up to one of a type.
func (p *page) await(kind string) said {
	p.t.Helper()
	return p.awaitThat(kind, func(m said) bool { return m.Type == kind })
}

// awaitThat skips messages until one is what the test waits for.
func (p *page) awaitThat(what string, is func(said) bool) said {
	p.t.Helper()
	var seen []string
	for {
		m, ok := p.next()
		if !ok {
			p.t.Fatalf("%s: the socket has ended; no %s, but %s", p.name, what, seen)
		}
		if is(m) {
			return m
		}
		seen = append(seen, m.Text)
	}
}

// awaitPerson waits until the page knows that somebody is as wanted.
func (p *page) awaitPerson(what, id string, is func(person) bool) {
	p.t.Helper()
	if who, ok := p.people[id]; ok && is(who) {
		return
	}
	p.awaitThat(what, func(said) bool {
		who, ok := p.people[id]
		return ok && is(who)
	})
}

// awaitLeft waits until the page knows that somebody has left.
func (p *page) awaitLeft(id string) said {
	p.t.Helper()
	return p.awaitThat("left", func(m said) bool { return m.Type == "left" && m.ID == id })
}

// drop ends the socket without a word.
func (p *page) drop() { _ = p.conn.CloseNow() }

// resume opens another socket for a page.
func (p *program) resume(old *page) *page {
	p.t.Helper()
	page := p.open(old.name)
	page.send(map[string]any{"type": "join", "name": old.name, "resume": old.token})
	return page
}

// publish publishes a microphone and a camera, and returns the answer.
func (p *page) publish() said {
	p.t.Helper()
	p.send(publishMessage("aaaa", nil))
	return p.await("answer")
}

// settle returns when the program has handled all messages of the page.
func (p *page) settle() {
	p.t.Helper()
	p.send(`{"type":"settle"}`) // which it does not know
	p.awaitThat("settled", func(m said) bool { return m.Re == "settle" })
}

// answer answers an offer.
func (p *page) answer(offer said) {
	p.t.Helper()
	p.send(map[string]any{"type": "answer", "offer": offer.Offer, "sdp": sdpAnswer(offer.SDP)})
}
