// Package eventtest holds no code, only tests: which messages come on which
// Events channel, in which order, and what happens to those that nobody reads.
package eventtest
