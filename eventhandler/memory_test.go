package eventhandler

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestEmittersAreBounded(t *testing.T) {
	var all emitters
	busy := all.acquire("busy")
	busy.remember(sha256.Sum256([]byte("batch")))
	for i := range 3 * maxEmitters {
		all.release(all.acquire(fmt.Sprint(i)))
	}
	if len(all.byName) > maxEmitters+1 {
		t.Errorf("%d emitters are kept", len(all.byName))
	}
	if all.acquire("busy") != busy {
		t.Error("an emitter was forgotten while it was in use")
	}
	all.release(busy)
	newest := fmt.Sprint(3*maxEmitters - 1)
	if before := all.byName[sha256.Sum256([]byte(newest))]; before == nil || all.acquire(newest) != before {
		t.Error("the newest emitter was forgotten")
	}
}

func TestRecentBatchesAreBounded(t *testing.T) {
	var all emitters
	e := all.acquire("e")
	if err := e.lock(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer e.unlock()
	batch := func(i int) hash { return sha256.Sum256([]byte(fmt.Sprint(i))) }
	const total = 3*maxRecent + 5
	for i := range total {
		if e.taken(batch(i)) {
			t.Errorf("batch %d is known before it was taken", i)
		}
		e.remember(batch(i))
	}
	for i := range total {
		if known, want := e.taken(batch(i)), i >= total-maxRecent; known != want {
			t.Errorf("batch %d is known: %t, want %t", i, known, want)
		}
	}
	if len(e.recent) != maxRecent {
		t.Errorf("%d batches are kept", len(e.recent))
	}
}

// Whatever take does, its emitter can be forgotten afterwards.
func TestEmittersAreReleased(t *testing.T) {
	outcomes := []func() error{
		func() error { return nil },
		func() error { return errors.New("refused") },
		func() error { panic("by the test") },
	}
	var i int
	var outcome func() error
	h := New(func(context.Context, []Event) error { return outcome() }, &Options{RetryFor: -1, Logger: slog.New(slog.DiscardHandler)})
	for i, outcome = range outcomes {
		for _, deliver := range []func(r *http.Request, body []byte, events []Event) error{
			func(r *http.Request, body []byte, events []Event) error {
				return h.deliver(r.Context(), time.Now().Add(time.Hour), body, events)
			},
			h.deliverOften,
		} {
			func() {
				defer func() { _ = recover() }()
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
				_ = deliver(r, []byte(fmt.Sprint(i)), []Event{{Emitter: fmt.Sprint(i)}})
			}()
		}
	}
	if len(h.emitters.byName) != len(outcomes) {
		t.Errorf("there are %d emitters, want %d", len(h.emitters.byName), len(outcomes))
	}
	for _, e := range h.emitters.byName {
		if e.users != 0 || len(e.turn) != 0 {
			t.Errorf("%d deliveries of an emitter are in progress, %d have the turn", e.users, len(e.turn))
		}
	}
}
