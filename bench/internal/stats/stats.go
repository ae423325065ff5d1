// Package stats summarises repeated measurements.
package stats

import (
	"math"
	"slices"
)

// Summary is the median of measurements and the quartiles about it, between
// which half of them are.
type Summary struct {
	Low, Median, High float64
	N                 int
}

// Of summarises values. Without any, all of the summary is NaN.
func Of(values []float64) Summary {
	sorted := slices.Sorted(slices.Values(values))
	return Summary{quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75), len(sorted)}
}

// Ratios summarises the quotients of measurements that were made in pairs: what
// else the machine did at that time weighs on both.
func Ratios(values, bases []float64) Summary {
	var ratios []float64
	for i := range min(len(values), len(bases)) {
		ratios = append(ratios, values[i]/bases[i])
	}
	return Of(ratios)
}

// quantile interpolates between the two sorted values about q.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}
