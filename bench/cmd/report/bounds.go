package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/bench/internal/limit"
	"github.com/cameronelliott/janus-go/bench/internal/stats"
)

// bound is a line of the table of bounds.
type bound struct {
	Work, Measured, Bound, Aim, Verdict string
}

// The verdicts on a bound.
const (
	within      = "yes"
	beyond      = "**no**"
	notMeasured = "not measured"
)

// verdict compares a figure with its bound. NaN is a figure that is missing.
func verdict(measured, limit float64) string {
	switch {
	case math.IsNaN(measured):
		return notMeasured
	case measured <= limit:
		return within
	}
	return beyond
}

// bounds compares the figures with their bounds.
func bounds(f figures, how scale) []bound {
	return slices.Concat(f.requestBounds(), f.eventBounds(how), f.memoryBounds(how))
}

// cpuTime ends the name of a figure that is CPU time.
const cpuTime = "CPU time of the client"

func (f figures) requestBounds() []bound {
	one := subject{ours, realJanus, contest.WorkKeepAlive, 1}
	oneScripted := subject{ours, scripted, contest.WorkKeepAlive, 1}
	many := subject{ours, realJanus, contest.WorkKeepAlive, 64}
	first := subject{ours, realJanus, contest.WorkConnect, 0}
	return []bound{
		f.against(floor, one, wall, "one request at a time, real Janus: time", 1.10, 1.02),
		f.against(janode, one, cpu, "one request at a time, real Janus: "+cpuTime, 1, 0),
		f.against(floor, one, cpu, "one request at a time, real Janus: "+cpuTime, 0, 1.05),
		f.against(floor, oneScripted, wall, "one request at a time, scripted server: time", 1.15, 1.05),
		f.against(floor, oneScripted, cpu, "one request at a time, scripted server: "+cpuTime, 1.15, 1.05),
		f.against(floor, many, wall, "64 requests in flight, real Janus: time", 0.90, 0.75),
		f.against(notedit, many, wall, "64 requests in flight, real Janus: time", 1, 0),
		f.against(janode, many, wall, "64 requests in flight, real Janus: time", 1, 0),
		f.against(notedit, many, cpu, "64 requests in flight, real Janus: "+cpuTime, 1, 0.5),
		f.against(janode, many, cpu, "64 requests in flight, real Janus: "+cpuTime, 1, 0.9),
		f.against(floor, first, wall, "first request after Connect, real Janus: time", 1.10, 1.02),
	}
}

// mostHandles is the largest number of handles for which the cost of an event has
// a bound.
const mostHandles = 10_000

func (f figures) eventBounds(how scale) []bound {
	var streams []subject
	var times, cpuTimes, loops []bound
	for _, handles := range how.Handles {
		if handles > mostHandles {
			continue
		}
		stream := subject{ours, scripted, contest.WorkStream, handles}
		title := fmt.Sprintf("VideoRoom event, a reader for each of %s: ", plural(handles, "handle"))
		streams = append(streams, stream)
		times = append(times, f.against(janode, stream, wall, title+"time", 1.25, 1))
		cpuTimes = append(cpuTimes, f.against(janode, stream, cpu, title+cpuTime, 1.4, 1))
		if handles == 1 || handles == 1_000 {
			loops = append(loops, f.against(floor, stream, wall, title+"time", 1.25, 1))
		}
	}
	burst := subject{ours, scripted, contest.WorkRoute, how.Routed[0]}
	return append(slices.Concat(times, cpuTimes, loops),
		f.most("VideoRoom event: allocations", streams, mallocs, limit.EventAllocations, 12),
		f.most("VideoRoom event: bytes allocated", streams, bytesOf, limit.EventBytes, 0),
		f.against(floor, burst, wall, "VideoRoom event, read in bursts: time", 0.50, 0.40),
		f.routing(how))
}

func (f figures) memoryBounds(how scale) []bound {
	var idle []subject
	for _, handles := range how.Idle {
		idle = append(idle, subject{ours, scripted, contest.WorkIdle, handles})
	}
	keepAlive := []subject{{ours, scripted, contest.WorkKeepAlive, 1}}
	message := []subject{{ours, scripted, contest.WorkMessage, 1}}
	return []bound{
		f.most("KeepAlive: allocations", keepAlive, mallocs, limit.KeepAliveAllocations, 0),
		f.most("KeepAlive: bytes allocated", keepAlive, bytesOf, limit.KeepAliveBytes, 0),
		f.most("Message with a small event: allocations", message, mallocs, limit.MessageAllocations, 0),
		f.most("idle handle: bytes, its share of maps included", idle, held, limit.HandleBytes, 400),
		f.idleGoroutines(how),
		f.kept(how),
	}
}

