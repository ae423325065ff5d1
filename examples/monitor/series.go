package main

import (
	"math"
	"strconv"
)

const (
	// points is how many points a series has.
	points = 120

	// shortest is how far two samples must be apart, in microseconds, for a rate.
	// Janus sends the last statistics of a PeerConnection at any time.
	shortest = 250_000

	// lossWindow is over how long the loss that a peer reports is averaged, at
	// least, in microseconds: some peers report only every five seconds.
	lossWindow = 5_000_000
)

// number is a number in JSON; NaN is null.
type number float32

// unknown is a number that is not known.
var unknown = number(math.NaN())

func (n number) known() bool { return n == n }

// MarshalJSON encodes the number.
func (n number) MarshalJSON() ([]byte, error) {
	if !n.known() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'f', -1, 32), nil
}

// sum adds numbers; an unknown one counts nothing.
func sum(a, b number) number {
	switch {
	case !a.known():
		return b
	case !b.known():
		return a
	}
	return a + b
}

// worse returns the larger of two numbers of which either may be unknown.
func worse(a, b number) number {
	if !a.known() || b > a {
		return b
	}
	return a
}

// totals are the counters of a medium as Janus has them.
type totals struct {
	BytesIn           int64 `json:"bytesIn"`
	BytesOut          int64 `json:"bytesOut"`
	PacketsIn         int64 `json:"packetsIn"`
	PacketsOut        int64 `json:"packetsOut"`
	LostIn            int64 `json:"lostIn"`
	LostOut           int64 `json:"lostOut"`
	NACKsIn           int64 `json:"nacksIn"`
	NACKsOut          int64 `json:"nacksOut"`
	RetransmissionsIn int64 `json:"retransmissionsIn"`
	Time              int64 `json:"time"` // Unix ms
}

// startedAgain reports whether a later reading of the counters is one of counters
// that have begun at 0 again. The numbers of lost packets may go down at any time,
// because duplicates count as -1.
func (t *totals) startedAgain(later *totals) bool {
	return later.BytesIn < t.BytesIn || later.BytesOut < t.BytesOut ||
		later.PacketsIn < t.PacketsIn || later.PacketsOut < t.PacketsOut
}

// sample is one reading of the statistics of a medium.
type sample struct {
	totals
	clock                    int64 // of the server, in microseconds, for differences
	rtt, jitterIn, jitterOut number
}

// values are what is plotted: bit/s, ratios and milliseconds.
type values struct {
	In        number `json:"in"`
	Out       number `json:"out"`
	LossIn    number `json:"lossIn"`
	LossOut   number `json:"lossOut"`
	RTT       number `json:"rtt"`
	JitterIn  number `json:"jitterIn"`
	JitterOut number `json:"jitterOut"`
}

var noValues = values{unknown, unknown, unknown, unknown, unknown, unknown, unknown}

// reported is what a peer had reported at some time.
type reported struct {
	clock         int64
	packets, lost int64
}

// meter turns the samples of a medium into values.
type meter struct {
	last sample // the zero value before the first sample
	now  values

	// base and next are earlier reports of the peer, next at least lossWindow after
	// base. Loss is what has been added since base.
	base, next reported
}

// add takes a sample and reports whether there are new values.
func (m *meter) add(s sample) bool {
	elapsed := s.clock - m.last.clock
	first := m.last.clock == 0 || elapsed < -lossWindow // or the clock was set back
	if !first && elapsed < shortest {
		return false
	}
	m.now = noValues
	m.now.RTT, m.now.JitterIn, m.now.JitterOut = s.rtt, s.jitterIn, s.jitterOut
	report := reported{s.clock, s.PacketsOut, s.LostOut}
	if first || m.last.startedAgain(&s.totals) {
		m.base, m.next = report, report
	} else {
		m.now.In = bitrate(s.BytesIn-m.last.BytesIn, elapsed)
		m.now.Out = bitrate(s.BytesOut-m.last.BytesOut, elapsed)
		m.now.LossIn = lossOfAll(s.LostIn-m.last.LostIn, s.PacketsIn-m.last.PacketsIn)
		m.now.LossOut = lossOfSent(report.lost-m.base.lost, report.packets-m.base.packets)
		if report.clock-m.next.clock >= lossWindow {
			m.base, m.next = m.next, report
		}
	}
	m.last = s
	return true
}

// restart forgets the samples, so that the next one is a first one. The totals stay
// until then.
func (m *meter) restart() {
	m.last.clock = 0
	m.now = noValues
}

// bitrate returns bits per second of bytes in microseconds.
func bitrate(bytes, micros int64) number {
	return number(math.Round(float64(bytes) * 8e6 / float64(micros)))
}

// lossOfAll returns the ratio of lost packets to those lost or received.
func lossOfAll(lost, received int64) number { return lossOfSent(lost, lost+received) }

// lossOfSent returns the ratio of lost packets to those sent.
func lossOfSent(lost, sent int64) number {
	if sent <= 0 {
		return unknown
	}
	ratio := min(1, float64(max(lost, 0))/float64(sent))
	return number(math.Round(ratio*1e4) / 1e4)
}

// ring has the newest points of one medium.
type ring struct {
	owner *medium
	count uint64 // of points ever added
	times [points]int64
	at    [points]values
}

func (r *ring) add(time int64, v values) {
	r.times[r.count%points] = time
	r.at[r.count%points] = v
	r.count++
}

// newest returns the time of the newest point, or 0.
func (r *ring) newest() int64 {
	if r.count == 0 {
		return 0
	}
	return r.times[(r.count-1)%points]
}

// series are points column by column, as the page draws them.
type series struct {
	T         []int64  `json:"t"`
	In        []number `json:"in"`
	Out       []number `json:"out"`
	LossIn    []number `json:"lossIn"`
	LossOut   []number `json:"lossOut"`
	RTT       []number `json:"rtt"`
	JitterIn  []number `json:"jitterIn"`
	JitterOut []number `json:"jitterOut"`
}

// since returns the points that were added after the first n. r may be nil.
func (r *ring) since(n uint64) series {
	s := series{
		T: []int64{}, In: []number{}, Out: []number{}, LossIn: []number{}, LossOut: []number{},
		RTT: []number{}, JitterIn: []number{}, JitterOut: []number{},
	}
	if r == nil {
		return s
	}
	if r.count > points {
		n = max(n, r.count-points)
	}
	for ; n < r.count; n++ {
		v := &r.at[n%points]
		s.T = append(s.T, r.times[n%points])
		s.In, s.Out = append(s.In, v.In), append(s.Out, v.Out)
		s.LossIn, s.LossOut = append(s.LossIn, v.LossIn), append(s.LossOut, v.LossOut)
		s.RTT = append(s.RTT, v.RTT)
		s.JitterIn, s.JitterOut = append(s.JitterIn, v.JitterIn), append(s.JitterOut, v.JitterOut)
	}
	return s
}
