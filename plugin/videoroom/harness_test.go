package videoroom_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// patience bounds the conversation with a server.
const patience = 20 * time.Second

// adminKey is the admin_key of the servers.
const adminKey = "adminkey"

// conversation is a test that talks to a server.
type conversation struct {
	*testing.T
	ctx     context.Context
	session *janus.Session
	dir     string // of the server
	version string // of the server
	standIn bool   // the server is no real Janus
	strings bool   // whether ids are strings

	recorders []*plugtest.Recorder  // of all users
	full      map[reflect.Type]bool // request structs that were sent with every field
	kinds     map[reflect.Type]bool // answers and events that were received
}

// converse starts a conversation with the server at url.
func converse(t *testing.T, url string) *conversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	session := plugtest.NewSession(ctx, t, url)
	return &conversation{T: t, ctx: ctx, session: session, full: map[reflect.Type]bool{}, kinds: map[reflect.Type]bool{}}
}

// converseReal starts a Janus and a conversation with it. IDs are strings if
// strings is true.
func converseReal(t *testing.T, strings bool) *conversation {
	t.Helper()
	config := `general: { admin_key = "` + adminKey + `", lock_rtp_forward = true`
	if strings {
		config += `, string_ids = true`
	}
	server := realjanus.Start(t, realjanus.Options{
		Plugins:      []string{"videoroom"},
		PluginConfig: map[string]string{"videoroom": config + ` }`},
	})
	c := converse(t, server.URL)
	c.dir, c.version, c.strings = server.Dir(), server.Version(), strings
	return c
}

// converseStandIn starts a stand-in of a version of Janus and a conversation
// with it.
func converseStandIn(t *testing.T, version string, strings bool) *conversation {
	t.Helper()
	server := janustest.NewUnstartedServer()
	server.Version, server.StringIDs = version, strings
	server.Start()
	t.Cleanup(server.Close)
	c := converse(t, server.URL)
	c.dir, c.version, c.standIn, c.strings = t.TempDir(), version, true, strings
	return c
}

// id returns a numeric ID or a string ID.
func (c *conversation) id(number uint64, text string) plugin.ID {
	if c.strings {
		return plugin.Str(text)
	}
	return plugin.Num(number)
}

// since reports whether the server has at least a version.
func (c *conversation) since(major, minor, patch int) bool {
	c.Helper()
	var has [3]int
	if _, err := fmt.Sscanf(c.version, "%d.%d.%d", &has[0], &has[1], &has[2]); err != nil {
		c.Fatal(err)
	}
	return slices.Compare(has[:], []int{major, minor, patch}) >= 0
}

// user is a handle of a conversation.
type user struct {
	*videoroom.Client
	*conversation
	handle   *janus.Handle
	recorder *plugtest.Recorder
}

// user attaches a handle.
func (c *conversation) user() *user {
	c.Helper()
	handle, err := c.session.Attach(c.ctx, "", videoroom.Name)
	if err != nil {
		c.Fatal(err)
	}
	recorder := &plugtest.Recorder{Caller: handle}
	c.recorders = append(c.recorders, recorder)
	return &user{videoroom.On(recorder), c, handle, recorder}
}

// full fails the test if a field of a request is not set, except the named ones,
// and returns the request.
func full[Q any](c *conversation, q Q, except ...string) Q {
	c.Helper()
	except = append(except, "videoroom.Stream") // see remoteStreamKeys
	if c.standIn {
		except = append(except, "Permanent") // it has no configuration file
	}
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

// is fails the test if what a method of the Client returned is not an E, and
// returns it.
func is[E plugin.Event](u *user, r result[plugin.Event]) E {
	u.Helper()
	return plugtest.As[E](u, r.to(u))
}

// done fails the test if a request that has no answer of its own has failed, or
// if Parse does not make an E of its answer.
func done[E plugin.Event](u *user, err error) {
	u.Helper()
	u.check(plugtest.ParseAnswer[E](u, pkg, u.recorder, err))
}

// check fails the test if an event does not hold everything that Janus sent.
func (u *user) check(event plugin.Event) {
	u.Helper()
	pkg.Check(u, event)
	u.kinds[reflect.TypeOf(event)] = true
}

// next waits for the user's next event, which must be an E, and checks that it
// holds everything that Janus sent. A stand-in announces publishers that a real
// Janus does not, for want of media, so that other events may come before.
func next[E plugin.Event](u *user) E {
	u.Helper()
	for {
		event := plugtest.Next(u.ctx, u, pkg, u.handle)
		u.check(event)
		if _, ok := event.(E); ok || !u.standIn {
			return plugtest.As[E](u, event)
		}
	}
}

// discriminators are the members that an event does not hold because its type
// says the same.
func discriminators(event plugin.Event) []string {
	switch event.(type) {
	case *videoroom.Configured:
		return []string{"videoroom", "configured"}
	case *videoroom.Started:
		return []string{"videoroom", "started"}
	case *videoroom.Paused:
		return []string{"videoroom", "paused"}
	case *videoroom.Switched:
		return []string{"videoroom", "switched"}
	case *videoroom.SubscriberLeft:
		return []string{"videoroom", "left"}
	case *videoroom.SelfLeft, *videoroom.SelfKicked:
		return []string{"videoroom", "leaving"}
	case *videoroom.SelfUnpublished:
		return []string{"videoroom", "unpublished"}
	}
	return []string{"videoroom"}
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
