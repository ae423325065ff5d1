package recordplay_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/recordplay"
)

// patience bounds a test on a real Janus.
const patience = 20 * time.Second

// adminKey is the admin_key of the servers.
const adminKey = "adminkey"

// recordings is the folder of the recordings, in that of the server.
const recordings = "recordings"

// conversation is a test on a real Janus.
type conversation struct {
	*testing.T
	ctx     context.Context
	server  *realjanus.Server
	session *janus.Session

	recorders []*plugtest.Recorder  // of all users
	full      map[reflect.Type]bool // request structs that were sent with every field
	kinds     map[string]bool       // answers and events that were received
}

// converse starts a server and a session.
func converse(t *testing.T) *conversation {
	t.Helper()
	server := realjanus.Start(t, realjanus.Options{
		Plugins: []string{"recordplay"},
		PluginConfig: map[string]string{
			"recordplay": `general: { path = "` + recordings + `", admin_key = "` + adminKey + `" }`,
		},
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	session := plugtest.NewSession(ctx, t, server.URL)
	return &conversation{
		T: t, ctx: ctx, server: server, session: session,
		full: map[reflect.Type]bool{}, kinds: map[string]bool{},
	}
}

// user is a handle of a conversation.
type user struct {
	*recordplay.Client
	*conversation
	handle   *janus.Handle
	recorder *plugtest.Recorder
}

// user attaches a handle.
func (c *conversation) user() *user {
	c.Helper()
	handle, err := c.session.Attach(c.ctx, "", recordplay.Name)
	if err != nil {
		c.Fatal(err)
	}
	recorder := &plugtest.Recorder{Caller: handle}
	c.recorders = append(c.recorders, recorder)
	return &user{recordplay.On(recorder), c, handle, recorder}
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
	u.check(plugtest.ParseAnswer[*recordplay.Success](u, pkg, u.recorder, err))
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
var discriminators = []string{".recordplay", ".result", ".result.status"}

// numbers are what plugtest.Lost says of a Flag that was a number.
var numbers = []string{
	".result.is_private: 0 became false", ".result.is_private: 1 became true",
	".result.uplink: 0 became false", ".result.uplink: 1 became true",
}

// checkLossless fails the test if an event does not hold everything that Janus
// sent.
func checkLossless(t testing.TB, event plugin.Event) {
	t.Helper()
	plugtest.CheckResultLossless(t, event, slices.Concat(discriminators, numbers)...)
}

// ptr returns a pointer to v.
func ptr[T any](v T) *T { return &v }
