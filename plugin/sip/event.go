package sip

import (
	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Event is an answer or an event of the SIP plugin: a pointer to one of the
// structs of this package that embed Meta, or *plugin.Failure or
// *plugin.Unknown.
type Event = plugin.Event

// Registered is sent when the account is registered, and again for each
// refresh of the registration. It is also the answer to Register for guests and
// to RegisterHelper.
type Registered struct {
	Meta
	Username     string  `json:"username"`            // user of the account: alice
	RegisterSent bool    `json:"register_sent"`       // false for guests and helpers
	MasterID     uint32  `json:"master_id,omitempty"` // for RegisterHelper
	Helper       bool    `json:"helper,omitempty"`
	UniqueID     string  `json:"unique_id,omitempty"` // of the handle in the plugin; since 1.4.0
	Headers      Headers `json:"headers,omitempty"`
}

// Unregistered is sent when the registration has ended after Unregister.
type Unregistered struct {
	Meta
	Username string  `json:"username"`
	UniqueID string  `json:"unique_id,omitempty"` // of the handle in the plugin; since 1.4.0
	Headers  Headers `json:"headers,omitempty"`
}

// RegistrationFailed is sent when the registrar refuses the account or cannot be
// reached.
type RegistrationFailed struct {
	Meta
	Code    int     `json:"code"` // SIP status
	Reason  string  `json:"reason"`
	Headers Headers `json:"headers,omitempty"`
}

// Proceeding is sent when a call has got a provisional response. Ringing or
// Progressing may precede or follow it.
type Proceeding struct {
	Meta
	Code int `json:"code"` // SIP status, 100 to 199
}

// Ringing is sent when the callee's phone rings.
type Ringing struct {
	Meta
	Headers Headers `json:"headers,omitempty"`
}

// Progressing is sent when the callee sends media before it has accepted the
// call. JSEP is the SDP answer. It is the event progress of the plugin.
type Progressing struct {
	Meta
	Username string  `json:"username,omitempty"` // SIP URI of the callee
	IsFocus  bool    `json:"isfocus,omitempty"`  // the callee is a conference
	Headers  Headers `json:"headers,omitempty"`
}

// Accepted is sent when the callee has accepted the call, or an Update with an
// offer. JSEP is the SDP answer; it is nil if Progressing had the answer already.
// It is also the answer to Accept, without Username and JSEP.
type Accepted struct {
	Meta
	Username string  `json:"username,omitempty"` // SIP URI of the callee
	IsFocus  bool    `json:"isfocus,omitempty"`  // the callee is a conference
	Headers  Headers `json:"headers,omitempty"`
}

// HungUp is sent when a call has ended: it was hung up, declined or canceled, or
// it failed. It is the event hangup of the plugin.
type HungUp struct {
	Meta
	Code                 int     `json:"code"` // SIP status
	Reason               string  `json:"reason"`
	ReasonHeader         string  `json:"reason_header,omitempty"`          // text of the Reason header
	ReasonHeaderProtocol string  `json:"reason_header_protocol,omitempty"` // SIP, Q.850 and the like
	ReasonHeaderCause    string  `json:"reason_header_cause,omitempty"`
	Headers              Headers `json:"headers,omitempty"` // of the BYE or of the response; since 1.3.3
}

// HangingUp is the answer to Hangup. It is also sent when Janus hangs up because
// the PeerConnection is closed.
type HangingUp struct{ Meta }

// MissedCall is sent for an incoming call that Janus has refused as busy.
type MissedCall struct {
	Meta
	Caller      string `json:"caller"` // SIP URI
	DisplayName string `json:"displayname,omitempty"`
	Callee      string `json:"callee"` // SIP URI
}

// IncomingCall is sent when somebody calls. Use Accept or Decline. JSEP is the SDP
// offer; it is nil if the caller wants one from Accept.
type IncomingCall struct {
	Meta
	Username    string  `json:"username"`              // SIP URI of the caller
	DisplayName string  `json:"displayname,omitempty"` // of the caller
	Callee      string  `json:"callee"`                // SIP URI that was called
	ReferredBy  string  `json:"referred_by,omitempty"` // SIP URI that asked the caller to call
	Replaces    string  `json:"replaces,omitempty"`    // Call-ID of the call that this one is to replace
	IsFocus     bool    `json:"isfocus,omitempty"`     // the caller is a conference
	SRTP        SRTP    `json:"srtp,omitempty"`
	Headers     Headers `json:"headers,omitempty"`
}

// UpdatingCall is sent when the peer changes a call whose AutoacceptReinvites is
// false. Use Update. JSEP is the SDP offer; it is nil if the peer wants one from
// Update.
type UpdatingCall struct {
	Meta
	Username    string  `json:"username"`              // SIP URI of the caller
	DisplayName string  `json:"displayname,omitempty"` // of the caller
	Callee      string  `json:"callee"`                // SIP URI that was called
	ReferredBy  string  `json:"referred_by,omitempty"` // SIP URI that asked the caller to call
	Replaces    string  `json:"replaces,omitempty"`    // Call-ID of the call that this one is to replace
	IsFocus     bool    `json:"isfocus,omitempty"`     // the peer is a conference
	SRTP        SRTP    `json:"srtp,omitempty"`
	Headers     Headers `json:"headers,omitempty"`
}

// TransferRequested is sent when the peer asks to call somebody else. To follow
// it, use Call with ReferID and ReferTo, on this handle or another; to refuse,
// use Decline with ReferID. It is the event transfer of the plugin.
type TransferRequested struct {
	Meta
	ReferID    uint32  `json:"refer_id"`
	ReferTo    string  `json:"refer_to"`              // SIP URI to call
	ReferredBy string  `json:"referred_by,omitempty"` // SIP URI
	Replaces   string  `json:"replaces,omitempty"`    // Call-ID of the call to replace, for an attended transfer
	Headers    Headers `json:"headers,omitempty"`
}

// InfoReceived is sent when a SIP INFO arrives. It is the event info of the
// plugin.
type InfoReceived struct {
	Meta
	Sender      string  `json:"sender"` // SIP URI
	DisplayName string  `json:"displayname,omitempty"`
	Type        string  `json:"type"` // content type
	Content     string  `json:"content"`
	Headers     Headers `json:"headers,omitempty"`
}

// MessageReceived is sent when a SIP MESSAGE arrives. CallID is that of the
// handle's call, if there is one. It is the event message of the plugin.
type MessageReceived struct {
	Meta
	Sender      string  `json:"sender"` // SIP URI
	DisplayName string  `json:"displayname,omitempty"`
	ContentType string  `json:"content_type"`
	Content     string  `json:"content"`
	Headers     Headers `json:"headers,omitempty"`
}

// MessageDelivery is sent when a SIP MESSAGE was answered. CallID is that of
// MessageSent.
type MessageDelivery struct {
	Meta
	Code   int    `json:"code"` // SIP status; 200 and 202: delivered
	Reason string `json:"reason"`
}

// Notify is sent when a notification of a subscription or of a transfer
// arrives.
type Notify struct {
	Meta
	Notify      string  `json:"notify,omitempty"`       // event package
	Substate    string  `json:"substate,omitempty"`     // of the subscription: pending, active, terminated and the like
	ContentType string  `json:"content-type,omitempty"` // message/sipfrag for transfers
	Content     string  `json:"content"`
	Headers     Headers `json:"headers,omitempty"`
}

// SubscribeSucceeded is sent when a SUBSCRIBE was accepted.
type SubscribeSucceeded struct {
	Meta
	Code    int     `json:"code"` // SIP status, 200 or 202
	Reason  string  `json:"reason"`
	Expires *int    `json:"expires,omitempty"` // lifetime of the subscription, seconds; nil if the peer does not say
	Headers Headers `json:"headers,omitempty"`
}

// SubscribeFailed is sent when a SUBSCRIBE was refused.
type SubscribeFailed struct {
	Meta
	Code    int     `json:"code"` // SIP status
	Reason  string  `json:"reason"`
	Headers Headers `json:"headers,omitempty"`
}

// DTMF is sent when the SIP peer has sent a DTMF tone as an RTP event (RFC 2833).
// Tones that are sent as a SIP INFO are InfoReceived events. Since 1.2.1.
type DTMF struct {
	Meta
	Sender   string `json:"sender"`   // SIP URI
	Signal   string `json:"signal"`   // 0 to 9, *, #, A to D
	Duration int    `json:"duration"` // in units of the RTP clock, usually 8 per ms
}

// Parse makes an event of a message from Handle.Events. It returns false if msg
// is not from the SIP plugin.
func Parse(msg any) (Event, bool) { return plug.ParseWith(msg, Name, kind, decode) }

// decode decodes the result of msg into event. Janus has some members in the
// result, beside it, or in both.
func decode(msg *janus.EventMsg, event plugin.Event) error {
	if err := plug.DecodeResult(msg, event); err != nil {
		return err
	}
	setDefault(&event.(interface{ sipMeta() *Meta }).sipMeta().CallID, plug.Text(msg, "call_id"))
	switch event := event.(type) {
	case *Registered:
		setDefault(&event.UniqueID, plug.Text(msg, "unique_id"))
	case *Unregistered:
		setDefault(&event.UniqueID, plug.Text(msg, "unique_id"))
	}
	return nil
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// kind returns an empty event of the kind that msg is, or nil if it is not
// known.
func kind(msg *janus.EventMsg) plugin.Event {
	name := plug.ResultEvent(msg)
	if event := eventKind(name); event != nil {
		return event
	}
	if event := answerKind(name); event != nil {
		return event
	}
	if plug.Text(msg, "sip") == "event" && !plug.Has(msg, "result") {
		return new(RingingSent)
	}
	return nil
}

// eventKind returns an empty event of a kind that Janus sends without being
// asked.
func eventKind(name string) plugin.Event {
	switch name {
	case "registered":
		return new(Registered)
	case "unregistered":
		return new(Unregistered)
	case "registration_failed":
		return new(RegistrationFailed)
	case "proceeding":
		return new(Proceeding)
	case "ringing":
		return new(Ringing)
	case "progress":
		return new(Progressing)
	case "accepted":
		return new(Accepted)
	case "hangup":
		return new(HungUp)
	case "hangingup":
		return new(HangingUp)
	case "missed_call":
		return new(MissedCall)
	case "incomingcall":
		return new(IncomingCall)
	case "updatingcall":
		return new(UpdatingCall)
	case "transfer":
		return new(TransferRequested)
	case "info":
		return new(InfoReceived)
	case "message":
		return new(MessageReceived)
	case "messagedelivery":
		return new(MessageDelivery)
	case "notify":
		return new(Notify)
	case "subscribe_succeeded":
		return new(SubscribeSucceeded)
	case "subscribe_failed":
		return new(SubscribeFailed)
	case "dtmf":
		return new(DTMF)
	}
	return nil
}
