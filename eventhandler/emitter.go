package eventhandler

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
)

const (
	// maxRecent is how many batches of an emitter are remembered. Janus repeats a
	// batch before it sends the next one, so a few would do.
	maxRecent = 64

	// maxEmitters is how many emitters are remembered that send nothing at the
	// moment.
	maxEmitters = 1024
)

// hash is the SHA-256 of a batch or of the name of an emitter.
type hash = [sha256.Size]byte

// emitters are the servers that events come from.
type emitters struct {
	mu     sync.Mutex // guards all below
	byName map[hash]*emitter
	clock  uint64 // counts calls of release
}

// emitter is a server that events come from.
type emitter struct {
	name  hash
	users int    // deliveries in progress; guarded by emitters.mu
	used  uint64 // when it was released; guarded by emitters.mu

	turn   chan struct{} // holds a value while a batch is being delivered
	recent []hash        // batches that were taken, up to maxRecent; guarded by turn
	oldest int           // index in recent once it is full; guarded by turn
}

// acquire returns the emitter of a name. It is kept until release.
func (s *emitters) acquire(name string) *emitter {
	key := sha256.Sum256([]byte(name))
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byName[key]
	if e == nil {
		e = &emitter{name: key, turn: make(chan struct{}, 1)}
		if s.byName == nil {
			s.byName = make(map[hash]*emitter)
		}
		s.byName[key] = e
	}
	e.users++
	return e
}

// release ends the use of an emitter. If there are too many, it forgets the one
// that has not been used for the longest time.
func (s *emitters) release(e *emitter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.users--
	s.clock++
	e.used = s.clock
	if len(s.byName) <= maxEmitters {
		return
	}
	var oldest *emitter
	for _, e := range s.byName {
		if e.users == 0 && (oldest == nil || e.used < oldest.used) {
			oldest = e
		}
	}
	if oldest != nil {
		delete(s.byName, oldest.name)
	}
}

// lock waits until no other batch of the emitter is being delivered.
func (e *emitter) lock(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the batch before: %w", ctx.Err())
	}
}

func (e *emitter) unlock() { <-e.turn }

// taken reports whether a batch is one of those that were taken recently. The
// caller holds the lock.
func (e *emitter) taken(batch hash) bool { return slices.Contains(e.recent, batch) }

// remember adds a batch to those that were taken recently. The caller holds the
// lock.
func (e *emitter) remember(batch hash) {
	if len(e.recent) < maxRecent {
		e.recent = append(e.recent, batch)
		return
	}
	e.recent[e.oldest] = batch
	e.oldest = (e.oldest + 1) % maxRecent
}
