package janustest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Janus's error codes.
const (
	codeUnauthorized    = 403
	codeWrongPlugin     = 405
	codeUnknownRequest  = 453
	codeInvalidJSON     = 454
	codeInvalidObject   = 455
	codeMissingElement  = 456
	codeInvalidPath     = 457
	codeNoSession       = 458
	codeNoHandle        = 459
	codeNoPlugin        = 460
	codeUnknownJSEP     = 464
	codeInvalidSDP      = 465
	codeInvalidElement  = 467
	codeSessionConflict = 468
	codeUnexpected      = 469
	codeNotAccepting    = 472
)

var (
	requestParams = []param{{"transaction", aString, true}, {"janus", aString, true}, {"id", aPositive, false}}
	attachParams  = []param{{"plugin", aString, true}, {"opaque_id", aString, false}, {"loop_index", aPositive, false}}
	jsepParams    = []param{
		{"type", aString, true}, {"sdp", aString, true}, {"trickle", aBoolean, false},
		{"rid_order", aString, false}, {"force_relay", aBoolean, false}, {"e2ee", aBoolean, false},
	}
)

// A call is one request of the Janus API on its way through the server.
type call struct {
	srv         *Server
	conn        *conn
	msg         members
	transaction json.RawMessage
	sessionID   uint64
	session     *session
	handle      *handle
}

// receive handles one frame.
func (s *Server) receive(c *conn, text []byte) {
	s.log.add(text)
	if f := s.intercept.Load(); f != nil && (*f)(text, c.reply) {
		return
	}
	if !json.Valid(text) || !isContainer(text) {
		s.receiveOdd(c, text)
		return
	}
	s.serve(c, text)
}

// receiveOdd handles a frame that is not a single object or array. It may have
// several of them, or begin with one.
func (s *Server) receiveOdd(c *conn, text []byte) {
	for len(text) > 0 {
		dec := json.NewDecoder(bytes.NewReader(text))
		var first json.RawMessage
		if dec.Decode(&first) != nil || !isContainer(first) {
			c.send(errorFrame(0, nil, codeInvalidJSON, "Invalid Janus API request - "+jsonError(text)))
			return
		}
		s.serve(c, first)
		text = text[dec.InputOffset():]
		text = text[skipSpace(text, 0):]
	}
}

// isContainer reports whether a text begins with an object or an array.
func isContainer(text []byte) bool {
	i := skipSpace(text, 0)
	return i < len(text) && (text[i] == '{' || text[i] == '[')
}

// serve handles one request.
func (s *Server) serve(c *conn, text []byte) {
	if c.admin {
		c.send(s.serveAdmin(parseObject(text), 0, 0))
		return
	}
	r := &call{srv: s, conn: c, msg: parseObject(text)}
	r.sessionID = r.msg.uint("session_id")
	if f := r.msg.check(requestParams...); f != nil {
		r.fail(f.code(), f.text) // without the transaction, which Janus has not read yet
		return
	}
	r.transaction = r.msg.get("transaction")
	r.route(r.msg.str("janus"))
}

// reply queues a frame for the connection. Intercept functions are called with it.
func (c *conn) reply(frame any) {
	text, err := encodeFrame(frame)
	if err != nil {
		panic(err)
	}
	c.send(text)
}

func (f *fault) code() int {
	if f.missing {
		return codeMissingElement
	}
	return codeInvalidElement
}

func (r *call) fail(code int, reason string) {
	r.conn.send(errorFrame(r.sessionID, r.transaction, code, reason))
}

func (r *call) failf(code int, format string, args ...any) {
	r.fail(code, fmt.Sprintf(format, args...))
}

func (r *call) answer(janus string) {
	r.conn.send(appendHeader(janus, r.sessionID, r.transaction).end())
}

func (r *call) wrongPath(janus string) {
	r.failf(codeInvalidPath, "Unhandled request '%s' at this path", janus)
}

