package janustest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	adminSubprotocol = "janus-admin-protocol"
	adminPath        = "/admin"

	codeTokenNotFound = 470
	codeUnknown       = 490
)

// AdminURL returns the address of the Admin API over websocket,
// ws://127.0.0.1:port/admin or wss://127.0.0.1:port/admin. A real Janus has
// another port for it. Call it after Start.
//
// The Admin API acts on the sessions, handles, tokens and rooms of the server. It
// serves info, ping, get_status and the requests that change a setting, those about
// sessions, handles and tokens, custom_event, custom_logline, loops_info, and
// message_plugin for the VideoRoom, the EchoTest and scripted plugins. The settings
// are only remembered. There is no media, so handle_info has no PeerConnection.
// Other requests get error 457.
func (s *Server) AdminURL() string { return strings.TrimSuffix(s.URL, "/") + adminPath }

// AdminHTTPURL returns the address of the Admin API over HTTP. See AdminURL.
func (s *Server) AdminHTTPURL() string { return "http" + strings.TrimPrefix(s.AdminURL(), "ws") }

// isAdmin reports whether a request is for the Admin API.
func isAdmin(r *http.Request) bool {
	return r.URL.Path == adminPath || strings.HasPrefix(r.URL.Path, adminPath+"/")
}

func isUpgrade(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }

// serveAdminHTTP serves a request of the Admin API over HTTP.
func (s *Server) serveAdminHTTP(w http.ResponseWriter, r *http.Request) {
	session, handle, ok := adminIDs(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFrameSize))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.log.add(text)
	answer := s.interceptHTTP(r, text)
	switch {
	case answer != nil:
	case r.Context().Err() != nil:
		return
	case !json.Valid(text):
		answer = errorFrame(0, nil, codeInvalidJSON, "Invalid Janus API request - "+jsonError(text))
	default:
		answer = s.serveAdmin(parseObject(text), session, handle)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // the client may have gone
}

// interceptHTTP calls the Intercept function. If that takes the request, it waits
// for the answer or until the client has gone.
func (s *Server) interceptHTTP(r *http.Request, text []byte) []byte {
	f := s.intercept.Load()
	if f == nil {
		return nil
	}
	answers := make(chan []byte, 1)
	reply := func(frame any) {
		answer, err := encodeFrame(frame)
		if err != nil {
			panic(err)
		}
		select {
		case answers <- answer:
		default: // an HTTP request has one answer
		}
	}
	if !(*f)(text, reply) {
		return nil
	}
	select {
	case answer := <-answers:
		return answer
	case <-r.Context().Done():
		return nil
	}
}

// adminIDs returns the ids in a path.
func adminIDs(path string) (session, handle uint64, ok bool) {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(path, adminPath), "/"), "/")
	ids := [2]uint64{}
	for i, part := range parts {
		if part == "" && len(parts) == 1 {
			break
		}
		id, err := strconv.ParseUint(part, 10, 64)
		if err != nil || i >= len(ids) {
			return 0, 0, false
		}
		ids[i] = id
	}
	return ids[0], ids[1], true
}

// An adminCall is one request of the Admin API.
type adminCall struct {
	srv         *Server
	msg         members
	transaction json.RawMessage
	sessionID   uint64
	handleID    uint64
}

// An adminError is an error that a request is answered with.
type adminError struct {
	code   int
	reason string
}

func adminErrorf(code int, format string, args ...any) *adminError {
	return &adminError{code, fmt.Sprintf(format, args...)}
}

