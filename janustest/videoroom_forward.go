package janustest

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
)

// A forwarder is an RTP forwarder of a publisher. Nothing is forwarded.
type forwarder struct {
	id           uint64
	kind, host   string
	port         uint64
	rtcp         uint64 // the port for RTCP, 0 for none
	pt, ssrc     uint64
	substream    int
	srtp         bool
	remotization string // the remote_id of the publish_remotely that made it
}

func (f forwarder) describe() object {
	o := object{{"stream_id", f.id}, {"host", f.host}, {"port", f.port}, {"type", f.kind}}
	if f.kind != "data" {
		for _, m := range (object{{"remote_rtcp_port", f.rtcp}, {"pt", f.pt}, {"ssrc", f.ssrc}}) {
			if m.value != uint64(0) {
				if m.name == "remote_rtcp_port" {
					o = o.with("local_rtcp_port", localRTCPPort)
				}
				o = append(o, m)
			}
		}
	}
	if f.substream > 0 {
		o = o.with("substream", f.substream)
	}
	if f.srtp {
		o = o.with("srtp", true)
	}
	return o
}

// localRTCPPort stands for the port from which Janus would ask for keyframes.
const localRTCPPort = 40000

var (
	forwardParams = []param{
		{"secret", aString, false}, {"host", aString, true}, {"host_family", aString, false},
		{"simulcast", aBoolean, false}, {"srtp_suite", aPositive, false}, {"srtp_crypto", aString, false},
		{"streams", anArray, false}, {"video_port", aPositive, false}, {"video_rtcp_port", aPositive, false},
		{"video_ssrc", aPositive, false}, {"video_pt", aPositive, false}, {"video_port_2", aPositive, false},
		{"video_ssrc_2", aPositive, false}, {"video_pt_2", aPositive, false}, {"video_port_3", aPositive, false},
		{"video_ssrc_3", aPositive, false}, {"video_pt_3", aPositive, false}, {"audio_port", aPositive, false},
		{"audio_rtcp_port", aPositive, false}, {"audio_ssrc", aPositive, false}, {"audio_pt", aPositive, false},
		{"data_port", aPositive, false},
	}
	forwardStreamParams = []param{
		{"secret", aString, false}, {"mid", aString, true}, {"host", aString, false}, {"host_family", aString, false},
		{"port", aPositive, true}, {"rtcp_port", aPositive, false}, {"ssrc", aPositive, false}, {"pt", aPositive, false},
		{"simulcast", aBoolean, false}, {"srtp_suite", aPositive, false}, {"srtp_crypto", aString, false},
		{"port_2", aPositive, false}, {"ssrc_2", aPositive, false}, {"pt_2", aPositive, false},
		{"port_3", aPositive, false}, {"ssrc_3", aPositive, false}, {"pt_3", aPositive, false},
	}
	publisherIDParam = param{"publisher_id", anIdent, true}
)

func (v *videoroom) rtpForward(r *Request, body members) (object, *roomError) {
	params := append(slices.Clone(forwardParams), roomParam, publisherIDParam)
	if err := v.check(body, params...); err != nil {
		return nil, err
	}
	if err := checkHost(body); err != nil {
		return nil, err
	}
	wanted := body.list("streams")
	for _, w := range wanted {
		if err := v.check(w, forwardStreamParams...); err != nil {
			return nil, err
		}
		if w.get("host") == nil {
			continue
		}
		if err := checkHost(w); err != nil {
			return nil, err
		}
	}
	srtp, err := checkSRTP(body)
	if err != nil {
		return nil, err
	}
	rm, p, err := v.feed(body)
	if err != nil {
		return nil, err
	}
	answer := object{{"publisher_id", p.id}}
	if body.get("streams") != nil {
		answer = answer.with("forwarders", p.forward(body.str("host"), srtp, wanted))
	} else {
		answer = answer.with("rtp_stream", p.forwardFirst(body, srtp, r.srv.modern()))
	}
	return answer.with("room", rm.id).with("videoroom", "rtp_forward"), nil
}

// feed finds the publisher that a request about forwarding names.
func (v *videoroom) feed(body members) (*room, *publisher, *roomError) {
	rm, err := v.moderated(body)
	if err != nil {
		return nil, nil, err
	}
	p := rm.participant(body.ident("publisher_id"))
	if p == nil {
		return nil, nil, roomErrorf(roomNoSuchFeed, "No such feed (%s)", body.ident("publisher_id"))
	}
	return rm, p, nil
}

// checkHost checks the host of a forwarder and its family. Nothing is resolved:
// localhost and addresses are taken, other names do not resolve.
func checkHost(m members) *roomError {
	family := m.str("host_family")
	switch strings.ToLower(family) {
	case "", "ipv4", "ipv6":
	default:
		return roomErrorf(roomInvalidElement, "Unsupported protocol family (%s)", family)
	}
	host := m.str("host")
	if address, err := netip.ParseAddr(host); host != "localhost" &&
		(err != nil || strings.EqualFold(family, "ipv4") && !address.Is4() || strings.EqualFold(family, "ipv6") && address.Is4()) {
		return roomErrorf(roomInvalidElement, "Could not resolve address (%s)...", host)
	}
	return nil
}

