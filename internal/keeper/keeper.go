// Package keeper is a timer for many values, each of which is due at a time of its own.
package keeper

import (
	"sync"
	"time"

	"github.com/cameronelliott/janus-go/internal/schedule"
)

// Keeper holds things of type T by the time at which they are due. It has no
// goroutine: its user receives from C and calls Run. Add may be called
// concurrently; Run by one goroutine at a time.
type Keeper[T any] struct {
	timer *time.Timer

	mu   sync.Mutex
	due  schedule.Schedule[T]
	next time.Time // when timer fires; zero while it is stopped
}

// New returns an empty Keeper.
func New[T any]() *Keeper[T] {
	k := &Keeper[T]{timer: time.NewTimer(time.Hour)}
	k.timer.Stop()
	return k
}

// C returns a channel on which the time is sent when something is due.
func (k *Keeper[T]) C() <-chan time.Time { return k.timer.C }

// Stop releases the Keeper's timer.
func (k *Keeper[T]) Stop() { k.timer.Stop() }

// Add holds v until it is due after d.
func (k *Keeper[T]) Add(d time.Duration, v T) {
	at := time.Now().Add(d)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.due.Add(at, v)
	k.arm(at)
}

// arm makes sure that the timer fires at a time or before. k.mu is held.
func (k *Keeper[T]) arm(at time.Time) {
	if k.next.IsZero() || at.Before(k.next) {
		k.next = at
		k.timer.Reset(time.Until(at))
	}
}

// Run calls visit for everything that is due. visit returns the time until the value
// is due again, or false to remove it.
func (k *Keeper[T]) Run(visit func(T) (again time.Duration, ok bool)) {
	now := time.Now()
	for v, ok := k.take(now); ok; v, ok = k.take(now) {
		if d, again := visit(v); again {
			k.Add(d, v)
		}
	}
}

// take removes what is due first, or arms the timer if nothing is due.
func (k *Keeper[T]) take(now time.Time) (v T, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next = time.Time{}
	at, v, ok := k.due.First()
	if !ok {
		return v, false
	}
	if at.After(now) {
		var none T
		k.arm(at)
		return none, false
	}
	k.due.Remove()
	return v, true
}
