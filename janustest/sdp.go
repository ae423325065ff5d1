package janustest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// What a session description of the server says of its media: nothing is behind
// it.
const (
	sdpAddress     = "127.0.0.1"
	sdpFingerprint = "B5:02:16:02:14:44:1B:9D:C9:34:8F:B1:39:1F:32:69:12:AC:C2:D9:DF:3A:DD:5D:E8:2F:B6:88:03:D5:8B:3B"
)

// An sdp is as much of a session description as the server needs.
type sdp struct {
	origin string // the session id and version of the o= line
	media  []media
}

// A media is an m= section.
type media struct {
	kind      string // audio, video or data
	mid       string
	direction string
	formats   []string          // payload types, in order of preference
	codecs    map[string]string // payload type to codec, in lower case
	rtpmap    map[string]string // payload type to the rtpmap value
	fmtp      map[string]string // payload type to the fmtp value
	fec       bool
}

// complete reports whether an SDP has the lines without which Janus refuses it.
func complete(text string) bool {
	return strings.Contains(text, "\no=") && strings.Contains(text, "\ns=") && strings.Contains(text, "\nm=")
}

// parseSDP reads an SDP, leniently.
func parseSDP(text string) *sdp {
	d := &sdp{origin: "1 1"}
	var m *media
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if len(line) < 2 || line[1] != '=' {
			continue
		}
		switch value := line[2:]; line[0] {
		case 'o':
			if f := strings.Fields(value); len(f) >= 3 {
				d.origin = f[1] + " " + f[2]
			}
		case 'm':
			d.media = append(d.media, newMedia(value, len(d.media)))
			m = &d.media[len(d.media)-1]
		case 'a':
			if m != nil {
				m.attribute(value)
			}
		}
	}
	return d
}

func newMedia(line string, index int) media {
	m := media{
		mid:       fmt.Sprint(index),
		direction: "sendrecv",
		codecs:    map[string]string{"0": "pcmu", "8": "pcma", "9": "g722"},
		rtpmap:    map[string]string{},
		fmtp:      map[string]string{},
	}
	fields := strings.Fields(line)
	if len(fields) > 0 {
		m.kind = fields[0]
	}
	if m.kind == "application" {
		m.kind = "data"
	}
	if len(fields) > 3 {
		m.formats = fields[3:]
	}
	return m
}

func (m *media) attribute(line string) {
	name, value, _ := strings.Cut(line, ":")
	switch name {
	case "mid":
		m.mid = value
	case "sendrecv", "sendonly", "recvonly", "inactive":
		m.direction = name
	case "rtpmap":
		pt, mapping, _ := strings.Cut(value, " ")
		codec, _, _ := strings.Cut(mapping, "/")
		m.rtpmap[pt], m.codecs[pt] = mapping, strings.ToLower(codec)
	case "fmtp":
		pt, params, _ := strings.Cut(value, " ")
		m.fmtp[pt] = params
		m.fec = m.fec || strings.Contains(params, "useinbandfec=1")
	}
}

// preferred lists the codecs that Janus prefers, the best first.
var preferred = map[string][]string{
	"audio": {"opus", "pcmu", "pcma", "g722"},
	"video": {"vp8", "vp9", "h264", "av1", "h265"},
}

// choose returns the payload type and the codec of a section that Janus would
// take, among the allowed ones when there are any, or "".
func (m *media) choose(allowed ...string) (pt, codec string) {
	if len(allowed) == 0 {
		allowed = preferred[m.kind]
	}
	for _, codec := range allowed {
		for _, pt := range m.formats {
			if m.codecs[pt] == codec {
				return pt, codec
			}
		}
	}
	return "", ""
}

// answer makes an answer that mirrors an offer, with a name for the session and
// the direction of what is sent both ways.
func (d *sdp) answer(name, direction string) string {
	sections := make([]section, 0, len(d.media))
	for _, m := range d.media {
		pt, _ := m.choose()
		s := section{kind: m.kind, mid: m.mid, pt: pt, rtpmap: m.rtpmap[pt], direction: mirror(m.direction, direction)}
		if m.kind == "data" {
			s.direction = "sendrecv"
		}
		if m.fec && m.codecs[pt] == "opus" {
			s.fmtp = "useinbandfec=1"
		}
		sections = append(sections, s)
	}
	return writeSDP(d.origin, name, "active", sections)
}

