package supervisor

import (
	"cmp"
	"log/slog"
	"slices"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

const (
	defaultMinDelay    = 250 * time.Millisecond
	defaultMaxDelay    = 15 * time.Second
	defaultUpTimeout   = time.Minute
	defaultStopTimeout = 5 * time.Second
	defaultKeepAlive   = 25 * time.Second
	defaultGiveUpAfter = 30 * time.Second
)

// Options are the options of New. The zero value of each field but URLs selects its
// default.
type Options struct {
	// URLs are the addresses of the servers, at least one. The first unit is tried on
	// the first of them. If the dial, the session or up fails there, or if the
	// connection of a unit is lost, the next one is tried; after the last one, the
	// first. A unit that ends for another reason is made again on the same server.
	URLs []string

	// Dial are the options of each connection. KeepAlive is 25 s by default here; if
	// negative, sessions are not kept alive. With Reconnect, a unit outlives a lost
	// connection if its session can be claimed; GiveUpAfter is then 30 s by default.
	// Default: no Reconnect, so a unit ends with its connection.
	Dial *janus.DialOptions

	// Token is sent when sessions are created and destroyed and when handles are
	// attached and detached. Default: none, or that of Dial.TokenSource.
	Token string

	// MinDelay and MaxDelay control the delay before each attempt but the first. The
	// delay is random, between zero and a limit that starts at MinDelay and doubles
	// with every attempt up to MaxDelay. The limit is reset once a unit has been up
	// for MaxDelay. Defaults: 250 ms and 15 s.
	MinDelay, MaxDelay time.Duration

	// UpTimeout is how long it may take to create the session and to run up. This
	// includes the removal of sessions that were left. If negative, there is no
	// limit. Default: 1 minute.
	UpTimeout time.Duration

	// StopTimeout bounds the removal of a unit from the server, and then the wait for
	// its goroutines. Goroutines that do not return in time are abandoned, which is
	// logged. Default, also if negative: 5 s.
	StopTimeout time.Duration

	// Logger receives why units end and what cannot be removed, as warnings, and
	// each unit that is up, at level Info. It is called on a goroutine of its own.
	// Default: Dial.Logger, or else slog.Default().
	Logger *slog.Logger

	// Changed, if not nil, is called with each new Status, one after the other, in
	// order, on a goroutine of its own, so it may be slow. If it falls behind by more
	// than 1,024 changes, the oldest are dropped. Run waits for its last call before
	// it returns, up to StopTimeout.
	Changed func(Status)

	// Adopt, if not nil, keeps the ids of sessions outside of the process, so that
	// the sessions of a process that was killed are found by its successor. Without
	// it they stay on the server until it times them out.
	Adopt *Adopt
}

// withDefaults returns a copy of o with the defaults filled in.
func (o *Options) withDefaults() Options {
	var opts Options
	if o != nil {
		opts = *o
	}
	opts.URLs = slices.Clone(opts.URLs)
	var dial janus.DialOptions
	if opts.Dial != nil {
		dial = *opts.Dial
	}
	opts.Logger = cmp.Or(opts.Logger, dial.Logger)
	dial.Logger = cmp.Or(dial.Logger, opts.Logger)
	dial.KeepAlive = cmp.Or(dial.KeepAlive, defaultKeepAlive)
	if dial.Reconnect != nil {
		reconnect := *dial.Reconnect
		reconnect.GiveUpAfter = orDefault(reconnect.GiveUpAfter, defaultGiveUpAfter)
		dial.Reconnect = &reconnect
	}
	opts.Dial = &dial
	opts.MinDelay = orDefault(opts.MinDelay, defaultMinDelay)
	opts.MaxDelay = max(opts.MinDelay, orDefault(opts.MaxDelay, defaultMaxDelay))
	opts.UpTimeout = cmp.Or(opts.UpTimeout, defaultUpTimeout)
	opts.StopTimeout = orDefault(opts.StopTimeout, defaultStopTimeout)
	return opts
}

// orDefault returns d if it is positive, and otherwise the default.
func orDefault(d, byDefault time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return byDefault
}
