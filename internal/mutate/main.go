//go:build unix

// Command mutate takes mechanisms out of the client one at a time and runs the
// tests, which should notice. From the root of the module:
//
//	go run ./internal/mutate                 # all, an hour or two on two cores
//	go run ./internal/mutate -run backoff    # those whose line in the list matches
//	go run ./internal/mutate -explained      # also those that are known to survive
//
// The list of mutants is mutants.txt. Each is one change to one line. The tree
// is not touched: the go command reads the changed file through -overlay. The
// tests of the file's own package run first, then those of -packages, until one
// fails; a package that has noticed another change to the same function goes before
// the others. A mutant that no test notices survives. The command fails if one does
// that has no reason in the list, if one with a reason is noticed, or if an
// entry no longer applies or does not compile.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// impatience makes tests that hang fail soon.
var impatience = []mutant{
	{file: "internal/faults/harness_test.go", old: "patience = 40 * time.Second", new: "patience = 20 * time.Second"},
	{file: "internal/lifecycle/harness_test.go", old: "patience = 40 * time.Second", new: "patience = 10 * time.Second"},
}

func main() {
	jobs := flag.Int("j", 4, "how many mutants to run at the same time; tests mostly wait")
	only := flag.String("run", "", "run only mutants whose line in the list matches this `regexp`")
	explained := flag.Bool("explained", false, "run also the mutants that are explained")
	packages := flag.String("packages", "./internal/lifecycle ./internal/requesttest ./internal/eventtest ./internal/reconnecttest ./internal/conntest ./internal/logtest ./internal/tracetest . ./internal/faults", "tests to run after those of the mutant's own package")
	timeout := flag.Duration("timeout", 2*time.Minute, "how long the tests of one package may take; less if they take little without a mutant")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err == nil {
		err = run(&settings{
			jobs: *jobs, only: pattern, explained: *explained, packages: strings.Fields(*packages), timeout: *timeout,
			usual: map[string]time.Duration{}, killers: map[string]string{},
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

type settings struct {
	jobs      int
	only      *regexp.Regexp
	explained bool
	packages  []string
	timeout   time.Duration
	usual     map[string]time.Duration // how long a package takes without a mutant

	mu      sync.Mutex
	killers map[string]string // the package that last noticed a change to a function
}

// limit returns how long the tests of a package may take.
func (set *settings) limit(pkg string) time.Duration {
	if usual, ok := set.usual[pkg]; ok {
		return min(set.timeout, 3*usual+15*time.Second)
	}
	return set.timeout
}

// result is what became of a mutant.
type result struct {
	mutant   mutant
	killedBy string // empty: it survived
	err      error
}

func run(set *settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	list, err := readList("internal/mutate/mutants.txt")
	if err != nil {
		return err
	}
	var wanted []mutant
	for _, m := range list {
		if _, err := m.apply("."); err != nil {
			return err
		}
		if set.only.MatchString(m.String()) && (set.explained || m.reason == "") {
			wanted = append(wanted, m)
		}
	}
	if err := measure(ctx, set); err != nil {
		return err
	}
	results := runAll(ctx, wanted, set)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return report(results)
}

// measure runs the tests without a mutant, which must pass.
func measure(ctx context.Context, set *settings) error {
	for _, pkg := range set.packages {
		one := &settings{packages: []string{pkg}, timeout: set.timeout, killers: map[string]string{}}
		began := time.Now()
		if r := try(ctx, mutant{}, one); r.err != nil || r.killedBy != "" {
			return fmt.Errorf("the tests fail without a mutant: %s %w", r.killedBy, r.err)
		}
		set.usual[pkg] = time.Since(began)
	}
	return nil
}

// runAll tries the mutants, several at a time, and prints each result.
func runAll(ctx context.Context, wanted []mutant, set *settings) []result {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var results []result
	queue := make(chan mutant)
	for range set.jobs {
		wg.Go(func() {
			for m := range queue {
				r := try(ctx, m, set)
				mu.Lock()
				results = append(results, r)
				fmt.Printf("%d/%d %s\n", len(results), len(wanted), r)
				mu.Unlock()
			}
		})
	}
	for _, m := range wanted {
		if ctx.Err() == nil {
			queue <- m
		}
	}
	close(queue)
	wg.Wait()
	return results
}

func (r result) String() string {
	switch {
	case r.err != nil:
		return fmt.Sprintf("ERROR    %s: %v", r.mutant, r.err)
	case r.killedBy != "":
		return fmt.Sprintf("killed   %s [%s]", r.mutant, r.killedBy)
	case r.mutant.reason != "":
		return fmt.Sprintf("explained %s", r.mutant)
	}
	return fmt.Sprintf("SURVIVED %s", r.mutant)
}

// report prints the figure and returns an error if it is not as it should be.
func report(results []result) error {
	var killed, wrong int
	for _, r := range results {
		if r.killedBy != "" {
			killed++
		}
		if r.err != nil || (r.killedBy == "") != (r.mutant.reason != "") {
			fmt.Println("not as it should be:", r)
			wrong++
		}
	}
	fmt.Printf("%d mutants, %d killed\n", len(results), killed)
	if wrong > 0 {
		return fmt.Errorf("%d mutants survive without a reason, are killed although they have one, or are in error", wrong)
	}
	return nil
}

// try builds and runs the tests with one mutant.
func try(ctx context.Context, m mutant, set *settings) result {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return result{mutant: m, err: err}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := writeOverlay(dir, m)
	if err != nil {
		return result{mutant: m, err: err}
	}
	for _, p := range set.order(m) {
		killedBy, err := test(ctx, dir, overlay, p, set.limit(p))
		if killedBy != "" {
			set.noticed(m, p)
		}
		if killedBy != "" || err != nil {
			return result{m, killedBy, err}
		}
	}
	return result{mutant: m}
}

// order returns the packages whose tests are run with a mutant.
func (set *settings) order(m mutant) []string {
	set.mu.Lock()
	killer := set.killers[m.place()]
	set.mu.Unlock()
	var first []string
	if own := "./" + filepath.Dir(m.file); m.file != "" && own != "./." {
		first = append(first, own)
	}
	if killer != "" && !slices.Contains(first, killer) {
		first = append(first, killer)
	}
	rest := slices.DeleteFunc(slices.Clone(set.packages), func(p string) bool { return slices.Contains(first, p) })
	return append(first, rest...)
}

// noticed records that the tests of a package have noticed a mutant.
func (set *settings) noticed(m mutant, pkg string) {
	set.mu.Lock()
	defer set.mu.Unlock()
	set.killers[m.place()] = pkg
}

// place is what mutants that the same tests are likely to notice have in common.
func (m mutant) place() string { return m.file + " " + m.function }

// writeOverlay writes the changed files and returns the file for -overlay.
func writeOverlay(dir string, m mutant) (string, error) {
	changes := impatience
	if m.file != "" {
		changes = append([]mutant{m}, impatience...)
	}
	replace := map[string]string{}
	for i, change := range changes {
		text, err := change.apply(".")
		if err != nil {
			return "", err
		}
		original, err := filepath.Abs(change.file)
		if err != nil {
			return "", err
		}
		replace[original] = filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(replace[original], text, 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, overlay, 0o600)
}

// test runs the tests of one package and returns the name of the first that
// fails.
func test(ctx context.Context, dir, overlay, pkg string, timeout time.Duration) (failed string, err error) {
	binary := filepath.Join(dir, "test")
	_ = os.Remove(binary) // of the package before; there may be none
	build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", binary, pkg)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("does not compile: %w\n%s", err, out)
	}
	if _, err := os.Stat(binary); errors.Is(err, os.ErrNotExist) {
		return "", nil // a package without tests
	}
	out, err := runGroup(ctx, pkg, timeout+10*time.Second, binary, "-test.failfast", "-test.timeout", timeout.String())
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err == nil {
		return "", nil
	}
	name := "?"
	if found := regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`).FindAllSubmatch(out, -1); found != nil {
		name = string(found[0][1])
	} else if found := regexp.MustCompile(`(?m)^(panic|fatal error): .*(\n\trunning tests:\n.*)?`).Find(out); found != nil {
		name = string(found)
	}
	return pkg + " " + name, nil
}

// runGroup runs a program in a folder, and ends it and all that it has started
// when the time is over.
func runGroup(ctx context.Context, dir string, timeout time.Duration, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if cmd.Process != nil {
		_ = kill() // what it has left behind; usually nothing
	}
	if ctx.Err() != nil {
		out.WriteString("\npanic: hangs")
	}
	return out.Bytes(), err
}
