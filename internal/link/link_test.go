package link_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/link"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// lab is a Link over connections in memory, in a synctest bubble, and what it
// has called.
type lab struct {
	*link.Link
	opts  link.Options
	peer  func(n int, conn *websocket.Conn) // the other end of the n-th connection
	fail  func(ctx context.Context, n int) error
	log   *testutil.Logs
	start time.Time
	ended chan error // what Run returns

	mu     sync.Mutex
	calls  []string        // of the functions in Options
	dials  []time.Duration // when, since the start
	served int
}

// inLab runs f in a bubble with a lab, whose Link is closed afterwards. peer and
// the options may be changed before open.
func inLab(t *testing.T, f func(t *testing.T, l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &lab{peer: reading, log: testutil.NewLogs(), start: time.Now(), ended: make(chan error, 1)}
		client := testutil.ServeMemory(t, func(conn *websocket.Conn) { l.peer(l.count(&l.served), conn) })
		l.opts = link.Options{
			Dial:        func(ctx context.Context) (*socket.Socket, error) { return l.dial(ctx, client) },
			PongTimeout: time.Second,
			MinDelay:    time.Millisecond,
			MaxDelay:    10 * time.Second,
			Up:          func(*socket.Socket) bool { l.called("up"); return true },
			Frame:       func(frame []byte) error { l.called("frame " + string(frame)); return nil },
			Down:        func(error) { l.called("down") },
			Changed:     func(state link.State, _ error) { l.called(fmt.Sprint("state ", int(state))) },
			Log:         safelog.New(l.log.Logger(slog.LevelDebug)),
		}
		f(t, l)
		if l.Link != nil {
			_ = l.Close(websocket.StatusNormalClosure, "") // most tests have ended the connection
			synctest.Wait()
		}
	})
}

// reading is a peer that reads, and so answers pings.
func reading(_ int, conn *websocket.Conn) {
	for {
		if _, _, err := conn.Read(context.Background()); err != nil {
			return
		}
	}
}

// hangingUp is a peer that closes the connection at once.
func hangingUp(_ int, conn *websocket.Conn) { _ = conn.CloseNow() }

// count returns *n and increments it.
func (l *lab) count(n *int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	*n++
	return *n - 1
}

func (l *lab) called(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, what)
}

func (l *lab) dial(ctx context.Context, client *http.Client) (*socket.Socket, error) {
	l.mu.Lock()
	n := len(l.dials)
	l.dials = append(l.dials, time.Since(l.start))
	l.mu.Unlock()
	if l.fail != nil {
		if err := l.fail(ctx, n); err != nil {
			return nil, err
		}
	}
	return socket.Dial(ctx, "ws://memory/", socket.Options{HTTPClient: client, MaxMessageSize: 1 << 20, WriteTimeout: time.Hour})
}

// open opens the Link and runs it.
func (l *lab) open(t *testing.T, ctx context.Context) {
	t.Helper()
	var err error
	if l.Link, err = link.Open(ctx, l.opts); err != nil {
		t.Fatal(err)
	}
	go func() { l.ended <- l.Run() }()
}

// wait waits for the end of Run.
func (l *lab) wait(t *testing.T) error {
	t.Helper()
	err := <-l.ended // or the bubble ends with all goroutines blocked
	if l.State() != link.Closed {
		t.Errorf("state %v after the end", l.State())
	}
	return err
}

// checkCalls compares what was called so far.
func (l *lab) checkCalls(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.calls, want) {
		t.Errorf("called %q, want %q", l.calls, want)
	}
}

// dialed returns how many dials there were.
func (l *lab) dialed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.dials)
}

var (
	errDial  = errors.New("refused")
	errFrame = errors.New("garbage")
)

const (
	connected    = "state 0"
	reconnecting = "state 1"
)

func write(conn *websocket.Conn, text string) {
	_ = conn.Write(context.Background(), websocket.MessageText, []byte(text))
}

// A failed attempt of Open is not repeated.
func TestOpenFails(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		l.fail = func(context.Context, int) error { return errDial }
		if _, err := link.Open(t.Context(), l.opts); err != errDial || l.dialed() != 1 {
			t.Errorf("got %v after %d dials", err, l.dialed())
		}
		l.checkCalls(t)
	})
}

// Messages are passed on in their order, after Up. Without Reconnect the end of
// the connection is that of the Link.
func TestFrames(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.peer = func(_ int, conn *websocket.Conn) {
			for i := range 3 {
				write(conn, fmt.Sprint(i))
			}
			_ = conn.Close(websocket.StatusGoingAway, "bye")
		}
		l.open(t, t.Context())
		if err := l.wait(t); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("got %v", err)
		}
		l.checkCalls(t, "up", "frame 0", "frame 1", "frame 2")
	})
}

