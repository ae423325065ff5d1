package main

import (
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/examples/media/internal/rtctest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

func TestMain(m *testing.M) { rtctest.Main(m, main) }

func TestMessageComesBack(t *testing.T) {
	for name, fullTrickle := range map[string]bool{"half trickle": false, "full trickle": true} {
		t.Run(name, func(t *testing.T) {
			server := realjanus.Start(t, realjanus.Options{
				ICEEnforceList: realjanus.MediaAddress(t),
				FullTrickle:    fullTrickle,
			})
			output := rtctest.Run(t, "-url", server.URL, "-loopback", "-username", "alice", "-text", "good morning")
			if !output.Succeeded {
				t.Fatalf("the program failed:\n%s", output.Stderr)
			}
			if !strings.HasSuffix(output.Stdout, "\nalice has joined\nalice: good morning\n") {
				t.Errorf("the program wrote:\n%s", output.Stdout)
			}
			output.CheckPaths(t, 1)
			rtctest.CheckNoSessions(t, server)
		})
	}
}
