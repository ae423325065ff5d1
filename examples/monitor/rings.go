package main

import "container/list"

const (
	// maxRings is for how many media of a server points are kept.
	maxRings = 4000

	// silent is how long a medium must have had no new point, in milliseconds,
	// before another one may have its ring.
	silent = 30_000
)

// rings hands out a limited number of rings. Media that a page looks at always get
// one; the others keep what they have for as long as they have new points.
type rings struct {
	limit int
	used  list.List // of *ring; the one with the newest point is at the front
	place map[*ring]*list.Element
}

func newRings(limit int) *rings { return &rings{limit: limit, place: make(map[*ring]*list.Element)} }

// add adds a point to the ring of a medium, if it has one or can have one. now is
// the time in Unix milliseconds. A ring begins again when the clock was set back, or
// when another one is used: its points are in the order of their times.
func (r *rings) add(m *medium, now int64) {
	if m.ring != nil && m.ring.newest() > m.meter.last.Time {
		r.release(m)
	}
	if m.ring == nil && !r.give(m, now) {
		return
	}
	m.ring.add(m.meter.last.Time, m.meter.now)
	m.lastPoint = now
	r.used.MoveToFront(r.place[m.ring])
}

// give gives a medium a ring and reports whether there was one.
func (r *rings) give(m *medium, now int64) bool {
	if r.used.Len() >= r.limit {
		oldest := r.oldest(!m.watched, now)
		if oldest == nil {
			return false
		}
		r.release(oldest)
	}
	m.ring = &ring{owner: m}
	r.place[m.ring] = r.used.PushFront(m.ring)
	return true
}

// oldest returns the medium that has had no point for longest and that no page looks
// at, or nil. If quiet is set, it must have been silent.
func (r *rings) oldest(quiet bool, now int64) *medium {
	for e := r.used.Back(); e != nil; e = e.Prev() {
		m := e.Value.(*ring).owner
		if quiet && now-m.lastPoint < silent {
			return nil
		}
		if !m.watched {
			return m
		}
	}
	return nil
}

// release takes the ring of a medium, if it has one.
func (r *rings) release(m *medium) {
	if m.ring == nil {
		return
	}
	r.used.Remove(r.place[m.ring])
	delete(r.place, m.ring)
	m.ring = nil
}
