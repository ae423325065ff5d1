package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
	"nhooyr.io/websocket"
)

// adminKey is the admin_key of the servers.
const adminKey = "adminkey"

// party is a test with two participants on a real Janus.
type party struct {
	*testing.T
	ctx         context.Context
	room        plugin.ID
	alice, bob  *conversation
	recorder    *plugtest.Recorder // of Alice's handle
	full, kinds map[string]bool    // requests that were sent with every field, and events that were received
}

// Every request over a data channel, with every field, and every event.
func TestDataAPI(t *testing.T) {
	for name, test := range map[string]struct {
		config string
		room   plugin.ID
	}{
		"numbers": {`admin_key = "` + adminKey + `"`, plugin.Num(1<<63 - 1)},
		"strings": {`admin_key = "` + adminKey + `", string_ids = true`, plugin.Str("lobby")},
	} {
		t.Run(name, func(t *testing.T) {
			server := realjanus.Start(t, realjanus.Options{
				ICEEnforceList: realjanus.MediaAddress(t),
				Plugins:        []string{"textroom"},
				PluginConfig:   map[string]string{"textroom": "general: { " + test.config + " }"},
			})
			p := &party{T: t, room: test.room, full: map[string]bool{}, kinds: map[string]bool{}}
			p.begin(server.URL, func() {
				posts := p.create()
				p.join()
				p.write(posts)
				p.whisper()
				p.moderate()
				p.mistake()
				p.destroy()
				p.checkComplete()
			})
		})
	}
}

// begin connects both participants and calls f while they are.
func (p *party) begin(url string, f func()) {
	ctx, cancel := context.WithTimeout(p.Context(), 30*time.Second)
	p.Cleanup(cancel)
	first, second := p.attach(ctx, url), p.attach(ctx, url)
	err := connect(ctx, first, true, func(ctx context.Context, alice *conversation) error {
		return connect(ctx, second, true, func(ctx context.Context, bob *conversation) error {
			p.ctx, p.alice, p.bob, p.recorder = ctx, alice, bob, &plugtest.Recorder{Caller: first}
			f()
			return nil
		})
	})
	if err != nil {
		p.Error(err)
	}
}

func (p *party) attach(ctx context.Context, url string) *janus.Handle {
	gateway, group, err := janus.Connect(ctx, url)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		_ = gateway.Close(websocket.StatusNormalClosure, "") // the test is over
		_ = group.Wait()
	})
	session, err := gateway.Create(ctx, "")
	if err != nil {
		p.Fatal(err)
	}
	handle, err := session.Attach(ctx, "", textroom.Name)
	if err != nil {
		p.Fatal(err)
	}
	return handle
}

// call sends a request, which must succeed, and checks that the answer has lost
// nothing.
func (p *party) call(c *conversation, q textroom.DataRequest) *textroom.Answer {
	p.Helper()
	answer, err := c.data.Call(p.ctx, q)
	if err != nil {
		p.Errorf("%+v: %v", q, err)
		return new(textroom.Answer)
	}
	p.Logf("%T: %s", q, answer.Raw)
	if answer.Raw != nil {
		plugtest.CheckLossless(p, answer, "textroom", "textbridge", "transaction")
	}
	return answer
}

// refuse sends a request, which must fail with the given code.
func (p *party) refuse(c *conversation, q textroom.DataRequest, code textroom.ErrorCode) {
	p.Helper()
	_, err := c.data.Call(p.ctx, q)
	p.Logf("%T: %v", q, err)
	if !errors.Is(err, code) {
		p.Errorf("%+v: got %v, want %v", q, err, code)
	}
}

// next returns the next event, and checks that it has lost nothing.
func (p *party) next(c *conversation) textroom.Event {
	p.Helper()
	select {
	case event := <-c.events:
		p.Logf("%T: %s", event, event.EventMeta().Raw)
		if _, ok := event.(*plugin.Failure); !ok {
			plugtest.CheckLossless(p, event, "textroom")
		}
		p.kinds[reflect.TypeOf(event).Elem().Name()] = true
		return event
	case <-p.ctx.Done():
		p.Error("no event arrived")
		return new(plugin.Unknown)
	}
}

