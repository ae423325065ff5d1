// Package admin is a client for the Admin API of Janus, with which an operator
// looks into a running server and acts on it: sessions, handles and their
// PeerConnections, log and media settings, tokens, rooms of the plugins, packet
// captures, transports and event handlers.
//
//	client, err := admin.Dial(ctx, "ws://localhost:7188", &admin.Options{Secret: "janusoverlord"})
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	sessions, err := client.ListSessions(ctx)
//
// # Enabling the Admin API
//
// Janus has a port of its own for the Admin API, which is off by default. To
// enable it, set in janus.jcfg
//
//	general: {
//		admin_secret = "janusoverlord"
//	}
//
// and in janus.transport.websockets.jcfg, or in janus.transport.http.jcfg,
//
//	admin: {
//		admin_ws = true
//		admin_ws_port = 7188
//		admin_ws_ip = "127.0.0.1"
//	}
//
//	admin: {
//		admin_base_path = "/admin"
//		admin_http = true
//		admin_port = 7088
//		admin_ip = "127.0.0.1"
//	}
//
// The URLs are then ws://127.0.0.1:7188 and http://127.0.0.1:7088/admin. Whoever
// knows the secret can do everything in this package, and without TLS (admin_wss,
// admin_https) the secret is sent in the clear: keep the port private.
//
// # Requests
//
// There is a method for each request of the Admin API. About the server:
//
//	what it is           Info, Ping, Status, LoopsInfo
//	sessions             ListSessions, AcceptNewSessions, SetGlobalSessionTimeout
//	log                  SetLogLevel, SetLogTimestamps, SetLogColors, CustomLogLine
//	media                SetMinNACKQueue, SetNACKOptimizations, SetNoMediaTimer, SetSlowLinkThreshold
//	tokens               ListTokens, AddToken, AllowToken, DisallowToken, RemoveToken
//	plugins              Plugin, MessagePlugin
//	transports           Connections, ConfigureTransport, QueryTransport
//	event handlers       TweakEventHandler, QueryEventHandler, CustomEvent
//	loggers              PingLogger, QueryLogger
//	network              ResolveAddress, TestSTUN
//	debugging of Janus   SetLockingDebug, SetRefcountDebug, SetLibniceDebug
//
// About a session, and about a handle:
//
//	session              ListHandles, SetSessionTimeout, DestroySession
//	handle               HandleInfo, HandlePluginInfo, HangupWebRTC, DetachHandle
//	its packets          StartPcap, StopPcap, StartText2Pcap, StopText2Pcap
//
// HandleInfo returns everything that Janus knows about a handle: its plugin, SDPs,
// ICE and DTLS states, candidates, and for each m-line SSRCs, codecs, loss, jitter,
// round-trip time and byte counts. Sessions and handles come and go, so a request
// about one may fail with janus.ErrorSessionNotFound or janus.ErrorHandleNotFound
// at any time.
//
// Settings last until Janus is restarted. Janus carries out the requests of both of
// its APIs one after the other, except for messages to plugins: a request that takes
// long, such as TestSTUN, makes its clients wait.
//
// # Plugins
//
// Client.Plugin sends requests to a plugin without a session. With it the typed
// packages manage rooms and mountpoints:
//
//	rooms, err := videoroom.On(client.Plugin(videoroom.Name)).List(ctx, videoroom.List{})
//
// # Errors
//
// An error of Janus is a *janus.ErrorMsg, as in package janus: test for its code
// with errors.Is(err, janus.ErrorUnauthorized), for instance. An error that a
// plugin, a transport, an event handler or a logger reports is a
// *janus.PluginError. janus.ErrNotSent says that the request was certainly not
// sent, janus.ErrDisconnected that the connection was lost before the answer came,
// so that Janus may or may not have carried out the request, and janus.ErrClosed
// that the Client was closed. The error of a context that ended can be tested for
// too. No request is sent twice.
//
// The secret is in no error, no log record and no printed value.
//
// # Lifetime
//
// A Client can be kept for as long as a program runs. A websocket that is lost is
// not restored at once: the next request dials again, and fails with the reason if
// that fails. Janus remembers nothing about an admin connection, so nothing is
// lost with it. When a request is not answered in time, the Client pings the
// peer, and ends the connection if there is no pong within ten seconds. Over HTTP,
// requests are independent of each other.
//
// All requests exist in Janus 1.1.2 to 1.4.2, unless a comment says otherwise.
// Package janustest has an Admin API for tests: see its Server.AdminURL.
package admin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/framelog"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/wire"
)

