package keeper

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cameronelliott/janus-go/internal/backoff"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/tokens"
)

const (
	// A claim that is not answered is repeated after Options.ClaimTimeout, within
	// these limits, and one that could not be written after busyPause.
	minClaimTimeout = 200 * time.Millisecond
	maxClaimTimeout = 10 * time.Second
	busyPause       = 20 * time.Millisecond

	// checkEvery is how often a session that is kept alive is looked at, so that
	// one that has ended is not kept for long.
	checkEvery = 30 * time.Second

	// maxRefusals is how often the tokens of a TokenSource may be refused before
	// it is believed that the session will not be handed over.
	maxRefusals = 5
)

// Session is what is kept alive, and claimed after its connection was lost. Its
// methods do not block.
type Session interface {
	Care() *Care
	Key() uint64 // the session's id
	Ended() bool
	// Awaits reports whether the session must be claimed over conn.
	Awaits(conn any) bool
	KeepAlive(token string)
	// Claim begins a claim, if the session awaits one and the connection has room:
	// it returns the number of the call that waits for the answer, the connection,
	// and a function that writes the request to it; or a nil function.
	Claim(token string) (number uint64, conn any, write func())
	// Forget gives up the answer to a claim.
	Forget(number uint64)
}

// Care is the state that an Upkeep has for a session.
type Care struct {
	Latest tokens.Latest // the token that was accepted last

	asking atomic.Bool // for a token

	mu      sync.Mutex // guards the fields below
	claim   uint64     // the call that waits for an answer; 0: none
	before  uint64     // the call before it, whose answer may still come; 0: none
	claimed time.Time  // when the latest was sent
	over    any        // the connection that it was sent over
	refused int        // tokens, since the connection was lost
}

// Options are the options of an Upkeep.
type Options struct {
	Interval           time.Duration // of keepalives; none if not positive
	ClaimTimeout       time.Duration // after which a claim is repeated
	MinDelay, MaxDelay time.Duration // between attempts to get a token that serves

	Tokens *tokens.Source // nil: the latest token of a session is sent
	Go     func(func())   // starts a goroutine
	Log    *safelog.Logger
}

// Upkeep sends keepalives and claims for sessions. It has no goroutine: its user
// receives from C and calls Run.
type Upkeep struct {
	*Keeper[*task]
	opts Options
}

// task is a session that is kept alive, or claimed over a connection.
type task struct {
	session Session
	due     time.Time // of the next keepalive
	conn    any       // for claims; nil: a keepalive
	delay   backoff.Backoff
}

// NewUpkeep returns an Upkeep without sessions.
func NewUpkeep(opts Options) *Upkeep {
	opts.ClaimTimeout = min(max(opts.ClaimTimeout, minClaimTimeout), maxClaimTimeout)
	return &Upkeep{Keeper: New[*task](), opts: opts}
}

// KeepAlive keeps a session alive until it ends, if there is an interval. The
// first keepalive is due after the given time.
func (u *Upkeep) KeepAlive(s Session, first time.Duration) {
	if u.opts.Interval > 0 {
		u.Add(min(first, checkEvery), &task{session: s, due: time.Now().Add(first)})
	}
}

// Claim claims a session over conn until it is claimed, or awaits no claim over
// conn any more.
func (u *Upkeep) Claim(s Session, conn any) {
	u.Add(0, &task{session: s, conn: conn, delay: backoff.Backoff{Min: u.opts.MinDelay, Max: u.opts.MaxDelay}})
}

// Run does what is due.
func (u *Upkeep) Run() { u.Keeper.Run(u.tend) }

// tend does what is due for a session. It returns when to look again, or false
// if there is nothing left to do.
func (u *Upkeep) tend(t *task) (again time.Duration, ok bool) {
	s := t.session
	switch {
	case s.Ended():
		return 0, false
	case t.conn != nil:
		return u.tendClaim(t)
	}
	if wait := time.Until(t.due); wait > 0 {
		return min(wait, checkEvery), true
	}
	u.withToken(s, "janus: no keepalive sent", s.KeepAlive)
	t.due = time.Now().Add(u.opts.Interval)
	return min(u.opts.Interval, checkEvery), true
}

// tendClaim claims a session, again and again until it is answered: a claim that
// is lost must not end the connection that other sessions use.
func (u *Upkeep) tendClaim(t *task) (again time.Duration, ok bool) {
	s, care := t.session, t.session.Care()
	if !s.Awaits(t.conn) {
		return 0, false
	}
	care.mu.Lock()
	wait := time.Until(care.claimed.Add(u.opts.ClaimTimeout))
	waiting := care.claim != 0 && care.over == t.conn && wait > 0
	care.mu.Unlock()
	if !waiting {
		wait = u.opts.ClaimTimeout
		u.withToken(s, "janus: session not claimed", func(token string) {
			if !care.send(s, token) {
				wait = busyPause // seen only without a TokenSource
			}
		})
	}
	if u.opts.Tokens != nil { // which may have no token now, or one that is refused
		return t.delay.Next(), true
	}
	return wait, true
}

// send sends a claim. The answer to the one before it may still come.
func (c *Care) send(s Session, token string) bool {
	c.mu.Lock()
	number, conn, write := s.Claim(token)
	if write != nil {
		s.Forget(c.before)
		c.before, c.claim, c.claimed, c.over = c.claim, number, time.Now(), conn
	}
	c.mu.Unlock()
	if write == nil {
		return false
	}
	write()
	return true
}

// withToken calls use with the token for a request. It does not wait for a
// TokenSource, and does nothing while the session's token before is waited for.
func (u *Upkeep) withToken(s Session, failed string, use func(token string)) {
	care := s.Care()
	if u.opts.Tokens == nil {
		use(care.Latest.Get())
		return
	}
	if !care.asking.CompareAndSwap(false, true) {
		return
	}
	u.opts.Go(func() {
		defer care.asking.Store(false)
		token, err := u.opts.Tokens.Token(context.Background(), s.Key())
		if err != nil {
			u.opts.Log.Log(slog.LevelWarn, failed, "error", err)
			return
		}
		use(token)
	})
}

// Claimed notes that a session was claimed.
func (u *Upkeep) Claimed(s Session) {
	care := s.Care()
	care.mu.Lock()
	defer care.mu.Unlock()
	s.Forget(care.claim)
	s.Forget(care.before)
	care.claim, care.before, care.over, care.refused = 0, 0, nil, 0
}

// Refused notes that a claim was refused, for its token or another reason. It
// reports whether that is final: another token of the TokenSource may serve.
func (u *Upkeep) Refused(s Session, token bool) bool {
	care := s.Care()
	care.mu.Lock()
	defer care.mu.Unlock()
	care.claim = 0
	care.refused++
	return !token || u.opts.Tokens == nil || care.refused >= maxRefusals
}
