package schedule

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
	"weak"
)

func TestFirstIsAlwaysWhatIsDueFirst(t *testing.T) {
	var s Schedule[int]
	if _, _, ok := s.First(); ok {
		t.Fatal("an empty schedule has a first")
	}
	start := time.Now()
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }
	for _, n := range rand.Perm(100) {
		s.Add(at(n), n)
	}
	for n := range 100 { // each goes behind all others
		due, v, ok := s.First()
		if !ok || v != n || !due.Equal(at(n)) {
			t.Fatalf("first is %d due at %v, want %d", v, due, n)
		}
		s.Remove()
		s.Add(at(100+n), v)
	}
	for n := range 100 {
		if due, v, _ := s.First(); v != n || !due.Equal(at(100+n)) {
			t.Fatalf("first is %d, want %d", v, n)
		}
		s.Remove()
	}
	if _, _, ok := s.First(); ok {
		t.Fatal("something is left")
	}
}

// Adding, removing and adding again in any order keeps the schedule in order.
func TestRandomOperations(t *testing.T) {
	var s Schedule[int]
	start := time.Now()
	want := make(map[int]time.Time) // all that is in the schedule
	check := func() {
		t.Helper()
		due, v, ok := s.First()
		if ok != (len(want) > 0) {
			t.Fatalf("something is due: %v, but the schedule holds %d", ok, len(want))
		}
		if ok && !want[v].Equal(due) {
			t.Fatalf("%d is due at %v, want %v", v, due, want[v])
		}
		for other, at := range want {
			if at.Before(due) {
				t.Fatalf("%d is first, due at %v, but %d is due at %v", v, due, other, at)
			}
		}
	}
	remove := func(v int) {
		s.Remove()
		delete(want, v)
	}
	for n := range 3000 {
		_, v, ok := s.First()
		at := start.Add(time.Duration(rand.N(50)) * time.Second) // many are equal
		switch op := rand.N(5); {
		case op < 2 || !ok:
			s.Add(at, n)
			want[n] = at
		case op < 4:
			s.Remove()
			s.Add(at, v)
			want[v] = at
		default:
			remove(v)
		}
		check()
	}
	for len(want) > 0 {
		_, v, _ := s.First()
		remove(v)
		check()
	}
}

// A schedule does not reference anything that was removed.
func TestRemovedCanBeCollected(t *testing.T) {
	type thing struct{ text string }
	var s Schedule[*thing]
	var removed []weak.Pointer[thing]
	now := time.Now()
	for n := range 20 {
		v := &thing{"text"}
		s.Add(now.Add(time.Duration(n)), v)
		if n < 15 {
			removed = append(removed, weak.Make(v))
		}
	}
	for range removed {
		s.Remove()
	}
	runtime.GC()
	for n, p := range removed {
		if p.Value() != nil {
			t.Errorf("%d is still referenced", n)
		}
	}
	if _, v, ok := s.First(); !ok || v == nil {
		t.Error("the rest is gone")
	}
}
