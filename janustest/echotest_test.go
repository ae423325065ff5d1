package janustest_test

import (
	"strings"
	"testing"
)

// offer is an SDP offer of audio, video and data.
const offer = "v=0\r\no=- 12 34 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a v d\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 0 111\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 102 96\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\na=sendonly\r\na=rtpmap:102 H264/90000\r\na=rtpmap:96 VP8/90000\r\n" +
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:d\r\na=sctp-port:5000\r\n"

func TestEchotestAnswer(t *testing.T) {
	c := dial(t, newServer(t, nil))
	session := c.session()
	handle := c.handle(session, echotest)
	msg := c.message(session, handle, m{"audio": true}, m{"type": "offer", "sdp": offer})
	if msg.JSEP.Type != "answer" || msg.Plugindata.Data["result"] != "ok" {
		t.Fatalf("got %s", msg.text)
	}
	for _, line := range []string{
		"v=0", "o=- 12 34 IN IP4 127.0.0.1", "a=group:BUNDLE a v d",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=1", "a=sendrecv",
		"m=video 9 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 VP8/90000", "a=recvonly",
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:d", "a=setup:active",
	} {
		if !strings.Contains(msg.JSEP.SDP, line+"\r\n") {
			t.Errorf("no %q in the answer\n%s", line, msg.JSEP.SDP)
		}
	}
	// Now there is a PeerConnection to hang up.
	c.send(m{"janus": "hangup", "session_id": session, "handle_id": handle})
	if msg := c.expect(c.next(), "event"); msg.Plugindata.Data["result"] != "done" {
		t.Errorf("got %s", msg.text)
	}
	c.expect(c.next(), "success")
	if msg := c.expect(c.next(), "hangup"); msg.Reason != "Janus API" || msg.Sender != handle {
		t.Errorf("got %s", msg.text)
	}
}

func TestEchotestErrors(t *testing.T) {
	c := dial(t, newServer(t, nil))
	session := c.session()
	handle := c.handle(session, echotest)
	for want, body := range map[string]m{
		"Message error: no supported attributes found":                {"filename": "f"},
		"Invalid value (temporal should be 0, 1 or 2)":                {"temporal": 3},
		"Invalid element type (bitrate should be a positive integer)": {"bitrate": "x"},
	} {
		msg := c.message(session, handle, body, nil)
		if msg.Plugindata.Data["error"] != want || msg.Plugindata.Data["error_code"] != 413.0 {
			t.Errorf("%v: got %s", body, msg.text)
		}
	}
}
