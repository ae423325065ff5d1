package calls

import "fmt"

// Scope is a connection, a session or a handle. Calls belong to a Scope, and Scopes
// are nested. A Scope is open, held or ended. Calls of a held Scope wait, and calls of
// an ended one fail. If a Scope is held or ended, so are those within it.
//
// The zero value is a Scope without a parent. Its state is guarded by the Table
// that it is used with.
type Scope[R any] struct {
	parent *Scope[R]
	first  *Call[R] // of the calls of this scope and those within; not of the root
	state  *state   // nil while the scope is open and nobody has asked for Done
}

type state struct {
	held chan struct{} // closed when the hold is over; nil while the scope is not held
	why  error         // why it is held
	done chan struct{} // closed at the end; nil until somebody asks for it
	err  error         // why the scope has ended
	left bool          // Leave was called before the end
}

// wait says why and how long a call must wait. over is closed when the call may try
// again, and nil if it does not have to wait.
type wait struct {
	over <-chan struct{}
	why  error
}

// wrap adds the reason for which a call was waiting to the error that ended it.
func (w wait) wrap(err error) error { return fmt.Errorf("%w: %w", w.why, err) }

// Within returns a Scope within s.
func (s *Scope[R]) Within() Scope[R] { return Scope[R]{parent: s} }

// end returns why the scope, or one that it is in, has ended.
func (s *Scope[R]) end() error {
	for ; s != nil; s = s.parent {
		if s.state != nil && s.state.err != nil {
			return s.state.err
		}
	}
	return nil
}

// held returns the outermost hold on the scope.
func (s *Scope[R]) held() wait {
	var outermost wait
	for ; s != nil; s = s.parent {
		if s.state != nil && s.state.held != nil {
			outermost = wait{s.state.held, s.state.why}
		}
	}
	return outermost
}

func (s *Scope[R]) needState() *state {
	if s.state == nil {
		s.state = new(state)
	}
	return s.state
}

func (s *Scope[R]) hold(why error) {
	state := s.needState()
	if state.held == nil {
		state.held = make(chan struct{})
	}
	state.why = why
}

func (s *Scope[R]) release() {
	if s.state != nil && s.state.held != nil {
		close(s.state.held)
		s.state.held, s.state.why = nil, nil
	}
}

// link is a call's place in a list.
type link[R any] struct{ prev, next *Call[R] }

// link returns the place of c in the list of s.
func (s *Scope[R]) link(c *Call[R]) *link[R] {
	if c.scope == s {
		return &c.links[0]
	}
	return &c.links[1]
}

// list enters c in the lists of its scope and of those that it is in, but for the
// root: its end takes all calls.
func (c *Call[R]) list() {
	for s := c.scope; s.parent != nil; s = s.parent {
		s.link(c).next = s.first
		if s.first != nil {
			s.link(s.first).prev = c
		}
		s.first = c
	}
}

// unlist removes c from the lists.
func (c *Call[R]) unlist() {
	for s := c.scope; s.parent != nil; s = s.parent {
		at := s.link(c)
		if at.prev != nil {
			s.link(at.prev).next = at.next
		} else {
			s.first = at.next
		}
		if at.next != nil {
			s.link(at.next).prev = at.prev
		}
		*at = link[R]{}
	}
}

// Hold makes calls of the scope wait until Release, because of why. It reports
// false, and does nothing, if the scope has ended or is held already.
func (t *Table[R]) Hold(s *Scope[R], why error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.end() != nil || s.state != nil && s.state.held != nil {
		return false
	}
	s.hold(why)
	return true
}

// Held reports whether the scope itself is held.
func (t *Table[R]) Held(s *Scope[R]) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return s.state != nil && s.state.held != nil
}

// Release lets the calls of a held scope go on.
func (t *Table[R]) Release(s *Scope[R]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.release()
}

// End ends the scope: its calls, and those of the scopes within it, fail with
// err. It reports false, and does nothing, if the scope itself has ended
// already.
func (t *Table[R]) End(s *Scope[R], err error) bool {
	t.mu.Lock()
	state := s.needState()
	if state.err != nil {
		t.mu.Unlock()
		return false
	}
	state.err = err
	s.release()
	taken := t.takeScope(s)
	if state.done != nil {
		close(state.done)
	}
	t.mu.Unlock()
	fail(taken, err)
	return true
}

// takeScope removes the calls of a scope and returns those that somebody waits
// for. t.mu is held.
func (t *Table[R]) takeScope(s *Scope[R]) []*Call[R] {
	if s.parent == nil {
		return t.takeAll()
	}
	var taken []*Call[R]
	for c, next := s.first, (*Call[R])(nil); c != nil; c = next {
		next = s.link(c).next
		if c.scope == s && c.Outlives {
			continue
		}
		t.remove(c)
		if !c.nobody {
			taken = append(taken, c)
		}
	}
	return taken
}

// Leave notes that the owner of the scope wants it to end, for Left, unless it has
// ended already.
func (t *Table[R]) Leave(s *Scope[R]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.end() == nil {
		s.needState().left = true
	}
}

// Left reports whether Leave was called before the scope ended.
func (t *Table[R]) Left(s *Scope[R]) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return s.state != nil && s.state.left
}

// Err returns the error that calls of the scope fail with, or nil while it has
// not ended.
func (t *Table[R]) Err(s *Scope[R]) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return s.end()
}

// ends returns the channels of Done of a scope and of those that it is in.
func (t *Table[R]) ends(s *Scope[R]) (ends [3]<-chan struct{}) {
	for i := range ends {
		if s != nil {
			ends[i] = t.Done(s)
			s = s.parent
		}
	}
	return ends
}

// Done returns a channel that is closed when the scope itself ends.
func (t *Table[R]) Done(s *Scope[R]) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	state := s.needState()
	if state.done == nil {
		state.done = make(chan struct{})
		if state.err != nil {
			close(state.done)
		}
	}
	return state.done
}
