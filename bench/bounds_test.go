package bench

//lint:file-ignore SA1019 the library measured is built on this module

import (
	"encoding/json"
	"math"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/bench/internal/limit"
	"github.com/cameronelliott/janus-go/bench/internal/spawn"
)

// do has a contender do a round.
func do(t *testing.T, client *spawn.Client, round contest.Round) contest.Result {
	t.Helper()
	result, err := client.Do(round)
	check(t, err)
	return result
}

// warm does a round twice, so that what is allocated only once is not in the
// result.
func warm(t *testing.T, client *spawn.Client, round contest.Round) contest.Result {
	t.Helper()
	do(t, client, round)
	return do(t, client, round)
}

func atMost(t *testing.T, what string, got, limit float64) {
	t.Helper()
	t.Logf("%s: %.1f", what, got)
	if got > limit {
		t.Errorf("%s: %.1f, more than %g", what, got, limit)
	}
}

func TestAllocations(t *testing.T) {
	client := startClient(t, "ours")
	const n = 2000
	keepAlive := warm(t, client, contest.Round{Work: contest.WorkKeepAlive, N: n, InFlight: 1})
	atMost(t, "allocations of a KeepAlive", keepAlive.Mallocs/n, limit.KeepAliveAllocations)
	atMost(t, "bytes allocated by a KeepAlive", keepAlive.Bytes/n, limit.KeepAliveBytes)
	message := warm(t, client, contest.Round{Work: contest.WorkMessage, N: n, InFlight: 1})
	atMost(t, "allocations of a Message", message.Mallocs/n, limit.MessageAllocations)
}

// Which strings displace each other in the decoder's cache is different in each
// process, so the best of three counts.
func TestEventAllocations(t *testing.T) {
	const n = 2000
	least := math.Inf(1)
	for range 3 {
		client := startClient(t, "ours")
		do(t, client, contest.Round{Work: contest.WorkAttach, N: 1})
		event := warm(t, client, contest.Round{Work: contest.WorkStream, N: n, Handles: 1})
		least = min(least, event.Mallocs/n)
	}
	atMost(t, "allocations of an event", least, limit.EventAllocations)
}

func TestIdleHandles(t *testing.T) {
	const n = 10_000
	result := do(t, startClient(t, "ours"), contest.Round{Work: contest.WorkIdle, N: n})
	atMost(t, "bytes of an idle handle", result.Held/n, limit.HandleBytes)
	atMost(t, "goroutines of idle handles", result.Goroutines, 0)
}

func TestSessions(t *testing.T) {
	const n = 10_000
	result := do(t, startClient(t, "ours-kept"), contest.Round{Work: contest.WorkSessions, N: n})
	t.Logf("bytes of a session: %.0f", result.Held/n)
	atMost(t, "goroutines of sessions", result.Goroutines, 0)
}

func TestKeptSessions(t *testing.T) {
	const n = 1_000
	kept := do(t, startClient(t, "ours"), contest.Round{Work: contest.WorkKeep, N: n}).Kept
	if kept.Library != limit.Goroutines || kept.Websocket != 1 || kept.Others != 0 {
		t.Errorf("%+v, but there should be %d goroutines of the library and 1 of the websocket", kept, limit.Goroutines)
	}
	if kept.KeepAlives < n {
		t.Errorf("%d keepalives for %d sessions", kept.KeepAlives, n)
	}
}

// The first request goes out with nothing before it.
func TestFirstRequest(t *testing.T) {
	gateway, _, err := janus.Connect(ctx, startServer(t))
	check(t, err)
	defer func() { check(t, gateway.Close(websocket.StatusNormalClosure, "")) }()
	info, err := gateway.Info(ctx, "")
	check(t, err)
	var server struct{ Requests int }
	check(t, json.Unmarshal(info.Raw, &server))
	if server.Requests != 1 {
		t.Errorf("the server got %d requests, not 1", server.Requests)
	}
}

// Each contender does every kind of work.
func TestWorks(t *testing.T) {
	rounds := []contest.Round{
		{Work: contest.WorkKeepAlive, N: 10, InFlight: 1},
		{Work: contest.WorkKeepAlive, N: 100, InFlight: 64},
		{Work: contest.WorkMessage, N: 10, InFlight: 1},
		{Work: contest.WorkMessage, N: 100, InFlight: 64},
		{Work: contest.WorkAttach, N: 10},
		{Work: contest.WorkStream, N: 100, Handles: 10},
		{Work: contest.WorkIdle, N: 10},
		{Work: contest.WorkRoute, N: 100},
		{Work: contest.WorkConnect, N: 3},
		{Work: contest.WorkKeepAlive, N: 101, InFlight: 4, Gateways: 2},
		{Work: contest.WorkAttach, N: 10, Gateways: 4},
		{Work: contest.WorkStream, N: 101, Handles: 10, Gateways: 4},
	}
	for _, name := range []string{"ours", "ours-kept", "ours-typed", "ours-traced", "floor"} {
		t.Run(name, func(t *testing.T) {
			client := startClient(t, name)
			for _, round := range rounds {
				result := do(t, client, round)
				if result.N != round.N || result.WallNs <= 0 {
					t.Errorf("%+v gave %+v", round, result)
				}
			}
			if _, err := client.Do(contest.Round{Work: "sleep"}); err == nil {
				t.Error("no error for work that does not exist")
			}
		})
	}
}
