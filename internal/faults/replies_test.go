package faults

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// outcome is what a forged reply does.
type outcome int

const (
	fails      outcome = iota // the call returns an error, the connection lives
	succeeds                  // the call returns
	unanswered                // the call waits on
	ends                      // the connection ends, and the call with it
)

// forged are replies in which TX, SID and HID stand for those of the request.
var forged = map[string]struct {
	frame string
	want  outcome
}{
	"wrong kind":             {`{"janus":"banana","transaction":"TX"}`, fails},
	"kind is a number":       {`{"janus":5,"transaction":"TX"}`, fails},
	"kind is null":           {`{"janus":null,"transaction":"TX"}`, fails},
	"no kind":                {`{"transaction":"TX"}`, fails},
	"kind of an event":       {`{"janus":"webrtcup","transaction":"TX","session_id":SID,"sender":HID}`, fails},
	"session is a string":    {`{"janus":"success","transaction":"TX","session_id":"SID"}`, fails},
	"session is negative":    {`{"janus":"success","transaction":"TX","session_id":-1}`, fails},
	"session is a fraction":  {`{"janus":"success","transaction":"TX","session_id":1.5}`, fails},
	"session is huge":        {`{"janus":"success","transaction":"TX","session_id":1e400}`, fails},
	"session has 100 digits": {`{"janus":"success","transaction":"TX","session_id":` + strings.Repeat("9", 100) + `}`, fails},
	"data is a list":         {`{"janus":"success","transaction":"TX","data":[1]}`, fails},
	"data.id is a string":    {`{"janus":"success","transaction":"TX","data":{"id":"5"}}`, fails},
	"data.id is huge":        {`{"janus":"success","transaction":"TX","data":{"id":18446744073709551616}}`, fails},
	"plugindata is a string": {`{"janus":"success","transaction":"TX","plugindata":"x"}`, fails},
	"plugin's data is a list": {
		`{"janus":"event","transaction":"TX","session_id":SID,"sender":HID,"plugindata":{"plugin":"p","data":[1]}}`, fails,
	},
	"plugin's number is huge": {
		`{"janus":"event","transaction":"TX","session_id":SID,"sender":HID,"plugindata":{"plugin":"p","data":{"n":1e999}}}`, fails,
	},
	"jsep is a number":      {`{"janus":"event","transaction":"TX","session_id":SID,"sender":HID,"jsep":5}`, fails},
	"error is null":         {`{"janus":"error","transaction":"TX","error":null}`, fails},
	"error is a string":     {`{"janus":"error","transaction":"TX","error":"x"}`, fails},
	"error without content": {`{"janus":"error","transaction":"TX"}`, fails},
	"code is a string":      {`{"janus":"error","transaction":"TX","error":{"code":"x","reason":"r"}}`, fails},
	"code is huge":          {`{"janus":"error","transaction":"TX","error":{"code":1e30,"reason":"r"}}`, fails},
	"reason is a list":      {`{"janus":"error","transaction":"TX","error":{"code":403,"reason":[]}}`, fails},
	"unknown transaction":   {`{"janus":"success","transaction":"nobody's","data":{"id":1}}`, unanswered},
	"another number":        {`{"janus":"success","transaction":"TX0","data":{"id":1}}`, unanswered},
	"number with a zero":    {`{"janus":"success","transaction":"PREFIX.0NUMBER","data":{"id":1}}`, unanswered},
	"number with a sign":    {`{"janus":"success","transaction":"PREFIX.+NUMBER","data":{"id":1}}`, unanswered},
	"number in capitals":    {`{"janus":"success","transaction":"PREFIX.ZZZZ","data":{"id":1}}`, unanswered},
	"transaction is null":   {`{"janus":"success","transaction":null,"data":{"id":1}}`, unanswered},
	"transaction is a list": {`{"janus":"success","transaction":["TX"],"data":{"id":1}}`, unanswered},
	"no transaction":        {`{"janus":"success","data":{"id":1}}`, unanswered},
	"invalid UTF-8":         {"{\"janus\":\"banana\xff\",\"transaction\":\"TX\"}", ends},
	"empty":                 {``, ends},
	"null":                  {`null`, ends},
	"a number":              {`5`, ends},
	"a list":                {`[{"janus":"success","transaction":"TX"}]`, ends},
	"half an object":        {`{"janus":"success","transaction":"TX"`, ends},
	"two objects":           {`{"janus":"success","transaction":"TX"}{}`, ends},
	"nested too deep":       {`{"janus":"success","transaction":"TX","x":` + strings.Repeat("[", 2e4) + strings.Repeat("]", 2e4) + `}`, ends},
	"nested deep":           {`{"janus":"banana","transaction":"TX","x":` + strings.Repeat("[", 5e3) + strings.Repeat("]", 5e3) + `}`, fails},
}

