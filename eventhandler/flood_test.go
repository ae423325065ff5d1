package eventhandler_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/eventhandler"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/internal/strictevents"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// These tests make a real Janus send far more than 1,000 events a second, while
// the receiver is slow, refuses batches, or is not there.

// flood makes Janus send n custom events, numbered from first on.
func flood(t *testing.T, server *realjanus.Server, first, n int) {
	t.Helper()
	start := time.Now()
	if err := server.AdminAll(testutil.Context(t), customEvents(first, n)); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d custom events, %.0f a second", n, float64(n)/time.Since(start).Seconds())
}

// number returns the number of a custom event.
func number(custom *eventhandler.CustomEvent) int {
	n, err := strconv.Atoi(custom.Schema)
	if err != nil {
		panic(err) // the tests number all
	}
	return n
}

// takenNumbers returns the numbers of the custom events that were taken.
func (k *taker) takenNumbers() []int {
	var taken []int
	for _, custom := range customsOf(k.Events()) {
		taken = append(taken, number(custom))
	}
	return taken
}

// awaitNumber waits until the custom event with a number is taken.
func (k *taker) awaitNumber(t *testing.T, number int) {
	t.Helper()
	k.Await(t, fmt.Sprintf("event %d", number), has(func(body *eventhandler.CustomEvent) bool {
		return body.Schema == fmt.Sprint(number)
	}))
}

// checkComplete checks that the custom events up to n arrived once and in order.
func (k *taker) checkComplete(t *testing.T, n int) {
	t.Helper()
	want := make([]int, n)
	for i := range want {
		want[i] = i
	}
	if got := k.takenNumbers(); !slices.Equal(got, want) {
		t.Errorf("%d events arrived, want %d once and in order; lost %v", len(got), n, lost(got, n))
	}
}

// checkOrder checks that no custom event arrived twice or too late, and returns
// the numbers below n of those that did not arrive.
func (k *taker) checkOrder(t *testing.T, n int) []int {
	t.Helper()
	got := k.takenNumbers()
	if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("events arrived twice or in another order: %v", got)
	}
	return lost(got, n)
}

// lost returns the numbers below n that are not in got.
func lost(got []int, n int) []int {
	arrived := make([]bool, n)
	for _, number := range got {
		arrived[number] = true
	}
	var missing []int
	for number, ok := range arrived {
		if !ok {
			missing = append(missing, number)
		}
	}
	return missing
}

// restart starts the receiver again on the same port, with a new Handler.
func (r *receiver) restart(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", r.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r.start(t, listener)
}

// janusLog returns how often Janus has logged a text.
func janusLog(t *testing.T, server *realjanus.Server, text string) int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(server.Dir(), "janus.log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(log), text)
}

// A receiver that is slow and refuses every fifth attempt gets every event once
// and in order: what it refuses comes again, and the rest waits in Janus.
func TestFloodOfASlowReceiverThatRefuses(t *testing.T) {
	for _, handler := range []string{sampleevh, wsevh} {
		t.Run(handler, func(t *testing.T) {
			const n = 3000
			calls := 0
			r := newReceiver(t, func(context.Context, []eventhandler.Event) error {
				time.Sleep(time.Millisecond)
				if calls++; calls%5 == 0 && calls <= 50 {
					return errRefused
				}
				return nil
			})
			server := r.startJanus(t, handler, "retransmissions_backoff = 1")
			var churning sync.WaitGroup
			churning.Go(func() { churn(t, server, 100) })
			flood(t, server, 0, n)
			churning.Wait()
			r.awaitNumber(t, n-1)
			r.checkComplete(t, n)
			r.Await(t, "the last session", churned(100))
			checkChurn(t, r.Events())
			if refused := strings.Count(r.logs.String(), errRefused.Error()); refused < 5 {
				t.Errorf("only %d batches were refused, of %d", refused, r.Calls())
			}
		})
	}
}

