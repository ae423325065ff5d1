package main

import (
	"fmt"
	"strings"
)

// Sections of an offer, as Chromium makes them, less what Janus does not read.
var (
	microphoneSection = []string{
		"m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", "a=sendonly",
		"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
		"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
		"a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc", "a=fmtp:111 minptime=10;useinbandfec=1",
		"a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
	}
	videoSection = []string{
		"m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99", "a=sendonly", "a=rtcp-rsize",
		"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
		"a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
		"a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
		"a=rtpmap:98 VP9/90000", "a=fmtp:98 profile-id=0", "a=rtpmap:99 rtx/90000", "a=fmtp:99 apt=98",
	}
	dataSection    = []string{"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:5000"}
	simulcastLines = []string{"a=rid:h send", "a=rid:m send", "a=rid:l send", "a=simulcast:send h;m;l"}
	cameraSection  = append(append([]string{}, videoSection...), simulcastLines...)
)

// inactive returns a section that sends nothing any more.
func inactive(section []string) []string {
	return strings.Split(strings.ReplaceAll(strings.Join(section, "\n"), "a=sendonly", "a=inactive"), "\n")
}

// sdpOffer returns an offer of sections. ufrag changes if ICE restarts.
func sdpOffer(ufrag string, sections ...[]string) string {
	var mids, lines []string
	for i, section := range sections {
		mid := fmt.Sprint(i)
		mids = append(mids, mid)
		lines = append(lines, section...)
		lines = append(lines, "c=IN IP4 0.0.0.0", "a=rtcp-mux", "a=setup:actpass", "a=mid:"+mid, "a=ice-ufrag:"+ufrag,
			"a=ice-pwd:"+strings.Repeat(ufrag, 24)[:24], "a=ice-options:trickle",
			"a=fingerprint:sha-256 "+strings.TrimSuffix(strings.Repeat("AB:", 32), ":"))
	}
	head := []string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0",
		"a=group:BUNDLE " + strings.Join(mids, " "), "a=extmap-allow-mixed", "a=msid-semantic: WMS"}
	return strings.Join(append(head, lines...), "\r\n") + "\r\n"
}

// sdpAnswer returns an answer that accepts all of an offer.
func sdpAnswer(offer string) string {
	return strings.NewReplacer("a=sendonly", "a=recvonly", "a=setup:actpass", "a=setup:active").Replace(offer)
}

// publishMessage returns the message that publishes a microphone, a camera and, if
// third is not nil, a screen.
func publishMessage(ufrag string, third []string) map[string]any {
	sections := [][]string{microphoneSection, cameraSection}
	streams := []sentStream{{"0", microphone}, {"1", camera}}
	if third != nil {
		sections = append(sections, third)
		if !strings.Contains(strings.Join(third, "\n"), "a=inactive") {
			streams = append(streams, sentStream{"2", screen})
		}
	}
	return map[string]any{"type": "publish", "sdp": sdpOffer(ufrag, sections...), "streams": streams}
}
