package main

import (
	"path/filepath"

	"github.com/cameronelliott/janus-go/bench/internal/chart"
	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

// The pictures.
const (
	pictureReal     = "requests-real.svg"
	pictureScripted = "requests-scripted.svg"
	pictureEvents   = "events.svg"
)

// styles keep the look of a contender the same in all pictures.
var styles = map[string]int{ours: 0, floor: 1, notedit: 2, janode: 3}

func drawPictures(out string, s *stage, f figures, how scale) error {
	requests := func(server, title string) *chart.Chart {
		return &chart.Chart{
			Title:  title,
			X:      "requests in flight",
			Y:      "µs per request",
			XTicks: floats(how.InFlight),
			Lines:  lines(s, f, server, contest.WorkKeepAlive, how.InFlight),
		}
	}
	events := &chart.Chart{
		Title:  "Cost of a VideoRoom event",
		X:      "handles",
		Y:      "µs per event",
		XTicks: floats(how.Handles),
		Lines:  lines(s, f, scripted, contest.WorkStream, how.Handles),
	}
	return firstError(
		requests(realJanus, "Time of a request, real Janus").Save(filepath.Join(out, pictureReal)),
		requests(scripted, "Time of a request, scripted server").Save(filepath.Join(out, pictureScripted)),
		events.Save(filepath.Join(out, pictureEvents)),
	)
}

// lines are those of all contenders that did the work.
func lines(s *stage, f figures, server, work string, sizes []int) (found []chart.Line) {
	for _, c := range s.Contenders {
		if l := line(f, subject{c.Name, server, work, 0}, sizes); len(l.Points) > 0 {
			found = append(found, l)
		}
	}
	return found
}

// line is the time that the work takes at each size.
func line(f figures, what subject, sizes []int) chart.Line {
	l := chart.Line{Name: what.Contender, Style: styles[what.Contender]}
	for _, size := range sizes {
		what.Size = size
		if len(f[what]) > 0 {
			l.Points = append(l.Points, chart.Point{X: float64(size), Y: f.summary(what, wall)})
		}
	}
	return l
}

func floats(values []int) []float64 {
	converted := make([]float64, len(values))
	for i, v := range values {
		converted[i] = float64(v)
	}
	return converted
}
