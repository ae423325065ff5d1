package keeper

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// visit is what was due, and when.
type visit struct {
	name string
	at   time.Duration // since the start
}

// run runs a Keeper for d and returns the visits. again says when a thing is due
// again; not at all if it is 0.
func run(k *Keeper[string], start time.Time, d time.Duration, again func(string) time.Duration) []visit {
	var visits []visit
	end := time.After(d)
	for {
		select {
		case <-k.C():
			k.Run(func(name string) (time.Duration, bool) {
				visits = append(visits, visit{name, time.Since(start)})
				next := again(name)
				return next, next > 0
			})
		case <-end:
			return visits
		}
	}
}

func once(string) time.Duration { return 0 }

// check compares visits.
func check(t *testing.T, got, want []visit) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("visited %v, want %v", got, want)
	}
}

// Everything is visited when it is due, in that order, whatever the order in
// which it was added.
func TestDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, start := New[string](), time.Now()
		k.Add(3*time.Second, "third")
		k.Add(time.Second, "first")
		k.Add(2*time.Second, "second")
		k.Add(0, "at once")
		check(t, run(k, start, time.Minute, once), []visit{{"at once", 0}, {"first", time.Second}, {"second", 2 * time.Second}, {"third", 3 * time.Second}})
	})
}

// What is due again is visited again, at its own pace.
func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, start := New[string](), time.Now()
		k.Add(2*time.Second, "a")
		k.Add(3*time.Second, "b")
		left := map[string]int{"a": 2, "b": 1}
		got := run(k, start, time.Minute, func(name string) time.Duration {
			if left[name]--; left[name] < 0 {
				return 0
			}
			return 4 * time.Second
		})
		check(t, got, []visit{{"a", 2 * time.Second}, {"b", 3 * time.Second}, {"a", 6 * time.Second}, {"b", 7 * time.Second}, {"a", 10 * time.Second}})
	})
}

// What is added while the Keeper waits for something later is not late, and what
// was waited for is not forgotten.
func TestAddedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, start := New[string](), time.Now()
		k.Add(time.Hour, "late")
		go func() {
			time.Sleep(time.Minute)
			k.Add(time.Minute, "early")
		}()
		check(t, run(k, start, 2*time.Hour, once), []visit{{"early", 2 * time.Minute}, {"late", time.Hour}})
	})
}

// Nothing comes from C of an empty Keeper.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		select {
		case <-New[string]().C():
			t.Error("something is due")
		case <-time.After(100 * time.Hour):
		}
	})
}

// An empty Keeper visits nothing, and works again when something is added.
func TestEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, start := New[string](), time.Now()
		for i := range 3 {
			check(t, run(k, start, time.Hour, once), nil)
			k.Add(time.Second, "next")
			check(t, run(k, start, time.Hour, once), []visit{{"next", time.Duration(2*i+1)*time.Hour + time.Second}})
		}
	})
}

// A visit may add, and so may other goroutines.
func TestConcurrentAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, start := New[string](), time.Now()
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				time.Sleep(time.Duration(i%5) * time.Second)
				k.Add(time.Second, "outside")
			})
		}
		got := run(k, start, time.Minute, func(name string) time.Duration {
			if name == "outside" {
				k.Add(time.Second, "inside")
			}
			return 0
		})
		wg.Wait()
		if len(got) != 100 {
			t.Errorf("%d visits, want 100", len(got))
		}
	})
}

// After Stop nothing is due any more.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := New[string]()
		k.Add(time.Second, "never")
		k.Stop()
		check(t, run(k, time.Now(), time.Hour, once), nil)
	})
}
