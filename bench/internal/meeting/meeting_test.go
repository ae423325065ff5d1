package meeting_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/bench/internal/meeting"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

func TestMeeting(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"videoroom"}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	file := filepath.Join(t.TempDir(), "conference")
	if output, err := exec.CommandContext(ctx, "go", "build", "-o", file, meeting.Source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	const participants = 10
	program, err := meeting.Start(ctx, file, server.URL, participants)
	if err != nil {
		t.Fatal(err)
	}
	result, err := meeting.Run(ctx, program.URL, program.PID, meeting.Options{Participants: participants, AtOnce: 4, Turns: 2})
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]meeting.Latency{
		"join": result.Join, "publish": result.Publish, "turn": result.Turn, "leave": result.Leave,
	} {
		if l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 {
			t.Errorf("the latencies of %s are %v", name, l)
		}
	}
	// Each change is told to all ten.
	if want := int64(participants * participants * 2 * 2); result.Talking.Messages < want*9/10 {
		t.Errorf("%d messages came while all talked, want about %d", result.Talking.Messages, want)
	}
	if result.Joining.CPU+result.Talking.CPU+result.Leaving.CPU <= 0 {
		t.Error("the program has used no CPU time")
	}
	if err := program.Close(); err != nil {
		t.Error(err)
	}
}
