// Package schedule holds things by the time at which they are due.
package schedule

import (
	"container/heap"
	"time"
)

// Schedule holds things of type T. The zero value is empty. It must not be used
// by two goroutines at the same time.
type Schedule[T any] struct{ entries entries[T] }

// Add holds v until it is due.
func (s *Schedule[T]) Add(due time.Time, v T) {
	heap.Push(&s.entries, entry[T]{due, v})
}

// First returns the value that is due first and its time, or false if the schedule is
// empty.
func (s *Schedule[T]) First() (due time.Time, v T, ok bool) {
	if len(s.entries) == 0 {
		return due, v, false
	}
	return s.entries[0].due, s.entries[0].v, true
}

// Remove removes the value that is due first.
func (s *Schedule[T]) Remove() { heap.Pop(&s.entries) }

type entry[T any] struct {
	due time.Time
	v   T
}

// entries is a heap.Interface.
type entries[T any] []entry[T]

func (e entries[T]) Len() int           { return len(e) }
func (e entries[T]) Less(i, j int) bool { return e[i].due.Before(e[j].due) }
func (e entries[T]) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *entries[T]) Push(x any)        { *e = append(*e, x.(entry[T])) }
func (e *entries[T]) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = entry[T]{}
	*e = (*e)[:last]
	return x
}