// verbs are all requests. Each makes one call.
var verbs = map[string]func(context.Context, *client, *janus.Session, *janus.Handle) error{
	"info": func(ctx context.Context, c *client, _ *janus.Session, _ *janus.Handle) error {
		return of(c.Info(ctx, ""))
	},
	"ping": func(ctx context.Context, c *client, _ *janus.Session, _ *janus.Handle) error { return c.Ping(ctx, "") },
	"create": func(ctx context.Context, c *client, _ *janus.Session, _ *janus.Handle) error {
		return of(c.Create(ctx, ""))
	},
	"claim": func(ctx context.Context, c *client, s *janus.Session, _ *janus.Handle) error {
		return of(c.Claim(ctx, "", s.ID+1))
	},
	"attach": func(ctx context.Context, _ *client, s *janus.Session, _ *janus.Handle) error {
		return of(s.Attach(ctx, "", plugin))
	},
	"keepalive": func(ctx context.Context, _ *client, s *janus.Session, _ *janus.Handle) error {
		return of(s.KeepAlive(ctx, ""))
	},
	"destroy": func(ctx context.Context, _ *client, s *janus.Session, _ *janus.Handle) error {
		return of(s.Destroy(ctx, ""))
	},
	"message": func(ctx context.Context, _ *client, _ *janus.Session, h *janus.Handle) error {
		return of(h.Message(ctx, "", order{}, nil))
	},
	"message sync": func(ctx context.Context, _ *client, _ *janus.Session, h *janus.Handle) error {
		return of(h.Request(ctx, "", order{}))
	},
	"trickle": func(ctx context.Context, _ *client, _ *janus.Session, h *janus.Handle) error {
		return of(h.Trickle(ctx, "", janus.ICECandidate{}))
	},
	"hangup": func(ctx context.Context, _ *client, _ *janus.Session, h *janus.Handle) error {
		return of(h.Hangup(ctx, ""))
	},
	"detach": func(ctx context.Context, _ *client, _ *janus.Session, h *janus.Handle) error {
		return of(h.Detach(ctx, ""))
	},
}

// of drops a result.
func of[T any](_ T, err error) error { return err }

// request is what a forger needs to know of one.
type request struct {
	Janus       string
	Transaction string
	Session     uint64 `json:"session_id"`
	Handle      uint64 `json:"handle_id"`

	frame []byte
}

// fill puts the request's own ids into a forged frame.
func (r request) fill(frame string) string {
	prefix, number, _ := strings.Cut(r.Transaction, ".")
	return strings.NewReplacer(
		"TX", r.Transaction, "PREFIX", prefix, "NUMBER", number,
		"SID", fmt.Sprint(r.Session), "HID", fmt.Sprint(r.Handle),
	).Replace(frame)
}

// forge has the server answer requests of one kind with forged frames.
func forge(server *stub, verb string, answer func(r request, reply func(any))) {
	verb, _, _ = strings.Cut(verb, " ")
	server.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var r request
		if json.Unmarshal(frame, &r) != nil || r.Janus != verb {
			return false
		}
		r.frame = frame
		answer(r, reply)
		return true
	})
}

// A reply of a wrong form is an error to the call it concerns or a clean end,
// never a panic, and never touches another call.
func TestForgedReplies(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	for name, f := range forged {
		t.Run(name, func(t *testing.T) {
			for verb, call := range verbs {
				forgedReply(t, server, verb, call, f.frame, f.want)
			}
		})
	}
}

