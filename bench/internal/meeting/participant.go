package meeting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"nhooyr.io/websocket"
)

// participant is a browser of which only the websocket is there.
type participant struct {
	url, name string
	received  atomic.Int64

	conn     *websocket.Conn
	messages chan message // those that somebody may wait for
	done     chan struct{}
	err      error // after done
}

// message is what the program sends.
type message struct {
	Type        string `json:"type"`
	Reason      string `json:"reason"`
	Message     string `json:"message"`
	Participant struct {
		Name       string `json:"name"`
		Microphone bool   `json:"microphone"`
	} `json:"participant"`
}

// maxMessage is more than the list of all participants of a large room has.
const maxMessage = 8 << 20

func newParticipant(url, name string) *participant {
	return &participant{url: url, name: name, messages: make(chan message, 64), done: make(chan struct{})}
}

// join connects, asks for a place in the room and waits for the welcome. If there
// is no Janus yet, that takes until there is one.
func (p *participant) join(ctx context.Context) error {
	conn, _, err := websocket.Dial(ctx, p.url, nil)
	if err != nil {
		return err
	}
	conn.SetReadLimit(maxMessage)
	p.conn = conn
	go p.read(ctx)
	if err := p.send(ctx, map[string]any{"type": "join", "name": p.name}); err != nil {
		return err
	}
	return p.await(ctx, func(m message) bool { return m.Type == "welcome" })
}

// publish offers sound and a picture and waits for Janus's answer.
func (p *participant) publish(ctx context.Context) error {
	err := p.send(ctx, map[string]any{
		"type": "publish", "sdp": offer,
		"streams": []map[string]string{{"mid": "0", "kind": "microphone"}, {"mid": "1", "kind": "camera"}},
	})
	if err != nil {
		return err
	}
	return p.await(ctx, func(m message) bool { return m.Type == "answer" })
}

// speak switches the microphone on or off and waits until the program has told
// of it.
func (p *participant) speak(ctx context.Context, on bool) error {
	if err := p.send(ctx, map[string]any{"type": "state", "microphone": on, "camera": true}); err != nil {
		return err
	}
	return p.await(ctx, func(m message) bool {
		return m.Type == "participant" && m.Participant.Name == p.name && m.Participant.Microphone == on
	})
}

// leave says goodbye and waits for the program's.
func (p *participant) leave(ctx context.Context) error {
	if err := p.send(ctx, map[string]any{"type": "leave"}); err != nil {
		return err
	}
	return p.await(ctx, func(m message) bool { return m.Type == "ended" })
}

// close ends the connection.
func (p *participant) close() {
	if p.conn == nil {
		return
	}
	_ = p.conn.CloseNow() // its work is done
	<-p.done
}

func (p *participant) send(ctx context.Context, what map[string]any) error {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return p.conn.Write(ctx, websocket.MessageText, text)
}

// await reads until a message is the wanted one.
func (p *participant) await(ctx context.Context, wanted func(message) bool) error {
	for {
		select {
		case m := <-p.messages:
			switch {
			case wanted(m):
				return nil
			case m.Type == "error" || m.Type == "restart" || m.Type == "ended":
				return fmt.Errorf("got %q: %s%s", m.Type, m.Reason, m.Message)
			}
		case <-p.done:
			return p.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// read counts all messages and keeps those that are not about others.
func (p *participant) read(ctx context.Context) {
	defer close(p.done)
	for {
		_, text, err := p.conn.Read(ctx)
		if err != nil {
			p.err = err
			return
		}
		p.received.Add(1)
		var m message
		if err := json.Unmarshal(text, &m); err != nil {
			p.err = err
			return
		}
		if m.Type == "left" || m.Type == "participant" && m.Participant.Name != p.name {
			continue
		}
		select {
		case p.messages <- m:
		default:
			p.err = errors.New("messages came that nobody waits for")
			return
		}
	}
}

// cpuTime returns the CPU time that a process has used, in user and kernel mode.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name in parentheses may have spaces. The third field follows it.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the CPU time of process %d: %q", pid, stat)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil // 100 ticks a second on all of Linux's architectures
}
