package rtc

import "sync"

// Counter counts, and tells when a number is reached. The zero value is ready.
type Counter struct {
	mu    sync.Mutex
	count int
	goals []goal
}

type goal struct {
	count   int
	reached chan struct{}
}

// Add counts one more.
func (c *Counter) Add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	var later []goal
	for _, g := range c.goals {
		if c.count >= g.count {
			close(g.reached)
		} else {
			later = append(later, g)
		}
	}
	c.goals = later
}

// Count returns the number that is reached.
func (c *Counter) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Reached returns a channel that is closed when count is reached.
func (c *Counter) Reached(count int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := goal{count: count, reached: make(chan struct{})}
	if c.count >= count {
		close(g.reached)
	} else {
		c.goals = append(c.goals, g)
	}
	return g.reached
}
