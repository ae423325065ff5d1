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
	Rounds   int           // of each contender, in turn
	Round    time.Duration // how long the floor takes for one
	InFlight []int
	Handles  []int // that a stream of events goes to
	Routed   []int // handles attached while events are routed
	Idle     []int // handles attached to see what they take
	Sessions int   // kept alive
}

var full = scale{
	Rounds:   15,
	Round:    100 * time.Millisecond,
	InFlight: []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512},
	Handles:  []int{1, 10, 100, 1_000, 10_000, 100_000},
	Routed:   []int{10, 1_000, 100_000},
	Idle:     []int{10_000, 20_000, 50_000, 100_000},
	Sessions: 10_000,
}

func main() {
	out := flag.String("out", ".", "the `folder` to write README.md and its pictures to")
	peers := flag.Bool("peers", true, "fetch the peers and measure them too")
	rounds := flag.Int("rounds", full.Rounds, "rounds of each measurement")
	limit := flag.Duration("limit", 20*time.Minute, "the most time that it may take")
	flag.Parse()
	how := full
	how.Rounds = *rounds
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	if err := run(ctx, ".", *out, how, *peers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run measures and writes the report. module is the folder of this module.
func run(ctx context.Context, module, out string, how scale, peers bool) (err error) {
	started := time.Now()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	s, err := newStage(ctx, module, peers)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, s.Close()) }()
	f, err := measureAll(ctx, s, how)
	if err != nil {
		return err
	}
	if err := drawPictures(out, s, f, how); err != nil {
		return err
	}
	return writeReadme(module, out, s, f, how, time.Since(started))
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