const (
	subprotocol = "janus-admin-protocol"

	dialTimeout           = 10 * time.Second
	defaultPongTimeout    = 10 * time.Second
	writeTimeout          = 10 * time.Second
	defaultRequestTimeout = 10 * time.Second
	defaultMaxMessageSize = 16 << 20

	// flushLog is how long Close waits for the logger.
	flushLog = 200 * time.Millisecond
)

// Options are the options of Dial. The zero value of each field selects its
// default; a nil *Options selects all defaults.
type Options struct {
	// Secret is the admin_secret of the server. It is sent with every request.
	// Default: none.
	Secret string `json:"-"`

	// HTTPClient performs the requests or the websocket handshake. Set TLS roots,
	// client certificates, proxies and unix sockets in its Transport. Its Timeout
	// bounds each request, or only the handshake of a websocket. Over HTTP,
	// redirects are never followed, because requests contain the secret; those of
	// a websocket handshake, which does not, are followed only if the client has
	// a CheckRedirect. Default: http.DefaultClient.
	HTTPClient *http.Client

	// HTTPHeader is sent with each request or with the handshake. Default: none.
	HTTPHeader http.Header

	// RequestTimeout bounds calls whose context has no deadline. If negative, it
	// does not bound calls. Default: 10 s.
	RequestTimeout time.Duration

	// MaxMessageSize is the size limit of an answer, in bytes. A larger one fails
	// the call and, over a websocket, ends the connection. If negative, there is
	// no limit. Default: 16 MiB.
	MaxMessageSize int64

	// Logger receives warnings, and the first 4 KiB of every message at level
	// Debug, with secrets and tokens masked. It is called on a goroutine of its
	// own, so it may be slow. Default: slog.Default().
	Logger *slog.Logger
}

// String returns the options without the secret and the header.
func (o Options) String() string {
	return fmt.Sprintf("{RequestTimeout:%v MaxMessageSize:%d}", o.RequestTimeout, o.MaxMessageSize)
}

// GoString returns the options without the secret and the header.
func (o Options) GoString() string { return "admin.Options" + o.String() }

// withDefaults returns a copy of o in which no zero means a default.
func (o *Options) withDefaults() Options {
	var opts Options
	if o != nil {
		opts = *o
	}
	opts.HTTPClient = cmp.Or(opts.HTTPClient, http.DefaultClient)
	opts.RequestTimeout = cmp.Or(opts.RequestTimeout, defaultRequestTimeout)
	opts.MaxMessageSize = cmp.Or(opts.MaxMessageSize, defaultMaxMessageSize)
	return opts
}

// Client sends requests to the Admin API of one server. All methods may be called
// concurrently. A Client must be closed with Close.
type Client struct {
	name      string // the URL without credentials
	secret    string
	timeout   time.Duration // of calls without a deadline; none if not positive
	transport transport
	log       *safelog.Logger
}

// transport carries requests to Janus.
type transport interface {
	// open makes a connection, if the transport has one.
	open(ctx context.Context) error
	// send sends a request and returns its answer. The error matches
	// janus.ErrNotSent if the request was certainly not sent.
	send(ctx context.Context, r *request) (*answer, error)
	// close ends the transport and what it has under way.
	close() error
}

// Dial returns a Client for the Admin API at a URL with the scheme ws, wss, http
// or https. For http and https the URL includes the base path, such as /admin.
// Options may be nil.
//
// Dial asks for the server's status, and so fails if the secret is wrong, with a
// *janus.ErrorMsg of the code janus.ErrorUnauthorized, or if there is no Admin API
// at the URL. It does not retry. ctx bounds Dial only, not the life of the Client.
func Dial(ctx context.Context, url string, opts *Options) (*Client, error) {
	c, err := newClient(url, opts.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("admin: dial %s: %w", socket.Name(url), err)
	}
	if err := c.check(ctx); err != nil {
		_ = c.Close() // the first error says more
		return nil, err
	}
	return c, nil
}

