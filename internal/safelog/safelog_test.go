package safelog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
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
		for range maxRecords + 10 {
			l.Log(slog.LevelWarn, "message")
		}
		start := time.Now()
		l.Flush(time.Second)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("flush waited %v", waited)
		}
		close(release)
		l.Flush(time.Hour)
		if want := 1 + maxRecords + 1; handled != want {
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

// answers is a handler whose methods are functions.
type answers struct {
	enabled func(slog.Level) bool
	handle  func(slog.Record)
}

func (a answers) WithAttrs([]slog.Attr) slog.Handler { return a }
func (a answers) WithGroup(string) slog.Handler      { return a }

func (a answers) Enabled(_ context.Context, level slog.Level) bool { return a.enabled(level) }

func (a answers) Handle(_ context.Context, r slog.Record) error {
	a.handle(r)
	return nil
}

func TestPanicInEnabled(t *testing.T) {
	l := New(slog.New(answers{enabled: func(slog.Level) bool { panic("a bug") }}))
	if l.Enabled(slog.LevelError) {
		t.Error("enabled")
	}
	l.Log(slog.LevelError, "message")
	l.Flush(time.Minute)
}

// A handler that ends its goroutine, as testing.T.FailNow does, does not end the
// log.
func TestHandlerThatExits(t *testing.T) {
	handled := 0
	exit := func(slog.Record) { handled++; runtime.Goexit() }
	l := New(slog.New(answers{func(slog.Level) bool { return true }, exit}))
	for range 3 {
		l.Log(slog.LevelWarn, "message")
	}
	l.Flush(time.Minute)
	if handled != 3 {
		t.Errorf("%d records", handled)
	}

	l = New(slog.New(answers{enabled: func(slog.Level) bool { runtime.Goexit(); return true }}))
	l.Log(slog.LevelWarn, "message")
	l.Flush(time.Minute)
	if l.busy() {
		t.Error("the goroutine is still there")
	}
}

// busy reports whether there is a goroutine.
func (l *Logger) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle != nil
}

// A handler that never says what it wants delays New a little, and nothing else.
func TestBlockingEnabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		handled := 0
		start := time.Now()
		l := New(slog.New(answers{
			func(level slog.Level) bool { <-release; return level == slog.LevelDebug },
			func(slog.Record) { handled++ },
		}))
		if waited := time.Since(start); waited != firstAnswers {
			t.Errorf("New waited %v", waited)
		}
		start = time.Now()
		if l.Enabled(slog.LevelDebug) || !l.Enabled(slog.LevelInfo) || !l.Enabled(slog.LevelError) {
			t.Error("without answers, the levels from Info on should be enabled")
		}
		before := runtime.NumGoroutine()
		for range 100 {
			l.Refresh()
			l.Log(slog.LevelDebug, "message")
			l.Log(slog.LevelWarn, "message")
		}
		if after := runtime.NumGoroutine(); after != before {
			t.Errorf("%d goroutines, %d before", after, before)
		}
		l.Flush(0)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v", waited)
		}
		l.Flush(time.Second)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("Flush waited %v", waited)
		}
		close(release)
		l.Flush(time.Hour)
		if !l.Enabled(slog.LevelDebug) || l.Enabled(slog.LevelError) || handled != 0 {
			t.Errorf("the answers are not heeded: %d records", handled)
		}
	})
}

// New waits for a handler no longer than that takes.
func TestNewHasTheAnswers(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		l := New(slog.New(&handler{level: level}))
		for _, other := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			if got := l.Enabled(other); got != (other >= level) {
				t.Errorf("from %v on: %v is %v", level, other, got)
			}
		}
		if l.Enabled(slog.LevelDebug-4) != l.Enabled(slog.LevelDebug) || l.Enabled(slog.LevelInfo+1) != l.Enabled(slog.LevelInfo) ||
			l.Enabled(slog.LevelError+4) != l.Enabled(slog.LevelError) {
			t.Errorf("from %v on: a level in between is not treated as the lower", level)
		}
	}
}