// serveAdmin returns the answer to a request of the Admin API. The ids are those of
// the path, if there is one.
func (s *Server) serveAdmin(msg members, session, handle uint64) []byte {
	r := &adminCall{srv: s, msg: msg, sessionID: session, handleID: handle}
	if session == 0 {
		r.sessionID, r.handleID = msg.uint("session_id"), msg.uint("handle_id")
	}
	if f := msg.check(requestParams...); f != nil {
		return errorFrame(r.sessionID, nil, f.code(), f.text)
	}
	r.transaction = msg.get("transaction")
	janus := strings.ToLower(msg.str("janus"))
	if r.sessionID == 0 && r.handleID == 0 {
		switch janus {
		case "info":
			return s.info(r.transaction)
		case "ping":
			return appendHeader("pong", 0, r.transaction).end()
		}
	}
	answer, err := r.serve(janus)
	if err != nil {
		return errorFrame(r.sessionID, r.transaction, err.code, err.reason)
	}
	f := appendHeader("success", r.sessionID, r.transaction)
	for _, field := range answer {
		if f, _ = f.value(field.name, field.value); f == nil {
			return errorFrame(r.sessionID, r.transaction, codeUnknown, "janustest: the answer cannot be encoded")
		}
	}
	return f.end()
}

// serve returns the members of the answer.
func (r *adminCall) serve(janus string) (object, *adminError) {
	if r.sessionID == 0 && r.handleID != 0 {
		return nil, adminErrorf(codeNoSession, "Session not found")
	}
	if s := r.srv; s.AdminSecret != "" && r.msg.str("admin_secret") != s.AdminSecret {
		return nil, adminErrorf(codeUnauthorized, "Unauthorized request (wrong or missing secret/token)")
	}
	if r.sessionID == 0 {
		return r.serveGlobal(janus)
	}
	ss := r.srv.peekSession(r.sessionID)
	if ss == nil {
		return nil, adminErrorf(codeNoSession, "No such session %d", r.sessionID)
	}
	if r.handleID == 0 {
		return r.serveSession(janus)
	}
	h := r.srv.findHandle(ss, r.handleID)
	if h == nil {
		return nil, adminErrorf(codeNoHandle, "No such handle %d in session %d", r.handleID, r.sessionID)
	}
	return r.serveHandle(janus, h)
}

func (r *adminCall) unhandled() *adminError {
	return adminErrorf(codeInvalidPath, "Unhandled request '%s' at this path", r.msg.str("janus"))
}

// check returns an error if a member is missing or of the wrong type.
func (r *adminCall) check(params ...param) *adminError {
	if f := r.msg.check(params...); f != nil {
		return &adminError{f.code(), f.text}
	}
	return nil
}

// peekSession returns a session, or nil, without counting as activity on it.
func (s *Server) peekSession(id uint64) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}

func (r *adminCall) serveGlobal(janus string) (object, *adminError) {
	if setting, ok := adminSettings[janus]; ok && (janus != "set_libnice_debug" || !r.srv.modern()) {
		return r.set(janus, setting)
	}
	switch janus {
	case "get_status":
		return object{{"status", r.srv.status()}}, nil
	case "list_sessions":
		return object{{"sessions", r.srv.Sessions()}}, nil
	case "add_token", "allow_token", "disallow_token", "list_tokens", "remove_token":
		return r.serveToken(janus)
	case "message_plugin":
		return r.messagePlugin()
	case "custom_event":
		return nil, r.check(param{"schema", aString, true}, param{"data", anObject, true})
	case "custom_logline":
		return nil, r.check(param{"line", aString, true}, param{"level", anInteger, false})
	case "loops_info":
		return object{{"loops", []object{}}}, nil
	}
	return nil, r.unhandled()
}

// An adminSetting is what a request sets.
type adminSetting struct {
	param  param
	answer string // the member of the answer
	status string // the member of get_status; empty if it is not there
}

