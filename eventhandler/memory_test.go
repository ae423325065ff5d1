package eventhandler

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
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
