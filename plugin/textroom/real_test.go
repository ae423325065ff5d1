package textroom_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// patience bounds a test on a real Janus.
const patience = 30 * time.Second

// adminKey is the admin_key of the servers.
const adminKey = "adminkey"

func ptr[T any](v T) *T { return &v }

// conversation is a test on a real Janus.
type conversation struct {
	*testing.T
	*textroom.Client
	ctx      context.Context
	handle   *janus.Handle
	recorder *plugtest.Recorder
	full     map[reflect.Type]bool // request structs that were sent with every field
}

// converse starts a server and attaches a handle.
func converse(t *testing.T, config string) *conversation {
	t.Helper()
	server := realjanus.Start(t, realjanus.Options{
		Plugins:      []string{"textroom"},
		PluginConfig: map[string]string{"textroom": "general: { " + config + " }"},
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	handle := attach(ctx, t, server.URL)
	recorder := &plugtest.Recorder{Caller: handle}
	return &conversation{T: t, Client: textroom.On(recorder), ctx: ctx, handle: handle, recorder: recorder, full: map[reflect.Type]bool{}}
}

// attach returns a handle of the plugin, which ends with the test.
func attach(ctx context.Context, t testing.TB, url string) *janus.Handle {
	t.Helper()
	session := plugtest.NewSession(ctx, t, url)
	handle, err := session.Attach(ctx, "", textroom.Name)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

// full fails the test if a field of a request is not set, and returns the
// request.
func full[Q any](c *conversation, q Q) Q {
	c.Helper()
	plugtest.CheckAllSet(c, q)
	c.full[reflect.TypeFor[Q]()] = true
	return q
}

// answer is what a method of the Client returned.
type answer[E plugin.Event] struct {
	event E
	err   error
}

func got[E plugin.Event](event E, err error) answer[E] { return answer[E]{event, err} }

// by fails the test if the last request failed, or if the answer does not hold
// everything that Janus sent. Parse must understand the answer as well.
func (a answer[E]) by(c *conversation) E {
	c.Helper()
	plugtest.CheckAnswer(c, pkg, c.recorder, a.event, a.err)
	plugtest.CheckLossless(c, a.event, "textroom")
	return a.event
}

// done fails the test if a request without an answer of its own failed. Parse
// makes an E of the answer.
func done[E plugin.Event](c *conversation, err error) {
	c.Helper()
	plugtest.CheckLossless(c, plugtest.ParseAnswer[E](c, pkg, c.recorder, err), "textroom")
}

// refused fails the test if err is not an error of the given code.
func (c *conversation) refused(err error, code textroom.ErrorCode) {
	c.Helper()
	var failure *janus.PluginError
	if !errors.Is(err, code) || !errors.As(err, &failure) || failure.Reason == "" {
		c.Errorf("got %v, want %v", err, code)
	}
	parsed, _ := textroom.Parse(c.recorder.Last(c).Answer)
	if f, ok := parsed.(*plugin.Failure); !ok || !errors.Is(f.Err, code) {
		c.Errorf("Parse makes %T of the error", parsed)
	}
}

func TestRealRequests(t *testing.T) {
	for name, test := range map[string]struct {
		config string
		room   plugin.ID
	}{
		"numbers": {`admin_key = "` + adminKey + `"`, plugin.Num(1<<63 - 1)},
		"strings": {`admin_key = "` + adminKey + `", string_ids = true`, plugin.Str("lobby")},
	} {
		t.Run(name, func(t *testing.T) {
			c := converse(t, test.config)
			c.manage(test.room)
			c.moderate(test.room)
			c.negotiate()
			c.destroy(test.room)
			plugtest.CheckComplete(c, pkg, c.full, []*plugtest.Recorder{c.recorder})
		})
	}
}

// manage creates, edits and lists a room.
func (c *conversation) manage(room plugin.ID) {
	created := got(c.Create(c.ctx, full(c, textroom.Create{
		Room: room, Description: "a description", Secret: "hush", PIN: "4711", IsPrivate: true, History: 5,
		Permanent: true, Post: "http://127.0.0.1:1/", Allowed: []string{"a"}, AdminKey: adminKey,
	}))).by(c)
	if created.Room != room || !created.Permanent {
		c.Errorf("created %+v", created)
	}
	if rooms := got(c.List(c.ctx, textroom.List{})).by(c); len(rooms.Rooms) != 0 {
		c.Errorf("a private room is listed: %+v", rooms)
	}
	wanted := textroom.Room{Room: room, Description: "a description", PINRequired: true, History: 5}
	if rooms := got(c.List(c.ctx, full(c, textroom.List{AdminKey: adminKey}))).by(c); !slices.Equal(rooms.Rooms, []textroom.Room{wanted}) {
		c.Errorf("the rooms are %+v", rooms.Rooms)
	}
	edited := got(c.Edit(c.ctx, full(c, textroom.Edit{
		Room: room, Secret: "hush", NewDescription: "another", NewSecret: "hush hush", NewPIN: "42",
		NewPost: "http://127.0.0.1:2/", NewIsPrivate: ptr(false), Permanent: true,
	}))).by(c)
	if edited.Room != room || !edited.Permanent {
		c.Errorf("edited %+v", edited)
	}
	wanted.Description = "another"
	if rooms := got(c.List(c.ctx, textroom.List{})).by(c); !slices.Equal(rooms.Rooms, []textroom.Room{wanted}) {
		c.Errorf("the rooms are %+v", rooms.Rooms)
	}
	if exists := got(c.Exists(c.ctx, full(c, textroom.Exists{Room: room}))).by(c); !exists.Exists || exists.Room != room {
		c.Errorf("exists: %+v", exists)
	}
	_, err := c.Create(c.ctx, textroom.Create{Room: room, AdminKey: adminKey})
	c.refused(err, textroom.ErrorRoomExists)
	_, err = c.Create(c.ctx, textroom.Create{})
	c.refused(err, textroom.ErrorMissingElement) // of the admin key
	_, err = c.Edit(c.ctx, textroom.Edit{Room: room, Secret: "hush"})
	c.refused(err, textroom.ErrorUnauthorized)
}

// moderate uses the requests about participants, of whom there are none.
func (c *conversation) moderate(room plugin.ID) {
	participants := got(c.ListParticipants(c.ctx, full(c, textroom.ListParticipants{Room: room}))).by(c)
	if participants.Room != room || participants.Participants == nil || len(participants.Participants) != 0 {
		c.Errorf("the participants are %+v", participants)
	}
	tokens := got(c.Allowed(c.ctx, full(c, textroom.Allowed{
		Room: room, Secret: "hush hush", Action: textroom.ActionAdd, Allowed: []string{"b"},
	}))).by(c)
	slices.Sort(tokens.Allowed)
	if tokens.Room != room || !slices.Equal(tokens.Allowed, []string{"a", "b"}) {
		c.Errorf("the tokens are %+v", tokens)
	}
	for _, action := range []textroom.Action{textroom.ActionRemove, textroom.ActionEnable, textroom.ActionDisable} {
		got(c.Allowed(c.ctx, textroom.Allowed{Room: room, Secret: "hush hush", Action: action, Allowed: []string{"b"}})).by(c)
	}
	done[*textroom.Success](c, c.Announcement(c.ctx, full(c, textroom.Announcement{Room: room, Secret: "hush hush", Text: "hear, hear"})))
	err := c.Kick(c.ctx, full(c, textroom.Kick{Room: room, Secret: "hush hush", Username: "alice"}))
	c.refused(err, textroom.ErrorNoSuchUser)
}

// negotiate sets up a PeerConnection that will never be connected.
func (c *conversation) negotiate() {
	_, err := c.Restart(c.ctx)
	c.refused(err, textroom.ErrorAlreadySetup)
	setup := got(c.Setup(c.ctx)).by(c)
	if setup.Result != "ok" || setup.JSEP == nil || setup.JSEP.Type != "offer" || !strings.Contains(setup.JSEP.SDP, "webrtc-datachannel") {
		c.Fatalf("set up: %+v", setup)
	}
	done[*textroom.Negotiation](c, c.Ack(c.ctx, answerTo(setup.JSEP)))
	_, err = c.Setup(c.ctx)
	c.refused(err, textroom.ErrorAlreadySetup)
}

func (c *conversation) destroy(room plugin.ID) {
	destroyed := got(c.Destroy(c.ctx, full(c, textroom.Destroy{Room: room, Secret: "hush hush", Permanent: true}))).by(c)
	if destroyed.Room != room || !destroyed.Permanent {
		c.Errorf("destroyed %+v", destroyed)
	}
	if exists := got(c.Exists(c.ctx, textroom.Exists{Room: room})).by(c); exists.Exists {
		c.Error("the room still exists")
	}
	_, err := c.ListParticipants(c.ctx, textroom.ListParticipants{Room: room})
	c.refused(err, textroom.ErrorNoSuchRoom)
}

// answerTo returns an answer to an offer of data channels, by a peer that will
// never be connected.
func answerTo(offer *janus.JSEP) janus.JSEP {
	return janus.JSEP{Type: "answer", SDP: strings.NewReplacer("a=setup:actpass", "a=setup:active").Replace(offer.SDP)}
}
