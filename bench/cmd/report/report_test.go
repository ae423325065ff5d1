package main

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// The whole report can be made, in small. Peers are not fetched for it.
func TestReport(t *testing.T) {
	small := scale{
		Cascades:     1,
		Rounds:       2,
		Round:        time.Millisecond,
		InFlight:     []int{1, 64},
		Handles:      []int{1, 10, 1_000},
		Routed:       []int{10, 1_000},
		Idle:         []int{1_000},
		Gateways:     []int{1, 2},
		IdleSessions: 1_000,
		Sessions:     100,
		Participants: 10,
		Repeating:    100 * time.Millisecond,
	}
	out := t.TempDir()
	err := run(context.Background(), "../..", out, small, false)
	if errors.Is(err, realjanus.ErrNotInstalled) && os.Getenv("JANUS_TEST") != "require" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", pictureReal, pictureScripted, pictureEvents} {
		text, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "NaN") {
			t.Errorf("%s has figures that were not measured:\n%s", name, text)
		}
	}
}

func TestPage(t *testing.T) {
	f := testFigures()
	f[subject{ours, realJanus, contest.WorkKeepAlive, 64}] = evenly(120, 90, 0, 0)
	uneven := evenly(100, 100, 0, 0)
	uneven[0].WallNs /= 2
	uneven[0].CPUNs *= 2
	f[subject{notedit, scripted, contest.WorkKeepAlive, 1}] = uneven
	delete(f, subject{janode, scripted, contest.WorkStream, 1})
	f[subject{ours, scripted, workVariantEvents, variantHandles}] = evenly(10, 8, 20, 1000)
	f[subject{typed, scripted, workVariantEvents, variantHandles}] = evenly(15, 16, 40, 3000)
	f[subject{ours, scripted, workVariantRequests, variantInFlight}] = evenly(10, 8, 0, 0)
	f[subject{traced, scripted, workVariantRequests, variantInFlight}] = evenly(11, 8, 0, 0)
	for _, name := range []string{ours, floor} {
		for _, work := range []string{workGatewayEvents, workGatewayRequests} {
			f[subject{name, scripted, work, 1}] = evenly(20, 20, 0, 0)
			f[subject{name, scripted, work, 2}] = evenly(10, 21, 0, 0)
		}
	}
	f[subject{kept, scripted, contest.WorkSessions, 1_000}] = []contest.Result{{N: 1_000, Held: 640_000, Goroutines: 3}}
	m := machine{Before: "0.1, 0.2, 0.3", After: "1, 2, 3", Took: 7 * time.Minute, Stretches: []stretch{
		{Name: "routing", Took: 9 * time.Second, Repeats: 2, Busy: 0.125, From: "4, 5, 6", To: "5, 5, 6"},
		{Name: "streams", Took: time.Second, Busy: math.NaN(), From: "unknown", To: "unknown"},
	}}
	s := &stage{Contenders: []contender{{Name: ours}, {Name: floor}, {Name: notedit}, {Name: janode}}, Missing: []string{"someone: away"}}
	text, err := newPage(s, f, testScale, m).render()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 64 requests in flight, real Janus: time | 1.20 (1.20–1.20) of floor | ≤ 0.90 | 0.75 | **no** |",
		"| 64 requests in flight, real Janus: CPU time of the client | 0.90 (0.90–0.90) of Janode | ≤ 1.00 | 0.90 | yes |",
		"| one request at a time, real Janus: CPU time of the client | 1.00 (1.00–1.00) of floor |  | 1.05 |  |",
		"| VideoRoom event, a reader for each of 1 handle: time | – of Janode | ≤ 1.25 | 1.00 | not measured |",
		"| VideoRoom event: allocations | 20.0 (the most, with 1 handle) | ≤ 20 | ≤ 12 | yes |",
		"| KeepAlive: allocations | 0.10 | ≤ 0.1 |  | yes |",
		"| 115 (115–115); 115 | 100 (100–100); 100 | 100 (75.0–100); 100 (noisy) | 100 (100–100); 100 |",
		"| VideoRoom event, parsed with videoroom.Parse | 15.0 (15.0–15.0); 16.0 | 1.50 (1.50–1.50) | 2.00 (2.00–2.00) | 40.0; 3,000 B |",
		"| VideoRoom event, with Trace hooks | – | – | – | – |",
		"| keepalive, with Trace hooks | 11.0 (11.0–11.0); 8.00 | 1.10 (1.10–1.10) | 1.00 (1.00–1.00) | 0.00; 0.00 B |",
		"| ours, 2 gateways | 100,000 | 2.00 (2.00–2.00) | 21.0 | 100,000 | 2.00 (2.00–2.00) | 21.0 |",
		"| ours, with DialOptions.KeepAlive | 640 | 3 |",
		"| routing | 9s | 2 | 12 % | 4, 5, 6 | 5, 5, 6 |",
		"| streams | 1s | 0 | – | unknown | unknown |",
		"in 7m0s. The load average was 0.1, 0.2, 0.3\nbefore and 1, 2, 3 after",
		"**Missing:** someone: away",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(string(text), "NaN") {
		t.Error("there is a NaN")
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234567.8: "1,234,568"} {
		if got := digits(v); got != want {
			t.Errorf("%v is written %s, not %s", v, got, want)
		}
	}
	if got := plural(1, "handle") + ", " + plural(1000, "handle"); got != "1 handle, 1,000 handles" {
		t.Error(got)
	}
}