var adminSettings = map[string]adminSetting{
	"set_session_timeout":    {param{"timeout", aPositive, true}, "timeout", "session_timeout"},
	"set_log_level":          {param{"level", aPositive, true}, "level", "log_level"},
	"set_log_timestamps":     {param{"timestamps", aBoolean, true}, "log_timestamps", "log_timestamps"},
	"set_log_colors":         {param{"colors", aBoolean, true}, "log_colors", "log_colors"},
	"set_locking_debug":      {param{"debug", aBoolean, true}, "locking_debug", "locking_debug"},
	"set_refcount_debug":     {param{"debug", aBoolean, true}, "refcount_debug", "refcount_debug"},
	"set_libnice_debug":      {param{"debug", aBoolean, true}, "libnice_debug", "libnice_debug"},
	"set_min_nack_queue":     {param{"min_nack_queue", aPositive, true}, "min_nack_queue", "min_nack_queue"},
	"set_nack_optimizations": {param{"nack_optimizations", aBoolean, true}, "nack-optimizations", "nack-optimizations"},
	"set_no_media_timer":     {param{"no_media_timer", aPositive, true}, "no_media_timer", "no_media_timer"},
	"set_slowlink_threshold": {param{"slowlink_threshold", aPositive, true}, "slowlink_threshold", "slowlink_threshold"},
	"accept_new_sessions":    {param{"accept", aBoolean, true}, "accept", ""},
}

// set remembers a setting.
func (r *adminCall) set(janus string, setting adminSetting) (object, *adminError) {
	if err := r.check(setting.param); err != nil {
		return nil, err
	}
	value := r.msg.get(setting.param.name)
	if setting.param.name == "level" && integer(value) > 7 {
		return nil, adminErrorf(codeInvalidElement, "Invalid element type (level should be between 0 and 7)")
	}
	r.srv.mu.Lock()
	defer r.srv.mu.Unlock()
	if r.srv.settings == nil {
		r.srv.settings = make(map[string]json.RawMessage)
	}
	r.srv.settings[janus] = value
	return object{{setting.answer, value}}, nil
}

// status is the answer to get_status.
func (s *Server) status() object {
	status := object{
		{"token_auth", s.hasTokens()},
		{"session_timeout", int(s.SessionTimeout / time.Second)},
		{"reclaim_session_timeout", int(s.ReclaimTimeout / time.Second)},
		{"candidates_timeout", 45},
		{"log_level", 4}, {"log_timestamps", false}, {"log_colors", true},
	}
	if s.modern() {
		status = status.with("log_rotate_sig", 0)
	}
	status = append(status, field{"locking_debug", false}, field{"refcount_debug", false})
	if !s.modern() {
		status = status.with("libnice_debug", false)
	}
	status = append(status, object{
		{"min_nack_queue", 200}, {"nack-optimizations", false}, {"no_media_timer", 1}, {"slowlink_threshold", 0},
	}...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for request, value := range s.settings {
		name := adminSettings[request].status
		for i := range status {
			if status[i].name == name {
				status[i].value = value
			}
		}
	}
	return status
}

// acceptsSessions reports whether sessions can be created.
func (s *Server) acceptsSessions() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.settings["accept_new_sessions"]) != "false"
}

// serveToken serves the requests about stored tokens.
func (r *adminCall) serveToken(janus string) (object, *adminError) {
	s := r.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		return nil, adminErrorf(codeUnknown, "Stored-Token based authentication disabled")
	}
	if janus == "list_tokens" {
		return object{{"data", object{{"tokens", s.listTokens()}}}}, nil
	}
	if err := r.check(param{"token", aString, true}, param{"plugins", anArray, false}); err != nil {
		return nil, err
	}
	token := r.msg.str("token")
	_, known := s.tokens[token]
	switch {
	case janus == "remove_token" && !known:
		return nil, adminErrorf(codeUnknown, "Error removing token")
	case janus == "remove_token":
		delete(s.tokens, token)
		return nil, nil
	}
	if err := r.changeToken(janus, token, known); err != nil {
		return nil, err
	}
	return object{{"data", object{{"plugins", s.allowed(token)}}}}, nil
}

