package testutil

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// Logs keeps what its loggers write. NewLogs makes one.
type Logs struct {
	mu      sync.Mutex
	text    strings.Builder
	written chan struct{} // a value when something was written after the last value
}

// NewLogs returns empty Logs.
func NewLogs() *Logs { return &Logs{written: make(chan struct{}, 1)} }

// Logger returns a logger that writes to l.
func (l *Logs) Logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
}

// Write keeps p.
func (l *Logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.written <- struct{}{}:
	default: // there is one already
	}
	return l.text.Write(p)
}

// Await waits until a text has been written n times. One goroutine at a time may
// wait.
func (l *Logs) Await(t testing.TB, text string, n int) {
	t.Helper()
	timeout := time.After(Patience)
	for strings.Count(l.String(), text) < n {
		select {
		case <-l.written:
		case <-timeout:
			t.Fatalf("%q was not written %d times, only this:\n%s", text, n, l)
		}
	}
}

// String returns all that was written.
func (l *Logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// CaptureStdout returns what f prints.
func CaptureStdout(t *testing.T, f func()) string {
	t.Helper()
	return Capture(t, &os.Stdout, f)
}

// Capture returns what f writes to a variable such as os.Stderr.
func Capture(t *testing.T, file **os.File, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	saved := *file
	*file = w
	output := make(chan string)
	go func() {
		all, _ := io.ReadAll(r) // of a pipe: nothing to fail but the test
		output <- string(all)
	}()
	f()
	*file = saved
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return <-output
}
