// Package rtc is what the example programs share: a PeerConnection of Pion whose
// other end is a plugin of Janus, and the frame of a program.
package rtc
