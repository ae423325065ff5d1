package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// The ids that the fuzzed server gives.
const (
	fuzzSession, otherSession = 11, 12
	fuzzHandle, otherHandle   = 21, 22
)

// fuzzPeer is the server's end of an in-memory connection.
type fuzzPeer struct {
	conn    net.Conn
	read    *bufio.Reader
	arrived chan request  // requests, until the connection ends
	polite  bool          // answer a close frame
	closed  chan struct{} // closed when it is answered
	mu      sync.Mutex    // of writes
}

// newFuzzPeer returns a peer and an HTTP client that connects to it.
func newFuzzPeer(polite bool) (*fuzzPeer, *http.Client) {
	client, server := net.Pipe()
	p := &fuzzPeer{conn: server, read: bufio.NewReader(server), arrived: make(chan request, 64), polite: polite, closed: make(chan struct{})}
	return p, &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil },
	}}
}

// serve performs the handshake and reads requests until the connection ends.
func (p *fuzzPeer) serve() {
	defer close(p.arrived)
	r, err := http.ReadRequest(p.read)
	if err != nil {
		return
	}
	_, _ = fmt.Fprintf(p.conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: janus-protocol\r\n\r\n", acceptKey(r))
	for {
		opcode, payload, err := p.frame()
		if err != nil {
			return
		}
		if opcode == closing && p.polite {
			p.send(wsFrame(fin|closing, string(payload)))
			p.polite = false // there is one answer
			close(p.closed)
		}
		var req request
		if opcode == text && json.Unmarshal(payload, &req) == nil {
			select {
			case p.arrived <- req:
			default: // nobody asks for what comes after the calls
			}
		}
	}
}

// frame reads a frame of the client.
func (p *fuzzPeer) frame() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(p.read, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7f)
	size := map[uint64]int{126: 2, 127: 8}[n]
	rest := make([]byte, size+4)
	if _, err := io.ReadFull(p.read, rest); err != nil {
		return 0, nil, err
	}
	switch size {
	case 2:
		n = uint64(binary.BigEndian.Uint16(rest))
	case 8:
		n = binary.BigEndian.Uint64(rest)
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(p.read, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= rest[size+i%4]
	}
	return head[0] & 0xf, payload, nil
}

// send writes raw bytes. It fails once the client has gone.
func (p *fuzzPeer) send(raw []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.conn.Write(raw)
	return err == nil
}

func (p *fuzzPeer) say(frame string) bool { return p.send(wsFrame(fin|text, frame)) }

// answer waits for a request and answers it.
func (p *fuzzPeer) answer(frame string) {
	if r, ok := <-p.arrived; ok {
		p.say(r.fill(frame))
	}
}

// fuzzCall is an open call.
type fuzzCall struct {
	transaction string
	msg         any
	err         error
	returns     int
}

// fuzzed is a Gateway with open calls.
type fuzzed struct {
	t        *testing.T
	peer     *fuzzPeer
	client   *client
	sessions []*janus.Session
	handles  []*janus.Handle
	calls    []*fuzzCall
	open     sync.WaitGroup
	closed   sync.WaitGroup // of the Events channels
}

// newFuzzed connects and makes one call of each kind, none of which is answered.
func newFuzzed(t *testing.T, peer *fuzzPeer, http *http.Client) *fuzzed {
	f := &fuzzed{t: t, peer: peer}
	gateway, group, err := janus.Dial(t.Context(), "ws://fuzz/", &janus.DialOptions{
		HTTPClient: http, PingInterval: -1, RequestTimeout: -1, EventBacklog: 8,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.client = follow(gateway, group)
	for _, id := range []uint64{fuzzSession, otherSession} {
		go peer.answer(fmt.Sprintf(`{"janus":"success","transaction":"TX","data":{"id":%d}}`, id))
		s := f.client.session(t)
		go peer.answer(fmt.Sprintf(`{"janus":"success","transaction":"TX","session_id":SID,"data":{"id":%d}}`, id+fuzzHandle-fuzzSession))
		h := attach(t, s)
		f.sessions, f.handles = append(f.sessions, s), append(f.handles, h)
		for _, events := range []chan any{s.Events, h.Events} {
			f.closed.Go(func() {
				for range events { // until it closes
				}
			})
		}
	}
	ctx := t.Context()
	s, h := f.sessions[0], f.handles[0]
	for _, call := range []func() (any, error){
		func() (any, error) { return f.client.Create(ctx, "") },
		func() (any, error) { return s.Attach(ctx, "", plugin) },
		func() (any, error) { return h.Message(ctx, "", order{}, nil) },
		func() (any, error) { return h.Request(ctx, "", order{}) },
		func() (any, error) { return s.KeepAlive(ctx, "") },
		func() (any, error) { return f.handles[1].Detach(ctx, "") },
		func() (any, error) { return f.sessions[1].Destroy(ctx, "") },
		func() (any, error) { return f.client.Claim(ctx, "", 99) },
		func() (any, error) { return f.client.Info(ctx, "") },
		func() (any, error) { return nil, f.client.Ping(ctx, "") },
	} {
		c := new(fuzzCall)
		f.calls = append(f.calls, c)
		f.open.Go(func() {
			c.msg, c.err = call()
			c.returns++
		})
		r := <-peer.arrived
		c.transaction = r.Transaction
	}
	return f
}

// placeholder is what stands in a fuzzed frame for the transaction of an open
// call.
var placeholder = regexp.MustCompile(`\$[0-9]`)

// fill puts transactions in the places of their placeholders.
func (f *fuzzed) fill(line []byte) []byte {
	return placeholder.ReplaceAllFunc(line, func(p []byte) []byte {
		return []byte(f.calls[p[1]-'0'].transaction)
	})
}

// check checks what every call returned, now that the connection has ended.
func (f *fuzzed) check(sent [][]byte) {
	within(f.t, "the open calls", f.open.Wait)
	for i, c := range f.calls {
		if c.returns != 1 {
			f.t.Errorf("call %d returned %d times", i, c.returns)
		}
		refusal := (*janus.ErrorMsg)(nil)
		switch {
		case c.err == nil, errors.As(c.err, &refusal) && !isEndedByOther(c.err):
			if !answered(sent, c.transaction) {
				f.t.Errorf("call %d returned %v, %v, but nothing was sent that answers it", i, c.msg, c.err)
			}
		}
		if event, ok := c.msg.(*janus.EventMsg); ok && event != nil && event.Transaction != c.transaction {
			f.t.Errorf("call %d has the answer of %q", i, event.Transaction)
		}
	}
	within(f.t, "the end of the Events channels", f.closed.Wait)
	f.client.assertEmpty(f.t)
}

// isEndedByOther reports whether a call failed because what it needed ended.
func isEndedByOther(err error) bool {
	return errors.Is(err, janus.ErrSessionEnded) || errors.Is(err, janus.ErrHandleDetached)
}

// answered reports whether a frame with the transaction was sent.
func answered(sent [][]byte, transaction string) bool {
	for _, frame := range sent {
		if bytes.Contains(frame, []byte(transaction+`"`)) {
			return true
		}
	}
	return false
}

// FuzzReader sends fuzzed frames, one a line, to a Gateway with open calls: no
// panic, each call returns once and with its own answer or an error, channels
// close, no goroutine stays. A line that begins with a zero byte goes into the
// stream as it is, below the websocket framing.
func FuzzReader(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte, polite bool) {
		before := runtime.NumGoroutine()
		peer, client := newFuzzPeer(polite)
		served := make(chan struct{})
		go func() {
			defer close(served)
			peer.serve()
		}()
		gateway := newFuzzed(t, peer, client)
		var sent [][]byte
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			raw, isRaw := bytes.CutPrefix(line, []byte{0})
			filled := gateway.fill(raw)
			sent = append(sent, filled)
			if !isRaw {
				filled = longFrame(filled)
			}
			if !peer.send(filled) {
				break
			}
		}
		var closes calls
		if polite { // otherwise the peer just goes
			closes.start(func() error { return gateway.client.Close(normalClosure, "") })
			select {
			case <-peer.closed:
			case <-gateway.client.ended:
			case <-time.After(10 * time.Millisecond): // what was sent keeps the client from closing
			}
		}
		_ = peer.conn.Close() // a pipe
		closes.wait(t)
		await(t, "the group", gateway.client.ended)
		within(t, "Close", func() { _ = gateway.client.Close(normalClosure, "") })
		gateway.check(sent)
		<-served
		client.CloseIdleConnections()
		for end := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks())
			}
		}
	})
}

