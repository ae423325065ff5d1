package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/internal/wire"
)

// The transports of Janus.
const (
	TransportHTTP       = "janus.transport.http"
	TransportWebSockets = "janus.transport.websockets"
	TransportPfUnix     = "janus.transport.pfunix"
	TransportRabbitMQ   = "janus.transport.rabbitmq"
	TransportMQTT       = "janus.transport.mqtt"
	TransportNanomsg    = "janus.transport.nanomsg"
)

// The event handlers and the logger of Janus.
const (
	HandlerSample   = "janus.eventhandler.sampleevh"
	HandlerWS       = "janus.eventhandler.wsevh"
	HandlerRabbitMQ = "janus.eventhandler.rabbitmqevh"
	HandlerMQTT     = "janus.eventhandler.mqttevh"
	HandlerNanomsg  = "janus.eventhandler.nanomsgevh"
	HandlerGELF     = "janus.eventhandler.gelfevh"

	LoggerJSON = "janus.logger.jsonlog"
)

// QueryTransport sends a request to a transport and returns its answer
// (query_transport). request is anything that encoding/json marshals to an object;
// ConfigureTransport and Connections send those that Janus's transports know. An
// error of the transport is a *janus.PluginError with the transport's name.
func (c *Client) QueryTransport(ctx context.Context, transport string, request any) (json.RawMessage, error) {
	return c.query(ctx, "query_transport", "transport", transport, request)
}

// QueryEventHandler sends a request to an event handler and returns its answer
// (query_eventhandler). TweakEventHandler sends those that Janus's handlers know. An
// error of the handler is a *janus.PluginError with the handler's name.
func (c *Client) QueryEventHandler(ctx context.Context, handler string, request any) (json.RawMessage, error) {
	return c.query(ctx, "query_eventhandler", "handler", handler, request)
}

// QueryLogger sends a request to a logger and returns its answer (query_logger). An
// error of the logger is a *janus.PluginError with the logger's name. The only
// request that Janus's own logger knows is that of PingLogger.
func (c *Client) QueryLogger(ctx context.Context, logger string, request any) (json.RawMessage, error) {
	return c.query(ctx, "query_logger", "logger", logger, request)
}

// query is ask, with errors within the answer returned.
func (c *Client) query(ctx context.Context, name, member, part string, request any) (json.RawMessage, error) {
	response, err := c.ask(ctx, name, member, part, request)
	if err != nil {
		return nil, err
	}
	var failure struct {
		Code   int    `json:"error_code"`
		Reason string `json:"error"`
	}
	if err := json.Unmarshal(response, &failure); err != nil {
		return nil, fmt.Errorf("admin: %s: answer of %s not understood: %w", name, part, err)
	}
	if failure.Code != 0 {
		return nil, &janus.PluginError{Plugin: part, Code: failure.Code, Reason: failure.Reason}
	}
	return response, nil
}

// JSONFormat is how a transport writes JSON.
type JSONFormat string

// The values of JSONFormat.
const (
	JSONIndented JSONFormat = "indented" // three spaces a level
	JSONPlain    JSONFormat = "plain"    // on one line, with spaces
	JSONCompact  JSONFormat = "compact"
)

// TransportConfig is the request of ConfigureTransport.
type TransportConfig struct {
	// Events is whether the transport sends events to the event handlers. It is
	// always sent, because Janus treats a request without it as false. Set it even
	// if you only change JSON.
	Events bool `json:"events"`

	// JSON is how messages are written. Default: it is not changed.
	JSON JSONFormat `json:"json,omitempty"`

	// Logging is what libwebsockets logs, for TransportWebSockets only: "none",
	// "all", or a list of err, warn, notice, info, debug, parser, header, ext,
	// client, latency, user and count, separated by commas. Default: it is not
	// changed.
	Logging string `json:"logging,omitempty"`
}

