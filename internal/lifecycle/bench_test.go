package lifecycle

import (
	"fmt"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
)

// BenchmarkSessionEnds measures what the end of a session costs for each of its
// handles, which should not depend on their number. It includes the 100 ms that
// handles linger for messages on their way.
func BenchmarkSessionEnds(b *testing.B) {
	for _, handles := range []int{1_000, 10_000, 80_000} {
		b.Run(fmt.Sprintf("handles=%d", handles), func(b *testing.B) {
			server := janustest.NewUnstartedServer()
			server.SessionTimeout = -1
			server.Start()
			defer server.Close()
			gateway, _, err := janus.Dial(b.Context(), server.URL, &janus.DialOptions{RequestTimeout: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = gateway.Close(1000, "") }()
			for b.Loop() {
				b.StopTimer()
				session, err := gateway.Create(b.Context(), "")
				if err != nil {
					b.Fatal(err)
				}
				all := make([]*janus.Handle, handles)
				for i := range all {
					all[i] = session.Adopt(uint64(i + 1))
				}
				b.StartTimer()
				if err := server.Send(session.ID, fmt.Sprintf(`{"janus":"error","session_id":%d,"error":{"code":458,"reason":"gone"}}`, session.ID)); err != nil {
					b.Fatal(err)
				}
				for _, h := range all {
					for range h.Events { // the error, and then the end
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(handles), "ns/handle")
		})
	}
}