func forgedReply(
	t *testing.T, server *stub, verb string,
	call func(context.Context, *client, *janus.Session, *janus.Handle) error, frame string, want outcome,
) {
	c := connect(t, server.URL, &janus.DialOptions{RequestTimeout: -1})
	defer c.end(t)
	session, handle := c.open(t)
	_, bystander := c.open(t)
	waiting := waiters(t, server, bystander, 1)
	answered := make(chan struct{}, 1)
	forge(server, verb, func(r request, reply func(any)) {
		reply(r.fill(frame))
		answered <- struct{}{}
	})

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- call(ctx, c, session, handle) }()
	await(t, verb+": the request", answered)
	server.Intercept(nil)
	if want == unanswered {
		c.mustLive(t) // what was forged has been handled by now
		cancel()
	}
	err := await(t, verb+": the return of the call", result)
	switch want {
	case fails:
		if err == nil || errors.Is(err, janus.ErrClosed) {
			t.Errorf("%s: returned %v, want an error of its own", verb, err)
		}
	case unanswered:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: returned %v, want the context's end", verb, err)
		}
	case ends:
		cause := c.mustEnd(t)
		assertClosed(t, append(waiting.wait(t), err), cause)
		return
	}
	c.mustLive(t)
	c.end(t)
	assertClosed(t, waiting.wait(t), nil) // and nothing else
}

// A reply that comes twice, or after its caller has gone, reaches no other call:
// what says something is delivered as an event, what was made is undone.
func TestRepliesTwiceAndLate(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	session, handle := c.open(t)

	const event = `{"janus":"event","transaction":"TX","session_id":SID,"sender":HID,"plugindata":{"plugin":"p","data":{"nonce":N}}}`
	forge(server, "message", func(r request, reply func(any)) {
		for n := range 3 {
			reply(r.fill(strings.ReplaceAll(event, "N}", fmt.Sprint(n)+"}")))
		}
		reply(r.fill(`{"janus":"ack","transaction":"TX","session_id":SID}`))
	})
	answer, err := handle.Message(t.Context(), "", order{}, nil)
	if err != nil || nonce(answer) != 0 {
		t.Fatalf("the answer is %v, %v, want the first", answer, err)
	}
	for n := 1; n < 3; n++ {
		if got := nonce(next(t, "Handle.Events", handle.Events)); got != n {
			t.Errorf("the repeated answer %d is %d", n, got)
		}
	}

	late(t, server, "message", `{"janus":"success","transaction":"TX","session_id":SID,"sender":HID,"plugindata":{"plugin":"p","data":{"nonce":9}}}`,
		func(ctx context.Context) error { return of(handle.Message(ctx, "", order{}, nil)) })
	if got := nonce(next(t, "Handle.Events", handle.Events)); got != 9 {
		t.Errorf("the late answer is %d", got)
	}
	late(t, server, "keepalive", `{"janus":"error","transaction":"TX","session_id":SID,"error":{"code":490,"reason":"late"}}`,
		func(ctx context.Context) error { return of(session.KeepAlive(ctx, "")) })
	if msg, ok := next(t, "Session.Events", session.Events).(*janus.ErrorMsg); !ok || msg.Err.Code != 490 {
		t.Errorf("the late error came as %v", msg)
	}
	for _, row := range []struct {
		verb, undo string
		call       func(context.Context) error
	}{
		{"create", "destroy", func(ctx context.Context) error { return of(c.Create(ctx, "")) }},
		{"attach", "detach", func(ctx context.Context) error { return of(session.Attach(ctx, "", plugin)) }},
	} {
		late(t, server, row.verb, `{"janus":"success","transaction":"TX","data":{"id":815}}`, row.call)
		eventually(t, "a late "+row.verb+" undone by "+row.undo, new(sync.Mutex), func() bool {
			return sent(server, row.undo) == 815
		})
	}
	c.mustLive(t)
}

// late answers a call after its context has ended.
func late(t *testing.T, server *stub, verb, frame string, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan func(), 1)
	forge(server, verb, func(r request, reply func(any)) {
		release <- func() { reply(r.fill(frame)) }
		cancel()
	})
	if err := call(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%s: returned %v, want the context's end", verb, err)
	}
	server.Intercept(nil)
	(<-release)()
}

