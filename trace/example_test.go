package trace_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"

	"nhooyr.io/websocket"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/trace"
)

// Print each request and how it ended, and each change of the connection's state.
func Example() {
	server := janustest.NewServer()
	defer server.Close()
	hooks := &janus.Trace{
		RequestEnd: func(_ context.Context, r trace.Request, result trace.Result) {
			fmt.Printf("%s %s: %v\n", r.Verb, r.Plugin, result.Err)
		},
		StateChanged: func(c trace.StateChange) { fmt.Println(c.To) },
	}

	ctx := context.Background()
	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{Trace: hooks})
	if err != nil {
		log.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := session.Attach(ctx, "", "janus.plugin.echotest"); err != nil {
		log.Fatal(err)
	}
	if err := gateway.Close(websocket.StatusNormalClosure, ""); err != nil {
		log.Fatal(err)
	}
	// Output:
	// connected
	// create : <nil>
	// attach janus.plugin.echotest: <nil>
	// closed
}

// Log messages that the application does not read fast enough.
func ExampleTrace_eventDropped() {
	hooks := &janus.Trace{
		EventDropped: func(d trace.Drop) {
			if d.Reason == trace.Overflow {
				slog.Warn("reader too slow", "plugin", d.Plugin, "kind", d.Kind, "waiting", d.Depth)
			}
		},
	}
	_ = janus.DialOptions{Trace: hooks}
}

// Pass a value from the start of a request to its end. The context that
// RequestStart returns has that of the caller's, so a tracing library can continue
// the caller's trace.
func ExampleTrace_requestStart() {
	type key struct{}
	hooks := &janus.Trace{
		RequestStart: func(ctx context.Context, r trace.Request) context.Context {
			return context.WithValue(ctx, key{}, "span of "+r.Verb)
		},
		RequestEnd: func(ctx context.Context, _ trace.Request, result trace.Result) {
			fmt.Println(ctx.Value(key{}), "ended:", errors.Is(result.Err, janus.ErrNotSent))
		},
	}
	_ = janus.DialOptions{Trace: hooks}
}

// Add hooks to options that may have some.
func ExampleJoin() {
	opts := &janus.DialOptions{}
	opts.Trace = trace.Join(opts.Trace, &janus.Trace{
		StateChanged: func(c trace.StateChange) { fmt.Println(c.From, "to", c.To) },
	})
}
