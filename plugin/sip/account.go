package sip

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
)

// Headers are SIP header fields by name. Janus ignores those with a line break.
type Headers = map[string]string

// RegisterType is the type of a registration.
type RegisterType string

// TypeGuest is an account that is not registered at any server. It can call and
// send messages, and can be called at the address and port of Janus's SIP stack.
const TypeGuest RegisterType = "guest"

// Register is the request of Client.Register.
type Register struct {
	Username string `json:"username"` // SIP URI of the account: sip:alice@example.com

	Type         RegisterType `json:"type,omitempty"`          // TypeGuest; empty: register at a server
	SendRegister *bool        `json:"send_register,omitempty"` // false: do not register at a server; default true; leave it out with TypeGuest

	// Secret is the password, HA1Secret the MD5 of user:realm:password. One of
	// them is mandatory except for guests.
	Secret    string `json:"secret,omitempty"`
	HA1Secret string `json:"ha1_secret,omitempty"`

	AuthUser    string `json:"authuser,omitempty"`     // user for the authentication; default: the one of Username
	DisplayName string `json:"display_name,omitempty"` // name shown to those who are called
	UserAgent   string `json:"user_agent,omitempty"`   // default: the one of Janus's configuration

	Proxy         string `json:"proxy,omitempty"`          // SIP URI of the registrar; default: the host of Username
	OutboundProxy string `json:"outbound_proxy,omitempty"` // SIP URI of the proxy for all requests
	RegisterTTL   int    `json:"register_ttl,omitempty"`   // lifetime of the registration, seconds; default: Janus's configuration, usually 3600

	ForceUDP      bool `json:"force_udp,omitempty"`      // the default; not together with ForceTCP
	ForceTCP      bool `json:"force_tcp,omitempty"`      // use TCP instead of UDP
	SIPS          bool `json:"sips,omitempty"`           // allow SIP over TLS as well
	RFC2543Cancel bool `json:"rfc2543_cancel,omitempty"` // cancel calls as RFC 2543 demands, before any response

	AutomaticRinging *bool `json:"automatic_ringing,omitempty"` // false: incoming calls ring only with SendRinging; default true; since 1.3.3

	Headers       Headers           `json:"headers,omitempty"`        // for the REGISTER
	ContactParams map[string]string `json:"contact_params,omitempty"` // parameters of the Contact URI

	// IncomingHeaderPrefixes chooses the headers of received SIP messages that
	// are in the Headers of events: those whose name starts with one of them,
	// such as "X-". Only headers that the SIP stack does not know are considered.
	IncomingHeaderPrefixes []string `json:"incoming_header_prefixes,omitempty"`

	Refresh bool `json:"refresh,omitempty"` // replace the registration of this handle

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q Register) String() string { return plug.String(q) }

// Register sets up the account of the handle. It returns *Registering, and
// *Registered or *RegistrationFailed follows on the handle's Events. For a guest,
// or if SendRegister is false, it returns *Registered.
//
// Use RegisterHelper for helpers.
func (c *Client) Register(ctx context.Context, q Register) (Event, error) {
	return plug.Ask(ctx, c.caller, request("register", q, q.Extra, nil), Parse)
}

// RegisterHelper is the request of Client.RegisterHelper.
type RegisterHelper struct {
	MasterID uint32 `json:"master_id"` // Registered.MasterID of the account
	Username string `json:"username"`  // not used, but Janus demands that it is there

	// IncomingHeaderPrefixes is as in Register. Default: those of the account.
	IncomingHeaderPrefixes []string `json:"incoming_header_prefixes,omitempty"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// RegisterHelper makes the handle a helper of an account that another handle has
// registered. It is the register request with the type helper. A helper has one
// more call of that account: it can call, and takes an incoming call if the
// account and the helpers before it have a call already. Janus detaches the
// helpers when the account is unregistered.
func (c *Client) RegisterHelper(ctx context.Context, q RegisterHelper) (*Registered, error) {
	fields := struct {
		Type string `json:"type"`
		RegisterHelper
	}{"helper", q}
	return expect[Registered](ctx, c, request("register", fields, q.Extra, nil))
}

// Unregister ends the registration. *Unregistered follows on the handle's
// Events. A helper leaves its account, without an event. Guests cannot be
// unregistered: Janus answers ErrorWrongState.
func (c *Client) Unregister(ctx context.Context) (*Unregistering, error) {
	return expect[Unregistering](ctx, c, request("unregister", nil, nil, nil))
}

// Subscribe is the request of Client.Subscribe.
type Subscribe struct {
	Event        string  `json:"event"`                   // event package: presence, message-summary and the like
	To           string  `json:"to,omitempty"`            // SIP URI; default: the account
	Accept       string  `json:"accept,omitempty"`        // content types of the notifications
	SubscribeTTL int     `json:"subscribe_ttl,omitempty"` // seconds; default 3600
	CallID       string  `json:"call_id,omitempty"`       // default: a random one
	Headers      Headers `json:"headers,omitempty"`
	ContentType  string  `json:"content_type,omitempty"` // of Content; since 1.4.0
	Content      string  `json:"content,omitempty"`      // body of the SUBSCRIBE; since 1.4.0

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// Subscribe subscribes to an event package. *SubscribeSucceeded or
// *SubscribeFailed follows on the handle's Events, and then a *Notify for each
// notification.
func (c *Client) Subscribe(ctx context.Context, q Subscribe) (*Subscribing, error) {
	return expect[Subscribing](ctx, c, request("subscribe", q, q.Extra, nil))
}

// Unsubscribe is the request of Client.Unsubscribe. Janus accepts all fields of
// Subscribe, but uses only Event and To.
type Unsubscribe Subscribe

// Unsubscribe ends the subscription to an event package. *SubscribeSucceeded
// follows on the handle's Events.
func (c *Client) Unsubscribe(ctx context.Context, q Unsubscribe) (*Unsubscribing, error) {
	return expect[Unsubscribing](ctx, c, request("unsubscribe", q, q.Extra, nil))
}

// Reset makes an account without a call accept calls again, if Janus wrongly
// believes that it has one and reports incoming calls as *MissedCall. It does
// nothing during a call. Janus's manual does not mention it.
func (c *Client) Reset(ctx context.Context) (*Reset, error) {
	return expect[Reset](ctx, c, request("reset", nil, nil, nil))
}