// sent returns the id that the server was last asked to destroy or detach.
func sent(server *stub, verb string) (id uint64) {
	for _, frame := range server.Requests() {
		var r request
		if json.Unmarshal(frame, &r) == nil && r.Janus == verb {
			id = max(r.Handle, r.Session*uint64(len(verb)/len("destroy")))
		}
	}
	return id
}

// Calls whose replies never come are forgotten when their callers have gone.
func TestUnansweredCallsAreForgotten(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	_, handle := c.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	all := new(calls)
	for range 500 {
		all.start(func() error { return of(handle.Message(ctx, "", order{Do: "nothing"}, nil)) })
	}
	for range 500 {
		await(t, "the arrival of a request", server.ignored)
	}
	cancel()
	for _, err := range all.wait(t) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a call ended with %v, want its context's end", err)
		}
	}
	c.mustLive(t)
	if n := callsLeft(c.Gateway); n != 0 {
		t.Errorf("%d calls are remembered", n)
	}
}

// A reply that comes at the moment at which its caller's context ends goes to
// that caller, or is delivered as an event, but never to the next call.
func TestReplyAtTheEndOfAContext(t *testing.T) {
	noLeaks(t)
	server := newStub(t, nil)
	c := connect(t, server.URL, nil)
	_, handle := c.open(t)
	var cancel atomic.Pointer[context.CancelFunc]
	forge(server, "message", func(r request, reply func(any)) {
		var body struct{ Body order }
		_ = json.Unmarshal(r.frame, &body) // every test sends an order
		if end := cancel.Swap(nil); end != nil {
			go (*end)()
		}
		reply(r.fill(fmt.Sprintf(`{"janus":"success","transaction":"TX","session_id":SID,"sender":HID,`+
			`"plugindata":{"plugin":"p","data":{"nonce":%d}}}`, body.Body.Nonce)))
	})
	replied, ended := 0, 0
	for n := 0; n < pick(2000, 20_000); n += 2 {
		ctx, end := context.WithCancel(t.Context())
		cancel.Store(&end)
		msg, err := handle.Message(ctx, "", order{Nonce: n}, nil)
		switch {
		case err == nil && nonce(msg) == n:
			replied++
		case errors.Is(err, context.Canceled):
			ended++
			if got := nonce(next(t, "Handle.Events", handle.Events)); got != n {
				t.Fatalf("the late answer is %d, want %d", got, n)
			}
		default:
			t.Fatalf("call %d returned %d, %v", n, nonce(msg), err)
		}
		if msg, err := handle.Message(t.Context(), "", order{Nonce: n + 1}, nil); err != nil || nonce(msg) != n+1 {
			t.Fatalf("the next call, %d, returned %d, %v", n+1, nonce(msg), err)
		}
		end()
	}
	t.Logf("%d calls got their replies, %d their contexts' ends", replied, ended)
}

// A message as large as is allowed arrives; one more byte ends the connection.
func TestMessageSizes(t *testing.T) {
	noLeaks(t)
	for name, limit := range map[string]int64{"default": 0, "set": 50_000} {
		t.Run(name, func(t *testing.T) {
			if limit == 0 && !full {
				t.Skip("takes long: JANUS_FAULTS=full")
			}
			server := newStub(t, nil)
			c := connect(t, server.URL, &janus.DialOptions{MaxMessageSize: limit})
			session, handle := c.open(t)
			most := int(limit)
			if most == 0 {
				most = 16 << 20
			}
			send := func(n int) {
				head := fmt.Sprintf(`{"janus":"event","session_id":%d,"sender":%d,"x":"`, session.ID, handle.ID)
				frame := head + strings.Repeat("x", n-len(head)-2) + `"}`
				if err := server.Send(session.ID, frame); err != nil {
					t.Fatal(err)
				}
			}
			send(most)
			if _, ok := next(t, "Handle.Events", handle.Events).(*janus.EventMsg); !ok {
				t.Error("the largest message did not arrive as an event")
			}
			waiting := waiters(t, server, handle, 1)
			send(most + 1)
			cause := c.mustEnd(t)
			if !strings.Contains(cause.Error(), fmt.Sprintf("larger than %d bytes", most)) {
				t.Errorf("the group reports %v", cause)
			}
			assertClosed(t, waiting.wait(t), cause)
			drain(t, "Handle.Events", handle.Events)
		})
	}
}

