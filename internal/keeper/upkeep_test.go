package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cameronelliott/janus-go/internal/keeper"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/internal/tokens"
)

// session records what an Upkeep does with it.
type session struct {
	start time.Time
	care  keeper.Care

	mu     sync.Mutex
	ended  bool
	looked int // how often Ended was called
	conn   any // over which it must be claimed
	busy   int // claims that find no room
	number uint64
	deeds  []string
}

func newSession(token string) *session {
	s := &session{start: time.Now()}
	s.care.Latest.Set(token)
	return s
}

func (s *session) Care() *keeper.Care { return &s.care }
func (s *session) Key() uint64        { return 7 }

func (s *session) Ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked++
	return s.ended
}

func (s *session) looks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looked
}

func (s *session) claims() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.number
}

func (s *session) Awaits(conn any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn == conn
}

func (s *session) KeepAlive(token string) { s.note("keepalive %s", token) }

func (s *session) Claim(token string) (number uint64, conn any, write func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy > 0 {
		s.busy--
		return 0, nil, nil
	}
	s.number++
	number = s.number
	return number, s.conn, func() { s.note("claim %d %s", number, token) }
}

func (s *session) Forget(number uint64) {
	if number != 0 {
		s.note("forget %d", number)
	}
}

// note records a deed with the time since the session was made.
func (s *session) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deeds = append(s.deeds, fmt.Sprintf("%v ", time.Since(s.start))+fmt.Sprintf(format, args...))
}

func (s *session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// lost makes conn the connection over which s must be claimed.
func (s *session) lost(conn any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
}

// want checks what was done since the last call.
func (s *session) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.deeds, want) {
		t.Errorf("after %v\ngot  %q\nwant %q", time.Since(s.start), s.deeds, want)
	}
	s.deeds = nil
}

// upkeep runs an Upkeep until the test ends.
func upkeep(t *testing.T, opts keeper.Options) *keeper.Upkeep {
	opts.Go = func(f func()) { go f() }
	u := keeper.NewUpkeep(opts)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); u.Stop() })
	go func() {
		for {
			select {
			case <-u.C():
				u.Run()
			case <-ctx.Done():
				return
			}
		}
	}()
	return u
}

// The first keepalive is sent when it is due, and one in each interval behind it,
// however long the interval is, until the session ends.
func TestKeepAlives(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, 100 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			u := upkeep(t, keeper.Options{Interval: interval})
			s := newSession("token")
			u.KeepAlive(s, interval/2)
			time.Sleep(interval/2 + 2*interval)
			s.want(t,
				fmt.Sprint(interval/2, " keepalive token"),
				fmt.Sprint(interval/2+interval, " keepalive token"),
				fmt.Sprint(interval/2+2*interval, " keepalive token"))
			s.care.Latest.Set("newer")
			time.Sleep(interval)
			s.want(t, fmt.Sprint(interval/2+3*interval, " keepalive newer"))
			s.end()
			time.Sleep(10 * interval)
			s.want(t)
		})
	}
}

// Without an interval, nothing is sent.
func TestNoKeepAlives(t *testing.T) {
	for _, interval := range []time.Duration{0, -1} {
		synctest.Test(t, func(t *testing.T) {
			u := upkeep(t, keeper.Options{Interval: interval})
			s := newSession("")
			u.KeepAlive(s, time.Second)
			time.Sleep(time.Hour)
			s.want(t)
		})
	}
}

// A session that has ended is let go within half a minute, however long the interval is.
func TestEndedSessionIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := upkeep(t, keeper.Options{Interval: 24 * time.Hour})
		s := newSession("")
		u.KeepAlive(s, 24*time.Hour)
		time.Sleep(time.Minute)
		s.end()
		before := s.looks()
		time.Sleep(31 * time.Second)
		found := s.looks()
		time.Sleep(time.Hour)
		if after := s.looks(); found == before || after != found {
			t.Errorf("looked at %d times, %d times in the next half minute, %d times later", before, found-before, after-found)
		}
	})
}

