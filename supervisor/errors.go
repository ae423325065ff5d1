package supervisor

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
)

// ErrStopped means that Run has ended. The error also wraps the reason.
var ErrStopped = errors.New("supervisor: stopped")

// Permanent marks an error that no further attempt can mend. If up or a goroutine of
// Unit.Go returns it, Run ends with it. The result has the text of err and wraps it;
// it is nil if err is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

func isPermanent(err error) bool {
	var permanent *permanentError
	return errors.As(err, &permanent)
}

// judge marks an error with which Janus refuses the credentials as permanent.
func judge(err error) error {
	if errors.Is(err, janus.ErrorUnauthorized) && !isPermanent(err) {
		return Permanent(err)
	}
	return err
}

// judgeDial marks a refusal of the credentials in the handshake as permanent.
func judgeDial(err error) error {
	var answer *socket.StatusError
	if errors.As(err, &answer) && (answer.Code == http.StatusUnauthorized || answer.Code == http.StatusForbidden) {
		return Permanent(err)
	}
	return err
}

// endedError is the cause of a context that ended with its unit. It does not wrap the
// reason: that may match janus.ErrNotSent, which is not true of a call that was cut
// off by the end of the unit.
type endedError struct{ reason string }

func (e *endedError) Error() string { return "the unit has ended: " + e.reason }

func ended(why error) error { return &endedError{why.Error()} }

// guard calls a function of the application. A panic is logged, and is its error.
func guard(log *safelog.Logger, name string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Log(slog.LevelError, "supervisor: panic", "in", name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic in %s: %v", name, p)
		}
	}()
	return f()
}
