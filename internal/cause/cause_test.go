package cause_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/cause"
)

// The error matches that of the context and its cause, and says each once.
func TestOf(t *testing.T) {
	reason := errors.New("the user has left")
	late := fmt.Errorf("nothing within a second: %w", context.DeadlineExceeded)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	left, leave := context.WithCancelCause(t.Context())
	leave(reason)
	expired, free := context.WithDeadlineCause(t.Context(), time.Now(), late)
	defer free()
	for want, test := range map[string]struct {
		ctx context.Context
		is  []error
	}{
		"context canceled":                                   {canceled, []error{context.Canceled}},
		"context canceled: the user has left":                {left, []error{context.Canceled, reason}},
		"nothing within a second: context deadline exceeded": {expired, []error{context.DeadlineExceeded, late}},
	} {
		err := cause.Of(test.ctx)
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		for _, target := range test.is {
			if !errors.Is(err, target) {
				t.Errorf("%q does not match %q", err, target)
			}
		}
	}
}
