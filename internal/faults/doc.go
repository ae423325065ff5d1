// Package faults holds no code, only tests: they break what the client stands
// on (the network, the server, the frames, the caller's own functions) and
// check what every call, channel, map and goroutine and the heap then do.
//
// go test runs each fault in a short form. JANUS_FAULTS=full runs the long one:
// a cut after every single byte, a million requests and as many events, 10,000
// sessions, 100 reconnects under load. Tests that need the real Janus are
// skipped where it is not installed; JANUS_TEST=require makes that a failure.
//
// The TCP proxy is written here rather than taken from a library such as
// Shopify's toxiproxy: a cut must come after exactly the k-th byte, as FIN or
// as reset, a direction must be able to fall silent alone, and the bytes that
// went through are compared with what the client delivered. That is a page of
// code, and the module stays free of a dependency that brings a server, its
// metrics and an HTTP API.
//
// Tests await events: they sleep only where a random moment, a slow or a late
// reader is what is tested, and where nothing happens within patience they say
// what hangs. The deadlines that are promised in milliseconds are
// measured and printed, and asserted with slack, since a busy machine must not
// fail a test.
package faults