// An error of Frame ends the connection.
func TestFrameError(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.peer = func(n int, conn *websocket.Conn) { write(conn, "?"); reading(n, conn) }
		l.opts.Frame = func([]byte) error { return errFrame }
		l.open(t, t.Context())
		if err := l.wait(t); err != errFrame {
			t.Errorf("got %v", err)
		}
	})
}

// A lost connection is restored, and the log tells of both.
func TestRestore(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		l.fail = func(_ context.Context, n int) error {
			if n == 1 || n == 2 {
				return errDial
			}
			return nil
		}
		lose := make(chan struct{})
		l.peer = func(n int, conn *websocket.Conn) {
			write(conn, fmt.Sprint("of ", n))
			if n == 0 {
				<-lose
				_ = conn.Close(websocket.StatusGoingAway, "bye")
				return
			}
			reading(n, conn)
		}
		l.open(t, t.Context())
		l.checkCalls(t, "up", "frame of 0")
		if l.State() != link.Connected {
			t.Errorf("state %v", l.State())
		}
		close(lose)
		time.Sleep(time.Minute)
		l.checkCalls(t, "up", "frame of 0", reconnecting, "down", connected, "up", "frame of 1")
		if l.State() != link.Connected {
			t.Errorf("state %v", l.State())
		}
		log := l.log.String()
		for _, want := range []string{
			`level=WARN msg="janus: connection lost, dialing again" error=`,
			`level=WARN msg="janus: dial failed" error=refused`,
			`level=DEBUG msg="janus: dial failed" error=refused`, // only the first is worth a warning
			`level=INFO msg="janus: connection restored" away=`,
			`dials=3`,
		} {
			if strings.Count(log, want) != 1 {
				t.Errorf("the log has %q not once:\n%s", want, log)
			}
		}
	})
}

// Attempts come less and less often.
func TestBackoff(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		l.peer = hangingUp
		l.fail = func(_ context.Context, n int) error {
			if n > 0 {
				return errDial
			}
			return nil
		}
		l.open(t, t.Context())
		time.Sleep(10 * time.Minute)
		l.mu.Lock()
		defer l.mu.Unlock()
		limit := l.opts.MinDelay
		for i, at := range l.dials[1:] {
			if gap := at - l.dials[i]; gap > limit {
				t.Errorf("%v before dial %d, want up to %v", gap, i+1, limit)
			}
			limit = min(2*limit, l.opts.MaxDelay)
		}
		if n := len(l.dials); n < 60 || n > 400 {
			t.Errorf("%d dials in ten minutes, want about 130", n)
		}
	})
}

// A peer that accepts connections and hangs up is dialed less and less often as
// well: its connections are not stable.
func TestUnstableConnections(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		l.peer = hangingUp
		l.opts.Up = func(*socket.Socket) bool { return l.dialed() < 1000 }
		l.open(t, t.Context())
		time.Sleep(10 * time.Minute)
		if n := l.dialed(); n < 60 || n > 400 {
			t.Errorf("%d dials in ten minutes, want about 130", n)
		}
	})
}

// A connection that has lasted for MaxDelay, or for GiveUp if that is shorter,
// is stable: its loss begins a new outage.
func TestStableConnections(t *testing.T) {
	for _, giveUp := range []time.Duration{0, time.Second} {
		inLab(t, func(t *testing.T, l *lab) {
			l.opts.Reconnect, l.opts.GiveUp = true, giveUp
			stable := l.opts.MaxDelay
			if giveUp > 0 {
				stable = giveUp
			}
			l.peer = func(_ int, conn *websocket.Conn) { time.Sleep(stable); _ = conn.CloseNow() }
			l.open(t, t.Context())
			time.Sleep(30 * stable)
			if log := l.log.String(); !strings.Contains(log, "dials=1") || strings.Contains(log, "dials=2") {
				t.Error("the log counts the dials of more than one outage")
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			for i, at := range l.dials[1:] {
				if gap := at - l.dials[i]; gap > stable+l.opts.MinDelay {
					t.Errorf("%v before dial %d, want no more than the life of the connection and %v", gap, i+1, l.opts.MinDelay)
				}
			}
			if len(l.dials) < 29 {
				t.Errorf("%d dials, want one for each life", len(l.dials))
			}
		})
	}
}

// After GiveUp a loss is final. The error has its cause, and the last failure.
func TestGiveUp(t *testing.T) {
	tests := []struct {
		name string
		peer func(int, *websocket.Conn)
		fail func(context.Context, int) error
		last bool
	}{
		{"dials fail", hangingUp, func(_ context.Context, n int) error {
			if n > 0 {
				return errDial
			}
			return nil
		}, true},
		{"the last dial hangs", hangingUp, func(ctx context.Context, n int) error {
			switch n {
			case 0:
				return nil
			case 1:
				return errDial
			}
			<-ctx.Done()
			return ctx.Err()
		}, true},
		{"connections are lost again", hangingUp, nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inLab(t, func(t *testing.T, l *lab) {
				l.opts.Reconnect, l.opts.GiveUp, l.opts.MaxDelay = true, time.Minute, time.Second
				l.peer = func(n int, conn *websocket.Conn) {
					if n == 0 {
						_ = conn.Close(websocket.StatusGoingAway, "bye")
						return
					}
					test.peer(n, conn)
				}
				l.fail = test.fail
				l.open(t, t.Context())
				err := l.wait(t)
				if took := time.Since(l.start); took != time.Minute {
					t.Errorf("given up after %v", took)
				}
				if !strings.Contains(err.Error(), "not restored within 1m0s") || errors.Is(err, errDial) != test.last {
					t.Errorf("got %v", err)
				}
				if strings.Contains(err.Error(), "last attempt: "+errDial.Error()) != test.last {
					t.Errorf("%v says something else about the last attempt", err)
				}
				if test.last && websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("%v does not have the cause", err)
				}
			})
		})
	}
}