// changeToken adds a token or changes the plugins that it allows. The caller holds
// srv.mu.
func (r *adminCall) changeToken(janus, token string, known bool) *adminError {
	s := r.srv
	var named []string
	_ = json.Unmarshal(r.msg.get("plugins"), &named) // elements that are no strings are refused below
	unknown := func(name string) bool { return s.plugins[name] == nil }
	switch {
	case janus == "add_token" && len(named) == 0:
		s.tokens[token] = nil
		return nil
	case janus == "add_token":
		named = slices.DeleteFunc(named, unknown)
	case len(named) == 0:
		return adminErrorf(codeInvalidElement, "Invalid element type (plugins should be a non-empty array)")
	case !known:
		return adminErrorf(codeTokenNotFound, "Token %s not found", token)
	case slices.ContainsFunc(named, unknown):
		return adminErrorf(codeInvalidElement, "Invalid element type (some of the provided plugins are invalid)")
	}
	allowed := []string{}
	if known {
		allowed = s.allowed(token)
	}
	if janus == "disallow_token" {
		allowed = slices.DeleteFunc(allowed, func(name string) bool { return slices.Contains(named, name) })
	} else {
		allowed = append(allowed, named...)
		slices.Sort(allowed)
		allowed = slices.Compact(allowed)
	}
	s.tokens[token] = allowed
	return nil
}

// allowed returns a copy of the plugins that a token allows. The caller holds s.mu.
func (s *Server) allowed(token string) []string {
	if plugins := s.tokens[token]; plugins != nil {
		return slices.Clone(plugins)
	}
	return slices.Sorted(maps.Keys(s.plugins))
}

// listTokens is the answer to list_tokens. The caller holds s.mu.
func (s *Server) listTokens() []object {
	list := []object{}
	for _, token := range slices.Sorted(maps.Keys(s.tokens)) {
		if plugins := s.allowed(token); len(plugins) > 0 {
			list = append(list, object{{"token", token}, {"allowed_plugins", plugins}})
		}
	}
	return list
}

// messagePlugin passes a request to a plugin.
func (r *adminCall) messagePlugin() (object, *adminError) {
	if err := r.check(param{"plugin", aString, true}, param{"request", anObject, false}); err != nil {
		return nil, err
	}
	name, request := r.msg.str("plugin"), r.msg.get("request")
	switch impl := r.srv.findPlugin(name).(type) {
	case nil:
		return nil, adminErrorf(codeNoPlugin, "Invalid plugin%s", hint(name))
	case *videoroom:
		return object{{"response", impl.administer(r.srv, parseObject(request))}}, nil
	case echotest:
		return object{{"response", request}}, nil
	default:
		return r.messageScript(impl, name, request)
	}
}

