package otel

import "sync"

// maxCached is how many values a cache keeps.
const maxCached = 1000

// cache keeps values that are made of keys. The zero value is empty. It may be used
// concurrently.
type cache[K comparable, V any] struct {
	mu     sync.RWMutex
	values map[K]V
}

// get returns the value of a key, which make makes if it is not kept. Values beyond
// maxCached are made each time.
func (c *cache[K, V]) get(key K, make func(K) V) V {
	c.mu.RLock()
	v, ok := c.values[key]
	c.mu.RUnlock()
	if ok {
		return v
	}
	v = make(key)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil {
		c.values = map[K]V{}
	}
	if len(c.values) < maxCached {
		c.values[key] = v
	}
	return v
}
