package main

import (
	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/bench/internal/stats"
)

// subject is what was measured: a contender's work with a server. Size is the
// number of requests in flight, of handles, of sessions or of gateways.
type subject struct {
	Contender, Server, Work string
	Size                    int
}

// figures are the results of all rounds.
type figures map[subject][]contest.Result

// cost picks one of a result's figures, for one request or event.
type cost func(contest.Result) float64

func wall(r contest.Result) float64      { return r.WallNs / float64(r.N) / 1e3 }
func cpu(r contest.Result) float64       { return r.CPUNs / float64(r.N) / 1e3 }
func mallocs(r contest.Result) float64   { return r.Mallocs / float64(r.N) }
func bytesOf(r contest.Result) float64   { return r.Bytes / float64(r.N) }
func perSecond(r contest.Result) float64 { return float64(r.N) / r.WallNs * 1e9 }
func held(r contest.Result) float64      { return r.Held / float64(r.N) }

// each is one of the figures of all rounds of a subject.
func (f figures) each(what subject, c cost) []float64 {
	values := make([]float64, len(f[what]))
	for i, r := range f[what] {
		values[i] = c(r)
	}
	return values
}

// summary summarises one of the figures of a subject.
func (f figures) summary(what subject, c cost) stats.Summary { return stats.Of(f.each(what, c)) }

// ratio compares the figures of two subjects round by round.
func (f figures) ratio(what, base subject, c cost) stats.Summary {
	return stats.Ratios(f.each(what, c), f.each(base, c))
}
