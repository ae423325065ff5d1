// Package eventhandler receives and decodes the events that the event handlers of
// Janus send: sessions and handles that come and go, SDPs, ICE, DTLS, media
// statistics, events of plugins and transports.
//
// New makes an http.Handler for the handlers sampleevh, which posts events, and
// wsevh, which sends them over a websocket. Both may use the same path. Parse
// decodes events that arrive in any other way.
//
//	handler := eventhandler.New(func(ctx context.Context, events []eventhandler.Event) error {
//		for _, event := range events {
//			switch body := event.Body.(type) {
//			case *eventhandler.SessionEvent:
//				log.Println(event.Timestamp, event.Session, body.Change)
//			case *eventhandler.MediaStats:
//				…
//			}
//		}
//		return nil
//	}, &eventhandler.Options{User: "janus", Password: "SECRET", Token: "SECRET"})
//	http.Handle("/events", handler)
//
// # Setting up Janus
//
// Event handlers need broadcast = true in the section events of janus.jcfg, and
// server_name in its section general, which becomes Event.Emitter. The name should
// be different for each server: the Handler keeps the order of events, and drops
// repeated ones, by emitter.
//
// Use one of the two handlers, not both, or each event arrives twice. In the
// configuration of either, events selects the types: "all", or names as those of
// Type.String, separated by commas. Without that line, nothing is sent.
//
// # Setting up sampleevh
//
// This handler can authenticate itself, and repeats batches that were refused.
// janus.eventhandler.sampleevh.jcfg:
//
//	general: {
//		enabled = true
//		events = "all"
//		grouping = true
//		json = "compact"
//		compress = false
//		backend = "http://127.0.0.1:8080/events"
//		backend_user = "janus"
//		backend_pwd = "SECRET"
//		max_retransmissions = 10
//		retransmissions_backoff = 100
//	}
//
// Use https unless Janus and the receiver share a machine: with http, others can
// read the password and the events.
//
// With grouping, Janus sends up to 100 events at once: those that are waiting. It
// does not delay events for it. Without it, each event needs a connection of its
// own.
//
// Do not compress. Janus compresses a batch into a buffer of 8,192 bytes, and a
// batch that does not fit is lost: a few SDPs are enough, and the only trace is a
// line in Janus's log. If you must, set grouping = false and exclude jsep from
// events.
//
// # Setting up wsevh
//
// This handler keeps one connection. It has no setting for a password, so the
// token is in the URL, which must not be longer than 250 bytes after the host.
// janus.eventhandler.wsevh.jcfg:
//
//	general: {
//		enabled = true
//		events = "all"
//		grouping = true
//		json = "compact"
//		backend = "ws://127.0.0.1:8080/events?token=SECRET"
//		subprotocol = "janus-event-handlers"
//	}
//
// Any subprotocol is accepted. Proxies and servers may log URLs: use wss and a
// token that serves nothing else.
//
// # What is lost, and what is repeated
//
// sampleevh does not look at the HTTP status. It takes any answer as success, and
// repeats a batch only if the connection fails or if there is no answer within 10
// seconds. The Handler therefore does not answer a batch that the take function
// refuses, but aborts the connection with http.ErrAbortHandler. Janus repeats it
// after 100 ms, 200 ms, 400 ms and so on, as often as max_retransmissions says;
// then the batch is lost, and Janus goes on with the next one. With the default of
// 5 that is after 3.1 seconds, with 10 after 102 seconds. Meanwhile events wait in
// Janus's memory, without a limit. A batch that was taken and is repeated, because
// Janus did not get the answer in time, is answered and dropped. So each batch is
// delivered once, unless Janus gives up.
//
// A proxy between Janus and the Handler must pass aborted connections on. One that
// answers 502 instead, as most do, makes Janus believe that the batch was taken.
// So does middleware that answers 500 when it recovers from http.ErrAbortHandler.
//
// The memory of the batches that were taken is bounded, and is not shared between
// processes or kept when they end. If Janus repeats a batch that was taken just
// before a restart of the receiver, it is delivered again. A take function that
// returns an error although it has kept the batch gets it again, too.
//
// Over a websocket nothing is acknowledged or repeated. If take refuses a batch, the
// Handler tries it again, with growing delays, and reads nothing meanwhile, so that
// events wait in Janus and in the buffers between. After Options.RetryFor the batch
// is lost and the connection is closed. Janus connects again after 1, 2, 4 and then
// every 8 seconds, and sends what has been waiting in its memory. Whatever it had
// written to a connection that ended, but was not read, is lost without a trace.
// If the receiver is down, nothing is lost that Janus has not written yet, unless
// events_cap_on_reconnect is set.
//
// When Janus ends, the events that it has not sent yet are lost with both
// handlers. The last one that is sent is usually *ServerShutdown.
//
// # Requests that are refused
//
// Requests without valid credentials are answered with status 401, other methods
// than POST with 405, other types of content than application/json and other
// encodings than gzip with 415, batches above Options.MaxBody or with more than
// 100,000 events with 413, and bodies that are not JSON with 400. Janus does not
// repeat these, and the batch is lost; Options.Logger receives a warning.
package eventhandler
