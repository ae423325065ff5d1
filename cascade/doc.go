// Package cascade makes one room of the VideoRoom plugin out of rooms on several
// Janus servers: each publisher, wherever it is, is shown in the room on every
// server. It needs Janus 1.1.0 or newer and builds on the plugin's remote
// publishers.
//
// Add the servers to a Controller, and run it until its context ends:
//
//	controller, err := cascade.New(cascade.Options{Room: videoroom.Create{Room: plugin.Num(1234)}})
//	…
//	err = controller.AddServer(cascade.Server{Name: "fra-1", Host: "10.0.0.1", Attach: attach})
//	…
//	err = controller.Run(ctx)
//
// Run does not follow events step by step. It lists what is on all servers,
// works out what should be there, and makes the difference. It does so when a
// server tells of a change, when Wake or Notify is called, and every few seconds.
// So it recovers from restarts of a server or of itself, from events and answers
// that are lost, and from an operator's mistakes. It creates the room, with the
// same settings, where it is missing.
//
// # What is created
//
// For each publisher and each other server, the controller adds a remote
// publisher there and makes the publisher's server send its media to it. When the
// publisher adds, disables or enables streams, the remote publisher is updated.
// When it changes a codec, or stops and starts again with the same handle, the
// remote publisher is replaced. When the publisher is gone, or its server is for
// longer than Options.DeadAfter, the remote publisher is removed.
//
// Everything that the controller creates has a name of its own: with string_ids,
// ids of remote publishers begin with "cascade/" and Options.Name; otherwise they
// are numbers from 2^52 to 2^53-1 that begin with the same 18 bits. Remote
// publishers and remotizations with other names are not touched. On servers older
// than 1.3.0, which have no metadata to confirm it, one in 262,144 remote
// publishers that somebody else has added with a random numeric id is mistaken for
// one of the cascade. OriginOf says where a remote publisher really is.
//
// Several controllers of the same name do no lasting harm, but they disturb each
// other: run one at a time. The next one takes over what the last one has made.
//
// # How the controller learns the streams
//
// The lists of Janus do not have the streams of publishers. The controller
// therefore joins the room on each server as a participant that does not publish.
// The other participants see it, for instance in ListParticipants. No other
// request returns the streams of all publishers; the Admin API needs one request
// for each handle. Server.Publishers can provide the streams in another way.
//
// # Security
//
// Media is sent from server to server as RTP. Between servers that are 1.3.0 or
// newer it is encrypted, with a key of its own for each publisher and server;
// Options.SRTP and Options.Secret say more. Data channels are always sent in the
// clear. Anybody who reaches the ports of a remote publisher can send to it if it
// is not encrypted. Use private addresses: Server.Host or, if they depend on both
// servers, Options.Host.
//
// # Limits of Janus
//
//   - There is no congestion control, and lost packets are not sent again, between
//     servers.
//   - Only requests for keyframes travel back, if the packets that prepare for
//     them arrive. If they are lost, new viewers wait for the next keyframe; Janus
//     does not say so.
//   - A request for a keyframe within a second of the last one is dropped.
//   - If a publisher stops and starts again while no controller is running, or
//     while its server is out of reach, requests for keyframes do not travel back
//     either.
//   - On the other servers, the mids of a publisher are the indexes of its m-lines
//     in decimal. Data channels lose their labels, and messages beyond 1,488 bytes
//     are cut off.
//   - Streams that were added once can only be disabled. A change of the display
//     name or of the metadata is not announced, but listed.
//   - The ids of header extensions are not listed: see Options.Streams.
//   - A data channel that is added later interrupts the media of its publisher for
//     a moment, and replaces the remote publisher if the media is encrypted.
//   - Remote publishers are never marked as end-to-end encrypted. In rooms with
//     RequireE2EE nobody can subscribe to them.
//   - Servers older than 1.2.2 never release the ports of remote publishers,
//     and those older than 1.3.0 cannot switch a subscription to one.
//   - Dummy publishers are not shown on other servers.
package cascade