// expect fails the test unless the next event of each participant is like want,
// but for its Meta and its date.
func (p *party) expect(want textroom.Event, by ...*conversation) {
	p.Helper()
	for _, c := range by {
		event := p.next(c)
		*event.EventMeta() = plugin.Meta{}
		if date := reflect.ValueOf(event).Elem().FieldByName("Date"); date.IsValid() {
			p.checkDate(textroom.Date(date.String()))
			date.SetZero()
		}
		if !reflect.DeepEqual(event, want) {
			p.Errorf("got %T %+v, want %T %+v", event, event, want, want)
		}
	}
}

// checkDate fails the test if a date is not now.
func (p *party) checkDate(date textroom.Date) {
	p.Helper()
	if at, err := date.Time(); err != nil || time.Since(at).Abs() > time.Minute {
		p.Errorf("the date %s is %v, %v", date, at, err)
	}
}

// full fails the test if a field of a request is not set, and returns the
// request.
func full[Q textroom.DataRequest](p *party, q Q, but ...string) Q {
	p.Helper()
	v := reflect.ValueOf(q)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != "Extra" && v.Field(i).IsZero() && !slices.Contains(but, name) {
			p.Errorf("%T: %s is not set", q, name)
		}
	}
	p.full[v.Type().Name()] = true
	return q
}

// create creates a room and returns what Janus posts of it.
func (p *party) create() <-chan []byte {
	posts := make(chan []byte, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			p.Error(err)
		}
		posts <- body
	}))
	p.Cleanup(server.Close)
	created := p.call(p.alice, full(p, textroom.Create{
		Room: p.room, Description: "a description", Secret: "hush", PIN: "4711", IsPrivate: true, History: 2,
		Permanent: true, Post: server.URL, Allowed: []string{"a"}, AdminKey: adminKey,
	}))
	if created.Room != p.room || !created.Permanent {
		p.Errorf("created %+v", created)
	}
	tokens := p.call(p.alice, full(p, textroom.Allowed{
		Room: p.room, Secret: "hush", Action: textroom.ActionAdd, Allowed: []string{"b"},
	}))
	if slices.Sort(tokens.Allowed); !slices.Equal(tokens.Allowed, []string{"a", "b"}) {
		p.Errorf("the tokens are %+v", tokens)
	}
	if exists := p.call(p.alice, full(p, textroom.Exists{Room: p.room})); !exists.Exists || exists.Room != p.room {
		p.Errorf("exists: %+v", exists)
	}
	wanted := textroom.Room{Room: p.room, Description: "a description", PINRequired: true, History: 2}
	if list := p.call(p.alice, full(p, textroom.List{AdminKey: adminKey})); !slices.Equal(list.Rooms, []textroom.Room{wanted}) {
		p.Errorf("the rooms are %+v", list.Rooms)
	}
	return posts
}

// join lets Alice join the room.
func (p *party) join() {
	history := true
	joined := p.call(p.alice, full(p, textroom.Join{
		Room: p.room, Username: "alice", PIN: "4711", Token: "a", Display: "Alice", History: &history,
	}))
	if len(joined.Participants) != 0 {
		p.Errorf("the others are %+v", joined.Participants)
	}
	p.expect(&textroom.ParticipantJoined{Room: p.room, Username: "alice", Display: "Alice"}, p.alice)
	list := p.call(p.alice, full(p, textroom.ListParticipants{Room: p.room}))
	if !slices.Equal(list.Participants, []textroom.Participant{{Username: "alice", Display: "Alice"}}) {
		p.Errorf("the participants are %+v", list)
	}
}

