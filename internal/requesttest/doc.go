// Package requesttest holds no code, only tests: what requests look like on the
// wire, how their replies are taken, and what contexts and deadlines do to them.
package requesttest
