package stats

import (
	"math"
	"testing"
)

func TestOf(t *testing.T) {
	if got, want := Of([]float64{5, 1, 4, 2, 3}), (Summary{2, 3, 4, 5}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := Of([]float64{1, 2}), (Summary{1.25, 1.5, 1.75, 2}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Of(nil); !math.IsNaN(got.Median) {
		t.Errorf("got %v of nothing", got)
	}
}

func TestRatios(t *testing.T) {
	got := Ratios([]float64{10, 30, 8}, []float64{10, 20, 4})
	if want := (Summary{1.25, 1.5, 1.75, 3}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
