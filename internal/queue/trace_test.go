package queue

import (
	"slices"
	"testing"
)

// pushed is what Pushed was called with.
type pushed struct {
	tag        Tag
	m, dropped interface{}
	depth      int
}

// Pushed has the message, the tag, the depth, and the message that was dropped.
func TestPushed(t *testing.T) {
	g, _ := newGroup(2)
	var got []pushed
	g.Pushed = func(tag Tag, m, dropped interface{}, depth int) { got = append(got, pushed{tag, m, dropped, depth}) }
	tag := Tag{Session: 1, Handle: 2, Plugin: "p"}
	q := new(Queue)
	q.Init(make(chan interface{}, capacity), g, tag)
	for i := range 7 {
		q.Push(i)
	}
	want := []pushed{
		{tag, 0, nil, 1}, {tag, 1, nil, 2}, // the channel's
		{tag, 2, nil, 3}, {tag, 3, nil, 4}, {tag, 4, nil, 5}, // the first that does not fit, and as many as the limit
		{tag, 5, 3, 5}, {tag, 6, 4, 5},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	q.Close()
	got = nil
	if q.Push(8) || got != nil {
		t.Errorf("a closed queue: %v", got)
	}
	for range q.ch {
	}
}

// A group keeps tags only while their queues are open, and only for Pushed.
func TestTags(t *testing.T) {
	g, _ := newGroup(1)
	q := new(Queue)
	q.Init(make(chan interface{}, 1), g, Tag{Session: 1})
	if q.Tag() != (Tag{}) {
		t.Error("a tag without use")
	}
	g.Pushed = func(Tag, interface{}, interface{}, int) {}
	q.Init(make(chan interface{}, 1), g, Tag{Session: 1})
	if q.Tag() != (Tag{Session: 1}) {
		t.Error("no tag")
	}
	q.Close()
	if q.Tag() != (Tag{}) {
		t.Error("the tag of a closed queue")
	}
}
