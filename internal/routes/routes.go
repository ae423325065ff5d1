// Package routes maps ids to sessions and handles, to route frames to them.
package routes

import "sync"

// Table maps ids to values. The zero value is empty. All methods may be called
// concurrently.
type Table[V comparable] struct {
	mu     sync.Mutex
	routes map[uint64]V
}

// Get returns the value of an id, or the zero value.
func (t *Table[V]) Get(id uint64) V {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.routes[id]
}

// Add returns the value of an id if keep accepts it. Otherwise it replaces the value
// by the result of make. Both are called with the table locked. If the id has no
// value, keep is called with the zero value.
func (t *Table[V]) Add(id uint64, keep func(V) bool, make func() V) V {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.routes[id]; keep(v) {
		return v
	}
	if t.routes == nil {
		t.routes = map[uint64]V{}
	}
	v := make()
	t.routes[id] = v
	return v
}

// Remove removes an id if its value is still v.
func (t *Table[V]) Remove(id uint64, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.routes[id] == v {
		delete(t.routes, id)
	}
}

// List returns all values.
func (t *Table[V]) List() []V {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]V, 0, len(t.routes))
	for _, v := range t.routes {
		list = append(list, v)
	}
	return list
}

// WhenLocked runs f with mu locked: at once if mu is free, otherwise later, on another
// goroutine. It does not wait.
func WhenLocked(mu *sync.Mutex, f func()) {
	locked := func() {
		defer mu.Unlock()
		f()
	}
	if mu.TryLock() {
		locked()
		return
	}
	go func() {
		mu.Lock()
		locked()
	}()
}