// Neither the caller of Log nor that of Enabled calls the handler.
func TestHandlerHasItsOwnGoroutine(t *testing.T) {
	caller := make([]byte, 64)
	caller = caller[:runtime.Stack(caller, false)]
	caller = caller[:bytes.IndexByte(caller, '[')]
	calls := 0
	check := func() {
		calls++
		stack := make([]byte, 64)
		if runtime.Stack(stack, false); bytes.HasPrefix(stack, caller) {
			t.Error("the caller's goroutine calls the handler")
		}
	}
	l := New(slog.New(answers{
		func(slog.Level) bool { check(); return true },
		func(slog.Record) { check() },
	}))
	l.Enabled(slog.LevelDebug)
	l.Log(slog.LevelDebug, "message")
	l.Log(slog.LevelError, "message")
	l.Refresh()
	l.Flush(time.Minute)
	if calls < len(levels)+2 {
		t.Errorf("%d calls", calls)
	}
	if n := testing.AllocsPerRun(100, func() { l.Enabled(slog.LevelDebug) }); n != 0 {
		t.Errorf("Enabled allocates %v times", n)
	}
}

// A level that is changed at run time is noticed after Refresh and after any
// record.
func TestLevelVar(t *testing.T) {
	var level slog.LevelVar
	var out bytes.Buffer
	l := New(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: &level})))
	for _, notice := range []func(){l.Refresh, func() { l.Log(slog.LevelError, "x") }} {
		level.Set(slog.LevelDebug)
		notice()
		l.Flush(time.Minute)
		if !l.Enabled(slog.LevelDebug) {
			t.Error("Debug is not enabled")
		}
		level.Set(slog.LevelError)
		notice()
		l.Flush(time.Minute)
		if l.Enabled(slog.LevelWarn) || l.Enabled(slog.LevelDebug) {
			t.Error("Warn is enabled")
		}
	}
	// What is not wanted is not handled, whatever was wanted before.
	level.Set(slog.LevelWarn)
	out.Reset()
	l.Log(slog.LevelInfo, "not wanted")
	l.Log(slog.LevelWarn, "wanted")
	l.Flush(time.Minute)
	if got := out.String(); strings.Contains(got, "not wanted") || !strings.Contains(got, "wanted") {
		t.Errorf("got %s", got)
	}
}

// The level is asked again between the records of one run, too.
func TestLevelChangesWhileRecordsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var level slog.LevelVar
		step := make(chan struct{})
		l := New(slog.New(answers{
			func(l slog.Level) bool { return l >= level.Level() },
			func(slog.Record) { <-step },
		}))
		for range 3 {
			l.Log(slog.LevelError, "message")
		}
		synctest.Wait()
		level.Set(slog.LevelDebug)
		step <- struct{}{}
		synctest.Wait()
		if !l.Enabled(slog.LevelDebug) {
			t.Error("not noticed")
		}
		close(step)
		l.Flush(time.Hour)
	})
}

