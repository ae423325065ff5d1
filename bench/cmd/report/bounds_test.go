package main

import (
	"math"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

// evenly returns three rounds that cost the same for each request or event.
func evenly(wallUs, cpuUs, mallocs, bytes float64) []contest.Result {
	const n = 100
	return []contest.Result{{
		N: n, WallNs: wallUs * 1e3 * n, CPUNs: cpuUs * 1e3 * n, Mallocs: mallocs * n, Bytes: bytes * n,
	}, {
		N: n, WallNs: wallUs * 1e3 * n, CPUNs: cpuUs * 1e3 * n, Mallocs: mallocs * n, Bytes: bytes * n,
	}, {
		N: n, WallNs: wallUs * 1e3 * n, CPUNs: cpuUs * 1e3 * n, Mallocs: mallocs * n, Bytes: bytes * n,
	}}
}

var testScale = scale{
	InFlight:     []int{1, 64},
	Handles:      []int{1, 10_000, 100_000},
	Routed:       []int{10, 100_000},
	Idle:         []int{10_000, 100_000},
	Gateways:     []int{1, 2},
	IdleSessions: 1_000,
	Sessions:     100,
}

// testFigures are at the bounds exactly: the base contenders need 100 µs for
// everything.
func testFigures() figures {
	f := make(figures)
	for _, name := range []string{floor, notedit, janode} {
		for _, server := range []string{realJanus, scripted} {
			f[subject{name, server, contest.WorkKeepAlive, 1}] = evenly(100, 100, 0, 0)
			f[subject{name, server, contest.WorkKeepAlive, 64}] = evenly(100, 100, 0, 0)
		}
		f[subject{name, realJanus, contest.WorkConnect, 0}] = evenly(100, 100, 0, 0)
		for _, handles := range testScale.Handles {
			f[subject{name, scripted, contest.WorkStream, handles}] = evenly(100, 100, 0, 0)
		}
	}
	f[subject{floor, scripted, contest.WorkRoute, 10}] = evenly(100, 100, 0, 0)

	f[subject{ours, realJanus, contest.WorkKeepAlive, 1}] = evenly(110, 100, 0, 0)
	f[subject{ours, scripted, contest.WorkKeepAlive, 1}] = evenly(115, 115, 0.1, 64)
	f[subject{ours, realJanus, contest.WorkKeepAlive, 64}] = evenly(90, 100, 0, 0)
	f[subject{ours, realJanus, contest.WorkConnect, 0}] = evenly(110, 100, 0, 0)
	f[subject{ours, scripted, contest.WorkMessage, 1}] = evenly(100, 100, 12, 0)
	f[subject{ours, scripted, contest.WorkStream, 1}] = evenly(125, 140, 20, 1500)
	f[subject{ours, scripted, contest.WorkStream, 10_000}] = evenly(125, 140, 19, 1400)
	f[subject{ours, scripted, contest.WorkStream, 100_000}] = evenly(900, 900, 900, 9000) // has no bound
	f[subject{ours, scripted, contest.WorkRoute, 10}] = evenly(50, 100, 0, 0)
	f[subject{ours, scripted, contest.WorkRoute, 100_000}] = evenly(50, 115, 0, 0)
	for _, handles := range testScale.Idle {
		f[subject{ours, scripted, contest.WorkIdle, handles}] = []contest.Result{{N: handles, Held: 420 * float64(handles)}}
	}
	f[subject{ours, scripted, contest.WorkKeep, 100}] = []contest.Result{
		{N: 100, Kept: contest.Kept{KeepAlives: 100, Library: 2, Websocket: 1}},
	}
	return f
}

// beyondBounds returns the titles of the bounds that do not hold.
func beyondBounds(t *testing.T, f figures, want string) (titles []string) {
	t.Helper()
	for _, b := range bounds(f, testScale) {
		switch b.Verdict {
		case want:
			titles = append(titles, b.Work)
		case within, "":
		default:
			t.Errorf("the verdict on %q is %s", b.Work, b.Verdict)
		}
	}
	return titles
}

func TestBoundsHold(t *testing.T) {
	if titles := beyondBounds(t, testFigures(), beyond); len(titles) > 0 {
		t.Errorf("these do not hold: %q", titles)
	}
}

// Each figure that is a hundredth above its bound is found, and no other.
func TestBoundsBroken(t *testing.T) {
	stream := func(handles int) subject { return subject{ours, scripted, contest.WorkStream, handles} }
	tests := []struct {
		what   subject
		result []contest.Result
		broken []string // what the titles begin with
	}{
		{subject{ours, realJanus, contest.WorkKeepAlive, 1}, evenly(111, 100, 0, 0), []string{"one request at a time, real Janus: time"}},
		{subject{ours, realJanus, contest.WorkKeepAlive, 1}, evenly(110, 101, 0, 0), []string{"one request at a time, real Janus: CPU"}},
		{subject{ours, scripted, contest.WorkKeepAlive, 1}, evenly(116, 115, 0, 0), []string{"one request at a time, scripted server: time"}},
		{subject{ours, scripted, contest.WorkKeepAlive, 1}, evenly(115, 116, 0, 0), []string{"one request at a time, scripted server: CPU"}},
		{subject{ours, scripted, contest.WorkKeepAlive, 1}, evenly(115, 115, 0.2, 64), []string{"KeepAlive: allocations"}},
		{subject{ours, scripted, contest.WorkKeepAlive, 1}, evenly(115, 115, 0, 65), []string{"KeepAlive: bytes"}},
		{subject{ours, realJanus, contest.WorkKeepAlive, 64}, evenly(91, 100, 0, 0), []string{"64 requests in flight, real Janus: time"}},
		{subject{ours, realJanus, contest.WorkKeepAlive, 64}, evenly(90, 101, 0, 0), []string{"64 requests in flight, real Janus: CPU", "64 requests in flight, real Janus: CPU"}},
		{subject{ours, realJanus, contest.WorkConnect, 0}, evenly(111, 100, 0, 0), []string{"first request after Connect"}},
		{subject{ours, scripted, contest.WorkMessage, 1}, evenly(100, 100, 13, 0), []string{"Message with a small event"}},
		{stream(1), evenly(125, 141, 20, 1500), []string{"VideoRoom event, a reader for each of 1 handle: CPU"}},
		{stream(10_000), evenly(126, 140, 19, 1400), []string{"VideoRoom event, a reader for each of 10,000 handles: time"}},
		{stream(10_000), evenly(125, 140, 21, 1400), []string{"VideoRoom event: allocations"}},
		{stream(10_000), evenly(125, 140, 19, 1501), []string{"VideoRoom event: bytes"}},
		{subject{ours, scripted, contest.WorkRoute, 10}, evenly(51, 100, 0, 0), []string{"VideoRoom event, read in bursts: time"}},
		{subject{ours, scripted, contest.WorkRoute, 100_000}, evenly(50, 116, 0, 0), []string{"routing one event"}},
		{subject{ours, scripted, contest.WorkIdle, 10_000}, []contest.Result{{N: 10, Held: 4210}}, []string{"idle handle: bytes"}},
		{subject{ours, scripted, contest.WorkIdle, 10_000}, []contest.Result{{N: 10, Goroutines: 1}}, []string{"idle handles: goroutines"}},
		{
			subject{ours, scripted, contest.WorkKeep, 100},
			[]contest.Result{{Kept: contest.Kept{KeepAlives: 99, Library: 2}}},
			[]string{"100 sessions kept alive"},
		},
		{
			subject{ours, scripted, contest.WorkKeep, 100},
			[]contest.Result{{Kept: contest.Kept{KeepAlives: 100, Library: 3}}},
			[]string{"100 sessions kept alive"},
		},
	}
	for _, test := range tests {
		f := testFigures()
		f[test.what] = test.result
		titles := beyondBounds(t, f, beyond)
		if len(titles) != len(test.broken) {
			t.Errorf("with %v the broken bounds are %q, not %q", test.what, titles, test.broken)
			continue
		}
		for i, title := range titles {
			if !strings.HasPrefix(title, test.broken[i]) {
				t.Errorf("with %v the broken bound is %q, not %q", test.what, title, test.broken[i])
			}
		}
	}
}

// Without figures, no bound holds or is broken.
func TestBoundsNotMeasured(t *testing.T) {
	missing := beyondBounds(t, nil, notMeasured)
	if want := len(bounds(testFigures(), testScale)) - 1; len(missing) != want { // one has only an aim
		t.Errorf("%d bounds were not measured, not %d", len(missing), want)
	}
	for _, b := range bounds(nil, testScale) {
		if strings.Contains(b.Measured, "NaN") || b.Verdict == within {
			t.Errorf("%+v", b)
		}
	}
	for what := range testFigures() {
		if what.Contender != janode && what.Contender != notedit {
			continue
		}
		f := testFigures()
		delete(f, what)
		for _, b := range bounds(f, testScale) {
			if b.Verdict == beyond {
				t.Errorf("without %v, %q does not hold", what, b.Work)
			}
		}
	}
}

func TestVerdict(t *testing.T) {
	for measured, want := range map[float64]string{1: within, 1.1: within, 1.11: beyond, math.Inf(1): beyond} {
		if got := verdict(measured, 1.1); got != want {
			t.Errorf("the verdict on %v is %s, not %s", measured, got, want)
		}
	}
	if got := verdict(math.NaN(), 1); got != notMeasured {
		t.Errorf("the verdict on nothing is %s", got)
	}
}
