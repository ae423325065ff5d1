package main

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/supervisor"
)

//go:embed page
var embedded embed.FS

// shutdownTimeout bounds what is done on Janus when the program ends.
const shutdownTimeout = 5 * time.Second

// headers are those of every answer. Pages load nothing from elsewhere.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"media-src 'self' blob: mediastream:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy":        "no-referrer",
	"Permissions-Policy":     "camera=(self), microphone=(self), display-capture=(self)",
	"Cache-Control":          "no-cache",
}

// run serves until ctx ends or Janus refuses the program's credentials.
func (c *conference) run(ctx context.Context, listener net.Listener) error {
	// The session on Janus is needed until the participants have left.
	janusCtx, stopJanus := context.WithCancel(context.WithoutCancel(ctx))
	defer stopJanus()
	group, ctx := errgroup.WithContext(ctx)
	server := &http.Server{Handler: c.handler(ctx), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	group.Go(func() error { return c.janus.Run(janusCtx) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		defer stopJanus()
		closing, cancel := context.WithTimeout(janusCtx, shutdownTimeout)
		defer cancel()
		c.close() // nobody can join any more
		c.participants.Wait()
		c.destroyRoom(closing)
		if server.Shutdown(closing) != nil {
			return server.Close() // a client takes too long
		}
		return nil
	})
	return group.Wait()
}

// handler serves the pages and the sockets. Participants end with ctx.
func (c *conference) handler(ctx context.Context) http.Handler {
	page, err := fs.Sub(embedded, "page")
	if err != nil {
		panic(err) // the name is valid
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	mux.HandleFunc("GET /operator", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, page, "operator.html")
	})
	mux.HandleFunc("GET /healthz", c.health)
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, r *http.Request) { c.socket(ctx, w, r) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		mux.ServeHTTP(w, r)
	})
}

// health says whether there is a Janus.
func (c *conference) health(w http.ResponseWriter, _ *http.Request) {
	if state := c.janus.Status().State; state != supervisor.StateUp {
		http.Error(w, "Janus: "+state.String(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n")) // the client may have gone
}

// socket serves a websocket. Pages of other sites are refused by Accept.
func (c *conference) socket(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	b := newBrowser(r.Context(), conn)
	if refusal := c.open(b); refusal != nil {
		b.send(refusal)
		b.close("refused")
		_ = b.run(func(context.Context, message) {}) // it says why it ended
		return
	}
	defer c.sockets.Done()
	c.serve(ctx, b)
}
