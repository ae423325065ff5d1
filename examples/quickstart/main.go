// Command quickstart has one conversation with a Janus server, from Dial to
// Shutdown, and prints a line for each step.
//
// Without -url it starts a stand-in server of its own:
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -url ws://127.0.0.1:8188
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sync/errgroup"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

const plugin = "janus.plugin.echotest"

// dialTimeout is how long the server may take to accept the connection. After
// that every call has the library's default deadline.
const dialTimeout = 5 * time.Second

func main() {
	var s settings
	flag.StringVar(&s.url, "url", "", "websocket `address` of a Janus server (default: a stand-in inside this program)")
	flag.StringVar(&s.token, "token", "", "`token` to send with every request")
	flag.StringVar(&s.apiSecret, "apisecret", "", "API `secret` to send with every request")
	flag.Parse()

	// Ctrl-C ends the context, the end of the context ends the connection, and the
	// end of the connection ends all calls.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, s, flag.Args())
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

type settings struct{ url, token, apiSecret string }

// run connects, has the conversation and closes. It returns the first failure.
func run(ctx context.Context, s settings, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q: a server is named with -url", args[0])
	}
	where := "the server at -url"
	var standIn *janustest.Server
	if s.url == "" {
		standIn = janustest.NewServer()
		defer standIn.Close()
		s.url, where = standIn.URL, "the stand-in server inside this program"
	}
	gateway, group, err := janus.Dial(ctx, s.url, &janus.DialOptions{
		APISecret:   s.apiSecret,
		DialTimeout: dialTimeout,
	})
	if err != nil {
		return err
	}
	say("connect", "%s", where)

	talked := talk(ctx, gateway, group, s.token, standIn)
	closed := gateway.Shutdown(ctx) // destroys what a failure has left
	ended := group.Wait()           // for the goroutines of the library, and our own
	if err := cmp.Or(talked, closed, ended); err != nil {
		return err
	}
	say("close", "the server has agreed to close")
	say("wait", "every goroutine has ended, none with an error")
	return nil
}

// talk shows the API of a session and a handle. standIn is the stand-in server, or
// nil if the server is another one.
func talk(ctx context.Context, gateway *janus.Gateway, group *errgroup.Group, token string, standIn *janustest.Server) error {
	info, err := gateway.Info(ctx, token)
	if err != nil {
		return err
	}
	say("info", "%s %s, %d plugins, a session times out after %d s",
		info.Name, info.VersionString, len(info.Plugins), info.SessionTimeout)

	session, err := gateway.Create(ctx, token)
	if err != nil {
		return err
	}
	say("create", "session %d", session.ID)

	handle, err := session.Attach(ctx, token, plugin)
	if err != nil {
		return err
	}
	say("attach", "handle %d to %s", handle.ID, plugin)

	// This goroutine is in the group, so that Wait waits for it too. The library
	// closes the channel, which ends the loop.
	closed := make(chan struct{})
	group.Go(func() error {
		defer close(closed)
		for event := range handle.Events {
			say("event", "%s", describe(event))
		}
		return nil
	})

	answer, err := handle.Message(ctx, token, map[string]any{"audio": true}, nil)
	if err != nil {
		return err
	}
	if err := answer.Plugindata.Err(); err != nil {
		return err
	}
	say("message", "audio on; the plugin answers %q", answer.Plugindata.Data["result"])

	if standIn != nil { // a real EchoTest sends no events before there is media
		data := map[string]any{"echotest": "event", "result": "nobody asked for this"}
		if err := standIn.Notify(session.ID, handle.ID, data, nil); err != nil {
			return err
		}
	}

	if _, err := handle.Detach(ctx, token); err != nil {
		return err
	}
	<-closed
	say("detach", "done, and Events is closed after its last message")

	if _, err := session.Destroy(ctx, token); err != nil {
		return err
	}
	say("destroy", "done")
	return nil
}

// describe describes a message in a few words. A real application acts on the
// messages that it knows, and logs the others.
func describe(event any) string {
	switch event := event.(type) {
	case *janus.EventMsg:
		return fmt.Sprintf("from the plugin: %q", event.Plugindata.Data["result"])
	case *janus.DetachedMsg:
		return "the handle is detached"
	default:
		return fmt.Sprintf("%T", event)
	}
}

// say prints one step.
func say(step, format string, args ...any) {
	fmt.Printf("%-9s%s\n", step, fmt.Sprintf(format, args...))
}
