// Package janustest provides a stand-in Janus WebRTC server for tests, in the
// manner of net/http/httptest.
//
// NewServer starts a server on a free port of the loopback interface. It
// answers the Janus API over websocket as a real Janus does: sessions, handles,
// keepalives, claims, errors with Janus's codes and texts, authentication, and
// the plugins janus.plugin.echotest and janus.plugin.videoroom. There is no
// media: an SDP offer gets a plausible answer, and nothing is ever connected,
// so webrtcup, media, slowlink and trickle do not come unless a test sends them
// with Send.
//
// An application that talks to a plugin of its own registers a script for it
// with Handle. Intercept sees every request first, and can withhold, double or
// forge the answer. Notify, Send, Broadcast, Detach, Timeout and Destroy make
// the server act without being asked. Cut, Disconnect, Stall, Corrupt and Refuse
// are the ways in which a connection fails.
//
// The server differs from a real Janus in three ways that make tests simpler:
// the event that answers a request always follows its ack, whereas a real Janus
// may send the event first; there is no VideoRoom configuration file, so
// permanent rooms are not kept; and sessions expire to the millisecond, where
// Janus looks every other second. A test that wants the events first can have
// them so with a scripted Plugin that calls Event and then Ack.
//
// Every method of Server and Request may be called from any goroutine, unless
// its comment says otherwise.
package janustest