// churn creates and destroys sessions with a handle each.
func churn(t *testing.T, server *realjanus.Server, n int) {
	ctx := testutil.Context(t)
	gateway, _, err := janus.Dial(ctx, server.URL, &janus.DialOptions{Logger: testutil.Quiet})
	if err != nil {
		t.Error(err)
		return
	}
	defer testutil.Close(t, gateway)
	for range n {
		session, err := gateway.Create(ctx, "")
		if err == nil {
			_, err = session.Attach(ctx, "", testutil.EchoTest)
		}
		if err == nil {
			_, err = session.Destroy(ctx, "")
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// churned reports whether n sessions were destroyed and n handles detached.
func churned(n int) func(events []eventhandler.Event) bool {
	return func(events []eventhandler.Event) bool {
		destroyed, detached := 0, 0
		for _, event := range events {
			switch body := event.Body.(type) {
			case *eventhandler.SessionEvent:
				if body.Change == eventhandler.Destroyed {
					destroyed++
				}
			case *eventhandler.HandleEvent:
				if body.Change == eventhandler.Detached {
					detached++
				}
			}
		}
		return destroyed == n && detached == n
	}
}

// checkChurn checks that each session was created and destroyed and its handle
// attached and detached, once and in this order.
func checkChurn(t *testing.T, events []eventhandler.Event) {
	t.Helper()
	sessions, handles := map[uint64]string{}, map[uint64]string{}
	for _, event := range events {
		switch body := event.Body.(type) {
		case *eventhandler.SessionEvent:
			sessions[event.Session] += string(body.Change) + " "
		case *eventhandler.HandleEvent:
			handles[event.Handle] += string(body.Change) + " "
		}
	}
	for id, changes := range sessions {
		if changes != "created destroyed " {
			t.Errorf("session %d was %s", id, changes)
		}
	}
	for id, changes := range handles {
		if changes != "attached detached " {
			t.Errorf("handle %d was %s", id, changes)
		}
	}
}

// A receiver that is away for less time than Janus tries misses nothing, and gets
// nothing twice.
func TestFloodOfAReceiverThatIsAway(t *testing.T) {
	for _, handler := range []string{sampleevh, wsevh} {
		t.Run(handler, func(t *testing.T) {
			const third = 1500
			r := newReceiver(t, nil)
			server := r.startJanus(t, handler, "retransmissions_backoff = 10")
			flood(t, server, 0, third)
			r.awaitNumber(t, third-1)
			r.stop(t)
			if handler == wsevh {
				awaitJanus(t, server, "backend closed")
			}
			flood(t, server, third, third)
			r.restart(t)
			flood(t, server, 2*third, third)
			r.awaitNumber(t, 3*third-1)
			r.checkComplete(t, 3*third)
		})
	}
}

// awaitJanus waits until Janus has logged a text.
func awaitJanus(t *testing.T, server *realjanus.Server, text string) {
	t.Helper()
	testutil.Eventually(t, text, func() bool { return janusLog(t, server, text) > 0 })
}

// Janus gives a batch up that was refused too often, and says so. Only such
// batches are lost.
func TestFloodWithBatchesThatJanusGivesUp(t *testing.T) {
	const n, retransmissions = 3000, 2
	attempts := map[string]int{} // of batches, by their first events
	lostEvents, lostBatches := 0, 0
	r := newReceiver(t, func(_ context.Context, events []eventhandler.Event) error {
		customs := customsOf(events)
		if len(customs) == 0 || number(customs[0]) >= n {
			return nil
		}
		first := customs[0].Schema
		if attempts[first]++; attempts[first] == 1 && len(attempts)%4 != 0 {
			return nil // and every fourth is refused
		}
		if attempts[first] == retransmissions+1 {
			lostBatches++
			for _, custom := range customs {
				if number(custom) < n {
					lostEvents++
				}
			}
		}
		return errRefused
	})
	server := r.startJanus(t, sampleevh, "retransmissions_backoff = 1", fmt.Sprintf("max_retransmissions = %d", retransmissions))
	flood(t, server, 0, n)
	next := n // events that are not refused, unless they are in the last batch that is
	testutil.Eventually(t, "an event after the flood", func() bool {
		if err := server.AdminAll(testutil.Context(t), customEvents(next, 1)); err != nil {
			t.Fatal(err)
		}
		next++
		return slices.ContainsFunc(customsOf(r.Events()), func(c *eventhandler.CustomEvent) bool { return number(c) >= n })
	})
	missing := slices.DeleteFunc(r.checkOrder(t, next), func(number int) bool { return number >= n })
	if len(missing) != lostEvents || lostBatches == 0 {
		t.Errorf("%d events are missing, but the %d batches that were refused %d times had %d",
			len(missing), lostBatches, retransmissions+1, lostEvents)
	}
	if given := janusLog(t, server, "Maximum number of retransmissions reached"); given != lostBatches {
		t.Errorf("Janus has given up %d batches, want %d", given, lostBatches)
	}
	t.Logf("%d of %d events were lost, in %d batches", len(missing), n, lostBatches)
}

// A websocket does not repeat what is refused for too long: that batch is lost,
// and so is what was on its way when the connection was closed. The rest arrives
// once and in order.
func TestFloodOfAWebsocketThatGivesUp(t *testing.T) {
	const n = 3000
	r := newReceiver(t, nil)
	r.refuse = func(_ context.Context, events []eventhandler.Event) error {
		for _, custom := range customsOf(events) {
			if custom.Schema == "1000" {
				return errRefused
			}
		}
		return nil
	}
	r.retryFor = 100 * time.Millisecond
	r.stop(t)
	r.restart(t)
	server := r.startJanus(t, wsevh)
	flood(t, server, 0, n)
	r.logs.Await(t, "websocket connected", 2)
	flood(t, server, n, n)
	r.awaitNumber(t, 2*n-1)
	missing := r.checkOrder(t, 2*n)
	if !slices.Contains(missing, 1000) || slices.Contains(missing, 0) || len(missing) >= n {
		t.Errorf("%d events are missing: %v", len(missing), missing)
	}
	if last := missing[len(missing)-1]; last-missing[0] != len(missing)-1 {
		t.Errorf("%d events are missing from %d to %d", len(missing), missing[0], last)
	}
	if strings.Count(r.logs.String(), "batch lost") != 1 {
		t.Error("not one batch was logged as lost")
	}
	t.Logf("%d of %d events were lost, from %d on", len(missing), 2*n, missing[0])
}

// long skips a test that takes long unless JANUS_TEST is set.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("JANUS_TEST") == "" {
		t.Skip("takes long; set JANUS_TEST=require to run it")
	}
}

// A batch that Janus repeats after 10 seconds, because take ignores its context,
// arrives once.
func TestFloodWithAnAnswerThatIsTooLate(t *testing.T) {
	long(t)
	const n = 1000
	slept := false
	r := newReceiver(t, func(ctx context.Context, events []eventhandler.Event) error {
		if slept || events[0].Type != eventhandler.TypeExternal {
			return nil
		}
		slept = true
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 9*time.Second {
			return errors.New("the context has too much time")
		}
		time.Sleep(11 * time.Second) // what is tested is Janus's own timeout
		return nil
	})
	server := r.startJanus(t, sampleevh)
	flood(t, server, 0, n)
	r.awaitNumber(t, n-1)
	r.checkComplete(t, n)
	if janusLog(t, server, "Couldn't relay event") == 0 || !strings.Contains(r.logs.String(), "repeated batch") {
		t.Error("Janus has repeated nothing")
	}
}

// A websocket that is not read for longer than any of Janus's timeouts loses
// nothing. Janus also has the time to send a ServerUpdate.
func TestFloodOfAWebsocketThatIsHeld(t *testing.T) {
	long(t)
	const n = 20_000
	until := time.Now().Add(15 * time.Second)
	r := newReceiver(t, func(context.Context, []eventhandler.Event) error {
		if time.Now().Before(until) {
			return errRefused
		}
		return nil
	})
	server := r.startJanus(t, wsevh)
	flood(t, server, 0, n)
	r.awaitNumber(t, n-1)
	r.checkComplete(t, n)
	if janusLog(t, server, "backend closed") != 0 {
		t.Error("Janus has closed the connection")
	}
	if server.AtLeast(1, 2, 0) {
		r.Await(t, "an update", has(func(update *eventhandler.ServerUpdate) bool { return update.StatsPeriod == time.Second }))
	}
	for _, event := range r.Events() {
		strictevents.Check(t, event)
	}
}

// 60,000 events while the receiver goes away and comes back five times: each once.
func TestLongFlood(t *testing.T) {
	long(t)
	const rounds, size = 20, 3000
	r := newReceiver(t, nil)
	server := r.startJanus(t, sampleevh, "retransmissions_backoff = 5")
	for round := range rounds {
		if round%4 == 3 {
			r.stop(t)
		}
		flood(t, server, round*size, size)
		if round%4 == 3 {
			r.restart(t)
		}
		r.awaitNumber(t, (round+1)*size-1)
	}
	r.checkComplete(t, rounds*size)
}
