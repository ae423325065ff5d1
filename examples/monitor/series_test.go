package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// at returns a sample at a time in milliseconds, with counters of what is received and
// sent, which are bytes, packets and lost packets.
func at(ms int64, in, out [3]int64) sample {
	return sample{
		totals: totals{
			BytesIn: in[0], PacketsIn: in[1], LostIn: in[2], BytesOut: out[0], PacketsOut: out[1], LostOut: out[2], Time: ms,
		},
		clock: ms * 1000, rtt: 7, jitterIn: 1, jitterOut: 2,
	}
}

func equal(a, b number) bool { return a == b || !a.known() && !b.known() }

func TestMeter(t *testing.T) {
	start := at(10_000, [3]int64{1000, 10, 1}, [3]int64{500, 5, 0})
	for _, test := range []struct {
		name    string
		samples []sample
		taken   bool // the last one
		want    values
	}{
		{"the first sample", nil, true, values{unknown, unknown, unknown, unknown, 7, 1, 2}},
		{
			"a second later",
			[]sample{at(11_000, [3]int64{2000, 19, 2}, [3]int64{1000, 25, 5})}, true,
			values{8000, 4000, 0.1, 0.25, 7, 1, 2},
		},
		{
			"by the clock of the samples",
			[]sample{at(10_500, [3]int64{2000, 10, 1}, [3]int64{500, 5, 0})}, true,
			values{16000, 0, unknown, unknown, 7, 1, 2},
		},
		{
			"too soon",
			[]sample{at(10_001, [3]int64{2000, 19, 2}, [3]int64{1000, 25, 5})}, false,
			values{unknown, unknown, unknown, unknown, 7, 1, 2},
		},
		{
			"the counters have started again",
			[]sample{at(11_000, [3]int64{100, 1, 0}, [3]int64{100, 1, 0})}, true,
			values{unknown, unknown, unknown, unknown, 7, 1, 2},
		},
		{
			"and go on",
			[]sample{at(11_000, [3]int64{100, 1, 0}, [3]int64{100, 1, 0}), at(12_000, [3]int64{300, 4, 1}, [3]int64{200, 2, 0})}, true,
			values{1600, 800, 0.25, 0, 7, 1, 2},
		},
		{
			"only those of one direction have started again",
			[]sample{at(11_000, [3]int64{2000, 20, 1}, [3]int64{100, 1, 0})}, true,
			values{unknown, unknown, unknown, unknown, 7, 1, 2},
		},
		{
			"duplicates",
			[]sample{at(11_000, [3]int64{2000, 20, -4}, [3]int64{1000, 10, -3})}, true,
			values{8000, 4000, 0, 0, 7, 1, 2},
		},
		{
			"the clock was set back",
			[]sample{at(1000, [3]int64{2000, 20, 1}, [3]int64{1000, 10, 0}), at(2000, [3]int64{3000, 30, 1}, [3]int64{1500, 15, 0})}, true,
			values{8000, 4000, 0, 0, 7, 1, 2},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := meter{now: noValues}
			taken := m.add(start)
			for _, s := range test.samples {
				taken = m.add(s)
			}
			if taken != test.taken {
				t.Errorf("the last sample was taken: %t", taken)
			}
			got, want := m.now, test.want
			for _, pair := range [][2]number{
				{got.In, want.In}, {got.Out, want.Out}, {got.LossIn, want.LossIn}, {got.LossOut, want.LossOut},
				{got.RTT, want.RTT}, {got.JitterIn, want.JitterIn}, {got.JitterOut, want.JitterOut},
			} {
				if !equal(pair[0], pair[1]) {
					t.Fatalf("got  %+v\nwant %+v", got, want)
				}
			}
		})
	}
}

// A peer that reports its loss every five seconds does not seem to lose much in one
// second of them and nothing in the others.
func TestLossReportedSeldom(t *testing.T) {
	m := meter{now: noValues}
	for second := range int64(60) {
		lost := second / 5 * 5 // of 50 a second
		m.add(at((1+second)*1000, [3]int64{}, [3]int64{second * 5000, second * 50, lost}))
		if loss := m.now.LossOut; second > 10 && (loss < 0.01 || loss > 0.03) {
			t.Errorf("after %d seconds the loss is %v", second, loss)
		}
	}
}

