// Package lifecycle holds no code, only tests: how connections, sessions and
// handles end, what state they are in, and what the errors of calls say then.
package lifecycle
