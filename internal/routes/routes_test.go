package routes

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

func present(v *int) bool { return v != nil }

// add adds a value to an id that has none.
func add(t *Table[*int], id uint64) *int {
	return t.Add(id, present, func() *int { return new(int) })
}

// Get, Add and Remove are those of a map. An empty table has nothing.
func TestTable(t *testing.T) {
	var table Table[*int]
	if table.Get(1) != nil || len(table.List()) != 0 {
		t.Error("the empty table has something")
	}
	table.Remove(1, nil)
	one, two := add(&table, 1), add(&table, 2)
	if table.Get(1) != one || table.Get(2) != two || one == two {
		t.Error("Get does not return what Add has added")
	}
	if list := table.List(); len(list) != 2 || !slices.Contains(list, one) || !slices.Contains(list, two) {
		t.Errorf("List returns %v", list)
	}
	table.Remove(1, one)
	if table.Get(1) != nil || table.Get(2) != two {
		t.Error("Remove has not removed one of two")
	}
}

// Add returns the value that is there if keep accepts it, and replaces it
// otherwise.
func TestAddKeeps(t *testing.T) {
	var table Table[*int]
	first := add(&table, 1)
	if again := add(&table, 1); again != first {
		t.Error("a value that is accepted was replaced")
	}
	var shown *int
	second := table.Add(1, func(v *int) bool { shown = v; return false }, func() *int { return new(int) })
	if second == first || table.Get(1) != second || shown != first {
		t.Error("a value that is refused was kept")
	}
}

// Remove leaves a value alone that has come in the place of the one named.
func TestRemoveIsForOneValue(t *testing.T) {
	var table Table[*int]
	old := add(&table, 1)
	table.Remove(1, old)
	current := add(&table, 1)
	table.Remove(1, old)
	if table.Get(1) != current {
		t.Error("another value was removed")
	}
}

// Of several that add an id at once, all get the same value.
func TestConcurrentAdd(t *testing.T) {
	var table Table[*int]
	got := make([]*int, 100)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = add(&table, 1) })
	}
	wg.Wait()
	for _, v := range got {
		if v != got[0] || v == nil {
			t.Fatal("two values for one id")
		}
	}
}

// WhenLocked runs at once if the lock is free, and else when it is, without
// waiting; the lock is held meanwhile and free afterwards.
func TestWhenLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		ran := 0
		f := func() {
			ran++
			if mu.TryLock() {
				t.Error("the lock is not held")
			}
		}
		WhenLocked(&mu, f)
		if ran != 1 {
			t.Error("not run at once")
		}
		mu.Lock()
		WhenLocked(&mu, f)
		if ran != 1 {
			t.Error("run while another holds the lock")
		}
		mu.Unlock()
		synctest.Wait()
		if ran != 2 || !mu.TryLock() {
			t.Errorf("run %d times, or the lock is held still", ran)
		}
	})
}

// A function that panics leaves the lock free.
func TestWhenLockedPanics(t *testing.T) {
	var mu sync.Mutex
	func() {
		defer func() { _ = recover() }()
		WhenLocked(&mu, func() { panic("a bug") })
	}()
	if !mu.TryLock() {
		t.Error("the lock is held still")
	}
}
