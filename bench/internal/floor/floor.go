// Package floor is the simplest client over nhooyr.io/websocket: it sends prepared
// frames and counts the replies without looking at them. It is the reference for
// the other clients, not a lower limit.
package floor

//lint:file-ignore SA1019 the library measured is built on this module

import (
	"context"
	"encoding/json"
	"fmt"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/bench/internal/contest"
)

// readLimit is the default of the library.
const readLimit = 16 << 20

type client struct {
	ctx     context.Context
	ws      *websocket.Conn
	session uint64
	echo    uint64
	handles []uint64
}

// Dial connects and creates a session.
func Dial(ctx context.Context, url string) (contest.Client, error) {
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"janus-protocol"}})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(readLimit)
	c := &client{ctx: ctx, ws: ws}
	if c.session, err = c.create(`{"janus":"create","transaction":"floor"}`); err != nil {
		return nil, err
	}
	return c, nil
}

// create makes a session or a handle and returns its id.
func (c *client) create(frame string) (uint64, error) {
	if err := c.write([]byte(frame)); err != nil {
		return 0, err
	}
	return c.readID()
}

// readID reads the id of a new session or handle from the reply.
func (c *client) readID() (uint64, error) {
	_, reply, err := c.ws.Read(c.ctx)
	if err != nil {
		return 0, err
	}
	var made struct {
		Data struct{ ID uint64 }
	}
	if err := json.Unmarshal(reply, &made); err != nil {
		return 0, err
	}
	if made.Data.ID == 0 {
		return 0, fmt.Errorf("unexpected reply %s", reply)
	}
	return made.Data.ID, nil
}

func (c *client) attachFrame(plugin string) string {
	return fmt.Sprintf(
		`{"janus":"attach","transaction":"floor","session_id":%d,"plugin":%q}`, c.session, plugin)
}

func (c *client) write(frame []byte) error { return c.ws.Write(c.ctx, websocket.MessageText, frame) }

func (c *client) KeepAlives(n, inFlight int) error {
	frame := fmt.Sprintf(`{"janus":"keepalive","transaction":"floor.floor","session_id":%d}`, c.session)
	return c.exchange([]byte(frame), n, inFlight, 1)
}

func (c *client) Messages(n, inFlight int) (err error) {
	if c.echo == 0 {
		if c.echo, err = c.create(c.attachFrame(contest.EchoTest)); err != nil {
			return err
		}
	}
	frame := fmt.Sprintf(
		`{"janus":"message","transaction":"floor.floor","session_id":%d,"handle_id":%d,"body":{"audio":true}}`,
		c.session, c.echo)
	return c.exchange([]byte(frame), n, inFlight, 2)
}

// exchange sends n frames, inFlight at a time, and reads the given number of
// replies to each.
func (c *client) exchange(frame []byte, n, inFlight, replies int) error {
	if inFlight > 1 {
		return c.pipeline(frame, n, inFlight, replies)
	}
	for range n {
		if err := c.write(frame); err != nil {
			return err
		}
		if err := c.skip(replies); err != nil {
			return err
		}
	}
	return nil
}

// pipeline is exchange with one goroutine that writes and one that reads. Of
// the loops tried it is the fastest: one goroutine that does both is slower, and
// so is a goroutine for each frame in flight.
func (c *client) pipeline(frame []byte, n, inFlight, replies int) error {
	outstanding := make(chan struct{}, inFlight)
	done := make(chan error, 1)
	go func() {
		for range n {
			if err := c.skip(replies); err != nil {
				_ = c.ws.CloseNow() // so that the writer fails too
				done <- err
				return
			}
			<-outstanding
		}
		done <- nil
	}()
	for range n {
		select {
		case outstanding <- struct{}{}:
		case err := <-done:
			return err
		}
		if err := c.write(frame); err != nil {
			return err
		}
	}
	return <-done
}

// skip reads frames without looking at them.
func (c *client) skip(frames int) error {
	for range frames {
		if _, _, err := c.ws.Read(c.ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) Attach(n int, _ bool) error {
	const atOnce = 64
	frame := []byte(c.attachFrame(contest.VideoRoom))
	for ; n > 0; n -= atOnce {
		for range min(n, atOnce) {
			if err := c.write(frame); err != nil {
				return err
			}
		}
		for range min(n, atOnce) {
			id, err := c.readID()
			if err != nil {
				return err
			}
			c.handles = append(c.handles, id)
		}
	}
	return nil
}

// event is what an event is decoded into: the fields of the library's EventMsg.
type event struct {
	Janus       string         `json:"janus"`
	Transaction string         `json:"transaction"`
	Session     uint64         `json:"session_id"`
	Handle      uint64         `json:"sender"`
	OpaqueID    string         `json:"opaque_id"`
	Jsep        map[string]any `json:"jsep"`
	Plugindata  struct {
		Plugin string         `json:"plugin"`
		Data   map[string]any `json:"data"`
	} `json:"plugindata"`
}

// Stream reads and decodes each event once.
func (c *client) Stream(events, handles int) error {
	if err := c.request(contest.Body{Request: contest.Stream, Events: events, Handles: handles}); err != nil {
		return err
	}
	if err := c.skip(1); err != nil {
		return err
	}
	return c.decode(events)
}

// Route reads and decodes each event once. It does not look at the handle.
func (c *client) Route(events int) error {
	for burst := range contest.Bursts(events, len(c.handles)) {
		to := make([]uint64, len(burst))
		for i, handle := range burst {
			to[i] = c.handles[handle]
		}
		if err := c.request(contest.Body{Request: contest.Burst, To: to}); err != nil {
			return err
		}
		if err := c.decode(len(to)); err != nil {
			return err
		}
		if err := c.skip(1); err != nil {
			return err
		}
	}
	return nil
}

// request sends a message to the first handle.
func (c *client) request(body contest.Body) error {
	if len(c.handles) == 0 {
		return contest.ErrNoHandle
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.write(fmt.Appendf(nil,
		`{"janus":"message","transaction":"floor","session_id":%d,"handle_id":%d,"body":%s}`,
		c.session, c.handles[0], raw))
}

// decode reads frames and decodes each.
func (c *client) decode(frames int) error {
	for range frames {
		_, frame, err := c.ws.Read(c.ctx)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(frame, new(event)); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the connection without a closing handshake.
func (c *client) Close() error { return c.ws.CloseNow() }