// write lets Alice write messages, of which Bob finds two when he joins.
func (p *party) write(posts <-chan []byte) {
	yes, no := true, false
	for _, text := range []string{"one", "two"} {
		p.call(p.alice, full(p, textroom.Message{Room: p.room, Text: text, Ack: &yes}, "To", "Tos"))
		p.expect(&textroom.MessageReceived{Room: p.room, From: "alice", Text: text}, p.alice)
	}
	if answer := p.call(p.alice, textroom.Message{Room: p.room, Text: "three", Ack: &no}); answer.Raw != nil {
		p.Errorf("a message without ack got %s", answer.Raw)
	}
	p.expect(&textroom.MessageReceived{Room: p.room, From: "alice", Text: "three"}, p.alice)
	for _, text := range []string{"one", "two", "three"} {
		post := <-posts
		event, err := textroom.ParseData(post)
		if m, ok := event.(*textroom.MessageReceived); !ok || m.Text != text {
			p.Errorf("Janus posted %s: %v", post, err)
		}
	}

	joined := p.call(p.bob, textroom.Join{Room: p.room, Username: "bob", PIN: "4711", Token: "b"})
	if !slices.Equal(joined.Participants, []textroom.Participant{{Username: "alice", Display: "Alice"}}) {
		p.Errorf("the others are %+v", joined.Participants)
	}
	for _, text := range []string{"two", "three"} {
		p.expect(&textroom.MessageReceived{Room: p.room, From: "alice", Display: "Alice", Text: text}, p.bob)
	}
	p.expect(&textroom.ParticipantJoined{Room: p.room, Username: "bob"}, p.alice, p.bob)
}

func (p *party) whisper() {
	sent := p.call(p.bob, full(p, textroom.Message{Room: p.room, Text: "psst", To: "alice", Ack: new(bool)}, "Tos"))
	if sent.Raw != nil {
		p.Errorf("a message without ack got %s", sent.Raw)
	}
	p.expect(&textroom.MessageReceived{Room: p.room, From: "bob", Text: "psst", Whisper: true}, p.alice)
	sent = p.call(p.bob, full(p, textroom.Message{Room: p.room, Text: "hey", Tos: []string{"alice", "carol"}, Ack: ptr(true)}, "To"))
	if want := map[string]bool{"alice": true, "carol": false}; !maps.Equal(sent.Sent, want) {
		p.Errorf("sent to %v, want %v", sent.Sent, want)
	}
	p.expect(&textroom.MessageReceived{Room: p.room, From: "bob", Text: "hey", Whisper: true}, p.alice)
	sent = p.call(p.bob, textroom.Message{Room: p.room, Text: "hey", To: "carol"})
	if want := map[string]bool{"carol": false}; !maps.Equal(sent.Sent, want) {
		p.Errorf("sent to %v, want %v", sent.Sent, want)
	}
}

func ptr[T any](v T) *T { return &v }

func (p *party) moderate() {
	p.call(p.bob, full(p, textroom.Announcement{Room: p.room, Secret: "hush", Text: "hear, hear"}))
	p.expect(&textroom.AnnouncementReceived{Room: p.room, Text: "hear, hear"}, p.alice, p.bob)
	p.call(p.bob, full(p, textroom.Leave{Room: p.room}))
	p.expect(&textroom.ParticipantLeft{Room: p.room, Username: "bob"}, p.alice, p.bob)

	p.call(p.bob, textroom.Join{Room: p.room, Username: "bob", PIN: "4711", Token: "b", History: ptr(false)})
	p.expect(&textroom.ParticipantJoined{Room: p.room, Username: "bob"}, p.alice, p.bob)
	p.call(p.alice, full(p, textroom.Kick{Room: p.room, Secret: "hush", Username: "bob"}))
	p.expect(&textroom.Kicked{Room: p.room, Username: "bob"}, p.alice, p.bob)

	p.call(p.bob, textroom.Join{Room: p.room, Username: "bob", PIN: "4711", Token: "b", History: ptr(false)})
	p.expect(&textroom.ParticipantJoined{Room: p.room, Username: "bob"}, p.alice, p.bob)
	if err := textroom.On(p.recorder).Kick(p.ctx, textroom.Kick{Room: p.room, Secret: "hush", Username: "bob"}); err != nil {
		p.Error(err)
	}
	if success, _ := textroom.Parse(p.recorder.Last(p).Answer); reflect.TypeOf(success) != reflect.TypeFor[*textroom.Success]() {
		p.Errorf("Parse makes %T of the answer to Kick", success)
	}
	p.expect(&textroom.Kicked{Room: p.room, Username: "bob"}, p.alice, p.bob)

	edited := p.call(p.alice, full(p, textroom.Edit{
		Room: p.room, Secret: "hush", NewDescription: "another", NewSecret: "hush hush", NewPIN: "42",
		NewPost: "http://127.0.0.1:1/", NewIsPrivate: new(bool), Permanent: true,
	}))
	if edited.Room != p.room || !edited.Permanent {
		p.Errorf("edited %+v", edited)
	}
}