// With a TokenSource, a claim that was refused is not waited for: the next token is
// tried soon. One that is not answered is not repeated before its time.
func TestClaimsWithTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := tokens.New(t.Context(), time.Second, func(context.Context, uint64) (string, error) { return "token", nil })
		u := upkeep(t, keeper.Options{ClaimTimeout: 10 * time.Second, MinDelay: time.Millisecond, MaxDelay: time.Second, Tokens: source})
		s := newSession("")
		s.lost("conn")
		u.Claim(s, "conn")
		time.Sleep(5 * time.Second)
		s.want(t, "0s claim 1 token")
		u.Refused(s, true)
		time.Sleep(2 * time.Second)
		if n := s.claims(); n != 2 {
			t.Errorf("%d claims, want one more after the refusal", n)
		}
		time.Sleep(60 * time.Second)
		if n := s.claims(); n < 7 || n > 8 {
			t.Errorf("%d claims after a minute without an answer", n)
		}
	})
}

// A claim is sent at once, and again after ClaimTimeout until it is answered. The
// answer to the claim before the latest still counts.
func TestClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := upkeep(t, keeper.Options{ClaimTimeout: time.Second})
		s := newSession("token")
		s.lost("conn")
		u.Claim(s, "conn")
		s.want(t, "0s claim 1 token")
		time.Sleep(time.Second)
		s.want(t, "1s claim 2 token")
		time.Sleep(time.Second)
		s.want(t, "2s forget 1", "2s claim 3 token")
		time.Sleep(time.Second / 2)
		s.lost(nil)
		u.Claimed(s)
		s.want(t, "2.5s forget 3", "2.5s forget 2")
		time.Sleep(time.Minute)
		s.want(t)
		s.lost("next")
		u.Claim(s, "next")
		s.want(t, "1m2.5s claim 4 token")
	})
}

// The time between claims is that of the options, within limits.
func TestClaimTimeoutLimits(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{
		0:                      200 * time.Millisecond,
		time.Nanosecond:        200 * time.Millisecond,
		300 * time.Millisecond: 300 * time.Millisecond,
		time.Hour:              10 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			u := upkeep(t, keeper.Options{ClaimTimeout: timeout})
			s := newSession("")
			s.lost("conn")
			u.Claim(s, "conn")
			time.Sleep(want)
			s.want(t, "0s claim 1 ", fmt.Sprint(want, " claim 2 "))
		})
	}
}

// A claim that was lost with its connection does not delay the claim over the next.
func TestClaimOverTheNextConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := upkeep(t, keeper.Options{ClaimTimeout: 10 * time.Second})
		s := newSession("")
		s.lost("first")
		u.Claim(s, "first")
		s.want(t, "0s claim 1 ")
		time.Sleep(time.Second)
		s.lost("second")
		u.Claim(s, "second")
		s.want(t, "1s claim 2 ")
		time.Sleep(9 * time.Second)
		s.want(t) // the first connection is not used any more
		time.Sleep(time.Second)
		s.want(t, "11s forget 1", "11s claim 3 ")
	})
}

// A claim whose token was asked for over the connection before is one over this one,
// and is not repeated before its time.
func TestTokenOfTheConnectionBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		source := tokens.New(t.Context(), time.Hour, func(context.Context, uint64) (string, error) {
			<-release
			return "token", nil
		})
		u := upkeep(t, keeper.Options{ClaimTimeout: 10 * time.Second, MinDelay: time.Millisecond, MaxDelay: time.Second, Tokens: source})
		s := newSession("")
		s.lost("first")
		u.Claim(s, "first")
		time.Sleep(time.Second)
		s.lost("second")
		u.Claim(s, "second")
		time.Sleep(time.Second)
		close(release)
		time.Sleep(5 * time.Second)
		s.want(t, "2s claim 1 token")
	})
}

// A claim that finds no room is tried again soon.
func TestClaimWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := upkeep(t, keeper.Options{ClaimTimeout: 10 * time.Second})
		s := newSession("")
		s.busy = 2
		s.lost("conn")
		u.Claim(s, "conn")
		time.Sleep(time.Second)
		s.want(t, "40ms claim 1 ")
	})
}

