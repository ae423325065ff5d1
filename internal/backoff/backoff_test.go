package backoff

import (
	"math"
	"testing"
	"time"
)

// limits returns the limits of n delays, and fails if a delay is beyond its own.
func limits(t *testing.T, b *Backoff, n int) []time.Duration {
	t.Helper()
	all := make([]time.Duration, n)
	for i := range all {
		d := b.Next()
		all[i] = b.limit
		if d < 0 || d > b.limit {
			t.Errorf("delay %d is %v, beyond %v", i, d, b.limit)
		}
	}
	return all
}

// The limit begins at Min and doubles up to Max, which it never passes.
func TestLimits(t *testing.T) {
	tests := []struct {
		name     string
		min, max time.Duration
		want     []time.Duration
	}{
		{"doubles", 1, 16, []time.Duration{1, 2, 4, 8, 16, 16}},
		{"Max is no power of two", 1, 10, []time.Duration{1, 2, 4, 8, 10, 10}},
		{"Max just above a double", 4, 9, []time.Duration{4, 8, 9, 9}},
		{"Min is Max", 5, 5, []time.Duration{5, 5, 5}},
		{"as large as can be", math.MaxInt64/2 - 1, math.MaxInt64, []time.Duration{math.MaxInt64/2 - 1, math.MaxInt64 - 3, math.MaxInt64, math.MaxInt64}},
		{"nothing but Max", math.MaxInt64, math.MaxInt64, []time.Duration{math.MaxInt64, math.MaxInt64}},
	}
	for _, test := range tests {
		b := &Backoff{Min: test.min, Max: test.max}
		for i, got := range limits(t, b, len(test.want)) {
			if got != test.want[i] {
				t.Errorf("%s: limit %d is %v, want %v", test.name, i, int64(got), int64(test.want[i]))
			}
		}
	}
}

// Reset begins again at Min.
func TestReset(t *testing.T) {
	b := &Backoff{Min: 1, Max: 100}
	limits(t, b, 5)
	b.Reset()
	if got := limits(t, b, 2); got[0] != 1 || got[1] != 2 {
		t.Errorf("limits after Reset: %v", got)
	}
}

// Delays are spread over the whole range, its ends included, so that clients
// that lost the same server do not come back at once.
func TestDelaysAreSpread(t *testing.T) {
	b := &Backoff{Min: 3, Max: 3}
	seen := make(map[time.Duration]int)
	for range 1000 {
		seen[b.Next()]++
	}
	for d := time.Duration(0); d <= 3; d++ {
		if seen[d] < 150 {
			t.Errorf("%d of 1000 delays are %d", seen[d], d)
		}
	}
}
