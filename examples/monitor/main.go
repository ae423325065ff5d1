// Command monitor serves a live page of one or several Janus servers: their sessions,
// handles and PeerConnections, plots of bitrate, loss, round-trip time and jitter, what
// happens, and buttons to hang up, detach and destroy:
//
//	export JANUS_ADMIN_SECRET=janusoverlord
//	go run ./examples/monitor -admin ws://127.0.0.1:7188
//
// The data comes from the Admin API and from the event handler sampleevh of Janus. The
// program prints the configuration of the event handler or, with -tweak, sets it. See
// README.md.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// howToGetJanus is said when there is no -admin.
const howToGetJanus = "monitor: -admin is missing, the URL of the Admin API of a Janus server, such as ws://127.0.0.1:7188; " +
	"to get Janus: apt-get install janus, and set admin_ws = true in janus.transport.websockets.jcfg"

// config has the values of the flags and of the environment.
type config struct {
	admins, urls   []string
	secret         string // admin_secret of the servers
	listen         string
	password       string
	events         string // address of the receiver of events
	eventsURL      string // by which Janus reaches it; empty: as events says
	eventsPassword string // empty: a random one
	tweak          bool
}

func main() {
	c, err := parse(os.Args[1:], os.Getenv, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err == nil {
		err = run(ctx, c, os.Stdout, slog.Default())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// parse returns the configuration.
func parse(args []string, getenv func(string) string, out io.Writer) (c config, err error) {
	flags := flag.NewFlagSet("monitor", flag.ContinueOnError)
	flags.SetOutput(out)
	list := func(to *[]string) func(string) error {
		return func(value string) error {
			*to = append(*to, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })...)
			return nil
		}
	}
	flags.Func("admin", "`URL` of the Admin API of a Janus server, ws or http; repeat it, or separate URLs by commas, for several", list(&c.admins))
	flags.Func("url", "`URL` of the Janus API of the same server, to see whether it answers; in the same order", list(&c.urls))
	flags.StringVar(&c.secret, "secret", "", "admin_secret of the servers; better set JANUS_ADMIN_SECRET")
	flags.StringVar(&c.listen, "listen", "127.0.0.1:8089", "`address` of the page; any but one of this machine needs -password")
	flags.StringVar(&c.password, "password", "", "`password` of the page; better set MONITOR_PASSWORD")
	flags.StringVar(&c.events, "events", "127.0.0.1:0", "`address` to receive events on")
	flags.StringVar(&c.eventsURL, "events-url", "", "`URL` by which Janus reaches -events, if that address does not say it")
	flags.BoolVar(&c.tweak, "tweak", false, "set the event handler of the servers through the Admin API")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(out, "usage: monitor -admin URL [flags]") // nobody may be reading
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	c.secret = cmp.Or(c.secret, getenv("JANUS_ADMIN_SECRET"))
	c.password = cmp.Or(c.password, getenv("MONITOR_PASSWORD"))
	c.eventsPassword = getenv("MONITOR_EVENTS_PASSWORD")
	if flags.NArg() > 0 {
		return config{}, fmt.Errorf("monitor: %q is not a flag", flags.Arg(0))
	}
	return c, c.check()
}

// check returns an error that says in one line what is wrong.
func (c *config) check() error {
	switch {
	case len(c.admins) == 0:
		return errors.New(howToGetJanus)
	case len(c.urls) > len(c.admins):
		return errors.New("monitor: there are more -url than -admin")
	case !isLoopback(c.listen) && c.password == "":
		return fmt.Errorf("monitor: others can reach %s: set MONITOR_PASSWORD or -password", c.listen)
	case isUnspecified(c.events) && c.eventsURL == "":
		return fmt.Errorf("monitor: %s does not say where Janus reaches it: set -events-url", c.events)
	}
	for _, raw := range c.admins {
		if u, err := url.Parse(raw); err != nil || u.Host == "" {
			return fmt.Errorf("monitor: %q is not the URL of an Admin API, such as ws://127.0.0.1:7188", raw)
		}
	}
	return nil
}

// isUnspecified reports whether an address with a port stands for all of this machine.
func isUnspecified(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "" || ip != nil && ip.IsUnspecified())
}

