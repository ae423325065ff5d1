package janustest

import "encoding/json"

const (
	echotestPackage = "janus.plugin.echotest"
	echotestInvalid = 413
)

var echotestParams = []param{
	{"audio", aBoolean, false}, {"video", aBoolean, false}, {"bitrate", aPositive, false},
	{"record", aBoolean, false}, {"filename", aString, false}, {"substream", aPositive, false},
	{"temporal", aPositive, false}, {"fallback", aPositive, false}, {"svc", aBoolean, false},
	{"spatial_layer", aPositive, false}, {"temporal_layer", aPositive, false},
	{"audiocodec", aString, false}, {"videocodec", aString, false}, {"videoprofile", aString, false},
	{"opusred", aBoolean, false}, {"min_delay", anInteger, false}, {"max_delay", anInteger, false},
}

var (
	echotestOK   = json.RawMessage(`{"echotest":"event","result":"ok"}`)
	echotestDone = json.RawMessage(`{"echotest":"event","result":"done"}`)
)

// echotest implements janus.plugin.echotest. It has no state.
type echotest struct{}

// ServeJanus acknowledges any request, and answers it with an event.
func (echotest) ServeJanus(r *Request) {
	ack := appendHeader("ack", r.Session, r.transaction).str("hint", "I'm taking my time!")
	_ = r.send(ack.end()) // the client may have gone
	if reason := echotestError(parseObject(r.Body), r.JSEP != nil); reason != "" {
		_ = r.Event(object{
			{"echotest", "event"}, {"error_code", echotestInvalid}, {"error", reason},
		}, nil)
		return
	}
	var answer any
	if r.JSEP != nil {
		if offer := parseObject(r.JSEP); offer.str("type") == "offer" {
			answer = jsep("answer", parseSDP(offer.str("sdp")).answer("-", "sendrecv"))
		}
	}
	_ = r.Event(echotestOK, answer)
}

func (echotest) hangup(s *Server, h *handle) { _ = s.push(h, nil, echotestDone, nil) }

func (echotest) detach(*Server, *handle) {}

// echotestError returns an error text for a body, or "" if it is valid.
func echotestError(body members, negotiates bool) string {
	if f := body.check(echotestParams...); f != nil {
		return f.text
	}
	for _, layer := range []string{"substream", "temporal", "spatial_layer", "temporal_layer"} {
		if body.uint(layer) > 2 {
			return "Invalid value (" + layer + " should be 0, 1 or 2)"
		}
	}
	for _, p := range echotestParams {
		// These three modify the others and mean nothing without them.
		modifier := p.name == "filename" || p.name == "svc" || p.name == "audiocodec"
		if !modifier && body.get(p.name) != nil {
			return ""
		}
	}
	if negotiates {
		return ""
	}
	return "Message error: no supported attributes found"
}
