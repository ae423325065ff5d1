package testutil

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
)

// Logs keeps what its loggers write.
type Logs struct {
	mu   sync.Mutex
	text strings.Builder
}

// Logger returns a logger that writes to l.
func (l *Logs) Logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
}

// Write keeps p.
func (l *Logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
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
