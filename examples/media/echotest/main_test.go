package main

import (
	"slices"
	"testing"

	"github.com/cameronelliott/janus-go/examples/media/internal/rtctest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

func TestMain(m *testing.M) { rtctest.Main(m, main) }

func TestAudioComesBack(t *testing.T) {
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
			received := output.Number(t, `received (\d+) of them back`)
			if received < 50 || received > sent {
				t.Errorf("sent %d packets and received %d, want 50 or more of those sent", sent, received)
			}
			output.CheckPaths(t, 1)
			rtctest.CheckNoSessions(t, server)
		})
	}
}

// Janus with both is content with either of them.
func TestSecretAndToken(t *testing.T) {
	const secret, token = "a secret", "a token"
	server := realjanus.Start(t, realjanus.Options{
		ICEEnforceList: realjanus.MediaAddress(t),
		APISecret:      secret,
		TokenAuth:      true,
	})
	if _, err := server.Admin(t.Context(), map[string]any{"janus": "add_token", "token": token}); err != nil {
		t.Fatal(err)
	}
	flags := []string{"-url", server.URL, "-packets", "1", "-loopback"}
	rtctest.Run(t, flags...).CheckError(t, `^echotest: .*Unauthorized`)
	for _, more := range [][]string{{"-secret", secret}, {"-token", token}} {
		if output := rtctest.Run(t, slices.Concat(flags, more)...); !output.Succeeded {
			t.Errorf("the program failed with %v:\n%s", more, output.Stderr)
		}
	}
}

func TestErrorIsOneLine(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"videoroom"}})
	output := rtctest.Run(t, "-url", server.URL)
	output.CheckError(t, `^echotest: .*janus\.plugin\.echotest`)
}

func TestTimeoutIsReported(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{ICEEnforceList: realjanus.MediaAddress(t)})
	output := rtctest.Run(t, "-url", server.URL, "-loopback", "-packets", "1000000", "-timeout", "2s")
	output.CheckError(t, `^echotest: not done within 2s$`)
}

func TestVanishedJanusIsReported(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{})
	server.Kill()
	output := rtctest.Run(t, "-url", server.URL)
	output.CheckError(t, `^echotest: .*connection refused`)
}
