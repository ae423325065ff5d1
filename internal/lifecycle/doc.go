// Package lifecycle has only tests: of how connections, sessions and handles end, of
// their states, and of the errors of calls.
package lifecycle
