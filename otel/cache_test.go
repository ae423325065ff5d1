package otel

import "testing"

// A cache makes a value once, and keeps only so many.
func TestCache(t *testing.T) {
	var c cache[int, int]
	made := 0
	double := func(key int) int { made++; return 2 * key }
	for range 2 {
		for key := range maxCached + 10 {
			if got := c.get(key, double); got != 2*key {
				t.Fatalf("the value of %d is %d", key, got)
			}
		}
	}
	if want := maxCached + 10 + 10; made != want || len(c.values) != maxCached {
		t.Errorf("%d values were made, want %d, and %d are kept", made, want, len(c.values))
	}
}
