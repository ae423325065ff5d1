package safelog

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// handler counts records, each after calling do.
type handler struct {
	slog.Handler
	do    func(slog.Record)
	level slog.Level
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	h.do(r)
	return nil
}

func TestRecordsComeInOrderWithTheirAttributes(t *testing.T) {
	var out bytes.Buffer
	l := New(slog.New(slog.NewTextHandler(&out, nil)))
	for i := range 100 {
		l.Log(slog.LevelWarn, "message", "n", i)
	}
	l.Log(slog.LevelDebug, "not wanted")
	l.Flush(time.Minute)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 100 {
		t.Fatalf("%d lines, want 100", len(lines))
	}
	for i, line := range lines {
		if !strings.HasSuffix(line, fmt.Sprintf("level=WARN msg=message n=%d", i)) {
			t.Fatalf("line %d is %s", i, line)
		}
	}
	l.Flush(0) // nothing waits
}

func TestDefaultLogger(t *testing.T) {
	if New(nil).handler != slog.Default().Handler() {
		t.Error("nil does not stand for slog.Default")
	}
}

func TestBlockingHandlerHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var handled int
		var last slog.Record
		l := New(slog.New(&handler{do: func(r slog.Record) { <-release; handled++; last = r }}))
		l.Log(slog.LevelWarn, "first")
		synctest.Wait() // the handler has it
		for range limit + 10 {
			l.Log(slog.LevelWarn, "message")
		}
		start := time.Now()
		l.Flush(time.Second)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("flush waited %v", waited)
		}
		close(release)
		l.Flush(time.Hour)
		if want := 1 + limit + 1; handled != want {
			t.Errorf("%d records, want %d", handled, want)
		}
		if !strings.Contains(last.Message, "lost") {
			t.Errorf("the lost records are not told: %v", last)
		}
	})
}

func TestPanickingHandler(t *testing.T) {
	l := New(slog.New(&handler{do: func(slog.Record) { panic("a bug") }}))
	l.Log(slog.LevelWarn, "message")
	l.Flush(time.Minute)
	l.Log(slog.LevelWarn, "message")
	l.Flush(time.Minute)
}

// enabler panics when asked for its level.
type enabler struct{ slog.Handler }

func (enabler) Enabled(context.Context, slog.Level) bool { panic("a bug") }

func TestPanicInEnabled(t *testing.T) {
	l := New(slog.New(enabler{}))
	if l.Enabled(slog.LevelError) {
		t.Error("enabled")
	}
	l.Log(slog.LevelError, "message")
}
