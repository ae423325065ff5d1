package bench

import (
	"fmt"
	"testing"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
	"github.com/cameronelliott/janus-go/bench/internal/floor"
	"github.com/cameronelliott/janus-go/bench/internal/ours"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// contenders are those that run in the process of the test.
var contenders = []struct {
	name string
	dial contest.Dial
}{
	{"ours", ours.Dial},
	{"floor", floor.Dial},
}

// servers start the servers that requests are sent to.
var servers = []struct {
	name  string
	start func(testing.TB) string
}{
	{"real", func(tb testing.TB) string { return realjanus.Start(tb, realjanus.Options{}).URL }},
	{"scripted", startServer},
}

func BenchmarkKeepAlive(b *testing.B) {
	benchmarkRequests(b, contest.Client.KeepAlives)
}

func BenchmarkMessage(b *testing.B) {
	benchmarkRequests(b, contest.Client.Messages)
}

// benchmarkRequests measures requests one at a time and many in flight, on each
// server.
func benchmarkRequests(b *testing.B, do func(c contest.Client, n, inFlight int) error) {
	for _, server := range servers {
		b.Run("server="+server.name, func(b *testing.B) {
			url := server.start(b)
			for _, inFlight := range []int{1, 64, 512} {
				b.Run(fmt.Sprintf("inflight=%d", inFlight), func(b *testing.B) {
					benchmark(b, url, nothing, func(c contest.Client, n int) error { return do(c, n, inFlight) })
				})
			}
		})
	}
}

// BenchmarkEvents measures a stream of VideoRoom events, by the number of
// handles that they go to.
func BenchmarkEvents(b *testing.B) {
	url := startServer(b)
	for _, handles := range []int{1, 10, 1000, 100000} {
		b.Run(fmt.Sprintf("handles=%d", handles), func(b *testing.B) {
			attach := func(c contest.Client) error { return c.Attach(handles, true) }
			benchmark(b, url, attach, func(c contest.Client, n int) error { return c.Stream(n, handles) })
		})
	}
}

// BenchmarkRoute measures the same events where no goroutine waits for them.
func BenchmarkRoute(b *testing.B) {
	url := startServer(b)
	for _, handles := range []int{10, 1000, 100000} {
		b.Run(fmt.Sprintf("handles=%d", handles), func(b *testing.B) {
			attach := func(c contest.Client) error { return c.Attach(handles, false) }
			benchmark(b, url, attach, contest.Client.Route)
		})
	}
}

// BenchmarkIdleHandle measures what a handle holds that nothing happens to.
func BenchmarkIdleHandle(b *testing.B) {
	for _, handles := range []int{10000, 100000} {
		b.Run(fmt.Sprintf("handles=%d", handles), func(b *testing.B) {
			for b.Loop() {
				result, err := startClient(b, "ours").Do(contest.Round{Work: contest.WorkIdle, N: handles})
				check(b, err)
				b.ReportMetric(result.Held/float64(handles), "B/handle")
			}
		})
	}
}

// BenchmarkConnect measures the first request: the dial and one round trip.
func BenchmarkConnect(b *testing.B) {
	for _, server := range servers {
		b.Run("server="+server.name, func(b *testing.B) {
			url := server.start(b)
			for _, contender := range contenders {
				b.Run("client="+contender.name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						c, err := contender.dial(ctx, url)
						check(b, err)
						b.StopTimer()
						check(b, c.Close())
						b.StartTimer()
					}
				})
			}
		})
	}
}

func nothing(contest.Client) error { return nil }

// benchmark measures n times the work of run for each contender, after prepare.
func benchmark(b *testing.B, url string, prepare func(contest.Client) error, run func(c contest.Client, n int) error) {
	for _, contender := range contenders {
		b.Run("client="+contender.name, func(b *testing.B) {
			c, err := contender.dial(ctx, url)
			check(b, err)
			defer func() { check(b, c.Close()) }()
			check(b, prepare(c))
			b.ReportAllocs()
			b.ResetTimer()
			check(b, run(c, b.N))
		})
	}
}