// against compares a subject with what another contender needs for the same. There
// is no bound if limit is 0, and no aim if aim is 0.
func (f figures) against(base string, what subject, c cost, work string, limit, aim float64) bound {
	other := what
	other.Contender = base
	ratio := f.ratio(what, other, c)
	b := bound{Work: work, Measured: spread(ratio) + " of " + base}
	if limit > 0 {
		b.Bound, b.Verdict = fmt.Sprintf("≤ %.2f", limit), verdict(ratio.Median, limit)
	}
	if aim > 0 {
		b.Aim = fmt.Sprintf("%.2f", aim)
	}
	return b
}

// most checks the largest of the medians of several subjects. There is no aim if
// aim is 0.
func (f figures) most(work string, subjects []subject, c cost, limit, aim float64) bound {
	most, at := math.NaN(), 0
	for _, what := range subjects {
		// The first median replaces NaN.
		if n := f.summary(what, c).Median; n > most || math.IsNaN(most) {
			most, at = n, what.Size
		}
	}
	b := bound{Work: work, Measured: digits(most), Bound: "≤ " + short(limit), Verdict: verdict(most, limit)}
	if len(subjects) > 1 && b.Verdict != notMeasured {
		b.Measured += fmt.Sprintf(" (the most, with %s)", plural(at, "handle"))
	}
	if aim > 0 {
		b.Aim = "≤ " + short(aim)
	}
	return b
}

// mostRouting is the bound on the cost of an event with many handles, as a
// multiple of that with few.
const mostRouting = 1.15

// routing compares the cost of an event with many handles to that with few. It
// is CPU time, since a burst waits for the server too.
func (f figures) routing(how scale) bound {
	few := subject{ours, scripted, contest.WorkRoute, how.Routed[0]}
	b := bound{
		Work:  fmt.Sprintf("routing one event: %s, against %s", cpuTime, plural(few.Size, "handle")),
		Bound: fmt.Sprintf("≤ %.2f", mostRouting),
		Aim:   "1.00",
	}
	most := 0.0
	var measured []string
	for _, handles := range how.Routed[1:] {
		many := few
		many.Size = handles
		ratio := f.ratio(many, few, cpu)
		measured = append(measured, fmt.Sprintf("%s with %s", spread(ratio), thousands(handles)))
		most = max(most, ratio.Median) // NaN if any is
	}
	b.Measured, b.Verdict = strings.Join(measured, ", "), verdict(most, mostRouting)
	return b
}

func (f figures) idleGoroutines(how scale) bound {
	most := math.NaN()
	for _, handles := range how.Idle {
		for _, r := range f[subject{ours, scripted, contest.WorkIdle, handles}] {
			if r.Goroutines > most || math.IsNaN(most) {
				most = r.Goroutines
			}
		}
	}
	return bound{"idle handles: goroutines", short(most), "0", "0", verdict(most, 0)}
}

func (f figures) kept(how scale) bound {
	b := bound{
		Work:     fmt.Sprintf("%s sessions kept alive: goroutines a gateway", thousands(how.Sessions)),
		Measured: "–",
		Bound:    fmt.Sprint(limit.Goroutines),
		Aim:      fmt.Sprint(limit.Goroutines),
		Verdict:  notMeasured,
	}
	for _, r := range f[subject{ours, scripted, contest.WorkKeep, how.Sessions}] {
		b.Measured = fmt.Sprintf("%d, and %d of nhooyr.io/websocket's own", r.Kept.Library, r.Kept.Websocket)
		if r.Kept.Others != 0 {
			b.Measured += fmt.Sprintf(", and %d more", r.Kept.Others)
		}
		if r.Kept.KeepAlives < how.Sessions {
			b.Measured += fmt.Sprintf("; only %d keepalives came", r.Kept.KeepAlives)
		}
		b.Verdict = beyond
		if r.Kept.Library == limit.Goroutines && r.Kept.Others == 0 && r.Kept.KeepAlives >= how.Sessions {
			b.Verdict = within
		}
	}
	return b
}

// spread writes a median with its quartiles, and says if they are far apart.
func spread(s stats.Summary) string {
	if s.N == 0 {
		return "–"
	}
	note := ""
	if spreadOf(s) > noisy {
		note = ", noisy"
	}
	return fmt.Sprintf("%s (%s–%s%s)", digits(s.Median), digits(s.Low), digits(s.High), note)
}

// digits writes a number with three significant digits, or none after the point,
// and a dash for NaN.
func digits(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v >= 100:
		return thousands(int(math.Round(v)))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// short writes a number without zeros at its end, and a dash for NaN.
func short(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v >= 1000:
		return thousands(int(v))
	}
	return fmt.Sprintf("%g", v)
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
