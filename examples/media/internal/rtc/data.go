package rtc

import (
	"errors"
	"fmt"
	"sync"

	"github.com/pion/webrtc/v4"
)

// dataLabel is the label of the data channel that Janus sends on if a plugin
// names no other.
const dataLabel = "JanusDataChannel"

// Data is a data channel for texts.
type Data struct {
	channel *webrtc.DataChannel
	open    chan struct{} // closed when the channel is open
	closed  chan struct{} // closed when it is closed
}

// AddData adds a data channel. receive is called with each text that arrives, one
// after the other. AddData is called before Offer or Answer.
func (p *Peer) AddData(receive func(text []byte)) (*Data, error) {
	channel, err := p.connection.CreateDataChannel(dataLabel, nil)
	if err != nil {
		return nil, fmt.Errorf("make a data channel: %w", err)
	}
	d := &Data{channel: channel, open: make(chan struct{}), closed: make(chan struct{})}
	var closed sync.Once
	channel.OnOpen(func() { close(d.open) })
	channel.OnClose(func() { closed.Do(func() { close(d.closed) }) })
	channel.OnMessage(func(message webrtc.DataChannelMessage) {
		if message.IsString {
			receive(message.Data)
		}
	})
	return d, nil
}

// Send sends a text, after Open. It may be called concurrently.
func (d *Data) Send(text []byte) error {
	select {
	case <-d.closed:
		return errors.New("the data channel is closed")
	default:
		return d.channel.SendText(string(text))
	}
}

// Open is closed when the channel can be used.
func (d *Data) Open() <-chan struct{} { return d.open }
