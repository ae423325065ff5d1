package textroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
)

// request is a request as it was sent over the data channel.
type request struct {
	TextRoom    string
	Transaction string
}

// pipe returns a DataClient and the requests that it sends.
func pipe(t *testing.T) (*textroom.DataClient, <-chan request) {
	sent := make(chan request, 100)
	return textroom.OverData(func(text []byte) error {
		var r request
		if err := json.Unmarshal(text, &r); err != nil {
			t.Error(err)
		}
		sent <- r
		return nil
	}), sent
}

// bounded returns a context that ends with the test, or when a call is stuck.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// receive passes a text to a DataClient and returns the event.
func receive(t *testing.T, c *textroom.DataClient, format string, args ...any) textroom.Event {
	t.Helper()
	event, err := c.Receive(fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Error(err)
	}
	return event
}

// Answers find their calls in any order, and are not events. Other texts are.
func TestCallOverData(t *testing.T) {
	c, sent := pipe(t)
	var calls sync.WaitGroup
	for i := range 10 {
		calls.Go(func() {
			room := plugin.Num(uint64(i + 1))
			answer, err := c.Call(bounded(t), textroom.Exists{Room: room})
			if err != nil || !answer.Exists {
				t.Errorf("got %+v, %v", answer, err)
			}
		})
	}
	var requests []request
	for range 10 {
		requests = append(requests, <-sent)
	}
	for i := range requests {
		r := requests[len(requests)-1-i]
		if event := receive(t, c, `{"textroom":"leave","room":1,"username":"bob"}`); event == nil {
			t.Error("an event was taken for an answer")
		}
		if event := receive(t, c, `{"textroom":"success","exists":true,"transaction":%q}`, r.Transaction); event != nil {
			t.Errorf("the answer of a call was received as %T", event)
		}
		if event := receive(t, c, `{"textroom":"success","exists":true,"transaction":%q}`, r.Transaction); event == nil {
			t.Error("a second answer was lost")
		}
	}
	calls.Wait()
}

func TestErrorsOverData(t *testing.T) {
	for text, want := range map[string]string{
		`"textroom":"error","error_code":422,"error":"Not in room 1"`: "textroom: leave over the data channel: janus.plugin.textroom: error 422: Not in room 1",
		`"textroom":"success","room":true`:                            "textroom: leave over the data channel: answer not understood: plugin: id true is neither",
		`"textroom":"brand-new"`:                                      "textroom: leave over the data channel: answer not understood: {\"textroom\":\"brand-new\"",
	} {
		c, sent := pipe(t)
		var calls sync.WaitGroup
		calls.Go(func() {
			answer, err := c.Call(bounded(t), textroom.Leave{Room: plugin.Num(1)})
			if answer != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, %v; want %s", answer, err, want)
			}
			var failure *janus.PluginError
			if strings.Contains(text, "422") && (!errors.Is(err, textroom.ErrorNotInRoom) || !errors.As(err, &failure)) {
				t.Errorf("%v is not a PluginError of its code", err)
			}
		})
		receive(t, c, `{%s,"transaction":%q}`, text, (<-sent).Transaction)
		calls.Wait()
	}
}

// An answer that is late is an event, and nothing waits for it any more.
func TestCallOverDataEndsWithItsContext(t *testing.T) {
	c, sent := pipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Call(ctx, textroom.Leave{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	event := receive(t, c, `{"textroom":"success","transaction":%q}`, (<-sent).Transaction)
	if _, ok := event.(*textroom.Answer); !ok {
		t.Errorf("the late answer is %T", event)
	}
}

func TestMessageWithoutAck(t *testing.T) {
	c, sent := pipe(t)
	for _, q := range []textroom.DataRequest{textroom.Message{Ack: new(bool)}, &textroom.Message{Ack: new(bool)}} {
		answer, err := c.Call(bounded(t), q)
		if err != nil || answer == nil || answer.Raw != nil {
			t.Errorf("got %+v, %v", answer, err)
		}
	}
	event := receive(t, c, `{"textroom":"error","error_code":422,"transaction":%q}`, (<-sent).Transaction)
	if failure, ok := event.(*plugin.Failure); !ok || !errors.Is(failure.Err, textroom.ErrorNotInRoom) {
		t.Errorf("the error is %T", event)
	}
}

// The error of a message without ack is an event, even if it arrives while the
// message is being sent.
func TestErrorOfMessageWithoutAckIsNotLost(t *testing.T) {
	var c *textroom.DataClient
	var event textroom.Event
	c = textroom.OverData(func(text []byte) error {
		var r request
		err := json.Unmarshal(text, &r)
		event = receive(t, c, `{"textroom":"error","error_code":422,"transaction":%q}`, r.Transaction)
		return err
	})
	if _, err := c.Call(bounded(t), textroom.Message{Ack: new(bool)}); err != nil {
		t.Error(err)
	}
	if _, ok := event.(*plugin.Failure); !ok {
		t.Errorf("the error is %T", event)
	}
}

func TestCallOverDataThatCannotBeSent(t *testing.T) {
	closed := errors.New("closed")
	c := textroom.OverData(func([]byte) error { return closed })
	for _, q := range []textroom.DataRequest{textroom.Leave{}, textroom.Message{Ack: new(bool)}} {
		if answer, err := c.Call(bounded(t), q); answer != nil || !errors.Is(err, closed) {
			t.Errorf("%T: got %v, %v", q, answer, err)
		}
	}
	if _, err := c.Call(bounded(t), textroom.Leave{Extra: map[string]any{"further": func() {}}}); err == nil || errors.Is(err, closed) {
		t.Errorf("a function was sent: %v", err)
	}
	if event, err := c.Receive([]byte("not JSON")); event != nil || err == nil {
		t.Errorf("got %T, %v", event, err)
	}
	if event := receive(t, c, `{"textroom":"success","transaction":"1"}`); event == nil {
		t.Error("a call that was not sent still waits")
	}
}
