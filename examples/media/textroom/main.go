// Command textroom joins a room of Janus's TextRoom plugin over a data channel,
// sends a message, and prints what happens in the room until the message has come
// back.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/examples/media/internal/rtc"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/textroom"
	"golang.org/x/sync/errgroup"
)

var (
	room     plugin.ID
	username = flag.String("username", "janus-go", "`name` in the room")
	message  = flag.String("text", "hello", "`text` of the message")
)

func main() {
	flag.TextVar(&room, "room", plugin.ID{}, "`id` of the room (default: a room is made, and destroyed in the end)")
	rtc.Main("textroom", chat)
}

func chat(ctx context.Context, session *janus.Session, config rtc.Config) error {
	handle, err := session.Attach(ctx, "", textroom.Name)
	if err != nil {
		return fmt.Errorf("attach to the TextRoom: %w", err)
	}
	rooms := textroom.On(handle)
	if !room.IsZero() {
		return connect(ctx, handle, config.Loopback, talk)
	}
	created, err := rooms.Create(ctx, textroom.Create{Description: "janus-go example", IsPrivate: true})
	if err != nil {
		return err
	}
	room = created.Room
	err = connect(ctx, handle, config.Loopback, talk)
	destroyed := rtc.CleanUp(ctx, func(ctx context.Context) error {
		_, err := rooms.Destroy(ctx, textroom.Destroy{Room: room})
		return err
	})
	return cmp.Or(err, destroyed)
}

// conversation is a data channel to the TextRoom plugin.
type conversation struct {
	data   *textroom.DataClient
	events chan textroom.Event
	path   func() string // between which addresses the data flows
}

// maxEvents is how many events may wait in a conversation.
const maxEvents = 256

// connect sets up a PeerConnection with a data channel and passes it to use. The
// ctx of use ends with the PeerConnection.
func connect(ctx context.Context, handle *janus.Handle, loopback bool, use func(context.Context, *conversation) error) (err error) {
	peer, err := rtc.NewPeer(handle, loopback)
	if err != nil {
		return err
	}
	defer func() { err = peer.Close(err) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	c := &conversation{events: make(chan textroom.Event, maxEvents), path: peer.Path}
	channel, err := peer.AddData(func(text []byte) { c.receive(ctx, text) })
	if err != nil {
		return err
	}
	c.data = textroom.OverData(channel.Send)
	if err := negotiate(ctx, textroom.On(handle), peer); err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return peer.Run(ctx) })
	group.Go(func() error {
		defer stop()
		if err := rtc.Await(ctx, channel.Open()); err != nil {
			return err
		}
		return use(ctx, c)
	})
	return group.Wait()
}

// negotiate gets an offer of Janus and answers it.
func negotiate(ctx context.Context, rooms *textroom.Client, peer *rtc.Peer) error {
	setup, err := rooms.Setup(ctx)
	if err != nil {
		return err
	}
	return peer.Answer(setup.JSEP, func(answer any) error { return rooms.Ack(ctx, answer) })
}

// receive takes a text that the data channel has received.
func (c *conversation) receive(ctx context.Context, text []byte) {
	event, err := c.data.Receive(text)
	if err != nil {
		event = &plugin.Unknown{Meta: plugin.Meta{Raw: text}, Err: err}
	}
	if event == nil {
		return // an answer
	}
	select {
	case c.events <- event:
	case <-ctx.Done():
	}
}

// talk joins the room, sends the message and prints events until the message has
// come back.
func talk(ctx context.Context, c *conversation) error {
	fmt.Printf("data between %s\n", c.path())
	joined, err := c.data.Call(ctx, textroom.Join{Room: room, Username: *username})
	if err != nil {
		return err
	}
	fmt.Printf("joined room %s; others in it: %d\n", room, len(joined.Participants))
	if _, err := c.data.Call(ctx, textroom.Message{Room: room, Text: *message}); err != nil {
		return err
	}
	for {
		select {
		case event := <-c.events:
			fmt.Println(describe(event))
			if m, ok := event.(*textroom.MessageReceived); ok && m.From == *username && m.Text == *message {
				_, err := c.data.Call(ctx, textroom.Leave{Room: room})
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// describe returns a line about an event.
func describe(event textroom.Event) string {
	switch event := event.(type) {
	case *textroom.MessageReceived:
		return fmt.Sprintf("%s: %s", event.From, event.Text)
	case *textroom.AnnouncementReceived:
		return fmt.Sprintf("announcement: %s", event.Text)
	case *textroom.ParticipantJoined:
		return fmt.Sprintf("%s has joined", event.Username)
	case *textroom.ParticipantLeft:
		return fmt.Sprintf("%s has left", event.Username)
	case *textroom.Kicked:
		return fmt.Sprintf("%s was removed", event.Username)
	case *textroom.RoomDestroyed:
		return "the room was destroyed"
	}
	return fmt.Sprintf("%T %s", event, event.EventMeta().Raw)
}
