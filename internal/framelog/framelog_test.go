package framelog_test

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/framelog"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/internal/wire"
)

const frame = `{"janus":"create","transaction":"t","token":"s3cret"}`

// show passes frames to a Logger and returns what is logged and what is printed.
func show(t *testing.T, level slog.Level, print bool, frames ...string) (logged, printed string) {
	t.Helper()
	kept := testutil.NewLogs()
	log := safelog.New(kept.Logger(level))
	l := framelog.New(log)
	l.SetPrint(print)
	printed = testutil.Capture(t, &os.Stdout, func() {
		for _, frame := range frames {
			l.Frame("sent", []byte(frame))
		}
		log.Flush(20 * time.Second)
	})
	return kept.String(), printed
}

// Frames are shown where they are wanted, and nowhere else, without secrets.
func TestFrame(t *testing.T) {
	for _, print := range []bool{false, true} {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo} {
			logged, printed := show(t, level, print, frame)
			if got := strings.Contains(logged, "janus: sent"); got != (level == slog.LevelDebug) {
				t.Errorf("at level %v the log has %q", level, logged)
			}
			if got := strings.Contains(printed, "sent {\n  \"janus\": \"create\""); got != print {
				t.Errorf("print %v: %q is printed", print, printed)
			}
			if strings.Contains(logged+printed, "s3cret") {
				t.Errorf("a secret is shown: %s %s", logged, printed)
			}
		}
	}
}

// Frame does something if it is Enabled, and only then.
func TestEnabled(t *testing.T) {
	for _, print := range []bool{false, true} {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo} {
			l := framelog.New(safelog.New(testutil.NewLogs().Logger(level)))
			l.SetPrint(print)
			if got, want := l.Enabled(), print || level == slog.LevelDebug; got != want {
				t.Errorf("print %v, level %v: %v, want %v", print, level, got, want)
			}
		}
	}
}

// What is not JSON is shown as well, on a line of its own.
func TestFrameThatIsNotJSON(t *testing.T) {
	logged, printed := show(t, slog.LevelDebug, true, "garbage")
	if printed != "sent garbage\n" || !strings.Contains(logged, "garbage") {
		t.Errorf("printed %q, logged %q", printed, logged)
	}
}

// The log has the beginning of a long frame, stdout all of it.
func TestLongFrame(t *testing.T) {
	long := `{"janus":"message","body":"` + strings.Repeat("x", 1<<20) + `"}`
	logged, printed := show(t, slog.LevelDebug, true, long)
	if len(logged) > 8<<10 || !strings.Contains(logged, "xxxx") {
		t.Errorf("%d bytes are logged", len(logged))
	}
	if len(printed) < 1<<20 {
		t.Errorf("%d bytes are printed", len(printed))
	}
}

// Nothing is done for a frame that nobody wants to see.
func TestUnwantedFrame(t *testing.T) {
	l := framelog.New(safelog.New(testutil.Quiet))
	b, f := []byte(frame), new(wire.Frame)
	for name, show := range map[string]func(){
		"Frame":       func() { l.SetPrint(false); l.Frame("sent", b) },
		"Undelivered": func() { l.Undelivered(slog.LevelDebug, f, b) },
	} {
		if n := testing.AllocsPerRun(100, show); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A frame that belongs to no channel is reported, and logged with what it is, at
// its level.
func TestUndelivered(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelWarn} {
		kept := testutil.NewLogs()
		log := safelog.New(kept.Logger(slog.LevelInfo))
		f := &wire.Frame{Janus: "webrtcup", Session: 17, Sender: 4}
		var reported []interface{}
		l := framelog.New(log)
		l.Lost = func(f *wire.Frame, msg interface{}) { reported = append(reported, f, msg) }
		l.UndeliveredEvent(level, f, []byte(`{"janus":"webrtcup","token":"s3cret"}`), "message")
		if !slices.Equal(reported, []interface{}{f, "message"}) {
			t.Errorf("%v is reported", reported)
		}
		log.Flush(20 * time.Second)
		const want = `level=WARN msg="janus: message for nobody" type=webrtcup session=17 handle=4 frame=`
		if got := strings.Contains(kept.String(), want); got != (level == slog.LevelWarn) || strings.Contains(kept.String(), "s3cret") {
			t.Errorf("at level %v the log has %q", level, kept.String())
		}
	}
}
