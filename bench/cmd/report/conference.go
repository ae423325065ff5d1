package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cameronelliott/janus-go/bench/internal/meeting"
)

// conference is what a meeting in the conference example took.
type conference struct {
	Participants  string
	AtOnce, Turns int
	Latencies     string // tables
	Phases        string
}

// measureConference holds a meeting on the real Janus.
func measureConference(ctx context.Context, s *stage, module string, participants int) (c *conference, err error) {
	if err := s.build(ctx, module, meeting.Source); err != nil {
		return nil, err
	}
	program, err := meeting.Start(ctx, s.program("conference"), s.janus.URL, participants)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, program.Close()) }()
	opts := meeting.Options{Participants: participants, AtOnce: 16, Turns: 5}
	result, err := meeting.Run(ctx, program.URL, program.PID, opts)
	if err != nil {
		return nil, fmt.Errorf("conference: %w", err)
	}
	return &conference{
		Participants: thousands(participants),
		AtOnce:       opts.AtOnce,
		Turns:        opts.Turns,
		Latencies:    latenciesTable(result),
		Phases:       phasesTable(result),
	}, nil
}

func latenciesTable(r *meeting.Result) string {
	row := func(what string, l meeting.Latency) []string {
		return []string{what, milliseconds(l.P50), milliseconds(l.P90), milliseconds(l.P99)}
	}
	return table([]string{"ms", "p50", "p90", "p99"}, [][]string{
		row("connect and join, until the welcome", r.Join),
		row("publish, until Janus's answer", r.Publish),
		row("mute or unmute, until the program tells of it", r.Turn),
		row("leave, until the goodbye", r.Leave),
	})
}

func phasesTable(r *meeting.Result) string {
	row := func(what string, p meeting.Phase) []string {
		each := p.CPU / time.Duration(max(r.Participants, 1))
		return []string{
			what, fmt.Sprintf("%.1f", p.Took.Seconds()), fmt.Sprintf("%.2f", p.CPU.Seconds()),
			milliseconds(each), thousands(int(p.Messages)),
		}
	}
	return table([]string{"phase", "s", "CPU time of the program, s", "of it for each participant, ms", "messages to browsers"}, [][]string{
		row("all join and publish", r.Joining),
		row("all mute and unmute", r.Talking),
		row("all leave", r.Leaving),
	})
}

func milliseconds(d time.Duration) string { return digits(float64(d) / float64(time.Millisecond)) }