// route finds the session and the handle of a request, in the order in which
// Janus looks.
func (r *call) route(janus string) {
	handleField := r.msg.get("handle_id")
	handleID := integer(handleField)
	if r.sessionID == 0 && handleID == 0 {
		r.serveServer(janus)
		return
	}
	if r.sessionID == 0 {
		r.fail(codeNoSession, "Session not found")
		return
	}
	if handleID == 0 && handleField != nil && string(handleField) != "null" {
		r.fail(codeNoHandle, "Handle not found")
		return
	}
	if !r.authorized() {
		return
	}
	if r.session = r.srv.findSession(r.sessionID); r.session == nil {
		r.failf(codeNoSession, "No such session %d", r.sessionID)
		return
	}
	if handleID == 0 {
		r.serveSession(janus)
		return
	}
	if r.handle = r.srv.findHandle(r.session, handleID); r.handle == nil {
		r.failf(codeNoHandle, "No such handle %d in session %d", handleID, r.sessionID)
		return
	}
	r.serveHandle(janus)
}

// authorized checks the API secret and the token. One of them is enough. If
// neither is right, it answers with an error.
func (r *call) authorized() bool {
	s := r.srv
	if s.APISecret == "" && !s.hasTokens() {
		return true
	}
	if s.APISecret != "" && r.msg.str("apisecret") == s.APISecret {
		return true
	}
	if s.hasTokens() && s.acceptsToken(r.msg.str("token")) {
		return true
	}
	r.fail(codeUnauthorized, "Unauthorized request (wrong or missing secret/token)")
	return false
}

func (r *call) serveServer(janus string) {
	switch strings.ToLower(janus) {
	case "info":
		r.conn.send(r.srv.info(r.transaction))
	case "ping":
		r.answer("pong")
	case "create":
		if r.authorized() {
			r.create()
		}
	default:
		r.wrongPath(janus)
	}
}

func (r *call) create() {
	if !r.srv.acceptsSessions() {
		r.fail(codeNotAccepting, "Currently not accepting new sessions")
		return
	}
	id := r.msg.uint("id")
	ss := r.srv.createSession(r.conn, id)
	if ss == nil {
		r.sessionID = id
		r.fail(codeSessionConflict, "Session ID already in use")
		return
	}
	r.conn.send(appendHeader("success", 0, r.transaction).id(ss.id).end())
}

func (r *call) serveSession(janus string) {
	switch strings.ToLower(janus) {
	case "keepalive":
		r.answer("ack")
	case "attach":
		r.attach()
	case "claim":
		r.srv.claim(r.conn, r.session)
		r.answer("success")
	case "destroy":
		r.destroy()
	case "detach", "hangup", "message", "trickle":
		r.wrongPath(janus)
	default:
		r.failf(codeUnknownRequest, "Unknown request '%s'", janus)
	}
}

func (r *call) attach() {
	if f := r.msg.check(attachParams...); f != nil {
		r.fail(f.code(), f.text)
		return
	}
	plugin := r.msg.str("plugin")
	impl := r.srv.findPlugin(plugin)
	if impl == nil {
		r.failf(codeNoPlugin, "No such plugin '%s'%s", plugin, hint(plugin))
		return
	}
	// Janus looks at a token even if the API secret made up for it.
	if token := r.msg.str("token"); token != "" && r.srv.hasTokens() && !r.srv.allowsPlugin(token, plugin) {
		r.failf(codeWrongPlugin, "Provided token can't access plugin '%s'", plugin)
		return
	}
	h := r.srv.attach(r.session, impl, plugin, r.msg.str("opaque_id"))
	r.conn.send(appendHeader("success", r.sessionID, r.transaction).id(h.id).end())
}

// unserved are the plugins of Janus that need a script.
var unserved = []string{
	"janus.plugin.audiobridge", "janus.plugin.duktape", "janus.plugin.lua", "janus.plugin.nosip",
	"janus.plugin.recordplay", "janus.plugin.sip", "janus.plugin.streaming", "janus.plugin.textroom",
	"janus.plugin.videocall", "janus.plugin.voicemail",
}