// The end of its context, and Close, end a Link whatever it is doing.
func TestEnd(t *testing.T) {
	hang := func(ctx context.Context, n int) error {
		if n == 0 {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
	tests := []struct {
		name string
		peer func(int, *websocket.Conn)
		fail func(context.Context, int) error
		min  time.Duration
	}{
		{"connected", reading, nil, 0},
		{"dialing", hangingUp, hang, 0},
		{"waiting for the next dial", hangingUp, nil, 1 << 62},
	}
	for _, test := range tests {
		for _, byClose := range []bool{false, true} {
			t.Run(fmt.Sprint(test.name, ", by Close ", byClose), func(t *testing.T) {
				inLab(t, func(t *testing.T, l *lab) {
					l.opts.Reconnect = true
					l.peer, l.fail = test.peer, test.fail
					if test.min > 0 {
						l.opts.MinDelay, l.opts.MaxDelay = test.min, test.min
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					l.open(t, ctx)
					time.Sleep(time.Second)
					start := time.Now()
					if !byClose {
						cancel()
					} else if err := l.Close(websocket.StatusNormalClosure, ""); err != nil {
						t.Errorf("Close returned %v", err)
					}
					if err := l.wait(t); !errors.Is(err, context.Canceled) && websocket.CloseStatus(err) != websocket.StatusNormalClosure {
						t.Errorf("got %v", err)
					}
					if took := time.Since(start); took != 0 {
						t.Errorf("ended after %v", took)
					}
				})
			})
		}
	}
}

// The end of the context of a connection is not taken for an outage.
func TestEndOfTheContextIsNoOutage(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		ctx, cancel := context.WithCancel(t.Context())
		l.open(t, ctx)
		synctest.Wait()
		cancel()
		if err := l.wait(t); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		l.checkCalls(t, "up")
	})
}

// Up can refuse a connection, which ends the Link without another dial.
func TestUnwantedConnection(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect, l.opts.GiveUp = true, time.Minute
		l.opts.Up = func(*socket.Socket) bool { return l.dialed() == 1 }
		gone := make(chan bool, 1)
		l.peer = func(n int, conn *websocket.Conn) {
			if n > 0 {
				reading(n, conn)
				gone <- true
			}
		}
		l.open(t, t.Context())
		_ = l.wait(t)
		<-gone // the connection was closed
		if l.dialed() != 2 {
			t.Errorf("%d dials", l.dialed())
		}
	})
}

// A connection that is made when Close has been called is closed, and nobody is
// told of it.
func TestConnectionThatComesTooLate(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		l.peer = func(n int, conn *websocket.Conn) {
			if n > 0 {
				reading(n, conn)
			}
		}
		dial := l.opts.Dial
		l.opts.Dial = func(ctx context.Context) (*socket.Socket, error) {
			sock, err := dial(ctx)
			if l.dialed() == 2 {
				_ = l.Close(websocket.StatusNormalClosure, "") // without a connection it does not fail
			}
			return sock, err
		}
		l.open(t, t.Context())
		_ = l.wait(t)
		l.checkCalls(t, "up", reconnecting, "down")
	})
}