func TestNumbersInJSON(t *testing.T) {
	text, err := json.Marshal([]number{unknown, 0, 0.25, 1_500_000, 3})
	if err != nil || string(text) != "[null,0,0.25,1500000,3]" {
		t.Errorf("%s, %v", text, err)
	}
	if a, b := sum(unknown, 2), sum(unknown, unknown); a != 2 || b.known() || sum(1, 2) != 3 {
		t.Error(a, b)
	}
	if a, b := worse(unknown, 2), worse(3, unknown); a != 2 || b != 3 || worse(1, 2) != 2 || worse(2, 1) != 2 {
		t.Error(a, b)
	}
}

func TestRing(t *testing.T) {
	var none *ring
	if text, err := json.Marshal(none.since(0)); err != nil || strings.Contains(string(text), "null") {
		t.Errorf("%s, %v", text, err)
	}
	r := new(ring)
	for n := range int64(points + 10) {
		r.add(1000+n, values{In: number(n)})
	}
	for _, test := range []struct {
		n     uint64
		first int64
		count int
	}{{0, 1010, points}, {5, 1010, points}, {10, 1010, points}, {11, 1011, points - 1}, {points + 9, 1000 + points + 9, 1}, {points + 10, 0, 0}} {
		s := r.since(test.n)
		if len(s.T) != test.count || len(s.In) != test.count || len(s.JitterOut) != test.count {
			t.Errorf("after %d there are %d points, want %d", test.n, len(s.T), test.count)
		} else if test.count > 0 && (s.T[0] != test.first || int64(s.In[0]) != test.first-1000) {
			t.Errorf("after %d the first point is %d, want %d", test.n, s.T[0], test.first)
		}
	}
}

// The points that a page gets are in the order of their times, also if the clock of Janus
// is set back: the page gets all of them again then.
func TestClockIsSetBack(t *testing.T) {
	s := newState()
	s.tell(0, 1, 2, begin("")...)
	h := s.handle(ids{1, 2})
	s.tell(3_600_000, 1, 2, stats("0", "audio", 1000))
	first := h.media[0].ring
	s.tell(3_601_000, 1, 2, stats("0", "audio", 2000))
	if h.media[0].ring != first || first.count != 2 {
		t.Errorf("%+v", h.media[0])
	}
	s.tell(1000, 1, 2, stats("0", "audio", 3000))
	if points := h.media[0].ring.since(0); h.media[0].ring == first || len(points.T) != 1 || points.T[0] != epoch.UnixMilli()+1000 {
		t.Errorf("the points are at %v", points.T)
	}
}

func TestRings(t *testing.T) {
	r := newRings(2)
	a, b, c, d := new(medium), new(medium), new(medium), new(medium)
	has := func(now int64, want ...*medium) {
		t.Helper()
		for i, m := range []*medium{a, b, c, d} {
			if (m.ring != nil) != slices.Contains(want, m) {
				t.Errorf("at %d medium %d has a ring: %t", now, i, m.ring != nil)
			}
		}
		if r.used.Len() != len(r.place) || len(r.place) > r.limit {
			t.Errorf("at %d there are %d and %d rings", now, r.used.Len(), len(r.place))
		}
	}
	r.add(a, 1)
	r.add(b, 2)
	r.add(c, 3) // the others are active
	has(3, a, b)
	r.add(b, silent)
	r.add(c, silent+2) // a is silent
	has(silent+2, b, c)
	if c.ring.count != 1 || c.ring.owner != c {
		t.Error("the ring of the silent medium was not emptied")
	}
	d.watched = true
	r.add(d, silent+3) // a page looks at it: b has been silent for longest
	has(silent+3, c, d)
	r.add(d, silent+4)
	r.add(c, silent+5)
	d.watched = false
	b.watched = true
	r.add(b, silent+6) // d has been silent for longer than c
	has(silent+6, b, c)
	b.watched, d.watched = false, true
	r.add(c, silent+7)
	r.add(d, silent+8)
	has(silent+8, c, d)
	c.watched = true
	r.add(a, silent+9)
	a.watched = true
	r.add(a, 10*silent) // pages look at the others
	has(10*silent, c, d)
	r.release(c)
	r.release(c)
	r.add(a, 10*silent+1)
	has(10*silent+1, a, d)
}
