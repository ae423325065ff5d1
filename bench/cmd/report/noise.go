package main

import "github.com/cameronelliott/janus-go/bench/internal/stats"

// noisy is the distance between the quartiles, as a share of the median, above
// which figures are measured again.
const noisy = 1.0 / 3

// attempts is the most often that the same is measured.
const attempts = 3

// spreadOf returns the distance between the quartiles as a share of the median.
func spreadOf(s stats.Summary) float64 {
	if s.N == 0 || s.Median == 0 {
		return 0
	}
	return (s.High - s.Low) / s.Median
}

// noise is the largest spread of all times and CPU times.
func (f figures) noise() float64 {
	most := 0.0
	for what := range f {
		most = max(most, spreadOf(f.summary(what, wall)), spreadOf(f.summary(what, cpu)))
	}
	return most
}

// quiet measures until the figures are not noisy, but at most as often as
// attempts, and again only if mayRepeat agrees. It returns the figures with the
// least noise: which one wins does not depend on how fast a contender was.
func quiet(measure func() (figures, error), mayRepeat func() bool) (figures, error) {
	var best figures
	for i := range attempts {
		if i > 0 && !mayRepeat() {
			break
		}
		found, err := measure()
		if err != nil {
			return nil, err
		}
		if best == nil || found.noise() < best.noise() {
			best = found
		}
		if best.noise() <= noisy {
			break
		}
	}
	return best, nil
}
