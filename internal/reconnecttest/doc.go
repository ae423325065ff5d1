// Package reconnecttest holds no code, only tests: how sessions outlive their
// connection, and what calls do meanwhile.
package reconnecttest
