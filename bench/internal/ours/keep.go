package ours

//lint:file-ignore SA1019 the library measured is built on this module

import (
	"encoding/json"
	"runtime"
	"strings"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

// keepInterval is how often each session is kept alive. Janus needs it once a
// minute; more often shows more.
const keepInterval = time.Second

// Keep keeps n sessions alive for two intervals.
func (c *client) Keep(url string, n int) (kept contest.Kept, err error) {
	before := runtime.NumGoroutine()
	libraryBefore, websocketBefore := countGoroutines()
	gateway, _, err := janus.Dial(c.ctx, url, &janus.DialOptions{KeepAlive: keepInterval})
	if err != nil {
		return kept, err
	}
	defer func() { _ = gateway.Close(websocket.StatusNormalClosure, "") }() // it has served its purpose
	err = contest.Attach(n, func() error {
		_, err := gateway.Create(c.ctx, "")
		return err
	})
	if err != nil {
		return kept, err
	}
	time.Sleep(2 * keepInterval)
	library, websocket := countGoroutines()
	kept.Library, kept.Websocket = library-libraryBefore, websocket-websocketBefore
	kept.Others = runtime.NumGoroutine() - before - kept.Library - kept.Websocket
	info, err := gateway.Info(c.ctx, "")
	if err != nil {
		return kept, err
	}
	var server struct{ KeepAlives int }
	err = json.Unmarshal(info.Raw, &server)
	kept.KeepAlives = server.KeepAlives
	return kept, err
}

// countGoroutines counts the goroutines that run code of the library, and those
// that are the websocket's own.
func countGoroutines() (library, websocket int) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		switch {
		case strings.Contains(stack, "janus-go.(*Gateway)"), strings.Contains(stack, "internal/link.(*Link)"):
			library++
		case strings.Contains(stack, "nhooyr.io/websocket.(*Conn).timeoutLoop"):
			websocket++
		}
	}
	return library, websocket
}
