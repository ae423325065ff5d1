package rtc

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"golang.org/x/sync/errgroup"
)

// keepAlive is well within Janus's session_timeout, 60 s by default.
const keepAlive = 20 * time.Second

// cleanUpTimeout is how long leaving Janus tidily may take.
const cleanUpTimeout = 5 * time.Second

// Config has the values of the flags that all programs have.
type Config struct {
	URL       string
	APISecret string
	Token     string
	Timeout   time.Duration
	Loopback  bool
}

// program is what a program does with its session.
type program func(ctx context.Context, session *janus.Session, config Config) error

// Main runs a program. It reads the flags, including those that the program has
// defined, makes a session on Janus and passes it to run, whose ctx ends with the
// timeout or an interrupt. In the end it destroys the session. An error is
// printed in one line, and the exit status is then 1.
func Main(name string, run program) {
	var config Config
	flag.StringVar(&config.URL, "url", "ws://127.0.0.1:8188/", "websocket `URL` of Janus")
	flag.StringVar(&config.APISecret, "secret", "", "API `secret` of Janus (api_secret), if it demands one")
	flag.StringVar(&config.Token, "token", "", "`token` for Janus (token_auth), if it demands one")
	flag.DurationVar(&config.Timeout, "timeout", 30*time.Second, "how long the program may take")
	flag.BoolVar(&config.Loopback, "loopback", false, "use only the loopback addresses of this machine for media")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := withSession(ctx, config, run); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// withSession makes a session on Janus, passes it to run and destroys it. It
// returns only the first error, because later ones are mostly its consequences.
func withSession(ctx context.Context, config Config, run program) error {
	ctx, cancel := context.WithTimeoutCause(ctx, config.Timeout, fmt.Errorf("not done within %v", config.Timeout))
	defer cancel()
	gateway, connection, err := dial(ctx, config)
	if err != nil {
		return reason(ctx, err)
	}
	session, err := gateway.Create(ctx, "")
	if err == nil {
		err = run(ctx, session, config)
	}
	shutdown := CleanUp(ctx, gateway.Shutdown)
	return cmp.Or(reason(ctx, err), shutdown, connection.Wait())
}

// dial connects to Janus. The connection does not end with ctx: it is still
// needed for cleaning up then. DialOptions.DialTimeout bounds the dial.
func dial(ctx context.Context, config Config) (*janus.Gateway, *errgroup.Group, error) {
	options := &janus.DialOptions{APISecret: config.APISecret, KeepAlive: keepAlive, DialTimeout: config.Timeout}
	if config.Token != "" {
		options.TokenSource = func(context.Context, uint64) (string, error) { return config.Token, nil }
	}
	return janus.Dial(context.WithoutCancel(ctx), config.URL, options)
}

// reason returns why ctx ended, if that is what err is about.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return context.Cause(ctx)
	}
	return err
}

// CleanUp calls f with a context that lives although ctx may have ended.
func CleanUp(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	if err := f(ctx); err != nil {
		return fmt.Errorf("clean up: %w", err)
	}
	return nil
}

// Await waits for done, or returns why ctx ended.
func Await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
