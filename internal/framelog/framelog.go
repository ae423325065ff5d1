// Package framelog logs and prints frames with secrets masked.
package framelog

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/wire"
)

// excerpt is how many bytes of a frame are logged.
const excerpt = 4 << 10

// Logger writes frames to a log, and to stdout as indented JSON. All methods may be
// called concurrently.
type Logger struct {
	// Lost, if not nil, is called by UndeliveredEvent. Set it before the first use.
	Lost func(f *wire.Frame, msg interface{})

	log   *safelog.Logger
	print atomic.Bool
}

// New returns a Logger that logs to log.
func New(log *safelog.Logger) *Logger { return &Logger{log: log} }

// SetPrint sets whether frames are printed to stdout as well.
func (l *Logger) SetPrint(print bool) {
	if print != l.print.Load() {
		l.print.Store(print)
	}
}

// Enabled reports whether Frame does anything, for callers that have to prepare a
// frame for it.
func (l *Logger) Enabled() bool { return l.log.Enabled(slog.LevelDebug) || l.print.Load() }

// Frame logs a frame at level Debug and, if wanted, prints it to stdout.
func (l *Logger) Frame(direction string, frame []byte) {
	if l.log.Enabled(slog.LevelDebug) {
		l.log.Log(slog.LevelDebug, "janus: "+direction, "frame", string(wire.Excerpt(frame, excerpt)))
	}
	if l.print.Load() {
		masked := wire.Mask(frame)
		var text bytes.Buffer
		text.WriteString(direction + " ")
		if json.Indent(&text, masked, "", "  ") != nil {
			text.Write(masked)
		}
		text.WriteByte('\n')
		_, _ = text.WriteTo(os.Stdout) // a debugging aid: the error can be reported to nobody
	}
}

// UndeliveredEvent reports a message that belongs to no channel, and logs the
// frame that it was made of.
func (l *Logger) UndeliveredEvent(level slog.Level, f *wire.Frame, frame []byte, msg interface{}) {
	if l.Lost != nil {
		l.Lost(f, msg)
	}
	l.Undelivered(level, f, frame)
}

// Undelivered logs a frame that belongs to no channel.
func (l *Logger) Undelivered(level slog.Level, f *wire.Frame, frame []byte) {
	if l.log.Enabled(level) {
		l.log.Log(level, "janus: message for nobody",
			"type", f.Janus, "session", f.Session, "handle", f.Sender, "frame", string(wire.Excerpt(frame, excerpt)))
	}
}
