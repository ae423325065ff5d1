package main

import (
	"testing"

	"github.com/cameronelliott/janus-go/examples/media/internal/rtctest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

func TestMain(m *testing.M) { rtctest.Main(m, main) }

func TestSubscriberGetsWhatIsPublished(t *testing.T) {
	for name, fullTrickle := range map[string]bool{"half trickle": false, "full trickle": true} {
		t.Run(name, func(t *testing.T) {
			server := realjanus.Start(t, realjanus.Options{
				ICEEnforceList: realjanus.MediaAddress(t),
				FullTrickle:    fullTrickle,
			})
			output := rtctest.Run(t, "-url", server.URL, "-packets", "50", "-loopback")
			if !output.Succeeded {
				t.Fatalf("the program failed:\n%s", output.Stderr)
			}
			sent := output.Number(t, `sent (\d+) RTP packets`)
			received := output.Number(t, `received (\d+) RTP packets`)
			if received < 50 || received > sent {
				t.Errorf("published %d packets and received %d, want 50 or more of those", sent, received)
			}
			output.CheckPaths(t, 2)
			rtctest.CheckNoSessions(t, server)
		})
	}
}

func TestErrorIsOneLine(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"echotest"}})
	output := rtctest.Run(t, "-url", server.URL)
	output.CheckError(t, `^videoroom: .*janus\.plugin\.videoroom`)
}
