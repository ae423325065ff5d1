package schedule

import (
	"math/rand/v2"
	"testing"
	"time"
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
		s.Postpone(at(100 + n))
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
