package streaming_test

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
)

// rtspServer is an RTSP server that never sends media.
type rtspServer struct {
	listener   net.Listener
	authorized atomic.Bool // whether a request had credentials
}

// serveRTSP runs an RTSP server until the test ends.
func serveRTSP(t *testing.T) *rtspServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s := &rtspServer{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go s.serve(conn)
		}
	}()
	return s
}

// url returns the address of a stream of the server.
func (s *rtspServer) url() string { return fmt.Sprintf("rtsp://%v/stream", s.listener.Addr()) }

// serve answers the requests of a connection until its end.
func (s *rtspServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }() // the test does not depend on it
	reader := textproto.NewReader(bufio.NewReader(conn))
	for {
		line, err := reader.ReadLine()
		if err != nil {
			return
		}
		header, err := reader.ReadMIMEHeader()
		if err != nil {
			return
		}
		method, _, _ := strings.Cut(line, " ")
		if _, err := conn.Write([]byte(s.respond(method, header))); err != nil {
			return
		}
	}
}

// respond returns the response to a request.
func (s *rtspServer) respond(method string, header textproto.MIMEHeader) string {
	head := "RTSP/1.0 200 OK\r\nCSeq: " + header.Get("CSeq") + "\r\nSession: 4711;timeout=60\r\n"
	switch method {
	case "DESCRIBE":
		if header.Get("Authorization") == "" {
			return "RTSP/1.0 401 Unauthorized\r\nCSeq: " + header.Get("CSeq") + "\r\nWWW-Authenticate: Basic realm=\"test\"\r\n\r\n"
		}
		s.authorized.Store(true)
		sdp := strings.Join([]string{
			"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
			"m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=control:audio",
			"m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1", "a=control:video", "",
		}, "\r\n")
		return head + fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(sdp), sdp)
	case "SETUP":
		return head + "Transport: " + header.Get("Transport") + ";server_port=9-10;ssrc=00001234\r\n\r\n"
	}
	return head + "\r\n"
}
