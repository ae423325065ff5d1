package socket

import (
	"bufio"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The other opcodes of websocket frames.
const (
	opContinuation = 0
	opPing         = 9
	opPong         = 10
)

// frame returns a frame as a server sends it.
func frame(fin bool, opcode byte, payload string) []byte {
	b := []byte{opcode, byte(len(payload))}
	if fin {
		b[0] |= 1 << 7
	}
	switch {
	case len(payload) > 1<<16-1:
		b[1] = 127
		b = binary.BigEndian.AppendUint64(b, uint64(len(payload)))
	case len(payload) > 125:
		b[1] = 126
		b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	}
	return append(b, payload...)
}

// closeFrame returns a close frame with a status.
func closeFrame(status uint16) []byte {
	return frame(true, opClose, string(binary.BigEndian.AppendUint16(nil, status)))
}

// readFrame reads a frame as a client sends it.
func readFrame(r *bufio.Reader) (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1] & 0x7f)
	switch size {
	case 126:
		var n uint16
		err = binary.Read(r, binary.BigEndian, &n)
		size = uint64(n)
	case 127:
		err = binary.Read(r, binary.BigEndian, &size)
	}
	if err != nil {
		return 0, nil, err
	}
	var mask [4]byte
	if _, err = io.ReadFull(r, mask[:]); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0] & 0xf, payload, err
}

// switching returns the header that accepts the websocket of a request.
func switching(r *http.Request) http.Header {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return http.Header{
		"Connection":           {"Upgrade"},
		"Upgrade":              {"websocket"},
		"Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])},
	}
}

// on returns a client whose handshake succeeds at once, with rwc as the
// connection.
func on(rwc io.ReadWriteCloser) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Header: switching(r), Body: rwc}, nil
	})}
}

// dialOn returns a Socket over rwc.
func dialOn(t testing.TB, rwc io.ReadWriteCloser, opts Options) *Socket {
	t.Helper()
	opts.HTTPClient = on(rwc)
	if opts.MaxMessageSize == 0 {
		opts.MaxMessageSize = -1
	}
	if opts.WriteTimeout == 0 {
		opts.WriteTimeout = patience
	}
	s, err := Dial(t.Context(), "ws://peer", opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hijack starts a server that accepts websockets and has serve treat each
// connection, which is then closed. configure may be nil.
func hijack(t testing.TB, configure func(*httptest.Server), serve func(net.Conn, *bufio.Reader)) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }() // in whatever state it is
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n")
		_ = switching(r).Write(conn)
		_, _ = io.WriteString(conn, "\r\n")
		serve(conn, buf.Reader)
	}))
	if configure != nil {
		configure(srv)
	}
	if srv.TLS != nil {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv
}

// withTLS makes a server speak TLS up to a version.
func withTLS(version uint16) func(*httptest.Server) {
	return func(srv *httptest.Server) { srv.TLS = &tls.Config{MaxVersion: version} }
}

// dialTo returns a Socket to a server.
func dialTo(t testing.TB, srv *httptest.Server, opts Options) *Socket {
	t.Helper()
	if opts.HTTPClient == nil {
		opts.HTTPClient = srv.Client()
	}
	if opts.MaxMessageSize == 0 {
		opts.MaxMessageSize = -1
	}
	if opts.WriteTimeout == 0 {
		opts.WriteTimeout = patience
	}
	s, err := Dial(t.Context(), "ws"+strings.TrimPrefix(srv.URL, "http"), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.CloseNow)
	return s
}
