package streaming_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/streaming"
)

// patience bounds a test on a real Janus.
const patience = 20 * time.Second

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
	kinds     map[string]bool       // answers and events that were received
}

// converse starts a server and a session. IDs are strings if strings is true.
func converse(t *testing.T, strings bool) *conversation {
	t.Helper()
	config := `general: { admin_key = "` + adminKey + `", rtp_port_range = "20000-60000"`
	if strings {
		config += `, string_ids = true`
	}
	server := realjanus.Start(t, realjanus.Options{
		Plugins:      []string{"streaming"},
		PluginConfig: map[string]string{"streaming": config + ` }`},
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
	*streaming.Client
	*conversation
	handle   *janus.Handle
	recorder *plugtest.Recorder
}

// user attaches a handle.
func (c *conversation) user() *user {
	c.Helper()
	handle, err := c.session.Attach(c.ctx, "", streaming.Name)
	if err != nil {
		c.Fatal(err)
	}
	recorder := &plugtest.Recorder{Caller: handle}
	c.recorders = append(c.recorders, recorder)
	return &user{streaming.On(recorder), c, handle, recorder}
}

// full fails the test if a field of a request is not set, except the named ones,
// and returns the request.
func full[Q any](c *conversation, q Q, except ...string) Q {
	c.Helper()
	plugtest.CheckAllSet(c, q, except...)
	c.full[reflect.TypeFor[Q]()] = true
	return q
}

// result is what a method of the Client returned.
type result[E plugin.Event] struct {
	answer E
	err    error
}

// answer takes what a method of the Client returned.
func answer[E plugin.Event](e E, err error) result[E] { return result[E]{e, err} }

// to fails the test if the user's last request failed, or if the answer does not
// hold everything that Janus sent. Parse must understand the answer in the same
// way.
func (r result[E]) to(u *user) E {
	u.Helper()
	plugtest.CheckAnswer(u, pkg, u.recorder, r.answer, r.err)
	u.check(r.answer)
	return r.answer
}

// done fails the test if a request without an answer of its own failed.
func (u *user) done(err error) {
	u.Helper()
	u.check(plugtest.ParseAnswer[*streaming.Success](u, pkg, u.recorder, err))
}

// check fails the test if an event does not hold everything that Janus sent.
func (u *user) check(event plugin.Event) {
	u.Helper()
	checkLossless(u, event)
	u.kinds[reflect.TypeOf(event).Elem().Name()] = true
}

// next waits for the user's next event, which must be an E, and checks that it
// holds everything that Janus sent.
func next[E plugin.Event](u *user) E {
	u.Helper()
	event := plugtest.Next(u.ctx, u, pkg, u.handle)
	u.check(event)
	return plugtest.As[E](u, event)
}

// discriminators are the paths of the members that tell the kinds apart, which
// the structs do not hold.
var discriminators = []string{".event", ".streaming", ".result.event", ".result.status", ".result.switched"}

// checkLossless fails the test if an event does not hold everything that Janus
// sent.
func checkLossless(t testing.TB, event plugin.Event) {
	t.Helper()
	plugtest.CheckResultLossless(t, event, discriminators...)
}

// ptr returns a pointer to v.
func ptr[T any](v T) *T { return &v }

// same fails the test if the JSON of two values differs.
func (c *conversation) same(what string, got, want any) {
	c.Helper()
	if got, want := encode(c, got), encode(c, want); got != want {
		c.Errorf("%s: got  %s\nwant %s", what, got, want)
	}
}

// encode returns the JSON of v.
func encode(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