// mistake makes Janus report errors.
func (p *party) mistake() {
	p.refuse(p.alice, textroom.Join{Room: p.room, Username: "alice", PIN: "42", Token: "a"}, textroom.ErrorAlreadyInRoom)
	p.refuse(p.bob, textroom.Join{Room: p.room, Username: "alice", PIN: "42", Token: "b"}, textroom.ErrorUsernameExists)
	p.refuse(p.bob, textroom.Join{Room: p.room, Username: "bob", PIN: "4711", Token: "b"}, textroom.ErrorUnauthorized)
	p.refuse(p.bob, textroom.Leave{Room: p.room}, textroom.ErrorNotInRoom)
	p.refuse(p.bob, textroom.Message{Room: p.room, Text: "?"}, textroom.ErrorNotInRoom)
	p.refuse(p.alice, textroom.Message{Room: p.room, Text: "?", To: "bob", Tos: []string{"bob"}}, textroom.ErrorInvalidElement)
	p.refuse(p.alice, textroom.Kick{Room: p.room, Secret: "hush hush", Username: "bob"}, textroom.ErrorNoSuchUser)
	p.refuse(p.alice, textroom.Leave{Room: p.room, Extra: map[string]any{"textroom": "dance"}}, textroom.ErrorInvalidRequest)
	p.call(p.bob, textroom.Message{Room: p.room, Text: "?", Ack: new(bool)})
	failure, ok := p.next(p.bob).(*plugin.Failure)
	if !ok || !errors.Is(failure.Err, textroom.ErrorNotInRoom) || failure.Transaction == "" {
		p.Errorf("the error of a message without ack is %+v", failure)
	}
}

func (p *party) destroy() {
	destroyed := p.call(p.bob, full(p, textroom.Destroy{Room: p.room, Secret: "hush hush", Permanent: true}))
	if destroyed.Room != p.room || !destroyed.Permanent {
		p.Errorf("destroyed %+v", destroyed)
	}
	p.expect(&textroom.RoomDestroyed{Room: p.room}, p.alice)
	p.refuse(p.alice, textroom.Exists{Extra: map[string]any{"room": true}}, textroom.ErrorInvalidElement)
	p.refuse(p.alice, textroom.Leave{Room: p.room}, textroom.ErrorNoSuchRoom)
}

// checkComplete fails the test if a request or an event is missing.
func (p *party) checkComplete() {
	text, err := os.ReadFile("../../../plugin/textroom/testdata/coverage.json")
	if err != nil {
		p.Error(err)
	}
	var coverage struct {
		Requests []struct{ Over string }
		Events   []struct{ Struct string }
	}
	if err := json.Unmarshal(text, &coverage); err != nil {
		p.Error(err)
	}
	var events []string
	for _, event := range coverage.Events {
		events = append(events, event.Struct)
	}
	slices.Sort(events)
	requests := 0
	for _, request := range coverage.Requests {
		if request.Over == "data" {
			requests++
		}
	}
	delete(p.kinds, "Failure")
	if got := slices.Sorted(maps.Keys(p.kinds)); !slices.Equal(got, events) {
		p.Errorf("the events are %v", got)
	}
	if len(p.full) != requests {
		p.Errorf("sent with every field were %v", p.full)
	}
}
