// Command report measures everything that the bounds of this module are about
// and writes README.md with its pictures. It is run in the folder of the module
// and takes some minutes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

// scale is how much is measured.
type scale struct {
	Cascades     int           // how often a cascade is shown
	Rounds       int           // of each contender, in turn
	Round        time.Duration // how long the floor takes for one
	Repeating    time.Duration // the most time in each part for measuring again what is noisy
	InFlight     []int
	Handles      []int // that a stream of events goes to
	Routed       []int // handles attached while events are routed
	Idle         []int // handles attached to see what they take
	Gateways     []int // in one process; the first is 1
	IdleSessions int   // created to see what they take
	Sessions     int   // kept alive
	Participants int   // of a meeting in the conference example
}

var full = scale{
	Rounds:       15,
	Cascades:     5,
	Round:        100 * time.Millisecond,
	Repeating:    time.Minute,
	InFlight:     []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512},
	Handles:      []int{1, 10, 100, 1_000, 10_000, 100_000},
	Routed:       []int{10, 1_000, 100_000},
	Idle:         []int{10_000, 20_000, 50_000, 100_000},
	Gateways:     []int{1, 2, 4},
	IdleSessions: 100_000,
	Sessions:     10_000,
	Participants: 200,
}

const (
	variantHandles  = 1_000 // that events go to, with and without Parse and hooks
	variantInFlight = 64    // requests, with and without hooks
	gatewayHandles  = 1_000 // that events go to, of all gateways of a process
	gatewayInFlight = 64    // requests on each gateway
)

func main() {
	out := flag.String("out", ".", "the `folder` to write README.md and its pictures to")
	peers := flag.Bool("peers", true, "fetch the peers and measure them too")
	rounds := flag.Int("rounds", full.Rounds, "rounds of each measurement")
	round := flag.Duration("round", full.Round, "how long a round is to take")
	repeating := flag.Duration("repeating", full.Repeating, "the most time in each part for measuring again what is noisy")
	participants := flag.Int("participants", full.Participants, "participants of a meeting in the conference example")
	limit := flag.Duration("limit", 20*time.Minute, "the most time that it may take")
	flag.Parse()
	how := full
	how.Rounds, how.Round, how.Repeating, how.Participants = *rounds, *round, *repeating, *participants
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	if err := run(ctx, ".", *out, how, *peers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run measures and writes the report. module is the folder of this module.
func run(ctx context.Context, module, out string, how scale, peers bool) (err error) {
	started, before := time.Now(), load()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	s, err := newStage(ctx, module, peers)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, s.Close()) }()
	f, stretches, err := measureAll(ctx, s, how)
	if err != nil {
		return err
	}
	if err := drawPictures(out, s, f, how); err != nil {
		return err
	}
	shown, err := measureCascade(ctx, module, how.Cascades)
	if err != nil {
		return err
	}
	met, err := measureConference(ctx, s, module, how.Participants)
	if err != nil {
		return err
	}
	took := machine{Before: before, After: load(), Took: time.Since(started).Round(time.Second), Stretches: stretches}
	return writeReadme(module, out, s, f, how, took, shown, met)
}

// firstError is the first of errors that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
