package sip

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// SRTP says whether the media between Janus and the SIP peer are encrypted, with
// keys that are exchanged in the SDP (SDES).
type SRTP string

// The values of SRTP. The zero value is no encryption, except that Accept
// follows the caller.
const (
	SDESOptional  SRTP = "sdes_optional"
	SDESMandatory SRTP = "sdes_mandatory"
)

// SRTPProfile is a cipher suite of SRTP.
type SRTPProfile string

// The values of SRTPProfile.
const (
	AES128SHA1_32 SRTPProfile = "AES_CM_128_HMAC_SHA1_32"
	AES128SHA1_80 SRTPProfile = "AES_CM_128_HMAC_SHA1_80" // the default
	AEADAES128GCM SRTPProfile = "AEAD_AES_128_GCM"
	AEADAES256GCM SRTPProfile = "AEAD_AES_256_GCM"
)

// Call is the request of Client.Call.
type Call struct {
	URI     string  `json:"uri"`               // SIP URI of the callee
	CallID  string  `json:"call_id,omitempty"` // SIP Call-ID; default: a random one
	Headers Headers `json:"headers,omitempty"` // for the INVITE

	SRTP        SRTP        `json:"srtp,omitempty"`
	SRTPProfile SRTPProfile `json:"srtp_profile,omitempty"`

	// AutoacceptReinvites is whether Janus answers re-INVITEs of the peer by
	// itself. If false, they are *UpdatingCall events. Default true.
	AutoacceptReinvites *bool `json:"autoaccept_reinvites,omitempty"`

	// ReferID is that of a *TransferRequested, if the call is to follow it.
	ReferID uint32 `json:"refer_id,omitempty"`

	// Secret, HA1Secret and AuthUser replace those of the registration, for
	// guests whose calls must be authenticated.
	Secret    string `json:"secret,omitempty"` // not together with HA1Secret
	HA1Secret string `json:"ha1_secret,omitempty"`
	AuthUser  string `json:"authuser,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q Call) String() string { return plug.String(q) }

// Call calls a SIP URI. jsep is the SDP offer. What becomes of the call follows
// on the handle's Events: *Proceeding, *Ringing, *Progressing, *Accepted and
// *HungUp. The SDP answer is that of *Progressing or else of *Accepted.
//
// These events have the same transaction as the answer of Janus usually, and one
// of them may overtake it, such as the *HungUp of a callee who is busy. The result then has that event in Early.
func (c *Client) Call(ctx context.Context, q Call, jsep any) (*Calling, error) {
	event, err := plug.Ask(ctx, c.caller, request("call", q, q.Extra, jsep), Parse)
	if err != nil {
		return nil, err
	}
	if calling, ok := event.(*Calling); ok {
		return calling, nil
	}
	meta := plugin.Meta{Transaction: event.EventMeta().Transaction}
	return &Calling{Meta: Meta{Meta: meta, CallID: CallID(event)}, Early: event}, nil
}

// Accept is the request of Client.Accept.
type Accept struct {
	SRTP        SRTP        `json:"srtp,omitempty"`
	SRTPProfile SRTPProfile `json:"srtp_profile,omitempty"` // if jsep is an offer; since 1.4.0
	Headers     Headers     `json:"headers,omitempty"`      // for the 200 OK

	// AutoacceptReinvites is as in Call.
	AutoacceptReinvites *bool `json:"autoaccept_reinvites,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Accept accepts an incoming call. jsep is the SDP answer, or an offer if the
// IncomingCall had none.
//
// With an answer it returns *Accepted. With an offer it returns *Accepting, and
// an *Accepted with the peer's answer follows on the handle's Events. An event
// of the call, such as that *Accepted or a *HungUp, may overtake *Accepting and
// is then returned instead, and *Accepting comes on the handle's Events.
func (c *Client) Accept(ctx context.Context, q Accept, jsep any) (Event, error) {
	return plug.Ask(ctx, c.caller, request("accept", q, q.Extra, jsep), Parse)
}

// Progress is the request of Client.Progress. Since 1.3.1.
type Progress struct {
	SRTP        SRTP        `json:"srtp,omitempty"`
	SRTPProfile SRTPProfile `json:"srtp_profile,omitempty"` // if jsep is an offer; since 1.4.0
	Headers     Headers     `json:"headers,omitempty"`      // for the 183 Session Progress

	// AutoacceptReinvites is as in Call.
	AutoacceptReinvites *bool `json:"autoaccept_reinvites,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Progress sends media to the caller before the call is accepted. jsep is as in
// Accept. It returns *Progressed; with an offer, an event of the call such as
// *HungUp may overtake it and is then returned instead. Since 1.3.1.
func (c *Client) Progress(ctx context.Context, q Progress, jsep any) (Event, error) {
	return plug.Ask(ctx, c.caller, request("progress", q, q.Extra, jsep), Parse)
}

// Update changes the media of a call, or answers an *UpdatingCall. jsep must have
// its update member true, as JSEP.Update of package janus. With an offer it
// returns *Updating, and an *Accepted with the peer's answer follows on the
// handle's Events. With an answer it returns *Updated.
func (c *Client) Update(ctx context.Context, jsep any) (Event, error) {
	return plug.Ask(ctx, c.caller, request("update", nil, nil, jsep), Parse)
}

// Decline is the request of Client.Decline.
type Decline struct {
	Code    int     `json:"code,omitempty"`     // SIP status from 400 on; default 603, before 1.2.2 486 for calls
	Headers Headers `json:"headers,omitempty"`  // for the response
	ReferID uint32  `json:"refer_id,omitempty"` // declines this *TransferRequested instead of a call

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Decline declines an incoming call or a transfer. Janus does not answer if
// there is no incoming call.
func (c *Client) Decline(ctx context.Context, q Decline) (*Declining, error) {
	return expect[Declining](ctx, c, request("decline", q, q.Extra, nil))
}

// Transfer is the request of Client.Transfer.
type Transfer struct {
	URI     string `json:"uri"`               // SIP URI that the peer is to call
	Replace string `json:"replace,omitempty"` // Call-ID of the call that the new one is to replace, for an attended transfer

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Transfer asks the peer of the call to call another SIP URI. The peer reports
// how that call comes along with *Notify events.
func (c *Client) Transfer(ctx context.Context, q Transfer) (*Transferring, error) {
	return expect[Transferring](ctx, c, request("transfer", q, q.Extra, nil))
}

// Direction is the direction of the media of a call on hold, as seen from the
// side of Janus.
type Direction string

// The values of Direction.
const (
	SendOnly Direction = "sendonly" // the default
	RecvOnly Direction = "recvonly"
	Inactive Direction = "inactive"
)

// Hold is the request of Client.Hold.
type Hold struct {
	Direction Direction `json:"direction,omitempty"`
	Headers   Headers   `json:"headers,omitempty"` // for the re-INVITE

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Hold puts the call on hold. Janus does not answer if there is no call, or if a
// change of the call is under way.
func (c *Client) Hold(ctx context.Context, q Hold) (*Holding, error) {
	return expect[Holding](ctx, c, request("hold", q, q.Extra, nil))
}

// Unhold is the request of Client.Unhold.
type Unhold struct {
	Headers Headers `json:"headers,omitempty"` // for the re-INVITE

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Unhold resumes a call on hold. Janus does not answer if there is no call, or if
// a change of the call is under way.
func (c *Client) Unhold(ctx context.Context, q Unhold) (*Resuming, error) {
	return expect[Resuming](ctx, c, request("unhold", q, q.Extra, nil))
}

// Hangup is the request of Client.Hangup.
type Hangup struct {
	Headers Headers `json:"headers,omitempty"` // for the BYE

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Hangup ends a call, also one that is not accepted yet. Use Decline for an
// incoming call. *HungUp follows on the handle's Events. Janus does not answer
// if there is no call.
func (c *Client) Hangup(ctx context.Context, q Hangup) (*HangingUp, error) {
	return expect[HangingUp](ctx, c, request("hangup", q, q.Extra, nil))
}

// SendRinging tells the caller of an incoming call that the phone rings, for
// accounts whose AutomaticRinging is false. Since 1.3.3.
func (c *Client) SendRinging(ctx context.Context) (*RingingSent, error) {
	return expect[RingingSent](ctx, c, request("send_ringing", nil, nil, nil))
}
