// Package otel makes OpenTelemetry metrics and spans of what a Gateway does, and
// metrics of what happens on Janus servers.
//
// Instrument is for the client: requests, events and the connection. A Collector
// is for servers: it takes their events, as package eventhandler receives them, and
// figures of the Admin API. The two are independent.
//
// No metric has an attribute whose number of values grows with the number of
// users: sessions and handles are attributes of spans only. The README lists all
// metrics and attributes.
package otel