func newClient(rawURL string, opts Options) (*Client, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the URL is not valid") // err quotes it
	}
	c := &Client{
		name:    socket.Name(rawURL),
		secret:  opts.Secret,
		timeout: opts.RequestTimeout,
		log:     safelog.New(opts.Logger),
	}
	frames := framelog.New(c.log)
	switch u.Scheme {
	case "ws", "wss":
		c.transport = newWebsocketTransport(rawURL, opts, c.log, frames)
	case "http", "https":
		c.transport = newHTTPTransport(u, opts, frames)
	default:
		return nil, errors.New("the scheme of the URL is not ws, wss, http or https")
	}
	return c, nil
}

// check asks for the server's status, and explains what may be wrong.
func (c *Client) check(ctx context.Context) error {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	if err := c.transport.open(ctx); err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	_, err := c.Status(ctx)
	if errors.Is(err, janus.ErrorInvalidRequestPath) || errors.Is(err, janus.ErrorUnknownRequest) {
		return fmt.Errorf("admin: dial %s: this is the Janus API, which is not the Admin API and has another port: %w", c.name, err)
	}
	return err
}

// Close closes the connection. Calls that wait for an answer and later ones fail
// with janus.ErrClosed. When Close returns, the goroutines of the Client have
// ended. Closing again does nothing. The error says that the closing handshake of
// the websocket failed; the connection is closed in any case.
func (c *Client) Close() error {
	err := c.transport.close()
	c.log.Flush(flushLog)
	if err != nil {
		return fmt.Errorf("admin: close connection to %s: %w", c.name, err)
	}
	return nil
}

// String returns the URL of the server, without credentials.
func (c *Client) String() string { return "admin.Client(" + c.name + ")" }

// GoString returns the same as String.
func (c *Client) GoString() string { return c.String() }

// request is a request on its way to Janus.
type request struct {
	janus           string // the name of the request
	session, handle uint64 // 0 if the request is not about one
	secret          string
	token           string          // a token that the request is about, which must not be shown
	fields          json.RawMessage // an object with further members; nil if there are none
}

// encode returns the request as JSON.
func (r *request) encode(transaction string) []byte {
	message, _ := json.Marshal(struct { // strings and numbers can always be marshaled
		Janus       string `json:"janus"`
		Transaction string `json:"transaction"`
		Session     uint64 `json:"session_id,omitempty"`
		Handle      uint64 `json:"handle_id,omitempty"`
		Secret      string `json:"admin_secret,omitempty"`
	}{r.janus, transaction, r.session, r.handle, r.secret})
	if len(r.fields) == 0 {
		return message
	}
	return wire.AppendMembers(message, r.fields)
}

// logAnswer logs the answer to the request.
func (r *request) logAnswer(frames *framelog.Logger, message []byte) {
	if frames.Enabled() { // mask reads all of what may be a long message
		frames.Frame("received", r.mask(message))
	}
}

// mask returns a text of the server without what must not be shown. Janus repeats
// a token in its errors, and a server that is not Janus may repeat the secret.
func (r *request) mask(text []byte) []byte { return mask(text, r.secret, r.token) }

// mask returns a text without secrets, as they are and as they are written in JSON.
func mask(text []byte, secrets ...string) []byte {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		var quoted bytes.Buffer
		encoder := json.NewEncoder(&quoted)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(secret) // strings can always be marshaled
		escaped := quoted.Bytes()[len(`"`) : quoted.Len()-len("\"\n")]
		for _, form := range [][]byte{escaped, []byte(secret)} {
			text = bytes.ReplaceAll(text, form, []byte("***"))
		}
	}
	return text
}

// answer is Janus's answer to a request.
type answer struct {
	kind string // the value of "janus"
	err  wire.Error
	raw  []byte // the whole message; belongs to the caller
}

