package scripted

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

// client is the server's side of one connection.
type client struct {
	in    *bufio.Reader
	out   *bufio.Writer
	frame []byte
	reply []byte

	handles    map[uint64][]uint64 // of each session
	requests   int                 // of all kinds
	keepAlives int
}

// request is what of a request the answer depends on.
type request struct {
	Janus       string       `json:"janus"`
	Transaction string       `json:"transaction"`
	Session     uint64       `json:"session_id"`
	Handle      uint64       `json:"handle_id"`
	Plugin      string       `json:"plugin"`
	Body        contest.Body `json:"body"`
}

// answer answers one request.
func (c *client) answer(frame []byte) error {
	var r request
	if err := json.Unmarshal(frame, &r); err != nil {
		return err
	}
	c.requests++
	switch r.Janus {
	case "create":
		return c.print(`{"janus":"success","transaction":%q,"data":{"id":%d}}`, r.Transaction, newID())
	case "attach":
		return c.attach(&r)
	case "message":
		return c.message(&r)
	case "info":
		return c.print(`{"janus":"server_info","transaction":%q,"requests":%d,"keepalives":%d}`,
			r.Transaction, c.requests, c.keepAlives)
	case "keepalive":
		c.keepAlives++
	}
	return c.ack(&r)
}

// attach remembers the handles that events can be asked for.
func (c *client) attach(r *request) error {
	id := newID()
	if r.Plugin == contest.VideoRoom {
		if c.handles == nil {
			c.handles = make(map[uint64][]uint64)
		}
		c.handles[r.Session] = append(c.handles[r.Session], id)
	}
	return c.print(`{"janus":"success","session_id":%d,"transaction":%q,"data":{"id":%d}}`,
		r.Session, r.Transaction, id)
}

// newID is an id as Janus chooses them.
func newID() uint64 { return 1 + rand.Uint64N(1<<53-1) }

// print sends a text frame.
func (c *client) print(format string, args ...any) error {
	c.reply = fmt.Appendf(c.reply[:0], format, args...)
	return c.send(opText, c.reply)
}

// message answers the small message as the EchoTest does, and the others with
// events.
func (c *client) message(r *request) error {
	switch r.Body.Request {
	case contest.Stream:
		return c.stream(r)
	case contest.Burst:
		return c.burst(r)
	}
	if err := c.ack(r); err != nil {
		return err
	}
	return c.print(`{"janus":"event","session_id":%d,"transaction":%q,"sender":%d,`+
		`"plugindata":{"plugin":"janus.plugin.echotest","data":{"echotest":"event","result":"ok"}}}`,
		r.Session, r.Transaction, r.Handle)
}

func (c *client) ack(r *request) error {
	return c.print(`{"janus":"ack","session_id":%d,"transaction":%q}`, r.Session, r.Transaction)
}

// success answers a request that the plugin has answered at once.
func (c *client) success(r *request) error {
	return c.print(`{"janus":"success","session_id":%d,"transaction":%q,"sender":%d,`+
		`"plugindata":{"plugin":"janus.plugin.videoroom","data":{"videoroom":"success"}}}`,
		r.Session, r.Transaction, r.Handle)
}

// event sends the event with which a VideoRoom tells of a new publisher.
func (c *client) event(session, handle uint64) error {
	return c.print(`{"janus":"event","session_id":%d,"sender":%d,"plugindata":{"plugin":"janus.plugin.videoroom",`+
		`"data":{"videoroom":"event","room":9007,"publishers":[{"id":1002,"display":"bob",`+
		`"audio_codec":"opus","video_codec":"vp8","streams":[`+
		`{"type":"audio","mindex":0,"mid":"0","codec":"opus","fec":true},`+
		`{"type":"video","mindex":1,"mid":"1","codec":"vp8"}]}]}}}`,
		session, handle)
}

// stream sends events to the session's first handles, chosen at random.
func (c *client) stream(r *request) error {
	handles := c.handles[r.Session]
	if n := r.Body.Handles; n < 1 || n > len(handles) {
		return fmt.Errorf("events for %d handles of %d", n, len(handles))
	}
	if err := c.success(r); err != nil {
		return err
	}
	for range r.Body.Events {
		if err := c.event(r.Session, handles[rand.IntN(r.Body.Handles)]); err != nil {
			return err
		}
	}
	return nil
}

// burst sends one event to each handle that is named.
func (c *client) burst(r *request) error {
	for _, handle := range r.Body.To {
		if err := c.event(r.Session, handle); err != nil {
			return err
		}
	}
	return c.success(r)
}
