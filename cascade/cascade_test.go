package cascade

import (
	"testing"

	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin"
)

var number = plugin.Num(77)

func TestPublisherIsShownEverywhere(t *testing.T) {
	for name, room := range map[string]plugin.ID{"numeric ids": number, "string ids": plugin.Str("room")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, room, Options{}, "1.4.2", "1.1.2", "1.4.2")
			c.sync()
			ada := c.join(0, "ada").publish(audio, disabled+video, data)
			c.sync()
			for _, site := range []int{1, 2} {
				v := c.view(site)
				if len(v.remotes) != 1 || v.remotes[0].Display != "ada" {
					t.Fatalf("site %d has the remote publishers %+v", site, v.remotes)
				}
				streams := v.streams[v.remotes[0].ID]
				if len(streams) != 3 || streams[0].Codec != "opus" || !streams[1].Disabled || streams[2].Type != "data" {
					t.Errorf("site %d has the streams %+v", site, streams)
				}
			}
			if origin, ok := OriginOf(c.view(2).remotes[0].Metadata); !ok || origin != (Origin{"janus-go", "A", ada.id}) {
				t.Errorf("the origin is %+v, %v", origin, ok)
			}
			ada.leave()
			testutil.Eventually(t, "nothing is shown", func() bool {
				return len(c.view(1).remotes)+len(c.view(2).remotes) == 0
			})
		})
	}
}
