package sip

import "github.com/cameronelliott/janus-go/plugin"

// Registering is the answer to Register if a REGISTER was sent.
type Registering struct {
	Meta
	UniqueID string `json:"unique_id,omitempty"` // of the handle in the plugin; since 1.4.0
}

// Unregistering is the answer to Unregister.
type Unregistering struct{ Meta }

// Subscribing is the answer to Subscribe. CallID is that of the request, if it
// had one.
type Subscribing struct{ Meta }

// Unsubscribing is the answer to Unsubscribe.
type Unsubscribing struct{ Meta }

// Calling is the answer to Call.
type Calling struct {
	Meta

	// Early is an event of the call that overtook the answer, such as *Proceeding
	// or *HungUp. It is nil usually. If it is not, handle it as if it came from
	// Handle.Events, which gets the answer of Janus instead. Raw is then nil.
	Early Event `json:"-"`
}

// Accepting is the answer to Accept with an offer. The answer to Accept with an
// answer is Accepted.
type Accepting struct{ Meta }

// Progressed is the answer to Progress. Since 1.3.1.
type Progressed struct{ Meta }

// Updating is the answer to Update with an offer.
type Updating struct{ Meta }

// Updated is the answer to Update with an answer.
type Updated struct{ Meta }

// Declining is the answer to Decline. CallID is empty if the call has ended
// before Janus answers.
type Declining struct {
	Meta
	Code    int    `json:"code"`               // SIP status that was sent
	ReferID uint32 `json:"refer_id,omitempty"` // of the transfer that was declined
}

// Transferring is the answer to Transfer.
type Transferring struct{ Meta }

// Holding is the answer to Hold.
type Holding struct{ Meta }

// Resuming is the answer to Unhold.
type Resuming struct{ Meta }

// RingingSent is the answer to SendRinging. Since 1.3.3.
type RingingSent struct{ Meta }

// RecordingUpdated is the answer to Recording.
type RecordingUpdated struct{ Meta }

// InfoSent is the answer to Info.
type InfoSent struct{ Meta }

// MessageSent is the answer to Message. CallID is that of the MESSAGE.
type MessageSent struct{ Meta }

// DTMFSent is the answer to DTMFInfo.
type DTMFSent struct{ Meta }

// KeyframeSent is the answer to Keyframe. Since 1.3.1.
type KeyframeSent struct{ Meta }

// RTPForwarding is the answer to RTPForward. Since 1.4.0.
type RTPForwarding struct {
	Meta
	Forwarders []Forwarder `json:"forwarders"` // those that were made
}

// RTPForwardStopped is the answer to StopRTPForward. Since 1.4.0.
type RTPForwardStopped struct {
	Meta
	StreamID uint32 `json:"stream_id"`
}

// Forwarders is the answer to ListForwarders. Since 1.4.0.
type Forwarders struct {
	Meta
	Forwarders []Forwarder `json:"rtp_forwarders"`
}

// Forwarder is a stream of a call that is forwarded. Since 1.4.0.
type Forwarder struct {
	StreamID uint32     `json:"stream_id"` // of the forwarder, for StopRTPForward
	Type     StreamType `json:"type,omitempty"`
	Host     string     `json:"host"` // address
	Port     int        `json:"port"`
	Media    string     `json:"media"`          // audio or video
	PT       int        `json:"pt,omitempty"`   // payload type; 0: that of the stream
	SSRC     uint32     `json:"ssrc,omitempty"` // 0: that of the stream
	SRTP     bool       `json:"srtp,omitempty"` // encrypted
}

// Reset is the answer to Client.Reset.
type Reset struct{ Meta }

// answerKind returns an empty event of a kind that answers a request.
// Registered, Accepted and HangingUp are among those of eventKind.
func answerKind(name string) plugin.Event {
	switch name {
	case "registering":
		return new(Registering)
	case "unregistering":
		return new(Unregistering)
	case "subscribing":
		return new(Subscribing)
	case "unsubscribing":
		return new(Unsubscribing)
	case "calling":
		return new(Calling)
	case "accepting":
		return new(Accepting)
	case "progressed":
		return new(Progressed)
	case "updating":
		return new(Updating)
	case "updated":
		return new(Updated)
	case "declining":
		return new(Declining)
	case "transferring":
		return new(Transferring)
	case "holding":
		return new(Holding)
	case "resuming":
		return new(Resuming)
	case "recordingupdated":
		return new(RecordingUpdated)
	case "infosent":
		return new(InfoSent)
	case "messagesent":
		return new(MessageSent)
	case "dtmfsent":
		return new(DTMFSent)
	case "keyframesent":
		return new(KeyframeSent)
	case "rtp_forward":
		return new(RTPForwarding)
	case "stop_rtp_forward":
		return new(RTPForwardStopped)
	case "forwarders":
		return new(Forwarders)
	case "reset":
		return new(Reset)
	}
	return nil
}
