package textroom

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/cameronelliott/janus-go/plugin"
)

// DataClient sends requests over a data channel and matches the answers to them.
// All methods may be called concurrently.
type DataClient struct {
	send func(text []byte) error

	mu      sync.Mutex // guards what follows
	last    uint64     // transaction of the newest request
	waiting map[string]chan<- Event
}

// OverData returns a DataClient that sends its requests with send, as one text
// message each. send may be called concurrently. The owner of the data channel
// must pass everything that it receives to Receive.
func OverData(send func(text []byte) error) *DataClient {
	return &DataClient{send: send, waiting: map[string]chan<- Event{}}
}

// Call sends a request and waits for its answer until ctx ends. The owner of the
// data channel should end ctx when the channel is closed: no answer arrives then.
// An error that the plugin reports is returned as a *janus.PluginError.
//
// Janus does not answer a Message whose Ack is false. Call does not wait for it
// and returns an empty Answer. If Janus reports an error, Receive returns it.
func (c *DataClient) Call(ctx context.Context, q DataRequest) (*Answer, error) {
	answer, err := c.call(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("textroom: %s over the data channel: %w", q.request().Name, err)
	}
	return answer, nil
}

func (c *DataClient) call(ctx context.Context, q DataRequest) (*Answer, error) {
	answered := make(chan Event, 1)
	transaction := c.begin(answered)
	defer c.end(transaction)
	text, err := MarshalData(transaction, q)
	if err != nil {
		return nil, err
	}
	if message, ok := q.request().Fields.(Message); ok && message.Ack != nil && !*message.Ack {
		c.end(transaction)
		return new(Answer), c.send(text)
	}
	if err := c.send(text); err != nil {
		return nil, err
	}
	select {
	case event := <-answered:
		return result(event)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// result returns the answer that event is, or the error.
func result(event Event) (*Answer, error) {
	switch event := event.(type) {
	case *Answer:
		return event, nil
	case *plugin.Failure:
		return nil, event.Err
	case *plugin.Unknown:
		if event.Err != nil {
			return nil, fmt.Errorf("answer not understood: %w", event.Err)
		}
	}
	return nil, fmt.Errorf("answer not understood: %s", event.EventMeta().Raw)
}

// begin registers a request and returns its transaction.
func (c *DataClient) begin(answered chan<- Event) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	transaction := strconv.FormatUint(c.last, 10)
	c.waiting[transaction] = answered
	return transaction
}

// end removes a request, and returns where its answer is awaited: nil if it is
// not.
func (c *DataClient) end(transaction string) chan<- Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	answered := c.waiting[transaction]
	delete(c.waiting, transaction)
	return answered
}

// Receive takes a text that the data channel has received and returns the event
// that it is, as ParseData does. If it is the answer that a Call waits for, the
// Call gets it and Receive returns nil, without an error. Receive does not block.
//
// Events are in the order in which Receive is called. The history of a room
// precedes the answer to Join.
func (c *DataClient) Receive(text []byte) (Event, error) {
	event, err := ParseData(text)
	if err != nil {
		return nil, err
	}
	if answered := c.end(event.EventMeta().Transaction); answered != nil {
		answered <- event
		return nil, nil
	}
	return event, nil
}
