// Package tracetest holds no code, only tests: what the hooks of a Trace are
// called with, and that they harm nothing.
package tracetest
