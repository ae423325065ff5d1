package janustest

import "fmt"

// A Script is a Plugin that answers each request by its name, the "request" of
// its body. It is enough for the tests of most applications of the AudioBridge,
// Streaming and the other plugins that the server does not serve by itself. Names
// are matched exactly. The entry "" answers requests that have no entry of their
// own; without it they get an error of the Janus API.
type Script map[string]PluginFunc

// codePluginMessage is Janus's error for a message that a plugin refuses.
const codePluginMessage = 462

// ServeJanus answers a request with the function of its name.
func (s Script) ServeJanus(r *Request) {
	name := parseObject(r.Body).str("request")
	answer := s[name]
	if answer == nil {
		answer = s[""]
	}
	if answer == nil {
		_ = r.Error(codePluginMessage, fmt.Sprintf("janustest: the script for %s has no answer to %q", r.Plugin, name))
		return
	}
	answer(r)
}

// Success returns a function that answers with Request.Success. It panics if
// data cannot be encoded as JSON.
func Success(data any) PluginFunc {
	text := mustEncode(data)
	return func(r *Request) { _ = r.Success(text) } // the client may have gone, here and below
}

// Event returns a function that answers with Request.Ack and then Request.Event.
// jsep may be nil. It panics if data or jsep cannot be encoded as JSON.
func Event(data, jsep any) PluginFunc {
	text := mustEncode(data)
	var description any
	if !isNil(jsep) {
		description = mustEncode(jsep)
	}
	return func(r *Request) {
		_ = r.Ack()
		_ = r.Event(text, description)
	}
}

func mustEncode(v any) any {
	text, err := encode(v)
	if err != nil {
		panic(err)
	}
	return text
}
