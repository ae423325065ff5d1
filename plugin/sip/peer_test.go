package sip_test

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
)

// peer is a SIP registrar and phone that does as it is told, for what two
// accounts of a Janus cannot do with each other.
type peer struct {
	t   *testing.T
	sip *net.UDPConn
	rtp *net.UDPConn // sends audio, and reads none
	got chan packet  // everything that arrives

	branch int // number of requests sent
	done   sync.WaitGroup
}

// packet is a SIP request or response.
type packet struct {
	start  string // first line
	header textproto.MIMEHeader
	body   string
	from   *net.UDPAddr
}

// is reports whether p is a request with this method, or a response to one.
func (p packet) is(method string) bool {
	return strings.HasPrefix(p.start, method+" ")
}

// newPeer starts a peer, which ends with the test.
func newPeer(t *testing.T) *peer {
	t.Helper()
	listen := func() *net.UDPConn {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	p := &peer{t: t, sip: listen(), rtp: listen(), got: make(chan packet, 100)}
	p.done.Go(p.receive)
	t.Cleanup(func() {
		_ = p.sip.Close()
		_ = p.rtp.Close()
		p.done.Wait()
	})
	return p
}

func (p *peer) receive() {
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := p.sip.ReadFromUDP(buffer)
		if err != nil {
			return
		}
		head, body, _ := strings.Cut(string(buffer[:n]), "\r\n\r\n")
		reader := textproto.NewReader(bufio.NewReader(strings.NewReader(head + "\r\n\r\n")))
		start, err := reader.ReadLine()
		if err != nil {
			continue // a keepalive
		}
		header, _ := reader.ReadMIMEHeader()
		select {
		case p.got <- packet{start, header, body, from}:
		default: // The test awaits none of them.
		}
	}
}

func (p *peer) address() string { return p.sip.LocalAddr().String() }

// uri is the SIP URI of a user of the peer.
func (p *peer) uri(user string) string { return "sip:" + user + "@" + p.address() }

// await waits for a packet whose first line starts with prefix and skips others.
func (p *peer) await(ctx context.Context, prefix string) packet {
	p.t.Helper()
	for {
		select {
		case packet := <-p.got:
			if packet.is(prefix) {
				return packet
			}
		case <-ctx.Done():
			p.t.Fatalf("waiting for %s: %v", prefix, ctx.Err())
		}
	}
}

// fields are additional header fields.
type fields = map[string]string

// reply answers a request.
func (p *peer) reply(request packet, status string, extra fields, body string) {
	lines := []string{"SIP/2.0 " + status}
	for _, name := range []string{"Via", "From", "To", "Call-Id", "Cseq"} {
		for _, value := range request.header[name] {
			if name == "To" && !strings.Contains(value, "tag=") && !strings.HasPrefix(status, "100") {
				value += ";tag=peer"
			}
			lines = append(lines, name+": "+value)
		}
	}
	p.send(request.from, lines, extra, body)
}

// confirm confirms registrations up to one with this lifetime.
func (p *peer) confirm(ctx context.Context, expires string) packet {
	p.t.Helper()
	for {
		register := p.await(ctx, "REGISTER")
		p.reply(register, "200 OK", fields{"Contact": register.header.Get("Contact"), "X-Reg": "1"}, "")
		if register.header.Get("Expires") == expires {
			return register
		}
	}
}

// request sends a request with a new transaction in a dialog.
func (p *peer) request(method string, d dialog, extra fields, body string) {
	p.branch++
	p.send(d.to, []string{
		method + " " + d.target + " SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK-%d", p.sip.LocalAddr(), p.branch),
		"From: " + d.local, "To: " + d.remote, "Call-ID: " + d.id,
		fmt.Sprintf("CSeq: %d %s", d.number, method), "Max-Forwards: 70",
	}, extra, body)
}

// dialog is where a request of the peer belongs.
type dialog struct {
	to            *net.UDPAddr
	target        string // SIP URI
	local, remote string // From and To
	id            string // Call-ID
	number        int    // CSeq
}

// answered is the dialog that a request began which the peer has answered.
func answered(request packet) dialog {
	contact, _, _ := strings.Cut(strings.TrimPrefix(request.header.Get("Contact"), "<"), ">")
	return dialog{
		to: request.from, target: contact, local: request.header.Get("To") + ";tag=peer",
		remote: request.header.Get("From"), id: request.header.Get("Call-Id"), number: 1,
	}
}

func (p *peer) send(to *net.UDPAddr, lines []string, extra fields, body string) {
	if _, ok := extra["Contact"]; !ok {
		lines = append(lines, "Contact: <"+p.uri("peer")+">")
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		lines = append(lines, name+": "+extra[name])
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)), "", body)
	if _, err := p.sip.WriteToUDP([]byte(strings.Join(lines, "\r\n")), to); err != nil {
		p.t.Error(err)
	}
}

// sdp is a description of the peer's audio.
func (p *peer) sdp() string {
	return lines("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
		fmt.Sprintf("m=audio %d RTP/AVP 111 101", p.rtp.LocalAddr().(*net.UDPAddr).Port),
		"a=rtpmap:111 opus/48000/2", "a=rtpmap:101 telephone-event/8000", "a=sendrecv")
}

func lines(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n" }

// dial sends the tone # as an RTP event to the audio port in an INVITE.
func (p *peer) dial(invite packet) {
	_, media, _ := strings.Cut(invite.body, "m=audio ")
	var port int
	if _, err := fmt.Sscan(media, &port); err != nil {
		p.t.Fatalf("find the audio port of %s: %v", invite.body, err)
	}
	rtp := []byte{0x80, 101, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 11, 0x80 | 10, 1280 >> 8, 1280 & 0xff}
	if _, err := p.rtp.WriteToUDP(rtp, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err != nil {
		p.t.Error(err)
	}
}
