package videoroom_test

import (
	"fmt"
	"slices"
	"strings"

	janus "github.com/cameronelliott/janus-go"
)

// Sections of an SDP offer.
var (
	audioSection = []string{
		"m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=rtcp-mux", "a=sendrecv",
		"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
		"a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=1;usedtx=1;stereo=1",
	}
	videoSection = []string{
		"m=video 9 UDP/TLS/RTP/SAVPF 96 98 107", "c=IN IP4 0.0.0.0", "a=rtcp-mux", "a=sendrecv",
		"a=extmap:2 urn:3gpp:video-orientation",
		"a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
		"a=rtpmap:96 VP8/90000",
		"a=rtpmap:98 VP9/90000", "a=fmtp:98 profile-id=0",
		"a=rtpmap:107 H264/90000", "a=fmtp:107 profile-level-id=42e01f;packetization-mode=1",
	}
	// simulcast are the lines that make a video section simulcast.
	simulcast = []string{
		"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
		"a=rid:h send", "a=rid:m send", "a=rid:l send", "a=simulcast:send h;m;l",
	}
	dataSection = []string{
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=sctp-port:5000",
	}
)

// transport are the lines of a section that do not depend on its media.
var transport = []string{
	"a=setup:actpass", "a=ice-ufrag:ufrag", "a=ice-pwd:passwordpasswordpassword",
	"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"),
}

// offer returns an offer of sections by a peer that will never be connected. Its
// mids are not the indexes.
func offer(sections ...[]string) janus.JSEP {
	var mids, lines []string
	for i, section := range sections {
		mid := fmt.Sprint("m", i)
		if section[0] == dataSection[0] {
			mid = fmt.Sprint(i) // Janus does not read the mid of data
		}
		mids = append(mids, mid)
		lines = append(append(lines, section...), append([]string{"a=mid:" + mid}, transport...)...)
	}
	head := []string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE " + strings.Join(mids, " ")}
	return janus.JSEP{Type: "offer", SDP: strings.Join(append(head, lines...), "\r\n") + "\r\n"}
}

// simulcastSection is a section of simulcast video.
func simulcastSection() []string { return slices.Concat(videoSection, simulcast) }

// disabled returns a section that sends nothing.
func disabled(section []string) []string {
	return strings.Split(strings.ReplaceAll(strings.Join(section, "\n"), "a=sendrecv", "a=inactive"), "\n")
}

// answerTo returns an answer that accepts all of an offer.
func answerTo(offer *janus.JSEP) janus.JSEP {
	sdp := strings.NewReplacer("a=sendonly", "a=recvonly", "a=setup:actpass", "a=setup:active").Replace(offer.SDP)
	return janus.JSEP{Type: "answer", SDP: sdp}
}
