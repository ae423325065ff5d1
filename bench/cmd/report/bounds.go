package main

import (
	"fmt"
	"math"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/bench/internal/stats"
)

// bound is a line of the table of bounds.
type bound struct {
	Work, Measured, Bound, Aim string
	Within                     bool
}

// bounds compares the figures with what they are to be.
func bounds(s *stage, f figures, how scale) []bound {
	one := subject{ours, realJanus, contest.WorkKeepAlive, 1}
	many := subject{ours, realJanus, contest.WorkKeepAlive, 64}
	list := []bound{
		f.against(floor, one, wall, "one request at a time, real Janus: time", 1.10, 1.02),
		f.against(floor, many, wall, "64 requests in flight, real Janus: time", 0.90, 0.75),
	}
	for _, c := range s.Contenders[2:] {
		list = append(list, f.against(c.Name, many, wall, "64 requests in flight, real Janus: time", 1, 0))
	}
	for _, c := range s.Contenders[2:] {
		aim := 0.0
		if c.Name == notedit {
			aim = 0.5
		}
		list = append(list, f.against(c.Name, many, cpu, "64 requests in flight, real Janus: CPU time of the client", 1, aim))
	}
	list = append(list,
		f.allocations("KeepAlive: allocations", contest.WorkKeepAlive, mallocs, 10, 5),
		f.allocations("KeepAlive: bytes allocated", contest.WorkKeepAlive, bytesOf, 1200, 600),
		f.allocations("Message with a small event: allocations", contest.WorkMessage, mallocs, 25, 18))
	for _, handles := range []int{1, 1_000} {
		stream := subject{ours, scripted, contest.WorkStream, handles}
		work := fmt.Sprintf("a stream of VideoRoom events over %s: time", plural(handles, "handle"))
		list = append(list, f.against(floor, stream, wall, work, 1.25, 1))
	}
	return append(list, f.routing(how), f.idle(how), f.idleGoroutines(how), f.kept(how),
		f.against(floor, subject{ours, realJanus, contest.WorkConnect, 0}, wall,
			"first request after Connect, real Janus: time", 1.10, 1.02))
}

// against compares a subject with what another contender needs for the same.
func (f figures) against(base string, what subject, c cost, work string, limit, aim float64) bound {
	other := what
	other.Contender = base
	ratio := f.ratio(what, other, c)
	b := bound{
		Work:     work,
		Measured: fmt.Sprintf("%s of %s", spread(ratio), base),
		Bound:    fmt.Sprintf("≤ %.2f", limit),
		Within:   ratio.Median <= limit,
	}
	if aim > 0 {
		b.Aim = fmt.Sprintf("%.2f", aim)
	}
	return b
}

// allocations checks what a request allocates, one at a time.
func (f figures) allocations(work, kind string, c cost, limit, aim float64) bound {
	n := f.summary(subject{ours, scripted, kind, 1}, c).Median
	return bound{
		Work:     work,
		Measured: fmt.Sprintf("%.1f", n),
		Bound:    fmt.Sprintf("≤ %.0f", limit),
		Aim:      fmt.Sprintf("≤ %.0f", aim),
		Within:   n <= limit,
	}
}

// routing compares the cost of an event with many handles to that with few. It
// is CPU time, since a burst waits for the server too.
func (f figures) routing(how scale) bound {
	few := subject{ours, scripted, contest.WorkRoute, how.Routed[0]}
	b := bound{
		Work:   fmt.Sprintf("routing one event: CPU time of the client, against %s", plural(few.Size, "handle")),
		Bound:  "≤ 1.20",
		Aim:    "1.00",
		Within: true,
	}
	for i, handles := range how.Routed[1:] {
		many := few
		many.Size = handles
		ratio := f.ratio(many, few, cpu)
		if i > 0 {
			b.Measured += ", "
		}
		b.Measured += fmt.Sprintf("%s with %s", spread(ratio), thousands(handles))
		b.Within = b.Within && ratio.Median <= 1.2
	}
	return b
}

// idle is the most that a handle has held, at any number of them.
func (f figures) idle(how scale) bound {
	most, at := 0.0, 0
	for _, handles := range how.Idle {
		if n := f.summary(subject{ours, scripted, contest.WorkIdle, handles}, held).Median; n > most {
			most, at = n, handles
		}
	}
	return bound{
		Work:     "idle handle: bytes, its share of maps included",
		Measured: fmt.Sprintf("%.0f (the most, with %s)", most, thousands(at)),
		Bound:    "≤ 700",
		Aim:      "≤ 400",
		Within:   most <= 700,
	}
}

func (f figures) idleGoroutines(how scale) bound {
	most := math.Inf(-1)
	for _, handles := range how.Idle {
		for _, r := range f[subject{ours, scripted, contest.WorkIdle, handles}] {
			most = max(most, r.Goroutines)
		}
	}
	return bound{
		Work:     "idle handles: goroutines",
		Measured: fmt.Sprintf("%.0f", most),
		Bound:    "0",
		Aim:      "0",
		Within:   most <= 0,
	}
}

func (f figures) kept(how scale) bound {
	b := bound{
		Work:     fmt.Sprintf("%s sessions kept alive: goroutines a gateway", thousands(how.Sessions)),
		Measured: "not measured",
		Bound:    "2",
		Aim:      "2",
	}
	for _, r := range f[subject{ours, scripted, contest.WorkKeep, how.Sessions}] {
		b.Measured = fmt.Sprintf("%d, and %d of nhooyr.io/websocket's own", r.Kept.Library, r.Kept.Websocket)
		if r.Kept.Others != 0 {
			b.Measured += fmt.Sprintf(", and %d more", r.Kept.Others)
		}
		b.Within = r.Kept.Library == 2 && r.Kept.Others == 0 && r.Kept.KeepAlives >= how.Sessions
		if r.Kept.KeepAlives < how.Sessions {
			b.Measured += fmt.Sprintf("; only %d keepalives came", r.Kept.KeepAlives)
		}
	}
	return b
}

// spread writes a median with its quartiles.
func spread(s stats.Summary) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", digits(s.Median), digits(s.Low), digits(s.High))
}

// digits writes a number with three significant digits, or none after the point.
func digits(v float64) string {
	switch {
	case v >= 100:
		return thousands(int(math.Round(v)))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// thousands writes n with a comma before each three digits.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}