// messageScript passes a request to a scripted plugin, which must answer it at once
// with Request.Success or Request.Error.
func (r *adminCall) messageScript(impl Plugin, name string, request json.RawMessage) (object, *adminError) {
	if request == nil {
		request = json.RawMessage("{}")
	}
	a := new(adminReply)
	impl.ServeJanus(&Request{
		Plugin:      name,
		Transaction: unquote(r.transaction),
		Body:        request,
		srv:         r.srv,
		handle:      &handle{plugin: name, session: &session{}},
		transaction: r.transaction,
		admin:       a,
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.err != nil:
		return nil, a.err
	case a.response == nil:
		return nil, adminErrorf(codeUnknown, "janustest: the plugin %s has not answered with Success", name)
	}
	return object{{"response", a.response}}, nil
}

// An adminReply takes the answer of a scripted plugin.
type adminReply struct {
	mu       sync.Mutex
	response json.RawMessage
	err      *adminError
}

func (a *adminReply) set(response json.RawMessage, err *adminError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.response, a.err = response, err
}

// administer answers a request that came over the Admin API.
func (v *videoroom) administer(s *Server, body members) object {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.check(body, param{"request", aString, true}); err != nil {
		return err.data()
	}
	serve := synchronous[strings.ToLower(body.str("request"))]
	if serve == nil {
		return roomErrorf(roomInvalidRequest, "Unknown request '%s'", body.str("request")).data()
	}
	data, err := serve(v, &Request{Plugin: videoroomPackage, srv: s}, body)
	if err != nil {
		return err.data()
	}
	return data
}

func (r *adminCall) serveSession(janus string) (object, *adminError) {
	switch janus {
	case "list_handles":
		return object{{"handles", append([]uint64{}, r.srv.Handles(r.sessionID)...)}}, nil
	case "destroy_session":
		r.srv.Destroy(r.sessionID)
		return nil, nil
	case "set_session_timeout":
		if err := r.check(param{"timeout", anInteger, true}); err != nil {
			return nil, err
		}
		return object{{"timeout", r.msg.get("timeout")}}, nil
	}
	return nil, r.unhandled()
}

func (r *adminCall) serveHandle(janus string, h *handle) (object, *adminError) {
	switch janus {
	case "handle_info":
		if err := r.check(param{"plugin_only", aBoolean, false}); err != nil {
			return nil, err
		}
		info := r.srv.handleInfo(h, r.msg.flag("plugin_only", false))
		return object{{"handle_id", r.handleID}, {"info", info}}, nil
	case "detach_handle":
		r.srv.detachHandle(h)
		return nil, nil
	case "hangup_webrtc":
		if w, ok := h.impl.(watcher); ok && h.negotiating.Load() {
			w.hangup(r.srv, h)
		}
		r.srv.hangup(h, "Admin API")
		return nil, nil
	}
	return nil, r.unhandled()
}

// epoch is the beginning of the server's monotonic clock.
var epoch = time.Now().Add(-time.Hour)

func monotonic(t time.Time) int64 { return t.Sub(epoch).Microseconds() }

// handleInfo is the info of handle_info.
func (s *Server) handleInfo(h *handle, pluginOnly bool) object {
	s.mu.Lock()
	owned := h.session.owner != nil
	s.mu.Unlock()
	info := object{
		{"session_id", h.session.id},
		{"session_last_activity", monotonic(time.Unix(0, h.session.last.Load()))},
		{"session_timeout", int(s.SessionTimeout / time.Second)},
	}
	if owned {
		info = info.with("session_transport", "janus.transport.websockets")
	}
	info = info.with("handle_id", h.id)
	if h.opaque != "" {
		info = info.with("opaque_id", h.opaque)
	}
	info = append(info, object{
		{"loop-running", true},
		{"created", monotonic(h.created)},
		{"current_time", monotonic(time.Now())},
		{"plugin", h.plugin},
	}...)
	if d, ok := h.impl.(describer); ok {
		info = info.with("plugin_specific", d.describe(h))
	}
	if pluginOnly {
		return info
	}
	negotiated := h.negotiating.Load()
	flags := object{}
	for _, name := range strings.Fields("got-offer got-answer negotiated processing-offer starting ice-restart ready stopped" +
		" alert trickle all-trickles resend-trickles trickle-synced data-channels has-audio has-video new-datachan-sdp rfc4588-rtx cleaning e2ee") {
		flags = flags.with(name, negotiated && (name == "got-offer" || name == "got-answer" || name == "negotiated"))
	}
	return append(info, field{"flags", flags}, field{"sdps", object{}})
}

// A describer is a built-in plugin that has something to say about its handles.
type describer interface {
	describe(h *handle) object
}

func (echotest) describe(*handle) object {
	return object{
		{"audio_active", true}, {"video_active", true}, {"bitrate", 0}, {"peer-bitrate", 0},
		{"slowlink_count", 0}, {"hangingup", 0}, {"destroyed", 0},
	}
}

func (v *videoroom) describe(h *handle) object {
	v.mu.Lock()
	defer v.mu.Unlock()
	info := object{}
	switch state := h.state.(type) {
	case *publisher:
		info = object{{"type", "publisher"}}
		if state.room == nil {
			break
		}
		info = append(info, object{{"room", state.room.id}, {"id", state.id}, {"private_id", state.privateID}}...)
		if state.display != "" {
			info = info.with("display", state.display)
		}
	case *subscriber:
		info = object{{"type", "subscriber"}, {"room", state.room.id}}
	}
	return append(info, field{"hangingup", 0}, field{"destroyed", 0})
}
