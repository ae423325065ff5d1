// Package backoff spaces out attempts that fail.
package backoff

import (
	"math"
	"math/rand/v2"
	"time"
)

// Backoff gives the delays before attempts. Each is random between zero and a
// limit, which begins at Min and doubles with every delay up to Max. Min must be
// positive, and Max not less than Min.
type Backoff struct {
	Min, Max time.Duration

	limit time.Duration // of the latest delay
}

// Next returns the delay before the next attempt.
func (b *Backoff) Next() time.Duration {
	switch {
	case b.limit == 0:
		b.limit = b.Min
	case b.limit > b.Max/2:
		b.limit = b.Max
	default:
		b.limit *= 2
	}
	return rand.N(min(b.limit, math.MaxInt64-1) + 1)
}

// Reset makes the next limit Min again.
func (b *Backoff) Reset() { b.limit = 0 }