// A dial that takes longer than DialTimeout has failed.
func TestDialTimeout(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.DialTimeout = 5 * time.Second
		l.opts.Dial = func(ctx context.Context) (*socket.Socket, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		_, err := link.Open(t.Context(), l.opts)
		if took := time.Since(l.start); took != l.opts.DialTimeout || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "within 5s") {
			t.Errorf("got %v after %v", err, took)
		}
	})
}

// A panic of the transport is a dial that failed, with its stack in the log.
func TestPanic(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		l.peer = func(n int, conn *websocket.Conn) {
			if n > 0 {
				reading(n, conn)
			}
		}
		l.fail = func(_ context.Context, n int) error {
			if n == 1 {
				panic("a bug")
			}
			return nil
		}
		l.open(t, t.Context())
		time.Sleep(time.Minute)
		if l.State() != link.Connected {
			t.Errorf("state %v", l.State())
		}
		if log := l.log.String(); !strings.Contains(log, `panic="a bug"`) || !strings.Contains(log, "link_test.go") {
			t.Errorf("the log lacks the panic or its stack:\n%s", log)
		}
	})
	inLab(t, func(t *testing.T, l *lab) {
		l.fail = func(context.Context, int) error { panic("a bug") }
		if _, err := link.Open(t.Context(), l.opts); err == nil || err.Error() != "panic: a bug" {
			t.Errorf("Open returned %v", err)
		}
	})
}

// A ping that is answered does nothing, one that is not ends the connection.
// After that there can be others.
func TestPing(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		l.open(t, t.Context())
		for range 5 {
			l.Ping()
			time.Sleep(2 * l.opts.PongTimeout)
		}
		if l.dialed() != 1 {
			t.Errorf("%d dials although the pings were answered", l.dialed())
		}
	})
	inLab(t, func(t *testing.T, l *lab) {
		l.opts.Reconnect = true
		stop := make(chan struct{})
		l.peer = func(n int, conn *websocket.Conn) {
			if n < 2 {
				<-stop // and does not read
				return
			}
			reading(n, conn)
		}
		var causes []string
		l.opts.Down = func(cause error) { causes = append(causes, cause.Error()) }
		l.open(t, t.Context())
		for range 5 {
			l.Ping()
			time.Sleep(l.opts.PongTimeout + time.Second)
		}
		synctest.Wait()
		if want := "no pong within 1s"; len(causes) != 2 || !strings.Contains(causes[0], want) || !strings.Contains(causes[1], want) {
			t.Errorf("the connection was lost because of %q", causes)
		}
		close(stop)
	})
}

// At most one pong is waited for at a time, and none without a connection.
func TestOnePingAtATime(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		stop := make(chan struct{})
		l.peer = func(int, *websocket.Conn) { <-stop }
		l.open(t, t.Context())
		synctest.Wait()
		before := runtime.NumGoroutine()
		for range 100 {
			l.Ping()
		}
		synctest.Wait()
		if more := runtime.NumGoroutine() - before; more > 5 {
			t.Errorf("%d goroutines for 100 pings", more)
		}
		close(stop)
		_ = l.wait(t)
		before = runtime.NumGoroutine()
		l.Ping()
		if runtime.NumGoroutine() != before {
			t.Error("a ping without a connection")
		}
	})
}

// When Run returns, no ping is under way.
func TestRunWaitsForPings(t *testing.T) {
	for range 50 { // since it may have ended by chance
		inLab(t, func(t *testing.T, l *lab) {
			stop := make(chan struct{})
			l.peer = func(int, *websocket.Conn) { <-stop }
			ctx, cancel := context.WithCancel(t.Context())
			var err error
			if l.Link, err = link.Open(ctx, l.opts); err != nil {
				t.Fatal(err)
			}
			l.Ping()
			synctest.Wait()
			cancel()
			_ = l.Run()
			buf := make([]byte, 1<<20)
			if stacks := string(buf[:runtime.Stack(buf, true)]); strings.Contains(stacks, "(*Link).Ping.func") {
				t.Error("a ping is under way")
			}
			close(stop)
		})
	}
}

// Close sends the status and the reason to the peer.
func TestClose(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		got := make(chan error, 1)
		l.peer = func(_ int, conn *websocket.Conn) {
			_, _, err := conn.Read(context.Background())
			got <- err
		}
		l.open(t, t.Context())
		if err := l.Close(websocket.StatusGoingAway, "bye"); err != nil {
			t.Errorf("Close returned %v", err)
		}
		var status websocket.CloseError
		if err := <-got; !errors.As(err, &status) || status.Code != websocket.StatusGoingAway || status.Reason != "bye" {
			t.Errorf("the peer got %v", err)
		}
		_ = l.wait(t)
		if err := l.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("Close without a connection returned %v", err)
		}
	})
}