// checkSRTP reports whether a request wants SRTP.
func checkSRTP(body members) (bool, *roomError) {
	if body.get("srtp_suite") == nil || body.get("srtp_crypto") == nil {
		return false, nil
	}
	if suite := body.uint("srtp_suite"); suite != 32 && suite != 80 {
		return false, roomErrorf(roomInvalidElement, "Invalid SRTP suite (%d)", suite)
	}
	return true, nil
}

// addForwarder makes a forwarder, and returns it.
func (p *publisher) addForwarder(f forwarder) forwarder {
	f.id = uint64(rand.Uint32())
	p.forwarders = append(p.forwarders, f)
	return f
}

// forward makes the forwarders that a streams array asks for. A stream that the
// publisher does not have is left out, as in Janus.
func (p *publisher) forward(host string, srtp bool, wanted []members) []object {
	added := []object{}
	for _, w := range wanted {
		st := p.stream(w.str("mid"))
		if st == nil {
			continue
		}
		f := forwarder{kind: st.kind, host: host, port: w.uint("port")}
		if h := w.str("host"); h != "" {
			f.host = h
		}
		if st.kind == "data" {
			added = append(added, p.addForwarder(f).describe())
			continue
		}
		f.srtp, f.rtcp, f.pt, f.ssrc = srtp, w.uint("rtcp_port"), w.uint("pt"), w.uint("ssrc")
		added = append(added, p.addForwarder(f).describe())
		if st.kind != "video" || w.flag("simulcast", false) {
			continue
		}
		for i, suffix := range []string{"_2", "_3"} {
			if f.port = w.uint("port" + suffix); f.port > 0 {
				f.substream, f.rtcp, f.pt, f.ssrc = i+1, 0, w.uint("pt"+suffix), w.uint("ssrc"+suffix)
				added = append(added, p.addForwarder(f).describe())
			}
		}
	}
	return added
}

// forwardFirst serves the deprecated form of rtp_forward, which has a port for
// each kind of media and forwards the first stream of that kind. Newer versions
// answer with the RTCP port too.
func (p *publisher) forwardFirst(body members, srtp, modern bool) object {
	done := object{}
	host := body.str("host")
	add := func(kind, suffix, name string, substream int) {
		i := slices.IndexFunc(p.streams, func(st *stream) bool { return st.kind == kind })
		port := body.uint(kind + "_port" + suffix)
		if i < 0 || port == 0 {
			return
		}
		f := forwarder{kind: kind, host: host, port: port, substream: substream}
		if kind != "data" {
			f.srtp, f.pt, f.ssrc = srtp, body.uint(kind+"_pt"+suffix), body.uint(kind+"_ssrc"+suffix)
		}
		if suffix == "" {
			f.rtcp = body.uint(kind + "_rtcp_port")
		}
		done = done.with(kind+"_stream_id"+suffix, p.addForwarder(f).id).with(name, port)
		if kind == "video" && f.rtcp > 0 && modern {
			done = done.with("video_rtcp", f.rtcp)
		}
	}
	add("audio", "", "audio", 0)
	add("video", "", "video", 0)
	if !body.flag("simulcast", false) {
		add("video", "_2", "video_2", 1)
		add("video", "_3", "video_3", 2)
	}
	add("data", "", "data", 0)
	return done.with("warning", "deprecated_api").with("host", host)
}

func (v *videoroom) stopRTPForward(_ *Request, body members) (object, *roomError) {
	params := []param{roomParam, publisherIDParam, {"secret", aString, false}, {"stream_id", aPositive, true}}
	if err := v.check(body, params...); err != nil {
		return nil, err
	}
	rm, p, err := v.feed(body)
	if err != nil {
		return nil, err
	}
	id := body.uint("stream_id")
	i := slices.IndexFunc(p.forwarders, func(f forwarder) bool { return f.id == id && f.remotization == "" })
	if i < 0 {
		return nil, roomErrorf(roomNoSuchFeed, "No such stream (%d)", id)
	}
	p.forwarders = slices.Delete(p.forwarders, i, i+1)
	return object{{"videoroom", "stop_rtp_forward"}, {"room", rm.id}, {"publisher_id", p.id}, {"stream_id", id}}, nil
}

// listForwarders lists the forwarders of a room but for those of
// publish_remotely, though a publisher that has only those is listed too.
func (v *videoroom) listForwarders(_ *Request, body members) (object, *roomError) {
	rm, err := v.moderated(body)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, p := range rm.participants {
		if len(p.forwarders) == 0 {
			continue
		}
		forwarders := []object{}
		for _, f := range p.forwarders {
			if f.remotization == "" {
				forwarders = append(forwarders, f.describe())
			}
		}
		o := append(object{{"publisher_id", p.id}}, p.identity()[1:]...)
		list = append(list, o.with("forwarders", forwarders))
	}
	return object{{"videoroom", "forwarders"}, {"room", rm.id}, {"publishers", list}}, nil
}
