package supervisor

// Handles returns how many handles a unit watches.
func Handles(u *Unit) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.handles)
}

// WithDefaults returns the options that New uses.
func WithDefaults(o *Options) Options { return o.withDefaults() }
