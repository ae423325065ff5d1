// Package notify calls an application's function in order, without waiting for
// it.
package notify

import "sync"

// limit is how many values wait for a function that does not return. The oldest
// are dropped beyond that.
const limit = 1024

// Notifier passes values to a function, one after the other, from a goroutine
// that exists only while values wait.
type Notifier[T any] struct {
	call func(T)

	mu      sync.Mutex
	waiting []T
	calling bool
}

// New returns a Notifier that calls f.
func New[T any](f func(T)) *Notifier[T] { return &Notifier[T]{call: f} }

// Send passes v on. It does not wait.
func (n *Notifier[T]) Send(v T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.waiting) == limit {
		n.waiting = n.waiting[1:]
	}
	n.waiting = append(n.waiting, v)
	if !n.calling {
		n.calling = true
		go n.run()
	}
}

// run calls the function for what waits. If the function ends the goroutine, as
// runtime.Goexit does, another one goes on.
func (n *Notifier[T]) run() {
	done := false
	defer func() {
		if !done {
			go n.run()
		}
	}()
	for v, ok := n.next(); ok; v, ok = n.next() {
		n.call(v)
	}
	done = true
}

func (n *Notifier[T]) next() (v T, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.waiting) == 0 {
		n.waiting, n.calling = nil, false
		return v, false
	}
	v = n.waiting[0]
	n.waiting = n.waiting[1:]
	return v, true
}