// mirror turns the direction of an offer into that of its answer.
func mirror(offered, wanted string) string {
	switch offered {
	case "sendonly":
		return "recvonly"
	case "recvonly":
		if wanted == "recvonly" {
			return "inactive"
		}
		return "sendonly"
	case "inactive":
		return "inactive"
	}
	return wanted
}

// A section is an m= section to write.
type section struct {
	kind, mid, direction string
	pt, rtpmap, fmtp     string
}

// codecSection describes a codec with the payload type that Janus gives it in an
// offer of its own.
func codecSection(s section, codec string) section {
	switch codec {
	case "opus":
		s.pt, s.rtpmap, s.fmtp = "111", "opus/48000/2", "useinbandfec=1"
	case "pcmu":
		s.pt, s.rtpmap = "0", "PCMU/8000"
	case "pcma":
		s.pt, s.rtpmap = "8", "PCMA/8000"
	case "g722":
		s.pt, s.rtpmap = "9", "G722/8000"
	case "vp9":
		s.pt, s.rtpmap = "101", "VP9/90000"
	case "h264":
		s.pt, s.rtpmap, s.fmtp = "107", "H264/90000", "profile-level-id=42e01f;packetization-mode=1"
	case "av1":
		s.pt, s.rtpmap = "108", "AV1/90000"
	case "h265":
		s.pt, s.rtpmap = "109", "H265/90000"
	default:
		s.pt, s.rtpmap = "96", "VP8/90000"
	}
	return s
}

// writeSDP writes an offer or an answer.
func writeSDP(origin, name, setup string, sections []section) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	ufrag, pwd := token(4), token(22)
	line("v=0")
	line("o=- %s IN IP4 %s", origin, sdpAddress)
	line("s=%s", name)
	line("t=0 0")
	var mids strings.Builder
	for _, s := range sections {
		mids.WriteString(" " + s.mid)
	}
	line("a=group:BUNDLE%s", mids.String())
	line("a=ice-options:trickle")
	line("a=fingerprint:sha-256 %s", sdpFingerprint)
	line("a=extmap-allow-mixed")
	line("a=msid-semantic: WMS *")
	for i, s := range sections {
		s.write(line, i)
		line("a=ice-ufrag:%s", ufrag)
		line("a=ice-pwd:%s", pwd)
		line("a=ice-options:trickle")
		line("a=setup:%s", setup)
	}
	return b.String()
}

func (s section) write(line func(format string, args ...any), index int) {
	if s.kind == "data" {
		line("m=application 9 UDP/DTLS/SCTP webrtc-datachannel")
		line("c=IN IP4 %s", sdpAddress)
		line("a=%s", s.direction)
		line("a=mid:%s", s.mid)
		line("a=sctp-port:5000")
		return
	}
	if s.pt == "" { // nothing in common
		line("m=%s 0 UDP/TLS/RTP/SAVPF 0", s.kind)
		line("c=IN IP4 %s", sdpAddress)
		line("a=inactive")
		line("a=mid:%s", s.mid)
		return
	}
	line("m=%s 9 UDP/TLS/RTP/SAVPF %s", s.kind, s.pt)
	line("c=IN IP4 %s", sdpAddress)
	line("a=%s", s.direction)
	line("a=mid:%s", s.mid)
	line("a=rtcp-mux")
	if s.rtpmap != "" {
		line("a=rtpmap:%s %s", s.pt, s.rtpmap)
	}
	if s.fmtp != "" {
		line("a=fmtp:%s %s", s.pt, s.fmtp)
	}
	if s.kind == "video" {
		line("a=rtcp-fb:%s ccm fir", s.pt)
		line("a=rtcp-fb:%s nack", s.pt)
		line("a=rtcp-fb:%s nack pli", s.pt)
	}
	line("a=msid:janus janus%d", index)
	line("a=ssrc:%d cname:janus", rand.Uint32())
}

// token returns n random letters and digits.
func token(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rand.IntN(len(alphabet))]
	}
	return string(b)
}

// jsep is a jsep object to send.
func jsep(typ, sdp string) object { return object{{"type", typ}, {"sdp", sdp}} }
