// Package safelog calls a user's slog.Logger on a goroutine of its own, so that a
// handler that blocks or panics delays only its own records.
package safelog

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Records wait for a slow handler until there are maxRecords of them or their
// texts have maxBytes; more are only counted. A longer text than maxText is cut.
const (
	maxRecords = 1024
	maxBytes   = 1 << 20
	maxText    = 8 << 10
)

// firstAnswers is how long Ready waits for the handler to report the enabled levels.
const firstAnswers = 100 * time.Millisecond

// levels are those whose answers are kept.
var levels = [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// Logger passes records to a slog.Handler in order. It calls the handler's methods
// only on its own goroutine, which exists while there is work. All methods may be
// called concurrently.
type Logger struct {
	handler slog.Handler
	wanted  [len(levels)]atomic.Bool // the handler's last answers

	mu      sync.Mutex
	waiting []entry
	bytes   int           // of the texts in waiting
	lost    int           // records since the last that waits
	stale   bool          // the handler is to be asked again
	idle    chan struct{} // closed when the goroutine ends; nil if there is none
}

// entry is a record that waits.
type entry struct {
	slog.Record
	bytes int // of its texts
}

// New returns a Logger over l, or over slog.Default if l is nil. It is Ready.
func New(l *slog.Logger) *Logger {
	logger := Start(l)
	logger.Ready()
	return logger
}

// Start is New, but does not wait until the Logger is Ready.
func Start(l *slog.Logger) *Logger {
	if l == nil {
		l = slog.Default()
	}
	logger := &Logger{handler: l.Handler()}
	for i, level := range levels {
		logger.wanted[i].Store(level >= slog.LevelInfo)
	}
	logger.Refresh()
	return logger
}

// Ready waits a short time for the handler to say which levels are enabled. Until it
// does, those from slog.LevelInfo on are.
func (l *Logger) Ready() { l.Flush(firstAnswers) }

// Enabled reports whether the handler wanted records of this level when it was
// last asked. It costs no more than reading a variable. A level between two of
// slog's is treated as the lower of them.
func (l *Logger) Enabled(level slog.Level) bool { return l.wanted[index(level)].Load() }

// index returns the index in levels for a level.
func index(level slog.Level) int {
	i := len(levels) - 1
	for i > 0 && level < levels[i] {
		i--
	}
	return i
}

// Refresh has the handler asked again which levels are enabled, as they may be
// changed at any time. It does not wait for the answer.
func (l *Logger) Refresh() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stale = true
	l.start()
}

// Log records msg with key-value pairs, as slog does, unless level is below
// slog.LevelInfo and not enabled. It does not wait for the handler.
func (l *Logger) Log(level slog.Level, msg string, args ...any) {
	if level < slog.LevelInfo && !l.Enabled(level) {
		return
	}
	e := newEntry(level, msg, args)

	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= maxRecords || l.bytes+e.bytes > maxBytes {
		l.lost++
		return
	}
	if l.lost > 0 {
		l.push(l.takeLost())
	}
	l.push(e)
	l.start()
}

// Recover ends a panic in a function of the application, and logs msg with it. It
// must be deferred by the caller of the function.
func (l *Logger) Recover(msg string) {
	if p := recover(); p != nil {
		l.Log(slog.LevelWarn, msg, "panic", p, "stack", string(debug.Stack()))
	}
}

// newEntry makes a record of what is passed to Log. Texts are cut here, so that
// what waits does not keep longer ones in memory.
func newEntry(level slog.Level, msg string, args []any) entry {
	now := time.Now()
	var uncut slog.Record
	uncut.Add(args...)
	e := entry{slog.NewRecord(now, level, msg, 0), len(msg)}
	uncut.Attrs(func(attr slog.Attr) bool {
		text := textOf(attr.Value)
		if len(text) > maxText {
			text = shorten(text)
			attr.Value = slog.StringValue(text)
		}
		e.bytes += len(text)
		e.AddAttrs(attr)
		return true
	})
	return e
}

// textOf returns the text of a string or an error, and "" of anything else.
func textOf(v slog.Value) string {
	if v.Kind() == slog.KindString {
		return v.String()
	}
	err, ok := v.Any().(error)
	if !ok {
		return ""
	}
	defer func() { _ = recover() }() // the handler may be able to show it
	return err.Error()
}

// shorten returns the beginning of a long text with a note of its length.
func shorten(text string) string {
	end := maxText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes)", text[:end], len(text))
}

// push appends a record to those that wait.
func (l *Logger) push(e entry) {
	l.waiting = append(l.waiting, e)
	l.bytes += e.bytes
}

// takeLost returns a record of how many records were lost.
func (l *Logger) takeLost() entry {
	e := newEntry(slog.LevelWarn, "janus: log records lost to a slow handler", []any{"lost", l.lost})
	l.lost = 0
	return e
}

// start starts the goroutine if there is none.
func (l *Logger) start() {
	if l.idle == nil {
		l.idle = make(chan struct{})
		go l.drain()
	}
}

// Flush waits until everything logged so far is handled, but no longer than d.
func (l *Logger) Flush(d time.Duration) {
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle == nil {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
}

// drain does what there is to do. A handler may end its goroutine, as
// testing.T.FailNow does; another then takes over.
func (l *Logger) drain() {
	done := false
	defer func() {
		if !done {
			go l.drain()
		}
	}()
	for l.step() {
	}
	done = true
}

// step asks the handler for its levels or passes one record to it. It reports
// false if there is nothing to do.
func (l *Logger) step() bool {
	l.mu.Lock()
	stale := l.stale
	l.stale = false
	var next entry
	switch {
	case stale:
	case len(l.waiting) > 0:
		next = l.waiting[0]
		l.waiting[0] = entry{}
		l.waiting = l.waiting[1:]
		l.bytes -= next.bytes
		l.stale = true // every record is an occasion to ask
	case l.lost > 0:
		next = l.takeLost()
	default:
		close(l.idle)
		l.idle = nil
		l.waiting = nil
		l.mu.Unlock()
		return false
	}
	l.mu.Unlock()

	if stale {
		for i, level := range levels {
			l.wanted[i].Store(l.ask(level))
		}
	} else if l.ask(next.Level) {
		l.handle(next.Record)
	}
	return true
}

// ask asks the handler whether a level is enabled. It is not if that panics.
func (l *Logger) ask(level slog.Level) (enabled bool) {
	defer func() { _ = recover() }()
	return l.handler.Enabled(context.Background(), level)
}

// handle passes one record on. There is nobody to report its failure to.
func (l *Logger) handle(record slog.Record) {
	defer func() { _ = recover() }()
	_ = l.handler.Handle(context.Background(), record)
}
