// Package faults has only tests. They break the environment of the client (the
// network, the server, the frames, the caller's own functions) and check every call,
// channel, map and goroutine, and the heap.
//
// go test runs each fault in a short form. JANUS_FAULTS=full runs the long form: a cut
// after every byte, a million requests, a million events, 10,000 sessions, 100
// reconnects under load. Tests that need a real Janus are skipped if it is not
// installed, or fail if JANUS_TEST is require.
//
// The package has a TCP proxy of its own instead of a library such as Shopify's
// toxiproxy. It can cut a connection after exactly the k-th byte, with FIN or with a
// reset, and silence one direction only, and the tests compare the bytes that passed
// through it with the events that the client delivered.
//
// Tests await events. They sleep only to test a random moment, or a slow or late
// reader. If nothing happens within patience, they report what hangs. Deadlines that
// are promised in milliseconds are measured and printed, but the assertions allow more,
// because a busy machine must not fail a test.
package faults
