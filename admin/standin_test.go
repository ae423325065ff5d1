package admin

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
	"github.com/cameronelliott/janus-go/plugin/echotest"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// The requests that the stand-in server does not serve.
var unserved = []string{
	"query_transport global", "query_eventhandler global", "query_logger global", "resolve_address global", "test_stun global",
	"start_pcap handle", "stop_pcap handle", "start_text2pcap handle", "stop_text2pcap handle",
}

// overStandIns runs a test on stand-ins of both versions of Janus, over both
// transports.
func overStandIns(t *testing.T, set func(*janustest.Server), test func(t *testing.T, s *janustest.Server, c *Client)) {
	for _, version := range []string{"1.1.2", "1.4.2"} {
		for _, name := range []string{"websocket", "HTTP"} {
			t.Run(version+" "+name, func(t *testing.T) {
				s := testutil.NewServer(t, func(s *janustest.Server) {
					s.Version, s.AdminSecret = version, secret
					set(s)
				})
				test(t, s, dial(t, urls(s)[name], Options{}))
			})
		}
	}
}

// The stand-in server answers as Janus does: nothing in its answers is unknown to
// this package.
func TestStandIn(t *testing.T) {
	set := func(s *janustest.Server) { s.Tokens = []string{"first"} }
	overStandIns(t, set, func(t *testing.T, s *janustest.Server, client *Client) {
		c := &standIn{T: t, server: s, client: client}
		recorder := record(t, client)
		c.settings()
		c.tokens()
		c.sessions()
		c.rooms()
		for _, test := range requestTests {
			name := test.name + " " + test.level
			gone := test.name == "set_libnice_debug" && s.Version == "1.4.2"
			if !gone && recorder.sent[name] == 0 && !slices.Contains(unserved, name) {
				t.Errorf("%s was not answered with success", name)
			}
		}
	})
}

// standIn is a conversation with a stand-in server.
type standIn struct {
	*testing.T
	server *janustest.Server
	client *Client
}

func (c *standIn) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *standIn) refused(err error, code janus.ErrorCode) {
	c.Helper()
	if !errors.Is(err, code) {
		c.Errorf("the error is %v, want %v", err, code)
	}
}

func (c *standIn) settings() {
	ctx, client := testutil.Context(c), c.client
	c.must(client.Ping(ctx))
	info, err := client.Info(ctx)
	c.must(err)
	if info.VersionString != c.server.Version {
		c.Errorf("the version is %s", info.VersionString)
	}
	before, err := client.Status(ctx)
	c.must(err)
	if before.SessionTimeout != time.Minute || before.LogLevel != LogInfo || !before.TokenAuth {
		c.Errorf("the status is %s", before.Raw)
	}
	c.must(client.SetGlobalSessionTimeout(ctx, time.Hour))
	c.must(client.SetLogLevel(ctx, LogDebug))
	c.must(client.SetLogTimestamps(ctx, true))
	c.must(client.SetLogColors(ctx, false))
	c.must(client.SetLockingDebug(ctx, true))
	c.must(client.SetRefcountDebug(ctx, true))
	c.must(client.SetMinNACKQueue(ctx, time.Second))
	c.must(client.SetNACKOptimizations(ctx, true))
	c.must(client.SetNoMediaTimer(ctx, time.Minute))
	c.must(client.SetSlowLinkThreshold(ctx, 9))
	want := *before
	want.SessionTimeout, want.LogLevel, want.LogTimestamps, want.LogColors = time.Hour, LogDebug, true, false
	want.LockingDebug, want.RefcountDebug, want.MinNACKQueue, want.NACKOptimizations = true, true, time.Second, true
	want.NoMediaTimer, want.SlowLinkThreshold, want.Raw = time.Minute, 9, nil
	if err := client.SetLibniceDebug(ctx, true); c.server.Version == "1.4.2" {
		c.refused(err, janus.ErrorInvalidRequestPath)
	} else {
		c.must(err)
		want.LibniceDebug = true
	}
	after, err := client.Status(ctx)
	c.must(err)
	if after.Raw = nil; !equal(*after, want) {
		c.Errorf("the settings are %+v, want %+v", *after, want)
	}
	c.refused(client.SetLogLevel(ctx, 8), janus.ErrorInvalidElementType)
	c.must(client.CustomEvent(ctx, "s", members{}))
	c.refused(client.CustomEvent(ctx, "s", nil), janus.ErrorInvalidElementType)
	c.must(client.CustomLogLine(ctx, LogInfo, "a line"))
	loops, err := client.LoopsInfo(ctx)
	c.must(err)
	if len(loops) != 0 {
		c.Errorf("the loops are %v", loops)
	}
	_, err = client.TestSTUN(ctx, STUNTest{Address: "a", Port: 1})
	c.refused(err, janus.ErrorInvalidRequestPath)
}

func equal(a, b Status) bool {
	a.Raw, b.Raw = nil, nil
	return reflect.DeepEqual(a, b)
}

