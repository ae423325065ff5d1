package audiobridge_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// patience bounds a test on a real Janus.
const patience = 30 * time.Second

// adminKey is the admin_key of the servers.
const adminKey = "adminkey"

// conversation is a test on a real Janus.
type conversation struct {
	*testing.T
	ctx     context.Context
	server  *realjanus.Server
	session *janus.Session
	strings bool // whether ids are strings

	recorders []*plugtest.Recorder  // of all users
	full      map[reflect.Type]bool // request structs that were sent with every field
	kinds     map[string]bool       // events that were received
}

// converse starts a server and a session. Ids are strings if strings is true.
func converse(t *testing.T, strings bool) *conversation {
	t.Helper()
	config := `general: { local_ip = "127.0.0.1", admin_key = "` + adminKey + `", lock_rtp_forward = true, lock_play_file = true`
	if strings {
		config += `, string_ids = true`
	}
	server := realjanus.Start(t, realjanus.Options{
		Plugins:      []string{"audiobridge"},
		PluginConfig: map[string]string{"audiobridge": config + ` }`},
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	session := plugtest.NewSession(ctx, t, server.URL)
	return &conversation{
		T: t, ctx: ctx, server: server, session: session, strings: strings,
		full: map[reflect.Type]bool{}, kinds: map[string]bool{},
	}
}

// id returns a numeric ID or a string ID.
func (c *conversation) id(number uint64, text string) plugin.ID {
	if c.strings {
		return plugin.Str(text)
	}
	return plugin.Num(number)
}

// user is a handle of a conversation.
type user struct {
	*audiobridge.Client
	*conversation
	handle   *janus.Handle
	recorder *plugtest.Recorder
}

// user attaches a handle.
func (c *conversation) user() *user {
	c.Helper()
	handle, err := c.session.Attach(c.ctx, "", audiobridge.Name)
	if err != nil {
		c.Fatal(err)
	}
	recorder := &plugtest.Recorder{Caller: handle}
	c.recorders = append(c.recorders, recorder)
	return &user{audiobridge.On(recorder), c, handle, recorder}
}

// full fails the test if a field of a request is not set, and returns the
// request.
func full[Q any](c *conversation, q Q) Q {
	c.Helper()
	plugtest.CheckAllSet(c, q)
	c.full[reflect.TypeFor[Q]()] = true
	return q
}

// result is what a method of the Client returned.
type result[E plugin.Event] struct {
	answer E
	err    error
}

// ok takes what a method of the Client returned.
func ok[E plugin.Event](answer E, err error) result[E] { return result[E]{answer, err} }

// to fails the test if the user's last request failed, or if the answer does not
// hold everything that Janus sent. Parse must understand the answer as well.
func (r result[E]) to(u *user) E {
	u.Helper()
	plugtest.CheckAnswer(u, pkg, u.recorder, r.answer, r.err)
	pkg.Check(u, r.answer)
	return r.answer
}

// done fails the test if a request without an answer of its own failed.
func (u *user) done(err error) {
	u.Helper()
	pkg.Check(u, plugtest.ParseAnswer[*audiobridge.Success](u, pkg, u.recorder, err))
}

// next waits for the user's next event, which must be an E, and checks that it
// holds everything that Janus sent.
func next[E plugin.Event](u *user) E {
	u.Helper()
	return plugtest.As[E](u, u.next())
}

// afterLeaving is next, but passes over participants who leave. Those who are
// kicked do so later, or never if they have no PeerConnection.
func afterLeaving[E plugin.Event](u *user) E {
	u.Helper()
	for {
		event := u.next()
		if wanted, isWanted := event.(E); isWanted {
			return wanted
		}
		if _, isLeft := event.(*audiobridge.ParticipantLeft); !isLeft {
			u.Fatalf("got %T %s, want %T", event, event.EventMeta().Raw, *new(E))
		}
	}
}

// next waits for the user's next event and checks that it holds everything that
// Janus sent.
func (u *user) next() plugin.Event {
	u.Helper()
	event := plugtest.Next(u.ctx, u, pkg, u.handle)
	pkg.Check(u, event)
	u.kinds[reflect.TypeOf(event).String()] = true
	return event
}
