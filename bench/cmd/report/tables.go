package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

// table returns a table in Markdown. All columns but the first are numbers.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	rule := []string{"---"}
	for range head[1:] {
		rule = append(rule, "---:")
	}
	line(rule)
	for _, row := range rows {
		line(row)
	}
	return strings.TrimSpace(b.String())
}

// head returns the title of the first column, followed by the contenders.
func (s *stage) head(first string) []string {
	cells := []string{first}
	for _, c := range s.Contenders {
		cells = append(cells, c.Name)
	}
	return cells
}

// row returns first, followed by the result of cell for each contender.
func (s *stage) row(first string, what subject, cell func(subject) string) []string {
	cells := []string{first}
	for _, c := range s.Contenders {
		what.Contender = c.Name
		cells = append(cells, cell(what))
	}
	return cells
}

// timeAndCPU returns the time of a subject with its quartiles, and its CPU time.
func (f figures) timeAndCPU(what subject) string {
	if len(f[what]) == 0 {
		return "–"
	}
	use := f.summary(what, cpu)
	cell := spread(f.summary(what, wall)) + "; " + digits(use.Median)
	if spreadOf(use) > noisy {
		cell += " (noisy)"
	}
	return cell
}

// allocated returns the allocations of a subject and their bytes. Node.js does not
// count them.
func (f figures) allocated(what subject) string {
	if what.Contender == janode || len(f[what]) == 0 {
		return "–"
	}
	return fmt.Sprintf("%s; %s B", digits(f.summary(what, mallocs).Median), digits(f.summary(what, bytesOf).Median))
}

func requestsTable(s *stage, f figures, how scale) string {
	var rows [][]string
	for _, server := range []string{realJanus, scripted} {
		add := func(work string, size int, title string) {
			rows = append(rows, s.row(title+", "+server, subject{"", server, work, size}, f.timeAndCPU))
		}
		for _, inFlight := range how.InFlight {
			add(contest.WorkKeepAlive, inFlight, fmt.Sprintf("keepalive, %d in flight", inFlight))
		}
		for _, inFlight := range []int{1, 64} {
			add(contest.WorkMessage, inFlight, fmt.Sprintf("message, %d in flight", inFlight))
		}
		add(contest.WorkConnect, 0, "connect and create")
	}
	return table(s.head("µs, and µs of CPU"), rows)
}

func eventsTable(s *stage, f figures, how scale) string {
	var rows [][]string
	for _, handles := range how.Handles {
		what := subject{"", scripted, contest.WorkStream, handles}
		rows = append(rows, s.row(plural(handles, "handle")+", a reader for each", what, f.timeAndCPU))
	}
	for _, handles := range how.Routed {
		what := subject{"", scripted, contest.WorkRoute, handles}
		rows = append(rows, s.row(plural(handles, "handle")+", read in bursts", what, f.timeAndCPU))
	}
	return table(s.head("µs, and µs of CPU"), rows)
}

func allocationsTable(s *stage, f figures) string {
	rows := [][]string{
		s.row("keepalive", subject{"", scripted, contest.WorkKeepAlive, 1}, f.allocated),
		s.row("message with a small event", subject{"", scripted, contest.WorkMessage, 1}, f.allocated),
		s.row("VideoRoom event", subject{"", scripted, contest.WorkStream, 1}, f.allocated),
	}
	return table(s.head("allocations"), rows)
}

func idleTable(s *stage, f figures, how scale) string {
	cell := func(what subject) string {
		if len(f[what]) == 0 {
			return "–"
		}
		return digits(f.summary(what, held).Median)
	}
	var rows [][]string
	for _, handles := range how.Idle {
		rows = append(rows, s.row(thousands(handles), subject{"", scripted, contest.WorkIdle, handles}, cell))
	}
	return table(s.head("idle handles: bytes each"), rows)
}

// sessionsTable returns what idle sessions take, by contender and option.
func sessionsTable(s *stage, f figures, how scale) string {
	var rows [][]string
	add := func(name, title string) {
		what := subject{name, scripted, contest.WorkSessions, how.IdleSessions}
		if len(f[what]) == 0 {
			return
		}
		goroutines := "–"
		if name != janode {
			goroutines = thousands(int(f[what][0].Goroutines))
		}
		rows = append(rows, []string{title, digits(f.summary(what, held).Median), goroutines})
	}
	add(ours, ours)
	add(kept, "ours, with DialOptions.KeepAlive")
	for _, c := range s.Contenders {
		if c.Name != ours {
			add(c.Name, c.Name)
		}
	}
	title := thousands(how.IdleSessions) + " idle sessions of one gateway"
	return table([]string{title, "bytes each", "more goroutines"}, rows)
}

// variantsTable shows what Parse and hooks add.
func variantsTable(f figures) string {
	var rows [][]string
	add := func(name, title, work string, size int) {
		what := subject{name, scripted, work, size}
		plain := what
		plain.Contender = ours
		time, use := "–", "–"
		if name != ours {
			time, use = spread(f.ratio(what, plain, wall)), spread(f.ratio(what, plain, cpu))
		}
		rows = append(rows, []string{title, f.timeAndCPU(what), time, use, f.allocated(what)})
	}
	add(ours, "VideoRoom event", workVariantEvents, variantHandles)
	add(typed, "VideoRoom event, parsed with videoroom.Parse", workVariantEvents, variantHandles)
	add(traced, "VideoRoom event, with Trace hooks", workVariantEvents, variantHandles)
	add(ours, "keepalive", workVariantRequests, variantInFlight)
	add(traced, "keepalive, with Trace hooks", workVariantRequests, variantInFlight)
	return table([]string{"", "µs, and µs of CPU", "time", "CPU", "allocations"}, rows)
}

// gatewaysTable shows how much several gateways do in one process.
func gatewaysTable(f figures, how scale) string {
	var rows [][]string
	for _, name := range []string{ours, floor} {
		for _, gateways := range how.Gateways {
			row := []string{fmt.Sprintf("%s, %s", name, plural(gateways, "gateway"))}
			for _, work := range []string{workGatewayEvents, workGatewayRequests} {
				what := subject{name, scripted, work, gateways}
				row = append(row, f.rates(what, how.Gateways[0])...)
			}
			rows = append(rows, row)
		}
	}
	return table([]string{
		"", "events a second", "against one gateway", "µs of CPU an event",
		"requests a second", "against one gateway", "µs of CPU a request",
	}, rows)
}

// rates returns how much a subject does in a second, how much more that is than
// with fewer gateways, and the CPU time of each.
func (f figures) rates(what subject, fewer int) []string {
	base := what
	base.Size = fewer
	return []string{
		digits(f.summary(what, perSecond).Median),
		spread(f.ratio(what, base, perSecond)),
		digits(f.summary(what, cpu).Median),
	}
}

// stretchesTable shows how busy the machine was.
func stretchesTable(stretches []stretch) string {
	var rows [][]string
	for _, part := range stretches {
		use := "–"
		if !math.IsNaN(part.Busy) {
			use = fmt.Sprintf("%.0f %%", 100*part.Busy)
		}
		rows = append(rows, []string{part.Name, part.Took.String(), thousands(part.Repeats), use, part.From, part.To})
	}
	return table([]string{"part", "took", "measured again", "CPU in use before", "load before", "load after"}, rows)
}
