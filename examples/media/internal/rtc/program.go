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
	"nhooyr.io/websocket"
)

// keepAlive is well within Janus's session_timeout, 60 s by default.
const keepAlive = 20 * time.Second

// cleanUpTimeout is how long leaving Janus tidily may take.
const cleanUpTimeout = 5 * time.Second

// Config is what the flags of a program say.
type Config struct {
	URL      string
	Packets  int
	Timeout  time.Duration
	Loopback bool
}

// program is what a program does with its session.
type program func(ctx context.Context, session *janus.Session, config Config) error

// Main runs a program: it reads the flags, makes a session on Janus, hands it
// to run, whose ctx ends with the timeout or an interrupt, and destroys it. An
// error is written in one line, and exits with status 1.
func Main(name string, run program) {
	var config Config
	flag.StringVar(&config.URL, "url", "ws://127.0.0.1:8188/", "websocket `URL` of Janus")
	flag.IntVar(&config.Packets, "packets", 100, "how many RTP `packets` must come back")
	flag.DurationVar(&config.Timeout, "timeout", 30*time.Second, "how long that may take")
	flag.BoolVar(&config.Loopback, "loopback", false, "media uses the loopback addresses of this machine only")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := withSession(ctx, config, run); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// withSession makes a session on Janus, hands it to run and destroys it. Only the
// first error is returned: others are mostly its consequences.
func withSession(ctx context.Context, config Config, run program) error {
	ctx, cancel := context.WithTimeoutCause(ctx, config.Timeout, fmt.Errorf("not done within %v", config.Timeout))
	defer cancel()
	gateway, connection, err := dial(ctx, config.URL)
	if err != nil {
		return reason(ctx, err)
	}
	err = useSession(ctx, gateway, config, run)
	closed := gateway.Close(websocket.StatusNormalClosure, "")
	return cmp.Or(reason(ctx, err), closed, connection.Wait())
}

// dial connects to Janus. ctx bounds the dial only: the connection is still
// needed when it has ended, to clean up.
func dial(ctx context.Context, url string) (*janus.Gateway, *errgroup.Group, error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	abort := context.AfterFunc(ctx, end)
	gateway, connection, err := janus.Dial(life, url, &janus.DialOptions{KeepAlive: keepAlive})
	abort()
	if err != nil {
		end()
	}
	return gateway, connection, err
}

func useSession(ctx context.Context, gateway *janus.Gateway, config Config, run program) error {
	session, err := gateway.Create(ctx, "")
	if err != nil {
		return err
	}
	err = run(ctx, session, config)
	destroyed := CleanUp(ctx, func(ctx context.Context) error {
		_, err := session.Destroy(ctx, "")
		return err
	})
	return cmp.Or(err, destroyed)
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