// wsFrame is a frame as a server sends it: not masked.
func wsFrame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	default:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	}
	return append(b, payload...)
}

// The first byte of a websocket frame.
const (
	fin          = 0x80
	rsv1         = 0x40
	continuation = 0x0
	text         = 0x1
	binaryFrame  = 0x2
	closing      = 0x8
	ping         = 0x9
	pong         = 0xA
)

// rawFrames are what a server sends of one event.
type rawFrames struct {
	raw     string
	arrives bool
}

// websocketFrames returns frames that a websocket may not, or need not, send.
func websocketFrames(event string) map[string]rawFrames {
	part := len(event) / 3
	join := func(frames ...[]byte) string { return string(bytes.Join(frames, nil)) }
	start := wsFrame(text, event[:part])
	return map[string]rawFrames{
		"whole":      {join(wsFrame(fin|text, event)), true},
		"fragmented": {join(start, wsFrame(continuation, ""), wsFrame(fin|continuation, event[part:])), true},
		"fragmented around control frames": {
			join(start, wsFrame(fin|ping, "x"), wsFrame(fin|pong, "y"), wsFrame(fin|continuation, event[part:])), true,
		},
		"pong of nobody":            {join(wsFrame(fin|pong, "1"), wsFrame(fin|text, event)), true},
		"binary":                    {join(wsFrame(fin|binaryFrame, event)), false},
		"compressed":                {join(wsFrame(fin|rsv1|text, event)), false},
		"continuation of nothing":   {join(wsFrame(fin|continuation, event)), false},
		"text inside a message":     {join(start, wsFrame(fin|text, event)), false},
		"unknown opcode":            {join(wsFrame(fin|0x3, event)), false},
		"fragmented ping":           {join(wsFrame(ping, "x")), false},
		"large ping":                {join(wsFrame(fin|ping, strings.Repeat("x", 126))), false},
		"close inside a message":    {join(start, wsFrame(fin|closing, "\x03\xe8")), false},
		"close with half a status":  {join(wsFrame(fin|closing, "\x03")), false},
		"close with a wrong status": {join(wsFrame(fin|closing, "\x03\xee")), false},
		"close without a status":    {join(wsFrame(fin|closing, "")), false},
		"negative length":           {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", false},
		"length that never comes":   {"\x81\x7f\x00\x00\x00\xff\xff\xff\xff\xff" + event, false},
		"not a websocket":           {"HTTP/1.1 500 Internal Server Error\r\n\r\n", false},
	}
}

// Frames that are allowed arrive; the rest ends the connection cleanly.
func TestWebsocketFrames(t *testing.T) {
	noLeaks(t)
	for name := range websocketFrames("") {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, nil)
			c := connect(t, server.URL, &janus.DialOptions{
				PingInterval: 100 * time.Millisecond, PongTimeout: time.Second, RequestTimeout: -1,
			})
			session, handle := c.open(t)
			waiting := waiters(t, server, handle, 3)
			row := websocketFrames(request{Session: session.ID, Handle: handle.ID}.fill(
				`{"janus":"event","session_id":SID,"sender":HID,"plugindata":{"plugin":"p","data":{"nonce":3}}}`))[name]
			server.Corrupt([]byte(row.raw))
			if row.arrives {
				if got := nonce(next(t, "Handle.Events", handle.Events)); got != 3 {
					t.Errorf("the event has nonce %d", got)
				}
				c.mustLive(t)
				c.end(t)
				assertClosed(t, waiting.wait(t), nil)
				return
			}
			cause := c.mustEnd(t)
			t.Logf("the group reports %v", cause)
			assertClosed(t, waiting.wait(t), cause)
			if got := drain(t, "Handle.Events", handle.Events); len(got) != 0 {
				t.Errorf("delivered %v", got)
			}
		})
	}
}

// A server that compresses although the client did not offer to is refused.
func TestCompressionNotOffered(t *testing.T) {
	noLeaks(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: janus-protocol\r\n"+
			"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", acceptKey(r))
	}))
	defer server.Close()
	if _, _, err := janus.Connect(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")); err == nil {
		t.Error("the handshake succeeded")
	} else {
		t.Log(err)
	}
}

// acceptKey is a handshake's proof of having been understood.
func acceptKey(r *http.Request) string {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
