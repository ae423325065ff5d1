package realtest

import (
	"context"
	"sync"

	janus "github.com/cameronelliott/janus-go"
	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"
)

// The documented signatures: a program that holds one in a variable or behind
// an interface compiles only if it is exactly that.
var (
	_ func(*errgroup.Group) error                                                     = janus.WaitForGroup
	_ func(context.Context, string) (*janus.Gateway, *errgroup.Group, error)          = janus.Connect
	_ func(*janus.ErrorMsg) string                                                    = (*janus.ErrorMsg).Error
	_ func(*janus.Gateway, websocket.StatusCode, string) error                        = (*janus.Gateway).Close
	_ func(*janus.Gateway, context.Context, string) (*janus.Session, error)           = (*janus.Gateway).Create
	_ func(*janus.Gateway, context.Context, string) (*janus.InfoMsg, error)           = (*janus.Gateway).Info
	_ func(*janus.Session, context.Context, string, string) (*janus.Handle, error)    = (*janus.Session).Attach
	_ func(*janus.Session, context.Context, string) (*janus.AckMsg, error)            = (*janus.Session).Destroy
	_ func(*janus.Session, context.Context, string) (*janus.AckMsg, error)            = (*janus.Session).KeepAlive
	_ func(*janus.Session, context.Context) error                                     = (*janus.Session).KeepAliveSender
	_ func(*janus.Handle, context.Context, string) (*janus.AckMsg, error)             = (*janus.Handle).Detach
	_ func(*janus.Handle, context.Context, string, any, any) (*janus.EventMsg, error) = (*janus.Handle).Message
	_ func(*janus.Handle, context.Context, string, any) (*janus.SuccessMsg, error)    = (*janus.Handle).Request
	_ func(*janus.Handle, context.Context, string, any) (*janus.AckMsg, error)        = (*janus.Handle).Trickle
	_ func(*janus.Handle, context.Context, string, any) (*janus.AckMsg, error)        = (*janus.Handle).TrickleMany

	_ sync.Locker = (*janus.Gateway)(nil)
	_ sync.Locker = (*janus.Session)(nil)
	_ error       = (*janus.ErrorMsg)(nil)
)

// The documented fields.
var _ = []any{
	&janus.Gateway{Sessions: map[uint64]*janus.Session{}, LogJsonMessages: true},
	&janus.Session{ID: 1, Handles: map[uint64]*janus.Handle{}, Events: make(chan any)},
	&janus.Handle{ID: 1, Type: "pub", User: "anna", Events: make(chan any)},
	&janus.BaseMsg{Type: "event", ID: "1", Session: 1, Handle: 1},
	&janus.ErrorMsg{Err: janus.ErrorData{Code: 1, Reason: "none"}},
	&janus.SuccessMsg{Data: janus.SuccessData{ID: 1}, PluginData: janus.PluginData{}, Session: 1, Handle: 1},
	&janus.EventMsg{Plugindata: janus.PluginData{Plugin: echotest, Data: object{}}, Jsep: object{}, Session: 1, Handle: 1},
	&janus.HangupMsg{Reason: "none", Session: 1, Handle: 1},
	&janus.MediaMsg{Type: "audio", Receiving: true},
	&janus.SlowLinkMsg{Uplink: true, Lost: 1},
	&janus.TimeoutMsg{Session: 1},
	&janus.WebRTCUpMsg{Session: 1, Handle: 1},
	janus.AckMsg{}, janus.DetachedMsg{},
	&janus.InfoMsg{
		Name: "", Version: 1, VersionString: "", Author: "", DataChannels: true, IPv6: true, LocalIP: "", IceTCP: true,
		Transports: map[string]janus.PluginInfo{"": {Name: "", Author: "", Description: "", Version: 1, VersionString: ""}},
		Plugins:    map[string]janus.PluginInfo{},
	},
}
