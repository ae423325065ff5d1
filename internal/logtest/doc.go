// Package logtest holds no code, only tests: what is logged, and what a logger
// can do to the client.
package logtest
