package supervisor

import (
	"context"
	"sync"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/testutil"
)

// What Get and Status return changes at the same moment. Those who look all the time
// would see a state between two changes.
func TestStatusAgreesWithGet(t *testing.T) {
	up := &live[int]{unit: &Unit{Session: &janus.Session{ID: 1}}}
	for range 15 {
		s := New(func(context.Context, *Unit) (int, error) { return 0, nil }, &Options{Logger: testutil.Quiet})
		look := func() (stopped bool) {
			s.mu.Lock()
			defer s.mu.Unlock()
			state := s.status.State
			if (s.live != nil) != (state == StateUp) || (s.stopped != nil) != (state == StateStopped) {
				t.Errorf("a unit is up: %v; stopped: %v; the state is %v", s.live != nil, s.stopped, state)
			}
			return state == StateStopped
		}
		var looking, all sync.WaitGroup
		for range 4 {
			looking.Add(1)
			all.Go(func() {
				look()
				looking.Done()
				for !look() {
				}
			})
		}
		looking.Wait()
		for range 10 {
			s.setUp(up)
			s.down(ending{})
		}
		s.stop(errDone)
		all.Wait()
	}
}