// A session that has ended is not claimed.
func TestEndedSessionIsNotClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := upkeep(t, keeper.Options{ClaimTimeout: time.Second})
		s := newSession("")
		s.lost("conn")
		u.Claim(s, "conn")
		s.want(t, "0s claim 1 ")
		s.end()
		time.Sleep(time.Minute)
		s.want(t)
	})
}

// Without a TokenSource, and for another reason than the token, the first refusal is
// final. Tokens of a TokenSource may be refused four times in a row.
func TestRefusals(t *testing.T) {
	source := tokens.New(t.Context(), time.Second, func(context.Context, uint64) (string, error) { return "", nil })
	for name, test := range map[string]struct {
		source *tokens.Source
		token  bool
		want   int // refusals until the final one
	}{
		"no source":                    {nil, true, 1},
		"no source, another reason":    {nil, false, 1},
		"with a source":                {source, true, 5},
		"with a source, other reasons": {source, false, 1},
	} {
		u := keeper.NewUpkeep(keeper.Options{Tokens: test.source})
		s := newSession("")
		for range 2 { // Claimed begins anew
			n := 1
			for ; !u.Refused(s, test.token) && n < 100; n++ {
			}
			if n != test.want {
				t.Errorf("%s: final after %d refusals, want %d", name, n, test.want)
			}
			u.Claimed(s)
		}
	}
}

// With a TokenSource, claims and keepalives carry its tokens. One that hangs is asked
// once at a time for a session and delays no other; one that fails is asked again,
// with a pause that grows, and the failure is logged.
func TestTokensOfASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked, fail := 0, true
		source := tokens.New(t.Context(), time.Second, func(ctx context.Context, session uint64) (string, error) {
			if session != 7 {
				t.Errorf("a token for session %d", session)
			}
			mu.Lock()
			defer mu.Unlock()
			asked++
			if fail {
				return "", errors.New("no token")
			}
			return fmt.Sprint("token", asked), nil
		})
		logs := testutil.NewLogs()
		log := safelog.New(logs.Logger(0))
		u := upkeep(t, keeper.Options{
			Interval: time.Hour, ClaimTimeout: 10 * time.Second, MinDelay: time.Second, MaxDelay: time.Minute, Tokens: source, Log: log,
		})
		s := newSession("not this")
		s.lost("conn")
		u.Claim(s, "conn")
		time.Sleep(10 * time.Second)
		mu.Lock()
		if asked < 3 || asked > 12 {
			t.Errorf("asked %d times in 10 s", asked)
		}
		asked, fail = 0, false
		mu.Unlock()
		s.want(t)
		log.Flush(time.Second)
		if !strings.Contains(logs.String(), "session not claimed") {
			t.Errorf("the log is %s", logs)
		}
		time.Sleep(time.Minute)
		s.mu.Lock()
		if len(s.deeds) == 0 || s.number > 7 {
			t.Errorf("claims in a minute: %q", s.deeds)
		}
		s.conn, s.deeds = nil, nil
		mu.Lock()
		asked = 0
		mu.Unlock()
		s.mu.Unlock()
		u.Claimed(s)
		s.mu.Lock()
		s.deeds = nil
		s.mu.Unlock()
		u.KeepAlive(s, 0)
		s.want(t, fmt.Sprint(70*time.Second, " keepalive token1"))
	})
}

// A session whose token is being waited for is not asked for again.
func TestTokenIsAwaitedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := 0
		source := tokens.New(t.Context(), time.Hour, func(ctx context.Context, _ uint64) (string, error) {
			mu.Lock()
			asked++
			mu.Unlock()
			<-ctx.Done()
			return "", ctx.Err()
		})
		var mine sync.WaitGroup
		started := 0
		opts := keeper.Options{Interval: time.Second, Tokens: source, Log: safelog.New(nil)}
		opts.Go = func(f func()) { started++; mine.Go(f) }
		u := keeper.NewUpkeep(opts)
		defer u.Stop()
		s := newSession("")
		u.KeepAlive(s, 0)
		for range 10 {
			<-u.C()
			u.Run()
		}
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if asked != 1 || started != 1 {
			t.Errorf("asked %d times by %d goroutines", asked, started)
		}
	})
}