// longFrame is a text frame of any length.
func longFrame(payload []byte) []byte {
	if len(payload) < 1<<16 {
		return wsFrame(fin|text, string(payload))
	}
	return append(binary.BigEndian.AppendUint64([]byte{fin | text, 127}, uint64(len(payload))), payload...)
}

// seed adds what real servers say, and what this suite forges.
func seed(f *testing.F) {
	files, err := filepath.Glob("../../janustest/testdata/*/*.jsonl")
	if err != nil || len(files) == 0 {
		f.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		frames := corpusFrames(f, raw)
		for len(frames) > 0 {
			n := min(len(frames), 8)
			f.Add([]byte(strings.Join(frames[:n], "\n")), len(frames)%2 == 0)
			frames = frames[n:]
		}
	}
	for _, forgery := range forged {
		if len(forgery.frame) > 1000 {
			continue
		}
		r := request{Transaction: "$2", Session: fuzzSession, Handle: fuzzHandle}
		f.Add([]byte(r.fill(forgery.frame)), false)
	}
	for _, row := range websocketFrames(`{"janus":"event","session_id":11,"sender":21,"transaction":"$2"}`) {
		f.Add([]byte("\x00"+row.raw), true)
	}
}

// ids are the members of recorded frames that must fit the fuzzed Gateway.
var (
	recordedTransaction = regexp.MustCompile(`"transaction":"[^"]*"`)
	recordedSession     = regexp.MustCompile(`"session_id":\d+`)
	recordedSender      = regexp.MustCompile(`"sender":\d+`)
)

// corpusFrames returns the recorded frames of a server, as if it had said them
// to a fuzzed Gateway.
func corpusFrames(f *testing.F, recorded []byte) (frames []string) {
	transaction := 0
	for line := range bytes.Lines(recorded) {
		var entry struct {
			Dir   string
			Frame json.RawMessage
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			f.Fatal(err)
		}
		if entry.Dir != "in" || len(entry.Frame) > 4000 {
			continue
		}
		frame := recordedTransaction.ReplaceAllStringFunc(string(entry.Frame), func(string) string {
			transaction++
			return fmt.Sprintf(`"transaction":"$%d"`, transaction%10)
		})
		frame = recordedSession.ReplaceAllString(frame, fmt.Sprintf(`"session_id":%d`, fuzzSession))
		frames = append(frames, recordedSender.ReplaceAllString(frame, fmt.Sprintf(`"sender":%d`, fuzzHandle)))
	}
	return frames
}
