// Package cause tells why a context has ended.
package cause

import (
	"context"
	"errors"
	"fmt"
)

// Of returns why ctx has ended. The error matches ctx.Err() and the cause of ctx.
func Of(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
