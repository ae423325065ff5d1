// Package safelog stands between the library and a caller's slog.Logger, so
// that a handler that blocks or panics holds up nobody but the log itself.
package safelog

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// limit is how many records wait for a slow handler; more are counted only.
const limit = 1024

// Logger hands records to a slog.Handler in order, from a goroutine that is
// there only while records wait. All methods may be called concurrently.
type Logger struct {
	handler slog.Handler

	mu      sync.Mutex
	waiting []slog.Record
	lost    int
	idle    chan struct{} // closed when the goroutine ends; nil without one
}

// New returns a Logger over l, or over slog.Default where l is nil.
func New(l *slog.Logger) *Logger {
	if l == nil {
		l = slog.Default()
	}
	return &Logger{handler: l.Handler()}
}

// Enabled reports whether records of this level are wanted.
func (l *Logger) Enabled(level slog.Level) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return l.handler.Enabled(context.Background(), level)
}

// Log records msg with key-value pairs, as slog does. It does not wait for the
// handler.
func (l *Logger) Log(level slog.Level, msg string, args ...any) {
	if !l.Enabled(level) {
		return
	}
	record := slog.NewRecord(time.Now(), level, msg, 0)
	record.Add(args...)

	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= limit {
		l.lost++
		return
	}
	l.waiting = append(l.waiting, record)
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

// drain handles what waits until nothing does.
func (l *Logger) drain() {
	for {
		l.mu.Lock()
		if len(l.waiting) == 0 {
			close(l.idle)
			l.idle = nil
			l.mu.Unlock()
			return
		}
		records, lost := l.waiting, l.lost
		l.waiting, l.lost = nil, 0
		l.mu.Unlock()

		for _, record := range records {
			l.handle(record)
		}
		if lost > 0 {
			record := slog.NewRecord(time.Now(), slog.LevelWarn, "janus: log records lost to a slow handler", 0)
			record.Add("lost", lost)
			l.handle(record)
		}
	}
}

// handle passes one record on. There is nobody to tell of a handler's failure.
func (l *Logger) handle(record slog.Record) {
	defer func() { _ = recover() }()
	_ = l.handler.Handle(context.Background(), record)
}