// ConfigureTransport changes the settings of a transport until Janus is restarted.
// notes are the transport's remarks on settings that have no effect, such as Events
// while Janus has no event handlers.
func (c *Client) ConfigureTransport(ctx context.Context, transport string, config TransportConfig) (notes []string, err error) {
	response, err := c.QueryTransport(ctx, transport, struct {
		Request string `json:"request"`
		TransportConfig
	}{"configure", config})
	if err != nil {
		return nil, err
	}
	var a struct{ Notes []string }
	if err := json.Unmarshal(response, &a); err != nil {
		return nil, fmt.Errorf("admin: query_transport: answer of %s not understood: %w", transport, err)
	}
	return a.Notes, nil
}

// Connections is how many connections a transport has.
type Connections struct {
	Total int // the sum of those below, or the number if the transport has only one

	// Of TransportHTTP, including keep-alive connections that are idle.
	HTTP, HTTPS, AdminHTTP, AdminHTTPS int
	Messages                           int // requests that wait for an answer
}

// UnmarshalJSON decodes the answers of all transports.
func (n *Connections) UnmarshalJSON(b []byte) error {
	var a struct {
		Connections json.RawMessage
		Messages    int
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	*n = Connections{Messages: a.Messages}
	if !bytes.HasPrefix(a.Connections, []byte("{")) {
		return json.Unmarshal(a.Connections, &n.Total)
	}
	var by struct {
		HTTP       int `json:"http"`
		HTTPS      int `json:"https"`
		AdminHTTP  int `json:"admin_http"`
		AdminHTTPS int `json:"admin_https"`
	}
	if err := json.Unmarshal(a.Connections, &by); err != nil {
		return err
	}
	n.HTTP, n.HTTPS, n.AdminHTTP, n.AdminHTTPS = by.HTTP, by.HTTPS, by.AdminHTTP, by.AdminHTTPS
	n.Total = n.HTTP + n.HTTPS + n.AdminHTTP + n.AdminHTTPS
	return nil
}

// Connections returns how many connections a transport has. Only TransportHTTP,
// TransportWebSockets and TransportPfUnix know the request; others answer with a
// *janus.PluginError.
func (c *Client) Connections(ctx context.Context, transport string) (*Connections, error) {
	response, err := c.QueryTransport(ctx, transport, members{"request": "connections"})
	if err != nil {
		return nil, err
	}
	a := new(Connections)
	if err := json.Unmarshal(response, a); err != nil {
		return nil, fmt.Errorf("admin: query_transport: answer of %s not understood: %w", transport, err)
	}
	return a, nil
}

// PingLogger checks that a logger, such as LoggerJSON, is loaded and answers.
func (c *Client) PingLogger(ctx context.Context, logger string) error {
	_, err := c.QueryLogger(ctx, logger, members{"request": "info"})
	return err
}

// Tweak changes the settings of an event handler: a SampleTweak, WSTweak,
// RabbitMQTweak, MQTTTweak, NanomsgTweak or GELFTweak. Zero fields are not changed,
// unless a comment says otherwise.
//
// Events is a list of the types of events that are sent, separated by commas:
// sessions, handles, jsep, webrtc, media, plugins, transports and core, or all, or
// none.
type Tweak interface {
	handler() string // its name
}

// TweakEventHandler changes the settings of an event handler until Janus is
// restarted.
func (c *Client) TweakEventHandler(ctx context.Context, tweak Tweak) error {
	raw, err := json.Marshal(tweak)
	if err != nil {
		return invalid("query_eventhandler", fmt.Errorf("marshal request: %w", err))
	}
	if string(raw) == "null" {
		return invalid("query_eventhandler", errors.New("the tweak is nil"))
	}
	request := wire.AppendMembers([]byte(`{"request":"tweak"}`), raw)
	_, err = c.QueryEventHandler(ctx, tweak.handler(), json.RawMessage(request))
	return err
}

// SampleTweak are settings of the handler that sends events by HTTP.
type SampleTweak struct {
	Events             string
	Grouping           *bool  // whether events are sent in arrays
	Compress           *bool  // by gzip
	Compression        *int   // 0, none, or 1, the fastest, to 9, the best
	Backend            string // the URL that events are sent to
	BackendUser        string
	BackendPassword    string
	MaxRetransmissions *int

	// RetransmissionsBackoff is the time before the first retransmission, which
	// doubles with each. It is rounded up to whole milliseconds.
	RetransmissionsBackoff *time.Duration
}

func (SampleTweak) handler() string { return HandlerSample }

// MarshalJSON returns the members of the request.
func (t SampleTweak) MarshalJSON() ([]byte, error) {
	var backoff *int64
	if t.RetransmissionsBackoff != nil {
		n, err := units(*t.RetransmissionsBackoff, time.Millisecond, math.MaxInt32)
		if err != nil {
			return nil, err
		}
		backoff = &n
	}
	return json.Marshal(struct {
		Events             string `json:"events,omitempty"`
		Grouping           *bool  `json:"grouping,omitempty"`
		Compress           *bool  `json:"compress,omitempty"`
		Compression        *int   `json:"compression,omitempty"`
		Backend            string `json:"backend,omitempty"`
		BackendUser        string `json:"backend_user,omitempty"`
		BackendPassword    string `json:"backend_pwd,omitempty"`
		MaxRetransmissions *int   `json:"max_retransmissions,omitempty"`
		Backoff            *int64 `json:"retransmissions_backoff,omitempty"`
	}{t.Events, t.Grouping, t.Compress, t.Compression, t.Backend, t.BackendUser, t.BackendPassword, t.MaxRetransmissions, backoff})
}

// String returns the request as JSON, with the password masked, as are credentials
// and parameters in the URL.
func (t SampleTweak) String() string { return plug.String(t) }

// GoString returns the same as String.
func (t SampleTweak) GoString() string { return t.String() }

// WSTweak are settings of the handler that sends events by websocket.
type WSTweak struct {
	Events   string `json:"events,omitempty"`
	Grouping *bool  `json:"grouping,omitempty"` // whether events are sent in arrays

	// EventsCapOnReconnect is how many events are kept for a connection that is
	// lost; 0 there means all. Since 1.1.3.
	EventsCapOnReconnect *int `json:"events_cap_on_reconnect,omitempty"`
}

func (WSTweak) handler() string { return HandlerWS }

// RabbitMQTweak are settings of the handler that sends events to RabbitMQ.
type RabbitMQTweak struct {
	Events   string `json:"events,omitempty"`
	Grouping *bool  `json:"grouping,omitempty"` // whether events are sent in arrays
}

func (RabbitMQTweak) handler() string { return HandlerRabbitMQ }

// MQTTTweak are settings of the handler that sends events to an MQTT broker.
type MQTTTweak struct {
	Events string `json:"events,omitempty"`
}

func (MQTTTweak) handler() string { return HandlerMQTT }

// NanomsgTweak are settings of the handler that sends events by Nanomsg.
type NanomsgTweak struct {
	Events   string `json:"events,omitempty"`
	Grouping *bool  `json:"grouping,omitempty"` // whether events are sent in arrays
}

func (NanomsgTweak) handler() string { return HandlerNanomsg }

// GELFTweak are settings of the handler that sends events to Graylog. Backend, Port
// and Protocol are mandatory: a request without a protocol ends the whole Janus
// process, as tried with 1.1.2 and 1.4.1, so it is not sent.
type GELFTweak struct {
	Events           string `json:"events,omitempty"`
	Compress         *bool  `json:"compress,omitempty"`    // UDP only
	Compression      *int   `json:"compression,omitempty"` // 0, none, or 1, the fastest, to 9, the best
	Backend          string `json:"backend"`               // host name or IP address
	Port             int    `json:"port,string"`
	Protocol         string `json:"protocol"`                  // "tcp" or "udp"
	MaxMessageLength int    `json:"max_message_len,omitempty"` // bytes of a UDP packet
}

func (GELFTweak) handler() string { return HandlerGELF }

// MarshalJSON returns the members of the request. It fails if a mandatory field is
// not set.
func (t GELFTweak) MarshalJSON() ([]byte, error) {
	if t.Backend == "" || t.Port == 0 || t.Protocol == "" {
		return nil, errors.New("admin: GELFTweak needs Backend, Port and Protocol")
	}
	type plain GELFTweak
	return json.Marshal(plain(t))
}