// newAnswer returns the answer that was decoded to f. It keeps message.
func newAnswer(f *wire.Frame, message []byte) *answer {
	return &answer{kind: f.Janus, err: f.Error, raw: message}
}

// decodeFrame decodes a message. A field of a wrong type is no error: none but
// "janus", "transaction" and "error" are of interest, and they are then empty.
func decodeFrame(d *wire.Decoder, message []byte, f *wire.Frame) error {
	err := d.Decode(message, f)
	if wire.IsFieldError(err) {
		return nil
	}
	return err
}

// malformed returns the error of a message that cannot be decoded. The error quotes
// it, without secrets.
func malformed(message []byte, secrets ...string) error {
	if err := decodeFrame(new(wire.Decoder), mask(message, secrets...), new(wire.Frame)); err != nil {
		return err
	}
	return errors.New("the peer sent what is not a JSON object")
}

// members are the members of a request.
type members map[string]any

// global sends a request about the server and decodes its answer into v, which is
// nil if the answer says nothing.
func (c *Client) global(ctx context.Context, name string, fields members, v any) error {
	return c.do(ctx, &request{janus: name}, fields, "success", v)
}

// onSession sends a request about a session.
func (c *Client) onSession(ctx context.Context, name string, session uint64, fields members, v any) error {
	if session == 0 { // Janus would take the request for a global one
		return invalid(name, errors.New("there is no session 0"))
	}
	return c.do(ctx, &request{janus: name, session: session}, fields, "success", v)
}

// onHandle sends a request about a handle.
func (c *Client) onHandle(ctx context.Context, name string, session, handle uint64, fields members, v any) error {
	if session == 0 || handle == 0 { // Janus would take the request for one of another level
		return invalid(name, fmt.Errorf("there is no handle %d in session %d", handle, session))
	}
	return c.do(ctx, &request{janus: name, session: session, handle: handle}, fields, "success", v)
}

// do sends a request, to which Janus answers with a message of the given kind or
// with an error, and decodes the answer into v unless that is nil.
func (c *Client) do(ctx context.Context, r *request, fields members, kind string, v any) error {
	if len(fields) > 0 {
		var err error
		if r.fields, err = json.Marshal(fields); err != nil {
			return invalid(r.janus, fmt.Errorf("marshal request: %w", err))
		}
	}
	r.secret = c.secret
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	a, err := c.transport.send(ctx, r)
	switch {
	case err != nil:
		return fmt.Errorf("admin: %s: %w", r.janus, err)
	case a.kind == "error":
		return c.refused(r, a)
	case a.kind != kind:
		kind := wire.Excerpt(r.mask([]byte(a.kind)), 40)
		return fmt.Errorf("admin: %s: unexpected answer %q from %s", r.janus, kind, c.name)
	case v == nil:
		return nil
	}
	if err := json.Unmarshal(a.raw, v); err != nil {
		return fmt.Errorf("admin: %s: answer not understood: %w", r.janus, err)
	}
	return nil
}

// refused returns the error that Janus answered with.
func (c *Client) refused(r *request, a *answer) error {
	return &janus.ErrorMsg{
		Err:     janus.ErrorData{Code: a.err.Code, Reason: string(r.mask([]byte(a.err.Reason)))},
		Session: r.session,
		Request: r.janus,
	}
}

// bounded returns ctx, limited to RequestTimeout if it has no deadline.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok || c.timeout <= 0 {
		return ctx, func() {}
	}
	late := fmt.Errorf("no answer within %v: %w", c.timeout, context.DeadlineExceeded)
	return context.WithTimeoutCause(ctx, c.timeout, late)
}

// errClosed is the error of calls after Close.
var errClosed = fmt.Errorf("%w by the caller", janus.ErrClosed)

// notSent returns the error of a request that was certainly not sent.
func notSent(err error) error { return fmt.Errorf("%w: %w", janus.ErrNotSent, err) }

// invalid returns the error of a request that cannot be sent.
func invalid(name string, err error) error {
	return fmt.Errorf("admin: %s: %w", name, notSent(err))
}