// hint returns advice for the error about a plugin that a real Janus has but the
// server does not.
func hint(plugin string) string {
	if !slices.Contains(unserved, plugin) {
		return ""
	}
	return fmt.Sprintf(" (janustest does not serve it: register a janustest.Script for it with Server.Handle(%q, script))", plugin)
}

func (r *call) destroy() {
	r.srv.Destroy(r.sessionID)
	r.answer("success")
}

func (r *call) serveHandle(janus string) {
	switch strings.ToLower(janus) {
	case "keepalive":
		r.answer("ack")
	case "claim":
		r.srv.claim(r.conn, r.session)
		r.answer("success")
	case "message":
		r.message()
	case "trickle":
		r.trickle()
	case "hangup":
		r.hangup()
	case "detach":
		r.answer("success")
		r.srv.detachHandle(r.handle)
	case "attach", "destroy":
		r.wrongPath(janus)
	default:
		r.failf(codeUnknownRequest, "Unknown request '%s'", janus)
	}
}

func (r *call) hangup() {
	// Newer versions do not bother the plugin when there is no PeerConnection.
	if w, ok := r.handle.impl.(watcher); ok && (r.handle.negotiating.Load() || !r.srv.modern()) {
		w.hangup(r.srv, r.handle)
	}
	r.answer("success")
	r.srv.hangup(r.handle, "Janus API")
}

func (r *call) trickle() {
	one, many := r.msg.get("candidate"), r.msg.get("candidates")
	switch {
	case one == nil && many == nil:
		r.fail(codeMissingElement, "Missing mandatory element (candidate|candidates)")
	case one != nil && many != nil:
		r.fail(codeInvalidJSON, "Can't have both candidate and candidates")
	default:
		r.answer("ack")
	}
}

func (r *call) message() {
	if f := r.msg.check(param{"body", anObject, true}); f != nil {
		r.fail(f.code(), f.text)
		return
	}
	jsep := r.msg.get("jsep")
	if jsep != nil && !r.jsep(jsep) {
		return
	}
	r.handle.impl.ServeJanus(&Request{
		Session:     r.sessionID,
		Handle:      r.handle.id,
		Plugin:      r.handle.plugin,
		OpaqueID:    r.handle.opaque,
		Transaction: unquote(r.transaction),
		Token:       r.msg.str("token"),
		Body:        r.msg.get("body"),
		JSEP:        jsep,
		srv:         r.srv,
		conn:        r.conn,
		handle:      r.handle,
		transaction: r.transaction,
	})
}

// jsep checks the SDP of a message and answers if it is invalid. It is less strict
// with scripted plugins, whose SDP may be a stub and who may have sent an offer
// with Send.
func (r *call) jsep(jsep json.RawMessage) bool {
	if jsep[0] != '{' {
		r.fail(codeInvalidObject, "Invalid jsep object")
		return false
	}
	m := parseObject(jsep)
	if f := m.check(jsepParams...); f != nil {
		// Janus has a text of its own here, with the same ending.
		r.fail(f.code(), "JSEP error: "+strings.ToLower(f.text[:1])+f.text[1:])
		return false
	}
	typ, sdp := strings.ToLower(m.str("type")), m.str("sdp")
	_, builtin := r.handle.impl.(watcher)
	switch {
	case typ != "offer" && typ != "answer":
		r.failf(codeUnknownJSEP, "JSEP error: unknown message type '%s'", m.str("type"))
		return false
	case !strings.HasPrefix(sdp, "v="):
		r.fail(codeInvalidSDP, "Invalid SDP (doesn't start with v=)")
		return false
	case builtin && !complete(sdp):
		r.fail(codeInvalidSDP, "Missing mandatory lines (o=, s= or m=)")
		return false
	case builtin && typ == "answer" && !r.handle.negotiating.Load():
		r.fail(codeUnexpected, "Unexpected ANSWER (did we offer?)")
		return false
	}
	r.handle.negotiating.Store(true)
	return true
}
