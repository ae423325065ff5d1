// Package conntest holds no code, only tests: how a connection is made, with
// which options, and how one is noticed that is of no use.
package conntest
