package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/cascade"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"

	"github.com/cameronelliott/janus-go/bench/internal/stats"
)

// The size of the cascade.
const (
	cascadeServers    = 5
	cascadePublishers = 100
)

// cascadeRoom is the room of the cascade.
var cascadeRoom = plugin.Num(1234567)

// BenchmarkCascade shows 100 publishers of 5 stand-in servers on all others, and
// removes them again. ms/show is the time of the pass that shows all of them,
// which should be less than a second, and ms/idle that of a pass with nothing to
// do. calls are the requests of these passes.
func BenchmarkCascade(b *testing.B) {
	members := make([]cascade.Server, cascadeServers)
	for i := range members {
		members[i] = cascadeMember(b, fmt.Sprint("server ", i))
	}
	var show, idle, showCalls, idleCalls []float64
	for b.Loop() {
		shown, rest := reconcile(b, members)
		show = append(show, shown.Duration.Seconds()*1000)
		idle = append(idle, rest.Duration.Seconds()*1000)
		showCalls, idleCalls = append(showCalls, float64(shown.Calls)), append(idleCalls, float64(rest.Calls))
		if want := cascadePublishers * (cascadeServers - 1); shown.Changes != want || rest.Changes != 0 {
			b.Fatalf("%d and then %d changes, want %d and 0", shown.Changes, rest.Changes, want)
		}
	}
	b.ReportMetric(stats.Of(show).Median, "ms/show")
	b.ReportMetric(stats.Of(showCalls).Median, "calls/show")
	b.ReportMetric(stats.Of(idle).Median, "ms/idle")
	b.ReportMetric(stats.Of(idleCalls).Median, "calls/idle")
}

// cascadeMember starts a server with its share of publishers.
func cascadeMember(b *testing.B, name string) cascade.Server {
	b.Helper()
	server := janustest.NewUnstartedServer()
	server.Version, server.SessionTimeout = "1.4.2", 0
	server.Start()
	b.Cleanup(server.Close)
	ctx := context.Background()
	gateway, _, err := janus.Dial(ctx, server.URL, nil)
	if err != nil {
		b.Fatal(err)
	}
	session, err := gateway.Create(ctx, "")
	if err != nil {
		b.Fatal(err)
	}
	attach := func(ctx context.Context) (*janus.Handle, error) { return session.Attach(ctx, "", videoroom.Name) }
	publishers := 1000
	for i := range cascadePublishers / cascadeServers {
		handle, err := attach(ctx)
		if err != nil {
			b.Fatal(err)
		}
		go func() {
			for range handle.Events { // nobody looks at them
			}
		}()
		client := videoroom.On(handle)
		if i == 0 {
			if _, err := client.Create(ctx, videoroom.Create{Room: cascadeRoom, Publishers: &publishers}); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := client.JoinAndConfigure(ctx, videoroom.JoinAndConfigure{Room: cascadeRoom}, cascadeOffer); err != nil {
			b.Fatal(err)
		}
	}
	return cascade.Server{Name: name, Host: "127.0.0.1", Attach: attach}
}

// cascadeOffer is an offer of audio and video by a peer that is never connected.
var cascadeOffer = janus.JSEP{Type: "offer", SDP: strings.ReplaceAll(`v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=sendonly
a=mid:0
a=rtpmap:111 opus/48000/2
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=sendonly
a=mid:1
a=rtpmap:96 VP8/90000
`, "\n", "\r\n")}

// reconcile shows all publishers everywhere and returns the pass that did it and
// the one after it. In the end it removes them.
func reconcile(b *testing.B, members []cascade.Server) (shown, idle cascade.Pass) {
	b.Helper()
	passes := make(chan cascade.Pass, 1000)
	controller, err := cascade.New(cascade.Options{
		Room:       videoroom.Create{Room: cascadeRoom},
		Interval:   time.Hour,
		Reconciled: func(p cascade.Pass) { passes <- p },
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, member := range members {
		if err := controller.AddServer(member); err != nil {
			b.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ended := make(chan error)
	go func() { ended <- controller.Run(ctx) }()
	if err := controller.Sync(ctx); err != nil {
		b.Fatal(err)
	}
	for range 2 { // the second one has nothing to hear of the first
		if err := controller.Sync(ctx); err != nil {
			b.Fatal(err)
		}
	}
	shown = <-passes
	for len(passes) > 0 {
		idle = <-passes
	}
	for _, member := range members {
		if err := controller.RemoveServer(ctx, member.Name); err != nil {
			b.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		b.Error(err)
	}
	return shown, idle
}
