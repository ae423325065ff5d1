package trace

import "context"

// Join returns a Trace that calls the hooks of first and then those of second. The
// context that a hook of first returns is passed to that of second. Either Trace
// may be nil.
func Join(first, second *Trace) *Trace {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return &Trace{
		RequestStart:   joinStart(first.RequestStart, second.RequestStart),
		RequestEnd:     joinEnd(first.RequestEnd, second.RequestEnd),
		EventDelivered: join(first.EventDelivered, second.EventDelivered),
		EventDropped:   join(first.EventDropped, second.EventDropped),
		DialStart:      joinStart(first.DialStart, second.DialStart),
		DialEnd:        joinEnd(first.DialEnd, second.DialEnd),
		StateChanged:   join(first.StateChanged, second.StateChanged),
	}
}

// join returns a function that calls both. The second is called even if the first
// panics.
func join[T any](first, second func(T)) func(T) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(v T) {
		defer second(v)
		first(v)
	}
}

func joinStart[T any](first, second func(context.Context, T) context.Context) func(context.Context, T) context.Context {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(ctx context.Context, v T) context.Context {
		next := first(ctx, v)
		if next == nil {
			next = ctx
		}
		if last := second(next, v); last != nil {
			return last
		}
		return next
	}
}

func joinEnd[T, R any](first, second func(context.Context, T, R)) func(context.Context, T, R) {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(ctx context.Context, v T, result R) {
		defer second(ctx, v, result)
		first(ctx, v, result)
	}
}
