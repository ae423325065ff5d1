package faults

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	janus "github.com/cameronelliott/janus-go"
)

// gate is a slog.Handler whose methods wait for a channel, if it is not nil.
type gate struct {
	enabled, handle func() <-chan struct{}
}

func (g *gate) WithAttrs([]slog.Attr) slog.Handler { return g }
func (g *gate) WithGroup(string) slog.Handler      { return g }

func (g *gate) Enabled(context.Context, slog.Level) bool {
	if g.enabled != nil {
		<-g.enabled()
	}
	return true
}

func (g *gate) Handle(context.Context, slog.Record) error {
	if g.handle != nil {
		<-g.handle()
	}
	return nil
}

// A logger that blocks, in whichever method and from whenever on, delays no
// call, no event and no Close.
func TestBlockedLogger(t *testing.T) {
	open := make(chan struct{})
	close(open)
	for name, build := range map[string]func(blocked func() <-chan struct{}) *gate{
		"Enabled": func(blocked func() <-chan struct{}) *gate { return &gate{enabled: blocked} },
		"Handle":  func(blocked func() <-chan struct{}) *gate { return &gate{handle: blocked} },
		"both":    func(blocked func() <-chan struct{}) *gate { return &gate{enabled: blocked, handle: blocked} },
	} {
		for _, when := range []string{"always", "later"} {
			t.Run(name+" "+when, func(t *testing.T) {
				noLeaks(t)
				release := make(chan struct{})
				t.Cleanup(sync.OnceFunc(func() { close(release) }))
				var blocking atomic.Bool
				blocking.Store(when == "always")
				handler := build(func() <-chan struct{} {
					if blocking.Load() {
						return release
					}
					return open
				})
				server := newStub(t, nil)
				var c *client
				within(t, "Dial", func() { c = connect(t, server.URL, &janus.DialOptions{Logger: slog.New(handler)}) })
				blocking.Store(true)
				var session *janus.Session
				var handle *janus.Handle
				within(t, "the first calls", func() { session, handle = c.open(t) })
				within(t, "a hundred calls", func() {
					for i := range 100 {
						server.Broadcast(`{"janus":"event","session_id":1,"sender":2,"plugindata":{"data":{"for":"nobody"}}}`)
						if _, err := handle.Message(t.Context(), "", order{Do: "events", Nonce: i, Count: 1}, nil); err != nil {
							t.Error(err)
						}
						next(t, "an event", handle.Events)
					}
				})
				within(t, "Destroy", func() {
					if _, err := session.Destroy(t.Context(), ""); err != nil {
						t.Error(err)
					}
				})
				c.end(t)
			})
		}
	}
}

// Large messages that nobody can be given, and which a blocked logger keeps
// waiting, do not fill the memory.
func TestBlockedLoggerHoldsLittle(t *testing.T) {
	noLeaks(t)
	release := make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(release) }))
	server := newStub(t, nil)
	c := connect(t, server.URL, &janus.DialOptions{Logger: slog.New(&gate{handle: func() <-chan struct{} { return release }})})
	c.mustLive(t)
	before := heapInUse()
	frame := fmt.Sprintf(`{"janus":"event","session_id":1,"sender":2,"plugindata":{"data":{"pad":%q}}}`, strings.Repeat("x", 1<<20))
	for range pick(50, 700) {
		server.Broadcast(frame)
		c.mustLive(t) // it has been read
	}
	if after := heapInUse(); after > before+20<<20 {
		t.Errorf("%s are held, %s before", mib(after), mib(before))
	}
}