// monitor is what the pages have in common.
type monitor struct {
	servers  []*server
	stream   *stream
	log      *slog.Logger
	ctx      context.Context // ends when the program does
	pages    chan struct{}   // has an element for each page
	period   time.Duration   // see slowPeriod
	patience time.Duration   // see writeTimeout
}

// newMonitor returns a monitor whose tasks do not run yet.
func newMonitor(ctx context.Context, c config, log *slog.Logger) *monitor {
	m := &monitor{
		stream: new(stream), log: log, ctx: ctx, pages: make(chan struct{}, maxPages),
		period: slowPeriod, patience: writeTimeout,
	}
	for i, raw := range c.admins {
		path := fmt.Sprintf("/events/%d", i+1)
		s := newServer(m.unusedName(raw), raw, c.secret, path, c.eventsPassword, m.stream, log)
		if i < len(c.urls) {
			s.apiURL = c.urls[i]
		}
		m.servers = append(m.servers, s)
	}
	return m
}

// unusedName returns a name for the server at a URL: its host and port.
func (m *monitor) unusedName(raw string) string {
	host := raw
	if u, err := url.Parse(raw); err == nil {
		host = u.Host
	}
	name := host
	for n := 2; m.server(name) != nil; n++ {
		name = fmt.Sprintf("%s #%d", host, n)
	}
	return name
}

// server returns a server by its name, or nil.
func (m *monitor) server(name string) *server {
	for _, s := range m.servers {
		if s.name == name {
			return s
		}
	}
	return nil
}

// run serves the page until ctx ends or something fails.
func run(ctx context.Context, c config, out io.Writer, logger *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	m := newMonitor(ctx, c, logger)
	page, err := net.Listen("tcp", c.listen)
	if err != nil {
		return fmt.Errorf("monitor: %w", err)
	}
	events, err := net.Listen("tcp", c.events)
	if err != nil {
		_ = page.Close() // nothing was served
		return fmt.Errorf("monitor: receive events: %w", err)
	}
	_, _ = fmt.Fprintf(out, "listening on http://%s/\n", page.Addr()) // nobody may be reading
	m.setUp(c, events.Addr(), out)
	group.Go(func() error { return serve(ctx, page, m.handler(newGuard(c.password)), nil) })
	group.Go(func() error { return serve(ctx, events, m.receivers(), m.shutdown) })
	for _, s := range m.servers {
		group.Go(func() error {
			defer s.close()
			s.run(ctx)
			return nil
		})
		if s.apiURL != "" {
			group.Go(func() error { s.runAPI(ctx); return nil })
		}
	}
	return group.Wait()
}

// setUp says how Janus is made to send its events here, and prepares to do so with
// -tweak.
func (m *monitor) setUp(c config, address net.Addr, out io.Writer) {
	base := strings.TrimSuffix(cmp.Or(c.eventsURL, "http://"+address.String()), "/")
	for _, s := range m.servers {
		s.printSetup(out, base)
		if c.tweak {
			s.tweak = s.tweaker(out, base)
		}
	}
}

// receivers receives the events of all servers.
func (m *monitor) receivers() http.Handler {
	mux := http.NewServeMux()
	for _, s := range m.servers {
		mux.Handle(s.path, s.receiver)
	}
	return mux
}

// shutdown ends the websockets of event handlers.
func (m *monitor) shutdown(ctx context.Context) error {
	var all []error
	for _, s := range m.servers {
		all = append(all, s.receiver.Shutdown(ctx))
	}
	return errors.Join(all...)
}

// serve serves until ctx ends. before, if it is not nil, is called then, before the
// connections are closed.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, before func(context.Context) error) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("monitor: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if before != nil {
		_ = before(closing) // the program ends in any case
	}
	if server.Shutdown(closing) != nil {
		_ = server.Close() // somebody holds a connection: it is cut
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("monitor: %w", err)
	}
	return nil
}
