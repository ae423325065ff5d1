package queue

import (
	"testing"
	"testing/synctest"
	"time"
)

// Messages that are unread when a queue is closed are kept for a minute.
func TestUnreadMessagesAreKeptForAMinute(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		want  int
	}{{50 * time.Second, 20}, {70 * time.Second, 4}} {
		synctest.Test(t, func(t *testing.T) {
			group := &Group{Limit: 100, Overflow: func(n int) interface{} { return n }, Unread: func(int) {}}
			ch := make(chan interface{}, 4)
			var q Queue
			q.Init(ch, group, Tag{})
			for i := range 20 {
				q.Push(i)
			}
			q.Close()
			time.Sleep(test.after)
			read := 0
			for range ch {
				read++
			}
			if read != test.want {
				t.Errorf("after %v, %d messages are left, want %d", test.after, read, test.want)
			}
		})
	}
}
