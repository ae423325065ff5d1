package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

//go:embed readme.md.tmpl
var readmeText string

var readmeTemplate = template.Must(template.New("readme").Parse(readmeText))

// notesFile has the part of the report that is written by hand.
const notesFile = "notes.md"

// page is the data of the template.
type page struct {
	Date, Took       string
	Rounds           int
	Versions         []string
	Load             string
	Missing          []string
	Problems         []string
	Bounds           []bound
	Requests, Events string
	Allocations      string
	Idle             string
	Real, Scripted   string // pictures
	Cost             string
	Notes            string
}

func writeReadme(module, out string, s *stage, f figures, how scale, took time.Duration) error {
	notes, err := os.ReadFile(filepath.Join(module, notesFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	p := page{
		Date:        time.Now().UTC().Format(time.DateOnly),
		Took:        took.Round(time.Second).String(),
		Rounds:      how.Rounds,
		Versions:    versions(s.ctx, s),
		Load:        load(),
		Missing:     s.Missing,
		Problems:    s.Problems,
		Bounds:      bounds(s, f, how),
		Requests:    requestsTable(s, f, how),
		Events:      eventsTable(s, f, how),
		Allocations: allocationsTable(s, f),
		Idle:        idleTable(s, f, how),
		Real:        pictureReal,
		Scripted:    pictureScripted,
		Cost:        pictureEvents,
		Notes:       strings.TrimSpace(string(notes)),
	}
	var text bytes.Buffer
	if err := readmeTemplate.Execute(&text, p); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "README.md"), text.Bytes(), 0o644)
}

// load returns the load average, which shows whether the machine did other work.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], ", ")
}

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
	return fmt.Sprintf("%s; %s", spread(f.summary(what, wall)), digits(f.summary(what, cpu).Median))
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
	cell := func(what subject) string {
		if what.Contender == janode || len(f[what]) == 0 {
			return "–"
		}
		return fmt.Sprintf("%s; %s B", digits(f.summary(what, mallocs).Median), digits(f.summary(what, bytesOf).Median))
	}
	rows := [][]string{
		s.row("keepalive", subject{"", scripted, contest.WorkKeepAlive, 1}, cell),
		s.row("message with a small event", subject{"", scripted, contest.WorkMessage, 1}, cell),
		s.row("VideoRoom event", subject{"", scripted, contest.WorkStream, 1}, cell),
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
