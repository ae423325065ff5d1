package main

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/bench/internal/stats"
)

// uneven returns figures of two contenders. One needs the same in each round, the
// other has quartiles of 1 - spread/2 and 1 + spread/2 about its median.
func uneven(spread float64) figures {
	f := figures{{ours, realJanus, contest.WorkKeepAlive, 1}: evenly(100, 100, 0, 0)}
	noise := evenly(100, 100, 0, 0)
	noise[0].WallNs *= 1 - spread
	noise[2].WallNs *= 1 + spread
	f[subject{floor, realJanus, contest.WorkKeepAlive, 1}] = noise
	return f
}

func TestNoise(t *testing.T) {
	for _, spread := range []float64{0, 0.2, 0.5} {
		if got := uneven(spread).noise(); math.Abs(got-spread) > 1e-9 {
			t.Errorf("quartiles that are %v apart have noise %v", spread, got)
		}
	}
	inCPU := figures{{ours, realJanus, contest.WorkKeepAlive, 1}: evenly(100, 100, 0, 0)}
	for what := range inCPU {
		inCPU[what][0].CPUNs = 0
	}
	if inCPU.noise() == 0 {
		t.Error("noise in CPU times does not count")
	}
	if got := (figures{}).noise(); got != 0 {
		t.Errorf("nothing has noise %v", got)
	}
}

func TestQuiet(t *testing.T) {
	tests := []struct {
		name    string
		spreads []float64 // of each measurement, if it is made
		repeats int       // that are allowed
		made    int
		kept    float64
	}{
		{"quiet at once", []float64{0.33}, 9, 1, 0.33},
		{"quiet the second time", []float64{0.34, 0.1}, 9, 2, 0.1},
		{"quiet the third time", []float64{0.5, 0.4, 0.2}, 9, 3, 0.2},
		{"never quiet", []float64{0.5, 0.4, 0.6}, 9, 3, 0.4},
		{"no time", []float64{0.5}, 0, 1, 0.5},
		{"no time for a third", []float64{0.5, 0.6}, 1, 2, 0.5},
	}
	for _, test := range tests {
		made, asked := 0, 0
		found, err := quiet(func() (figures, error) {
			made++
			return uneven(test.spreads[made-1]), nil
		}, func() bool {
			asked++
			return asked <= test.repeats
		})
		if err != nil || made != test.made || math.Abs(found.noise()-test.kept) > 1e-9 {
			t.Errorf("%s: %d measurements, noise %v, %v", test.name, made, found.noise(), err)
		}
	}
}

func TestQuietFails(t *testing.T) {
	failure := errors.New("failure")
	if _, err := quiet(func() (figures, error) { return nil, failure }, func() bool { return true }); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
}

// Repeating ends when its time is used up.
func TestMayRepeat(t *testing.T) {
	m := &meter{scale: scale{Repeating: time.Second}, stretches: []stretch{{}, {}}}
	for i, want := range []bool{true, false, true, false} {
		takes := []time.Duration{600 * time.Millisecond, 500 * time.Millisecond, 400 * time.Millisecond, 1}[i]
		if got := m.mayRepeat(takes); got != want {
			t.Errorf("%v after %v: %v", takes, m.repeating, got)
		}
	}
	if m.stretches[0].Repeats != 0 || m.stretches[1].Repeats != 2 {
		t.Errorf("%+v", m.stretches)
	}
}

// Each part has the time anew, and its repeats are counted with it.
func TestWatch(t *testing.T) {
	m := &meter{ctx: t.Context(), scale: scale{Repeating: time.Second}}
	for _, name := range []string{"one", "two"} {
		err := m.watch(name, func() error {
			if !m.mayRepeat(time.Second) {
				t.Errorf("part %s has no time to repeat anything", name)
			}
			return nil
		})
		if part := m.stretches[len(m.stretches)-1]; err != nil || part.Name != name || part.Repeats != 1 || part.To == "" {
			t.Errorf("%+v, %v", part, err)
		}
	}
}

func TestSpreadSaysNoisy(t *testing.T) {
	for want, s := range map[string]stats.Summary{
		"3.00 (2.50–3.50)":        {Low: 2.5, Median: 3, High: 3.5, N: 3},
		"3.00 (2.40–3.50, noisy)": {Low: 2.4, Median: 3, High: 3.5, N: 3},
		"–":                       {},
	} {
		if got := spread(s); got != want {
			t.Errorf("%v is written %s, not %s", s, got, want)
		}
	}
}

func TestParseCPUTimes(t *testing.T) {
	used, all, err := parseCPUTimes("cpu  10 20 30 400 50 6 7 8 90 100")
	if err != nil || used != 10+20+30+6+7+8 || all != used+450 {
		t.Errorf("%d of %d, %v", used, all, err)
	}
	for _, line := range []string{"", "cpu 1 2", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 x 5 6 7 8"} {
		if _, _, err := parseCPUTimes(line); err == nil {
			t.Errorf("no error for %q", line)
		}
	}
}