// tokens checks that tokens have an effect on the Janus API.
func (c *standIn) tokens() {
	ctx, client := testutil.Context(c), c.client
	plugins, err := client.AddToken(ctx, "new", echotest.Name, "janus.plugin.none")
	c.must(err)
	if !slices.Equal(plugins, []string{echotest.Name}) {
		c.Errorf("the token allows %v", plugins)
	}
	session := c.open("new")
	_, err = session.Attach(ctx, "new", videoroom.Name)
	c.refused(err, janus.ErrorUnauthorizedPlugin)
	plugins, err = client.AllowToken(ctx, "new", videoroom.Name)
	c.must(err)
	if !slices.Equal(plugins, []string{echotest.Name, videoroom.Name}) {
		c.Errorf("the token allows %v", plugins)
	}
	_, err = session.Attach(ctx, "new", videoroom.Name)
	c.must(err)
	plugins, err = client.DisallowToken(ctx, "new", echotest.Name, videoroom.Name)
	c.must(err)
	if len(plugins) != 0 {
		c.Errorf("the token allows %v", plugins)
	}
	tokens, err := client.ListTokens(ctx)
	c.must(err)
	if len(tokens) != 1 || tokens[0].Token != "first" || !slices.Contains(tokens[0].Plugins, videoroom.Name) {
		c.Errorf("the tokens are %+v", tokens)
	}
	c.must(client.RemoveToken(ctx, "new"))
	c.refused(client.RemoveToken(ctx, "new"), janus.ErrorUnknown)
	_, err = session.KeepAlive(ctx, "new")
	c.refused(err, janus.ErrorUnauthorized)
	_, err = client.AllowToken(ctx, "new", echotest.Name)
	c.refused(err, janus.ErrorTokenNotFound)
	_, err = client.AllowToken(ctx, "first")
	c.refused(err, janus.ErrorInvalidElementType)
	_, err = client.DisallowToken(ctx, "first", "janus.plugin.none")
	c.refused(err, janus.ErrorInvalidElementType)
	c.must(client.DestroySession(ctx, session.ID))
}

// open opens a session with a token.
func (c *standIn) open(token string) *janus.Session {
	c.Helper()
	gateway, _ := testutil.Dial(c, c.server, nil)
	session, err := gateway.Create(testutil.Context(c), token)
	c.must(err)
	return session
}

// sessions checks that the Admin API acts on the sessions of the server.
func (c *standIn) sessions() {
	ctx, client := testutil.Context(c), c.client
	c.must(client.AcceptNewSessions(ctx, false))
	gateway, _ := testutil.Dial(c, c.server, nil)
	_, err := gateway.Create(ctx, "first")
	c.refused(err, janus.ErrorNotAcceptingSessions)
	c.must(client.AcceptNewSessions(ctx, true))
	session := c.open("first")
	handle, err := session.Attach(ctx, "first", echotest.Name)
	c.must(err)
	other, err := session.Attach(ctx, "first", videoroom.Name)
	c.must(err)
	ids, err := client.ListSessions(ctx)
	c.must(err)
	if !slices.Equal(ids, []uint64{session.ID}) {
		c.Errorf("the sessions are %v", ids)
	}
	ids, err = client.ListHandles(ctx, session.ID)
	c.must(err)
	if len(ids) != 2 || !slices.Contains(ids, handle.ID) || !slices.Contains(ids, other.ID) {
		c.Errorf("the handles are %v", ids)
	}
	c.must(client.SetSessionTimeout(ctx, session.ID, time.Hour))
	info, err := client.HandleInfo(ctx, session.ID, handle.ID)
	c.must(err)
	c.must(info.DecodePlugin(new(EchoTestInfo)))
	if info.Session != session.ID || info.Handle != handle.ID || info.Plugin != echotest.Name || info.Age < 0 || info.Age > time.Hour || info.WebRTC != nil {
		c.Errorf("the info is %s", info.Raw)
	}
	c.must(client.HangupWebRTC(ctx, session.ID, handle.ID))
	c.must(client.DetachHandle(ctx, session.ID, handle.ID))
	testutil.ReceiveAs[*janus.DetachedMsg](c, handle.Events)
	c.refused(client.DetachHandle(ctx, session.ID, handle.ID), janus.ErrorHandleNotFound)
	c.must(client.DestroySession(ctx, session.ID))
	c.refused(client.DestroySession(ctx, session.ID), janus.ErrorSessionNotFound)
	_, err = session.KeepAlive(ctx, "first")
	c.refused(err, janus.ErrorSessionNotFound)
}

// rooms manages rooms of the plugins.
func (c *standIn) rooms() {
	ctx, client := testutil.Context(c), c.client
	rooms := videoroom.On(client.Plugin(videoroom.Name))
	big := plugin.Num(1<<53 + 1)
	_, err := rooms.Create(ctx, videoroom.Create{Room: big})
	c.must(err)
	_, err = rooms.Create(ctx, videoroom.Create{Room: big})
	if !errors.Is(err, videoroom.ErrorRoomExists) {
		c.Errorf("a second room: %v", err)
	}
	list, err := rooms.List(ctx, videoroom.List{})
	c.must(err)
	if !slices.ContainsFunc(list.List, func(r videoroom.Room) bool { return r.Room == big }) {
		c.Errorf("the rooms are %s", list.Raw)
	}
	_, err = rooms.JoinPublisher(ctx, videoroom.JoinPublisher{Room: big})
	if !errors.Is(err, videoroom.ErrorInvalidRequest) || !strings.Contains(err.Error(), "answers at once") {
		c.Errorf("an asynchronous request: %v", err)
	}
	_, err = client.MessagePlugin(ctx, audiobridge.Name, nil)
	c.refused(err, janus.ErrorPluginNotFound)
	c.server.Handle(audiobridge.Name, janustest.Script{
		"list": janustest.Success(map[string]any{"audiobridge": "success", "list": []any{}}),
		"join": janustest.Event(map[string]any{"audiobridge": "joined"}, nil),
	})
	bridge := audiobridge.On(client.Plugin(audiobridge.Name))
	_, err = bridge.List(ctx, audiobridge.List{})
	c.must(err)
	_, err = bridge.Join(ctx, audiobridge.Join{Room: big}, nil)
	c.refused(err, janus.ErrorUnknown)
	_, err = bridge.Exists(ctx, audiobridge.Exists{Room: big})
	c.refused(err, janus.ErrorPluginMessage)
}
