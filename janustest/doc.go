// Package janustest provides a stand-in Janus WebRTC server for tests, in the
// manner of net/http/httptest.
//
// NewServer starts a server on a free port of the loopback interface. It answers
// the Janus API over websocket as a real Janus does: sessions, handles,
// keepalives, claims, errors with Janus's codes and texts, API secrets, stored
// and signed tokens, and the plugins janus.plugin.echotest and
// janus.plugin.videoroom with all of its requests. There is no media. The server
// answers an SDP offer with a plausible answer, but no PeerConnection comes up,
// so it never sends webrtcup, media, slowlink or trickle by itself. A test can
// send them with Send.
//
// For any other plugin, register a script with Handle. Script answers requests
// by their name and is all that most tests of AudioBridge, Streaming and the
// other plugins need:
//
//	server.Handle("janus.plugin.audiobridge", janustest.Script{
//		"create": janustest.Success(map[string]any{"audiobridge": "created", "room": 5}),
//		"join":   janustest.Event(map[string]any{"audiobridge": "joined", "room": 5}, nil),
//	})
//
// The server has an Admin API too, over websocket and HTTP: see AdminURL. What it
// does to sessions, handles, tokens and rooms has an effect on the Janus API.
//
// Tests of failures have the following means:
//
//   - Intercept sees every request before the server does. It can drop it, answer
//     it late, twice or wrongly. A claim that is never answered, a reply for
//     another session and an error without a session are made with it.
//   - Notify, Send, Broadcast, Detach, Timeout and Destroy make the server act
//     without being asked.
//   - Cut, CutSession, Disconnect, Stall, Corrupt, Refuse and Restart make
//     connections fail. Stall also delays the pongs that answer pings.
//   - AdminURL and AdminHTTPURL are an Admin API, which acts on the same sessions,
//     handles, tokens and rooms.
//   - EventPoster and EventSocket send events to a receiver, such as that of package
//     eventhandler, as Janus's event handlers sampleevh and wsevh do.
//   - Connections, Handshakes, Sessions, Handles and Requests report what has
//     happened so far.
//
// The server behaves as Janus 1.1.2 or 1.4.2, see Server.Version. Where a request
// knows more fields in the newer version, it checks them in both. These
// differences to a real Janus make tests simpler:
//
//   - The event that answers a request always follows its ack. A real Janus may
//     send the event first, as a Plugin can that calls Event and then Ack.
//   - A VideoRoom publisher is announced when it has sent its offer. A real Janus
//     waits for the PeerConnection.
//   - The VideoRoom has no configuration file, so rooms cannot be permanent. It
//     has no dummy publishers, forwards nothing, and resolves no host names but
//     localhost.
//   - Sessions expire to the millisecond. A real Janus checks every two seconds.
//
// Methods of Server and Request may be called concurrently, unless their comment
// says otherwise.
package janustest