// What waits for a blocked handler is bounded in bytes as well, whether strings
// or errors make it large.
func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var records []slog.Record
		l := New(slog.New(answers{
			func(slog.Level) bool { return true },
			func(r slog.Record) { <-release; records = append(records, r) },
		}))
		l.Log(slog.LevelWarn, "first")
		synctest.Wait()
		const logged = 700
		before := heap()
		for i := range logged {
			text := strings.Repeat("€", 1<<19)
			if i%2 == 0 {
				l.Log(slog.LevelWarn, "message", "i", i, "frame", text)
			} else {
				l.Log(slog.LevelWarn, "message", "i", i, "error", errors.New(text))
			}
		}
		if held := heap() - before; held > 4*maxBytes {
			t.Errorf("%d bytes are held", held)
		}
		close(release)
		l.Flush(time.Hour)

		last := records[len(records)-1]
		kept := len(records) - 2 // without the first and the report of the lost ones
		if kept < maxBytes/maxText/2 {
			t.Errorf("only %d records were kept", kept)
		}
		var lost int64
		last.Attrs(func(a slog.Attr) bool { lost = a.Value.Int64(); return true })
		if !strings.Contains(last.Message, "lost") || int(lost)+kept != logged {
			t.Errorf("%d records kept, and %v: %d", kept, last.Message, lost)
		}
		for i, record := range records[1 : len(records)-1] {
			var attrs []slog.Attr
			record.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
			text := attrs[1].Value.String()
			if attrs[0].Value.Int64() != int64(i) || len(text) > maxText+100 || !utf8.ValidString(text) ||
				!strings.HasSuffix(text, "… (1572864 bytes)") {
				t.Fatalf("record %d has %v and %d bytes ending in %q", i, attrs[0], len(text), text[max(0, len(text)-20):])
			}
		}
	})
}

// What has been handled is not kept until the rest is.
func TestWhatIsHandledIsFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := make(chan struct{})
		l := New(slog.New(answers{
			func(slog.Level) bool { return true },
			func(slog.Record) { <-step },
		}))
		before := heap()
		const n = maxBytes/maxText - 8
		for range n {
			l.Log(slog.LevelWarn, "message", "text", strings.Repeat("x", maxText-1))
		}
		for range n - 1 {
			step <- struct{}{}
		}
		synctest.Wait()
		if held := heap() - before; held > maxBytes/2 {
			t.Errorf("%d bytes are held", held)
		}
		close(step)
		l.Flush(time.Hour)
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Attributes that are not long are passed on as they are.
func TestAttributesKeepTheirTypes(t *testing.T) {
	var got []any
	l := New(slog.New(answers{
		func(slog.Level) bool { return true },
		func(r slog.Record) {
			r.Attrs(func(a slog.Attr) bool { got = append(got, a.Key, a.Value.Any()); return true })
		},
	}))
	err := context.Canceled
	long := strings.Repeat("x", maxText)
	args := []any{"n", int64(1), "error", err, "text", long, "panics", panics{}, slog.Bool("attr", true)}
	l.Log(slog.LevelWarn, "message", args...)
	l.Flush(time.Minute)
	if want := append(args[:8:8], "attr", true); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// panics is an error whose text cannot be had.
type panics struct{}

func (panics) Error() string { panic("a bug") }

// The report of lost records has its place where they would have been.
func TestLostRecordsAreReportedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := make(chan struct{})
		var messages []string
		l := New(slog.New(answers{
			func(slog.Level) bool { return true },
			func(r slog.Record) { <-step; messages = append(messages, r.Message) },
		}))
		l.Log(slog.LevelWarn, "first")
		synctest.Wait()
		for range maxRecords + 1 {
			l.Log(slog.LevelWarn, "waits")
		}
		step <- struct{}{}
		synctest.Wait()
		step <- struct{}{}
		synctest.Wait()
		l.Log(slog.LevelWarn, "later")
		close(step)
		l.Flush(time.Hour)
		n := len(messages)
		if n != 1+maxRecords+2 || messages[n-1] != "later" || !strings.Contains(messages[n-2], "lost") {
			t.Errorf("%d messages, the last of which are %q", n, messages[n-3:])
		}
	})
}

// No goroutine is left when nothing waits.
func TestNoGoroutineStays(t *testing.T) {
	l := New(slog.New(&handler{do: func(slog.Record) {}}))
	for range 100 {
		l.Log(slog.LevelWarn, "message")
		l.Refresh()
		l.Flush(time.Minute)
		if l.busy() {
			t.Fatal("the goroutine is still there")
		}
	}
	if l.waiting != nil || l.bytes != 0 {
		t.Errorf("%d records and %d bytes are left", len(l.waiting), l.bytes)
	}
}
